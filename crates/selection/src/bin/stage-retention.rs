//! The program `stage-retention`.

fn main() -> std::process::ExitCode {
    stage::main::<selection::Retention>()
}

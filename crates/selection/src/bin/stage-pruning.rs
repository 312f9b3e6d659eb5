//! The program `stage-pruning`.

fn main() -> std::process::ExitCode {
    stage::main::<selection::Pruning>()
}

//! The program `stage-ensemble`.

fn main() -> std::process::ExitCode {
    stage::main::<ensemble::Ensemble>()
}

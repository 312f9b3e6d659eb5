//! The program `stage-train`.

fn main() -> std::process::ExitCode {
    stage::main::<train::Train>()
}

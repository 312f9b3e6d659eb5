//! The program `stage-codes`.

fn main() -> std::process::ExitCode {
    stage::main::<codes::Codes>()
}

//! The program `stage-code-kernel`.

fn main() -> std::process::ExitCode {
    stage::main::<codes::CodeKernel>()
}

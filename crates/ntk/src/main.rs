//! The program `stage-ntk`.

fn main() -> std::process::ExitCode {
    stage::main::<ntk::Ntk>()
}

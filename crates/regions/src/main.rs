//! The program `stage-regions`.

fn main() -> std::process::ExitCode {
    stage::main::<regions::Regions>()
}

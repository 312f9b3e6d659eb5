//! The program `stage-drift`.

fn main() -> std::process::ExitCode {
    stage::main::<drift::Drift>()
}

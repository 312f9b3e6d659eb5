//! The program `stage-phase-chart`.

fn main() -> std::process::ExitCode {
    stage::main::<codes::PhaseChart>()
}

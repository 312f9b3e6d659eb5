//! The program `stage-spectrum`.

fn main() -> std::process::ExitCode {
    stage::main::<spectrum::SpectrumStage>()
}

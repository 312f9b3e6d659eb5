//! The program `stage-predict`.

fn main() -> std::process::ExitCode {
    stage::main::<predict::Predict>()
}

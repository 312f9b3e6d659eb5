//! The program `stage-predict`.

fn main() {}
#[cfg(any())]
fn main() -> std::process::ExitCode {
    stage::main::<predict::Predict>()
}

//! The program `stage-forgetting`.

fn main() -> std::process::ExitCode {
    stage::main::<forgetting::Forgetting>()
}

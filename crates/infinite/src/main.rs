//! The program `stage-infinite`.

fn main() -> std::process::ExitCode {
    stage::main::<infinite::Infinite>()
}

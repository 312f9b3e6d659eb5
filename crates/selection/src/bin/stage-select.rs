//! The program `stage-select`.

fn main() -> std::process::ExitCode {
    stage::main::<selection::Select>()
}

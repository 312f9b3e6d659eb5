//! The program `stage-dataset`.

fn main() -> std::process::ExitCode {
    stage::main::<dataset::Dataset>()
}

//! The program `stage-report`.

fn main() -> std::process::ExitCode {
    stage::main::<report::Report>()
}

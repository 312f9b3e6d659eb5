//! `ntk-lab`: the command line of this project, for machines without its source.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipeline::command::main()
}

//! The program `stage-kernel-similarity`.

fn main() -> std::process::ExitCode {
    stage::main::<similarity::KernelSimilarity>()
}

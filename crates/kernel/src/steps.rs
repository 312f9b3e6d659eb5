//! One checkpoint after the other, each only once however often the stage is killed.

use std::path::{Path, PathBuf};

use artifact::tables::kernel::{GRAM, KernelRow};
use artifact::{table_file, write_rows};
use stage::{Context, Resume, StageError};

/// Has `write` write the Gramian of every checkpoint into `output`, but for those that an earlier
/// run has left there, and then writes what it has said of them.
///
/// # Errors
/// Those of `write`, and where a file cannot be written.
pub fn each_step(
    checkpoints: &[u64],
    output: &Path,
    context: &Context,
    write: impl Fn(u64) -> Result<Vec<KernelRow>, StageError>,
) -> Result<(), StageError> {
    let mut resume = Resume::of(output, context.pace);
    let mut kernels = finished(&mut resume, output);
    let mut saved = kernels.len();
    for (done, &step) in checkpoints.iter().enumerate() {
        if kernels.iter().any(|row| row.step == step) {
            continue;
        }
        let rows = write(step)?;
        let note = rows.iter().map(|row| row.trace).sum::<f64>();
        kernels.extend(rows);
        let total = checkpoints.len() as u64;
        context.progress(done as u64 + 1, total, "checkpoint", || format!("trace {note:.3e}"));
        if resume.is_due(true) {
            let news = &kernels[saved..];
            let files: Vec<_> = news.iter().map(|row| gram_file(output, row)).collect();
            resume.save(&(), &news, &files)?;
            saved = kernels.len();
        }
    }
    write_rows(output, &kernels)?;
    resume.forget()
}

/// The rows of the kernels whose Gramians an earlier run has written.
fn finished(resume: &mut Resume, output: &Path) -> Vec<KernelRow> {
    let is_written = |row: &KernelRow| gram_file(output, row).is_file();
    let sound = |(): &(), parts: &[Vec<KernelRow>]| parts.iter().flatten().all(is_written);
    resume.load(sound).map_or_else(Vec::new, |((), parts)| parts.concat())
}

fn gram_file(output: &Path, row: &KernelRow) -> PathBuf {
    table_file(output, &GRAM, Some(row.step))
}

//! Gramians in and out of Parquet, without a detour through one Rust value a row or two levels an
//! entry.

mod levels;
mod memory;
mod page;
mod plain;
mod reader;
#[cfg(test)]
mod tests;
mod value;
mod writer;

use std::path::Path;

use crate::error::ArtifactError;
use crate::tables::Split;
use crate::tables::kernel::GRAM;

pub use reader::GramReader;
pub use value::{GramValue, Precision};
pub use writer::GramWriter;

/// Position of the column `values`; the keys of a row go before it.
const VALUES: usize = GRAM.columns.len() - 1;

/// Which sample and output a row of a Gramian belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GramRow {
    /// Split of the row's sample.
    pub split: Split,
    /// The sample within its split.
    pub sample: u32,
    /// The row's output, or the block under `per-output`; 0 otherwise.
    pub output: u32,
}

/// A Gramian as it lies in `gram/step-….parquet`, its entries in f32 or f64.
#[derive(Clone, Debug, PartialEq)]
pub struct Gram<T = f32> {
    /// What each row belongs to.
    pub rows: Vec<GramRow>,
    /// Columns of every row: training samples, times outputs under `full`.
    pub width: usize,
    /// Entries, row-major: `rows.len() × width`.
    pub values: Vec<T>,
}

/// Writes the Gramian of one step.
///
/// # Errors
/// Where a value is not finite, or the file cannot be written.
pub fn write_gram<T: GramValue>(
    directory: &Path,
    step: u64,
    gram: &Gram<T>,
) -> Result<(), ArtifactError> {
    if gram.values.len() != gram.rows.len() * gram.width {
        return Err(mismatch(format!(
            "{} values for {} rows of {}",
            gram.values.len(),
            gram.rows.len(),
            gram.width
        )));
    }
    let mut writer = GramWriter::create(directory, step, gram.rows.clone(), gram.width)?;
    writer.append(&gram.values)?;
    writer.finish()
}

/// Reads the Gramian of one step, rounded to `T` where it is stored otherwise; the training block
/// comes first.
///
/// # Errors
/// Where the file is missing or damaged, or its rows differ in length.
pub fn read_gram<T: GramValue>(directory: &Path, step: u64) -> Result<Gram<T>, ArtifactError> {
    let reader = GramReader::open(directory, step)?;
    let all = 0..reader.rows().len();
    let values = reader.values(&[all])?;
    Ok(Gram { width: reader.width(), rows: reader.rows().to_vec(), values })
}

fn mismatch(message: String) -> ArtifactError {
    ArtifactError::Rows { table: GRAM.name, message }
}

//! What the stage needs of memory, before it runs.

use artifact::Precision;

use crate::eigen;
use crate::fixed_kernels::POINTS;
use crate::parameters::Parameters;

/// The sizes that decide how much memory the stage needs.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows of each training Gramian.
    pub rows: u64,
    /// Rows of test × train of each.
    pub test_rows: u64,
    /// Gramians a step.
    pub blocks: u64,
    /// Steps with a Gramian.
    pub steps: u64,
    /// The precision in which the Gramians are stored.
    pub stored: Precision,
}

/// Peak memory in bytes.
///
/// Held at once are, for each kernel of a step, the current Gramian with its test rows, and the leading
/// eigenvectors of the first and the previous checkpoint (for overlaps and warm starts); and besides
/// one decomposition: a Gramian is read without a copy, and an earlier one in strips. All stored eigenvectors wait to be written at the end, where the writer holds them twice.
pub fn peak_bytes(sizes: Sizes, parameters: &Parameters) -> u64 {
    let Sizes { rows, test_rows, blocks, steps, stored } = sizes;
    let precision = parameters.precision.of(stored);
    let number = precision.bytes() as u64;
    let pairs = parameters.pairs(rows as usize) as u64;
    // Where it is stored otherwise, one is held twice while it is rounded.
    let rounded = if precision == stored { 0 } else { stored.bytes() as u64 };
    let current = (blocks * number + rounded) * (rows + test_rows) * rows;
    let earlier = blocks * steps.saturating_sub(1).min(2);
    let earlier_vectors = earlier * parameters.remembered(rows as usize) as u64 * rows * number;
    let scratch = match precision {
        Precision::F32 => eigen::scratch_bytes::<f32>(rows as usize),
        Precision::F64 => eigen::scratch_bytes::<f64>(rows as usize),
    };
    let decomposition = scratch as u64 + rows * rows * number;
    let kept = parameters.stored(pairs as usize) as u64 * (rows + test_rows) * 4;
    let waiting = 2 * steps * blocks * kept;
    // f64 of the training samples and, for the baseline, of the test samples.
    let sinusoids = u64::from(parameters.sinusoids).min(rows / 4) * (rows + test_rows) * 8;
    let frozen = POINTS as u64 * (2 * rows + test_rows) * 8;
    let decomposition = decomposition + sinusoids + frozen;
    current + earlier_vectors + waiting + decomposition
}

/// The largest number of training rows whose spectrum needs no more than `limit` bytes, the ratio
/// of test to training rows kept; 0 where not even one row fits.
pub fn largest_rows(sizes: Sizes, parameters: &Parameters, limit: u64) -> u64 {
    let fits = |rows: u64| {
        let test_rows = sizes.test_rows * rows / sizes.rows.max(1);
        peak_bytes(Sizes { rows, test_rows, ..sizes }, parameters) <= limit
    };
    let (mut low, mut high) = (0, sizes.rows);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_fit_fits_and_one_row_more_does_not() {
        let parameters = Parameters::default();
        let stored = Precision::F32;
        let sizes = Sizes { rows: 50_000, test_rows: 0, blocks: 1, steps: 10, stored };
        let limit = 8 << 30;
        let rows = largest_rows(sizes, &parameters, limit);
        assert!(rows > 1000);
        assert!(peak_bytes(Sizes { rows, ..sizes }, &parameters) <= limit);
        assert!(peak_bytes(Sizes { rows: rows + 1, ..sizes }, &parameters) > limit);
    }
}

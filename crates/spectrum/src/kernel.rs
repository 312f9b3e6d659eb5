//! A Gramian as the spectrum needs it: checked, and split into its blocks.

use std::ops::Range;

use artifact::tables::Split;
use artifact::tables::kernel::Reduction;
use artifact::{GramRow, GramValue, Precision};
use faer::MatRef;
use rayon::prelude::*;

use crate::error::SpectrumError;
use crate::sum;

/// |g(x, x') − g(x', x)| that rounding may cause, in units of ε times the largest entry: both are sums
/// of the same products, perhaps in another order. ε is that of the arithmetic or of the table, the
/// coarser one.
const ASYMMETRY: f64 = 128.0;

/// Rows and columns of the tiles in which a matrix is compared with its transpose: 16 KiB a tile.
const TILE: usize = 64;

/// One symmetric kernel over the training samples, and its rows for the test samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Block<T> {
    /// Which output's kernel under `per-output`; 0 otherwise.
    pub output: u32,
    /// Rows of the training block.
    pub rows: usize,
    /// The precision of the table from which it was read.
    pub stored: Precision,
    values: Vec<T>,
}

impl<T: GramValue> Block<T> {
    /// The kernel at `place`, whose rows have the entries `values`, `made` in one precision and
    /// `stored` in one.
    ///
    /// # Errors
    /// Where it is not symmetric, or zero.
    pub fn new(
        place: &Place,
        made: Precision,
        stored: Precision,
        values: Vec<T>,
    ) -> Result<Self, SpectrumError> {
        let block = Self { output: place.output, rows: place.train, stored, values };
        block.check(made.epsilon().max(stored.epsilon()))?;
        Ok(block)
    }

    /// G, `rows` × `rows`, row-major.
    pub fn train(&self) -> &[T] {
        &self.values[..self.rows * self.rows]
    }

    /// G as a matrix.
    pub fn matrix(&self) -> MatRef<'_, T> {
        MatRef::from_column_major_slice(self.train(), self.rows, self.rows)
    }

    /// g(x, ·) of each test row x against the training rows, row-major.
    pub fn test(&self) -> &[T] {
        &self.values[self.rows * self.rows..]
    }

    /// Rows of [`Block::test`].
    pub fn test_rows(&self) -> usize {
        self.values.len() / self.rows - self.rows
    }

    /// tr G, in f64.
    pub fn trace(&self) -> f64 {
        (0..self.rows).map(|i| self.values[i * self.rows + i].into()).sum()
    }

    /// ‖G‖²_F, in f64.
    pub fn frobenius_squared(&self) -> f64 {
        sum::over_rows(self.train(), self.rows, |_, row| sum::norm_squared(row))
    }

    /// Refuses G ≠ Gᵀ and G = 0.
    fn check(&self, epsilon: f64) -> Result<(), SpectrumError> {
        let (gram, rows) = (self.train(), self.rows);
        let bands: Vec<(f64, f64)> = (0..rows.div_ceil(TILE))
            .into_par_iter()
            .map(|band| {
                let (mut difference, mut largest) = (0.0_f64, 0.0_f64);
                let band_rows = band * TILE..rows.min((band + 1) * TILE);
                for from in (0..band_rows.end).step_by(TILE) {
                    for i in band_rows.clone() {
                        for j in from..i.min(from + TILE) {
                            let low: f64 = gram[i * rows + j].into();
                            let high: f64 = gram[j * rows + i].into();
                            difference = difference.max((low - high).abs());
                            largest = largest.max(low.abs()).max(high.abs());
                        }
                    }
                }
                for i in band_rows {
                    let entry: f64 = gram[i * rows + i].into();
                    largest = largest.max(entry.abs());
                }
                (difference, largest)
            })
            .collect();
        let (difference, largest) =
            bands.iter().fold((0.0_f64, 0.0_f64), |a, b| (a.0.max(b.0), a.1.max(b.1)));
        if difference > ASYMMETRY * epsilon * largest {
            return Err(SpectrumError::NotSymmetric { difference, largest });
        }
        if largest == 0.0 {
            return Err(SpectrumError::ZeroKernel { largest });
        }
        Ok(())
    }
}

/// Which rows of a Gramian's table make a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which output's kernel under `per-output`; 0 otherwise.
    pub output: u32,
    /// Training rows; all further ones are of test samples.
    pub train: usize,
    /// The rows, in rising order.
    pub ranges: Vec<Range<usize>>,
}

/// Where the kernels of a Gramian lie: one for each output under `per-output`, one otherwise.
///
/// `keys` are what its rows of `width` values belong to, `outputs` is o, `samples` N. The rows must be
/// those of the reduction: samples in order, outputs within samples under `full`, training rows before
/// test rows in each kernel.
///
/// # Errors
/// Where rows are missing or out of order.
pub fn places(
    keys: &[GramRow],
    width: usize,
    reduction: Reduction,
    outputs: usize,
    samples: usize,
) -> Result<Vec<Place>, SpectrumError> {
    let (count, per_sample) = reduction.blocks(outputs);
    let train = samples * per_sample;
    let bad = |problem: String| SpectrumError::Rows { problem };
    if train == 0 || width != train {
        return Err(bad(format!(
            "a row has {width} values, but {samples} training samples with {outputs} outputs make {train} columns under `{}`",
            reduction.name()
        )));
    }
    (0..count as u32)
        .map(|output| {
            let mine = |key: &GramRow| count == 1 || key.output == output;
            check_order(keys.iter().filter(|key| mine(key)), train, per_sample, output)
                .map_err(bad)?;
            let mut ranges: Vec<Range<usize>> = Vec::new();
            for row in (0..keys.len()).filter(|&row| mine(&keys[row])) {
                match ranges.last_mut() {
                    Some(range) if range.end == row => range.end += 1,
                    _ => ranges.push(row..row + 1),
                }
            }
            Ok(Place { output, train, ranges })
        })
        .collect()
}

/// Checks that `keys` are `rows` training rows and then test rows, each in order.
fn check_order<'a>(
    keys: impl Iterator<Item = &'a GramRow>,
    rows: usize,
    per_sample: usize,
    first_output: u32,
) -> Result<(), String> {
    let mut seen = 0;
    for key in keys {
        let (split, index) =
            if seen < rows { (Split::Train, seen) } else { (Split::Test, seen - rows) };
        let sample = (index / per_sample) as u32;
        let output = first_output + (index % per_sample) as u32;
        if *key != (GramRow { split, sample, output }) {
            return Err(format!(
                "row {seen} is of {} sample {}, output {}, where {} sample {sample}, output {output} should stand",
                key.split.name(),
                key.sample,
                key.output,
                split.name()
            ));
        }
        seen += 1;
    }
    if seen < rows {
        return Err(format!("it has {seen} rows, but {rows} training rows were to come first"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(rows: &[(Split, u32, u32)]) -> Vec<GramRow> {
        rows.iter().map(|&(split, sample, output)| GramRow { split, sample, output }).collect()
    }

    /// The kernels of a Gramian with these rows, read as from its table.
    fn blocks(
        keys: &[GramRow],
        values: &[f32],
        reduction: Reduction,
        outputs: usize,
        samples: usize,
    ) -> Result<Vec<Block<f32>>, SpectrumError> {
        let width = values.len() / keys.len();
        let places = places(keys, width, reduction, outputs, samples)?;
        let block = |place: &Place| {
            let rows = place.ranges.iter();
            let values = rows.flat_map(|rows| &values[rows.start * width..rows.end * width]);
            Block::new(place, Precision::F32, Precision::F32, values.copied().collect())
        };
        places.iter().map(block).collect()
    }

    #[test]
    fn per_output_kernels_are_told_apart_whether_blocks_or_samples_come_first() {
        use Split::{Test, Train};
        let by_block = [(Train, 0, 0), (Test, 0, 0), (Train, 0, 1), (Test, 0, 1)];
        let by_sample = [(Train, 0, 0), (Train, 0, 1), (Test, 0, 0), (Test, 0, 1)];
        for (order, values) in [(by_block, [1.0, 2.0, 3.0, 4.0]), (by_sample, [1.0, 3.0, 2.0, 4.0])]
        {
            let found = blocks(&keys(&order), &values, Reduction::PerOutput, 2, 1).unwrap();
            assert_eq!(found.len(), 2);
            assert_eq!((found[0].train(), found[0].test()), (&[1.0][..], &[2.0][..]));
            assert_eq!((found[1].train(), found[1].test()), (&[3.0][..], &[4.0][..]));
        }
    }

    #[test]
    fn rows_that_follow_each_other_are_read_at_once() {
        use Split::{Test, Train};
        let order = [
            (Train, 0, 0),
            (Train, 1, 0),
            (Train, 0, 1),
            (Train, 1, 1),
            (Test, 0, 0),
            (Test, 0, 1),
        ];
        let found = places(&keys(&order), 2, Reduction::PerOutput, 2, 2).unwrap();
        let ranges = |output: usize| found[output].ranges.clone();
        assert_eq!((ranges(0), ranges(1)), (vec![0..2, 4..5], vec![2..4, 5..6]));
        let whole = places(&keys(&order[..2]), 2, Reduction::Trace, 1, 2).unwrap();
        assert_eq!(
            (whole[0].train, whole[0].ranges.as_slice()),
            (2, &[Range { start: 0, end: 2 }][..])
        );
    }

    #[test]
    fn rows_out_of_order_are_refused() {
        use Split::Train;
        let keys = keys(&[(Train, 1, 0), (Train, 0, 0)]);
        let error = blocks(&keys, &[1.0, 0.0, 0.0, 1.0], Reduction::Full, 1, 2).unwrap_err();
        assert!(error.to_string().contains("row 0 is of train sample 1"), "{error}");
    }

    #[test]
    fn an_asymmetric_matrix_is_refused_and_rounding_is_not() {
        use Split::Train;
        let keys = keys(&[(Train, 0, 0), (Train, 1, 0)]);
        let of = |upper: f32| blocks(&keys, &[1.0, upper, 0.5, 1.0], Reduction::Full, 1, 2);
        assert!(of(0.5 + f32::EPSILON).is_ok());
        assert!(matches!(of(0.6), Err(SpectrumError::NotSymmetric { .. })));
    }

    #[test]
    fn every_pair_of_a_large_matrix_is_compared_with_its_mirror() {
        let rows = 2 * TILE + 3;
        for (i, j) in [(rows - 1, 0), (0, rows - 1), (1, 0), (TILE, TILE - 1), (rows - 2, rows - 1)]
        {
            let mut values = vec![1.0; rows * rows];
            values[i * rows + j] = 2.0;
            let block = Block { output: 0, rows, stored: Precision::F32, values };
            let refused = block.check(Precision::F32.epsilon());
            assert!(matches!(refused, Err(SpectrumError::NotSymmetric { .. })), "({i}, {j})");
        }
    }
}

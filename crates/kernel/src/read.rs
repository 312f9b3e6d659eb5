//! A kernel artifact, and its Gramians as matrices.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use artifact::tables::Split;
use artifact::tables::kernel::{DIAGONAL, DiagonalRow, KernelRow, Reduction};
use artifact::{GramReader, GramRow, Precision, read_rows};
use faer::Mat;
use stage::{Input, StageError};

use crate::error::KernelError;

/// |k(x, x') − k(x', x)| that rounding may cause, in units of ε times the largest entry: both are sums of
/// the same products, perhaps in another order.
const ASYMMETRY: f64 = 128.0;

/// A kernel artifact.
#[derive(Debug)]
pub struct Kernels {
    directory: PathBuf,
    rows: BTreeMap<u64, Vec<KernelRow>>,
    diagonal: Option<BTreeMap<u64, Vec<DiagonalRow>>>,
    /// How several outputs were reduced.
    pub reduction: Reduction,
}

/// One symmetric kernel.
#[derive(Clone, Debug)]
pub struct Block {
    /// K, n × n; exactly symmetric.
    pub kernel: Mat<f64>,
    /// K_*X, m × n; m = 0 where the kernel has no test rows.
    pub cross: Mat<f64>,
    /// K_** of the m test rows, where the artifact has the table `diagonal`.
    pub diagonal: Option<Vec<f64>>,
    /// The arithmetic that made it.
    pub made: Precision,
    /// The precision of the table.
    pub stored: Precision,
}

impl Kernels {
    /// Reads all but the Gramians.
    ///
    /// # Errors
    /// Where a table is damaged, or kernels differ in size.
    pub fn read(input: &Input) -> Result<Self, StageError> {
        let directory = input.path().to_owned();
        let mut rows: BTreeMap<u64, Vec<KernelRow>> = BTreeMap::new();
        for row in read_rows::<KernelRow>(&directory)? {
            rows.entry(row.step).or_default().push(row);
        }
        let mut of_step = rows.values().flatten();
        let Some(first) = of_step.next() else {
            return Err(StageError::new(
                "the kernel artifact has no kernel: its table `kernels` is empty",
            ));
        };
        let (reduction, size) = (first.reduction, (first.samples, first.rows, first.test_rows));
        if of_step
            .any(|row| row.reduction != reduction || (row.samples, row.rows, row.test_rows) != size)
        {
            return Err(StageError::new(
                "the table `kernels` has kernels of several sizes or reductions, where one is needed",
            ));
        }
        let diagonal = diagonal(&directory)?;
        Ok(Self { directory, rows, diagonal, reduction })
    }

    /// Steps that have a kernel, rising.
    #[must_use]
    pub fn steps(&self) -> Vec<u64> {
        self.rows.keys().copied().collect()
    }

    fn row(&self) -> Option<&KernelRow> {
        self.rows.values().flatten().next()
    }

    /// Whether it has the table `diagonal`.
    #[must_use]
    pub fn has_diagonal(&self) -> bool {
        self.diagonal.is_some()
    }

    /// Training samples of every kernel.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.row().map_or(0, |row| row.samples as usize)
    }

    /// Rows of one sample in a matrix: the outputs under `full`, 1 otherwise.
    fn cell(&self) -> usize {
        self.row().map_or(1, |row| (row.rows / row.samples.max(1)).max(1) as usize)
    }

    /// Outputs that the matrices tell apart: 1 where they are reduced to one matrix.
    #[must_use]
    pub fn outputs(&self) -> usize {
        let of_step = self.rows.values().next().map_or(1, Vec::len);
        if self.reduction == Reduction::Full { self.cell() } else { of_step.max(1) }
    }

    /// Test samples that have rows.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.row().map_or(0, |row| row.test_rows as usize) / self.cell()
    }

    /// The kernels of `step`, of the first `used` training samples and all test samples, where the network has
    /// `outputs` outputs and the dataset `tests` test samples.
    ///
    /// # Errors
    /// Where the Gramian is missing, damaged, not symmetric, or not that of these samples.
    pub fn blocks(
        &self,
        step: u64,
        used: usize,
        (outputs, tests): (usize, usize),
    ) -> Result<Vec<Block>, StageError> {
        let (reduction, of_step) = (self.reduction, self.rows.get(&step));
        let Some(row) = of_step.and_then(|rows| rows.first()) else {
            return Err(StageError::new(format!(
                "there is no kernel of that step; there are those of {:?}",
                self.steps()
            )));
        };
        if reduction == Reduction::SummedLogit && outputs > 1 {
            return Err(summed_logit(outputs));
        }
        let (count, cell) = reduction.blocks(outputs);
        let rows_of_tests = tests * cell;
        let (width, test_rows) = (row.rows as usize, row.test_rows as usize);
        if width != row.samples as usize * cell || ![0, rows_of_tests].contains(&test_rows) {
            return Err(StageError::new(format!(
                "the kernel has {width} rows of {} training samples and {test_rows} test rows under `{}`, which does not fit a dataset with {outputs} outputs and {tests} test samples",
                row.samples,
                reduction.name()
            ))
            .hint("wire the dataset that the kernel was made with"));
        }
        let reader = GramReader::open(&self.directory, step)?;
        if reader.width() != width {
            return Err(StageError::new(format!(
                "the Gramian has {} columns, the table `kernels` says {width}",
                reader.width()
            )));
        }
        // A mean over outputs stands for each of them: what it is for infinite networks.
        let scale = if reduction == Reduction::Trace { 1.0 / outputs as f64 } else { 1.0 };
        let made =
            if row.precision == Precision::F64.name() { Precision::F64 } else { Precision::F32 };
        let stored = reader.precision();
        let rows = used * cell;
        (0..count)
            .map(|output| {
                let place = place(reader.rows(), reduction, output, cell, (rows, test_rows))?;
                let (mut kernel, mut cross) = (Mat::zeros(rows, rows), Mat::zeros(test_rows, rows));
                let values = reader.values::<f64>(&ranges(&place))?;
                for ((_, at), entries) in place.iter().zip(values.chunks(width)) {
                    for (j, entry) in entries[..rows].iter().enumerate() {
                        match at {
                            Row::Train(i) => kernel[(*i, j)] = scale * entry,
                            Row::Test(i) => cross[(*i, j)] = scale * entry,
                        }
                    }
                }
                mirror(&mut kernel, made.epsilon().max(stored.epsilon()))?;
                let diagonal = self.diagonal_of(step, output, cell, test_rows, scale)?;
                Ok(Block { kernel, cross, diagonal, made, stored })
            })
            .collect()
    }

    /// K_** of the test rows of the kernel of `output`.
    fn diagonal_of(
        &self,
        step: u64,
        output: usize,
        cell: usize,
        rows: usize,
        scale: f64,
    ) -> Result<Option<Vec<f64>>, StageError> {
        let Some(diagonal) = &self.diagonal else { return Ok(None) };
        let mut found = vec![None; rows];
        for row in diagonal.get(&step).into_iter().flatten() {
            let is_own = self.reduction != Reduction::PerOutput || row.output as usize == output;
            let inner = if self.reduction == Reduction::Full { row.output as usize } else { 0 };
            let at = row.sample as usize * cell + inner;
            if is_own && inner < cell && at < rows {
                found[at] = Some(scale * row.value);
            }
        }
        let known = found.iter().flatten().count();
        found.into_iter().collect::<Option<Vec<f64>>>().map(Some).ok_or_else(|| {
            StageError::new(format!(
                "the table `diagonal` has {known} of the kernel's {rows} test rows at step {step}"
            ))
        })
    }
}

/// What to say of a kernel of summed outputs.
#[must_use]
pub fn summed_logit(outputs: usize) -> StageError {
    StageError::new(format!(
        "the kernel is reduced by `summed-logit`, that of the sum of {outputs} outputs: it says nothing of each"
    ))
    .hint("make the kernel with `reduction: full`, `per-output` or `trace`")
}

/// The rows of `diagonal` by step, where the artifact has that table.
fn diagonal(directory: &Path) -> Result<Option<BTreeMap<u64, Vec<DiagonalRow>>>, StageError> {
    if !artifact::table_file(directory, &DIAGONAL, None).exists() {
        return Ok(None);
    }
    let mut diagonal: BTreeMap<u64, Vec<DiagonalRow>> = BTreeMap::new();
    for row in read_rows::<DiagonalRow>(directory)? {
        diagonal.entry(row.step).or_default().push(row);
    }
    Ok(Some(diagonal))
}

/// Which row of a kernel a row of its table is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Train(usize),
    Test(usize),
}

/// Rows of the table that make the kernel of `output`, rising, each with what it is: the first `train`
/// training rows and all `test` rows.
fn place(
    keys: &[GramRow],
    reduction: Reduction,
    output: usize,
    cell: usize,
    (train, test): (usize, usize),
) -> Result<Vec<(usize, Row)>, KernelError> {
    let bad = |problem: String| KernelError::Rows { problem };
    let mut found = Vec::with_capacity(train + test);
    for (at, key) in keys.iter().enumerate() {
        let own = key.output as usize;
        let inner = match reduction {
            Reduction::Full if own < cell => own,
            Reduction::PerOutput if own != output => continue,
            Reduction::Full => return Err(bad(format!("row {at} is of output {own}"))),
            _ => 0,
        };
        let index = key.sample as usize * cell + inner;
        match key.split {
            Split::Train if index < train => found.push((at, Row::Train(index))),
            Split::Test if index < test => found.push((at, Row::Test(index))),
            Split::Train => {}
            Split::Test => return Err(bad(format!("row {at} is of test sample {}", key.sample))),
        }
    }
    let mut seen: Vec<Row> = found.iter().map(|(_, row)| *row).collect();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() != train + test || found.len() != seen.len() {
        return Err(bad(format!(
            "{} rows, {} of them different, where {train} training and {test} test rows are needed",
            found.len(),
            seen.len()
        )));
    }
    Ok(found)
}

/// Rows that follow each other, together.
fn ranges(place: &[(usize, Row)]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for &(at, _) in place {
        match ranges.last_mut() {
            Some(range) if range.end == at => range.end += 1,
            _ => ranges.push(at..at + 1),
        }
    }
    ranges
}

/// Refuses what is not symmetric within rounding, and copies the lower half onto the upper.
fn mirror(kernel: &mut Mat<f64>, epsilon: f64) -> Result<(), KernelError> {
    let (mut difference, mut largest) = (0.0_f64, 0.0_f64);
    for j in 0..kernel.ncols() {
        for i in j..kernel.nrows() {
            let low = kernel[(i, j)];
            difference = difference.max((low - kernel[(j, i)]).abs());
            largest = largest.max(low.abs());
            kernel[(j, i)] = low;
        }
    }
    if difference > ASYMMETRY * epsilon * largest {
        return Err(KernelError::NotSymmetric { difference, largest });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(rows: &[(Split, u32, u32)]) -> Vec<GramRow> {
        rows.iter().map(|&(split, sample, output)| GramRow { split, sample, output }).collect()
    }

    #[test]
    fn per_output_kernels_are_found_whether_blocks_or_samples_come_first() {
        use Split::{Test, Train};
        let by_block = [(Train, 0, 0), (Test, 0, 0), (Train, 0, 1), (Test, 0, 1)];
        let by_sample = [(Train, 0, 0), (Train, 0, 1), (Test, 0, 0), (Test, 0, 1)];
        for (order, expected) in [(by_block, [2, 3]), (by_sample, [1, 3])] {
            let found = place(&keys(&order), Reduction::PerOutput, 1, 1, (1, 1)).unwrap();
            assert_eq!(found.iter().map(|(at, _)| *at).collect::<Vec<_>>(), expected);
            assert!(found[0].1 == Row::Train(0) && found[1].1 == Row::Test(0));
        }
    }

    #[test]
    fn leading_samples_leave_out_rows_of_the_others() {
        use Split::{Test, Train};
        let order = [
            (Train, 0, 0),
            (Train, 0, 1),
            (Train, 1, 0),
            (Train, 1, 1),
            (Test, 0, 0),
            (Test, 0, 1),
        ];
        let found = place(&keys(&order), Reduction::Full, 0, 2, (2, 2)).unwrap();
        assert_eq!(ranges(&found), [0..2, 4..6]);
    }

    #[test]
    fn rows_that_are_missing_or_there_twice_are_refused() {
        use Split::Train;
        for order in [&[(Train, 0, 0)][..], &[(Train, 0, 0), (Train, 1, 0), (Train, 1, 0)]] {
            let refused = place(&keys(order), Reduction::Trace, 0, 1, (2, 0));
            assert!(matches!(refused, Err(KernelError::Rows { .. })));
        }
    }
}

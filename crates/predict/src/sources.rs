//! The input artifacts as plain matrices.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::{DIAGONAL, DiagonalRow, KernelRow, Reduction};
use artifact::tables::training::OutputRow;
use artifact::{GramReader, GramRow, Outline, Precision, RateFrom, read_rows};
use faer::Mat;
use stage::{Input, Inputs, StageError};

use crate::error::PredictError;
use crate::parameters::{Parameters, Start};

/// |k(x, x') − k(x', x)| that rounding may cause, in units of ε times the largest entry: both are sums of
/// the same products, perhaps in another order.
const ASYMMETRY: f64 = 128.0;

/// Values of both splits, samples × outputs.
#[derive(Clone, Debug)]
pub struct BySplit {
    /// Of the training samples that are used.
    pub train: Mat<f64>,
    /// Of the test samples.
    pub test: Mat<f64>,
}

/// The training run.
pub struct Network {
    /// f by checkpoint.
    pub outputs: BTreeMap<u64, BySplit>,
    /// The last checkpoint.
    pub last: u64,
    /// δ of every update, where the run is plain gradient descent on least squares over the very samples
    /// that are used.
    pub rates: Option<Vec<RateFrom>>,
}

/// A kernel artifact.
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

/// Everything that is read, except the Gramians.
pub struct Sources {
    /// Y.
    pub targets: BySplit,
    /// Classes of the training samples that are used.
    pub train_labels: Vec<Option<u32>>,
    /// Classes of the test samples.
    pub test_labels: Vec<Option<u32>>,
    /// The training run, where it is wired.
    pub network: Option<Network>,
    /// The kernel.
    pub kernel: Kernels,
    /// The covariance at initialization, where it is wired.
    pub covariance: Option<Kernels>,
    /// What is known of the output.
    pub outline: Outline,
}

impl Sources {
    /// Reads the tables of the input artifacts.
    ///
    /// # Errors
    /// Where a table is missing or damaged, or the artifacts do not belong to each other.
    pub fn read(parameters: &Parameters, inputs: &Inputs) -> Result<Self, StageError> {
        let (dataset, kernel) = (inputs.one("dataset")?, inputs.one("kernel")?);
        let (training, covariance) =
            (inputs.many("training").first(), inputs.many("covariance").first());
        inputs.check_origin("kernel", "dataset")?;
        if training.is_some() {
            inputs.check_origin("training", "dataset")?;
            if parameters.start == Start::Network {
                inputs.check_origin("kernel", "training")?;
            }
        }
        if covariance.is_some() {
            inputs.check_origin("covariance", "dataset")?;
        }
        let trained = training.map(Input::manifest).transpose()?.map(|it| it.outline);
        let recorded = dataset.manifest()?.outline;
        let made = kernel.manifest()?.outline;
        let mut outline = outline(&recorded, trained.as_ref(), &made);

        let samples = read_rows::<Sample>(dataset.path())?;
        let kernel = Kernels::read(kernel)?;
        let covariance = covariance.map(Kernels::read).transpose()?;
        let of_split = |split| samples.iter().filter(move |sample| sample.split == split);
        let there = of_split(Split::Train).count();
        let kept = kernel.samples();
        let used = parameters.samples.map_or(kept, |wanted| wanted as usize);
        if used == 0 || used > kept || kept > there {
            return Err(StageError::new(format!(
                "{used} training samples are asked for, the kernel is of {kept} and the dataset has {there}"
            ))
            .hint("give `samples` at most as many as the kernel has, and the dataset that the kernel was made of"));
        }
        let vectors = |split| {
            let rows = of_split(split).map(|sample| (sample.sample, sample.y.as_slice()));
            matrix(rows, &format!("the targets of the dataset's {} split", split.name()))
        };
        let (train, mut test) = (vectors(Split::Train)?, vectors(Split::Test)?);
        if test.nrows() == 0 {
            test = Mat::zeros(0, train.ncols());
        }
        if test.ncols() != train.ncols() {
            return Err(StageError::new(format!(
                "targets have {} numbers in the training split and {} in the test split",
                train.ncols(),
                test.ncols()
            )));
        }
        let labels = |split| of_split(split).map(|sample| sample.label).collect::<Vec<_>>();
        let mut train_labels = labels(Split::Train);
        train_labels.truncate(used);
        let all = BySplit { train, test };
        let network = training
            .map(|input| Network::read(input, trained.unwrap_or_default(), &all, used))
            .transpose()?;
        outline.train_samples = Some(used as u64);
        Ok(Self {
            targets: BySplit { train: leading(&all.train, used), test: all.test },
            train_labels,
            test_labels: labels(Split::Test),
            network,
            kernel,
            covariance,
            outline,
        })
    }

    /// o.
    pub fn outputs(&self) -> usize {
        self.targets.train.ncols()
    }

    /// N, training samples used.
    pub fn samples(&self) -> usize {
        self.targets.train.nrows()
    }

    /// The kernels of `step`, those of the training samples that are used.
    ///
    /// # Errors
    /// Where the Gramian is missing, damaged, not symmetric, or not that of the dataset.
    pub fn blocks(&self, step: u64) -> Result<Vec<Block>, StageError> {
        self.kernel.blocks(step, self.samples(), &self.targets).map_err(|e| at_step(step, e))
    }

    /// The same of the covariance, at the same step or at its only one; none where the artifact has no
    /// table `diagonal`.
    ///
    /// # Errors
    /// As [`Self::blocks`], where there is neither step, and where its rows are not those of the kernel.
    pub fn covariance_blocks(&self, step: u64) -> Result<Option<Vec<Block>>, StageError> {
        let Some(covariance) = &self.covariance else { return Ok(None) };
        let step = match covariance.rows.keys().collect::<Vec<_>>()[..] {
            [&only] => only,
            _ => step,
        };
        if covariance.reduction != self.kernel.reduction && self.outputs() > 1 {
            return Err(StageError::new(format!(
                "the covariance is reduced by `{}` and the kernel by `{}`; variances need both alike",
                covariance.reduction.name(),
                self.kernel.reduction.name()
            )));
        }
        let blocks = covariance
            .blocks(step, self.samples(), &self.targets)
            .map_err(|error| at_step(step, error))?;
        // Without K_** there is no variance; a finding's note says so.
        Ok(blocks.iter().all(|block| block.diagonal.is_some()).then_some(blocks))
    }
}

/// What is known of the output: the kernel's outline, with what only the others know.
pub fn outline(dataset: &Outline, training: Option<&Outline>, kernel: &Outline) -> Outline {
    let outline = kernel.clone();
    let outline = training.into_iter().fold(outline, Outline::completed_by);
    outline.completed_by(dataset)
}

/// An error with the step at which it arose.
pub fn at_step(step: u64, error: impl Into<StageError>) -> StageError {
    let error = error.into();
    StageError { message: format!("at step {step}: {}", error.message), ..error }
}

impl Network {
    fn read(
        input: &Input,
        outline: Outline,
        targets: &BySplit,
        used: usize,
    ) -> Result<Self, StageError> {
        let mut of_steps: BTreeMap<u64, [Vec<OutputRow>; 2]> = BTreeMap::new();
        for row in read_rows::<OutputRow>(input.path())? {
            of_steps.entry(row.step).or_default()[row.split as usize].push(row);
        }
        let outputs = of_steps
            .into_iter()
            .map(|(step, [train, test])| {
                let values = |rows: &[OutputRow], expected: &Mat<f64>| {
                    let what = format!("the training's outputs at step {step}");
                    let rows = rows.iter().map(|row| (row.sample, row.output.as_slice()));
                    let found = matrix(rows, &what)?;
                    if expected.nrows() > 0 && shape(&found) != shape(expected) {
                        return Err(StageError::new(format!(
                            "{what} are {} × {}, where the dataset has targets of {} × {}",
                            found.nrows(),
                            found.ncols(),
                            expected.nrows(),
                            expected.ncols()
                        ))
                        .hint("wire the dataset that the training was made with"));
                    }
                    Ok(if expected.nrows() > 0 { found } else { expected.clone() })
                };
                let train = leading(&values(&train, &targets.train)?, used);
                Ok((step, BySplit { train, test: values(&test, &targets.test)? }))
            })
            .collect::<Result<BTreeMap<_, _>, StageError>>()?;
        let Some(&last) = outputs.keys().next_back() else {
            return Err(StageError::new("the training has no outputs"));
        };
        let is_linear = outline.optimizer.as_deref() == Some("gradient_descent")
            && outline.loss.as_deref() == Some("least_squares")
            && used == targets.train.nrows();
        let rates = outline.learning_rates.filter(|rates| {
            let is_first = rates.first().is_some_and(|rate| rate.step == 0);
            is_linear && is_first && rates.is_sorted_by(|a, b| a.step < b.step)
        });
        Ok(Self { outputs, last, rates })
    }
}

impl Kernels {
    fn read(input: &Input) -> Result<Self, StageError> {
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
                "the table `kernels` has kernels of several sizes or reductions; predictions need one",
            ));
        }
        let diagonal = diagonal(&directory)?;
        Ok(Self { directory, rows, diagonal, reduction })
    }

    /// Steps that have a kernel, rising.
    pub fn steps(&self) -> Vec<u64> {
        self.rows.keys().copied().collect()
    }

    fn row(&self) -> Option<&KernelRow> {
        self.rows.values().flatten().next()
    }

    /// Whether it has the table `diagonal`.
    pub fn has_diagonal(&self) -> bool {
        self.diagonal.is_some()
    }

    /// Training samples of every kernel.
    fn samples(&self) -> usize {
        self.row().map_or(0, |row| row.samples as usize)
    }

    fn blocks(&self, step: u64, used: usize, targets: &BySplit) -> Result<Vec<Block>, StageError> {
        let outputs = targets.train.ncols();
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
        let tests = targets.test.nrows() * cell;
        let (width, test_rows) = (row.rows as usize, row.test_rows as usize);
        if width != row.samples as usize * cell || ![0, tests].contains(&test_rows) {
            return Err(StageError::new(format!(
                "the kernel has {width} rows of {} training samples and {test_rows} test rows under `{}`, which does not fit a dataset with {outputs} outputs and {} test samples",
                row.samples,
                reduction.name(),
                targets.test.nrows()
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
) -> Result<Vec<(usize, Row)>, PredictError> {
    let bad = |problem: String| PredictError::Rows { problem };
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
fn mirror(kernel: &mut Mat<f64>, epsilon: f64) -> Result<(), PredictError> {
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
        return Err(PredictError::NotSymmetric { difference, largest });
    }
    Ok(())
}

fn shape(of: &Mat<f64>) -> (usize, usize) {
    (of.nrows(), of.ncols())
}

fn leading(of: &Mat<f64>, rows: usize) -> Mat<f64> {
    of.as_ref().subrows(0, rows).to_owned()
}

/// Vectors of one length, numbered from 0, as rows.
fn matrix<'a>(
    rows: impl Iterator<Item = (u32, &'a [f32])>,
    what: &str,
) -> Result<Mat<f64>, StageError> {
    let rows: Vec<(u32, &[f32])> = rows.collect();
    let width = rows.first().map_or(0, |(_, row)| row.len());
    for (at, (sample, row)) in rows.iter().enumerate() {
        if *sample as usize != at || row.len() != width || width == 0 {
            return Err(StageError::new(format!(
                "{what}: row {at} is sample {sample} with {} numbers, where sample {at} with {} should stand",
                row.len(),
                width.max(1)
            )));
        }
    }
    Ok(Mat::from_fn(rows.len(), width, |j, a| f64::from(rows[j].1[a])))
}

//! What the stage reads: kernels, inputs, targets, outputs and learning rates, checked against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::{KernelRow, Reduction};
use artifact::tables::training::{HistoryRow, OutputRow};
use artifact::{GramReader, GramValue, Outline, Precision, read_rows};
use stage::{Inputs, StageError};

use crate::distance;
use crate::kernel::{self, Block, Place};
use crate::rates::Rates;
use crate::signal::{Loss, PerSample};

/// Bytes of a Gramian that are read at once where it need not be held as a whole.
const STRIP_BYTES: usize = 16 << 20;

/// Values of the samples of both splits.
#[derive(Clone, Debug, Default)]
pub struct BySplit {
    /// Of the training samples.
    pub train: PerSample,
    /// Of the test samples; none without a test split.
    pub test: PerSample,
}

/// Everything that is read, except the Gramians.
pub struct Sources {
    /// x.
    pub inputs: BySplit,
    /// y.
    pub targets: BySplit,
    /// f by step.
    pub outputs: BTreeMap<u64, BySplit>,
    /// The training run's history, by rising step.
    pub history: Vec<HistoryRow>,
    /// δ of the update that leaves a step.
    pub learning_rates: BTreeMap<u64, f64>,
    /// δ of every update, where they are all known.
    pub rates: Option<Rates>,
    /// The training run's loss.
    pub loss: Loss,
    /// Whether the optimizer is plain full-batch gradient descent.
    pub gradient_descent: bool,
    /// The rows of `kernels`, by step.
    pub kernels: BTreeMap<u64, Vec<KernelRow>>,
    /// What is known of the output.
    pub outline: Outline,
    /// The same, completed by what the training run and the dataset tell.
    pub about: Outline,
    directory: PathBuf,
}

impl Sources {
    /// Reads the tables of the three input artifacts.
    ///
    /// # Errors
    /// Where a table is missing or damaged, or the artifacts do not belong to each other.
    pub fn read(inputs: &Inputs) -> Result<Self, StageError> {
        let (dataset, training, kernel) =
            (inputs.one("dataset")?, inputs.one("training")?, inputs.one("kernel")?);
        inputs.check_origin("training", "dataset")?;
        inputs.check_origin("kernel", "dataset")?;
        inputs.check_origin("kernel", "training")?;
        let trained = training.manifest()?.outline;
        let recorded = dataset.manifest()?.outline;
        let outline = outline(&recorded, &trained, &kernel.manifest()?.outline);
        let samples = read_rows::<Sample>(dataset.path())?;
        let mut targets = by_split(&samples, "targets", |sample| &sample.y)?;
        let mut inputs = by_split(&samples, "inputs", |sample| &sample.x)?;
        let mut outputs = outputs(read_rows::<OutputRow>(training.path())?, &targets)?;
        // A kernel may be of the first training samples alone, and then states how many they are.
        let kept = outline.train_samples.map_or(usize::MAX, |samples| samples as usize);
        let is_part = kept < targets.train.samples();
        let of_steps = outputs.values_mut().map(|of_step| &mut of_step.train);
        for values in [&mut targets.train, &mut inputs.train].into_iter().chain(of_steps) {
            values.truncate(kept);
        }
        let mut history = read_rows::<HistoryRow>(training.path())?;
        history.sort_by_key(|row| row.step);
        let mut kernels: BTreeMap<u64, Vec<KernelRow>> = BTreeMap::new();
        for row in read_rows::<KernelRow>(kernel.path())? {
            kernels.entry(row.step).or_default().push(row);
        }
        for (step, rows) in &kernels {
            check_kernel(*step, rows, &targets, outputs.get(step))?;
        }
        let mut about =
            [&trained, &recorded].into_iter().fold(outline.clone(), Outline::completed_by);
        if is_part {
            // N of the updates is another, and so is every bound on their rate.
            about.optimizer =
                Some(format!("{} on more samples", trained.optimizer.unwrap_or_default()));
        }
        let learning_rates = history.iter().map(|row| (row.step, row.learning_rate)).collect();
        Ok(Self {
            rates: Rates::known(trained.learning_rates.as_deref(), &learning_rates)?,
            learning_rates,
            history,
            inputs,
            loss: loss(trained.loss.as_deref())?,
            gradient_descent: about.optimizer.as_deref() == Some("gradient_descent"),
            directory: kernel.path().to_owned(),
            about,
            targets,
            outputs,
            kernels,
            outline,
        })
    }

    /// The precision in which the Gramians are stored: that of the first step.
    ///
    /// # Errors
    /// Where its file is missing or damaged.
    pub fn stored(&self) -> Result<Precision, StageError> {
        match self.kernels.first_key_value() {
            Some((&step, _)) => Ok(GramReader::open(&self.directory, step)?.precision()),
            None => Ok(Precision::default()),
        }
    }

    /// Whether a kernel under `reduction` leaves out no pair of outputs.
    pub fn is_whole(&self, reduction: Reduction) -> bool {
        reduction == Reduction::Full || self.targets.train.width == 1
    }

    /// Whether an update is, to first order, m̄ ← (I − (δ/N) G) m̄ with the kernel under `reduction`:
    /// plain gradient descent on least squares, and no pair of outputs left out of G.
    pub fn descends_linearly(&self, reduction: Reduction) -> bool {
        self.loss == Loss::LeastSquares && self.gradient_descent && self.is_whole(reduction)
    }

    /// The kernels of one step, in the order of their rows in `kernels`.
    ///
    /// # Errors
    /// Where the Gramian is missing, damaged, not symmetric, or not that of its row.
    pub fn blocks<T: GramValue>(&self, step: u64) -> Result<Vec<Block<T>>, StageError> {
        let (gram, places) = self.gram(step)?;
        let rows = &self.kernels[&step];
        let read = |place: &Place| {
            let row = rows.iter().find(|row| row.output == place.output);
            let made = row.map_or(Precision::default(), made);
            let block = Block::new(place, made, gram.precision(), gram.values(&place.ranges)?)
                .map_err(|error| at_step(step, error))?;
            if row.is_none_or(|row| row.test_rows as usize != block.test_rows()) {
                return Err(StageError::new(format!(
                    "the table `kernels` and the Gramian of step {step} differ in their test rows ({} in the Gramian)",
                    block.test_rows()
                )));
            }
            Ok(block)
        };
        places.iter().map(read).collect()
    }

    /// tr(G G') of `block` and the kernel of the same output at `step`, of which a few rows are read
    /// at a time.
    ///
    /// # Errors
    /// Where the other Gramian is missing, damaged or of another size.
    pub fn product_with<T: GramValue>(
        &self,
        step: u64,
        block: &Block<T>,
    ) -> Result<f64, StageError> {
        let (gram, places) = self.gram(step)?;
        let place = places.iter().find(|place| place.output == block.output);
        let place = place.filter(|place| place.train == block.rows).ok_or_else(|| {
            StageError::new(format!(
                "the Gramian of step {step} has no kernel of {} rows for output {}",
                block.rows, block.output
            ))
        })?;
        let most = (STRIP_BYTES / size_of::<T>() / block.rows).max(1);
        let (mut product, mut done) = (0.0, 0);
        for range in &place.ranges {
            let mut start = range.start;
            while start < range.end && done < block.rows {
                let count = most.min(range.end - start).min(block.rows - done);
                let strip = start..start + count;
                let other = gram.values::<T>(std::slice::from_ref(&strip))?;
                let rows = &block.train()[done * block.rows..(done + count) * block.rows];
                product += distance::product(rows, &other, block.rows);
                start += count;
                done += count;
            }
        }
        Ok(product)
    }

    /// The Gramian of one step, and where in it each kernel lies.
    fn gram(&self, step: u64) -> Result<(GramReader, Vec<Place>), StageError> {
        let gram = GramReader::open(&self.directory, step)?;
        let targets = &self.targets.train;
        let (width, reduction) = (gram.width(), self.kernels[&step][0].reduction);
        let places =
            kernel::places(gram.rows(), width, reduction, targets.width, targets.samples())
                .map_err(|error| at_step(step, error))?;
        Ok((gram, places))
    }
}

/// The arithmetic in which the Gramian of `row` was made.
pub fn made(row: &KernelRow) -> Precision {
    if row.precision == Precision::F64.name() { Precision::F64 } else { Precision::F32 }
}

/// What is known of the output: the kernel's outline, with what only the others know.
pub fn outline(dataset: &Outline, training: &Outline, kernel: &Outline) -> Outline {
    kernel.clone().completed_by(training).completed_by(dataset)
}

/// An error with the step at which it arose.
pub fn at_step(step: u64, error: impl Into<StageError>) -> StageError {
    let error = error.into();
    StageError { message: format!("at step {step}: {}", error.message), ..error }
}

fn loss(name: Option<&str>) -> Result<Loss, StageError> {
    match name {
        Some("least_squares") => Ok(Loss::LeastSquares),
        Some("cross_entropy") => Ok(Loss::CrossEntropy),
        other => Err(StageError::new(format!(
            "the training's manifest names the loss {}; the residual is defined for least_squares and cross_entropy",
            other.unwrap_or("not at all")
        ))),
    }
}

/// The `vector` of every sample; `what` names it in messages.
fn by_split(
    samples: &[Sample],
    what: &str,
    vector: impl Fn(&Sample) -> &[f32],
) -> Result<BySplit, StageError> {
    let mut found = BySplit::default();
    for sample in samples {
        let values = match sample.split {
            Split::Train => &mut found.train,
            Split::Test => &mut found.test,
        };
        append(values, sample.sample, vector(sample)).map_err(|problem| {
            let split = sample.split.name();
            StageError::new(format!("the {what} of the dataset's {split} split: {problem}"))
        })?;
    }
    if found.train.values.is_empty() {
        return Err(StageError::new("the dataset has no training samples"));
    }
    if !found.test.values.is_empty() && found.test.width != found.train.width {
        return Err(StageError::new(format!(
            "{what} have {} numbers in the training split and {} in the test split",
            found.train.width, found.test.width
        )));
    }
    Ok(found)
}

fn outputs(rows: Vec<OutputRow>, targets: &BySplit) -> Result<BTreeMap<u64, BySplit>, StageError> {
    let mut outputs: BTreeMap<u64, BySplit> = BTreeMap::new();
    for row in rows {
        let of_step = outputs.entry(row.step).or_default();
        let values = match row.split {
            Split::Train => &mut of_step.train,
            Split::Test => &mut of_step.test,
        };
        append(values, row.sample, &row.output).map_err(|problem| {
            StageError::new(format!(
                "the training's {} outputs at step {}: {problem}",
                row.split.name(),
                row.step
            ))
        })?;
    }
    for (step, of_step) in &outputs {
        let shape = |values: &PerSample| (values.samples(), values.width);
        let (found, expected) = (shape(&of_step.train), shape(&targets.train));
        if found != expected {
            return Err(StageError::new(format!(
                "the training has outputs of {} samples with {} numbers each at step {step}, the dataset has {} training samples with {}",
                found.0, found.1, expected.0, expected.1
            ))
            .hint("give the spectrum the dataset that the training was made with"));
        }
    }
    Ok(outputs)
}

/// Appends the values of the next sample of a split.
fn append(values: &mut PerSample, sample: u32, new: &[f32]) -> Result<(), String> {
    if values.values.is_empty() {
        values.width = new.len();
    }
    if new.is_empty() || new.len() != values.width {
        return Err(format!(
            "sample {sample} has {} numbers where others have {}",
            new.len(),
            values.width
        ));
    }
    if sample as usize != values.samples() {
        return Err(format!("sample {sample} stands where {} should", values.samples()));
    }
    values.values.extend_from_slice(new);
    Ok(())
}

/// Checks the rows of one step in `kernels` against dataset and training.
fn check_kernel(
    step: u64,
    rows: &[KernelRow],
    targets: &BySplit,
    outputs: Option<&BySplit>,
) -> Result<(), StageError> {
    let Some(outputs) = outputs else {
        return Err(StageError::new(format!(
            "there is a Gramian at step {step}, but the training has no outputs at that step"
        ))
        .hint("give the spectrum the training that the kernel was made of"));
    };
    let samples = targets.train.samples();
    let mut seen = BTreeSet::new();
    for row in rows {
        let (count, per_sample) = row.reduction.blocks(targets.train.width);
        let of_test = |values: &PerSample| values.samples() * per_sample;
        if row.samples as usize != samples
            || row.rows as usize != samples * per_sample
            || row.reduction != rows[0].reduction
            || rows.len() != count
            || !seen.insert(row.output)
        {
            return Err(StageError::new(format!(
                "the table `kernels` has at step {step} {} kernels of {} rows over {} samples under `{}`, which does not fit a dataset of {samples} training samples with {} outputs",
                rows.len(),
                row.rows,
                row.samples,
                row.reduction.name(),
                targets.train.width
            ))
            .hint("give the spectrum the dataset that the kernel was made with"));
        }
        if row.test_rows > 0
            && (row.test_rows as usize != of_test(&targets.test)
                || row.test_rows as usize != of_test(&outputs.test))
        {
            return Err(StageError::new(format!(
                "the kernel has {} test rows at step {step}, where the dataset's test samples make {} and the training's outputs {}",
                row.test_rows,
                of_test(&targets.test),
                of_test(&outputs.test)
            ))
            .hint("give the spectrum the dataset and the training that the kernel was made with"));
        }
        if row.precision != "f32" && row.precision != "f64" {
            return Err(StageError::new(format!(
                "the table `kernels` names the precision `{}` at step {step}; it is f32 or f64",
                row.precision
            )));
        }
    }
    Ok(())
}

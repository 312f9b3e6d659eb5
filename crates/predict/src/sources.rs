//! The input artifacts as plain matrices.

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::{Outline, read_rows};
use faer::Mat;
use stage::{Input, Inputs, StageError};

use crate::network::Network;
use crate::parameters::{Parameters, Start};
use kernel::{Block, Kernels};

/// Values of both splits, samples × outputs.
#[derive(Clone, Debug)]
pub struct BySplit {
    /// Of the training samples that are used.
    pub train: Mat<f64>,
    /// Of the test samples.
    pub test: Mat<f64>,
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
        let size = (self.outputs(), self.targets.test.nrows());
        self.kernel.blocks(step, self.samples(), size).map_err(|e| at_step(step, e))
    }

    /// The same of the covariance, at the same step or at its only one; none where the artifact has no
    /// table `diagonal`.
    ///
    /// # Errors
    /// As [`Self::blocks`], where there is neither step, and where its rows are not those of the kernel.
    pub fn covariance_blocks(&self, step: u64) -> Result<Option<Vec<Block>>, StageError> {
        let Some(covariance) = &self.covariance else { return Ok(None) };
        let step = match covariance.steps()[..] {
            [only] => only,
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
            .blocks(step, self.samples(), (self.outputs(), self.targets.test.nrows()))
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

pub(crate) fn leading(of: &Mat<f64>, rows: usize) -> Mat<f64> {
    of.as_ref().subrows(0, rows).to_owned()
}

/// Vectors of one length, numbered from 0, as rows.
pub(crate) fn matrix<'a>(
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

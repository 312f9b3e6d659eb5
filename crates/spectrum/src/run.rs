//! The stage: read, measure kernel by kernel, write.

use std::path::Path;

use artifact::tables::Split;
use artifact::tables::findings::FindingRow;
use artifact::tables::training::HistoryRow;
use artifact::{Kind, Outline, Precision, write_rows};
use rand::Rng;
use serde::{Deserialize, Serialize};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Resume, Stage, StageError};
use study::Study;

use crate::baseline;
use crate::block_eigen::{self, Start};
use crate::columns::Columns;
use crate::eigen::{self, Eigenpairs};
use crate::error::SpectrumError;
use crate::findings::{self, About};
use crate::fixed_kernels::FixedKernels;
use crate::kernel_rows;
use crate::measure::{Earlier, Kernel};
use crate::measures::Measures;
use crate::parameters::Parameters;
use crate::plan::plan;
use crate::precision::Real;
use crate::resolution;
use crate::sinusoids::{BoundingBox, Sinusoids};
use crate::sources::{Sources, at_step};
use crate::tables::Tables;
use crate::turning::frames;
use crate::views;

/// The stage `spectrum`.
pub struct SpectrumStage;

impl Stage for SpectrumStage {
    type Parameters = Parameters;

    const NAME: &'static str = "spectrum";
    const VERSION: &'static str = "4";
    const SUMMARY: &'static str = "Eigenpairs of every Gramian; relative energies, dynamics, alignment and frequencies measured with them.";
    const INPUTS: &'static [Port] = &[
        Port::one("dataset", Kind::DATASET),
        Port::one("training", Kind::TRAINING),
        Port::one("kernel", Kind::KERNEL),
    ];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("training", &["dataset"]), ("kernel", &["dataset", "training"])];
    const OUTPUT: Kind = Kind::SPECTRUM;
    // The block method starts from random vectors.
    const USES_SEED: bool = true;
    const RESUMES: bool = true;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        plan(parameters, inputs, limits)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let sources = Sources::read(inputs)?;
        let mut resume = Resume::of(output, context.pace);
        let tables = match parameters.precision.of(sources.stored()?) {
            Precision::F32 => measured::<f32>(parameters, &sources, &mut resume, context)?,
            Precision::F64 => measured::<f64>(parameters, &sources, &mut resume, context)?,
        };
        tables.write(output)?;
        let (findings, study) = found(&tables, &sources.history, &sources.about, parameters.top)?;
        write_rows(output, &findings)?;
        study.write(output)?;
        resume.forget()?;
        Ok(sources.outline)
    }
}

/// What is found in the tables of a spectrum, and how to look at them: its findings, figures and trends.
///
/// `history` is that of the training run, by rising step; `about` has the facts of spectrum, training run and
/// dataset; `top` is the number of leading eigenvectors that count as the top.
///
/// # Errors
/// Where the figures of this crate cannot be read, which its tests rule out.
pub fn found(
    tables: &Tables,
    history: &[HistoryRow],
    about: &Outline,
    top: u32,
) -> Result<(Vec<FindingRow>, Study), StageError> {
    let measures = Measures::of(tables, history, top);
    let about = About { outline: about.clone() };
    let samples = about.outline.train_samples.unwrap_or_default();
    let study = views::of(&measures, samples)?;
    Ok((findings::measure(&measures, &about), study))
}

/// The earlier checkpoints that a kernel is compared with.
#[derive(Serialize, Deserialize)]
struct History<T> {
    first: Option<Earlier<T>>,
    previous: Option<Earlier<T>>,
}

impl<T> History<T> {
    fn known(&self) -> Vec<&Earlier<T>> {
        self.first.iter().chain(&self.previous).collect()
    }

    fn add(&mut self, kernel: Earlier<T>) {
        if self.first.is_none() {
            self.first = Some(kernel);
        } else {
            self.previous = Some(kernel);
        }
    }
}

/// A run between two checkpoints, beside the rows so far: all that later kernels depend on.
#[derive(Serialize, Deserialize)]
struct State<T> {
    /// Checkpoints that are measured.
    done: usize,
    /// For each kernel of a checkpoint.
    histories: Vec<History<T>>,
    /// Random numbers that were taken, in words of 32 bits.
    random_words: u128,
}

/// Measures every kernel of every step, decomposed in precision `T`; those that an earlier run has
/// saved to `resume` are not measured again.
fn measured<T: Real>(
    parameters: &Parameters,
    sources: &Sources,
    resume: &mut Resume,
    context: &Context,
) -> Result<Tables, StageError> {
    let mut tables = Tables::default();
    let sinusoids = baseline_and_sinusoids(parameters, sources, &mut tables);
    let descent = FixedKernels::of(parameters, sources);
    let mut random = context.seed.stream("eigen");
    let mut state = State::<T> { done: 0, histories: Vec::new(), random_words: 0 };
    if let Some((saved, parts)) = resume.load(|_, _| true) {
        for part in parts {
            tables.append(part);
        }
        state = saved;
        random.set_word_pos(state.random_words);
    }
    let mut unsaved = Tables::default();
    let steps = sources.kernels.len() as u64;
    let drawn = frames(&sources.kernels.keys().copied().collect::<Vec<_>>());
    let rows_of = kernel_rows::samples_near_places(&sources.inputs.train);
    for (done, (&step, rows)) in sources.kernels.iter().enumerate().skip(state.done) {
        for (index, block) in sources.blocks::<T>(step)?.into_iter().enumerate() {
            if state.histories.len() == index {
                state.histories.push(History { first: None, previous: None });
            }
            let history = &mut state.histories[index];
            let row = rows.iter().find(|row| row.output == block.output).ok_or_else(|| {
                StageError::new(format!(
                    "the kernel of step {step} has no row for its output {} in `kernels`",
                    block.output
                ))
            })?;
            let kernel = Kernel::new(block, row, sources, &sources.outputs[&step])
                .map_err(|error| at_step(step, error))?;
            let start = history.known().last().map(|earlier| &earlier.vectors);
            let pairs = leading_eigenpairs(&kernel, parameters, start, &mut random)
                .map_err(|error| at_step(step, error))?;
            kernel
                .measure(&pairs, &history.known(), parameters, sinusoids.as_ref(), &mut unsaved)
                .map_err(|error| at_step(step, error))?;
            if kernel.block.output == 0 && drawn.contains(&step) {
                let samples = sources.inputs.train.samples();
                let rows = kernel_rows::rows(&kernel.block, step, &rows_of, samples);
                unsaved.kernel_rows.extend(rows);
            }
            if let Some(descent) = &descent {
                descent.add(&kernel, &pairs, &mut unsaved).map_err(|error| at_step(step, error))?;
            }
            context.progress(done as u64 + 1, steps, "checkpoint", || {
                format!("λ₁ {:.3e}", pairs.values[0])
            });
            let remembered = parameters.remembered(kernel.block.rows);
            history.add(Earlier::new(&kernel, &pairs, remembered));
        }
        if resume.is_due(true) {
            (state.done, state.random_words) = (done + 1, random.get_word_pos());
            resume.save(&state, &unsaved, &[])?;
            tables.append(std::mem::take(&mut unsaved));
        }
    }
    tables.append(unsaved);
    Ok(tables)
}

/// Adds what sinusoids hold of the target on each split; gives those of the training samples.
fn baseline_and_sinusoids(
    parameters: &Parameters,
    sources: &Sources,
    tables: &mut Tables,
) -> Option<Sinusoids> {
    let bounds = BoundingBox::of(&sources.inputs.train)?;
    let most = parameters.sinusoids as usize;
    let on = |inputs| Sinusoids::on_samples(&bounds, inputs, most);
    let train = on(&sources.inputs.train)?;
    tables.baseline = baseline::rows(Split::Train, &sources.targets.train, &train);
    if let Some(test) = on(&sources.inputs.test) {
        tables.baseline.extend(baseline::rows(Split::Test, &sources.targets.test, &test));
    }
    Some(train)
}

/// The eigenpairs that the parameters ask for, checked to be those of a Gramian.
///
/// `earlier` are eigenvectors of the checkpoint before, from which the block method starts.
fn leading_eigenpairs<T: Real>(
    kernel: &Kernel<'_, T>,
    parameters: &Parameters,
    earlier: Option<&Columns<T>>,
    random: &mut impl Rng,
) -> Result<Eigenpairs<T>, StageError> {
    let rows = kernel.block.rows;
    if let Some(excess) = parameters.too_many(rows as u64).first() {
        let (wanted, at) = (excess.wanted as usize, &excess.at);
        return Err(StageError::from(SpectrumError::TooMany { wanted, rows })
            .hint(format!("lower the parameter {at}")));
    }
    let gram = kernel.block.matrix();
    let k = parameters.pairs(rows);
    if parameters.by_block(rows) {
        // Uniform in [-½, ½): any distribution without a preferred direction of G does.
        let start =
            Start::new(earlier, rows, k, || random.next_u64() as f64 / u64::MAX as f64 - 0.5);
        if let Some(mut pairs) = block_eigen::top(gram, k, &start, parameters.tolerance)? {
            let largest = pairs.values[0];
            resolution::check_positive(largest, None, kernel.noise(largest))?;
            pairs.accepted_residual = parameters.tolerance * largest;
            return Ok(pairs);
        }
    }
    let pairs = eigen::all(gram)?;
    let (largest, smallest) = (pairs.values[0], pairs.values.last().copied());
    resolution::check_positive(largest, smallest, kernel.noise(largest))?;
    Ok(if k < rows { pairs.leading(k) } else { pairs })
}

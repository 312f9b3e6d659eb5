//! The kernel of the limit, or a piece of it, from tables to tables.

use std::collections::HashMap;
use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::{DiagonalRow, KernelRow, Reduction};
use artifact::tables::training::HistoryRow;
use artifact::{ArtifactError, GramWriter, Outline, Precision, read_rows, write_rows};
use kernel::{Norms, Shape, Share, Symmetric};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use stage::{Context, Inputs, Resume, StageError};

use crate::dual::Real;
use crate::gram::Kernel;
use crate::limit::Limit;
use crate::parameters::{Parameters, Which};
use crate::plan;
use crate::samples::Samples;

/// Writes piece `index` of `of` of the kernel at every step into `output`; piece 0 of 1 is all of it.
///
/// # Errors
/// Where an input is damaged, the network has no limit, or a table cannot be written.
pub(crate) fn run(
    parameters: &Parameters,
    inputs: &Inputs,
    part: (usize, usize),
    output: &Path,
    context: &Context,
) -> Result<Outline, StageError> {
    match parameters.precision {
        Precision::F32 => run_in::<f32>(parameters, inputs, part, output, context),
        Precision::F64 => run_in::<f64>(parameters, inputs, part, output, context),
    }
}

/// The outline of what is known before, and the learning rate of each step of the training run.
pub(crate) fn known(inputs: &Inputs) -> Result<(Outline, HashMap<u64, f64>), StageError> {
    let dataset = inputs.one("dataset")?.manifest()?.outline;
    if inputs.many("training").is_empty() {
        return Ok((plan::known(&dataset, &Outline::default()), HashMap::new()));
    }
    inputs.check_origin("training", "dataset")?;
    let training = inputs.one("training")?;
    let history: Vec<HistoryRow> = read_rows(training.path())?;
    let rates = history.iter().map(|row| (row.step, row.learning_rate)).collect();
    Ok((plan::known(&dataset, &training.manifest()?.outline), rates))
}

fn run_in<T: Real + Serialize + DeserializeOwned>(
    parameters: &Parameters,
    inputs: &Inputs,
    (index, of): (usize, usize),
    output: &Path,
    context: &Context,
) -> Result<Outline, StageError> {
    let (known, rates) = known(inputs)?;
    let (network, program) = plan::program(parameters, &known)?;
    let limit = Limit::<T>::new(&network, &program);
    let outline = plan::outline(parameters, &known);

    let samples: Vec<Sample> = read_rows(inputs.one("dataset")?.path())?;
    let points = |wanted: Split, most: usize| -> Vec<T> {
        let split = samples.iter().filter(|sample| sample.split == wanted).take(most);
        split.flat_map(|sample| sample.x.iter().map(|&x| T::of(f64::from(x)))).collect()
    };
    let most = parameters.samples.map_or(usize::MAX, |samples| samples as usize);
    let train = points(Split::Train, most);
    let test = points(Split::Test, if parameters.test_rows { usize::MAX } else { 0 });
    drop(samples);
    let train = Samples::new(&limit, &train);
    let test = Samples::new(&limit, &test);

    let outputs = program.outputs;
    let shape = plan::gramians(parameters, &limit, [train.len(), test.len(), outputs]);
    let share = shape.piece(index, of);
    let kernel = match parameters.kernel {
        Which::Nngp => Kernel::nngp(&limit),
        Which::Ntk => Kernel::ntk(&limit),
    };
    let mut resume = Resume::of(output, context.pace);
    let rows = computed(&kernel, [&train, &test], shape, &share, &mut resume, context)?;

    let (mut kernels, mut diagonal) = (Vec::new(), Vec::new());
    for &step in outline.checkpoints.iter().flatten() {
        let rows = write_step(&rows, shape, &share, step, output)?;
        kernels.extend(
            rows.into_iter()
                .map(|row| KernelRow { learning_rate: rates.get(&step).copied(), ..row }),
        );
        if parameters.kernel == Which::Nngp {
            let variances = &test.variances()[share.test.clone()];
            diagonal.extend(diagonal_rows(step, share.test.start, variances, shape));
        }
    }
    write_rows(output, &kernels)?;
    if parameters.kernel == Which::Nngp {
        write_rows(output, &diagonal)?;
    }
    resume.forget()?;
    Ok(outline)
}

/// The rows of a piece, of one output.
struct Rows<T> {
    train: Symmetric<T>,
    /// Those of each strip of test samples, row-major.
    test: Vec<Vec<T>>,
}

/// Computes the rows of `share`, strip by strip, but for those that an earlier run has left.
fn computed<T: Real + Serialize + DeserializeOwned>(
    kernel: &Kernel<'_, T>,
    [train, test]: [&Samples<'_, T>; 2],
    shape: Shape,
    share: &Share,
    resume: &mut Resume,
    context: &Context,
) -> Result<Rows<T>, StageError> {
    let mut matrix = Symmetric::zeros(train.len(), 1, shape.side, share.strips.clone());
    let test_strips: Vec<_> = share.test_strips().collect();
    let mut rows: Vec<Vec<T>> = Vec::with_capacity(test_strips.len());
    let strips = share.strips.len();
    let is_own = |(): &(), parts: &[Vec<Vec<T>>]| {
        let strips = parts.iter().flatten().zip(share.strips.clone());
        strips.into_iter().all(|(tiles, strip)| tiles.len() == matrix.tiles(strip).len())
    };
    let saved = resume.load(is_own).map_or_else(Vec::new, |((), parts)| parts.concat());
    let mut done = saved.len();
    for (number, strip) in saved.into_iter().enumerate() {
        match share.strips.clone().nth(number) {
            Some(own) => _ = matrix.restore(own, &strip),
            None => rows.push(strip),
        }
    }
    let total = strips + test_strips.len();
    let mut unsaved: Vec<Vec<T>> = Vec::new();
    while done < total {
        if let Some(strip) = share.strips.clone().nth(done) {
            matrix.strip_tasks(strip).into_par_iter().for_each(|mut task| {
                kernel.tile(train, train, task.place, &mut task.to);
            });
            unsaved.push(matrix.tiles(strip).to_vec());
        } else {
            let strip = test_strips[done - strips].clone();
            rows.push(kernel.rows(test, (strip.start, strip.len()), train));
            unsaved.extend(rows.last().cloned());
        }
        done += 1;
        context.progress(done as u64, total as u64, "strip", String::new);
        if resume.is_due(true) {
            resume.save(&(), &unsaved, &[])?;
            unsaved.clear();
        }
    }
    Ok(Rows { train: matrix, test: rows })
}

/// Writes the Gramians of one step, and gives what is said of each.
fn write_step<T: Real>(
    rows: &Rows<T>,
    shape: Shape,
    share: &Share,
    step: u64,
    output: &Path,
) -> Result<Vec<KernelRow>, ArtifactError> {
    let mut writer =
        GramWriter::<T>::create(output, step, shape.keys(share).collect(), shape.width())?;
    let mut kernels = Vec::new();
    let mut own = Vec::new();
    for block in 0..shape.blocks() {
        let mut norms = Norms::from_row(share.train.start * shape.cell());
        for strip in rows.train.strips() {
            own.resize(rows.train.strip_rows(strip) * shape.train, T::nearest(0.0));
            rows.train.copy_strip(strip, &mut own);
            let whole = of_outputs(&own, shape);
            writer.append(&whole)?;
            norms.add(&whole, shape.width());
        }
        kernels.push(shape.kernel_row::<T>(share, step, block, norms));
    }
    for strip in &rows.test {
        let whole = of_outputs(strip, shape);
        for _ in 0..shape.blocks() {
            writer.append(&whole)?;
        }
    }
    writer.finish()?;
    Ok(kernels)
}

/// Rows of one output's kernel as those of all outputs under the reduction: G^{ab} = δ_ab K.
fn of_outputs<T: Real>(rows: &[T], shape: Shape) -> Vec<T> {
    let outputs = shape.outputs;
    match shape.reduction {
        Reduction::PerOutput => rows.to_vec(),
        Reduction::Trace | Reduction::SummedLogit => {
            let count = T::of(outputs as f64);
            rows.iter().map(|&entry| count * entry).collect()
        }
        Reduction::Full => {
            let mut whole = vec![T::zero(); rows.len() * outputs * outputs];
            let of_sample = shape.width() * outputs;
            for (row, whole) in
                rows.chunks_exact(shape.train.max(1)).zip(whole.chunks_exact_mut(of_sample.max(1)))
            {
                for (output, line) in whole.chunks_exact_mut(shape.width()).enumerate() {
                    for (to, &entry) in line.iter_mut().skip(output).step_by(outputs).zip(row) {
                        *to = entry;
                    }
                }
            }
            whole
        }
    }
}

/// The rows of the table `diagonal` of test samples from `first` on.
fn diagonal_rows<T: Real>(
    step: u64,
    first: usize,
    variances: &[T],
    shape: Shape,
) -> impl Iterator<Item = DiagonalRow> {
    let (copies, factor) = match shape.reduction {
        Reduction::Full | Reduction::PerOutput => (shape.outputs, 1.0),
        Reduction::Trace | Reduction::SummedLogit => (1, shape.outputs as f64),
    };
    variances.iter().enumerate().flat_map(move |(index, &value)| {
        (0..copies).map(move |output| DiagonalRow {
            step,
            sample: (first + index) as u32,
            output: output as u32,
            value: factor * value.wide(),
        })
    })
}

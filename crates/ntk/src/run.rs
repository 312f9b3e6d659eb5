//! Every checkpoint's Gramian, from tables to tables.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::{GRAM, KernelRow, Reduction};
use artifact::tables::training::{CHECKPOINTS, HistoryRow};
use artifact::{
    ArtifactError, GramRow, GramWriter, Outline, read_rows, steps, table_file, write_rows,
};
use network::{Network, Scalar};
use stage::{Context, Inputs, Resume, StageError};

use crate::checkpoint;
use crate::gram;
use crate::parameters::{Parameters, Precision};
use crate::plan;

/// Test samples whose rows are computed at once, and then written.
pub(crate) const TEST_SAMPLES: usize = gram::SIDE;

/// Inputs of both splits, row-major.
struct Points {
    train: Vec<f32>,
    test: Vec<f32>,
}

/// Writes the Gramian of every checkpoint into `output`.
///
/// # Errors
/// Where an input is damaged, or a table cannot be written.
pub(crate) fn run(
    parameters: Parameters,
    inputs: &Inputs,
    output: &Path,
    context: &Context,
) -> Result<Outline, StageError> {
    inputs.check_origin("training", "dataset")?;
    let training = inputs.one("training")?;
    let outline = training.manifest()?.outline;
    let samples: Vec<Sample> = read_rows(inputs.one("dataset")?.path())?;
    let history: Vec<HistoryRow> = read_rows(training.path())?;
    let rates: HashMap<u64, f64> =
        history.iter().map(|row| (row.step, row.learning_rate)).collect();
    let points = |wanted: Split| {
        samples.iter().filter(|s| s.split == wanted).flat_map(|s| s.x.iter().copied()).collect()
    };
    let test = if parameters.test_rows { points(Split::Test) } else { Vec::new() };
    let points = Points { train: points(Split::Train), test };

    let checkpoints = steps(training.path(), &CHECKPOINTS)?;
    let mut resume = Resume::of(output, context.pace);
    let mut kernels = finished(&mut resume, output);
    let mut saved = kernels.len();
    for (done, &step) in checkpoints.iter().enumerate() {
        if kernels.iter().any(|row| row.step == step) {
            continue;
        }
        let network = checkpoint::load(training.path(), &outline, step)?;
        let mut rows = match parameters.precision {
            Precision::F32 => write_kernel(&network, &points, parameters, step, output),
            Precision::F64 => {
                write_kernel(&network.cast::<f64>(), &points, parameters, step, output)
            }
        }?;
        for row in &mut rows {
            row.learning_rate = rates.get(&step).copied();
        }
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
    resume.forget()?;
    Ok(Outline { checkpoints: Some(checkpoints), ..plan::outline(parameters, &outline) })
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

/// Writes the Gramian of one network, the training block and then test × train, and gives what is
/// said of it.
///
/// In memory are the factors of the samples, one triangle of the training block, and whole rows
/// only as many as are on their way to the file.
fn write_kernel<T: Scalar>(
    network: &Network<T>,
    points: &Points,
    parameters: Parameters,
    step: u64,
    output: &Path,
) -> Result<Vec<KernelRow>, ArtifactError> {
    let reduction = parameters.reduction;
    let (_, cell) = reduction.blocks(network.output_dim());
    let cast = |x: &[f32]| -> Vec<T> { x.iter().map(|&x| T::of(f64::from(x))).collect() };
    let train = gram::factors(network, &cast(&points.train), reduction);
    let test = points.test.len() / network.input_dim().max(1);
    let strips: Vec<Range<usize>> = (0..test)
        .step_by(TEST_SAMPLES)
        .map(|first| first..test.min(first + TEST_SAMPLES))
        .collect();
    let keys = keys(reduction, network.output_dim(), train.rows(), &strips);
    let mut writer = GramWriter::create(output, step, keys, train.rows() * cell)?;

    let mut kernels = Vec::new();
    let mut strip_rows = Vec::new();
    for (block, matrix) in gram::symmetric::<T, f32>(&train).into_iter().enumerate() {
        for strip in 0..matrix.strips() {
            strip_rows.resize(matrix.strip_rows(strip) * matrix.rows(), 0.0);
            matrix.copy_strip(strip, &mut strip_rows);
            writer.append(&strip_rows)?;
        }
        kernels.push(KernelRow {
            step,
            output: block as u32,
            learning_rate: None,
            trace: matrix.trace(),
            frobenius_norm: matrix.frobenius_norm(),
            samples: train.rows() as u32,
            rows: matrix.rows() as u32,
            test_rows: (test * cell) as u32,
            reduction,
            precision: T::NAME.to_owned(),
        });
    }
    drop(strip_rows);
    let test = gram::factors(network, &cast(&points.test), reduction);
    for strip in strips {
        for rows in gram::rows::<T, f32>(&test, strip, &train) {
            writer.append(&rows)?;
        }
    }
    writer.finish()?;
    Ok(kernels)
}

/// What each row belongs to: all training rows of one matrix after the other, then test rows, of
/// every matrix those of one strip of samples before those of the next.
fn keys(
    reduction: Reduction,
    outputs: usize,
    train: usize,
    strips: &[Range<usize>],
) -> Vec<GramRow> {
    let (blocks, cell) = reduction.blocks(outputs);
    let keys = |split: Split, samples: Range<usize>| {
        (0..blocks).flat_map(move |block| {
            (samples.start * cell..samples.end * cell).map(move |row| GramRow {
                split,
                sample: (row / cell) as u32,
                output: if cell > 1 { row % cell } else { block } as u32,
            })
        })
    };
    let test = strips.iter().flat_map(|strip| keys(Split::Test, strip.clone()));
    keys(Split::Train, 0..train).chain(test).collect()
}

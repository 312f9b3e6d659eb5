//! Every checkpoint's Gramian, or a piece of it, from tables to tables.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::KernelRow;
use artifact::tables::training::{CHECKPOINTS, HistoryRow};
use artifact::{ArtifactError, GramValue, GramWriter, Outline, Precision, read_rows, steps};
use kernel::{Norms, Shape, Share, each_step, load_network};
use network::{Network, Part, Scalar};
use stage::{Context, Inputs, StageError};

use crate::gram;
use crate::parameters::Parameters;
use crate::plan;

/// Inputs of both splits, row-major.
struct Points {
    train: Vec<f32>,
    test: Vec<f32>,
}

/// Writes piece `index` of `of` of the Gramian of every checkpoint into `output`; piece 0 of 1 is
/// all of it.
///
/// # Errors
/// Where an input is damaged, or a table cannot be written.
pub(crate) fn run(
    parameters: Parameters,
    inputs: &Inputs,
    (index, of): (usize, usize),
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
    let most = parameters.samples.map_or(usize::MAX, |samples| samples as usize);
    let points = |wanted: Split| {
        let most = if wanted == Split::Train { most } else { usize::MAX };
        let split = samples.iter().filter(|s| s.split == wanted).take(most);
        split.flat_map(|s| s.x.iter().copied()).collect()
    };
    let test = if parameters.test_rows { points(Split::Test) } else { Vec::new() };
    let points = Points { train: points(Split::Train), test };

    let checkpoints = steps(training.path(), &CHECKPOINTS)?;
    each_step(&checkpoints, output, context, |step| {
        let network = load_network(training.path(), &outline, step)?;
        let d = network.input_dim().max(1);
        let (train, test) = (points.train.len() / d, points.test.len() / d);
        let shape = gram::shape(train, test, network.output_dim(), parameters.reduction);
        let share = shape.piece(index, of);
        let mut rows = match parameters.precision {
            Precision::F32 => write_kernel(&network, &points, shape, &share, step, output),
            Precision::F64 => {
                write_kernel(&network.cast::<f64>(), &points, shape, &share, step, output)
            }
        }?;
        for row in &mut rows {
            row.learning_rate = rates.get(&step).copied();
        }
        Ok(rows)
    })?;
    Ok(Outline { checkpoints: Some(checkpoints), ..plan::outline(parameters, &outline) })
}

/// Writes the `share` of the Gramian of one network, rows of the training block and then of
/// test × train, and gives what is said of it: its own norms and rows.
fn write_kernel<T: Scalar + GramValue>(
    network: &Network<T>,
    points: &Points,
    shape: Shape,
    share: &Share,
    step: u64,
    output: &Path,
) -> Result<Vec<KernelRow>, ArtifactError> {
    let mut writer = GramWriter::create(output, step, shape.keys(share).collect(), shape.width())?;
    // There may be more pieces than there is work for: those that get none cost nothing.
    let norms = if share.is_empty() {
        vec![Norms::from_row(0); shape.blocks()]
    } else {
        append_rows(network, points, shape, share, &mut writer)?
    };
    writer.finish()?;
    let row = |(block, norms)| shape.kernel_row::<T>(share, step, block, norms);
    Ok(norms.into_iter().enumerate().map(row).collect())
}

/// Writes the rows of `share`, and gives the norms of the training rows of each matrix.
///
/// In memory are the factors of one pass, each tile of the training rows once, and whole rows only as
/// many as are on their way to the file; with several passes all rows of test samples.
fn append_rows<T: Scalar + GramValue>(
    network: &Network<T>,
    points: &Points,
    shape: Shape,
    share: &Share,
    writer: &mut GramWriter<T>,
) -> Result<Vec<Norms>, ArtifactError> {
    let d = network.input_dim();
    let factors = |x: &[f32], pass: &[Part]| {
        let x: Vec<T> = x.iter().map(|&x| T::of(f64::from(x))).collect();
        gram::factors_of(network, &x, shape.reduction, pass)
    };
    let held = gram::parts_with(share.test.clone(), shape.test);
    let held_points = &points.test[held.start * d..held.end * d];
    let strips: Vec<_> = share.test_strips().collect();
    let within = |strip: &Range<usize>| strip.start - held.start..strip.end - held.start;

    let passes = gram::passes(network.program(), shape.train, shape.reduction);
    let mut matrices = Vec::new();
    let mut only = None;
    // Of each strip of test samples its rows of every matrix.
    let mut sums: Vec<Vec<Vec<T>>> = Vec::new();
    for (number, pass) in passes.iter().enumerate() {
        let train = factors(&points.train, pass);
        if number == 0 {
            matrices = gram::strips::<T, T>(&train, share.strips.clone());
        } else {
            gram::add_to_strips(&mut matrices, &train);
        }
        if passes.len() == 1 {
            only = Some(train);
        } else if !strips.is_empty() {
            let test = factors(held_points, pass);
            sums.resize_with(strips.len(), Vec::new);
            for (strip, sums) in strips.iter().zip(&mut sums) {
                add_rows(sums, gram::rows(&test, within(strip), &train));
            }
        }
    }
    let mut all_norms = Vec::with_capacity(shape.blocks());
    let mut rows = Vec::new();
    for matrix in matrices {
        let mut norms = Norms::from_row(share.train.start * shape.cell());
        for strip in matrix.strips() {
            rows.resize(matrix.strip_rows(strip) * matrix.width(), T::nearest(0.0));
            matrix.copy_strip(strip, &mut rows);
            writer.append(&rows)?;
            norms.add(&rows, matrix.width());
        }
        all_norms.push(norms);
    }
    drop(rows);
    if let (Some(train), Some(pass), false) = (only, passes.first(), strips.is_empty()) {
        let test = factors(held_points, pass);
        for strip in &strips {
            for rows in gram::rows::<T, T>(&test, within(strip), &train) {
                writer.append(&rows)?;
            }
        }
    }
    for rows in sums.iter().flatten() {
        writer.append(rows)?;
    }
    Ok(all_norms)
}

/// Adds the rows of every matrix to those of the passes before.
fn add_rows<T: Scalar>(sums: &mut Vec<Vec<T>>, rows: Vec<Vec<T>>) {
    if sums.is_empty() {
        *sums = rows;
        return;
    }
    for (sums, rows) in sums.iter_mut().zip(rows) {
        for (sum, entry) in sums.iter_mut().zip(rows) {
            *sum += entry;
        }
    }
}

//! Every checkpoint's Gramian, from tables to tables.

use std::collections::HashMap;
use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::kernel::KernelRow;
use artifact::tables::training::{CHECKPOINTS, HistoryRow};
use artifact::{Gram, GramRow, Outline, read_rows, steps, write_gram, write_rows};
use network::{Network, Scalar};
use stage::{Context, Inputs, StageError};

use crate::checkpoint;
use crate::gram;
use crate::parameters::{Parameters, Precision};
use crate::plan;

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
    let mut kernels = Vec::new();
    for (done, &step) in checkpoints.iter().enumerate() {
        let network = checkpoint::load(training.path(), &outline, step)?;
        let (gram, mut rows) = match parameters.precision {
            Precision::F32 => kernel(&network, &points, parameters, step),
            Precision::F64 => kernel(&network.cast::<f64>(), &points, parameters, step),
        };
        write_gram(output, step, &gram)?;
        for row in &mut rows {
            row.learning_rate = rates.get(&step).copied();
        }
        let note = rows.iter().map(|row| row.trace).sum::<f64>();
        kernels.extend(rows);
        let total = checkpoints.len() as u64;
        context.progress(done as u64 + 1, total, "checkpoint", || format!("trace {note:.3e}"));
    }
    write_rows(output, &kernels)?;
    Ok(Outline { checkpoints: Some(checkpoints), ..plan::outline(parameters, &outline) })
}

/// The Gramian of one network: the training block, then test × train, and what is said of it.
fn kernel<T: Scalar>(
    network: &Network<T>,
    points: &Points,
    parameters: Parameters,
    step: u64,
) -> (Gram, Vec<KernelRow>) {
    let reduction = parameters.reduction;
    let cast = |x: &[f32]| -> Vec<T> { x.iter().map(|&x| T::of(f64::from(x))).collect() };
    let train = gram::factors(network, &cast(&points.train), reduction);
    let test = gram::factors(network, &cast(&points.test), reduction);
    let square = gram::square(&train, reduction);
    let cross = gram::cross(&test, &train, reduction);

    let (blocks, cell) = reduction.blocks(network.output_dim());
    let width = train.rows * cell;
    let rows = square.iter().enumerate().map(|(block, matrix)| KernelRow {
        step,
        output: block as u32,
        learning_rate: None,
        trace: (0..width).map(|i| matrix[i * width + i].wide()).sum(),
        frobenius_norm: frobenius_norm(matrix, width),
        samples: train.rows as u32,
        rows: width as u32,
        test_rows: (test.rows * cell) as u32,
        reduction,
        precision: T::NAME.to_owned(),
    });
    let rows = rows.collect();

    let keys = |split: Split, samples: usize| {
        (0..blocks).flat_map(move |block| {
            (0..samples * cell).map(move |row| GramRow {
                split,
                sample: (row / cell) as u32,
                output: if cell > 1 { row % cell } else { block } as u32,
            })
        })
    };
    let keys: Vec<GramRow> =
        keys(Split::Train, train.rows).chain(keys(Split::Test, test.rows)).collect();
    let mut values = Vec::with_capacity(keys.len() * width);
    for matrix in square.into_iter().chain(cross) {
        values.extend(matrix.iter().map(|&value| value.wide() as f32));
    }
    (Gram { rows: keys, width, values }, rows)
}

/// ‖G‖_F, summed in f64 row by row.
fn frobenius_norm<T: Scalar>(matrix: &[T], width: usize) -> f64 {
    let squares = |row: &[T]| row.iter().map(|v| v.wide() * v.wide()).sum::<f64>();
    matrix.chunks(width.max(1)).map(squares).sum::<f64>().sqrt()
}

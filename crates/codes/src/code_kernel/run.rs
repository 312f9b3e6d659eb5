//! Every checkpoint's Gramian, or a piece of it, from tables to tables.

use std::collections::HashMap;
use std::path::Path;

use artifact::tables::kernel::KernelRow;
use artifact::tables::training::{CHECKPOINTS, HistoryRow};
use artifact::{ArtifactError, GramValue, GramWriter, Outline, Precision, read_rows, steps};
use kernel::{Norms, Shape, Share, each_step, load_network};
use network::Network;
use stage::{Context, Inputs, StageError};
use statistics::Dense;

use super::gram::{self, Coded};
use super::parameters::Parameters;
use super::plan;
use crate::code::{encode, places};
use crate::samples::Dataset;

/// Writes piece `index` of `of` of the Gramian of every checkpoint into `output`; piece 0 of 1 is all of it.
///
/// # Errors
/// Where an input is damaged, the network has no codes, or a table cannot be written.
pub fn run(
    parameters: &Parameters,
    inputs: &Inputs,
    (index, of): (usize, usize),
    output: &Path,
    context: &Context,
) -> Result<Outline, StageError> {
    inputs.check_origin("training", "dataset")?;
    let training = inputs.one("training")?;
    let outline = training.manifest()?.outline;
    let history: Vec<HistoryRow> = read_rows(training.path())?;
    let rates: HashMap<u64, f64> =
        history.iter().map(|row| (row.step, row.learning_rate)).collect();
    let dataset = Dataset::read(inputs.one("dataset")?.path(), &outline)?;
    let most = parameters.samples.map_or(usize::MAX, |samples| samples as usize);
    let count = dataset.train.count.min(most);
    let train = &dataset.train.inputs[..count * dataset.input_dim];
    let test: &[f32] = if parameters.test_rows { &dataset.test.inputs } else { &[] };

    let checkpoints = steps(training.path(), &CHECKPOINTS)?;
    each_step(&checkpoints, output, context, |step| {
        let network = load_network(training.path(), &outline, step)?;
        let coded = [coded(parameters, &network, train)?, coded(parameters, &network, test)?];
        let shape = gram::shape(coded[0].len(), coded[1].len(), network.output_dim());
        let share = shape.piece(index, of);
        let row = match parameters.precision {
            Precision::F32 => write::<f32>(parameters, &coded, shape, &share, step, output),
            Precision::F64 => write::<f64>(parameters, &coded, shape, &share, step, output),
        }?;
        Ok(vec![KernelRow { learning_rate: rates.get(&step).copied(), ..row }])
    })?;
    Ok(Outline { checkpoints: Some(checkpoints), ..plan::outline(parameters, &outline) })
}

/// The samples `inputs` as the network codes them.
fn coded<'a>(
    parameters: &Parameters,
    network: &Network<f32>,
    inputs: &'a [f32],
) -> Result<Coded<'a>, StageError> {
    let layers = plan::layers(parameters, network.program())?;
    let codes = encode(network, &layers, inputs)?.codes;
    let inputs = Dense::new(inputs, network.input_dim());
    Ok(Coded::new(parameters.kind, codes, &places(&layers), inputs))
}

/// Writes the `share` of the Gramian of one step, strip by strip, and gives what is said of it.
fn write<T: GramValue>(
    parameters: &Parameters,
    [train, test]: &[Coded<'_>; 2],
    shape: Shape,
    share: &Share,
    step: u64,
    output: &Path,
) -> Result<KernelRow, ArtifactError> {
    let mut writer =
        GramWriter::<T>::create(output, step, shape.keys(share).collect(), shape.width())?;
    let mut norms = Norms::from_row(share.train.start);
    for first in share.train.clone().step_by(gram::SIDE) {
        let strip = first..share.train.end.min(first + gram::SIDE);
        let rows: Vec<T> = gram::rows(parameters.kind, train, strip, train);
        writer.append(&rows)?;
        norms.add(&rows, shape.width());
    }
    for strip in share.test_strips() {
        writer.append(&gram::rows::<T>(parameters.kind, test, strip, train))?;
    }
    writer.finish()?;
    Ok(shape.kernel_row::<T>(share, step, 0, norms))
}

//! Draws the samples and writes them.

use std::io::Write;
use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::{Outline, write_rows};
use stage::{Context, Plan, Problem, Seed, StageError};

use crate::digits::DigitsSource;
use crate::drawn::Drawn;
use crate::error::DatasetError;
use crate::images::ImagesSource;
use crate::parameters::{Parameters, Source, TargetCoding};
use crate::picture::Picture;
use crate::plan;
use crate::portrait;
use crate::samples::Samples;
use crate::sampling::Sampling;
use crate::table::TableSource;

/// Draws both splits, shuffles their targets where that is asked for, adds noise to the training targets
/// or flips some of their classes, and writes the table `samples`.
pub fn run(
    parameters: &Parameters,
    output: &Path,
    context: &Context,
) -> Result<Outline, StageError> {
    // A driver that does not plan gets an error here, not a panic further on.
    let mut plan = Plan::default();
    plan::check(parameters, &mut plan);
    if let Some(Problem { message, hint, .. }) = plan.problems.into_iter().next() {
        return Err(StageError { hint, ..StageError::new(message) });
    }
    let (mut train, mut test) = splits(parameters, context)?;
    if let Some(augment) = parameters.augment {
        let black = parameters.inputs.input(0.0);
        let stream = format!("dataset/augment/{}", augment.draw);
        augment.apply(&mut train, black, &mut context.seed.stream(&stream));
    }
    if let Some(preprocess) = &parameters.preprocess {
        let fitted =
            preprocess.apply(&mut train, &mut test, &mut context.seed.stream("dataset/permute"));
        write_rows(output, &fitted)?;
    }
    if parameters.shuffle_targets {
        train.shuffle_targets(&mut context.seed.stream("dataset/shuffle_targets/train"));
        test.shuffle_targets(&mut context.seed.stream("dataset/shuffle_targets/test"));
    }
    if parameters.label_noise > 0.0 {
        let mut random = context.seed.stream("dataset/label_noise");
        train.add_noise(parameters.label_noise, &mut random);
    }
    if parameters.label_flips > 0.0 {
        let mut random = context.seed.stream("dataset/label_flips");
        train.flip_labels(parameters.label_flips, &mut random);
    }
    if parameters.targets == TargetCoding::Centred {
        train.centre_targets();
        test.centre_targets();
    }
    for (samples, split) in [(&train, Split::Train), (&test, Split::Test)] {
        samples.check_targets(split).map_err(DatasetError::into_stage)?;
    }
    let rows: Vec<Sample> = train.rows(Split::Train).chain(test.rows(Split::Test)).collect();
    write_rows(output, &rows)?;
    let count = rows.len() as u64;
    context.progress(count, count, "sample", String::new);
    Ok(Outline {
        train_samples: Some(u64::from(parameters.train)),
        test_samples: Some(u64::from(parameters.test)),
        input_dim: Some(train.input_dim as u64),
        input_shape: train.shape.map(|shape| shape.map(|size| size as u64).to_vec()),
        output_dim: Some(train.output_dim as u64),
        labelled: Some(train.labels.is_some()),
        ..Outline::default()
    })
}

/// Training and test samples without noise.
fn splits(parameters: &Parameters, context: &Context) -> Result<(Samples, Samples), StageError> {
    let (seed, memory) = (context.seed, context.limits.memory_bytes);
    let levels = |points: &[f64], grey: &dyn Fn(f64, f64) -> f64| {
        points.chunks_exact(2).map(|point| grey(point[0], point[1])).collect()
    };
    match &parameters.source {
        Source::Portrait {} => {
            draw_both(parameters, seed, (2, 1), |points, _| levels(points, &portrait::grey))
        }
        Source::Image(image) => {
            let picture = Picture::open(image, memory).map_err(DatasetError::into_stage)?;
            let grey = |u, v| picture.grey(u, v);
            draw_both(parameters, seed, (2, 1), |points, _| levels(points, &grey))
        }
        Source::Function(function) => {
            let dims = (function.input_dim, function.output_dim());
            draw_both(parameters, seed, dims, |points, inputs| {
                function.targets(points, inputs, seed)
            })
        }
        Source::Table(source) => {
            table_splits(source, (parameters.train, parameters.test), seed, memory)
        }
        Source::Digits(source) => digit_splits(source, parameters, seed, memory),
        Source::Images(source) => image_splits(source, parameters, seed, memory),
        Source::Glyphs(source) => Ok(drawn_splits(source, parameters, seed)),
        Source::Scenes(source) => Ok(drawn_splits(source, parameters, seed)),
    }
}

/// Samples both splits of a function of `input_dim` inputs and `output_dim` outputs, whose
/// `targets` it gives for points of the unit cube and the network's inputs there.
///
/// Each split has a stream of its own, so that the size of one changes nothing in the other.
fn draw_both(
    parameters: &Parameters,
    seed: Seed,
    (input_dim, output_dim): (u32, u32),
    targets: impl Fn(&[f64], &[f64]) -> Vec<f64>,
) -> Result<(Samples, Samples), StageError> {
    let draw = |sampling: Sampling, count: u32, stream: &str| {
        let points = sampling.points(count, input_dim, &mut seed.stream(stream))?;
        let range = parameters.inputs;
        // Rounded as they are stored, so that each target belongs to the very input beside it.
        let inputs: Vec<f64> =
            points.into_iter().map(|u| f64::from(range.input(u) as f32)).collect();
        let points: Vec<f64> = inputs.iter().map(|&x| range.coordinate(x)).collect();
        let targets = targets(&points, &inputs);
        let (input_dim, output_dim) = (input_dim as usize, output_dim as usize);
        Ok(Samples { input_dim, output_dim, inputs, targets, ..Samples::default() })
    };
    let train = draw(parameters.sampling, parameters.train, "dataset/train");
    let test = draw(parameters.test_sampling(), parameters.test, "dataset/test");
    Ok((train.map_err(DatasetError::into_stage)?, test.map_err(DatasetError::into_stage)?))
}

fn image_splits(
    source: &ImagesSource,
    parameters: &Parameters,
    seed: Seed,
    memory: u64,
) -> Result<(Samples, Samples), StageError> {
    let images = source.read(memory).map_err(|(_, error)| error.into_stage())?;
    let counts = (parameters.train, parameters.test);
    images.enough(counts).map_err(|(_, error)| error.into_stage())?;
    let name = |&label: &u32| match images.names.get(label as usize) {
        Some(name) => name.clone(),
        None => label.to_string(),
    };
    let names: Vec<String> = images.classes.iter().map(name).collect();
    writeln!(std::io::stderr().lock(), "classes from 0: {}", names.join(", "))?;
    let mut random = seed.stream("dataset/split");
    Ok(images.split(counts, parameters.inputs, &mut random))
}

fn drawn_splits(source: &impl Drawn, parameters: &Parameters, seed: Seed) -> (Samples, Samples) {
    let counts = [(Split::Train, parameters.train), (Split::Test, parameters.test)];
    let [train, test] =
        counts.map(|(split, count)| source.samples(seed, split, count, parameters.inputs));
    (train, test)
}

fn table_splits(
    source: &TableSource,
    counts: (u32, u32),
    seed: Seed,
    memory: u64,
) -> Result<(Samples, Samples), StageError> {
    let table = source.read(memory).map_err(|mut errors| errors.swap_remove(0).1.into_stage())?;
    let splits = source
        .split(&table, counts, &mut seed.stream("dataset/split"))
        .map_err(DatasetError::into_stage)?;
    // To the log: what is needed to turn numbers of this dataset back into the file's units.
    let mut log = std::io::stderr().lock();
    for (column, scale) in &splits.scales {
        writeln!(log, "standardized {column}: mean {}, deviation {}", scale.mean, scale.deviation)?;
    }
    if let Some(classes) = &table.classes {
        writeln!(log, "classes from 0: {}", classes.names.join(", "))?;
    }
    Ok((splits.train, splits.test))
}

fn digit_splits(
    source: &DigitsSource,
    parameters: &Parameters,
    seed: Seed,
    memory: u64,
) -> Result<(Samples, Samples), StageError> {
    let digits = source.read(memory).map_err(|(_, error)| error.into_stage())?;
    let counts = (parameters.train, parameters.test);
    let splits = source
        .split(&digits, counts, parameters.inputs, &mut seed.stream("dataset/split"))
        .map_err(DatasetError::into_stage)?;
    let labels: Vec<String> = digits.classes.iter().map(u32::to_string).collect();
    let mut log = std::io::stderr().lock();
    writeln!(log, "classes from 0: {}; white: {}", labels.join(", "), digits.white)?;
    Ok(splits)
}

//! What is known and what is wrong before anything runs.

use artifact::Outline;
use artifact::tables::dataset::Sample;
use stage::{Limits, Plan};

use crate::digits::DigitsSource;
use crate::drawn::Drawn;
use crate::error::DatasetError;
use crate::images::ImagesSource;
use crate::parameters::{ImageSource, InputRange, Parameters, Source, TargetCoding};
use crate::picture::Picture;
use crate::samples::LARGEST;
use crate::sampling::Sampling;
use crate::table::TableSource;

/// Checks parameters and the files that they name.
pub fn plan(parameters: &Parameters, limits: &Limits) -> Plan {
    let mut plan = Plan {
        outline: Outline {
            train_samples: Some(u64::from(parameters.train)),
            test_samples: Some(u64::from(parameters.test)),
            labelled: Some(false),
            ..Outline::default()
        },
        ..Plan::default()
    };
    check(parameters, &mut plan);
    let memory_bytes = limits.memory_bytes;
    // Bytes that the source takes while samples are drawn from it.
    let held = match &parameters.source {
        Source::Portrait {} => {
            dimensions(&mut plan, 2, 1);
            0
        }
        Source::Image(image) => {
            dimensions(&mut plan, 2, 1);
            picture(image, memory_bytes, &mut plan)
        }
        Source::Function(source) => {
            dimensions(&mut plan, source.input_dim.into(), source.output_dim().into());
            source.memory(parameters.train.max(parameters.test).into())
        }
        Source::Table(source) => table(source, parameters, memory_bytes, &mut plan),
        Source::Digits(source) => digits(source, parameters, memory_bytes, &mut plan),
        Source::Images(source) => images(source, parameters, memory_bytes, &mut plan),
        Source::Glyphs(source) => drawn(source, &mut plan),
        Source::Scenes(source) => drawn(source, &mut plan),
    };
    preprocess(parameters, &mut plan);
    memory(parameters, held, limits, &mut plan);
    plan
}

/// Adds what is wrong with the parameters by themselves, without any file.
pub fn check(parameters: &Parameters, plan: &mut Plan) {
    if parameters.train == 0 {
        plan.problem("/train", "train is 0; training needs at least one sample");
    }
    let noise = parameters.label_noise;
    if !(noise >= 0.0 && noise.is_finite()) {
        let message = format!("label_noise is {noise}; a standard deviation is 0 or more");
        plan.problem("/label_noise", message);
    } else if noise > LARGEST {
        let message = format!(
            "label_noise is {noise:e}; numbers beyond {LARGEST:e} overflow the f32 in which networks are trained"
        );
        plan.problem("/label_noise", message);
    }
    let flips = parameters.label_flips;
    if !(0.0..=1.0).contains(&flips) {
        let message = format!("label_flips is {flips}; a share lies between 0 and 1");
        plan.problem("/label_flips", message);
    }
    match &parameters.source {
        Source::Portrait {} => check_points(parameters, 2, plan),
        Source::Image(image) => {
            if let Some(level) = image.background.filter(|level| !(0.0..=1.0).contains(level)) {
                let message = format!("background is {level}; a grey level lies between 0 and 1");
                plan.problem("/source/image/background", message);
            }
            check_points(parameters, 2, plan);
        }
        Source::Function(source) => {
            let problems = source.problems();
            if problems.is_empty() {
                check_points(parameters, source.input_dim, plan);
            }
            for (at, message) in problems {
                plan.problem(&format!("/source/function{at}"), message);
            }
        }
        Source::Table(source) => {
            for (at, message) in source.problems() {
                plan.problem(&format!("/source/table{at}"), message);
            }
            check_rows("a table has rows of its own", parameters, plan);
            if parameters.inputs != InputRange::Unit {
                let message = "inputs is for pictures, functions and digits; the columns of a table are their own";
                plan.problem("/inputs", message).hint("leave inputs out");
            }
        }
        Source::Digits(source) => {
            for (at, message) in source.problems() {
                plan.problem(&format!("/source/digits{at}"), message);
            }
            check_rows("digits have pixels of their own", parameters, plan);
        }
        Source::Images(_) => check_rows("images have pixels of their own", parameters, plan),
        Source::Glyphs(source) => check_drawn(source, source.jitter, parameters, plan),
        Source::Scenes(source) => check_drawn(source, source.jitter, parameters, plan),
    }
    check_noise(parameters, plan);
}

/// Checks that there can be the points that are asked for.
fn check_points(parameters: &Parameters, input_dim: u32, plan: &mut Plan) {
    let train = ("/train", parameters.sampling, parameters.train);
    let test = ("/test", parameters.test_sampling(), parameters.test);
    for (at, sampling, count) in [train, test] {
        if let Err(error) = sampling.check(count, input_dim) {
            report(plan, at, &error);
        }
    }
}

/// Checks that no points are asked for where samples are rows of a file.
fn check_rows(why: &str, parameters: &Parameters, plan: &mut Plan) {
    let about_points = [
        ("sampling", parameters.sampling != Sampling::Uniform),
        ("test_sampling", parameters.test_sampling.is_some_and(|s| s != Sampling::Uniform)),
    ];
    for (name, _) in about_points.iter().filter(|(_, set)| *set) {
        let message = format!("{name} is for pictures and functions; {why}");
        plan.problem(&format!("/{name}"), message).hint(format!("leave {name} out"));
    }
}

/// Checks a source of drawn pictures.
fn check_drawn(source: &impl Drawn, jitter: f64, parameters: &Parameters, plan: &mut Plan) {
    let at = |field: &str| format!("/source/{}/{field}", name_of(source));
    if source.class_count() < 2 {
        plan.problem(&at("classes"), "a choice needs at least two classes");
    }
    let [side, ..] = source.shape();
    if !(4..=512).contains(&side) {
        plan.problem(&at("side"), format!("the side is {side}; it must be 4 to 512 pixels"));
    }
    if !(0.0..=1.0).contains(&jitter) {
        let message = format!("jitter is {jitter}; it must be 0 to 1, where the picture is 1 wide");
        plan.problem(&at("jitter"), message);
    }
    check_rows("drawn pictures are pixels", parameters, plan);
}

/// The key of a source of drawn pictures.
fn name_of<D: Drawn>(_: &D) -> &'static str {
    D::NAME
}

/// Checks that noise falls on numbers and flips on classes.
fn check_noise(parameters: &Parameters, plan: &mut Plan) {
    let classes = match &parameters.source {
        Source::Digits(_) | Source::Images(_) | Source::Glyphs(_) | Source::Scenes(_) => true,
        Source::Table(source) => source.label.is_some(),
        Source::Portrait {} | Source::Image(_) | Source::Function(_) => false,
    };
    if classes && parameters.label_noise > 0.0 {
        let message = "label_noise is for numeric targets; these targets are classes";
        plan.problem("/label_noise", message).hint("use label_flips, the share of changed classes");
    }
    if !classes && parameters.label_flips > 0.0 {
        let message = "label_flips is for classes; these targets are numbers";
        plan.problem("/label_flips", message).hint("use label_noise, a standard deviation");
    }
}

/// Fills in d and o.
fn dimensions(plan: &mut Plan, input_dim: u64, output_dim: u64) {
    plan.outline.input_dim = Some(input_dim);
    plan.outline.output_dim = Some(output_dim);
}

/// Checks a picture; returns the bytes that it takes in memory.
fn picture(image: &ImageSource, memory: u64, plan: &mut Plan) -> u64 {
    // Read whole: a file that is cut off has a sound beginning.
    match Picture::open(image, memory) {
        Ok(picture) => {
            plan.files.push(image.path.clone());
            picture.bytes
        }
        Err(error) => {
            let at = match error {
                DatasetError::Transparent { .. } => "/source/image",
                _ => "/source/image/path",
            };
            report(plan, at, &error);
            0
        }
    }
}

/// Checks a table; returns the bytes that it takes in memory.
fn table(source: &TableSource, parameters: &Parameters, memory: u64, plan: &mut Plan) -> u64 {
    let table = match source.read(memory) {
        Ok(table) => table,
        Err(errors) => {
            for (at, error) in errors {
                report(plan, &format!("/source/table{at}"), &error);
            }
            return 0;
        }
    };
    plan.files.push(source.path.clone());
    let output_dim = table.classes.as_ref().map_or(table.targets.len(), |c| c.names.len());
    dimensions(plan, table.inputs.len() as u64, output_dim as u64);
    plan.outline.labelled = Some(table.classes.is_some());
    if let Err(error) = source.enough_rows(&table, parameters.train, parameters.test) {
        let is_of_test = match &error {
            DatasetError::TooFewOfSplit { split, .. } => *split == "test",
            _ => parameters.train as usize <= table.rows(),
        };
        report(plan, if is_of_test { "/test" } else { "/train" }, &error);
    }
    table.bytes()
}

/// Checks a file of digits; returns the bytes that it takes in memory.
fn digits(source: &DigitsSource, parameters: &Parameters, memory: u64, plan: &mut Plan) -> u64 {
    plan.outline.labelled = Some(true);
    let digits = match source.read(memory) {
        Ok(digits) => digits,
        Err((at, error)) => {
            report(plan, &format!("/source/digits{at}"), &error);
            return 0;
        }
    };
    dimensions(plan, digits.pixels as u64, digits.classes.len() as u64);
    plan.outline.input_shape = digits.size.map(|[h, w]| vec![h as u64, w as u64, 1]);
    if let Err(error) = source.enough(&digits, parameters.train, parameters.test) {
        let at = if parameters.train as usize > digits.class_of.len() { "/train" } else { "/test" };
        report(plan, at, &error);
    }
    plan.files.extend(digits.files);
    digits.bytes
}

/// Checks labelled images; returns the bytes that they take in memory.
fn images(source: &ImagesSource, parameters: &Parameters, memory: u64, plan: &mut Plan) -> u64 {
    plan.outline.labelled = Some(true);
    let images = match source.read(memory) {
        Ok(images) => images,
        Err((at, error)) => {
            report(plan, &format!("/source/images{at}"), &error);
            return 0;
        }
    };
    let shape = images.train.shape.map(|size| size as u64);
    dimensions(plan, shape.iter().product(), images.classes.len() as u64);
    plan.outline.input_shape = Some(shape.to_vec());
    if let Err((at, error)) = images.enough((parameters.train, parameters.test)) {
        report(plan, at, &error);
    }
    let both = [Some(&images.train), images.test.as_ref()];
    let mut bytes = 0;
    for content in both.into_iter().flatten() {
        plan.files.extend(content.files.iter().cloned());
        bytes += content.bytes();
    }
    bytes
}

/// Fills in what is known of drawn pictures; nothing is held beside them.
fn drawn(source: &impl Drawn, plan: &mut Plan) -> u64 {
    let shape = source.shape().map(u64::from);
    dimensions(plan, shape.iter().product(), source.class_count().into());
    plan.outline.input_shape = Some(shape.to_vec());
    plan.outline.labelled = Some(true);
    0
}

/// The shape of images that are augmented or preprocessed as `key` says; none where inputs have no shape, which
/// is a problem that `otherwise` solves.
fn shape_for(key: &str, otherwise: &str, plan: &mut Plan) -> Option<[usize; 3]> {
    if let Some(&[h, w, c]) = plan.outline.input_shape.as_deref() {
        return Some([h, w, c].map(|size| size as usize));
    }
    // Without any dimensions the source is at fault, and says so itself.
    if plan.outline.input_dim.is_some() {
        let message = format!("{key} is for images, but this source has inputs without a shape");
        let problem = plan.problem(&format!("/{key}"), message);
        problem.hint(otherwise);
    }
    None
}

/// Checks what becomes of images, and the shape that follows.
fn preprocess(parameters: &Parameters, plan: &mut Plan) {
    let labelled = plan.outline.labelled == Some(true);
    if parameters.targets == TargetCoding::Centred && !labelled {
        plan.problem("/targets", "centred targets are those of classes; these targets are numbers")
            .hint("leave targets out");
    }
    if let Some(augment) = parameters.augment
        && let Some(shape) = shape_for("augment", "leave augment out", plan)
    {
        for (at, message) in augment.problems(shape) {
            plan.problem(&format!("/augment{at}"), message);
        }
    }
    let Some(preprocess) = &parameters.preprocess else { return };
    let otherwise = "of a table, `standardize_inputs: true` standardizes its columns";
    let Some(shape) = shape_for("preprocess", otherwise, plan) else { return };
    for (at, message) in preprocess.problems(shape) {
        plan.problem(&format!("/preprocess{at}"), message);
    }
    let after = preprocess.shape(shape).map(|size| size as u64);
    plan.outline.input_dim = Some(after.iter().product());
    plan.outline.input_shape = Some(after.to_vec());
}

/// Memory of the samples: points, inputs and targets in f64, the rows, and their columns in Arrow
/// and in the file's buffers, beside the `held` bytes of what they are drawn from.
fn memory(parameters: &Parameters, held: u64, limits: &Limits, plan: &mut Plan) {
    let (Some(d), Some(o)) = (plan.outline.input_dim, plan.outline.output_dim) else { return };
    let samples = u64::from(parameters.train) + u64::from(parameters.test);
    let numbers = 8 * (2 * d + o);
    let row = size_of::<Sample>() as u64 + 4 * (d + o);
    let columns = 2 * row;
    let of_samples = samples.saturating_mul(numbers + row + columns);
    let bytes = of_samples.saturating_add(held);
    plan.memory_bytes = Some(bytes);
    if bytes <= limits.memory_bytes {
        return;
    }
    let (needed, free) = (bytes as f64 / 1e9, limits.memory_bytes as f64 / 1e9);
    let (at, hint) = if held <= of_samples {
        ("/train", "ask for fewer samples")
    } else {
        ("/source", "take a smaller source, or allow more with `--memory`")
    };
    let message = format!(
        "{samples} samples need about {needed:.1} GB of memory, {:.1} GB of it for their source; there are {free:.1} GB",
        held as f64 / 1e9
    );
    plan.problem(at, message).hint(hint);
}

fn report(plan: &mut Plan, at: &str, error: &DatasetError) {
    let hint = error.hint();
    plan.problem(at, error.to_string()).hint = hint;
}

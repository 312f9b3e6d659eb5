//! What a training run will be, and what is wrong with it, before it runs.

use artifact::{LayerOutline, Outline};
use network::{LayerSummary, Program, Shape};
use stage::Plan;

use crate::evaluation::IMAGES;
use crate::loss::Loss;
use crate::optimizer::LastBatch;
use crate::parameters::{Engine, Parameters};
use crate::plain;
use crate::presentations;
use crate::steps::{Length, Steps, Unresolved};
use crate::weight_decay::WeightDecay;

/// Plans a run on a dataset of which `dataset` is known.
pub(crate) fn plan(parameters: &Parameters<Steps>, dataset: &Outline) -> Plan {
    let mut plan = Plan::default();
    check(parameters, dataset, &mut plan);
    match parameters.resolved(dataset.train_samples) {
        Ok(parameters) => {
            check_steps(&parameters, &mut plan);
            // A schedule with problems may have no end.
            if plan.problems.is_empty() {
                plan.outline = outline(&parameters, dataset);
                plan.memory_bytes = memory_bytes(&parameters, dataset);
            }
        }
        Err(Unresolved::NotWhole(problems)) => {
            for (at, message) in problems {
                plan.problem(&at, message);
            }
        }
        Err(Unresolved::SamplesUnknown) => plan.outline = without_steps(parameters, dataset),
    }
    plan
}

/// Adds what is wrong at any number of updates.
fn check<S: Length>(parameters: &Parameters<S>, dataset: &Outline, plan: &mut Plan) {
    if let Err(errors) = parameters.network.check(data(dataset)) {
        for (at, error) in errors {
            let problem = plan.problem(&format!("/network{at}"), error.to_string());
            if let Some(hint) = error.hint() {
                problem.hint(hint);
            }
        }
    }
    let found = [
        ("/optimizer", parameters.optimizer.problems()),
        ("/weight_decay", parameters.weight_decay.map_or_else(Vec::new, WeightDecay::problems)),
    ];
    for (prefix, problems) in found {
        for (at, message) in problems {
            plan.problem(&format!("{prefix}{at}"), message);
        }
    }
    if parameters.divergence_factor < 1.0 || parameters.divergence_factor.is_nan() {
        let message =
            format!("the factor is {}; it must be 1 or above", parameters.divergence_factor);
        plan.problem("/divergence_factor", message);
    }
    if let Some(norm) = parameters.clip_norm
        && !(norm.is_finite() && norm > 0.0)
    {
        let message = format!("clip_norm is {norm}; it must be a finite number above 0");
        plan.problem("/clip_norm", message);
    }
    if parameters.engine == Engine::Dfdx
        && let Some(reason) = plain::missing(&parameters.network)
    {
        plan.problem("/engine", reason).hint("use `engine: fused`");
    }
    if parameters.loss == Loss::CrossEntropy && dataset.output_dim == Some(1) {
        plan.problem(
            "/loss",
            "the softmax of one output is always 1: cross-entropy needs several outputs",
        )
        .hint("use `loss: least_squares`, or a dataset with labels");
    }
    if let (Some(batch), Some(rows)) = (parameters.optimizer.batch(), dataset.train_samples)
        && batch as u64 > rows
    {
        let at = format!("/optimizer/{}/batch", parameters.optimizer.name());
        plan.problem(
            &at,
            format!("the batch of {batch} is larger than the {rows} training samples"),
        );
    }
    if parameters.presentations.is_some()
        && let Some((message, hint)) = presentations::refusal(dataset.labelled, dataset.output_dim)
    {
        plan.problem("/presentations", message).hint(hint);
    }
}

/// Adds what is wrong with the steps of the run.
fn check_steps(parameters: &Parameters, plan: &mut Plan) {
    let found = [
        ("/learning_rate", parameters.learning_rate.problems(parameters.steps)),
        ("/checkpoints", parameters.checkpoints.problems(parameters.steps)),
        (
            "/sharpness",
            parameters.sharpness.map_or_else(Vec::new, |sharpness| sharpness.problems()),
        ),
    ];
    for (prefix, problems) in found {
        for (at, message) in problems {
            plan.problem(&format!("{prefix}{at}"), message);
        }
    }
    if parameters.steps == 0 {
        plan.problem("/steps", "the run has 0 steps; give at least 1");
    }
    if parameters.history_every == 0 {
        plan.problem("/history_every", "a history row every 0 steps is none; give at least 1");
    }
}

/// Shapes of inputs and outputs, where the dataset is known.
fn data(dataset: &Outline) -> Option<(Shape, usize)> {
    let (inputs, outputs) = (dataset.input_dim? as usize, dataset.output_dim? as usize);
    Some((Shape::of_inputs(inputs, dataset.input_shape.as_deref()), outputs))
}

/// The network for `dataset`, where that is known and fits.
fn program<S: Length>(parameters: &Parameters<S>, dataset: &Outline) -> Option<Program> {
    let (input, outputs) = data(dataset)?;
    Program::new(&parameters.network, input, outputs).ok()
}

/// A layer as outlines state it.
fn layer(summary: &LayerSummary) -> LayerOutline {
    let [input, output] =
        summary.shapes.map(|shape| shape.sizes().into_iter().map(|n| n as u64).collect());
    let branch = |branch: &Vec<LayerSummary>| branch.iter().map(layer).collect();
    LayerOutline {
        layer: summary.name.clone(),
        input,
        output,
        parameters: summary.parameters as u64,
        flops: summary.flops,
        branches: summary.branches.iter().map(branch).collect(),
    }
}

/// Pieces of constant learning rate up to which the outline lists them: a page of the manifest.
const PIECES: usize = 1000;

/// The outline of a run on `dataset`.
pub(crate) fn outline(parameters: &Parameters, dataset: &Outline) -> Outline {
    Outline {
        last_step: Some(parameters.steps),
        checkpoints: Some(parameters.checkpoints.steps(parameters.steps)),
        learning_rates: parameters.learning_rate.pieces(parameters.steps, PIECES),
        ..without_steps(parameters, dataset)
    }
}

/// What the outline states whatever the number of updates.
fn without_steps<S: Length>(parameters: &Parameters<S>, dataset: &Outline) -> Outline {
    let program = program(parameters, dataset);
    Outline {
        parameter_count: program.as_ref().map(|program| program.parameter_count() as u64),
        network: serde_json::to_value(&parameters.network).ok(),
        layers: program.map(|program| program.summary.iter().map(layer).collect()),
        loss: Some(parameters.loss.name().to_owned()),
        optimizer: Some(parameters.optimizer_name()),
        ..dataset.clone()
    }
}

/// The outline of a run on `dataset` that ended before its time, with these last steps of its
/// history and of its checkpoints.
pub(crate) fn cut_short(
    parameters: &Parameters,
    dataset: &Outline,
    (last_step, last_checkpoint): (u64, u64),
) -> Outline {
    let mut outline = outline(parameters, dataset);
    outline.last_step = Some(last_step);
    if let Some(checkpoints) = &mut outline.checkpoints {
        checkpoints.retain(|&step| step <= last_checkpoint);
    }
    outline
}

/// Bytes of a kept row of outputs beside its numbers.
const ROW: f64 = 64.0;
/// Bytes of a presentation: as a row, in the columns that are written, and in their encoding; 83 measured
/// at a million.
const PRESENTATION: f64 = 96.0;
/// Copies of the parameters: gradients of up to sixteen lanes, moments, and what is looked at.
const COPIES: f64 = 24.0;

/// Peak memory: activations, signals and slopes of every row, parameters with their gradients
/// and moments, and the outputs that are kept.
fn memory_bytes(parameters: &Parameters, dataset: &Outline) -> Option<u64> {
    let samples = dataset.train_samples?;
    let rows = (samples + dataset.test_samples.unwrap_or(0)) as f64;
    let (d, o) = (dataset.input_dim?, dataset.output_dim?);
    let program = program(parameters, dataset)?;
    // In floating point: absurd widths must give an absurd size, not one that wrapped around.
    let values = program.value_count();
    let count = program.parameter_count() as f64;
    // Rows whose values are in memory: those of an update, and those that are looked at together.
    let batch = parameters.optimizer.batch().map_or(samples, |batch| samples.min(batch as u64));
    let rest = match parameters.optimizer.last_batch() {
        LastBatch::Keep => samples % batch.max(1),
        LastBatch::Drop => 0,
    };
    let held = if program.has_images() {
        (batch + rest) as f64 + 2.0 * (IMAGES as f64).min(rows)
    } else {
        rows + rest as f64
    };
    let kept = 2.0 * parameters.checkpoints.steps(parameters.steps).len() as f64;
    let (d, o) = (d as f64, o as f64);
    let mut numbers = held * 2.0 * values + rows * (2.0 * d + 2.0 * o) + COPIES * count;
    if let (Some(sharpness), Some(samples)) = (parameters.sharpness, dataset.train_samples) {
        // Of each value and signal the number and its derivative; the basis of Lanczos' method, in
        // f32, with a few vectors in f64, and an image for each of up to sixteen lanes.
        let vectors = sharpness.most_products as f64 + COPIES;
        numbers += samples as f64 * 4.0 * values + (vectors + COPIES) * count;
    }
    let presented =
        parameters.presentations.map_or(0.0, |_| parameters.steps as f64 * batch as f64);
    let kept = kept * rows * (ROW + 4.0 * o) + presented * PRESENTATION;
    Some((4.0 * numbers + kept) as u64)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parameters(changes: &Value) -> Parameters<Steps> {
        let mut value = json!({
            "network": { "hidden": [8] }, "learning_rate": { "initial": 0.1 }, "steps": 960,
            "optimizer": { "sgd": { "batch": 64 } }
        });
        let fields = changes.as_object().expect("a map").clone();
        value.as_object_mut().expect("a map").extend(fields);
        serde_json::from_value(value).expect("parameters")
    }

    fn dataset(train_samples: u64) -> Outline {
        Outline {
            train_samples: Some(train_samples),
            test_samples: Some(0),
            input_dim: Some(2),
            output_dim: Some(3),
            labelled: Some(true),
            ..Outline::default()
        }
    }

    /// What is wrong, as `/at: message`.
    fn problems(changes: &Value, dataset: &Outline) -> Vec<String> {
        let problems = plan(&parameters(changes), dataset).problems;
        problems.into_iter().map(|problem| format!("{}: {}", problem.at, problem.message)).collect()
    }

    #[test]
    fn epochs_are_the_steps_written_out() {
        let in_epochs = |optimizer: &str, batch, last: &str| {
            parameters(&json!({
                "optimizer": { optimizer: { "batch": batch, "last_batch": last } },
                "steps": { "epochs": 15 },
                "checkpoints": { "at": [{ "epochs": 0.25 }, 7, { "epochs": 0 }], "every": { "epochs": 5 } },
                "history_every": { "epochs": 1 },
                "learning_rate": { "initial": 0.1, "decay": { "factor": 0.5, "every": { "epochs": 2.5 } } },
                "sharpness": { "every": { "epochs": 3 } }
            }))
        };
        let in_updates = |optimizer: &str, batch, last: &str, epoch: u64| {
            parameters(&json!({
                "optimizer": { optimizer: { "batch": batch, "last_batch": last } },
                "steps": 15 * epoch,
                "checkpoints": { "at": [epoch / 4, 7, 0], "every": 5 * epoch },
                "history_every": epoch,
                "learning_rate": { "initial": 0.1, "decay": { "factor": 0.5, "every": 5 * epoch / 2 } },
                "sharpness": { "every": 3 * epoch }
            }))
        };
        for (optimizer, batch, last, rows, epoch) in [
            ("sgd", 64, "drop", 1024, 16),
            ("adam", 64, "keep", 1024, 16),
            ("sgd", 64, "drop", 1087, 16),
            ("adam", 64, "keep", 1217, 20),
        ] {
            let epochs = in_epochs(optimizer, batch, last).resolved(Some(rows)).expect("whole");
            let updates = in_updates(optimizer, batch, last, epoch).resolved(None);
            assert_eq!(Ok(epochs), updates, "{rows} samples");
        }
        let listed = |from: [Value; 2]| {
            let [first, second] = from;
            let listed = json!([{ "from": first, "rate": 1.0 }, { "from": second, "rate": 0.5 }]);
            parameters(&json!({ "learning_rate": { "initial": 0.1, "listed": listed } }))
        };
        let epochs = listed([json!({ "epochs": 1 }), json!({ "epochs": 2 })]).resolved(Some(1024));
        assert_eq!(epochs, listed([json!(16), json!(32)]).resolved(None));
        // Without mini-batches an epoch is an update.
        let full = json!({ "optimizer": "gradient_descent", "steps": { "epochs": 30 } });
        assert_eq!(parameters(&full).resolved(Some(1024)).map(|p| p.steps), Ok(30));
        let one = json!({ "optimizer": { "sgd": { "batch": 2000 } }, "steps": { "epochs": 30 } });
        assert_eq!(parameters(&one).resolved(Some(1024)).map(|p| p.steps), Ok(30));
    }

    #[test]
    fn epochs_that_are_no_whole_number_of_updates_are_named_with_their_place() {
        let changes = json!({
            "steps": { "epochs": 0.3 },
            "checkpoints": { "at": [3, { "epochs": 0.01 }] },
            "history_every": { "epochs": 1.5 }
        });
        assert_eq!(
            problems(&changes, &dataset(1024)),
            [
                "/steps: 0.3 epochs are no whole number of updates: an epoch has 16 updates",
                "/checkpoints/at/1: 0.01 epochs are no whole number of updates: an epoch has 16 updates",
            ]
        );
        let changes = json!({ "optimizer": "gradient_descent", "steps": { "epochs": 0.5 } });
        assert_eq!(
            problems(&changes, &dataset(1024)),
            ["/steps: 0.5 epochs are no whole number of updates: an epoch has 1 update"]
        );
        let none = problems(&json!({ "steps": { "epochs": 0 } }), &dataset(1024));
        assert_eq!(none, ["/steps: the run has 0 steps; give at least 1"]);
        let beyond =
            json!({ "steps": { "epochs": 1 }, "checkpoints": { "at": [{ "epochs": 2 }] } });
        let beyond = problems(&beyond, &dataset(1024));
        assert_eq!(beyond, ["/checkpoints/at/0: checkpoint 32 lies beyond the last step, 16"]);
    }

    #[test]
    fn a_plan_in_epochs_waits_for_the_number_of_samples() {
        let parameters = parameters(&json!({ "steps": { "epochs": 15 } }));
        let unknown = plan(&parameters, &Outline { train_samples: None, ..dataset(1024) });
        assert_eq!((unknown.problems, unknown.outline.last_step), (Vec::new(), None));
        assert_eq!(unknown.outline.optimizer.as_deref(), Some("sgd"));
        let known = plan(&parameters, &dataset(1024)).outline;
        assert_eq!((known.last_step, known.checkpoints), (Some(240), Some(vec![0, 240])));
        assert_eq!(parameters.resolved(None), Err(Unresolved::SamplesUnknown));
    }

    #[test]
    fn presentations_need_labels_and_several_outputs() {
        let changes = json!({ "presentations": {} });
        assert_eq!(problems(&changes, &dataset(1024)), [] as [&str; 0]);
        let unlabelled = Outline { labelled: Some(false), ..dataset(1024) };
        let found = plan(&parameters(&changes), &unlabelled).problems;
        assert_eq!(found[0].at, "/presentations");
        assert!(found[0].message.contains("no labels"), "{}", found[0].message);
        assert!(found[0].hint.as_ref().is_some_and(|hint| hint.contains("with labels")));
        let narrow = Outline { output_dim: Some(1), ..dataset(1024) };
        assert!(problems(&changes, &narrow)[0].starts_with("/presentations: a margin"));
    }

    #[test]
    fn presentations_take_memory_and_only_what_is_given_is_recorded() {
        let memory = |changes| plan(&parameters(&changes), &dataset(1024)).memory_bytes;
        let (without, with) = (memory(json!({})), memory(json!({ "presentations": {} })));
        let rows = 960 * 64;
        let added = with.expect("known") - without.expect("known");
        assert_eq!(added, 96 * rows);
        let value = serde_json::to_value(parameters(&json!({}))).expect("writes");
        assert_eq!(value.get("presentations"), None);
        assert_eq!(value["optimizer"]["sgd"].get("last_batch"), None);
        assert_eq!((&value["steps"], &value["history_every"]), (&json!(960), &json!(50)));
    }
}

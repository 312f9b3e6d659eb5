//! A stage as a process: arguments in, JSON lines out, an exit code.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use artifact::{CONTRACT, Kind, Manifest, Outline};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Stage;
use crate::context::{Context, ProgressEvent};
use crate::describe::Description;
use crate::error::StageError;
use crate::inputs::{Input, Outlines};
use crate::part::Part;
use crate::pieces;
use crate::plan::{Plan, Problem};
use crate::request::{PlanRequest, RunRequest};
use crate::seed::Seed;

/// Least time between two progress lines: a driver redraws no faster.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);
/// Bytes of a thread's stack: what a main thread has, since stages run in the pool.
const STACK: usize = 8 << 20;

/// A line on a stage's standard output.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "there is one message at a time")]
pub enum Message {
    /// How far the run is.
    Progress(ProgressEvent),
    /// The last line of a run that succeeded.
    Done {
        /// What is known of the output.
        outline: Outline,
    },
    /// The last line of a run that failed.
    Error(StageError),
}

/// The whole `main` of a stage program.
///
/// Exit codes: 0 done, 1 the stage failed (its last line says why), 2 called wrongly.
#[must_use]
pub fn main<S: Stage>() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let result = match words.as_slice() {
        ["describe"] => print(&Description::of::<S>()),
        ["plan", request] => read_request(request)
            .and_then(|request| plan::<S>(&request))
            .and_then(|plan| print(&plan)),
        ["run", request] => {
            read_request(request).and_then(|request| run::<S>(&request)).and_then(|outline| {
                check_finite(&outline).map_err(StageError::new)?;
                print(&Message::Done { outline })
            })
        }
        _ => {
            let name = S::NAME;
            // Nothing can be done where standard error is closed.
            let _ = writeln!(
                std::io::stderr(),
                "{}\n\nusage: stage-{name} describe\n       stage-{name} plan REQUEST.json\n       stage-{name} run REQUEST.json\n\nThis program is a stage of a pipeline; `cargo xtask pipeline FILE` runs it.",
                S::SUMMARY
            );
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard output is gone, so is the driver that would read the message.
            let _ = print(&Message::Error(error));
            ExitCode::FAILURE
        }
    }
}

fn print<T: Serialize>(value: &T) -> Result<(), StageError> {
    let line = serde_json::to_string(value)?;
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

fn read_request<T: DeserializeOwned>(path: &str) -> Result<T, StageError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| StageError::new(format!("reading the request {path} failed: {error}")))?;
    let value: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| StageError::new(format!("the request {path} is no JSON: {error}")))?;
    // The version first: a request of another major version may not even parse.
    let version = value.get("contract").and_then(serde_json::Value::as_str).unwrap_or("none");
    if !artifact::speaks(version) {
        return Err(StageError::new(format!(
            "the request {path} is of contract {version}; this program speaks {CONTRACT}"
        ))
        .hint("build driver and stages from the same release"));
    }
    serde_json::from_value(value)
        .map_err(|error| StageError::new(format!("the request {path} cannot be read: {error}")))
}

/// Parses parameters; the problem names the JSON Pointer of the field at fault.
fn parameters<S: Stage>(value: &serde_json::Value) -> Result<S::Parameters, Problem> {
    // `with:` left out is an empty map.
    let empty = serde_json::Value::Object(serde_json::Map::new());
    let value = if value.is_null() { &empty } else { value };
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let at = if path == "." { String::new() } else { format!("/{}", path.replace('.', "/")) };
        Problem { at, message: error.into_inner().to_string(), hint: None }
    })
}

/// `value` with every default of the stage's parameters filled in.
///
/// # Errors
/// Where it is none of the stage's.
pub(crate) fn filled<S: Stage>(value: &serde_json::Value) -> Result<serde_json::Value, StageError> {
    Ok(serde_json::to_value(checked::<S>(value)?)?)
}

/// [`parameters`], whose problem is an error.
fn checked<S: Stage>(value: &serde_json::Value) -> Result<S::Parameters, StageError> {
    parameters::<S>(value).map_err(|problem| {
        StageError::new(format!("parameter {}: {}", problem.at, problem.message))
    })
}

fn plan<S: Stage>(request: &PlanRequest) -> Result<Plan, StageError> {
    request.part.check::<S>()?;
    Ok(match parameters::<S>(&request.parameters) {
        Ok(checked) => {
            let inputs = request.inputs.clone().with_kinds(request.kinds.clone());
            let mut plan = S::plan_part(&checked, &inputs, request.part, &request.limits);
            match serde_json::to_value(&checked) {
                Ok(value) => plan.parameters = value,
                Err(error) => {
                    plan.problem("", format!("the parameters cannot be written down: {error}"));
                }
            }
            // A parameter beyond its type's largest number, as 1e300 in f32.
            if let Err(odd) = parameters::<S>(&plan.parameters) {
                plan.problem(
                    &odd.at,
                    format!("this is beyond what can be recorded: {}", odd.message),
                );
            }
            if let Err(message) = check_finite(&plan.outline) {
                plan.problem("", message).hint(
                    "a parameter leads to a number beyond the range of f64: take one nearer to 1",
                );
                plan.outline = Outline::default();
            }
            plan
        }
        Err(problem) => Plan { problems: vec![problem], ..Plan::default() },
    })
}

/// Refuses an outline with a number that is infinite or NaN, which JSON would turn into null.
fn check_finite(outline: &Outline) -> Result<(), String> {
    let written = serde_json::to_value(outline).map_err(|error| error.to_string())?;
    let read: Result<Outline, _> = serde_path_to_error::deserialize(written);
    read.map(drop)
        .map_err(|error| format!("`{}` of its outline would not be a finite number", error.path()))
}

fn run<S: Stage>(request: &RunRequest) -> Result<Outline, StageError> {
    request.part.check::<S>()?;
    pieces::check::<S>(request)?;
    let parameters = checked::<S>(&request.parameters)?;
    // What the driver's plan refuses, a foreign driver gets refused too.
    let (mut outlines, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    for (port, artifacts) in &request.inputs.0 {
        let manifests: Vec<Manifest> =
            artifacts.iter().map(Input::manifest).collect::<Result<_, _>>()?;
        let mut own: Vec<Kind> = Vec::new();
        for manifest in &manifests {
            if !own.contains(&manifest.kind) {
                own.push(manifest.kind);
            }
        }
        kinds.insert(port.clone(), own);
        let all: Vec<Outline> = manifests.into_iter().map(|manifest| manifest.outline).collect();
        outlines.insert(port.clone(), all);
    }
    let outlines = Outlines::from(outlines).with_kinds(kinds);
    let plan = S::plan_part(&parameters, &outlines, request.part, &request.limits);
    if let Some(problem) = plan.problems.first() {
        let message = format!("parameter {}: {}", problem.at, problem.message);
        return Err(StageError { hint: problem.hint.clone(), ..StageError::new(message) });
    }
    // One pool for everything: faer, dfdx and our own kernels take the one they are called in.
    let threads = request.limits.threads;
    let pool =
        rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build().map_err(
            |error| StageError::new(format!("starting {threads} threads failed: {error}")),
        )?;
    // Within the pool: from outside it, every parallel loop of a step would cost two switches of
    // threads, more than the loop itself in a small network.
    pool.install(|| {
        let mut last = None::<Instant>;
        let mut context = Context::new(Seed(request.seed), request.limits, move |event| {
            let finished = event.done >= event.total;
            if finished || last.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL) {
                last = Some(Instant::now());
                if print(&Message::Progress(event)).is_err() {
                    // Nobody waits for the result. What was saved is there for a later run.
                    std::process::exit(1);
                }
            }
        });
        context.failed.clone_from(&request.failed);
        let RunRequest { inputs, output, .. } = request;
        match request.part {
            Part::Whole => S::run(&parameters, inputs, output, &context),
            Part::Piece { index, of } => {
                S::run_piece(&parameters, inputs, index, of, output, &context)
            }
            Part::Join { .. } => S::join(&parameters, inputs, &request.pieces, output, &context),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use artifact::{Kind, RateFrom};
    use schemars::JsonSchema;
    use serde_json::json;

    use super::*;
    use crate::Port;
    use std::collections::BTreeMap;

    use crate::inputs::Inputs;
    use crate::plan::Limits;

    /// A stage whose rate is the square of a parameter.
    struct Square;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Parameters {
        rate: f64,
        #[serde(default)]
        single: f32,
    }

    impl Stage for Square {
        type Parameters = Parameters;
        const NAME: &'static str = "square";
        const VERSION: &'static str = "1";
        const SUMMARY: &'static str = "";
        const INPUTS: &'static [Port] = &[];
        const OUTPUT: Kind = Kind::TRAINING;
        const USES_SEED: bool = false;

        fn plan(parameters: &Parameters, _: &Outlines, _: &Limits) -> Plan {
            let learning_rate = parameters.rate * parameters.rate;
            let learning_rates = Some(vec![RateFrom { step: 0, learning_rate }]);
            Plan { outline: Outline { learning_rates, ..Outline::default() }, ..Plan::default() }
        }

        fn run(_: &Parameters, _: &Inputs, _: &Path, _: &Context) -> Result<Outline, StageError> {
            Ok(Outline::default())
        }
    }

    fn planned(parameters: serde_json::Value) -> Plan {
        let request = PlanRequest {
            contract: CONTRACT.to_owned(),
            parameters,
            inputs: Outlines::default(),
            kinds: BTreeMap::new(),
            limits: Limits { threads: 1, memory_bytes: 1 },
            part: Part::Whole,
        };
        let plan = plan::<Square>(&request).unwrap();
        // As a driver reads it.
        serde_json::from_value(serde_json::to_value(&plan).unwrap()).unwrap()
    }

    #[test]
    fn numbers_beyond_all_bounds_are_problems_of_a_plan_that_can_be_read() {
        assert!(planned(json!({ "rate": 1e100 })).problems.is_empty());
        let problems = planned(json!({ "rate": 1e200 })).problems;
        assert_eq!(
            problems[0].message,
            "`learning_rates[0].learning_rate` of its outline would not be a finite number"
        );
        let problems = planned(json!({ "rate": 1.0, "single": 1e300 })).problems;
        assert_eq!(problems[0].at, "/single");
        assert!(problems[0].message.starts_with("this is beyond what can be recorded"));
    }
}

//! Files as people have them, of DuckDB, pandas, Polars, Excel and phones: each is read as the right
//! values, or refused with an error that says where and what to do.
//!
//! `tests/corpus/make.py` made the files and the cases, and says in words of each what it is.

use std::fs;
use std::path::Path;
use std::process::Command;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use serde::Deserialize;
use serde_json::{Value, json};
use tests::{program, root, text};

/// A file, how it is read, and what is right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Below `files/`.
    file: String,
    /// `table`, `digits` or `image`.
    source: String,
    /// Parameters of the source beside its path.
    options: Value,
    /// x, then y, then the class where there is one, of each sample, in no order.
    #[serde(default)]
    rows: Vec<Vec<Value>>,
    /// Grey levels of 6 × 6 cells.
    #[serde(default)]
    levels: Vec<f64>,
    /// By how much levels may be off.
    #[serde(default)]
    tolerance: f64,
    /// Parts of the message and its hint.
    #[serde(default)]
    error: Vec<String>,
}

/// What the stage says to a source.
enum Answer {
    Samples(Vec<Sample>),
    /// Messages and hints, each with its pointer.
    Problems(String),
}

fn files() -> std::path::PathBuf {
    root().join("tests/corpus/files")
}

/// Calls `stage-dataset` and returns its last line.
fn call(question: &str, request: &Value, folder: &Path) -> Value {
    let path = folder.join("request.json");
    fs::write(&path, request.to_string()).expect("a file");
    let output = Command::new(program("stage-dataset"))
        .arg(question)
        .arg(&path)
        .current_dir(files())
        .output()
        .expect("the stage starts");
    let said = text(&output);
    assert!(!said.contains("panicked"), "{request}: {said}");
    let answer = String::from_utf8(output.stdout).expect("text");
    let last = answer.lines().last().unwrap_or_else(|| panic!("{request}: no answer: {said}"));
    serde_json::from_str(last).expect("JSON")
}

/// Plans with `parameters` and, where nothing is wrong, runs.
fn read(parameters: &Value) -> Answer {
    let folder = tests::data();
    let limits = json!({ "threads": 1, "memory_bytes": 1 << 30 });
    let request = json!({ "contract": artifact::CONTRACT, "parameters": parameters, "inputs": {},
        "limits": limits });
    let plan = call("plan", &request, folder.path());
    let problems = plan["problems"].as_array().expect("a plan has problems");
    if !problems.is_empty() {
        return Answer::Problems(plan["problems"].to_string().replace("\\\"", "\""));
    }
    let output = folder.path().join("output");
    fs::create_dir(&output).expect("a folder");
    let request = json!({ "contract": artifact::CONTRACT, "stage": "dataset", "parameters": parameters,
        "inputs": {}, "output": output, "seed": 0, "limits": limits });
    let done = call("run", &request, folder.path());
    assert!(done.get("done").is_some(), "planned without a problem, and then: {parameters} {done}");
    Answer::Samples(artifact::read_rows(&output).expect("samples"))
}

fn parameters(case: &Case) -> Value {
    let mut options = case.options.clone();
    options["path"] = json!(case.file);
    let mut parameters = json!({ "source": { &case.source: options } });
    if case.source == "image" {
        parameters["train"] = json!(36);
        parameters["sampling"] = json!("grid");
        return parameters;
    }
    // Where there are splits, the second row is to test on.
    let is_split = case.options.get("split").is_some();
    let test = usize::from(is_split);
    parameters["train"] = json!(case.rows.len().max(1) - test);
    parameters["test"] = json!(test);
    parameters
}

/// The numbers of a sample: x, y or the class.
fn numbers(sample: &Sample) -> Vec<f64> {
    let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
    let mut numbers = wide(&sample.x);
    match sample.label {
        Some(label) => numbers.push(label.into()),
        None => numbers.extend(wide(&sample.y)),
    }
    numbers
}

fn number(value: &Value) -> f64 {
    value
        .as_bool()
        .map_or_else(|| value.as_f64().expect("a number"), |truth| f64::from(u8::from(truth)))
}

/// Whether two numbers are one but for the rounding of f32, or `tolerance`.
fn near(found: f64, expected: f64, tolerance: f64) -> bool {
    let tolerance = tolerance.max(f64::from(f32::EPSILON) * expected.abs());
    found.is_finite() && (found - expected).abs() <= tolerance
}

/// What is wrong with an answer, if anything.
fn wrong(case: &Case, answer: &Answer) -> Option<String> {
    match answer {
        Answer::Problems(said) => {
            if case.error.is_empty() {
                return Some(said.clone());
            }
            let missing = case.error.iter().find(|part| !said.contains(part.as_str()))?;
            Some(format!("no `{missing}` in {said}"))
        }
        Answer::Samples(samples) => {
            if !case.error.is_empty() {
                return Some(format!("read, and not refused: {samples:?}"));
            }
            let (found, expected): (Vec<Vec<f64>>, Vec<Vec<f64>>) = if case.levels.is_empty() {
                (
                    samples.iter().map(numbers).collect(),
                    case.rows.iter().map(|row| row.iter().map(number).collect()).collect(),
                )
            } else {
                let level = |sample: &Sample| vec![f64::from(sample.y[0])];
                (
                    samples.iter().map(level).collect(),
                    case.levels.iter().map(|&level| vec![level]).collect(),
                )
            };
            let is_same = |a: &Vec<f64>, b: &Vec<f64>| {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(*a, *b, case.tolerance))
            };
            let is_right = found.len() == expected.len()
                && if case.levels.is_empty() {
                    // Rows are drawn in an order of their own.
                    expected.iter().all(|row| found.iter().any(|other| is_same(other, row)))
                } else {
                    found.iter().zip(&expected).all(|(a, b)| is_same(a, b))
                };
            (!is_right).then(|| format!("{found:?}, not {expected:?}"))
        }
    }
}

fn cases() -> Vec<Case> {
    let text = fs::read_to_string(root().join("tests/corpus/cases.json")).expect("the cases");
    serde_json::from_str(&text).expect("JSON of cases")
}

#[test]
fn every_file_is_read_right_or_refused_with_advice() {
    let cases = cases();
    assert!(cases.len() > 150, "{}", cases.len());
    let faults: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let fault = wrong(case, &read(&parameters(case)))?;
            Some(format!("{} {} {}: {fault}", case.file, case.source, case.options))
        })
        .collect();
    assert!(faults.is_empty(), "{} cases:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_reader_names_the_file_that_it_cannot_read() {
    let mut names: Vec<String> = cases().into_iter().map(|case| case.file).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        for source in [
            json!({ "table": { "path": name, "inputs": ["*"], "targets": ["t"],
                "standardize_inputs": false, "standardize_targets": false } }),
            json!({ "digits": { "path": name } }),
            json!({ "image": { "path": name } }),
        ] {
            if let Answer::Problems(said) = read(&json!({ "source": source, "train": 1 })) {
                assert!(
                    said.contains(&name.replace("images-idx3", "labels-idx1"))
                        || said.contains(&name),
                    "{source}: {said}"
                );
            }
        }
    }
}

#[test]
fn rows_of_a_split_are_those_of_the_file() {
    let case = cases().into_iter().find(|case| case.options.get("split").is_some());
    let case = case.expect("a case with splits");
    let Answer::Samples(samples) = read(&parameters(&case)) else { panic!("it is right") };
    let splits: Vec<Split> = samples.iter().map(|sample| sample.split).collect();
    assert_eq!(splits, [Split::Train, Split::Test]);
    assert!(near(f64::from(samples[1].y[0]), 9.0, 0.0), "{samples:?}");
}

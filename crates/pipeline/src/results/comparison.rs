//! `diff`: what two runs differ in, in parameters, in losses and accuracies, and in findings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::util::display::array_value_to_string;
use artifact::tables::findings::FindingRow;
use artifact::tables::run::RunRow;
use serde_json::Value;

use super::scorecard::{SCORES, Scorecard};
use crate::error::PipelineError;
use crate::project::Project;
use crate::run_folder::{RUNS_TABLE, rows_at};
use crate::schema::compact;
use crate::text::quantity::significant;
use crate::text::{grid, suggestion};

/// Values of a sweep that are shown beside each other.
const SHOWN_TOGETHER: usize = 6;

/// Ends of the names of columns of a sweep that are no settings.
const MEASURED: [&str; 4] = [".key", "variant", "wall_time_s", "peak_memory_bytes"];

/// The runs `one` and `other`, each the name of a folder in `runs` or a path, as text: parameters,
/// seeds and programs that differ, then losses, accuracies and findings that do.
///
/// # Errors
/// Where one of them is no run, or its tables cannot be read.
pub fn compare(project: &Project, one: &str, other: &str) -> Result<String, PipelineError> {
    let (one_folder, other_folder) = (folder(project, one)?, folder(project, other)?);
    let results = differing(&results(&one_folder), &results(&other_folder));
    let settings = differing(&settings(&one_folder)?, &settings(&other_folder)?);
    let findings = differing(&findings(&one_folder)?, &findings(&other_folder)?);
    let head = vec![String::new(), one.to_owned(), other.to_owned()];
    let mut text = String::new();
    for (title, none, rows) in [
        ("parameters", "no parameter differs", settings),
        ("results", "no loss, accuracy or state differs", results),
        ("findings", "no finding differs", findings),
    ] {
        if rows.is_empty() {
            text = format!("{text}{none}\n");
        } else {
            let rows: Vec<Vec<String>> = std::iter::once(head.clone()).chain(rows).collect();
            text = format!("{text}{title}\n{}", grid(&rows, "  "));
        }
    }
    Ok(text)
}

/// What a run has come to: its state, and the losses and accuracies at the end of its trainings.
fn results(folder: &Path) -> BTreeMap<String, String> {
    let scorecard = Scorecard::of(folder);
    let scores = SCORES.iter().enumerate().map(|(score, name)| (*name, scorecard.shown(score)));
    let failed = scorecard.failed.filter(|(_, failed)| *failed > 0);
    let failed = failed.map(|(all, failed)| ("failed", format!("{failed} of {all} variants")));
    let all = scores.chain(failed).chain([("written (UTC)", scorecard.date())]);
    all.filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// One row for each name whose values are not the same.
fn differing(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<Vec<String>> {
    let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
    let mut names: Vec<&String> = names.collect();
    names.sort();
    let value = |of: &BTreeMap<String, String>, name: &String| {
        of.get(name).cloned().unwrap_or_else(|| "—".to_owned())
    };
    names
        .into_iter()
        .filter(|name| one.get(*name) != other.get(*name))
        .map(|name| vec![name.clone(), value(one, name), value(other, name)])
        .collect()
}

/// The folder of results that `name` means.
fn folder(project: &Project, name: &str) -> Result<PathBuf, PipelineError> {
    let runs = project.data.join("runs");
    let candidates = [runs.join(name), PathBuf::from(name)];
    if let Some(found) = candidates.iter().find(|folder| folder.join(RUNS_TABLE).is_file()) {
        return Ok(found.clone());
    }
    let entries = std::fs::read_dir(&runs).into_iter().flatten().flatten();
    let mut known: Vec<String> = entries
        .filter(|entry| entry.path().join(RUNS_TABLE).is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    known.sort();
    Err(PipelineError::Argument {
        message: format!("there is no run `{name}` in {}", project.shown(&runs)),
        help: suggestion(name, known.iter().map(String::as_str)),
    })
}

/// What a run was told, by `stage.parameter`; of a sweep all values that its variants have.
fn settings(folder: &Path) -> Result<BTreeMap<String, String>, PipelineError> {
    let path = folder.join(RUNS_TABLE);
    if let Ok(rows) = artifact::read_rows::<RunRow>(folder) {
        let mut found = BTreeMap::new();
        for row in rows {
            found.insert(format!("{}.uses", row.stage), row.uses);
            if let Some(seed) = row.seed {
                found.insert(format!("{}.seed", row.stage), seed.to_string());
            }
            let parameters: Value = serde_json::from_str(&row.parameters).unwrap_or_default();
            leaves(&row.stage, &parameters, &mut found);
        }
        return Ok(found);
    }
    let batches = rows_at(&path).ok_or_else(|| {
        let source =
            std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not a table of runs");
        PipelineError::io("reading", &path)(source)
    })?;
    Ok(values(&batches))
}

/// Every parameter in `value` by its dotted path.
fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                leaves(&format!("{path}.{name}"), value, found);
            }
        }
        leaf => drop(found.insert(path.to_owned(), compact(leaf))),
    }
}

/// Each column of the table of a sweep with its distinct values, but for what is measured.
fn values(batches: &[RecordBatch]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for batch in batches {
        for (column, field) in batch.columns().iter().zip(batch.schema().fields()) {
            let name = field.name();
            let is_measured = MEASURED.iter().any(|end| name.ends_with(end));
            if is_measured {
                continue;
            }
            let values = found.entry(name.clone()).or_default();
            for row in 0..column.len() {
                let value = array_value_to_string(column, row).unwrap_or_default();
                if !values.contains(&value) {
                    values.push(value);
                }
            }
        }
    }
    let shown = |values: Vec<String>| {
        let first = values[..values.len().min(SHOWN_TOGETHER)].join(", ");
        match values.len() {
            count if count > SHOWN_TOGETHER => format!("{first}, … ({count} in all)"),
            _ => first,
        }
    };
    found.into_iter().map(|(name, values)| (name, shown(values))).collect()
}

/// Verdict and measures of every finding, by its name and the variant that it is of.
fn findings(folder: &Path) -> Result<BTreeMap<String, String>, PipelineError> {
    if !folder.join("findings.parquet").is_file() {
        return Ok(BTreeMap::new());
    }
    // With one report for each variant the table has columns of the axes before its own.
    let rows: Vec<FindingRow> = artifact::read_rows(folder)?;
    let number = |value: Option<f64>| value.map_or("—".to_owned(), significant);
    let mut found = BTreeMap::new();
    for row in rows {
        let variant = row.variant.map_or(String::new(), |variant| format!(" ({variant})"));
        let mut name = format!("{}{variant}", row.finding);
        while found.contains_key(&name) {
            name.push('\'');
        }
        let measures = format!("{} → {}", number(row.before), number(row.after));
        found.insert(name, format!("{}, {measures}", row.verdict.in_words()));
    }
    Ok(found)
}

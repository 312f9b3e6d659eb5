//! What a person sees at the end of a run.

use std::fmt::Write;
use std::path::Path;

use arrow::array::AsArray;
use arrow::compute::min;
use arrow::datatypes::UInt32Type;
use artifact::Kind;
use artifact::tables::findings::{FindingRow, Verdict};

use crate::error::PipelineError;
use crate::planning::Plan;
use crate::project::Project;
use crate::run_folder::{VARIANTS, count_of_failed, rows_at};
use crate::text::grid;
use crate::text::quantity::significant;

/// Leading eigenvectors in the query that is shown: the paper's choice.
const LEADING: u64 = 50;
/// What a finding across a sweep has in its column `variant`.
const ACROSS: &str = "all";

/// Where the results in `folder` lie, what was found, and a query to try.
///
/// # Errors
/// Where the table of findings is there and cannot be read.
pub fn summary(project: &Project, plan: &Plan, folder: &Path) -> Result<String, PipelineError> {
    let shown = project.shown(folder);
    let mut text = String::new();
    if folder.join("report.html").is_file() {
        line(&mut text, &format!("report   {shown}/report.html"));
    }
    if reports_vary(plan) {
        line(&mut text, &format!("reports  {shown}/{VARIANTS}/*/report.html"));
    }
    line(&mut text, &format!("tables   {shown}/"));
    if folder.join(VARIANTS).is_dir() {
        let count = plan.sweep.count().unwrap_or_default();
        line(
            &mut text,
            &format!("sweep    {count} variants, in runs.parquet and {shown}/{VARIANTS}/"),
        );
    }
    if let Some((all, failed @ 1..)) = count_of_failed(folder) {
        let of = if plan.sweep.is_empty() { "stages" } else { "variants" };
        line(
            &mut text,
            &format!("failed   {failed} of {all} {of}: columns state and error of runs.parquet"),
        );
    }
    let findings = findings(plan, folder)?;
    if !findings.is_empty() {
        line(&mut text, "");
        text.push_str(&findings);
    }
    if let Some(query) = query(plan, folder, &shown) {
        line(&mut text, "\nTry:");
        line(&mut text, &format!("  duckdb -c \"{query}\""));
    }
    Ok(text)
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// One aligned line a finding; of those of several variants, how often each holds. Of one report
/// over a sweep, the findings across it.
fn findings(plan: &Plan, folder: &Path) -> Result<String, PipelineError> {
    if !folder.join("findings.parquet").is_file() {
        return Ok(String::new());
    }
    let rows: Vec<FindingRow> = artifact::read_rows(folder)?;
    if reports_vary(plan) {
        return Ok(findings_of_variants(&rows));
    }
    let across: Vec<FindingRow> =
        rows.iter().filter(|row| row.variant.as_deref() == Some(ACROSS)).cloned().collect();
    Ok(findings_of_one(if across.is_empty() { &rows } else { &across }))
}

/// Whether each of several variants has a report.
fn reports_vary(plan: &Plan) -> bool {
    plan.stages.iter().any(|stage| {
        let first = stage.instances.first().map(|instance| &plan.tasks[instance.task]);
        first.is_some_and(|task| task.program.description.output == Kind::REPORT)
            && !stage.axes.is_empty()
    })
}

/// For each statement, in how many of the variants to which it applies it holds.
fn findings_of_variants(rows: &[FindingRow]) -> String {
    let mut counts: Vec<(&str, usize, usize)> = Vec::new();
    for row in rows {
        let index = counts.iter().position(|count| count.0 == row.statement).unwrap_or_else(|| {
            counts.push((&row.statement, 0, 0));
            counts.len() - 1
        });
        counts[index].1 += usize::from(row.verdict == Verdict::Holds);
        counts[index].2 += usize::from(row.verdict != Verdict::NotApplicable);
    }
    let lines = counts.into_iter().map(|(statement, holds, applies)| {
        let verdict = match applies {
            0 => "not applicable".to_owned(),
            _ => format!("holds in {holds} of {applies}"),
        };
        vec![verdict, statement.to_owned()]
    });
    grid(&lines.collect::<Vec<_>>(), "")
}

fn findings_of_one(rows: &[FindingRow]) -> String {
    let numbers: Vec<String> = rows
        .iter()
        .map(|row| match (row.before, row.after) {
            (Some(before), Some(after)) => {
                format!("{} → {}", significant(before), significant(after))
            }
            (_, Some(one)) | (Some(one), None) => significant(one),
            (None, None) => String::new(),
        })
        .collect();
    let width = numbers.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (row, numbers) in rows.iter().zip(numbers) {
        let verdict = row.verdict.in_words();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{verdict:14}  {numbers:width$}  {}{}", row.statement, beside(row));
    }
    text
}

/// What belongs beside a verdict, in brackets: how certain it is where runs were compared, and how the
/// rule fares without structure in the target.
fn beside(row: &FindingRow) -> String {
    let seeds =
        |count: u32| if count == 1 { "1 seed".to_owned() } else { format!("{count} seeds") };
    let certainty = match (row.margin, row.uncertainty, row.n) {
        (Some(margin), Some(uncertainty), Some(count)) => Some(format!(
            "margin {} ± {}, {}",
            significant(margin),
            significant(uncertainty),
            seeds(count)
        )),
        (_, None, Some(count)) if row.verdict == Verdict::NotDecided => Some(seeds(count)),
        _ => None,
    };
    let why = row.note.as_deref().filter(|_| row.verdict == Verdict::NotApplicable);
    let why = why.map(|note| clause(note).to_owned());
    let parts: Vec<String> = certainty.into_iter().chain(row.control.clone()).chain(why).collect();
    if parts.is_empty() { String::new() } else { format!(" [{}]", parts.join("; ")) }
}

/// The first clause of a note: what a line has room for.
fn clause(note: &str) -> &str {
    let end = [". ", ": ", "; "].iter().filter_map(|end| note.find(end)).min();
    note[..end.unwrap_or(note.len())].trim_end_matches('.')
}

/// The fewest eigenpairs that are resolved in any row of the table `dynamics` in `folder`; `None` where
/// none says.
fn fewest_resolved(folder: &Path) -> Option<u64> {
    let batches = rows_at(&folder.join("dynamics.parquet"))?;
    let counts = batches.iter().filter_map(|batch| {
        let counts = batch.column_by_name("resolved_count")?.as_primitive_opt::<UInt32Type>()?;
        min(counts)
    });
    counts.min().map(u64::from)
}

/// A query over the most telling table that there is.
fn query(plan: &Plan, folder: &Path, shown: &str) -> Option<String> {
    // The axes of a sweep as leading columns, with a comma after each.
    let axes = |table: &str| -> String {
        let stage = plan.stages.iter().find(|stage| {
            let task = stage.instances.first().map(|instance| &plan.tasks[instance.task]);
            task.is_some_and(|task| task.program.description.output.table(table).is_some())
        });
        let axes = stage.into_iter().flat_map(|stage| &stage.axes);
        axes.flat_map(|&axis| [plan.sweep.axes[axis].name.as_str(), ", "]).collect()
    };
    let has = |table: &str| folder.join(format!("{table}.parquet")).is_file();
    if has("energy") {
        let rows = plan.tasks.iter().filter_map(|task| task.outline.kernel_rows).min();
        // Beyond what is resolved the table has no row.
        let resolved = fewest_resolved(folder).filter(|&count| count > 0);
        let k = rows.into_iter().chain(resolved).fold(LEADING, u64::min);
        let axes = axes("energy");
        return Some(format!(
            "SELECT {axes}step, k, relative_energy FROM '{shown}/energy.parquet' WHERE signal='target' AND split='train' AND k={k} ORDER BY {axes}step"
        ));
    }
    let columns = [
        ("dynamics", "step, learning_rate, largest_eigenvalue, stability_bound"),
        ("kernels", "step, trace, frobenius_norm"),
        ("history", "step, learning_rate, train_loss, test_loss"),
        ("samples", "*"),
    ];
    let (table, columns) = columns.into_iter().find(|(table, _)| has(table))?;
    if table == "samples" {
        return Some(format!("SELECT {columns} FROM '{shown}/{table}.parquet' LIMIT 5"));
    }
    let axes = axes(table);
    Some(format!("SELECT {axes}{columns} FROM '{shown}/{table}.parquet' ORDER BY {axes}step"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_stands_beside_its_uncertainty_and_its_control() {
        let row = |verdict, uncertainty, n, control: Option<&str>| FindingRow {
            finding: "x".to_owned(),
            variant: Some(ACROSS.to_owned()),
            statement: "It rises.".to_owned(),
            measure: String::new(),
            before: Some(0.879),
            after: Some(0.965),
            margin: Some(0.086),
            uncertainty,
            n: Some(n),
            rule: String::new(),
            verdict,
            control: control.map(str::to_owned),
            note: None,
        };
        let rows = [
            row(Verdict::Holds, Some(0.013), 2, None),
            row(Verdict::NotDecided, Some(0.1), 3, Some("shuffled: holds")),
            row(Verdict::NotDecided, None, 1, None),
            row(Verdict::Holds, None, 1, None),
            FindingRow {
                note: Some("3 of 10 resolved at step 0: the others are noise.".to_owned()),
                ..row(Verdict::NotApplicable, None, 1, None)
            },
        ];
        insta::assert_snapshot!(findings_of_one(&rows));
    }
}

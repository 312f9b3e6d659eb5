//! What a person sees at the end of a run.

use std::fmt::Write;
use std::path::Path;

use artifact::tables::report::{FindingRow, Verdict};

use crate::error::PipelineError;
use crate::plan::Plan;
use crate::project::Project;
use crate::quantity::significant;

/// Leading eigenvectors in the query that is shown: the paper's choice.
const LEADING: u64 = 50;

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
    line(&mut text, &format!("tables   {shown}/"));
    let findings = findings(folder)?;
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

/// One aligned line a finding.
fn findings(folder: &Path) -> Result<String, PipelineError> {
    if !folder.join("findings.parquet").is_file() {
        return Ok(String::new());
    }
    let rows: Vec<FindingRow> = artifact::read_rows(folder)?;
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
        let verdict = match row.verdict {
            Verdict::Holds => "holds",
            Verdict::DoesNotHold => "does not hold",
            Verdict::NotApplicable => "not applicable",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{verdict:14}  {numbers:width$}  {}", row.statement);
    }
    Ok(text)
}

/// A query over the most telling table that there is.
fn query(plan: &Plan, folder: &Path, shown: &str) -> Option<String> {
    let has = |table: &str| folder.join(format!("{table}.parquet")).is_file();
    if has("energy") {
        let rows = plan.tasks.iter().filter_map(|task| task.outline.kernel_rows).min();
        let k = rows.unwrap_or(LEADING).min(LEADING);
        return Some(format!(
            "SELECT step, k, relative_energy FROM '{shown}/energy.parquet' WHERE signal='target' AND split='train' AND k={k} ORDER BY step"
        ));
    }
    let columns = [
        ("dynamics", "step, learning_rate, largest_eigenvalue, stability_bound"),
        ("kernels", "step, trace, frobenius_norm"),
        ("history", "step, learning_rate, train_loss, test_loss"),
        ("samples", "*"),
    ];
    let (table, columns) = columns.into_iter().find(|(table, _)| has(table))?;
    let rest = if table == "samples" { "LIMIT 5" } else { "ORDER BY step" };
    Some(format!("SELECT {columns} FROM '{shown}/{table}.parquet' {rest}"))
}

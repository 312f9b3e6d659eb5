//! The paper's findings as measured numbers, each with the rule that decides it.
//!
//! One file a finding: a pure function from the scalar tables of one kernel to a [`FindingRow`].
//! Thresholds are constants with their reason beside them; where a finding does not hold, that is told.

mod above_sinusoids;
mod alignment_speeds_descent;
mod decay_raises_eigenvalues;
mod edge_of_stability;
mod kernel_changes;
mod learning_along_top;
mod low_frequencies_first;
mod output_in_top;
mod target_aligns;

mod across;
pub mod ends;

use artifact::tables::report::{FindingRow, Verdict};
use artifact::tables::{Signal, Split};

use crate::about::About;
use crate::measures::Measures;
use crate::variant::Variant;

/// What stands in the column `variant` of a row across a sweep.
pub const ACROSS: &str = "all";

/// The findings of every variant and, where there are several, those across the sweep.
#[must_use]
pub fn of_all(variants: &[Variant]) -> Vec<FindingRow> {
    let of_variant = |variant: &Variant| {
        let label = (!variant.axes.is_empty()).then(|| variant.label());
        let rows = measure(&variant.measures, &variant.about).into_iter();
        rows.map(|row| FindingRow { variant: label.clone(), ..row }).collect::<Vec<_>>()
    };
    let mut rows: Vec<FindingRow> = variants.iter().flat_map(of_variant).collect();
    if variants.len() > 1 {
        let across = across::measure(variants, &rows).into_iter();
        rows.extend(across.map(|row| FindingRow { variant: Some(ACROSS.to_owned()), ..row }));
    }
    rows
}

/// The findings of one run, in the order in which the paper makes them; what it does not have comes last.
///
/// Where a run has one kernel for each output, a finding holds when it holds for each of them;
/// the numbers are those of the first for which it does not, else of output 0.
#[must_use]
pub fn measure(measures: &Measures, about: &About) -> Vec<FindingRow> {
    let blocks: Vec<Measures> =
        measures.blocks().into_iter().map(|block| measures.of_block(block)).collect();
    [
        kernel_changes::measure,
        target_aligns::measure,
        target_aligns::measure_on_test,
        output_in_top::measure,
        learning_along_top::measure,
        alignment_speeds_descent::measure,
        decay_raises_eigenvalues::measure,
        low_frequencies_first::measure,
        above_sinusoids::measure,
        edge_of_stability::measure_eigenvalue,
        edge_of_stability::measure_sharpness,
    ]
    .into_iter()
    .filter_map(|finding| {
        least_favourable(blocks.iter().map(|block| finding(block, about)).collect())
    })
    .collect()
}

/// The row that speaks for all kernels of a run: the first for which the finding does not hold,
/// else the first to which it does not apply, else the first.
fn least_favourable(rows: Vec<FindingRow>) -> Option<FindingRow> {
    let count = rows.len();
    let holding = rows.iter().filter(|row| row.verdict == Verdict::Holds).count();
    let first = |verdict| rows.iter().position(|row| row.verdict == verdict);
    let shown = first(Verdict::DoesNotHold).or(first(Verdict::NotApplicable)).unwrap_or(0);
    let applicable = rows.iter().any(|row| row.verdict != Verdict::NotApplicable);
    let mut row = rows.into_iter().nth(shown)?;
    if count > 1 && applicable {
        let all = format!("Holds for {holding} of {count} outputs; shown for output {shown}.");
        row.note = Some(match row.note {
            Some(note) => format!("{note} {all}"),
            None => all,
        });
    }
    Some(row)
}

/// What stands in a row of every outcome of one finding.
struct Finding {
    name: &'static str,
    statement: &'static str,
    measure: String,
    rule: String,
}

impl Finding {
    fn decided(
        self,
        before: f64,
        after: f64,
        holds: bool,
        note: impl Into<Option<String>>,
    ) -> FindingRow {
        let verdict = if holds { Verdict::Holds } else { Verdict::DoesNotHold };
        self.row(Some(before), Some(after), verdict, note.into())
    }

    fn not_applicable(self, why: impl Into<String>) -> FindingRow {
        self.row(None, None, Verdict::NotApplicable, Some(why.into()))
    }

    fn row(
        self,
        before: Option<f64>,
        after: Option<f64>,
        verdict: Verdict,
        note: Option<String>,
    ) -> FindingRow {
        FindingRow {
            finding: self.name.to_owned(),
            variant: None,
            statement: self.statement.to_owned(),
            measure: self.measure,
            before,
            after,
            rule: self.rule,
            verdict,
            note,
        }
    }
}

const ONE_CHECKPOINT: &str = "The run has one checkpoint only; nothing can change.";

/// E(φ, top) of the training split at `step`, where it is known.
fn energy(measures: &Measures, step: u64, signal: Signal) -> Option<f64> {
    energy_of(measures, Split::Train, step, signal)
}

/// E(φ, top) of one split at `step`, where it is known.
fn energy_of(measures: &Measures, split: Split, step: u64, signal: Signal) -> Option<f64> {
    measures
        .energy
        .iter()
        .find(|row| {
            row.step == step && row.split == split && row.signal == signal && row.k == measures.top
        })
        .map(|row| row.relative_energy)
}

#[cfg(test)]
mod made_up;

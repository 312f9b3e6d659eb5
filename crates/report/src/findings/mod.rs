//! The paper's findings as measured numbers, each with the rule that decides it.
//!
//! One file a finding: a pure function from the scalar tables of one kernel to a [`FindingRow`], or,
//! in `across`, from the variants of a sweep. Thresholds are constants with their reason beside them.
//! A rule is a margin, 0 or more where it is met, so that a mean over seeds can be decided by its
//! uncertainty. No finding rests on an eigenvector that rounding noise makes arbitrary.

mod above_sinusoids;
mod alignment_speeds_descent;
mod decay_raises_eigenvalues;
mod edge_of_stability;
mod kernel_changes;
mod kernel_grows;
mod kernel_target_alignment_rises;
mod learning_along_top;
mod low_frequencies_first;
mod output_in_top;
mod target_aligns;

mod across;
pub mod ends;

use artifact::tables::findings::{FindingRow, Verdict};
use artifact::tables::{Signal, Split};

use crate::about::About;
use crate::measures::Measures;
use crate::number::grouped;
use crate::variant::Variant;

/// What stands in the column `variant` of a row across a sweep.
pub const ACROSS: &str = "all";

/// The findings of every variant and, where there are several, those across them.
#[must_use]
pub fn of_all(variants: &[Variant]) -> Vec<FindingRow> {
    let of_variant = |variant: &Variant| {
        let label = (!variant.axes.is_empty()).then(|| variant.label());
        let rows = measure(&variant.measures, &variant.about).into_iter();
        rows.map(|row| FindingRow { variant: label.clone(), ..row }).collect::<Vec<_>>()
    };
    let of_each: Vec<Vec<FindingRow>> = variants.iter().map(of_variant).collect();
    let across = if variants.len() > 1 { across::measure(variants, &of_each) } else { Vec::new() };
    let across = across.into_iter();
    let across = across.map(|row| FindingRow { variant: Some(ACROSS.to_owned()), ..row });
    of_each.into_iter().flatten().chain(across).collect()
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
        kernel_grows::measure,
        target_aligns::measure,
        target_aligns::measure_on_test,
        kernel_target_alignment_rises::measure,
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
    /// A row of one run: the rule is met where `margin` is 0 or more.
    fn decided(
        self,
        before: f64,
        after: f64,
        margin: f64,
        note: impl Into<Option<String>>,
    ) -> FindingRow {
        if !margin.is_finite() {
            return self.not_applicable("What the rule compares is beyond all numbers.");
        }
        let verdict = if margin >= 0.0 { Verdict::Holds } else { Verdict::DoesNotHold };
        FindingRow {
            before: Some(before),
            after: Some(after),
            margin: Some(margin),
            n: Some(1),
            note: note.into(),
            ..self.row(verdict)
        }
    }

    fn not_applicable(self, why: impl Into<String>) -> FindingRow {
        FindingRow { note: Some(why.into()), ..self.row(Verdict::NotApplicable) }
    }

    fn row(self, verdict: Verdict) -> FindingRow {
        FindingRow {
            finding: self.name.to_owned(),
            variant: None,
            statement: self.statement.to_owned(),
            measure: self.measure,
            before: None,
            after: None,
            margin: None,
            uncertainty: None,
            n: None,
            rule: self.rule,
            verdict,
            control: None,
            note: None,
        }
    }
}

/// What stands beside a finding that holds and does not need a target with structure, as the
/// shipped control has shown.
const HOLDS_WITHOUT_STRUCTURE: &str =
    "holds for a shuffled target, too: it says nothing of the target";

/// The row with what is known of the same finding on a shuffled target, where it holds.
fn without_structure(row: FindingRow) -> FindingRow {
    let holds = row.verdict == Verdict::Holds;
    FindingRow { control: holds.then(|| HOLDS_WITHOUT_STRUCTURE.to_owned()), ..row }
}

/// Why what rests on the top eigenvectors has no meaning at one of `steps`: fewer are resolved.
fn unresolved(measures: &Measures, steps: &[u64]) -> Option<String> {
    let top = measures.top;
    let (resolved, why) = steps.iter().find_map(|&step| fewer_resolved(measures, step, top))?;
    Some(format!(
        "{why} Set `top` of the report to at most {resolved}, or `precision: f64` of the stage ntk."
    ))
}

/// How many eigenpairs are resolved at `step`, and that in a sentence, where these are fewer than the
/// `wanted` leading ones.
fn fewer_resolved(measures: &Measures, step: u64, wanted: u32) -> Option<(u32, String)> {
    let resolved = measures.resolved_at(step).filter(|&resolved| resolved < wanted)?;
    let why = format!(
        "{resolved} of {wanted} resolved at step {}: the other eigenpairs are rounding noise of the kernel.",
        grouped(step)
    );
    Some((resolved, why))
}

const ONE_CHECKPOINT: &str = "The run has one checkpoint only; nothing can change.";

/// E(φ, top) of the training split at `step`, where it is known.
fn energy(measures: &Measures, step: u64, signal: Signal) -> Option<f64> {
    energy_at(measures, Split::Train, step, signal, measures.top)
}

/// E(φ, k) of one split at `step`, where it is known.
fn energy_at(measures: &Measures, split: Split, step: u64, signal: Signal, k: u32) -> Option<f64> {
    measures
        .energy
        .iter()
        .find(|row| row.step == step && row.split == split && row.signal == signal && row.k == k)
        .and_then(|row| row.relative_energy)
}

#[cfg(test)]
pub(crate) mod made_up;

//! How measures order the samples beside forgetting, and how they find flipped labels.

use statistics::correlation::spearman_of_known;
use statistics::detection::{auc, found};

use crate::gathered::{Gathered, Measure};
use crate::table::{AgreementRow, DetectionRow, ScoreRow};

/// Measures of which a small value is suspicious.
const TURNED: [&str; 5] =
    ["loo_margin", "misclassification_margin", "mean_margin", "confidence", "correctness"];

/// Every measure of `gathered`: those of networks and kernels, and the columns of its `rows`.
pub fn all_measures(gathered: &Gathered, rows: &[ScoreRow]) -> Vec<Measure> {
    type Column = (&'static str, fn(&ScoreRow) -> Option<f64>);
    let columns: [Column; 9] = [
        ("score", |row| Some(row.score as f64)),
        ("exact_events", |row| row.exact_events.map(|events| events as f64)),
        ("first_learned", |row| row.first_learned),
        ("presentations_needed", |row| Some(row.presentations_needed)),
        ("misclassification_margin", |row| row.misclassification_margin),
        ("mean_margin", |row| Some(row.mean_margin)),
        ("confidence", |row| row.confidence),
        ("variability", |row| row.variability),
        ("correctness", |row| Some(row.correctness)),
    ];
    let of_column = columns.into_iter().map(|(name, of)| Measure {
        source: "training".to_owned(),
        step: None,
        name,
        k: None,
        values: rows.iter().map(of).collect(),
    });
    let known = |measure: &Measure| measure.values.iter().any(Option::is_some);
    of_column.filter(known).chain(gathered.measures.iter().cloned()).collect()
}

/// The measure with its known values turned so that great is suspicious; none where one is unknown.
fn suspicion(measure: &Measure) -> Option<Vec<f64>> {
    let sign = if TURNED.contains(&measure.name) { -1.0 } else { 1.0 };
    measure.values.iter().map(|value| value.map(|value| sign * value)).collect()
}

/// The rows of `agreement` for `measures`, where `flipped` labels are known.
pub fn agreements(
    gathered: &Gathered,
    measures: &[Measure],
    flipped: Option<&[bool]>,
) -> Vec<AgreementRow> {
    let scores: Vec<Option<f64>> = gathered.scores(None).into_iter().map(Some).collect();
    measures
        .iter()
        .map(|measure| AgreementRow {
            group: gathered.label.clone(),
            source: measure.source.clone(),
            step: measure.step,
            measure: measure.name.to_owned(),
            k: measure.k,
            spearman: spearman_of_known(&measure.values, &scores),
            auc_flipped: flipped.zip(suspicion(measure)).and_then(|(marked, it)| auc(&it, marked)),
        })
        .collect()
}

/// The rows of `detection` for `measures`; none without flipped labels.
pub fn detections(
    gathered: &Gathered,
    measures: &[Measure],
    flipped: Option<&[bool]>,
) -> Vec<DetectionRow> {
    let Some(flipped) = flipped else { return Vec::new() };
    let marked = flipped.iter().filter(|&&flipped| flipped).count();
    if marked == 0 {
        return Vec::new();
    }
    let flags = [marked.div_ceil(2), marked, (2 * marked).min(flipped.len())];
    let mut rows = Vec::new();
    for measure in measures {
        let Some(suspicion) = suspicion(measure) else { continue };
        rows.extend(flags.map(|flagged| {
            let hits = found(&suspicion, flipped, flagged);
            DetectionRow {
                group: gathered.label.clone(),
                source: measure.source.clone(),
                step: measure.step,
                measure: measure.name.to_owned(),
                k: measure.k,
                flagged: flagged as u32,
                precision: hits / flagged as f64,
                recall: hits / marked as f64,
            }
        }));
    }
    rows
}

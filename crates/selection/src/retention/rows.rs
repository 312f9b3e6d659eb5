//! The rows of the tables: means over runs that repeat each other.

use std::collections::BTreeMap;

use statistics::jackknife::{means_without, standard_error};

use super::chain::Phase;
use super::table::{CurveRow, RetentionRow};

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// What each phase cost of the samples before.
pub fn retention(phases: &[Phase]) -> Vec<RetentionRow> {
    let mut groups: BTreeMap<(&str, u32, &str, &str), Vec<[f64; 2]>> = BTreeMap::new();
    for phase in phases {
        if let (Some(before), Some(accuracies)) = (phase.before, phase.on_earlier()) {
            let samples_of = phases[before].samples_of.as_str();
            let key = (phase.group.as_str(), phase.number, phase.stage.as_str(), samples_of);
            groups.entry(key).or_default().push(accuracies);
        }
    }
    let row =
        |((group, phase, stage, samples_of), runs): ((&str, u32, &str, &str), Vec<[f64; 2]>)| {
            let side = |i: usize| runs.iter().map(|run| run[i]).collect::<Vec<f64>>();
            let lost: Vec<f64> = runs.iter().map(|[before, after]| before - after).collect();
            RetentionRow {
                group: group.to_owned(),
                phase,
                stage: stage.to_owned(),
                samples_of: samples_of.to_owned(),
                runs: runs.len() as u32,
                accuracy_before: mean(&side(0)),
                accuracy_after: mean(&side(1)),
                lost: mean(&lost),
                lost_error: standard_error(&means_without(&lost)),
            }
        };
    groups.into_iter().map(row).collect()
}

/// Accuracy on each part along the phases.
pub fn curve(phases: &[Phase]) -> Vec<CurveRow> {
    type Key<'a> = (&'a str, &'a str, u32, &'a str, u64);
    let mut points: BTreeMap<Key<'_>, Vec<f64>> = BTreeMap::new();
    for (place, phase) in phases.iter().enumerate() {
        // The first phase tests on samples that no phase has learned from yet: those of the next.
        let other = phase.before.or_else(|| phases.iter().position(|it| it.before == Some(place)));
        let other = other.map(|other| phases[other].samples_of.as_str());
        for &(step, learned, tested) in &phase.accuracies {
            let parts = [(Some(phase.samples_of.as_str()), learned), (other, tested)];
            for (samples_of, accuracy) in parts {
                if let (Some(samples_of), Some(accuracy)) = (samples_of, accuracy) {
                    let updates = phase.updates_before + step;
                    let (group, stage) = (phase.group.as_str(), phase.stage.as_str());
                    let key = (group, samples_of, phase.number, stage, updates);
                    points.entry(key).or_default().push(accuracy);
                }
            }
        }
    }
    let row = |((group, samples_of, phase, stage, updates), runs): (Key<'_>, Vec<f64>)| CurveRow {
        group: group.to_owned(),
        samples_of: samples_of.to_owned(),
        phase,
        stage: stage.to_owned(),
        updates,
        runs: runs.len() as u32,
        accuracy: mean(&runs),
        accuracy_error: standard_error(&means_without(&runs)),
    };
    points.into_iter().map(row).collect()
}

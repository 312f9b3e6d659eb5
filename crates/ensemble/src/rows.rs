//! Rows of the tables.

use artifact::tables::Split;

use crate::combine;
use crate::evaluation::{Measured, Score, Truth, predictors, score};
use crate::members::Members;
use crate::table::{EnsembleRow, MeanPredictionRow, Source};

/// The measures of every predictor of `members` at `step` on `split`, against what the kernel predicts of
/// the test samples; nothing without samples.
pub fn measured(
    members: &Members<'_>,
    step: u64,
    split: Split,
    kernel: Option<&[f32]>,
) -> Vec<Measured> {
    let Some(now) = members.at(step, split) else { return Vec::new() };
    let has_start = members.source == Source::Training && members.steps.contains(&0);
    let starts = has_start.then(|| members.at(0, split)).flatten();
    let kernel = kernel.filter(|_| split == Split::Test);
    predictors(&now, starts.as_deref(), &Truth { kernel, ..truth(members, split) })
}

/// The measures of the first of `members` on test samples at the last step; none without samples.
pub fn first_test(members: &Members<'_>) -> Option<Score> {
    let now = members.at(members.last(), Split::Test)?;
    Some(score(now.first()?, &truth(members, Split::Test)))
}

/// What is right for the samples of `split` that all `members` have.
fn truth<'a>(members: &'a Members<'_>, split: Split) -> Truth<'a> {
    let (outputs, count) = (members.samples.outputs, members.predicted(split));
    let side = members.samples.of(split);
    Truth {
        outputs,
        targets: side.targets.get(..count * outputs).unwrap_or_default(),
        labels: side.labels.get(..count).unwrap_or_default(),
        kernel: None,
    }
}

/// The rows of `ensembles`: of networks at every step, of kernel predictors at the last.
pub fn ensembles(members: &Members<'_>, kernel: Option<&[f32]>) -> Vec<EnsembleRow> {
    let steps = match members.source {
        Source::Training => members.steps.as_slice(),
        Source::Prediction => members.steps.last().map_or(&[][..], std::slice::from_ref),
    };
    let mut rows = Vec::new();
    for &step in steps {
        for split in [Split::Train, Split::Test] {
            let all = measured(members, step, split, kernel);
            rows.extend(all.iter().filter_map(|of| row(members, step, split, of)));
        }
    }
    rows
}

fn row(members: &Members<'_>, step: u64, split: Split, of: &Measured) -> Option<EnsembleRow> {
    let accuracy = of.estimate(|score| score.accuracy);
    let mse = of.estimate(|score| score.mse)?;
    let distance = of.estimate(|score| score.distance);
    Some(EnsembleRow {
        source: members.source,
        stage: members.group.stage.clone(),
        group: members.group.label.clone(),
        step,
        predictor: of.predictor,
        split,
        members: members.count(),
        accuracy: accuracy.map(|it| it.value),
        accuracy_error: accuracy.and_then(|it| it.error),
        mse: mse.value,
        mse_error: mse.error,
        variance: of.whole.variance,
        distance_to_kernel: distance.map(|it| it.value),
        distance_error: distance.and_then(|it| it.error),
    })
}

/// The rows of `mean_predictions`.
pub fn mean_predictions(members: &Members<'_>) -> Vec<MeanPredictionRow> {
    let (step, outputs) = (members.last(), members.samples.outputs);
    let mut rows = Vec::new();
    for split in [Split::Train, Split::Test] {
        let Some(now) = members.at(step, split) else { continue };
        let variances = combine::variance_by_sample(&now, outputs);
        let mean = combine::mean(&now);
        rows.extend((0..).zip(mean.chunks(outputs)).map(|(sample, mean)| MeanPredictionRow {
            source: members.source,
            stage: members.group.stage.clone(),
            group: members.group.label.clone(),
            step,
            split,
            sample,
            mean: mean.to_vec(),
            variance: variances.as_ref().and_then(|all| all.get(sample as usize).copied()),
        }));
    }
    rows
}

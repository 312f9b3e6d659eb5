//! Rows of the tables from the fits of one step.

use faer::{Mat, MatRef};

use crate::fits::Fits;
use crate::parameters::{Parameters, Predictions, Start};
use crate::scores;
use crate::solves::Solve;
use crate::sources::Sources;
use artifact::tables::prediction::{Method, Part, PredictionRow, ScoreRow};

/// The rows of the table `scores`.
pub fn scores(fits: &Fits, sources: &Sources, parameters: &Parameters) -> Vec<ScoreRow> {
    let base = if parameters.start == Start::Network { fits.step } else { 0 };
    let is_process = sources.covariance.is_none();
    let mut rows = Vec::new();
    for solved in &fits.solved {
        let Solve { method, ridge, time, ref filter } = solved.solve;
        let network = sources.network.as_ref().and_then(|network| {
            let step = match (method, time) {
                (Method::Descent, Some(updates)) => base + updates as u64,
                _ => network.last,
            };
            network.outputs.get(&step)
        });
        let mut row = |split, predicted: Option<&Mat<f64>>, other: Option<&Mat<f64>>| {
            let (targets, labels) = match split {
                Part::Test => (&sources.targets.test, &sources.test_labels),
                Part::Train | Part::LeftOut => (&sources.targets.train, &sources.train_labels),
            };
            let predicted = predicted.map(Mat::as_ref);
            let nll = predicted.zip(filter.lambda()).and_then(|(predicted, lambda)| {
                let variance = solved.variance.as_ref()?.as_ref();
                let asked = is_process && split == Part::Test;
                asked.then(|| scores::nll(predicted, targets.as_ref(), variance, lambda))?
            });
            rows.push(ScoreRow {
                step: fits.step,
                method,
                ridge,
                time,
                split,
                accuracy: predicted.and_then(|predicted| scores::accuracy(predicted, labels)),
                mse: predicted.and_then(|it| scores::mse(it, targets.as_ref())),
                nll,
                distance_to_network: predicted
                    .zip(other)
                    .and_then(|(predicted, other)| scores::distance(predicted, other.as_ref())),
                chosen: solved.chosen,
                resolved: solved.resolved,
                samples: sources.samples() as u32,
            });
        };
        let predicted = solved.predicted.as_ref();
        row(Part::Train, predicted.map(|it| &it.at.train), network.map(|it| &it.train));
        if fits.has_test() {
            row(Part::Test, predicted.map(|it| &it.at.test), network.map(|it| &it.test));
        }
        row(Part::LeftOut, predicted.and_then(|it| it.left_out.as_ref()), None);
    }
    rows
}

/// The rows of the table `predictions`.
pub fn predictions(fits: &Fits, parameters: &Parameters) -> Vec<PredictionRow> {
    let mut rows = Vec::new();
    for solved in &fits.solved {
        let is_kept = match parameters.predictions {
            Predictions::All => true,
            Predictions::Chosen => solved.chosen,
            Predictions::None => false,
        };
        let Some(predicted) = solved.predicted.as_ref().filter(|_| is_kept) else { continue };
        let Solve { method, ridge, time, .. } = solved.solve;
        for (split, values) in
            [(Part::Train, &predicted.at.train), (Part::Test, &predicted.at.test)]
        {
            let variances = solved.variance.as_ref().filter(|_| split == Part::Test);
            rows.extend((0..values.nrows()).map(|j| PredictionRow {
                step: fits.step,
                method,
                ridge,
                time,
                split,
                sample: j as u32,
                mean: (0..values.ncols()).map(|a| values[(j, a)] as f32).collect(),
                variance: variances.and_then(|variances| mean_variance(variances.as_ref(), j)),
            }));
        }
    }
    rows
}

/// The mean over outputs of the variance of sample `j`; none where one is below 0 by rounding.
fn mean_variance(variances: MatRef<'_, f64>, j: usize) -> Option<f64> {
    let row = || (0..variances.ncols()).map(|a| variances[(j, a)]);
    row().all(|v| v >= 0.0).then(|| row().sum::<f64>() / variances.ncols() as f64)
}

/// How many samples have a variance that is below 0 by rounding.
pub fn negative_variances(variances: &Mat<f64>) -> usize {
    (0..variances.nrows()).filter(|&j| mean_variance(variances.as_ref(), j).is_none()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variance_below_0_is_none_and_counted() {
        let variances = Mat::from_fn(2, 2, |j, a| if (j, a) == (1, 0) { -1e-18 } else { 0.5 });
        assert_eq!(mean_variance(variances.as_ref(), 0), Some(0.5));
        assert_eq!(mean_variance(variances.as_ref(), 1), None);
        assert_eq!(negative_variances(&variances), 1);
    }
}

//! What members come to, each by itself and as one.

use crate::combine;
use crate::scores;
use crate::table::Predictor;
use statistics::jackknife::{self, Estimate};

/// What predictions are held against.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a> {
    /// o.
    pub outputs: usize,
    /// y, samples × outputs.
    pub targets: &'a [f32],
    /// Classes.
    pub labels: &'a [Option<u32>],
    /// What the kernel predicts, samples × outputs.
    pub kernel: Option<&'a [f32]>,
}

/// The measures of one predictor.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Share of samples classified right.
    pub accuracy: Option<f64>,
    /// Mean squared error.
    pub mse: Option<f64>,
    /// Mean variance over members.
    pub variance: Option<f64>,
    /// ‖f − f_kernel‖ / ‖f_kernel‖.
    pub distance: Option<f64>,
}

/// The measures of one predictor, of all members and without each.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Which predictor.
    pub predictor: Predictor,
    /// Of all members.
    pub whole: Score,
    /// Of all but one, by the one; empty of a single member.
    pub without: Vec<Score>,
}

impl Measured {
    /// What `measure` gives, with its standard error over members; none where it has no meaning.
    pub fn estimate(&self, measure: impl Fn(&Score) -> Option<f64>) -> Option<Estimate> {
        let value = measure(&self.whole)?;
        let without: Option<Vec<f64>> = self.without.iter().map(measure).collect();
        let error = without.and_then(|without| jackknife::standard_error(&without));
        Some(Estimate { value, error })
    }

    /// `self` − `other`, of the same members: the error is that of the difference.
    pub fn minus(&self, other: &Self, measure: impl Fn(&Score) -> Option<f64>) -> Option<Estimate> {
        let value = measure(&self.whole)? - measure(&other.whole)?;
        let pairs = self.without.iter().zip(&other.without);
        let without: Option<Vec<f64>> =
            pairs.map(|(own, other)| Some(measure(own)? - measure(other)?)).collect();
        let error = without.and_then(|without| jackknife::standard_error(&without));
        Some(Estimate { value, error })
    }
}

/// `one` and `ensemble` of the members' values, and where their values at step 0 are known also `centred` and
/// `centred_ensemble`. All are samples × outputs, at least one member.
pub fn predictors(
    members: &[&[f32]],
    starts: Option<&[&[f32]]>,
    truth: &Truth<'_>,
) -> Vec<Measured> {
    let mut all = Vec::with_capacity(4);
    let (one, ensemble) = both(members, truth);
    all.push(Measured { predictor: Predictor::One, ..one });
    let centred: Option<Vec<Vec<f32>>> = starts.map(|starts| {
        members.iter().zip(starts).map(|(now, start)| combine::centred(now, start)).collect()
    });
    let centred =
        centred.map(|centred| both(&centred.iter().map(Vec::as_slice).collect::<Vec<_>>(), truth));
    if let Some((one, _)) = &centred {
        all.push(Measured { predictor: Predictor::Centred, ..one.clone() });
    }
    all.push(Measured { predictor: Predictor::Ensemble, ..ensemble });
    if let Some((_, ensemble)) = centred {
        all.push(Measured { predictor: Predictor::CentredEnsemble, ..ensemble });
    }
    all
}

/// The mean of the members' own measures, and the measures of their mean.
fn both(members: &[&[f32]], truth: &Truth<'_>) -> (Measured, Measured) {
    let spread = combine::spread(members);
    let own: Vec<Score> = members.iter().map(|member| score(member, truth)).collect();
    let mut one = average(&own);
    let sum = combine::sum(members);
    let mean_without =
        |left_out: &&[f32]| score(&combine::mean_without(&sum, left_out, members.len()), truth);
    let mut ensemble = Measured {
        predictor: Predictor::Ensemble,
        whole: score(&combine::mean(members), truth),
        without: if members.len() < 2 {
            Vec::new()
        } else {
            members.iter().map(mean_without).collect()
        },
    };
    for measured in [&mut one, &mut ensemble] {
        measured.whole.variance = spread.variance;
        for (score, variance) in measured.without.iter_mut().zip(&spread.without) {
            score.variance = *variance;
        }
    }
    (one, ensemble)
}

/// The mean of each measure, with and without each member.
fn average(own: &[Score]) -> Measured {
    let each = |measure: fn(&Score) -> Option<f64>| -> Option<Vec<f64>> {
        own.iter().map(measure).collect()
    };
    let (accuracy, mse) = (each(|score| score.accuracy), each(|score| score.mse));
    let distance = each(|score| score.distance);
    let mean = |values: &Option<Vec<f64>>| {
        let values = values.as_ref().filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    let left = |values: &Option<Vec<f64>>| {
        values.as_ref().map(|values| jackknife::means_without(values)).unwrap_or_default()
    };
    let without = [left(&accuracy), left(&mse), left(&distance)];
    let count = if own.len() < 2 { 0 } else { own.len() };
    Measured {
        predictor: Predictor::One,
        whole: Score {
            accuracy: mean(&accuracy),
            mse: mean(&mse),
            variance: None,
            distance: mean(&distance),
        },
        without: (0..count)
            .map(|m| Score {
                accuracy: without[0].get(m).copied(),
                mse: without[1].get(m).copied(),
                variance: None,
                distance: without[2].get(m).copied(),
            })
            .collect(),
    }
}

/// The measures of one function, but for the variance.
pub fn score(predicted: &[f32], truth: &Truth<'_>) -> Score {
    Score {
        accuracy: scores::accuracy(predicted, truth.outputs, truth.labels),
        mse: scores::mse(predicted, truth.targets),
        variance: None,
        distance: truth.kernel.and_then(|kernel| scores::distance(predicted, kernel)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: [f32; 6] = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
    const LABELS: [Option<u32>; 3] = [Some(0), Some(1), Some(0)];
    const STARTS: [[f32; 6]; 3] =
        [[0.5, 0.0, 0.1, 0.2, 0.3, 0.9], [0.0; 6], [-0.3, 0.3, 0.6, 0.2, 0.0, 0.1]];
    const NOW: [[f32; 6]; 3] = [
        [1.4, 0.1, 0.2, 0.9, 0.6, 0.9],
        [0.7, 0.2, 0.8, 0.6, 1.2, 0.1],
        [0.1, 0.4, 0.5, 0.9, 0.8, 0.2],
    ];

    fn truth(kernel: Option<&[f32]>) -> Truth<'_> {
        Truth { outputs: 2, targets: &TARGETS, labels: &LABELS, kernel }
    }

    fn slices(all: &[[f32; 6]]) -> Vec<&[f32]> {
        all.iter().map(<[f32; 6]>::as_slice).collect()
    }

    fn close(a: f64, b: f64) -> bool {
        a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-6
    }

    /// The mean of some members in f64.
    fn mean(members: &[&[f32]]) -> Vec<f32> {
        let count = members.len() as f64;
        (0..6)
            .map(|i| (members.iter().map(|f| f64::from(f[i])).sum::<f64>() / count) as f32)
            .collect()
    }

    #[test]
    fn four_predictors_follow_their_formulas() {
        let (now, starts) = (slices(&NOW), slices(&STARTS));
        let kernel = [0.9, 0.1, 0.1, 0.9, 1.0, 0.0];
        let found = predictors(&now, Some(&starts), &truth(Some(&kernel)));
        let names: Vec<Predictor> = found.iter().map(|it| it.predictor).collect();
        let expected =
            [Predictor::One, Predictor::Centred, Predictor::Ensemble, Predictor::CentredEnsemble];
        assert_eq!(names, expected);
        let centred: Vec<Vec<f32>> = now
            .iter()
            .zip(&starts)
            .map(|(now, start)| now.iter().zip(*start).map(|(a, b)| a - b).collect())
            .collect();
        let centred: Vec<&[f32]> = centred.iter().map(Vec::as_slice).collect();
        for (one, ensemble, members) in [(0, 2, &now), (1, 3, &centred)] {
            let of_member = |of: &dyn Fn(&[f32]) -> f64| -> Vec<f64> {
                members.iter().map(|member| of(member)).collect()
            };
            let mse = |f: &[f32]| scores::mse(f, &TARGETS).unwrap();
            let own = of_member(&mse);
            let average = own.iter().sum::<f64>() / 3.0;
            let variance = own.iter().map(|x| (x - average).powi(2)).sum::<f64>() / 2.0;
            let estimate = found[one].estimate(|score| score.mse).unwrap();
            assert!(close(estimate.value, average));
            assert!(close(estimate.error.unwrap(), (variance / 3.0).sqrt()));
            let whole = mean(members);
            assert!(close(found[ensemble].whole.mse.unwrap(), mse(&whole)));
            let distance = scores::distance(&whole, &kernel).unwrap();
            assert!(close(found[ensemble].whole.distance.unwrap(), distance));
            assert_eq!(found[ensemble].whole.accuracy, scores::accuracy(&whole, 2, &LABELS));
            // The jackknife, straight from its formula.
            let without: Vec<f64> = (0..3)
                .map(|m| {
                    let others: Vec<&[f32]> =
                        (0..3).filter(|&i| i != m).map(|i| members[i]).collect();
                    mse(&mean(&others))
                })
                .collect();
            let middle = without.iter().sum::<f64>() / 3.0;
            let squares: f64 = without.iter().map(|x| (x - middle).powi(2)).sum();
            let error = found[ensemble].estimate(|score| score.mse).unwrap().error.unwrap();
            assert!(close(error, (squares * 2.0 / 3.0).sqrt()));
            assert_eq!(found[one].whole.variance, combine::spread(members).variance);
            assert_eq!(found[ensemble].whole.variance, found[one].whole.variance);
        }
    }

    #[test]
    fn the_gain_in_mse_is_the_variance_over_members() {
        // mean |f − y|² − |f̄ − y|² = (M − 1)/M of the unbiased variance.
        let now = slices(&NOW);
        let found = predictors(&now, None, &truth(None));
        let gain = found[0].minus(&found[1], |score| score.mse).unwrap();
        assert!(close(gain.value, found[0].whole.variance.unwrap() * 2.0 / 3.0));
        assert!(gain.error.unwrap() > 0.0);
    }

    #[test]
    fn one_member_is_its_own_mean_and_has_no_error() {
        let now = slices(&NOW[..1]);
        let found = predictors(&now, None, &truth(None));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].whole, found[1].whole);
        assert_eq!(found[0].whole.variance, None);
        let difference = found[1].minus(&found[0], |score| score.accuracy).unwrap();
        assert_eq!(difference, Estimate { value: 0.0, error: None });
        assert_eq!(found[1].estimate(|score| score.distance), None);
    }

    #[test]
    fn the_same_member_twice_has_no_spread() {
        let now = slices(&[NOW[0], NOW[0]]).repeat(1);
        let found = predictors(&now, None, &truth(None));
        assert_eq!(found[0].whole, found[1].whole);
        assert_eq!(found[0].whole.variance, Some(0.0));
        let difference = found[1].minus(&found[0], |score| score.mse).unwrap();
        assert_eq!(difference, Estimate { value: 0.0, error: Some(0.0) });
    }
}

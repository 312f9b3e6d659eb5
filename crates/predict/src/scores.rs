//! How good predictions are. Matrices are samples × outputs.

use std::f64::consts::TAU;

use faer::MatRef;

/// Share of samples whose largest output, the first of equals, is their label.
///
/// None without samples, with fewer than two outputs, and where a sample has no label.
#[must_use]
pub fn accuracy(predicted: MatRef<'_, f64>, labels: &[Option<u32>]) -> Option<f64> {
    let (samples, outputs) = (predicted.nrows(), predicted.ncols());
    if samples == 0 || outputs < 2 || labels.len() != samples {
        return None;
    }
    let mut right = 0_usize;
    for (j, label) in labels.iter().enumerate() {
        let label = (*label)? as usize;
        let mut largest = 0;
        for a in 1..outputs {
            if predicted[(j, a)] > predicted[(j, largest)] {
                largest = a;
            }
        }
        right += usize::from(largest == label);
    }
    Some(right as f64 / samples as f64)
}

/// Mean of (f − y)² over samples and outputs. None where there are none, or it overflows.
#[must_use]
pub fn mse(predicted: MatRef<'_, f64>, targets: MatRef<'_, f64>) -> Option<f64> {
    mean(predicted, |j, a| (predicted[(j, a)] - targets[(j, a)]).powi(2))
}

/// Mean of ½ log 2π(v + λ) + (y − f)² / 2(v + λ) over samples and outputs: of Gaussian targets with the
/// variance v of the process, samples × outputs or × 1 for all outputs alike, and the noise λ.
///
/// None where a v + λ is not above 0, or there are no samples.
#[must_use]
pub fn nll(
    predicted: MatRef<'_, f64>,
    targets: MatRef<'_, f64>,
    variance: MatRef<'_, f64>,
    noise: f64,
) -> Option<f64> {
    let of = |j: usize, a: usize| variance[(j, a.min(variance.ncols() - 1))] + noise;
    let is_positive =
        (0..predicted.nrows()).all(|j| (0..predicted.ncols()).all(|a| of(j, a) > 0.0));
    if !is_positive {
        return None;
    }
    mean(predicted, |j, a| {
        let v = of(j, a);
        0.5 * (TAU * v).ln() + (targets[(j, a)] - predicted[(j, a)]).powi(2) / (2.0 * v)
    })
}

/// ‖f − g‖_F / ‖f‖_F of f = `predicted`. None where ‖f‖ = 0, or it overflows.
#[must_use]
pub fn distance(predicted: MatRef<'_, f64>, other: MatRef<'_, f64>) -> Option<f64> {
    let apart = mse(predicted, other)?;
    let size = mean(predicted, |j, a| predicted[(j, a)].powi(2))?;
    let distance = (apart / size).sqrt();
    (size > 0.0 && distance.is_finite()).then_some(distance)
}

/// Share of the most frequent label: what a guess that knows nothing of the sample gets right.
#[must_use]
pub fn chance(labels: &[Option<u32>]) -> Option<f64> {
    let mut labels = labels.iter().copied().collect::<Option<Vec<u32>>>()?;
    labels.sort_unstable();
    let most = labels.chunk_by(|a, b| a == b).map(<[u32]>::len).max()?;
    Some(most as f64 / labels.len() as f64)
}

fn mean(of: MatRef<'_, f64>, value: impl Fn(usize, usize) -> f64) -> Option<f64> {
    let count = of.nrows() * of.ncols();
    let sum: f64 = (0..of.nrows()).map(|j| (0..of.ncols()).map(|a| value(j, a)).sum::<f64>()).sum();
    (count > 0 && sum.is_finite()).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use faer::Mat;

    use super::*;

    fn matrix(rows: &[[f64; 2]]) -> Mat<f64> {
        Mat::from_fn(rows.len(), 2, |j, a| rows[j][a])
    }

    #[test]
    fn the_largest_output_is_the_class() {
        let f = matrix(&[[0.2, 0.1], [0.0, 0.0], [-1.0, 2.0], [0.3, 0.1]]);
        let labels = [Some(0), Some(0), Some(1), Some(1)];
        assert_eq!(accuracy(f.as_ref(), &labels), Some(0.75));
        assert_eq!(accuracy(f.as_ref(), &[Some(0), None, Some(1), Some(1)]), None);
        assert_eq!(accuracy(f.as_ref(), &[]), None);
        assert_eq!(accuracy(Mat::<f64>::zeros(0, 2).as_ref(), &[]), None);
        assert_eq!(accuracy(Mat::<f64>::zeros(1, 1).as_ref(), &[Some(0)]), None);
    }

    #[test]
    fn errors_and_distances_follow_their_formulas() {
        let (f, y) = (matrix(&[[3.0, 0.0], [0.0, 4.0]]), matrix(&[[1.0, 0.0], [0.0, 0.0]]));
        assert_eq!(mse(f.as_ref(), y.as_ref()), Some(5.0));
        let found = distance(f.as_ref(), y.as_ref()).unwrap();
        assert!((found - 20.0_f64.sqrt() / 5.0).abs() <= 1e-15);
        assert_eq!(distance(Mat::<f64>::zeros(2, 2).as_ref(), y.as_ref()), None);
        assert_eq!(mse(Mat::<f64>::zeros(0, 2).as_ref(), Mat::zeros(0, 2).as_ref()), None);
        let huge = matrix(&[[1e200, 0.0], [0.0, 0.0]]);
        assert_eq!(mse(huge.as_ref(), y.as_ref()), None);
    }

    #[test]
    fn the_likelihood_is_that_of_a_normal_density() {
        let (f, y) = (matrix(&[[0.5, 0.0]]), matrix(&[[1.0, 0.2]]));
        let density = |r: f64, v: f64| (-r * r / (2.0 * v)).exp() / (TAU * v).sqrt();
        let expected = -(density(0.5, 0.7).ln() + density(0.2, 0.7).ln()) / 2.0;
        let shared = Mat::from_fn(1, 1, |_, _| 0.6);
        let found = nll(f.as_ref(), y.as_ref(), shared.as_ref(), 0.1).unwrap();
        assert!((found - expected).abs() <= 1e-12);
        let own = matrix(&[[0.6, 1.1]]);
        let expected = -(density(0.5, 0.7).ln() + density(0.2, 1.2).ln()) / 2.0;
        let found = nll(f.as_ref(), y.as_ref(), own.as_ref(), 0.1).unwrap();
        assert!((found - expected).abs() <= 1e-12);
        let rounded = Mat::from_fn(1, 1, |_, _| -0.1);
        assert_eq!(nll(f.as_ref(), y.as_ref(), rounded.as_ref(), 0.1), None);
    }

    #[test]
    fn chance_is_the_share_of_the_most_frequent_class() {
        assert_eq!(chance(&[Some(1), Some(0), Some(1), Some(1)]), Some(0.75));
        assert_eq!(chance(&[]), None);
        assert_eq!(chance(&[Some(1), None]), None);
    }
}

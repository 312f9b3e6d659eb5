//! How good predictions are. Predictions are samples × outputs, row-major; all sums are f64.

/// Share of samples whose largest output, the first of equals, is their label.
///
/// None without samples, with fewer than two outputs, and where a sample has no label.
#[must_use]
pub fn accuracy(predicted: &[f32], outputs: usize, labels: &[Option<u32>]) -> Option<f64> {
    if labels.is_empty() || outputs < 2 || predicted.len() != labels.len() * outputs {
        return None;
    }
    let mut right = 0_usize;
    for (row, label) in predicted.chunks(outputs).zip(labels) {
        let label = (*label)? as usize;
        let mut largest = 0;
        for a in 1..outputs {
            if row[a] > row[largest] {
                largest = a;
            }
        }
        right += usize::from(largest == label);
    }
    Some(right as f64 / labels.len() as f64)
}

/// Mean of (f − y)² over samples and outputs. None where there are none, or they do not match.
#[must_use]
pub fn mse(predicted: &[f32], targets: &[f32]) -> Option<f64> {
    if predicted.is_empty() || predicted.len() != targets.len() {
        return None;
    }
    let of = |(&f, &y): (&f32, &f32)| (f64::from(f) - f64::from(y)).powi(2);
    let sum: f64 = predicted.iter().zip(targets).map(of).sum();
    Some(sum / predicted.len() as f64).filter(|mse| mse.is_finite())
}

/// ‖f − g‖_F / ‖g‖_F of f = `predicted` and g = `reference`. None where ‖g‖ = 0, or they do not match.
#[must_use]
pub fn distance(predicted: &[f32], reference: &[f32]) -> Option<f64> {
    let apart = mse(predicted, reference)?;
    let size: f64 = reference.iter().map(|&g| f64::from(g).powi(2)).sum();
    let distance = (apart * reference.len() as f64 / size).sqrt();
    (size > 0.0 && distance.is_finite()).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_output_is_the_class() {
        let f = [0.2, 0.1, 0.0, 0.0, -1.0, 2.0, 0.3, 0.1];
        let labels = [Some(0), Some(0), Some(1), Some(1)];
        assert_eq!(accuracy(&f, 2, &labels), Some(0.75));
        assert_eq!(accuracy(&f, 2, &[Some(0), None, Some(1), Some(1)]), None);
        assert_eq!(accuracy(&f, 2, &labels[..3]), None);
        assert_eq!(accuracy(&[], 2, &[]), None);
        assert_eq!(accuracy(&[0.3], 1, &[Some(0)]), None);
    }

    #[test]
    fn errors_and_distances_follow_their_formulas() {
        let (f, g) = ([3.0, 0.0, 0.0, 4.0], [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(mse(&f, &g), Some(5.0));
        let found = distance(&g, &f).unwrap();
        assert!((found - 20.0_f64.sqrt() / 5.0).abs() <= 1e-15);
        assert_eq!(distance(&f, &[0.0; 4]), None);
        assert_eq!(mse(&[], &[]), None);
        assert_eq!(mse(&f, &g[..3]), None);
        assert_eq!(mse(&[f32::NAN], &[0.0]), None);
        assert_eq!(distance(&[f32::INFINITY], &[1.0]), None);
    }
}

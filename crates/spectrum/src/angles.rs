//! Principal angles between two eigenspaces.

use rayon::prelude::*;

use crate::columns::Columns;
use crate::eigen;
use crate::error::SpectrumError;
use crate::precision::Real;
use crate::sum;

/// The `k` principal angles between two spans, in radians from 0 to π/2, in rising order.
///
/// `v` and `w` hold at least `k` ≥ 1 orthonormal vectors each, of the same length. The cosines are
/// the singular values of C = V_kᵀW_k, the sines those of W_k − V_k C. An angle is taken from
/// whichever of the two is smaller: the cosine of a small angle hardly depends on it.
///
/// Source: Björck & Golub 1973, numerical methods for computing angles between linear subspaces.
///
/// # Errors
/// Where a decomposition of a k × k matrix fails.
pub fn principal<T: Real>(
    v: &Columns<T>,
    w: &Columns<T>,
    k: usize,
) -> Result<Vec<f64>, SpectrumError> {
    // Column j of C, and what V_k leaves of wⱼ.
    let parts: Vec<(Vec<f64>, Vec<f64>)> = (0..k)
        .into_par_iter()
        .map(|j| {
            let along: Vec<f64> = (0..k).map(|i| sum::dot(v.column(i), w.column(j))).collect();
            let mut rest: Vec<f64> = w.column(j).iter().map(|&entry| entry.into()).collect();
            for (i, &along) in along.iter().enumerate() {
                for (rest, &entry) in rest.iter_mut().zip(v.column(i)) {
                    let entry: f64 = entry.into();
                    *rest -= along * entry;
                }
            }
            (along, rest)
        })
        .collect();
    let cosines = squared_singular_values(&parts, |part| &part.0)?;
    let sines = squared_singular_values(&parts, |part| &part.1)?;
    // Rounding may leave a square outside [0, 1], where an angle of 0 or π/2 was.
    let angle = |cosine: f64, sine: f64| {
        if cosine > 0.5 {
            sine.clamp(0.0, 1.0).sqrt().asin()
        } else {
            cosine.clamp(0.0, 1.0).sqrt().acos()
        }
    };
    Ok(cosines.into_iter().zip(sines.into_iter().rev()).map(|(c, s)| angle(c, s)).collect())
}

/// The mean of at least one angle.
pub fn mean(angles: &[f64]) -> f64 {
    angles.iter().sum::<f64>() / angles.len() as f64
}

/// The squared singular values of the matrix whose columns `column` takes from `parts`, falling.
fn squared_singular_values<'a, P: Sync>(
    parts: &'a [P],
    column: impl Fn(&'a P) -> &'a [f64] + Sync,
) -> Result<Vec<f64>, SpectrumError> {
    let k = parts.len();
    let products: Vec<f64> = (0..k * k)
        .into_par_iter()
        .map(|at| sum::dot(column(&parts[at / k]), column(&parts[at % k])))
        .collect();
    let products = faer::MatRef::from_column_major_slice(&products, k, k);
    Ok(eigen::all::<f64>(products)?.values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spans of e₁, e₂, … and of cos θᵢ eᵢ + sin θᵢ e_{k+i}, whose basis is turned by `turn`.
    fn spans(angles: &[f64], turn: f64) -> (Columns<f64>, Columns<f64>) {
        let k = angles.len();
        let (mut v, mut w) = (Columns::empty(2 * k), Columns::empty(2 * k));
        for (i, angle) in angles.iter().enumerate() {
            let mut axis = vec![0.0; 2 * k];
            axis[i] = 1.0;
            v.push(axis.clone());
            axis[i] = angle.cos();
            axis[k + i] = angle.sin();
            w.push(axis);
        }
        let (first, second) = (w.column(0).to_vec(), w.column(1).to_vec());
        let turned = |a: f64, b: f64| -> Vec<f64> {
            first.iter().zip(&second).map(|(x, y)| a * x + b * y).collect()
        };
        let mut mixed = Columns::empty(2 * k);
        mixed.push(turned(turn.cos(), turn.sin()));
        mixed.push(turned(-turn.sin(), turn.cos()));
        (2..k).for_each(|i| mixed.push(w.column(i).to_vec()));
        (v, mixed)
    }

    #[test]
    fn angles_come_back_whatever_basis_spans_the_spaces() {
        let right = std::f64::consts::FRAC_PI_2;
        for angles in [[0.0, 0.0, 0.0], [1e-7, 0.3, 1.2], [0.7, right - 1e-7, right], [right; 3]] {
            for turn in [0.0, 0.4, 2.0] {
                let (v, w) = spans(&angles, turn);
                let found = principal(&v, &w, 3).unwrap();
                for (found, expected) in found.iter().zip(angles) {
                    // Squares are right to a few ε, so sines and cosines near 0 to its root.
                    assert!((found - expected).abs() <= 1e-7, "{found} {expected} at {turn}");
                }
            }
        }
    }

    #[test]
    fn a_small_angle_is_not_lost_in_its_cosine() {
        // cos² of this angle is 1 in f64.
        let (v, w) = spans(&[1e-9, 1e-9], 0.4);
        let found = principal(&v, &w, 2).unwrap();
        assert!((found[1] - 1e-9).abs() <= 1e-14, "{found:?}");
        assert!((mean(&[0.25, 0.5, 1.5]) - 0.75).abs() <= 1e-15);
    }

    #[test]
    fn the_mean_squared_cosine_is_the_overlap() {
        let (v, w) = spans(&[0.2, 0.9, 1.4], 0.8);
        let cosines: f64 =
            principal(&v, &w, 3).unwrap().iter().map(|angle| angle.cos().powi(2)).sum();
        assert!((cosines / 3.0 - crate::overlap::of_leading(&v, &w, 3)).abs() <= 1e-12);
    }
}

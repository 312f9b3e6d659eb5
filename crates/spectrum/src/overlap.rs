//! Overlap of two eigenspaces.

use rayon::prelude::*;

use crate::columns::Columns;
use crate::precision::Real;
use crate::sum;

/// ‖V_kᵀ W_k‖²_F / k: the mean squared cosine of the principal angles between two spans.
///
/// `v` and `w` hold at least `k` ≥ 1 orthonormal vectors each, of the same length. 1 where the
/// spans agree, k/N expected of random ones; turning a basis within its span changes nothing.
pub fn of_leading<T: Real>(v: &Columns<T>, w: &Columns<T>, k: usize) -> f64 {
    let rows: Vec<f64> = (0..k)
        .into_par_iter()
        .map(|i| (0..k).map(|j| sum::dot(v.column(i), w.column(j)).powi(2)).sum())
        .collect();
    rows.iter().sum::<f64>() / k as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(angle: f64) -> Columns<f64> {
        let mut vectors = Columns::empty(3);
        vectors.push([angle.cos(), angle.sin(), 0.0]);
        vectors.push([-angle.sin(), angle.cos(), 0.0]);
        vectors
    }

    #[test]
    fn turning_a_basis_within_its_span_changes_nothing() {
        for angle in [0.0, 0.3, 1.2, 3.0] {
            assert!((of_leading(&plane(0.0), &plane(angle), 2) - 1.0).abs() <= 1e-15);
        }
    }

    #[test]
    fn one_vector_overlaps_by_the_squared_cosine() {
        let expected = 0.3_f64.cos().powi(2);
        assert!((of_leading(&plane(0.0), &plane(0.3), 1) - expected).abs() <= 1e-15);
    }

    #[test]
    fn perpendicular_spans_do_not_overlap() {
        let mut normal = Columns::empty(3);
        normal.push([0.0, 0.0, 1.0]);
        assert!(of_leading(&plane(0.7), &normal, 1).abs() <= 1e-15);
    }
}

//! How far a kernel has moved.

use crate::sum;

/// S(G, G') = 1 − tr(G G')/(‖G‖_F ‖G'‖_F): 0 for kernels that differ by a factor only.
///
/// Both Gramians are row-major with rows of `rows` entries; `norm` and `other_norm` are their
/// Frobenius norms, above 0.
///
/// Source: Fort et al. 2020, the kernel distance.
pub fn between(gram: &[f32], norm: f64, other: &[f32], other_norm: f64, rows: usize) -> f64 {
    let inner =
        sum::over_rows(gram, rows, |i, row| sum::dot(row, &other[i * rows..(i + 1) * rows]));
    1.0 - inner / (norm * other_norm)
}

/// S(t, t + Δ)/Δ, how far the kernel moves in a step: `distance` is S between kernels `steps` apart.
///
/// Source: Fort et al. 2020, the kernel velocity.
pub fn velocity(distance: f64, steps: u64) -> f64 {
    distance / steps as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiple_of_a_kernel_is_at_no_distance() {
        let gram = [2.0, 1.0, 1.0, 3.0];
        let twice: Vec<f32> = gram.iter().map(|value| 2.0 * value).collect();
        let norm = 15.0_f64.sqrt();
        assert!(between(&gram, norm, &twice, 2.0 * norm, 2).abs() <= 1e-15);
    }

    #[test]
    fn kernels_on_different_directions_are_at_distance_one() {
        let (first, second) = ([1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0]);
        assert!((between(&first, 1.0, &second, 5.0, 2) - 1.0).abs() <= 1e-15);
    }

    #[test]
    fn the_velocity_is_the_distance_by_the_steps_between() {
        assert!((velocity(0.5, 250) - 0.002).abs() <= 1e-18);
    }
}

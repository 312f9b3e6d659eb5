//! How far a kernel has moved.

use crate::sum;

/// tr(G G') of the same rows of two symmetric matrices, row-major with rows of `width` entries: over
/// all rows, the sum of what their parts give.
pub fn product<T: Copy + Into<f64> + Sync>(rows: &[T], other_rows: &[T], width: usize) -> f64 {
    sum::over_rows(rows, width, |i, row| sum::dot(row, &other_rows[i * width..(i + 1) * width]))
}

/// S(G, G') = 1 − tr(G G')/(‖G‖_F ‖G'‖_F): 0 for kernels that differ by a factor only.
///
/// `product` is tr(G G'), `norms` ‖G‖_F ‖G'‖_F, above 0.
///
/// Source: Fort et al. 2020, the kernel distance.
pub fn from_product(product: f64, norms: f64) -> f64 {
    1.0 - product / norms
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
        let distance = from_product(product(&gram, &twice, 2), norm * 2.0 * norm);
        assert!(distance.abs() <= 1e-15);
    }

    #[test]
    fn kernels_on_different_directions_are_at_distance_one() {
        let (first, second) = ([1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0]);
        let distance = from_product(product(&first, &second, 2), 5.0);
        assert!((distance - 1.0).abs() <= 1e-15);
    }

    #[test]
    fn the_velocity_is_the_distance_by_the_steps_between() {
        assert!((velocity(0.5, 250) - 0.002).abs() <= 1e-18);
    }
}

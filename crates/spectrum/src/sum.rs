//! Sums that decide a metric: in f64 and in an order that no number of threads changes.

use rayon::prelude::*;

/// Partial sums of [`dot`]: enough that additions need not wait for each other.
const LANES: usize = 8;

/// Σᵢ aᵢ bᵢ of two vectors of the same length.
pub fn dot<A: Copy + Into<f64>, B: Copy + Into<f64>>(a: &[A], b: &[B]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    let mut lanes = [0.0; LANES];
    let (a_parts, b_parts) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a_parts
        .remainder()
        .iter()
        .zip(b_parts.remainder())
        .map(|(&x, &y)| x.into() * y.into())
        .sum();
    for (a, b) in a_parts.zip(b_parts) {
        for (lane, (&x, &y)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += x.into() * y.into();
        }
    }
    lanes.iter().sum::<f64>() + rest
}

/// ‖a‖².
pub fn norm_squared<A: Copy + Into<f64>>(a: &[A]) -> f64 {
    dot(a, a)
}

/// ‖a‖ of a vector in parts.
pub fn norm_of(parts: &[Vec<f64>]) -> f64 {
    parts.iter().map(|part| norm_squared(part)).sum::<f64>().sqrt()
}

/// Σ over rows of `term(row index, row)`, for a row-major matrix of rows of `width`.
///
/// Rows are summed in parallel, their sums one after the other.
pub fn over_rows<T: Sync>(
    values: &[T],
    width: usize,
    term: impl Fn(usize, &[T]) -> f64 + Sync,
) -> f64 {
    let rows: Vec<f64> =
        values.par_chunks_exact(width).enumerate().map(|(i, row)| term(i, row)).collect();
    rows.iter().sum()
}

/// G x, for a row-major matrix G whose rows have as many entries as `x`.
pub fn product<T: Copy + Into<f64> + Sync>(gram: &[T], x: &[f64]) -> Vec<f64> {
    gram.par_chunks_exact(x.len()).map(|row| dot(row, x)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_product_of_any_length_is_the_plain_sum() {
        for length in [0, 1, 7, 8, 9, 16, 37] {
            let a: Vec<f32> = (0..length).map(|i| (i as f32) - 3.0).collect();
            let b: Vec<f64> = (0..length).map(|i| f64::from(i) * 0.5 + 1.0).collect();
            let plain: f64 = a.iter().zip(&b).map(|(&x, y)| f64::from(x) * y).sum();
            assert!((dot(&a, &b) - plain).abs() <= 1e-12 * (1.0 + plain.abs()), "length {length}");
        }
    }

    #[test]
    fn a_product_takes_rows() {
        assert_eq!(
            product::<f64>(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 0.0, -1.0]),
            [-2.0, -2.0]
        );
    }
}

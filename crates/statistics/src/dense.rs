//! Points of any coordinates.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::points::{Points, TOGETHER, from_panels, panel, sum_of_shares};

/// Rows of a task.
const ROWS: usize = 64;

/// n × d coordinates in f32, with which sums are made in f64.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    values: &'a [f32],
    dimension: usize,
}

impl<'a> Dense<'a> {
    /// The points of `values`, row-major.
    ///
    /// # Panics
    /// Where points have no coordinates, or `values` does not end with a point.
    #[must_use]
    pub fn new(values: &'a [f32], dimension: usize) -> Self {
        assert!(
            dimension > 0 && values.len().is_multiple_of(dimension),
            "values has n × d entries"
        );
        Self { values, dimension }
    }

    /// The coordinates of a point as they are stored.
    #[must_use]
    pub fn row(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.dimension..(index + 1) * self.dimension]
    }

    /// The product of each point with `other`, of as many coordinates; that of two points is the same either way.
    #[must_use]
    pub fn products(&self, other: &[f32]) -> Vec<f64> {
        let mut products = vec![0.0; self.len()];
        Arch::new().dispatch(Products { rows: self.values, other, to: &mut products });
        products
    }
}

/// Sums that a processor makes side by side.
const LANES: usize = 8;

/// Products of rows with another one.
struct Products<'a> {
    rows: &'a [f32],
    other: &'a [f32],
    to: &'a mut [f64],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (other, rest_of_other) = self.other.as_chunks::<LANES>();
        for (row, to) in self.rows.chunks_exact(self.other.len()).zip(self.to) {
            let (row, rest) = row.as_chunks::<LANES>();
            let mut sums = [0.0; LANES];
            for (a, b) in row.iter().zip(other) {
                for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
                    *sum += f64::from(a) * f64::from(b);
                }
            }
            let rest = rest.iter().zip(rest_of_other).map(|(&a, &b)| f64::from(a) * f64::from(b));
            *to = sums.iter().sum::<f64>() + rest.sum::<f64>();
        }
    }
}

impl Points for Dense<'_> {
    fn len(&self) -> usize {
        self.values.len() / self.dimension
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn point(&self, index: usize) -> Vec<f64> {
        self.row(index).iter().map(|&x| f64::from(x)).collect()
    }

    fn squared_norms(&self) -> Vec<f64> {
        let rows = self.values.chunks_exact(self.dimension);
        rows.map(|row| row.iter().map(|&x| f64::from(x) * f64::from(x)).sum()).collect()
    }

    fn times(&self, matrix: &[f64], columns: usize) -> Vec<f64> {
        let of_panel = |first: usize| {
            let weights = panel(matrix, columns, first);
            let mut panel = vec![[0.0; TOGETHER]; self.len()];
            panel.par_chunks_mut(ROWS).enumerate().for_each(|(chunk, to)| {
                let rows = &self.values[chunk * ROWS * self.dimension..];
                Arch::new().dispatch(Times { rows, weights: &weights, to });
            });
            panel
        };
        let panels: Vec<_> = (0..columns).step_by(TOGETHER).map(of_panel).collect();
        from_panels(&panels, self.len(), columns)
    }

    fn transposed_times(&self, matrix: &[f64], columns: usize) -> Vec<f64> {
        let d = self.dimension;
        let of_panel = |first: usize| {
            let panel = panel(matrix, columns, first);
            sum_of_shares(self.len(), |share| {
                let mut sums = vec![[0.0; TOGETHER]; d];
                let rows = &self.values[share.start * d..share.end * d];
                Arch::new().dispatch(Collect { rows, add: &panel[share], sums: &mut sums });
                sums
            })
        };
        let panels: Vec<_> = (0..columns).step_by(TOGETHER).map(of_panel).collect();
        from_panels(&panels, d, columns)
    }
}

/// Products of rows with the columns of a panel.
struct Times<'a> {
    rows: &'a [f32],
    weights: &'a [[f64; TOGETHER]],
    to: &'a mut [[f64; TOGETHER]],
}

impl WithSimd for Times<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, weights, to } = self;
        for (row, to) in rows.chunks_exact(weights.len()).zip(to) {
            let mut total = [0.0; TOGETHER];
            for (&x, weights) in row.iter().zip(weights) {
                for (total, weight) in total.iter_mut().zip(weights) {
                    *total += f64::from(x) * weight;
                }
            }
            *to = total;
        }
    }
}

/// Adds the multiples of each row to sums over rows.
struct Collect<'a> {
    rows: &'a [f32],
    add: &'a [[f64; TOGETHER]],
    sums: &'a mut [[f64; TOGETHER]],
}

impl WithSimd for Collect<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, add, sums } = self;
        for (row, add) in rows.chunks_exact(sums.len()).zip(add) {
            for (&x, sums) in row.iter().zip(sums.iter_mut()) {
                for (sum, add) in sums.iter_mut().zip(add) {
                    *sum += f64::from(x) * add;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_symmetric_to_the_last_bit() {
        let x: Vec<f32> = (0..5 * 19).map(|i| (i as f32 * 0.7).sin()).collect();
        let points = Dense::new(&x, 19);
        for i in 0..5 {
            let products = points.products(points.row(i));
            for (j, product) in products.iter().enumerate() {
                assert_eq!(product.to_bits(), points.products(points.row(j))[i].to_bits());
                let plain: f64 =
                    points.point(i).iter().zip(points.point(j)).map(|(a, b)| a * b).sum();
                assert!((product - plain).abs() <= 1e-13);
            }
        }
    }
}

//! Codes in the plane of their first two principal components.

use faer::Mat;
use kernel::KernelError;
use kernel::decomposition::{eigenpairs, product};
use statistics::{Bits, Points};

/// Share of the largest eigenvalue below which a component is rounding.
const NOISE: f64 = 1e-12;

/// The plane in which codes vary most.
#[derive(Clone, Debug)]
pub struct Plane {
    /// The mean code.
    mean: Vec<f64>,
    /// Two orthonormal directions, w × 2; 0 where codes do not vary.
    directions: Vec<f64>,
}

impl Plane {
    /// The first two principal components of `codes`: eigenvectors of XᵀX of the centred codes, or X ᵀ times those of
    /// XXᵀ where there are fewer codes than bits. The largest entry of each is positive.
    ///
    /// # Errors
    /// Where the decomposition fails.
    pub fn of(codes: &Bits) -> Result<Self, KernelError> {
        let (n, w) = (codes.rows(), codes.bits());
        let mean: Vec<f64> =
            codes.ones(0..n).into_iter().map(|ones| ones as f64 / n.max(1) as f64).collect();
        let points: Vec<Vec<f64>> = (0..n).map(|row| codes.point(row)).collect();
        let centred = Mat::from_fn(n, w, |i, j| points[i][j] - mean[j]);
        let has_few_bits = w <= n;
        let (left, right) = (centred.transpose(), centred.as_ref());
        let gram = if has_few_bits { product(left, right) } else { product(right, left) };
        let mut directions = vec![0.0; 2 * w];
        if gram.nrows() == 0 {
            return Ok(Self { mean, directions });
        }
        let pairs = eigenpairs(gram.as_ref(), artifact::Precision::F64)?;
        let largest = pairs.values.last().copied().unwrap_or(0.0);
        for (number, at) in (0..gram.nrows()).rev().take(2).enumerate() {
            if pairs.values[at] <= NOISE * largest {
                continue;
            }
            let vector = Mat::from_fn(gram.nrows(), 1, |i, _| pairs.vectors[(i, at)]);
            let vector = if has_few_bits { vector } else { product(left, vector.as_ref()) };
            let norm = vector.norm_l2();
            let larger = |best: usize, j: usize| {
                // Equal up to rounding: the first one, so that the sign rests on no last bit.
                if vector[(j, 0)].abs() > vector[(best, 0)].abs() + 1e-9 * norm { j } else { best }
            };
            let sign = vector[((1..w).fold(0, larger), 0)].signum();
            for j in 0..w {
                directions[2 * j + number] = sign * vector[(j, 0)] / norm;
            }
        }
        Ok(Self { mean, directions })
    }

    /// Where `codes` lie in it.
    #[must_use]
    pub fn project(&self, codes: &Bits) -> Vec<[f64; 2]> {
        let mut origin = [0.0; 2];
        for (mean, direction) in self.mean.iter().zip(self.directions.as_chunks::<2>().0) {
            origin = [origin[0] + mean * direction[0], origin[1] + mean * direction[1]];
        }
        let products = codes.times(&self.directions, 2);
        let centre = |at: &[f64; 2]| [at[0] - origin[0], at[1] - origin[1]];
        products.as_chunks::<2>().0.iter().map(centre).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(n: usize, w: usize) -> Bits {
        let mut codes = Bits::zeros(n, w);
        for row in 0..n {
            let values: Vec<f32> = (0..w)
                .map(|j| ((row * 37 + j * j * 11 + row * j * 5) as f32 * 0.9).sin())
                .collect();
            codes.set_positive(row, 0, &values);
        }
        codes
    }

    /// Along components the means are 0, the products too, and the squares sum to the two largest eigenvalues.
    fn check(codes: &Bits) {
        let plane = Plane::of(codes).unwrap();
        let at = plane.project(codes);
        let (n, w) = (codes.rows(), codes.bits());
        let sum = |f: &dyn Fn(&[f64; 2]) -> f64| at.iter().map(f).sum::<f64>();
        assert!(sum(&|at| at[0]).abs() <= 1e-9 && sum(&|at| at[1]).abs() <= 1e-9);
        assert!(sum(&|at| at[0] * at[1]).abs() <= 1e-8 * (1.0 + sum(&|at| at[0] * at[0])));
        let ones = codes.ones(0..n);
        let covariance = Mat::from_fn(w, w, |a, b| {
            let both = (0..n).map(|i| codes.point(i)[a] * codes.point(i)[b]).sum::<f64>();
            both - ones[a] as f64 * ones[b] as f64 / n as f64
        });
        let pairs = eigenpairs(covariance.as_ref(), artifact::Precision::F64).unwrap();
        for (axis, value) in [0, 1].into_iter().zip(pairs.values.iter().rev()) {
            let found = sum(&|at| at[axis] * at[axis]);
            assert!((found - value).abs() <= 1e-9 * (1.0 + value), "{found} {value}");
        }
    }

    #[test]
    fn components_are_those_of_the_covariance_with_few_and_with_many_bits() {
        check(&codes(40, 9));
        check(&codes(9, 40));
        check(&codes(9, 9));
        check(&codes(3, 1));
    }

    #[test]
    fn codes_that_do_not_vary_lie_in_one_point() {
        let plane = Plane::of(&Bits::zeros(4, 6)).unwrap();
        assert_eq!(plane.project(&Bits::zeros(2, 6)), [[0.0; 2]; 2]);
        assert!(Plane::of(&Bits::zeros(0, 6)).is_ok());
    }
}

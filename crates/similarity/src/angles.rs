//! Principal angles between the spans of leading eigenvectors.

use faer::{Mat, MatRef};
use kernel::KernelError;
use kernel::decomposition::{Eigenpairs, eigenpairs, product};

/// The k principal angles between the spans of the columns of `v` and of `w`, n × k each and orthonormal, in
/// radians from 0 to π/2, in rising order.
///
/// Cosines are the singular values of C = VᵀW, sines those of W − VC; each angle is taken from whichever is
/// smaller, since the other hardly depends on it (Björck & Golub 1973).
///
/// # Errors
/// Where a decomposition of a k × k matrix fails.
pub fn principal(v: MatRef<'_, f64>, w: MatRef<'_, f64>) -> Result<Vec<f64>, KernelError> {
    let cosines = product(v.transpose(), w);
    let along = product(v, cosines.as_ref());
    let rest = w - &along;
    let squared = |m: MatRef<'_, f64>| squared_singular_values(m);
    let (cosines, sines) = (squared(cosines.as_ref())?, squared(rest.as_ref())?);
    let angle = |cosine: f64, sine: f64| {
        if cosine > 0.5 {
            sine.clamp(0.0, 1.0).sqrt().asin()
        } else {
            cosine.clamp(0.0, 1.0).sqrt().acos()
        }
    };
    // Both rise: the greatest cosine goes with the least sine.
    Ok(cosines.into_iter().rev().zip(sines).map(|(cosine, sine)| angle(cosine, sine)).collect())
}

/// Squared singular values of `m`, rising: eigenvalues of mᵀm.
fn squared_singular_values(m: MatRef<'_, f64>) -> Result<Vec<f64>, KernelError> {
    let squares = product(m.transpose(), m);
    let found = squares.self_adjoint_eigenvalues(faer::Side::Lower);
    found.map_err(|_| KernelError::NoConvergence { rows: squares.nrows() })
}

/// The eigenvectors of a kernel by falling eigenvalue.
#[derive(Clone, Debug)]
pub struct Leading {
    pairs: Eigenpairs,
}

impl Leading {
    /// Decomposes the symmetric `kernel`.
    ///
    /// # Errors
    /// Where that fails.
    pub fn of(kernel: MatRef<'_, f64>) -> Result<Self, KernelError> {
        Ok(Self { pairs: eigenpairs(kernel, artifact::Precision::F64)? })
    }

    fn value(&self, index: usize) -> f64 {
        self.pairs.values[self.pairs.values.len() - 1 - index]
    }

    /// The leading `k` eigenvectors as columns, n × k.
    #[must_use]
    pub fn vectors(&self, k: usize) -> Mat<f64> {
        let n = self.pairs.values.len();
        Mat::from_fn(n, k, |i, j| self.pairs.vectors[(i, n - 1 - j)])
    }

    /// (λ_k − λ_{k+1}) / λ₁: near 0 the span of the top k is a matter of rounding. 1 where there are no more
    /// than k.
    #[must_use]
    pub fn relative_gap(&self, k: usize) -> f64 {
        if k >= self.pairs.values.len() {
            return 1.0;
        }
        (self.value(k - 1) - self.value(k)) / self.value(0)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use super::*;

    /// Two orthonormal columns in four dimensions, the second turned by each of `angles` out of the first span.
    fn turned(angles: [f64; 2]) -> Mat<f64> {
        Mat::from_fn(4, 2, |i, j| match i {
            i if i == j => angles[j].cos(),
            i if i == j + 2 => angles[j].sin(),
            _ => 0.0,
        })
    }

    #[test]
    fn known_angles_are_found_small_ones_too() {
        for angles in [[0.0, 1e-9], [1e-5, 0.3], [0.7, FRAC_PI_2], [0.4, 0.4]] {
            let found = principal(turned([0.0; 2]).as_ref(), turned(angles).as_ref()).unwrap();
            for (found, expected) in found.iter().zip(angles) {
                assert!((found - expected).abs() <= 1e-8, "{found} {expected}");
            }
        }
    }

    #[test]
    fn gaps_are_relative_to_the_first_eigenvalue() {
        let values = [8.0, 4.0, 4.0, 1.0];
        let kernel = Mat::from_fn(4, 4, |i, j| if i == j { values[i] } else { 0.0 });
        let leading = Leading::of(kernel.as_ref()).unwrap();
        let found: Vec<f64> = (1..=4).map(|k| leading.relative_gap(k)).collect();
        for (found, expected) in found.iter().zip([0.5, 0.0, 0.375, 1.0]) {
            assert!((found - expected).abs() <= 1e-12);
        }
        assert!((leading.vectors(1)[(0, 0)].abs() - 1.0).abs() <= 1e-12);
    }
}

//! Numbers that compare two matrices. All sums are f64, column by column and these in order, so that they do not
//! depend on the number of threads.

use faer::{Mat, MatRef};
use rayon::prelude::*;

/// Products of two matrices A and B of one shape.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Products {
    /// ⟨A, B⟩.
    pub both: f64,
    /// ‖A‖².
    pub own: f64,
    /// ‖B‖².
    pub other: f64,
    /// ‖A − B‖².
    pub apart: f64,
}

impl Products {
    /// Those of `a` and `b`, which have one shape.
    #[must_use]
    pub fn of(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Self {
        let column = |j: usize| {
            let mut sums = Self::default();
            for i in 0..a.nrows() {
                let (a, b) = (a[(i, j)], b[(i, j)]);
                sums.both += a * b;
                sums.own += a * a;
                sums.other += b * b;
                sums.apart += (a - b) * (a - b);
            }
            sums
        };
        let columns: Vec<Self> = (0..a.ncols()).into_par_iter().map(column).collect();
        columns.into_iter().fold(Self::default(), |all, one| Self {
            both: all.both + one.both,
            own: all.own + one.own,
            other: all.other + one.other,
            apart: all.apart + one.apart,
        })
    }

    /// ⟨A, B⟩ / (‖A‖ ‖B‖); none where either is 0.
    #[must_use]
    pub fn alignment(&self) -> Option<f64> {
        finite(self.both / (self.own.sqrt() * self.other.sqrt()))
    }

    /// ‖A − B‖ / ‖B‖; none where B is 0.
    #[must_use]
    pub fn distance(&self) -> Option<f64> {
        finite((self.apart / self.other).sqrt())
    }

    /// The c at which ‖cA − B‖ is least, ⟨A, B⟩ / ‖A‖²; none where A is 0.
    #[must_use]
    pub fn scale(&self) -> Option<f64> {
        finite(self.both / self.own)
    }

    /// ‖cA − B‖ / ‖B‖ at that c, which is the sine of the angle between A and B.
    #[must_use]
    pub fn scaled_distance(&self) -> Option<f64> {
        let cosine = self.alignment()?;
        Some((1.0 - cosine * cosine).max(0.0).sqrt())
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// tr A.
#[must_use]
pub fn trace(a: MatRef<'_, f64>) -> f64 {
    (0..a.nrows()).map(|i| a[(i, i)]).sum()
}

/// HAH, H = I − 11ᵀ/n: A without the means of its rows and columns, for a symmetric A.
#[must_use]
pub fn centred(a: MatRef<'_, f64>) -> Mat<f64> {
    let n = a.nrows().max(1) as f64;
    let mean = |j: usize| (0..a.nrows()).map(|i| a[(i, j)]).sum::<f64>() / n;
    let means: Vec<f64> = (0..a.ncols()).into_par_iter().map(mean).collect();
    let whole = means.iter().sum::<f64>() / n;
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] - means[i] - means[j] + whole)
}

/// Size of what centring leaves, in units of what it takes away, below which it is rounding.
const ROUNDING: f64 = 1e-12;

/// The alignment of HAH and HBH: centred kernel alignment (Cortes, Mohri & Rostamizadeh 2012, definition 2), for
/// kernels of features linear CKA (Kornblith et al. 2019).
///
/// None where either is 0 within rounding.
#[must_use]
pub fn centred_alignment(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Option<f64> {
    let (left, right) = (centred(a), centred(b));
    let found = Products::of(left.as_ref(), right.as_ref());
    let whole = Products::of(a, b);
    let is_more = |centred: f64, whole: f64| centred.sqrt() > ROUNDING * whole.sqrt();
    let is_defined = is_more(found.own, whole.own) && is_more(found.other, whole.other);
    found.alignment().filter(|_| is_defined)
}

#[cfg(test)]
mod tests {
    use kernel::decomposition::product;
    use proptest::prelude::*;

    use super::*;

    /// F Fᵀ of an n × 3 matrix of waves.
    fn kernel(n: usize, frequency: f64) -> Mat<f64> {
        let features = Mat::from_fn(n, 3, |i, j| ((i * 3 + j) as f64 * frequency).sin() + 0.3);
        product(features.as_ref(), features.transpose())
    }

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance * b.abs().max(1.0)
    }

    #[test]
    fn measures_follow_from_explicit_matrices() {
        let (a, b) = (kernel(7, 0.9), kernel(7, 0.4));
        let h = Mat::from_fn(7, 7, |i, j| f64::from(u8::from(i == j)) - 1.0 / 7.0);
        let whole = |m: &Mat<f64>| product(product(h.as_ref(), m.as_ref()).as_ref(), h.as_ref());
        let inner = |a: &Mat<f64>, b: &Mat<f64>| {
            (0..7).flat_map(|i| (0..7).map(move |j| (i, j))).map(|at| a[at] * b[at]).sum::<f64>()
        };
        let cosine = |a: &Mat<f64>, b: &Mat<f64>| inner(a, b) / (inner(a, a) * inner(b, b)).sqrt();
        let found = Products::of(a.as_ref(), b.as_ref());
        assert!(close(found.alignment().unwrap(), cosine(&a, &b), 1e-14));
        let cka = centred_alignment(a.as_ref(), b.as_ref()).unwrap();
        assert!(close(cka, cosine(&whole(&a), &whole(&b)), 1e-12));
        let difference = &a - &b;
        let distance = (inner(&difference, &difference) / inner(&b, &b)).sqrt();
        assert!(close(found.distance().unwrap(), distance, 1e-14));
        // The best scale, and what it leaves.
        let c = found.scale().unwrap();
        let at = |c: f64| {
            let rest = Mat::from_fn(7, 7, |i, j| c * a[(i, j)] - b[(i, j)]);
            (inner(&rest, &rest) / inner(&b, &b)).sqrt()
        };
        assert!(close(at(c), found.scaled_distance().unwrap(), 1e-7));
        assert!(at(c) < at(c * 1.01) && at(c) < at(c * 0.99));
    }

    /// A constant as large as a million does not hide what varies.
    #[test]
    fn a_large_mean_does_not_change_the_centred_alignment() {
        let (a, b) = (kernel(9, 0.9), kernel(9, 0.4));
        let raised = Mat::from_fn(9, 9, |i, j| a[(i, j)] + 1e6);
        let plain = centred_alignment(a.as_ref(), b.as_ref()).unwrap();
        let found = centred_alignment(raised.as_ref(), b.as_ref()).unwrap();
        assert!(close(found, plain, 1e-9), "{found} {plain}");
    }

    #[test]
    fn what_is_zero_or_constant_has_no_angle() {
        let (a, zero) = (kernel(5, 0.9), Mat::<f64>::zeros(5, 5));
        let found = Products::of(zero.as_ref(), a.as_ref());
        assert_eq!((found.alignment(), found.scale(), found.scaled_distance()), (None, None, None));
        assert_eq!(found.distance(), Some(1.0));
        assert_eq!(Products::of(a.as_ref(), zero.as_ref()).distance(), None);
        let ones = Mat::from_fn(5, 5, |_, _| 0.1);
        assert_eq!(centred_alignment(ones.as_ref(), a.as_ref()), None);
    }

    proptest! {
        #[test]
        fn alignment_knows_neither_scale_nor_order(
            n in 2_usize..9, scale in 0.01_f64..100.0, turn in 0_usize..8,
        ) {
            let (a, b) = (kernel(n, 0.9), kernel(n, 0.35));
            let moved = |m: &Mat<f64>, scale: f64| {
                Mat::from_fn(n, n, |i, j| scale * m[((i + turn) % n, (j + turn) % n)])
            };
            let plain = Products::of(a.as_ref(), b.as_ref());
            let other = Products::of(moved(&a, scale).as_ref(), moved(&b, 1.0).as_ref());
            prop_assert!(close(plain.alignment().unwrap(), other.alignment().unwrap(), 1e-12));
            prop_assert!(close(plain.scale().unwrap(), other.scale().unwrap() * scale, 1e-12));
            let cka = |a: &Mat<f64>, b: &Mat<f64>| centred_alignment(a.as_ref(), b.as_ref());
            if let (Some(plain), Some(other)) = (cka(&a, &b), cka(&moved(&a, scale), &moved(&b, 1.0))) {
                prop_assert!(close(plain, other, 1e-9));
            }
        }
    }
}

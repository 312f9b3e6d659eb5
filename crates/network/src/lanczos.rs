//! The largest eigenvalue of a symmetric matrix that is known by its products with vectors.

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{Mat, Par, Spec};
use rayon::prelude::*;

use crate::scalar::Scalar;

/// What [`largest_eigenvalue`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LargestEigenvalue {
    /// ⟨y, Ay⟩ of the vector y, ‖y‖ = 1, that comes closest; but for rounding a lower bound of the
    /// largest eigenvalue.
    pub value: f64,
    /// ‖Ay − value · y‖, computed from one more product: an eigenvalue lies within it of `value`.
    pub residual: f64,
    /// Whether the residual is within the tolerance.
    pub converged: bool,
    /// Products with A.
    pub products: usize,
}

/// The algebraically largest eigenvalue of the symmetric P × P matrix A, by Lanczos' method.
///
/// `product` writes A v to its second argument. From `start` on, a random vector of P entries, the
/// basis of the Krylov space is kept and each new vector made orthogonal to all of it. The method
/// ends once ‖Ay − θy‖ ≤ `tolerance` · max |θᵢ|, θᵢ being the Ritz values, or after `most_products`
/// products; at least two are made. Vectors have the precision of A's products, all sums are f64.
///
/// With a random start the eigenvalue found is the largest almost surely. `None` where a number is
/// not finite or `start` is 0.
///
/// Sources: Lanczos 1950; orthogonalization by classical Gram-Schmidt done twice, Giraud et al. 2005.
pub fn largest_eigenvalue<T: Scalar>(
    mut product: impl FnMut(&[T], &mut [T]),
    start: &[T],
    tolerance: f64,
    most_products: usize,
) -> Option<LargestEigenvalue> {
    let mut w: Vec<f64> = start.iter().map(|v| v.wide()).collect();
    let mut norm = dot(&w, &w).sqrt();
    let mut image = vec![T::zero(); start.len()];
    let mut basis: Vec<Vec<T>> = Vec::new();
    let (mut diagonal, mut below) = (Vec::new(), Vec::new());
    let ritz = loop {
        if !(norm.is_finite() && norm > 0.0) {
            return None;
        }
        basis.push(w.iter().map(|w| T::of(w / norm)).collect());
        product(&basis[basis.len() - 1], &mut image);
        w.iter_mut().zip(&image).for_each(|(w, v)| *w = v.wide());
        diagonal.push(orthogonalize(&mut w, &basis));
        norm = dot(&w, &w).sqrt();
        let ritz = Ritz::largest(&diagonal, &below)?;
        // Half: rounding may make the residual of the check larger than it is foretold here.
        let foretold = norm * ritz.vector[basis.len() - 1].abs();
        let done = foretold <= 0.5 * tolerance * ritz.largest_magnitude;
        // One product is left for the check.
        if done || basis.len() + 1 >= most_products || basis.len() == start.len() {
            break ritz;
        }
        below.push(norm);
    };

    w.fill(0.0);
    for (q, &s) in basis.iter().zip(&ritz.vector) {
        add_multiple(&mut w, s, q);
    }
    let norm = dot(&w, &w).sqrt();
    let y: Vec<T> = w.iter().map(|w| T::of(w / norm)).collect();
    product(&y, &mut image);
    // Rounded to T, y has not quite norm 1.
    let value = dot(&y, &image) / dot(&y, &y);
    for (w, (a, y)) in w.iter_mut().zip(image.iter().zip(&y)) {
        *w = a.wide() - value * y.wide();
    }
    let residual = dot(&w, &w).sqrt();
    let converged = residual <= tolerance * ritz.largest_magnitude;
    let products = basis.len() + 1;
    (value.is_finite() && residual.is_finite()).then_some(LargestEigenvalue {
        value,
        residual,
        converged,
        products,
    })
}

/// The largest Ritz value's place among all: an eigenpair of the tridiagonal matrix of Lanczos.
struct Ritz {
    /// The eigenvector of the largest eigenvalue, ‖·‖ = 1.
    vector: Vec<f64>,
    /// max |θᵢ| over all eigenvalues.
    largest_magnitude: f64,
}

impl Ritz {
    /// Of the matrix with `diagonal` and, below and above it, `below`; `None` where there is NaN.
    fn largest(diagonal: &[f64], below: &[f64]) -> Option<Self> {
        let n = diagonal.len();
        // faer answers NaN with NaN, not with an error.
        if !diagonal.iter().chain(below).all(|entry| entry.is_finite()) {
            return None;
        }
        // Of a symmetric matrix faer reads the lower half.
        let matrix = Mat::from_fn(n, n, |i, j| match i.checked_sub(j) {
            Some(0) => diagonal[i],
            Some(1) => below[j],
            _ => 0.0,
        });
        let mut values = vec![0.0; n];
        let mut vectors = Mat::<f64>::zeros(n, n);
        let yes = ComputeEigenvectors::Yes;
        let scratch = self_adjoint_evd_scratch::<f64>(n, yes, Par::Seq, Spec::default());
        self_adjoint_evd(
            matrix.as_ref(),
            DiagMut::from_slice_mut(&mut values),
            Some(vectors.as_mut()),
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Spec::default(),
        )
        .ok()?;
        let vector = vectors.col(n - 1).iter().copied().collect();
        let largest_magnitude = values[0].abs().max(values[n - 1].abs());
        Some(Self { vector, largest_magnitude })
    }
}

/// Makes `w` orthogonal to the orthonormal `basis`; its former component along the last of it.
fn orthogonalize<T: Scalar>(w: &mut [f64], basis: &[Vec<T>]) -> f64 {
    /// Entries of a task: they stay in the L1 cache while the whole basis passes.
    const PART: usize = 2048;
    let mut along_last = 0.0;
    for _ in 0..2 {
        let components: Vec<f64> = basis.par_iter().map(|q| dot(q, w)).collect();
        along_last += components[basis.len() - 1];
        w.par_chunks_mut(PART).enumerate().for_each(|(part, w)| {
            let range = part * PART..part * PART + w.len();
            for (q, &component) in basis.iter().zip(&components) {
                add_multiple(w, -component, &q[range.clone()]);
            }
        });
    }
    along_last
}

/// w ← w + factor · q.
fn add_multiple<T: Scalar>(w: &mut [f64], factor: f64, q: &[T]) {
    for (w, q) in w.iter_mut().zip(q) {
        *w += factor * q.wide();
    }
}

/// ⟨a, b⟩ in f64, as eight sums that do not wait for each other.
fn dot<A: Scalar, B: Scalar>(a: &[A], b: &[B]) -> f64 {
    let mut sums = [0.0; 8];
    let (a, b) = (a.chunks(sums.len()), b.chunks(sums.len()));
    for (a, b) in a.zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a.wide() * b.wide();
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Q diag(`values`) Q with the reflection Q = I − 2uuᵀ of a vector u of norm 1.
    fn product(values: &[f64]) -> impl FnMut(&[f64], &mut [f64]) {
        let norm = (0..values.len()).map(|i| entry(i).powi(2)).sum::<f64>().sqrt();
        let u: Vec<f64> = (0..values.len()).map(|i| entry(i) / norm).collect();
        move |v, image| {
            let reflect = |v: &mut [f64]| {
                let along: f64 = v.iter().zip(&u).map(|(v, u)| v * u).sum();
                v.iter_mut().zip(&u).for_each(|(v, u)| *v -= 2.0 * along * u);
            };
            image.copy_from_slice(v);
            reflect(image);
            image.iter_mut().zip(values).for_each(|(v, value)| *v *= value);
            reflect(image);
        }
    }

    fn entry(i: usize) -> f64 {
        (1.0 + i as f64 * 0.7).sin() + 0.1
    }

    fn start(n: usize) -> Vec<f64> {
        (0..n).map(|i| (2.0 + (i * i) as f64 * 0.3).cos()).collect()
    }

    fn found(values: &[f64], tolerance: f64, most: usize) -> LargestEigenvalue {
        largest_eigenvalue(product(values), &start(values.len()), tolerance, most)
            .expect("finite numbers")
    }

    #[test]
    fn the_largest_eigenvalue_is_found_in_every_spectrum() {
        let falling: Vec<f64> = (0..300).map(|i| 7.0 / f64::from(i + 1)).collect();
        // Three eigenvalues within the tolerance of each other, and lower ones.
        let cluster: Vec<f64> =
            (0..200).map(|i| if i < 3 { 5.0 - 1e-9 * f64::from(i) } else { 4.0 }).collect();
        // The eigenvalue of largest magnitude is not the one that is asked for.
        let indefinite: Vec<f64> = (0..100).map(|i| f64::from(i) - 90.0).collect();
        let negative: Vec<f64> = (0..50).map(|i| -1.0 - f64::from(i)).collect();
        let cases =
            [falling, cluster, indefinite, negative, vec![3.0; 40], vec![-2.0], vec![0.0; 9]];
        for values in cases {
            let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let norm = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            let found = found(&values, 1e-8, 400);
            assert!(found.converged, "{found:?} for {largest}");
            // The residual bounds the distance to an eigenvalue; those closer to each other than the
            // tolerance are not told apart.
            let bound = found.residual + 1e-8 * norm;
            assert!((found.value - largest).abs() <= bound, "{found:?} for {largest}");
        }
    }

    #[test]
    fn the_residual_is_that_of_a_vector_and_not_foretold() {
        // A product that is no matrix: what Lanczos foretells does not come true.
        let mut calls = 0.0;
        let product = |v: &[f64], image: &mut [f64]| {
            calls += 1.0;
            for (i, (image, v)) in image.iter_mut().zip(v).enumerate() {
                *image = v * (i as f64 + calls);
            }
        };
        let found = largest_eigenvalue(product, &start(3), 1e-6, 100).expect("finite numbers");
        assert!(!found.converged && found.residual > 1e-3, "{found:?}");
    }

    #[test]
    fn products_that_do_not_suffice_are_told() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let few = found(&values, 1e-6, 7);
        assert!(!few.converged && few.products == 7, "{few:?}");
        assert!(few.value < 999.0, "a Rayleigh quotient lies below the largest eigenvalue");
        let enough = found(&values, 1e-6, 1000);
        assert!(enough.converged && enough.products < 300, "{enough:?}");
    }

    #[test]
    fn what_is_not_finite_gives_no_eigenvalue() {
        let product = |value: f64| move |_: &[f64], image: &mut [f64]| image.fill(value);
        assert_eq!(largest_eigenvalue(product(f64::NAN), &start(5), 1e-3, 50), None);
        assert_eq!(largest_eigenvalue(product(f64::INFINITY), &start(5), 1e-3, 50), None);
        assert_eq!(largest_eigenvalue(product(1.0), &[0.0; 5], 1e-3, 50), None);
        assert_eq!(largest_eigenvalue(product(1.0), &[f64::NAN, 1.0], 1e-3, 50), None);
    }

    #[test]
    fn single_precision_reaches_a_residual_of_its_own_size() {
        let values: Vec<f64> = (0..500).map(|i| 10.0 / f64::from(1 + i * i)).collect();
        let mut exact = product(&values);
        let single = |v: &[f32], image: &mut [f32]| {
            let wide: Vec<f64> = v.iter().map(|&v| f64::from(v)).collect();
            let mut product = vec![0.0; wide.len()];
            exact(&wide, &mut product);
            image.iter_mut().zip(product).for_each(|(image, v)| *image = v as f32);
        };
        let start: Vec<f32> = start(500).iter().map(|&v| v as f32).collect();
        let found = largest_eigenvalue(single, &start, 1e-6, 100).expect("finite numbers");
        assert!(found.converged && (found.value - 10.0).abs() <= found.residual, "{found:?}");
    }
}

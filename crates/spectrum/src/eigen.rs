//! All eigenpairs of a Gramian, by faer.

use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::{MatRef, Par};
use rayon::prelude::*;

use crate::columns::Columns;
use crate::error::SpectrumError;
use crate::precision::Real;
use crate::sum;

/// Tasks into which faer splits a matrix routine, whatever the number of threads.
///
/// Its tridiagonalization adds one partial product a task, so the split decides the last bits of
/// every eigenvalue. A number of its own, not that of the threads, keeps them the same everywhere.
const TASKS: usize = 8;

/// How faer's routines are to be split; see [`TASKS`].
pub fn parallelism() -> Par {
    Par::rayon(TASKS)
}

/// Leading eigenpairs in falling order, all of them or the top k.
#[derive(Clone, Debug)]
pub struct Eigenpairs<T> {
    /// λ₁ ≥ λ₂ ≥ ….
    pub values: Vec<f64>,
    /// υ₁, υ₂, …, orthonormal; the entry of largest magnitude of each is positive.
    pub vectors: Columns<T>,
    /// Bound of ‖Gυᵢ − λᵢυᵢ‖ that was accepted beyond rounding: 0 of a full decomposition,
    /// tolerance · λ₁ of the block method.
    pub accepted_residual: f64,
}

impl<T: Real> Eigenpairs<T> {
    /// The first `k` of them.
    #[must_use]
    pub fn leading(&self, k: usize) -> Self {
        let values = self.values.iter().copied().take(k).collect();
        let vectors = self.vectors.leading(k);
        Self { values, vectors, accepted_residual: self.accepted_residual }
    }
}

/// All eigenpairs of the symmetric matrix `gram` of n ≥ 1 rows, of which the lower half is read.
///
/// Every entry must be finite: faer answers NaN with NaN, not with an error.
///
/// # Errors
/// Where the solver does not converge, memory lacks, or the eigenvalues do not sum to the trace.
pub fn all<T: Real>(gram: MatRef<'_, T>) -> Result<Eigenpairs<T>, SpectrumError> {
    let rows = gram.nrows();
    let zero = T::nearest(0.0);
    let mut values = vec![zero; rows];
    let mut vectors = Columns::filled(rows, rows, zero);
    let request = scratch::<T>(rows);
    let mut scratch = MemBuffer::try_new(request)
        .map_err(|_| SpectrumError::Memory { bytes: request.size_bytes() })?;
    self_adjoint_evd(
        gram,
        DiagMut::from_slice_mut(&mut values),
        Some(vectors.matrix_mut(0, rows)),
        parallelism(),
        MemStack::new(&mut scratch),
        faer::Spec::default(),
    )
    .map_err(|_| SpectrumError::NoConvergence { rows })?;
    let mut values: Vec<f64> = values.into_iter().map(Into::into).collect();
    values.reverse();
    vectors.reverse();
    normalize(&mut vectors);
    orient(&mut vectors);
    check_trace(gram, &values)?;
    Ok(Eigenpairs { values, vectors, accepted_residual: 0.0 })
}

/// Bytes that [`all`] needs beside the matrix and its answer.
pub fn scratch_bytes<T: Real>(rows: usize) -> usize {
    scratch::<T>(rows).size_bytes()
}

fn scratch<T: Real>(rows: usize) -> faer::dyn_stack::StackReq {
    let vectors = ComputeEigenvectors::Yes;
    self_adjoint_evd_scratch::<T>(rows, vectors, parallelism(), faer::Spec::default())
}

/// Scales each vector to ‖υ‖ = 1; its norm is summed in f64.
fn normalize<T: Real>(vectors: &mut Columns<T>) {
    vectors.par_iter_mut().for_each(|vector| {
        let scale = 1.0 / sum::norm_squared(vector).sqrt();
        for entry in vector {
            *entry = T::nearest((*entry).into() * scale);
        }
    });
}

/// Turns each vector so that its entry of largest magnitude, the first of equals, is positive.
pub fn orient<T: Real>(vectors: &mut Columns<T>) {
    vectors.par_iter_mut().for_each(|vector| {
        let mut largest = 0.0_f64;
        for &entry in &*vector {
            let entry: f64 = entry.into();
            if entry.abs() > largest.abs() {
                largest = entry;
            }
        }
        if largest < 0.0 {
            for entry in vector {
                *entry = -*entry;
            }
        }
    });
}

/// Refuses eigenvalues that do not sum to the trace within 8 · rows · ε · Σ|λ|.
///
/// faer's divide and conquer drops couplings below 8 ε λ₁, each of which may shift an eigenvalue by as
/// much.
fn check_trace<T: Real>(gram: MatRef<'_, T>, values: &[f64]) -> Result<(), SpectrumError> {
    let diagonal: Vec<T> = (0..gram.nrows()).map(|i| gram[(i, i)]).collect();
    let ones = vec![1.0; values.len()];
    let (trace, sum) = (sum::dot(&diagonal, &ones), sum::dot(values, &ones));
    let size: f64 = values.iter().map(|value| value.abs()).sum();
    let tolerance = 8.0 * values.len() as f64 * T::EPSILON * size;
    if (sum - trace).abs() <= tolerance {
        Ok(())
    } else {
        Err(SpectrumError::Inconsistent { sum, trace })
    }
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The matrix whose entries, column by column, are `values`, in precision `T` in `store`.
    pub fn matrix<'a, T: Real>(
        values: &[f32],
        rows: usize,
        columns: usize,
        store: &'a mut Vec<T>,
    ) -> MatRef<'a, T> {
        *store = values.iter().map(|&value| T::nearest(f64::from(value))).collect();
        MatRef::from_column_major_slice(store, rows, columns)
    }

    /// J Jᵀ of a rows × rank matrix J, exactly symmetric.
    pub fn gramian(rows: usize, factor: &[f64]) -> Vec<f32> {
        let rank = factor.len() / rows;
        let row = |i: usize| &factor[i * rank..(i + 1) * rank];
        let mut gram = vec![0.0; rows * rows];
        for i in 0..rows {
            for j in 0..rows {
                let (a, b) = (row(i.max(j)), row(i.min(j)));
                gram[i * rows + j] = a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() as f32;
            }
        }
        gram
    }

    /// Checks everything that makes `pairs` leading eigenpairs of `gram`; residuals to `tolerance` λ₁.
    pub fn assert_eigenpairs<T: Real>(
        gram: &[f32],
        rows: usize,
        pairs: &Eigenpairs<T>,
        tolerance: f64,
    ) {
        assert_eq!(pairs.values.len(), pairs.vectors.count());
        assert!(pairs.values.windows(2).all(|pair| pair[0] >= pair[1]), "not in falling order");
        let scale = pairs.values[0];
        for (i, &value) in pairs.values.iter().enumerate() {
            let vector: Vec<f64> = pairs.vectors.column(i).iter().map(|&v| v.into()).collect();
            assert_eq!(vector.len(), rows);
            let image = sum::product(gram, &vector);
            let missed: Vec<f64> =
                image.iter().zip(&vector).map(|(image, entry)| image - value * entry).collect();
            let residual = sum::norm_squared(&missed).sqrt();
            assert!(
                residual <= tolerance * scale,
                "pair {i} of {rows}: residual {residual:e} at {scale:e}"
            );
            for j in 0..=i {
                let inner = sum::dot(pairs.vectors.column(i), pairs.vectors.column(j));
                let expected = f64::from(u8::from(i == j));
                assert!((inner - expected).abs() <= 1e-5, "⟨υ{i}, υ{j}⟩ = {inner} of {rows}");
            }
        }
    }

    fn decomposed<T: Real>(gram: &[f32], rows: usize) -> Eigenpairs<T> {
        let mut store = Vec::new();
        all(matrix(gram, rows, rows, &mut store)).unwrap()
    }

    #[test]
    fn the_identity_has_equal_eigenvalues() {
        for rows in [1, 2, 3, 40] {
            let mut gram = vec![0.0; rows * rows];
            for i in 0..rows {
                gram[i * rows + i] = 1.0;
            }
            let pairs = decomposed::<f32>(&gram, rows);
            assert!(pairs.values.iter().all(|value| (value - 1.0).abs() <= 1e-6));
            assert_eigenpairs(&gram, rows, &pairs, 1e-6);
        }
    }

    #[test]
    fn eigenpairs_of_a_diagonal_matrix_come_in_falling_order_and_positive() {
        let pairs = decomposed::<f64>(&[1.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 2.0], 3);
        assert_eq!(pairs.values, [3.0, 2.0, 1.0]);
        assert_eq!(pairs.vectors.column(0), [0.0, 1.0, 0.0]);
        assert_eq!(pairs.vectors.column(1), [0.0, 0.0, 1.0]);
        assert_eq!(pairs.vectors.column(2), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn eigenvalues_that_miss_the_trace_are_refused() {
        let gram = [1.0, 0.0, 0.0, 1.0];
        let matrix = MatRef::from_column_major_slice(&gram, 2, 2);
        let refused = check_trace::<f64>(matrix, &[1.0, 0.5]);
        assert!(matches!(refused, Err(SpectrumError::Inconsistent { .. })));
        let refused = check_trace::<f64>(matrix, &[1.0, f64::NAN]);
        assert!(matches!(refused, Err(SpectrumError::Inconsistent { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn eigenpairs_of_any_gramian_hold_in_both_precisions(
            (rows, factor) in (1_usize..70, 1_usize..5).prop_flat_map(|(rows, rank)| {
                (Just(rows), prop::collection::vec(-2.0..2.0_f64, rows * rank))
            }),
            offset in prop_oneof![Just(0.0), Just(100.0)],
        ) {
            let mut factor = factor;
            // A common offset: one huge eigenvalue beside small ones.
            for entry in &mut factor {
                *entry += offset;
            }
            let gram = gramian(rows, &factor);
            prop_assume!(gram.iter().any(|&entry| entry != 0.0));
            assert_eigenpairs(&gram, rows, &decomposed::<f32>(&gram, rows), 1e-5);
            assert_eigenpairs(&gram, rows, &decomposed::<f64>(&gram, rows), 1e-12);
        }
    }
}

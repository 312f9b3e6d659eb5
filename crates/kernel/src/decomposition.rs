//! Decompositions and products by faer.

use artifact::{GramValue, Precision};
use faer::diag::DiagMut;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt;
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::matmul::matmul;
use faer::traits::RealField;
use faer::{Accum, Mat, MatRef, Par, Spec};

use crate::error::KernelError;

/// Tasks into which faer splits a routine, whatever the number of threads: the split decides the last
/// bits of a result.
const TASKS: usize = 8;

fn parallelism() -> Par {
    Par::rayon(TASKS)
}

/// A B.
#[must_use]
pub fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut product = Mat::zeros(a.nrows(), b.ncols());
    if a.ncols() > 0 {
        matmul(product.as_mut(), Accum::Replace, a, b, 1.0, parallelism());
    }
    product
}

/// All eigenpairs of a symmetric matrix.
#[derive(Clone, Debug)]
pub struct Eigenpairs {
    /// s, in rising order.
    pub values: Vec<f64>,
    /// U: the eigenvectors as columns.
    pub vectors: Mat<f64>,
}

/// All eigenpairs of the symmetric n × n `kernel`, n ≥ 1, of which the lower half is read, found in
/// `precision`.
///
/// # Errors
/// Where the solver does not converge, memory lacks, or the eigenvalues do not sum to the trace.
pub fn eigenpairs(
    kernel: MatRef<'_, f64>,
    precision: Precision,
) -> Result<Eigenpairs, KernelError> {
    match precision {
        Precision::F64 => eigenpairs_in::<f64>(kernel),
        Precision::F32 => eigenpairs_in::<f32>(kernel),
    }
}

fn eigenpairs_in<T: RealField + GramValue>(
    kernel: MatRef<'_, f64>,
) -> Result<Eigenpairs, KernelError> {
    let rows = kernel.nrows();
    let matrix = in_precision::<T>(kernel);
    let mut values = vec![T::nearest(0.0); rows];
    let mut vectors = Mat::<T>::zeros(rows, rows);
    let (wanted, parallel) = (ComputeEigenvectors::Yes, parallelism());
    let request = self_adjoint_evd_scratch::<T>(rows, wanted, parallel, Spec::default());
    let mut scratch = buffer(request)?;
    self_adjoint_evd(
        matrix.as_ref(),
        DiagMut::from_slice_mut(&mut values),
        Some(vectors.as_mut()),
        parallel,
        MemStack::new(&mut scratch),
        Spec::default(),
    )
    .map_err(|_| KernelError::NoConvergence { rows })?;
    let values: Vec<f64> = values.into_iter().map(Into::into).collect();
    let trace: f64 = (0..rows).map(|i| kernel[(i, i)]).sum();
    let (sum, size) = values.iter().fold((0.0, 0.0), |(sum, size), s| (sum + s, size + s.abs()));
    // faer drops couplings below 8 ε λ₁, each of which may shift an eigenvalue by as much; a NaN fails too.
    let is_consistent = (sum - trace).abs() <= 8.0 * rows as f64 * T::PRECISION.epsilon() * size;
    if !is_consistent {
        return Err(KernelError::Inconsistent { sum, trace });
    }
    // Before the answer is there twice.
    drop((matrix, scratch));
    let vectors = Mat::from_fn(rows, rows, |i, j| vectors[(i, j)].into());
    Ok(Eigenpairs { values, vectors })
}

/// (`kernel` + `shift` I)⁻¹, found in `precision`; none where that matrix is not positive definite.
///
/// # Errors
/// Where memory lacks.
pub fn inverse(
    kernel: MatRef<'_, f64>,
    shift: f64,
    precision: Precision,
) -> Result<Option<Mat<f64>>, KernelError> {
    match precision {
        Precision::F64 => inverse_in::<f64>(kernel, shift),
        Precision::F32 => inverse_in::<f32>(kernel, shift),
    }
}

fn inverse_in<T: RealField + GramValue>(
    kernel: MatRef<'_, f64>,
    shift: f64,
) -> Result<Option<Mat<f64>>, KernelError> {
    let rows = kernel.nrows();
    let Some(factor) = cholesky::<T>(kernel, shift)? else { return Ok(None) };
    let mut inverse = Mat::<T>::identity(rows, rows);
    let request = llt::solve::solve_in_place_scratch::<T>(rows, rows, parallelism());
    let mut scratch = buffer(request)?;
    llt::solve::solve_in_place(
        factor.as_ref(),
        inverse.as_mut(),
        parallelism(),
        MemStack::new(&mut scratch),
    );
    Ok(Some(Mat::from_fn(rows, rows, |i, j| inverse[(i, j)].into())))
}

/// Whether `kernel` + `shift` I is positive definite, by Cholesky's decomposition in f64.
///
/// # Errors
/// Where memory lacks.
pub fn is_positive(kernel: MatRef<'_, f64>, shift: f64) -> Result<bool, KernelError> {
    Ok(cholesky::<f64>(kernel, shift)?.is_some())
}

/// L of `kernel` + `shift` I = L Lᵀ in its lower half.
fn cholesky<T: RealField + GramValue>(
    kernel: MatRef<'_, f64>,
    shift: f64,
) -> Result<Option<Mat<T>>, KernelError> {
    let rows = kernel.nrows();
    let mut factor = in_precision::<T>(kernel);
    for i in 0..rows {
        factor[(i, i)] = T::nearest(kernel[(i, i)] + shift);
    }
    let request = llt::factor::cholesky_in_place_scratch::<T>(rows, parallelism(), Spec::default());
    let mut scratch = buffer(request)?;
    let done = llt::factor::cholesky_in_place(
        factor.as_mut(),
        llt::factor::LltRegularization::default(),
        parallelism(),
        MemStack::new(&mut scratch),
        Spec::default(),
    );
    // A pivot that is NaN passes faer's own check.
    let is_right = (0..rows).all(|i| {
        let pivot: f64 = factor[(i, i)].into();
        pivot.is_finite() && pivot > 0.0
    });
    Ok((done.is_ok() && is_right).then_some(factor))
}

/// The largest eigenvalue of a positive semidefinite `matrix`, from below, by power iteration.
///
/// A hundred products: off by a few percent at most where eigenvalues crowd, which noise levels bear.
#[must_use]
pub fn largest_eigenvalue(matrix: MatRef<'_, f64>) -> f64 {
    const PRODUCTS: usize = 100;
    let rows = matrix.nrows();
    // Signs without a pattern that a kernel might have; the same for every run.
    let sign = |i: usize| {
        let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        if (mixed >> 33) & 1 == 0 { 1.0 } else { -0.5 }
    };
    let mut vector = Mat::from_fn(rows, 1, |i, _| sign(i));
    let mut largest = 0.0;
    for _ in 0..PRODUCTS {
        let norm: f64 = vector.norm_l2();
        if norm == 0.0 || !norm.is_finite() {
            break;
        }
        let unit = Mat::from_fn(rows, 1, |i, _| vector[(i, 0)] / norm);
        vector = product(matrix, unit.as_ref());
        let value: f64 = (0..rows).map(|i| unit[(i, 0)] * vector[(i, 0)]).sum();
        let is_settled = (value - largest).abs() <= 1e-10 * value.abs();
        largest = value;
        if is_settled {
            break;
        }
    }
    largest
}

fn in_precision<T: RealField + GramValue>(matrix: MatRef<'_, f64>) -> Mat<T> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| T::nearest(matrix[(i, j)]))
}

fn buffer(request: StackReq) -> Result<MemBuffer, KernelError> {
    let bytes = request.size_bytes();
    MemBuffer::try_new(request).map_err(|_| KernelError::Memory { bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_is_one_in_both_precisions() {
        let kernel = Mat::from_fn(7, 7, |i, j| 1.0 / (1.0 + i.abs_diff(j) as f64));
        for (precision, tolerance) in [(Precision::F64, 1e-12), (Precision::F32, 1e-5)] {
            let inverse = inverse(kernel.as_ref(), 0.5, precision).unwrap().unwrap();
            let shifted =
                Mat::from_fn(7, 7, |i, j| kernel[(i, j)] + if i == j { 0.5 } else { 0.0 });
            let one = product(inverse.as_ref(), shifted.as_ref());
            for i in 0..7 {
                for j in 0..7 {
                    let expected = f64::from(u8::from(i == j));
                    assert!((one[(i, j)] - expected).abs() <= tolerance);
                }
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_inverse() {
        let kernel = Mat::<f64>::identity(3, 3);
        for shift in [-1.0, -2.0, f64::NAN] {
            assert!(inverse(kernel.as_ref(), shift, Precision::F64).unwrap().is_none());
            assert!(!is_positive(kernel.as_ref(), shift).unwrap());
        }
        assert!(is_positive(kernel.as_ref(), -0.9).unwrap());
    }

    #[test]
    fn power_iteration_finds_the_largest_eigenvalue() {
        let kernel = Mat::from_fn(30, 30, |i, j| (-(i.abs_diff(j) as f64) / 3.0).exp());
        let exact = *eigenpairs(kernel.as_ref(), Precision::F64).unwrap().values.last().unwrap();
        let found = largest_eigenvalue(kernel.as_ref());
        assert!((found / exact - 1.0).abs() <= 1e-3, "{found} {exact}");
        assert!(largest_eigenvalue(Mat::<f64>::zeros(2, 2).as_ref()).abs() <= 0.0);
    }
}

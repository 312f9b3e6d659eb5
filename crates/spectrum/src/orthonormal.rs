//! Orthonormal bases of the span of some columns.

use artifact::Precision;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, Mat, MatRef};

use crate::columns::Columns;
use crate::eigen::{self, parallelism};
use crate::error::SpectrumError;
use crate::precision::Real;

/// Least diagonal entry of the Cholesky factor of unit columns' products: columns closer to
/// dependent than that lose their direction in the division by it.
const INDEPENDENT: f64 = 1e-6;

/// An orthonormal basis of the span of `block`, n × m with m ≤ n, but for rounding: VᵀV − I is small
/// where the columns were nearly orthonormal before, so that a second call makes it ε. Fewer columns
/// than m where they depend on each other.
///
/// Products of matrices in f64 throughout, a fifth of the time that Householder's reflections take:
/// B L⁻ᵀ with BᵀB = L Lᵀ. Source: Cholesky QR, Yamamoto et al. 2015.
///
/// # Errors
/// Where memory lacks or the small decomposition fails.
pub fn basis_of<T: Real>(block: MatRef<'_, T>) -> Result<Mat<T>, SpectrumError> {
    let (rows, columns, par) = (block.nrows(), block.ncols(), parallelism());
    let mut wide = Mat::from_fn(rows, columns, |i, j| -> f64 { block[(i, j)].into() });
    for column in wide.col_iter_mut() {
        let norm = column.norm_l2();
        let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        column.iter_mut().for_each(|entry| *entry *= scale);
    }
    let mut products = Mat::<f64>::zeros(columns, columns);
    matmul(&mut products, Accum::Replace, wide.transpose(), &wide, 1.0, par);
    let request = cholesky_in_place_scratch::<f64>(columns, par, faer::Spec::default());
    let mut scratch = MemBuffer::try_new(request)
        .map_err(|_| SpectrumError::Memory { bytes: request.size_bytes() })?;
    let mut factor = products.clone();
    let factored = cholesky_in_place(
        factor.as_mut(),
        LltRegularization::default(),
        par,
        MemStack::new(&mut scratch),
        faer::Spec::default(),
    );
    if factored.is_ok() && (0..columns).all(|j| factor[(j, j)] >= INDEPENDENT) {
        solve_lower_triangular_in_place(factor.as_ref(), wide.transpose_mut(), par);
    } else {
        wide = independent_part(&wide, products.as_ref())?;
    }
    Ok(Mat::from_fn(rows, wide.ncols(), |i, j| T::nearest(wide[(i, j)])))
}

/// B U Λ^{−½} with BᵀB = U Λ Uᵀ, for the eigenvalues that are not rounding.
///
/// Source: Stathopoulos & Wu 2002, SVQB.
fn independent_part(
    block: &Mat<f64>,
    products: MatRef<'_, f64>,
) -> Result<Mat<f64>, SpectrumError> {
    let pairs = eigen::all(products)?;
    let least = INDEPENDENT * INDEPENDENT * pairs.values[0];
    let rank = pairs.values.iter().filter(|&&value| value > least.max(0.0)).count();
    let mut turn = pairs.vectors.leading(rank);
    for (vector, value) in turn.iter_mut().zip(&pairs.values) {
        for entry in vector {
            *entry /= value.sqrt();
        }
    }
    let mut basis = Mat::zeros(block.nrows(), rank);
    matmul(&mut basis, Accum::Replace, block, turn.matrix(0, rank), 1.0, parallelism());
    Ok(basis)
}

/// block ← (I − VVᵀ) block, for orthonormal columns V.
pub fn remove<T: Real>(block: &mut Mat<T>, vectors: MatRef<'_, T>) {
    if vectors.ncols() == 0 {
        return;
    }
    let (one, minus, par) = (T::nearest(1.0), T::nearest(-1.0), parallelism());
    let mut along = Mat::zeros(vectors.ncols(), block.ncols());
    matmul(&mut along, Accum::Replace, vectors.transpose(), &*block, one, par);
    matmul(block, Accum::Add, vectors, &along, minus, par);
}

/// Whether max |VᵀV − I| ≤ 1e-5.
pub fn is_orthonormal<T: Real>(vectors: &Columns<T>) -> bool {
    let k = vectors.count();
    let v = vectors.matrix(0, k);
    let mut products = Mat::zeros(k, k);
    let one = T::nearest(1.0);
    matmul(&mut products, Accum::Replace, v.transpose(), v, one, parallelism());
    let tolerance = if T::PRECISION == Precision::F64 { 1e-12 } else { 1e-5 };
    (0..k).all(|j| {
        (0..k).all(|i| {
            let product: f64 = products[(i, j)].into();
            (product - f64::from(u8::from(i == j))).abs() <= tolerance
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_span_their_columns_however_dependent_these_are() {
        let independent = Mat::from_fn(50, 4, |i, j| ((i * i * (j + 1)) as f32 * 0.37).sin());
        let scaled =
            Mat::from_fn(50, 4, |i, j| independent[(i, j)] * 10.0_f32.powf(-4.0 * j as f32));
        let repeated = Mat::from_fn(50, 4, |i, j| independent[(i, j % 2)]);
        let zero = Mat::from_fn(50, 4, |i, j| if j == 1 { 0.0 } else { independent[(i, j)] });
        let nothing = Mat::zeros(50, 4);
        let cases = [(independent, 4), (scaled, 4), (repeated, 2), (zero, 3), (nothing, 0)];
        for (block, rank) in cases {
            let basis: Mat<f32> = basis_of(block.as_ref()).unwrap();
            assert_eq!(basis.ncols(), rank);
            let mut columns = Columns::empty(50);
            basis.col_iter().for_each(|column| columns.push(column.iter().copied()));
            assert!(is_orthonormal(&columns));
            // What the basis leaves of the block is rounding.
            let mut rest = block.clone();
            remove(&mut rest, basis.as_ref());
            assert!(rest.norm_max() <= 1e-5 * block.norm_max(), "{}", rest.norm_max());
        }
    }
}

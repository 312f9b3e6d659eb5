//! What stands above the rounding of a kernel.

use artifact::Precision;
use faer::MatRef;

use kernel::KernelError;
use kernel::decomposition::{is_positive, largest_eigenvalue};

/// The precisions of a kernel, and what rounding it to fewer bits has added.
#[derive(Clone, Copy, Debug)]
pub struct Rounding {
    /// Of the arithmetic that made it.
    pub made: Precision,
    /// Of the table that keeps it.
    pub stored: Precision,
    /// Of the decomposition.
    pub decomposed: Precision,
    /// σ, the root mean square of the errors of its entries by `round_bits`; 0 without.
    pub deviation: f64,
}

impl Rounding {
    /// How far rounding alone can move an eigenvalue of a kernel of n `rows` with λ₁ = `largest` and ‖K‖_F =
    /// `frobenius`: max(n ε λ₁, ε' ‖K‖_F, 2σ√n).
    ///
    /// ε is the coarser precision of making and decomposing, ε' that of storing and decomposing (Weyl's bound
    /// on what storing does). 2σ√n is the norm of a symmetric matrix of n rows of independent errors of
    /// deviation σ (Wigner's semicircle).
    #[must_use]
    pub fn noise(&self, rows: usize, largest: f64, frobenius: f64) -> f64 {
        let coarser = |one: Precision| one.epsilon().max(self.decomposed.epsilon());
        let n = rows as f64;
        let made = n * coarser(self.made) * largest;
        made.max(coarser(self.stored) * frobenius).max(2.0 * self.deviation * n.sqrt())
    }
}

/// Where a kernel stands against its noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// s_min.
    pub smallest: f64,
    /// What rounding can do to it.
    pub noise: f64,
}

impl Level {
    /// Whether a fit whose [`floor`](crate::filter::Filter::floor) is `floor` stands above the noise.
    #[must_use]
    pub fn resolves(&self, floor: f64) -> bool {
        self.smallest + floor > self.noise
    }

    /// The least λ that stands above the noise; 0 where none is needed.
    #[must_use]
    pub fn least_ridge(&self) -> f64 {
        (self.noise - self.smallest).max(0.0)
    }
}

/// The largest n up to `samples` for which the leading n samples of `kernel` with the relative ridge
/// `ridge` stand above their own noise; 0 where not even one does. `cell` rows are one sample.
///
/// By bisection: s_min of a leading block falls with n (Cauchy's interlacing) and its noise rises. Whether
/// s_min + λ is above the noise is whether K + (λ − noise) I has a Cholesky decomposition.
///
/// # Errors
/// Where memory lacks.
pub fn largest_resolved(
    kernel: MatRef<'_, f64>,
    cell: usize,
    ridge: f64,
    rounding: Rounding,
) -> Result<usize, KernelError> {
    let samples = kernel.nrows() / cell;
    let is_resolved = |count: usize| {
        let rows = count * cell;
        let block = kernel.submatrix(0, 0, rows, rows);
        let trace: f64 = (0..rows).map(|i| block[(i, i)]).sum();
        let noise = rounding.noise(rows, largest_eigenvalue(block), block.norm_l2());
        is_positive(block, ridge * trace / rows as f64 - noise)
    };
    // `low` is resolved (or 0), `high` + 1 is not (or beyond all).
    let (mut low, mut high) = (0, samples);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if is_resolved(middle)? { low = middle } else { high = middle - 1 }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use faer::Mat;

    use super::*;
    use kernel::decomposition::eigenpairs;

    const DOUBLE: Rounding = Rounding {
        made: Precision::F64,
        stored: Precision::F64,
        decomposed: Precision::F64,
        deviation: 0.0,
    };

    #[test]
    fn the_coarsest_rounding_decides() {
        let single = f64::from(f32::EPSILON);
        let noise = |rounding: Rounding| rounding.noise(100, 50.0, 60.0);
        assert!((noise(DOUBLE) - 5000.0 * f64::EPSILON).abs() <= 1e-20);
        let made = Rounding { made: Precision::F32, ..DOUBLE };
        assert!((noise(made) - 5000.0 * single).abs() <= 1e-12);
        let stored = Rounding { stored: Precision::F32, ..DOUBLE };
        assert!((noise(stored) - 60.0 * single).abs() <= 1e-12);
        let rounded = Rounding { deviation: 0.01, ..made };
        assert!((noise(rounded) - 0.2).abs() <= 1e-12);
    }

    #[test]
    fn errors_of_random_entries_reach_twice_their_deviation_times_the_root_of_n() {
        let n = 150;
        let mut state = 1_u64;
        let mut draw = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f64 / f64::from(1 << 24) - 0.5
        };
        let lower = Mat::from_fn(n, n, |_, _| draw());
        let errors = Mat::from_fn(n, n, |i, j| lower[(i.max(j), i.min(j))]);
        let pairs = eigenpairs(errors.as_ref(), Precision::F64).unwrap();
        let rounding = Rounding { deviation: (1.0_f64 / 12.0).sqrt(), ..DOUBLE };
        let bound = rounding.noise(n, 0.0, 0.0);
        let largest = pairs.values[n - 1];
        assert!((largest / bound - 1.0).abs() <= 0.1, "{largest} {bound}");
    }

    #[test]
    fn as_many_samples_are_resolved_as_eigenvalues_of_leading_blocks_say() {
        let kernel = Mat::from_fn(40, 40, |i, j| (-((i as f64 - j as f64) / 6.0).powi(2)).exp());
        let rounding = Rounding { stored: Precision::F32, made: Precision::F32, ..DOUBLE };
        for ridge in [0.0, 1e-6, 1e-5, 1e-4] {
            let resolved = |count: usize| {
                let block = kernel.as_ref().submatrix(0, 0, count, count);
                let pairs = eigenpairs(block, Precision::F64).unwrap();
                let noise = rounding.noise(count, pairs.values[count - 1], block.norm_l2());
                Level { smallest: pairs.values[0], noise }.resolves(ridge)
            };
            let expected = (1..=40).take_while(|&count| resolved(count)).count();
            let found = largest_resolved(kernel.as_ref(), 1, ridge, rounding).unwrap();
            assert_eq!(found, expected, "{ridge}");
        }
        let found = largest_resolved(kernel.as_ref(), 1, 1.0, rounding).unwrap();
        assert_eq!(found, 40);
        assert_eq!(largest_resolved(kernel.as_ref(), 2, 1.0, rounding).unwrap(), 20);
    }

    #[test]
    fn the_least_ridge_reaches_the_noise() {
        let level = Level { smallest: -0.5, noise: 1.0 };
        assert!((level.least_ridge() - 1.5).abs() <= 0.0);
        assert!(!level.resolves(1.5) && level.resolves(1.6) && !level.resolves(f64::NAN));
        assert!(Level { smallest: 2.0, noise: 1.0 }.least_ridge() <= 0.0);
    }
}

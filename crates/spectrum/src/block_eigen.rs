//! The top eigenpairs of a Gramian, by block Krylov iteration on matrix-matrix products.
//!
//! The subspace grows by the images of a random block until it holds k dimensions, then by the
//! residuals of the pairs that have not converged. Pairs are accepted once their residuals
//! GV − VΘ are small together. That alone could miss a pair, since a start that is perpendicular to
//! an eigenvector never meets it; so the count is verified from a second random start, see [`missed`].
//!
//! What is accepted has no eigenvalue off by more than s = tolerance · λ₁. With A = (I − VVᵀ) G
//! (I − VVᵀ) and R = GV − VΘ, which is perpendicular to V, G differs from VΘVᵀ + A by a matrix of norm
//! ‖R‖₂, so that each eigenvalue of G is within ‖R‖₂ ≤ s/2 of one of Θ and A together (Weyl). Of A
//! none is above θ_k + s/2: its largest Ritz value is at most θ_k + s/4, with a residual of at most s/4.
//!
//! Sources: Musco & Musco 2015, randomized block Krylov methods; Davidson 1975 for the residuals.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef};

use crate::columns::Columns;
use crate::eigen::{self, Eigenpairs};
use crate::error::SpectrumError;
use crate::krylov::{Krylov, RitzPairs};
use crate::orthonormal::is_orthonormal;
use crate::precision::Real;

/// Random vectors that a start has beyond those that are hoped to converge from it, which meet what
/// is new since the previous checkpoint; and vectors of the second start.
pub const OVERSAMPLING: usize = 16;
/// Columns that a subspace grows by at least: fewer cost as much, for all entries of G are read.
const LEAST_GROWTH: usize = 32;
/// Blocks up to which the second start is followed.
const MOST_PROBES: usize = 12;

/// Vectors of a start for the top `k`: fewer need more products in turn, more a larger basis. With 32
/// for the top 200 of a trained network's 4,000 rows the search took 0.70 of the time that 116 took.
#[must_use]
pub const fn start_columns(k: usize) -> usize {
    k / 12 + OVERSAMPLING
}

/// Basis vectors from which on the top `k` are looked at: where eigenvalues fall slowly, as beyond the
/// first few of a trained network's, a smaller basis hardly ever has them all.
const fn first_look(k: usize) -> usize {
    2 * k
}

/// Basis vectors up to which the top `k` are searched for.
const fn basis_limit(k: usize) -> usize {
    4 * k + 8 * OVERSAMPLING
}

/// Whether the block method is worth trying: its largest basis is small beside the matrix.
///
/// With k = 200 of 4,000 rows on two cores the block method took a twentieth of the full
/// decomposition's time (`cargo xtask bench`); below 512 rows either takes milliseconds. The
/// basis bound keeps its memory under that of the full decomposition.
pub const fn pays(rows: usize, k: usize) -> bool {
    rows >= 512 && 2 * basis_limit(k) <= rows
}

/// What the block method starts from.
#[derive(Clone, Debug)]
pub struct Start<T> {
    /// At least one vector, of any span: eigenvectors of a matrix like this one, random vectors, or
    /// both.
    pub block: Columns<T>,
    /// Random vectors, independent of the others, from which the count of pairs is verified.
    pub probe: Columns<T>,
}

impl<T: Real> Start<T> {
    /// The first of the `earlier` eigenvectors, with random vectors beside them, or random vectors alone,
    /// for the top `k` of a matrix of `rows` rows; `number` gives random numbers, in any distribution that is
    /// symmetric about 0.
    pub fn new(
        earlier: Option<&Columns<T>>,
        rows: usize,
        k: usize,
        mut number: impl FnMut() -> f64,
    ) -> Self {
        let (mut block, more) = match earlier {
            Some(vectors) => (vectors.leading(k / 12), OVERSAMPLING),
            None => (Columns::empty(rows), start_columns(k)),
        };
        // No more vectors than rows are independent.
        let more = more.min(rows - block.count().min(rows));
        let mut add = |columns: &mut Columns<T>, count: usize| {
            for _ in 0..count {
                columns.push((0..rows).map(|_| T::nearest(number())));
            }
        };
        add(&mut block, more);
        let mut probe = Columns::empty(rows);
        add(&mut probe, OVERSAMPLING.min(rows));
        Self { block, probe }
    }
}

/// The top `k` eigenpairs of the symmetric matrix `gram`, or `None` where that is in doubt.
///
/// Each of the k values is within `tolerance` λ₁ of the eigenvalue of its place, as far as a second
/// random start can tell (the vectors of it would all have to be perpendicular to an eigenvector);
/// accepted pairs have ‖Gυ − λυ‖ ≤ `tolerance` λ₁/2 and are orthonormal to 1e-5.
///
/// # Errors
/// Where memory lacks, or the small decomposition fails.
pub fn top<T: Real>(
    gram: MatRef<'_, T>,
    k: usize,
    start: &Start<T>,
    tolerance: f64,
) -> Result<Option<Eigenpairs<T>>, SpectrumError> {
    let rows = gram.nrows();
    let limit = basis_limit(k).min(rows);
    let nothing = Columns::empty(rows);
    let mut krylov = Krylov::new(gram, nothing.matrix(0, 0), limit);
    let mut next = start.block.matrix(0, start.block.count()).to_owned();
    let mut looked = false;
    loop {
        let grown = next.ncols() <= krylov.room() && krylov.extend(next)?;
        // A basis that cannot grow may hold all there is; its pairs tell, unless they have told.
        if !grown && (looked || krylov.size() < k) {
            return Ok(None);
        }
        next = if grown && krylov.size() < first_look(k).min(rows) {
            looked = false;
            krylov.last_images()
        } else {
            looked = true;
            let ritz = krylov.ritz_pairs(k)?;
            // No column of R is longer than ‖R‖₂; many that are as long may make it longer by √k.
            let bound = 0.5 * tolerance * ritz.pairs.values[0];
            let is_small = ritz.norms.iter().all(|&norm| norm <= bound);
            if is_small && norm(&ritz.residuals, bound)? > 1.0 {
                largest_residuals(&ritz, bound / (k as f64).sqrt(), krylov.room())
            } else if is_small {
                if !is_orthonormal(&ritz.pairs.vectors) {
                    return Ok(None);
                }
                match missed(gram, &ritz.pairs, &start.probe, tolerance)? {
                    Missed::None => {
                        let mut pairs = ritz.pairs;
                        eigen::orient(&mut pairs.vectors);
                        return Ok(Some(pairs));
                    }
                    Missed::These(vectors) => vectors,
                    Missed::Unknown => return Ok(None),
                }
            } else {
                largest_residuals(&ritz, bound, krylov.room())
            }
        };
    }
}

/// ‖R‖₂ of the matrix with the columns `residuals`, in units of `unit`.
fn norm<T: Real>(residuals: &Columns<T>, unit: f64) -> Result<f64, SpectrumError> {
    let mut scaled = Columns::empty(residuals.rows());
    for residual in residuals.iter() {
        // The squares of small numbers would be none.
        scaled.push(residual.iter().map(|&entry| T::nearest(entry.into() / unit)));
    }
    let k = scaled.count();
    let (matrix, one) = (scaled.matrix(0, k), T::nearest(1.0));
    let mut products = Mat::zeros(k, k);
    matmul(&mut products, Accum::Replace, matrix.transpose(), matrix, one, eigen::parallelism());
    Ok(eigen::all(products.as_ref())?.values[0].max(0.0).sqrt())
}

/// The residuals above `bound`, and the largest of the others where these are few.
fn largest_residuals<T: Real>(ritz: &RitzPairs<T>, bound: f64, room: usize) -> Mat<T> {
    let mut order: Vec<usize> = (0..ritz.norms.len()).collect();
    order.sort_by(|&i, &j| ritz.norms[j].total_cmp(&ritz.norms[i]).then(i.cmp(&j)));
    let open = ritz.norms.iter().filter(|&&norm| norm > bound).count();
    // Residuals of zero have no direction.
    let some = ritz.norms.iter().filter(|&&norm| norm > 0.0).count();
    order.truncate(open.max(LEAST_GROWTH.min(some).min(room)));
    Mat::from_fn(ritz.residuals.rows(), order.len(), |i, j| ritz.residuals.column(order[j])[i])
}

/// Eigenpairs that a search has not found.
enum Missed<T> {
    /// There are none.
    None,
    /// Vectors that lead to some.
    These(Mat<T>),
    /// It cannot be said.
    Unknown,
}

/// Whether A = (I − VVᵀ) G (I − VVᵀ) has eigenvalues that belong among those of `pairs`: with
/// s = `tolerance` λ₁, some above λ_k + s/2.
///
/// Its largest one is found by block Krylov iteration from `probe`. A Ritz value above λ_k + s/4 proves
/// that there is one, and leads to it; a largest Ritz pair that is below, with ‖residual‖ ≤ s/4, says
/// that there is none, unless each of the random vectors is all but perpendicular to its eigenvector.
fn missed<T: Real>(
    gram: MatRef<'_, T>,
    pairs: &Eigenpairs<T>,
    probe: &Columns<T>,
    tolerance: f64,
) -> Result<Missed<T>, SpectrumError> {
    let (rows, k) = (gram.nrows(), pairs.values.len());
    let slack = 0.25 * tolerance * pairs.values[0];
    let threshold = pairs.values[k - 1] + slack;
    let left = rows - k.min(rows);
    if left == 0 {
        return Ok(Missed::None);
    }
    let limit = (MOST_PROBES * OVERSAMPLING).min(left);
    let mut krylov = Krylov::new(gram, pairs.vectors.matrix(0, k), limit);
    let mut next = probe.matrix(0, probe.count().min(limit)).to_owned();
    loop {
        let grown = krylov.extend(next)?;
        if krylov.size() == 0 {
            return Ok(Missed::None);
        }
        let ritz = krylov.ritz_pairs(krylov.size().min(OVERSAMPLING))?;
        let above = ritz.pairs.values.iter().filter(|&&value| value > threshold).count();
        if above > 0 {
            return Ok(Missed::These(ritz.pairs.vectors.matrix(0, above).to_owned()));
        }
        if ritz.norms[0] <= slack || krylov.size() == left {
            return Ok(Missed::None);
        }
        next = krylov.last_images();
        if !grown || krylov.room() == 0 {
            return Ok(Missed::Unknown);
        }
        next = next.subcols(0, next.ncols().min(krylov.room())).to_owned();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::eigen::all;
    use crate::eigen::tests::{assert_eigenpairs, gramian, matrix};
    use crate::sum;

    const TOLERANCE: f64 = 1e-5;

    /// Numbers in [-1, 1) without a pattern, the same on every run.
    fn numbers(count: usize) -> Vec<f64> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    fn start<T: Real>(rows: usize, k: usize, earlier: Option<&Columns<T>>) -> Start<T> {
        let mut numbers = numbers(rows * (start_columns(k) + 2 * OVERSAMPLING)).into_iter();
        Start::new(earlier, rows, k, || numbers.next().unwrap())
    }

    /// J Jᵀ where feature c of J counts as `scales[c]`: eigenvalues of about rows · scale²/3.
    fn scaled_gramian(rows: usize, scales: &[f64]) -> Vec<f32> {
        let factor: Vec<f64> = numbers(rows * scales.len())
            .iter()
            .enumerate()
            .map(|(i, number)| number * scales[i % scales.len()])
            .collect();
        gramian(rows, &factor)
    }

    fn found<T: Real>(
        gram: &[f32],
        rows: usize,
        k: usize,
        start: &Start<T>,
    ) -> Option<Eigenpairs<T>> {
        let mut store = Vec::new();
        top(matrix(gram, rows, rows, &mut store), k, start, TOLERANCE).unwrap()
    }

    #[test]
    fn the_top_pairs_are_those_of_the_full_decomposition() {
        let (rows, k) = (200, 12);
        let scales: Vec<f64> = (1..=150).map(|i| 1.0 / f64::from(i)).collect();
        let gram = scaled_gramian(rows, &scales);
        let pairs = found::<f32>(&gram, rows, k, &start(rows, k, None)).unwrap();
        assert_eigenpairs(&gram, rows, &pairs, 2.0 * TOLERANCE);
        let mut store: Vec<f64> = Vec::new();
        let whole = all(matrix(&gram, rows, rows, &mut store)).unwrap();
        for (top, full) in pairs.values.iter().zip(&whole.values) {
            assert!((top - full).abs() <= TOLERANCE * whole.values[0], "{top} {full}");
        }
    }

    #[test]
    fn eigenvectors_of_before_are_a_start() {
        let (rows, k) = (120, 6);
        let gram = scaled_gramian(rows, &[3.0, 2.0, 1.0, 0.5, 0.3, 0.2, 0.1]);
        let mut store: Vec<f64> = Vec::new();
        let whole = all(matrix(&gram, rows, rows, &mut store)).unwrap().leading(k);
        let pairs = found(&gram, rows, k, &start(rows, k, Some(&whole.vectors))).unwrap();
        assert_eigenpairs(&gram, rows, &pairs, 2.0 * TOLERANCE);
    }

    /// The start is an invariant subspace without υ₁: every residual is zero, and υ₁ never met.
    #[test]
    fn a_pair_that_the_start_cannot_reach_is_never_silently_missing() {
        let (rows, k) = (90, 3);
        let gram = scaled_gramian(rows, &[3.0, 2.0, 1.0, 0.5, 0.3]);
        let mut store: Vec<f64> = Vec::new();
        let matrix = matrix(&gram, rows, rows, &mut store);
        let whole = all(matrix).unwrap();
        let vectors = whole.leading(4);
        for left_out in 0..k {
            let mut rest = Eigenpairs {
                values: Vec::new(),
                vectors: Columns::empty(rows),
                accepted_residual: 0.0,
            };
            for i in (0..=k).filter(|&i| i != left_out) {
                rest.values.push(vectors.values[i]);
                rest.vectors.push(vectors.vectors.column(i).iter().copied());
            }
            let probe = start(rows, k, None).probe;
            let answer = missed(matrix, &rest, &probe, TOLERANCE).unwrap();
            assert!(matches!(answer, Missed::These(_)), "without {left_out}");
            // From such a start the pair is found after all.
            let block = rest.vectors.clone();
            let pairs = top(matrix, k, &Start { block, probe }, TOLERANCE).unwrap().unwrap();
            for (top, full) in pairs.values.iter().zip(&whole.values) {
                assert!((top - full).abs() <= TOLERANCE * whole.values[0], "{top} {full}");
            }
        }
        let probe = start(rows, k, None).probe;
        let answer = missed(matrix, &vectors.leading(k), &probe, TOLERANCE).unwrap();
        assert!(matches!(answer, Missed::None));
    }

    #[test]
    fn a_missed_pair_counts_where_it_is_above_the_last_by_more_than_half_the_tolerance() {
        let (rows, k) = (60, 4);
        let of = |above: f64| {
            let mut gram = vec![0.0; rows * rows];
            let values = [1.0, 0.8, 0.5, 0.2 + above * TOLERANCE, 0.2];
            for i in 0..rows {
                gram[i * rows + i] = values.get(i).copied().unwrap_or(0.1 / (i + 1) as f64);
            }
            let matrix = MatRef::from_column_major_slice(&gram, rows, rows);
            let whole = all(matrix).unwrap();
            let mut without = Eigenpairs {
                values: Vec::new(),
                vectors: Columns::empty(rows),
                accepted_residual: 0.0,
            };
            for i in [0, 1, 2, 4] {
                without.values.push(whole.values[i]);
                without.vectors.push(whole.vectors.column(i).iter().copied());
            }
            let probe = start::<f64>(rows, k, None).probe;
            missed(matrix, &without, &probe, TOLERANCE).unwrap()
        };
        assert!(matches!(of(0.9), Missed::These(_)));
        assert!(matches!(of(0.51), Missed::These(_)));
        assert!(matches!(of(0.0), Missed::None));
    }

    #[test]
    fn residuals_count_together() {
        let mut residuals = Columns::empty(9);
        for _ in 0..4 {
            residuals.push([1e-25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0_f32]);
        }
        let found = norm(&residuals, 1e-25).unwrap();
        assert!((found - 2.0).abs() <= 1e-6, "{found}");
    }

    #[test]
    fn a_repeated_eigenvalue_cut_by_k_is_found_as_often_as_asked() {
        let (rows, k) = (64, 5);
        let mut gram = vec![0.0; rows * rows];
        for i in 0..rows {
            gram[i * rows + i] = if i < 8 { 2.0 } else { 0.25 };
        }
        let pairs = found::<f32>(&gram, rows, k, &start(rows, k, None)).unwrap();
        assert!(pairs.values.iter().all(|value| (value - 2.0).abs() <= 1e-5), "{:?}", pairs.values);
        assert_eigenpairs(&gram, rows, &pairs, 2.0 * TOLERANCE);
    }

    /// Large enough for faer to split the work.
    #[test]
    fn both_ways_give_the_same_bits_on_any_number_of_threads() {
        let (rows, k) = (700, 20);
        let scales: Vec<f64> = (1..=40).map(|i| 1.0 / f64::from(i)).collect();
        let gram = scaled_gramian(rows, &scales);
        let matrix = MatRef::from_column_major_slice(&gram, rows, rows);
        let bits = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let start = start::<f32>(rows, k, None);
            let whole = pool.install(|| all(matrix)).unwrap();
            let leading = pool.install(|| found(&gram, rows, k, &start)).unwrap();
            (whole.values, whole.vectors, leading.values, leading.vectors)
        };
        let one = bits(1);
        for threads in [2, 5] {
            let other = bits(threads);
            assert!(one.0 == other.0 && one.1 == other.1, "full, {threads} threads");
            assert!(one.2 == other.2 && one.3 == other.3, "block, {threads} threads");
        }
    }

    /// A symmetric matrix with these eigenvalues, the others 0: Q Λ Qᵀ, Q of reflections.
    fn with_eigenvalues(rows: usize, values: &[f64]) -> Vec<f32> {
        let mut gram = vec![0.0; rows * rows];
        for (i, &value) in values.iter().enumerate() {
            gram[i * rows + i] = value;
        }
        for reflection in numbers(3 * rows).chunks(rows) {
            let norm = sum::norm_squared(reflection);
            // H G H with H = I − 2 w wᵀ/‖w‖².
            for _ in 0..2 {
                for row in gram.chunks_exact_mut(rows) {
                    let along = 2.0 * sum::dot(row, reflection) / norm;
                    row.iter_mut().zip(reflection).for_each(|(entry, w)| *entry -= along * w);
                }
                let turned: Vec<f64> =
                    (0..rows * rows).map(|at| gram[at % rows * rows + at / rows]).collect();
                gram = turned;
            }
        }
        gram.into_iter().map(|entry| entry as f32).collect()
    }

    #[test]
    fn no_eigenvalue_of_a_cluster_within_the_tolerance_is_off_by_more() {
        let (rows, k, s) = (600, 20, TOLERANCE);
        for above in [0.6, 1.0, 1.5, 1.9] {
            for before in [12, 15, 18] {
                // Eight equal ones just above many others, with which vectors mix whose residuals are
                // within the tolerance.
                let mut values: Vec<f64> =
                    (0..before).map(|i| 1.0 - 0.6 * f64::from(i) / f64::from(before)).collect();
                values.extend([0.2 + above * s; 8]);
                values.extend([0.2; 200]);
                let gram = with_eigenvalues(rows, &values);
                let mut store: Vec<f64> = Vec::new();
                let matrix = matrix(&gram, rows, rows, &mut store);
                let whole = all(matrix).unwrap();
                let pairs = top(matrix, k, &start(rows, k, None), s).unwrap();
                let pairs = pairs.unwrap_or_else(|| panic!("in doubt at {above}, {before}"));
                for (i, (top, full)) in pairs.values.iter().zip(&whole.values).enumerate() {
                    let off = (top - full).abs() / (s * whole.values[0]);
                    assert!(off <= 1.0, "{above}, {before}: λ{i} is off by {off}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_accepted_holds_for_any_rank_and_offset(
            rows in 20_usize..90,
            k in 1_usize..6,
            rank in 1_i32..40,
            decay in 0.3..1.0_f64,
            offset in prop_oneof![Just(0.0), Just(50.0)],
        ) {
            let mut scales: Vec<f64> = (0..rank).map(|i| decay.powi(i)).collect();
            scales[0] += offset;
            let gram = scaled_gramian(rows, &scales);
            let mut store: Vec<f64> = Vec::new();
            let whole = all(matrix(&gram, rows, rows, &mut store)).unwrap();
            // `None` is an honest answer; a wrong one is not.
            if let Some(pairs) = found::<f32>(&gram, rows, k, &start(rows, k, None)) {
                assert_eigenpairs(&gram, rows, &pairs, 2.0 * TOLERANCE);
                for (top, full) in pairs.values.iter().zip(&whole.values) {
                    prop_assert!((top - full).abs() <= 1.1 * TOLERANCE * whole.values[0]);
                }
            }
        }
    }
}

//! The spectrum of the Fisher information, which is that of the Gramian.

/// λ/N: an eigenvalue of F = (1/N) JᵀJ where `eigenvalue` λ is one of G = J Jᵀ.
///
/// J is No × P. JᵀJ and J Jᵀ have the same nonzero eigenvalues, so the P × P matrix F need never
/// be formed; it has P − No further zeros, or G has No − P. F is the Fisher information of a
/// least-squares fit: outputs with noise of unit variance. `samples` is N.
pub fn eigenvalue(eigenvalue: f64, samples: usize) -> f64 {
    eigenvalue / samples as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eigen::all;

    /// A product of two matrices given by their entries, in f64.
    fn product(
        rows: usize,
        inner: usize,
        columns: usize,
        a: impl Fn(usize, usize) -> f64,
        b: impl Fn(usize, usize) -> f64,
    ) -> Vec<f64> {
        let entry = |i: usize, j: usize| (0..inner).map(|k| a(i, k) * b(k, j)).sum::<f64>();
        (0..rows * columns).map(|at| entry(at / columns, at % columns)).collect()
    }

    fn eigenvalues(matrix: &[f64], rows: usize) -> Vec<f64> {
        let matrix = faer::MatRef::from_column_major_slice(matrix, rows, rows);
        all::<f64>(matrix).unwrap().values
    }

    #[test]
    fn an_explicit_fisher_matrix_has_these_eigenvalues() {
        // Two outputs of three samples: No = 6, once with fewer parameters and once with more.
        let (samples, rows) = (3, 6);
        for parameters in [4, 9] {
            let jacobian = |i: usize, p: usize| ((i * 5 + p * 3 + i * p) % 7) as f64 - 3.0;
            let transposed = |p: usize, i: usize| jacobian(i, p);
            let gram = product(rows, parameters, rows, jacobian, transposed);
            let mut fisher = product(parameters, rows, parameters, transposed, jacobian);
            for entry in &mut fisher {
                *entry /= samples as f64;
            }
            let (of_gram, of_fisher) = (eigenvalues(&gram, rows), eigenvalues(&fisher, parameters));
            let tolerance = 64.0 * f64::EPSILON * of_gram[0];
            for i in 0..rows.max(parameters) {
                let ours = of_gram.get(i).map_or(0.0, |&value| eigenvalue(value, samples));
                let theirs = of_fisher.get(i).copied().unwrap_or(0.0);
                assert!((ours - theirs).abs() <= tolerance, "{i} of {parameters}: {ours} {theirs}");
            }
        }
    }
}

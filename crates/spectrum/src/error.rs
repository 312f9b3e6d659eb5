//! What can be wrong with a Gramian or its decomposition.

/// Why a Gramian has no spectrum that could be trusted.
#[derive(Debug, thiserror::Error)]
pub enum SpectrumError {
    /// The rows of the table are not those that the reduction asks for.
    #[error("the Gramian's rows do not fit its reduction: {problem}")]
    Rows {
        /// What differs.
        problem: String,
    },
    /// A norm in `kernels` is not the Gramian's.
    #[error(
        "the table `kernels` gives the Gramian the `{column}` {listed:.6e}, but that of its entries is {found:.6e}"
    )]
    OtherNorm {
        /// Which norm.
        column: &'static str,
        /// As the table has it.
        listed: f64,
        /// Of the entries.
        found: f64,
    },
    /// G ≠ Gᵀ.
    #[error(
        "the Gramian is not symmetric: |g(x, x') − g(x', x)| reaches {difference:.3e} where the largest entry is {largest:.3e}; a kernel has g(x, x') = g(x', x)"
    )]
    NotSymmetric {
        /// max |G − Gᵀ|.
        difference: f64,
        /// max |G|.
        largest: f64,
    },
    /// G = 0, or G has no positive eigenvalue.
    #[error(
        "the Gramian has no positive eigenvalue (λ₁ = {largest:.3e}): no gradient reaches any output, so it has no spectrum to speak of"
    )]
    ZeroKernel {
        /// λ₁.
        largest: f64,
    },
    /// λ_min is negative beyond rounding.
    #[error(
        "the smallest eigenvalue is {smallest:.3e}, below the rounding bound −{bound:.3e} at λ₁ = {largest:.3e}: the matrix is not positive semidefinite, so it is no Gramian J Jᵀ"
    )]
    NotPositive {
        /// λ_min.
        smallest: f64,
        /// How far below zero rounding can reach.
        bound: f64,
        /// λ₁.
        largest: f64,
    },
    /// The solver gave up.
    #[error("the eigendecomposition of the {rows} × {rows} Gramian did not converge")]
    NoConvergence {
        /// Rows of G.
        rows: usize,
    },
    /// The solver's answer contradicts the matrix.
    #[error(
        "the eigendecomposition contradicts the Gramian: the eigenvalues sum to {sum:.6e}, its trace is {trace:.6e}"
    )]
    Inconsistent {
        /// Σλ.
        sum: f64,
        /// tr G.
        trace: f64,
    },
    /// No memory for the decomposition.
    #[error("the eigendecomposition needs {bytes} bytes of work space: allocation failed")]
    Memory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// More eigenpairs were asked for than there are.
    #[error("the top {wanted} eigenpairs were asked for, but the Gramian has {rows} rows")]
    TooMany {
        /// k.
        wanted: usize,
        /// Rows of G.
        rows: usize,
    },
}

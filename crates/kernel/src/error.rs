//! What can be wrong with a kernel or its decomposition.

/// Why a kernel cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The rows of the table are not those that the reduction asks for.
    #[error("the Gramian's rows do not fit its reduction: {problem}")]
    Rows {
        /// What differs.
        problem: String,
    },
    /// K ≠ Kᵀ.
    #[error(
        "the Gramian is not symmetric: |k(x, x') − k(x', x)| reaches {difference:.3e} where the largest entry is {largest:.3e}; a kernel has k(x, x') = k(x', x)"
    )]
    NotSymmetric {
        /// max |K − Kᵀ|.
        difference: f64,
        /// max |K|.
        largest: f64,
    },
    /// tr K ≤ 0.
    #[error(
        "the Gramian's diagonal has the mean {mean:.3e}; that of a kernel is above 0, and ridges and times are measured by it"
    )]
    NoScale {
        /// tr K / N.
        mean: f64,
    },
    /// The solver gave up.
    #[error("the eigendecomposition of the {rows} × {rows} Gramian did not converge")]
    NoConvergence {
        /// Rows of K.
        rows: usize,
    },
    /// The solver's answer contradicts the matrix.
    #[error(
        "the eigendecomposition contradicts the Gramian: the eigenvalues sum to {sum:.6e}, its trace is {trace:.6e}"
    )]
    Inconsistent {
        /// Σs.
        sum: f64,
        /// tr K.
        trace: f64,
    },
    /// No memory for the decomposition.
    #[error("the eigendecomposition needs {bytes} bytes of work space: allocation failed")]
    Memory {
        /// Bytes asked for.
        bytes: usize,
    },
}

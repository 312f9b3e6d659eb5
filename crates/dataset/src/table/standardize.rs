//! Mean 0 and variance 1 over the training rows.

/// How a column is shifted and scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Mean over the training rows.
    pub mean: f64,
    /// Standard deviation over the training rows, √((1/N) Σ (v − mean)²).
    pub deviation: f64,
}

impl Scale {
    /// The scale of values that are not all the same.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Self { mean, deviation: (squares / count).sqrt() }
    }

    /// (value − mean) / deviation.
    #[must_use]
    pub fn standardized(self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }
}

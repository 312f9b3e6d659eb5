//! tr G and ‖G‖_F of rows as they come.

use artifact::GramValue;
use rayon::prelude::*;

/// Sums that a processor makes side by side.
const LANES: usize = 8;

/// Trace and squares of rows of one Gramian that follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Norms {
    /// The next row.
    row: usize,
    trace: f64,
    squares: f64,
}

impl Norms {
    /// Those of no rows; the first to come is `row`.
    #[must_use]
    pub fn from_row(row: usize) -> Self {
        Self { row, trace: 0.0, squares: 0.0 }
    }

    /// Adds the next `rows`, of `width` entries each.
    ///
    /// In f64, one row after the other: the bits do not depend on how many come at once.
    pub fn add<T: GramValue>(&mut self, rows: &[T], width: usize) {
        let squares: Vec<f64> = rows.par_chunks_exact(width).map(sum_of_squares).collect();
        for (row, squares) in rows.chunks_exact(width).zip(squares) {
            self.trace += row[self.row].into();
            self.squares += squares;
            self.row += 1;
        }
    }

    /// Σ g(i, i) over the rows.
    #[must_use]
    pub fn trace(&self) -> f64 {
        self.trace
    }

    /// √ Σ g(i, j)² over the rows.
    #[must_use]
    pub fn frobenius(&self) -> f64 {
        self.squares.sqrt()
    }
}

fn sum_of_squares<T: GramValue>(row: &[T]) -> f64 {
    let square = |&value: &T| {
        let value: f64 = value.into();
        value * value
    };
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += square(value);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(square).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn norms_are_those_of_the_matrix_however_rows_come(
            width in 1_usize..40, at_once in 1_usize..50,
        ) {
            let values: Vec<f32> = (0..width * width).map(|i| (i as f32).sin()).collect();
            let mut norms = Norms::from_row(0);
            for rows in values.chunks(at_once * width) {
                norms.add(rows, width);
            }
            let mut at_a_time = Norms::from_row(0);
            at_a_time.add(&values, width);
            prop_assert_eq!(norms.frobenius().to_bits(), at_a_time.frobenius().to_bits());
            prop_assert_eq!(norms.trace().to_bits(), at_a_time.trace().to_bits());

            let trace: f64 = (0..width).map(|i| f64::from(values[i * width + i])).sum();
            let squares: f64 = values.iter().map(|&v| f64::from(v).powi(2)).sum();
            // Entries are at most 1, so that a sum of n of them errs by at most n² ε.
            let bound = |n: usize| f64::EPSILON * (n * n) as f64;
            prop_assert!((norms.trace() - trace).abs() <= bound(width));
            prop_assert!((norms.frobenius().powi(2) - squares).abs() <= bound(width * width));
        }
    }
}

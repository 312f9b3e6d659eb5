//! Targets and predictions, samples × outputs, as the columns of the kernels of a reduction, and back.

use artifact::tables::kernel::Reduction;
use faer::{Mat, MatRef};

/// The columns that the kernel `block` under `reduction` fits of `values`, samples × outputs: all values
/// sample-major under `full`, one output under `per-output`, each output by itself otherwise.
pub fn columns(reduction: Reduction, block: usize, values: MatRef<'_, f64>) -> Mat<f64> {
    let (samples, outputs) = (values.nrows(), values.ncols());
    match reduction {
        Reduction::Full => {
            Mat::from_fn(samples * outputs, 1, |i, _| values[(i / outputs, i % outputs)])
        }
        Reduction::PerOutput => Mat::from_fn(samples, 1, |j, _| values[(j, block)]),
        Reduction::Trace | Reduction::SummedLogit => values.to_owned(),
    }
}

/// Samples × `outputs` from the columns of every kernel: the reverse of [`columns`]. Under `trace` a column
/// that stands for all outputs alike stays one.
pub fn samples(reduction: Reduction, outputs: usize, blocks: &[Mat<f64>]) -> Mat<f64> {
    let Some(first) = blocks.first() else { return Mat::zeros(0, outputs) };
    match reduction {
        Reduction::Full => {
            Mat::from_fn(first.nrows() / outputs, outputs, |j, a| first[(j * outputs + a, 0)])
        }
        Reduction::PerOutput => Mat::from_fn(first.nrows(), outputs, |j, a| blocks[a][(j, 0)]),
        Reduction::Trace | Reduction::SummedLogit => first.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_every_reduction_go_back_to_samples() {
        let values = Mat::from_fn(3, 2, |j, a| (10 * j + a) as f64);
        for reduction in [Reduction::Full, Reduction::PerOutput, Reduction::Trace] {
            let (count, cell) = reduction.blocks(2);
            let blocks: Vec<Mat<f64>> =
                (0..count).map(|block| columns(reduction, block, values.as_ref())).collect();
            assert!(blocks.iter().all(|block| block.nrows() == 3 * cell));
            assert_eq!(samples(reduction, 2, &blocks), values);
        }
        let full = columns(Reduction::Full, 0, values.as_ref());
        assert_eq!((full[(1, 0)], full[(2, 0)]), (1.0, 10.0), "outputs within samples");
        let none = columns(Reduction::Full, 0, Mat::zeros(0, 2).as_ref());
        assert_eq!(samples(Reduction::Full, 2, &[none]).nrows(), 0);
    }
}

//! What a kernel says of each training sample, before or while a network is trained.

use artifact::Precision;
use artifact::tables::kernel::Reduction;
use faer::{Mat, MatRef};
use kernel::KernelError;
use kernel::decomposition::{eigenpairs, product};

use crate::samples::{Samples, margin};

/// What one kernel says of each sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difficulty {
    /// τ_i(k) = ‖y_i − Σ_{j ≤ k} υ_j(i) ⟨υ_j, Y⟩‖ for each k: the part of the sample's own target outside the span
    /// of the top k eigenvectors. Σ_i τ_i(k)² = (1 − E(Y, k)) ‖Y‖².
    pub tail_energy: Vec<Vec<f64>>,
    /// ℓ_i(k) = Σ_{j ≤ k} υ_j(i)² for each k, the mean over outputs where each has a kernel of its own; their sum
    /// over samples is k.
    pub leverage: Vec<Vec<f64>>,
    /// K_ii, the mean over outputs: ‖∇f(x_i)‖² of a Neural Tangent Kernel.
    pub diagonal: Vec<f64>,
    /// Margin of ŷ_i = y_i − (y_i − (Hy)_i) / (1 − h_i), H = K (K + λI)⁻¹: what kernel ridge regression on all other
    /// samples predicts. None under the reduction `full`.
    pub loo_margin: Option<Vec<f64>>,
}

/// What the kernel `blocks`, reduced by `reduction`, says of `samples`: with the `top` eigenvectors, and the ridge
/// λ = `ridge` · tr K / n.
///
/// # Errors
/// Where a decomposition fails, or a kernel has no scale.
pub fn difficulty(
    blocks: &[Mat<f64>],
    reduction: Reduction,
    samples: &Samples,
    top: &[u32],
    ridge: f64,
) -> Result<Difficulty, KernelError> {
    let (count, outputs) = (samples.len(), samples.outputs);
    let target = |i: usize, a: usize| f64::from(samples.targets[i * outputs + a]);
    let mut squares = vec![vec![0.0; count]; top.len()];
    let mut leverage = vec![vec![0.0; count]; top.len()];
    let mut diagonal = vec![0.0; count];
    let mut left_out = Mat::<f64>::zeros(count, outputs);
    // Rows of a sample, and columns that a block has targets for.
    let cell = if reduction == Reduction::Full { outputs } else { 1 };
    for (block, kernel) in blocks.iter().enumerate() {
        let columns = match reduction {
            Reduction::Full => {
                Mat::from_fn(count * cell, 1, |row, _| target(row / cell, row % cell))
            }
            Reduction::PerOutput => Mat::from_fn(count, 1, |i, _| target(i, block)),
            Reduction::Trace | Reduction::SummedLogit => Mat::from_fn(count, outputs, target),
        };
        let of_block = OfBlock::new(kernel.as_ref(), columns.as_ref(), top, ridge)?;
        for (at, sums) in squares.iter_mut().enumerate() {
            for (row, square) in of_block.tail_squares[at].iter().enumerate() {
                sums[row / cell] += square;
            }
            for (row, share) in of_block.leverage[at].iter().enumerate() {
                leverage[at][row / cell] += share / blocks.len() as f64;
            }
        }
        for row in 0..kernel.nrows() {
            diagonal[row / cell] += kernel[(row, row)] / (blocks.len() * cell) as f64;
        }
        if cell == 1 {
            for column in 0..columns.ncols() {
                let output = if reduction == Reduction::PerOutput { block } else { column };
                for i in 0..count {
                    left_out[(i, output)] = of_block.left_out[(i, column)];
                }
            }
        }
    }
    let margin_of = |(i, &label): (usize, &u32)| {
        let predicted: Vec<f64> = (0..outputs).map(|a| left_out[(i, a)]).collect();
        margin(&predicted, label as usize)
    };
    Ok(Difficulty {
        tail_energy: squares
            .into_iter()
            .map(|sums| sums.into_iter().map(f64::sqrt).collect())
            .collect(),
        leverage,
        diagonal,
        loo_margin: (cell == 1).then(|| samples.labels.iter().enumerate().map(margin_of).collect()),
    })
}

/// What one matrix says of its rows.
struct OfBlock {
    /// Squares of the part of each row's targets outside the top k, by k.
    tail_squares: Vec<Vec<f64>>,
    /// By k.
    leverage: Vec<Vec<f64>>,
    /// Leave-one-out predictions, rows × columns.
    left_out: Mat<f64>,
}

impl OfBlock {
    fn new(
        kernel: MatRef<'_, f64>,
        targets: MatRef<'_, f64>,
        top: &[u32],
        ridge: f64,
    ) -> Result<Self, KernelError> {
        let (rows, columns) = (kernel.nrows(), targets.ncols());
        let mean = (0..rows).map(|i| kernel[(i, i)]).sum::<f64>() / rows.max(1) as f64;
        if !(mean.is_finite() && mean > 0.0) {
            return Err(KernelError::NoScale { mean });
        }
        let lambda = ridge * mean;
        let pairs = eigenpairs(kernel, Precision::F64)?;
        // Rising order: the leading ones are the last columns.
        let vector = |j: usize, i: usize| pairs.vectors[(i, rows - 1 - j)];
        let coefficients = product(pairs.vectors.transpose(), targets);
        let coefficient = |j: usize, c: usize| coefficients[(rows - 1 - j, c)];
        let (mut tail_squares, mut leverage) = (Vec::new(), Vec::new());
        for &k in top {
            let k = (k as usize).min(rows);
            // The tail by the eigenvectors that make it up: the difference of y and its head would cancel.
            let tail = Mat::from_fn(rows, rows - k, |i, j| vector(k + j, i));
            let of_tail = Mat::from_fn(rows - k, columns, |j, c| coefficient(k + j, c));
            let rest = product(tail.as_ref(), of_tail.as_ref());
            let squares = |i: usize| (0..columns).map(|c| rest[(i, c)].powi(2)).sum();
            tail_squares.push((0..rows).map(squares).collect());
            let share = |i: usize| (0..k).map(|j| vector(j, i).powi(2)).sum();
            leverage.push((0..rows).map(share).collect());
        }
        // Within rounding eigenvalues may be below 0, where K is not.
        let gains: Vec<f64> =
            pairs.values.iter().map(|&s| s.max(0.0) / (s.max(0.0) + lambda)).collect();
        let shrunk = Mat::from_fn(rows, columns, |j, c| gains[j] * coefficients[(j, c)]);
        let fitted = product(pairs.vectors.as_ref(), shrunk.as_ref());
        let own =
            |i: usize| -> f64 { (0..rows).map(|j| gains[j] * pairs.vectors[(i, j)].powi(2)).sum() };
        let own: Vec<f64> = (0..rows).map(own).collect();
        let left_out = Mat::from_fn(rows, columns, |i, c| {
            targets[(i, c)] - (targets[(i, c)] - fitted[(i, c)]) / (1.0 - own[i])
        });
        Ok(Self { tail_squares, leverage, left_out })
    }
}

/// exp(−‖x − x'‖² / h²) between the inputs of `samples`, h² the median of ‖x − x'‖² over pairs of different
/// samples; all ones where that is 0.
#[must_use]
pub fn gaussian(samples: &Samples) -> Mat<f64> {
    let (count, d) = (samples.len(), samples.input_dim);
    let x = Mat::from_fn(count, d, |i, j| f64::from(samples.inputs[i * d + j]));
    let products = product(x.as_ref(), x.transpose());
    let distance = |i: usize, j: usize| {
        (products[(i, i)] + products[(j, j)] - 2.0 * products[(i, j)]).max(0.0)
    };
    let mut pairs: Vec<f64> =
        (0..count).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| distance(i, j)).collect();
    let middle = pairs.len() / 2;
    let median = if pairs.is_empty() {
        0.0
    } else {
        *pairs.select_nth_unstable_by(middle, f64::total_cmp).1
    };
    let scale = if median > 0.0 { median.recip() } else { 0.0 };
    Mat::from_fn(count, count, |i, j| {
        let (i, j) = (i.max(j), i.min(j));
        if i == j { 1.0 } else { (-scale * distance(i, j)).exp() }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Samples of `count` inputs of two numbers and two classes.
    fn samples(count: usize) -> Samples {
        let labels: Vec<u32> = (0..count as u32).map(|i| i * i % 3 % 2).collect();
        let targets = labels.iter().flat_map(|&l| [f32::from(l == 0), f32::from(l == 1)]).collect();
        let inputs = (0..2 * count).map(|i| (i as f32 * 0.7).sin()).collect();
        Samples { input_dim: 2, inputs, outputs: 2, targets, labels, ..Samples::default() }
    }

    fn y(samples: &Samples, i: usize, a: usize) -> f64 {
        f64::from(samples.targets[i * 2 + a])
    }

    #[test]
    fn tail_energies_add_up_to_what_the_top_leaves() {
        let samples = samples(12);
        let kernel = gaussian(&samples);
        let found =
            difficulty(std::slice::from_ref(&kernel), Reduction::Trace, &samples, &[0, 3, 12], 0.1);
        let found = found.unwrap();
        let sum = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
        assert!((sum(&found.tail_energy[0]) - 12.0).abs() <= 1e-10);
        assert!(sum(&found.tail_energy[2]) <= 1e-20);
        // 1 − E from the eigenvectors.
        let pairs = eigenpairs(kernel.as_ref(), Precision::F64).unwrap();
        let energy: f64 = (9..12)
            .flat_map(|j| (0..2).map(move |a| (j, a)))
            .map(|(j, a)| {
                (0..12).map(|i| pairs.vectors[(i, j)] * y(&samples, i, a)).sum::<f64>().powi(2)
            })
            .sum();
        assert!((sum(&found.tail_energy[1]) - (12.0 - energy)).abs() <= 1e-10);
        let leverages: f64 = found.leverage[1].iter().sum();
        assert!((leverages - 3.0).abs() <= 1e-12);
    }

    #[test]
    fn leave_one_out_is_a_fit_of_all_others() {
        let samples = samples(9);
        let kernel = gaussian(&samples);
        let found =
            difficulty(std::slice::from_ref(&kernel), Reduction::Trace, &samples, &[1], 0.05);
        let margins = found.unwrap().loo_margin.unwrap();
        for (left, &margin_found) in margins.iter().enumerate() {
            let rest: Vec<usize> = (0..9).filter(|&i| i != left).collect();
            let matrix = Mat::from_fn(8, 8, |i, j| {
                kernel[(rest[i], rest[j])] + if i == j { 0.05 } else { 0.0 }
            });
            let inverse = kernel::decomposition::inverse(matrix.as_ref(), 0.0, Precision::F64)
                .unwrap()
                .unwrap();
            let predicted: Vec<f64> = (0..2)
                .map(|a| {
                    let alpha = |i: usize| {
                        (0..8).map(|j| inverse[(i, j)] * y(&samples, rest[j], a)).sum::<f64>()
                    };
                    (0..8).map(|i| kernel[(left, rest[i])] * alpha(i)).sum()
                })
                .collect();
            let expected = margin(&predicted, samples.labels[left] as usize);
            assert!((margin_found - expected).abs() <= 1e-10, "{margin_found} {expected}");
        }
    }

    #[test]
    fn equal_kernels_of_outputs_are_one_kernel_in_every_reduction() {
        let samples = samples(8);
        let kernel = gaussian(&samples);
        let of = |blocks: &[Mat<f64>], reduction, top: u32| {
            difficulty(blocks, reduction, &samples, &[top], 0.1).unwrap()
        };
        let trace = of(std::slice::from_ref(&kernel), Reduction::Trace, 2);
        let per_output = of(&[kernel.clone(), kernel.clone()], Reduction::PerOutput, 2);
        let whole =
            Mat::from_fn(16, 16, |r, c| if r % 2 == c % 2 { kernel[(r / 2, c / 2)] } else { 0.0 });
        // Each eigenvalue twice: the top 4 rows are those of the top 2.
        let full = of(&[whole], Reduction::Full, 4);
        for i in 0..8 {
            let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9, "{a} {b}");
            close(per_output.tail_energy[0][i], trace.tail_energy[0][i]);
            close(full.tail_energy[0][i], trace.tail_energy[0][i]);
            close(per_output.leverage[0][i], trace.leverage[0][i]);
            close(full.leverage[0][i], 2.0 * trace.leverage[0][i]);
            close(full.diagonal[i], trace.diagonal[i]);
            close(
                per_output.loo_margin.as_ref().unwrap()[i],
                trace.loo_margin.as_ref().unwrap()[i],
            );
        }
        assert_eq!(full.loo_margin, None);
    }

    #[test]
    fn equal_inputs_have_a_kernel_of_ones_and_no_kernel_no_scale() {
        let mut same = samples(4);
        same.inputs.fill(0.5);
        let kernel = gaussian(&same);
        assert!((0..4).all(|i| (0..4).all(|j| (kernel[(i, j)] - 1.0).abs() <= 0.0)));
        let none = difficulty(&[Mat::zeros(4, 4)], Reduction::Trace, &same, &[1], 0.1);
        assert!(matches!(none, Err(KernelError::NoScale { .. })));
    }

    proptest! {
        #[test]
        fn a_longer_top_leaves_less(count in 3_usize..14, k in 1_u32..6) {
            let samples = samples(count);
            let kernel = gaussian(&samples);
            let found = difficulty(&[kernel], Reduction::Trace, &samples, &[k, k + 1], 0.1).unwrap();
            let sum = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
            prop_assert!(sum(&found.tail_energy[1]) <= sum(&found.tail_energy[0]) + 1e-10);
            prop_assert!(found.leverage[0].iter().all(|share| (-1e-12..=1.0 + 1e-12).contains(share)));
        }
    }
}

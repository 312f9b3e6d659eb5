//! Alignment of a kernel with the target.

use crate::signal::STORED;
use crate::sum;

/// KTA = Σ_a ȳ_aᵀ G ȳ_a / (‖G‖_F Σ_a ‖ȳ_a‖²), in [0, 1] for a Gramian.
///
/// `gram` is row-major, `frobenius` ‖G‖_F > 0; `target` holds one vector over its rows for each
/// output that shares the kernel (one, except under `trace`). `None` for a zero target.
///
/// Source: Cristianini et al. 2001.
pub fn kernel_target<T: Copy + Into<f64> + Sync>(
    gram: &[T],
    frobenius: f64,
    target: &[Vec<f64>],
) -> Option<f64> {
    let norm: f64 = target.iter().map(|part| sum::norm_squared(part)).sum();
    let form: f64 = target.iter().map(|part| sum::dot(part, &sum::product(gram, part))).sum();
    (norm > 0.0).then(|| form / (frobenius * norm))
}

/// Centred KTA: [`kernel_target`] of C G C and C ȳ.
///
/// C = I − 11ᵀ/N takes the mean over samples away; with `per_sample` rows a sample (the outputs,
/// under `full`) it does so for each output by itself, C ⊗ I. `rounding` bounds how far rounding moves
/// G. `None` where C ȳ or C G C is no more than rounding leaves of zero: a constant target, a kernel
/// that is constant to its digits, a single sample.
///
/// Source: Cortes, Mohri & Rostamizadeh 2012.
pub fn centred_kernel_target<T: Copy + Into<f64> + Sync>(
    gram: &[T],
    rounding: f64,
    per_sample: usize,
    target: &[Vec<f64>],
) -> Option<f64> {
    let rows = target.first()?.len();
    let centred: Vec<Vec<f64>> = target.iter().map(|part| centred(part, per_sample)).collect();
    let norm = sum::norm_of(&centred);
    // What rounding leaves of a constant is no target.
    if norm <= STORED * sum::norm_of(target) {
        return None;
    }
    // yᵀ(CGC)y = (Cy)ᵀG(Cy).
    let form: f64 = centred.iter().map(|part| sum::dot(part, &sum::product(gram, part))).sum();
    let frobenius = frobenius_squared_of_centred(gram, rows, per_sample).sqrt();
    // C ΔG C is no larger than ΔG; beside it, the means are summed in f64.
    (frobenius > rounding).then(|| form / (frobenius * norm * norm))
}

fn centred(vector: &[f64], per_sample: usize) -> Vec<f64> {
    let means = means(vector, per_sample);
    vector.iter().enumerate().map(|(i, entry)| entry - means[i % per_sample]).collect()
}

/// Mean over samples for each of the `per_sample` rows of a sample.
fn means<A: Copy + Into<f64>>(vector: &[A], per_sample: usize) -> Vec<f64> {
    let mut sums = vec![0.0; per_sample];
    for sample in vector.chunks_exact(per_sample) {
        for (sum, &entry) in sums.iter_mut().zip(sample) {
            *sum += entry.into();
        }
    }
    let samples = (vector.len() / per_sample) as f64;
    sums.iter().map(|sum| sum / samples).collect()
}

/// ‖CGC‖²_F, without forming C G C: (CGC)ᵢⱼ = gᵢⱼ − r(i)ⱼ − r(j)ᵢ + m, r the means of a
/// row, m the mean of all.
fn frobenius_squared_of_centred<T: Copy + Into<f64> + Sync>(
    gram: &[T],
    rows: usize,
    per_sample: usize,
) -> f64 {
    use rayon::prelude::*;
    let row_means: Vec<f64> =
        gram.par_chunks_exact(rows).flat_map_iter(|row| means(row, per_sample)).collect();
    // Mean over samples of row means: entry a·o + b for the pair of outputs (a, b).
    let all_means = means(&row_means, per_sample * per_sample);
    sum::over_rows(gram, rows, |i, row| {
        let a = i % per_sample;
        row.iter()
            .enumerate()
            .map(|(j, &entry)| {
                let b = j % per_sample;
                let entry =
                    entry.into() - row_means[i * per_sample + b] - row_means[j * per_sample + a]
                        + all_means[a * per_sample + b];
                entry * entry
            })
            .sum()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use artifact::Precision;

    use crate::eigen::tests::gramian;
    use crate::resolution;

    /// The definition, with C G C written out.
    fn twin(gram: &[f32], per_sample: usize, target: &[Vec<f64>], centre: bool) -> f64 {
        let rows = target[0].len();
        let samples = rows / per_sample;
        let c = |i: usize, j: usize| {
            let same = f64::from(u8::from(i == j));
            let mean = if i % per_sample == j % per_sample { 1.0 / samples as f64 } else { 0.0 };
            if centre { same - mean } else { same }
        };
        let (mut form, mut frobenius, mut norm) = (0.0, 0.0, 0.0);
        let mut cg = vec![0.0; rows * rows];
        for i in 0..rows {
            for j in 0..rows {
                cg[i * rows + j] = (0..rows).map(|k| c(i, k) * f64::from(gram[k * rows + j])).sum();
            }
        }
        for i in 0..rows {
            for j in 0..rows {
                let entry: f64 = (0..rows).map(|k| cg[i * rows + k] * c(k, j)).sum();
                frobenius += entry * entry;
                form += target.iter().map(|y| y[i] * entry * y[j]).sum::<f64>();
            }
        }
        for y in target {
            for i in 0..rows {
                norm += (0..rows).map(|j| c(i, j) * y[j]).sum::<f64>().powi(2);
            }
        }
        form / (f64::sqrt(frobenius) * norm)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn alignment_is_the_definition(
            samples in 2_usize..8,
            per_sample in 1_usize..4,
            parts in 1_usize..3,
            entries in prop::collection::vec(-1.0..1.0_f64, 24 * 3 + 24 * 2),
            offset in prop_oneof![Just(0.0), Just(30.0)],
        ) {
            let rows = samples * per_sample;
            let factor: Vec<f64> = entries[..rows * 3].iter().map(|entry| entry + offset).collect();
            let gram = gramian(rows, &factor);
            let target: Vec<Vec<f64>> = entries[72..].chunks(24).take(parts).map(|y| y[..rows].to_vec()).collect();
            let frobenius = sum::norm_squared(&gram).sqrt();
            let plain = kernel_target(&gram, frobenius, &target).unwrap();
            prop_assert!((plain - twin(&gram, per_sample, &target, false)).abs() <= 1e-12);
            let centred = centred_kernel_target(&gram, 0.0, per_sample, &target).unwrap();
            // Centring cancels offset² of the entries: what is left carries their rounding.
            let cancelled = f64::EPSILON * (1.0 + offset * offset).powi(2) * 1e3;
            let expected = twin(&gram, per_sample, &target, true);
            prop_assert!((centred - expected).abs() <= cancelled, "{} {}", centred, expected);
        }
    }

    #[test]
    fn a_kernel_made_of_the_target_is_fully_aligned() {
        let target = vec![1.0, -2.0, 3.0];
        let gram = gramian(3, &target);
        let frobenius = sum::norm_squared(&gram).sqrt();
        let alignment = kernel_target(&gram, frobenius, &[target]).unwrap();
        assert!((alignment - 1.0).abs() <= 1e-15);
    }

    #[test]
    fn nothing_to_align_with_has_no_alignment() {
        let gram = [2.0, 1.0, 1.0, 2.0];
        assert_eq!(kernel_target(&gram, 10.0_f64.sqrt(), &[vec![0.0; 2]]), None);
        assert_eq!(centred_kernel_target(&gram, 0.0, 1, &[vec![0.1; 2]]), None, "constant target");
        assert_eq!(
            centred_kernel_target(&[3.0; 4], 0.0, 1, &[vec![1.0, 2.0]]),
            None,
            "constant kernel"
        );
        assert_eq!(centred_kernel_target(&[3.0], 0.0, 1, &[vec![1.0]]), None, "one sample");
    }

    #[test]
    fn a_kernel_that_is_constant_to_its_digits_has_no_centred_alignment() {
        // g = 1 + 1e-10 x·x', of which f32 keeps 1 and its own rounding.
        let rows = 32;
        let noise = |i: usize, j: usize| {
            let (low, high) = (i.min(j), i.max(j));
            ((low * 31 + high * 17 + low * high) % 3) as f32 - 1.0
        };
        let gram: Vec<f32> =
            (0..rows * rows).map(|at| 1.0 + f32::EPSILON * noise(at / rows, at % rows)).collect();
        let target = [(0..rows).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<f64>>()];
        let largest = rows as f64;
        let frobenius = sum::norm_squared(&gram).sqrt();
        let of = |gram: &[f32], made: Precision| {
            let precisions = (made, Precision::F32, made);
            let rounding = resolution::noise_level(rows, precisions, largest, frobenius);
            centred_kernel_target(gram, rounding, 1, &target)
        };
        for made in [Precision::F32, Precision::F64] {
            assert_eq!(of(&gram, made), None, "{made:?}");
        }
        // A thousand times the rounding is a kernel again.
        let factor: Vec<f64> = (0..rows).map(|i| (i as f64 * 0.7).sin()).collect();
        let gram: Vec<f32> = (0..rows * rows)
            .map(|at| (1.0 + 1e-3 * factor[at / rows] * factor[at % rows]) as f32)
            .collect();
        let found = of(&gram, Precision::F32).unwrap();
        assert!(found > 0.9 && found <= 1.0 + 1e-3, "{found}");
    }
}

//! What a case should give, once for all its contenders, and how far each result is from it.

use std::borrow::Cow;

use faer::{Mat, MatRef};

use crate::case::{Case, Work};
use crate::error::BenchError;
use crate::judgement::Judgement;
use crate::kernels::RESIDUAL;
use crate::problem::{Problem, Trained};
use crate::reference::{Layered, Limit, Plain, Reference, columns, entries, norm, wide};

/// Unit roundoff of f32, half the distance from 1 to its neighbour.
const ROUNDOFF: f64 = f32::EPSILON as f64 / 2.0;
/// A sum of m terms in f32 errs by this · √m · u of the size of its terms, whatever the order of its
/// terms: rounding errors behave as independent ones, of which 4 standard deviations are never seen
/// (Higham & Mary 2019, *A new approach to probabilistic rounding error analysis*).
const DEVIATIONS: f64 = 4.0;
/// Largest |VᵀV − I| of eigenvectors in f32.
const ORTHONORMAL: f64 = 1e-4;
/// Eigenvectors that are multiplied by G at once.
const BLOCK: usize = 256;
/// Samples of which a limit's kernels are judged at most: its reference goes from pixel to pixel.
const JUDGED_PAIRS_OF: usize = 24;
/// Rows of a layered network's Gramian that are judged at most: its Jacobian in f64 is that high.
const JUDGED_ROWS: usize = 2_560;

/// What is right for a case.
pub enum Expected<'a> {
    /// These numbers, up to a distance relative to their norm.
    Numbers {
        /// The distance, as a formula.
        measure: &'static str,
        /// The reference.
        values: Vec<f64>,
        /// The largest distance of a right result.
        tolerance: f64,
        /// The part of the result that is judged; none where it is all.
        part: Option<Part>,
    },
    /// All of these, of parts of one result.
    Each(Vec<Self>),
    /// Eigenpairs of this matrix; clusters have no eigenvectors of their own, so that vectors are held
    /// to what defines them.
    Eigenpairs {
        /// G, row-major, symmetric.
        gram: &'a [f32],
        /// All eigenvalues of the reference.
        values: &'a [f64],
    },
}

/// Some entries of a result.
pub struct Part {
    /// Entries of the whole.
    whole: usize,
    chosen: Vec<usize>,
}

impl Part {
    /// The entries of a Gramian at the rows and columns of `samples` of the samples of `case`, from the first on
    /// and as far apart as they can be.
    fn of_samples(case: &Case, samples: usize) -> Self {
        let outputs = case.outputs;
        let place = |i: usize| i * case.samples / samples;
        let rows = |i: usize| (0..outputs).map(move |a| place(i) * outputs + a);
        let (rows, width): (Vec<usize>, _) =
            ((0..samples).flat_map(rows).collect(), case.samples * outputs);
        let row = |&i: &usize| rows.iter().map(move |&j| i * width + j);
        Self { whole: width * width, chosen: rows.iter().flat_map(row).collect() }
    }

    fn entries(&self, whole: &[f32]) -> Vec<f32> {
        self.chosen.iter().map(|&entry| whole[entry]).collect()
    }
}

/// What a formula makes of the terms of the longest sum, and of how far terms cancel.
fn tolerance(terms: usize, condition: f64) -> f64 {
    DEVIATIONS * (terms as f64).sqrt() * ROUNDOFF * condition
}

const GRADIENT: &str = "‖∇ − ∇₆₄‖ / ‖∇₆₄‖";
const GRAMIAN: &str = "‖G − G₆₄‖ / ‖G₆₄‖";

impl<'a> Expected<'a> {
    /// What every contender of `case` should find; none where the case is no computation on its own.
    #[must_use]
    pub fn of(case: &Case, problem: &Problem, trained: Option<&'a Trained>) -> Option<Self> {
        match &problem.reference {
            Reference::Plain(network) => Self::of_plain(case, problem, network, trained),
            Reference::Layered(network) => Self::of_layered(case, problem, network),
            Reference::Limit(network) => Self::of_limit(case, problem, network),
        }
    }

    fn of_plain(
        case: &Case,
        problem: &Problem,
        network: &Plain,
        trained: Option<&'a Trained>,
    ) -> Option<Self> {
        let inputs = network.inputs();
        let (x, y) = (columns(&problem.x, inputs), columns(&problem.y, case.outputs));
        let numbers = |measure, values, terms: usize, condition: f64| {
            let tolerance = tolerance(terms, condition);
            Some(Self::Numbers { measure, values, tolerance, part: None })
        };
        // One way forward; signals and factors go back as well.
        let (forward, both) = (network.terms(), 2 * network.terms());
        match case.work {
            Work::Forward => {
                let outputs: Vec<f64> = entries(network.forward(&x).outputs()).collect();
                let condition = network.output_condition(&x);
                numbers("‖f − f₆₄‖ / ‖f₆₄‖", outputs, forward, condition)
            }
            Work::Backward | Work::Step => {
                let pass = network.forward(&x);
                let last = match case.work {
                    Work::Step => Plain::least_squares(pass.outputs(), &y).1,
                    _ => y,
                };
                let (gradient, condition) = network.gradient(&pass, last);
                numbers(GRADIENT, gradient, both + case.samples, condition)
            }
            Work::Gramian | Work::Tables => {
                let (gramian, condition) = network.gramian(&x, &x);
                numbers(GRAMIAN, gramian, both, condition)
            }
            Work::CrossGramian => {
                let others = columns(&problem.others(), inputs);
                let (gramian, condition) = network.gramian(&others, &x);
                numbers(GRAMIAN, gramian, both, condition)
            }
            Work::AllPairs | Work::TopCold | Work::TopWarm => trained.map(|trained| {
                Self::Eigenpairs { gram: &trained.gram, values: &trained.eigenvalues }
            }),
            Work::Infinite | Work::Ridge | Work::Pipeline { .. } | Work::Memory => None,
        }
    }

    /// The same of a network of layers. A large Gramian is judged at some of its samples.
    fn of_layered(case: &Case, problem: &Problem, network: &Layered) -> Option<Self> {
        let x = wide(&problem.x);
        let both = 2 * network.terms(case.samples);
        match case.work {
            Work::Step => {
                let gradient = network.gradient(&x, &wide(&problem.y));
                let terms = both + case.samples * network.positions();
                Some(Self::Numbers {
                    measure: GRADIENT,
                    values: gradient.values,
                    tolerance: tolerance(terms, gradient.condition) + gradient.kinks,
                    part: None,
                })
            }
            Work::Gramian => {
                let judged = case.samples.min((JUDGED_ROWS / case.outputs).max(1));
                let inputs = case.model.input().len();
                let place = |i: usize| i * case.samples / judged * inputs;
                let x: Vec<f64> =
                    (0..judged).flat_map(|i| x[place(i)..place(i) + inputs].to_vec()).collect();
                let (values, condition) = network.gramian(&x, case.outputs);
                let terms = both + network.positions() + network.parameter_count();
                let part = (judged < case.samples).then(|| Part::of_samples(case, judged));
                let tolerance = tolerance(terms, condition);
                Some(Self::Numbers { measure: GRAMIAN, values, tolerance, part })
            }
            _ => None,
        }
    }

    /// The same of a limit: K and Θ one after the other, judged at some samples, or the predictions by Θ.
    fn of_limit(case: &Case, problem: &Problem, network: &Limit) -> Option<Self> {
        match case.work {
            Work::Infinite => Some(Self::Each(of_kernels(case, problem, network))),
            Work::Ridge => problem.regression.as_ref().map(|regression| {
                let predictions = &regression.predictions;
                // Found in f64, in which a solve errs by the condition, and stored in f32.
                let solved = tolerance(case.samples, predictions.condition) * ROUNDOFF;
                Self::Numbers {
                    measure: "‖f − f₆₄‖ / ‖f₆₄‖",
                    values: predictions.values.clone(),
                    tolerance: tolerance(1, 1.0) + solved,
                    part: None,
                }
            }),
            _ => None,
        }
    }

    /// How far `result` is from what it should be.
    ///
    /// Eigenpairs are λ₁ … λ_k, then υ₁ … υ_k: each pair must solve Gυ = λυ to [`RESIDUAL`] λ₁, the
    /// vectors be orthonormal, and each λ be as far from the reference's at most.
    ///
    /// # Errors
    /// [`BenchError::Size`] where `result` has another number of entries.
    pub fn judge(&self, result: &[f32]) -> Result<Judgement, BenchError> {
        let (wanted, judgement) = match self {
            Self::Each(parts) => {
                let judged = parts.iter().map(|part| part.judge(result));
                let judged = judged.collect::<Result<Vec<_>, _>>()?;
                (result.len(), Judgement::worst(judged))
            }
            Self::Numbers { measure, values, tolerance, part } => {
                let wanted = part.as_ref().map_or(values.len(), |part| part.whole);
                let judged = match part {
                    Some(part) if result.len() == wanted => Cow::Owned(part.entries(result)),
                    _ => Cow::Borrowed(result),
                };
                let error = distance(&judged, values);
                (wanted, Some(Judgement { measure, error, tolerance: *tolerance }))
            }
            Self::Eigenpairs { gram, values } => {
                let k = result.len() / (values.len() + 1);
                let whole = k > 0 && result.len() == k * (values.len() + 1) && k <= values.len();
                let wanted = if whole { result.len() } else { values.len() + 1 };
                (wanted, if whole { eigenpairs(gram, values, k, result) } else { None })
            }
        };
        let size = BenchError::Size { found: result.len(), wanted };
        judgement.filter(|_| result.len() == wanted).ok_or(size)
    }
}

/// K and Θ of `case`, each between different samples and of samples with themselves.
///
/// Two units that are the same have the correlation 1, where the angle between them is the root of its rounding:
/// a right result may have any angle up to that, and differ by what the reference makes of it.
fn of_kernels(case: &Case, problem: &Problem, network: &Limit) -> Vec<Expected<'static>> {
    let judged = case.samples.min(JUDGED_PAIRS_OF);
    let inputs = case.model.input().len();
    let sample = |i: usize| {
        let first = i * case.samples / judged * inputs;
        wide(&problem.x[first..first + inputs])
    };
    let samples: Vec<Vec<f64>> = (0..judged).map(sample).collect();
    let kernels = network.kernels(&samples.concat(), 0.0);
    let slack = tolerance(network.terms(), 1.0);
    let blurred: Vec<[Vec<f64>; 2]> = samples.iter().map(|x| network.kernels(x, slack)).collect();
    let square = Part::of_samples(case, judged);
    let mut all = Vec::new();
    for (place, kernel) in kernels.into_iter().enumerate() {
        let is_own = |entry: &usize| entry.is_multiple_of(judged + 1);
        let of = |entries: Vec<usize>| {
            let values: Vec<f64> = entries.iter().map(|&entry| kernel[entry]).collect();
            let chosen = entries.iter().map(|&entry| place * square.whole + square.chosen[entry]);
            (values, Part { whole: 2 * square.whole, chosen: chosen.collect() })
        };
        let (own, own_part) = of((0..kernel.len()).filter(is_own).collect());
        let (others, part) = of((0..kernel.len()).filter(|entry| !is_own(entry)).collect());
        // The terms of an entry have the size of its samples' own ones.
        let condition = norm(&own) * ((judged - 1) as f64).sqrt() / norm(&others);
        let angles: Vec<f64> =
            own.iter().zip(&blurred).map(|(own, all)| own - all[place][0]).collect();
        let rounding = tolerance(network.terms(), condition.max(1.0));
        let measure = ["‖K − K₆₄‖ / ‖K₆₄‖", "‖Θ − Θ₆₄‖ / ‖Θ₆₄‖"][place];
        for (values, tolerance, part) in [
            (others, rounding, part),
            (own.clone(), rounding + norm(&angles) / norm(&own), own_part),
        ] {
            all.push(Expected::Numbers { measure, values, tolerance, part: Some(part) });
        }
    }
    all
}

/// ‖a − b‖ / ‖b‖.
fn distance(a: &[f32], b: &[f64]) -> f64 {
    let apart: f64 = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - b).powi(2)).sum();
    apart.sqrt() / norm(b)
}

/// The largest of `values`; NaN where one is, which `f64::max` would hide.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    let stays = |largest: f64, value: f64| largest.is_nan() || value <= largest;
    values.fold(0.0, |largest, value| if stays(largest, value) { largest } else { value })
}

/// The worst of residuals, orthonormality and eigenvalues of `k` pairs.
fn eigenpairs(gram: &[f32], exact: &[f64], k: usize, pairs: &[f32]) -> Option<Judgement> {
    let rows = exact.len();
    let gram = MatRef::from_column_major_slice(gram, rows, rows);
    let gram = Mat::from_fn(rows, rows, |i, j| f64::from(gram[(i, j)]));
    let (values, vectors) = pairs.split_at(k);
    let block = |from: usize| columns(&vectors[from * rows..(from + BLOCK).min(k) * rows], rows);
    let (mut residual, mut skew) = (0.0, 0.0);
    for from in (0..k).step_by(BLOCK) {
        let some = block(from);
        let images = &gram * &some;
        let residuals = (0..some.ncols()).map(|j| {
            let value = f64::from(values[from + j]);
            let error = |i| images[(i, j)] - value * some[(i, j)];
            (0..rows).map(|i| error(i).powi(2)).sum::<f64>().sqrt() / exact[0]
        });
        residual = largest([residual, largest(residuals)].into_iter());
        for before in (0..=from).step_by(BLOCK) {
            let products = block(before).transpose() * &some;
            let unit = |i: usize, j: usize| f64::from(u8::from(before + i == from + j));
            let errors = (0..some.ncols()).flat_map(|j| {
                let products = &products;
                (0..products.nrows()).map(move |i| (products[(i, j)] - unit(i, j)).abs())
            });
            skew = largest([skew, largest(errors)].into_iter());
        }
    }
    let shifts = values.iter().zip(exact).map(|(&a, b)| (f64::from(a) - b).abs() / exact[0]);
    Judgement::worst([
        Judgement {
            measure: "max ‖Gυ − λυ‖ / λ₁", error: residual, tolerance: RESIDUAL
        },
        Judgement { measure: "max |VᵀV − I|", error: skew, tolerance: ORTHONORMAL },
        Judgement {
            measure: "max |λ − λ₆₄| / λ₁", error: largest(shifts), tolerance: RESIDUAL
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::cases;

    fn holds(expected: &Expected, result: &[f32]) -> bool {
        expected.judge(result).is_ok_and(|judgement| judgement.holds())
    }

    #[test]
    fn numbers_are_held_to_their_norm() {
        let (measure, values, tolerance) = ("", vec![1.0, 2.0], 1e-5);
        let expected = Expected::Numbers { measure, values, tolerance, part: None };
        assert!(holds(&expected, &[1.0, 2.0]) && holds(&expected, &[1.0, 2.000_02]));
        for wrong in [&[1.0, 2.001][..], &[1.0, f32::NAN], &[1.0], &[], &[1.0, 2.0, 0.0]] {
            assert!(!holds(&expected, wrong), "{wrong:?}");
        }
        assert!(expected.judge(&[1.0, f32::NAN]).is_ok_and(|judgement| judgement.error.is_nan()));
    }

    #[test]
    fn either_kernel_of_a_limit_must_be_right() {
        let case = cases(true).into_iter().find(|case| case.name == "infinite-pooled-small");
        let case = case.expect("a case");
        let problem = Problem::of(&case).expect("a problem");
        let expected = Expected::of(&case, &problem, None).expect("kernels");
        let ours = crate::kernels::contenders(&case, &problem, None, std::path::Path::new(""));
        let right = ours.expect("ours").swap_remove(0).result().expect("kernels");
        assert!(holds(&expected, &right));
        let n = case.samples;
        // Θ comes after K; entry 1 is of two samples, entry n + 1 of one with itself.
        for entry in [1, n + 1, n * n + 1, n * n + n + 1] {
            let mut wrong = right.clone();
            wrong[entry] *= 1.1;
            assert!(!holds(&expected, &wrong), "{entry}");
        }
        assert!(!holds(&expected, &right[..n * n]));
    }

    #[test]
    fn predictions_of_every_fit_are_judged() {
        let case = cases(true).into_iter().find(|case| case.name == "ridge").expect("a case");
        let problem = Problem::of(&case).expect("a problem");
        let expected = Expected::of(&case, &problem, None).expect("predictions");
        let ours = crate::kernels::contenders(&case, &problem, None, std::path::Path::new(""));
        let right = ours.expect("ours").swap_remove(0).result().expect("predictions");
        assert!(right.len() == 120 * case.tests() * case.outputs && holds(&expected, &right));
        let mut wrong = right;
        wrong[7] += 1e-2;
        assert!(!holds(&expected, &wrong));
    }

    #[test]
    fn a_part_is_judged_at_its_rows_and_columns() {
        let mut case = cases(true).swap_remove(0);
        (case.samples, case.outputs) = (5, 2);
        // Samples 0 and 2: rows 0, 1, 4, 5.
        let part = Part::of_samples(&case, 2);
        let whole: Vec<f32> = (0..100).map(|e| e as f32).collect();
        let rows = [0_u8, 10, 40, 50];
        let values = rows.iter().flat_map(|i| [0, 1, 4, 5].map(|j| f64::from(i + j))).collect();
        let (measure, tolerance) = ("", 1e-5);
        let expected = Expected::Numbers { measure, values, tolerance, part: Some(part) };
        let with = |entry: usize, value: f32| {
            let mut whole = whole.clone();
            whole[entry] = value;
            whole
        };
        assert!(holds(&expected, &whole) && holds(&expected, &with(99, 0.0)));
        assert!(!holds(&expected, &with(54, 0.0)) && !holds(&expected, &with(54, f32::NAN)));
        assert!(!holds(&expected, &whole[..16]));
    }

    #[test]
    fn eigenpairs_that_are_none_or_not_the_leading_ones_differ() {
        let expected = Expected::Eigenpairs { gram: &[2.0, 0.0, 0.0, 1.0], values: &[2.0, 1.0] };
        assert!(holds(&expected, &[2.0, 1.0, -1.0, 0.0, 0.0, -1.0]));
        assert!(holds(&expected, &[2.0, 1.0, 0.0]));
        // A wrong eigenvalue, a wrong vector, one vector twice, NaN, another pair than the first.
        assert!(!holds(&expected, &[2.0, 1.1, 1.0, 0.0, 0.0, 1.0]));
        assert!(!holds(&expected, &[2.0, 1.0, 1.0, 0.1, 0.0, 1.0]));
        assert!(!holds(&expected, &[2.0, 2.0, 1.0, 0.0, 1.0, 0.0]));
        assert!(!holds(&expected, &[2.0, 1.0, f32::NAN, 0.0, 0.0, 1.0]));
        assert!(!holds(&expected, &[1.0, 0.0, 1.0]));
        assert!(expected.judge(&[2.0, 1.0]).is_err() && expected.judge(&[]).is_err());
    }

    #[test]
    fn many_eigenpairs_are_judged_block_by_block() {
        let n = 2 * BLOCK + 3;
        let gram: Vec<f32> = (0..n * n).map(|e| if e % (n + 1) == 0 { 1.0 } else { 0.0 }).collect();
        let exact = vec![1.0; n];
        let expected = Expected::Eigenpairs { gram: &gram, values: &exact };
        let mut pairs = [vec![1.0; n], gram.clone()].concat();
        assert!(holds(&expected, &pairs));
        // The last vector is the first one again.
        let (first, last) = (n, n + (n - 1) * n);
        pairs.copy_within(first..first + n, last);
        assert!(!holds(&expected, &pairs));
    }

    /// Tolerances follow from the sizes; none is far from what f32 gives.
    #[test]
    fn tolerances_are_a_small_multiple_of_the_rounding_of_f32() {
        for name in [
            "forward",
            "backward",
            "step-small",
            "gramian",
            "cross-gramian",
            "step-cnn",
            "gramian-cnn",
        ] {
            let case = cases(true).into_iter().find(|case| case.name == name);
            let case = case.unwrap_or_else(|| panic!("no case {name}"));
            let problem = Problem::of(&case).expect("a problem");
            let expected = Expected::of(&case, &problem, None);
            let Some(Expected::Numbers { tolerance, .. }) = expected else {
                panic!("{name} has no numbers")
            };
            assert!((1e-6..2e-4).contains(&tolerance), "{name}: {tolerance:.1e}");
        }
    }
}

//! Multinomial logistic regression.

use crate::points::Points;

/// Newton steps after which a fit is given up.
const MOST_STEPS: u32 = 200;
/// Products with the Hessian for one Newton step, at most.
const MOST_PRODUCTS: usize = 2000;
/// Share of the decrease that the slope foretells which a step must reach (Armijo 1966).
const DECREASE: f64 = 1e-4;

/// A fitted classifier of d coordinates into K classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// W, d × K.
    pub weights: Vec<f64>,
    /// b, K numbers.
    pub intercepts: Vec<f64>,
    /// ‖∇‖∞ at the end.
    pub gradient: f64,
}

/// Why there is no fit.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LogisticError {
    /// There is nothing to fit.
    #[error("a regression needs points, classes and a finite C above 0")]
    Nothing,
    /// The gradient stayed above the tolerance.
    #[error(
        "the logistic regression ended at a gradient of {gradient:.1e} above its tolerance {tolerance:.1e}; scale the inputs, or take a smaller C"
    )]
    NotConverged {
        /// ‖∇‖∞ where it ended.
        gradient: f64,
        /// What it should have reached.
        tolerance: f64,
    },
}

/// Minimizes ½‖W‖²/C − Σ ln softmax(xᵀW + b)_y over W and b to ‖∇‖∞ ≤ `tolerance`; b has no penalty.
///
/// `labels` are the classes of the points, below `classes`. W is unique; b is up to a number common to all
/// classes, whose sum stays 0. Newton's method with conjugate gradients, each step shortened until the objective
/// falls.
///
/// Source: Nocedal & Wright 2006, algorithm 7.1.
///
/// # Errors
/// Where there are no points or classes, or the gradient does not get so small.
///
/// # Panics
/// Where a label is none of the classes.
pub fn fit(
    points: &impl Points,
    labels: &[u32],
    classes: usize,
    c: f64,
    tolerance: f64,
) -> Result<Logistic, LogisticError> {
    if points.is_empty() || classes == 0 || !(c.is_finite() && c > 0.0) {
        return Err(LogisticError::Nothing);
    }
    assert!(labels.iter().all(|&label| (label as usize) < classes), "labels are classes");
    let problem = Problem { points, labels, classes, penalty: c.recip() };
    let size = (points.dimension() + 1) * classes;
    let mut at = problem.at(vec![0.0; size]);
    for _ in 0..MOST_STEPS {
        let largest = largest(&at.gradient);
        if largest <= tolerance {
            break;
        }
        let direction = problem.newton_direction(&at);
        let slope = inner(&direction, &at.gradient);
        let mut length = 1.0;
        let next = loop {
            let moved = at.parameters.iter().zip(&direction).map(|(p, v)| p + length * v);
            let next = problem.at(moved.collect());
            // Near the minimum the objective falls by less than its own rounding; there the gradient decides.
            let rounding = 64.0 * f64::EPSILON * at.value.abs();
            let falls = next.value <= at.value + DECREASE * length * slope;
            let is_near =
                next.value <= at.value + rounding && norm(&next.gradient) < norm(&at.gradient);
            if falls || is_near {
                break Some(next);
            }
            length /= 2.0;
            if length < 1e-10 {
                break None;
            }
        };
        let Some(next) = next else { break };
        at = next;
    }
    let gradient = largest(&at.gradient);
    if gradient.is_nan() || gradient > tolerance {
        return Err(LogisticError::NotConverged { gradient, tolerance });
    }
    let mut weights = at.parameters;
    let intercepts = weights.split_off(points.dimension() * classes);
    Ok(Logistic { weights, intercepts, gradient })
}

impl Logistic {
    /// The likeliest class of each point, of equally likely ones the smallest.
    ///
    /// # Panics
    /// Where the points have another dimension.
    #[must_use]
    pub fn predict(&self, points: &impl Points) -> Vec<u32> {
        let classes = self.intercepts.len();
        assert_eq!(self.weights.len(), points.dimension() * classes, "W has a row a coordinate");
        let likeliest = |scores: &[f64]| {
            let score = |class: usize| scores[class] + self.intercepts[class];
            (1..classes)
                .fold(0, |best, class| if score(class) > score(best) { class } else { best })
        };
        let scores = points.times(&self.weights, classes);
        scores.chunks_exact(classes).map(|scores| likeliest(scores) as u32).collect()
    }
}

/// What is minimized.
struct Problem<'a, P> {
    points: &'a P,
    labels: &'a [u32],
    classes: usize,
    /// 1/C.
    penalty: f64,
}

/// The objective at some parameters: W and, behind it, b.
struct At {
    parameters: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    /// softmax(xᵀW + b), n × K.
    probabilities: Vec<f64>,
}

impl<P: Points> Problem<'_, P> {
    /// XW + b, n × K.
    fn scores(&self, parameters: &[f64]) -> Vec<f64> {
        let (weights, intercepts) = parameters.split_at(self.points.dimension() * self.classes);
        let mut scores = self.points.times(weights, self.classes);
        for scores in scores.chunks_exact_mut(self.classes) {
            for (score, intercept) in scores.iter_mut().zip(intercepts) {
                *score += intercept;
            }
        }
        scores
    }

    /// XᵀR + V/C and, behind it, the sums of the columns of R, n × K: what a gradient and a product with the Hessian
    /// have in common; V is the weights in `parameters`.
    fn gathered(&self, residuals: &[f64], parameters: &[f64]) -> Vec<f64> {
        let mut gathered = self.points.transposed_times(residuals, self.classes);
        for (sum, parameter) in gathered.iter_mut().zip(parameters) {
            *sum += self.penalty * parameter;
        }
        let mut sums = vec![0.0; self.classes];
        for residuals in residuals.chunks_exact(self.classes) {
            for (sum, residual) in sums.iter_mut().zip(residuals) {
                *sum += residual;
            }
        }
        gathered.extend(sums);
        gathered
    }

    fn at(&self, parameters: Vec<f64>) -> At {
        let mut probabilities = self.scores(&parameters);
        let mut value = 0.0;
        for (scores, &label) in probabilities.chunks_exact_mut(self.classes).zip(self.labels) {
            let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let own = scores[label as usize] - largest;
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                *score = (*score - largest).exp();
                sum += *score;
            }
            for score in scores.iter_mut() {
                *score /= sum;
            }
            value += sum.ln() - own;
        }
        let weights = &parameters[..self.points.dimension() * self.classes];
        value += 0.5 * self.penalty * inner(weights, weights);
        let mut residuals = probabilities.clone();
        for (residuals, &label) in residuals.chunks_exact_mut(self.classes).zip(self.labels) {
            residuals[label as usize] -= 1.0;
        }
        let gradient = self.gathered(&residuals, &parameters);
        At { parameters, value, gradient, probabilities }
    }

    /// H v: R of a sample is p ∘ (a − ⟨p, a⟩), a = vᵀ(x, 1).
    fn hessian_product(&self, at: &At, direction: &[f64]) -> Vec<f64> {
        let mut changes = self.scores(direction);
        let probabilities = at.probabilities.chunks_exact(self.classes);
        for (changes, probabilities) in changes.chunks_exact_mut(self.classes).zip(probabilities) {
            let mean = inner(changes, probabilities);
            for (change, probability) in changes.iter_mut().zip(probabilities) {
                *change = probability * (*change - mean);
            }
        }
        self.gathered(&changes, direction)
    }

    /// −H⁻¹∇ by conjugate gradients, to a residual of min(½, √‖∇‖) ‖∇‖: as exact as pays.
    fn newton_direction(&self, at: &At) -> Vec<f64> {
        let goal = norm(&at.gradient).sqrt().min(0.5) * norm(&at.gradient);
        let mut solution = vec![0.0; at.gradient.len()];
        let mut residual: Vec<f64> = at.gradient.iter().map(|g| -g).collect();
        let mut direction = residual.clone();
        let mut squared = inner(&residual, &residual);
        for _ in 0..MOST_PRODUCTS {
            let product = self.hessian_product(at, &direction);
            let curvature = inner(&direction, &product);
            // Directions that change nothing: all intercepts alike.
            if curvature <= 0.0 {
                break;
            }
            let length = squared / curvature;
            for ((solution, residual), (v, hv)) in
                solution.iter_mut().zip(&mut residual).zip(direction.iter().zip(&product))
            {
                *solution += length * v;
                *residual -= length * hv;
            }
            let next = inner(&residual, &residual);
            if next.sqrt() <= goal {
                break;
            }
            for (v, r) in direction.iter_mut().zip(&residual) {
                *v = r + next / squared * *v;
            }
            squared = next;
        }
        solution
    }
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    inner(a, a).sqrt()
}

/// ‖a‖∞; NaN where an entry is.
fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |most, entry| if entry.abs() <= most { most } else { entry.abs() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::points::tests::bits;
    use crate::{Bits, Dense};

    /// The objective by its formula.
    fn objective(
        x: &[Vec<f64>],
        labels: &[u32],
        classes: usize,
        c: f64,
        w: &[f64],
        b: &[f64],
    ) -> f64 {
        let loss = |(x, &label): (&Vec<f64>, &u32)| {
            let score = |k: usize| {
                x.iter().enumerate().map(|(j, x)| x * w[j * classes + k]).sum::<f64>() + b[k]
            };
            let sum: f64 = (0..classes).map(|k| score(k).exp()).sum();
            sum.ln() - score(label as usize)
        };
        let squares: f64 = w.iter().map(|w| w * w).sum();
        0.5 * squares / c + x.iter().zip(labels).map(loss).sum::<f64>()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn no_parameter_can_be_moved_to_a_lower_objective(
            n in 1_usize..60, width in 1_usize..40, classes in 1_usize..5, c in 0.05_f64..20.0, salt in 0_u64..99,
        ) {
            let points = bits(n, width, 2 * salt);
            let labels: Vec<u32> = (0..n).map(|i| (i * i + i / 3) as u32 % classes as u32).collect();
            let found = fit(&points, &labels, classes, c, 1e-8).unwrap();
            prop_assert!(found.gradient <= 1e-8);
            let x: Vec<Vec<f64>> = (0..n).map(|i| points.point(i)).collect();
            let at = |w: &[f64], b: &[f64]| objective(&x, &labels, classes, c, w, b);
            let least = at(&found.weights, &found.intercepts);
            // A slope of 1e-8 over 1e-3 is far below what the curvature 1/C adds.
            for parameter in 0..found.weights.len() {
                for by in [-1e-3, 1e-3] {
                    let mut moved = found.weights.clone();
                    moved[parameter] += by;
                    prop_assert!(at(&moved, &found.intercepts) >= least + 0.4 * by * by / c - 1e-10);
                }
            }
            let sum: f64 = found.intercepts.iter().sum();
            prop_assert!(sum.abs() <= 1e-6 * (1.0 + norm(&found.intercepts)));
        }
    }

    #[test]
    fn groups_that_a_line_parts_are_told_apart() {
        let x: Vec<f32> = vec![-2.0, -1.0, -1.5, 1.0, 2.0, 7.0];
        let labels = [0, 0, 0, 1, 1, 1];
        let points = Dense::new(&x, 1);
        let found = fit(&points, &labels, 2, 1.0, 1e-8).unwrap();
        assert_eq!(found.predict(&points), labels);
        // A class that no point has is never the likeliest.
        let found = fit(&points, &labels, 3, 1.0, 1e-8).unwrap();
        assert_eq!(found.predict(&points), labels);
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        assert_eq!(fit(&Bits::zeros(0, 3), &[], 2, 1.0, 1e-8), Err(LogisticError::Nothing));
        assert_eq!(fit(&Bits::zeros(1, 3), &[0], 1, 0.0, 1e-8), Err(LogisticError::Nothing));
        let x = [f32::MAX, f32::MIN];
        let found = fit(&Dense::new(&x, 1), &[0, 1], 2, 1.0, 1e-8);
        assert!(matches!(found, Err(LogisticError::NotConverged { .. })), "{found:?}");
    }
}

//! Named formulas in any dimension.

use std::f64::consts::PI;

use network::{Architecture, Network, Program, Shape};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::Seed;

/// A formula on [0, 1]^d.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionSource {
    /// d, number of inputs.
    #[serde(default = "two")]
    #[schemars(range(min = 1))]
    pub input_dim: u32,
    /// The formula.
    pub formula: Formula,
}

/// A formula of u ∈ [0, 1]^d; all but the teacher have one output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Formula {
    /// Σ amplitude · sin(2π ⟨frequency, u⟩ + phase) over the listed terms.
    Sinusoids {
        /// The terms.
        #[schemars(length(min = 1))]
        terms: Vec<Sinusoid>,
    },
    /// The same with terms drawn from the seed: frequencies uniform among the whole numbers of
    /// [−max, max]^d without 0, phases uniform, amplitudes normal with variance 1/count.
    RandomSinusoids {
        /// Number of terms.
        #[serde(default = "eight")]
        #[schemars(range(min = 1))]
        count: u32,
        /// Largest frequency along an axis, in periods.
        #[serde(default = "four")]
        #[schemars(range(min = 1))]
        max_frequency: u32,
    },
    /// 1 or −1 in turn on cells^d equal cells, 1 at the origin.
    Checkerboard {
        /// Cells along each axis.
        #[serde(default = "four")]
        #[schemars(range(min = 1))]
        cells: u32,
    },
    /// cos(2π · frequency · ‖u − ½‖), rings around the centre of the cube.
    Radial {
        /// Rings a unit of distance.
        #[serde(default = "two_rings")]
        frequency: f64,
    },
    /// Σ coefficient · Π uᵢ^powerᵢ over the listed terms.
    Polynomial {
        /// The terms.
        #[schemars(length(min = 1))]
        terms: Vec<Monomial>,
    },
    /// A network with parameters drawn from the seed, applied to the inputs x as the learner sees
    /// them, so that a learner of the same shape can represent it.
    Teacher {
        /// The network.
        network: Architecture,
        /// o, number of outputs.
        #[serde(default = "one")]
        #[schemars(range(min = 1))]
        output_dim: u32,
    },
}

/// A term of a sinusoid mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sinusoid {
    /// Periods along each axis, d numbers.
    pub frequency: Vec<f64>,
    /// Height.
    #[serde(default = "unit")]
    pub amplitude: f64,
    /// Phase at the origin in radians.
    #[serde(default)]
    pub phase: f64,
}

/// A term of a polynomial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Monomial {
    /// Factor of the term.
    #[serde(default = "unit")]
    pub coefficient: f64,
    /// Power of each coordinate, d numbers.
    pub powers: Vec<u32>,
}

fn one() -> u32 {
    1
}

fn two() -> u32 {
    2
}

fn four() -> u32 {
    4
}

fn eight() -> u32 {
    8
}

fn unit() -> f64 {
    1.0
}

fn two_rings() -> f64 {
    2.0
}

impl FunctionSource {
    /// o, number of outputs.
    #[must_use]
    pub fn output_dim(&self) -> u32 {
        match self.formula {
            Formula::Teacher { output_dim, .. } => output_dim,
            _ => 1,
        }
    }

    /// Targets of `n` samples, n × o row-major.
    ///
    /// `points` are the samples in the unit cube and `inputs` what the network sees of them, both
    /// n × d row-major. What the formula draws comes from `seed` alone, so that training and test
    /// samples are of the same function.
    #[must_use]
    pub fn targets(&self, points: &[f64], inputs: &[f64], seed: Seed) -> Vec<f64> {
        let dim = self.input_dim as usize;
        let at_each = |value: &dyn Fn(&[f64]) -> f64| points.chunks_exact(dim).map(value).collect();
        let mut random = seed.stream("dataset/function");
        match &self.formula {
            Formula::Sinusoids { terms } => at_each(&|u| sinusoids(terms, u)),
            Formula::RandomSinusoids { count, max_frequency } => {
                let terms = random_sinusoids(*count, *max_frequency, dim, &mut random);
                at_each(&|u| sinusoids(&terms, u))
            }
            Formula::Checkerboard { cells } => at_each(&|u| checkerboard(*cells, u)),
            Formula::Radial { frequency } => at_each(&|u| radial(*frequency, u)),
            Formula::Polynomial { terms } => at_each(&|u| polynomial(terms, u)),
            Formula::Teacher { network, output_dim } => {
                teacher(network, (dim, *output_dim as usize), inputs, &mut random)
            }
        }
    }

    /// Bytes of memory that the formula takes at `samples` samples, beside them.
    #[must_use]
    pub fn memory(&self, samples: u64) -> u64 {
        const NUMBER: u64 = size_of::<f64>() as u64;
        let dim = self.input_dim as usize;
        match &self.formula {
            Formula::RandomSinusoids { count, .. } => {
                let term = (dim as u64).saturating_mul(NUMBER) + size_of::<Sinusoid>() as u64;
                // Their frequencies as they are drawn, and the terms.
                u64::from(*count).saturating_mul(term + size_of::<Vec<f64>>() as u64)
            }
            Formula::Teacher { network, output_dim } => {
                // One that is no network is refused elsewhere.
                let outputs = *output_dim as usize;
                Program::new(network, Shape::Vector(dim), outputs).map_or(0, |program| {
                    // As they are drawn and as they are taken; of each value the number, its slope,
                    // and the signal there.
                    let parameters = 2.0 * program.parameter_count() as f64;
                    let activations = 3.0 * samples as f64 * program.value_count();
                    ((parameters + activations) * NUMBER as f64) as u64
                })
            }
            Formula::Sinusoids { .. }
            | Formula::Checkerboard { .. }
            | Formula::Radial { .. }
            | Formula::Polynomial { .. } => 0,
        }
    }

    /// What is wrong, as (JSON Pointer within the source, message) pairs; empty where nothing is.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut add = |at: String, message: String| problems.push((at, message));
        if self.input_dim == 0 {
            add(
                "/input_dim".to_owned(),
                "input_dim is 0; a function has at least one input".to_owned(),
            );
        }
        let dim = self.input_dim as usize;
        let wrong_length = |found: usize, what: &str| {
            format!("the term has {found} {what}, one for each of the {dim} inputs is right")
        };
        match &self.formula {
            Formula::Sinusoids { terms } => {
                let at = "/formula/sinusoids/terms";
                if terms.is_empty() {
                    add(at.to_owned(), "the mixture has no term".to_owned());
                }
                for (i, term) in terms.iter().enumerate().filter(|(_, t)| t.frequency.len() != dim)
                {
                    let message = wrong_length(term.frequency.len(), "frequencies");
                    add(format!("{at}/{i}/frequency"), message);
                }
            }
            Formula::Polynomial { terms } => {
                let at = "/formula/polynomial/terms";
                if terms.is_empty() {
                    add(at.to_owned(), "the polynomial has no term".to_owned());
                }
                for (i, term) in terms.iter().enumerate().filter(|(_, t)| t.powers.len() != dim) {
                    add(format!("{at}/{i}/powers"), wrong_length(term.powers.len(), "powers"));
                }
            }
            Formula::RandomSinusoids { count, max_frequency } => {
                for (name, value) in [("count", *count), ("max_frequency", *max_frequency)] {
                    if value == 0 || value > i32::MAX as u32 {
                        let at = format!("/formula/random_sinusoids/{name}");
                        add(at, format!("{name} is {value}; it must be in 1..={}", i32::MAX));
                    }
                }
            }
            Formula::Checkerboard { cells: 0 } => {
                add(
                    "/formula/checkerboard/cells".to_owned(),
                    "cells is 0; 1 is the least".to_owned(),
                );
            }
            Formula::Checkerboard { .. } | Formula::Radial { .. } => {}
            Formula::Teacher { network, output_dim } => {
                if *output_dim == 0 {
                    let message = "output_dim is 0; a teacher has at least one output".to_owned();
                    add("/formula/teacher/output_dim".to_owned(), message);
                }
                let shape = Shape::Vector(self.input_dim as usize);
                let data = (shape, *output_dim as usize);
                for (at, error) in network.check(Some(data)).err().unwrap_or_default() {
                    add(format!("/formula/teacher/network{at}"), error.to_string());
                }
            }
        }
        problems
    }
}

fn sinusoids(terms: &[Sinusoid], u: &[f64]) -> f64 {
    let wave = |term: &Sinusoid| {
        let periods: f64 = term.frequency.iter().zip(u).map(|(w, u)| w * u).sum();
        term.amplitude * (2.0 * PI * periods + term.phase).sin()
    };
    terms.iter().map(wave).sum()
}

fn random_sinusoids(count: u32, max: u32, dim: usize, random: &mut impl Rng) -> Vec<Sinusoid> {
    let max = i32::try_from(max).unwrap_or(i32::MAX);
    let mut frequency = || loop {
        let drawn: Vec<i32> = (0..dim).map(|_| random.random_range(-max..=max)).collect();
        // Frequency 0 would be a constant.
        if drawn.iter().any(|&w| w != 0) {
            break drawn.into_iter().map(f64::from).collect();
        }
    };
    let frequencies: Vec<Vec<f64>> = (0..count).map(|_| frequency()).collect();
    let scale = 1.0 / f64::from(count).sqrt();
    let term = |frequency| {
        let normal: f64 = random.sample(StandardNormal);
        let phase = random.random_range(0.0..2.0 * PI);
        Sinusoid { frequency, amplitude: scale * normal, phase }
    };
    frequencies.into_iter().map(term).collect()
}

#[expect(clippy::cast_sign_loss, reason = "points of the unit cube are not negative")]
fn checkerboard(cells: u32, u: &[f64]) -> f64 {
    // The far border u = 1 belongs to the last cell.
    let cell = |u: &f64| ((u * f64::from(cells)).floor() as u32).min(cells - 1);
    let odd = u.iter().map(cell).fold(0, |parity, cell| (parity + cell) % 2);
    if odd == 0 { 1.0 } else { -1.0 }
}

fn radial(frequency: f64, u: &[f64]) -> f64 {
    let squared: f64 = u.iter().map(|u| (u - 0.5) * (u - 0.5)).sum();
    (2.0 * PI * frequency * squared.sqrt()).cos()
}

/// n × o outputs of a network with parameters drawn from `random`.
fn teacher(
    architecture: &Architecture,
    (input_dim, output_dim): (usize, usize),
    inputs: &[f64],
    random: &mut impl Rng,
) -> Vec<f64> {
    // `problems` has found what is no network.
    Network::<f64>::initialize(architecture, input_dim, output_dim, random)
        .map_or_else(|_| Vec::new(), |network| network.forward(inputs))
}

fn polynomial(terms: &[Monomial], u: &[f64]) -> f64 {
    let power = |(u, &power): (&f64, &u32)| u.powi(i32::try_from(power).unwrap_or(i32::MAX));
    terms
        .iter()
        .map(|term| term.coefficient * u.iter().zip(&term.powers).map(power).product::<f64>())
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(input_dim: u32, formula: Formula, points: &[f64], seed: u64) -> Vec<f64> {
        FunctionSource { input_dim, formula }.targets(points, points, Seed(seed))
    }

    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 16.0 * f64::EPSILON
    }

    #[test]
    fn sinusoids_add_up() {
        let wave = |frequency: Vec<f64>, amplitude, phase| Sinusoid { frequency, amplitude, phase };
        let terms = vec![wave(vec![1.0, 2.0], 3.0, 0.0), wave(vec![0.0, 0.0], 0.5, PI / 2.0)];
        // ⟨(1, 2), (¼, ½)⟩ = 1¼ periods: sin = 1.
        let found = values(2, Formula::Sinusoids { terms }, &[0.25, 0.5], 0);
        assert!(near(found[0], 3.5), "{found:?}");
    }

    #[test]
    fn a_checkerboard_alternates_along_every_axis_and_holds_its_border() {
        let board = |points: &[f64]| values(3, Formula::Checkerboard { cells: 2 }, points, 0)[0];
        assert!(near(board(&[0.1, 0.1, 0.1]), 1.0));
        assert!(near(board(&[0.6, 0.1, 0.1]), -1.0));
        assert!(near(board(&[0.6, 0.6, 0.1]), 1.0));
        assert!(near(board(&[1.0, 1.0, 1.0]), -1.0));
    }

    #[test]
    fn a_radial_function_has_rings_around_the_centre() {
        let radial = |u| values(2, Formula::Radial { frequency: 2.0 }, u, 0)[0];
        assert!(near(radial(&[0.5, 0.5]), 1.0));
        assert!(near(radial(&[0.75, 0.5]), -1.0));
        assert!(near(radial(&[0.5, 0.0]), 1.0));
    }

    #[test]
    fn a_polynomial_is_its_sum_of_monomials() {
        let term = |coefficient, powers: [u32; 2]| Monomial { coefficient, powers: powers.into() };
        let terms = vec![term(2.0, [2, 1]), term(-1.0, [0, 0])];
        let found = values(2, Formula::Polynomial { terms }, &[0.5, 0.5, 1.0, 3.0], 0);
        assert!(near(found[0], 2.0 * 0.125 - 1.0) && near(found[1], 5.0), "{found:?}");
    }

    #[test]
    fn random_sinusoids_have_unit_variance_on_average_and_no_constant() {
        let mut random = Seed(1).stream("terms");
        let terms = random_sinusoids(4000, 1, 1, &mut random);
        assert!(terms.iter().all(|term| near(term.frequency[0].abs(), 1.0)));
        let power: f64 = terms.iter().map(|term| term.amplitude * term.amplitude).sum();
        // Mean 1, standard deviation √(2/4000) = 0.022: five of them.
        assert!((power - 1.0).abs() < 0.11, "{power}");
    }

    #[test]
    fn a_teacher_is_the_network_that_the_seed_draws() {
        let network: Architecture = serde_json::from_str(r#"{ "hidden": [5, 4] }"#).unwrap();
        let x = [0.1, -0.2, 0.3, 0.4, 0.5, -0.6];
        let teacher = || Formula::Teacher { network: network.clone(), output_dim: 2 };
        let found = values(3, teacher(), &x, 9);
        let mut random = Seed(9).stream("dataset/function");
        let expected = Network::<f64>::initialize(&network, 3, 2, &mut random).unwrap();
        assert_eq!(found, expected.forward(&x));
        assert_eq!(found.len(), 4);
        assert_ne!(found, values(3, teacher(), &x, 10));
    }

    proptest! {
        #[test]
        fn a_drawn_function_is_the_same_wherever_it_is_sampled(
            dim in 1_u32..5, seed: u64, u in prop::collection::vec(0.0..1.0_f64, 8),
        ) {
            let drawn = Formula::RandomSinusoids { count: 5, max_frequency: 3 };
            let n = u.len() / dim as usize;
            let together = values(dim, drawn.clone(), &u[..n * dim as usize], seed);
            for (point, value) in u.chunks_exact(dim as usize).zip(together) {
                prop_assert_eq!(values(dim, drawn.clone(), point, seed), [value]);
            }
        }
    }
}

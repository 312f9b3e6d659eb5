//! A network in the limit of infinite width, as steps that take covariances from its input to its outputs.
//!
//! With K the covariance of the units of a value at two samples (of the input x·x'/c over its c channels) and
//! Θ the tangent kernel, a dense layer or convolution takes them to
//!
//! ```text
//! K ← σ_w² A(K) + σ_b²        Θ ← g_w A(K) + g_b + σ_w² A(Θ)
//! ```
//!
//! A is the mean over a window that moves in both images together, the identity for a dense layer. In the NTK
//! parameterization g_w = σ_w², g_b = σ_b²; in the standard one, of finite widths, g_w is the fan-in and
//! g_b = 1 with biases. An activation takes K to E[φ(u)φ(v)] and multiplies Θ by E[φ'(u)φ'(v)].
//!
//! A value of an image has entries of all pairs of places where a pool follows, else of equal places alone.
//!
//! Sources: Lee et al. 2018 and Jacot et al. 2018; Novak et al. 2019 and Arora et al. 2019 for convolutions;
//! Sohl-Dickstein et al. 2020 for the standard parameterization.

use network::{Activation, Architecture, Op, Over, Program, Shape, Step};

use crate::dual::{Dual, Real};
use crate::sums::{Pairs, Sums};

/// A network in the limit of infinite width.
#[derive(Clone, Debug)]
pub struct Limit<T> {
    /// Shape of an input.
    pub(crate) input: Shape,
    pub(crate) values: Vec<Value>,
    pub(crate) steps: Vec<Linear<T>>,
    /// All pointwise maps, in the order of steps.
    pub(crate) pointwise: Vec<Pointwise>,
    /// Pairs of samples that pass through together.
    pub(crate) lanes: usize,
}

/// How the entries of a value lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// Rows and columns of the image; 1 × 1 of a vector.
    pub places: [usize; 2],
    /// Whether there are entries of all pairs of places.
    pub all_pairs: bool,
    /// Which of the buffers holds it.
    pub buffer: usize,
    /// Whether its tangent kernel is 0.
    pub untrained: bool,
}

/// One step: a linear map of one or two values, and pointwise maps after it.
#[derive(Clone, Debug)]
pub(crate) struct Linear<T> {
    /// Values that are summed.
    pub inputs: Vec<(usize, Sums<T>)>,
    /// σ_w², σ_b², g_w, g_b.
    pub factors: [f64; 4],
    /// Whether places share no weights: only equal ones are correlated then.
    pub is_local: bool,
    /// Which of [`Limit::pointwise`] follow.
    pub pointwise: std::ops::Range<usize>,
}

/// A pointwise map with the place of its numbers among those of a sample.
#[derive(Clone, Debug)]
pub(crate) struct Pointwise {
    pub dual: Dual,
    /// First of its numbers: for each number one of each place.
    pub first: usize,
    /// Where the numbers that it reads begin, those of the left and of the right side.
    pub spread_from: [usize; 2],
    /// The value that it is part of.
    pub value: usize,
    /// Whether its variance is the mean over all places, as of a norm that includes them.
    pub of_all_places: bool,
}

/// Entries of pairs of one place that pass through together: rows of vector registers that stay in the
/// first cache with their numbers.
const ENTRIES: usize = 8192;
/// The most and the least lanes.
const LANES: [usize; 2] = [16, 128];

impl Value {
    /// Blocks of entries.
    pub fn blocks(&self) -> usize {
        let [h, w] = self.places;
        if self.all_pairs { h * h } else { h * w }
    }

    /// Entries of a block, of `lanes` pairs of samples.
    pub fn length(&self, lanes: usize) -> usize {
        let w = self.places[1];
        if self.all_pairs { w * w } else { lanes }
    }

    /// Blocks that have numbers of one sample.
    pub fn side_blocks(&self) -> usize {
        let [h, w] = self.places;
        if self.all_pairs { h } else { h * w }
    }
}

impl<T: Real> Limit<T> {
    /// The limit of `architecture`, which [has one](crate::exists::check), as `program` for data of one shape.
    #[must_use]
    pub fn new(architecture: &Architecture, program: &Program) -> Self {
        let places = places(program);
        let pairs = all_pairs(program, &places);
        let any_pairs = pairs.iter().any(|&all| all);
        let largest = places.iter().map(|[h, w]| h * w).max().unwrap_or(1);
        let lanes = if any_pairs {
            1
        } else {
            (ENTRIES / largest).next_multiple_of(LANES[0]).clamp(LANES[0], LANES[1])
        };
        let buffers = buffers(program);
        let mut values: Vec<Value> = places
            .iter()
            .zip(&pairs)
            .zip(buffers)
            .map(|((&places, &all_pairs), buffer)| Value {
                places,
                all_pairs,
                buffer,
                untrained: true,
            })
            .collect();
        let (mut steps, mut pointwise) = (Vec::new(), Vec::new());
        let (mut first, mut spread_from) = (0, [0; 2]);
        for (s, step) in program.steps.iter().enumerate() {
            let value = s + 1;
            let begin = pointwise.len();
            let mut add = |dual: Option<Dual>, of_all_places| {
                let Some(dual) = dual else { return };
                let numbers = dual.numbers() * places[value].iter().product::<usize>();
                let sides = spread(&dual, values[value], lanes);
                let map = Pointwise { dual, first, spread_from, value, of_all_places };
                pointwise.push(map);
                first += numbers;
                spread_from = [spread_from[0] + sides[0], spread_from[1] + sides[1]];
            };
            if let Op::Norm(norm) = step.op {
                // A vector that was an image is normalized as a whole.
                let is_flat = matches!(step.shapes[0], Shape::Vector(_));
                let of_all_places = is_flat || matches!(norm.over, Over::Groups(_));
                let before_activation = step.activation != Activation::Linear;
                let dual = Dual::Norm { epsilon: norm.epsilon, before_activation };
                add(Some(dual), of_all_places);
            }
            add(
                Dual::of::<T>(step.activation).map(|dual| match dual {
                    Dual::LeakyRelu { slope, .. } => {
                        Dual::LeakyRelu { slope, after_norm: matches!(step.op, Op::Norm(_)) }
                    }
                    other => other,
                }),
                false,
            );
            let factors = factors(architecture, program, step);
            values[value].untrained =
                step.layer.is_none() && step.inputs.iter().all(|&input| values[input].untrained);
            let sums = |&input: &usize| (input, sums(step, values[input], values[value]));
            steps.push(Linear {
                inputs: step.inputs.iter().map(sums).collect(),
                factors,
                is_local: matches!(step.op, Op::Local(_)) && values[value].all_pairs,
                pointwise: begin..pointwise.len(),
            });
        }
        Self { input: program.input, values, steps, pointwise, lanes }
    }

    /// The same for one sample with itself.
    #[must_use]
    pub(crate) fn alone(&self) -> Self {
        Self { lanes: 1, ..self.clone() }
    }

    /// Numbers of one sample that pointwise maps need of it alone.
    #[must_use]
    pub fn numbers(&self) -> usize {
        let last = self.pointwise.last();
        last.map_or(0, |last| {
            let places: usize = self.values[last.value].places.iter().product();
            last.first + last.dual.numbers() * places
        })
    }

    /// Numbers of the left side, a sample, and of the right side, as many as there are lanes, as pointwise maps
    /// read them.
    #[must_use]
    pub fn spread(&self) -> [usize; 2] {
        let Some(last) = self.pointwise.last() else { return [0; 2] };
        let sides = spread(&last.dual, self.values[last.value], self.lanes);
        [last.spread_from[0] + sides[0], last.spread_from[1] + sides[1]]
    }

    /// Entries of the largest value.
    #[must_use]
    pub fn entries(&self) -> usize {
        let entries = |value: &Value| value.blocks() * value.length(self.lanes);
        self.values.iter().map(entries).max().unwrap_or(0)
    }

    /// Buffers that hold values at once.
    #[must_use]
    pub fn buffers(&self) -> usize {
        self.values.iter().map(|value| value.buffer + 1).max().unwrap_or(0)
    }
}

/// Numbers of both sides that a map of `value` reads.
fn spread(dual: &Dual, value: Value, lanes: usize) -> [usize; 2] {
    let numbers = dual.numbers() * value.side_blocks();
    let left = if value.all_pairs { value.length(lanes) } else { 1 };
    [numbers * left, numbers * value.length(lanes)]
}

/// Rows and columns of each value: a flattened image keeps its own.
fn places(program: &Program) -> Vec<[usize; 2]> {
    let of = |shape: Shape| match shape {
        Shape::Image([h, w, _]) => [h, w],
        Shape::Vector(_) => [1, 1],
    };
    let mut places = vec![of(program.input)];
    for step in &program.steps {
        places.push(match step.op {
            Op::Dense | Op::GlobalAverage => [1, 1],
            Op::Convolution(window)
            | Op::Local(window)
            | Op::AveragePool(window)
            | Op::MaxPool(window) => window.output,
            Op::Norm(_) | Op::Sum | Op::Identity => places[step.inputs[0]],
        });
    }
    // Widths `hidden` take images as vectors.
    if program.steps.first().is_some_and(|step| step.op == Op::Dense && step.inputs == [0]) {
        let is_read_as_image =
            |step: &Step| step.inputs.contains(&0) && matches!(step.shapes[0], Shape::Image(_));
        if !program.steps.iter().any(is_read_as_image) {
            places[0] = [1, 1];
        }
    }
    places
}

/// Whether each value needs entries of all pairs of places: where a pool follows.
fn all_pairs(program: &Program, places: &[[usize; 2]]) -> Vec<bool> {
    let mut needs = vec![false; places.len()];
    for (s, step) in program.steps.iter().enumerate().rev() {
        let needed = match step.op {
            Op::GlobalAverage | Op::AveragePool(_) | Op::MaxPool(_) => true,
            Op::Dense => false,
            _ => needs[s + 1],
        };
        for &input in &step.inputs {
            needs[input] |= needed;
        }
    }
    for (needs, places) in needs.iter_mut().zip(places) {
        *needs &= places.iter().product::<usize>() > 1;
    }
    needs
}

/// A buffer for each value, none of which is overwritten before its last use.
fn buffers(program: &Program) -> Vec<usize> {
    let count = program.steps.len() + 1;
    let mut last_use = vec![count; count];
    for (s, step) in program.steps.iter().enumerate().rev() {
        for &input in &step.inputs {
            if last_use[input] == count {
                last_use[input] = s;
            }
        }
    }
    let mut buffers: Vec<usize> = vec![0];
    for s in 0..program.steps.len() {
        let is_taken =
            |buffer: usize| (0..=s).any(|value| buffers[value] == buffer && (last_use[value] >= s));
        // As many buffers as values are always enough.
        let free = (0..count).find(|&buffer| !is_taken(buffer)).unwrap_or(count);
        buffers.push(free);
    }
    buffers
}

/// σ_w², σ_b², g_w, g_b of a step; 1, 0, 0, 0 where it has no weights.
fn factors(architecture: &Architecture, program: &Program, step: &Step) -> [f64; 4] {
    let has_weights = matches!(step.op, Op::Dense | Op::Convolution(_) | Op::Local(_));
    let Some(layer) = step.layer.filter(|_| has_weights).map(|layer| &program.layers[layer]) else {
        return [1.0, 0.0, 0.0, 0.0];
    };
    let (init, fan_in) = (architecture.init, layer.fans[0]);
    let scale = fan_in as f64 * init.weight_scale(fan_in).powi(2);
    // Of the NTK parameterization biases are drawn as weights are, of the others they start at 0.
    let is_drawn = matches!(init, network::Initialization::Ntk { .. });
    let bias = if layer.bias > 0 { init.bias_scale().powi(2) } else { 0.0 };
    let weight = scale * init.weight_variance(layer.fans);
    [weight, if is_drawn { bias } else { 0.0 }, scale, bias]
}

/// The sums by which `step` makes `output` of `input`.
fn sums<T: Real>(step: &Step, input: Value, output: Value) -> Sums<T> {
    let pairs = if output.all_pairs {
        Pairs::All
    } else if input.all_pairs {
        Pairs::EqualOfAll
    } else {
        Pairs::Equal
    };
    match step.op {
        Op::Convolution(window) | Op::Local(window) => Sums::windows(&window, pairs),
        Op::AveragePool(window) | Op::MaxPool(window) => Sums::pool(&window, pairs),
        Op::GlobalAverage => Sums::mean(input.places, pairs),
        Op::Dense => Sums::mean_of_equal(input.places, pairs),
        Op::Norm(_) | Op::Sum | Op::Identity => Sums::same(input.places, pairs),
    }
}

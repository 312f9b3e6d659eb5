//! How large the kernels will be, and whether they fit.

use artifact::Outline;
use kernel::{Shape, architecture, join_bytes};
use stage::{Limits, Part, Plan};

use crate::gram;
use crate::parameters::Parameters;

/// Plans `part` of the kernels of a training run of which `training` is known.
pub(crate) fn plan(
    parameters: Parameters,
    training: &Outline,
    part: Part,
    limits: &Limits,
) -> Plan {
    let mut plan = Plan::default();
    if training.network.is_some()
        && let Err(error) = architecture(training)
    {
        plan.problem("", error.message);
    }
    plan.outline = outline(parameters, training);
    if let (Some(wanted), Some(there)) = (parameters.samples, training.train_samples)
        && !(1..=there).contains(&u64::from(wanted))
    {
        let message = format!("samples is {wanted}; it must be 1 to {there}, the training samples");
        plan.problem("/samples", message);
    }
    if let Some(memory) = Memory::of(parameters, training, limits.threads as f64) {
        let need = memory.part_bytes(part);
        plan.memory_bytes = Some(need as u64);
        let limit = limits.memory_bytes as f64;
        if need > limit {
            let what = match part {
                Part::Whole => String::new(),
                Part::Piece { of, .. } => format!("one of {of} pieces of "),
                Part::Join { of } => format!("joining {of} pieces of "),
            };
            let message = format!(
                "{what}the Gramian of {} samples needs {:.1} GiB of memory; {:.1} GiB are free",
                memory.shape.train,
                gibibytes(need),
                gibibytes(limit)
            );
            plan.problem("", message).hint(memory.hint(limit));
        }
    }
    plan
}

fn gibibytes(bytes: f64) -> f64 {
    bytes / f64::from(1 << 30)
}

/// The outline of the kernels.
pub(crate) fn outline(parameters: Parameters, training: &Outline) -> Outline {
    let samples = training.train_samples;
    let samples = samples.map(|all| parameters.samples.map_or(all, |some| all.min(some.into())));
    let blocks = training.output_dim.map(|o| parameters.reduction.blocks(o as usize));
    Outline {
        train_samples: samples,
        kernel_rows: samples.zip(blocks).map(|(n, (_, cell))| n * cell as u64),
        kernel_blocks: blocks.map(|(count, _)| count as u64),
        reduction: Some(parameters.reduction),
        kernel_precision: Some(parameters.precision),
        ..training.clone()
    }
}

/// Bytes of the program with its threads, and of the pages on their way to the file.
const FIXED: f64 = 24e6;

/// The sizes that decide how much memory the stage needs.
struct Memory {
    /// Bytes of an entry, as it is made and written.
    entry: f64,
    /// Bytes of the factors of one sample in all layers.
    factors: f64,
    /// The same of the largest part that is computed at once.
    largest_part: f64,
    /// Bytes of an input of one sample: as read, as selected and as the network takes it.
    input: f64,
    /// Bytes of the values and signals of the samples that are in the network, on all threads.
    within: f64,
    /// The Gramians of a step.
    shape: Shape,
}

impl Memory {
    fn of(parameters: Parameters, training: &Outline, threads: f64) -> Option<Self> {
        let entry = parameters.precision.bytes() as f64;
        let (d, o) = (training.input_dim? as usize, training.output_dim? as usize);
        let network = architecture(training).ok()?;
        let shape = network::Shape::of_inputs(d, training.input_shape.as_deref());
        let program = network::Program::new(&network, shape, o).ok()?;
        let test = if parameters.test_rows { training.test_samples.unwrap_or(0) } else { 0 };
        let reduction = parameters.reduction;
        let (signal, rates) = (gram::signal(reduction), network::Rates::MEASURED);
        let train = outline(parameters, training).train_samples? as usize;
        let shape = gram::shape(train, test as usize, o, reduction);
        let numbers = |pass: &Vec<network::Part>| program.factor_numbers(pass, signal);
        let whole: f64 = numbers(&program.factor_groups(signal, f64::INFINITY, &rates).concat());
        let smallest =
            program.factor_groups(signal, 0.0, &rates).iter().map(numbers).fold(0.0, f64::max);
        Some(Self {
            entry,
            factors: entry * whole,
            largest_part: entry * smallest,
            input: d as f64 * (8.0 + entry),
            within: threads * program.factor_block() as f64 * entry * 2.0 * program.value_count(),
            shape,
        })
    }

    /// Bytes of the factors of `n` samples in the largest pass over `all` training samples.
    fn pass_bytes(&self, n: f64, all: f64) -> f64 {
        let most = (self.entry * gram::NUMBERS / all.max(1.0)).max(self.largest_part);
        n * self.factors.min(most)
    }

    /// Bytes at the peak of making `part`.
    fn part_bytes(&self, part: Part) -> f64 {
        match part {
            Part::Whole => self.piece_bytes(0, 1),
            Part::Piece { index, of } => self.piece_bytes(index, of),
            Part::Join { .. } => self.join_bytes(),
        }
    }

    /// Bytes at the peak of a piece: the inputs, the factors of all in one pass, the samples that are in
    /// the network, and either the tiles of its rows, each once, or the factors of its test samples,
    /// with a strip of whole rows of each; with several passes both.
    fn piece_bytes(&self, index: usize, of: usize) -> f64 {
        let share = self.shape.piece(index, of);
        if share.is_empty() {
            return FIXED;
        }
        let (n, cell) = (self.shape.train as f64, self.shape.cell() as f64);
        let (width, rows) = (n * cell, share.train.len() as f64 * cell);
        let blocks = self.shape.blocks() as f64;
        let side = (gram::SIDE as f64).min(rows);
        let tiles = blocks * self.entry * rows * (width - (rows - side) / 2.0);
        let strip = self.entry * width * side;
        let test_rows = share.test.len().min(self.shape.test_side) as f64 * cell;
        let test_strips = blocks * self.entry * width * test_rows;
        let share_test = share.test.len();
        let test = gram::parts_with(share.test, self.shape.test).len() as f64;
        let factors = self.pass_bytes(n, n);
        let inputs = self.input * (n + self.shape.test as f64);
        let of_test = self.pass_bytes(test, n) + test_strips;
        if factors < n * self.factors {
            // Several passes: the sums of all test samples stay.
            let sums = blocks * self.entry * width * share_test as f64 * cell;
            return FIXED + inputs + factors + self.within + tiles + strip + of_test + sums;
        }
        FIXED + inputs + factors + self.within + (tiles + strip).max(of_test)
    }

    /// Bytes at the peak of joining pieces.
    fn join_bytes(&self) -> f64 {
        FIXED + join_bytes(self.shape, self.entry)
    }

    /// What would fit into `limit` bytes.
    fn hint(&self, limit: f64) -> String {
        let samples = format!("{} training samples would fit", self.largest_fitting(limit));
        match self.smallest_split(limit) {
            Some(pieces) => format!(
                "{samples}; on a cluster, `resources: {{ split: {pieces} }}` makes it of {pieces} pieces that do"
            ),
            None => samples,
        }
    }

    /// The largest number of training samples, up to those that there are, that needs no more than
    /// `limit` in one go.
    fn largest_fitting(&self, limit: f64) -> usize {
        let need = |train: usize| {
            let side = gram::side(train, self.shape.cell());
            Self { shape: Shape { train, side, ..self.shape }, ..*self }.part_bytes(Part::Whole)
        };
        smallest(0, self.shape.train, |samples| need(samples + 1) > limit)
    }

    /// The smallest number of pieces that need no more than `limit` each, if there is any.
    fn smallest_split(&self, limit: f64) -> Option<usize> {
        let fits = |pieces: usize| self.piece_bytes(pieces - 1, pieces) <= limit;
        let most = self.shape.most_pieces();
        let possible = most >= 2 && fits(most) && self.join_bytes() <= limit;
        possible.then(|| smallest(2, most, fits))
    }
}

/// The smallest number from `low` to `high` for which `holds`, which does for all larger ones;
/// `high` where it does for none.
fn smallest(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { threads: 2, memory_bytes: 1 << 30 };

    fn outline(samples: u64) -> Outline {
        let network = serde_json::json!({
            "hidden": [256, 256, 256, 256, 256, 256], "activation": { "leaky_relu": 0.01 },
            "init": "glorot", "bias": true,
        });
        Outline {
            train_samples: Some(samples),
            test_samples: Some(0),
            input_dim: Some(2),
            output_dim: Some(1),
            network: Some(network),
            ..Outline::default()
        }
    }

    fn planned(samples: u64) -> Plan {
        part_planned(samples, Part::Whole)
    }

    fn part_planned(samples: u64, part: Part) -> Plan {
        let parameters: Parameters = serde_json::from_str("{}").unwrap();
        plan(parameters, &outline(samples), part, &LIMITS)
    }

    #[test]
    fn ten_thousand_samples_need_little_more_than_their_matrix() {
        let matrix = 4.0 * 1e8;
        let need = planned(10_000).memory_bytes.unwrap() as f64;
        assert!(need > 0.5 * matrix && need < 1.2 * matrix, "{need}");
    }

    #[test]
    fn as_many_samples_as_are_said_to_fit_do_and_one_more_does_not() {
        let hint = planned(100_000).problems[0].hint.clone().unwrap();
        let fit: u64 = hint.split(' ').next().unwrap().parse().unwrap();
        assert!(planned(fit).problems.is_empty());
        assert_eq!(planned(fit + 1).problems.len(), 1);
    }

    #[test]
    fn as_many_pieces_as_are_said_to_fit_do_and_one_less_does_not() {
        let problem = planned(26_000).problems.remove(0);
        let message = "the Gramian of 26000 samples needs 1.6 GiB of memory; 1.0 GiB are free";
        assert_eq!(problem.message, message);
        let hint = problem.hint.unwrap();
        let (_, split) = hint.split_once("; on a cluster, `resources: { split: ").unwrap();
        let pieces: usize = split.split(' ').next().unwrap().parse().unwrap();
        assert!(split.ends_with(&format!("}}` makes it of {pieces} pieces that do")), "{hint}");
        let fits = |of: usize| {
            (0..of).all(|index| part_planned(26_000, Part::Piece { index, of }).problems.is_empty())
        };
        assert!(fits(pieces) && !fits(pieces - 1));
        let joined = part_planned(26_000, Part::Join { of: pieces });
        assert!(joined.problems.is_empty() && joined.memory_bytes < Some(100 << 20));
    }

    #[test]
    fn what_no_number_of_pieces_makes_fit_is_not_said_to() {
        // The factors alone are more than there is.
        let problem = planned(1_000_000).problems.remove(0);
        assert!(!problem.hint.unwrap().contains("split"));
        let piece = part_planned(1_000_000, Part::Piece { index: 1, of: 9 }).problems.remove(0);
        assert!(piece.message.starts_with("one of 9 pieces of the Gramian"), "{}", piece.message);
    }

    #[test]
    fn a_part_is_planned_with_the_outline_of_the_whole() {
        let whole = planned(9000);
        let piece = part_planned(9000, Part::Piece { index: 0, of: 3 });
        assert_eq!(piece.outline, whole.outline);
        let empty = part_planned(9000, Part::Piece { index: 0, of: 1000 });
        assert_eq!(empty.memory_bytes, Some(FIXED as u64));
        assert!(piece.memory_bytes < whole.memory_bytes);
        assert_eq!(
            part_planned(9000, Part::Piece { index: 0, of: 1 }).memory_bytes,
            whole.memory_bytes
        );
    }

    #[test]
    fn sizes_that_nobody_has_are_refused_in_words() {
        for samples in [1 << 40, u64::MAX] {
            for part in [Part::Whole, Part::Piece { index: 2, of: 5 }, Part::Join { of: 5 }] {
                assert_eq!(part_planned(samples, part).problems.len(), 1, "{samples} {part:?}");
            }
        }
    }
}

//! What a run would do, and what is wrong with its parameters.

use artifact::tables::kernel::Reduction;
use stage::{Limits, Outlines, Plan};

use crate::parameters::{Parameters, Start};
use crate::sources;

/// Bytes of the program with its threads.
const FIXED: f64 = 24e6;

/// Plans predictions from inputs of which `inputs` is known.
pub fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
    let mut plan = Plan::default();
    let (dataset, training, kernel) =
        (inputs.one("dataset"), inputs.many("training").first(), inputs.one("kernel"));
    plan.outline = sources::outline(&dataset, training, &kernel);
    check_values(parameters, training.is_some(), &mut plan);
    let there = kernel.train_samples;
    if let (Some(wanted), Some(there)) = (parameters.samples, there)
        && !(1..=there).contains(&u64::from(wanted))
    {
        let message =
            format!("samples is {wanted}; it must be 1 to {there}, the kernel's training samples");
        plan.problem("/samples", message);
    }
    if parameters.samples.is_some() && kernel.train_samples.is_some() {
        plan.outline.train_samples = parameters.samples.map(u64::from);
    }
    let outputs = plan.outline.output_dim.unwrap_or(1);
    if kernel.reduction == Some(Reduction::SummedLogit) && outputs > 1 {
        let error = kernel::summed_logit(outputs as usize);
        plan.problem("", error.message).hint(error.hint.unwrap_or_default());
    }
    if let Some(memory) = Memory::of(parameters, inputs, &plan.outline) {
        memory.check(limits, &mut plan);
    }
    plan
}

fn check_values(parameters: &Parameters, has_training: bool, plan: &mut Plan) {
    let is_empty = parameters.ridges.is_empty() && parameters.times.is_empty();
    if is_empty && !(parameters.descent && has_training) {
        plan.problem("", "neither ridges nor times are given, so there is nothing to predict")
            .hint("give at least one, as ridges: [1e-4]");
    }
    for (i, &ridge) in parameters.ridges.iter().enumerate() {
        if !(ridge.is_finite() && ridge >= 0.0) {
            let message = format!("the ridge is {ridge}; it must be a finite number, 0 or above");
            plan.problem(&format!("/ridges/{i}"), message);
        }
        if parameters.ridges[..i].contains(&ridge) {
            plan.problem(&format!("/ridges/{i}"), format!("the ridge {ridge} is given twice"));
        }
    }
    for (i, &time) in parameters.times.iter().enumerate() {
        if !(time.is_finite() && time > 0.0) {
            let message = format!("the time is {time}; it must be a finite number above 0");
            plan.problem(&format!("/times/{i}"), message);
        }
        if parameters.times[..i].contains(&time) {
            plan.problem(&format!("/times/{i}"), format!("the time {time} is given twice"));
        }
    }
    if let Some(bits) = parameters.round_bits
        && !(4..=52).contains(&bits)
    {
        plan.problem("/round_bits", format!("round_bits is {bits}; it must be 4 to 52"));
    }
    if parameters.start == Start::Network && !has_training {
        plan.problem("/start", "predictions start from the network, but no training run is wired")
            .hint("wire `training`, or leave out `start`");
    }
}

/// Bytes that the heap keeps between matrices of up to 32 MiB, which glibc does not map one by one; 55 MB were
/// measured at N = 1,500.
const HOLES: f64 = 80e6;

/// The sizes that decide how much memory the stage needs.
#[derive(Clone, Copy)]
struct Memory {
    /// N, training samples used.
    samples: f64,
    /// Training samples of the kernel.
    there: f64,
    /// Rows of one sample in a kernel.
    cell: f64,
    /// Rows of the test samples in a kernel.
    test_rows: f64,
    /// Kernels a step.
    blocks: f64,
    /// Whether a covariance is wired.
    has_covariance: bool,
    /// Bytes of the network's outputs at all checkpoints, as rows and as matrices.
    outputs: f64,
}

impl Memory {
    fn of(parameters: &Parameters, inputs: &Outlines, outline: &artifact::Outline) -> Option<Self> {
        let kernel = inputs.one("kernel");
        let there = kernel.train_samples?.max(1) as f64;
        let cell = kernel.kernel_rows? as f64 / there;
        let tests = outline.test_samples.unwrap_or(0) as f64;
        let outputs = inputs.many("training").first().map_or(0.0, |training| {
            let steps = training.checkpoints.as_ref().map_or(1, Vec::len) as f64;
            let all = training.train_samples.unwrap_or(0) as f64 + tests;
            let wide = training.output_dim.unwrap_or(1) as f64;
            steps * all * (12.0 * wide + 48.0)
        });
        Some(Self {
            samples: parameters.samples.map_or(there, f64::from).min(there),
            there,
            cell,
            test_rows: tests * cell,
            blocks: kernel.kernel_blocks.unwrap_or(1) as f64,
            has_covariance: !inputs.many("covariance").is_empty(),
            outputs,
        })
    }

    /// Bytes at the peak. Of each kernel K and U stay, K_*X and K_*X U, and of a covariance as much while it is
    /// turned; one at a time is read whole, then decomposed: a copy, its vectors, and 3.1 n² of faer's work space.
    fn bytes(&self) -> f64 {
        let (n, m) = (self.samples * self.cell, self.test_rows);
        let width = self.there * self.cell;
        let kept = 2.0 * n * n + 2.0 * n * m;
        let covariance = if self.has_covariance { 3.0 * n * n + 2.0 * n * m } else { 0.0 };
        let read = (n + m) * width * 1.5;
        let within = (5.1 * n * n).max(read) + n * m;
        let matrices = 8.0 * (self.blocks * (kept + covariance) + within);
        FIXED + self.outputs + matrices + (matrices / 2.0).min(HOLES)
    }

    fn check(&self, limits: &Limits, plan: &mut Plan) {
        let (need, limit) = (self.bytes(), limits.memory_bytes as f64);
        plan.memory_bytes = Some(need as u64);
        if need <= limit {
            return;
        }
        let gibibytes = |bytes: f64| bytes / f64::from(1 << 30);
        let message = format!(
            "predictions from {} training samples need {:.1} GiB of memory; {:.1} GiB are free",
            self.samples,
            gibibytes(need),
            gibibytes(limit)
        );
        let hint = match self.largest_fitting(limit) {
            0 => "fewer test samples, or a kernel with `reduction: trace`, need less".to_owned(),
            fitting => format!("`samples: {fitting}` would fit"),
        };
        plan.problem("", message).hint(hint);
    }

    /// The largest number of training samples that needs no more than `limit`.
    fn largest_fitting(&self, limit: f64) -> u64 {
        let (mut low, mut high) = (0, self.samples as u64);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let fits = Self { samples: middle as f64, ..*self }.bytes() <= limit;
            if fits { low = middle } else { high = middle - 1 }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use artifact::Outline;

    use super::*;

    const LIMITS: Limits = Limits { threads: 2, memory_bytes: 1 << 30 };

    fn outlines(samples: u64, reduction: Reduction) -> Outlines {
        let (blocks, cell) = reduction.blocks(10);
        let dataset = Outline {
            train_samples: Some(samples),
            test_samples: Some(1000),
            output_dim: Some(10),
            ..Outline::default()
        };
        let kernel = Outline {
            kernel_rows: Some(samples * cell as u64),
            kernel_blocks: Some(blocks as u64),
            reduction: Some(reduction),
            ..dataset.clone()
        };
        BTreeMap::from([("dataset".to_owned(), vec![dataset]), ("kernel".to_owned(), vec![kernel])])
            .into()
    }

    fn planned(parameters: &Parameters, samples: u64, reduction: Reduction) -> Plan {
        plan(parameters, &outlines(samples, reduction), &LIMITS)
    }

    #[test]
    fn every_value_that_has_no_meaning_is_refused_where_it_stands() {
        let parameters = Parameters {
            ridges: vec![1e-4, -1.0, f64::INFINITY, 1e-4],
            times: vec![0.0, f64::NAN],
            samples: Some(101),
            round_bits: Some(3),
            start: Start::Network,
            ..Parameters::default()
        };
        let plan = planned(&parameters, 100, Reduction::Trace);
        let at: Vec<&str> = plan.problems.iter().map(|problem| problem.at.as_str()).collect();
        let expected = [
            "/ridges/1",
            "/ridges/2",
            "/ridges/3",
            "/times/0",
            "/times/1",
            "/round_bits",
            "/start",
            "/samples",
        ];
        assert_eq!(at, expected);
        let message = "samples is 101; it must be 1 to 100, the kernel's training samples";
        assert_eq!(plan.problems[7].message, message);
    }

    #[test]
    fn nothing_to_predict_and_a_kernel_of_summed_outputs_are_refused() {
        let none = Parameters { ridges: vec![], ..Parameters::default() };
        let plan = planned(&none, 100, Reduction::Trace);
        assert_eq!(
            plan.problems[0].message,
            "neither ridges nor times are given, so there is nothing to predict"
        );
        let plan = planned(&Parameters::default(), 100, Reduction::SummedLogit);
        assert!(plan.problems[0].message.starts_with("the kernel is reduced by `summed-logit`"));
        assert!(planned(&Parameters::default(), 100, Reduction::Full).problems.is_empty());
    }

    #[test]
    fn as_many_samples_as_are_said_to_fit_do_and_one_more_does_not() {
        let plan = planned(&Parameters::default(), 20_000, Reduction::Trace);
        let hint = plan.problems[0].hint.clone().unwrap();
        let number = hint.trim_start_matches("`samples: ").split('`').next().unwrap();
        let fit: u32 = number.parse().unwrap();
        let with = |samples| Parameters { samples: Some(samples), ..Parameters::default() };
        assert!(planned(&with(fit), 20_000, Reduction::Trace).problems.is_empty());
        assert_eq!(planned(&with(fit + 1), 20_000, Reduction::Trace).problems.len(), 1);
    }

    #[test]
    fn a_plan_without_outlines_is_a_plan() {
        let plan = plan(&Parameters::default(), &Outlines::default(), &LIMITS);
        assert!(plan.problems.is_empty() && plan.memory_bytes.is_none());
    }
}

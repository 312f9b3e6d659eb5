//! The tasks of a larger sweep: the measured one over and over.

use crate::measured::{Cost, Run};

/// A task of the sweep.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its stage, as a position in the run.
    pub stage: usize,
    pub gathers: bool,
    pub cost: Cost,
    /// Tasks whose artifacts it takes.
    pub needs: usize,
    /// Tasks that take its artifact.
    pub feeds: Vec<usize>,
}

/// The tasks of a sweep of `variants`, stage by stage, in the order in which the driver takes them.
///
/// A stage that was shared by several variants is shared by as many. Variant v costs what the measured
/// variant v mod n did, so that the mix of depths stays, and no random number is needed. What gathers takes
/// `gather` seconds more for each variant beyond the measured ones.
#[must_use]
pub fn tasks(run: &Run, variants: usize, gather: f64) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    // First task and number of tasks of each stage.
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (stage, of) in run.stages.iter().enumerate() {
        let measured = of.costs.len();
        let count = if of.gathers { 1 } else { (variants * measured).div_ceil(run.variants) };
        let first = tasks.len();
        for index in 0..count {
            let mut cost = of.costs[index % measured];
            if of.gathers {
                cost.seconds += gather * variants.saturating_sub(run.variants) as f64;
            }
            let mut needs = 0;
            for &source in &of.takes {
                let (start, sources) = places[source];
                let taken = if of.gathers {
                    0..sources
                } else {
                    let one = index * sources / count;
                    one..one + 1
                };
                needs += taken.len();
                for source in taken {
                    tasks[start + source].feeds.push(first + index);
                }
            }
            let feeds = Vec::new();
            tasks.push(Task { stage, gathers: of.gathers, cost, needs, feeds });
        }
        places.push((first, count));
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::Stage;

    /// A dataset for two variants each, a stage for each variant, and one that gathers.
    fn run() -> Run {
        let cost = |seconds| Cost { seconds, peak_bytes: None, bytes: 10, inodes: 1 };
        let stage = |name: &str, gathers, takes: &[usize], seconds: &[f64]| Stage {
            name: name.to_owned(),
            gathers,
            takes: takes.to_vec(),
            costs: seconds.iter().map(|&seconds| cost(seconds)).collect(),
        };
        let stages = vec![
            stage("dataset", false, &[], &[1.0, 2.0]),
            stage("train", false, &[0], &[10.0, 20.0, 30.0, 40.0]),
            stage("report", true, &[0, 1], &[5.0]),
        ];
        Run { stages, variants: 4, threads: 1, results_inodes: 0, variants_inodes: 0 }
    }

    #[test]
    fn what_is_shared_stays_shared_and_what_gathers_takes_all() {
        let tasks = tasks(&run(), 8, 0.5);
        let count = |stage| tasks.iter().filter(|task| task.stage == stage).count();
        assert_eq!([count(0), count(1), count(2)], [4, 8, 1]);
        // Each dataset goes to two trainings and to the report.
        assert!(tasks[..4].iter().all(|task| task.feeds.len() == 3));
        assert_eq!(tasks[3].feeds, [10, 11, 12]);
        assert_eq!(tasks[12].needs, 12);
    }

    #[test]
    fn every_mix_of_costs_is_that_of_the_run() {
        let tasks = tasks(&run(), 8, 0.5);
        let sum = |stage: usize| -> f64 {
            tasks.iter().filter(|task| task.stage == stage).map(|task| task.cost.seconds).sum()
        };
        for (stage, expected) in [6.0, 200.0, 7.0].into_iter().enumerate() {
            assert!((sum(stage) - expected).abs() < 1e-9, "{stage}: {}", sum(stage));
        }
    }
}

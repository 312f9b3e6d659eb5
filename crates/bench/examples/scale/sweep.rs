//! The jobs of a larger sweep: each makes some artifacts of a stage, one after the other.

use std::collections::BTreeSet;

use crate::measured::Stage;

/// Seconds that a job takes beside its artifacts.
const STARTUP: f64 = 2.0;
/// Seconds that an artifact takes beside its stage: it is looked for, checked, hashed and moved.
const COMMIT: f64 = 0.1;
/// Seconds that a stage which gathers takes for each variant.
const GATHER: f64 = 0.036;

/// A job of an array.
#[derive(Clone, Debug, Default)]
pub struct Job {
    pub gathers: bool,
    /// Seconds of its stages, one after the other.
    pub useful: f64,
    /// Seconds for which it has its core.
    pub held: f64,
    /// How many jobs make what it takes.
    pub needs: usize,
    /// Jobs that take what it makes, each after this one.
    pub feeds: Vec<usize>,
}

/// The jobs of a sweep of `variants` in the order of its plan, `batch` artifacts a job.
///
/// The sweep has more seeds than the run, within each depth: artifact i of n costs what the measured
/// artifact i·m/n of m did. A stage that was shared by several variants is shared by as many.
#[must_use]
pub fn jobs(stages: &[Stage], variants: usize, batch: usize) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    // First job and number of artifacts of each stage.
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (stage, count) in stages.iter().zip(artifacts(stages, variants)) {
        places.push((jobs.len(), count));
        for start in (0..count).step_by(batch) {
            let own = start..count.min(start + batch);
            let cost = |index: usize| stage.seconds[index * stage.seconds.len() / count];
            let gather = if stage.gathers { GATHER * variants as f64 } else { 0.0 };
            let useful = own.clone().map(cost).sum::<f64>() + gather;
            let mut needs: BTreeSet<usize> = BTreeSet::new();
            for &source in &stage.takes {
                let (first, sources) = places[source];
                let taken = if stage.gathers { 0..sources } else { own.clone() };
                needs.extend(taken.map(|index| first + index % sources / batch));
            }
            let next = jobs.len();
            for &need in &needs {
                jobs[need].feeds.push(next);
            }
            let held = STARTUP + COMMIT * own.len() as f64 + useful;
            let (gathers, needs) = (stage.gathers, needs.len());
            jobs.push(Job { gathers, useful, held, needs, feeds: Vec::new() });
        }
    }
    jobs
}

/// How many artifacts each stage makes for `variants`.
#[must_use]
pub fn artifacts(stages: &[Stage], variants: usize) -> Vec<usize> {
    let measured = stages.iter().map(|stage| stage.seconds.len()).max().unwrap_or(1);
    let of_variants = |count: usize| (variants * count).div_ceil(measured);
    let count = |of: &Stage| if of.gathers { 1 } else { of_variants(of.seconds.len()) };
    stages.iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_stays_shared_and_what_gathers_takes_all() {
        let stage = |gathers, takes: &[usize], seconds: &[f64]| Stage {
            gathers,
            takes: takes.iter().copied().collect(),
            seconds: seconds.to_vec(),
            ..Stage::default()
        };
        let stages = [
            stage(false, &[], &[1.0, 2.0]),
            stage(false, &[0], &[10.0, 20.0, 30.0, 40.0]),
            stage(true, &[0, 1], &[5.0]),
        ];
        let jobs = jobs(&stages, 8, 2);
        let useful: Vec<f64> = jobs.iter().map(|job| job.useful).collect();
        assert_eq!(useful, [2.0, 4.0, 20.0, 40.0, 60.0, 80.0, 5.0 + 8.0 * GATHER]);
        assert_eq!(jobs[0].feeds, [2, 4, 6], "two depths and the report");
        assert_eq!(jobs.iter().map(|job| job.needs).collect::<Vec<_>>(), [0, 0, 1, 1, 1, 1, 6]);
    }
}

//! A cluster that a whole sweep is submitted to at once, as a queue of events.
//!
//! The controller starts jobs whose needs are made in the order of the plan, some a second at most.
//! What a full queue does not take is submitted as others leave it, as `--follow` does that.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::sweep::Job;

/// What the sweep runs on.
#[derive(Clone, Copy, Debug)]
pub struct Cluster {
    /// Jobs that run side by side, on all nodes.
    pub slots: usize,
    /// Jobs that the controller starts a second.
    pub starts: f64,
    /// Jobs that the queue holds at most.
    pub queue: usize,
    /// Seconds for which it holds a job that is over.
    pub remembered: f64,
}

/// How the sweep went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Seconds from the first job to the last.
    pub makespan: f64,
    /// Seconds of idle slots by what they waited for.
    pub idle: BTreeMap<&'static str, f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The controller may start the next job.
    Start,
    Over(usize),
    /// The queue does not hold a job any more that is over.
    Forgotten,
}

/// Runs `jobs` on `cluster`.
#[must_use]
pub fn run(jobs: &[Job], cluster: Cluster) -> Outcome {
    let mut unmade: Vec<usize> = jobs.iter().map(|job| job.needs).collect();
    let mut ready: BTreeSet<usize> = (0..jobs.len()).filter(|&job| unmade[job] == 0).collect();
    let mut running = BTreeSet::new();
    let mut events = BinaryHeap::new();
    // Times are whole microseconds: these have one order.
    let (mut now, mut next_start) = (0, 0);
    // The first jobs of the plan are submitted, as many as the queue has taken.
    let mut submitted = cluster.queue;
    let mut outcome = Outcome::default();
    loop {
        let next = ready.first().copied();
        let has_place = running.len() < cluster.slots && now >= next_start;
        if let Some(job) = next.filter(|&job| job < submitted && has_place) {
            ready.remove(&job);
            running.insert(job);
            next_start = now + micros(1.0 / cluster.starts);
            events.push(Reverse((next_start, Event::Start)));
            events.push(Reverse((now + micros(jobs[job].held), Event::Over(job))));
            continue;
        }
        let waits_for = match next {
            Some(job) if job < submitted => "the controller",
            Some(_) => "the queue",
            None if running.last().is_some_and(|&job| jobs[job].gathers) => "the report",
            None if running.is_empty() => break,
            None => "the last jobs",
        };
        let Some(Reverse((time, event))) = events.pop() else { break };
        let idle = (cluster.slots - running.len()) as f64 * seconds(time - now);
        *outcome.idle.entry(waits_for).or_default() += idle;
        now = time;
        match event {
            Event::Start => {}
            Event::Forgotten => submitted += 1,
            Event::Over(job) => {
                running.remove(&job);
                let forgotten = now + micros(cluster.remembered);
                events.push(Reverse((forgotten, Event::Forgotten)));
                for &next in &jobs[job].feeds {
                    unmade[next] -= 1;
                    if unmade[next] == 0 {
                        ready.insert(next);
                    }
                }
            }
        }
    }
    outcome.makespan = seconds(now);
    outcome
}

fn micros(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: Cluster = Cluster { slots: 4, starts: 1e3, queue: 10_000, remembered: 300.0 };

    /// So many jobs of 100 s, and one of 50 s after each.
    fn chains(count: usize) -> Vec<Job> {
        let job = |held, needs, feeds| Job { held, needs, feeds, ..Job::default() };
        let first = (0..count).map(|i| job(100.0, 0, vec![count + i]));
        first.chain((0..count).map(|_| job(50.0, 1, Vec::new()))).collect()
    }

    #[test]
    fn what_follows_a_job_comes_after_all_jobs_of_the_array_before() {
        let makespan = |count| run(&chains(count), CLUSTER).makespan;
        assert!((makespan(1) - 150.0).abs() < 0.1);
        // Four run, then the fifth beside three of the second array, then one more after the fifth.
        assert!((makespan(5) - 250.0).abs() < 0.1);
        assert!((makespan(400) / (400.0 * 150.0 / 4.0) - 1.0).abs() < 0.01);
    }

    #[test]
    fn what_is_short_is_what_is_waited_for() {
        let wide = Cluster { slots: 400, ..CLUSTER };
        for (cluster, expected) in [
            (Cluster { starts: 0.5, ..wide }, "the controller"),
            (Cluster { queue: 40, ..wide }, "the queue"),
            (Cluster { slots: 8_000, ..CLUSTER }, "the last jobs"),
        ] {
            let outcome = run(&chains(400), cluster);
            let most = outcome.idle.iter().max_by(|a, b| a.1.total_cmp(b.1));
            assert_eq!(most.map(|(wait, _)| *wait), Some(expected));
            let all = 400.0 * 150.0 + outcome.idle.values().sum::<f64>();
            let slots = cluster.slots as f64;
            assert!((all - outcome.makespan * slots).abs() < 1e-6 * all, "{outcome:?}");
        }
    }
}

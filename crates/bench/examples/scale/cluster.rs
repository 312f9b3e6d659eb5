//! A cluster and the driver that submits to it, by a queue of events.
//!
//! The driver does what `pipeline` does: it takes tasks in their order, keeps a number of jobs waiting
//! or running, gathers those of a stage that come within a moment to an array, looks for what has
//! ended, reads it back, and goes on with what follows. The controller starts jobs in the order of
//! submission, a number of them a second at most.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use crate::sweep::Task;

/// Microseconds since the start: whole numbers have one order.
type Time = u64;

/// How long the driver waits for one more job of an array, and for how many times that in all.
const GATHER: (f64, u64) = (0.4, 10);
/// How often the driver looks for jobs that have ended, while some do.
const LOOK: f64 = 3.0;
/// For how long SLURM remembers a job that is over: its own default of MinJobAge.
const REMEMBERED: f64 = 300.0;

/// What the sweep runs on.
#[derive(Clone, Copy, Debug)]
pub struct Cluster {
    /// Jobs that run side by side, on all nodes.
    pub slots: usize,
    /// Seconds that a job holds its cores beside its stage.
    pub overhead: f64,
    /// Jobs that the controller starts a second.
    pub starts: f64,
    /// Jobs of an array at most.
    pub array: usize,
    /// Jobs that wait or run at a time at most.
    pub jobs: usize,
    /// Bytes a second that the driver reads back, checks and hashes.
    pub read: f64,
}

/// Why cores are idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// Jobs wait, but the controller starts no more a second.
    Controller,
    /// Tasks are ready, but as many jobs as allowed are in the queue.
    Jobs,
    /// The driver gathers an array, has not seen an end yet, or reads back.
    Driver,
    /// One stage takes what all others have made.
    Report,
    /// The last jobs run.
    LastJobs,
}

/// How the sweep went.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Seconds from the first task to the last.
    pub makespan: f64,
    /// Seconds that slots were held for.
    pub held: f64,
    /// Seconds of idle slots by what they waited for.
    pub idle: BTreeMap<Wait, f64>,
    /// Calls of sbatch.
    pub calls: usize,
    /// Jobs that SLURM knew of at a time, at most.
    pub known: usize,
    /// Arrays of which a job was followed at a time, at most.
    pub arrays: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A job is over, and its cores are free.
    Over(usize),
    /// The driver has seen it.
    Seen(usize),
    /// Its artifact is in the store.
    Made(usize),
    /// No more jobs are waited for that go into one array.
    Submit,
    /// The controller may start the next job.
    Start,
}

/// A sweep that is going on.
struct State<'t> {
    cluster: Cluster,
    tasks: &'t [Task],
    now: Time,
    events: BinaryHeap<Reverse<(Time, Event)>>,
    /// Inputs that each task still lacks.
    lacks: Vec<usize>,
    ready: BTreeSet<usize>,
    /// Jobs of the driver that wait or run, or whose end it has not dealt with.
    in_hand: usize,
    gathered: Vec<usize>,
    first_gathered: Time,
    submit_at: Time,
    queue: VecDeque<usize>,
    next_start: Time,
    /// Whether an event waits for it.
    start_is_due: bool,
    running: usize,
    /// Of those, ones that gather all variants.
    gathering: usize,
    over: VecDeque<Time>,
    reader_free: Time,
    /// For each task its array, and for each array the jobs that are followed.
    array_of: Vec<usize>,
    followed: Vec<usize>,
    arrays: usize,
    outcome: Outcome,
}

/// Runs `tasks` on `cluster`.
#[must_use]
pub fn run(tasks: &[Task], cluster: Cluster) -> Outcome {
    let lacks: Vec<usize> = tasks.iter().map(|task| task.needs).collect();
    let mut state = State {
        cluster,
        tasks,
        now: 0,
        events: BinaryHeap::new(),
        ready: (0..tasks.len()).filter(|&task| lacks[task] == 0).collect(),
        lacks,
        in_hand: 0,
        gathered: Vec::new(),
        first_gathered: 0,
        submit_at: 0,
        queue: VecDeque::new(),
        next_start: 0,
        start_is_due: false,
        running: 0,
        gathering: 0,
        over: VecDeque::new(),
        reader_free: 0,
        array_of: vec![0; tasks.len()],
        followed: Vec::new(),
        arrays: 0,
        outcome: Outcome::default(),
    };
    loop {
        state.take_ready();
        state.start_queued();
        let Some(Reverse((time, event))) = state.events.pop() else { break };
        state.wait_until(time);
        state.happen(event);
    }
    state.outcome.makespan = seconds(state.now);
    state.outcome
}

impl State<'_> {
    /// The driver takes tasks that have their inputs, while it may have more jobs.
    fn take_ready(&mut self) {
        while self.in_hand < self.cluster.jobs
            && let Some(task) = self.ready.pop_first()
        {
            self.in_hand += 1;
            if self.gathered.is_empty() {
                self.first_gathered = self.now;
            }
            self.gathered.push(task);
            let (pause, times) = (time(GATHER.0), GATHER.1);
            self.submit_at = (self.now + pause).min(self.first_gathered + pause * times);
            if self.gathered.len() >= self.cluster.array {
                self.submit_at = self.now;
            }
            self.at(self.submit_at, Event::Submit);
        }
    }

    /// The controller starts jobs while there are free cores and it may.
    fn start_queued(&mut self) {
        while self.running < self.cluster.slots && !self.queue.is_empty() {
            if self.now < self.next_start {
                if !self.start_is_due {
                    self.start_is_due = true;
                    self.at(self.next_start, Event::Start);
                }
                return;
            }
            let Some(task) = self.queue.pop_front() else { return };
            self.next_start = self.now + time(1.0 / self.cluster.starts);
            self.running += 1;
            self.gathering += usize::from(self.tasks[task].gathers);
            let held = self.cluster.overhead + self.tasks[task].cost.seconds;
            self.outcome.held += held;
            self.at(self.now + time(held), Event::Over(task));
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Start => self.start_is_due = false,
            // A job that came later has put it off.
            Event::Submit if self.now < self.submit_at => {}
            Event::Submit => self.submit(),
            Event::Over(task) => {
                self.running -= 1;
                self.gathering -= usize::from(self.tasks[task].gathers);
                self.over.push_back(self.now);
                self.at(self.now.next_multiple_of(time(LOOK)), Event::Seen(task));
            }
            Event::Seen(task) => {
                let read = self.tasks[task].cost.bytes as f64 / self.cluster.read;
                self.reader_free = self.reader_free.max(self.now) + time(read);
                self.at(self.reader_free, Event::Made(task));
            }
            Event::Made(task) => {
                self.in_hand -= 1;
                let followed = &mut self.followed[self.array_of[task]];
                *followed -= 1;
                self.arrays -= usize::from(*followed == 0);
                for &next in &self.tasks[task].feeds {
                    self.lacks[next] -= 1;
                    if self.lacks[next] == 0 {
                        self.ready.insert(next);
                    }
                }
            }
        }
    }

    /// Submits what was gathered: an array for each stage, in parts where there are many.
    fn submit(&mut self) {
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.sort_unstable();
        let tasks = self.tasks;
        for stage in gathered.chunk_by(|&a, &b| tasks[a].stage == tasks[b].stage) {
            for array in stage.chunks(self.cluster.array) {
                for &task in array {
                    self.array_of[task] = self.followed.len();
                }
                self.followed.push(array.len());
                self.arrays += 1;
                self.outcome.calls += 1;
                self.queue.extend(array);
            }
        }
        while self.over.front().is_some_and(|over| over + time(REMEMBERED) < self.now) {
            self.over.pop_front();
        }
        let known = self.queue.len() + self.running + self.over.len();
        self.outcome.known = self.outcome.known.max(known);
        self.outcome.arrays = self.outcome.arrays.max(self.arrays);
    }

    /// Goes on to `time`, and notes why cores were idle until then.
    fn wait_until(&mut self, time: Time) {
        let idle = (self.cluster.slots - self.running) as f64 * seconds(time - self.now);
        self.now = time;
        if idle > 0.0 {
            *self.outcome.idle.entry(self.reason()).or_default() += idle;
        }
    }

    fn reason(&self) -> Wait {
        if !self.queue.is_empty() {
            Wait::Controller
        } else if !self.ready.is_empty() {
            // What fills the places: jobs that run, or ended ones that the driver has not dealt with.
            if self.running >= self.in_hand - self.running { Wait::Jobs } else { Wait::Driver }
        } else if self.gathering > 0 {
            Wait::Report
        } else if self.in_hand > self.running {
            Wait::Driver
        } else {
            Wait::LastJobs
        }
    }

    fn at(&mut self, time: Time, event: Event) {
        self.events.push(Reverse((time, event)));
    }
}

fn time(seconds: f64) -> Time {
    (seconds * 1e6).round() as Time
}

fn seconds(time: Time) -> f64 {
    time as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::Cost;

    const CLUSTER: Cluster =
        Cluster { slots: 4, overhead: 0.0, starts: 1e3, array: 1001, jobs: 500, read: 1e12 };

    fn chains(count: usize) -> Vec<Task> {
        let task = |stage, seconds, needs, feeds| Task {
            stage,
            gathers: false,
            cost: Cost { seconds, peak_bytes: None, bytes: 0, inodes: 0 },
            needs,
            feeds,
        };
        let first = (0..count).map(|i| task(0, 100.0, 0, vec![count + i]));
        first.chain((0..count).map(|_| task(1, 50.0, 1, Vec::new()))).collect()
    }

    #[test]
    fn work_that_fills_the_cluster_takes_its_sum_over_the_slots() {
        let outcome = run(&chains(400), CLUSTER);
        let least = 400.0 * 150.0 / 4.0;
        assert!((outcome.held - 400.0 * 150.0).abs() < 1e-6);
        assert!(outcome.makespan >= least && outcome.makespan < least * 1.01, "{outcome:?}");
    }

    #[test]
    fn one_chain_takes_its_stages_and_what_the_driver_needs_between_them() {
        let outcome = run(&chains(1), CLUSTER);
        assert!(outcome.makespan > 150.0 && outcome.makespan < 150.0 + 2.0 * (LOOK + 0.5));
        assert_eq!(outcome.calls, 2);
    }

    #[test]
    fn idle_and_held_slots_are_all_there_are() {
        for (starts, jobs, read) in [(1e3, 500, 1e12), (0.1, 500, 1e12), (1e3, 2, 1e12)] {
            let cluster = Cluster { starts, jobs, read, ..CLUSTER };
            let outcome = run(&chains(50), cluster);
            let all = outcome.held + outcome.idle.values().sum::<f64>();
            assert!((all - outcome.makespan * 4.0).abs() < 1e-3 * all, "{outcome:?}");
        }
    }

    #[test]
    fn what_is_short_is_what_is_waited_for() {
        let most = |cluster: Cluster| {
            let idle = run(&chains(400), cluster).idle;
            idle.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(wait, _)| wait)
        };
        let wide = Cluster { slots: 400, ..CLUSTER };
        assert_eq!(most(Cluster { starts: 0.5, ..wide }), Some(Wait::Controller));
        assert_eq!(most(Cluster { jobs: 40, ..wide }), Some(Wait::Jobs));
        let tasks: Vec<Task> = chains(400);
        let bytes = |task: &Task| Task { cost: Cost { bytes: 100, ..task.cost }, ..task.clone() };
        let tasks: Vec<Task> = tasks.iter().map(bytes).collect();
        let idle = run(&tasks, Cluster { read: 50.0, jobs: 100, ..wide }).idle;
        assert!(idle[&Wait::Driver] > 0.5 * idle.values().sum::<f64>(), "{idle:?}");
        assert_eq!(most(Cluster { slots: 8_000, ..CLUSTER }), Some(Wait::LastJobs));
    }

    #[test]
    fn an_array_is_cut_where_it_is_too_long() {
        let cluster = Cluster { array: 100, slots: 400, ..CLUSTER };
        // Four parts of each stage: all jobs of a stage end within one look.
        assert_eq!(run(&chains(400), cluster).calls, 8);
    }
}

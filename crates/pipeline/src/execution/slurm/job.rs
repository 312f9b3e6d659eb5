//! The jobs of a plan: one for each task, and one for each piece of what is cut.

use std::collections::{BTreeMap, HashMap};
use std::mem::replace;
use std::time::Duration;

use artifact::Outline;
use stage::{Limits, Outlines, Part, PlanRequest};

use super::partition::{Ask, Partition, refusal};
use super::settings::Slurm;
use super::state::MORE_MEMORY;
use crate::execution::order::Order;
use crate::planning::{Feed, Plan, Task};
use crate::programs::Unusable;
use crate::project::Project;
use crate::reading::Cluster;
use crate::store::Store;
use crate::system::DEFAULT_MEMORY_BYTES;
use crate::text::Diagnostic;
use crate::text::quantity::{bytes, duration};

/// Memory of a stage beside what it says that it needs: the program itself, and a quarter.
const BESIDE: u64 = 256 << 20;
/// Part of its time in which a job ends its stage and notes how far it came, and the most of it.
const LAST_MOMENTS: (u32, Duration) = (20, Duration::from_mins(1));

/// A job that makes one artifact.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub order: Order,
    /// The task of the plan whose artifact it makes, or a piece of it.
    pub task: usize,
    /// Which variant of a sweep, and which piece, as people see it.
    pub shown: String,
    /// Jobs whose artifacts it takes, each before this one.
    pub needs: Vec<usize>,
    /// Those of them that it can go without, by port: it needs one of each port.
    pub dispensable: Vec<Vec<usize>>,
    /// Time that it may take.
    pub time: Option<Duration>,
    /// How many such jobs are one of the cluster, done one after the other.
    pub batch: usize,
    pub partition: Option<String>,
}

impl Job {
    /// Whether it makes a piece of an artifact.
    pub(super) fn is_piece(&self) -> bool {
        matches!(self.order.part, Part::Piece { .. })
    }

    /// Whether it gathers what exists of variants of which some may fail.
    pub(super) fn takes_what_exists(&self) -> bool {
        !self.dispensable.is_empty()
    }

    /// Whether it cannot do its work where `is_gone` says which jobs make nothing.
    pub(super) fn is_hopeless(&self, is_gone: impl Fn(usize) -> bool) -> bool {
        let is_needed = |need: &&usize| !self.dispensable.iter().flatten().any(|of| of == *need);
        self.needs.iter().filter(is_needed).any(|&need| is_gone(need))
            || self
                .dispensable
                .iter()
                .any(|needs| !needs.is_empty() && needs.iter().all(|&need| is_gone(need)))
    }

    /// What it asks `cluster` for, as people see it.
    pub(super) fn asked(&self, cluster: &Cluster) -> Vec<String> {
        let stage = match self.order.part {
            Part::Whole => self.order.stage.clone(),
            Part::Piece { of, .. } => format!("{}, in {of} pieces", self.order.stage),
            Part::Join { .. } => format!("{}, joined", self.order.stage),
        };
        let partition = self.partition.as_ref().or(cluster.partition.as_ref());
        vec![
            stage,
            self.order.limits.threads.to_string(),
            bytes(self.order.limits.memory_bytes),
            self.time.map_or_else(|| "-".to_owned(), duration),
            partition.map_or_else(|| "-".to_owned(), Clone::clone),
        ]
    }
}

/// Makes the jobs of a plan.
pub(super) struct Maker<'a> {
    slurm: &'a Slurm,
    project: &'a Project,
    plan: &'a Plan,
    partitions: &'a [Partition],
    jobs: Vec<Job>,
    /// The job of each task.
    of_task: Vec<usize>,
    /// What programs have said of parts, by what they were asked.
    answers: HashMap<String, Result<Option<u64>, Unusable>>,
    problems: Vec<Diagnostic>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        slurm: &'a Slurm,
        project: &'a Project,
        plan: &'a Plan,
        partitions: &'a [Partition],
    ) -> Self {
        Self {
            slurm,
            project,
            plan,
            partitions,
            jobs: Vec::new(),
            of_task: Vec::new(),
            answers: HashMap::new(),
            problems: Vec::new(),
        }
    }

    /// The jobs, each after those that it needs.
    ///
    /// # Errors
    /// Everything that the cluster could not do.
    pub(super) fn jobs(mut self) -> Result<Vec<Job>, Vec<Diagnostic>> {
        for index in 0..self.plan.tasks.len() {
            if let Err(Unusable { message, help }) = self.add(index) {
                let task = &self.plan.tasks[index];
                let message = format!("the stage `{}`: {message}", task.stage);
                self.problems.push(Diagnostic { location: task.location.clone(), message, help });
            }
            // The last one; of a task that the cluster could not do nobody asks.
            self.of_task.push(self.jobs.len().saturating_sub(1));
        }
        if self.problems.is_empty() { Ok(self.jobs) } else { Err(self.problems) }
    }

    /// Adds the job of a task, after those of its pieces.
    fn add(&mut self, index: usize) -> Result<(), Unusable> {
        let task = &self.plan.tasks[index];
        let pieces = task.resources.split.map_or(0, usize::from);
        let pieces = if pieces > 1 && task.is_selected { pieces } else { 0 };
        if pieces > 0 && !task.program.description.splits {
            let message = "its work cannot be cut into pieces".to_owned();
            let help = Some("take `split` out of its `resources:`".to_owned());
            return Err(Unusable { message, help });
        }
        let of = |feeds: &Vec<Feed>| feeds.iter().map(|feed| self.of_task[feed.task]).collect();
        let ports: Vec<(bool, Vec<usize>)> = task
            .inputs
            .iter()
            .map(|(port, feeds)| (task.program.takes_what_exists(port), of(feeds)))
            .collect();
        let needs: Vec<usize> = ports.iter().flat_map(|(_, needs)| needs).copied().collect();
        let dispensable: Vec<Vec<usize>> = ports
            .into_iter()
            .filter(|(is_partial, _)| *is_partial)
            .map(|(_, needs)| needs)
            .collect();
        let mut joined = Vec::new();
        for piece in 0..pieces {
            let part = Part::Piece { index: piece, of: pieces };
            joined.push(self.jobs.len());
            let job = self.job(index, part, needs.clone())?;
            self.jobs.push(Job { dispensable: dispensable.clone(), ..job });
        }
        let part = if pieces > 0 { Part::Join { of: pieces } } else { Part::Whole };
        let store = Store::of(self.project);
        let directories = joined.iter().map(|&piece| {
            let order = &self.jobs[piece].order;
            store.directory(order.kind, &order.key)
        });
        let directories = directories.collect();
        let mut job = self.job(index, part, [needs, joined].concat())?;
        job.order.pieces = directories;
        job.dispensable = dispensable;
        self.jobs.push(job);
        Ok(())
    }

    fn job(&mut self, index: usize, part: Part, needs: Vec<usize>) -> Result<Job, Unusable> {
        let task = &self.plan.tasks[index];
        let needed = match part {
            Part::Whole => task.memory_bytes,
            Part::Join { .. } => self.needed(task, part)?,
            // All pieces ask for the same, and not each of them is asked.
            Part::Piece { of, .. } => {
                let mut most = None;
                for index in [0, of / 2, of - 1] {
                    most = self.needed(task, Part::Piece { index, of })?.max(most);
                }
                most
            }
        };
        let limits = self.slurm.limits_of(task, needed);
        let time = task.resources.time.or(task.time_limit);
        if task.is_selected {
            self.check(task, needed, limits, time)?;
        }
        let within =
            time.map(|time| time.saturating_sub((time / LAST_MOMENTS.0).min(LAST_MOMENTS.1)));
        let mut order = Order::of(self.project, self.plan, task, limits, within);
        order.part = part;
        let mut shown = self.plan.sweep.shown(&task.point);
        if let Part::Piece { index, of } = part {
            let key = format!("{} piece {index} of {of}", order.key);
            let whole = replace(&mut order.key, blake3::hash(key.as_bytes()).to_hex().to_string());
            order.whole = Some(whole);
            order.log = self.project.jobs(&self.plan.name).join(task.log(&self.plan.sweep));
            order.log.set_extension(format!("{}-of-{of}.log", index + 1));
            let of_all = format!("{} of {of}", index + 1);
            shown = if shown.is_empty() { of_all } else { format!("{shown} {of_all}") };
        }
        let partition = task.resources.partition.clone();
        let batch = task.resources.batch.map_or(1, usize::from);
        let dispensable = Vec::new();
        Ok(Job { order, task: index, shown, needs, dispensable, time, batch, partition })
    }

    /// Finds why the cluster could not run a job of `task`.
    fn check(
        &self,
        task: &Task,
        needed: Option<u64>,
        limits: Limits,
        time: Option<Duration>,
    ) -> Result<(), Unusable> {
        if let Some(needed) = needed.filter(|needed| *needed > limits.memory_bytes) {
            let (needed, asked) = (bytes(needed), bytes(limits.memory_bytes));
            let message = format!("it would need {needed} of memory, and asks for {asked}");
            return Err(Unusable { message, help: Some(MORE_MEMORY.to_owned()) });
        }
        let partition = task.resources.partition.as_deref();
        let partition = partition.or(self.plan.cluster.partition.as_deref());
        let (cpus, memory_bytes) = (limits.threads as u64, limits.memory_bytes);
        let batch = task.resources.batch.unwrap_or(1);
        let time = time.map(|time| time * batch.into());
        let ask = Ask { partition, cpus, memory_bytes, time };
        let refused = refusal(&ask, self.partitions);
        refused.map_or(Ok(()), |(message, help)| Err(Unusable { message, help }))
    }

    /// Memory that `part` of a task needs, as its program says.
    fn needed(&mut self, task: &Task, part: Part) -> Result<Option<u64>, Unusable> {
        let outlines = |feeds: &Vec<Feed>| -> Vec<Outline> {
            feeds.iter().map(|feed| self.plan.tasks[feed.task].outline.clone()).collect()
        };
        let inputs: BTreeMap<String, Vec<Outline>> =
            task.inputs.iter().map(|(port, feeds)| (port.clone(), outlines(feeds))).collect();
        let memory_bytes = self.plan.limits.memory_bytes;
        let request = PlanRequest {
            contract: task.program.description.contract.clone(),
            parameters: task.parameters.clone(),
            inputs: Outlines::from(inputs),
            kinds: BTreeMap::new(),
            limits: Limits { threads: 1, memory_bytes },
            part,
        };
        // Parameters, outlines and limits are JSON already.
        let asked = serde_json::to_string(&request).unwrap_or_default();
        let asked = format!("{} {asked}", task.program.path.display());
        let project = self.project;
        let answer = self.answers.entry(asked).or_insert_with(|| {
            let plan = task.program.plan(&request, &project.root).map_err(|why| Unusable {
                message: format!("its program {}", why.message),
                ..why
            })?;
            match plan.problems.into_iter().next() {
                Some(problem) => Err(Unusable { message: problem.message, help: problem.hint }),
                None => Ok(plan.memory_bytes),
            }
        });
        answer.clone()
    }
}

impl Slurm {
    /// What a stage of `task` may use that says that it needs so much memory.
    fn limits_of(&self, task: &Task, needed: Option<u64>) -> Limits {
        let needed = needed.map(|needed| in_steps(needed + needed / 4 + BESIDE));
        let asked = task.resources.memory_bytes.or(self.memory_bytes);
        Limits {
            threads: task.resources.cpus.or(self.threads).unwrap_or(1).into(),
            memory_bytes: asked.or(needed).unwrap_or(DEFAULT_MEMORY_BYTES),
        }
    }
}

/// `bytes` rounded up, by an eighth at most where they are many: tasks that need much the same go into
/// one array then.
fn in_steps(bytes: u64) -> u64 {
    const SMALLEST: u64 = 256 << 20;
    bytes.next_multiple_of((bytes.next_power_of_two() / 16).max(SMALLEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_rounded_up_by_little() {
        let mib = |bytes: u64| in_steps(bytes << 20) >> 20;
        assert_eq!([1, 256, 300, 1000, 9000].map(mib), [256, 256, 512, 1024, 9216]);
    }
}

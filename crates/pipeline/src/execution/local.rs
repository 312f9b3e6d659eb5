//! On this machine: stages run side by side within its threads and memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, Scope};
use std::time::Duration;

use artifact::Manifest;
use stage::{Limits, StageError};

use super::executor::{Executor, Ran, counts, failure};
use super::order::{Again, Order, Outcome};
use super::partial::Settled;
use super::progress::{End, Progress};
use crate::error::{Failure, PipelineError};
use crate::planning::{Feed, Plan, Task};
use crate::project::Project;
use crate::run_folder::references;
use crate::store::{Made, Store, Watch, Work};
use crate::system::interrupt;
use crate::text::quantity::bytes;

/// How often artifacts that another driver makes are looked for, and interrupts.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the stages of a plan on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    /// Stages that run at a time, at most.
    pub jobs: usize,
    /// Whether tasks that do not need what failed are run all the same.
    pub keep_going: bool,
}

impl Default for Local {
    fn default() -> Self {
        Self { jobs: 1, keep_going: false }
    }
}

impl Local {
    /// Makes the artifacts of all tasks of `plan`, each unless it is there already.
    ///
    /// Side by side run as many tasks as this allows, within the threads and the memory of the plan.
    /// What another driver makes on the same store is waited for, and made here where that one dies.
    ///
    /// # Errors
    /// [`PipelineError::Stages`] where stages fail; [`PipelineError::Interrupted`]; others where the
    /// file system refuses.
    pub fn make(
        &self,
        project: &Project,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<Vec<Made>, PipelineError> {
        let _running = interrupt::Running::begin();
        // Before anything is looked for: what is found must not be thrown away meanwhile.
        references::note(project, &plan.name, plan.artifacts())?;
        let store = Store::of(project);
        let stored: Vec<Option<Manifest>> =
            plan.tasks.iter().map(|task| task.usable(&store)).collect();
        let counts = counts(plan, |task| stored[task].is_some());
        let (sender, receiver) = mpsc::channel();
        let run = Run {
            project,
            plan,
            options: self,
            progress,
            store: &store,
            counts,
            begun: BTreeSet::new(),
            waiting: (0..plan.tasks.len()).collect(),
            elsewhere: BTreeMap::new(),
            running: BTreeMap::new(),
            made: vec![None; plan.tasks.len()],
            lost: BTreeSet::new(),
            partial: BTreeSet::new(),
            retries: BTreeMap::new(),
            failures: Vec::new(),
            error: None,
        };
        thread::scope(|scope| run.finish(stored, scope, &sender, &receiver))
    }
}

impl Executor for Local {
    fn run(
        &self,
        project: &Project,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<Ran, PipelineError> {
        self.make(project, plan, progress).map(Ran::Made)
    }

    fn offer(&self, _project: &Project, plan: &Plan) -> Result<String, PipelineError> {
        let Limits { threads, memory_bytes } = plan.limits;
        Ok(format!("{threads} threads, {} of memory", bytes(memory_bytes)))
    }
}

/// How a task ended that ran in a thread of its own.
type Ended = (usize, Result<Outcome, PipelineError>);

/// A plan that is being run. Every task is waiting, elsewhere, running, made or lost.
struct Run<'a> {
    project: &'a Project,
    plan: &'a Plan,
    options: &'a Local,
    progress: &'a Progress,
    store: &'a Store,
    /// For each stage how many tasks it has, and how many of them were there.
    counts: BTreeMap<&'a str, (usize, usize)>,
    /// Stages of which a person has been told.
    begun: BTreeSet<&'a str>,
    waiting: BTreeSet<usize>,
    /// Tasks whose artifacts another driver makes.
    elsewhere: BTreeMap<usize, Watch>,
    /// What running tasks may use.
    running: BTreeMap<usize, Limits>,
    made: Vec<Option<Made>>,
    /// Tasks that failed, or whose inputs did.
    lost: BTreeSet<usize>,
    /// Tasks that went without some of their inputs: nothing else is made of what they make.
    partial: BTreeSet<usize>,
    /// How often tasks were tried again.
    retries: BTreeMap<usize, u32>,
    failures: Vec<Failure>,
    /// What ends the run beside failing stages.
    error: Option<PipelineError>,
}

impl<'a> Run<'a> {
    fn finish<'s>(
        mut self,
        mut stored: Vec<Option<Manifest>>,
        scope: &'s Scope<'s, 'a>,
        sender: &Sender<Ended>,
        ended: &Receiver<Ended>,
    ) -> Result<Vec<Made>, PipelineError>
    where
        'a: 's,
    {
        loop {
            self.start_what_can(&mut stored, scope, sender);
            let is_over = self.running.is_empty()
                && (self.is_ending() || (self.waiting.is_empty() && self.elsewhere.is_empty()));
            if is_over {
                break;
            }
            match ended.recv_timeout(LOOK) {
                Ok((task, outcome)) => self.end(task, outcome),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if interrupt::is_pending() {
            return Err(PipelineError::Interrupted);
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        let unmade = self.lost.len() + self.waiting.len() + self.elsewhere.len();
        if !self.failures.is_empty() {
            references::note_failed(self.project, &self.plan.name)?;
            let left_out = unmade - self.failures.len();
            return Err(PipelineError::Stages { failures: self.failures, left_out });
        }
        Ok(self.made.into_iter().flatten().collect())
    }

    /// Whether nothing new is to be started.
    fn is_ending(&self) -> bool {
        let has_failed = !self.failures.is_empty() && !self.options.keep_going;
        has_failed || self.error.is_some() || interrupt::is_pending()
    }

    /// Takes what is in the store, and starts what has its inputs and finds room.
    fn start_what_can<'s>(
        &mut self,
        stored: &mut [Option<Manifest>],
        scope: &'s Scope<'s, 'a>,
        sender: &Sender<Ended>,
    ) where
        'a: 's,
    {
        let mut next = 0;
        while let Some(&index) = self.waiting.range(next..).next() {
            next = index + 1;
            if self.is_ending() {
                return;
            }
            let task = &self.plan.tasks[index];
            if self.is_hopeless(task) {
                self.waiting.remove(&index);
                self.lost.insert(index);
                continue;
            }
            if let Some(manifest) = stored[index].take() {
                self.tell_of(task);
                self.error = self.store.clean(&task.key).err();
                self.reuse(index, manifest);
                continue;
            }
            if !self.has_inputs(index) {
                continue;
            }
            // A later task may find room, but the next one must not wait for ever.
            let Some(limits) = self.room_for(task) else { return };
            self.tell_of(task);
            match self.begin(index) {
                Ok(Some(begun)) => self.start(index, begun, limits, scope, sender),
                Ok(None) => {}
                Err(error) => self.error = Some(error),
            }
        }
        let elsewhere: Vec<usize> = self.elsewhere.keys().copied().collect();
        for index in elsewhere {
            let Some(limits) = self.room_for(&self.plan.tasks[index]) else { return };
            match self.begin(index) {
                Ok(Some(begun)) if !self.is_ending() => {
                    self.start(index, begun, limits, scope, sender);
                }
                Ok(_) => {}
                Err(error) => self.error = Some(error),
            }
        }
    }

    /// The order of a task, and a place to fulfil it in; `None` where what it makes is there by now,
    /// cannot be made, or is made by another driver.
    fn begin(&mut self, index: usize) -> Result<Option<(Order, Work)>, PipelineError> {
        let task = &self.plan.tasks[index];
        let was_elsewhere = self.elsewhere.remove(&index);
        let order = match self.settled(index) {
            Settled::All => self.planned(index),
            Settled::Partial(order) => {
                let name = format!("{}/{}", order.kind, order.key);
                let artifacts = self.plan.artifacts().chain([name]);
                references::note_more(self.project, &self.plan.name, artifacts)?;
                self.partial.insert(index);
                *order
            }
            Settled::Missing(_) => {
                self.waiting.remove(&index);
                self.lost.insert(index);
                return Ok(None);
            }
        };
        if let Some(manifest) = order.usable(self.store) {
            self.reuse(index, manifest);
            return Ok(None);
        }
        if let Some(error) = order.has_failed(self.store) {
            self.waiting.remove(&index);
            self.progress.failed_before(&task.stage, &self.plan.sweep.shown(&task.point));
            self.fail(index, error);
            return Ok(None);
        }
        let is_news = was_elsewhere.is_none();
        let mut watch = was_elsewhere.unwrap_or_default();
        let resumes = task.program.description.resumes;
        let Some(work) = self.store.begin(&order.key, resumes, &mut watch)? else {
            if is_news {
                self.progress.elsewhere(&task.stage, &self.plan.sweep.shown(&task.point));
            }
            self.waiting.remove(&index);
            self.elsewhere.insert(index, watch);
            return Ok(None);
        };
        // Another driver may have made it since it was looked for.
        if let Some(manifest) = order.usable(self.store) {
            work.discard()?;
            self.reuse(index, manifest);
            return Ok(None);
        }
        Ok(Some((order, work)))
    }

    /// What the store has of the inputs of a task.
    fn settled(&self, index: usize) -> Settled {
        let task = &self.plan.tasks[index];
        if !task.inputs.values().flatten().any(|feed| self.is_unfit(feed)) {
            return Settled::All;
        }
        self.planned(index).settled(self.store)
    }

    /// The order of a task with all its inputs.
    fn planned(&self, index: usize) -> Order {
        let task = &self.plan.tasks[index];
        Order::of(self.project, self.plan, task, self.plan.limits, task.time_limit)
    }

    /// Whether an input will not be there, or is made of some variants only.
    fn is_unfit(&self, feed: &Feed) -> bool {
        self.lost.contains(&feed.task) || self.partial.contains(&feed.task)
    }

    /// Whether a task lacks inputs that it cannot go without.
    fn is_hopeless(&self, task: &Task) -> bool {
        task.inputs.iter().any(|(port, feeds)| {
            let mut feeds = feeds.iter();
            if task.program.takes_what_exists(port) {
                feeds.len() > 0 && feeds.all(|feed| self.is_unfit(feed))
            } else {
                feeds.any(|feed| self.is_unfit(feed))
            }
        })
    }

    fn start<'s>(
        &mut self,
        index: usize,
        (order, work): (Order, Work),
        limits: Limits,
        scope: &'s Scope<'s, 'a>,
        sender: &Sender<Ended>,
    ) where
        'a: 's,
    {
        self.waiting.remove(&index);
        self.running.insert(index, limits);
        let task = &self.plan.tasks[index];
        let order = Order { limits, ..order };
        let variant = self.plan.sweep.shown(&task.point);
        let (project, store) = (self.project, self.store);
        let (progress, sender) = (self.progress, sender.clone());
        scope.spawn(move || {
            let mut line = progress.start(&task.stage, &variant);
            let listen = &mut |event: &_| line.show(event);
            let outcome = order.fulfil(&project.root, store, work, listen);
            line.end(match &outcome {
                Ok(Outcome::Made(..)) => End::Done,
                Ok(Outcome::Elsewhere) => End::Elsewhere,
                Ok(Outcome::Interrupted) => End::Interrupted,
                Ok(Outcome::Failed(..)) | Err(_) => End::Failed,
            });
            // The receiver outlives every thread of the scope.
            let _ = sender.send((index, outcome));
        });
    }

    fn end(&mut self, index: usize, outcome: Result<Outcome, PipelineError>) {
        self.running.remove(&index);
        match outcome {
            Ok(Outcome::Made(directory, manifest)) => {
                self.made[index] = Some(Made { directory, manifest: *manifest, reused: false });
            }
            Ok(Outcome::Elsewhere) => drop(self.elsewhere.insert(index, Watch::default())),
            Ok(Outcome::Failed(error, again)) if self.may_try_again(index, again) => {
                *self.retries.entry(index).or_default() += 1;
                let task = &self.plan.tasks[index];
                let variant = self.plan.sweep.shown(&task.point);
                self.progress.again(&task.stage, &variant, &error.message);
                self.waiting.insert(index);
            }
            Ok(Outcome::Failed(error, _)) => {
                if self.options.keep_going
                    && let Err(error) = self.planned(index).give_up(self.store, &error)
                {
                    self.error.get_or_insert(error);
                }
                self.fail(index, error);
            }
            Ok(Outcome::Interrupted) => drop(self.waiting.insert(index)),
            Err(error) => {
                self.lost.insert(index);
                self.error.get_or_insert(error);
            }
        }
    }

    fn fail(&mut self, index: usize, error: StageError) {
        self.lost.insert(index);
        self.failures.push(failure(self.project, self.plan, index, error));
    }

    /// Whether a task that failed in this way is to be tried once more.
    fn may_try_again(&self, index: usize, again: Again) -> bool {
        let allowed = again.allowed(self.plan.tasks[index].retries);
        self.retries.get(&index).copied().unwrap_or(0) < allowed && !self.is_ending()
    }

    fn reuse(&mut self, index: usize, manifest: Manifest) {
        let task = &self.plan.tasks[index];
        let is_only = self.counts[task.stage.as_str()].0 == 1;
        self.progress.reused(&task.stage, &self.plan.sweep.shown(&task.point), is_only);
        let directory = self.store.directory(manifest.kind, &manifest.key);
        self.waiting.remove(&index);
        self.made[index] = Some(Made { directory, manifest, reused: true });
    }

    fn has_inputs(&self, index: usize) -> bool {
        let mut feeds = self.plan.tasks[index].inputs.values().flatten();
        feeds.all(|feed| self.made[feed.task].is_some() || self.lost.contains(&feed.task))
    }

    /// What `task` may use now, or `None` where it must wait for a running one to end.
    ///
    /// Free threads are shared among the jobs that could still be started. A stage that does not say
    /// how much memory it needs is taken to need its share.
    fn room_for(&self, task: &Task) -> Option<Limits> {
        let all = self.plan.limits;
        let free_jobs = self.options.jobs.max(1).saturating_sub(self.running.len());
        let could_start = self.waiting.iter().filter(|&&index| self.has_inputs(index));
        let sharing = could_start.take(free_jobs).count().max(1);
        let taken: usize = self.running.values().map(|limits| limits.threads).sum();
        let threads = all.threads.saturating_sub(taken) / sharing;
        if self.running.is_empty() {
            return Some(Limits { threads: threads.max(1), memory_bytes: all.memory_bytes });
        }
        let share = all.memory_bytes / self.options.jobs.max(1) as u64;
        let needed = |task: &Task| task.memory_bytes.unwrap_or(share);
        let running = self.running.keys().map(|&index| needed(&self.plan.tasks[index]));
        let memory: u64 = running.chain([needed(task)]).sum();
        (free_jobs > 0 && threads > 0 && memory <= all.memory_bytes)
            .then_some(Limits { threads, memory_bytes: all.memory_bytes })
    }

    /// Says how many variants the stage of `task` has, once.
    fn tell_of(&mut self, task: &'a Task) {
        let (count, done) = self.counts[task.stage.as_str()];
        if self.begun.insert(&task.stage) && count > 1 {
            self.progress.variants(&task.stage, count, done);
        }
    }
}

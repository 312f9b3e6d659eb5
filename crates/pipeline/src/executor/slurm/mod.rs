//! Stage programs as jobs of a SLURM cluster, on a file system that its nodes share with this machine.
//!
//! Tasks of a stage that become ready together and ask for the same are one array, submitted by a
//! script that is kept. A job writes what it says into its folder within the work, `.work/KEY/job-…`:
//! `messages` and, at last, `end`. That folder is all that a later driver needs to follow the job.

mod cancel;
mod messages;
mod partition;
mod queue;
mod script;
mod state;
mod tools;

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use stage::{Limits, Message, ProgressEvent, StageError};

use self::messages::{End, Messages};
use self::partition::{Ask, refusal};
use self::queue::{Known, Means, Place, Queue};
use self::state::State;
use self::tools::Tools;
use super::local::{LONGEST_LOG, outcome};
use super::{Executed, Executor, Fault, Job};
use crate::cluster::Cluster;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::error::PipelineError;
use crate::interrupt;
use crate::machine::DEFAULT_MEMORY_BYTES;
use crate::plan::{Plan, Task};
use crate::project::Project;
use crate::quantity::{bytes, duration};

pub use cancel::cancel;

/// What the name of a job's folder begins with, within the work.
pub(crate) const WORK_PREFIX: &str = "job-";
/// Folder of the batch scripts within the results: no stage can have this name.
pub(crate) const SCRIPTS: &str = "logs/slurm.jobs";
/// How often each task looks whether it is its turn to do something.
const TURN: Duration = Duration::from_millis(200);
/// Memory of a stage beside what it says that it needs: the program itself, and a quarter.
const BESIDE: u64 = 256 << 20;
/// What is added to the number of a signal in the exit code of a shell.
const SIGNALS: i32 = 128;
/// Looks on end in which SLURM does not know a job before it is taken to be gone.
const LOOKS: u32 = 2;

/// How often a cluster is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long tasks are waited for that can go into one array.
    pub gather: Duration,
    /// First pause between two looks at the queue.
    pub look: Duration,
    /// Longest such pause.
    pub longest_look: Duration,
    /// First pause between two looks at the files of a job.
    pub read: Duration,
    /// Longest such pause.
    pub longest_read: Duration,
    /// How long files are waited for that a job has written which is over: network file systems
    /// show them late.
    pub grace: Duration,
}

/// Runs each job on a SLURM cluster, where it goes on when the driver ends.
#[derive(Debug)]
pub struct Slurm {
    run: String,
    cluster: Cluster,
    tools: Tools,
    scripts: PathBuf,
    largest_array: usize,
    threads: Option<u16>,
    memory_bytes: Option<u64>,
    pace: Pace,
    queue: Mutex<Queue>,
}

impl Default for Pace {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            gather: Duration::from_millis(400),
            look: seconds(3),
            longest_look: seconds(90),
            read: Duration::from_millis(500),
            longest_read: seconds(10),
            grace: seconds(60),
        }
    }
}

impl Slurm {
    /// The cluster that this machine submits to, for the stages of `plan`.
    ///
    /// A stage gets `threads` and `memory_bytes` where its `resources:` do not say what it needs.
    ///
    /// # Errors
    /// Where there is no SLURM, or a stage asks for what the cluster does not have.
    pub fn new(
        project: &Project,
        plan: &Plan,
        threads: Option<u16>,
        memory_bytes: Option<u64>,
        pace: Pace,
    ) -> Result<Self, PipelineError> {
        let tools = Tools::find(&project.search).map_err(missing)?;
        let refused = |message: String| PipelineError::Argument { message, help: None };
        let partitions = tools.partitions().map_err(refused)?;
        let scripts = project.results(&plan.name).join(SCRIPTS);
        for path in [&scripts, &project.store(), &project.root] {
            refuse_odd_path(path)?;
        }
        let slurm = Self {
            run: plan.name.clone(),
            cluster: plan.cluster.clone(),
            largest_array: tools.largest_array(),
            tools,
            scripts,
            threads,
            memory_bytes,
            queue: Mutex::new(Queue::new(&pace)),
            pace,
        };
        let problems: Vec<Diagnostic> = plan
            .tasks
            .iter()
            .filter(|task| task.is_selected)
            .filter_map(|task| {
                let (message, help) = slurm.problem(task, &partitions)?;
                let message = format!("the stage `{}`: {message}", task.stage);
                Some(Diagnostic { location: task.location.clone(), message, help })
            })
            .collect();
        if problems.is_empty() {
            Ok(slurm)
        } else {
            Err(PipelineError::Invalid(Diagnostics::new(problems)))
        }
    }

    /// Why the cluster could not run `task`.
    fn problem(
        &self,
        task: &Task,
        partitions: &[partition::Partition],
    ) -> Option<(String, Option<String>)> {
        let limits = self.limits_of(task);
        if let Some(needed) = task.memory_bytes.filter(|needed| *needed > limits.memory_bytes) {
            let (needed, asked) = (bytes(needed), bytes(limits.memory_bytes));
            let message = format!("it would need {needed} of memory, and asks for {asked}");
            return Some((message, Some("raise `memory` under `resources:`".to_owned())));
        }
        let partition = task.resources.partition.as_deref().or(self.cluster.partition.as_deref());
        let (cpus, memory_bytes) = (limits.threads as u64, limits.memory_bytes);
        refusal(&Ask { partition, cpus, memory_bytes, time: self.time_limit(task) }, partitions)
    }

    fn limits_of(&self, task: &Task) -> Limits {
        let needed = task.memory_bytes.map(|needed| needed + needed / 4 + BESIDE);
        let asked = task.resources.memory_bytes.or(self.memory_bytes);
        Limits {
            threads: task.resources.cpus.or(self.threads).unwrap_or(1).into(),
            memory_bytes: asked.or(needed).unwrap_or(DEFAULT_MEMORY_BYTES),
        }
    }

    fn means(&self) -> Means<'_> {
        Means {
            run: &self.run,
            cluster: &self.cluster,
            tools: &self.tools,
            scripts: &self.scripts,
            largest_array: self.largest_array,
            pace: &self.pace,
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Whoever has panicked has left a queue that can still be read.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has `job` submitted, alone or with others.
    fn submitted(&self, job: &Job<'_>) -> Result<Place, Fault> {
        let ticket = self.queue().put(job);
        loop {
            // Another task's turn at sbatch may take long: this one must hear an interrupt.
            if let Ok(mut queue) = self.queue.try_lock() {
                if !interrupt::is_pending() {
                    queue.submit_if_due(self.means());
                }
                if let Some(placed) = queue.placed(ticket) {
                    return Ok(placed?);
                }
                if interrupt::is_pending() {
                    queue.take_back(ticket);
                    return Err(Fault::Interrupted);
                }
            }
            thread::sleep(TURN.min(self.pace.gather));
        }
    }

    /// Follows `job`, which is at `place`, to its end.
    fn follow(
        &self,
        job: &Job<'_>,
        place: &Place,
        listen: &mut dyn FnMut(&ProgressEvent),
    ) -> Result<Executed, Fault> {
        let mut messages = Messages::of(&place.folder);
        let (mut pause, mut next) = (self.pace.read, Instant::now());
        let mut known = Known::default();
        // What was told of the queue, since when the job is over, and whether that was news.
        let (mut told, mut over, mut was_alive) = (None, None, false);
        // What has happened before this driver came is no reason to give up.
        let is_old = |was_alive: bool| job.attached.is_some() && !was_alive;
        loop {
            if interrupt::is_pending() {
                return Err(Fault::Left);
            }
            known = self.look(place).unwrap_or(known);
            was_alive |= known.is_alive();
            tell_of_queue(&known, &mut told, listen);
            if known.is_over() || Instant::now() >= next {
                next = Instant::now() + pause;
                pause = pause.mul_f64(1.25).min(self.pace.longest_read);
                let end = End::of(&place.folder);
                read(&mut messages, end, job, listen)
                    .inspect_err(|_| self.tools.cancel_one(&known.number, place.index))?;
                let has_failed = matches!(messages.last, Some(Message::Error(_)));
                if let Some(end) = end
                    && (end.code == 0 || has_failed || known.is_over())
                {
                    let result = result_of(job, &known, end, messages.last);
                    return result.map_err(|fault| {
                        if is_old(was_alive) && !has_failed { fault.lost() } else { fault }
                    });
                }
            }
            if known.is_over() {
                let since = *over.get_or_insert_with(Instant::now);
                let span = if is_old(was_alive) { self.pace.grace } else { since.elapsed() };
                if let Some(fault) = self.fault(job, &known, span) {
                    return Err(if is_old(was_alive) { fault.lost() } else { fault });
                }
            }
            thread::sleep(TURN);
        }
    }

    /// Takes this task's turn at what is to be done for all, unless another is at it, and gives what
    /// is known of its job.
    fn look(&self, place: &Place) -> Option<Known> {
        let mut queue = self.queue.try_lock().ok()?;
        queue.submit_if_due(self.means());
        queue.look_if_due(&self.tools, &self.pace);
        Some(queue.known(place))
    }

    /// How a job ended that is over since this `span`, and whose stage did not come to its end;
    /// `None` where its files may still appear.
    fn fault(&self, job: &Job<'_>, known: &Known, span: Duration) -> Option<Fault> {
        if let Some(fault) = known.state.as_ref().and_then(|state| fault_of(state, job)) {
            return Some(fault);
        }
        if span < self.pace.grace {
            return None;
        }
        Some(match known.state {
            Some(State::Ended) => {
                let message = "its job ended without running it to its end";
                Fault::Failed(StageError::new(message))
            }
            _ => Fault::Lost(StageError::new("the cluster does not know its job any more")),
        })
    }

    /// Adds what SLURM itself has said to the log of the stage.
    fn add_to_log(&self, job: &Job<'_>, place: &Place) {
        let said = fs::read(self.said(place)).unwrap_or_default();
        let log = fs::File::options().create(true).append(true).open(job.log);
        // Where this fails, what SLURM said stays where it is.
        if log.and_then(|mut log| log.write_all(&said)).is_ok() {
            let _ = fs::remove_file(self.said(place));
        }
    }

    /// The file with what SLURM itself says of a job.
    fn said(&self, place: &Place) -> PathBuf {
        self.scripts.join(format!("{}.{}.out", place.name, place.index))
    }
}

impl Executor for Slurm {
    fn execute(
        &self,
        job: &Job<'_>,
        listen: &mut dyn FnMut(&ProgressEvent),
    ) -> Result<Executed, Fault> {
        let place = match job.attached.and_then(Place::at) {
            Some(place) => {
                self.queue().follow(&place, &self.pace);
                place
            }
            None => self.submitted(job)?,
        };
        let result = self.follow(job, &place, listen);
        self.queue().leave(&place);
        if matches!(
            result,
            Err(Fault::Failed(_) | Fault::Cut(_) | Fault::Lost(_) | Fault::Cancelled(_))
        ) {
            self.add_to_log(job, &place);
        }
        let said = self.said(&place);
        if fs::metadata(&said).is_ok_and(|said| said.len() == 0) {
            // One file less where there is nothing to say; nothing is lost where it stays.
            let _ = fs::remove_file(said);
        }
        result
    }

    fn limits(&self, task: &Task) -> Option<Limits> {
        Some(self.limits_of(task))
    }

    fn time_limit(&self, task: &Task) -> Option<Duration> {
        task.resources.time.or(task.time_limit)
    }

    fn attaches(&self) -> bool {
        true
    }
}

impl Known {
    fn is_alive(&self) -> bool {
        self.state.as_ref().is_some_and(|state| !state.is_final()) && self.missed == 0
    }

    fn is_over(&self) -> bool {
        self.state.as_ref().is_some_and(State::is_final) || self.missed >= LOOKS
    }
}

impl Fault {
    /// The same as something that is worth trying again.
    fn lost(self) -> Self {
        match self {
            Self::Failed(error) | Self::Cut(error) | Self::Cancelled(error) => Self::Lost(error),
            other => other,
        }
    }
}

/// Reads what the stage has said and whether it keeps to what it may say.
fn read(
    messages: &mut Messages,
    end: Option<End>,
    job: &Job<'_>,
    listen: &mut dyn FnMut(&ProgressEvent),
) -> Result<(), StageError> {
    if end.is_some() {
        messages.finish(listen)?;
    } else {
        messages.tell(listen)?;
    }
    if fs::metadata(job.log).is_ok_and(|log| log.len() > LONGEST_LOG) {
        let limit = bytes(LONGEST_LOG);
        let message = format!("it was ended with more than {limit} on its standard error");
        return Err(StageError::new(message));
    }
    Ok(())
}

/// What a stage has made that came to its end.
fn result_of(
    job: &Job<'_>,
    known: &Known,
    end: End,
    last: Option<Message>,
) -> Result<Executed, Fault> {
    let has_said = end.code == 0 || matches!(last, Some(Message::Error(_)));
    let of_cluster = known.state.as_ref().filter(|_| !has_said);
    if let Some(fault) = of_cluster.and_then(|state| fault_of(state, job)) {
        return Err(fault);
    }
    let signal = end.code - SIGNALS;
    let raw = if signal > 0 { signal } else { end.code << 8 };
    let outline = outcome(ExitStatus::from_raw(raw), last)?;
    Ok(Executed { outline, wall_time: end.wall_time, peak_memory_bytes: None })
}

/// What the state of its job says of a stage that has said nothing itself.
fn fault_of(state: &State, job: &Job<'_>) -> Option<Fault> {
    let time = job.time_limit.map(duration);
    state.fault(&bytes(job.limits.memory_bytes), time.as_deref())
}

/// Tells `listen` where a job waits in the queue, and once when it does no longer.
fn tell_of_queue(known: &Known, told: &mut Option<String>, listen: &mut dyn FnMut(&ProgressEvent)) {
    let note = match (&known.state, known.reason.as_str()) {
        (Some(State::Pending), "") => "queued".to_owned(),
        (Some(State::Pending), reason) => format!("queued: {reason}"),
        _ if told.is_some() => String::new(),
        _ => return,
    };
    if told.as_ref() != Some(&note) {
        listen(&ProgressEvent { done: 0, total: 1, unit: "job".to_owned(), note: note.clone() });
        *told = Some(note);
    }
}

/// That there is no SLURM here.
fn missing(program: &str) -> PipelineError {
    PipelineError::Argument {
        message: format!("there is no program `{program}` on PATH, and so no SLURM to submit to"),
        help: Some(
            "call this on a machine that submits to the cluster; without `--executor slurm` stages run here"
                .to_owned(),
        ),
    }
}

/// Refuses a path that cannot stand in a batch script as it is.
fn refuse_odd_path(path: &Path) -> Result<(), PipelineError> {
    let shown = path.display().to_string();
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "%\\\"'".contains(c);
    if !shown.chars().any(is_odd) {
        return Ok(());
    }
    Err(PipelineError::Argument {
        message: format!("`{shown}` cannot stand in a batch script"),
        help: Some("take a path without spaces, quotes, `%` and `\\`".to_owned()),
    })
}

//! The jobs of this driver: gathered to arrays, submitted, and looked at in few calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, Instant, SystemTime};

use stage::StageError;

use super::script::Script;
use super::state::State;
use super::tools::Tools;
use super::{Pace, WORK_PREFIX};
use crate::cluster::Cluster;
use crate::executor::Job;

/// Where a job is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Name of its array.
    pub name: String,
    /// Which of the array.
    pub index: u32,
    /// Its folder within the work, with what it says.
    pub folder: PathBuf,
}

/// What tasks have in common that go into one array.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    stage: String,
    program: PathBuf,
    root: PathBuf,
    cpus: usize,
    memory_bytes: u64,
    time: Option<Duration>,
    partition: Option<String>,
}

/// A task that is to be submitted.
#[derive(Clone, Debug)]
struct Waiting {
    ticket: u64,
    class: Class,
    work: PathBuf,
    log: PathBuf,
}

/// What is known of a job.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// `None` before SLURM has told of it.
    pub state: Option<State>,
    /// Why it waits.
    pub reason: String,
    /// Number of its array.
    pub number: String,
    /// In how many looks on end SLURM did not know it.
    pub missed: u32,
}

/// All jobs of a driver.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    /// When the first and the last of them came.
    since: Option<(Instant, Instant)>,
    tickets: u64,
    placed: BTreeMap<u64, Result<Place, StageError>>,
    followed: BTreeMap<(String, u32), Known>,
    next_look: Instant,
    pause: Duration,
}

/// What submitting needs to know beside the jobs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means<'a> {
    /// Name of the pipeline.
    pub run: &'a str,
    pub cluster: &'a Cluster,
    pub tools: &'a Tools,
    /// Folder of the scripts.
    pub scripts: &'a Path,
    pub largest_array: usize,
    pub pace: &'a Pace,
}

impl Place {
    /// The place whose folder is `folder`, which an earlier driver has made.
    pub(super) fn at(folder: &Path) -> Option<Self> {
        let name = folder.file_name()?.to_str()?.strip_prefix(WORK_PREFIX)?;
        let (name, index) = name.rsplit_once('.')?;
        Some(Self { name: name.to_owned(), index: index.parse().ok()?, folder: folder.to_owned() })
    }

    fn within(work: &Path, name: &str, index: u32) -> Self {
        let folder = work.join(format!("{WORK_PREFIX}{name}.{index}"));
        Self { name: name.to_owned(), index, folder }
    }
}

impl Queue {
    pub(super) fn new(pace: &Pace) -> Self {
        Self {
            waiting: Vec::new(),
            since: None,
            tickets: 0,
            placed: BTreeMap::new(),
            followed: BTreeMap::new(),
            next_look: Instant::now(),
            pause: pace.look,
        }
    }

    /// Puts `job` among those to be submitted, and gives its ticket.
    pub(super) fn put(&mut self, job: &Job<'_>) -> u64 {
        self.tickets += 1;
        let class = Class {
            stage: job.stage.to_owned(),
            program: job.program.to_owned(),
            root: job.root.to_owned(),
            cpus: job.limits.threads,
            memory_bytes: job.limits.memory_bytes,
            time: job.time_limit,
            partition: job.partition.map(str::to_owned),
        };
        let (work, log) = (job.work.to_owned(), job.log.to_owned());
        self.waiting.push(Waiting { ticket: self.tickets, class, work, log });
        let now = Instant::now();
        self.since = Some((self.since.map_or(now, |(first, _)| first), now));
        self.tickets
    }

    /// Where the job with this ticket is, or why it could not be submitted; `None` before that.
    pub(super) fn placed(&mut self, ticket: u64) -> Option<Result<Place, StageError>> {
        self.placed.remove(&ticket)
    }

    /// Takes a job that was not submitted back.
    pub(super) fn take_back(&mut self, ticket: u64) {
        self.waiting.retain(|waiting| waiting.ticket != ticket);
    }

    /// Submits what waits, once no more has come for a moment: what becomes ready together goes
    /// together.
    pub(super) fn submit_if_due(&mut self, means: Means<'_>) {
        let Some((first, last)) = self.since else { return };
        let gather = means.pace.gather;
        let is_due = last.elapsed() >= gather
            || first.elapsed() >= gather * 10
            || self.waiting.len() >= means.largest_array;
        if !is_due {
            return;
        }
        self.since = None;
        let mut classes: BTreeMap<Class, Vec<Waiting>> = BTreeMap::new();
        for waiting in self.waiting.drain(..) {
            classes.entry(waiting.class.clone()).or_default().push(waiting);
        }
        for (class, tasks) in classes {
            for tasks in tasks.chunks(means.largest_array) {
                let submitted = submit(&class, tasks, means);
                for (index, task) in (0..).zip(tasks) {
                    let result = submitted.clone().map(|(name, number)| {
                        let known = Known { number, ..Known::default() };
                        self.followed.insert((name.clone(), index), known);
                        Place::within(&task.work, &name, index)
                    });
                    self.placed.insert(task.ticket, result);
                }
            }
        }
        self.look_soon(means.pace);
    }

    /// Follows a job that an earlier driver has submitted.
    pub(super) fn follow(&mut self, place: &Place, pace: &Pace) {
        self.followed.insert((place.name.clone(), place.index), Known::default());
        self.look_soon(pace);
    }

    /// Follows a job no longer.
    pub(super) fn leave(&mut self, place: &Place) {
        self.followed.remove(&(place.name.clone(), place.index));
    }

    /// What is known of a job.
    pub(super) fn known(&self, place: &Place) -> Known {
        self.followed.get(&(place.name.clone(), place.index)).cloned().unwrap_or_default()
    }

    /// Looks at all jobs where it is time: one call for the queue, and one for the accounts where
    /// the queue does not know all of them. The pause grows while nothing happens.
    pub(super) fn look_if_due(&mut self, tools: &Tools, pace: &Pace) {
        let names = self.unknown(|known| !known.state.as_ref().is_some_and(State::is_final));
        if names.is_empty() || Instant::now() < self.next_look {
            return;
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        // A controller that does not answer is asked again later: jobs run on without it.
        if let Ok(mut seen) = tools.queue(&names) {
            let told: BTreeSet<(String, u32)> =
                seen.iter().map(|seen| (seen.name.clone(), seen.index)).collect();
            let missing: BTreeSet<&str> = self
                .followed
                .iter()
                .filter(|(job, known)| {
                    !told.contains(*job) && !known.state.as_ref().is_some_and(State::is_final)
                })
                .map(|((name, _), _)| name.as_str())
                .collect();
            if !missing.is_empty() {
                let missing: Vec<&str> = missing.into_iter().collect();
                let of_accounts = tools.accounts(&missing).into_iter();
                // The queue knows better, for as long as it knows.
                seen.extend(
                    of_accounts.filter(|seen| !told.contains(&(seen.name.clone(), seen.index))),
                );
            }
            let mut is_news = false;
            for known in self.followed.values_mut() {
                known.missed += 1;
            }
            for seen in seen {
                if let Some(known) = self.followed.get_mut(&(seen.name, seen.index)) {
                    is_news |= known.state.as_ref() != Some(&seen.state);
                    let (state, missed) = (Some(seen.state), 0);
                    let (reason, number) = (seen.reason, seen.number);
                    *known = Known { state, reason, number, missed };
                }
            }
            if is_news {
                self.pause = pace.look;
            }
        }
        self.next_look = Instant::now() + self.pause;
        self.pause = self.pause.mul_f64(1.5).min(pace.longest_look);
    }

    /// Names of arrays with jobs of which this holds.
    fn unknown(&self, is_meant: impl Fn(&Known) -> bool) -> BTreeSet<String> {
        let jobs = self.followed.iter().filter(|(_, known)| is_meant(known));
        jobs.map(|((name, _), _)| name.clone()).collect()
    }

    fn look_soon(&mut self, pace: &Pace) {
        self.pause = pace.look;
        self.next_look = self.next_look.min(Instant::now() + pace.look);
    }
}

/// Submits `tasks` as one array, and gives its name and its number.
fn submit(
    class: &Class,
    tasks: &[Waiting],
    means: Means<'_>,
) -> Result<(String, String), StageError> {
    let name = format!("{}.{}.{}", means.run, class.stage, unique(&tasks[0].work));
    let path = means.scripts.join(format!("{name}.sh"));
    let script = Script {
        name: &name,
        program: &class.program,
        root: &class.root,
        path: &path,
        count: tasks.len(),
        cpus: class.cpus,
        memory_bytes: class.memory_bytes,
        time: class.time,
        partition: class.partition.as_deref(),
        cluster: means.cluster,
    };
    let line = |task: &Waiting| format!("{}\t{}\n", task.work.display(), task.log.display());
    let lines: String = tasks.iter().map(line).collect();
    fs::create_dir_all(means.scripts)?;
    fs::write(path.with_extension("tasks"), lines)?;
    fs::write(&path, script.text())?;
    // Before the jobs are there: should this driver die now, the next one looks for them.
    for (index, task) in (0..).zip(tasks) {
        fs::create_dir_all(Place::within(&task.work, &name, index).folder)?;
    }
    match means.tools.submit(&path) {
        Ok(number) => Ok((name, number)),
        Err(reason) => {
            Err(StageError::new(reason)
                .hint(format!("`sbatch {}` tries it by hand", path.display())))
        }
    }
}

/// Letters that no other array has.
fn unique(work: &Path) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let text = format!("{} {} {}", work.display(), process::id(), now.as_nanos());
    blake3::hash(text.as_bytes()).to_hex()[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_found_again_by_its_folder() {
        let place = Place::within(Path::new("/store/.work/77f1"), "lr-decay.train.1f00", 3);
        assert_eq!(place.folder, Path::new("/store/.work/77f1/job-lr-decay.train.1f00.3"));
        assert_eq!(Place::at(&place.folder), Some(place));
        assert_eq!(Place::at(Path::new("/store/.work/77f1/job-x")), None);
    }
}

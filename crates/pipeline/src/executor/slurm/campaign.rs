//! All jobs of a plan: which are made, which wait or run, and which are to be submitted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, SystemTime};

use artifact::Manifest;
use stage::{Part, StageError};

use super::arrays::{Candidate, Element, arrays};
use super::job::Job;
use super::note::Note;
use super::script::{Script, Work};
use super::state::{Seen, State};
use super::submitted::{Submitted, SubmittedArray};
use super::tasks::{self, Head};
use super::{SCRIPTS, Slurm, refused};
use crate::error::PipelineError;
use crate::executor::{Made, Ran, counts, failure};
use crate::failure::Failure;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::project::Project;
use crate::references;
use crate::store::{Store, jobs as notes};

/// The jobs of a plan and what is known of each.
pub(super) struct Campaign<'a> {
    pub slurm: &'a Slurm,
    pub project: &'a Project,
    pub plan: &'a Plan,
    pub progress: &'a Progress,
    pub store: Store,
    pub jobs: Vec<Job>,
    /// Of each job.
    pub states: Vec<JobState>,
    /// How often each was submitted anew.
    pub retries: Vec<u32>,
    /// Nodes on which a job was lost, and is not to run again.
    pub lost_on: Vec<BTreeSet<String>>,
    pub failures: Vec<Failure>,
    largest_array: usize,
    /// Jobs of each array that this driver has submitted, by its number.
    sizes: BTreeMap<String, usize>,
    pub arrays: Vec<SubmittedArray>,
    earlier: BTreeMap<String, usize>,
}

/// What is known of a job.
#[derive(Clone, Debug)]
pub(super) enum JobState {
    /// It makes a piece of what is made.
    Unneeded,
    /// It is to be submitted.
    Missing,
    /// It waits or runs.
    Placed(Placed),
    /// Its artifact is in the store.
    Made(Box<Made>),
    /// It has failed, or something that it needs has.
    Lost,
}

/// A job that was submitted.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub note: Note,
    /// Number of its array.
    pub number: String,
    /// `None` before SLURM has told of it.
    pub state: Option<State>,
    /// Why it waits, or has ended.
    pub reason: String,
    pub node: String,
    /// In how many looks on end SLURM did not know it.
    pub missed: u32,
}

/// What jobs have in common that go into one array.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    stage: String,
    is_piece: bool,
    /// Which piece, where the pieces of many artifacts are submitted together.
    piece: Option<usize>,
    cpus: usize,
    memory_bytes: u64,
    time: Option<Duration>,
    partition: Option<String>,
    starts_again: bool,
    not_on: BTreeSet<String>,
}

impl<'a> Campaign<'a> {
    /// The `jobs` of `plan`, with what is made of them and what waits or runs.
    ///
    /// # Errors
    /// Where the file system refuses, or SLURM does not say what it has.
    pub(super) fn new(
        slurm: &'a Slurm,
        project: &'a Project,
        plan: &'a Plan,
        progress: &'a Progress,
        jobs: Vec<Job>,
    ) -> Result<Self, PipelineError> {
        let pieces = jobs.iter().filter(|job| job.is_piece());
        let pieces = pieces.map(|job| format!("{}/{}", job.order.kind, job.order.key));
        // Before anything is looked for: what is found must not be thrown away meanwhile.
        references::note(project, plan, &pieces.collect::<Vec<_>>())?;
        let count = jobs.len();
        let mut campaign = Self {
            slurm,
            project,
            plan,
            progress,
            store: Store::of(project),
            jobs,
            states: vec![JobState::Missing; count],
            retries: vec![0; count],
            lost_on: vec![BTreeSet::new(); count],
            failures: Vec::new(),
            largest_array: slurm.tools.largest_array(),
            sizes: BTreeMap::new(),
            arrays: Vec::new(),
            earlier: BTreeMap::new(),
        };
        campaign.find_made()?;
        campaign.find_submitted()?;
        Ok(campaign)
    }

    /// Takes what is in the store.
    fn find_made(&mut self) -> Result<(), PipelineError> {
        for job in 0..self.jobs.len() {
            let order = &self.jobs[job].order;
            let found = if order.is_forced { None } else { self.found(job) };
            if let Some(made) = found {
                self.store.clean(&order.key)?;
                self.states[job] = JobState::Made(Box::new(made));
            }
        }
        for job in 0..self.jobs.len() {
            if matches!(self.states[job], JobState::Made(_)) && !self.jobs[job].is_piece() {
                for need in self.jobs[job].needs.clone() {
                    if self.jobs[need].is_piece() {
                        self.states[need] = JobState::Unneeded;
                    }
                }
            }
        }
        let made = |job: &JobState| matches!(job, JobState::Made(_));
        let mut is_made = vec![false; self.plan.tasks.len()];
        for (job, state) in self.jobs.iter().zip(&self.states).filter(|(job, _)| !job.is_piece()) {
            is_made[job.task] = made(state);
        }
        let counts = counts(self.plan, |task| is_made[task]);
        let mut begun = BTreeSet::new();
        for (index, task) in self.plan.tasks.iter().enumerate() {
            let (count, done) = counts[task.stage.as_str()];
            if count > 1 && begun.insert(&task.stage) {
                self.progress.variants(&task.stage, count, done);
            }
            if is_made[index] {
                let variant = self.plan.sweep.shown(&task.point);
                self.progress.reused(&task.stage, &variant, count == 1);
            }
        }
        Ok(())
    }

    /// What the store has of a job.
    pub(super) fn found(&self, job: usize) -> Option<Made> {
        let order = &self.jobs[job].order;
        let manifest: Manifest = self.store.find(order.kind, &order.key)?;
        let directory = self.store.directory(order.kind, &order.key);
        Some(Made { directory, manifest, reused: true })
    }

    /// Finds jobs that earlier calls have submitted and that wait or run.
    fn find_submitted(&mut self) -> Result<(), PipelineError> {
        let mut found: Vec<(usize, Note)> = Vec::new();
        for (job, state) in self.states.iter().enumerate() {
            if matches!(state, JobState::Missing) {
                let work = self.store.work(&self.jobs[job].order.key);
                found.extend(notes(&work).iter().filter_map(|note| Some((job, Note::at(note)?))));
            }
        }
        let names: BTreeSet<&str> = found.iter().map(|(_, note)| note.name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = names.into_iter().collect();
        let seen = self.slurm.tools.queue(&names).map_err(refused)?;
        let alive: BTreeMap<(&str, u32), _> = seen
            .iter()
            .filter(|seen| !seen.state.is_final())
            .map(|seen| ((seen.name.as_str(), seen.index), seen))
            .collect();
        for (job, note) in found {
            match alive.get(&(&*note.name, note.index)).copied() {
                // A job whose folder it is not: another call has submitted it twice.
                Some(_) if matches!(self.states[job], JobState::Placed(_)) => {}
                Some(seen) => {
                    let word = if seen.state == State::Running { "run" } else { "wait" };
                    *self.earlier.entry(word.to_owned()).or_default() += 1;
                    let mut placed = Placed::new(note, seen.number.clone());
                    placed.learn(seen.clone());
                    self.states[job] = JobState::Placed(placed);
                }
                None => {
                    if let Some(end) = note.read_end() {
                        let job = &self.jobs[job];
                        self.progress.again(&job.order.stage, &job.shown, &end.error.message);
                    }
                    note.remove();
                }
            }
        }
        Ok(())
    }

    /// Submits every job that is missing; those that sbatch refuses have failed, and what needs
    /// them is lost.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(super) fn submit(&mut self) -> Result<(), PipelineError> {
        loop {
            self.lose();
            let ready = |job: &usize| {
                let needs = self.jobs[*job].needs.iter().map(|&need| &self.states[need]);
                matches!(self.states[*job], JobState::Missing)
                    && needs.into_iter().all(|need| !matches!(need, JobState::Missing))
            };
            let ready: Vec<usize> = (0..self.jobs.len()).filter(ready).collect();
            if ready.is_empty() {
                return Ok(());
            }
            let mut classes: BTreeMap<Class, Vec<Candidate>> = BTreeMap::new();
            let cut = self.cut(&ready);
            for job in ready {
                let needs = self.waits_for(job);
                classes.entry(self.class(job, &cut)).or_default().push(Candidate { job, needs });
            }
            for (class, candidates) in classes {
                for array in arrays(&candidates, &self.sizes, self.largest_array) {
                    let after: Vec<String> = array.after.iter().map(ToString::to_string).collect();
                    self.submit_array(&class, &array.jobs, &after.join(","))?;
                }
            }
        }
    }

    /// Takes every job for lost that needs one that is.
    pub(super) fn lose(&mut self) {
        for job in 0..self.jobs.len() {
            let mut needs = self.jobs[job].needs.iter().map(|&need| &self.states[need]);
            if matches!(self.states[job], JobState::Missing)
                && needs.any(|need| matches!(need, JobState::Lost))
            {
                self.states[job] = JobState::Lost;
            }
        }
    }

    /// What a job has to wait for: what it needs, but for what that needs as well.
    fn waits_for(&self, job: usize) -> BTreeSet<Element> {
        let placed = |need: usize| match &self.states[need] {
            JobState::Placed(placed) => Some((placed.number.clone(), placed.note.index)),
            _ => None,
        };
        let needs = self.jobs[job].needs.iter().copied();
        let waited: Vec<usize> = needs.filter(|&need| placed(need).is_some()).collect();
        let implied: BTreeSet<usize> =
            waited.iter().flat_map(|&need| self.jobs[need].needs.iter().copied()).collect();
        waited.into_iter().filter(|need| !implied.contains(need)).filter_map(placed).collect()
    }

    /// Stages of which at least as many artifacts are cut as each has pieces: there an array has one
    /// piece of each artifact, and else all pieces of one.
    fn cut(&self, ready: &[usize]) -> BTreeSet<String> {
        let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut pieces = BTreeMap::new();
        for job in ready {
            if let Part::Piece { index, of } = self.jobs[*job].order.part {
                let stage = self.jobs[*job].order.stage.as_str();
                *firsts.entry(stage).or_default() += usize::from(index == 0);
                pieces.insert(stage, of);
            }
        }
        let many = firsts.into_iter().filter(|(stage, count)| *count >= pieces[stage]);
        many.map(|(stage, _)| stage.to_owned()).collect()
    }

    fn class(&self, job: usize, cut: &BTreeSet<String>) -> Class {
        let (of, order) = (&self.jobs[job], &self.jobs[job].order);
        let piece = match order.part {
            Part::Piece { index, .. } if cut.contains(&order.stage) => Some(index),
            _ => None,
        };
        Class {
            stage: order.stage.clone(),
            is_piece: of.is_piece(),
            piece,
            cpus: order.limits.threads,
            memory_bytes: order.limits.memory_bytes,
            time: of.time,
            partition: of.partition.clone(),
            starts_again: order.retries != Some(0),
            not_on: self.lost_on[job].clone(),
        }
    }

    /// Submits `jobs`, each with its index, as one array that waits for `after`.
    fn submit_array(
        &mut self,
        class: &Class,
        jobs: &[(u32, usize)],
        after: &str,
    ) -> Result<(), PipelineError> {
        let scripts = self.scripts();
        fs::create_dir_all(&scripts).map_err(PipelineError::io("creating", &scripts))?;
        let name = self.name(class, jobs);
        let path = scripts.join(format!("{name}.sh"));
        let head = Head::new(&self.project.root, &self.project.store());
        let orders = jobs.iter().map(|(index, job)| (*index, &self.jobs[*job].order));
        tasks::write(&path.with_extension("tasks"), &head, orders)?;
        let indices: Vec<u32> = jobs.iter().map(|(index, _)| *index).collect();
        let script = Script {
            name: &name,
            program: &self.slurm.program,
            root: &self.project.root,
            path: &path,
            work: Work::Artifacts {
                indices: &indices,
                at_a_time: self.slurm.at_a_time.filter(|most| *most < indices.len()),
            },
            cpus: class.cpus,
            memory_bytes: class.memory_bytes,
            time: class.time,
            partition: class.partition.as_deref(),
            starts_again: class.starts_again,
            after,
            cluster: &self.plan.cluster,
        };
        fs::write(&path, script.text()).map_err(PipelineError::io("writing", &path))?;
        // Before the jobs are there: should this driver die now, the next one looks for them.
        let note = |(index, job): &(u32, usize)| {
            Note::within(&self.store.work(&self.jobs[*job].order.key), &name, *index)
        };
        let notes: Vec<Note> = jobs.iter().map(note).collect();
        for note in &notes {
            note.create().map_err(PipelineError::io("noting a job in", &self.project.store()))?;
        }
        match self.slurm.tools.submit(&path, &options(class, after)) {
            Ok(number) => {
                self.sizes.insert(number.clone(), jobs.len());
                for ((_, job), note) in jobs.iter().zip(notes) {
                    self.states[*job] = JobState::Placed(Placed::new(note, number.clone()));
                }
                let (stage, jobs, is_piece) = (class.stage.clone(), jobs.len(), class.is_piece);
                self.arrays.push(SubmittedArray { stage, number, jobs, is_piece });
            }
            Err(reason) => {
                notes.iter().for_each(Note::remove);
                let error = StageError::new(reason)
                    .hint(format!("`sbatch {}` tries it by hand", path.display()));
                for (_, job) in jobs {
                    self.states[*job] = JobState::Lost;
                }
                if let Some((_, job)) = jobs.first() {
                    self.fail(*job, error);
                }
            }
        }
        Ok(())
    }

    /// Notes that a job has failed.
    pub(super) fn fail(&mut self, job: usize, error: StageError) {
        self.states[job] = JobState::Lost;
        let mut failure = failure(self.project, self.plan, self.jobs[job].task, error);
        failure.variant.clone_from(&self.jobs[job].shown);
        self.failures.push(failure);
    }

    /// The folder of the batch scripts.
    pub(super) fn scripts(&self) -> PathBuf {
        self.project.results(&self.plan.name).join(SCRIPTS)
    }

    /// The list of orders that a job is of.
    pub(super) fn list(&self, note: &Note) -> PathBuf {
        self.scripts().join(format!("{}.tasks", note.name))
    }

    /// The name of an array of such jobs.
    fn name(&self, class: &Class, jobs: &[(u32, usize)]) -> String {
        let key = jobs.first().map_or("", |(_, job)| &self.jobs[*job].order.key);
        let pieces = if class.is_piece { "-pieces" } else { "" };
        self.unique(&format!("{}{pieces}", class.stage), key)
    }

    /// A name that no other array has, for `what`, whose first job is about `key`.
    pub(super) fn unique(&self, what: &str, key: &str) -> String {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let text = format!("{key} {} {}", process::id(), now.as_nanos());
        let unique = &blake3::hash(text.as_bytes()).to_hex()[..12];
        format!("{}.{what}.{unique}", self.plan.name)
    }

    /// Leaves the jobs to themselves.
    ///
    /// # Errors
    /// Where some could not be submitted, or the file system refuses.
    pub(super) fn leave(mut self) -> Result<Ran, PipelineError> {
        self.check_failures()?;
        if self.placed().next().is_some() {
            self.submit_results()?;
        }
        let tasks = || self.jobs.iter().zip(&self.states).filter(|(job, _)| !job.is_piece());
        let made: Vec<Made> = tasks()
            .filter_map(|(_, state)| match state {
                JobState::Made(made) => Some((**made).clone()),
                _ => None,
            })
            .collect();
        if made.len() == self.plan.tasks.len() {
            return Ok(Ran::Made(made));
        }
        Ok(Ran::Left(Submitted {
            run: self.plan.name.clone(),
            artifacts: (self.plan.tasks.len(), made.len()),
            scripts: self.project.shown(&self.scripts()),
            arrays: self.arrays,
            earlier: self.earlier,
        }))
    }

    /// # Errors
    /// What has failed so far.
    pub(super) fn check_failures(&self) -> Result<(), PipelineError> {
        if self.failures.is_empty() {
            return Ok(());
        }
        let lost = self.states.iter().filter(|state| matches!(state, JobState::Lost)).count();
        let failures = self.failures.clone();
        Err(PipelineError::Stages { left_out: lost.saturating_sub(failures.len()), failures })
    }
}

impl Placed {
    fn new(note: Note, number: String) -> Self {
        let (reason, node) = (String::new(), String::new());
        Self { note, number, state: None, reason, node, missed: 0 }
    }

    /// Takes what SLURM has told. Whether that is news.
    pub(super) fn learn(&mut self, seen: Seen) -> bool {
        let is_news = self.state.as_ref() != Some(&seen.state);
        self.state = Some(seen.state);
        (self.reason, self.node, self.missed) = (seen.reason, seen.node, 0);
        is_news
    }
}

/// What sbatch is told beside the script: that alone stays true.
fn options(class: &Class, after: &str) -> Vec<String> {
    let mut options = Vec::new();
    if !after.is_empty() {
        options.push(format!("--dependency={after}"));
    }
    if !class.not_on.is_empty() {
        let nodes: Vec<&str> = class.not_on.iter().map(String::as_str).collect();
        options.push(format!("--exclude={}", nodes.join(",")));
    }
    options
}

/// The last lines that SLURM itself has said of a job, for its log.
pub(super) fn add_to_log(list: &Path, index: u32, log: &Path) {
    use std::io::Write;

    let said = fs::read(tasks::said(list, index)).unwrap_or_default();
    let file = fs::File::options().create(true).append(true).open(log);
    // Where this fails, what SLURM said stays where it is.
    if !said.is_empty() && file.and_then(|mut file| file.write_all(&said)).is_ok() {
        let _ = fs::remove_file(tasks::said(list, index));
    }
}

//! Submitting what is missing, in few calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process;
use std::time::{Duration, Instant, SystemTime};

use stage::{Part, StageError};

use super::arrays::{Candidate, Place, arrays};
use super::campaign::Campaign;
use super::note::Note;
use super::placed::{JobState, Placed};
use super::script::{Purpose, Script};
use super::tasks::{self, Head};
use crate::error::PipelineError;
use crate::execution::submitted::SubmittedArray;
use crate::store::remove;
use crate::system::interrupt;

/// Word of sbatch where a user or an account has as many jobs as it may, as in `AssocMaxSubmitJobLimit`:
/// fewer may be taken. What follows it names every limit that there is.
const LIMIT: &str = "SubmitJob";
/// Words where the cluster has as many as it keeps (it has waited for two minutes by then), or does not
/// answer: a job that it has taken all the same does no harm.
const BUSY: [&str; 5] = [
    "Resource temporarily unavailable",
    "temporarily unable to accept",
    "Unable to contact slurm controller",
    "Socket timed out",
    "Connection refused",
];

/// What sbatch answers.
#[derive(Debug)]
enum Answer {
    Taken,
    /// No more jobs are taken at present.
    Full {
        why: String,
        /// Whether that is a limit, which fewer may keep to.
        of_limit: bool,
    },
    Refused(StageError),
}

/// What jobs have in common that go into one array.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    /// The place of the stage in the plan: where not all jobs are taken at once, those before others are.
    place: usize,
    stage: String,
    is_piece: bool,
    /// Which piece, where the pieces of many artifacts are submitted together.
    piece: Option<usize>,
    cpus: usize,
    memory_bytes: u64,
    time: Option<Duration>,
    partition: Option<String>,
    starts_again: bool,
    /// How many of them a job of the array does, one after the other.
    batch: usize,
    not_on: BTreeSet<String>,
    /// Whether they gather what exists once all that they wait for has ended, well or not.
    takes_what_exists: bool,
}

impl Campaign<'_> {
    /// Submits every job that is missing, as far as the cluster takes them; those that sbatch refuses
    /// for another reason have failed, and what needs them is lost.
    ///
    /// # Errors
    /// Where the file system refuses; [`PipelineError::Interrupted`], and what was submitted goes on.
    pub(super) fn submit(&mut self) -> Result<(), PipelineError> {
        self.full = None;
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
            let mut classes: BTreeMap<Class, Vec<usize>> = BTreeMap::new();
            let cut = self.cut(&ready);
            for job in ready {
                classes.entry(self.class(job, &cut)).or_default().push(job);
            }
            for (class, jobs) in classes {
                let batches: Vec<&[usize]> = jobs.chunks(class.batch).collect();
                let candidate = |(job, batch): (usize, &&[usize])| Candidate {
                    job,
                    needs: batch.iter().flat_map(|&job| self.waits_for(job)).collect(),
                };
                let candidates: Vec<Candidate> =
                    batches.iter().enumerate().map(candidate).collect();
                for array in arrays(&candidates, &self.sizes, self.largest_array) {
                    if interrupt::is_pending() {
                        self.progress.left(self.placed().count());
                        return Err(PipelineError::Interrupted);
                    }
                    let after: Vec<String> = if class.takes_what_exists {
                        array.after.iter().map(|after| after.end().to_string()).collect()
                    } else {
                        array.after.iter().map(ToString::to_string).collect()
                    };
                    let elements =
                        array.jobs.iter().map(|(index, batch)| (*index, batches[*batch]));
                    let elements: Vec<(u32, &[usize])> = elements.collect();
                    self.submit_jobs(&class, &elements, &after.join(","))?;
                    if self.full.is_some() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// What a job has to wait for: what it needs, but for what that needs as well.
    fn waits_for(&self, job: usize) -> BTreeSet<Place> {
        let placed = |need: usize| match &self.states[need] {
            JobState::Placed(placed) => Some((placed.number.clone(), placed.note.index)),
            _ => None,
        };
        let needs = self.jobs[job].needs.iter().copied();
        let waited: Vec<usize> = needs.filter(|&need| placed(need).is_some()).collect();
        if self.jobs[job].takes_what_exists() {
            // One that is never begun ends before what it needs does.
            return waited.into_iter().filter_map(placed).collect();
        }
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
        let place = self.plan.stages.iter().position(|stage| stage.name == order.stage);
        Class {
            place: place.unwrap_or_default(),
            stage: order.stage.clone(),
            is_piece: of.is_piece(),
            piece,
            cpus: order.limits.threads,
            memory_bytes: order.limits.memory_bytes,
            time: of.time,
            partition: of.partition.clone(),
            starts_again: order.retries != Some(0),
            batch: of.batch,
            not_on: self.lost_on[job].clone(),
            takes_what_exists: of.takes_what_exists(),
        }
    }

    /// Submits `elements`, each an index and jobs that are done one after the other, as one array that
    /// waits for `after`, or as several where the cluster takes no more at once.
    fn submit_jobs(
        &mut self,
        class: &Class,
        mut elements: &[(u32, &[usize])],
        after: &str,
    ) -> Result<(), PipelineError> {
        let mut count = elements.len();
        while !elements.is_empty() {
            match self.submit_array(class, &elements[..count], after)? {
                Answer::Taken => {
                    elements = &elements[count..];
                    count = count.min(elements.len());
                }
                // Fewer may find room.
                Answer::Full { of_limit: true, .. } if count > 1 => count /= 2,
                // Perhaps not every other node will do.
                Answer::Refused(_) if !class.not_on.is_empty() => {
                    for &job in elements.iter().flat_map(|(_, jobs)| *jobs) {
                        self.lost_on[job].clear();
                    }
                    return Ok(());
                }
                Answer::Full { why, .. } => {
                    // An array of that size may never find room.
                    self.largest_array = (count / 2).max(1);
                    self.full = Some((why, Instant::now()));
                    return Ok(());
                }
                Answer::Refused(error) => {
                    let jobs = || elements.iter().flat_map(|(_, jobs)| *jobs);
                    for &job in jobs() {
                        self.states[job] = JobState::Lost;
                    }
                    if let Some(&first) = jobs().next() {
                        self.fail(first, error)?;
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Submits `elements` as one array.
    fn submit_array(
        &mut self,
        class: &Class,
        elements: &[(u32, &[usize])],
        after: &str,
    ) -> Result<Answer, PipelineError> {
        let scripts = self.scripts();
        fs::create_dir_all(&scripts).map_err(PipelineError::io("creating", &scripts))?;
        let jobs: Vec<(u32, usize)> = elements
            .iter()
            .flat_map(|(index, jobs)| jobs.iter().map(|job| (*index, *job)))
            .collect();
        let name = self.name(class, &jobs);
        let path = scripts.join(format!("{name}.sh"));
        let head = Head::new(&self.project.root, &self.project.store());
        let orders = jobs.iter().map(|(index, job)| (*index, &self.jobs[*job].order));
        tasks::write(&path.with_extension("tasks"), &head, orders)?;
        let indices: Vec<u32> = elements.iter().map(|(index, _)| *index).collect();
        let script = Script {
            name: &name,
            program: &self.slurm.program,
            root: &self.project.root,
            path: &path,
            purpose: Purpose::Artifacts {
                indices: &indices,
                at_a_time: self.slurm.at_a_time.filter(|most| *most < indices.len()),
            },
            cpus: class.cpus,
            memory_bytes: class.memory_bytes,
            time: class.time.map(|time| time * u32::try_from(class.batch).unwrap_or(1)),
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
        let options = options(class, after, &self.plan.cluster.lines);
        let reason = match self.slurm.tools.submit(&path, &options) {
            Ok(number) => {
                self.sizes.insert(number.clone(), elements.len());
                for ((_, job), note) in jobs.iter().zip(notes) {
                    self.states[*job] = JobState::Placed(Placed::new(note, number.clone()));
                }
                let (stage, jobs, is_piece) = (class.stage.clone(), elements.len(), class.is_piece);
                self.progress.submitted(&stage, &number, jobs);
                self.arrays.push(SubmittedArray { stage, number, jobs, is_piece });
                return Ok(Answer::Taken);
            }
            Err(reason) => reason,
        };
        notes.iter().for_each(Note::remove);
        let of_limit = reason.contains(LIMIT);
        if of_limit || BUSY.iter().any(|words| reason.contains(words)) {
            for path in [&path, &path.with_extension("tasks")] {
                remove(path)?;
            }
            return Ok(Answer::Full { why: reason, of_limit });
        }
        let hint = format!("`sbatch {}` tries it by hand", path.display());
        Ok(Answer::Refused(StageError::new(reason).hint(hint)))
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
}

/// What sbatch is told beside the script: that alone stays true.
fn options(class: &Class, after: &str, lines: &[String]) -> Vec<String> {
    let mut options = Vec::new();
    if !after.is_empty() {
        options.push(format!("--dependency={after}"));
    }
    if !class.not_on.is_empty() {
        // What stands here goes before what the script says, and so has to have that as well.
        let others = lines.iter().filter_map(|line| line.strip_prefix("--exclude="));
        let nodes: Vec<&str> = others.chain(class.not_on.iter().map(String::as_str)).collect();
        options.push(format!("--exclude={}", nodes.join(",")));
    }
    options
}

//! Following jobs to their end: the queue is asked for all of them at once, and only those that run are
//! looked at on the file system.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::campaign::{Campaign, add_to_log};
use super::ended::Ended;
use super::placed::{JobState, Placed};
use super::state::State;
use super::tally::Tally;
use crate::error::PipelineError;
use crate::execution::order::Again;
use crate::execution::progress::{End, Line};
use crate::store::Made;
use crate::system::interrupt;

/// How often an interrupt is looked for.
const TURN: Duration = Duration::from_millis(100);
/// Looks on end in which SLURM does not know a job before it is taken to be gone.
const LOOKS: u32 = 2;
/// Pauses between looks in which a cluster that takes no more jobs is left alone.
const LOOKS_WHERE_FULL: u32 = 10;
/// When something is looked at next, ever more seldom while nothing happens.
struct Turn {
    next: Instant,
    pause: Duration,
    first: Duration,
    longest: Duration,
}

impl Turn {
    fn new(first: Duration, longest: Duration) -> Self {
        Self { next: Instant::now(), pause: first, first, longest }
    }

    /// Whether it is due; then the next one comes later.
    fn is_due(&mut self) -> bool {
        let is_due = Instant::now() >= self.next;
        if is_due {
            self.next = Instant::now() + self.pause;
            self.pause = self.pause.mul_f64(1.5).min(self.longest);
        }
        is_due
    }

    /// Something has happened: more may follow.
    fn soon(&mut self) {
        self.pause = self.first;
        self.next = self.next.min(Instant::now() + self.pause);
    }
}

impl Campaign<'_> {
    /// Follows all jobs to their end, and submits anew what is worth trying again.
    ///
    /// # Errors
    /// [`PipelineError::Stages`] where stages fail; [`PipelineError::Interrupted`], and the jobs go on;
    /// others where the file system refuses.
    pub(super) fn follow(mut self) -> Result<Vec<Made>, PipelineError> {
        let pace = self.slurm.pace;
        let progress = self.progress;
        let mut look = Turn::new(pace.look, pace.longest_look);
        let mut read = Turn::new(pace.read, pace.longest_read);
        let mut lines: BTreeMap<usize, Line> = BTreeMap::new();
        // Since when jobs are over whose files are not there yet.
        let mut over: BTreeMap<usize, Instant> = BTreeMap::new();
        let mut tally = progress.tally();
        while self.placed().next().is_some() || self.full.is_some() {
            if interrupt::is_pending() {
                drop(tally);
                lines.into_values().for_each(Line::clear);
                self.progress.left(self.placed().count());
                return Err(PipelineError::Interrupted);
            }
            if look.is_due() && self.look() {
                look.soon();
                read.soon();
            }
            self.show_running(&mut lines, read.is_due());
            let has_news = self.end_jobs(&mut lines, &mut over)?;
            if has_news {
                look.soon();
            }
            // A cluster that takes no more is not asked at every end of a job.
            let is_full = |since: Instant| since.elapsed() < pace.look * LOOKS_WHERE_FULL;
            if self.full.as_ref().map_or(has_news, |(_, since)| !is_full(*since)) {
                self.submit()?;
            }
            let (text, stages) = self.tally();
            tally.show(&text, &stages);
            thread::sleep(TURN);
        }
        drop(tally);
        self.check_failures()?;
        let jobs = self.jobs.iter().zip(self.states).filter(|(job, _)| !job.is_piece());
        let made = jobs.filter_map(|(_, state)| match state {
            JobState::Made(made) => Some(*made),
            _ => None,
        });
        Ok(made.collect())
    }

    /// Looks at all jobs: one call for the queue, and one for the accounts where the queue does not
    /// know all of them. Whether something has changed.
    fn look(&mut self) -> bool {
        let unknown = |placed: &Placed| !placed.state.as_ref().is_some_and(State::is_final);
        let names: BTreeSet<String> = self
            .placed()
            .filter(|(_, placed)| unknown(placed))
            .map(|(_, placed)| placed.note.name.clone())
            .collect();
        if names.is_empty() {
            return false;
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let place = |placed: &Placed| (placed.note.name.clone(), placed.note.index);
        let unknown_places =
            self.placed().filter(|(_, placed)| unknown(placed)).map(|(_, placed)| place(placed));
        let places = unknown_places.collect();
        // A controller that does not answer is asked again later: jobs run on without it.
        let Ok(mut seen) = self.slurm.tools.look(&names, &places) else { return false };
        let mut is_news = false;
        for state in &mut self.states {
            let JobState::Placed(placed) = state else { continue };
            if !unknown(placed) {
                continue;
            }
            match seen.remove(&place(placed)) {
                Some(seen) => is_news |= placed.learn(seen),
                None => placed.missed += 1,
            }
        }
        is_news
    }

    /// Shows jobs that run, where `reads` with how far they are.
    fn show_running<'p>(&self, lines: &mut BTreeMap<usize, Line<'p>>, reads: bool)
    where
        Self: 'p,
    {
        for (job, placed) in self.placed() {
            if placed.state != Some(State::Running) {
                continue;
            }
            let of = &self.jobs[job];
            let event = if reads { placed.note.read_progress() } else { None };
            // Of a batch one is at work, and it is known by what it says.
            if of.batch > 1 && event.is_none() && !lines.contains_key(&job) {
                continue;
            }
            let line =
                lines.entry(job).or_insert_with(|| self.progress.start(&of.order.stage, &of.shown));
            if let Some(event) = event {
                line.show(&event);
            }
        }
    }

    /// Takes every job that is over for what it has become. Whether there was one.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn end_jobs(
        &mut self,
        lines: &mut BTreeMap<usize, Line<'_>>,
        over: &mut BTreeMap<usize, Instant>,
    ) -> Result<bool, PipelineError> {
        let is_over = |placed: &Placed| {
            placed.state.as_ref().is_some_and(State::is_final) || placed.missed >= LOOKS
        };
        let ended: Vec<usize> =
            self.placed().filter(|(_, placed)| is_over(placed)).map(|(job, _)| job).collect();
        let mut is_news = false;
        for job in ended {
            let JobState::Placed(placed) = self.states[job].clone() else { continue };
            let since = *over.entry(job).or_insert_with(Instant::now);
            // One that it needs, and whose end is not known yet, comes before it.
            let needs = self.jobs[job].needs.iter().map(|&need| &self.states[need]);
            let takes_what_exists = self.jobs[job].takes_what_exists();
            let waits = needs.into_iter().any(|need| match need {
                JobState::Placed(placed) => {
                    takes_what_exists || placed.state == Some(State::Completed)
                }
                JobState::Missing => takes_what_exists,
                _ => false,
            });
            let Some(ended) = self.ended(job, &placed, since.elapsed()).filter(|_| !waits) else {
                continue;
            };
            is_news = true;
            over.remove(&job);
            let line = lines.remove(&job);
            self.end_job(job, &placed, ended, line)?;
        }
        Ok(is_news)
    }

    /// Takes a job for what it has become.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn end_job(
        &mut self,
        job: usize,
        placed: &Placed,
        ended: Ended,
        line: Option<Line<'_>>,
    ) -> Result<(), PipelineError> {
        let of = &self.jobs[job];
        let (stage, shown) = (of.order.stage.clone(), of.shown.clone());
        let line = || line.unwrap_or_else(|| self.progress.start(&stage, &shown));
        match ended {
            Ended::Made(made) => {
                let seconds = made.manifest.wall_time_s;
                let span = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                line().end_after(End::Done, span);
                self.states[job] = JobState::Made(made);
            }
            Ended::Joined => {
                line().end(End::Done);
                self.states[job] = JobState::Unneeded;
            }
            Ended::Unbegun => {
                placed.note.remove();
                self.states[job] = JobState::Missing;
                self.mark_pieces(job, &JobState::Unneeded, &JobState::Missing);
                self.lose();
            }
            Ended::Failed(error, again) => {
                add_to_log(&self.list(&placed.note), placed.note.index, &of.order.log);
                if self.retries[job] < again.allowed(of.order.retries) {
                    line().end(End::Lost);
                    placed.note.remove();
                    self.retries[job] += 1;
                    if placed.state.is_some() {
                        self.avoid(job, &placed.node, again);
                    }
                    self.progress.again(&stage, &shown, &error.message);
                    self.states[job] = JobState::Missing;
                    self.mark_pieces(job, &JobState::Unneeded, &JobState::Missing);
                    // What goes without what failed is not to go without this.
                    let order = &self.jobs[job].order;
                    self.store.forget_failure(order.kind, &order.key)?;
                } else {
                    line().end(End::Failed);
                    self.fail(job, error)?;
                }
            }
        }
        Ok(())
    }

    /// Has a job run on another node than the one on which it was lost, where there is another.
    fn avoid(&mut self, job: usize, node: &str, again: Again) {
        let is_lost = again == Again::ByDefault && !node.is_empty();
        let partition = self.jobs[job].partition.as_ref().or(self.plan.cluster.partition.as_ref());
        let partition = partition.map(String::as_str);
        let nodes = || self.slurm.tools.nodes(partition).unwrap_or_default().len();
        if is_lost && nodes() > self.lost_on[job].len() + 1 {
            self.lost_on[job].insert(node.to_owned());
        }
    }

    /// How far each stage is whose jobs wait or run, and what they wait for but for each other: for
    /// people, and for programs.
    fn tally(&self) -> (String, Value) {
        let mut stages: Vec<Tally> = Vec::new();
        for (job, state) in self.jobs.iter().zip(&self.states) {
            let stage = job.order.stage.as_str();
            let at = stages.iter().position(|tally| tally.stage == stage);
            let at = at.unwrap_or_else(|| {
                stages.push(Tally::of(stage));
                stages.len() - 1
            });
            stages[at].add(state);
        }
        let of_stage = |tally: &Tally| (tally.stage.to_owned(), tally.value());
        let value: Map<String, Value> = stages.iter().map(of_stage).collect();
        let stages = stages.into_iter().filter(|tally| !tally.is_over());
        let mut parts: Vec<String> = stages.map(|tally| tally.to_string()).collect();
        if let Some((why, _)) = &self.full {
            parts.push(format!("the cluster takes no more at present: {why}"));
        }
        (parts.join(" · "), Value::Object(value))
    }
}

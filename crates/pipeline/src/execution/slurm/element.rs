//! What a job does on its node: one order of its list, unless the store has the artifact by now.

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use artifact::Manifest;
use stage::StageError;

use super::note::{End, Note};
use super::state::{MORE_MEMORY, MORE_TIME};
use super::tasks::{self, Head};
use super::tools::Tools;
use crate::error::PipelineError;
use crate::execution::order::{Again, Order, Outcome};
use crate::execution::partial::Settled;
use crate::execution::process::Limit;
use crate::project::Project;
use crate::store::{Entry, Store, Watch, Work};
use crate::system::interrupt;
use crate::text::quantity::duration;

/// How often a job looks whether another makes what it should make.
const LOOK: Duration = Duration::from_secs(2);
/// How long a job waits for its end that is to start anew.
const BEFORE_RESTART: Duration = Duration::from_mins(2);
/// How long inputs are waited for, which network file systems show late.
const GRACE: Duration = Duration::from_secs(90);

/// Fulfils the orders of the job `index` in the list `path`, one after the other. All artifacts are in
/// the store where the exit code is 0; else it is noted of each why it is not.
///
/// # Errors
/// Where the list cannot be read, the file system refuses, or the job is ended from outside.
pub(crate) fn fulfil(path: &Path, index: u32) -> Result<ExitCode, PipelineError> {
    let running = interrupt::Running::begin();
    let (head, orders) = tasks::read(path, index)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let store = Store::at(head.store.clone());
    let mut code = ExitCode::SUCCESS;
    for order in &orders {
        let note = Note::within(&store.work(&order.key), &name, index);
        let element = Element { order: order.clone(), head: &head, store: &store, note: &note };
        let end = match element.run() {
            Ok(None) => {
                note.remove();
                continue;
            }
            Ok(Some(end)) => end,
            Err(PipelineError::Interrupted) => return Err(PipelineError::Interrupted),
            Err(error) => End { error: StageError::new(told(&error)) },
        };
        code = ExitCode::FAILURE;
        // Nothing can be said where standard error is closed.
        let _ = writeln!(std::io::stderr(), "error: {}", end.error.message);
        note.write_end(&end).map_err(PipelineError::io("writing in", path))?;
    }
    drop(running);
    if code == ExitCode::SUCCESS {
        tasks::forget_silence(path, index);
    }
    Ok(code)
}

/// An order on its node.
struct Element<'a> {
    order: Order,
    head: &'a Head,
    store: &'a Store,
    note: &'a Note,
}

/// What has become of the wish to make an artifact.
enum Begun {
    Work(Work),
    /// Another driver has made it.
    There,
    /// Another driver makes it still.
    TooLate,
}

impl Element<'_> {
    /// Makes the artifact, and gives how it ended where it is not there then.
    fn run(mut self) -> Result<Option<End>, PipelineError> {
        let started = Instant::now();
        self.note.forget_end();
        if self.is_there() {
            self.remove_pieces();
            return Ok(None);
        }
        let end = match self.changed() {
            Some(error) => Some(error),
            None => self.settle()?,
        };
        if self.is_there() {
            return Ok(None);
        }
        let order = &self.order;
        let restarts = restarts();
        // A restart after its time had run out is one that was asked for.
        if restarts > Again::ByDefault.allowed(order.retries) {
            let message = format!("the cluster has lost its job {restarts} times");
            return Ok(Some(End { error: StageError::new(message) }));
        }
        if let Some(error) = end {
            if interrupt::is_pending() {
                return Err(PipelineError::Interrupted);
            }
            return Ok(Some(End { error }));
        }
        let asked = Again::WhereAsked.allowed(order.retries);
        let mut tried = 0;
        loop {
            let work = match self.begin(started)? {
                Begun::There => {
                    self.remove_pieces();
                    return Ok(None);
                }
                Begun::TooLate if starts_again_where(restarts < asked) => {
                    return Err(PipelineError::Interrupted);
                }
                Begun::TooLate => {
                    let message = "another run makes it, for longer than its job may wait";
                    return Ok(Some(End { error: StageError::new(message) }));
                }
                Begun::Work(work) => work,
            };
            let mut progress = self.note.progress();
            let listen = &mut |event: &_| progress.show(event);
            // The job has been there for a while: the cluster counts from its start.
            let left = |limit: Duration| limit.saturating_sub(started.elapsed());
            let attempt = Order { time_limit: order.time_limit.map(left), ..order.clone() };
            let outcome = attempt.fulfil(&self.head.root, self.store, work, listen)?;
            // A signal reaches the stage as well, which may end before this is noticed.
            if interrupt::is_pending() && !matches!(outcome, Outcome::Made(..)) {
                return Err(PipelineError::Interrupted);
            }
            match outcome {
                Outcome::Made(..) => {
                    self.remove_pieces();
                    return Ok(None);
                }
                Outcome::Elsewhere => {}
                Outcome::Interrupted => return Err(PipelineError::Interrupted),
                Outcome::Failed(_, Again::WithMore(Limit::Time)) => {
                    // There is no time left to try it again here.
                    if starts_again_where(restarts < asked) {
                        return Err(PipelineError::Interrupted);
                    }
                    let limit = order.time_limit.map(duration).unwrap_or_default();
                    let message = format!("it was ended after its time limit of {limit}");
                    return self.give_up(StageError::new(message).hint(MORE_TIME));
                }
                Outcome::Failed(error, again) if tried < again.allowed(order.retries) => {
                    tried += 1;
                    // Nothing can be said where standard error is closed.
                    let _ = writeln!(std::io::stderr(), "tried again: {}", error.message);
                }
                Outcome::Failed(error, Again::WithMore(Limit::Memory)) => {
                    return self.give_up(error.hint(MORE_MEMORY));
                }
                Outcome::Failed(error, _) => return self.give_up(error),
            }
        }
    }

    /// Whether the store has the artifact, and may have it, or what it is a piece of.
    fn is_there(&self) -> bool {
        let (order, is_stored) =
            (&self.order, |key: &String| self.store.find(self.order.kind, key).is_some());
        !order.is_forced && (is_stored(&order.key) || order.whole.as_ref().is_some_and(is_stored))
    }

    /// A place to make the artifact in, once no other driver makes it.
    fn begin(&self, started: Instant) -> Result<Begun, PipelineError> {
        let mut watch = Watch::default();
        loop {
            let resumes = self.order.program.resumes;
            let work = self.store.begin(&self.order.key, resumes, &mut watch)?;
            if self.is_there() {
                work.map_or(Ok(()), Work::finish)?;
                return Ok(Begun::There);
            }
            if let Some(work) = work {
                return Ok(Begun::Work(work));
            }
            if interrupt::is_pending() {
                return Err(PipelineError::Interrupted);
            }
            if self.order.time_limit.is_some_and(|limit| started.elapsed() >= limit) {
                return Ok(Begun::TooLate);
            }
            thread::sleep(LOOK);
        }
    }

    /// That a program or a file is not what it was when the job was submitted: the artifact would
    /// have another key.
    fn changed(&self) -> Option<StageError> {
        let order = &self.order;
        let program = (&order.program.path, &order.program.hash);
        let files = order.files.iter().map(|(path, hash)| (path, hash));
        let (path, error) =
            [program].into_iter().chain(files).find_map(
                |(path, hash)| match artifact::hash_file(&self.head.root.join(path)) {
                    Ok(found) if found == *hash => None,
                    Ok(_) => Some((path, "has changed since the job was submitted".to_owned())),
                    Err(error) => Some((path, format!("cannot be read: {error}"))),
                },
            )?;
        let message = format!("{} {error}", path.display());
        Some(StageError::new(message).hint("call again: what it makes has another key by now"))
    }

    /// Waits for what the order takes, and leaves out of it what has failed where it can go without:
    /// why that is not to be had.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn settle(&mut self) -> Result<Option<StageError>, PipelineError> {
        let started = Instant::now();
        let missing = loop {
            let pieces = || self.order.pieces.iter().find(|piece| Manifest::read(piece).is_err());
            let missing = match self.order.settled(self.store) {
                Settled::Missing(directory) => directory,
                Settled::Partial(order) => {
                    self.order = *order;
                    return Ok(None);
                }
                Settled::All => match pieces() {
                    Some(piece) => piece.clone(),
                    None => return Ok(None),
                },
            };
            if interrupt::is_pending() || self.is_there() {
                break missing;
            }
            if started.elapsed() < GRACE {
                thread::sleep(LOOK);
                continue;
            }
            // All that a job waits for which takes what exists has ended.
            let Some(open) = self.order.first_open(self.store, &missing) else { break missing };
            let error = StageError::new("its job ended without making it");
            let of = Order { kind: open.kind, key: open.key.clone(), ..self.order.clone() };
            of.give_up(self.store, &error)?;
        };
        let message = format!("its input {} is not there", missing.display());
        let hint = "call again: what makes it is submitted as well then";
        Ok(Some(StageError::new(message).hint(hint)))
    }

    /// How a job ends whose stage has failed, once that is noted.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn give_up(&self, error: StageError) -> Result<Option<End>, PipelineError> {
        self.order.give_up(self.store, &error)?;
        Ok(Some(End { error }))
    }

    /// Removes the pieces that were joined; what cannot be removed is left to `gc`.
    fn remove_pieces(&self) {
        for piece in self.order.pieces.iter().filter_map(|piece| Entry::at(piece)) {
            let _ = self.store.remove(&piece);
        }
    }
}

/// How often the cluster has started this job anew.
fn restarts() -> u32 {
    env::var("SLURM_RESTART_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Has this job start anew where it `may`, and waits for its end. Whether that could be had.
fn starts_again_where(may: bool) -> bool {
    if !may {
        return false;
    }
    let (array, index) = (env::var("SLURM_ARRAY_JOB_ID"), env::var("SLURM_ARRAY_TASK_ID"));
    let (Ok(array), Ok(index)) = (array, index) else { return false };
    let search = Project::at(Path::new("/")).search;
    let Ok(tools) = Tools::find(&search) else { return false };
    let could = tools.start_again(&format!("{array}_{index}")).is_ok();
    let started = Instant::now();
    // The signal comes at once, often before the answer.
    while could && started.elapsed() < BEFORE_RESTART && !interrupt::is_pending() {
        thread::sleep(LOOK);
    }
    could || interrupt::is_pending()
}

/// What an error says, without the word that it begins with.
fn told(error: &PipelineError) -> String {
    let text = error.to_string();
    text.strip_prefix("error: ").unwrap_or(&text).to_owned()
}

//! Stage programs as processes of this machine: request in, messages out, log aside.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use artifact::Outline;
use serde::{Deserialize, Serialize};
use stage::{Limits, Message, ProgressEvent, StageError};

use crate::programs::cannot_start;
use crate::system::{Ended, answer, end_group, end_with_this_thread, ended, interrupt, memory_of};
use crate::text::quantity::{bytes, duration};

/// Longest line of a stage that is still a message.
const LONGEST_LINE: u64 = 1 << 20;
/// Lines of a stage that wait to be read.
const LINES: usize = 256;
/// Longest log.
const LONGEST_LOG: u64 = 64 << 20;
/// How often a silent stage is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How often its limits are looked at.
const LOOK_AT_LIMITS: Duration = Duration::from_millis(200);
/// How long the last lines of a stage that has ended are waited for, on a busy machine.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Characters of a line that is no message that are shown.
const SHOWN_CHARACTERS: usize = 80;

/// One call of a stage program: `PROGRAM run REQUEST`, as a process of this machine that ends when
/// this one does, however that ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The program.
    pub program: &'a Path,
    /// The folder that it runs in.
    pub root: &'a Path,
    /// File with its request.
    pub request: &'a Path,
    /// File for its standard error, which is replaced.
    pub log: &'a Path,
    /// Threads and memory that it may use.
    pub limits: Limits,
    /// Time that it may take.
    pub time_limit: Option<Duration>,
}

/// A call that ended well.
#[derive(Clone, Debug)]
pub(crate) struct Executed {
    /// What the stage says of its output.
    pub outline: Outline,
    /// How long it ran.
    pub wall_time: Duration,
    /// Largest resident memory of its process, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

impl Executed {
    /// What is known of a call that failed after `wall_time` and has left an output of this `outline`.
    pub(crate) fn failed(outline: Outline, wall_time: Duration) -> Self {
        Self { outline, wall_time, peak_memory_bytes: None }
    }
}

/// How a call ended that was not done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The stage failed: it would do so again.
    Failed(StageError),
    /// It was ended from outside: what it has written so far is worth going on from.
    Cut(StageError),
    /// It took more than it may: the same holds.
    Exceeded(Limit, StageError),
    /// This process was interrupted, and has ended it.
    Interrupted,
}

/// What a stage may take only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Limit {
    Time,
    Memory,
}

impl From<StageError> for Fault {
    fn from(error: StageError) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Call<'_> {
    /// Runs the stage to its end, and tells `listen` of its progress.
    ///
    /// # Errors
    /// What the stage said, or how it ended without saying that it is done.
    pub(crate) fn run(&self, listen: &mut dyn FnMut(&ProgressEvent)) -> Result<Executed, Fault> {
        let log = File::create(self.log)
            .map_err(|error| StageError::new(format!("its log cannot be written: {error}")))?;
        let started = Instant::now();
        let mut command = Command::new(self.program);
        command
            .arg("run")
            .arg(self.request)
            .current_dir(self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // A group of its own: what it starts can be ended with it, and an interrupt from the
            // terminal reaches the driver alone.
            .process_group(0);
        end_with_this_thread(&mut command);
        let child = command.spawn().map_err(|error| {
            StageError::new(format!("its program {}", cannot_start(&error).message))
        })?;
        let mut running = Running { call: self, child, ended: None, started, looked: started };
        let mut last = None;
        let lines = lines(&mut running.child);
        while let Some(line) = running.next(&lines)? {
            match parse(&line)? {
                Message::Progress(event) => listen(&event),
                end => last = Some(end),
            }
        }
        let Ended { status, peak_memory_bytes } = running.wait()?;
        let outline = outcome(status, last)?;
        Ok(Executed { outline, wall_time: started.elapsed(), peak_memory_bytes })
    }
}

/// A child process that does not outlive our interest in it.
struct Running<'a> {
    call: &'a Call<'a>,
    child: Child,
    /// Set once: after that its number may be another process's.
    ended: Option<Ended>,
    started: Instant,
    /// When its limits were looked at last, or it was found to have ended.
    looked: Instant,
}

impl Running<'_> {
    /// The next line, `None` at the end.
    fn next(&mut self, lines: &Receiver<Vec<u8>>) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            self.look()?;
            match lines.recv_timeout(LOOK) {
                Ok(line) => return Ok(Some(line)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                // A process that it left behind, out of its group, may hold its output open.
                Err(RecvTimeoutError::Timeout)
                    if self.ended.is_some() && self.looked.elapsed() > LAST_WORDS =>
                {
                    return Ok(None);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Waits for its end.
    fn wait(&mut self) -> Result<Ended, Fault> {
        loop {
            self.look()?;
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
            // Its output is closed: it ends at once, or never.
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Sees whether it has ended, and whether it keeps to its limits.
    fn look(&mut self) -> Result<(), Fault> {
        if self.ended.is_some() {
            return Ok(());
        }
        self.ended = ended(self.child.id())?;
        if self.ended.is_some() {
            self.looked = Instant::now();
        }
        if interrupt::is_pending() {
            return Err(Fault::Interrupted);
        }
        if self.ended.is_none() && self.looked.elapsed() >= LOOK_AT_LIMITS {
            self.looked = Instant::now();
            self.check_limits()?;
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), Fault> {
        if let Some(limit) = self.call.time_limit.filter(|limit| self.started.elapsed() > *limit) {
            let error = format!("it was ended after its time limit of {}", duration(limit));
            let hint = "raise `time` under `limits:`; what it has saved is gone on from";
            return Err(Fault::Exceeded(Limit::Time, StageError::new(error).hint(hint)));
        }
        let (memory, limit) = (memory_of(self.child.id()), self.call.limits.memory_bytes);
        if let Some(memory) = memory.filter(|memory| *memory > limit) {
            let (memory, limit) = (bytes(memory), bytes(limit));
            let error = format!("it was ended with {memory} of memory where it may use {limit}");
            let hint = "use fewer samples or a smaller network, or allow more with `--memory`";
            return Err(Fault::Exceeded(Limit::Memory, StageError::new(error).hint(hint)));
        }
        if fs::metadata(self.call.log).is_ok_and(|log| log.len() > LONGEST_LOG) {
            let limit = bytes(LONGEST_LOG);
            let error = format!("it was ended with more than {limit} on its standard error");
            return Err(StageError::new(error).into());
        }
        Ok(())
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.ended.is_none() {
            end_group(self.child.id());
            // Nothing is left to be done where this fails.
            let _ = self.child.wait();
        }
    }
}

/// The lines of a child's standard output as they come.
fn lines(child: &mut Child) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(LINES);
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while let Ok(1..) = output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// The message in a line of a stage.
fn parse(line: &[u8]) -> Result<Message, StageError> {
    let text = String::from_utf8_lossy(line);
    let shown: String = text.trim_end().chars().take(SHOWN_CHARACTERS).collect();
    match answer::parse(&text) {
        Ok(message) => Ok(message),
        Err(answer::Fault::NoJson(_)) => {
            Err(StageError::new(format!("it printed a line that is no message: {shown}"))
            .hint("standard output is for messages in JSON; whatever else a stage has to say goes to standard error"))
        }
        Err(fault) => Err(StageError::new(format!("it printed a message that {fault}: {shown}"))),
    }
}

/// What a stage has made that ended with `status` and said this `last`.
fn outcome(status: ExitStatus, last: Option<Message>) -> Result<Outline, Fault> {
    match last {
        Some(Message::Error(error)) => Err(error.into()),
        Some(Message::Done { outline }) if status.success() => Ok(outline),
        _ if status.success() => {
            Err(StageError::new("it ended without an error, and without saying that it is done")
                .into())
        }
        _ => Err(end_without_words(status)),
    }
}

/// How a process ended that did not say why.
fn end_without_words(status: ExitStatus) -> Fault {
    match (status.signal(), status.code()) {
        (Some(libc::SIGKILL), _) => Fault::Cut(StageError::new("it was killed (signal 9)").hint(
            "the system does so where memory runs out: use fewer samples, or a smaller network",
        )),
        (Some(signal @ (libc::SIGTERM | libc::SIGHUP | libc::SIGINT)), _) => {
            Fault::Cut(StageError::new(format!("it was ended by signal {signal}")))
        }
        (Some(signal), _) => StageError::new(format!("it was ended by signal {signal}")).into(),
        (None, Some(code)) => {
            StageError::new(format!("it ended with exit code {code} without saying why")).into()
        }
        (None, None) => io::Error::other("it ended without saying how").into(),
    }
}

//! One run of a stage program: request in, messages out, log aside.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use artifact::Outline;
use stage::{Message, ProgressEvent, StageError};

use crate::machine::{Ended, ended};
use crate::program::cannot_start;

/// Longest line of a stage that is still a message.
const LONGEST_LINE: u64 = 1 << 20;
/// How often a silent stage is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Characters of a line that is no message that are shown.
const SHOWN_CHARACTERS: usize = 80;

/// A run that ended well.
#[derive(Debug)]
pub(crate) struct Executed {
    /// What the stage says of its output.
    pub outline: Outline,
    /// How long it ran.
    pub wall_time: Duration,
    /// Largest resident memory of its process, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

/// Runs `program run REQUEST` in `root` with its standard error going to `log`.
///
/// # Errors
/// The stage's own error, or how its process ended instead of saying one.
pub(crate) fn execute(
    program: &Path,
    root: &Path,
    request: &Path,
    log: File,
    mut progress: impl FnMut(&ProgressEvent),
) -> Result<Executed, StageError> {
    let started = Instant::now();
    let child = Command::new(program)
        .arg("run")
        .arg(request)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .map_err(|error| {
            StageError::new(format!("its program {}", cannot_start(&error).message))
        })?;
    let mut running = Running { child, ended: None };
    let mut last = None;
    let lines = lines(&mut running.child);
    while let Some(line) = running.next(&lines)? {
        match parse(&line)? {
            Message::Progress(event) => progress(&event),
            end => last = Some(end),
        }
    }
    let Ended { status, peak_memory_bytes } = running.wait()?;
    let outline = outcome(status, last)?;
    Ok(Executed { outline, wall_time: started.elapsed(), peak_memory_bytes })
}

/// A child process that does not outlive our interest in it.
struct Running {
    child: Child,
    /// Set once: after that its number may be another process's.
    ended: Option<Ended>,
}

impl Running {
    /// The next line, `None` at the end.
    fn next(&mut self, lines: &Receiver<Vec<u8>>) -> Result<Option<Vec<u8>>, StageError> {
        loop {
            if self.ended.is_none() {
                self.ended = ended(self.child.id(), false)?;
            }
            match lines.recv_timeout(LOOK) {
                Ok(line) => return Ok(Some(line)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                // A process that it left behind may hold its output open.
                Err(RecvTimeoutError::Timeout) if self.ended.is_some() => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Waits for its end.
    fn wait(&mut self) -> io::Result<Ended> {
        loop {
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
            self.ended = ended(self.child.id(), true)?;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            // Nothing is left to be done where these fail.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The lines of a child's standard output as they come.
fn lines(child: &mut Child) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
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

fn parse(line: &[u8]) -> Result<Message, StageError> {
    serde_json::from_slice(line).map_err(|_| {
        let text = String::from_utf8_lossy(line);
        let shown: String = text.trim_end().chars().take(SHOWN_CHARACTERS).collect();
        StageError::new(format!("it printed a line that is no message: {shown}"))
            .hint("standard output is for messages in JSON; whatever else a stage has to say goes to standard error")
    })
}

fn outcome(status: ExitStatus, last: Option<Message>) -> Result<Outline, StageError> {
    match last {
        Some(Message::Error(error)) => Err(error),
        Some(Message::Done { outline }) if status.success() => Ok(outline),
        _ if status.success() => {
            Err(StageError::new("it ended without an error, and without saying that it is done"))
        }
        _ => Err(end_without_words(status)),
    }
}

/// How a process ended that did not say why.
fn end_without_words(status: ExitStatus) -> StageError {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        const KILL: i32 = 9;
        match status.signal() {
            Some(KILL) => {
                return StageError::new("it was killed (signal 9)").hint(
                    "the system does so where memory runs out: use fewer samples, or a smaller network",
                );
            }
            Some(signal) => {
                return StageError::new(format!("it was ended by signal {signal}"));
            }
            None => {}
        }
    }
    match status.code() {
        Some(code) => StageError::new(format!("it ended with exit code {code} without saying why")),
        None => StageError::new("it ended without an exit code and without saying why"),
    }
}

//! What a job on another machine says, by way of files.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use stage::{Message, ProgressEvent, StageError};

use crate::executor::local::{LONGEST_LINE, parse};

/// The messages of a stage, as far as they have come.
#[derive(Debug)]
pub(super) struct Messages {
    path: PathBuf,
    /// How far the file has been read.
    read: u64,
    /// The beginning of a line that is not there to its end.
    line: Vec<u8>,
    /// What a stage says when it is done, or has failed.
    pub last: Option<Message>,
}

/// How a stage has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Its exit code, with 128 added to the signal that ended it.
    pub code: i32,
    pub wall_time: Duration,
}

impl Messages {
    /// The messages of the job with the folder `job`.
    pub(super) fn of(job: &Path) -> Self {
        Self { path: job.join("messages"), read: 0, line: Vec::new(), last: None }
    }

    /// Tells `listen` what has come since the last call; whether anything has.
    ///
    /// # Errors
    /// Where it is no message.
    pub(super) fn tell(
        &mut self,
        listen: &mut dyn FnMut(&ProgressEvent),
    ) -> Result<bool, StageError> {
        let news = match news(&self.path, self.read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            news => news?,
        };
        self.read += news.len() as u64;
        self.line.extend_from_slice(&news);
        let Some(end) = self.line.iter().rposition(|byte| *byte == b'\n') else {
            // What is that long is no message.
            return if self.line.len() as u64 > LONGEST_LINE {
                parse(&self.line).map(|_| false)
            } else {
                Ok(!news.is_empty())
            };
        };
        let rest = self.line.split_off(end + 1);
        let lines = std::mem::replace(&mut self.line, rest);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match parse(line)? {
                Message::Progress(event) => listen(&event),
                last => self.last = Some(last),
            }
        }
        Ok(!news.is_empty())
    }
}

impl Messages {
    /// Tells the rest of a stage that has ended; its last word is there then.
    ///
    /// # Errors
    /// Where it is no message.
    pub(super) fn finish(
        &mut self,
        listen: &mut dyn FnMut(&ProgressEvent),
    ) -> Result<(), StageError> {
        while self.tell(listen)? {}
        if !self.line.is_empty() {
            self.last = Some(parse(&std::mem::take(&mut self.line))?);
        }
        Ok(())
    }
}

/// What stands in the file `path` from `start`, a part of it where it is long.
fn news(path: &Path, start: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_LINE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl End {
    /// How the stage of the job with the folder `job` has ended; `None` while it has not.
    pub(super) fn of(job: &Path) -> Option<Self> {
        let text = fs::read_to_string(job.join("end")).ok()?;
        let (code, seconds) = text.trim().split_once(' ')?;
        let wall_time = Duration::from_secs(seconds.parse().ok()?);
        Some(Self { code: code.parse().ok()?, wall_time })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn messages_are_told_once_and_when_they_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut messages = Messages::of(folder.path());
        let mut told = Vec::new();
        let mut tell = |messages: &mut Messages| {
            messages.tell(&mut |event| told.push(event.done)).map_err(|error| error.message)
        };
        assert_eq!(tell(&mut messages), Ok(false));
        let mut file = File::create(folder.path().join("messages")).unwrap();
        let line = |done| {
            format!(
                "{{\"progress\":{{\"done\":{done},\"total\":3,\"unit\":\"step\",\"note\":\"\"}}}}\n"
            )
        };
        write!(file, "{}{}", line(1), &line(2)[..9]).unwrap();
        assert_eq!(tell(&mut messages), Ok(true));
        write!(file, "{}{}", &line(2)[9..], line(3)).unwrap();
        assert_eq!(tell(&mut messages), Ok(true));
        assert_eq!(tell(&mut messages), Ok(false));
        assert!(messages.last.is_none());
        writeln!(file, "{{\"done\":{{\"outline\":{{}}}}}}").unwrap();
        assert_eq!(tell(&mut messages), Ok(true));
        assert!(messages.last.is_some());
        writeln!(file, "garbage").unwrap();
        assert_eq!(
            tell(&mut messages),
            Err("it printed a line that is no message: garbage".into())
        );
        assert_eq!(told, [1, 2, 3]);
    }

    #[test]
    fn an_end_is_a_code_and_a_time() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(End::of(folder.path()), None);
        fs::write(folder.path().join("end"), "137 12\n").unwrap();
        let end = End { code: 137, wall_time: Duration::from_secs(12) };
        assert_eq!(End::of(folder.path()), Some(end));
    }
}

//! A Python program that is asked over JSON lines, each answer within a time limit.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::environment::last_words;
use crate::error::BenchError;

/// Longest answer: one line of JSON with a few numbers.
const LINE: u64 = 1 << 16;
/// How long a program may take to end once its input has.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often a program that should end is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A running program.
pub struct Process {
    child: Child,
    /// Gone once nothing more is asked.
    questions: Option<ChildStdin>,
    answers: Receiver<String>,
    /// What it writes to standard error.
    log: PathBuf,
    limit: Duration,
    /// Number of the last question; its answer has the same.
    asked: u64,
}

impl Process {
    /// Starts `command`, which answers each question within `limit`; standard error goes to `log`.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(command: &mut Command, log: PathBuf, limit: Duration) -> Result<Self, BenchError> {
        let errors = File::create(&log).map_err(BenchError::io("writing", &log))?;
        let program = PathBuf::from(command.get_program());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(BenchError::io("starting", &program))?;
        let questions = child.stdin.take();
        // One line at a time: a program that prints without end waits.
        let (send, answers) = sync_channel(0);
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || {
                let mut output = BufReader::new(output);
                loop {
                    let mut line = Vec::new();
                    let read = output.by_ref().take(LINE).read_until(b'\n', &mut line);
                    let line = String::from_utf8_lossy(&line).into_owned();
                    if !read.is_ok_and(|count| count > 0) || send.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { child, questions, answers, log, limit, asked: 0 })
    }

    /// The answer to `question`, an object, which is given a number.
    ///
    /// After an error the program is in an unknown state and should be dropped.
    ///
    /// # Errors
    /// [`BenchError::Late`] beyond the limit, [`BenchError::Missing`] where the program lacks a package,
    /// [`BenchError::Peer`] where it ends, answers with an error, or with anything but JSON.
    pub fn ask(&mut self, question: &Value) -> Result<Value, BenchError> {
        self.asked += 1;
        let mut question = question.clone();
        question["id"] = json!(self.asked);
        let told = self.questions.as_mut().map(|to| writeln!(to, "{question}"));
        if told.is_none_or(|told| told.is_err()) {
            return Err(self.ended());
        }
        let line = match self.answers.recv_timeout(self.limit) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Err(BenchError::Late { limit: self.limit }),
            Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
        };
        let answer = serde_json::from_str(&line).ok();
        let Some(answer) = answer.filter(|answer: &Value| answer["id"] == question["id"]) else {
            let shown: String = line.trim().chars().take(60).collect();
            return Err(failure(format!(
                "answered `{shown}`, which is not an answer of the protocol"
            )));
        };
        match (answer["error"].as_str(), answer["missing"].as_str()) {
            (Some(message), _) => Err(failure(message.to_owned())),
            (_, Some(message)) => Err(BenchError::Missing { message: message.to_owned() }),
            _ => Ok(answer),
        }
    }

    /// How the program ended, which it has or is about to.
    fn ended(&mut self) -> BenchError {
        drop(self.questions.take());
        match waited(&mut self.child, FAREWELL) {
            Some(status) => failure(ending(status, &self.log)),
            None => failure("closed its output but did not end".to_owned()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A program in order ends with its input.
        drop(self.questions.take());
        if waited(&mut self.child, FAREWELL).is_none() {
            end(&mut self.child);
        }
    }
}

/// How the child ended; none where it still runs after `limit`.
pub fn waited(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if start.elapsed() < limit => thread::sleep(LOOK),
            Ok(None) | Err(_) => return None,
        }
    }
}

/// Ends the child at once.
pub fn end(child: &mut Child) {
    // It may have ended by itself meanwhile.
    let _ = child.kill();
    let _ = child.wait();
}

/// In words how a program ended, and its last words in `log`.
pub fn ending(status: ExitStatus, log: &Path) -> String {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let how = match signal {
        Some(9) => "was killed (SIGKILL), as happens where memory runs out".to_owned(),
        Some(4) => "crashed on an instruction that this processor lacks (SIGILL)".to_owned(),
        Some(6) => "aborted (SIGABRT)".to_owned(),
        Some(11) => "crashed (SIGSEGV)".to_owned(),
        _ => format!("ended ({status})"),
    };
    last_words(log).map_or(how.clone(), |words| format!("{how}: {words}"))
}

fn failure(message: String) -> BenchError {
    BenchError::Peer { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a shell script answers to one question.
    fn asked(script: &str, limit: Duration) -> Result<Value, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut process =
            Process::start(&mut command, folder.path().join("log"), limit).expect("it starts");
        process.ask(&json!({ "do": "run" })).map_err(|error| error.to_string())
    }

    #[test]
    fn an_answer_is_read() {
        let answer = asked(r#"read q; echo '{"id": 1, "seconds": 2.5}'; cat"#, FAREWELL);
        assert_eq!(answer.map(|answer| answer["seconds"].as_f64()), Ok(Some(2.5)));
    }

    #[test]
    fn every_way_to_fail_has_words_of_its_own() {
        let said = |script| asked(script, FAREWELL).expect_err(script);
        assert_eq!(said(r#"read q; echo '{"id": 1, "error": "MemoryError: "}'"#), "MemoryError: ");
        assert_eq!(said(r#"read q; echo '{"id": 1, "missing": "no torch"}'"#), "no torch");
        let garbage = "answered `Hello`, which is not an answer of the protocol";
        assert_eq!(said("read q; echo Hello; cat"), garbage);
        // An answer to an earlier question is none to this one.
        assert!(said(r#"read q; echo '{"id": 0}'"#).starts_with("answered `{\"id\": 0}`"));
        assert_eq!(said("echo 'ERROR: oh' >&2; exit 3"), "ended (exit status: 3): ERROR: oh");
        assert_eq!(said("kill -KILL $$"), "was killed (SIGKILL), as happens where memory runs out");
        assert!(said("kill -SEGV $$").starts_with("crashed (SIGSEGV)"));
        assert!(said("exec 1>&-; cat > /dev/null").starts_with("ended (exit status: 0)"));
    }

    #[test]
    fn a_program_that_hangs_or_never_ends_a_line_is_given_up_and_killed() {
        let start = Instant::now();
        let limit = Duration::from_millis(300);
        let hang = asked("exec sleep 600", limit).expect_err("it hangs");
        assert_eq!(hang, "no answer within 0 s");
        let endless = asked("exec cat /dev/zero", FAREWELL).expect_err("it never ends a line");
        assert!(endless.starts_with("answered `"), "{endless}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}

//! A stage program: its bytes, and its answers to `describe` and `plan`.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stage::{Description, Message, Plan, PlanRequest};

use crate::schema::check_size;
use crate::store::Stamps;
use crate::system::answer::{self, Fault};
use crate::text::quantity::{bytes, duration};

/// Lines of a program's standard error that are worth repeating.
const LAST_LINES: usize = 5;
/// Bytes of an answer, and as many beside it on standard error.
const LONGEST_ANSWER: u64 = 4 << 20;
/// How long a program may take to answer; a plan may look at large files.
const LONGEST_WAIT: Duration = Duration::from_mins(2);
/// How often a program is looked at that has answered and not ended.
const LOOK: Duration = Duration::from_millis(1);
/// Characters of an answer that is no JSON that are shown.
const SHOWN_CHARACTERS: usize = 60;

/// A stage program and what it says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// BLAKE3 of its bytes.
    pub hash: String,
    /// Its answer to `describe`.
    pub description: Description,
}

/// Why a program cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// What is wrong; where it comes from [`Program`], to follow the program's name.
    pub message: String,
    /// What to do about it, or what else the program said.
    pub help: Option<String>,
}

impl From<String> for Unusable {
    fn from(message: String) -> Self {
        Self { message, help: None }
    }
}

impl Program {
    /// Asks the program at `path` what it is. It runs in `root`; its hash may be one of `stamps`.
    ///
    /// # Errors
    /// Where the program cannot be started or is no stage.
    pub(crate) fn describe(
        path: &Path,
        root: &Path,
        stamps: &mut Stamps,
    ) -> Result<Self, Unusable> {
        let hash =
            stamps.hash(&path.display().to_string(), path).map_err(|error| error.to_string())?;
        let output = call(path, root, &["describe".as_ref()], LONGEST_WAIT)?;
        Ok(Self { path: path.to_owned(), hash, description: description(&output)? })
    }

    /// Whether the port `name` takes all variants of a sweep at once.
    pub(crate) fn gathers(&self, name: &str) -> bool {
        self.description.inputs.iter().any(|port| port.many && port.name == name)
    }

    /// Whether the port `name` is content with the variants that exist where others have failed.
    pub(crate) fn takes_what_exists(&self, name: &str) -> bool {
        let mut ports = self.description.inputs.iter();
        ports.any(|port| port.many && port.partial && port.name == name)
    }

    /// Asks the program what it would do.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(crate) fn plan(&self, request: &PlanRequest, root: &Path) -> Result<Plan, Unusable> {
        let file = request_file(request).map_err(|error| format!("cannot be asked: {error}"))?;
        let arguments = ["plan".as_ref(), file.path().as_os_str()];
        let output = call(&self.path, root, &arguments, LONGEST_WAIT)?;
        answer(&output, "plan")
    }
}

/// A request in a file that goes when it is dropped.
fn request_file(request: &impl Serialize) -> io::Result<tempfile::NamedTempFile> {
    let file = tempfile::Builder::new().prefix("plan-").suffix(".json").tempfile()?;
    fs::write(file.path(), serde_json::to_vec(request)?)?;
    Ok(file)
}

/// What `program ARGUMENTS` answers, run in `root`, within `limit`.
fn call(
    path: &Path,
    root: &Path,
    arguments: &[&OsStr],
    limit: Duration,
) -> Result<Output, Unusable> {
    let child = Command::new(path)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(&error))?;
    output_of(child, limit).map_err(|message| {
        let question = arguments.first().map(|word| word.to_string_lossy()).unwrap_or_default();
        Unusable::from(format!("was asked to `{question}` and {message}"))
    })
}

/// What `child`, whose output is piped, says until its end, which is to come within `limit`.
///
/// # Errors
/// A sentence without its subject, where it does not end or says too much.
pub(crate) fn output_of(mut child: Child, limit: Duration) -> Result<Output, String> {
    let started = Instant::now();
    let (stdout, stderr) = (read(child.stdout.take()), read(child.stderr.take()));
    let result = wait(&mut child, &stdout, &stderr, started, limit);
    if result.is_err() {
        // Nothing is left to be done where these fail.
        let _ = child.kill();
        let _ = child.wait();
    }
    result
}

/// Reads a child's output to its end in the background, as far as an answer may be long.
fn read(output: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // An output that breaks off is what the program said.
        let _ = output.map(|output| output.take(LONGEST_ANSWER + 1).read_to_end(&mut bytes));
        let _ = sender.send(bytes);
    });
    receiver
}

/// Waits for the output of `child` and its end.
fn wait(
    child: &mut Child,
    stdout: &Receiver<Vec<u8>>,
    stderr: &Receiver<Vec<u8>>,
    started: Instant,
    limit: Duration,
) -> Result<Output, String> {
    let left = || limit.saturating_sub(started.elapsed());
    let late = || format!("did not answer within {}", duration(limit));
    let stdout = stdout.recv_timeout(left()).map_err(|_| late())?;
    if stdout.len() as u64 > LONGEST_ANSWER {
        return Err(format!("answers more than {}", bytes(LONGEST_ANSWER)));
    }
    let stderr = stderr.recv_timeout(left()).map_err(|_| late())?;
    loop {
        // It has closed its output, so that it ends now or never.
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(Output { status, stdout, stderr });
        }
        if left().is_zero() {
            return Err(late());
        }
        thread::sleep(LOOK);
    }
}

/// Why a program could not be started, to follow its name.
pub(crate) fn cannot_start(error: &io::Error) -> Unusable {
    /// ENOEXEC: a script without a `#!` line, or the program of another system.
    const NO_PROGRAM: i32 = 8;
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied => Some("`chmod +x` makes it executable"),
        _ if error.raw_os_error() == Some(NO_PROGRAM) => {
            Some("a script needs a first line such as `#!/usr/bin/env python3`")
        }
        _ => None,
    };
    Unusable { message: format!("cannot be started: {error}"), help: help.map(str::to_owned) }
}

/// The description that a program answered.
fn description(output: &Output) -> Result<Description, Unusable> {
    let value: serde_json::Value = answer(output, "describe")?;
    // The version first: a description of another major version may not even parse.
    let version = value["contract"].as_str().unwrap_or("none").to_owned();
    if !artifact::speaks(&version) {
        let ours = artifact::CONTRACT;
        return Err(Unusable::from(format!(
            "speaks version {version} of the contract; this driver speaks {ours}"
        )));
    }
    let description: Description = answer::from_value(value)
        .map_err(|fault| format!("gives an answer to `describe` that {fault}"))?;
    check_size(&description.parameters)
        .map_err(|problem| format!("answers `describe`, and its parameters {problem}"))?;
    Ok(description)
}

fn answer<T: DeserializeOwned>(output: &Output, question: &str) -> Result<T, Unusable> {
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = text.lines().rev().find_map(|line| serde_json::from_str(line).ok());
        if let Some(Message::Error(error)) = said {
            let message = format!("failed to answer `{question}`: {}", error.message);
            return Err(Unusable { message, help: error.hint });
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = errors.trim_end().lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n    ");
        let help = (!last.is_empty()).then(|| format!("it said:\n    {last}"));
        let message = format!("failed to answer `{question}` ({})", output.status);
        return Err(Unusable { message, help });
    }
    answer::parse(&text).map_err(|fault| {
        let message = match &fault {
            Fault::NoJson(_) => {
                let beginning: String = text.trim().chars().take(SHOWN_CHARACTERS).collect();
                let said = if beginning.is_empty() {
                    "nothing".to_owned()
                } else {
                    format!("`{beginning}`")
                };
                format!("answers `{question}` with {said}, which {fault}")
            }
            _ => format!("gives an answer to `{question}` that {fault}"),
        };
        Unusable { message, help: None }
    })
}

#[cfg(test)]
mod tests {
    use std::process::ExitStatus;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::schema::{Schema, fields, validate, with_defaults};

    fn sh(script: &str, limit: Duration) -> Result<Output, String> {
        let arguments = ["-c".as_ref(), script.as_ref()];
        call(Path::new("/bin/sh"), Path::new("/"), &arguments, limit).map_err(|why| why.message)
    }

    #[test]
    fn a_program_that_does_not_answer_is_not_waited_for() {
        let short = Duration::from_millis(200);
        for script in ["sleep 60", "exec >&- 2>&-; sleep 60", "sleep 60 & exit 0"] {
            let started = Instant::now();
            let error = sh(script, short).unwrap_err();
            assert!(error.ends_with("did not answer within 0.2 s"), "{script}: {error}");
            assert!(started.elapsed() < Duration::from_secs(20), "{script}");
        }
    }

    #[test]
    fn a_program_that_answers_without_end_is_cut_off() {
        let error = sh("yes", Duration::from_mins(1)).unwrap_err();
        assert!(error.ends_with("answers more than 4.00 MiB"), "{error}");
    }

    /// What the driver does with a description: everything that walks over its schema.
    fn take(answer: &[u8]) -> bool {
        let output =
            Output { status: ExitStatus::default(), stdout: answer.to_vec(), stderr: Vec::new() };
        let Ok(description) = description(&output) else { return false };
        let schema = Schema::new(&description.parameters);
        fields(schema);
        for value in [json!({}), json!({ "a": { "b": [1, "x", null] } }), json!([1])] {
            validate(schema, &with_defaults(schema, &value));
        }
        true
    }

    /// Schemas of all shapes, references that lead anywhere among them.
    fn schema() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!(true)),
            Just(json!(false)),
            Just(json!({})),
            "(object|array|string|null|number|integer|odd)".prop_map(|of| json!({ "type": of })),
            "(|/\\$defs/a|/\\$defs/b|/properties/a|/nowhere)"
                .prop_map(|path| json!({ "$ref": format!("#{path}") })),
            any::<f64>().prop_map(|least| json!({ "minimum": least, "default": least })),
            "[a-c]".prop_map(|word| json!({ "const": word })),
        ];
        leaf.prop_recursive(5, 40, 4, |inner| {
            let some = prop::collection::vec(inner.clone(), 0..4);
            prop_oneof![
                inner
                    .clone()
                    .prop_map(|of| json!({ "type": "array", "items": of, "default": [[]] })),
                some.clone().prop_map(|of| json!({ "anyOf": of })),
                some.clone().prop_map(|of| json!({ "oneOf": of, "default": {} })),
                some.clone().prop_map(|of| json!({ "allOf": of })),
                prop::collection::btree_map("[a-c]", inner.clone(), 0..3).prop_map(|of| {
                    let required: Vec<String> = of.keys().cloned().collect();
                    json!({ "type": "object", "properties": of, "required": required,
                            "additionalProperties": false })
                }),
                (inner.clone(), inner).prop_map(|(a, b)| json!({
                    "$ref": "#/$defs/a", "$defs": { "a": a, "b": b }, "properties": { "a": {} }
                })),
            ]
        })
    }

    fn described(parameters: &Value) -> Value {
        json!({ "contract": "1.0", "name": "x", "version": "1", "summary": "",
                "inputs": [{ "name": "a", "kind": "dataset" }], "output": "kernel", "tables": [],
                "parameters": parameters })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_a_description_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            take(&bytes);
        }

        #[test]
        fn any_schema_is_walked_over_to_its_end(parameters in schema()) {
            take(described(&parameters).to_string().as_bytes());
        }

        #[test]
        fn a_description_with_bytes_changed_is_one_or_an_error(
            parameters in schema(), changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6)
        ) {
            let mut bytes = described(&parameters).to_string().into_bytes();
            for (place, byte) in changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            take(&bytes);
        }

        #[test]
        fn any_bytes_are_a_request_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = serde_json::from_slice::<stage::RunRequest>(&bytes);
            let _ = serde_json::from_slice::<PlanRequest>(&bytes);
            let _ = serde_json::from_slice::<Message>(&bytes);
        }

        #[test]
        fn a_request_with_bytes_changed_is_one_or_an_error(
            changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..6)
        ) {
            let request = json!({ "contract": "1.0", "stage": "x", "parameters": { "a": [1, 2.5, null] },
                "inputs": { "dataset": [{ "directory": "/a", "axes": { "decay": 0.5, "seed": 2 } }] },
                "output": "/b", "seed": 3, "limits": { "threads": 2, "memory_bytes": 8 } });
            let mut bytes = request.to_string().into_bytes();
            prop_assert!(serde_json::from_slice::<stage::RunRequest>(&bytes).is_ok());
            for (place, byte) in changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            let _ = serde_json::from_slice::<stage::RunRequest>(&bytes);
        }
    }

    #[test]
    fn a_right_description_is_taken() {
        assert!(take(described(&json!({ "type": "object" })).to_string().as_bytes()));
        assert!(!take(described(&json!({ "items": { "$ref": "#" } })).to_string().as_bytes()));
    }
}

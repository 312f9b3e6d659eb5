//! The peers: a Python program that is started once and asked to work, over JSON lines.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::rc::Rc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::case::{Case, Work};
use crate::contender::Contender;
use crate::error::BenchError;
use crate::problem::{INPUTS, LEARNING_RATE, Problem, Trained};
use crate::python;

const PROGRAM: &str = include_str!("../peers.py");

/// The running program `peers.py`.
pub struct Peers {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    folder: TempDir,
}

impl Peers {
    /// Starts the program on `threads` threads.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(python: &Path, threads: usize) -> Result<Self, BenchError> {
        let folder =
            tempfile::tempdir().map_err(BenchError::io("making", Path::new("a folder")))?;
        let program = folder.path().join("peers.py");
        fs::write(&program, PROGRAM).map_err(BenchError::io("writing", &program))?;
        let mut child = python::program(python)
            .arg(&program)
            .arg(threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(BenchError::io("starting", python))?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let from = from.ok_or_else(|| failure("it has no standard output"))?;
        Ok(Self { child, to, from: BufReader::new(from), folder })
    }

    /// Names and versions of the packages: `jax 0.4.25`, …; PyTorch may not be among them.
    ///
    /// # Errors
    /// Where the program fails.
    pub fn versions(&mut self) -> Result<Vec<(String, String)>, BenchError> {
        let answer = self.ask(&json!({ "do": "versions" }))?;
        let versions = answer["versions"].as_object().ok_or_else(|| failure("no versions"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(versions.iter().map(|(name, version)| (name.clone(), text(version))).collect())
    }

    /// Drops all that was prepared.
    ///
    /// # Errors
    /// Where the program fails.
    pub fn forget(&mut self) -> Result<(), BenchError> {
        self.ask(&json!({ "do": "forget" })).map(|_| ())
    }

    fn ask(&mut self, question: &Value) -> Result<Value, BenchError> {
        let to = self.to.as_mut().ok_or_else(|| failure("it has no standard input"))?;
        writeln!(to, "{question}").map_err(|error| failure(&error.to_string()))?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(|error| failure(&error.to_string()))?;
        let answer: Value = serde_json::from_str(&line)
            .map_err(|_| failure("it ended or answered something else than JSON"))?;
        match answer["error"].as_str() {
            Some(message) => Err(failure(message)),
            None => Ok(answer),
        }
    }

    /// Writes `values` where the program can read them; says where and in which shape.
    fn hand_over(&self, name: &str, values: &[f32], shape: &[usize]) -> Result<Value, BenchError> {
        let path = self.folder.path().join(name);
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        fs::write(&path, bytes).map_err(BenchError::io("writing", &path))?;
        Ok(json!({ "path": path, "shape": shape }))
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        // The program ends with its input; where it hangs, nobody is left to be told.
        drop(self.to.take());
        let _ = self.child.wait();
    }
}

fn failure(message: &str) -> BenchError {
    BenchError::Peer { message: message.to_owned() }
}

/// The peers of `case`, prepared on its inputs.
///
/// # Errors
/// Where the program fails, or a case has none of the works it knows.
pub fn contenders<'a>(
    peers: &Rc<RefCell<Peers>>,
    case: &Case,
    problem: &Problem,
    trained: Option<&Trained>,
    names: &[&'static str],
) -> Result<Vec<Box<dyn Contender + 'a>>, BenchError> {
    let mut program = peers.borrow_mut();
    let (work, arrays) = match (case.work, trained) {
        (Work::Step, _) => ("step", network_arrays(&program, problem)?),
        (Work::Gramian, _) => ("gramian", network_arrays(&program, problem)?),
        (_, Some(trained)) => {
            let shape = [case.samples, case.samples];
            ("eigenpairs", vec![program.hand_over("gram.f32", &trained.gram, &shape)?])
        }
        _ => return Ok(Vec::new()),
    };
    let top = (case.work != Work::AllPairs).then(|| case.pairs());
    let mut contenders: Vec<Box<dyn Contender>> = Vec::new();
    for &name in names {
        program.ask(&json!({
            "do": "prepare", "peer": name, "work": work, "arrays": arrays, "top": top,
            "rate": LEARNING_RATE, "slope": 0.01,
        }))?;
        let result = program.folder.path().join("result.f32");
        contenders.push(Box::new(Remote { name, program: Rc::clone(peers), result }));
    }
    Ok(contenders)
}

/// x, y, W_0, c_0, W_1, ….
fn network_arrays(program: &Peers, problem: &Problem) -> Result<Vec<Value>, BenchError> {
    let (rows, outputs) = (problem.x.len() / INPUTS, problem.network.output_dim());
    let mut arrays = vec![
        program.hand_over("x.f32", &problem.x, &[rows, INPUTS])?,
        program.hand_over("y.f32", &problem.y, &[rows, outputs])?,
    ];
    for (name, shape, values) in problem.network.tensors() {
        arrays.push(program.hand_over(&name, values, &shape)?);
    }
    Ok(arrays)
}

/// Work in the Python program.
struct Remote {
    name: &'static str,
    program: Rc<RefCell<Peers>>,
    result: PathBuf,
}

impl Contender for Remote {
    fn name(&self) -> &str {
        self.name
    }

    fn flops(&self) -> Option<f64> {
        None
    }

    fn result(&mut self) -> Result<Vec<f32>, BenchError> {
        let question = json!({ "do": "result", "peer": self.name, "path": self.result });
        self.program.borrow_mut().ask(&question)?;
        let bytes = fs::read(&self.result).map_err(BenchError::io("reading", &self.result))?;
        let words = bytes.chunks_exact(4);
        Ok(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
    }

    fn time(&mut self, times: u32) -> Result<f64, BenchError> {
        let question = json!({ "do": "run", "peer": self.name, "times": times });
        let answer = self.program.borrow_mut().ask(&question)?;
        answer["seconds"].as_f64().ok_or_else(|| failure("it gave no time"))
    }
}

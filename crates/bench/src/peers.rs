//! The peers: each a Python process of its own, started when it is first asked to work.
//!
//! What one of them does, be it to crash, leaves the others as they are, and it is started anew for the
//! next case.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::case::{Case, Work};
use crate::contender::Contender;
use crate::environment::{self, Environment, Environments};
use crate::error::BenchError;
use crate::model::{Model, SLOPE};
use crate::problem::{LEARNING_RATE, Problem, Trained};
use crate::process::Process;

/// The program, and the module that it imports.
const PROGRAMS: [(&str, &str); 2] =
    [("peers.py", include_str!("../peers.py")), ("layers.py", include_str!("../layers.py"))];
/// Time limits that a peer may reach before it is asked no more: a bench has dozens of cases.
const PATIENCE: u32 = 2;

/// All peers of kernels.
pub struct Peers {
    /// The Python environments.
    pub environments: Environments,
    /// Threads of each.
    pub threads: usize,
    /// Time for one answer.
    pub limit: Duration,
    /// The program and its inputs.
    folder: TempDir,
    known: RefCell<BTreeMap<&'static str, Rc<RefCell<Peer>>>>,
}

/// A peer that has been asked to work.
#[derive(Default)]
struct Peer {
    process: Option<Process>,
    /// Versions of its packages.
    version: Option<String>,
    /// How often it was late.
    late: u32,
}

impl Peers {
    /// Peers on `threads` threads with environments in `folder`, none of them started.
    ///
    /// # Errors
    /// Where their program cannot be written.
    pub fn new(folder: PathBuf, threads: usize, limit: Duration) -> Result<Self, BenchError> {
        let environments = Environments::new(folder);
        let folder =
            tempfile::tempdir().map_err(BenchError::io("making", Path::new("a folder")))?;
        for (name, program) in PROGRAMS {
            let path = folder.path().join(name);
            fs::write(&path, program).map_err(BenchError::io("writing", &path))?;
        }
        Ok(Self { environments, threads, limit, folder, known: RefCell::default() })
    }

    /// The peers of `case`; each is prepared on its inputs when it is asked for its result.
    ///
    /// # Errors
    /// Where the inputs cannot be written.
    pub fn contenders<'a>(
        &'a self,
        case: &Case,
        problem: &Problem,
        trained: Option<&Trained>,
    ) -> Result<Vec<Box<dyn Contender + 'a>>, BenchError> {
        let (work, arrays) = match (case.work, trained) {
            (Work::Step, _) => ("step", self.network_arrays(case, problem)?),
            (Work::Gramian, _) => ("gramian", self.network_arrays(case, problem)?),
            (Work::Infinite, _) => ("infinite", vec![self.inputs(case, problem)?]),
            (Work::Ridge, _) => ("regression", self.regression_arrays(case, problem)?),
            (_, Some(trained)) => {
                let shape = [case.samples, case.samples];
                ("eigenpairs", vec![self.hand_over("gram.f32", &trained.gram, &shape)?])
            }
            _ => return Ok(Vec::new()),
        };
        let top = (case.work != Work::AllPairs).then(|| case.pairs());
        let network = match case.model {
            Model::Dense { .. } => json!({ "slope": SLOPE }),
            Model::Convolutional { .. } | Model::Residual { .. } => {
                let architecture = case.architecture();
                json!({ "layers": architecture.layers, "bias": architecture.bias })
            }
            Model::InfiniteDense { .. } | Model::InfiniteConvolutional { .. } => {
                let architecture = case.architecture();
                json!({ "layers": architecture.layers, "init": architecture.init })
            }
        };
        let fits = problem.regression.as_ref();
        let fits = fits.map(|fits| json!({ "ridges": fits.ridges, "times": fits.times }));
        let remote = |&name: &&'static str| -> Box<dyn Contender + 'a> {
            let question = json!({
                "do": "prepare", "work": work, "arrays": arrays, "top": top,
                "rate": LEARNING_RATE, "network": network, "fits": fits,
            });
            let peer = Rc::clone(self.known.borrow_mut().entry(name).or_default());
            Box::new(Remote { name, peers: self, peer, question })
        };
        Ok(case.peers.iter().map(remote).collect())
    }

    /// Has every running peer drop what it has prepared.
    pub fn forget(&self) {
        for peer in self.known.borrow().values() {
            let mut peer = peer.borrow_mut();
            if let Some(process) = &mut peer.process
                && process.ask(&json!({ "do": "forget" })).is_err()
            {
                peer.process = None;
            }
        }
    }

    /// Asks the peer called `name`, which is started where it does not run and ended where it fails.
    fn ask(&self, name: &str, peer: &mut Peer, question: &Value) -> Result<Value, BenchError> {
        if peer.late >= PATIENCE {
            let limit = self.limit.as_secs();
            let message = format!("not asked again after {PATIENCE} time limits of {limit} s");
            return Err(BenchError::Peer { message });
        }
        let answer = self.process(name, peer).and_then(|process| process.ask(question));
        if let Err(error) = &answer {
            peer.process = None;
            peer.late += u32::from(matches!(error, BenchError::Late { .. }));
        }
        answer
    }

    /// The process of a peer, started where there is none.
    fn process<'p>(&self, name: &str, peer: &'p mut Peer) -> Result<&'p mut Process, BenchError> {
        let process = if let Some(process) = peer.process.take() {
            process
        } else {
            let python = self.environments.python(home(name))?;
            let folder = self.folder.path();
            let mut command = environment::program(&python);
            command.arg(folder.join("peers.py")).arg(name).arg(self.threads.to_string());
            let log = folder.join(format!("{name}.log"));
            let mut process = Process::start(&mut command, log, self.limit)?;
            // Its packages are imported before it answers.
            let answer = process.ask(&json!({ "do": "version" }))?;
            peer.version = answer["version"].as_str().map(str::to_owned);
            process
        };
        Ok(peer.process.insert(process))
    }

    /// x, y, W_0, c_0, W_1, ….
    fn network_arrays(&self, case: &Case, problem: &Problem) -> Result<Vec<Value>, BenchError> {
        let targets = self.hand_over("y.f32", &problem.y, &[problem.rows(), case.outputs])?;
        let mut arrays = vec![self.inputs(case, problem)?, targets];
        for (name, shape, values) in problem.network.tensors() {
            arrays.push(self.hand_over(&name, values, &shape)?);
        }
        Ok(arrays)
    }

    /// x.
    fn inputs(&self, case: &Case, problem: &Problem) -> Result<Value, BenchError> {
        let shape = [&[problem.rows()][..], &case.model.input().sizes()].concat();
        self.hand_over("x.f32", &problem.x, &shape)
    }

    /// K, K_*X, y.
    fn regression_arrays(&self, case: &Case, problem: &Problem) -> Result<Vec<Value>, BenchError> {
        let Some(regression) = &problem.regression else { return Ok(Vec::new()) };
        let [rows, tests] = [case.samples, case.tests()];
        Ok(vec![
            self.hand_over("kernel.f32", &regression.kernel, &[rows, rows])?,
            self.hand_over("cross.f32", &regression.cross, &[tests, rows])?,
            self.hand_over("y.f32", &problem.y, &[rows, case.outputs])?,
        ])
    }

    /// Writes `values` where peers can read them; says where and in which shape.
    fn hand_over(&self, name: &str, values: &[f32], shape: &[usize]) -> Result<Value, BenchError> {
        let path = self.folder.path().join(name);
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        fs::write(&path, bytes).map_err(BenchError::io("writing", &path))?;
        Ok(json!({ "path": path, "shape": shape }))
    }
}

/// The environment that a peer lives in.
fn home(name: &str) -> &'static Environment {
    match name {
        "torch" => &environment::TORCH,
        "neural-tangents" => &environment::NEURAL_TANGENTS,
        _ => &environment::JAX,
    }
}

/// Work in a peer's process.
struct Remote<'a> {
    name: &'static str,
    peers: &'a Peers,
    peer: Rc<RefCell<Peer>>,
    /// What prepares it.
    question: Value,
}

impl Remote<'_> {
    fn ask(&self, question: &Value) -> Result<Value, BenchError> {
        self.peers.ask(self.name, &mut self.peer.borrow_mut(), question)
    }
}

impl Contender for Remote<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn version(&self) -> Option<String> {
        self.peer.borrow().version.clone()
    }

    fn flops(&self) -> Option<f64> {
        None
    }

    fn result(&mut self) -> Result<Vec<f32>, BenchError> {
        self.ask(&self.question)?;
        let path = self.peers.folder.path().join(format!("{}.f32", self.name));
        // An earlier result must not stand for one that was not written.
        let _ = fs::remove_file(&path);
        self.ask(&json!({ "do": "result", "path": path }))?;
        let bytes = fs::read(&path).map_err(BenchError::io("reading", &path))?;
        let words = bytes.chunks_exact(4);
        Ok(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect())
    }

    fn time(&mut self, times: u32) -> Result<f64, BenchError> {
        let answer = self.ask(&json!({ "do": "run", "times": times }))?;
        answer["seconds"].as_f64().filter(|&seconds| seconds > 0.0).ok_or_else(|| {
            BenchError::Peer { message: format!("gave no time but {}", answer["seconds"]) }
        })
    }
}

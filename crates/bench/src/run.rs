//! The bench itself: case by case prepare, compare, time, print; then the table and the page.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use artifact::write_rows;
use tempfile::tempdir_in;

use crate::arguments::Arguments;
use crate::busy;
use crate::case::{Case, Work};
use crate::catalogue;
use crate::compare;
use crate::contender::Contender;
use crate::error::BenchError;
use crate::kernels;
use crate::matmul;
use crate::measurement::{Measured, Reading, Series};
use crate::memory;
use crate::page;
use crate::peers::{self, Peers};
use crate::pipeline;
use crate::print;
use crate::problem::{Problem, Trained};
use crate::program::Program;
use crate::python;
use crate::target;
use crate::timing::{Effort, in_turn};

/// Runs what `arguments` ask for.
///
/// # Errors
/// Where an implementation fails or disagrees with ours, or nothing can be written.
pub fn run(arguments: &Arguments) -> Result<(), BenchError> {
    let cases = chosen(arguments)?;
    if arguments.list {
        cases.iter().for_each(print::listed);
        return Ok(());
    }
    std::fs::create_dir_all(&arguments.out).map_err(BenchError::io("making", &arguments.out))?;
    // Before anything of ours is at work.
    let busy = busy::share();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.map_or(cores, |threads| threads as usize);
    // Within the pool, as stages run: from outside it every parallel loop costs switches of threads.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| measure(arguments, &cases, threads, busy))
}

/// Measures `cases`, prints and writes what was found.
fn measure(
    arguments: &Arguments,
    cases: &[Case],
    threads: usize,
    busy: Option<f64>,
) -> Result<(), BenchError> {
    let python =
        arguments.peers.then(|| python::environment(&absolute(&arguments.python)?)).transpose()?;
    let peers = match &python {
        Some(python) => Some(Rc::new(RefCell::new(Peers::start(python, threads)?))),
        None => None,
    };
    let versions = match &peers {
        Some(peers) => peers.borrow_mut().versions()?,
        None => Vec::new(),
    };
    print::warn_where_busy(busy);
    print::head(threads, arguments.quick, &versions);
    let bench = Bench { arguments, threads, python, peers, versions };
    let mut all = Vec::new();
    let mut trained: Option<(Case, Trained)> = None;
    for case in cases {
        let measured = bench.measure(case, &mut trained)?;
        print::measured(&measured);
        all.push(measured);
    }
    let targets = target::rows(&all, arguments.quick);
    print::targets(&targets);
    let readings: Vec<Reading> =
        all.iter().flat_map(|measured| measured.readings(threads)).collect();
    write_rows(&arguments.out, &readings)?;
    let path = arguments.out.join("bench.html");
    let text = page::document(&all, &targets, threads, &bench.versions)?;
    std::fs::write(&path, text).map_err(BenchError::io("writing", &path))?;
    print::written(&arguments.out);
    Ok(())
}

/// `path` from the root: the peers are started in folders of their own.
fn absolute(path: &Path) -> Result<PathBuf, BenchError> {
    std::path::absolute(path).map_err(BenchError::io("opening", path))
}

/// The cases that `arguments` name; with peers only those that have some, or targets without them.
fn chosen(arguments: &Arguments) -> Result<Vec<Case>, BenchError> {
    let mut cases = catalogue::cases(arguments.quick);
    let whole: Vec<bool> =
        arguments.cases.iter().map(|name| cases.iter().any(|case| case.name == *name)).collect();
    let named = |case: &Case| {
        let mut names = arguments.cases.iter().zip(&whole);
        names.any(|(name, &whole)| case.name == *name || !whole && case.name.contains(name))
    };
    cases.retain(|case| {
        let chosen = arguments.cases.is_empty() || named(case);
        chosen && (!case.on_request || arguments.list || arguments.cases.contains(&case.name))
    });
    cases.retain(|case| !arguments.peers || !case.peers.is_empty() || !case.targets.is_empty());
    if cases.is_empty() {
        return Err(BenchError::NoCase { names: arguments.cases.join(", ") });
    }
    Ok(cases)
}

struct Bench<'a> {
    arguments: &'a Arguments,
    threads: usize,
    python: Option<PathBuf>,
    peers: Option<Rc<RefCell<Peers>>>,
    versions: Vec<(String, String)>,
}

impl Bench<'_> {
    /// Measures `case`; `trained` is kept for the next one.
    fn measure(
        &self,
        case: &Case,
        trained: &mut Option<(Case, Trained)>,
    ) -> Result<Measured, BenchError> {
        let folder = &self.arguments.out;
        match case.work {
            Work::Pipeline { steps } => {
                let (program, python) =
                    (Program::built(self.threads, folder)?, self.python.as_deref());
                let effort = Effort { most: 5, ..self.effort() };
                let effort = if case.on_request { Effort { least: 1, ..effort } } else { effort };
                pipeline::measured(case, steps, &program, python, self.threads, effort)
            }
            Work::Memory => {
                let program = Program::built(self.threads, folder)?;
                let inputs =
                    tempdir_in(folder).map_err(BenchError::io("making a folder in", folder))?;
                memory::measured(case, &program, inputs.path())
            }
            _ => self.kernels(case, trained),
        }
    }

    fn effort(&self) -> Effort {
        if self.arguments.quick {
            Effort { least: 2, most: 2, seconds: 0.0 }
        } else {
            Effort { least: 3, most: 25, seconds: self.arguments.seconds }
        }
    }

    /// Compares and times the implementations of `case` within this program and the peers.
    fn kernels(
        &self,
        case: &Case,
        trained: &mut Option<(Case, Trained)>,
    ) -> Result<Measured, BenchError> {
        let problem = Problem::of(case);
        let decomposes = matches!(case.work, Work::AllPairs | Work::TopCold | Work::TopWarm);
        let same = |(other, _): &(Case, Trained)| other.sizes() == case.sizes();
        if decomposes && !trained.as_ref().is_some_and(same) {
            *trained = Some((case.clone(), Trained::of(&problem)?));
        }
        let trained = trained.as_ref().filter(|_| decomposes).map(|(_, trained)| trained);
        let folder =
            tempfile::tempdir().map_err(BenchError::io("making", Path::new("a folder")))?;
        let mut contenders = kernels::contenders(case, &problem, trained, folder.path())?;
        if let Some(peers) = &self.peers {
            let known = |name: &&&str| self.versions.iter().any(|(package, _)| package == **name);
            let names: Vec<&'static str> = case.peers.iter().filter(known).copied().collect();
            contenders.extend(peers::contenders(peers, case, &problem, trained, &names)?);
        }
        compare_all(case, trained, &mut contenders)?;
        let size = if self.arguments.quick { 256 } else { 2048 };
        contenders.push(Box::new(matmul::reference(size, self.threads)));
        let readings = in_turn(&mut contenders, self.effort())?;
        // Who does the same work as ours does as many useful operations.
        let useful = contenders[0].flops();
        let series = contenders.iter().zip(readings).map(|(contender, seconds)| {
            let name = contender.name().to_owned();
            let peer = case.peers.contains(&contender.name());
            let flops = if peer { useful } else { contender.flops() };
            Series { name, flops, seconds, peaks: Vec::new() }
        });
        let series = series.collect();
        drop(contenders);
        if let Some(peers) = &self.peers {
            peers.borrow_mut().forget()?;
        }
        Ok(Measured { case: case.clone(), series })
    }
}

/// Compares the first implementation that has a result with all others that have one.
fn compare_all(
    case: &Case,
    trained: Option<&Trained>,
    contenders: &mut [Box<dyn Contender + '_>],
) -> Result<(), BenchError> {
    let Some((first, others)) = contenders.split_first_mut() else { return Ok(()) };
    // The results of single kernels and of tables are compared by their own tests.
    if others.is_empty() || case.work == Work::Tables {
        return Ok(());
    }
    let gram = trained.map(|trained| trained.gram.as_slice());
    let ours = first.result()?;
    for other in others {
        let theirs = other.result()?;
        compare::agree(case, gram, (first.name(), &ours), (other.name(), &theirs))?;
    }
    Ok(())
}

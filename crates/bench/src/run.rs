//! The bench itself: case by case prepare, judge, time, print, write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::tempdir_in;

use crate::arguments::Arguments;
use crate::busy;
use crate::case::{Case, Work};
use crate::catalogue;
use crate::contender::Contender;
use crate::error::BenchError;
use crate::expected::Expected;
use crate::kernels;
use crate::matmul;
use crate::measurement::{Measured, Series, Status};
use crate::memory;
use crate::peers::Peers;
use crate::pipeline;
use crate::print;
use crate::problem::{Problem, Trained};
use crate::program::Program;
use crate::results::Results;
use crate::timing::{Effort, in_turn};

/// Runs what `arguments` ask for; whether all of this project's own work was measured and is right.
///
/// # Errors
/// Where the arguments name no case, or nothing can be written.
pub fn run(arguments: &Arguments) -> Result<bool, BenchError> {
    let cases = chosen(arguments)?;
    if arguments.list {
        cases.iter().for_each(print::listed);
        return Ok(true);
    }
    std::fs::create_dir_all(&arguments.out).map_err(BenchError::io("making", &arguments.out))?;
    // Before anything of ours is at work.
    let busy = busy::share();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.map_or(cores, |threads| threads as usize);
    print::warn_where_busy(busy);
    print::head(threads, arguments.quick);
    // Within the pool, as stages run: from outside it every parallel loop costs switches of threads.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| measure(arguments, &cases, threads))
}

/// Measures `cases`; each is printed and written before the next.
fn measure(arguments: &Arguments, cases: &[Case], threads: usize) -> Result<bool, BenchError> {
    let peers = if arguments.peers {
        let limit = Duration::from_secs(arguments.limit);
        // Peers are started in folders of their own.
        Some(Peers::new(absolute(&arguments.python)?, threads, limit)?)
    } else {
        None
    };
    let bench = Bench { arguments, threads, peers };
    let mut results = Results::new(&arguments.out, threads, arguments.quick);
    let mut trained: Option<(Case, Trained)> = None;
    for case in cases {
        results.add(bench.case(case, &mut trained))?;
    }
    Ok(results.end())
}

/// `path` from the root.
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
    peers: Option<Peers>,
}

impl Bench<'_> {
    /// Measures `case`, or says why that failed; `trained` is kept for the next one.
    fn case(&self, case: &Case, trained: &mut Option<(Case, Trained)>) -> Measured {
        let measured = catch_unwind(AssertUnwindSafe(|| self.measure(case, trained)));
        if let Some(peers) = &self.peers {
            peers.forget();
        }
        let measured = measured.unwrap_or_else(|panic| {
            // The state that a panic leaves behind is not used again.
            *trained = None;
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(BenchError::Panic { message: text.unwrap_or("no message").to_owned() })
        });
        measured.unwrap_or_else(|error| Measured::failed(case, &error))
    }

    fn measure(
        &self,
        case: &Case,
        trained: &mut Option<(Case, Trained)>,
    ) -> Result<Measured, BenchError> {
        let folder = &self.arguments.out;
        match case.work {
            Work::Pipeline { steps } => {
                let program = Program::built(self.threads, folder)?;
                let effort = Effort { most: 5, ..self.effort_for(case) };
                pipeline::measured(case, steps, &program, self.peers.as_ref(), effort)
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

    /// What takes minutes is measured once at least.
    fn effort_for(&self, case: &Case) -> Effort {
        if self.arguments.quick {
            return Effort { least: 2, most: 2, seconds: 0.0 };
        }
        let least = if case.on_request { 1 } else { 3 };
        Effort { least, most: 25, seconds: self.arguments.seconds }
    }

    /// Judges and times the implementations of `case` within this program and the peers.
    fn kernels(
        &self,
        case: &Case,
        trained: &mut Option<(Case, Trained)>,
    ) -> Result<Measured, BenchError> {
        let problem = Problem::of(case)?;
        let decomposes = matches!(case.work, Work::AllPairs | Work::TopCold | Work::TopWarm);
        let same = |(other, _): &(Case, Trained)| other.sizes() == case.sizes();
        if decomposes && !trained.as_ref().is_some_and(same) {
            *trained = Some((case.clone(), Trained::of(&problem)?));
        }
        let trained = trained.as_ref().filter(|_| decomposes).map(|(_, trained)| trained);
        let folder =
            tempfile::tempdir().map_err(BenchError::io("making", Path::new("a folder")))?;
        let mut contenders = kernels::contenders(case, &problem, trained, folder.path())?;
        // Who does the same work as ours does as many useful operations.
        let useful = contenders.first().and_then(|ours| ours.flops());
        if let Some(peers) = &self.peers {
            contenders.extend(peers.contenders(case, &problem, trained)?);
        }
        let mut series = judged(case, &problem, trained, &mut contenders);
        let size = if self.arguments.quick { 256 } else { 2048 };
        contenders.push(Box::new(matmul::reference(size, self.threads)));
        series.push(Series::named(matmul::MATMUL));
        let right = series.iter().zip(&mut contenders);
        let (mut timed, mut running): (Vec<usize>, Vec<&mut dyn Contender>) = right
            .enumerate()
            .filter(|(_, (series, _))| series.status == Status::Measured)
            .map(|(place, (_, contender))| (place, contender.as_mut() as &mut dyn Contender))
            .unzip();
        let readings = in_turn(&mut running, self.effort_for(case));
        drop(running);
        for (place, seconds) in timed.drain(..).zip(readings) {
            let (series, contender) = (&mut series[place], &contenders[place]);
            let peer = case.peers.contains(&contender.name());
            series.flops = if peer { useful } else { contender.flops() };
            match seconds {
                Ok(seconds) => series.seconds = seconds,
                Err(error) => series.fail(&error),
            }
        }
        Ok(Measured { case: case.clone(), series })
    }
}

/// A series for each of `contenders`, without times, with what the reference says of its result.
fn judged(
    case: &Case,
    problem: &Problem,
    trained: Option<&Trained>,
    contenders: &mut [Box<dyn Contender + '_>],
) -> Vec<Series> {
    let expected = Expected::of(case, problem, trained);
    let judged = contenders.iter_mut().map(|contender| {
        let result = contender.result();
        let mut series = Series::named(contender.name());
        series.version = contender.version();
        let judgement = result.and_then(|result| match &expected {
            Some(expected) if !result.is_empty() => expected.judge(&result).map(Some),
            _ => Ok(None),
        });
        match judgement {
            Ok(Some(judgement)) => series.judge(judgement),
            Ok(None) => {}
            Err(error) => series.fail(&error),
        }
        series
    });
    judged.collect()
}

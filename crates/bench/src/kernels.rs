//! Our own implementations of each kind of work.

use std::cell::RefCell;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use artifact::tables::Split;
use artifact::tables::kernel::GRAM;
use artifact::{Gram, GramRow, Precision, read_gram, write_gram};
use faer::{Mat, MatRef};
use infinite::limit::Limit;
use infinite::samples::Samples;
use kernel::Symmetric;
use kernel::decomposition;
use network::{Program, Workspace};
use ntk::gram;
use predict::filter::Filter;
use predict::regression::{self, Task};
use spectrum::{Eigenpairs, Start, all, top};
use train::Engine;

use crate::case::{Case, Work};
use crate::contender::{Contender, Local};
use crate::error::BenchError;
use crate::flops;
use crate::model::Model;
use crate::problem::{LEARNING_RATE, Problem, Trained, start};
use crate::regression::Regression;

/// Residuals of the top eigenpairs, in units of λ₁.
pub const RESIDUAL: f64 = 1e-5;

type Contenders<'a> = Vec<Box<dyn Contender + 'a>>;

/// Everything in this project that does the work of `case`, the one that has targets first.
///
/// `folder` is for the tables of [`Work::Tables`].
///
/// # Errors
/// Where the preparation fails.
pub fn contenders<'a>(
    case: &'a Case,
    problem: &'a Problem,
    trained: Option<&'a Trained>,
    folder: &'a Path,
) -> Result<Contenders<'a>, BenchError> {
    let (rows, k) = (case.samples, case.pairs());
    let matrix = trained.map(|trained| MatRef::from_column_major_slice(&trained.gram, rows, rows));
    Ok(match (case.work, matrix, trained) {
        (Work::Step, ..) => {
            // dfdx has dense layers alone.
            let engines = match case.model {
                Model::Dense { .. } => &[Engine::Fused, Engine::Dfdx][..],
                _ => &[Engine::Fused],
            };
            engines.iter().map(|&engine| step(case, problem, engine)).collect()
        }
        (Work::Gramian, ..) => vec![gramian(case, problem)],
        (Work::CrossGramian, ..) => vec![cross_gramian(case, problem)],
        (Work::Infinite, ..) => vec![both_kernels(case, problem)?],
        (Work::Ridge, ..) => problem
            .regression
            .iter()
            .map(|regression| predictions(case, problem, regression))
            .collect(),
        (Work::Tables, ..) => tables(case, problem, folder),
        (Work::AllPairs, Some(gram), _) => vec![decomposition(move || Ok(all(gram)?))],
        (Work::TopCold, Some(gram), _) => {
            let start = start(rows, k, None);
            vec![decomposition(move || leading(gram, k, &start))]
        }
        (Work::TopWarm, Some(gram), Some(trained)) => {
            let earlier = MatRef::from_column_major_slice(&trained.earlier, rows, rows);
            let before = leading(earlier, k, &start(rows, k, None))?;
            let start = start(rows, k, Some(&before.vectors));
            vec![decomposition(move || leading(gram, k, &start))]
        }
        (Work::Forward | Work::Backward, ..) => vec![pass(case, problem)],
        // Decompositions have a matrix; whole programs are measured elsewhere.
        (
            Work::AllPairs | Work::TopCold | Work::TopWarm | Work::Pipeline { .. } | Work::Memory,
            ..,
        ) => Vec::new(),
    })
}

/// Forward or backward pass of the whole network; the results are outputs, or the gradient of Σ y f.
fn pass<'a>(case: &'a Case, problem: &'a Problem) -> Box<dyn Contender + 'a> {
    let views = problem.network.views();
    let mut workspace = Workspace::new(&problem.network, case.samples);
    if case.work == Work::Forward {
        return Box::new(Local {
            name: case.ours(),
            flops: Some(flops::forward(case)),
            work: Box::new(move || {
                black_box(workspace.forward(&views, &problem.x));
                Ok(())
            }),
            result: Box::new(|| Ok(problem.network.forward(&problem.x))),
        });
    }
    workspace.forward(&views, &problem.x);
    Box::new(Local {
        name: case.ours(),
        flops: Some(flops::backward(case)),
        work: Box::new(move || {
            workspace.backward(&views, &problem.x, &problem.y);
            Ok(())
        }),
        result: Box::new(|| {
            let (views, x) = (problem.network.views(), &problem.x);
            let mut workspace = Workspace::new(&problem.network, case.samples);
            workspace.forward(&views, x);
            workspace.backward(&views, x, &problem.y);
            Ok(workspace.gradient(&views, x))
        }),
    })
}

/// Step size of the update whose result is judged: so large that θ₀ − θ₁ is not rounded to the last bits
/// of θ, and a power of two, by which f32 divides exactly.
const JUDGED_RATE: f32 = 4096.0;

/// A whole update as the stage `train` makes it; the result is ∇L, from the update that it makes.
fn step<'a>(case: &Case, problem: &'a Problem, engine: Engine) -> Box<dyn Contender + 'a> {
    let mut trainer = problem.trainer(engine);
    Box::new(Local {
        name: if engine == Engine::Fused { "fused" } else { "dfdx" },
        flops: Some(flops::forward(case) + flops::backward(case)),
        work: Box::new(move || {
            black_box(trainer.step(&problem.x, &problem.y, LEARNING_RATE)?);
            Ok(())
        }),
        result: Box::new(move || {
            let mut trainer = problem.trainer(engine);
            trainer.step(&problem.x, &problem.y, f64::from(JUDGED_RATE))?;
            let after = trainer.network();
            let pairs = problem.network.tensors().zip(after.tensors());
            Ok(pairs
                .flat_map(|((_, _, before), (_, _, after))| before.iter().zip(after))
                .map(|(before, after)| (before - after) / JUDGED_RATE)
                .collect())
        }),
    })
}

fn square(problem: &Problem) -> Vec<f32> {
    let factors = gram::factors(&problem.network, &problem.x, problem.reduction());
    gram::square(&factors, problem.reduction()).swap_remove(0)
}

fn gramian<'a>(case: &Case, problem: &'a Problem) -> Box<dyn Contender + 'a> {
    Box::new(Local {
        name: case.ours(),
        flops: Some(flops::gramian(case)),
        work: Box::new(|| {
            black_box(square(problem));
            Ok(())
        }),
        result: Box::new(|| Ok(square(problem))),
    })
}

fn cross_gramian<'a>(case: &Case, problem: &'a Problem) -> Box<dyn Contender + 'a> {
    let others = problem.others();
    let rectangle = move || {
        let of = |x: &[f32]| gram::factors(&problem.network, x, problem.reduction());
        gram::cross(&of(&others), &of(&problem.x), problem.reduction()).swap_remove(0)
    };
    let again = rectangle.clone();
    Box::new(Local {
        name: case.ours(),
        flops: Some(flops::cross_gramian(case)),
        work: Box::new(move || {
            black_box(rectangle());
            Ok(())
        }),
        result: Box::new(move || Ok(again())),
    })
}

/// K and Θ of the limit, one triangle of each, as the stage `infinite` keeps them until it writes whole rows.
fn both_kernels<'a>(
    case: &'a Case,
    problem: &'a Problem,
) -> Result<Box<dyn Contender + 'a>, BenchError> {
    let architecture = case.architecture();
    let program = Program::new(&architecture, case.model.input(), case.outputs);
    let limit = Limit::new(&architecture, &program.map_err(|(_, error)| error)?);
    let kernels = move || -> [Symmetric<f32>; 2] {
        infinite::gram::both(&limit, &Samples::new(&limit, &problem.x))
    };
    let again = kernels.clone();
    Ok(Box::new(Local {
        name: case.ours(),
        flops: None,
        work: Box::new(move || {
            black_box(kernels());
            Ok(())
        }),
        result: Box::new(move || Ok(again().map(|kernel| kernel.to_dense()).concat())),
    }))
}

/// Everything that is fitted, as the stage `predict` fits it, at test samples alone: one decomposition in f64.
fn predictions<'a>(
    case: &'a Case,
    problem: &'a Problem,
    regression: &'a Regression,
) -> Box<dyn Contender + 'a> {
    let wide = |values: &[f32], columns: usize| {
        let values = MatRef::from_row_major_slice(values, values.len() / columns, columns);
        Mat::from_fn(values.nrows(), values.ncols(), |i, j| f64::from(values[(i, j)]))
    };
    let kernel = wide(&regression.kernel, case.samples);
    let cross = wide(&regression.cross, case.samples);
    let targets = wide(&problem.y, case.outputs);
    let ridges = regression.ridges.iter().map(|&lambda| Filter::Ridge { lambda });
    let times = regression.times.iter().map(|&tau| Filter::Flow { tau });
    let filters: Vec<Filter> = ridges.chain(times).collect();
    let fits = move || -> Result<Vec<Mat<f64>>, BenchError> {
        let task = Task {
            kernel: kernel.as_ref(),
            cross: cross.as_ref(),
            targets: targets.as_ref(),
            cell: 1,
        };
        let decomposed = regression::Regression::spectral(task, Precision::F64)?;
        let signal = decomposed.rotated(targets.transpose());
        let at_test = |filter: &Filter| {
            let weights = decomposed.weights(filter).ok_or(BenchError::NoFit)?;
            Ok(decomposition::product(weights.as_ref(), signal.transpose()))
        };
        filters.iter().map(at_test).collect()
    };
    let again = fits.clone();
    Box::new(Local {
        name: case.ours(),
        flops: None,
        work: Box::new(move || {
            black_box(fits()?);
            Ok(())
        }),
        result: Box::new(move || {
            let rows = |fit: &Mat<f64>| -> Vec<f32> {
                let row = |j: usize| fit.row(j).iter().map(|&f| f as f32).collect::<Vec<_>>();
                (0..fit.nrows()).flat_map(row).collect()
            };
            Ok(again()?.iter().flat_map(rows).collect())
        }),
    })
}

/// Computing a Gramian, writing it and reading it.
fn tables<'a>(case: &Case, problem: &'a Problem, folder: &'a Path) -> Contenders<'a> {
    let rows = (0..case.samples as u32)
        .map(|sample| GramRow { split: Split::Train, sample, output: 0 })
        .collect();
    let gram = Gram { rows, width: case.samples, values: square(problem) };
    let write = Written { gram, folder };
    let read = Local {
        name: "read",
        flops: None,
        work: Box::new(move || {
            black_box(read_gram::<f32>(folder, 0)?);
            Ok(())
        }),
        result: Box::new(move || Ok(read_gram(folder, 0)?.values)),
    };
    // In this order, so that there is a table when the first one is read.
    vec![gramian(case, problem), Box::new(write), Box::new(read)]
}

/// Writing a Gramian to a file that is new, as in the stage `ntk`: to take the place of another one
/// costs about as much again.
struct Written<'a> {
    gram: Gram,
    folder: &'a Path,
}

impl Contender for Written<'_> {
    fn name(&self) -> &'static str {
        "write"
    }

    fn flops(&self) -> Option<f64> {
        None
    }

    /// Nothing but the file, by which `read` is judged.
    fn result(&mut self) -> Result<Vec<f32>, BenchError> {
        self.time(1)?;
        Ok(Vec::new())
    }

    fn time(&mut self, times: u32) -> Result<f64, BenchError> {
        let mut seconds = 0.0;
        for _ in 0..times {
            let folder = self.folder.join(GRAM.name);
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(BenchError::io("removing", &folder))?;
            }
            let start = Instant::now();
            write_gram(self.folder, 0, &self.gram)?;
            seconds += start.elapsed().as_secs_f64();
        }
        Ok(seconds)
    }
}

/// The top k as the stage `spectrum` finds them: all pairs where the block method is in doubt.
fn leading(
    gram: MatRef<'_, f32>,
    k: usize,
    start: &Start<f32>,
) -> Result<Eigenpairs<f32>, BenchError> {
    if let Some(pairs) = top(gram, k, start, RESIDUAL)? {
        return Ok(pairs);
    }
    Ok(all(gram)?.leading(k))
}

/// The result is λ₁, λ₂, …, then υ₁, υ₂, ….
fn decomposition<'a>(
    pairs: impl FnMut() -> Result<Eigenpairs<f32>, BenchError> + 'a,
) -> Box<dyn Contender + 'a> {
    // Shared by two closures of which never more than one runs.
    let pairs = std::rc::Rc::new(RefCell::new(pairs));
    let again = std::rc::Rc::clone(&pairs);
    Box::new(Local {
        name: "spectrum",
        flops: None,
        work: Box::new(move || {
            black_box((pairs.borrow_mut())()?);
            Ok(())
        }),
        result: Box::new(move || {
            let found = (again.borrow_mut())()?;
            let mut result: Vec<f32> = found.values.iter().map(|&value| value as f32).collect();
            found.vectors.iter().for_each(|vector| result.extend_from_slice(vector));
            Ok(result)
        }),
    })
}

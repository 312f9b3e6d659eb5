//! An implementation that does the work of a case.

use std::time::Instant;

use crate::error::BenchError;

/// An implementation that does the work of a case: in this program, or in Python.
pub trait Contender {
    /// Its name in tables.
    fn name(&self) -> &str;

    /// Versions of its packages, once it was asked for a result; none of our own.
    fn version(&self) -> Option<String> {
        None
    }

    /// Floating point operations of one run, where they can be counted.
    fn flops(&self) -> Option<f64>;

    /// What the work gives, to be judged; empty where there is nothing to judge.
    fn result(&mut self) -> Result<Vec<f32>, BenchError>;

    /// Seconds that `times` runs take.
    fn time(&mut self, times: u32) -> Result<f64, BenchError>;
}

type Work<'a, T> = Box<dyn FnMut() -> Result<T, BenchError> + 'a>;

/// Work in this program.
pub struct Local<'a> {
    /// Its name in tables.
    pub name: &'static str,
    /// Floating point operations of one run.
    pub flops: Option<f64>,
    /// One run.
    pub work: Work<'a, ()>,
    /// What the work gives.
    pub result: Work<'a, Vec<f32>>,
}

impl Contender for Local<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn flops(&self) -> Option<f64> {
        self.flops
    }

    fn result(&mut self) -> Result<Vec<f32>, BenchError> {
        (self.result)()
    }

    fn time(&mut self, times: u32) -> Result<f64, BenchError> {
        let start = Instant::now();
        for _ in 0..times {
            (self.work)()?;
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

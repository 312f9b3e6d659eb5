//! What a bench has found so far: printed and written after every case, whatever comes next.

use std::fs;
use std::path::Path;

use artifact::write_rows;

use crate::error::BenchError;
use crate::measurement::{Measured, Reading};
use crate::page;
use crate::print;
use crate::target;

/// What a bench has found so far.
pub struct Results<'a> {
    /// Where `bench.parquet` and `bench.html` lie.
    folder: &'a Path,
    threads: usize,
    quick: bool,
    all: Vec<Measured>,
}

impl<'a> Results<'a> {
    /// No results yet.
    #[must_use]
    pub fn new(folder: &'a Path, threads: usize, quick: bool) -> Self {
        Self { folder, threads, quick, all: Vec::new() }
    }

    /// Prints `measured`, and writes the table and the page with it; each appears complete or as it was.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn add(&mut self, measured: Measured) -> Result<(), BenchError> {
        print::measured(&measured);
        self.all.push(measured);
        let readings: Vec<Reading> =
            self.all.iter().flat_map(|measured| measured.readings(self.threads)).collect();
        write_rows(self.folder, &readings)?;
        let targets = target::rows(&self.all, self.quick);
        let text = page::document(&self.all, &targets, self.threads)?;
        let (path, partial) =
            (self.folder.join("bench.html"), self.folder.join("bench.html.partial"));
        fs::write(&partial, text).map_err(BenchError::io("writing", &partial))?;
        fs::rename(&partial, &path).map_err(BenchError::io("writing", &path))
    }

    /// Prints the targets and where everything is; whether all of this project's own work was measured.
    #[must_use]
    pub fn end(&self) -> bool {
        print::targets(&target::rows(&self.all, self.quick));
        print::unmeasured(&self.all);
        print::written(self.folder);
        !self.all.iter().any(Measured::ours_failed)
    }
}

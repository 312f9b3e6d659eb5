//! The inputs of a stage before and after it ran: a stage reads them, and changes none.

use std::path::PathBuf;

use artifact::{MANIFEST_FILE, Manifest, hash_file};
use stage::{Inputs, StageError};

use crate::error::PipelineError;
use crate::store::FileState;

/// The files of a stage's inputs as they were before it ran.
pub(crate) struct LookedAt(Vec<File>);

struct File {
    port: String,
    name: String,
    path: PathBuf,
    state: Option<FileState>,
    blake3: String,
}

impl LookedAt {
    /// The files of `inputs` as they are now.
    ///
    /// # Errors
    /// Where a manifest cannot be read.
    pub(crate) fn new(inputs: &Inputs) -> Result<Self, PipelineError> {
        let mut files = Vec::new();
        for (port, artifacts) in &inputs.0 {
            for input in artifacts {
                let own = input.directory.join(MANIFEST_FILE);
                let manifest = Manifest::read(&input.directory)?;
                let tables = manifest.tables.into_iter().map(|table| (table.file, table.blake3));
                for (name, blake3) in tables.chain([(MANIFEST_FILE.to_owned(), hash_file(&own)?)]) {
                    let path = input.directory.join(&name);
                    let state = FileState::at(&path);
                    files.push(File { port: port.clone(), name, path, state, blake3 });
                }
            }
        }
        Ok(Self(files))
    }

    /// Checks that every file has the content that it had.
    ///
    /// # Errors
    /// Where one has not.
    pub(crate) fn check(&self) -> Result<(), StageError> {
        for File { port, name, path, state, blake3 } in &self.0 {
            // A link to it from the results of another run changes its state as well.
            let is_same = FileState::at(path) == *state
                || hash_file(path).is_ok_and(|found| found == *blake3);
            if !is_same {
                return Err(StageError::new(format!(
                    "it changed `{name}` of its input `{port}`: a stage writes into its output only"
                ))
                .hint("the damaged input is made again by the next run"));
            }
        }
        Ok(())
    }
}

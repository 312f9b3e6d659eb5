//! `gc`: what lies in the store and no run refers to.

use std::fmt;

use crate::error::PipelineError;
use crate::project::Project;
use crate::run_folder::references;
use crate::store::{Entry, Store, size};
use crate::text::grid;
use crate::text::quantity::bytes;

/// What no run refers to, and no living driver works on.
#[derive(Debug)]
pub struct Garbage<'p> {
    project: &'p Project,
    artifacts: Vec<(Entry, u64)>,
    works: Vec<(Entry, u64)>,
}

/// Finds what could be removed from the store; nothing is.
#[must_use]
pub fn garbage(project: &Project) -> Garbage<'_> {
    let (store, wanted) = (Store::of(project), references::all(project));
    let sized = |entries: Vec<Entry>| {
        let idle = entries.into_iter().filter(|entry| !store.is_being_made(&entry.key));
        idle.map(|entry| (size(&entry.path), entry)).map(|(size, entry)| (entry, size))
    };
    let artifacts =
        sized(store.artifacts()).filter(|(entry, _)| !wanted.contains(entry.artifact())).collect();
    let is_wanted = |key: &str| wanted.iter().any(|name| name.ends_with(key));
    let works = sized(store.works()).filter(|(entry, _)| !is_wanted(&entry.key)).collect();
    Garbage { project, artifacts, works }
}

impl Garbage<'_> {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.artifacts.is_empty() && self.works.is_empty()
    }

    /// Removes it, but for what a run has come to refer to since; gives the bytes that this frees.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn remove(self) -> Result<u64, PipelineError> {
        let store = Store::of(self.project);
        let wanted = references::all(self.project);
        let mut freed = 0;
        for (entry, size) in &self.artifacts {
            if !wanted.contains(entry.artifact()) {
                store.remove(entry)?;
                freed += size;
            }
        }
        for (entry, size) in &self.works {
            store.clean(&entry.key)?;
            freed += size;
        }
        Ok(freed)
    }
}

impl fmt::Display for Garbage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "every artifact belongs to a run");
        }
        let all = || self.artifacts.iter().chain(&self.works);
        let rows: Vec<Vec<String>> =
            all().map(|(entry, size)| vec![bytes(*size), entry.name.clone()]).collect();
        write!(f, "{}", grid(&rows, ""))?;
        let total: u64 = all().map(|(_, size)| size).sum();
        writeln!(f, "{} in {} folders that no run refers to", bytes(total), rows.len())
    }
}

//! `verify`: every artifact of the store against what was written.

use std::fmt;

use crate::project::Project;
use crate::store::Store;

/// What a look at every byte of the store has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Artifacts that are whole.
    pub whole: usize,
    /// Name and fault of each that is not. The next run that wants it makes it anew.
    pub damaged: Vec<(String, String)>,
}

/// Reads every table in the store and compares it with its hash and its schema.
#[must_use]
pub fn verify(project: &Project) -> Verified {
    let store = Store::of(project);
    let mut verified = Verified::default();
    for entry in store.artifacts().into_iter().filter(|entry| !entry.is_note()) {
        match store.verify(&entry) {
            Ok(_) => verified.whole += 1,
            Err(fault) => {
                let fault = fault.replace(&format!("{}/", entry.path.display()), "");
                verified.damaged.push((entry.name, fault));
            }
        }
    }
    verified
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, fault) in &self.damaged {
            writeln!(f, "{name}: {fault}")?;
        }
        let count = self.damaged.len();
        match count {
            0 => writeln!(f, "{} artifacts, all intact", self.whole),
            _ => writeln!(f, "{} intact, {count} damaged (recomputed on the next run)", self.whole),
        }
    }
}

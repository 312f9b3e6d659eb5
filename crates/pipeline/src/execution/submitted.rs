//! What a person is told of jobs that were submitted and left.

use std::collections::BTreeMap;
use std::fmt;

use crate::text::grid;

/// Jobs that need no driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Name of the run.
    pub run: String,
    /// Artifacts of the run, and how many of them are there.
    pub artifacts: (usize, usize),
    /// Whether some are made again although they are there: the same call would do so once more.
    pub is_forced: bool,
    /// Arrays that this call has submitted.
    pub arrays: Vec<SubmittedArray>,
    /// Jobs that earlier calls have submitted, by what the queue says of them.
    pub earlier: BTreeMap<String, usize>,
    /// How many jobs the cluster has not taken yet, and why.
    pub refused: Option<(usize, String)>,
    /// Why no job gathers the results, where none does.
    pub ungathered: Option<String>,
    /// The folder of the batch scripts, as it is shown.
    pub scripts: String,
}

/// An array of jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmittedArray {
    /// The stage whose artifacts it makes.
    pub stage: String,
    /// Its number.
    pub number: String,
    /// How many jobs it has.
    pub jobs: usize,
    /// Whether they make pieces of artifacts.
    pub is_piece: bool,
}

impl Submitted {
    /// For each stage its jobs and its arrays.
    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows: Vec<(String, usize, Vec<&str>)> = Vec::new();
        for array in &self.arrays {
            let pieces = if array.is_piece { ", pieces" } else { "" };
            let stage = format!("{}{pieces}", array.stage);
            match rows.iter_mut().find(|(name, ..)| *name == stage) {
                Some((_, jobs, numbers)) => {
                    *jobs += array.jobs;
                    numbers.push(&array.number);
                }
                None => rows.push((stage, array.jobs, vec![&array.number])),
            }
        }
        let shown = |(stage, jobs, numbers): (String, usize, Vec<&str>)| {
            let arrays = match &numbers[..] {
                [first, .., last] => format!("{} from {first} to {last}", numbers.len()),
                numbers => numbers.concat(),
            };
            vec![stage, jobs.to_string(), arrays]
        };
        let head = ["stage", "jobs", "arrays"].map(str::to_owned).to_vec();
        std::iter::once(head).chain(rows.into_iter().map(shown)).collect()
    }
}

impl fmt::Display for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (all, made) = self.artifacts;
        let name = &self.run;
        writeln!(f, "{name}: {made} of {all} artifacts are there")?;
        if !self.earlier.is_empty() {
            let counts = self.earlier.iter().map(|(state, count)| format!("{count} {state}"));
            let counts: Vec<String> = counts.collect();
            writeln!(f, "submitted earlier: {}", counts.join(", "))?;
        }
        if self.arrays.is_empty() && self.refused.is_none() {
            writeln!(f, "nothing is left to submit")?;
        } else if !self.arrays.is_empty() {
            write!(f, "submitted:\n{}", grid(&self.rows(), "  "))?;
            writeln!(f, "batch scripts: {}", self.scripts)?;
        }
        if let Some(why) = &self.ungathered {
            writeln!(f, "no job gathers the results, the same call does at the end: {why}")?;
        }
        if let Some((jobs, why)) = &self.refused {
            let when = "once others have ended";
            writeln!(f, "{jobs} jobs are still to be submitted, by the same call {when}: {why}")?;
        }
        let call = if self.is_forced { "the same call without --force" } else { "the same call" };
        writeln!(
            f,
            "{call} says how far they are, and gathers the results at the end; with --follow it waits"
        )?;
        write!(f, "`cancel {name}` ends them")
    }
}

//! What was found of a program, as a person reads it.

use std::fmt;

use stage::Description;

use crate::text::{grid, listed_plain};

/// What was found of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    title: String,
    lines: Vec<(&'static str, Outcome)>,
}

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The contract is kept; what was seen.
    Kept(String),
    /// It is not: each fault in words.
    Broken(Vec<String>),
    /// Not looked at, and why.
    Skipped(String),
}

impl Outcome {
    /// Broken where there are `faults`, else kept with what was `seen`.
    pub(super) fn of(faults: Vec<String>, seen: &str) -> Self {
        if faults.is_empty() { Self::Kept(seen.to_owned()) } else { Self::Broken(faults) }
    }
}

impl Verdict {
    pub(super) fn of(uses: &str) -> Self {
        Self { title: uses.to_owned(), lines: Vec::new() }
    }

    /// Says what the program is.
    pub(super) fn add_title(&mut self, description: &Description) {
        let ports: Vec<String> =
            description.inputs.iter().map(|port| port.name.to_string()).collect();
        let from = match ports.as_slice() {
            [] => String::new(),
            ports => format!(" from {}", listed_plain(ports, "and")),
        };
        self.title = format!(
            "{}: {} {}, makes a {}{from}",
            self.title, description.name, description.version, description.output
        );
    }

    pub(super) fn add(&mut self, what: &'static str, outcome: Outcome) {
        self.lines.push((what, outcome));
    }

    pub(super) fn broken(&mut self, what: &'static str, fault: String, help: Option<String>) {
        let help = help.map(|help| format!("= help: {help}"));
        self.add(what, Outcome::Broken(std::iter::once(fault).chain(help).collect()));
    }

    /// Whether the program keeps the contract, as far as it was looked at.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !self.lines.iter().any(|(_, outcome)| matches!(outcome, Outcome::Broken(_)))
    }
}

impl fmt::Display for Verdict {
    /// One line a check; a broken one has further lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |word: &str, what: &str, text: &str| {
            vec![word.to_owned(), what.to_owned(), text.to_owned()]
        };
        let mut rows = Vec::new();
        for (what, outcome) in &self.lines {
            match outcome {
                Outcome::Kept(seen) => rows.push(row("kept", what, seen)),
                Outcome::Skipped(why) => rows.push(row("skipped", what, why)),
                Outcome::Broken(faults) => {
                    for (index, line) in faults.iter().flat_map(|text| text.lines()).enumerate() {
                        let (word, what) = if index == 0 { ("BROKEN", *what) } else { ("", "") };
                        rows.push(row(word, what, line.trim_end()));
                    }
                }
            }
        }
        writeln!(f, "{}\n", self.title)?;
        write!(f, "{}", grid(&rows, "  "))?;
        let is_run = |(what, outcome): &(&str, Outcome)| {
            *what == "run" && matches!(outcome, Outcome::Kept(_))
        };
        if self.is_kept() && self.lines.iter().any(is_run) {
            write!(f, "\nthe program keeps the contract")
        } else if self.is_kept() {
            write!(f, "\nthe program keeps the contract as far as it was looked at: it was not run")
        } else {
            write!(f, "\nthe program breaks the contract; docs/stages.md has it on one page")
        }
    }
}

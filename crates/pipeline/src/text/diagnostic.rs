//! What is wrong with a pipeline, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something wrong with a pipeline file or with an argument, found before anything runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Where it stands.
    pub location: Location,
    /// What is wrong, with the value and what would be right.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Location {
    /// The whole file.
    File {
        /// The file, as it is shown.
        file: String,
    },
    /// A place in the file.
    Line {
        /// The file, as it is shown.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1, in characters.
        column: usize,
        /// Characters to underline.
        length: usize,
        /// The whole line.
        text: String,
    },
    /// An argument of the command.
    Argument {
        /// The argument, as `--set train.with.steps=0`.
        argument: String,
    },
}

/// All that is wrong, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Sorts by place and drops what is said twice.
    pub(crate) fn new(mut all: Vec<Diagnostic>) -> Self {
        all.sort();
        all.dedup();
        Self(all)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file } => f.write_str(file),
            Self::Line { file, line, column, .. } => write!(f, "{file}:{line}:{column}"),
            Self::Argument { argument } => f.write_str(argument),
        }
    }
}

impl fmt::Display for Diagnostic {
    /// Like a compiler: place and message, the line with a caret, help.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: error: {}", self.location, self.message)?;
        let mut margin = 2;
        if let Location::Line { line, column, length, text, .. } = &self.location {
            let number = line.to_string();
            margin = number.len();
            // Tabs before the caret stay tabs, so that it stands under its word.
            let lead: String = text
                .chars()
                .take(column - 1)
                .map(|letter| if letter == '\t' { '\t' } else { ' ' })
                .collect();
            let carets = "^".repeat((*length).max(1));
            write!(f, "\n{number} | {text}\n{:margin$} | {lead}{carets}", "")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{:margin$} = help: {help}", "")?;
        }
        Ok(())
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.0 {
            writeln!(f, "{diagnostic}\n")?;
        }
        match self.0.len() {
            1 => f.write_str("1 error; nothing was run"),
            count => write!(f, "{count} errors; nothing was run"),
        }
    }
}

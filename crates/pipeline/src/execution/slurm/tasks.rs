//! The list of orders of an array: what a job reads to know what to do.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::PipelineError;
use crate::execution::order::Order;

/// Version of the list: that of this program, which alone reads what it has written.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The first line of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Head {
    version: String,
    /// The folder that stages run in.
    pub root: PathBuf,
    /// The folder of artifacts.
    pub store: PathBuf,
}

/// A line of a list.
#[derive(Debug, Serialize, Deserialize)]
struct Line<O> {
    index: u32,
    order: O,
}

impl Head {
    pub(super) fn new(root: &Path, store: &Path) -> Self {
        Self { version: VERSION.to_owned(), root: root.to_owned(), store: store.to_owned() }
    }
}

/// Writes the list of `orders`, each with the index of its job.
///
/// # Errors
/// Where the file system refuses.
pub(super) fn write<'a>(
    path: &Path,
    head: &Head,
    orders: impl Iterator<Item = (u32, &'a Order)>,
) -> Result<(), PipelineError> {
    let fill = || {
        let mut bytes = Vec::new();
        serde_json::to_writer(&mut bytes, head)?;
        for (index, order) in orders {
            bytes.push(b'\n');
            serde_json::to_writer(&mut bytes, &Line { index, order })?;
        }
        bytes.push(b'\n');
        File::create(path)?.write_all(&bytes)
    };
    fill().map_err(PipelineError::io("writing", path))
}

/// Reads the orders of the job `index` from the list at `path`.
///
/// # Errors
/// Where there are none, or another version of this program has written it.
pub(super) fn read(path: &Path, index: u32) -> Result<(Head, Vec<Order>), PipelineError> {
    let refused = |message: String| PipelineError::Argument {
        message: format!("{}: {message}", path.display()),
        help: Some("submit the pipeline again".to_owned()),
    };
    let wrong = |error: serde_json::Error| refused(format!("this is not a list of jobs: {error}"));
    let file = File::open(path).map_err(PipelineError::io("opening", path))?;
    let mut lines = BufReader::new(file).lines();
    let mut next = || lines.next().transpose().map_err(PipelineError::io("reading", path));
    let head: serde_json::Value =
        serde_json::from_str(&next()?.unwrap_or_default()).map_err(wrong)?;
    if head["version"] != VERSION {
        let found = head["version"].as_str().unwrap_or("none");
        return Err(refused(format!("it is of version {found}, and this program of {VERSION}")));
    }
    let head = serde_json::from_value(head).map_err(wrong)?;
    let mut orders = Vec::new();
    while let Some(line) = next()? {
        // A list may be long, and each order: only those of the job are read to their end.
        if line.starts_with(&format!("{{\"index\":{index},")) {
            let line: Line<Order> = serde_json::from_str(&line).map_err(wrong)?;
            orders.push(line.order);
        }
    }
    if orders.is_empty() {
        return Err(refused(format!("there is no job {index} in it")));
    }
    Ok((head, orders))
}

/// What SLURM itself says of the job `index` of the array with this list.
pub(super) fn said(list: &Path, index: u32) -> PathBuf {
    list.with_extension(format!("{index}.out"))
}

/// Removes what SLURM has said of a job where it has said nothing: one file less.
pub(super) fn forget_silence(list: &Path, index: u32) {
    let said = said(list, index);
    if fs::metadata(&said).is_ok_and(|said| said.len() == 0) {
        // Nothing is lost where it stays.
        let _ = fs::remove_file(said);
    }
}

//! A run as it was measured: what each artifact took and left, as their manifests say.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

use artifact::{Kind, Manifest};

/// A stage with everything that it made.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    pub name: String,
    /// Whether it takes all variants at once.
    pub gathers: bool,
    /// Stages that it takes artifacts of, as positions in the run.
    pub takes: BTreeSet<usize>,
    /// Seconds for each artifact, in the order of the plan.
    pub seconds: Vec<f64>,
    /// Files and folders of all artifacts.
    pub files: u64,
    /// Bytes of all artifacts.
    pub bytes: u64,
}

/// The stages of the run whose results are in `folder`, beside the store.
///
/// # Errors
/// Where it did not come to its end, or artifacts are gone.
pub fn stages(folder: &Path) -> Result<Vec<Stage>, Box<dyn Error>> {
    let keys = fs::read_to_string(folder.join("run.keys"))
        .map_err(|error| format!("{} holds no finished run: {error}", folder.display()))?;
    let mut stages: Vec<Stage> = Vec::new();
    let mut makers: BTreeMap<String, usize> = BTreeMap::new();
    for name in keys.lines() {
        let directory = folder.join("../../store").join(name);
        let manifest = Manifest::read(&directory)?;
        let found = stages.iter().position(|stage| stage.name == manifest.stage);
        let at = found.unwrap_or(stages.len());
        if found.is_none() {
            let inputs = manifest.inputs.values().flatten();
            let takes = inputs.filter_map(|key| makers.get(key).copied()).collect();
            let gathers = manifest.kind == Kind::REPORT;
            stages.push(Stage { name: manifest.stage, gathers, takes, ..Stage::default() });
        }
        let (files, bytes) = contents(&directory)?;
        stages[at].seconds.push(manifest.wall_time_s);
        stages[at].files += files;
        stages[at].bytes += bytes;
        makers.insert(manifest.key, at);
    }
    Ok(stages)
}

/// Files and folders from `folder` on down, and the bytes of the files.
fn contents(folder: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (1, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        let below = if found.is_dir() { contents(&entry.path())? } else { (1, found.len()) };
        (files, bytes) = (files + below.0, bytes + below.1);
    }
    Ok((files, bytes))
}

//! A run as it was measured: what each stage took and left, as the manifests of its artifacts say.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use artifact::{ArtifactError, Kind, Manifest};

/// Why a run cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no list of artifacts.
    #[error(
        "{folder} holds no finished run: run.keys is missing there; `cargo xtask pipeline depth.yaml` makes data/runs/depth"
    )]
    NoRun {
        /// The folder.
        folder: String,
    },
    /// A manifest is missing or damaged.
    #[error("{0}; `gc` may have thrown the artifact away: run the pipeline again")]
    Artifact(#[from] ArtifactError),
    /// Seconds of a stage that the run does not have.
    #[error("the run has no stage `{stage}`; it has {stages}")]
    NoStage {
        /// What was asked for.
        stage: String,
        /// What there is.
        stages: String,
    },
    /// Nodes without room for a job.
    #[error("stages were measured with {threads} threads, and a node has {cpus} cores")]
    Cores {
        /// Threads of a stage.
        threads: usize,
        /// Cores of a node.
        cpus: usize,
    },
    /// A folder cannot be listed.
    #[error("the files of the run cannot be counted: {0}")]
    Io(#[from] io::Error),
}

/// What one artifact cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Wall time of its stage.
    pub seconds: f64,
    /// Largest resident memory of its stage, where the system told.
    pub peak_bytes: Option<u64>,
    /// Bytes of its files.
    pub bytes: u64,
    /// Its files and folders.
    pub inodes: u64,
}

/// A stage with everything that it made.
#[derive(Clone, Debug)]
pub struct Stage {
    pub name: String,
    /// Whether it takes all variants at once.
    pub gathers: bool,
    /// Stages that it takes artifacts of, as positions in the run.
    pub takes: Vec<usize>,
    /// One for each artifact, in the order of the run.
    pub costs: Vec<Cost>,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// In the order of the chain.
    pub stages: Vec<Stage>,
    /// Variants of its sweep.
    pub variants: usize,
    /// Threads that stages were given.
    pub threads: usize,
    /// Files and folders of the results that no other name leads to, but for those of variants.
    pub results_inodes: u64,
    /// The same below `variants/` and `logs/`.
    pub variants_inodes: u64,
}

impl Run {
    /// Reads the run whose results are in `folder`, beside the store.
    ///
    /// # Errors
    /// Where it did not come to its end, or artifacts are gone.
    pub fn read(folder: &Path) -> Result<Self, RunError> {
        let keys = fs::read_to_string(folder.join("run.keys"))
            .map_err(|_| RunError::NoRun { folder: folder.display().to_string() })?;
        let store = folder.join("../../store");
        let mut stages: Vec<Stage> = Vec::new();
        let mut makers: BTreeMap<String, usize> = BTreeMap::new();
        let mut threads = 1;
        for name in keys.lines() {
            let directory = store.join(name);
            let manifest = Manifest::read(&directory)?;
            let found = stages.iter().position(|stage| stage.name == manifest.stage);
            let at = found.unwrap_or(stages.len());
            if found.is_none() {
                let takes = manifest.inputs.values().flatten().filter_map(|key| makers.get(key));
                let mut takes: Vec<usize> = takes.copied().collect();
                takes.sort_unstable();
                takes.dedup();
                let gathers = manifest.kind == Kind::Report;
                let name = manifest.stage.clone();
                stages.push(Stage { name, gathers, takes, costs: Vec::new() });
            }
            let (inodes, bytes) = contents(&directory, Files::All)?;
            let (seconds, peak_bytes) = (manifest.wall_time_s, manifest.peak_memory_bytes);
            stages[at].costs.push(Cost { seconds, peak_bytes, bytes, inodes });
            threads = threads.max(manifest.machine.threads);
            makers.insert(manifest.key, at);
        }
        let own = stages.iter().filter(|stage| !stage.gathers);
        let variants = own.map(|stage| stage.costs.len()).max().unwrap_or(1);
        let below = |name: &str| {
            let folder = folder.join(name);
            if !folder.is_dir() {
                return Ok(0);
            }
            contents(&folder, Files::Unlinked).map(|(inodes, _)| inodes)
        };
        let variants_inodes = below("variants")? + below("logs")?;
        let results_inodes = contents(folder, Files::Unlinked)?.0 - variants_inodes;
        Ok(Self { stages, variants, threads, results_inodes, variants_inodes })
    }

    /// Scales the times of `stage` so that their mean is `seconds`.
    ///
    /// # Errors
    /// [`RunError::NoStage`].
    pub fn take(&mut self, stage: &str, seconds: f64) -> Result<(), RunError> {
        let names: Vec<&str> = self.stages.iter().map(|of| &*of.name).collect();
        let stages = names.join(", ");
        let found = self.stages.iter_mut().find(|of| of.name == stage);
        let costs =
            &mut found.ok_or_else(|| RunError::NoStage { stage: stage.to_owned(), stages })?.costs;
        let mean = costs.iter().map(|cost| cost.seconds).sum::<f64>() / costs.len() as f64;
        for cost in costs {
            cost.seconds = if mean > 0.0 { cost.seconds * seconds / mean } else { seconds };
        }
        Ok(())
    }
}

/// Which files are counted.
#[derive(Clone, Copy, PartialEq)]
enum Files {
    All,
    /// Those of one name: results are links into the store, which has counted them.
    Unlinked,
}

/// Files and folders from `folder` on down, and the bytes of the files.
fn contents(folder: &Path, files: Files) -> io::Result<(u64, u64)> {
    let (mut inodes, mut bytes) = (1, 0);
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let found = fs::symlink_metadata(&path)?;
        if found.is_dir() {
            let below = contents(&path, files)?;
            (inodes, bytes) = (inodes + below.0, bytes + below.1);
        } else if files == Files::All || found.nlink() == 1 {
            (inodes, bytes) = (inodes + 1, bytes + found.len());
        }
    }
    Ok((inodes, bytes))
}

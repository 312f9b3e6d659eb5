//! The programs of SLURM: submit, look, cancel, and what the cluster has.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::partition::Partition;
use super::state::Seen;
use crate::error::PipelineError;
use crate::programs::output_of;

/// How long an answer is waited for: a busy controller takes a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(150);
/// Bytes of an argument: Linux takes 128 KiB.
const LONGEST_ARGUMENT: usize = 100 << 10;
/// Jobs of an array where the cluster does not say how many there may be: SLURM's own default.
const LARGEST_ARRAY: usize = 1001;
/// What of the surroundings tells SLURM's programs where their cluster is. Every other `SLURM_…`
/// belongs to a job that this program may run in, and would change what it submits.
const KEPT: &str = "SLURM_CONF";

/// SLURM's programs.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    sbatch: PathBuf,
    squeue: PathBuf,
    scancel: PathBuf,
    sinfo: PathBuf,
    /// Both are there on most clusters; the rest does without.
    sacct: Option<PathBuf>,
    scontrol: Option<PathBuf>,
}

impl Tools {
    /// The programs in the folders `search`.
    ///
    /// # Errors
    /// The name of one that is not there.
    pub(super) fn find(search: &[PathBuf]) -> Result<Self, &'static str> {
        let find =
            |name: &str| search.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
        let need = |name: &'static str| find(name).ok_or(name);
        Ok(Self {
            sbatch: need("sbatch")?,
            squeue: need("squeue")?,
            scancel: need("scancel")?,
            sinfo: need("sinfo")?,
            sacct: find("sacct"),
            scontrol: find("scontrol"),
        })
    }

    /// Submits `script` with `options`, and gives the number of its job.
    ///
    /// # Errors
    /// What sbatch said.
    pub(super) fn submit(&self, script: &Path, options: &[String]) -> Result<String, String> {
        let script = script.display().to_string();
        let mut arguments = vec!["--parsable"];
        arguments.extend(options.iter().map(String::as_str));
        arguments.push(&script);
        let answer = ask(&self.sbatch, &arguments)?;
        // `NUMBER` or `NUMBER;CLUSTER`, perhaps after words of the site's own.
        let last = answer.trim().lines().last().unwrap_or_default();
        let number = last.split(';').next().unwrap_or_default().trim();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("sbatch answers `{last}`, which is not a job number"));
        }
        Ok(number.to_owned())
    }

    /// What is known of the jobs called `names`: of those in the queue, or that left it a few
    /// minutes ago.
    ///
    /// # Errors
    /// What squeue said.
    pub(super) fn queue(&self, names: &[&str]) -> Result<Vec<Seen>, String> {
        let joined = format!("--name={}", names.join(","));
        let mut arguments =
            vec!["--noheader", "--array", "--states=all", "--format=%j|%F|%K|%T|%N|%r"];
        // Where it is too long for an argument, all jobs are asked for.
        if joined.len() < LONGEST_ARGUMENT {
            arguments.push(&joined);
        }
        let names: BTreeSet<&str> = names.iter().copied().collect();
        let answer = ask(&self.squeue, &arguments)?;
        let seen = answer.lines().flat_map(Seen::of_queue);
        Ok(seen.filter(|seen| names.contains(&*seen.name)).collect())
    }

    /// What is known of the jobs at `places`, by name of the array and index: one call for the queue,
    /// and one for the accounts where the queue does not know all of them. `names` are those of the
    /// arrays.
    ///
    /// # Errors
    /// What squeue said.
    pub(super) fn look(
        &self,
        names: &[&str],
        places: &BTreeSet<(String, u32)>,
    ) -> Result<BTreeMap<(String, u32), Seen>, String> {
        let key = |seen: Seen| ((seen.name.clone(), seen.index), seen);
        let mut seen: BTreeMap<_, _> = self.queue(names)?.into_iter().map(key).collect();
        let missing: BTreeSet<&str> = places
            .iter()
            .filter(|place| !seen.contains_key(*place))
            .map(|(name, _)| name.as_str())
            .collect();
        if !missing.is_empty() {
            let missing: Vec<&str> = missing.into_iter().collect();
            for (place, of_accounts) in self.accounts(&missing).into_iter().map(key) {
                // The queue knows better, for as long as it knows.
                seen.entry(place).or_insert(of_accounts);
            }
        }
        Ok(seen)
    }

    /// What the accounting of the cluster knows of the jobs called `names`; nothing where it has
    /// none.
    pub(super) fn accounts(&self, names: &[&str]) -> Vec<Seen> {
        let Some(sacct) = &self.sacct else { return Vec::new() };
        let names = format!("--name={}", names.join(","));
        // Without a start sacct tells of today alone.
        let start = "--starttime=now-30days";
        let format = "--format=JobName,JobID,State,NodeList";
        let arguments = ["--allocations", "--noheader", "--parsable2", start, format, &names];
        // A cluster without accounting refuses: what the queue does not know is gone then.
        let answer = ask(sacct, &arguments).unwrap_or_default();
        answer.lines().flat_map(Seen::of_accounts).collect()
    }

    /// Ends the arrays with these `numbers`, of which some may have ended.
    ///
    /// # Errors
    /// What scancel said.
    pub(super) fn cancel(&self, numbers: &[&str]) -> Result<(), String> {
        if numbers.is_empty() {
            return Ok(());
        }
        ask(&self.scancel, &[&["--quiet"], numbers].concat()).map(drop)
    }

    /// Has the job that this program runs in start anew, in its place in the queue.
    ///
    /// # Errors
    /// What scontrol said, or that there is none.
    pub(super) fn start_again(&self, job: &str) -> Result<(), String> {
        let scontrol = self.scontrol.as_ref().ok_or("there is no scontrol")?;
        ask(scontrol, &["requeue", job]).map(drop)
    }

    /// The nodes of the cluster, or of one `partition`, each with the name of the machine that it is.
    ///
    /// # Errors
    /// What sinfo said.
    pub(super) fn nodes(
        &self,
        partition: Option<&str>,
    ) -> Result<BTreeMap<String, String>, String> {
        let partition = partition.map(|name| format!("--partition={name}"));
        let mut arguments = vec!["--all", "--noheader", "--Node", "--format=%N|%n"];
        arguments.extend(partition.as_deref());
        let answer = ask(&self.sinfo, &arguments)?;
        let lines = answer.lines().filter_map(|line| line.trim().split_once('|'));
        Ok(lines.map(|(node, machine)| (node.to_owned(), machine.to_owned())).collect())
    }

    /// The partitions of the cluster, once for each size of their nodes.
    ///
    /// # Errors
    /// What sinfo said.
    pub(super) fn partitions(&self) -> Result<Vec<Partition>, String> {
        let answer =
            ask(&self.sinfo, &["--all", "--noheader", "--exact", "--format=%P|%c|%m|%l|%a"])?;
        Ok(answer.lines().filter_map(Partition::parse).collect())
    }

    /// Jobs that an array may have: what the cluster says, and no more than it keeps in all.
    pub(super) fn largest_array(&self) -> usize {
        let answer = self.scontrol.as_ref().and_then(|path| ask(path, &["show", "config"]).ok());
        let answer = answer.unwrap_or_default();
        let number = |name| {
            let line = answer.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches([' ', '=']).trim().parse().ok()
        };
        let (size, kept) = (number("MaxArraySize"), number("MaxJobCount"));
        let size: usize = size.unwrap_or(LARGEST_ARRAY);
        size.min(kept.unwrap_or(usize::MAX)).max(1)
    }
}

/// What `program` answers.
fn ask(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // An interrupt from the terminal must not cut off an sbatch whose job is there already.
    command.process_group(0);
    for (variable, _) in env::vars_os() {
        let is_of_a_job = variable.to_str().is_some_and(|name| name.starts_with("SLURM_"));
        if is_of_a_job && variable != KEPT {
            command.env_remove(variable);
        }
    }
    let child = command.spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
    let output = output_of(child, LONGEST_WAIT).map_err(|reason| format!("{name} {reason}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(format!("{name} refuses ({}): {}", output.status, said.join("; ")))
}

/// What one of SLURM's programs has said.
pub(super) fn refused(message: String) -> PipelineError {
    PipelineError::Cluster(message)
}

/// That there is no SLURM here.
pub(super) fn missing(program: &str) -> PipelineError {
    PipelineError::Argument {
        message: format!("there is no program `{program}` on PATH, and so no SLURM to submit to"),
        help: Some(
            "call this on a machine that submits to the cluster; without `--executor slurm` stages run here"
                .to_owned(),
        ),
    }
}

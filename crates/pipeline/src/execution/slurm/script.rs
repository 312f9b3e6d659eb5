//! Batch scripts: readable, and kept.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::partition::time;
use crate::reading::Cluster;

/// What a batch script runs: an array of jobs of one stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script<'a> {
    /// Name of the array, which no other has.
    pub name: &'a str,
    /// This program, which runs a job's order.
    pub program: &'a Path,
    /// The folder that it runs in.
    pub root: &'a Path,
    /// The script itself; its list of orders and the files with what SLURM says lie beside it.
    pub path: &'a Path,
    pub purpose: Purpose<'a>,
    pub cpus: usize,
    pub memory_bytes: u64,
    pub time: Option<Duration>,
    pub partition: Option<&'a str>,
    /// Whether a job starts again whose node fails, or that has to make way.
    pub starts_again: bool,
    /// What it is to wait for, which sbatch is told beside the script; empty where for nothing.
    pub after: &'a str,
    pub cluster: &'a Cluster,
}

/// What the jobs of a script do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose<'a> {
    /// Each makes an artifact.
    Artifacts {
        /// Indices of the jobs, ascending.
        indices: &'a [u32],
        /// Those of them that run at a time, at most.
        at_a_time: Option<usize>,
    },
    /// One gathers the results.
    Results,
}

impl Script<'_> {
    /// The text of the script.
    pub(super) fn text(&self) -> String {
        let beside = |ending: &str| self.path.with_extension(ending).display().to_string();
        // What loads modules is a function of the shell, which login shells have.
        let has_modules = !self.cluster.modules.is_empty();
        let shell = if has_modules { "#!/bin/bash -l\n" } else { "#!/bin/sh\n" };
        let mut text = shell.to_owned();
        let mut option = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "#SBATCH --{name}={value}");
        };
        option("job-name", self.name);
        // Always an array, be it of one: what SLURM says of its jobs is always read in one way.
        option(
            "array",
            &match self.purpose {
                Purpose::Artifacts { indices, at_a_time: Some(most) } => {
                    format!("{}%{most}", ranges(indices))
                }
                Purpose::Artifacts { indices, at_a_time: None } => ranges(indices),
                Purpose::Results => "0".to_owned(),
            },
        );
        option("ntasks", "1");
        option("cpus-per-task", &self.cpus.to_string());
        option("mem", &format!("{}M", self.memory_bytes.div_ceil(1 << 20)));
        if let Some(limit) = self.time {
            option("time", &time(limit));
        }
        let cluster = self.cluster;
        let partition = self.partition.or(cluster.partition.as_deref());
        for (name, value) in [
            ("partition", partition),
            ("account", cluster.account.as_deref()),
            ("qos", cluster.qos.as_deref()),
        ] {
            if let Some(value) = value {
                option(name, value);
            }
        }
        option("chdir", &self.root.display().to_string());
        option("output", &beside("%a.out"));
        option("open-mode", "append");
        option("kill-on-invalid-dep", "yes");
        text.push_str(if self.starts_again {
            "#SBATCH --requeue\n"
        } else {
            "#SBATCH --no-requeue\n"
        });
        for line in &cluster.lines {
            let _ = writeln!(text, "#SBATCH {line}");
        }
        if !self.after.is_empty() {
            // Numbers of jobs do not stay true: a script may be submitted by hand at any time.
            let _ = writeln!(text, "# Submitted with --dependency={}", self.after);
        }
        text.push('\n');
        for module in &cluster.modules {
            let _ = writeln!(text, "module load {module} || exit 1");
        }
        let program = quoted(&self.program.display().to_string());
        let (about, call) = match self.purpose {
            Purpose::Artifacts { .. } => (
                "# Each job makes one artifact of the list, unless the store has it: it may be submitted again.\n",
                format!("run-task {} \"$SLURM_ARRAY_TASK_ID\"", quoted(&beside("tasks"))),
            ),
            Purpose::Results => ("", format!("gather {}", quoted(&beside("plan")))),
        };
        let _ = writeln!(text, "{about}exec {program} {call}");
        text
    }
}

/// Ascending numbers as SLURM writes them, `0-3,7`.
pub(super) fn ranges(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|one, next| one + 1 == *next);
    let texts = runs.filter_map(|run| match (run.first()?, run.last()?) {
        (first, last) if first == last => Some(first.to_string()),
        (first, last) => Some(format!("{first}-{last}")),
    });
    texts.collect::<Vec<_>>().join(",")
}

/// `text` as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_ranges() {
        assert_eq!(ranges(&[0, 1, 2, 3, 7, 9, 10]), "0-3,7,9-10");
        assert_eq!(ranges(&[4]), "4");
    }

    #[test]
    fn a_script_can_be_read() {
        let cluster = Cluster {
            account: Some("physics".to_owned()),
            partition: Some("short".to_owned()),
            qos: None,
            lines: vec!["--exclude=node7".to_owned()],
            modules: vec!["gcc/14".to_owned()],
            is_shared: false,
        };
        let script = Script {
            name: "depth.train.1f00",
            program: Path::new("/home/it's/bin/ntk-lab"),
            root: Path::new("/home/lab"),
            path: Path::new("/home/lab/data/jobs/depth/depth.train.1f00.sh"),
            purpose: Purpose::Artifacts { indices: &[0, 1, 2, 5], at_a_time: Some(500) },
            cpus: 4,
            memory_bytes: 3 << 30,
            time: Some(Duration::from_mins(90)),
            partition: None,
            starts_again: true,
            after: "aftercorr:120",
            cluster: &cluster,
        };
        insta::assert_snapshot!(script.text());
    }
}

//! Batch scripts: readable, and kept.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::partition::time;
use crate::cluster::Cluster;

/// What a batch script runs: an array of jobs of one stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script<'a> {
    /// Name of the array, which no other has.
    pub name: &'a str,
    pub program: &'a Path,
    /// The folder that it runs in.
    pub root: &'a Path,
    /// The script itself; its list of tasks and the files with what SLURM says lie beside it.
    pub path: &'a Path,
    /// Jobs of the array.
    pub count: usize,
    pub cpus: usize,
    pub memory_bytes: u64,
    pub time: Option<Duration>,
    pub partition: Option<&'a str>,
    pub cluster: &'a Cluster,
}

impl Script<'_> {
    /// The text of the script.
    pub(super) fn text(&self) -> String {
        let beside = |ending: &str| self.path.with_extension(ending).display().to_string();
        let mut text = String::from("#!/bin/sh\n");
        let mut option = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "#SBATCH --{name}={value}");
        };
        option("job-name", self.name);
        option("array", &format!("0-{}", self.count - 1));
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
        text.push_str("#SBATCH --no-requeue\n");
        for line in &cluster.lines {
            let _ = writeln!(text, "#SBATCH {line}");
        }
        text.push_str("\n# Line i of the list has the work of job i, and its log.\n");
        let tasks = quoted(&beside("tasks"));
        let _ = writeln!(text, "line=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {tasks})");
        text.push_str("work=$(printf '%s' \"$line\" | cut -f 1)\n");
        text.push_str("log=$(printf '%s' \"$line\" | cut -f 2)\n");
        let _ = writeln!(text, "job=$work/job-{}.$SLURM_ARRAY_TASK_ID", self.name);
        text.push_str(
            "# The driver that wants the result has made this folder. Where it is gone, another\n",
        );
        text.push_str("# job does the work, or it is done.\n");
        text.push_str("if ! [ -d \"$job\" ]; then echo 'this work is not wanted any more' >&2; exit 0; fi\n\n");
        for module in &cluster.modules {
            let _ = writeln!(text, "module load {module}");
        }
        text.push_str("start=$(date +%s)\n");
        let program = quoted(&self.program.display().to_string());
        let _ =
            writeln!(text, "{program} run \"$work/request.json\" > \"$job/messages\" 2> \"$log\"");
        text.push_str("code=$?\n");
        text.push_str("echo \"$code $(($(date +%s) - start))\" > \"$job/end.partial\"\n");
        text.push_str("mv \"$job/end.partial\" \"$job/end\"\n");
        text.push_str("exit \"$code\"\n");
        text
    }
}

/// `text` as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_can_be_read() {
        let cluster = Cluster {
            account: Some("physics".to_owned()),
            partition: Some("short".to_owned()),
            qos: None,
            lines: vec!["--exclude=node7".to_owned()],
            modules: vec!["gcc/14".to_owned()],
        };
        let script = Script {
            name: "depth.train.1f00",
            program: Path::new("/home/it's/bin/stage-train"),
            root: Path::new("/home/lab"),
            path: Path::new("/home/lab/data/runs/depth/logs/slurm.jobs/depth.train.1f00.sh"),
            count: 12,
            cpus: 4,
            memory_bytes: 3 << 30,
            time: Some(Duration::from_mins(90)),
            partition: None,
            cluster: &cluster,
        };
        insta::assert_snapshot!(script.text());
    }
}

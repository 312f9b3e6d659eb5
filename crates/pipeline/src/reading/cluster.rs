//! What a pipeline says of a cluster: `cluster:` for all of it, `resources:` for a stage.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::reader::Reader;
use super::source::Part;
use crate::schema::shown;
use crate::text::pointer;
use crate::text::quantity::{parse_bytes, parse_duration};

/// Keys of the block `cluster`.
const CLUSTER_KEYS: [&str; 6] = ["account", "partition", "qos", "lines", "modules", "shared"];
/// Keys of the block `resources`.
const RESOURCE_KEYS: [&str; 6] = ["cpus", "memory", "time", "partition", "split", "batch"];
/// Options of sbatch that the driver sets for each script.
const OWN_OPTIONS: [&str; 20] = [
    "--job-name",
    "--array",
    "--ntasks",
    "--cpus-per-task",
    "--mem",
    "--time",
    "--output",
    "--error",
    "--chdir",
    "--wrap",
    "--requeue",
    "--no-requeue",
    "--open-mode",
    "--dependency",
    "--kill-on-invalid-dep",
    "--partition",
    "--account",
    "--qos",
    "--mem-per-cpu",
    "--mem-per-gpu",
];

/// How the jobs of a pipeline are handed to a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Who pays.
    pub account: Option<String>,
    /// Where stages run that do not say it themselves.
    pub partition: Option<String>,
    /// Quality of service.
    pub qos: Option<String>,
    /// Further options of sbatch, as `--exclude=node7`.
    pub lines: Vec<String>,
    /// Modules that are loaded before a stage.
    pub modules: Vec<String>,
    /// Whether the nodes see the project and the store though they lie on a disk of this machine.
    pub is_shared: bool,
}

/// What a stage needs of a cluster, as far as the pipeline says so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Processors, which are the stage's threads.
    pub cpus: Option<u16>,
    /// Memory, in bytes.
    pub memory_bytes: Option<u64>,
    /// Time that one artifact may take.
    pub time: Option<Duration>,
    /// Where it runs.
    pub partition: Option<String>,
    /// Pieces that its work is cut into, where the stage can do that.
    pub split: Option<u16>,
    /// Artifacts that a job makes, one after the other.
    pub batch: Option<u16>,
}

impl Reader<'_> {
    /// The block `cluster` of a pipeline.
    pub(crate) fn cluster(&mut self, at: &str, value: &Value) -> Cluster {
        let mut cluster = Cluster::default();
        let Some(entries) = self.map(at, value, "`cluster`") else { return cluster };
        self.refuse_unknown(at, entries, &CLUSTER_KEYS, "`cluster`");
        cluster.account = self.word_at(at, entries, "account");
        cluster.partition = self.word_at(at, entries, "partition");
        cluster.qos = self.word_at(at, entries, "qos");
        cluster.modules = self.list(at, entries, "modules", Self::word);
        cluster.lines = self.list(at, entries, "lines", Self::option);
        if let Some(value) = entries.get("shared") {
            cluster.is_shared = value.as_bool().unwrap_or_default();
            if !value.is_boolean() {
                let message = format!("`shared` is `true` or `false`, not {}", shown(value));
                self.wrong(&pointer::join(at, "shared"), Part::Value, message, None);
            }
        }
        cluster
    }

    /// The block `resources` of a stage.
    pub(crate) fn resources(&mut self, at: &str, value: &Value) -> Resources {
        let mut resources = Resources::default();
        let Some(entries) = self.map(at, value, "`resources`") else { return resources };
        self.refuse_unknown(at, entries, &RESOURCE_KEYS, "`resources`");
        resources.cpus = self.count(at, entries, "cpus");
        resources.split = self.count(at, entries, "split");
        resources.batch = self.count(at, entries, "batch");
        resources.memory_bytes = self.quantity(at, entries, "memory", parse_bytes);
        resources.time = self.quantity(at, entries, "time", parse_duration);
        resources.partition = self.word_at(at, entries, "partition");
        resources
    }

    fn word_at(&mut self, at: &str, entries: &Map<String, Value>, key: &str) -> Option<String> {
        let value = entries.get(key)?;
        self.word(&pointer::join(at, key), value)
    }

    /// A name that stands in a script as it is.
    fn word(&mut self, at: &str, value: &Value) -> Option<String> {
        let text = self.text(at, value)?;
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_.+/:,@".contains(c);
        if text.starts_with('-') || !text.chars().all(fine) {
            let help = "letters, digits and any of `-_.+/:,@` can stand there";
            let message = format!("`{}` cannot stand in a batch script", text.escape_debug());
            self.wrong(at, Part::Value, message, Some(help.to_owned()));
            return None;
        }
        Some(text)
    }

    /// An option of sbatch.
    fn option(&mut self, at: &str, value: &Value) -> Option<String> {
        let text = self.text(at, value)?;
        let name = text.split(['=', ' ']).next().unwrap_or_default();
        let fine = |c: char| c.is_ascii_graphic() || c == ' ';
        if !text.starts_with("--") || !text.chars().all(fine) {
            let message = format!("`{}` is not an option of sbatch", text.escape_debug());
            let help = "write it as `--exclude=node7`".to_owned();
            self.wrong(at, Part::Value, message, Some(help));
            return None;
        }
        if OWN_OPTIONS.contains(&name) {
            let message = format!("`{name}` is set for every stage by itself");
            let help = "keys of `cluster:`, and of `resources:` of a stage, say what is asked for";
            let help = help.to_owned();
            self.wrong(at, Part::Value, message, Some(help));
            return None;
        }
        Some(text)
    }
}

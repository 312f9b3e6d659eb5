//! What a pipeline file says, before anything is known of its stages' programs.

use std::time::Duration;

use serde_json::{Map, Value};

use super::cluster::{Cluster, Resources};
use super::reader::Reader;
use super::source::{Part, Source};
use crate::programs::can_be_used;
use crate::schema::shown;
use crate::text::quantity::parse_duration;
use crate::text::{Diagnostic, pointer};

/// Key of the block that a lock file has more than what people write: how it was run.
pub(crate) const LOCK: &str = "lock";
/// Key within that block: the pipeline file that was run, relative to the project where it lies in it.
pub(crate) const LOCK_ORIGIN: &str = "file";
/// Keys of a pipeline.
const KEYS: [&str; 7] = ["name", "about", "seed", "stages", "sweep", "cluster", LOCK];
/// Keys of a stage.
const STAGE_KEYS: [&str; 7] = ["uses", "inputs", "with", "seed", "limits", "resources", "retries"];
/// Keys of the limits of a stage.
const LIMIT_KEYS: [&str; 1] = ["time"];

/// A pipeline file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PipelineFile {
    /// Names the folder of results.
    pub name: String,
    /// One sentence for people.
    pub about: String,
    /// All randomness comes from it.
    pub seed: u64,
    /// Name and block of each stage, in the order of the file.
    pub stages: Vec<(String, Value)>,
    /// How its jobs are handed to a cluster.
    pub cluster: Cluster,
}

/// One stage as the file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StageEntry {
    /// Its name in this file.
    pub name: String,
    /// Which program; `None` where the file does not say it as it should.
    pub uses: Option<String>,
    /// Input ports with the stages wired into them, and whether they stand in a list.
    pub inputs: Vec<Wire>,
    /// Parameters as the user gave them.
    pub with: Value,
    /// Time that it may take.
    pub time_limit: Option<Duration>,
    /// What it needs of a cluster.
    pub resources: Resources,
    /// How often it is tried again.
    pub retries: Option<u32>,
    /// Its own seed, where it does not take the pipeline's.
    pub seed: Option<u64>,
}

/// One input port as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    /// The port.
    pub port: String,
    /// The stages wired into it.
    pub stages: Vec<String>,
    /// Whether they stand in a list.
    pub listed: bool,
}

impl StageEntry {
    /// JSON Pointer of this stage in the file.
    pub(crate) fn pointer(&self) -> String {
        pointer::of(&["stages", &self.name])
    }
}

impl Wire {
    /// JSON Pointer of the `index`th stage of this wire, in the stage at `stage`.
    pub(crate) fn pointer(&self, stage: &str, index: usize) -> String {
        let port = pointer::join(&pointer::join(stage, "inputs"), &self.port);
        if self.listed { pointer::join(&port, &index.to_string()) } else { port }
    }
}

/// Reads `value` but for its stages and its sweep; what is wrong goes to `problems`, and the rest
/// is read all the same.
///
/// `default_name` is the name of a pipeline that does not give one.
pub(crate) fn read(
    source: &Source,
    value: &Value,
    default_name: &str,
    problems: &mut Vec<Diagnostic>,
) -> PipelineFile {
    let mut reader = Reader { source, problems };
    let mut file = PipelineFile {
        name: default_name.to_owned(),
        about: String::new(),
        seed: 0,
        stages: Vec::new(),
        cluster: Cluster::default(),
    };
    let Some(entries) = reader.map("", value, "a pipeline") else { return file };
    reader.refuse_unknown("", entries, &KEYS, "a pipeline");
    if let Some(name) = entries.get("name").and_then(|value| reader.text("/name", value)) {
        file.name = name;
    }
    reader.refuse_odd_name("/name", &file.name);
    if let Some(about) = entries.get("about").and_then(|value| reader.text("/about", value)) {
        file.about = about;
    }
    if let Some(value) = entries.get("seed") {
        match value.as_u64() {
            Some(seed) => file.seed = seed,
            None => reader.wrong("/seed", Part::Value, odd_seed(&shown(value)), None),
        }
    }
    if let Some(cluster) = entries.get("cluster") {
        file.cluster = reader.cluster("/cluster", cluster);
    }
    match entries.get("stages") {
        None => reader.wrong(
            "",
            Part::Key,
            "the pipeline has no `stages`",
            Some(
                "add `stages:` with at least one stage, as `dataset: { uses: dataset }`".to_owned(),
            ),
        ),
        Some(stages) => {
            if let Some(stages) = reader.map("/stages", stages, "`stages`") {
                if stages.is_empty() {
                    reader.wrong("/stages", Part::Key, "the pipeline has no stages", None);
                }
                file.stages = stages.clone().into_iter().collect();
            }
        }
    }
    file
}

/// Reads the block `value` of the stage `name`; what is wrong goes to `problems`, and the rest is
/// read all the same.
pub(crate) fn read_stage(
    source: &Source,
    name: &str,
    value: &Value,
    problems: &mut Vec<Diagnostic>,
) -> StageEntry {
    Reader { source, problems }.stage(name, value)
}

/// Why the seed cannot be `found`.
pub(crate) fn odd_seed(found: &str) -> String {
    format!("the seed must be a whole number from 0 to 2^64 - 1, not {found}")
}

impl Reader<'_> {
    fn stage(&mut self, name: &str, value: &Value) -> StageEntry {
        let at = pointer::of(&["stages", name]);
        let mut stage = StageEntry {
            name: name.to_owned(),
            uses: None,
            inputs: Vec::new(),
            with: Value::Object(Map::new()),
            time_limit: None,
            resources: Resources::default(),
            retries: None,
            seed: None,
        };
        self.refuse_odd_name(&at, name);
        let Some(entries) = self.map(&at, value, "a stage") else { return stage };
        self.refuse_unknown(&at, entries, &STAGE_KEYS, "a stage");
        match entries.get("uses") {
            None => self.wrong(
                &at,
                Part::Key,
                format!("the stage `{name}` does not say which program it `uses`"),
                Some(
                    "add for example `uses: train`; the command `stages` lists those that exist"
                        .to_owned(),
                ),
            ),
            Some(uses) => stage.uses = self.uses(&pointer::join(&at, "uses"), uses),
        }
        if let Some(inputs) = entries.get("inputs") {
            let at = pointer::join(&at, "inputs");
            for (port, value) in self.map(&at, inputs, "`inputs`").into_iter().flatten() {
                stage.inputs.extend(self.wire(&at, port, value));
            }
        }
        match entries.get("with") {
            None | Some(Value::Null) => {}
            Some(with) => {
                if self.map(&pointer::join(&at, "with"), with, "`with`").is_some() {
                    stage.with = with.clone();
                }
            }
        }
        if let Some(seed) = entries.get("seed") {
            stage.seed = seed.as_u64();
            if stage.seed.is_none() {
                let at = pointer::join(&at, "seed");
                self.wrong(&at, Part::Value, odd_seed(&shown(seed)), None);
            }
        }
        if let Some(limits) = entries.get("limits") {
            stage.time_limit = self.time_limit(&pointer::join(&at, "limits"), limits);
        }
        if let Some(resources) = entries.get("resources") {
            stage.resources = self.resources(&pointer::join(&at, "resources"), resources);
        }
        if let Some(retries) = entries.get("retries") {
            stage.retries = self.retries(&pointer::join(&at, "retries"), retries);
        }
        stage
    }

    /// Which program a stage uses: a name, or a path with a `/` in it. Whoever reads the file must
    /// see which, so nothing invisible may stand there.
    fn uses(&mut self, at: &str, value: &Value) -> Option<String> {
        let uses = self.text(at, value)?;
        if uses.chars().any(is_invisible) {
            let invisible = uses.chars().filter(|c| is_invisible(*c));
            let codes: Vec<String> = invisible.map(|c| format!("U+{:04X}", u32::from(c))).collect();
            let message = format!("`uses` contains an invisible character: {}", codes.join(", "));
            self.wrong(at, Part::Value, message, None);
            return None;
        }
        if !uses.contains('/') && !can_be_used(&uses) {
            let message = format!("`{uses}` cannot be the name of a stage");
            let help = "write its name, as `train`, or a path with a `/`, as `./stages/train.py`";
            self.wrong(at, Part::Value, message, Some(help.to_owned()));
            return None;
        }
        Some(uses)
    }

    fn time_limit(&mut self, at: &str, value: &Value) -> Option<Duration> {
        let limits = self.map(at, value, "`limits`")?;
        self.refuse_unknown(at, limits, &LIMIT_KEYS, "limits");
        self.quantity(at, limits, "time", parse_duration)
    }

    /// How often a stage is tried again.
    fn retries(&mut self, at: &str, value: &Value) -> Option<u32> {
        let retries = value.as_u64().and_then(|retries| u32::try_from(retries).ok());
        if retries.is_none() {
            let message = format!("`retries` is a whole number from 0, not {}", shown(value));
            self.wrong(at, Part::Value, message, None);
        }
        retries
    }

    fn wire(&mut self, inputs: &str, port: &str, value: &Value) -> Option<Wire> {
        let at = pointer::join(inputs, port);
        let one = |name: &String| vec![name.clone()];
        let (stages, listed) = match value {
            Value::String(name) => (one(name), false),
            Value::Array(items) => {
                let mut stages = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    stages.push(self.text(&pointer::join(&at, &index.to_string()), item)?);
                }
                (stages, true)
            }
            other => {
                let message = format!(
                    "an input is the name of a stage or a list of names, not {}",
                    shown(other)
                );
                self.wrong(&at, Part::Value, message, None);
                return None;
            }
        };
        Some(Wire { port: port.to_owned(), stages, listed })
    }
}

/// Whether a letter is not seen where it stands, or changes how its neighbours are seen.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (PipelineFile, Vec<StageEntry>, String) {
        let (source, value) = Source::parse(text, "x.yaml").expect("valid YAML");
        let mut problems = Vec::new();
        let file = read(&source, &value, "x", &mut problems);
        let stages = file.stages.iter();
        let stages =
            stages.map(|(name, value)| read_stage(&source, name, value, &mut problems)).collect();
        (file, stages, problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn a_pipeline_is_read_in_the_order_of_the_file() {
        let (file, stages, problems) = read_text(
            "about: why\nseed: 7\nstages:\n  b: { uses: two, inputs: { one: a, many: [a] } }\n  a: { uses: one, with: { x: 1 } }\n",
        );
        assert_eq!(problems, "");
        assert_eq!((file.name.as_str(), file.seed, file.about.as_str()), ("x", 7, "why"));
        assert_eq!(stages[0].name, "b");
        assert_eq!(stages[0].inputs[0].pointer("/stages/b", 0), "/stages/b/inputs/one");
        assert_eq!(stages[0].inputs[1].pointer("/stages/b", 0), "/stages/b/inputs/many/0");
        assert_eq!(stages[1].with["x"], 1);
    }

    #[test]
    fn everything_wrong_is_reported_in_one_go() {
        let (_, _, problems) = read_text(
            "nmae: x\nseed: -1\nstages:\n  a:\n    use: one\n  b: 3\n  c/d: { uses: 4, inputs: { p: 5 }, with: [1] }\n",
        );
        insta::assert_snapshot!(problems, @r#"
        x.yaml:1:1: error: `nmae` is not a key of a pipeline
        1 | nmae: x
          | ^^^^
          = help: did you mean `name`?
        x.yaml:2:7: error: the seed must be a whole number from 0 to 2^64 - 1, not the number -1
        2 | seed: -1
          |       ^^
        x.yaml:5:5: error: `use` is not a key of a stage
        5 |     use: one
          |     ^^^
          = help: did you mean `uses`?
        x.yaml:4:3: error: the stage `a` does not say which program it `uses`
        4 |   a:
          |   ^
          = help: add for example `uses: train`; the command `stages` lists those that exist
        x.yaml:6:6: error: a stage is a map of keys and values, not the number 3
        6 |   b: 3
          |      ^
        x.yaml:7:3: error: `c/d` cannot be a name
        7 |   c/d: { uses: 4, inputs: { p: 5 }, with: [1] }
          |   ^^^
          = help: use letters, digits, `-` and `_`
        x.yaml:7:16: error: `uses` must be a text, not the number 4
        7 |   c/d: { uses: 4, inputs: { p: 5 }, with: [1] }
          |                ^
        x.yaml:7:32: error: an input is the name of a stage or a list of names, not the number 5
        7 |   c/d: { uses: 4, inputs: { p: 5 }, with: [1] }
          |                                ^
        x.yaml:7:37: error: `with` is a map of keys and values, not a list
        7 |   c/d: { uses: 4, inputs: { p: 5 }, with: [1] }
          |                                     ^^^^
        "#);
    }

    #[test]
    fn a_file_without_stages_says_so() {
        insta::assert_snapshot!(read_text("name: x\n").2, @r#"
        x.yaml:1:1: error: the pipeline has no `stages`
        1 | name: x
          | ^
          = help: add `stages:` with at least one stage, as `dataset: { uses: dataset }`
        "#);
        insta::assert_snapshot!(read_text("- a\n- b\n").2, @r#"
        x.yaml:1:1: error: a pipeline is a map of keys and values, not a list
        1 | - a
          | ^
        "#);
        insta::assert_snapshot!(read_text("").2, @"x.yaml: error: a pipeline is a map of keys and values, not nothing");
    }
}

//! The inputs of a stage: directories when it runs, outlines when it is planned.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::{Kind, Manifest, Outline};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::StageError;

/// One input artifact.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Input {
    /// Its directory.
    pub directory: PathBuf,
    /// Where it is one of several variants of a sweep: the values of the axes that it depends on,
    /// by their place in the sweep. Empty at a port for one artifact.
    pub axes: BTreeMap<usize, AxisValue>,
    /// Stage of the pipeline that made it, at a port for many: what tells it from the artifacts of
    /// other stages at that port.
    pub stage: Option<String>,
    /// For other ports for many, the place there of the artifact that it was made from.
    pub made_from: BTreeMap<String, usize>,
}

/// An input that is missing at a port that takes those that exist
/// ([`Port::partial`](crate::Port::partial)), and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedInput {
    /// The port.
    pub port: String,
    /// The values of the axes of the sweep that it depends on, by name, in the order of the sweep.
    #[serde(default)]
    pub axes: Map<String, Value>,
    /// Paths that these axes set, as [`AxisValue::sets`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sets: BTreeMap<String, Vec<String>>,
    /// Name of the stage that failed: the one that makes this input, or one before it.
    pub stage: String,
    /// The error of that stage.
    pub message: String,
    /// What this input holds up to where its stage failed, where that was kept: a directory with
    /// every table of its kind and a manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
}

impl FailedInput {
    /// That `input` is missing at `port`, since the stage `stage` failed with `message`.
    #[must_use]
    pub fn new(port: &str, input: &Input, stage: String, message: String) -> Self {
        let Written { axes, sets, .. } = input.clone().into();
        Self { port: port.to_owned(), axes, sets, stage, message, directory: None }
    }

    /// The axes of the sweep that it depends on, in the order of the sweep.
    pub fn axes(&self) -> impl Iterator<Item = AxisValue> {
        self.axes.iter().map(|(name, value)| AxisValue {
            name: name.clone(),
            value: value.clone(),
            sets: self.sets.get(name).cloned().unwrap_or_default(),
        })
    }
}

/// The value of one axis of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisValue {
    /// Name of the axis.
    pub name: String,
    /// A number, a boolean or a text; all values of an axis are of one type.
    pub value: Value,
    /// Paths in the pipeline that the axis sets, as in `--set`: `train.with.network.hidden`,
    /// `seed`. What the axis varies follows from these, never from its name; empty where the
    /// driver does not say.
    pub sets: Vec<String>,
}

impl AxisValue {
    /// The value as people write it: `0.5`, `batch`.
    #[must_use]
    pub fn shown(&self) -> String {
        self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned)
    }

    /// `NAME=VALUE`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}={}", self.name, self.shown())
    }

    /// The value as a finite number, a text that reads as one included.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        let number = self.value.as_f64().or_else(|| self.value.as_str()?.parse().ok());
        number.filter(|number| number.is_finite())
    }
}

/// An input as it stands in a request.
#[derive(Serialize, Deserialize)]
struct Written {
    directory: PathBuf,
    /// By name; the order of the map is that of the sweep.
    #[serde(default)]
    axes: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sets: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    made_from: BTreeMap<String, usize>,
}

impl From<Written> for Input {
    fn from(written: Written) -> Self {
        let Written { directory, axes, mut sets, stage, made_from } = written;
        let axis = |(name, value): (String, Value)| {
            let sets = sets.remove(&name).unwrap_or_default();
            AxisValue { name, value, sets }
        };
        let axes = axes.into_iter().map(axis).enumerate().collect();
        Self { directory, axes, stage, made_from }
    }
}

impl From<Input> for Written {
    fn from(Input { directory, axes, stage, made_from }: Input) -> Self {
        let (map, sets) = (Map::new(), BTreeMap::new());
        let mut written = Self { directory, axes: map, sets, stage, made_from };
        for AxisValue { name, value, sets } in axes.into_values() {
            if !sets.is_empty() {
                written.sets.insert(name.clone(), sets);
            }
            written.axes.insert(name, value);
        }
        written
    }
}

impl Input {
    /// The artifact in `directory`, at a port for one.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self { directory, ..Self::default() }
    }

    /// Directory of the artifact.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// The artifact's manifest.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn manifest(&self) -> Result<Manifest, StageError> {
        Ok(Manifest::read(&self.directory)?)
    }

    /// Name and value of each axis of the sweep that it depends on, in the order of the sweep;
    /// none without a sweep.
    pub fn axes(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.axes.values().map(|axis| (axis.name.as_str(), &axis.value))
    }

    /// The value of the axis `name`, where it depends on it.
    #[must_use]
    pub fn axis(&self, name: &str) -> Option<&Value> {
        self.axes().find(|(axis, _)| *axis == name).map(|(_, value)| value)
    }

    /// Whether `self` and `other` can be of the same variant: no axis has two values.
    #[must_use]
    pub fn goes_with(&self, other: &Self) -> bool {
        self.axes().all(|(name, value)| other.axis(name).is_none_or(|found| found == value))
    }
}

/// The input artifacts of a run, by port.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inputs(pub BTreeMap<String, Vec<Input>>);

impl Inputs {
    /// The one artifact at `port`.
    ///
    /// # Errors
    /// Where the port has none or several: the request does not fit the description.
    pub fn one(&self, port: &str) -> Result<&Input, StageError> {
        match self.0.get(port).map(Vec::as_slice) {
            Some([input]) => Ok(input),
            other => Err(StageError::new(format!(
                "the request gives {} artifacts for the port `{port}`, which takes one",
                other.map_or(0, <[Input]>::len)
            ))),
        }
    }

    /// Checks that the artifact at `port` was made from the very artifact at the port `source`,
    /// as far as its manifest tells: samples of another dataset have the same shape, perhaps,
    /// and mean something else.
    ///
    /// # Errors
    /// Where the manifest names another artifact at its own port `source`.
    pub fn check_origin(&self, port: &str, source: &str) -> Result<(), StageError> {
        let wired = self.one(source)?.manifest()?.key;
        let made_from = self.one(port)?.manifest()?.inputs;
        match made_from.get(source) {
            Some(keys) if !keys.contains(&wired) => Err(StageError::new(format!(
                "the artifact at `{port}` was made from another {source} than the one at `{source}`"
            ))
            .hint(format!("wire both to the same {source}"))),
            _ => Ok(()),
        }
    }

    /// All artifacts at `port`, in the order of the sweep: what a port for many has.
    #[must_use]
    pub fn many(&self, port: &str) -> &[Input] {
        self.0.get(port).map_or(&[], Vec::as_slice)
    }

    /// The artifact at `port` that `input` was made from, as the driver says, else the one of the same
    /// variant: the training run behind a spectrum, the dataset that all variants share.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub fn matching(&self, port: &str, input: &Input) -> Result<&Input, StageError> {
        if let Some(&place) = input.made_from.get(port) {
            return self.many(port).get(place).ok_or_else(|| {
                StageError::new(format!(
                    "the request names artifact {place} at the port `{port}`, which has {}",
                    self.many(port).len()
                ))
            });
        }
        let found: Vec<&Input> =
            self.many(port).iter().filter(|other| other.goes_with(input)).collect();
        if let [one] = found.as_slice() {
            return Ok(one);
        }
        let axes: Vec<String> =
            input.axes().map(|(name, value)| format!("{name}={value}")).collect();
        Err(StageError::new(format!(
            "{} artifacts at the port `{port}` are of the variant {}, where one is needed",
            found.len(),
            axes.join(",")
        )))
    }
}

/// The outlines of a planned stage's inputs, by port.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Outlines {
    by_port: BTreeMap<String, Vec<Outline>>,
    /// Kinds of the artifacts, by port, where the driver says them.
    #[serde(skip)]
    kinds: BTreeMap<String, Vec<Kind>>,
}

impl From<BTreeMap<String, Vec<Outline>>> for Outlines {
    fn from(by_port: BTreeMap<String, Vec<Outline>>) -> Self {
        Self { by_port, kinds: BTreeMap::new() }
    }
}

impl Outlines {
    /// The outline at `port`, of the first artifact where there are several; an empty one where
    /// nothing is known.
    #[must_use]
    pub fn one(&self, port: &str) -> Outline {
        self.many(port).first().cloned().unwrap_or_default()
    }

    /// The outlines at `port`, in the order of the sweep: what a port for many has.
    #[must_use]
    pub fn many(&self, port: &str) -> &[Outline] {
        self.by_port.get(port).map_or(&[], Vec::as_slice)
    }

    /// The kinds of the artifacts at `port`, each once, with their tables; none where the driver does not
    /// say them.
    #[must_use]
    pub fn kinds(&self, port: &str) -> &[Kind] {
        self.kinds.get(port).map_or(&[], Vec::as_slice)
    }

    /// The kinds of the artifacts by port.
    #[must_use]
    pub fn all_kinds(&self) -> &BTreeMap<String, Vec<Kind>> {
        &self.kinds
    }

    /// The same outlines with the kinds of the artifacts.
    #[must_use]
    pub fn with_kinds(self, kinds: BTreeMap<String, Vec<Kind>>) -> Self {
        Self { kinds, ..self }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(axes: &Value) -> Input {
        serde_json::from_value(json!({ "directory": "x", "axes": axes })).unwrap()
    }

    fn inputs() -> Inputs {
        let training = vec![
            input(&json!({ "width": 8, "decay": 0.5 })),
            input(&json!({ "width": 8, "decay": 1.0 })),
        ];
        Inputs(BTreeMap::from([
            ("training".to_owned(), training),
            ("dataset".to_owned(), vec![input(&json!({}))]),
        ]))
    }

    #[test]
    fn a_value_is_told_as_people_write_it() {
        let of = |value: Value| AxisValue { name: "a".to_owned(), value, sets: Vec::new() };
        let shown = [json!("deep"), json!(0.5), json!(8), json!(true)].map(|it| of(it).label());
        assert_eq!(shown, ["a=deep", "a=0.5", "a=8", "a=true"]);
        let numbers = [json!("3"), json!(0.5), json!("inf"), json!("deep"), json!(true)];
        let numbers = numbers.map(|it| of(it).number());
        assert_eq!(numbers, [Some(3.0), Some(0.5), None, None, None]);
    }

    #[test]
    fn axes_keep_the_order_of_the_sweep_and_their_types() {
        let input = input(&json!({ "width": 8, "decay": 1.0, "act": "relu" }));
        let axes: Vec<(&str, &Value)> = input.axes().collect();
        assert_eq!(axes, [("width", &json!(8)), ("decay", &json!(1.0)), ("act", &json!("relu"))]);
        let text = serde_json::to_string(&input).unwrap();
        assert_eq!(text, r#"{"directory":"x","axes":{"width":8,"decay":1.0,"act":"relu"}}"#);
    }

    #[test]
    fn an_input_says_what_its_axes_set_and_which_stage_made_it() {
        let text = r#"{"directory":"x","axes":{"layers":2,"run":0},"sets":{"layers":["train.with.network.hidden"],"run":["seed"]},"stage":"spectrum"}"#;
        let input: Input = serde_json::from_str(text).unwrap();
        let sets: Vec<&str> = input.axes.values().map(|axis| axis.sets[0].as_str()).collect();
        assert_eq!(sets, ["train.with.network.hidden", "seed"]);
        assert_eq!(input.stage.as_deref(), Some("spectrum"));
        assert_eq!(serde_json::to_string(&input).unwrap(), text);
    }

    #[test]
    fn a_request_without_the_newer_fields_is_read_and_written_as_it_was() {
        let text = r#"{"directory":"x","axes":{"width":8}}"#;
        let input: Input = serde_json::from_str(text).unwrap();
        assert!(input.stage.is_none() && input.axes[&0].sets.is_empty());
        assert_eq!(serde_json::to_string(&input).unwrap(), text);
    }

    #[test]
    fn artifacts_of_the_same_variant_find_each_other() {
        let inputs = inputs();
        let spectrum = input(&json!({ "width": 8, "decay": 1.0, "top": 3 }));
        let training = inputs.matching("training", &spectrum).unwrap();
        assert_eq!(training.axis("decay"), Some(&json!(1.0)));
        assert!(inputs.matching("dataset", &spectrum).is_ok(), "shared by all variants");
    }

    #[test]
    fn an_artifact_finds_what_the_driver_says_that_it_was_made_from() {
        let inputs = inputs();
        let mut spectrum = input(&json!({ "width": 8 }));
        spectrum.made_from = BTreeMap::from([("training".to_owned(), 1)]);
        let text = serde_json::to_string(&spectrum).unwrap();
        assert!(text.ends_with(r#""made_from":{"training":1}}"#), "{text}");
        let spectrum: Input = serde_json::from_str(&text).unwrap();
        let training = inputs.matching("training", &spectrum).unwrap();
        assert_eq!(training.axis("decay"), Some(&json!(1.0)));
        assert!(inputs.matching("dataset", &spectrum).is_ok(), "by its variant");
        let mut beyond = spectrum;
        beyond.made_from.insert("training".to_owned(), 2);
        let error = inputs.matching("training", &beyond).unwrap_err();
        assert_eq!(
            error.message,
            "the request names artifact 2 at the port `training`, which has 2"
        );
    }

    #[test]
    fn none_and_several_of_a_variant_are_errors() {
        let inputs = inputs();
        for (axes, count) in [(json!({ "width": 9 }), 0), (json!({ "width": 8 }), 2)] {
            let error = inputs.matching("training", &input(&axes)).unwrap_err();
            let expected = format!("{count} artifacts at the port `training`");
            assert!(error.message.starts_with(&expected), "{}", error.message);
        }
    }
}

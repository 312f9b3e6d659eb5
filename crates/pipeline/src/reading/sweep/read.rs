//! The block `sweep:` of a pipeline file.

use std::collections::BTreeSet;

use serde_json::Value;

use super::labels::fits;
use super::{Axis, Labels, MOST_VARIANTS, OWN_COLUMNS, Setting, Sweep, Target};
use crate::reading::overrides::settable;
use crate::reading::source::{Part, Source};
use crate::schema::shown;
use crate::text::{Diagnostic, pointer, suggestion};

/// Keys of an axis.
const AXIS_KEYS: [&str; 2] = ["set", "to"];

/// The sweep of the pipeline `file`; what is wrong with it goes to `problems`, and the axes that
/// can be understood are read all the same.
pub(crate) fn read(source: &Source, file: &Value, problems: &mut Vec<Diagnostic>) -> Sweep {
    let mut reader = Reader { source, file, problems };
    let mut sweep = Sweep::default();
    match file.get("sweep") {
        None | Some(Value::Null) => {}
        Some(Value::Object(axes)) => {
            for (name, value) in axes {
                // What `--set sweep.NAME=null` has left out.
                if !value.is_null() {
                    sweep.axes.extend(reader.axis(name, value));
                }
            }
        }
        Some(other) => {
            let message = format!("`sweep` is a map of axes, not {}", shown(other));
            let help = "write for example `width: { set: train.with.network.hidden.0, to: [64, 256] }` below it";
            reader.wrong("/sweep", Part::Value, message, Some(help));
        }
    }
    reader.refuse_overlaps(&sweep);
    reader.refuse_absurd(&mut sweep);
    sweep
}

/// The problem of an axis whose column the table `table` has already.
pub(crate) fn second_column(source: &Source, axis: &str, table: &str) -> Diagnostic {
    let message = format!("the axis `{axis}` would become a second column of the table `{table}`");
    let help = Some("give the axis another name".to_owned());
    source.problem(&pointer::of(&["sweep", axis]), Part::Key, message, help)
}

struct Reader<'a> {
    source: &'a Source,
    file: &'a Value,
    problems: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn wrong(&mut self, at: &str, part: Part, message: String, help: Option<&str>) {
        self.problems.push(self.source.problem(at, part, message, help.map(str::to_owned)));
    }

    fn axis(&mut self, name: &str, value: &Value) -> Option<Axis> {
        let at = pointer::of(&["sweep", name]);
        self.refuse_name(&at, name);
        let Some(entries) = value.as_object() else {
            let message = format!("an axis is a map with `set` and `to`, not {}", shown(value));
            self.wrong(&at, Part::Value, message, None);
            return None;
        };
        for key in entries.keys().filter(|key| !AXIS_KEYS.contains(&key.as_str())) {
            let message = format!("`{key}` is not a key of an axis");
            let help = suggestion(key, AXIS_KEYS);
            self.wrong(&pointer::join(&at, key), Part::Key, message, help.as_deref());
        }
        let missing = |what: &str| format!("the axis `{name}` does not say {what}");
        if !entries.contains_key("set") {
            let help = Some("add for example `set: train.with.steps`");
            self.wrong(&at, Part::Key, missing("what it sets"), help);
        }
        if !entries.contains_key("to") {
            let help = Some("add for example `to: [100, 1000]`");
            self.wrong(&at, Part::Key, missing("which values it takes"), help);
        }
        let targets = entries.get("set").map(|set| self.targets(&pointer::join(&at, "set"), set));
        let labelled = entries.get("to").and_then(|to| self.values(name, &at, to));
        let (targets, (labels, values)) = (targets??, labelled?);
        let mut settings = Vec::new();
        for (label, (value, written_at)) in values.into_iter().enumerate() {
            let word = labels.shown(label);
            settings.push(self.settings(&word, value, &written_at, targets.len())?);
        }
        Some(Axis { name: name.to_owned(), labels, targets, settings })
    }

    /// An axis becomes a column, a part of folders' names and a segment of dotted paths.
    fn refuse_name(&mut self, at: &str, name: &str) {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(fine) {
            let message = format!("`{name}` cannot be the name of an axis, which becomes a column");
            let help = Some("use small letters, digits and `_`, a letter first");
            self.wrong(at, Part::Key, message, help);
        }
        if OWN_COLUMNS.contains(&name) {
            self.problems.push(second_column(self.source, name, "runs"));
        }
    }

    fn targets(&mut self, at: &str, set: &Value) -> Option<Vec<Target>> {
        let paths = match set {
            Value::String(path) => vec![(at.to_owned(), path)],
            Value::Array(paths) if !paths.is_empty() => {
                let mut found = Vec::new();
                for (index, path) in paths.iter().enumerate() {
                    let at = pointer::join(at, &index.to_string());
                    let Value::String(path) = path else {
                        let message = format!("a path is a text, not {}", shown(path));
                        self.wrong(&at, Part::Value, message, None);
                        return None;
                    };
                    found.push((at, path));
                }
                found
            }
            other => {
                let message = format!("`set` is a path or a list of paths, not {}", shown(other));
                self.wrong(at, Part::Value, message, Some("write it as `train.with.steps`"));
                return None;
            }
        };
        let targets: Vec<Option<Target>> =
            paths.into_iter().map(|(at, path)| self.target(at, path)).collect();
        targets.into_iter().collect()
    }

    fn target(&mut self, written_at: String, path: &str) -> Option<Target> {
        let path: Vec<String> = path.split('.').map(|part| part.trim().to_owned()).collect();
        if path.iter().any(String::is_empty) {
            let message = "a segment of the path is empty".to_owned();
            let help = Some("write it as `train.with.steps`");
            self.wrong(&written_at, Part::Value, message, help);
            return None;
        }
        if ["name", "about", "sweep", "cluster"].contains(&path[0].as_str()) {
            let message = format!("an axis cannot set `{}`", path[0]);
            let help = Some("it can set the `seed` and what belongs to a stage");
            self.wrong(&written_at, Part::Value, message, help);
            return None;
        }
        match settable(self.file, &path) {
            Ok(pointer) => Some(Target { path, pointer, written_at }),
            Err((message, help)) => {
                self.wrong(&written_at, Part::Value, message, help.as_deref());
                None
            }
        }
    }

    /// Labels, and for each its value with its place in the file.
    fn values(
        &mut self,
        axis: &str,
        at: &str,
        to: &Value,
    ) -> Option<(Labels, Vec<(Value, String)>)> {
        let at = pointer::join(at, "to");
        let (labels, values): (Vec<Value>, Vec<(Value, String)>) = match to {
            Value::Array(items) => {
                let values = items.iter().enumerate().map(|(index, item)| {
                    (item.clone(), (item.clone(), pointer::join(&at, &index.to_string())))
                });
                values.unzip()
            }
            Value::Object(map) => {
                let values = map.iter().map(|(label, value)| {
                    (scalar(label), (value.clone(), pointer::join(&at, label)))
                });
                values.unzip()
            }
            other => {
                let message = format!(
                    "`to` is a list of values or a map of labels and values, not {}",
                    shown(other)
                );
                self.wrong(&at, Part::Value, message, None);
                return None;
            }
        };
        if values.is_empty() {
            let help = Some("`--set sweep.NAME=null` leaves an axis out");
            self.wrong(&at, Part::Value, format!("the axis `{axis}` has no values"), help);
            return None;
        }
        let places: Vec<&String> = values.iter().map(|(_, written_at)| written_at).collect();
        self.refuse_odd_labels(axis, &labels, &places).then_some(())?;
        let found = Labels::of(&labels)?;
        self.refuse_twins(axis, &found, &places);
        Some((found, values))
    }

    /// Whether all labels are scalars of one type.
    fn refuse_odd_labels(&mut self, axis: &str, labels: &[Value], places: &[&String]) -> bool {
        let before = self.problems.len();
        for (label, at) in labels.iter().zip(places) {
            if label.is_array() || label.is_object() || label.is_null() {
                let message = format!(
                    "a value of an axis is a number, a text, true or false, not {}",
                    shown(label)
                );
                let help = "give it a label: `to: { NAME: VALUE }`";
                self.wrong(at, Part::Value, message, Some(help));
            } else if !fits(label) {
                let message =
                    format!("{label} is beyond 2^63 - 1, the largest whole number of an axis");
                self.wrong(at, Part::Value, message, None);
            } else if Labels::of(&[labels[0].clone(), label.clone()]).is_none()
                && Labels::of(&labels[..1]).is_some()
            {
                let message = format!(
                    "the values of the axis `{axis}` are of one type; {} does not go with {}",
                    shown(label),
                    shown(&labels[0])
                );
                let help = "labels of one type can stand for them: `to: { NAME: VALUE }`";
                self.wrong(at, Part::Value, message, Some(help));
            }
        }
        self.problems.len() == before
    }

    fn refuse_twins(&mut self, axis: &str, labels: &Labels, places: &[&String]) {
        let mut seen = BTreeSet::new();
        for (label, at) in places.iter().enumerate() {
            let word = labels.shown(label);
            if !seen.insert(word.clone()) {
                let message = format!("the axis `{axis}` has the value {word} twice");
                self.wrong(at, Part::Value, message, None);
            }
        }
    }

    /// What the label `word` gives to each of `count` targets.
    fn settings(
        &mut self,
        word: &str,
        value: Value,
        written_at: &str,
        count: usize,
    ) -> Option<Vec<Setting>> {
        let same =
            |value: &Value| Setting { value: value.clone(), written_at: written_at.to_owned() };
        match value {
            value if count == 1 => Some(vec![same(&value)]),
            Value::Array(items) if items.len() == count => {
                let place = |index: usize| pointer::join(written_at, &index.to_string());
                let items = items.into_iter().enumerate();
                Some(
                    items
                        .map(|(index, value)| Setting { value, written_at: place(index) })
                        .collect(),
                )
            }
            Value::Array(_) | Value::Object(_) | Value::Null => {
                let message = format!(
                    "the axis sets {count} places, and `{word}` has {} for them",
                    shown(&value)
                );
                let help = format!("write a list of {count} values, one for each place");
                self.wrong(written_at, Part::Value, message, Some(&help));
                None
            }
            // The same for all places.
            scalar => Some(vec![same(&scalar); count]),
        }
    }

    /// Which of two axes that set the same place comes last would decide what is run.
    fn refuse_overlaps(&mut self, sweep: &Sweep) {
        let targets: Vec<(&Axis, &Target)> = sweep
            .axes
            .iter()
            .flat_map(|axis| axis.targets.iter().map(move |target| (axis, target)))
            .collect();
        for (index, (axis, target)) in targets.iter().enumerate() {
            let earlier = targets[..index].iter().find(|(_, earlier)| {
                pointer::within(&earlier.pointer, &target.pointer)
                    || pointer::within(&target.pointer, &earlier.pointer)
            });
            if let Some((other, _)) = earlier {
                let path = target.path.join(".");
                let message = if other.name == axis.name {
                    format!("the axis `{}` sets `{path}` twice", axis.name)
                } else {
                    format!("the axes `{}` and `{}` both set `{path}`", other.name, axis.name)
                };
                self.wrong(&target.written_at, Part::Value, message, None);
            }
        }
    }

    /// Refuses more variants than anybody can want; one of each axis is checked all the same.
    fn refuse_absurd(&mut self, sweep: &mut Sweep) {
        if sweep.count().is_some_and(|count| count <= MOST_VARIANTS) {
            return;
        }
        let lengths: Vec<String> =
            sweep.axes.iter().map(|axis| axis.labels.len().to_string()).collect();
        let message = format!(
            "the sweep has {} variants; at most {MOST_VARIANTS} are run",
            lengths.join(" × ")
        );
        self.wrong("/sweep", Part::Key, message, None);
        for axis in &mut sweep.axes {
            axis.labels.keep_first();
            axis.settings.truncate(1);
        }
    }
}

/// A key of a map as the scalar that YAML reads it as.
fn scalar(label: &str) -> Value {
    /// Characters up to which a key may be a number or a word of YAML's.
    const LONGEST: usize = 100;
    if label.len() > LONGEST {
        return label.into();
    }
    match crate::reading::value::read(label) {
        Ok(serde_yaml::Value::Bool(value)) => value.into(),
        Ok(serde_yaml::Value::Number(number)) => {
            let float = || number.as_f64().map(Value::from);
            let whole =
                number.as_i64().map(Value::from).or_else(|| number.as_u64().map(Value::from));
            // Not finite: it stays a text.
            whole.or_else(float).filter(|value| !value.is_null()).unwrap_or_else(|| label.into())
        }
        _ => label.into(),
    }
}

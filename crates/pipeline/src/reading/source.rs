//! A pipeline file as text: its values, and where each of them stands.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use artifact::open_file;
use serde_json::{Map, Number, Value};

use super::marks::{Mark, Marks, Span, marks};
use crate::text::{Diagnostic, Location, pointer};

/// A pipeline is written by a person; anything longer is some other file.
const LONGEST_FILE: u64 = 128 << 10;

/// A pipeline file's text with the places of its values, and what lies on top of it: the `--set`
/// arguments and the values of a sweep. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    text: Arc<Text>,
    /// Pointer and origin of each value that is not the file's own, in order.
    overrides: Vec<(String, Origin)>,
}

#[derive(Debug)]
struct Text {
    file: String,
    lines: Vec<String>,
    marks: Marks,
}

/// Where a value comes from that does not stand at its place in the file.
#[derive(Clone, Debug)]
enum Origin {
    /// An argument.
    Argument(String),
    /// An axis of the sweep: pointers of the path that it sets, and of the value.
    Axis { path: String, value: String },
}

/// Which part of an entry is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its key.
    Key,
    /// Its value.
    Value,
}

impl Source {
    /// Reads the file at `path`, shown to people as `file`.
    ///
    /// # Errors
    /// Where it cannot be read or is no YAML that JSON could hold.
    pub(crate) fn read(path: &Path, file: &str) -> Result<(Self, Value), Vec<Diagnostic>> {
        let whole = |message: String| {
            let location = Location::File { file: file.to_owned() };
            vec![Diagnostic { location, message, help: None }]
        };
        let mut bytes = Vec::new();
        open_file(path)
            .and_then(|file| file.take(LONGEST_FILE + 1).read_to_end(&mut bytes))
            .map_err(|error| whole(format!("the pipeline cannot be read: {error}")))?;
        if bytes.len() as u64 > LONGEST_FILE {
            return Err(whole(
                "a pipeline file is at most 128 KiB long; this one is longer".to_owned(),
            ));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| whole("a pipeline file is UTF-8 text; this one is not".to_owned()))?;
        Self::parse(&text, file)
    }

    /// Parses `text`, shown to people as `file`.
    ///
    /// # Errors
    /// Where it is no YAML that JSON could hold.
    pub(crate) fn parse(text: &str, file: &str) -> Result<(Self, Value), Vec<Diagnostic>> {
        let lines = text.lines().map(str::to_owned).collect();
        let source = Self {
            text: Arc::new(Text { file: file.to_owned(), lines, marks: marks(text) }),
            overrides: Vec::new(),
        };
        if let Some(problem) = source.without_bound(text) {
            return Err(vec![problem]);
        }
        let value: serde_yaml::Value =
            serde_yaml::from_str(text).map_err(|error| vec![source.syntax_error(&error)])?;
        let mut problems = Vec::new();
        let value = json(&value, "", &mut |pointer, part, message| {
            problems.push(source.problem(pointer, part, message, None));
        });
        if problems.is_empty() { Ok((source, value)) } else { Err(problems) }
    }

    /// What makes the cost of reading the text unbounded: an alias that it has, or may have behind
    /// the place where its marks end, for a few lines of aliases of aliases expand to more than any
    /// memory holds; or lists within lists without end.
    fn without_bound(&self, text: &str) -> Option<Diagnostic> {
        let marks = &self.text.marks;
        if !marks.may_hold_alias(text) && !marks.is_too_deep {
            return None;
        }
        let help = "write out what it stands for".to_owned();
        if let Some(span) = marks.alias {
            let message = "aliases are not read here".to_owned();
            return Some(Diagnostic { location: self.line(span), message, help: Some(help) });
        }
        let (span, why) = marks.stopped.as_ref()?;
        let message = format!("this is no valid YAML: {why}");
        Some(Diagnostic { location: self.line(*span), message, help: None })
    }

    fn syntax_error(&self, error: &serde_yaml::Error) -> Diagnostic {
        let full = error.to_string();
        if let (true, Some((key, span))) =
            (full.starts_with("duplicate entry"), self.text.marks.repeated.first())
        {
            let message = format!("duplicate key `{key}`");
            return Diagnostic { location: self.line(*span), message, help: None };
        }
        let Some(place) = error.location() else {
            let message = format!("this is no valid YAML: {full}");
            return Diagnostic { location: self.whole(), message, help: None };
        };
        let here = format!(" at line {} column {}", place.line(), place.column());
        let message = format!("this is no valid YAML: {}", full.replacen(&here, "", 1));
        let span = Span { line: place.line(), column: place.column(), length: 1 };
        Diagnostic { location: self.line(span), message, help: None }
    }

    /// Notes that `argument` sets what lies at `pointer`.
    pub(crate) fn add_override(&mut self, pointer: String, argument: String) {
        self.overrides.push((pointer, Origin::Argument(argument)));
    }

    /// Notes that an axis of the sweep sets what lies at `pointer`: `path` and `value` are the
    /// pointers of what it sets, and of the value, in the file.
    pub(crate) fn add_axis(&mut self, pointer: &str, path: &str, value: &str) {
        let origin = Origin::Axis { path: path.to_owned(), value: value.to_owned() };
        self.overrides.push((pointer.to_owned(), origin));
    }

    /// A diagnostic at what lies at `pointer`.
    pub(crate) fn problem(
        &self,
        pointer: &str,
        part: Part,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Diagnostic {
        Diagnostic { location: self.locate(pointer, part), message: message.into(), help }
    }

    /// The file as a whole.
    pub(crate) fn whole(&self) -> Location {
        Location::File { file: self.text.file.clone() }
    }

    /// Where what lies at `pointer` was written; the nearest thing around it where it was not.
    pub(crate) fn locate(&self, pointer: &str, part: Part) -> Location {
        let over =
            |test: &dyn Fn(&str) -> bool| self.overrides.iter().rev().find(|(at, _)| test(at));
        if let Some((at, origin)) = over(&|at| pointer::within(pointer, at)) {
            return match origin {
                Origin::Argument(argument) => Location::Argument { argument: argument.clone() },
                Origin::Axis { path, .. } if pointer == at && part == Part::Key => {
                    self.locate(path, Part::Value)
                }
                Origin::Axis { value, .. } => {
                    self.locate(&format!("{value}{}", &pointer[at.len()..]), part)
                }
            };
        }
        if let Some(mark) = self.text.marks.places.get(pointer) {
            return self.line(span_of(mark, part));
        }
        // Not in the file, but something below it was set.
        match over(&|at| pointer::within(at, pointer)) {
            Some((_, Origin::Argument(argument))) => {
                return Location::Argument { argument: argument.clone() };
            }
            Some((_, Origin::Axis { path, .. })) => return self.locate(path, Part::Value),
            None => {}
        }
        match pointer::parent(pointer) {
            // What is missing is best shown at the key of what lacks it.
            Some(parent) => self.locate(parent, Part::Key),
            None => self.whole(),
        }
    }

    fn line(&self, span: Span) -> Location {
        let text = self.text.lines.get(span.line - 1).cloned().unwrap_or_default();
        Location::Line {
            file: self.text.file.clone(),
            line: span.line,
            column: span.column,
            length: span.length,
            text,
        }
    }
}

/// The key or the value of an entry; the key of a value that spans lines, since only its first
/// character has a place.
fn span_of(mark: &Mark, part: Part) -> Span {
    match (part, mark.key) {
        (Part::Key, Some(key)) => key,
        (Part::Value, Some(key)) if !mark.scalar => key,
        _ => mark.value,
    }
}

/// The JSON value of a YAML value; `wrong` hears of what JSON cannot hold.
pub(crate) fn json(
    value: &serde_yaml::Value,
    at: &str,
    wrong: &mut impl FnMut(&str, Part, String),
) -> Value {
    match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(value) => Value::Bool(*value),
        serde_yaml::Value::String(value) => Value::String(value.clone()),
        serde_yaml::Value::Number(number) => {
            let number = if let Some(value) = number.as_u64() {
                Some(Number::from(value))
            } else if let Some(value) = number.as_i64() {
                Some(Number::from(value))
            } else {
                number.as_f64().and_then(Number::from_f64)
            };
            if number.is_none() {
                wrong(at, Part::Value, "a number here must be finite".to_owned());
            }
            number.map_or(Value::Null, Value::Number)
        }
        serde_yaml::Value::Sequence(items) => {
            let items = items.iter().enumerate();
            Value::Array(
                items
                    .map(|(index, item)| json(item, &pointer::join(at, &index.to_string()), wrong))
                    .collect(),
            )
        }
        serde_yaml::Value::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let word = match key {
                    serde_yaml::Value::String(key) => key.clone(),
                    other => serde_yaml::to_string(other).unwrap_or_default().trim().to_owned(),
                };
                let below = pointer::join(at, &word);
                let is_scalar = key.is_bool() || key.is_number();
                let is_fine = key.is_string() || (is_scalar && holds_labels(at));
                if !is_fine {
                    let message = format!("keys here must be words; put quotes around {word}");
                    wrong(&below, Part::Key, message);
                    continue;
                }
                let value = json(value, &below, wrong);
                if map.insert(word.clone(), value).is_some() {
                    // `2` and `"2"`.
                    wrong(&below, Part::Key, format!("duplicate key {word}"));
                }
            }
            Value::Object(map)
        }
        serde_yaml::Value::Tagged(tagged) => {
            wrong(at, Part::Value, format!("the YAML tag {} has no meaning here", tagged.tag));
            Value::Null
        }
    }
}

/// Whether the map at `at` has the labels of an axis as its keys: `/sweep/NAME/to`.
fn holds_labels(at: &str) -> bool {
    matches!(at.split('/').collect::<Vec<_>>().as_slice(), ["", "sweep", _, "to"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        let problems = Source::parse(text, "x.yaml").expect_err("the text is wrong");
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn syntax_errors_show_their_line() {
        insta::assert_snapshot!(error_of("name: x\nstages: [a, b\n"), @r#"
        x.yaml:3:1: error: this is no valid YAML: did not find expected ',' or ']', while parsing a flow sequence at line 2 column 9
        3 | 
          | ^
        "#);
        insta::assert_snapshot!(error_of("a: 1\nb: 2\na: 3\n"), @r#"
        x.yaml:3:1: error: duplicate key `a`
        3 | a: 3
          | ^
        "#);
    }

    #[test]
    fn what_json_cannot_hold_is_refused_where_it_stands() {
        insta::assert_snapshot!(error_of("a:\n  b: .nan\n  c: !odd 3\n  1: 2\n"), @r#"
        x.yaml:2:6: error: a number here must be finite
        2 |   b: .nan
          |      ^^^^
        x.yaml:3:6: error: the YAML tag !odd has no meaning here
        3 |   c: !odd 3
          |      ^^^^^^
        x.yaml:4:3: error: keys here must be words; put quotes around 1
        4 |   1: 2
          |   ^
        "#);
    }

    #[test]
    fn words_that_other_yaml_readers_take_for_booleans_stay_words() {
        let (_, value) = Source::parse("a: no\nb: 1e-3\nc: 0x10\nd: 010", "x.yaml").unwrap();
        assert_eq!(value["a"], "no");
        assert_eq!(value["b"], 1e-3);
        assert_eq!(value["c"], 16);
    }

    #[test]
    fn hostile_files_are_refused_at_once() {
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let row = vec![format!("*a{}", level - 1); 9].join(", ");
            laughs = format!("{laughs}a{level}: &a{level} [{row}]\n");
        }
        let started = std::time::Instant::now();
        insta::assert_snapshot!(error_of(&laughs), @r#"
        x.yaml:2:10: error: aliases are not read here
        2 | a1: &a1 [*a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0]
          |          ^^^
          = help: write out what it stands for
        "#);
        for unit in ["[", "{a: ", "- ", "? "] {
            assert!(
                error_of(&unit.repeat(20_000 / unit.len())).contains("no valid YAML"),
                "{unit}"
            );
        }
        assert!(started.elapsed().as_secs() < 10);
    }
}

//! Reading the values of a pipeline file one by one: each method takes a value for what it must be, and
//! notes what is wrong where it is not that.

use serde_json::{Map, Value};

use super::source::{Part, Source};
use crate::schema::shown;
use crate::text::{Diagnostic, pointer, suggestion};

/// Reads parts of a pipeline file, and notes what is wrong with them.
pub(crate) struct Reader<'a> {
    pub source: &'a Source,
    pub problems: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(crate) fn wrong(
        &mut self,
        at: &str,
        part: Part,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.problems.push(self.source.problem(at, part, message, help));
    }

    pub(crate) fn map<'v>(
        &mut self,
        at: &str,
        value: &'v Value,
        what: &str,
    ) -> Option<&'v Map<String, Value>> {
        let map = value.as_object();
        if map.is_none() {
            let message = format!("{what} is a map of keys and values, not {}", shown(value));
            self.wrong(at, Part::Value, message, None);
        }
        map
    }

    pub(crate) fn text(&mut self, at: &str, value: &Value) -> Option<String> {
        let text = value.as_str().filter(|text| !text.is_empty());
        if text.is_none() {
            let key = pointer::last(at).unwrap_or_default();
            let message = format!("`{key}` must be a text, not {}", shown(value));
            self.wrong(at, Part::Value, message, None);
        }
        text.map(str::to_owned)
    }

    pub(crate) fn refuse_unknown(
        &mut self,
        at: &str,
        entries: &Map<String, Value>,
        known: &[&str],
        what: &str,
    ) {
        for key in entries.keys().filter(|key| !known.contains(&key.as_str())) {
            self.wrong(
                &pointer::join(at, key),
                Part::Key,
                format!("`{key}` is not a key of {what}"),
                suggestion(key, known.iter().copied()),
            );
        }
    }

    /// Names become names of folders and files, and segments of dotted paths.
    pub(crate) fn refuse_odd_name(&mut self, at: &str, name: &str) {
        let fine = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if name.is_empty() || !fine {
            self.wrong(
                at,
                Part::Value,
                format!("`{name}` cannot be a name"),
                Some("use letters, digits, `-` and `_`".to_owned()),
            );
        }
    }

    /// A whole number from 1.
    pub(crate) fn count(
        &mut self,
        at: &str,
        entries: &Map<String, Value>,
        key: &str,
    ) -> Option<u16> {
        let value = entries.get(key)?;
        let count = value.as_u64().and_then(|count| u16::try_from(count).ok());
        let count = count.filter(|count| *count > 0);
        if count.is_none() {
            let message = format!("`{key}` is a whole number from 1, not {}", shown(value));
            self.wrong(&pointer::join(at, key), Part::Value, message, None);
        }
        count
    }

    /// A quantity with its unit.
    pub(crate) fn quantity<T>(
        &mut self,
        at: &str,
        entries: &Map<String, Value>,
        key: &str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let at = pointer::join(at, key);
        let text = self.text(&at, entries.get(key)?)?;
        let found = parse(&text);
        if let Err(message) = &found {
            self.wrong(&at, Part::Value, message, None);
        }
        found.ok()
    }

    /// A list, each item of which `read` takes.
    pub(crate) fn list(
        &mut self,
        at: &str,
        entries: &Map<String, Value>,
        key: &str,
        read: fn(&mut Self, &str, &Value) -> Option<String>,
    ) -> Vec<String> {
        let at = pointer::join(at, key);
        match entries.get(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                let items = items.iter().enumerate();
                items
                    .filter_map(|(index, item)| {
                        read(self, &pointer::join(&at, &index.to_string()), item)
                    })
                    .collect()
            }
            Some(other) => {
                let message = format!("`{key}` is a list of texts, not {}", shown(other));
                self.wrong(&at, Part::Value, message, None);
                Vec::new()
            }
        }
    }
}

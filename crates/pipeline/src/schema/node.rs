//! A schema within its document: its keywords, its fields, what it refers to.

use serde_json::Value;

/// References followed in a row before a schema counts as circular.
pub(super) const LONGEST_CHAIN: usize = 32;

/// A schema within its document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    pub(super) root: &'a Value,
    pub(super) node: &'a Value,
}

impl<'a> Schema<'a> {
    /// The schema that a whole document is.
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, node: root }
    }

    /// Another schema of the same document.
    pub(super) fn at(self, node: &'a Value) -> Self {
        Self { root: self.root, node }
    }

    /// A keyword of this schema.
    pub(super) fn keyword(self, name: &str) -> Option<&'a Value> {
        self.node.get(name)
    }

    /// What `$ref` refers to, where there is one and it lies within the document.
    pub(super) fn referred(self) -> Option<Self> {
        let path = self.keyword("$ref")?.as_str()?.strip_prefix('#')?;
        self.root.pointer(path).map(|node| self.at(node))
    }

    /// This schema with references followed.
    pub(super) fn resolved(self) -> Self {
        let mut schema = self;
        for _ in 0..LONGEST_CHAIN {
            match schema.referred() {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    /// Schema of the field `name` of a map.
    pub(crate) fn property(self, name: &str) -> Option<Self> {
        let schema = self.solid();
        schema.keyword("properties")?.get(name).map(|node| schema.at(node))
    }

    /// Names of the fields of a map.
    pub(crate) fn names(self) -> Vec<String> {
        let properties = self.solid().keyword("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// Schema of the items of a list.
    pub(crate) fn items(self) -> Option<Self> {
        let schema = self.solid();
        schema.keyword("items").map(|node| schema.at(node))
    }

    /// This schema with references followed, and `null` taken off where it stands beside one
    /// other alternative, as for an `Option`.
    pub(super) fn solid(self) -> Self {
        let schema = self.resolved();
        let others: Vec<Self> =
            schema.alternatives().into_iter().filter(|one| !one.is_null()).collect();
        match others.as_slice() {
            [one] => one.resolved(),
            _ => schema,
        }
    }

    /// The alternatives of `oneOf` or `anyOf`, references followed.
    pub(super) fn alternatives(self) -> Vec<Self> {
        ["oneOf", "anyOf"]
            .iter()
            .filter_map(|name| self.keyword(name)?.as_array())
            .flatten()
            .map(|node| self.at(node).resolved())
            .collect()
    }

    pub(super) fn is_null(self) -> bool {
        self.keyword("type").and_then(Value::as_str) == Some("null")
    }

    /// The first sentence of its description, on one line.
    pub(crate) fn description(self) -> Option<String> {
        let text = self
            .keyword("description")
            .or_else(|| self.resolved().keyword("description"))?
            .as_str()?;
        let paragraph = text.split("\n\n").next().unwrap_or(text);
        let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = line.find(". ").map_or(line.len(), |end| end + 1);
        Some(line[..end].to_owned())
    }
}

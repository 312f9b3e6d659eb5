//! Rust enums in a schema: words (`relu`) and single-key maps (`leaky_relu: 0.01`).

use serde_json::Value;

use super::node::{LONGEST_CHAIN, Schema};

/// One variant of an enum.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Variant<'a> {
    /// A word without a value.
    Word(&'a str),
    /// A key with a value of this schema.
    Tagged(&'a str, Schema<'a>),
}

impl<'a> Variant<'a> {
    /// The variant's name.
    pub(crate) fn name(&self) -> &'a str {
        match self {
            Self::Word(name) | Self::Tagged(name, _) => name,
        }
    }
}

impl<'a> Schema<'a> {
    /// The variants, where this is the schema of an enum (or of an `Option` of one).
    pub(crate) fn variants(self) -> Option<Vec<Variant<'a>>> {
        self.variants_within(LONGEST_CHAIN)
    }

    fn variants_within(self, depth: usize) -> Option<Vec<Variant<'a>>> {
        if depth == 0 {
            return None;
        }
        let schema = self.resolved();
        if let Some(words) = schema.words() {
            return Some(words.into_iter().map(Variant::Word).collect());
        }
        // An enum is a `oneOf`; `anyOf` is an Option, perhaps of a map with one field, which
        // looks like a variant and is none.
        let is_enum = schema.keyword("oneOf").is_some();
        let mut variants = Vec::new();
        for one in schema.alternatives().into_iter().filter(|one| !one.is_null()) {
            match one.tagged() {
                Some(tagged) if is_enum => variants.push(tagged),
                _ => variants.extend(one.variants_within(depth - 1)?),
            }
        }
        if variants.is_empty() { None } else { Some(variants) }
    }

    /// Schema of the value of the variant `name`, where this is an enum that has it.
    pub(crate) fn variant(self, name: &str) -> Option<Self> {
        self.variants()?.into_iter().find_map(|variant| match variant {
            Variant::Tagged(tag, schema) if tag == name => Some(schema),
            _ => None,
        })
    }

    /// The texts that `enum` or `const` allows.
    fn words(self) -> Option<Vec<&'a str>> {
        if let Some(word) = self.keyword("const") {
            return Some(vec![word.as_str()?]);
        }
        self.keyword("enum")?
            .as_array()?
            .iter()
            .filter(|word| !word.is_null())
            .map(Value::as_str)
            .collect()
    }

    /// A map with exactly one key, which is required.
    fn tagged(self) -> Option<Variant<'a>> {
        let properties = self.keyword("properties")?.as_object()?;
        let required = self.keyword("required")?.as_array()?;
        let closed = self.keyword("additionalProperties") == Some(&Value::Bool(false));
        match (properties.iter().next(), required.as_slice()) {
            (Some((name, node)), [only])
                if closed && properties.len() == 1 && only.as_str() == Some(name) =>
            {
                Some(Variant::Tagged(name, self.at(node)))
            }
            _ => None,
        }
    }
}

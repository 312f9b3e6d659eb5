//! A value that stands by itself, on the command line or as a label of an axis.
//!
//! It is read as YAML, as after `key: ` in a pipeline file, but loses no character on the way: what
//! YAML would drop (comments, anchors, tags, further documents, line ends) is kept as text where the
//! value is plain text, and an error elsewhere.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Characters that structure a value and are none of its content.
const STRUCTURE: &str = "[]{},:\"'";

/// Why a value does not go over several lines.
const JOINS_LINES: &str = "YAML joins lines: write \\n within double quotes";

/// Reads `text`.
///
/// # Errors
/// Where it is no YAML, or YAML would drop a part of it: what, in words.
pub(crate) fn read(text: &str) -> Result<serde_yaml::Value, String> {
    let text = text.trim();
    let content = Content::of(text)?;
    if content.is_plain && content.scalars[0].0 != text {
        return Ok(serde_yaml::Value::String(text.to_owned()));
    }
    if !content.is_plain {
        content.check(text)?;
    }
    let value: serde_yaml::Value =
        serde_yaml::from_str(text).map_err(|error| format!("this is no valid YAML: {error}"))?;
    match value {
        // Two readers may differ over what is a comment.
        serde_yaml::Value::String(found) if content.is_plain && found != text => {
            Ok(serde_yaml::Value::String(text.to_owned()))
        }
        value => Ok(value),
    }
}

/// What the YAML of a text consists of.
#[derive(Default)]
struct Content {
    /// Each scalar with the range of characters at which it stands.
    scalars: Vec<(String, std::ops::Range<usize>)>,
    /// Whether all of it is one plain scalar.
    is_plain: bool,
}

impl Content {
    /// The content of `text`, which has no spaces around it.
    fn of(text: &str) -> Result<Self, String> {
        let mut found = Self::default();
        let (mut documents, mut others, mut joins_lines) = (0, 0, false);
        for event in Parser::new_from_str(text) {
            let (event, span) =
                event.map_err(|error| format!("this is no valid YAML: {}", error.info()))?;
            let (anchor, tag) = match &event {
                Event::Scalar(_, _, anchor, tag)
                | Event::SequenceStart(anchor, tag)
                | Event::MappingStart(anchor, tag) => (*anchor, tag.as_ref()),
                _ => (0, None),
            };
            if anchor > 0 || matches!(event, Event::Alias(_)) {
                return Err(
                    "`&` and `*` begin anchors and aliases, which are not read here".to_owned()
                );
            }
            if tag.is_some() {
                return Err("`!` begins a YAML tag, which has no meaning here".to_owned());
            }
            match event {
                Event::Scalar(_, ScalarStyle::Literal | ScalarStyle::Folded, ..) => {
                    return Err(
                        "`|` and `>` begin texts of several lines, which are not read here"
                            .to_owned(),
                    );
                }
                Event::Scalar(word, style, ..) => {
                    let start = span.start.index();
                    let length = written(text, start, &word, style);
                    joins_lines |= length.is_none();
                    found.is_plain = style == ScalarStyle::Plain;
                    found.scalars.push((word.into_owned(), start..start + length.unwrap_or(0)));
                }
                Event::DocumentStart(is_explicit) => {
                    documents += 1;
                    if documents > 1 || is_explicit {
                        return Err("`---` begins a YAML document; a value is one value".to_owned());
                    }
                }
                Event::SequenceStart(..) | Event::MappingStart(..) => others += 1,
                _ => {}
            }
        }
        found.is_plain &= others == 0 && found.scalars.len() == 1;
        if joins_lines && !found.is_plain {
            return Err(JOINS_LINES.to_owned());
        }
        Ok(found)
    }

    /// Checks that every character of `text` stands in a scalar or structures the value.
    fn check(&self, text: &str) -> Result<(), String> {
        let mut ranges = self.scalars.iter().map(|(_, range)| range).peekable();
        for (at, c) in text.chars().enumerate() {
            while ranges.next_if(|range| range.end <= at).is_some() {}
            let is_in_scalar = ranges.peek().is_some_and(|range| range.contains(&at));
            if c == '\n' || c == '\r' {
                return Err(JOINS_LINES.to_owned());
            }
            // A list may be written as `- a`.
            let is_structure = STRUCTURE.contains(c) || c.is_whitespace() || (c == '-' && at == 0);
            if !is_in_scalar && !is_structure {
                return Err(if c == '#' {
                    "` #` begins a comment in YAML: what follows would be lost".to_owned()
                } else {
                    format!("`{c}` belongs to no value here")
                });
            }
        }
        Ok(())
    }
}

/// How many characters of `text` from `start` on the scalar `word` is written with; `None` where it goes
/// over several lines.
///
/// The parser's own end of a scalar lies behind the spaces and the comment that follow it.
fn written(text: &str, start: usize, word: &str, style: ScalarStyle) -> Option<usize> {
    let rest = text.chars().skip(start);
    let quote = match style {
        ScalarStyle::SingleQuoted => '\'',
        ScalarStyle::DoubleQuoted => '"',
        _ => return rest.zip(word.chars()).all(|(a, b)| a == b).then(|| word.chars().count()),
    };
    let mut rest = rest.enumerate().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '\n' | '\r' => return None,
            '\\' if quote == '"' => drop(rest.next()),
            _ if c == quote && quote == '\'' && rest.next_if(|next| next.1 == quote).is_some() => {}
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_yaml::Value;

    use super::*;

    fn text(value: &str) -> Value {
        Value::String(value.to_owned())
    }

    #[test]
    fn plain_text_keeps_every_character() {
        for whole in [
            "Ablation #3",
            "Ablation\t#3",
            "a # b # c",
            "3 # steps",
            "true # or not",
            "C#",
            "a, b",
            "a\nb",
            "a\n  b",
            "a\n# b",
            "x\n...",
            "a{b}[c]",
            "λ₁ ≥ 2N/δ # Größe",
            "it's",
            "say \"yes\"",
            "a=b",
            "100%",
            "Q&A",
            "5 * 3",
            "no",
            "007",
            "1_000",
            "a:b",
            "~/x.png",
        ] {
            assert_eq!(read(whole), Ok(text(whole)), "{whole:?}");
        }
        assert_eq!(read("  a b\t"), Ok(text("a b")));
    }

    #[test]
    fn values_are_typed_as_in_a_file() {
        let yaml = |text: &str| serde_yaml::from_str::<Value>(text).unwrap();
        for value in [
            "",
            "~",
            "null",
            "3",
            "-3",
            "+3",
            "0x10",
            "1e-3",
            ".5",
            "true",
            "[1, 2]",
            "[]",
            "{}",
            "{ relu: 0.1 }",
            "{a: [b, {c: d}], e: }",
            "'3'",
            "\"a\\tb\"",
            "'a # b'",
            "[ 'a # b', \"c#\" ]",
            "[a#b, c]",
            "{ a: b }",
            "a: b",
            "- a",
            "'it''s'",
            "\"say \\\"yes\\\"\"",
            "[\"λ\", 'μ']",
            "[-1, -2]",
            "{\"a\":1}",
            "[a:b]",
            "\"\"",
            "''",
            "[a b, c  d]",
        ] {
            assert_eq!(read(value), Ok(yaml(value)), "{value:?}");
        }
    }

    #[test]
    fn what_yaml_would_drop_elsewhere_is_refused() {
        for (value, why) in [
            ("[a, b] # c", "comment"),
            ("'a' # b", "comment"),
            ("\"a\" # b", "comment"),
            ("{ a: b } #c", "comment"),
            ("a: b # c", "comment"),
            ("&c", "anchors"),
            ("&c d", "anchors"),
            ("*c", "anchor"),
            ("[&c d, e]", "anchors"),
            ("!!str 3", "tag"),
            ("!c", "tag"),
            ("[!!int 3]", "tag"),
            ("--- a", "document"),
            ("---", "document"),
            ("a\n---\nb", "document"),
            ("%YAML 1.1\n--- a", "document"),
            ("| a", ""),
            ("|\n  a", "several lines"),
            (">\n  a\n  b", "several lines"),
            ("[a,\n b]", "lines"),
            ("'a\n b'", "lines"),
            ("[a, b", "no valid YAML"),
            ("[a, b] c", "no valid YAML"),
            ("'a' b", "no valid YAML"),
            ("\"a\"b", "no valid YAML"),
            ("@home", "no valid YAML"),
            ("`a`", "no valid YAML"),
            ("a: b: c", "no valid YAML"),
            ("{ a: 1, a: 2 }", "no valid YAML"),
            ("# a", "comment"),
            ("#a", "comment"),
        ] {
            let error = read(value).expect_err(value);
            assert!(error.contains(why), "{value:?}: {error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Letters and digits are content wherever they stand, but in escapes and in words for null.
        #[test]
        fn no_letter_is_lost(value in "[a-f7 #,:'\"&*!|>%@`{}\\[\\]\n\t-]{0,16}") {
            // A map whose keys are no texts has no JSON; it is refused later, with its place.
            if let Some(json) = read(&value).ok().and_then(|it| serde_json::to_value(it).ok()) {
                let shown = json.to_string();
                let letters = |text: &str| -> String {
                    text.chars().filter(|c| ('a'..='f').contains(c) || *c == '7').collect()
                };
                // `null`, `false` and an escape bring letters that were not there.
                if !shown.contains("null") && !shown.contains('\\') && !value.contains('e') {
                    let found = letters(&shown);
                    prop_assert!(letters(&value).chars().eq(found.chars()), "{:?}: {}", value, shown);
                }
            }
        }
    }
}

//! Where each key and value of a YAML text stands.
//!
//! `serde_yaml` gives values without places. This second pass over the same text keeps the
//! places and no values. It expands no alias, so its cost does not grow beyond the text.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser};

use crate::text::pointer;

/// A stretch of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// Characters; at least 1.
    pub length: usize,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Its key; for items of a list there is none.
    pub key: Option<Span>,
    /// The value, or the beginning of a map or list.
    pub value: Span,
    /// Whether the value is a scalar or an alias, so that its span is all of it.
    pub scalar: bool,
}

/// Maps and lists within each other at which the pass gives up; `serde_yaml` does so earlier, after
/// a time that grows with the square of their number.
const DEEPEST: usize = 200;

/// The places of a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// Where each value stands, by JSON Pointer.
    pub places: BTreeMap<String, Mark>,
    /// Keys that stand in their map for a second time.
    pub repeated: Vec<(String, Span)>,
    /// The first alias (`*name`).
    pub alias: Option<Span>,
    /// Where the pass gave up before the end, and why.
    pub stopped: Option<(Span, String)>,
    /// Whether it gave up over maps and lists within each other.
    pub is_too_deep: bool,
}

impl Marks {
    /// Whether `text`, whose marks these are, has an alias, or may have one behind the place where
    /// the marks end.
    pub(crate) fn may_hold_alias(&self, text: &str) -> bool {
        self.alias.is_some() || (self.stopped.is_some() && text.contains('*'))
    }
}

/// A map or list that has begun and not yet ended.
enum Open {
    /// The key that waits for its value, if one does.
    Map { pointer: String, key: Option<(String, Span)> },
    /// The index of the next item.
    List { pointer: String, next: usize },
    /// A map or list in the place of a key, which no pointer reaches.
    Key { span: Span },
}

/// Every place in the first document of `text`, by JSON Pointer.
///
/// Stops where the text is no YAML.
pub(crate) fn marks(text: &str) -> Marks {
    let mut found = Marks::default();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, place) = match event {
            Ok(event) => event,
            Err(error) => {
                let (line, column) = (error.marker().line(), error.marker().col() + 1);
                let span = Span { line, column, length: 1 };
                found.stopped = Some((span, error.info().to_owned()));
                break;
            }
        };
        let length = if place.start.line() == place.end.line() {
            place.end.col().saturating_sub(place.start.col())
        } else {
            1
        };
        let span =
            Span { line: place.start.line(), column: place.start.col() + 1, length: length.max(1) };
        match event {
            Event::Scalar(word, ..) => {
                if !take_as_key(&mut open, &word, span) {
                    record(&mut open, &mut found, span, true);
                }
            }
            Event::Alias(_) => {
                found.alias.get_or_insert(span);
                if !take_as_key(&mut open, "*", span) {
                    record(&mut open, &mut found, span, true);
                }
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if waits_for_key(&open) {
                    open.push(Open::Key { span });
                }
                if open.len() >= DEEPEST {
                    let why = format!("more than {DEEPEST} maps and lists lie within each other");
                    found.stopped = Some((span, why));
                    found.is_too_deep = true;
                    break;
                }
                let pointer = record(&mut open, &mut found, span, false);
                open.push(if matches!(event, Event::MappingStart(..)) {
                    Open::Map { pointer, key: None }
                } else {
                    Open::List { pointer, next: 0 }
                });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                if let Some(&Open::Key { span }) = open.last() {
                    open.pop();
                    take_as_key(&mut open, "?", span);
                }
            }
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    found
}

fn waits_for_key(open: &[Open]) -> bool {
    matches!(open.last(), Some(Open::Map { key: None, .. }))
}

/// Takes a scalar as the next key where one is due.
fn take_as_key(open: &mut [Open], word: &str, span: Span) -> bool {
    if let Some(Open::Map { key: key @ None, .. }) = open.last_mut() {
        *key = Some((word.to_owned(), span));
        return true;
    }
    false
}

/// Records a value that begins at `span` and returns its pointer.
fn record(open: &mut [Open], found: &mut Marks, span: Span, scalar: bool) -> String {
    let (pointer, key) = match open.last_mut() {
        None => (String::new(), None),
        Some(Open::Map { pointer, key }) => match key.take() {
            Some((word, key)) => {
                let pointer = pointer::join(pointer, &word);
                if found.places.contains_key(&pointer) {
                    found.repeated.push((word, key));
                }
                (pointer, Some(key))
            }
            None => (pointer.clone(), None),
        },
        Some(Open::List { pointer, next }) => {
            *next += 1;
            (pointer::join(pointer, &(*next - 1).to_string()), None)
        }
        // Below a key that is itself a map: kept apart from everything that a pointer names.
        Some(Open::Key { .. }) => ("?".to_owned(), None),
    };
    found.places.insert(pointer.clone(), Mark { key, value: span, scalar });
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(line: usize, column: usize, length: usize) -> Span {
        Span { line, column, length }
    }

    #[test]
    fn keys_and_values_have_their_places() {
        let text = "name: lr\nstages:\n  train: # the training\n    with: { steps: 10, \"a/b\": [x, 'yz'] }\n";
        let found = marks(text).places;
        assert_eq!(found["/name"].value, span(1, 7, 2));
        assert_eq!(found["/name"].key, Some(span(1, 1, 4)));
        assert_eq!(found["/stages/train"].key, Some(span(3, 3, 5)));
        assert_eq!(found["/stages/train/with/steps"].value, span(4, 20, 2));
        assert_eq!(found["/stages/train/with/a~1b"].key, Some(span(4, 24, 5)));
        assert_eq!(found["/stages/train/with/a~1b/1"].value, span(4, 35, 4));
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let found = marks("λ₁: { δ: 1 }\n").places;
        assert_eq!(found["/λ₁/δ"].value, span(1, 10, 1));
    }

    #[test]
    fn aliases_are_not_expanded() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let below = format!("*a{}", level - 1);
            let row = vec![below; 9].join(", ");
            text = format!("{text}a{level}: &a{level} [{row}]\n");
        }
        assert!(marks(&text).places.len() < 1000);
    }

    #[test]
    fn keys_that_stand_twice_are_found() {
        assert_eq!(marks("a: 1\nb: { c: 1, c: 2 }\n").repeated, [("c".to_owned(), span(2, 12, 1))]);
    }

    #[test]
    fn deep_nesting_ends_the_pass() {
        assert!(marks(&"- ".repeat(50_000)).places.len() <= DEEPEST);
    }

    #[test]
    fn maps_as_keys_do_not_disturb_what_follows() {
        let found = marks("? { a: b }\n: c\nd: e\n").places;
        assert_eq!(found["/d"].value, span(3, 4, 1));
    }
}

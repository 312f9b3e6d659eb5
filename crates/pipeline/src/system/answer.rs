//! What a stage program says on standard output: JSON, or why it is not what was asked for.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a text is not what was asked for; completes "it …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not JSON: what the parser says.
    NoJson(String),
    /// It would be JSON without its NaN or Infinity.
    NoNumber,
    /// A value is of a wrong type, or one is missing.
    Wrong {
        /// Where it stands, as `outline.checkpoints[2]`; empty for all of it.
        at: String,
        /// What is wrong with it.
        message: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoJson(why) => write!(f, "is no valid JSON ({why})"),
            Self::NoNumber => write!(
                f,
                "holds NaN or Infinity, which JSON does not have (Python's `json.dumps` refuses them with `allow_nan=False`)"
            ),
            Self::Wrong { at, message } if at.is_empty() => write!(f, "is wrong: {message}"),
            Self::Wrong { at, message } => write!(f, "is wrong at `{at}`: {message}"),
        }
    }
}

/// The value that `text` is.
///
/// # Errors
/// Where it is none.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let value = serde_json::from_str(text).map_err(|error| {
        match serde_json::from_str::<Value>(&without_odd_numbers(text)) {
            Ok(_) => Fault::NoNumber,
            Err(_) => Fault::NoJson(error.to_string()),
        }
    })?;
    from_value(value)
}

/// The same from JSON.
///
/// # Errors
/// Where it is none.
pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let at = if path == "." { String::new() } else { path };
        let mut message = error.into_inner().to_string();
        if message.contains("null") && message.contains("f64") {
            message.push_str(
                " (some programs write null for infinity and NaN, which JSON does not have)",
            );
        }
        Fault::Wrong { at, message }
    })
}

/// `text` with null in place of NaN and Infinity where these stand outside of texts.
fn without_odd_numbers(text: &str) -> String {
    // Every second part stands in quotes, but for quotes that are escaped.
    let parts = text.replace("\\\\", "").replace("\\\"", "");
    let parts = parts.split('"').enumerate().map(|(index, part)| {
        if index % 2 == 1 {
            return part.to_owned();
        }
        let part = part.replace("-Infinity", "null").replace("Infinity", "null");
        part.replace("NaN", "null")
    });
    parts.collect::<Vec<_>>().join("\"")
}

#[cfg(test)]
mod tests {
    use stage::{Message, Plan};

    use super::*;

    fn fault<T: DeserializeOwned + fmt::Debug>(text: &str) -> String {
        parse::<T>(text).expect_err(text).to_string()
    }

    #[test]
    fn an_answer_says_where_it_is_wrong() {
        insta::assert_snapshot!(fault::<Plan>("hello"), @"is no valid JSON (expected value at line 1 column 1)");
        insta::assert_snapshot!(
            fault::<Plan>(r#"{"outline": {"learning_rates": [{"step": 0, "learning_rate": null}]}, "problems": []}"#),
            @"is wrong at `outline.learning_rates[0].learning_rate`: invalid type: null, expected f64 (some programs write null for infinity and NaN, which JSON does not have)"
        );
        insta::assert_snapshot!(fault::<Plan>(r#"{"outline": {}}"#), @"is wrong: missing field `problems`");
        insta::assert_snapshot!(
            fault::<Message>(r#"{"done": {"outline": {"train_samples": 4.0}}}"#),
            @"is wrong at `done.outline.train_samples`: invalid type: floating point `4.0`, expected u64"
        );
        insta::assert_snapshot!(
            fault::<Message>(r#"{"finished": {}}"#),
            @"is wrong: unknown variant `finished`, expected one of `progress`, `done`, `error`"
        );
    }

    #[test]
    fn numbers_that_json_does_not_have_are_named() {
        for odd in ["NaN", "Infinity", "-Infinity"] {
            let text = format!(r#"{{"done": {{"outline": {{"loss": "a \" \\", "x": {odd}}}}}}}"#);
            assert_eq!(parse::<Message>(&text).unwrap_err(), Fault::NoNumber, "{odd}");
        }
        let text = r#"{"error": {"message": "NaN, \"Infinity\""}}"#;
        assert!(parse::<Message>(text).is_ok());
        assert!(matches!(parse::<Message>("[NaN").unwrap_err(), Fault::NoJson(_)));
    }
}

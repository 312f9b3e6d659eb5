//! The nearest valid word, for errors that suggest one.

/// The candidate that `word` was most likely meant to be, if any is near enough.
///
/// Near enough is an edit distance (transpositions count once) of at most a third of the longer
/// word, or one being the beginning of the other.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let begins =
                !lower.is_empty() && (other.starts_with(&lower) || lower.starts_with(&other));
            let distance = strsim::osa_distance(&lower, &other);
            let allowed = lower.chars().count().max(other.chars().count()).div_ceil(3);
            (if distance <= allowed || begins { distance } else { usize::MAX }, candidate)
        })
        .filter(|(distance, _)| *distance < usize::MAX)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?", or all valid words where none is near.
pub(crate) fn suggestion<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(near) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    if all.is_empty() { None } else { Some(format!("valid here: {}", listed(&all, "and"))) }
}

/// Words in backticks, as "`a`, `b` and `c`".
pub(crate) fn listed(words: &[&str], conjunction: &str) -> String {
    if words.is_empty() {
        return "nothing".to_owned();
    }
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    listed_plain(&words, conjunction)
}

/// Words as they are, as "a, b and c".
pub(crate) fn listed_plain(words: &[String], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {conjunction} {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        let stages = ["dataset", "train", "ntk", "spectrum", "report"];
        assert_eq!(nearest("datset", stages), Some("dataset"));
        assert_eq!(nearest("tarin", stages), Some("train"));
        assert_eq!(nearest("Spectre", stages), Some("spectrum"));
        assert_eq!(nearest("bananas", stages), None);
    }

    #[test]
    fn without_a_near_word_all_are_listed() {
        assert_eq!(
            suggestion("qqqq", ["one", "two", "three"]).as_deref(),
            Some("valid here: `one`, `two` and `three`")
        );
        assert_eq!(suggestion("qqqq", []), None);
    }
}

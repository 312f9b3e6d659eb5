//! What a cell of a file says: one rule for numbers, booleans, classes and missing values, whatever
//! the format of the file.

/// Words for a value that is missing: those of pandas, and those of the UCI archive, MySQL and SAS.
const MISSING: [&str; 21] = [
    "", "#N/A", "#N/A N/A", "#NA", "-NaN", "-nan", "<NA>", "N/A", "NA", "NULL", "NaN", "None",
    "n/a", "nan", "null", "?", "\\N", ".", "1.#QNAN", "-1.#IND", "NaT",
];
/// Up to here every whole number is an f64.
const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing, or a word for it.
    Missing,
    /// A number, which may be infinite.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// Anything else.
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// What `text` says, where `decimal` stands before the fraction of a number.
    pub fn of(text: &'a str, decimal: char) -> Self {
        if let Some(number) = number(text, decimal) {
            return Self::Number(number);
        }
        match text {
            "true" | "True" | "TRUE" => Self::Boolean(true),
            "false" | "False" | "FALSE" => Self::Boolean(false),
            text if MISSING.contains(&text) => Self::Missing,
            text => Self::Text(text),
        }
    }
}

/// The number that `text` is; infinite where it says so or is beyond f64.
fn number(text: &str, decimal: char) -> Option<f64> {
    let is_plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    if decimal != '.' && text.contains(decimal) {
        // A point would separate thousands here.
        let text = (!text.contains('.')).then(|| text.replacen(decimal, ".", 1))?;
        return number(&text, '.');
    }
    if decimal != '.' && text.contains('.') {
        return None;
    }
    if text.bytes().all(is_plain) {
        return text.parse().ok();
    }
    let word = text.trim_start_matches(['+', '-']);
    let is_infinite = ["inf", "infinity"].iter().any(|name| word.eq_ignore_ascii_case(name));
    is_infinite.then(|| if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY })
}

/// The name of a class. Whole numbers are equal by value, however they are written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClassName {
    /// A whole number.
    Whole(i128),
    /// A word.
    Text(String),
}

impl ClassName {
    /// The class that `text` names; none where it is missing, a fraction, or a number so large that
    /// its neighbours read the same.
    pub fn of(text: &str, decimal: char) -> Option<Self> {
        // Digits are exact beyond every float.
        if let Ok(whole) = text.parse() {
            return Some(Self::Whole(whole));
        }
        match Cell::of(text, decimal) {
            Cell::Number(number) if number.fract() == 0.0 && number.abs() <= EXACT => {
                Some(Self::Whole(number as i128))
            }
            Cell::Number(_) | Cell::Missing => None,
            Cell::Boolean(value) => Some(Self::Text(value.to_string())),
            Cell::Text(text) => Some(Self::Text(text.to_owned())),
        }
    }
}

impl std::fmt::Display for ClassName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => write!(formatter, "{number}"),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

/// Whether a column of this name is the index that a table was written with, and no data: pandas
/// gives it no name in CSV, and one of its own in Parquet.
pub fn is_index(name: &str) -> bool {
    let pandas = ["Unnamed: ", "__index_level_", "__null_dask_index__"];
    let words = ["", "index", "id", "rownames", "row_names", "level_0"];
    pandas.iter().any(|start| name.starts_with(start))
        || words.iter().any(|word| name.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written_and_nothing_else_is_one() {
        let of = |text| Cell::of(text, '.');
        for (text, number) in
            [("5", 5.0), ("-.5", -0.5), ("+1.", 1.0), ("007", 7.0), ("1e3", 1000.0), ("2E-1", 0.2)]
        {
            assert_eq!(of(text), Cell::Number(number), "{text}");
        }
        assert_eq!(of("1e999"), Cell::Number(f64::INFINITY));
        assert_eq!(of("-Infinity"), Cell::Number(f64::NEG_INFINITY));
        for text in
            ["1,5", "1 000", "1_000", "0x1f", "5%", "$5", "1/2", "١٢", "−5", "1d5", "e5", "."]
        {
            assert!(!matches!(of(text), Cell::Number(_)), "{text}");
        }
        for text in ["", "NA", "nan", "NULL", "?", "\\N"] {
            assert_eq!(of(text), Cell::Missing, "{text}");
        }
        assert_eq!((of("True"), of("false")), (Cell::Boolean(true), Cell::Boolean(false)));
    }

    #[test]
    fn a_decimal_comma_leaves_no_meaning_to_points() {
        let of = |text| Cell::of(text, ',');
        assert_eq!(of("-1,5"), Cell::Number(-1.5));
        assert_eq!(of("15"), Cell::Number(15.0));
        for text in ["1.5", "1.234,5", "1,2,3"] {
            assert_eq!(of(text), Cell::Text(text));
        }
    }

    #[test]
    fn whole_numbers_name_the_same_class_however_they_are_written() {
        let of = |text| ClassName::of(text, '.');
        for text in ["1", "1.0", "01", "+1", "1e0", "10e-1"] {
            assert_eq!(of(text), Some(ClassName::Whole(1)), "{text}");
        }
        assert_eq!(of("-0.0"), Some(ClassName::Whole(0)));
        for text in ["1.5", "nan", "", "NA", "inf", "1e300"] {
            assert_eq!(of(text), None, "{text}");
        }
        // Neighbours that are one f64.
        assert_ne!(of("9007199254740992"), of("9007199254740993"));
        assert_eq!(of("True"), of("true"));
        assert_eq!(of("rose"), Some(ClassName::Text("rose".to_owned())));
    }
}

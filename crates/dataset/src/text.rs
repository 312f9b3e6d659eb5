//! Delimited text (CSV), record by record, each with the line on which it begins.
//!
//! As RFC 4180 has it: cells in quotes may hold delimiters and line breaks, a doubled quote within
//! them is one quote. Lines end with LF, CRLF or CR; blank lines do not count. What other readers
//! guess at is refused here: records of different lengths, a quote that never closes (everything
//! after it would be one cell), text after a closing quote.

use std::io::{self, BufRead};

/// Longest record: anything longer is no table.
const LONGEST_RECORD: usize = 64 << 20;
/// What UTF-8 text may begin with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wrong with a text.
#[derive(Debug, thiserror::Error)]
pub enum TextFault {
    /// The file could not be read to its end.
    #[error("cannot be read beyond line {line}: {source}")]
    Read {
        /// Where, from 1.
        line: u64,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// Bytes that are no UTF-8.
    #[error("holds the byte {byte:#04x} in line {line}, column {column}, which is not UTF-8 text")]
    NotUtf8 {
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// The byte.
        byte: u8,
    },
    /// A zero byte: binary data, or UTF-16.
    #[error("holds a zero byte in line {line}: it is binary data or UTF-16, not UTF-8 text")]
    ZeroByte {
        /// Line, from 1.
        line: u64,
    },
    /// A quote without its end.
    #[error("opens a quote in line {line} that never closes")]
    OpenQuote {
        /// Line of the quote, from 1.
        line: u64,
    },
    /// Text between a closing quote and the next delimiter.
    #[error("has text after the closing quote in line {line}, column {column}")]
    AfterQuote {
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
    },
    /// A record of another length than the first.
    #[error("has {cells} cells in line {line}, but {expected} in line {first}")]
    Ragged {
        /// Line, from 1.
        line: u64,
        /// Its cells.
        cells: usize,
        /// Cells of the first record.
        expected: usize,
        /// Line of the first record.
        first: u64,
    },
    /// A record that does not end.
    #[error("has more than 64 MiB in line {line}; that is not a table")]
    TooLong {
        /// Line, from 1.
        line: u64,
    },
}

impl TextFault {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read { .. } => "the file may be cut off: fetch it again",
            Self::NotUtf8 { .. } => {
                "convert it to UTF-8, e.g. `iconv -f WINDOWS-1252 -t UTF-8 OLD.csv > NEW.csv`"
            }
            Self::ZeroByte { .. } => {
                "if it is UTF-16, convert it: `iconv -f UTF-16 -t UTF-8 OLD.csv > NEW.csv`"
            }
            Self::OpenQuote { .. } | Self::AfterQuote { .. } => {
                "a quote within a quoted cell is written twice"
            }
            Self::Ragged { .. } => {
                "every line needs as many cells as the first; `delimiter` says what separates them"
            }
            Self::TooLong { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

/// Reads delimited text.
pub struct Records<R> {
    input: R,
    delimiter: u8,
    /// Line of the next byte, from 1.
    line: u64,
    /// Whether the last byte was a CR: a LF after it ends the same line.
    after_return: bool,
    at_start: bool,
    /// Line and length of the first record.
    first: Option<(u64, usize)>,
}

/// One record, to be filled again and again.
#[derive(Debug, Default)]
pub struct Record {
    /// Line on which it begins, from 1.
    pub line: u64,
    text: String,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
}

impl Record {
    /// Number of cells.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cell in the column `index`, without spaces around it.
    pub fn cell(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text[start..self.ends[index]].trim()
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.cell(index))
    }
}

/// Where in a cell the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before it, or in spaces that lead it.
    Before,
    /// In a cell without quotes.
    Bare,
    /// Within quotes.
    Quoted,
    /// After a quote within quotes: it closes them, or is the first of two.
    AfterQuote,
}

/// A record as it is read.
struct Partial {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    state: State,
    /// Line on which the open quote stands.
    quote_line: u64,
    /// Whether a cell of it is in quotes.
    has_quotes: bool,
}

impl<R: BufRead> Records<R> {
    /// The records of `input`, whose cells are separated by `delimiter`.
    pub fn new(input: R, delimiter: u8) -> Self {
        Self { input, delimiter, line: 1, after_return: false, at_start: true, first: None }
    }

    /// Reads the next record into `record`; false where there is none.
    ///
    /// # Errors
    /// Where the text is damaged, or the record has another length than the first.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, TextFault> {
        if std::mem::take(&mut self.at_start) {
            self.skip_byte_order_mark()?;
        }
        loop {
            let mut partial = Partial {
                bytes: std::mem::take(&mut record.text).into_bytes(),
                ends: std::mem::take(&mut record.ends),
                state: State::Before,
                quote_line: 0,
                has_quotes: false,
            };
            partial.bytes.clear();
            partial.ends.clear();
            record.line = self.line;
            let has_ended = self.fill(&mut partial)?;
            let is_blank = partial.ends.len() == 1
                && !partial.has_quotes
                && partial.bytes.iter().all(u8::is_ascii_whitespace);
            let Partial { bytes, ends, .. } = partial;
            record.text = utf8(bytes, &ends, record.line)?;
            record.ends = ends;
            if is_blank && has_ended {
                continue;
            }
            if is_blank || record.ends.is_empty() {
                return Ok(false);
            }
            let (first, expected) = *self.first.get_or_insert((record.line, record.len()));
            if record.len() != expected {
                let (line, cells) = (record.line, record.len());
                return Err(TextFault::Ragged { line, cells, expected, first });
            }
            return Ok(true);
        }
    }

    fn skip_byte_order_mark(&mut self) -> Result<(), TextFault> {
        let line = self.line;
        let buffer = self.input.fill_buf().map_err(|source| TextFault::Read { line, source })?;
        if buffer.starts_with(BYTE_ORDER_MARK) {
            self.input.consume(BYTE_ORDER_MARK.len());
        }
        Ok(())
    }

    /// Reads bytes until a record ends; false where the text does.
    fn fill(&mut self, partial: &mut Partial) -> Result<bool, TextFault> {
        let first = self.line;
        let mut is_empty = true;
        loop {
            let line = self.line;
            let buffer =
                self.input.fill_buf().map_err(|source| TextFault::Read { line, source })?;
            if buffer.is_empty() {
                if partial.state == State::Quoted {
                    return Err(TextFault::OpenQuote { line: partial.quote_line });
                }
                if !is_empty {
                    partial.end_cell();
                }
                return Ok(false);
            }
            for (index, &byte) in buffer.iter().enumerate() {
                let is_second = byte == b'\n' && self.after_return;
                self.after_return = byte == b'\r';
                if is_second {
                    // CRLF is one line break; it counted at its CR.
                    if partial.state == State::Quoted {
                        partial.bytes.push(byte);
                    }
                    continue;
                }
                is_empty = false;
                let is_break = byte == b'\n' || byte == b'\r';
                if is_break {
                    self.line += 1;
                }
                if byte == 0 {
                    return Err(TextFault::ZeroByte { line: self.line });
                }
                let is_ended = is_break && partial.state != State::Quoted;
                if is_ended {
                    partial.end_cell();
                } else {
                    partial.push(byte, self.delimiter, self.line)?;
                }
                if is_ended {
                    self.input.consume(index + 1);
                    return Ok(true);
                }
            }
            let read = buffer.len();
            self.input.consume(read);
            if partial.bytes.len() > LONGEST_RECORD {
                return Err(TextFault::TooLong { line: first });
            }
        }
    }
}

impl Partial {
    /// Takes a byte that does not end the record.
    fn push(&mut self, byte: u8, delimiter: u8, line: u64) -> Result<(), TextFault> {
        match self.state {
            State::Quoted if byte == b'"' => self.state = State::AfterQuote,
            State::Quoted => self.bytes.push(byte),
            State::AfterQuote if byte == b'"' => {
                self.bytes.push(byte);
                self.state = State::Quoted;
            }
            _ if byte == delimiter => self.end_cell(),
            State::AfterQuote if byte == b' ' || byte == b'\t' => {}
            State::AfterQuote => {
                return Err(TextFault::AfterQuote { line, column: self.ends.len() + 1 });
            }
            State::Before if byte == b'"' => {
                self.state = State::Quoted;
                (self.quote_line, self.has_quotes) = (line, true);
            }
            State::Before if byte == b' ' => {}
            State::Before | State::Bare => {
                self.bytes.push(byte);
                self.state = State::Bare;
            }
        }
        Ok(())
    }

    fn end_cell(&mut self) {
        self.ends.push(self.bytes.len());
        self.state = State::Before;
    }
}

/// The bytes of a record that begins on `line` as text.
fn utf8(bytes: Vec<u8>, ends: &[usize], line: u64) -> Result<String, TextFault> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let breaks = bytes[..at].split(|&byte| byte == b'\n').count() as u64 - 1;
        TextFault::NotUtf8 {
            line: line + breaks,
            column: ends.partition_point(|&end| end <= at) + 1,
            byte: bytes[at],
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    /// Lines and cells of all records, read through a buffer of `size` bytes.
    fn read_by(text: &[u8], size: usize) -> Result<Vec<(u64, Vec<String>)>, TextFault> {
        let mut records = Records::new(BufReader::with_capacity(size, text), b',');
        let mut record = Record::default();
        let mut found = Vec::new();
        while records.read(&mut record)? {
            found.push((record.line, record.cells().map(str::to_owned).collect()));
        }
        Ok(found)
    }

    fn read(text: &str) -> Vec<(u64, Vec<String>)> {
        read_by(text.as_bytes(), 1 << 13).unwrap()
    }

    fn error(text: &[u8]) -> String {
        read_by(text, 1 << 13).unwrap_err().to_string()
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|&cell| cell.to_owned()).collect())
    }

    #[test]
    fn cells_are_trimmed_and_quotes_undone() {
        assert_eq!(
            read("\u{feff}a, b ,\"c\"\n1,\"x, \"\"y\"\"\", \"z\" \n"),
            [row(1, &["a", "b", "c"]), row(2, &["1", "x, \"y\"", "z"])]
        );
        assert_eq!(read("a,5\" pipe\n"), [row(1, &["a", "5\" pipe"])]);
        assert_eq!(read("a,\n,b"), [row(1, &["a", ""]), row(2, &["", "b"])]);
        assert_eq!(read("\"\"\n"), [row(1, &[""])]);
        assert_eq!(read(""), []);
    }

    #[test]
    fn lines_are_counted_over_every_line_break_blank_lines_and_quoted_ones() {
        for line_break in ["\n", "\r\n", "\r"] {
            let text = "a,b\n\n\n1,\"x\ny\"\n  \n2,z\n\n".replace('\n', line_break);
            let lines: Vec<u64> = read(&text).iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [1, 4, 7], "{line_break:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_an_error_with_its_line() {
        assert_eq!(error(b"a,b\r\n1,2\r\n1\r\n"), "has 1 cells in line 3, but 2 in line 1");
        assert_eq!(error(b"\r\n\r\na,b\r\n1,2,3"), "has 3 cells in line 4, but 2 in line 3");
        assert_eq!(error(b"a,b\n1,\"x\n2,y\n"), "opens a quote in line 2 that never closes");
        assert_eq!(
            error(b"a,b\n1,\"x\"y\n"),
            "has text after the closing quote in line 2, column 2"
        );
        assert_eq!(
            error(b"a,b\n1,caf\xe9\n"),
            "holds the byte 0xe9 in line 2, column 2, which is not UTF-8 text"
        );
        assert!(error(b"a\0,\0b\0\n\0").starts_with("holds a zero byte in line 1"));
    }

    /// Tables as text, with all that may stand in a cell.
    fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
        let cell = "[a-c0-9\" ,\r\né]{0,6}".prop_map(|cell: String| cell.trim().to_owned());
        (1_usize..4).prop_flat_map(move |width| {
            prop::collection::vec(prop::collection::vec(cell.clone(), width), 0..6)
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_through_any_buffer(
            rows in table(), size in 1_usize..20, line_break in "\n|\r\n|\r",
        ) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",");
            let lines: Vec<String> = rows.iter().map(line).collect();
            let found = read_by(lines.join(&line_break).as_bytes(), size).unwrap();
            let found: Vec<Vec<String>> = found.into_iter().map(|(_, cells)| cells).collect();
            prop_assert_eq!(found, rows);
        }

        #[test]
        fn any_bytes_are_records_or_an_error(
            bytes in prop::collection::vec(prop::sample::select(b"ab,\"\r\n \xe9\0".to_vec()), 0..40),
            size in 1_usize..8,
        ) {
            let whole = read_by(&bytes, 64).map_err(|error| error.to_string());
            prop_assert_eq!(read_by(&bytes, size).map_err(|error| error.to_string()), whole);
        }
    }
}

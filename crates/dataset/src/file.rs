//! Opens the files that a user names, and tells formats apart by their first bytes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::DatasetError;

/// First bytes of a file that gzip compressed.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// First and last bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";
/// The same of one whose footer is encrypted.
const ENCRYPTED_PARQUET: &[u8] = b"PARE";
/// Bytes that are looked at.
const HEAD: u64 = 16;

/// First bytes of formats that no reader here takes, and what to do about each.
const FOREIGN: [(&[u8], &str, &str); 13] = [
    (b"ARROW1\0\0", "an Arrow (Feather) file", WRITE_PARQUET),
    (
        b"PK\x03\x04",
        "a ZIP archive, as Excel and NumPy (npz) write",
        "save it as CSV, or as Parquet",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "save it as CSV"),
    (b"\x89HDF", "an HDF5 file", WRITE_PARQUET),
    (b"\x93NUMPY", "a NumPy array", "write it by `numpy.savetxt(FILE, array, delimiter=',')`"),
    (b"SQLite format 3\0", "an SQLite database", WRITE_PARQUET),
    (b"Obj\x01", "an Avro file", WRITE_PARQUET),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard", "decompress it by `zstd -d`"),
    (b"BZh91AY&SY", "compressed by bzip2", "decompress it by `bunzip2`"),
    (b"\xfd7zXZ\0", "compressed by xz", "decompress it by `unxz`"),
    (b"\x89PNG", "a picture", "name it as `source: { image: { path: FILE } }`"),
    (b"\xff\xd8\xff", "a picture", "name it as `source: { image: { path: FILE } }`"),
    (b"\xff\xfe", "UTF-16 text", "convert it: `iconv -f UTF-16 -t UTF-8 OLD.csv > NEW.csv`"),
];
const WRITE_PARQUET: &str = "write it as Parquet or CSV";

/// What a file of a table or of digits is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A Parquet file.
    Parquet,
    /// An IDX file, as MNIST has them; no text begins so.
    Idx,
    /// Anything else: text, or it will be refused as none.
    Text,
}

/// A file of a table or of digits, opened.
pub struct Opened {
    /// What it is.
    pub format: Format,
    /// Its bytes, decompressed where gzip compressed them.
    pub content: Box<dyn BufRead>,
}

/// Opens the file at `path`.
///
/// # Errors
/// Where it is missing, may not be read, or is not a regular file: reading a pipe or a device may never
/// end, and what a second reader gets of it is something else.
pub fn open(path: &Path) -> Result<File, DatasetError> {
    let failed = |source| DatasetError::Open { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_file() {
        return File::open(path).map_err(failed);
    }
    let parts = if metadata.is_dir() { parquet_parts(path) } else { Vec::new() };
    Err(DatasetError::NotAFile { path: path.to_owned(), is_folder: metadata.is_dir(), parts })
}

/// Parquet files in a folder, as Spark writes them.
fn parquet_parts(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut parts: Vec<String> = names.filter(|name| name.ends_with(".parquet")).collect();
    parts.sort_unstable();
    parts
}

/// Opens a file of a table or of digits.
///
/// # Errors
/// As [`open`], and where it is of a format that cannot be read here.
pub fn recognise(path: &Path) -> Result<Opened, DatasetError> {
    let failed = |source| DatasetError::Open { path: path.to_owned(), source };
    let mut file = open(path)?;
    let head = head(&mut file).map_err(failed)?;
    if head.starts_with(GZIP) {
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut content = MultiGzDecoder::new(BufReader::new(file));
        let head =
            self::head(&mut content).map_err(|source| DatasetError::damaged(path, source))?;
        return match format(&head, head.starts_with(PARQUET) && is_binary(&head)) {
            Ok(Format::Parquet) => Err(DatasetError::Foreign {
                path: path.to_owned(),
                what: "a Parquet file compressed as a whole by gzip",
                remedy: "decompress it by `gunzip`",
            }),
            Ok(format) => Ok(Opened { format, content: chained(head, content) }),
            Err(foreign) => Err(foreign.at(path)),
        };
    }
    let foot = foot(&mut file).map_err(failed)?;
    if head.starts_with(ENCRYPTED_PARQUET) && foot == ENCRYPTED_PARQUET {
        let (what, remedy) = ("an encrypted Parquet file", "write it without encryption");
        return Err(DatasetError::Foreign { path: path.to_owned(), what, remedy });
    }
    // A header `PAR1,PAR2` of a CSV file begins so, too.
    let is_parquet = head.starts_with(PARQUET) && (foot == PARQUET || is_binary(&head));
    let format = format(&head, is_parquet).map_err(|foreign| foreign.at(path))?;
    file.seek(SeekFrom::Start(head.len() as u64)).map_err(failed)?;
    Ok(Opened { format, content: chained(head, file) })
}

/// A format that cannot be read here.
struct Foreign(&'static str, &'static str);

impl Foreign {
    fn at(self, path: &Path) -> DatasetError {
        DatasetError::Foreign { path: path.to_owned(), what: self.0, remedy: self.1 }
    }
}

/// The format of what begins with `head`.
fn format(head: &[u8], is_parquet: bool) -> Result<Format, Foreign> {
    if is_parquet {
        return Ok(Format::Parquet);
    }
    if let Some((_, what, remedy)) = FOREIGN.iter().find(|(magic, _, _)| head.starts_with(magic)) {
        return Err(Foreign(what, remedy));
    }
    Ok(if head.starts_with(&[0, 0]) { Format::Idx } else { Format::Text })
}

/// The first bytes.
fn head(content: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    content.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// The last bytes, as many as Parquet ends with.
fn foot(file: &mut File) -> std::io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(PARQUET.len() as u64)))?;
    head(file)
}

fn chained(head: Vec<u8>, rest: impl Read + 'static) -> Box<dyn BufRead> {
    Box::new(Cursor::new(head).chain(BufReader::with_capacity(1 << 16, rest)))
}

/// Whether bytes stand here that stand in no text.
fn is_binary(head: &[u8]) -> bool {
    head.iter().any(|&byte| byte < b' ' && !b"\t\r\n".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format_of(bytes: &[u8]) -> Result<Format, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, bytes).unwrap();
        recognise(&path).map(|opened| opened.format).map_err(|error| error.to_string())
    }

    #[test]
    fn formats_are_told_apart_by_their_bytes() {
        assert_eq!(format_of(b"PAR1\x15\x04 and so on"), Ok(Format::Parquet));
        assert_eq!(format_of(b"PAR1,PAR2,y\n1,2,3\n"), Ok(Format::Text));
        assert_eq!(format_of(b"PARENT,y\n1,2\n"), Ok(Format::Text));
        assert_eq!(format_of(&[0, 0, 8, 3]), Ok(Format::Idx));
        assert_eq!(format_of(b""), Ok(Format::Text));
        let of = |bytes: &[u8]| format_of(bytes).unwrap_err();
        assert!(of(b"PK\x03\x04...").ends_with("is a ZIP archive, as Excel and NumPy (npz) write"));
        assert!(of(b"PARE\x15 .. PARE").ends_with("is an encrypted Parquet file"));
        assert!(of(b"\xff\xfea\0,\0").ends_with("is UTF-16 text"));
    }

    #[test]
    fn what_is_no_regular_file_is_refused_without_being_opened() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| open(path).unwrap_err().to_string();
        assert!(message(folder.path()).ends_with("is a folder, not a file"));
        assert!(message(Path::new("/dev/zero")).ends_with("is not a regular file"));
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Opening it would wait for a writer.
        assert!(message(&pipe).ends_with("pipe is not a regular file"));
    }

    #[test]
    fn a_folder_of_spark_names_its_parts() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["_SUCCESS", "part-00001.snappy.parquet", "part-00000.snappy.parquet"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let hint = open(folder.path()).unwrap_err().hint().unwrap();
        assert_eq!(hint, "name one of the files in it, as part-00000.snappy.parquet");
    }
}

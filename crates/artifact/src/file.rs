//! Opening files for reading: regular ones only.

use std::fs::{self, File, FileType};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Opens the file at `path` for reading.
///
/// # Errors
/// Where it cannot be opened, or is not a regular file ([`not_regular`]).
pub fn open_file(path: &Path) -> io::Result<File> {
    match not_regular(fs::metadata(path)?.file_type()) {
        None => File::open(path),
        Some(what) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("it is {what}, not a regular file"),
        )),
    }
}

/// What a path leads to where that is not a regular file, as "a named pipe".
///
/// Opening a named pipe waits for a writer, and a device may have no end, so neither is ever opened:
/// ask before.
#[must_use]
pub fn not_regular(found: FileType) -> Option<&'static str> {
    if found.is_file() {
        None
    } else if found.is_dir() {
        Some("a folder")
    } else if found.is_fifo() {
        Some("a named pipe")
    } else if found.is_socket() {
        Some("a socket")
    } else if found.is_symlink() {
        Some("a link")
    } else {
        Some("a device")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        assert!(open_file(&at("file")).is_ok());
        assert!(open_file(&at("link")).is_ok(), "a link to a file");

        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for (path, what) in [
            (folder.path().to_owned(), "it is a folder, not a regular file"),
            (at("pipe"), "it is a named pipe, not a regular file"),
            (at("socket"), "it is a socket, not a regular file"),
            ("/dev/zero".into(), "it is a device, not a regular file"),
        ] {
            assert_eq!(open_file(&path).unwrap_err().to_string(), what);
        }
        assert_eq!(open_file(&at("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

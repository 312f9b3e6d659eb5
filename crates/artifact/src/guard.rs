//! A reader that panics over a damaged file ends in an error all the same.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::errors::ParquetError;

use crate::error::ArtifactError;

/// What `read` makes of the file at `path`; an error where it panics.
///
/// The reader of Parquet checks much of what a file says and takes the rest for true: with a byte
/// of the footer changed it may find no dictionary where it expects one. `read` makes values of its
/// own alone, so that nothing is left half done.
pub(crate) fn guarded<T>(
    path: &Path,
    read: impl FnOnce() -> Result<T, ArtifactError>,
) -> Result<T, ArtifactError> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let source = ParquetError::General(format!("it is damaged: {}", words(&*panic)));
        Err(ArtifactError::Parquet { path: path.to_owned(), source })
    })
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("its reader gave up")
}

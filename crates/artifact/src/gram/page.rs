//! A page of a Gramian: what stands before its values, and the values as bytes.

use std::borrow::Cow;
use std::io::{self, Write};

use arrow::datatypes::ToByteSlice;
use parquet::basic::Encoding;
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};

use super::{GramValue, levels};

/// Header and levels of a page of `rows` rows of `width` values; the values come after.
///
/// The header is Parquet's own writer's, for a page as long that is never looked at: so that the
/// values go from the matrix to the file without being copied to lie behind their levels.
pub(super) fn before_values<T: GramValue>(
    rows: usize,
    width: usize,
) -> Result<Vec<u8>, ParquetError> {
    let levels = levels::encoded(rows, width);
    let size = levels.len() + rows * width * size_of::<T>();
    let page = Page::DataPage {
        buf: vec![0; size].into(),
        num_values: (rows * width) as u32,
        encoding: Encoding::PLAIN,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    let mut file = TrackedWrite::new(Beginning(Vec::new()));
    SerializedPageWriter::new(&mut file).write_page(CompressedPage::new(page, size))?;
    let header = file.bytes_written() - size;
    let Beginning(mut bytes) = file.into_inner()?;
    bytes.truncate(header);
    bytes.extend(levels);
    Ok(bytes)
}

/// `values` as Parquet has them, in little-endian order.
pub(super) fn bytes_of<T: GramValue>(values: &[T]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        Cow::Borrowed(values.to_byte_slice())
    } else {
        let mut bytes = Vec::with_capacity(size_of_val(values));
        for value in values {
            value.push_bytes(&mut bytes);
        }
        Cow::Owned(bytes)
    }
}

/// A file of which only the beginning is kept.
struct Beginning(Vec<u8>);

impl Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        /// More than a header of a page takes.
        const KEPT: usize = 256;
        let room = KEPT.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

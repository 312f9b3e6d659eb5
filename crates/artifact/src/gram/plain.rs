//! Entries of a Gramian straight from the pages of our own writer.
//!
//! A file whose rows all have the same number of values, uncompressed and plain, is copied once,
//! from page to result, groups of rows in parallel. Of any other file nothing is read here: it
//! goes through Arrow, which also finds the words for what is wrong with a damaged one.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use rayon::prelude::*;

use super::{GramValue, levels, memory};

/// Values of a group that are asked for, and where they go.
struct Part<'a, T> {
    wanted: Range<usize>,
    to: &'a mut [T],
}

/// The rows `ranges` of the file at `path`, one after the other, where column `column` holds
/// `width` finite values in each row as our writer lays them out; None where not.
pub(super) fn values<T: GramValue>(
    path: &Path,
    metadata: &ParquetMetaData,
    column: usize,
    width: usize,
    ranges: &[Range<usize>],
) -> Option<Vec<T>> {
    let groups = metadata.row_groups();
    let size = usize::try_from(std::fs::metadata(path).ok()?.len()).ok()?;
    // What the file says of its size is not believed before it is known to be no larger.
    let mut entries = 0_usize;
    for group in groups {
        entries = entries.checked_add(plain_entries::<T>(group, column, width)?)?;
    }
    let wanted = ranges.iter().try_fold(0_usize, |sum, rows| sum.checked_add(rows.len()))?;
    if entries > size / size_of::<T>() || wanted.checked_mul(width)? > entries {
        return None;
    }
    let mut values = memory::zeros(wanted * width);
    let parts = parts(groups, width, ranges, &mut values)?;
    groups
        .par_iter()
        .zip(parts)
        .filter(|(_, parts)| !parts.is_empty())
        .try_for_each(|(group, parts)| copy(path, group, column, width, parts))?;
    Some(values)
}

/// The values of a group, if column `column` may be read here.
fn plain_entries<T: GramValue>(
    group: &RowGroupMetaData,
    column: usize,
    width: usize,
) -> Option<usize> {
    let chunk = group.columns().get(column)?;
    let leaf = chunk.column_descr();
    let entries = usize::try_from(group.num_rows()).ok()?.checked_mul(width)?;
    let plain = chunk.column_type() == T::PHYSICAL
        && (leaf.max_def_level(), leaf.max_rep_level()) == (1, 1)
        && chunk.compression() == Compression::UNCOMPRESSED
        && chunk.dictionary_page_offset().is_none()
        && usize::try_from(chunk.num_values()).ok()? == entries;
    plain.then_some(entries)
}

/// `values` cut where a range or a group ends, by group.
fn parts<'a, T>(
    groups: &[RowGroupMetaData],
    width: usize,
    ranges: &[Range<usize>],
    mut values: &'a mut [T],
) -> Option<Vec<Vec<Part<'a, T>>>> {
    let mut parts: Vec<Vec<Part<'a, T>>> = groups.iter().map(|_| Vec::new()).collect();
    for range in ranges {
        let mut first = 0;
        for (group, parts) in groups.iter().zip(&mut parts) {
            let end = first + usize::try_from(group.num_rows()).ok()?;
            let (from, to) = (range.start.max(first), range.end.min(end));
            if from < to {
                let (part, rest) = values.split_at_mut_checked((to - from) * width)?;
                let wanted = (from - first) * width..(to - first) * width;
                parts.push(Part { wanted, to: part });
                values = rest;
            }
            first = end;
        }
    }
    values.is_empty().then_some(parts)
}

/// Copies the wanted values of one group.
fn copy<T: GramValue>(
    path: &Path,
    group: &RowGroupMetaData,
    column: usize,
    width: usize,
    mut parts: Vec<Part<'_, T>>,
) -> Option<()> {
    let rows = usize::try_from(group.num_rows()).ok()?;
    // Its own: readers of one open file share its position.
    let file = Arc::new(File::open(path).ok()?);
    let mut pages = SerializedPageReader::new(file, group.column(column), rows, None).ok()?;
    let mut seen = 0;
    while let Some(page) = pages.get_next_page().ok()? {
        let Page::DataPage {
            buf,
            num_values,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            ..
        } = page
        else {
            return None;
        };
        let count = num_values as usize;
        let bytes = levels::values(&buf, seen, count, width)?;
        if bytes.len() != count * size_of::<T>() {
            return None;
        }
        for part in &mut parts {
            let (from, to) = (part.wanted.start.max(seen), part.wanted.end.min(seen + count));
            if from < to {
                let bytes = &bytes[(from - seen) * size_of::<T>()..(to - seen) * size_of::<T>()];
                let start = part.wanted.start;
                if !copy_finite(bytes, &mut part.to[from - start..to - start]) {
                    return None;
                }
            }
        }
        seen += count;
    }
    (seen == rows * width).then_some(())
}

/// Copies `bytes` to `values`; whether all are finite.
fn copy_finite<T: GramValue>(bytes: &[u8], values: &mut [T]) -> bool {
    let mut finite = true;
    for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact(size_of::<T>())) {
        *value = T::of_bytes(bytes);
        finite &= value.finite();
    }
    finite
}

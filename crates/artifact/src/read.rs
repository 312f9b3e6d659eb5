//! Tables from Parquet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, LargeListArray, ListArray, RecordBatch,
    new_null_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Float32Type};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use crate::error::ArtifactError;
use crate::file::open_file;
use crate::gram::GramReader;
use crate::guard::guarded;
use crate::table::{Column, Data, Layout, Row, Table};
use crate::tables::kernel::GRAM;
use crate::write::{not_finite, table_file};

/// Rows that are read at once.
pub(crate) const BATCH_ROWS: usize = 65_536;
/// Rows of long vectors that are read at once where not all of them are kept.
const VECTOR_BATCH_ROWS: usize = 512;
/// Bytes that are decoded at once where nothing of them is kept.
const DECODED_BYTES: usize = 16 << 20;

/// Reads all rows of a tidy or large table of the artifact at `directory`.
///
/// # Errors
/// Where the file is missing, damaged, of another version, or has other columns.
pub fn read_rows<R: Row>(directory: &Path) -> Result<Vec<R>, ArtifactError> {
    rows_of(&table_file(directory, R::TABLE, None))
}

/// Reads those rows of a tidy or large table that `keep` is true of, in one pass over the file; only
/// these are held in memory.
///
/// # Errors
/// As [`read_rows`].
pub fn read_rows_where<R: Row>(
    directory: &Path,
    keep: impl Fn(&R) -> bool,
) -> Result<Vec<R>, ArtifactError> {
    let batch_rows = match R::TABLE.layout {
        Layout::Tidy => BATCH_ROWS,
        Layout::Large | Layout::PerStep => VECTOR_BATCH_ROWS,
    };
    let path = table_file(directory, R::TABLE, None);
    guarded(&path, || {
        let mut rows = Vec::new();
        for batch in batches(&path, R::TABLE, R::TABLE.columns, batch_rows)? {
            rows.extend(rows_of_batch::<R>(&batch?)?.into_iter().filter(&keep));
        }
        Ok(rows)
    })
}

/// Reads the rows of one step of a [`Layout::PerStep`] table.
///
/// # Errors
/// Where the file is missing, damaged, of another version, or has other columns.
pub fn read_step<R: Row>(directory: &Path, step: u64) -> Result<Vec<R>, ArtifactError> {
    rows_of(&table_file(directory, R::TABLE, Some(step)))
}

fn rows_of<R: Row>(path: &Path) -> Result<Vec<R>, ArtifactError> {
    guarded(path, || {
        let mut rows = Vec::new();
        for batch in batches(path, R::TABLE, R::TABLE.columns, BATCH_ROWS)? {
            rows.extend(rows_of_batch::<R>(&batch?)?);
        }
        Ok(rows)
    })
}

fn rows_of_batch<R: Row>(batch: &RecordBatch) -> Result<Vec<R>, ArtifactError> {
    serde_arrow::from_record_batch(batch)
        .map_err(|error| ArtifactError::Rows { table: R::TABLE.name, message: error.to_string() })
}

/// The steps for which a [`Layout::PerStep`] table has a file, in rising order.
///
/// # Errors
/// Where the folder cannot be listed.
pub fn steps(directory: &Path, table: &Table) -> Result<Vec<u64>, ArtifactError> {
    debug_assert_eq!(table.layout, Layout::PerStep);
    let folder = directory.join(table.name);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(ArtifactError::io("listing", &folder))? {
        let entry = entry.map_err(ArtifactError::io("listing", &folder))?;
        let name = entry.file_name();
        let step: Option<u64> = name
            .to_str()
            .and_then(|name| name.strip_prefix("step-")?.strip_suffix(".parquet")?.parse().ok());
        found.extend(step);
    }
    found.sort_unstable();
    Ok(found)
}

/// Opens one file of `table`, checks version and columns, and reads it; a nullable column that is
/// missing is NULL in every row.
///
/// # Errors
/// Where the file is missing, damaged, of another version, has other columns, or holds NaN, or NULL
/// in a column that is never NULL.
pub fn read_batches(path: &Path, table: &'static Table) -> Result<Vec<RecordBatch>, ArtifactError> {
    guarded(path, || batches(path, table, table.columns, BATCH_ROWS)?.collect())
}

/// The declaration of the table that the file at `path` holds, named for the file: its columns as they are,
/// those of types that no table has left out.
///
/// It lives as long as the program, as every declaration that was read.
///
/// # Errors
/// Where the file is missing or damaged.
pub fn table_in(path: &Path) -> Result<&'static Table, ArtifactError> {
    const TYPES: [Data; 9] = [
        Data::Boolean,
        Data::UInt32,
        Data::UInt64,
        Data::Int64,
        Data::Float64,
        Data::Text,
        Data::Float32List,
        Data::FloatList,
        Data::UInt32List,
    ];
    guarded(path, || {
        let file = open_file(path).map_err(ArtifactError::io("opening", path))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file)
            .map_err(|error| ArtifactError::parquet(path, error))?;
        let pairs = builder.metadata().file_metadata().key_value_metadata();
        let version = pairs
            .and_then(|pairs| pairs.iter().find(|pair| pair.key == "artifact.table_version"))
            .and_then(|pair| pair.value.as_ref()?.parse().ok());
        let column = |field: &FieldRef| {
            let as_type = |data| Column::new("", data, "").or_null();
            let own = TYPES.map(as_type).into_iter();
            let own = own.into_iter().find(|of| own_type(field.data_type(), of).is_some());
            own.map(|column| Column { name: field.name().clone().leak(), ..column })
        };
        let columns: Vec<Column> = builder.schema().fields().iter().filter_map(column).collect();
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let table: &'static Table = Box::leak(Box::new(Table {
            name: name.to_owned().leak(),
            about: "",
            version: version.unwrap_or(1),
            layout: Layout::Tidy,
            optional: true,
            columns: columns.leak(),
        }));
        Ok(table)
    })
}

/// The vectors in the column `column` of those rows of one file of `table` whose number `keep` is true of,
/// by their number; only these are held in memory.
///
/// # Errors
/// As [`read_batches`], and where the column holds no vectors of f32 or f64.
pub fn read_vectors(
    path: &Path,
    table: &'static Table,
    column: &str,
    keep: impl Fn(usize) -> bool,
) -> Result<Vec<(usize, Vec<f32>)>, ArtifactError> {
    let columns: Vec<Column> =
        table.columns.iter().filter(|known| known.name == column).copied().collect();
    guarded(path, || {
        let mut found = Vec::new();
        let mut first = 0;
        for batch in batches(path, table, &columns, VECTOR_BATCH_ROWS)? {
            let batch = batch?;
            let lists = batch.column_by_name(column).and_then(|cells| cells.as_list_opt::<i32>());
            let lists = lists.ok_or_else(|| ArtifactError::Schema {
                path: path.to_owned(),
                table: table.name,
                problem: format!("its column `{column}` holds no vectors"),
            })?;
            for row in (0..lists.len()).filter(|&row| lists.is_valid(row) && keep(first + row)) {
                let cells = cast(&lists.value(row), &DataType::Float32).map_err(|error| {
                    ArtifactError::Parquet { path: path.to_owned(), source: error.into() }
                })?;
                let values = cells.as_primitive::<Float32Type>().values().to_vec();
                found.push((first + row, values));
            }
            first += lists.len();
        }
        Ok(found)
    })
}

/// The `columns` of one file of `table`, `batch_rows` rows at once.
///
/// # Errors
/// As [`read_batches`]; what is in the rows shows when they are read.
pub(crate) fn batches(
    path: &Path,
    table: &'static Table,
    columns: &[Column],
    batch_rows: usize,
) -> Result<impl Iterator<Item = Result<RecordBatch, ArtifactError>>, ArtifactError> {
    let builder = open(path, table)?;
    let known = columns.iter().filter_map(|column| builder.schema().index_of(column.name).ok());
    let mask = ProjectionMask::roots(builder.parquet_schema(), known);
    let reader = builder
        .with_projection(mask)
        .with_batch_size(batch_rows)
        .build()
        .map_err(|error| ArtifactError::parquet(path, error))?;
    let names: Vec<&'static str> = columns.iter().map(|column| column.name).collect();
    let path = path.to_owned();
    let mut first = 0;
    Ok(reader.map(move |batch| {
        let failed =
            |error: ArrowError| ArtifactError::Parquet { path: path.clone(), source: error.into() };
        let odd =
            |problem| ArtifactError::Schema { path: path.clone(), table: table.name, problem };
        let batch = batch.map_err(failed)?;
        // In the order of the table, in its own types, and without columns that it does not have.
        let mut own = Vec::new();
        for column in table.columns.iter().filter(|column| names.contains(&column.name)) {
            let Some(found) = batch.column_by_name(column.name) else {
                // `open` allows only a nullable column to be missing.
                own.push((column.name, new_null_array(&column.data.arrow(), batch.num_rows())));
                continue;
            };
            let holds_null = odd(format!("its column `{}` holds NULL", column.name));
            if holds_null_within(found) {
                return Err(holds_null);
            }
            let own_type = own_type(found.data_type(), column);
            let cells = cast(found, &own_type.unwrap_or_else(|| column.data.arrow()));
            let cells = cells.map_err(failed)?;
            if !column.nullable && cells.null_count() > 0 {
                return Err(holds_null);
            }
            if let Some(problem) = odd_cell(column, &cells, first) {
                return Err(odd(problem));
            }
            own.push((column.name, cells));
        }
        first += batch.num_rows();
        RecordBatch::try_from_iter(own).map_err(failed)
    }))
}

/// Whether a vector holds NULL, which would read as 0.
fn holds_null_within(array: &ArrayRef) -> bool {
    let items = array
        .as_list_opt::<i32>()
        .map(ListArray::values)
        .or_else(|| array.as_list_opt::<i64>().map(LargeListArray::values))
        .or_else(|| array.as_fixed_size_list_opt().map(FixedSizeListArray::values));
    items.is_some_and(|items| items.null_count() > 0)
}

/// What is wrong with one of `cells` of `column`, the first of which is in row `first` of the file:
/// NaN, infinity, or a word that the column does not take.
fn odd_cell(column: &Column, cells: &ArrayRef, first: usize) -> Option<String> {
    let name = column.name;
    if let Some(row) = not_finite(cells) {
        let row = first + row;
        return Some(format!(
            "row {row} of its column `{name}` is not a finite number (write NULL where a measure does not exist)"
        ));
    }
    let texts = cells.as_string_opt::<i32>().filter(|_| !column.words.is_empty())?;
    let is_odd = |text: Option<&str>| text.is_some_and(|text| !column.words.contains(&text));
    let row = texts.iter().position(is_odd)?;
    let (text, words, row) = (texts.value(row), listed(column.words), first + row);
    Some(format!("row {row} of its column `{name}` is `{text}`, not {words}"))
}

/// `words` in a sentence.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => {
            format!("{} or {last}", others.join(", "))
        }
        _ => quoted.join(""),
    }
}

/// Number of rows of one file of `table`, after checking its version and columns.
///
/// # Errors
/// Where the file is missing, damaged, of another version, or has other columns.
pub fn check_table_file(path: &Path, table: &'static Table) -> Result<u64, ArtifactError> {
    let builder = guarded(path, || open(path, table))?;
    Ok(u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0))
}

/// Number of rows of one file of `table`, after checking its version and columns and decoding every
/// cell: whoever reads the file afterwards can read it.
///
/// # Errors
/// As [`read_batches`].
pub fn decode_table_file(path: &Path, table: &'static Table) -> Result<u64, ArtifactError> {
    guarded(path, || {
        let builder = open(path, table)?;
        let rows = usize::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        if table.name == GRAM.name {
            // In a tenth of the time, and the length of each row is checked as well.
            GramReader::open_file(path.to_owned())?.check_values(DECODED_BYTES)?;
        } else {
            let groups = builder.metadata().row_groups().iter();
            let bytes: i64 = groups.map(RowGroupMetaData::total_byte_size).sum();
            let row_bytes = usize::try_from(bytes).unwrap_or(0) / rows.max(1);
            let batch_rows = (DECODED_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS);
            for batch in batches(path, table, table.columns, batch_rows)? {
                batch?;
            }
        }
        Ok(rows as u64)
    })
}

/// Opens one file of `table` and checks its version and columns; nullable ones may be missing.
pub(crate) fn open(
    path: &Path,
    table: &'static Table,
) -> Result<ParquetRecordBatchReaderBuilder<File>, ArtifactError> {
    let file = open_file(path).map_err(ArtifactError::io("opening", path))?;
    let size = file.metadata().map_err(ArtifactError::io("reading", path))?.len();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| ArtifactError::parquet(path, error))?;
    if let Some(problem) = outside(builder.metadata(), size) {
        let source = ParquetError::General(problem);
        return Err(ArtifactError::Parquet { path: path.to_owned(), source });
    }
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    let version = metadata
        .and_then(|pairs| pairs.iter().find(|pair| pair.key == "artifact.table_version"))
        .and_then(|pair| pair.value.clone());
    // A foreign stage need not know of the key; its columns are checked all the same.
    if let Some(found) = version
        && found != table.version.to_string()
    {
        return Err(ArtifactError::Version {
            path: path.to_owned(),
            table: table.name,
            found,
            expected: table.version,
        });
    }
    for column in table.columns {
        let problem = match builder.schema().field_with_name(column.name) {
            // Of a stage that does not know the measure, or knew it not yet.
            Err(_) if column.nullable => continue,
            Err(_) => format!("it has no column `{}`", column.name),
            Ok(field) if own_type(field.data_type(), column).is_none() => format!(
                "its column `{}` is {}, not {}: write it {}",
                column.name,
                type_name(field.data_type()),
                column.data.name(),
                column.data.how_to_write()
            ),
            Ok(_) => continue,
        };
        return Err(ArtifactError::Schema { path: path.to_owned(), table: table.name, problem });
    }
    Ok(builder)
}

/// What a damaged footer says that cannot be: columns outside the `size` bytes of the file. The
/// reader of Parquet takes it for true, and panics.
fn outside(metadata: &ParquetMetaData, size: u64) -> Option<String> {
    let size = i64::try_from(size).ok()?;
    let columns = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns);
    for column in columns {
        let begin = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let (length, plain) = (column.compressed_size(), column.uncompressed_size());
        let end = begin.checked_add(length);
        let is_inside = begin >= 0 && length >= 0 && end.is_some_and(|end| end <= size);
        if !is_inside || plain < 0 || column.num_values() < 0 {
            let name = column.column_path();
            return Some(format!("column {name} would lie outside the file"));
        }
    }
    None
}

/// Of the types that `column` may have, the one that holds the same values as `found`.
fn own_type(found: &DataType, column: &Column) -> Option<DataType> {
    column.data.arrows().into_iter().find(|own| same_type(found, own))
}

/// Whether two Arrow types hold the same values: the name of a list's item and whether it may be
/// NULL differ between writers and do not matter, nor does the width of list and text offsets, nor
/// whether texts stand in a dictionary.
fn same_type(found: &DataType, expected: &DataType) -> bool {
    match (found, expected) {
        (
            DataType::List(found)
            | DataType::LargeList(found)
            | DataType::ListView(found)
            | DataType::LargeListView(found)
            | DataType::FixedSizeList(found, _),
            DataType::List(expected),
        ) => same_type(found.data_type(), expected.data_type()),
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, DataType::Utf8) => true,
        // Categories of pandas.
        (DataType::Dictionary(_, found), DataType::Utf8) => same_type(found, expected),
        (found, expected) => found == expected,
    }
}

/// The name of an Arrow type in the words of the docs.
fn type_name(data: &DataType) -> String {
    match data {
        DataType::Null => "NULL in every cell, without a type".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => format!("list of {}", type_name(item.data_type())),
        DataType::Dictionary(_, values) => format!("{} in a dictionary", type_name(values)),
        other => other.to_string().to_lowercase(),
    }
}

/// Every file of `table` in the artifact at `directory`, in order; empty where there is none.
pub(crate) fn files(directory: &Path, table: &Table) -> Vec<PathBuf> {
    match table.layout {
        Layout::Tidy | Layout::Large => {
            let path = table_file(directory, table, None);
            if path.symlink_metadata().is_ok() { vec![path] } else { Vec::new() }
        }
        Layout::PerStep => steps(directory, table)
            .unwrap_or_default()
            .into_iter()
            .map(|step| table_file(directory, table, Some(step)))
            .collect(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, DictionaryArray, Float32Array, Float64Array, Int32Array, LargeStringArray,
        StringArray, StringViewArray, UInt32Array, UInt64Array,
    };
    use arrow::datatypes::{Float32Type, Int8Type, Int32Type};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
    use parquet::file::metadata::KeyValue;
    use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};

    use super::*;
    use crate::gram::{Gram, GramRow, write_gram};
    use crate::tables::Split;
    use crate::tables::dataset::{SAMPLES, Sample};
    use crate::tables::spectrum::EigenvectorRow;
    use crate::write::write_rows;

    /// Writes columns as another program would, with the table version where one is given.
    pub(crate) fn write_foreign(
        path: &Path,
        columns: Vec<(&str, ArrayRef)>,
        version: Option<&str>,
    ) {
        let pairs = version.map(|version| {
            vec![KeyValue::new("artifact.table_version".to_owned(), version.to_owned())]
        });
        write_with(path, columns, WriterProperties::builder().set_key_value_metadata(pairs));
    }

    fn write_with(
        path: &Path,
        columns: Vec<(&str, ArrayRef)>,
        properties: WriterPropertiesBuilder,
    ) {
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )
        .unwrap();
        let file = File::create(path).unwrap();
        let properties = Some(properties.build());
        let mut writer = ArrowWriter::try_new(file, batch.schema(), properties).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    fn lists(rows: &[&[f32]]) -> ArrayRef {
        let rows = rows.iter().map(|row| Some(row.iter().map(|&v| Some(v))));
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows))
    }

    /// Two samples, as another program may write them.
    fn columns() -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("split", Arc::new(StringArray::from(vec!["train", "test"]))),
            ("sample", Arc::new(UInt32Array::from(vec![0, 0]))),
            ("x", lists(&[&[1.0, 2.0], &[3.0, 4.0]])),
            ("y", lists(&[&[5.0], &[6.0]])),
            ("label", Arc::new(UInt32Array::from(vec![Some(3), None]))),
        ]
    }

    fn samples() -> Vec<Sample> {
        let sample = |split, x: [f32; 2], y: f32, label| Sample {
            split,
            sample: 0,
            x: x.into(),
            y: vec![y],
            label,
            clean_label: None,
            origin: None,
        };
        vec![
            sample(Split::Train, [1.0, 2.0], 5.0, Some(3)),
            sample(Split::Test, [3.0, 4.0], 6.0, None),
        ]
    }

    fn read_foreign(
        columns: Vec<(&str, ArrayRef)>,
        version: Option<&str>,
    ) -> Result<Vec<Sample>, ArtifactError> {
        let folder = tempfile::tempdir().unwrap();
        write_foreign(&table_file(folder.path(), &SAMPLES, None), columns, version);
        read_rows(folder.path())
    }

    fn replaced(name: &str, array: ArrayRef) -> Vec<(&'static str, ArrayRef)> {
        let mut columns = columns();
        let index = columns.iter().position(|column| column.0 == name).unwrap();
        columns[index].1 = array;
        columns
    }

    #[test]
    fn a_table_without_a_version_is_read_by_its_columns() {
        assert_eq!(read_foreign(columns(), None).unwrap(), samples());
        assert_eq!(read_foreign(columns(), Some("1")).unwrap(), samples());
    }

    #[test]
    fn only_the_rows_that_are_wanted_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        write_rows(folder.path(), &samples()).unwrap();
        let test = |row: &Sample| row.split == Split::Test;
        assert_eq!(read_rows_where(folder.path(), test).unwrap(), samples()[1..]);
        assert!(read_rows_where(folder.path(), |_: &Sample| false).unwrap().is_empty());
    }

    #[test]
    fn tables_of_long_vectors_are_read_through_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let row = |index| EigenvectorRow {
            step: 0,
            output: 0,
            index,
            split: Split::Train,
            values: vec![index as f32],
        };
        let rows: Vec<EigenvectorRow> = (1..=2 * VECTOR_BATCH_ROWS as u32 + 1).map(row).collect();
        write_rows(folder.path(), &rows).unwrap();
        let even = |row: &EigenvectorRow| row.index.is_multiple_of(2);
        let kept: Vec<EigenvectorRow> = read_rows_where(folder.path(), even).unwrap();
        assert_eq!(kept, rows.into_iter().filter(even).collect::<Vec<_>>());
    }

    #[test]
    fn another_version_is_refused() {
        for version in ["2", "0", "1.5", ""] {
            let error = read_foreign(columns(), Some(version)).unwrap_err();
            assert!(matches!(error, ArtifactError::Version { .. }), "{error}");
            let message = error.to_string();
            let expected =
                format!("holds version {version} of table `samples`; this program reads version 1");
            assert!(message.ends_with(&expected), "{message}");
        }
    }

    #[test]
    fn a_missing_column_is_named_unless_it_may_be_null() {
        for (index, (name, _)) in columns().iter().enumerate() {
            let column = SAMPLES.columns.iter().find(|column| column.name == *name).unwrap();
            let mut columns = columns();
            columns.remove(index);
            let found = read_foreign(columns, None);
            if column.nullable {
                let without = samples().into_iter().map(|sample| Sample { label: None, ..sample });
                assert_eq!(found.unwrap(), without.collect::<Vec<_>>());
                continue;
            }
            let error = found.unwrap_err().to_string();
            let expected = format!("is not a table `samples`: it has no column `{}`", column.name);
            assert!(error.ends_with(&expected), "{error}");
        }
    }

    #[test]
    fn a_nullable_column_that_is_missing_is_null_in_every_row() {
        let mut columns = columns();
        columns.retain(|(name, _)| *name != "label");
        let expected: Vec<Sample> =
            samples().into_iter().map(|sample| Sample { label: None, ..sample }).collect();
        assert_eq!(read_foreign(columns.clone(), None).unwrap(), expected);
        assert_eq!(read_foreign(columns.clone(), Some("1")).unwrap(), expected);
        let folder = tempfile::tempdir().unwrap();
        let path = table_file(folder.path(), &SAMPLES, None);
        write_foreign(&path, columns, None);
        assert_eq!(check_table_file(&path, &SAMPLES).unwrap(), 2);
        assert_eq!(decode_table_file(&path, &SAMPLES).unwrap(), 2);
        let batches = read_batches(&path, &SAMPLES).unwrap();
        let label = batches[0].column_by_name("label").unwrap();
        assert_eq!((label.null_count(), label.data_type()), (2, &DataType::UInt32));
    }

    #[test]
    fn a_column_of_another_type_is_named_with_both_types() {
        let wrong = replaced("sample", Arc::new(Int32Array::from(vec![0, 0])));
        let error = read_foreign(wrong, None).unwrap_err().to_string();
        let expected = "its column `sample` is int32, not uint32: write it in pandas `.astype(\"uint32\")`, or \"UInt32\" with missing cells, in Polars `.cast(pl.UInt32)`";
        assert!(error.ends_with(expected), "{error}");
        let wrong = replaced("x", Arc::new(Float32Array::from(vec![0.0, 0.0])));
        let error = read_foreign(wrong, None).unwrap_err().to_string();
        assert!(error.contains("its column `x` is float32, not list of float32: "), "{error}");
        let rows = [Some([Some(1.0_f64)]); 2];
        let wide = ListArray::from_iter_primitive::<arrow::datatypes::Float64Type, _, _>(rows);
        let error = read_foreign(replaced("y", Arc::new(wide)), None).unwrap_err().to_string();
        assert!(
            error.contains("its column `y` is list of float64, not list of float32: "),
            "{error}"
        );
        let empty = new_null_array(&DataType::Null, 2);
        let error = read_foreign(replaced("label", empty), None).unwrap_err().to_string();
        assert!(
            error.contains("`label` is NULL in every cell, without a type, not uint32"),
            "{error}"
        );
    }

    #[test]
    fn columns_in_another_order_and_columns_that_we_do_not_know_are_read_past() {
        let mut columns = columns();
        columns.reverse();
        columns.push(("weight", Arc::new(Float64Array::from(vec![1.0, 2.0]))));
        assert_eq!(read_foreign(columns, None).unwrap(), samples());
    }

    #[test]
    fn lists_and_text_of_other_programs_are_read() {
        let rows = [[1.0, 2.0], [3.0, 4.0]].map(|row| Some(row.map(Some)));
        let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 2);
        let large = LargeListArray::from_iter_primitive::<Float32Type, _, _>(rows);
        let splits = ["train", "test"];
        let words: DictionaryArray<Int32Type> = splits.into_iter().collect();
        let categories: DictionaryArray<Int8Type> = splits.into_iter().collect();
        let others: [(&str, ArrayRef); 6] = [
            ("split", Arc::new(words)),
            ("x", Arc::new(fixed)),
            ("x", Arc::new(large)),
            ("split", Arc::new(LargeStringArray::from(splits.to_vec()))),
            ("split", Arc::new(StringViewArray::from(splits.to_vec()))),
            ("split", Arc::new(categories)),
        ];
        for (name, array) in others {
            let data = array.data_type().clone();
            let found = read_foreign(replaced(name, array), None);
            assert_eq!(found.unwrap(), samples(), "{data}");
        }
    }

    #[test]
    fn tables_of_every_codec_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = table_file(folder.path(), &SAMPLES, None);
        let gram = table_file(folder.path(), &GRAM, Some(0));
        fs::create_dir(gram.parent().unwrap()).unwrap();
        for codec in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(GzipLevel::default()),
            Compression::BROTLI(BrotliLevel::default()),
            Compression::LZ4,
            Compression::ZSTD(ZstdLevel::default()),
            Compression::LZ4_RAW,
        ] {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                let properties =
                    WriterProperties::builder().set_compression(codec).set_writer_version(version);
                write_with(&path, columns(), properties.clone());
                assert_eq!(read_rows::<Sample>(folder.path()).unwrap(), samples(), "{codec}");
                let rows: Vec<(&str, ArrayRef)> = vec![
                    ("step", Arc::new(UInt64Array::from(vec![0, 0]))),
                    ("split", Arc::new(StringArray::from(vec!["train", "train"]))),
                    ("sample", Arc::new(UInt32Array::from(vec![0, 1]))),
                    ("output", Arc::new(UInt32Array::from(vec![0, 0]))),
                    ("values", lists(&[&[1.0, 2.0], &[2.0, 5.0]])),
                ];
                write_with(&gram, rows, properties);
                let reader = GramReader::open(folder.path(), 0).unwrap();
                let all = 0..2;
                let values = reader.values::<f32>(std::slice::from_ref(&all)).unwrap();
                assert_eq!(values, [1.0, 2.0, 2.0, 5.0], "{codec}");
            }
        }
    }

    #[test]
    fn null_nan_and_unknown_words_in_a_foreign_table_are_refused() {
        let none: Option<Vec<Option<f32>>> = None;
        let rows = |second| {
            let rows = [Some(vec![Some(1.0)]), second];
            Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows)) as ArrayRef
        };
        let error = read_foreign(replaced("y", rows(none)), None).unwrap_err().to_string();
        assert!(error.ends_with("its column `y` holds NULL"), "{error}");
        assert!(read_foreign(replaced("y", rows(Some(vec![None]))), None).is_err(), "NULL within");
        let error = read_foreign(replaced("y", rows(Some(vec![Some(f32::NAN)]))), None);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("row 1 of its column `y` is not a finite number"), "{error}");
        let fixed = [Some([Some(1.0)]), Some([Some(f32::INFINITY)])];
        let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(fixed, 1);
        assert!(read_foreign(replaced("y", Arc::new(fixed)), None).is_err(), "infinity");
        let words = StringArray::from(vec!["train", "validation"]);
        let error = read_foreign(replaced("split", Arc::new(words)), None).unwrap_err();
        let expected = "row 1 of its column `split` is `validation`, not `train` or `test`";
        assert!(error.to_string().ends_with(expected), "{error}");
        let holes = StringArray::from(vec![Some("train"), None]);
        assert!(read_foreign(replaced("split", Arc::new(holes)), None).is_err());
    }

    #[test]
    fn a_missing_truncated_or_foreign_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_rows::<Sample>(folder.path()).unwrap_err();
        assert!(matches!(error, ArtifactError::Io { .. }));
        assert!(error.to_string().contains("samples.parquet"), "{error}");

        write_rows(folder.path(), &samples()).unwrap();
        let path = table_file(folder.path(), &SAMPLES, None);
        let bytes = fs::read(&path).unwrap();
        for length in [0, 3, 4, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            for error in [
                read_rows::<Sample>(folder.path()).unwrap_err(),
                check_table_file(&path, &SAMPLES).unwrap_err(),
            ] {
                assert!(matches!(error, ArtifactError::Parquet { .. }), "{length}: {error}");
                assert!(error.to_string().contains("samples.parquet"), "{error}");
            }
        }
    }

    #[test]
    fn rows_are_counted_without_being_read() {
        let folder = tempfile::tempdir().unwrap();
        write_rows(folder.path(), &samples()).unwrap();
        let path = table_file(folder.path(), &SAMPLES, None);
        assert_eq!(check_table_file(&path, &SAMPLES).unwrap(), 2);
        write_rows::<Sample>(folder.path(), &[]).unwrap();
        assert_eq!(check_table_file(&path, &SAMPLES).unwrap(), 0);
        assert_eq!(read_rows::<Sample>(folder.path()).unwrap(), []);
    }

    /// The file at `path` with the bytes of its first column overwritten, its footer as it was.
    fn scramble(path: &Path) {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
        let column = builder.metadata().row_group(0).column(0);
        let (begin, length) = column.byte_range();
        let mut bytes = fs::read(path).unwrap();
        bytes[begin as usize..(begin + length) as usize].fill(0xff);
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_page_that_cannot_be_decoded_is_found_without_reading_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = table_file(folder.path(), &SAMPLES, None);
        write_rows(folder.path(), &samples()).unwrap();
        assert_eq!(decode_table_file(&path, &SAMPLES).unwrap(), 2);
        scramble(&path);
        assert_eq!(check_table_file(&path, &SAMPLES).unwrap(), 2, "the footer is whole");
        let error = decode_table_file(&path, &SAMPLES).unwrap_err();
        assert!(matches!(error, ArtifactError::Parquet { .. }), "{error}");
        assert!(error.to_string().contains("samples.parquet is not a readable Parquet"), "{error}");
    }

    #[test]
    fn rows_of_a_gramian_are_decoded_whoever_wrote_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = table_file(folder.path(), &GRAM, Some(0));
        let row = |sample| GramRow { split: Split::Train, sample, output: 0 };
        let gram = Gram { rows: vec![row(0), row(1)], width: 2, values: vec![1.0; 4] };
        write_gram(folder.path(), 0, &gram).unwrap();
        assert_eq!(decode_table_file(&path, &GRAM).unwrap(), 2);
        scramble(&path);
        assert!(decode_table_file(&path, &GRAM).is_err());
        let foreign = |second: &[f32]| {
            write_foreign(
                &path,
                vec![
                    ("step", Arc::new(UInt64Array::from(vec![0, 0])) as ArrayRef),
                    ("split", Arc::new(StringArray::from(vec!["train", "train"]))),
                    ("sample", Arc::new(UInt32Array::from(vec![0, 1]))),
                    ("output", Arc::new(UInt32Array::from(vec![0, 0]))),
                    ("values", lists(&[&[1.0, 2.0], second])),
                ],
                None,
            );
            decode_table_file(&path, &GRAM)
        };
        assert_eq!(foreign(&[2.0, 1.0]).unwrap(), 2);
        assert!(foreign(&[2.0, f32::NAN]).is_err());
        assert!(foreign(&[2.0]).is_err());
    }

    #[test]
    fn a_row_is_numbered_within_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = table_file(folder.path(), &SAMPLES, None);
        let count = BATCH_ROWS + 10;
        let y: Vec<[f32; 1]> =
            (0..count).map(|row| [if row + 1 == count { f32::NAN } else { 0.0 }]).collect();
        let y: Vec<&[f32]> = y.iter().map(<[f32; 1]>::as_slice).collect();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("split", Arc::new(StringArray::from(vec!["train"; count]))),
            ("sample", Arc::new(UInt32Array::from_iter_values(0..count as u32))),
            ("x", lists(&vec![&[1.0_f32] as &[f32]; count])),
            ("y", lists(&y)),
            ("label", Arc::new(UInt32Array::from(vec![None; count]))),
        ];
        write_foreign(&path, columns, None);
        let error = decode_table_file(&path, &SAMPLES).unwrap_err().to_string();
        assert!(error.contains(&format!("row {} of its column `y`", count - 1)), "{error}");
    }

    #[test]
    fn a_table_that_is_no_regular_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = table_file(folder.path(), &SAMPLES, None);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let error = check_table_file(&path, &SAMPLES).unwrap_err().to_string();
        assert!(error.ends_with("failed: it is a named pipe, not a regular file"), "{error}");
    }

    #[test]
    fn steps_are_numbers_in_rising_order_and_other_files_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        assert!(steps(folder.path(), &GRAM).is_err(), "there is no folder yet");
        fs::create_dir(folder.path().join("gram")).unwrap();
        assert_eq!(steps(folder.path(), &GRAM).unwrap(), [0_u64; 0]);
        let beyond = 20_000_000_000;
        for step in [100, 20, 3, 0, beyond] {
            fs::write(table_file(folder.path(), &GRAM, Some(step)), "").unwrap();
        }
        for other in ["step-0000000007.partial", "step-x.parquet", "notes.txt"] {
            fs::write(folder.path().join("gram").join(other), "").unwrap();
        }
        assert_eq!(steps(folder.path(), &GRAM).unwrap(), [0, 3, 20, 100, beyond]);
    }
}

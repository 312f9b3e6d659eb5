//! Gramians that come back as they were, and those that are refused.

use std::fs::{self, File};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Float32Array, LargeListArray, LargeStringArray, ListArray,
    RecordBatch, StringArray, UInt32Array, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Float32Type};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use proptest::prelude::*;

use super::*;
use crate::write::{table_file, write_batch};

fn gram(train: u32, test: u32, outputs: u32) -> Gram {
    let row = |split, sample, output| GramRow { split, sample, output };
    let of = |split, samples: u32| {
        (0..samples).flat_map(move |s| (0..outputs).map(move |o| row(split, s, o)))
    };
    let rows: Vec<GramRow> = of(Split::Train, train).chain(of(Split::Test, test)).collect();
    let width = (train * outputs) as usize;
    let values = (0..rows.len() * width).map(|i| (i as f32).sin()).collect();
    Gram { rows, width, values }
}

/// Writes groups of `group_rows` rows, `append_rows` rows at a time.
fn written<T: GramValue>(
    gram: &Gram<T>,
    group_rows: usize,
    append_rows: usize,
) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = GramWriter::create(folder.path(), 7, gram.rows.clone(), gram.width).unwrap();
    writer.group_rows = group_rows;
    for part in gram.values.chunks(append_rows * gram.width) {
        writer.append(part).unwrap();
    }
    writer.finish().unwrap();
    folder
}

/// The same table by Arrow's writer.
fn written_by_arrow(gram: &Gram) -> tempfile::TempDir {
    let lists = ListArray::new(
        Arc::new(Field::new("element", DataType::Float32, false)),
        OffsetBuffer::from_lengths(std::iter::repeat_n(gram.width, gram.rows.len())),
        Arc::new(Float32Array::from(gram.values.clone())),
        None,
    );
    let keys = &gram.rows;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::from_iter_values(keys.iter().map(|_| 7))),
        Arc::new(StringArray::from_iter_values(keys.iter().map(|key| key.split.name()))),
        Arc::new(UInt32Array::from_iter_values(keys.iter().map(|key| key.sample))),
        Arc::new(UInt32Array::from_iter_values(keys.iter().map(|key| key.output))),
        Arc::new(lists),
    ];
    let folder = tempfile::tempdir().unwrap();
    let batch = RecordBatch::try_new(GRAM.schema(), columns).unwrap();
    write_batch(&file(&folder), &GRAM, &[batch]).unwrap();
    folder
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    table_file(folder.path(), &GRAM, Some(7))
}

fn metadata(folder: &tempfile::TempDir) -> ParquetMetaData {
    let reader = SerializedFileReader::new(File::open(file(folder)).unwrap()).unwrap();
    reader.metadata().clone()
}

/// The values of all rows as they lie in pages, where they lie as our writer puts them.
fn plain_values<T: GramValue>(folder: &tempfile::TempDir, gram: &Gram<T>) -> Option<Vec<T>> {
    let all = 0..gram.rows.len();
    plain::values(&file(folder), &metadata(folder), VALUES, gram.width, &[all])
}

/// Writes columns as another program would: other list types, no version.
fn foreign(columns: Vec<(&str, ArrayRef)>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = table_file(folder.path(), &GRAM, Some(7));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    crate::read::tests::write_foreign(&path, columns, None);
    folder
}

fn keys(rows: u32) -> Vec<(&'static str, ArrayRef)> {
    vec![
        ("step", Arc::new(UInt64Array::from(vec![7; rows as usize]))),
        ("split", Arc::new(LargeStringArray::from(vec!["train"; rows as usize]))),
        ("sample", Arc::new(UInt32Array::from_iter_values(0..rows))),
        ("output", Arc::new(UInt32Array::from(vec![0; rows as usize]))),
    ]
}

fn with_values(values: ArrayRef) -> Vec<(&'static str, ArrayRef)> {
    let mut columns = keys(2);
    columns.push(("values", values));
    columns
}

#[test]
fn a_value_of_f64_that_is_none_is_refused() {
    let row = |sample| GramRow { split: Split::Train, sample, output: 0 };
    let gram = Gram { rows: vec![row(0), row(1)], width: 2, values: vec![1.0, 0.0, f64::NAN, 1.0] };
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        write_gram(folder.path(), 7, &gram),
        Err(ArtifactError::NotFinite { row: 1, .. })
    ));
    let values = vec![Some(vec![Some(1.0), Some(f64::INFINITY)]); 2];
    let lists = ListArray::from_iter_primitive::<arrow::datatypes::Float64Type, _, _>(values);
    let folder = foreign(with_values(Arc::new(lists)));
    let error = read_gram::<f64>(folder.path(), 7).unwrap_err().to_string();
    assert!(error.contains("row 0 of its column `values` is not a finite number"), "{error}");
    assert!(crate::read::decode_table_file(&file(&folder), &GRAM).is_err());
}

#[test]
fn a_gramian_of_more_rows_than_are_read_at_once_comes_back() {
    let rows = (0..70_000).map(|sample| GramRow { split: Split::Test, sample, output: 0 });
    let values = (0..140_000).map(|i| i as f32).collect();
    let gram = Gram { rows: rows.collect(), width: 2, values };
    let folder = tempfile::tempdir().unwrap();
    write_gram(folder.path(), 7, &gram).unwrap();
    assert_eq!(read_gram::<f32>(folder.path(), 7).unwrap(), gram);
}

#[test]
fn a_file_is_the_one_that_arrow_would_write_but_for_its_pages() {
    let gram = gram(50, 7, 3);
    let (ours, arrows) = (metadata(&written(&gram, 1000, 20)), metadata(&written_by_arrow(&gram)));
    let (our, arrow) = (ours.file_metadata(), arrows.file_metadata());
    assert_eq!(our.key_value_metadata(), arrow.key_value_metadata());
    assert_eq!(our.schema(), arrow.schema());
    assert_eq!(our.column_orders(), arrow.column_orders());
    assert_eq!((our.version(), our.num_rows()), (arrow.version(), arrow.num_rows()));
    let (our, arrow) = (ours.row_group(0), arrows.row_group(0));
    assert_eq!(our.sorting_columns(), arrow.sorting_columns());
    for (our, arrow) in our.columns().iter().zip(arrow.columns()) {
        assert_eq!(our.column_path(), arrow.column_path());
        assert_eq!(our.num_values(), arrow.num_values());
        assert_eq!(our.statistics(), arrow.statistics());
        assert_eq!(our.compression(), arrow.compression());
        assert_eq!(our.encodings_mask(), arrow.encodings_mask());
    }
}

#[test]
fn rows_that_are_missing_or_too_many_are_refused_and_leave_nothing_behind() {
    let gram = gram(3, 1, 1);
    let folder = tempfile::tempdir().unwrap();
    let writer = || GramWriter::<f32>::create(folder.path(), 7, gram.rows.clone(), 3).unwrap();
    let error = writer().finish().unwrap_err().to_string();
    assert!(error.contains("0 of 4 rows were written"), "{error}");
    for values in [vec![0.0; 15], vec![0.0; 4]] {
        let error = writer().append(&values).unwrap_err().to_string();
        assert!(error.contains(&format!("{} values for 4 rows of 3", values.len())), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path().join("gram")).unwrap().count(), 0);
    assert!(GramWriter::<f32>::create(folder.path(), 7, gram.rows.clone(), 0).is_err());
}

#[test]
fn no_file_of_two_levels_an_entry_is_written() {
    let gram = gram(1000, 0, 1);
    let folder = written(&gram, 1000, 1000);
    let size = fs::metadata(file(&folder)).unwrap().len();
    assert!(size < 4_000_000 + 40_000, "{size} bytes");
}

#[test]
fn damaged_levels_are_not_read_past() {
    let gram = gram(100, 0, 1);
    let folder = written(&gram, 1000, 1000);
    assert_eq!(plain_values(&folder, &gram).unwrap(), gram.values);
    let levels = levels::encoded(100, 100);
    let bytes = fs::read(file(&folder)).unwrap();
    let start = bytes.windows(levels.len()).position(|part| part == levels).unwrap();
    for at in 0..levels.len() {
        let mut damaged = bytes.clone();
        damaged[start + at] ^= 1;
        fs::write(file(&folder), &damaged).unwrap();
        assert_eq!(plain_values(&folder, &gram), None, "byte {at}");
        let _ = read_gram::<f32>(folder.path(), 7);
    }
    // The first row one longer, the second one shorter.
    let mut ragged = bytes.clone();
    ragged[start + 6] += 2;
    ragged[start + 6 + 5] -= 2;
    fs::write(file(&folder), &ragged).unwrap();
    assert!(read_gram::<f32>(folder.path(), 7).is_err());
    // A value that is not finite.
    let mut bad = bytes;
    let value = start + levels.len() + 4 * 321;
    bad[value..value + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(file(&folder), &bad).unwrap();
    let error = read_gram::<f32>(folder.path(), 7).unwrap_err().to_string();
    assert!(error.contains("row 3 of its column `values`"), "{error}");
}

#[test]
fn a_value_that_is_not_finite_is_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut gram = gram(3, 0, 1);
        gram.values[5] = bad;
        let folder = tempfile::tempdir().unwrap();
        let error = write_gram(folder.path(), 0, &gram).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 1 of column `values` of table `gram` is not a finite number"
        );
    }
}

#[test]
fn a_gramian_whose_values_do_not_fill_its_rows_is_refused() {
    let mut gram = gram(3, 0, 1);
    gram.values.pop();
    let error = write_gram(tempfile::tempdir().unwrap().path(), 0, &gram).unwrap_err();
    assert!(error.to_string().contains("8 values for 3 rows of 3"), "{error}");
}

#[test]
fn a_truncated_gramian_is_an_error_that_names_the_file() {
    let folder = written(&gram(20, 5, 1), 1000, 1000);
    let path = file(&folder);
    let bytes = fs::read(&path).unwrap();
    for length in [0, 3, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = read_gram::<f32>(folder.path(), 7).unwrap_err();
        assert!(matches!(error, ArtifactError::Parquet { .. }), "{length}: {error}");
        assert!(error.to_string().contains("step-0000000007.parquet"), "{error}");
    }
}

#[test]
fn lists_of_other_programs_are_read() {
    let expected = [1.0, 2.0, 3.0, 4.0];
    let rows = [[1.0, 2.0], [3.0, 4.0]].map(|row| Some(row.map(Some)));
    let fixed = FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 2);
    let large = LargeListArray::from_iter_primitive::<Float32Type, _, _>(rows);
    let lists = ListArray::from_iter_primitive::<Float32Type, _, _>(rows);
    let columns: [ArrayRef; 3] = [Arc::new(fixed), Arc::new(large), Arc::new(lists)];
    for values in columns {
        let gram = read_gram::<f32>(foreign(with_values(values)).path(), 7).unwrap();
        assert_eq!((gram.width, gram.values.as_slice()), (2, expected.as_slice()));
        assert_eq!(gram.rows[1], GramRow { split: Split::Train, sample: 1, output: 0 });
    }
}

#[test]
fn a_foreign_gramian_with_holes_is_refused() {
    let refused = |rows: [Option<Vec<Option<f32>>>; 2]| {
        let lists = ListArray::from_iter_primitive::<Float32Type, _, _>(rows);
        read_gram::<f32>(foreign(with_values(Arc::new(lists))).path(), 7).is_err()
    };
    assert!(!refused([Some(vec![Some(1.0)]), Some(vec![Some(2.0)])]));
    assert!(refused([Some(vec![Some(1.0)]), Some(vec![None])]), "a value is NULL");
    assert!(refused([Some(vec![Some(1.0)]), None]), "a row is NULL");
    assert!(refused([Some(vec![Some(1.0)]), Some(vec![Some(f32::NAN)])]), "a value is NaN");
    assert!(refused([Some(vec![Some(1.0)]), Some(vec![])]), "a row is empty");
    assert!(refused([Some(vec![Some(1.0)]), Some(vec![Some(1.0); 2])]), "a row is longer");
}

#[test]
fn an_unknown_split_is_refused() {
    let lists = ListArray::from_iter_primitive::<Float32Type, _, _>([Some([Some(1.0)]); 2]);
    let mut columns = with_values(Arc::new(lists));
    columns[1].1 = Arc::new(StringArray::from(vec!["train", "validation"]));
    let error = read_gram::<f32>(foreign(columns).path(), 7).unwrap_err().to_string();
    assert!(error.ends_with("`split` is `validation`, not `train` or `test`"), "{error}");
}

#[test]
fn a_gramian_without_rows_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    GramWriter::<f32>::create(folder.path(), 7, Vec::new(), 5).unwrap().finish().unwrap();
    assert_eq!(crate::check_table_file(&file(&folder), &GRAM).unwrap(), 0);
    let empty = Gram { rows: Vec::new(), width: 0, values: Vec::new() };
    assert_eq!(read_gram::<f32>(folder.path(), 7).unwrap(), empty);
}

#[test]
fn a_file_does_not_tell_how_many_rows_came_at_once() {
    // Three pages of the largest size, and some rows of a fourth.
    let width = 100_000;
    let rows = (0..7).map(|sample| GramRow { split: Split::Train, sample, output: 0 }).collect();
    let gram = Gram { rows, width, values: (0..7 * width).map(|i| i as f32).collect() };
    for group_rows in [3, 4, 100] {
        let bytes = |at_once| fs::read(file(&written(&gram, group_rows, at_once))).unwrap();
        let expected = bytes(7);
        for at_once in 1..7 {
            assert!(bytes(at_once) == expected, "{at_once} rows at once, {group_rows} in a group");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_gramian_comes_back_as_it_was_by_pages_and_by_arrow(
        width in prop::sample::select(vec![1_usize, 2, 3, 127, 128, 1000]), rows in 1_u32..300,
        group_rows in 1_usize..200, append_rows in 1_usize..200,
        first in 0_usize..300, second in 0_usize..300,
    ) {
        let key = |sample| GramRow { split: Split::Train, sample, output: sample % 2 };
        let values = (0..rows as usize * width).map(|i| (i as f32).sin()).collect();
        let gram = Gram { rows: (0..rows).map(key).collect(), width, values };
        let ours = written(&gram, group_rows, append_rows);
        let found = plain_values(&ours, &gram);
        prop_assert_eq!(found.as_ref(), Some(&gram.values));
        // Some of the rows, in two ranges.
        let (first, second) = (first.min(second), first.max(second));
        let at = |row: usize| row.min(rows as usize);
        let ranges: [Range<usize>; 2] = [at(first / 2)..at(first), at(second)..rows as usize];
        let wanted: Vec<f32> = ranges
            .iter()
            .flat_map(|rows| &gram.values[rows.start * width..rows.end * width])
            .copied()
            .collect();
        for folder in [ours, written_by_arrow(&gram)] {
            let reader = GramReader::open(folder.path(), 7).unwrap();
            prop_assert_eq!(reader.rows(), gram.rows.as_slice());
            prop_assert_eq!(reader.width(), width);
            prop_assert_eq!(reader.values::<f32>(&ranges).unwrap(), wanted.clone());
            prop_assert_eq!(reader.values_by_arrow::<f32>(&ranges).unwrap(), wanted.clone());
            prop_assert_eq!(read_gram::<f32>(folder.path(), 7).unwrap(), gram.clone());
        }
    }

    #[test]
    fn a_gramian_in_f64_comes_back_bit_by_bit_and_rounded_where_f32_is_asked_for(
        width in prop::sample::select(vec![1_usize, 3, 127, 1000]), rows in 1_u32..200,
        group_rows in 1_usize..200, append_rows in 1_usize..200,
    ) {
        let key = |sample| GramRow { split: Split::Train, sample, output: 0 };
        let values: Vec<f64> = (0..rows as usize * width).map(|i| (i as f64).sin()).collect();
        let gram = Gram { rows: (0..rows).map(key).collect(), width, values };
        let folder = written(&gram, group_rows, append_rows);
        let all = 0..rows as usize;
        let found = plain_values(&folder, &gram);
        prop_assert_eq!(found.as_ref(), Some(&gram.values));
        let reader = GramReader::open(folder.path(), 7).unwrap();
        prop_assert_eq!(reader.precision(), Precision::F64);
        let by_arrow = reader.values_by_arrow::<f64>(std::slice::from_ref(&all));
        prop_assert_eq!(by_arrow.unwrap(), gram.values.clone());
        prop_assert_eq!(read_gram::<f64>(folder.path(), 7).unwrap(), gram.clone());
        let rounded: Vec<f32> = gram.values.iter().map(|&value| value as f32).collect();
        prop_assert_eq!(&read_gram::<f32>(folder.path(), 7).unwrap().values, &rounded);
        prop_assert!(crate::read::decode_table_file(&file(&folder), &GRAM).is_ok());
        // What is stored in f32 is widened.
        let narrow = Gram { rows: gram.rows.clone(), width, values: rounded.clone() };
        let folder = written(&narrow, group_rows, append_rows);
        let wide: Vec<f64> = rounded.iter().map(|&value| f64::from(value)).collect();
        prop_assert_eq!(read_gram::<f64>(folder.path(), 7).unwrap().values, wide);
        prop_assert_eq!(GramReader::open(folder.path(), 7).unwrap().precision(), Precision::F32);
    }
}

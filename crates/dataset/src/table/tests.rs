//! Tables are read, refused, split and standardized.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch,
    StringArray,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use stage::Seed;
use tempfile::TempDir;

use super::*;

fn csv(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    // The name says nothing: the first bytes decide.
    let path = folder.path().join("table.csv");
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    (folder, path)
}

fn source(path: &Path, inputs: &[&str], targets: &[&str], label: Option<&str>) -> TableSource {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    TableSource {
        path: path.to_owned(),
        inputs: owned(inputs),
        targets: owned(targets),
        label: label.map(str::to_owned),
        standardize_inputs: true,
        standardize_targets: true,
        delimiter: ',',
    }
}

/// Pointer, message and hint of everything that is wrong.
fn errors(source: &TableSource) -> Vec<(String, String, Option<String>)> {
    let name = source.path.display().to_string();
    let short = |error: &DatasetError| error.to_string().replace(&name, "FILE");
    let errors = source.read().expect_err("the table is wrong");
    errors.iter().map(|(at, error)| (at.clone(), short(error), error.hint())).collect()
}

#[test]
fn a_csv_file_gives_the_named_columns_in_their_order() {
    let (_folder, path) = csv("\u{feff}a, b ,c,t\n1,2,x,5\n3,4e1,y,-6\n");
    let table = source(&path, &["b", "a"], &["t"], None).read().unwrap();
    assert_eq!(table.rows, 2);
    assert_eq!(table.inputs, [[2.0, 40.0], [1.0, 3.0]]);
    assert_eq!(table.targets, [[5.0, -6.0]]);
    assert_eq!(table.classes, None);
}

#[test]
fn another_delimiter_is_read_where_it_is_named() {
    let (_folder, path) = csv("a;t\n1;2\n3;4\n");
    let semicolons = TableSource { delimiter: ';', ..source(&path, &["a"], &["t"], None) };
    assert_eq!(semicolons.read().unwrap().inputs, [[1.0, 3.0]]);
}

#[test]
fn a_parquet_file_gives_numbers_of_any_type() {
    let (_folder, path) = parquet(vec![
        ("flag", Arc::new(BooleanArray::from(vec![true, false]))),
        ("other", Arc::new(StringArray::from(vec!["p", "q"]))),
        ("count", Arc::new(Int64Array::from(vec![7, 8]))),
        ("real", Arc::new(Float64Array::from(vec![0.5, -0.5]))),
    ]);
    let table = source(&path, &["real", "flag"], &["count"], None).read().unwrap();
    assert_eq!(table.inputs, [[0.5, -0.5], [1.0, 0.0]]);
    assert_eq!(table.targets, [[7.0, 8.0]]);
}

#[test]
fn all_that_is_wrong_with_a_csv_file_is_told_at_once_with_its_line() {
    let (_folder, path) = csv("width,height,depth,t\n1,2,5,1\n\n2,tall,5,2\n3,NaN,5,\n4,4,5,4\n");
    let found = errors(&source(&path, &["widht", "height", "depth", "colour"], &["t"], None));
    let expected = [
        ("/inputs/0", "FILE has no column `widht`", "did you mean `width`?"),
        (
            "/inputs/1",
            "line 4 of column `height` in FILE holds `tall`, which is no finite number (as does one other cell)",
            "remove or fill such rows; text can only be a `label`",
        ),
        (
            "/inputs/2",
            "column `depth` of FILE is 5 in every row; it cannot be standardized",
            "leave the column out",
        ),
        ("/inputs/3", "FILE has no column `colour`", "the columns are width, height, depth, t"),
        (
            "/targets/0",
            "line 5 of column `t` in FILE holds nothing, which is no finite number",
            "remove or fill such rows; text can only be a `label`",
        ),
    ];
    let found: Vec<_> = found
        .iter()
        .map(|(at, m, hint)| (at.as_str(), m.as_str(), hint.as_deref().unwrap()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_line_of_a_bad_cell_is_right_after_blank_lines_and_line_breaks_within_cells() {
    let line = |text: &str| {
        let (_folder, path) = csv(text);
        errors(&source(&path, &["a"], &["t"], None)).remove(0).1
    };
    assert!(line("\u{feff}a,t\n\n\nx,1\n").starts_with("line 4 "));
    assert!(line("a,t\r\n1,1\r\n\r\nx,1").starts_with("line 4 "));
    assert!(line("a,t,note\n1,1,\"two\nlines\"\nx,1,\"\"\n").starts_with("line 4 "));
}

#[test]
fn all_that_is_wrong_with_a_parquet_file_is_told_at_once_with_its_row() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)]); 2]);
    let (_folder, path) = parquet(vec![
        ("gap", Arc::new(Int32Array::from(vec![Some(1), None]))),
        ("nan", Arc::new(Float64Array::from(vec![f64::NAN, 1.0]))),
        ("text", Arc::new(StringArray::from(vec!["a", "b"]))),
        ("list", Arc::new(lists)),
    ]);
    let found = errors(&source(&path, &["gap", "nan", "text"], &["none"], Some("list")));
    let found: Vec<_> =
        found.iter().map(|(at, message, _)| (at.as_str(), message.as_str())).collect();
    assert_eq!(
        found[0],
        ("/inputs/0", "row 2 of column `gap` in FILE holds NULL, which is no finite number")
    );
    assert_eq!(
        found[1],
        ("/inputs/1", "row 1 of column `nan` in FILE holds NaN, which is no finite number")
    );
    assert_eq!(found[2], ("/inputs/2", "column `text` of FILE holds Utf8, not numbers"));
    assert_eq!(found[3], ("/targets/0", "FILE has no column `none`"));
    assert!(found[4].0 == "/label" && found[4].1.ends_with("not text or numbers"), "{found:?}");
}

#[test]
fn what_is_no_table_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = errors(&source(&folder.path().join("none.csv"), &["a"], &["t"], None));
    assert_eq!(missing[0].0, "/path");
    assert!(missing[0].1.starts_with("opening FILE failed"), "{missing:?}");
    assert_eq!(errors(&source(folder.path(), &["a"], &["t"], None))[0].0, "/path");

    let (_folder, path) = csv("a,t\n1,2\n1,2,3\n");
    let ragged = errors(&source(&path, &["a"], &["t"], None));
    assert!(ragged[0].1.contains("FILE is not a readable CSV file"), "{ragged:?}");
    assert!(ragged[0].1.contains("line: 3"), "{ragged:?}");

    let (_folder, path) = csv("PAR1 and then nothing of the kind");
    let damaged = errors(&source(&path, &["a"], &["t"], None));
    assert!(damaged[0].1.contains("not a readable Parquet file"), "{damaged:?}");

    let (_folder, path) = csv("a,a,t\n1,2,3\n");
    let twice = errors(&source(&path, &["a"], &["t"], None));
    assert_eq!(twice[0].1, "FILE has 2 columns `a`; a name must belong to one");
}

#[test]
fn classes_are_numbered_in_rising_order_and_targets_are_one_hot() {
    let (_folder, path) = csv("a,kind,digit\n1,rose,10\n2,aster,9\n3,rose,9\n");
    let flowers = source(&path, &["a"], &[], Some("kind"));
    let table = flowers.read().unwrap();
    let classes = table.classes.as_ref().unwrap();
    assert_eq!(classes.names, ["aster", "rose"]);
    assert_eq!(classes.of_rows, [1, 0, 1]);
    let splits = flowers.split(&table, (3, 0), &mut Seed(0).stream("split")).unwrap();
    assert_eq!(splits.train.output_dim, 2);
    let labels = splits.train.labels.unwrap();
    for (one_hot, label) in splits.train.targets.chunks(2).zip(labels) {
        assert_eq!(one_hot, if label == 0 { [1.0, 0.0] } else { [0.0, 1.0] });
    }

    let digits = source(&path, &["a"], &[], Some("digit")).read().unwrap().classes.unwrap();
    assert_eq!((digits.names, digits.of_rows), (vec!["9".into(), "10".into()], vec![1, 0, 0]));
}

#[test]
fn a_label_must_be_text_or_whole_and_have_two_classes() {
    let (_folder, path) = csv("a,half,gap,one\n1,1,x,z\n2,0.5,,z\n");
    let message = |label| errors(&source(&path, &["a"], &[], Some(label))).remove(0).1;
    assert_eq!(
        message("half"),
        "line 3 of the label column `half` in FILE holds `0.5`, which is no class"
    );
    assert_eq!(
        message("gap"),
        "line 3 of the label column `gap` in FILE holds nothing, which is no class"
    );
    assert_eq!(message("one"), "the label column `one` of FILE holds 1 classes; two are the least");
}

#[test]
fn a_parquet_label_may_be_a_number_or_text_but_not_null() {
    let (_folder, path) = parquet(vec![
        ("a", Arc::new(Int32Array::from(vec![1, 2]))),
        ("digit", Arc::new(Int32Array::from(vec![10, 9]))),
        ("gap", Arc::new(StringArray::from(vec![Some("x"), None]))),
    ]);
    let digits = source(&path, &["a"], &[], Some("digit")).read().unwrap().classes.unwrap();
    assert_eq!(digits.names, ["9", "10"]);
    let gap = errors(&source(&path, &["a"], &[], Some("gap"))).remove(0).1;
    assert_eq!(gap, "row 2 of the label column `gap` in FILE holds nothing, which is no class");
}

#[test]
fn a_source_without_columns_or_with_repeated_ones_is_refused() {
    let problems = |source: TableSource| -> Vec<String> {
        source.problems().into_iter().map(|(at, _)| at).collect()
    };
    let path = Path::new("t.csv");
    assert_eq!(problems(source(path, &["a"], &["t"], None)), [] as [&str; 0]);
    assert_eq!(problems(source(path, &[], &[], None)), ["/inputs", "/targets"]);
    assert_eq!(problems(source(path, &["a"], &["t"], Some("l"))), ["/label"]);
    assert_eq!(problems(source(path, &["a", "a"], &["a"], None)), ["/inputs/1", "/targets/0"]);
    assert_eq!(
        problems(TableSource { delimiter: '→', ..source(path, &["a"], &["t"], None) }),
        ["/delimiter"]
    );
}

fn numbered(rows: usize) -> Table {
    let column = |factor: f64| (0..rows).map(|row| 5.0 + factor * row as f64).collect();
    Table {
        rows,
        inputs: vec![column(1.0), column(-0.1)],
        targets: vec![column(7.0)],
        classes: None,
    }
}

#[test]
fn more_rows_than_there_are_cannot_be_drawn() {
    let source = source(Path::new("t.csv"), &["a", "b"], &["t"], None);
    let mut random = Seed(0).stream("split");
    assert!(source.split(&numbered(10), (6, 4), &mut random).is_ok());
    assert_eq!(
        source.split(&numbered(10), (6, 5), &mut random).unwrap_err().to_string(),
        "t.csv has 10 rows, but train + test is 6 + 5 = 11"
    );
}

#[test]
fn a_column_that_is_constant_on_the_training_rows_alone_is_refused() {
    let source = source(Path::new("t.csv"), &["a", "b"], &["t"], None);
    let message =
        source.split(&numbered(10), (1, 5), &mut Seed(0).stream("split")).unwrap_err().to_string();
    assert!(message.contains("in every training row"), "{message}");
}

proptest! {
    #[test]
    fn training_columns_have_mean_0_and_variance_1_and_test_rows_the_same_scale(
        rows in 4_usize..60, seed: u64,
    ) {
        let source = source(Path::new("t.csv"), &["a", "b"], &["t"], None);
        let table = numbered(rows);
        let train = rows as u32 / 2;
        let splits =
            source.split(&table, (train, rows as u32 - train), &mut Seed(seed).stream("s")).unwrap();
        for axis in 0..2 {
            let column: Vec<f64> =
                splits.train.inputs.iter().skip(axis).step_by(2).copied().collect();
            let mean = column.iter().sum::<f64>() / f64::from(train);
            let variance = column.iter().map(|v| v * v).sum::<f64>() / f64::from(train);
            // Rounding of values of size 60 that are divided by a deviation of 0.05 or more.
            prop_assert!(mean.abs() < 1e-11 && (variance - 1.0).abs() < 1e-11);
        }
        // Undone, each row of either split is a row of the table, and none comes twice.
        let mut seen: Vec<i64> = Vec::new();
        for split in [&splits.train, &splits.test] {
            for (x, y) in split.inputs.chunks(2).zip(&split.targets) {
                let undo = |column: usize, value: f64| {
                    let scale = splits.scales[column].1;
                    value * scale.deviation + scale.mean
                };
                let row = undo(0, x[0]) - 5.0;
                prop_assert!((undo(1, x[1]) - (5.0 - 0.1 * row)).abs() < 1e-9);
                prop_assert!((undo(2, *y) - (5.0 + 7.0 * row)).abs() < 1e-9);
                seen.push(row.round() as i64);
            }
        }
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..i64::try_from(rows).unwrap()).collect::<Vec<_>>());
    }

    #[test]
    fn unstandardized_columns_stay_as_they_are_and_test_rows_do_not_move_training_rows(
        rows in 4_usize..60, seed: u64,
    ) {
        let source = TableSource {
            standardize_inputs: false,
            standardize_targets: false,
            ..source(Path::new("t.csv"), &["a", "b"], &["t"], None)
        };
        let draw = |test| {
            source.split(&numbered(rows), (3, test), &mut Seed(seed).stream("s")).unwrap()
        };
        let splits = draw(1);
        prop_assert!(splits.scales.is_empty());
        for (x, y) in splits.train.inputs.chunks(2).zip(&splits.train.targets) {
            let row = x[0] - 5.0;
            prop_assert_eq!((row.fract(), *y), (0.0, 5.0 + 7.0 * row));
        }
        prop_assert_eq!(splits.train, draw(0).train);
    }
}

//! Tables are read, refused, split and standardized.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, FixedSizeListArray, Float64Array, Int32Array, Int64Array,
    ListArray, RecordBatch, StringArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Float64Type, Int32Type};
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
        split: None,
        standardize_inputs: true,
        standardize_targets: true,
        delimiter: ',',
        decimal: '.',
    }
}

/// As much memory as the tests want.
const MEMORY: u64 = 1 << 30;

fn values(columns: &[Column]) -> Vec<Vec<f64>> {
    columns.iter().map(|column| column.values.clone()).collect()
}

/// Pointer, message and hint of everything that is wrong.
fn errors(source: &TableSource) -> Vec<(String, String, Option<String>)> {
    let name = source.path.display().to_string();
    let short = |error: &DatasetError| error.to_string().replace(&name, "FILE");
    let errors = source.read(MEMORY).expect_err("the table is wrong");
    errors.iter().map(|(at, error)| (at.clone(), short(error), error.hint())).collect()
}

#[test]
fn a_csv_file_gives_the_named_columns_in_their_order() {
    let (_folder, path) = csv("\u{feff}a, b ,c,t\n1,2,x,5\n3,4e1,y,-6\n");
    let table = source(&path, &["b", "a"], &["t"], None).read(MEMORY).unwrap();
    assert_eq!(table.rows(), 2);
    assert_eq!(values(&table.inputs), [[2.0, 40.0], [1.0, 3.0]]);
    assert_eq!(values(&table.targets), [[5.0, -6.0]]);
    assert_eq!(table.classes, None);
}

#[test]
fn another_delimiter_is_read_where_it_is_named() {
    let (_folder, path) = csv("a;t\n1;2\n3;4\n");
    let semicolons = TableSource { delimiter: ';', ..source(&path, &["a"], &["t"], None) };
    assert_eq!(values(&semicolons.read(MEMORY).unwrap().inputs), [[1.0, 3.0]]);
}

#[test]
fn a_parquet_file_gives_numbers_of_any_type() {
    let (_folder, path) = parquet(vec![
        ("flag", Arc::new(BooleanArray::from(vec![true, false]))),
        ("other", Arc::new(StringArray::from(vec!["p", "q"]))),
        ("count", Arc::new(Int64Array::from(vec![7, 8]))),
        ("real", Arc::new(Float64Array::from(vec![0.5, -0.5]))),
    ]);
    let table = source(&path, &["real", "flag"], &["count"], None).read(MEMORY).unwrap();
    assert_eq!(values(&table.inputs), [[0.5, -0.5], [1.0, 0.0]]);
    assert_eq!(values(&table.targets), [[7.0, 8.0]]);
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
    assert_eq!(
        found[2],
        ("/inputs/2", "column `text` of FILE holds text, not numbers or lists of them")
    );
    assert_eq!(found[3], ("/targets/0", "FILE has no column `none`"));
    assert_eq!(
        found[4],
        ("/label", "column `list` of FILE holds lists of numbers, not text or numbers")
    );
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
    assert_eq!(ragged[0].1, "FILE has 3 cells in line 3, but 2 in line 1");

    let (_folder, path) = csv("PAR1\u{15} and then nothing of the kind");
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
    let table = flowers.read(MEMORY).unwrap();
    let classes = table.classes.as_ref().unwrap();
    assert_eq!(classes.names, ["aster", "rose"]);
    assert_eq!(classes.of_rows, [1, 0, 1]);
    let splits = flowers.split(&table, (3, 0), &mut Seed(0).stream("split")).unwrap();
    assert_eq!(splits.train.output_dim, 2);
    let labels = splits.train.labels.unwrap();
    for (one_hot, label) in splits.train.targets.chunks(2).zip(labels) {
        assert_eq!(one_hot, if label == 0 { [1.0, 0.0] } else { [0.0, 1.0] });
    }

    let digits = source(&path, &["a"], &[], Some("digit")).read(MEMORY).unwrap().classes.unwrap();
    assert_eq!((digits.names, digits.of_rows), (vec!["9".into(), "10".into()], vec![1, 0, 0]));
}

#[test]
fn a_label_must_be_text_or_whole_and_have_two_classes() {
    let (_folder, path) = csv("a,half,gap,one\n1,1,x,z\n2,0.5,,z\n");
    let message = |label| errors(&source(&path, &["a"], &[], Some(label))).remove(0).1;
    assert_eq!(
        message("half"),
        "line 3 of the label column `half` in FILE holds `0.5`, which is not a class"
    );
    assert_eq!(
        message("gap"),
        "line 3 of the label column `gap` in FILE holds nothing, which is not a class"
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
    let digits = source(&path, &["a"], &[], Some("digit")).read(MEMORY).unwrap().classes.unwrap();
    assert_eq!(digits.names, ["9", "10"]);
    let gap = errors(&source(&path, &["a"], &[], Some("gap"))).remove(0).1;
    assert_eq!(gap, "row 2 of the label column `gap` in FILE holds nothing, which is not a class");
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
    let odd = |delimiter, decimal| {
        problems(TableSource { delimiter, decimal, ..source(path, &["a"], &["t"], None) })
    };
    assert_eq!(odd('\t', ','), [] as [&str; 0]);
    assert_eq!(odd(',', ','), ["/decimal"]);
    assert_eq!(odd(';', '\''), ["/decimal"]);
    assert_eq!(odd('1', '.'), ["/delimiter"]);
}

#[test]
fn whole_numbers_name_the_same_class_in_either_format() {
    let (_folder, path) = csv("a,kind\n1,1\n2,1.0\n3, 2\n4,2.0\n");
    let classes = source(&path, &["a"], &[], Some("kind")).read(MEMORY).unwrap().classes.unwrap();
    assert_eq!((classes.names, classes.of_rows), (vec!["1".into(), "2".into()], vec![0, 0, 1, 1]));
    let (_folder, path) = parquet(vec![
        ("a", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ("real", Arc::new(Float64Array::from(vec![10.0, 9.0, 10.0]))),
        ("text", Arc::new(StringArray::from(vec!["10", "9.0", " 10.0 "]))),
        ("flag", Arc::new(BooleanArray::from(vec![true, false, true]))),
    ]);
    for (label, names) in
        [("real", ["9", "10"]), ("text", ["9", "10"]), ("flag", ["false", "true"])]
    {
        let classes =
            source(&path, &["a"], &[], Some(label)).read(MEMORY).unwrap().classes.unwrap();
        assert_eq!(
            (classes.names, classes.of_rows),
            (names.map(str::to_owned).into(), vec![1, 0, 1])
        );
    }
}

#[test]
fn truth_values_are_0_and_1_but_not_among_numbers() {
    let (_folder, path) = csv("a,b,t\nTrue,1,1\nFalse,0,2\nTrue,True,3\n");
    assert_eq!(
        values(&source(&path, &["a"], &["t"], None).read(MEMORY).unwrap().inputs),
        [[1.0, 0.0, 1.0]]
    );
    let found = errors(&source(&path, &["b"], &["t"], None)).remove(0).1;
    assert_eq!(found, "line 4 of column `b` in FILE holds `True`, but other cells hold numbers");
}

#[test]
fn decimal_commas_are_read_where_they_are_named_and_refused_with_advice_else() {
    let (_folder, path) = csv("a;t\n1,5;2\n-3,25;4\n");
    let semicolons = TableSource { delimiter: ';', ..source(&path, &["a"], &["t"], None) };
    let (_, message, hint) = errors(&semicolons).remove(0);
    assert!(message.starts_with("line 2 of column `a` in FILE holds `1,5`"), "{message}");
    assert!(hint.unwrap().starts_with("for decimal commas say `decimal: \",\"`"));
    let commas = TableSource { decimal: ',', ..semicolons };
    assert_eq!(values(&commas.read(MEMORY).unwrap().inputs), [[1.5, -3.25]]);
    let (_, _, hint) = errors(&source(&path, &["a"], &["t"], None)).remove(0);
    assert_eq!(
        hint.unwrap(),
        "every line needs as many cells as the first; `delimiter` says what separates them"
    );
    let (_folder, path) = csv("a;t\n1;2\n3;4\n");
    let (_, _, hint) = errors(&source(&path, &["a"], &["t"], None)).remove(0);
    assert_eq!(hint.unwrap(), "`;` seems to separate the cells: `delimiter: \";\"`");
}

#[test]
fn a_pattern_takes_the_columns_that_nothing_else_names_in_the_order_of_the_file() {
    let (_folder, path) = csv("p10,p2,kind,q,p1\n1,2,x,3,4\n5,6,y,7,7\n");
    let names = |inputs: &[&str], targets: &[&str], label| {
        let columns = source(&path, inputs, targets, label).read(MEMORY).unwrap().inputs;
        columns.into_iter().map(|column| column.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&["p*"], &["q"], None), ["p10", "p2", "p1"]);
    assert_eq!(names(&["*"], &[], Some("kind")), ["p10", "p2", "q", "p1"]);
    assert_eq!(names(&["p1", "p*"], &["q"], None), ["p1", "p10", "p2"]);
    let found = errors(&source(&path, &["r*", "*"], &["q"], None));
    let found: Vec<_> =
        found.iter().map(|(at, message, _)| (at.as_str(), message.as_str())).collect();
    assert_eq!(
        found,
        [
            ("/inputs/0", "FILE has no further column of the pattern `r*`"),
            (
                "/inputs/1",
                "line 2 of column `kind` in FILE holds `x`, which is no finite number (as does one other cell)"
            ),
        ]
    );
}

#[test]
fn a_pattern_takes_in_no_index() {
    for (name, shown) in [("", "without a name"), ("Unnamed: 0", "`Unnamed: 0`"), ("ID", "`ID`")] {
        let (_folder, path) = csv(&format!("{name},a,t\n0,1,2\n1,3,4\n"));
        let (at, message, _) = errors(&source(&path, &["*"], &["t"], None)).remove(0);
        let expected = format!(
            "the pattern `*` takes in column 1 of FILE, {shown}, which looks like an index and not like data"
        );
        assert_eq!((at.as_str(), message), ("/inputs/0", expected));
        assert!(source(&path, &["a"], &["t"], None).read(MEMORY).is_ok());
    }
}

#[test]
fn columns_of_a_pattern_that_are_constant_on_the_training_rows_become_0() {
    let (_folder, path) = csv("p0,p1,t\n0,1,1\n0,2,2\n0,3,5\n");
    let source = source(&path, &["p*"], &["t"], None);
    let table = source.read(MEMORY).unwrap();
    let splits = source.split(&table, (3, 0), &mut Seed(0).stream("split")).unwrap();
    assert!(splits.train.inputs.chunks(2).all(|x| x[0] == 0.0 && x[1].is_finite()));
    let scaled: Vec<&str> = splits.scales.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(scaled, ["p1", "t"]);
    let (_folder, path) = csv("p0,p1,t\n0,1,1\n0,1,2\n");
    let found = errors(&TableSource { path, ..source }).remove(0).1;
    assert_eq!(found, "column `p0` of FILE is 0 in every row; it cannot be standardized");
}

fn lists(rows: &[&[f64]]) -> ListArray {
    let rows = rows.iter().map(|row| Some(row.iter().map(|&value| Some(value))));
    ListArray::from_iter_primitive::<Float64Type, _, _>(rows)
}

#[test]
fn columns_of_lists_give_all_their_entries() {
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        [[1, 2, 3], [4, 5, 7], [7, 8, 9]].map(|row| Some(row.map(Some))),
        3,
    );
    let plain = lists(&[&[0.5, 1.5], &[2.5, 4.5], &[6.5, 8.5]]);
    // Pictures of 2 × 2, row by row.
    let items =
        lists(&[&[1.0, 2.0], &[3.0, 4.0], &[5.0, 6.0], &[7.0, 9.0], &[9.0, 9.0], &[1.0, 1.0]]);
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let nested =
        ListArray::new(field, OffsetBuffer::from_lengths([2, 2, 2]), Arc::new(items), None);
    let (_folder, path) = parquet(vec![
        ("fixed", Arc::new(fixed)),
        ("plain", Arc::new(plain)),
        ("nested", Arc::new(nested)),
        ("one", Arc::new(Int32Array::from(vec![1, 2, 5]))),
    ]);
    let table = source(&path, &["plain", "one", "nested"], &["fixed"], None).read(MEMORY).unwrap();
    let names: Vec<&str> = table.inputs.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names,
        ["plain[0]", "plain[1]", "one", "nested[0]", "nested[1]", "nested[2]", "nested[3]"]
    );
    assert_eq!(values(&table.inputs)[1..4], [[1.5, 4.5, 8.5], [1.0, 2.0, 5.0], [1.0, 5.0, 9.0]]);
    assert_eq!(values(&table.targets), [[1.0, 4.0, 7.0], [2.0, 5.0, 8.0], [3.0, 7.0, 9.0]]);
}

#[test]
fn lists_of_other_lengths_and_without_numbers_are_refused_with_their_row() {
    let ragged = lists(&[&[1.0, 2.0], &[3.0, 4.0], &[5.0]]);
    let empty = lists(&[&[], &[], &[]]);
    let hole = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1), Some(2)]),
        Some(vec![Some(3), None]),
        Some(vec![Some(5), Some(6)]),
    ]);
    let none = ListArray::from_iter_primitive::<Int32Type, _, _>([
        Some(vec![Some(1)]),
        None,
        Some(vec![Some(1)]),
    ]);
    // [[1, 2], [3]] is no picture as [[1], [2, 3]] is not.
    let items = lists(&[&[1.0, 2.0], &[3.0], &[1.0], &[2.0, 3.0], &[1.0], &[1.0, 1.0]]);
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let uneven =
        ListArray::new(field, OffsetBuffer::from_lengths([2, 2, 2]), Arc::new(items), None);
    let (_folder, path) = parquet(vec![
        ("ragged", Arc::new(ragged)),
        ("empty", Arc::new(empty)),
        ("hole", Arc::new(hole)),
        ("none", Arc::new(none)),
        ("uneven", Arc::new(uneven)),
        ("t", Arc::new(Int32Array::from(vec![1, 2, 3]))),
    ]);
    let found =
        errors(&source(&path, &["ragged", "empty", "hole", "none", "uneven"], &["t"], None));
    let found: Vec<&str> = found.iter().map(|(_, message, _)| message.as_str()).collect();
    assert_eq!(
        found,
        [
            "row 3 of column `ragged` in FILE holds a list of 1, not a list of 2 as in the rows before",
            "row 1 of column `empty` in FILE holds an empty list, not a list of numbers",
            "row 2 of column `hole[1]` in FILE holds NULL, which is no finite number",
            "row 2 of column `none` in FILE holds NULL, not a list of 1 as in the rows before",
            "row 1 of column `uneven` in FILE holds a list of 1, not a list of 2 as in the rows before",
        ]
    );
}

#[test]
fn a_column_of_splits_says_which_rows_are_drawn() {
    let (_folder, path) =
        csv("a,t,part\n1,2,train\n2,3,test\n3,5,train\n4,7,validation\n5,9,test\n6,1,train\n");
    let source = TableSource {
        split: Some("part".to_owned()),
        standardize_inputs: false,
        ..source(&path, &["a"], &["t"], None)
    };
    let table = source.read(MEMORY).unwrap();
    let splits = source.split(&table, (3, 2), &mut Seed(0).stream("split")).unwrap();
    let sorted = |samples: &Samples| {
        let mut values = samples.inputs.clone();
        values.sort_by(f64::total_cmp);
        values
    };
    assert_eq!(sorted(&splits.train), [1.0, 3.0, 6.0]);
    assert_eq!(sorted(&splits.test), [2.0, 5.0]);
    assert_eq!(
        source
            .enough_rows(&table, 3, 3)
            .unwrap_err()
            .to_string()
            .replace(&path.display().to_string(), "FILE"),
        "FILE has 2 rows whose split is `test`, but `test` is 3"
    );
    let (_folder, path) = csv("a,t,part\n1,2,train\n2,3,Test\n");
    let found = errors(&TableSource { path, ..source }).remove(0);
    assert_eq!(
        (found.0.as_str(), found.1.as_str()),
        (
            "/split",
            "line 3 of column `part` in FILE holds `Test`, not `train`, `test` or `validation`"
        )
    );
}

#[test]
fn numbers_that_f32_cannot_tell_apart_or_hold_are_refused_with_their_line() {
    let lines: Vec<String> =
        (0..50).map(|i| format!("{i},{},{i},{}", 1_700_000_000 + i, 3 * i % 50)).collect();
    let text = format!("a,seconds,b,t\n{}\n1e200,1700000060,1e20,51\n", lines.join("\n"));
    let (_folder, path) = csv(&text);
    let standardized = source(&path, &["a", "seconds", "b"], &["t"], None);
    let found = errors(&standardized);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[0].1,
        "column `a` of FILE has 51 different values, as far as 1e200 in line 52, of which f32 keeps 2 once they are standardized"
    );
    assert!(found[1].1.contains("as far as 1e20 in line 52, of which"), "{found:?}");
    let plain = TableSource { standardize_inputs: false, ..standardized };
    let found = errors(&plain);
    assert_eq!(
        found[0].1,
        "line 52 of column `a` in FILE holds 1e200; numbers beyond 1e15 overflow the f32 in which networks are trained"
    );
    assert_eq!(
        found[1].1,
        "column `seconds` of FILE has 51 different values, as far as 1.70000006e9 in line 52, of which f32 keeps 1"
    );
    assert_eq!(found[2].0, "/inputs/2");

    // Few values, each of which is left: the outlier is scaled without overflow.
    let (_folder, path) = csv("a,t\n1,1\n2,2\n1e200,4\n");
    let source = source(&path, &["a"], &["t"], None);
    let table = source.read(MEMORY).unwrap();
    let splits = source.split(&table, (3, 0), &mut Seed(0).stream("split")).unwrap();
    let mut x = splits.train.inputs;
    x.sort_by(f64::total_cmp);
    for (found, expected) in x.iter().zip([-0.5_f64.sqrt(), -0.5_f64.sqrt(), 2.0_f64.sqrt()]) {
        assert!((found - expected).abs() < 1e-12, "{found}");
    }
}

#[test]
fn a_test_row_that_no_f32_holds_is_refused_with_its_line() {
    let (_folder, path) = csv("a,t,part\n1,2,train\n2,3,train\n1e20,5,test\n");
    let source =
        TableSource { split: Some("part".to_owned()), ..source(&path, &["a"], &["t"], None) };
    let table = source.read(MEMORY).unwrap();
    let error = source.split(&table, (2, 1), &mut Seed(0).stream("split")).unwrap_err();
    let message = error.to_string().replace(&path.display().to_string(), "FILE");
    assert_eq!(
        message,
        "line 4 of column `a` in FILE becomes 2e20; numbers beyond 1e15 overflow the f32 in which networks are trained"
    );
    assert_eq!(error.hint().unwrap(), "remove its row, or train on more rows");
}

#[test]
fn more_than_memory_holds_is_not_read() {
    let lines: Vec<String> = (0..20_000).map(|i| format!("{i},{}", i % 7)).collect();
    let (_folder, path) = csv(&format!("a,t\n{}\n", lines.join("\n")));
    let source = source(&path, &["a"], &["t"], None);
    let errors = source.read(100_000).unwrap_err();
    assert!(errors[0].1.to_string().contains("of memory"), "{errors:?}");
    assert_eq!(source.read(1 << 20).unwrap().bytes(), 320_000);
    let numbers: ArrayRef = Arc::new(Int64Array::from((0..20_000).collect::<Vec<i64>>()));
    let (_folder, path) = parquet(vec![("a", numbers.clone()), ("t", numbers)]);
    let source = TableSource { path, ..source };
    assert!(source.read(100_000).unwrap_err()[0].1.to_string().contains("of memory"));
    assert!(source.read(1 << 22).is_ok());
}

fn numbered(rows: usize) -> Table {
    let column = |name: &str, factor: f64| Column {
        name: name.to_owned(),
        values: (0..rows).map(|row| 5.0 + factor * row as f64).collect(),
        is_of_many: false,
    };
    Table {
        places: Places::numbered(rows),
        inputs: vec![column("a", 1.0), column("b", -0.1)],
        targets: vec![column("t", 7.0)],
        classes: None,
        splits: None,
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

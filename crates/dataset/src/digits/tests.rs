//! Files of digits are read, refused and split.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use stage::Seed;
use tempfile::TempDir;

use super::*;

/// As much memory as the tests want.
const MEMORY: u64 = 1 << 30;

/// Four pictures of 2 × 3 pixels, as IDX.
fn pictures() -> Vec<u8> {
    let header = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 3];
    header.into_iter().chain((0..24).map(|pixel| 10 * pixel)).collect()
}

/// Their labels.
fn labels() -> Vec<u8> {
    vec![0, 0, 8, 1, 0, 0, 0, 4, 7, 3, 9, 3]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with these files, and a source of the first one.
fn files(files: &[(&str, &[u8])]) -> (TempDir, DigitsSource) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let source = DigitsSource {
        path: folder.path().join(files[0].0),
        labels: None,
        label_column: LabelColumn::First,
        header: None,
        delimiter: ',',
        classes: Vec::new(),
        white: None,
    };
    (folder, source)
}

fn mnist(pictures: &[u8], labels: &[u8]) -> (TempDir, DigitsSource) {
    files(&[("train-images-idx3-ubyte", pictures), ("train-labels-idx1-ubyte", labels)])
}

fn csv(text: &str) -> (TempDir, DigitsSource) {
    files(&[("digits.csv", text.as_bytes())])
}

/// Pointer, message and hint, without folders.
fn error((folder, source): &(TempDir, DigitsSource)) -> (String, String, String) {
    let (at, error) = source.read(MEMORY).expect_err("the file is wrong");
    let folder = format!("{}/", folder.path().display());
    (at.to_owned(), error.to_string().replace(&folder, ""), error.hint().unwrap_or_default())
}

fn message(case: &(TempDir, DigitsSource)) -> String {
    let (at, message, _) = error(case);
    format!("{at}: {message}")
}

#[test]
fn an_idx_file_and_its_labels_are_pictures_in_classes() {
    let (folder, source) = mnist(&pictures(), &labels());
    let digits = source.read(MEMORY).unwrap();
    assert_eq!(digits.pixels, 6);
    assert_eq!(digits.values, (0..24_u8).map(|pixel| f32::from(10 * pixel)).collect::<Vec<_>>());
    assert_eq!((digits.classes, digits.class_of), (vec![3, 7, 9], vec![1, 0, 2, 0]));
    assert!((digits.white - 230.0).abs() < f64::EPSILON);
    let labels = folder.path().join("train-labels-idx1-ubyte");
    assert_eq!(digits.files, [source.path, labels], "both files are part of the key");
}

#[test]
fn compressed_files_hold_the_same() {
    let (_folder, plain) = mnist(&pictures(), &labels());
    let plain = plain.read(MEMORY).unwrap();
    let (_compressed, source) = files(&[
        ("images-idx3.gz", gzip(&pictures()).as_slice()),
        ("labels-idx1.gz", gzip(&labels()).as_slice()),
    ]);
    let compressed = source.read(MEMORY).unwrap();
    assert_eq!((compressed.values, compressed.class_of), (plain.values, plain.class_of));
    let (_csv, table) = files(&[("t.csv.gz", gzip(b"4,1,2\n5,3,4\n").as_slice())]);
    assert_eq!(table.read(MEMORY).unwrap().classes, [4, 5]);
}

#[test]
fn csv_lines_hold_a_label_first_last_or_under_a_name_with_a_header_or_without() {
    let text = "1,0,5\n0,2.5,3\n";
    let expected = (vec![0.0, 5.0, 2.5, 3.0], vec![1, 0]);
    let read = |text: &str, label_column: LabelColumn| {
        let (_folder, source) = csv(text);
        let digits = DigitsSource { label_column, ..source }.read(MEMORY).unwrap();
        (digits.values, digits.class_of)
    };
    let named = |name: &str| LabelColumn::Named(name.to_owned());
    assert_eq!(read(text, LabelColumn::First), expected);
    assert_eq!(read(&format!("label,0,1\n{text}"), LabelColumn::First), expected);
    assert_eq!(read("0, 5, 1.0\n2.5, 3, 0\n", LabelColumn::Last), expected);
    assert_eq!(read("p,q,digit\n0,5,1\n\n2.5,3,0", LabelColumn::Last), expected);
    assert_eq!(read("p,digit,q\n0,1,5\n2.5,0,3\n", named("digit")), expected);
}

#[test]
fn an_index_is_neither_pixel_nor_label() {
    let of = |text: &str| message(&csv(text));
    let rows = "\n0,7,200,10\n1,3,255,0\n2,7,9,9\n";
    for (header, name) in [
        (",label,p0,p1", "nothing"),
        ("Unnamed: 0,label,p0,p1", "`Unnamed: 0`"),
        ("index,label,p0,p1", "`index`"),
        (",0,1,2", "nothing"),
    ] {
        assert_eq!(
            of(&format!("{header}{rows}")),
            format!(
                "/path: digits.csv has the column {name} in line 1, column 1: an index is neither pixel nor label"
            )
        );
    }
    let counting: Vec<String> = (0..20).map(|i| format!("{i},{},{}", 7 * i % 9, i % 2)).collect();
    assert_eq!(
        of(&counting.join("\n")),
        "/path: digits.csv counts its lines in column 1: an index is neither pixel nor label"
    );
    let (folder, source) = csv(&counting.join("\n"));
    let last = DigitsSource { label_column: LabelColumn::Last, ..source };
    assert!(message(&(folder, last.clone())).contains("counts its lines in column 1"));
    let (_folder, source) = csv(&counting.join("\n"));
    let white = DigitsSource { white: Some(255.0), path: source.path, ..last };
    assert!(white.read(MEMORY).is_ok(), "its pixels are no white");
}

#[test]
fn a_header_of_numbers_is_a_header() {
    let read = |text: &str, change: &dyn Fn(DigitsSource) -> DigitsSource| {
        let (_folder, source) = csv(text);
        let digits = change(source).read(MEMORY).unwrap();
        (digits.values, digits.class_of)
    };
    let rows = "7,200,10,5\n3,255,0,9\n";
    let same = |source| source;
    let plain = read(rows, &same);
    assert_eq!(plain.1, [1, 0]);
    for header in ["0,1,2,3\n", "1,2,3,4\n", "label,0,1,2\n"] {
        assert_eq!(read(&format!("{header}{rows}"), &same), plain, "{header}");
    }
    let with = |header: bool| move |source| DigitsSource { header: Some(header), ..source };
    assert_eq!(read(&format!("9,3,5,5\n{rows}"), &with(true)), plain);
    assert_eq!(read(&format!("0,1,2,3\n{rows}"), &with(false)).1, [0, 2, 1]);
    let named =
        |source| DigitsSource { label_column: LabelColumn::Named("0".to_owned()), ..source };
    assert_eq!(read(&format!("0,1,2,3\n{rows}"), &named), plain);
    // A first picture with a damaged label is none.
    assert_eq!(
        message(&csv("x,0,0,12\n7,200,10,5\n")),
        "/path: digits.csv holds the label `x` in line 1; a label is a whole number of 0 or more"
    );
}

#[test]
fn a_header_that_names_the_label_elsewhere_is_not_passed_over() {
    let text = "pixel1,pixel2,pixel3,pixel4,class\n0,1,2,3,7\n1,2,3,4,3\n";
    let (at, message, hint) = error(&csv(text));
    assert_eq!(
        (at.as_str(), message.as_str(), hint.as_str()),
        (
            "/label_column",
            "digits.csv has a column `class`, but the column `pixel1` would be taken as the label",
            "say `label_column: { named: class }`"
        )
    );
    let text = "label,pixel1,pixel2,pixel3,pixel4,weight\n7,0,1,2,3,900\n3,1,2,3,4,800\n";
    assert_eq!(
        self::message(&csv(text)),
        "/path: digits.csv has the column `weight` in line 1, column 6, whose name is unlike those of the pixels"
    );
}

#[test]
fn labels_are_whole_numbers_however_they_are_written() {
    let (_folder, source) = csv("1,5,5\n1.0,4,4\n02,3,3\n2e0,2,2\n");
    let digits = source.read(MEMORY).unwrap();
    assert_eq!((digits.classes, digits.class_of), (vec![1, 2], vec![0, 0, 1, 1]));
}

#[test]
fn another_delimiter_is_read_where_it_is_named() {
    let (_folder, source) = csv("1;5;6\n0;4;4\n");
    let digits = DigitsSource { delimiter: ';', ..source }.read(MEMORY).unwrap();
    assert_eq!((digits.values, digits.class_of), (vec![5.0, 6.0, 4.0, 4.0], vec![1, 0]));
}

#[test]
fn classes_that_are_not_asked_for_are_left_out() {
    let (_folder, source) = mnist(&pictures(), &labels());
    let digits = DigitsSource { classes: vec![7, 3], ..source }.read(MEMORY).unwrap();
    assert_eq!((digits.classes, digits.class_of), (vec![3, 7], vec![1, 0, 0]));
    let picture = |first: u8| (first..first + 6).map(|pixel| f32::from(10 * pixel));
    assert_eq!(digits.values, [0, 6, 18].into_iter().flat_map(picture).collect::<Vec<_>>());
}

#[test]
fn pixels_are_scaled_by_white_into_the_range_of_the_inputs() {
    let (_folder, source) = csv("0,0,4\n1,8,2\n");
    let inputs = |white: Option<f64>, range: InputRange| {
        let source = DigitsSource { white, ..source.clone() };
        let digits = source.read(MEMORY).unwrap();
        let (train, _) =
            source.split(&digits, (2, 0), range, &mut Seed(0).stream("split")).unwrap();
        let mut inputs: Vec<f64> = train.inputs;
        inputs.sort_by(f64::total_cmp);
        inputs
    };
    assert_eq!(inputs(None, InputRange::Unit), [0.0, 0.25, 0.5, 1.0]);
    assert_eq!(inputs(Some(16.0), InputRange::Unit), [0.0, 0.125, 0.25, 0.5]);
    assert_eq!(inputs(None, InputRange::Centred), [-1.0, -0.5, 0.0, 1.0]);
}

#[test]
fn a_missing_file_says_how_to_name_one() {
    let (folder, source) = csv("0,1\n");
    let source = DigitsSource { path: folder.path().join("none"), ..source };
    let (at, message, hint) = error(&(folder, source));
    assert_eq!(at, "/path");
    assert!(message.starts_with("none is to hold the digits, but cannot be read: No such file"));
    assert!(hint.starts_with("name your file by `--set dataset.with.source.digits.path=FILE`"));

    let case = files(&[("images-idx3", pictures().as_slice())]);
    let (at, message, hint) = error(&case);
    assert_eq!(at, "/labels");
    assert!(message.starts_with("labels-idx1 is to hold the labels of the digits, but cannot"));
    assert!(hint.contains("digits.labels=FILE"));
    let case = files(&[("digits", pictures().as_slice())]);
    assert!(message_of_both(&case).contains("name the IDX file of the labels"));
}

fn message_of_both(case: &(TempDir, DigitsSource)) -> String {
    let (at, message, hint) = error(case);
    format!("{at}: {message}; {hint}")
}

#[test]
fn what_is_wrong_with_an_idx_file_is_told_with_its_offset() {
    let with = |pictures: &[u8]| message(&mnist(pictures, &labels()));
    let sound = pictures();
    assert_eq!(
        with(&sound[..39]),
        "/path: train-images-idx3-ubyte has 23 elements after its header of 16 bytes, but the header says 4 × 2 × 3"
    );
    assert_eq!(
        with(&sound[..9]),
        "/path: train-images-idx3-ubyte ends at offset 9 within its header, which has 16 bytes"
    );
    assert_eq!(
        with(&sound[..3]),
        "/path: train-images-idx3-ubyte ends at offset 3 within its header, which has 4 bytes"
    );
    let mut floats = sound.clone();
    floats[2] = 0x0d;
    assert!(with(&floats).contains("by the byte 0x0d at offset 2"));
    // Sizes whose product is beyond every number.
    assert!(with(&[[0, 0, 8, 4].as_slice(), &[255; 16]].concat()).contains("has 0 elements"));
    let swapped = message_of_both(&mnist(&labels(), &sound));
    assert!(swapped.contains("holds 4 numbers, not pictures"), "{swapped}");
    assert!(swapped.contains("this looks like the file of labels"), "{swapped}");
    let both_pictures = message(&mnist(&sound, &sound));
    assert_eq!(
        both_pictures,
        "/labels: train-labels-idx1-ubyte holds 4 × 2 × 3 numbers, not labels, which are one for a picture"
    );
    let fewer = [0, 0, 8, 1, 0, 0, 0, 2, 7, 3];
    assert_eq!(
        message(&mnist(&sound, &fewer)).replace("train-images", "I"),
        "/labels: train-labels-idx1-ubyte holds 2 labels, but I-idx3-ubyte holds 4 pictures"
    );
    assert!(message(&mnist(&sound, b"7\n3\n")).contains("the labels of an IDX file are one too"));
    let cut = gzip(&sound);
    assert!(with(&cut[..cut.len() - 9]).contains("cannot be decompressed"));
}

#[test]
fn what_is_wrong_with_a_csv_file_is_told_with_its_line() {
    let of = |text: &str| message(&csv(text));
    assert_eq!(
        of("0,1,2\n\n1,x,2\n"),
        "/path: digits.csv holds `x` in line 3, column 2; a pixel is a number of 0 or more"
    );
    assert!(of("0,1,2\n1,-1,2\n").contains("`-1` in line 2"));
    assert!(of("0,1,2\n1,NaN,2\n").contains("`NaN` in line 2"));
    assert_eq!(
        of("0,1,2\n1.5,1,2\n"),
        "/path: digits.csv holds the label `1.5` in line 2; a label is a whole number of 0 or more"
    );
    assert!(of("0,1,2\n-1,1,2\n").contains("the label `-1` in line 2"));
    assert_eq!(of("0,1,2\r\n1,2\r\n"), "/path: digits.csv has 2 cells in line 2, but 3 in line 1");
    assert!(of("0;1;2\n").contains("a single cell in line 1"));
    assert_eq!(of(""), "/path: digits.csv holds no picture");
    assert_eq!(of("label,a\n"), "/path: digits.csv holds no picture");
    assert_eq!(of("0,0\n1,0\n"), "/path: digits.csv holds no pixel above 0");
    assert!(of("4,1\n4,2\n").contains("pictures of the class 4 alone"));
    let png = files(&[("digits.png", [0x89, b'P', b'N', b'G'].as_slice())]);
    assert_eq!(message(&png), "/path: digits.png is a picture");
    let parquet = files(&[("digits.parquet", b"PAR1\x15 .. PAR1".as_slice())]);
    assert!(message_of_both(&parquet).contains("name it as a table"));
    assert!(of("0,1,2\n1,1e9,2\n").contains("the pixel `1e9` in line 2, column 2, beside which"));
}

#[test]
fn what_is_asked_of_a_file_must_be_there() {
    let with = |change: &dyn Fn(DigitsSource) -> DigitsSource| {
        let (folder, source) = csv("0,1,2\n1,3,4\n");
        message(&(folder, change(source)))
    };
    let named = || LabelColumn::Named("label".to_owned());
    assert_eq!(
        with(&|source| DigitsSource { label_column: named(), ..source }),
        "/label_column: digits.csv begins with numbers, so that no column can be named `label`"
    );
    assert_eq!(
        with(&|source| DigitsSource { classes: vec![1, 5], ..source }),
        "/classes: digits.csv has no picture of class 5; its classes are 0, 1"
    );
    assert_eq!(
        with(&|source| DigitsSource { white: Some(3.0), ..source }),
        "/white: digits.csv holds a pixel of 4, which is above white, 3"
    );
    assert_eq!(
        with(&|source| DigitsSource { labels: Some("labels".into()), ..source }),
        "/labels: digits.csv is a CSV file, which holds its labels itself"
    );
    let (folder, source) = csv("digit,p\n0,1\n1,2\n");
    let misspelt = DigitsSource { label_column: LabelColumn::Named("digits".to_owned()), ..source };
    let (at, _, hint) = error(&(folder, misspelt));
    assert_eq!((at.as_str(), hint.as_str()), ("/label_column", "did you mean `digit`?"));
}

#[test]
fn more_pictures_than_there_are_cannot_be_drawn() {
    let (folder, source) = mnist(&pictures(), &labels());
    let few = DigitsSource { classes: vec![3, 9], ..source };
    let digits = few.read(MEMORY).unwrap();
    assert!(few.enough(&digits, 2, 1).is_ok());
    let error = few.enough(&digits, 2, 2).unwrap_err().to_string();
    let folder = format!("{}/", folder.path().display());
    assert_eq!(
        error.replace(&folder, ""),
        "train-images-idx3-ubyte has 3 pictures of these classes, but train + test is 2 + 2 = 4"
    );
}

proptest! {
    #[test]
    fn every_picture_is_drawn_once_with_its_own_class(
        counts in (1_u32..12, 0_u32..12), seed: u64,
    ) {
        let pictures = counts.0 + counts.1;
        let lines: Vec<String> =
            (0..pictures.max(2)).map(|i| format!("{},{i},1000", i % 2)).collect();
        let (_folder, source) = csv(&lines.join("\n"));
        let source = DigitsSource { white: Some(1000.0), ..source };
        let digits = source.read(MEMORY).unwrap();
        let mut random = Seed(seed).stream("split");
        let (train, test) = source.split(&digits, counts, InputRange::Unit, &mut random).unwrap();
        let mut seen = Vec::new();
        for samples in [&train, &test] {
            let rows = samples.inputs.chunks(2).zip(samples.targets.chunks(2));
            for ((x, y), label) in rows.zip(samples.labels.as_ref().unwrap()) {
                let picture = (x[0] * 1000.0).round() as u32;
                prop_assert_eq!(*label, picture % 2);
                prop_assert_eq!(y, if *label == 0 { [1.0, 0.0] } else { [0.0, 1.0] });
                seen.push(picture);
            }
        }
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(seen.len(), pictures as usize);
        prop_assert_eq!((train.targets.len(), test.targets.len()),
            (2 * counts.0 as usize, 2 * counts.1 as usize));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), idx: bool) {
        let bytes = if idx { [[0, 0, 8].as_slice(), &bytes].concat() } else { bytes };
        let (_folder, source) = mnist(&bytes, &labels());
        if let Ok(digits) = source.read(MEMORY) {
            prop_assert_eq!(digits.values.len(), digits.class_of.len() * digits.pixels);
        }
    }
}

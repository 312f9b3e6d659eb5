//! Every format from files made up here, and what is wrong with them.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use parquet::arrow::ArrowWriter;
use stage::Seed;
use tempfile::TempDir;

use super::*;

const MEMORY: u64 = 1 << 30;

fn source(path: &Path) -> ImagesSource {
    ImagesSource {
        path: path.to_owned(),
        test_path: None,
        labels: None,
        test_labels: None,
        label: None,
        classes: Vec::new(),
        colour: Colour::AsStored,
    }
}

fn read(source: &ImagesSource) -> Result<Images, String> {
    source.read(MEMORY).map_err(|(at, error)| format!("{at} {error}"))
}

/// What is wrong, without the folder.
fn wrong(source: &ImagesSource, folder: &TempDir) -> String {
    let error = read(source).expect_err("it is refused");
    error
        .replace(&format!("{}/", folder.path().display()), "")
        .replace(&folder.path().display().to_string(), "FOLDER")
}

fn grey(level: u8, side: u32) -> Vec<u8> {
    png(&DynamicImage::ImageLuma8(GrayImage::from_fn(side, side, |x, y| {
        image::Luma([level + (x + y) as u8])
    })))
}

fn colour(level: u8, side: u32) -> Vec<u8> {
    png(&DynamicImage::ImageRgb8(RgbImage::from_fn(side, side, |x, y| {
        image::Rgb([level, x as u8, y as u8])
    })))
}

fn png(image: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn idx(dimensions: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    bytes.extend(dimensions.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(elements);
    bytes
}

fn write_idx(folder: &Path, name: &str, labels: &[u8]) -> PathBuf {
    let pixels: Vec<u8> = (0..labels.len() * 6).map(|i| i as u8).collect();
    let path = folder.join(format!("{name}-images-idx3-ubyte"));
    fs::write(&path, idx(&[labels.len() as u32, 2, 3], &pixels)).unwrap();
    let beside = folder.join(format!("{name}-labels-idx1-ubyte"));
    fs::write(beside, idx(&[labels.len() as u32], labels)).unwrap();
    path
}

fn write_parquet(path: &Path, images: &[Option<Vec<u8>>], labels: &[Option<i64>]) {
    let bytes: ArrayRef =
        Arc::new(BinaryArray::from(images.iter().map(Option::as_deref).collect::<Vec<_>>()));
    let names: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; images.len()]));
    let structs = StructArray::from(vec![
        (Arc::new(Field::new("bytes", DataType::Binary, true)), bytes),
        (Arc::new(Field::new("path", DataType::Utf8, true)), names),
    ]);
    let labels: ArrayRef = Arc::new(Int64Array::from(labels.to_vec()));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("image", Arc::new(structs) as ArrayRef, true),
        ("label", labels, true),
    ])
    .unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn a_folder_as_mnist_has_it_gives_both_splits_and_one_file_only_one() {
    let folder = TempDir::new().unwrap();
    let train = write_idx(folder.path(), "train", &[3, 7, 7, 3]);
    write_idx(folder.path(), "t10k", &[7, 3]);
    let images = read(&source(folder.path())).unwrap();
    assert_eq!((images.train.shape, images.classes.as_slice()), ([2, 3, 1], &[3, 7][..]));
    assert_eq!(images.test.as_ref().map(|test| test.labels.clone()), Some(vec![7, 3]));
    let only = read(&source(&train)).unwrap();
    assert!(only.test.is_none() && only.train == images.train);

    let (first, _) = only.split((2, 1), InputRange::Unit, &mut Seed(1).stream("a"));
    let (same, test) = only.split((2, 2), InputRange::Unit, &mut Seed(1).stream("a"));
    assert_eq!(first, same);
    assert_eq!((test.shape, test.targets.len()), (Some([2, 3, 1]), 4));
    let at = |wanted| only.enough(wanted).map_err(|(at, error)| format!("{at} {error}"));
    assert!(at((2, 2)).is_ok());
    assert!(at((2, 3)).unwrap_err().starts_with("/test "));
    assert!(at((5, 0)).unwrap_err().contains("4 images are there, but 5 are wanted to train on"));
}

#[test]
fn planes_of_cifar_become_channels() {
    let folder = TempDir::new().unwrap();
    let row = |label: u8| {
        let mut row = vec![label];
        row.extend((0..3072).map(|i| (i / 1024 * 50 + i % 7) as u8));
        row
    };
    fs::write(folder.path().join("data_batch_1.bin"), [row(1), row(0)].concat()).unwrap();
    fs::write(folder.path().join("test_batch.bin"), row(1)).unwrap();
    let images = read(&source(folder.path())).unwrap();
    assert_eq!(images.train.shape, [32, 32, 3]);
    assert_eq!(
        images.train.values[..6],
        [0, 1024 % 7 + 50, 2048 % 7 + 100, 1, 1025 % 7 + 50, 2049 % 7 + 100].map(|v: i32| v as u8)
    );
    assert_eq!(images.test.unwrap().labels, [1]);
    let mut coarse = source(folder.path());
    coarse.label = Some("coarse".to_owned());
    assert!(wrong(&coarse, &folder).contains("of CIFAR-10 there is one kind"));
    fs::write(folder.path().join("data_batch_1.bin"), &row(1)[1..]).unwrap();
    assert!(wrong(&source(folder.path()), &folder).starts_with(
        "/path data_batch_1.bin: it has 3072 bytes, which is no multiple of the 3073"
    ));
}

#[test]
fn shards_of_hugging_face_are_decoded_and_what_is_damaged_is_told_by_its_row() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("train-00000.parquet");
    let write = |images: &[Vec<u8>], labels: &[Option<i64>]| {
        write_parquet(&path, &images.iter().cloned().map(Some).collect::<Vec<_>>(), labels);
    };
    write(&[grey(9, 4), colour(7, 4)], &[Some(0), Some(2)]);
    let images = read(&source(folder.path())).unwrap();
    assert_eq!((images.train.shape, images.train.values[..3].to_vec()), ([4, 4, 3], vec![9; 3]));
    let mut as_grey = source(&path);
    as_grey.colour = Colour::Grey;
    assert_eq!(read(&as_grey).unwrap().train.shape, [4, 4, 1]);

    let mut cut = grey(9, 4);
    cut.truncate(40);
    write(&[grey(1, 4), cut], &[Some(0), Some(1)]);
    let message = wrong(&source(&path), &folder);
    assert!(
        message.starts_with(
            "/path train-00000.parquet: the image of row 1 of train-00000.parquet cannot be read: "
        ),
        "{message}"
    );
    write(&[grey(1, 4), grey(1, 5)], &[Some(0), Some(1)]);
    let message = wrong(&source(&path), &folder);
    assert!(
        message.contains(
            "its images have several sizes: 4 × 4 in row 0 of train-00000.parquet, 5 × 5 in row 1"
        ),
        "{message}"
    );
    write(&[grey(1, 4), grey(1, 4)], &[Some(0), None]);
    assert!(wrong(&source(&path), &folder).ends_with("row 1 has no label"));
    write(&[grey(1, 4), grey(1, 4)], &[Some(-1), Some(0)]);
    assert!(
        wrong(&source(&path), &folder).ends_with("the label of row 0 is -1; labels are 0 or above")
    );
    write_parquet(&path, &[Some(grey(1, 4)), None], &[Some(0), Some(1)]);
    assert!(wrong(&source(&path), &folder).ends_with("row 1 has no image"));
    write(&[grey(1, 4), grey(1, 4)], &[Some(0), Some(1)]);
    let mut other = source(&path);
    other.label = Some("class".to_owned());
    assert!(wrong(&other, &folder).contains("it has no column `class`"));
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(7) {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read(&source(&path)).is_err(), "cut off after {length} bytes");
    }
}

#[test]
fn a_folder_per_class_has_the_classes_in_the_order_of_their_names() {
    let folder = TempDir::new().unwrap();
    let file = |split: &str, class: &str, name: &str, bytes: Vec<u8>| {
        let folder = folder.path().join(split).join(class);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    };
    file("train", "owl", "a.png", grey(1, 3));
    file("train", "cat", "b.PNG", grey(2, 3));
    file("test", "cat", "c.png", grey(3, 3));
    file("test", "owl", "d.png", grey(4, 3));
    let images = read(&source(folder.path())).unwrap();
    assert_eq!(images.names, ["cat", "owl"]);
    assert_eq!((images.train.labels, images.test.unwrap().values[0]), (vec![0, 1], 3));
    fs::remove_file(folder.path().join("train/owl/a.png")).unwrap();
    let message = wrong(&source(folder.path()), &folder);
    assert!(message.starts_with("/path train/owl: this class has no images"), "{message}");
    let empty = TempDir::new().unwrap();
    assert!(
        wrong(&source(empty.path()), &empty)
            .starts_with("/path FOLDER: it has no images as this source knows them")
    );
}

#[test]
fn arrays_of_numpy_are_bytes_or_parts_of_1() {
    let folder = TempDir::new().unwrap();
    let (path, labels) = (folder.path().join("x.npy"), folder.path().join("y.npy"));
    let mut with = source(&path);
    with.labels = Some(labels.clone());
    fs::write(&labels, npy("<i8", "(2,)", &[1_i64, 0].map(i64::to_le_bytes).concat())).unwrap();
    fs::write(&path, npy("|u1", "(2, 1, 2)", &[0, 10, 20, 255])).unwrap();
    let bytes = read(&with).unwrap();
    assert_eq!((bytes.train.shape, bytes.train.labels), ([1, 2, 1], vec![1, 0]));
    let floats = [0.0_f32, 10.0 / 255.0, 20.0 / 255.0, 1.0].map(f32::to_le_bytes).concat();
    fs::write(&path, npy("<f4", "(2, 1, 2)", &floats)).unwrap();
    assert_eq!(read(&with).unwrap().train.values, bytes.train.values);
    fs::write(&path, npy("<f4", "(2, 1, 2)", &[1.5_f32; 4].map(f32::to_le_bytes).concat()))
        .unwrap();
    assert!(wrong(&with, &folder).contains("it has the level 1.5"));
    fs::write(&path, npy("<c8", "(2, 1, 2)", &[0; 32])).unwrap();
    assert!(wrong(&with, &folder).contains("its entries are of type `<c8`"));
    fs::write(&path, npy("|u1", "(3, 1, 2)", &[0; 6])).unwrap();
    assert!(wrong(&with, &folder).contains("it has 3 images, but 2 labels"));
    fs::write(&path, npy("|u1", "(2, 2)", &[0; 4])).unwrap();
    assert!(wrong(&with, &folder).contains("images are n × h × w"));
    let whole = npy("|u1", "(2, 1, 2)", &[0, 10, 20, 255]);
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(read(&with).is_err(), "cut off after {length} bytes");
    }
}

#[test]
fn what_is_asked_for_and_is_not_there_is_told() {
    let folder = TempDir::new().unwrap();
    let path = write_idx(folder.path(), "train", &[3, 7, 7, 3, 9]);
    let mut some = source(&path);
    some.classes = vec![9, 3];
    assert_eq!(read(&some).unwrap().train.labels, [3, 3, 9]);
    some.classes = vec![4, 3];
    assert!(wrong(&some, &folder).ends_with("no image has the label 4; there are 3, 7, 9"));
    some.classes = vec![3];
    assert!(wrong(&some, &folder).contains("3 is the only class"));
    fs::remove_file(folder.path().join("train-labels-idx1-ubyte")).unwrap();
    assert!(wrong(&source(&path), &folder).contains("train-labels-idx1-ubyte"));
    let text = folder.path().join("x.txt");
    fs::write(&text, "hello, world").unwrap();
    assert!(
        wrong(&source(&text), &folder).contains("it is no file of images that this source knows")
    );
    let mut small = source(&write_idx(folder.path(), "train", &[1, 2]));
    small.test_path = Some(folder.path().join("none"));
    assert!(wrong(&small, &folder).starts_with("/test_path opening none failed"));
    assert!(small.read(3).is_err());
}

#[test]
fn the_real_fashion_mnist_has_70000_images() {
    let folder = Path::new("/usr/share/datasets/fashion-mnist");
    if !folder.is_dir() {
        eprintln!("skipped: Debian's package dataset-fashion-mnist is not installed");
        return;
    }
    let images = read(&source(folder)).unwrap();
    assert_eq!(images.train.shape, [28, 28, 1]);
    assert_eq!(images.train.labels.len() + images.test.unwrap().labels.len(), 70_000);
    assert_eq!(images.classes, (0..10).collect::<Vec<u32>>());
}

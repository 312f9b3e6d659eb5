//! Parquet files that are damaged, or are none: each is an error, never a panic, a hang or a
//! reader that takes all memory.
//!
//! The count of cases is raised by `PROPTEST_CASES`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use artifact::tables::Split;
use artifact::tables::dataset::{SAMPLES, Sample};
use artifact::tables::kernel::GRAM;
use artifact::tables::training::HistoryRow;
use artifact::{Gram, GramReader, GramRow, Kind, Manifest, Row, table_file};
use proptest::prelude::*;

/// Memory that this whole test may take; what asks for more ends it.
const MEMORY_BYTES: u64 = 3 << 30;
/// Time that no file may take, on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

fn limit_memory() {
    static LIMIT: Once = Once::new();
    LIMIT.call_once(|| {
        let limit = libc::rlimit { rlim_cur: MEMORY_BYTES, rlim_max: MEMORY_BYTES };
        // SAFETY: the pointer is to our own variable, of the type that the call reads.
        let set = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        assert_eq!(set, 0, "the limit is set");
    });
}

/// A table of each layout, as bytes.
fn right_files() -> [Vec<u8>; 3] {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sample = |sample| Sample {
        split: Split::Train,
        sample,
        x: vec![0.5, sample as f32],
        y: vec![1.0],
        label: (sample % 2 == 0).then_some(sample),
        clean_label: None,
        origin: None,
    };
    artifact::write_rows(folder.path(), &(0..20).map(sample).collect::<Vec<_>>()).expect("valid");
    let row = |step| HistoryRow {
        step,
        learning_rate: 0.1,
        train_loss: 1.0 / (step as f64 + 1.0),
        test_loss: None,
        train_accuracy: None,
        test_accuracy: None,
        gradient_norm: Some(1.0),
        update_norm: None,
        sharpness: None,
    };
    artifact::write_rows(folder.path(), &(0..20).map(row).collect::<Vec<_>>()).expect("valid");
    let rows = (0..20).map(|sample| GramRow { split: Split::Train, sample, output: 0 }).collect();
    let values = (0..400_u16).map(f32::from).collect();
    artifact::write_gram(folder.path(), 0, &Gram { rows, width: 20, values }).expect("valid");
    files(folder.path()).map(|path| fs::read(path).expect("written"))
}

/// Where the three tables lie.
fn files(folder: &Path) -> [PathBuf; 3] {
    [
        table_file(folder, &SAMPLES, None),
        table_file(folder, HistoryRow::TABLE, None),
        table_file(folder, &GRAM, Some(0)),
    ]
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("it has one")).expect("it is ours");
    fs::write(path, bytes).expect("it is ours");
}

/// Reads all three tables from `bytes` in every way that there is.
fn read(bytes: &[u8]) {
    limit_memory();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for path in files(folder.path()) {
        write(&path, bytes);
    }
    let started = Instant::now();
    let _ = artifact::read_rows::<Sample>(folder.path());
    let _ = artifact::read_rows::<HistoryRow>(folder.path());
    let _ = artifact::read_gram::<f32>(folder.path(), 0);
    if let Ok(reader) = GramReader::open(folder.path(), 0) {
        let rows = reader.rows().len();
        let _ = reader.values::<f32>(&[0..rows / 3, rows / 2..rows]);
    }
    let _ = artifact::check_table_file(&files(folder.path())[0], &SAMPLES);
    let _ = Manifest::record_tables(folder.path(), Kind::DATASET);
    assert!(started.elapsed() < LONGEST);
}

#[test]
fn right_files_are_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, bytes) in files(folder.path()).iter().zip(right_files()) {
        write(path, &bytes);
    }
    assert_eq!(artifact::read_rows::<Sample>(folder.path()).expect("readable").len(), 20);
    assert_eq!(artifact::read_rows::<HistoryRow>(folder.path()).expect("readable").len(), 20);
    assert_eq!(artifact::read_gram::<f32>(folder.path(), 0).expect("readable").width, 20);
}

/// `bytes` with some of those from `begin` to `end` changed.
fn changed(mut bytes: Vec<u8>, begin: usize, end: usize, changes: &[(usize, u8)]) -> Vec<u8> {
    for (place, byte) in changes {
        bytes[begin + place % (end - begin)] = *byte;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_table_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..400), is_framed in any::<bool>(), length in any::<u32>()
    ) {
        let mut bytes = bytes;
        if is_framed {
            // A footer of any length, as the last eight bytes of a Parquet file tell it.
            bytes.splice(0..0, *b"PAR1");
            let length = length % (2 * bytes.len() as u32);
            bytes.extend(length.to_le_bytes());
            bytes.extend(*b"PAR1");
        }
        read(&bytes);
    }

    #[test]
    fn a_table_with_bytes_changed_is_one_or_an_error(
        file in 0..3_usize, changes in prop::collection::vec(any::<(usize, u8)>(), 1..6)
    ) {
        let bytes = right_files()[file].clone();
        let end = bytes.len();
        read(&changed(bytes, 0, end, &changes));
    }

    /// The footer alone says how large everything is.
    #[test]
    fn a_table_with_its_footer_changed_is_one_or_an_error(
        file in 0..3_usize, changes in prop::collection::vec(any::<(usize, u8)>(), 1..4)
    ) {
        let bytes = right_files()[file].clone();
        let end = bytes.len() - 8;
        let length: [u8; 4] = bytes[end..end + 4].try_into().expect("four bytes");
        let begin = end - (u32::from_le_bytes(length) as usize).min(end);
        read(&changed(bytes, begin, end, &changes));
    }

    #[test]
    fn a_table_that_is_cut_off_is_an_error(file in 0..3_usize, length in any::<usize>()) {
        let bytes = right_files()[file].clone();
        read(&bytes[..length % bytes.len()]);
    }
}

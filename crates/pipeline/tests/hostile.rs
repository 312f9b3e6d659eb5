//! Pipeline files from strangers: any bytes at all, right files with something changed, and files
//! that try to write or run what they should not.
//!
//! The count of cases is raised by `PROPTEST_CASES`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, Instant};

use pipeline::{PipelineError, Project, Request};
use proptest::prelude::*;
use stage::Limits;
use tempfile::TempDir;

/// Memory that this whole test may take; what asks for more ends it.
const MEMORY_BYTES: u64 = 2 << 30;
/// Time that no file may take, on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// A project without any stage, with a pipeline of its own.
struct Yard {
    _folder: TempDir,
    project: Project,
}

impl Yard {
    fn new() -> Self {
        static LIMIT: Once = Once::new();
        LIMIT.call_once(|| {
            let limit = libc::rlimit { rlim_cur: MEMORY_BYTES, rlim_max: MEMORY_BYTES };
            // SAFETY: the pointer is to our own variable, of the type that the call reads.
            let set = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
            assert_eq!(set, 0, "the limit is set");
        });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it exists").join("project");
        fs::create_dir_all(root.join("pipelines")).expect("it is ours");
        let mut project = Project::at(&root);
        project.search = vec![root.join("bin")];
        Self { _folder: folder, project }
    }

    fn root(&self) -> &Path {
        &self.project.root
    }

    /// Checks the pipeline that these bytes are.
    fn check(&self, bytes: &[u8], set: &[&str]) -> Result<pipeline::Plan, PipelineError> {
        fs::write(self.root().join("pipelines/x.yaml"), bytes).expect("it is ours");
        let started = Instant::now();
        let result = pipeline::check(
            &self.project,
            &Request {
                file: "x".to_owned(),
                set: set.iter().map(ToString::to_string).collect(),
                seed: None,
                limits: Limits { threads: 1, memory_bytes: 1 << 30 },
            },
        );
        assert!(started.elapsed() < LONGEST, "{}", String::from_utf8_lossy(bytes));
        result
    }

    /// What is wrong with it, shown as a person sees it.
    fn refuse(&self, text: &str, set: &[&str]) -> String {
        let error = self.check(text.as_bytes(), set).expect_err("it is wrong");
        assert_eq!(error.exit_code(), 2, "{error}");
        error.to_string()
    }

    /// A stage program that leaves a file `ran` beside the project when anything is asked of it.
    fn trap(&self, path: &str) -> PathBuf {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it is ours");
        let ran = self.root().parent().expect("it has one").join("ran");
        fs::write(&path, format!("#!/bin/sh\ntouch {}\n", ran.display())).expect("it is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        ran
    }
}

/// The pipelines of this project.
fn right_files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("it exists")
        .map(|entry| entry.expect("listed").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(!paths.is_empty());
    paths.iter().map(|path| fs::read_to_string(path).expect("text")).collect()
}

/// Pieces of YAML that mean something to one of its readers.
const PIECES: [&str; 24] = [
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "? ",
    "- ",
    ": ",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\t",
    "\"",
    "'",
    "|\n",
    ">\n",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "1e999",
    ".nan",
    "sweep: { a: { set: seed, to: [0, 1] } }\n",
    "99999999999999999999",
];

/// One change of a text.
#[derive(Clone, Debug)]
enum Change {
    Insert(usize, usize),
    Remove(usize, usize),
    Repeat(usize, usize, usize),
    Byte(usize, u8),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>;
    prop_oneof![
        (at(), 0..PIECES.len()).prop_map(|(place, piece)| Change::Insert(place, piece)),
        (at(), 1..60_usize).prop_map(|(place, length)| Change::Remove(place, length)),
        (at(), 1..40_usize, 1..200_usize)
            .prop_map(|(place, length, times)| Change::Repeat(place, length, times)),
        (at(), any::<u8>()).prop_map(|(place, byte)| Change::Byte(place, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let length = bytes.len();
    if length == 0 {
        return;
    }
    match *change {
        Change::Insert(place, piece) => {
            let place = place % length;
            bytes.splice(place..place, PIECES[piece].bytes());
        }
        Change::Remove(place, count) => {
            let place = place % length;
            bytes.drain(place..(place + count).min(length));
        }
        Change::Repeat(place, count, times) => {
            let place = place % length;
            let piece = bytes[place..(place + count).min(length)].repeat(times);
            bytes.splice(place..place, piece);
        }
        Change::Byte(place, byte) => bytes[place % length] = byte,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_pipeline_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Yard::new().check(&bytes, &[]);
    }

    #[test]
    fn any_yaml_is_a_pipeline_or_an_error(pieces in prop::collection::vec(0..PIECES.len(), 0..120)) {
        let text: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        let _ = Yard::new().check(text.as_bytes(), &[]);
    }

    #[test]
    fn a_right_file_with_something_changed_is_one_or_an_error(
        file in any::<prop::sample::Index>(), changes in prop::collection::vec(change(), 1..6)
    ) {
        let files = right_files();
        let mut bytes = file.get(&files).clone().into_bytes();
        for change in &changes {
            apply(&mut bytes, change);
        }
        let _ = Yard::new().check(&bytes, &[]);
    }

    #[test]
    fn any_set_argument_is_one_or_an_error(path in "[a-z.]{0,12}", value in ".{0,40}") {
        let argument = format!("{path}={value}");
        let _ = Yard::new().check(b"stages: { a: { uses: b } }", &[&argument]);
    }
}

#[test]
fn aliases_that_expand_to_more_than_memory_are_refused() {
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(20_000), "*a, ".repeat(15_000));
    // In a key, in a label, and behind a place that one of two parsers cannot read.
    let hidden =
        format!("a: &a [{}]\nb: \"\\q\"\nc: [{}]\n", "x, ".repeat(9_000), "*a, ".repeat(9_000));
    let key = format!(
        "sweep:\n  s:\n    set: seed\n    to:\n      ? \"a: &a [{}]\\nb: [{}]\"\n      : 1\n",
        "x, ".repeat(9_000),
        "*a, ".repeat(9_000)
    );
    let yard = Yard::new();
    for text in [wide, hidden, key] {
        let error = yard.refuse(&text, &[]);
        assert!(error.len() < 1 << 20, "the error is short");
    }
}

#[test]
fn no_name_leads_out_of_the_runs_folder() {
    let yard = Yard::new();
    for name in ["..", ".", "../x", "/tmp/x", "a/b", "a\\b", "", "a\0b", "~"] {
        let quoted = serde_json::to_string(name).expect("a text");
        let error = yard.refuse(&format!("name: {quoted}\nstages: {{ a: {{ uses: b }} }}\n"), &[]);
        assert!(error.contains("name"), "{name}: {error}");
        let error = yard.refuse(&format!("stages: {{ {quoted}: {{ uses: b }} }}\n"), &[]);
        assert!(error.contains("cannot be a name"), "{name}: {error}");
    }
    let error = yard.refuse("stages: { a: { uses: b } }", &["name=../x"]);
    assert!(error.contains("--set name=../x: error: `../x` cannot be a name"), "{error}");
}

#[test]
fn results_are_not_written_through_a_link() {
    let yard = Yard::new();
    let elsewhere = yard.root().parent().expect("it has one").join("elsewhere");
    fs::create_dir_all(&elsewhere).expect("it is ours");
    fs::create_dir_all(yard.root().join("data/runs")).expect("it is ours");
    symlink(&elsewhere, yard.root().join("data/runs/x")).expect("it is ours");
    let error = yard.refuse("stages: { a: { uses: b } }", &[]);
    assert!(error.contains("data/runs/x is a link"), "{error}");
}

#[test]
fn a_program_that_the_file_does_not_name_is_not_run() {
    let yard = Yard::new();
    let ran = yard.trap("stage-train");
    yard.trap("pipelines/stage-train");
    yard.trap("train");
    yard.trap("stages/train");
    let named = |uses: &str| format!("stages: {{ a: {{ uses: {uses} }} }}\n");
    for uses in [
        "train",
        "\"train\\u200b\"",
        "\"./stages/train\\u202e\"",
        "\"stages\\ntrain\"",
        "\"sh -c x\"",
    ] {
        yard.refuse(&named(uses), &[]);
        assert!(!ran.exists(), "{uses}");
    }
    // What the file names in plain sight is asked what it is.
    yard.refuse(&named("./stages/train"), &[]);
    assert!(ran.exists());
}

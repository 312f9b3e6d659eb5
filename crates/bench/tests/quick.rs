//! The whole path of the bench at small sizes; no number of it is asserted.

use std::collections::BTreeSet;
use std::process::Command;

use artifact::read_rows;
use bench::{Reading, Status};

#[test]
fn a_quick_bench_writes_its_table_and_its_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--quick", "--threads", "2", "--out"])
        .arg(folder.path())
        .output()
        .expect("the bench starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("without --quick") && !said.contains("missed"), "{said}");

    let readings: Vec<Reading> = read_rows(folder.path()).expect("the table");
    let names = |of: fn(&Reading) -> &String| readings.iter().map(of).collect::<BTreeSet<_>>();
    let cases = names(|reading| &reading.case);
    for case in [
        "forward",
        "step-full-batch",
        "gramian",
        "top-warm",
        "tables",
        "step-by-depth",
        "step-cnn",
        "step-residual-norm",
        "gramian-cnn-outputs",
        "infinite-dense",
        "infinite-flatten",
        "infinite-pooled-small",
        "ridge",
        "memory-cnn",
        "memory-infinite",
    ] {
        assert!(cases.iter().any(|found| *found == case), "{case} is not in {cases:?}");
    }
    // Whole programs and their memory have no operations to count.
    let is_whole = |case: &str| case == "pipeline" || case.starts_with("memory");
    for case in cases.iter().filter(|case| !is_whole(case)) {
        // The measure of all kernels was taken beside each of them.
        let reference = |r: &Reading| {
            &&r.case == case && r.implementation == "faer matmul" && r.gflops.is_some()
        };
        assert!(readings.iter().any(reference), "{case} has no reference");
    }
    let measured = |reading: &Reading| reading.status == Status::Measured && reading.threads == 2;
    let wrong: Vec<&Reading> = readings.iter().filter(|reading| !measured(reading)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(readings.iter().all(|reading| reading.seconds.is_some_and(|seconds| seconds > 0.0)));
    // All that computes on its own is judged by the reference.
    for case in cases.iter().filter(|case| !case.starts_with("memory")) {
        let judged = |r: &Reading| &r.case == *case && r.error.is_some();
        assert!(readings.iter().any(judged), "{case} was not judged");
    }
    for case in ["pipeline-full", "gramian-cnn-full", "infinite-pooled"] {
        assert!(!cases.iter().any(|found| *found == case), "nobody asked for {case}");
    }
    for stage in ["dataset", "train", "ntk", "spectrum", "report"] {
        let name = format!("pipeline: {stage}");
        assert!(readings.iter().any(|r| r.implementation == name), "no stage {stage}");
    }
    // A program no larger than the one that starts it has an unknown peak, as `train` may have here.
    let peak = |r: &Reading| r.case == "memory" && r.peak_memory_bytes.is_some();
    assert!(readings.iter().any(peak), "no memory is known");

    let page = std::fs::read_to_string(folder.path().join("bench.html")).expect("the page");
    assert!(page.contains("<svg") && !page.contains("http-equiv") && !page.contains("src="));
}

#[test]
fn a_case_that_does_not_exist_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--case", "gramain"])
        .output()
        .expect("the bench starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains("no case matches gramain"));
}

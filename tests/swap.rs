//! A stage is swapped for a script in another language, and everything after it runs unchanged.

use std::process::{Command, Output};

use artifact::read_rows;
use artifact::tables::kernel::KernelRow;
use artifact::tables::spectrum::EigenvalueRow;
use artifact::tables::training::HistoryRow;
use tests::{path, program, python, root, skip, small_run, text};

#[test]
fn a_python_kernel_takes_the_place_of_the_ntk() {
    if python().is_none() {
        skip("no Python with Polars; `cargo xtask test` makes one");
        return;
    }
    let data = small_run(&["--set", "ntk.uses=./stages/rbf_kernel.py"]);
    let results = data.path().join("runs/small");
    assert!(results.join("report.html").is_file());

    let kernels: Vec<KernelRow> = read_rows(&results).expect("kernels");
    assert_eq!(kernels.len(), 7, "a kernel for each of the steps 0, 20, …, 120");
    // k(x, x) = 1 of 81 samples: no NTK has this trace.
    assert!(kernels.iter().all(|row| row.trace.to_bits() == 81.0_f64.to_bits()));

    let eigenvalues: Vec<EigenvalueRow> = read_rows(&results).expect("eigenvalues");
    let at = |step: u64| -> Vec<u64> {
        let of_step = eigenvalues.iter().filter(|row| row.step == step);
        of_step.map(|row| row.eigenvalue.to_bits()).collect()
    };
    assert_eq!(at(0).len(), 81);
    for kernel in &kernels {
        assert_eq!(at(kernel.step), at(0), "the kernel changed at step {}", kernel.step);
    }
}

#[test]
fn random_features_take_the_place_of_the_ntk() {
    if python().is_none() {
        skip("no Python with Polars; `cargo xtask test` makes one");
        return;
    }
    let data = small_run(&["--set", "ntk.uses=./stages/random_features.py"]);
    let results = data.path().join("runs/small");
    let kernels: Vec<KernelRow> = read_rows(&results).expect("kernels");
    // The mean of 81 · 256 draws of 2 cos², which is 1 with a deviation of 1/√2 each: within five
    // deviations of a mean over the 256 features alone.
    let mean = kernels[0].trace / 81.0;
    assert!((mean - 1.0).abs() < 5.0 / 512.0_f64.sqrt(), "{mean}");
}

#[test]
fn a_trainer_in_numpy_takes_the_place_of_ours() {
    if python().is_none() {
        skip("no Python with Polars; `cargo xtask test` makes one");
        return;
    }
    let data = small_run(&[
        "--set",
        "train.uses=./stages/numpy_train.py",
        "--set",
        "train.with={steps: 60}",
    ]);
    let results = data.path().join("runs/small");
    assert!(results.join("report.html").is_file());
    let history: Vec<HistoryRow> = read_rows(&results).expect("history");
    let losses: Vec<f64> = history.iter().map(|row| row.train_loss).collect();
    assert_eq!(losses.len(), 4, "at the steps 0, 20, 40, 60");
    assert!(losses.is_sorted_by(|earlier, later| earlier > later), "{losses:?}");
}

/// Runs `stage-check PROGRAM`, with more arguments.
fn stage_check(stage: &str, arguments: &[&str]) -> Output {
    Command::new(program("ntk-lab"))
        .args(["stage-check", stage])
        .args(arguments)
        .current_dir(root())
        .env("PATH", path())
        .output()
        .expect("ntk-lab starts")
}

#[test]
fn every_example_in_python_keeps_the_contract() {
    if python().is_none() {
        skip("no Python with Polars; `cargo xtask test` makes one");
        return;
    }
    for stage in ["rbf_kernel", "random_features", "numpy_train", "localization"] {
        let output = stage_check(&format!("./stages/{stage}.py"), &[]);
        assert!(output.status.success(), "{}", text(&output));
    }
}

#[test]
fn the_example_in_rust_and_our_own_stages_keep_the_contract() {
    let example = program("examples/linear_kernel");
    for stage in [example.to_str().expect("a path"), "ntk", "spectrum", "kernel-similarity"] {
        let output = stage_check(stage, &[]);
        assert!(output.status.success(), "{}", text(&output));
    }
    // What asks for classes.
    let of_loss = ["--set", "table=presentations", "--set", "score=loss", "--set", "remove=0.5"];
    for (stage, arguments) in
        [("forgetting", &["--set", "top=[3]"][..]), ("select", &of_loss), ("retention", &[])]
    {
        let output = stage_check(stage, &[arguments, &["--classes"]].concat());
        assert!(output.status.success(), "{}", text(&output));
    }
}

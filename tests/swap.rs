//! A stage is swapped for a script in another language, and everything after it runs unchanged.

use artifact::read_rows;
use artifact::tables::kernel::KernelRow;
use artifact::tables::spectrum::EigenvalueRow;
use tests::{python, small_run};

#[test]
fn a_python_kernel_takes_the_place_of_the_ntk() {
    if python().is_none() {
        eprintln!("skipped: no Python with Polars; `cargo xtask test` makes one");
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

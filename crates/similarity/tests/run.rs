//! The stage on made-up kernels: its numbers against NumPy and SciPy, and what it says where it cannot compare.

use artifact::tables::Split;
use artifact::tables::findings::{FindingRow, Verdict};
use artifact::tables::kernel::{KernelRow, Reduction};
use artifact::{Gram, GramRow, Kind, Manifest, Outline, read_rows, write_gram, write_rows};
use serde_json::Value;
use similarity::{AngleRow, KernelSimilarity, Parameters, SimilarityRow};
use stage::{Context, Input, Inputs, Limits, Outlines, Stage, StageError};
use tempfile::TempDir;

const N: usize = 12;

/// The entries of a kernel.
type Entries<'a> = &'a dyn Fn(usize, usize) -> f64;

/// The kernel of golden/make.py.
fn k(frequency: f64) -> impl Fn(usize, usize) -> f64 {
    let feature = move |i: usize, f: usize| {
        let place = (i * 5 + f) as f64;
        (frequency * place).sin() + 0.2 * (0.3 * place).cos()
    };
    move |i, j| {
        let product: f64 = (0..4).map(|f| feature(i, f) * feature(j, f)).sum();
        product + if i == j { 0.1 } else { 0.0 }
    }
}

/// A kernel of `n` training samples and one test sample like the first, at each of `steps`; `outputs` matrices.
fn kernel(
    (n, outputs, reduction): (usize, usize, Reduction),
    steps: &[(u64, Entries<'_>)],
) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut rows = Vec::new();
    for &(step, k) in steps {
        let mut gram = Gram::<f64> { rows: Vec::new(), width: n, values: Vec::new() };
        for output in 0..outputs as u32 {
            for row in 0..=n {
                let (split, sample) = if row < n { (Split::Train, row) } else { (Split::Test, 0) };
                gram.rows.push(GramRow { split, sample: sample as u32, output });
                gram.values.extend((0..n).map(|j| k(sample, j)));
            }
            rows.push(KernelRow {
                step,
                output,
                learning_rate: None,
                trace: 1.0,
                frobenius_norm: 1.0,
                samples: n as u32,
                rows: n as u32,
                test_rows: 1,
                reduction,
                precision: "f64".to_owned(),
            });
        }
        write_gram(directory.path(), step, &gram).unwrap();
    }
    write_rows(directory.path(), &rows).unwrap();
    let outline = Outline {
        train_samples: Some(n as u64),
        output_dim: Some(outputs as u64),
        reduction: Some(reduction),
        ..Outline::default()
    };
    let manifest = Manifest { outline, ..Manifest::bare(Kind::KERNEL) };
    manifest.write(directory.path()).unwrap();
    directory
}

fn run(parameters: &Parameters, own: &TempDir, other: &TempDir) -> Result<TempDir, StageError> {
    let output = tempfile::tempdir().unwrap();
    let at = |directory: &TempDir| vec![Input::at(directory.path().to_owned())];
    let inputs = [("kernel".to_owned(), at(own)), ("reference".to_owned(), at(other))];
    let context = Context::silent(0, Limits { threads: 2, memory_bytes: 1 << 30 });
    KernelSimilarity::run(parameters, &Inputs(inputs.into()), output.path(), &context)?;
    Manifest::record_tables(output.path(), KernelSimilarity::OUTPUT).unwrap();
    Ok(output)
}

fn top(top: &[u32]) -> Parameters {
    Parameters { top: top.to_vec(), ..Parameters::default() }
}

#[test]
fn numbers_are_those_of_numpy_and_scipy() {
    let (a, b) = (k(0.8), k(0.5));
    let own = kernel((N, 1, Reduction::Trace), &[(0, &a), (40, &b)]);
    let other = kernel((N, 1, Reduction::Trace), &[(0, &b)]);
    let output = run(&top(&[3]), &own, &other).unwrap();
    let golden: Value = serde_json::from_str(include_str!("golden/golden.json")).unwrap();
    let rows: Vec<SimilarityRow> = read_rows(output.path()).unwrap();
    let close = |name: &str, found: Option<f64>| {
        let (found, expected) = (found.unwrap(), golden[name].as_f64().unwrap());
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{name}: {found} {expected}");
    };
    close("alignment", rows[0].alignment);
    close("centred_alignment", rows[0].centred_alignment);
    close("distance", rows[0].distance);
    close("trace_ratio", rows[0].trace_ratio);
    let angles: Vec<AngleRow> = read_rows(output.path()).unwrap();
    let expected = golden["angles"].as_array().unwrap();
    assert_eq!(angles.len(), 6);
    for (found, expected) in angles.iter().zip(expected) {
        let expected = expected.as_f64().unwrap();
        assert!((found.angle - expected).abs() <= 1e-9, "{} {expected}", found.angle);
    }
    // The kernel ends at the reference.
    assert_eq!((rows[1].step, rows[1].reference_step, rows[1].samples), (40, 0, N as u32));
    assert!(rows[1].distance.unwrap() <= 0.0 && (rows[1].scale.unwrap() - 1.0).abs() <= 1e-12);
    assert!(rows[1].test_distance.unwrap() <= 0.0 && rows[0].test_distance.unwrap() > 0.1);
    assert!(angles[3..].iter().all(|row| row.angle.abs() <= 1e-7));
    let findings: Vec<FindingRow> = read_rows(output.path()).unwrap();
    let verdicts: Vec<Verdict> = findings.iter().map(|row| row.verdict).collect();
    assert_eq!(verdicts, [Verdict::DoesNotHold, Verdict::Holds, Verdict::Holds]);
}

#[test]
fn kernels_are_compared_at_the_samples_that_both_have_output_by_output() {
    let (a, b) = (k(0.8), k(0.5));
    let own = kernel((N, 2, Reduction::PerOutput), &[(0, &a)]);
    let other = kernel((8, 1, Reduction::Trace), &[(0, &b)]);
    let output = run(&top(&[]), &own, &other).unwrap();
    let rows: Vec<SimilarityRow> = read_rows(output.path()).unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.output, row.samples)).collect::<Vec<_>>(),
        [(0, 8), (1, 8)]
    );
    assert_eq!(rows[0].alignment, rows[1].alignment);
    let few = kernel((8, 1, Reduction::Trace), &[(0, &a)]);
    let output = run(&top(&[]), &few, &other).unwrap();
    let same: Vec<SimilarityRow> = read_rows(output.path()).unwrap();
    assert!((same[0].alignment.unwrap() - rows[0].alignment.unwrap()).abs() <= 1e-14);
    assert_eq!(read_rows::<AngleRow>(output.path()).unwrap(), []);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let (a, b) = (k(0.8), k(0.5));
    let own = kernel((N, 1, Reduction::Trace), &[(0, &a), (9, &b)]);
    let per_output = kernel((N, 2, Reduction::PerOutput), &[(0, &a)]);
    let steps = kernel((N, 1, Reduction::Trace), &[(0, &a), (5, &b)]);
    let message = |result: Result<TempDir, StageError>| result.err().unwrap().message;
    let found = message(run(&top(&[]), &own, &per_output));
    assert!(
        found.contains("one matrix, reduced by `trace` and the reference 2 matrices"),
        "{found}"
    );
    let found = message(run(&top(&[]), &own, &steps));
    assert!(found.starts_with("the reference has no kernel of step 9"), "{found}");
    let first = Parameters { reference_step: Some(0), ..top(&[]) };
    assert!(run(&first, &own, &steps).is_ok());
    let found = message(run(&top(&[13]), &own, &own));
    assert!(found.starts_with("13 eigenvectors are asked for, of kernels with 12 rows"), "{found}");
}

#[test]
fn a_plan_refuses_what_a_run_would() {
    let outline = |reduction, blocks| Outline {
        train_samples: Some(12),
        kernel_rows: Some(12),
        kernel_blocks: Some(blocks),
        reduction: Some(reduction),
        checkpoints: Some(vec![0, 9]),
        ..Outline::default()
    };
    let plan = |parameters: &Parameters, own: Outline, other: Outline, memory_bytes| {
        let inputs = [("kernel".to_owned(), vec![own]), ("reference".to_owned(), vec![other])];
        let inputs: Outlines = std::collections::BTreeMap::from(inputs).into();
        let plan =
            KernelSimilarity::plan(parameters, &inputs, &Limits { threads: 1, memory_bytes });
        plan.problems.into_iter().map(|problem| problem.at).collect::<Vec<_>>()
    };
    let trace = || outline(Reduction::Trace, 1);
    let bad = Parameters { top: vec![0, 3, 13, 3], reference_step: Some(4), near: -1.0 };
    let found = plan(&bad, trace(), trace(), 1 << 30);
    assert_eq!(found, ["/top/0", "/top/2", "/top/3", "/near", "/reference_step"]);
    assert_eq!(plan(&top(&[3]), trace(), outline(Reduction::PerOutput, 2), 1 << 30), [""]);
    assert_eq!(plan(&top(&[3]), trace(), trace(), 1 << 20), [""]);
    assert!(plan(&top(&[12]), outline(Reduction::PerOutput, 2), trace(), 1 << 30).is_empty());
}

//! The stage on made-up artifacts: what it writes, and what it says where it cannot.

use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::findings::{FindingRow, Verdict};
use artifact::tables::prediction::{Method, Part, PredictionRow, ScoreRow};
use artifact::tables::training::OutputRow;
use artifact::{Kind, Manifest, Outline, read_rows, write_rows};
use ensemble::{Ensemble, EnsembleRow, MeanPredictionRow, Parameters, Predictor, Source};
use serde_json::json;
use stage::{Context, FailedInput, Input, Inputs, Limits, Stage, StageError};
use tempfile::TempDir;

const N: u32 = 6;
const M: u32 = 40;
const O: usize = 2;

fn class(sample: u32) -> u32 {
    sample % 2
}

fn target(sample: u32, a: usize) -> f32 {
    if class(sample) as usize == a { 0.5 } else { -0.5 }
}

/// A number in [−1, 1) that looks random.
fn noise(of: [u32; 4]) -> f32 {
    let hash = of.iter().fold(0x9e37_79b9_u32, |hash, &x| {
        let hash = (hash ^ x).wrapping_mul(0x85eb_ca6b);
        (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35) ^ (hash >> 16)
    });
    (f64::from(hash) / f64::from(1_u32 << 31) - 1.0) as f32
}

fn samples() -> impl Iterator<Item = (Split, u32)> {
    let train = (0..N).map(|sample| (Split::Train, sample));
    train.chain((0..M).map(|sample| (Split::Test, sample)))
}

fn manifest(kind: Kind, directory: &Path) {
    let outline = Outline {
        test_samples: Some(u64::from(M)),
        output_dim: Some(O as u64),
        ..Outline::default()
    };
    let manifest = Manifest { outline, ..Manifest::bare(kind) };
    manifest.write(directory).unwrap();
}

fn dataset(change: impl Fn(&mut Sample) -> bool) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let row = |(split, sample)| Sample {
        split,
        sample,
        x: vec![sample as f32],
        y: (0..O).map(|a| target(sample, a)).collect(),
        label: Some(class(sample)),
        clean_label: None,
        origin: None,
    };
    let rows: Vec<Sample> =
        samples().map(row).filter_map(|mut row| change(&mut row).then_some(row)).collect();
    write_rows(directory.path(), &rows).unwrap();
    manifest(Kind::DATASET, directory.path());
    directory
}

/// A network that learns a noisy half of the target, on top of a noisy start of size 1.
fn output(member: u32, step: u64, split: Split, sample: u32, a: usize) -> f32 {
    let of = [member, split as u32, sample, a as u32];
    let start = noise(of);
    let learned = 0.5 * target(sample, a) + 0.3 * noise([member + 1000, of[1], of[2], of[3]]);
    start + learned * (step as f32 / 20.0)
}

fn training(member: u32, steps: &[u64]) -> TempDir {
    training_on(member, steps, true)
}

fn training_on(member: u32, steps: &[u64], has_test: bool) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut rows = Vec::new();
    for &step in steps {
        let samples = samples().filter(|(split, _)| has_test || *split == Split::Train);
        rows.extend(samples.map(|(split, sample)| OutputRow {
            step,
            split,
            sample,
            output: (0..O).map(|a| output(member, step, split, sample, a)).collect(),
        }));
    }
    write_rows(directory.path(), &rows).unwrap();
    manifest(Kind::TRAINING, directory.path());
    directory
}

/// A kernel whose chosen ridge 0.1 predicts a half of the target, and another ridge nothing.
fn prediction(scale: f32, keeps: bool) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let score = |ridge: f64, split, mse| ScoreRow {
        step: 0,
        method: Method::Ridge,
        ridge: Some(ridge),
        time: None,
        split,
        accuracy: None,
        mse: Some(mse),
        nll: None,
        distance_to_network: None,
        chosen: ridge < 1.0,
        resolved: true,
        samples: N,
    };
    let scores: Vec<ScoreRow> = [0.1, 1.0]
        .into_iter()
        .flat_map(|ridge| {
            [Part::Train, Part::Test, Part::LeftOut].map(|part| score(ridge, part, ridge))
        })
        .collect();
    let prediction = |ridge: f64, (split, sample): (Split, u32)| PredictionRow {
        step: 0,
        method: Method::Ridge,
        ridge: Some(ridge),
        time: None,
        split: if split == Split::Train { Part::Train } else { Part::Test },
        sample,
        mean: (0..O).map(|a| if ridge < 1.0 { scale * target(sample, a) } else { 0.0 }).collect(),
        variance: None,
    };
    let rows: Vec<PredictionRow> = [0.1, 1.0]
        .into_iter()
        .flat_map(|ridge| samples().map(move |of| prediction(ridge, of)))
        .filter(|row| keeps || row.ridge == Some(1.0))
        .collect();
    write_rows(directory.path(), &scores).unwrap();
    write_rows(directory.path(), &rows).unwrap();
    manifest(Kind::PREDICTION, directory.path());
    directory
}

/// The artifact at `directory` as the variant `axes`; `seed` is one, and `width` and `draw` are none.
fn at(directory: &TempDir, axes: &serde_json::Value) -> Input {
    let sets = json!({
        "seed": ["train.seed"],
        "width": ["train.with.network.hidden"],
        "draw": ["dataset.with.draw"],
    });
    let request = json!({ "directory": directory.path(), "axes": axes, "sets": sets });
    serde_json::from_value(request).unwrap()
}

#[derive(Debug)]
struct Answer {
    rows: Vec<EnsembleRow>,
    means: Vec<MeanPredictionRow>,
    findings: Vec<FindingRow>,
    output: TempDir,
}

impl Answer {
    fn row(&self, predictor: Predictor, split: Split, step: u64) -> &EnsembleRow {
        let fits = |row: &&EnsembleRow| {
            row.source == Source::Training
                && (row.predictor, row.split, row.step) == (predictor, split, step)
        };
        self.rows.iter().find(fits).unwrap()
    }

    fn finding(&self, name: &str) -> &FindingRow {
        self.findings.iter().find(|row| row.finding == name).unwrap()
    }

    fn predictors(&self) -> Vec<Predictor> {
        let mut all: Vec<Predictor> = self.rows.iter().map(|row| row.predictor).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn figures(&self) -> Vec<String> {
        let study = study::Study::read(self.output.path()).unwrap();
        assert_eq!(study.faults(Ensemble::OUTPUT), [""; 0]);
        study.figures.into_iter().map(|figure| figure.name).collect()
    }
}

type Ports<'a> = [(&'a str, Vec<Input>)];

fn run_with(
    ports: &Ports<'_>,
    over: &[&str],
    failed: Vec<FailedInput>,
) -> Result<Answer, StageError> {
    let output = tempfile::tempdir().unwrap();
    let ports = ports.iter().map(|(port, inputs)| ((*port).to_owned(), inputs.clone()));
    let inputs = Inputs(ports.collect());
    let mut context = Context::silent(0, Limits { threads: 1, memory_bytes: 1 << 30 });
    context.failed = failed;
    let parameters =
        Parameters { over: over.iter().map(|&name| name.to_owned()).collect(), apart: Vec::new() };
    Ensemble::run(&parameters, &inputs, output.path(), &context)?;
    let records = Manifest::record_tables(output.path(), Ensemble::OUTPUT).unwrap();
    assert_eq!(records.len(), 3);
    Ok(Answer {
        rows: read_rows(output.path()).unwrap(),
        means: read_rows(output.path()).unwrap(),
        findings: read_rows(output.path()).unwrap(),
        output,
    })
}

fn run(ports: &Ports<'_>) -> Result<Answer, StageError> {
    run_with(ports, &[], Vec::new())
}

fn seeds(members: &[TempDir]) -> Vec<Input> {
    (0..).zip(members).map(|(seed, member)| at(member, &json!({ "seed": seed }))).collect()
}

fn whole() -> TempDir {
    dataset(|_| true)
}

fn networks(count: u32) -> Vec<TempDir> {
    (0..count).map(|member| training(member, &[0, 10, 20])).collect()
}

fn close(a: f64, b: f64) -> bool {
    a.is_finite() && b.is_finite() && (a - b).abs() <= 1e-5
}

#[test]
fn a_run_has_tables_findings_and_figures_that_can_be_drawn() {
    let (dataset, members, kernel) = (whole(), networks(5), prediction(0.5, true));
    let answer = run(&[
        ("dataset", vec![at(&dataset, &json!({}))]),
        ("training", seeds(&members)),
        ("prediction", vec![at(&kernel, &json!({}))]),
    ])
    .unwrap();
    // Networks: 3 steps, 2 splits, 4 predictors; the kernel: 1 step, 2 splits, 2 predictors.
    assert_eq!(answer.rows.len(), 3 * 2 * 4 + 2 * 2);
    assert_eq!(answer.means.len(), 2 * (N + M) as usize);
    assert!(answer.rows.is_sorted_by_key(|row| row.step));
    assert_eq!(answer.figures(), ["ensemble_accuracy", "ensemble_mse", "ensemble_distance"]);
    for name in [
        "ensembling_helps",
        "centring_reduces_variance",
        "centring_helps",
        "ensemble_nears_kernel",
        "kernel_beats_networks",
    ] {
        let row = answer.finding(name);
        assert_eq!((row.verdict, row.n), (Verdict::Holds, Some(5)), "{row:?}");
        assert!(row.uncertainty.unwrap() > 0.0);
    }
    assert_eq!(answer.finding("ensemble_beats_kernel").verdict, Verdict::DoesNotHold);
    let kernels = answer.rows.iter().filter(|row| row.source == Source::Prediction);
    for row in kernels {
        assert_eq!((row.accuracy, row.members, row.variance), (Some(1.0), 1, None));
        assert!(close(row.mse, 0.0625));
    }
}

#[test]
fn measures_are_those_of_the_outputs() {
    let (dataset, members, kernel) = (whole(), networks(3), prediction(0.5, true));
    let answer = run(&[
        ("dataset", vec![at(&dataset, &json!({}))]),
        ("training", seeds(&members)),
        ("prediction", vec![at(&kernel, &json!({}))]),
    ])
    .unwrap();
    let cells = || (0..M).flat_map(|sample| (0..O).map(move |a| (sample, a)));
    let f = |m: u32, step: u64, (sample, a): (u32, usize)| {
        f64::from(output(m, step, Split::Test, sample, a))
    };
    let count = f64::from(M) * O as f64;
    for (predictor, start) in [(Predictor::Ensemble, 0.0), (Predictor::CentredEnsemble, 1.0)] {
        let value = |m, at| f(m, 20, at) - start * f(m, 0, at);
        let mean = |at| (0..3).map(|m| value(m, at)).sum::<f64>() / 3.0;
        let mse = cells()
            .map(|(sample, a)| (mean((sample, a)) - f64::from(target(sample, a))).powi(2))
            .sum::<f64>()
            / count;
        let variance = cells()
            .map(|at| (0..3).map(|m| (value(m, at) - mean(at)).powi(2)).sum::<f64>() / 2.0)
            .sum::<f64>()
            / count;
        let apart: f64 = cells()
            .map(|(sample, a)| (mean((sample, a)) - 0.5 * f64::from(target(sample, a))).powi(2))
            .sum();
        let row = answer.row(predictor, Split::Test, 20);
        assert!(close(row.mse, mse) && close(row.variance.unwrap(), variance), "{row:?}");
        assert!(close(row.distance_to_kernel.unwrap(), (apart / (count * 0.0625)).sqrt()));
        assert!(answer.row(predictor, Split::Train, 20).distance_to_kernel.is_none());
    }
    let first = answer.means.iter().find(|row| row.split == Split::Test && row.step == 20).unwrap();
    assert!(close(f64::from(first.mean[1]), (0..3).map(|m| f(m, 20, (0, 1))).sum::<f64>() / 3.0));
    let zero = answer.row(Predictor::Centred, Split::Test, 0);
    assert!(close(zero.mse, 0.25) && zero.variance == Some(0.0), "nothing is learned at step 0");
}

#[test]
fn one_member_decides_nothing() {
    let (dataset, members) = (whole(), networks(1));
    let answer =
        run(&[("dataset", vec![at(&dataset, &json!({}))]), ("training", seeds(&members))]).unwrap();
    assert!(answer.rows.iter().all(|row| {
        row.members == 1
            && [row.variance, row.accuracy_error, row.mse_error] == [None; 3]
            && row.accuracy.is_some()
    }));
    assert!(answer.means.iter().all(|row| row.variance.is_none()));
    assert_eq!(answer.finding("ensembling_helps").verdict, Verdict::NotDecided);
    assert_eq!(answer.finding("centring_helps").verdict, Verdict::NotDecided);
    assert_eq!(answer.finding("centring_reduces_variance").verdict, Verdict::NotApplicable);
    assert_eq!(answer.finding("kernel_beats_networks").verdict, Verdict::NotApplicable);
    assert!(answer.findings.iter().all(|row| row.uncertainty.is_none()));
}

#[test]
fn members_that_agree_decide_nothing_by_rounding() {
    let (dataset, member) = (whole(), training(0, &[0, 20]));
    let training: Vec<Input> = (0..3).map(|seed| at(&member, &json!({ "seed": seed }))).collect();
    let answer =
        run(&[("dataset", vec![at(&dataset, &json!({}))]), ("training", training)]).unwrap();
    assert_eq!(answer.finding("ensembling_helps").verdict, Verdict::NotDecided);
    assert_eq!(answer.finding("centring_reduces_variance").verdict, Verdict::NotDecided);
    assert_eq!(answer.row(Predictor::One, Split::Test, 20).variance, Some(0.0));
}

#[test]
fn steps_are_those_that_all_members_have() {
    let dataset = whole();
    let members = [training(0, &[0, 5, 10, 20]), training(1, &[0, 10, 15]), training(2, &[0, 10])];
    let ports = |members: &[TempDir]| {
        [("dataset", vec![at(&dataset, &json!({}))]), ("training", seeds(members))]
    };
    let answer = run(&ports(&members)).unwrap();
    let mut steps: Vec<u64> = answer.rows.iter().map(|row| row.step).collect();
    steps.dedup();
    assert_eq!(steps, [0, 10]);
    assert!(answer.means.iter().all(|row| row.step == 10));
    let apart = [training(0, &[0, 5]), training(1, &[10])];
    let error = run(&ports(&apart)).unwrap_err();
    assert_eq!(error.message, "training: its members have no step in common");
}

#[test]
fn without_step_0_of_every_member_nothing_is_centred() {
    let dataset = whole();
    let members = [training(0, &[0, 10, 20]), training(1, &[10, 20])];
    let answer =
        run(&[("dataset", vec![at(&dataset, &json!({}))]), ("training", seeds(&members))]).unwrap();
    assert_eq!(answer.predictors(), [Predictor::One, Predictor::Ensemble]);
    for name in ["centring_helps", "centring_reduces_variance"] {
        let row = answer.finding(name);
        assert_eq!(row.verdict, Verdict::NotApplicable);
        assert!(row.note.as_ref().unwrap().contains("step 0"), "{row:?}");
    }
}

#[test]
fn without_test_samples_there_are_rows_of_training_samples_only() {
    let dataset = dataset(|row| row.split == Split::Train);
    let members = [0, 1].map(|member| training_on(member, &[0, 10], false));
    let answer =
        run(&[("dataset", vec![at(&dataset, &json!({}))]), ("training", seeds(&members))]).unwrap();
    assert_eq!(answer.rows.len(), 2 * 4);
    assert!(answer.rows.iter().all(|row| row.split == Split::Train));
    assert_eq!(answer.finding("ensembling_helps").verdict, Verdict::NotApplicable);
    assert!(answer.figures().is_empty());
}

#[test]
fn without_labels_errors_decide() {
    let dataset = dataset(|row| {
        row.label = None;
        true
    });
    let (members, kernel) = (networks(4), prediction(0.5, true));
    let answer = run(&[
        ("dataset", vec![at(&dataset, &json!({}))]),
        ("training", seeds(&members)),
        ("prediction", vec![at(&kernel, &json!({}))]),
    ])
    .unwrap();
    assert!(answer.rows.iter().all(|row| row.accuracy.is_none() && row.accuracy_error.is_none()));
    let row = answer.finding("ensembling_helps");
    assert_eq!(row.verdict, Verdict::Holds);
    assert!(close(-row.after.unwrap(), answer.row(Predictor::Ensemble, Split::Test, 20).mse));
    assert_eq!(answer.finding("kernel_beats_networks").verdict, Verdict::Holds);
    assert_eq!(answer.figures(), ["ensemble_mse", "ensemble_distance"]);
}

#[test]
fn draws_of_training_samples_are_members_only_where_they_are_named() {
    let draws = [0.0_f32, 1.0].map(|draw| {
        dataset(|row| {
            if row.split == Split::Train {
                row.x[0] += draw;
            }
            true
        })
    });
    let members = networks(2);
    let of = |directories: &[TempDir]| -> Vec<Input> {
        (0..).zip(directories).map(|(draw, it)| at(it, &json!({ "draw": draw }))).collect()
    };
    let ports = [("dataset", of(&draws)), ("training", of(&members))];
    let alone = run(&ports).unwrap();
    assert!(alone.rows.iter().all(|row| row.members == 1));
    assert!(alone.rows.iter().any(|row| row.group == "draw=1" && row.split == Split::Train));
    let together = run_with(&ports, &["draw"], Vec::new()).unwrap();
    assert!(together.rows.iter().all(|row| row.members == 2 && row.group.is_empty()));
    assert!(together.rows.iter().all(|row| row.split == Split::Test), "training samples differ");
    let error = run_with(&ports, &["drow"], Vec::new()).unwrap_err();
    assert_eq!(error.message, "`over` names `drow`, which no input varies by");
}

#[test]
fn members_that_are_tested_on_different_samples_are_refused() {
    let other = dataset(|row| {
        if row.split == Split::Test && row.sample == 3 {
            row.y[0] += 1.0;
        }
        true
    });
    let fewer = dataset(|row| row.split == Split::Train || row.sample < 30);
    let (whole, members) = (whole(), networks(2));
    for (second, what) in
        [(&other, "other targets on their test samples"), (&fewer, "40 and 30 test samples")]
    {
        let datasets = [&whole, second];
        let datasets = (0..).zip(datasets).map(|(seed, it)| at(it, &json!({ "seed": seed })));
        let error =
            run(&[("dataset", datasets.collect()), ("training", seeds(&members))]).unwrap_err();
        assert_eq!(error.message, format!("training: members of one ensemble have {what}"));
        assert!(error.hint.unwrap().contains("leave the test split alone"));
    }
}

#[test]
fn groups_stand_apart_and_find_their_own_kernels() {
    let (dataset, members) = (whole(), networks(6));
    let kernels = [prediction(0.5, true), prediction(-0.5, true)];
    let width = |member: usize| if member < 3 { 8 } else { 64 };
    let training = members.iter().enumerate();
    let training = training
        .map(|(at_, it)| at(it, &json!({ "width": width(at_), "seed": at_ % 3 })))
        .collect();
    let prediction = [8, 64]
        .iter()
        .zip(&kernels)
        .map(|(width, it)| at(it, &json!({ "width": width })))
        .collect();
    let answer = run(&[
        ("dataset", vec![at(&dataset, &json!({}))]),
        ("training", training),
        ("prediction", prediction),
    ])
    .unwrap();
    for group in ["width=8", "width=64"] {
        let own = answer.rows.iter().filter(|row| row.group == group);
        let of = |source| own.clone().filter(move |row| row.source == source).count();
        assert_eq!((of(Source::Training), of(Source::Prediction)), (24, 4));
    }
    let row = answer.finding("kernel_beats_networks");
    assert_eq!((row.verdict, row.after), (Verdict::DoesNotHold, Some(0.0)), "the worse kernel");
    let note = row.note.as_ref().unwrap();
    assert!(note.contains("width=8 against width=8: ") && note.contains("width=64 against"));
    let figures = answer.figures();
    assert!(figures.contains(&"ensemble_groups".to_owned()), "{figures:?}");
}

#[test]
fn with_several_kernels_each_is_compared_and_no_distance_is_written() {
    let (dataset, members) = (whole(), networks(3));
    let kernels = [prediction(0.5, true), prediction(0.4, true)];
    let of = |name: &str, it| Input { stage: Some(name.to_owned()), ..at(it, &json!({})) };
    let answer = run(&[
        ("dataset", vec![at(&dataset, &json!({}))]),
        ("training", seeds(&members)),
        ("prediction", vec![of("ntk", &kernels[0]), of("nngp", &kernels[1])]),
    ])
    .unwrap();
    assert!(answer.rows.iter().all(|row| row.distance_to_kernel.is_none()));
    let row = answer.finding("ensemble_nears_kernel");
    assert_eq!(row.verdict, Verdict::Holds);
    let note = row.note.as_ref().unwrap();
    assert!(note.contains("against stage=ntk: ") && note.contains("against stage=nngp: "));
}

#[test]
fn kernel_predictors_alone_are_an_ensemble_too() {
    let (dataset, kernels) = (whole(), [0.3, 0.5, 0.7].map(|scale| prediction(scale, true)));
    let answer =
        run(&[("dataset", vec![at(&dataset, &json!({}))]), ("prediction", seeds(&kernels))])
            .unwrap();
    assert_eq!(answer.predictors(), [Predictor::One, Predictor::Ensemble]);
    let found = answer.rows.iter().find(|row| row.predictor == Predictor::Ensemble).unwrap();
    assert!(close(found.mse, 0.0625) && close(found.variance.unwrap(), 0.01));
    let row = answer.finding("ensembling_helps");
    assert_eq!(row.verdict, Verdict::NotDecided, "all are right: {row:?}");
    let row = answer.finding("kernel_beats_networks");
    assert_eq!(row.note.as_deref(), Some("No training run is wired."));
}

#[test]
fn failed_inputs_are_named_in_the_notes() {
    let (dataset, members) = (whole(), networks(2));
    let missing = FailedInput::new(
        "training",
        &at(&members[0], &json!({ "seed": 7 })),
        "train".to_owned(),
        "it diverged".to_owned(),
    );
    let ports = [("dataset", vec![at(&dataset, &json!({}))]), ("training", seeds(&members))];
    let answer = run_with(&ports, &[], vec![missing]).unwrap();
    for row in &answer.findings {
        let note = row.note.as_ref().unwrap();
        assert!(note.ends_with("Without inputs that failed: 1 of `training`."), "{note}");
    }
}

#[test]
fn tables_that_do_not_fit_are_refused_with_where() {
    let (dataset, member) = (whole(), training_on(0, &[10], false));
    let of =
        |port, it| [("dataset", vec![at(&dataset, &json!({}))]), (port, vec![at(it, &json!({}))])];
    let error = run(&of("training", &member)).unwrap_err();
    let end = "at step 10: 0 of the 40 test samples of the dataset have outputs";
    assert!(error.message.ends_with(end), "{}", error.message);
    let member = training(0, &[10]);
    let mut rows: Vec<OutputRow> = read_rows(member.path()).unwrap();
    rows[1].sample = 2;
    write_rows(member.path(), &rows).unwrap();
    let error = run(&of("training", &member)).unwrap_err();
    let end = "at step 10: train sample 2 stands where sample 1 of 6 should";
    assert!(error.message.ends_with(end), "{}", error.message);
    let kernel = prediction(0.5, false);
    let error = run(&of("prediction", &kernel)).unwrap_err();
    assert!(error.message.ends_with("the predictions were not kept"), "{}", error.message);
    assert_eq!(error.hint.unwrap(), "give `predictions: chosen` to the stage `predict`");
}

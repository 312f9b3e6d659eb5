//! Every pipeline that is shipped runs to its end, at a small scale.

use std::fs::{self, File};
use std::path::Path;

use artifact::read_rows;
use artifact::tables::findings::FindingRow;
use artifact::tables::spectrum::EnergyRow;
use artifact::tables::training::HistoryRow;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;
use tests::{data, pipeline, root, text};

/// What makes any of them small.
const SMALL: [&str; 6] = [
    "dataset.with.train=64",
    "dataset.with.test=49",
    "train.with.steps=24",
    "train.with.checkpoints={every: 12}",
    "train.with.history_every=6",
    "spectrum.with.top=10",
];

/// Runs `pipelines/NAME.yaml` at a small scale and returns its data folder.
fn run(name: &str, settings: &[&str]) -> TempDir {
    let data = data();
    let arguments: Vec<&str> =
        SMALL.iter().chain(settings).flat_map(|setting| ["--set", *setting]).collect();
    let output = pipeline(data.path(), name, &arguments);
    assert!(output.status.success(), "{name}\n{}", text(&output));
    assert!(results(&data, name).join("report.html").is_file(), "{name}");
    data
}

fn results(data: &TempDir, name: &str) -> std::path::PathBuf {
    data.path().join("runs").join(name)
}

fn findings(data: &TempDir, name: &str) -> Vec<FindingRow> {
    read_rows(&results(data, name)).expect("findings")
}

/// The leading columns of a table before its own first one, as `name: type`.
fn axes(table: &Path, first_of_its_own: &str) -> Vec<String> {
    let file = File::open(table).expect("a table");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let fields = reader.schema().fields().iter();
    fields
        .take_while(|field| field.name() != first_of_its_own)
        .map(|field| format!("{}: {}", field.name(), field.data_type()))
        .collect()
}

/// Runs a sweep and holds the axes of its table of energies, the number of its variants and the
/// finding that it is about against what is expected; that finding was decided for every variant.
fn sweep(name: &str, settings: &[&str], columns: &[&str], variants: usize, finding: &str) {
    let data = run(name, settings);
    let results = results(&data, name);
    assert_eq!(axes(&results.join("energy.parquet"), "step"), columns, "{name}");
    let found = findings(&data, name);
    let rows: Vec<&FindingRow> = found.iter().filter(|row| row.finding == finding).collect();
    assert!(!rows.is_empty(), "{name}: {finding}");
    assert!(rows.iter().all(|row| row.before.is_some() && row.after.is_some()), "{rows:#?}");
    let of_variants = found.iter().filter(|row| row.finding == "kernel_changes");
    assert_eq!(of_variants.count(), variants + 1, "{name}: each variant and all");
    let folders = fs::read_dir(results.join("variants")).expect("a folder for each variant");
    assert_eq!(folders.count(), variants, "{name}");
}

#[test]
fn activation_tells_five_activations_apart_by_name() {
    sweep("activation", &[], &["activation: Utf8"], 5, "kernel_changes");
}

#[test]
fn architecture_compares_four_networks_of_as_many_parameters() {
    let columns = ["network: Utf8", "start: Int64"];
    sweep("architecture", &["sweep.start.to=[0]"], &columns, 4, "target_aligns");
}

#[test]
fn cnn_alignment_shows_a_convolutional_network_beside_an_mlp() {
    let columns = ["network: Utf8", "start: Int64"];
    let settings = ["sweep.start.to=[0, 1]", "dataset.with.source.glyphs.side=8"];
    sweep("cnn-alignment", &settings, &columns, 4, "target_aligns");
}

#[test]
fn depth_says_whether_deeper_networks_align_more() {
    let columns = ["depth: Int64", "seed: Int64"];
    sweep("depth", &["train.with.learning_rate={initial: 0.05}"], &columns, 6, "depth_aligns");
}

#[test]
fn edge_of_stability_holds_curvature_against_its_bounds() {
    let settings = ["train.with.sharpness.every=6"];
    let columns = ["rate: Float64"];
    for finding in ["eigenvalue_reaches_edge", "sharpness_reaches_edge"] {
        sweep("edge-of-stability", &settings, &columns, 3, finding);
    }
}

#[test]
fn high_dimensional_says_how_much_of_the_target_is_in_the_top_at_the_start() {
    sweep("high-dimensional", &[], &["dimension: Int64"], 3, "dimension_spreads");
}

#[test]
fn initialization_varies_the_rate_along() {
    sweep("initialization", &[], &["initialization: Utf8"], 4, "target_aligns");
}

#[test]
fn label_noise_says_whether_noise_leaves_the_top() {
    sweep("label-noise", &[], &["noise: Float64"], 3, "noise_spreads");
}

#[test]
fn optimizer_compares_three_optimizers() {
    let batch = "sweep.optimizer.to.sgd=[{sgd: {batch: 16, momentum: 0.9}}, 0.02]";
    sweep("optimizer", &[batch], &["optimizer: Utf8"], 3, "target_aligns");
}

#[test]
fn shuffled_target_holds_every_finding_against_its_control() {
    let decay = "train.with.learning_rate.decay.every=12";
    sweep("shuffled-target", &[decay], &["shuffled: Boolean"], 2, "target_aligns");
    let data = run("shuffled-target", &[decay]);
    let found = findings(&data, "shuffled-target");
    let across = |row: &&FindingRow| row.variant.as_deref() == Some("all");
    let row = found.iter().filter(across).find(|row| row.finding == "output_in_top");
    let row = row.expect("a row across both");
    assert!(
        row.note.as_ref().is_some_and(|note| note.contains("in the variant to which")),
        "{row:?}"
    );
    assert!(row.control.as_ref().is_some_and(|control| control.contains("shuffled")), "{row:?}");
}

#[test]
fn width_says_whether_wide_kernels_stay() {
    let settings = ["sweep.width.to={8: [8, 8], 16: [16, 16], 32: [32, 32]}"];
    let columns = ["width: Int64", "seed: Int64"];
    sweep("width", &settings, &columns, 6, "width_freezes");
}

#[test]
fn lr_decay_finds_what_the_paper_found_on_its_own_and_against_a_constant_rate() {
    let decay = "train.with.learning_rate.decay.every=12";
    let data = run("lr-decay", &[decay]);
    let found = findings(&data, "lr-decay");
    assert!(found.len() >= 9 && found.iter().all(|row| row.variant.is_none()), "{found:#?}");
    let against = "sweep.decay={set: train.with.learning_rate.decay.factor, to: [0.5, 1.0]}";
    sweep("lr-decay", &[decay, against], &["decay: Float64"], 2, "decay_grows");
}

#[test]
fn paper_runs_at_a_small_scale() {
    let settings =
        ["train.with.learning_rate.decay.every=12", "spectrum.with.eigenpairs={top: 20}"];
    let data = run("paper", &settings);
    let energies: Vec<EnergyRow> = read_rows(&results(&data, "paper")).expect("energies");
    // No more than the eigenpairs that were asked for, at every checkpoint.
    let most = |step: u64| energies.iter().filter(|row| row.step == step).map(|row| row.k).max();
    assert_eq!([0, 12, 24].map(most), [Some(20); 3]);
}

/// A hundred digits of two classes, drawn by a rule: the stroke of a one, the ring of a zero.
#[test]
fn classification_learns_digits_of_a_file() {
    let folder = data();
    let path = folder.path().join("digits.csv");
    let mut lines = String::new();
    for sample in 0..120_u32 {
        let label = sample % 2;
        let ink = |x: u32, y: u32| {
            let stroke = x == 3 || x == 4;
            let ring = x == 1 || x == 6 || y == 1 || y == 6;
            let inked = if label == 1 { stroke } else { ring };
            // A little different each time.
            if inked { 16 - (sample + x * y) % 5 } else { (sample * x + y) % 3 }
        };
        let pixels: Vec<String> =
            (0..64).map(|pixel| ink(pixel % 8, pixel / 8).to_string()).collect();
        lines = format!("{lines}{},{label}\n", pixels.join(","));
    }
    fs::write(&path, lines).expect("a file");
    let path = format!("dataset.with.source.digits.path={}", path.display());
    let settings = [
        path.as_str(),
        "dataset.with.source.digits.label_column=last",
        "dataset.with.test=40",
        "train.with.network.hidden=[32]",
        "train.with.optimizer.sgd.batch=16",
        "train.with.steps=60",
        "train.with.checkpoints={every: 30}",
    ];
    let data = run("classification", &settings);
    let results = results(&data, "classification");
    let history: Vec<HistoryRow> = read_rows(&results).expect("history");
    assert_eq!(history.last().expect("rows").test_accuracy, Some(1.0));
    let energies: Vec<EnergyRow> = read_rows(&results).expect("energies");
    let outputs = energies.iter().map(|row| row.output).max();
    assert_eq!(outputs, Some(1), "a kernel for each of the two classes");
}

/// Runs a sweep of kernels of infinite networks at a small scale, and holds the number of its variants and the
/// finding that it is about; that finding was measured.
fn kernels(name: &str, settings: &[&str], variants: usize, finding: &str) -> TempDir {
    let data = data();
    let small =
        ["dataset.with.train=48", "dataset.with.test=40", "dataset.with.source.glyphs.side=6"];
    let arguments: Vec<&str> =
        small.iter().chain(settings).flat_map(|setting| ["--set", *setting]).collect();
    let output = pipeline(data.path(), name, &arguments);
    assert!(output.status.success(), "{name}\n{}", text(&output));
    let results = results(&data, name);
    assert!(results.join("report.html").is_file(), "{name}");
    let folders = fs::read_dir(results.join("variants")).expect("a folder for each variant");
    assert_eq!(folders.count(), variants, "{name}");
    let found = findings(&data, name);
    let row = found
        .iter()
        .find(|row| row.finding == finding && row.variant.as_deref() == Some("all"))
        .unwrap_or_else(|| panic!("{name}: {finding}"));
    assert!(row.before.is_some() && row.after.is_some(), "{name}: {row:#?}");
    data
}

/// The same of a pipeline that trains networks beside their limits.
fn networks(name: &str, settings: &[&str], variants: usize, finding: &str) -> TempDir {
    let small =
        ["train.with.steps=24", "train.with.checkpoints={every: 12}", "train.with.history_every=6"];
    let settings: Vec<&str> = small.iter().chain(settings).copied().collect();
    kernels(name, &settings, variants, finding)
}

const SCENES: &str = "dataset.with.source={scenes: {side: 6}}";

#[test]
fn best_practice_goes_through_the_recipe() {
    kernels("best-practice", &[SCENES, "sweep.seed.to=[0, 1]"], 10, "recipe_helps");
}

#[test]
fn zca_compares_whitened_images() {
    kernels("zca", &[SCENES, "sweep.seed.to=[0, 1]"], 12, "whitening_helps");
}

#[test]
fn augmentation_ensemble_takes_draws_together() {
    let settings = ["sweep.draw.to=[0, 1, 2]", "sweep.seed.to=[0, 1]"];
    kernels("augmentation-ensemble", &settings, 6, "ensemble_beats_first");
}

#[test]
fn nngp_ntk_compares_the_two_kernels_of_a_limit() {
    kernels("nngp-ntk", &["sweep.seed.to=[0, 1]"], 12, "nngp_beats_ntk");
}

#[test]
fn precision_rounds_kernels() {
    let settings = ["sweep.size.to=[16, 48]", "sweep.bits.to=[8, 24]"];
    // Eight variants of predictions, and two of the kernels that they share.
    kernels("precision", &settings, 10, "bits_raise_accuracy");
}

#[test]
fn ridge_early_stopping_compares_functions() {
    let settings = ["sweep.seed.to=[0, 1]"];
    kernels("ridge-early-stopping", &settings, 4, "ridge_is_early_stopping");
}

#[test]
fn parameterization_compares_networks_of_two() {
    let settings = ["sweep.seed.to=[0, 1]"];
    networks("parameterization", &settings, 4, "ntk_parameterization_helps");
}

#[test]
fn rate_and_decay_measures_the_distance_to_the_limit() {
    let settings = [
        "sweep.start.to=[0, 1]",
        "train.with.network.hidden=[16]",
        "train.with.checkpoints={every: 12}",
        "train.with.history_every=6",
        "sweep.rate.to={small: [0.5, 24], large: [2.0, 12]}",
    ];
    kernels("rate-and-decay", &settings, 8, "large_rates_leave_the_limit");
}

#[test]
fn width_accuracy_goes_from_narrow_to_wide() {
    let settings = ["sweep.width.to={8: [8, 8], 32: [32, 32]}", "sweep.seed.to=[0, 1]"];
    networks("width-accuracy", &settings, 4, "width_raises_accuracy");
}

#[test]
fn equivariance_compares_three_architectures() {
    let settings = ["sweep.seed.to=[0, 1]", "train.with.optimizer.adam.batch=16"];
    networks("equivariance", &settings, 12, "pooling_helps_wide_networks");
}

#[test]
fn finite_infinite_holds_networks_beside_their_limits() {
    let settings = ["sweep.start.to=[0, 1]", "train.with.optimizer.adam.batch=16"];
    // Six variants of networks, and three of the limits that they share.
    let data = networks("finite-infinite", &settings, 9, "kernel_beats_network");
    let ensembles = results(&data, "finite-infinite").join("ensembles.parquet");
    assert!(ensembles.is_file(), "ensembles of the starts");
}

#[test]
fn finite_alignment_has_three_spectra() {
    let mut settings = vec!["sweep.width.to={8: [8, 8], 16: [16, 16]}", "sweep.seed.to=[0]"];
    let tops = ["", "-limit", "-nngp"].map(|stage| format!("spectrum{stage}.with.top=10"));
    settings.extend(tops.iter().map(String::as_str));
    let data = networks("finite-alignment", &settings, 2, "target_aligns");
    for stage in ["spectrum", "spectrum-limit", "spectrum-nngp"] {
        let energies: Vec<EnergyRow> =
            read_rows(&results(&data, "finite-alignment").join(stage)).expect("energies");
        let steps = energies.iter().map(|row| row.step).max();
        assert_eq!(steps, Some(24), "{stage}");
    }
}

#[test]
fn every_shipped_pipeline_is_tested_here() {
    let own = fs::read_to_string(root().join("tests/shipped.rs")).expect("this file");
    for entry in fs::read_dir(root().join("pipelines")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        assert!(own.contains(&format!("\"{name}\",")), "{name} has no test");
    }
}

/// Runs a pipeline of forgetting at a small scale; the finding that it is about was measured, and the report has a
/// page.
fn forgetting(name: &str, settings: &[&str], finding: &str) -> TempDir {
    let data = data();
    let small = [
        "dataset.with.train=48",
        "dataset.with.test=40",
        "dataset.with.source.glyphs.side=6",
        "train.with.optimizer.sgd.batch=16",
        "train.with.steps=24",
        "train.with.history_every=6",
        "forgetting.with.top=[5]",
        "sweep.run.to=[0, 1]",
    ];
    let arguments: Vec<&str> =
        small.iter().chain(settings).flat_map(|setting| ["--set", *setting]).collect();
    let output = pipeline(data.path(), name, &arguments);
    assert!(output.status.success(), "{name}\n{}", text(&output));
    let results = results(&data, name);
    assert!(results.join("report.html").is_file(), "{name}");
    let found = findings(&data, name);
    let row = found.iter().find(|row| row.finding == finding && row.before.is_some());
    assert!(row.is_some(), "{name}: {finding} in {found:#?}");
    data
}

const RETRAIN: [&str; 5] = [
    "train.with.checkpoints={at: [6]}",
    "retrain.with.optimizer.sgd.batch=8",
    "retrain.with.steps=12",
    "retrain.with.history_every=12",
    "sweep.again.to=[10, 11]",
];

#[test]
fn forgetting_counts_selects_and_trains_again() {
    let settings = [&RETRAIN[..], &["sweep.removed.to=[0.0, 0.5]"]].concat();
    let data = forgetting("forgetting", &settings, "presentations_see_a_part");
    for table in ["sample_scores", "forgetting_curve", "agreement", "difficulty", "pruning"] {
        let file = results(&data, "forgetting").join(format!("{table}.parquet"));
        assert!(file.is_file(), "{table}");
    }
}

#[test]
fn forgetting_noise_finds_wrong_labels() {
    let settings =
        [&RETRAIN[..], &["sweep.removed.to=[0.0, 0.5]", "forgetting.with.early=6"]].concat();
    let data = forgetting("forgetting-noise", &settings, "noise_is_forgotten");
    assert!(results(&data, "forgetting-noise").join("detection.parquet").is_file());
}

#[test]
fn forgetting_architectures_compares_them() {
    forgetting("forgetting-architectures", &[], "forgetting_transfers");
}

#[test]
fn data_pruning_compares_scores() {
    let settings = [&RETRAIN[..], &["sweep.removed.to=[0.0, 0.5]"]].concat();
    forgetting("data-pruning", &settings, "learned_late_is_forgotten");
}

#[test]
fn continual_trains_on_two_halves_in_turn() {
    let settings = [
        "train.with.checkpoints={at: [6]}",
        "hard.with.optimizer.sgd.batch=8",
        "easy.with.optimizer.sgd.batch=8",
        "hard-again.with.optimizer.sgd.batch=8",
        "easy-again.with.optimizer.sgd.batch=8",
        "sweep.again.to=[10, 11]",
    ];
    let data = forgetting("continual", &settings, "easy_samples_stay");
    // Two orders, and three phases after the first.
    let file = File::open(results(&data, "continual").join("retention.parquet")).expect("a table");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 6);
}

#[test]
fn permuted_pixels_are_learned_by_two_networks() {
    let settings: Vec<String> = ["dense", "convolutional"]
        .into_iter()
        .flat_map(|stage| {
            ["optimizer.sgd.batch=16", "steps=24", "history_every=6"]
                .map(|setting| format!("{stage}.with.{setting}"))
        })
        .collect();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let data = data();
    let small = [
        "dataset.with.train=48",
        "dataset.with.test=40",
        "forgetting-dense.with.top=[5]",
        "forgetting-convolutional.with.top=[5]",
        "sweep.run.to=[0, 1]",
    ];
    let arguments: Vec<&str> =
        small.iter().chain(&settings).flat_map(|setting| ["--set", *setting]).collect();
    let output = pipeline(data.path(), "permuted", &arguments);
    assert!(output.status.success(), "{}", text(&output));
    for finding in ["permuted_pixels_hurt_convolutions", "permuted_pixels_hurt_dense_layers"] {
        let found = findings(&data, "permuted");
        let row = found.iter().find(|row| row.finding == finding).expect(finding);
        // Two seeds.
        assert_eq!(row.n, Some(2), "{row:?}");
    }
}

/// Runs a pipeline on codes at a small scale; the finding that it is about was measured.
fn codes(name: &str, settings: &[&str], finding: &str) -> TempDir {
    let data = data();
    let small = [
        "dataset.with.test=40",
        "dataset.with.source.glyphs.side=6",
        "train.with.optimizer.sgd.batch=16",
        "train.with.steps=24",
        "train.with.checkpoints={at: [6]}",
        "train.with.history_every=12",
        "sweep.run.to=[0, 1]",
    ];
    let arguments: Vec<&str> =
        small.iter().chain(settings).flat_map(|setting| ["--set", *setting]).collect();
    let output = pipeline(data.path(), name, &arguments);
    assert!(output.status.success(), "{name}\n{}", text(&output));
    assert!(results(&data, name).join("report.html").is_file(), "{name}");
    let found = findings(&data, name);
    let row = found.iter().find(|row| row.finding == finding && row.before.is_some());
    assert!(row.is_some(), "{name}: {finding} in {found:#?}");
    data
}

#[test]
fn codes_tell_samples_and_classes_apart_by_width() {
    let settings = ["dataset.with.train=48", "sweep.width.to=[4, 32]"];
    let data = codes("codes", &settings, "width_separates_codes");
    for table in ["encoding", "regimes", "code_neighbours", "code_plane"] {
        let file = results(&data, "codes").join(format!("{table}.parquet"));
        assert!(file.is_file(), "{table}");
    }
}

#[test]
fn codes_noise_flips_labels() {
    let settings = ["dataset.with.train=48", "sweep.flips.to=[0.0, 0.5]"];
    codes("codes-noise", &settings, "noise_separates_codes");
}

#[test]
fn codes_regularization_decays_weights() {
    let settings = ["dataset.with.train=48"];
    codes("codes-regularization", &settings, "decay_makes_codes_redundant");
}

#[test]
fn codes_networks_compares_convolutions_with_dense_layers() {
    codes("codes-networks", &["dataset.with.train=48"], "convolutions_make_codes");
}

#[test]
fn code_kernels_compares_kernels_of_active_units() {
    let top = ["dataset.with.train=48", "spectrum.with.top=10", "spectrum-match.with.top=10"];
    codes("code-kernels", &top, "paths_are_nearer_than_codes");
}

#[test]
fn phase_chart_gathers_widths_and_samples() {
    let settings = ["sweep.width.to=[4, 32]", "sweep.samples.to=[24, 48]"];
    let data = codes("phase-chart", &settings, "redundancy_falls_across");
    let file = File::open(results(&data, "phase-chart").join("phases.parquet")).expect("a table");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    // With and without a norm, two widths, two numbers of samples, three steps.
    assert_eq!(reader.metadata().file_metadata().num_rows(), 24);
}

#[test]
fn regions_are_counted_along_lines_and_on_planes() {
    let data = data();
    let settings = [
        "train.with.steps=40",
        "train.with.checkpoints={at: [20]}",
        "train.with.history_every=20",
        "regions.with.lines=8",
        "regions.with.resolution=40",
    ];
    let arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
    let output = pipeline(data.path(), "regions", &arguments);
    assert!(output.status.success(), "{}", text(&output));
    let results = results(&data, "regions");
    assert!(results.join("report.html").is_file());
    for table in ["regions_on_lines", "regions_on_planes"] {
        assert!(results.join(format!("{table}.parquet")).is_file(), "{table}");
    }
}

//! The stage as a whole, on made-up runs.

mod made_up;

use std::fs;
use std::path::{Path, PathBuf};

use artifact::tables::findings::{FindingRow, Verdict};
use artifact::tables::kernel::Reduction;
use artifact::{Kind, LayerOutline, Manifest, read_rows};
use made_up::Run;
use report::{Parameters, Report};
use serde_json::json;
use stage::{Context, Input, Inputs, Limits, Outlines, Stage, StageError};
use tempfile::TempDir;

const LIMITS: Limits = Limits { threads: 1, memory_bytes: 1 << 30 };

/// A report in its own folder, which goes when this does.
struct Made {
    folder: TempDir,
    page: String,
    findings: Vec<FindingRow>,
}

impl Made {
    fn output(&self) -> PathBuf {
        self.folder.path().join("report")
    }

    /// Names of the files in `figures/` with this ending.
    fn figures(&self, ending: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.output().join("figures"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(ending).map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    fn verdicts(&self) -> Vec<Verdict> {
        self.findings.iter().map(|row| row.verdict).collect()
    }
}

fn try_report(run: &Run, parameters: &Parameters) -> Result<Made, StageError> {
    let folder = tempfile::tempdir().unwrap();
    let inputs = run.write(folder.path());
    made(folder, &inputs, parameters)
}

fn made(folder: TempDir, inputs: &Inputs, parameters: &Parameters) -> Result<Made, StageError> {
    let output = folder.path().join("report");
    fs::create_dir(&output).unwrap();
    Report::run(parameters, inputs, &output, &Context::silent(0, LIMITS))?;
    let page = fs::read_to_string(output.join("report.html")).unwrap();
    let findings = read_rows(&output).unwrap();
    Ok(Made { folder, page, findings })
}

fn report(run: &Run) -> Made {
    try_report(run, &Parameters::default()).unwrap()
}

/// Every figure that stands by itself in `figures/` stands on the page too, and none is empty.
fn every_figure_is_on_the_page(made: &Made) {
    let names = made.figures(".svg");
    assert_eq!(names.len(), made.page.matches("<figure id=").count());
    for name in names {
        assert!(made.page.contains(&format!("<figure id=\"figure-{name}\">")), "{name}");
        let svg = fs::read_to_string(made.output().join(format!("figures/{name}.svg"))).unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{name}");
        assert_eq!(svg.matches('<').count(), svg.matches('>').count(), "{name}");
        let drawn = ["<polyline", "<line", "<image", "<circle"];
        // A map is nothing but tiles.
        let tiles = name.ends_with("_map") && svg.matches("<rect x=").count() > 50;
        assert!(tiles || drawn.iter().any(|tag| svg.contains(tag)), "{name} draws nothing");
        assert!(!svg.contains("NaN"), "{name}");
    }
}

/// The page without plotly's own source.
fn without_plotly(page: &str) -> String {
    let start = page.find("<script type=\"text/javascript\">").unwrap();
    let end = start + page[start..].find("</script>").unwrap();
    format!("{}{}", &page[..start], &page[end..])
}

/// What the page's tags load, plotly's own source left out.
fn loaded(page: &str) -> Vec<String> {
    let own = without_plotly(page);
    let mut found = Vec::new();
    for attribute in [" src=", " href=", "@import", "url("] {
        for (at, _) in own.match_indices(attribute) {
            found.push(own[at + attribute.len()..].chars().take(60).collect());
        }
    }
    found
}

#[test]
fn a_run_with_pictures_has_every_figure_and_finding() {
    let made = report(&Run::default());
    Manifest::record_tables(&made.output(), Kind::REPORT).unwrap();
    assert_eq!(
        made.figures(".svg"),
        [
            "alignment",
            "effective_rank",
            "eigenfunctions",
            "eigenspace_overlap",
            "eigenvalues",
            "energy_over_k",
            "energy_over_steps",
            "first_order_error",
            "frequency",
            "frozen_descent",
            "function",
            "kernel_rows",
            "loss",
            "mode_energy",
            "overlap_map",
            "principal_angles",
            "spectrum",
            "speeds",
        ]
    );
    every_figure_is_on_the_page(&made);
    // Samples, target, learned, error; six eigenfunctions at three checkpoints, five kernel rows
    // at two.
    assert_eq!(made.figures(".png").len(), 4 + 18 + 10);
    assert_eq!(made.page.matches("<img src=\"data:").count(), 4 + 18 + 10);
    // Every plot has a picture for readers without JavaScript.
    assert_eq!(
        made.page.matches("<noscript><img ").count(),
        made.page.matches("class=\"plot\"").count()
    );
    // Learned, error, eigenfunctions and kernel rows once more, at the slider.
    assert_eq!(made.page.matches("<canvas ").count(), 2 + 6 + 5);
    let verdicts = made.verdicts();
    let (paper, edge) = verdicts.split_at(11);
    assert_eq!(paper, [Verdict::Holds; 11], "{:#?}", made.findings);
    // The rate of this run decays.
    assert_eq!(edge, [Verdict::NotApplicable; 2]);
    assert!(made.findings.iter().all(|row| row.variant.is_none()));
    // Neither the first nor the last checkpoint: energies are read at every one.
    assert_eq!(made.findings[5].note.as_deref(), Some("The minimum is at step 500."));
    for row in &made.findings {
        assert!(
            made.page
                .contains(&format!("<details class=\"finding\" id=\"finding-{}\">", row.finding))
        );
    }
    assert_eq!(made.page.matches("✓ holds").count(), 11);
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let made = report(&Run::default());
    let loaded = loaded(&made.page);
    assert!(!loaded.is_empty());
    for address in loaded {
        // Pictures within the page, tables and figures beside it, and places on the page.
        let own = address.starts_with("\"data:image/png;base64,")
            || address.starts_with("\"#")
            || address.split('"').nth(1).is_some_and(|file| {
                let beside = file.strip_prefix("figures/").unwrap_or(file);
                let ending = beside.rsplit('.').next().unwrap_or_default();
                ["parquet", "svg"].contains(&ending) && !beside.contains([':', '/'])
            });
        assert!(own, "{address}");
    }
    // plotly.js once, the page's two own scripts, and data: no MathJax.
    let data = made.page.matches("<script type=\"application/json\">").count();
    let own = without_plotly(&made.page);
    assert_eq!(own.matches("<script").count(), 2 + data);
}

/// Decay 0.5 and 1, two seeds each.
fn swept() -> Made {
    let mut variants = Vec::new();
    for decay in [0.5, 1.0] {
        for seed in [0, 1] {
            let train = 80 + seed;
            variants.push((
                json!({"decay": decay, "seed": seed}),
                Run { train, decay, ..Run::default() },
            ));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let inputs = made_up::sweep(folder.path(), &variants);
    made(folder, &inputs, &Parameters::default()).unwrap()
}

#[test]
fn a_sweep_has_one_report_that_compares_its_variants() {
    let made = swept();
    Manifest::record_tables(&made.output(), Kind::REPORT).unwrap();
    every_figure_is_on_the_page(&made);
    let figures = made.figures(".svg");
    for name in ["sweep_ends", "sweep_functions", "sweep_loss", "eigenvalues"] {
        assert!(figures.contains(&name.to_owned()), "{name} of {figures:?}");
    }
    assert!(made.page.contains("<option value=\"0\">decay=0.5, seed=0</option>"));
    assert!(made.page.contains("<dt>sweep: decay</dt><dd>0.5, 1.0</dd>"));
    let of = |finding: &str, variant: &str| {
        let mut rows = made.findings.iter();
        let found =
            rows.find(|row| row.finding == finding && row.variant.as_deref() == Some(variant));
        found.unwrap_or_else(|| panic!("{finding} of {variant}"))
    };
    assert_eq!(of("target_aligns", "decay=1.0,seed=1").verdict, Verdict::Holds);
    assert_eq!(of("decay_raises_eigenvalues", "decay=1.0,seed=1").verdict, Verdict::NotApplicable);
    assert_eq!(of("decay_grows", "all").verdict, Verdict::Holds);
    assert_eq!(of("depth_aligns", "all").verdict, Verdict::NotApplicable);
    assert_eq!(of("target_aligns", "all").verdict, Verdict::Holds);
    assert_eq!((of("decay_grows", "all").n, of("target_aligns", "all").n), (Some(2), Some(2)));
    // Thirteen findings of four variants, and of all; five of axes.
    assert_eq!(made.findings.len(), 13 * 4 + 13 + 5);
}

#[test]
fn a_sweep_whose_dataset_does_not_vary_shares_it() {
    let folder = tempfile::tempdir().unwrap();
    let variants = [8, 16].map(|width| (json!({"width": width, "seed": 0}), Run::default()));
    let mut inputs = made_up::sweep(folder.path(), &variants);
    let shared = Run::default().write(&folder.path().join("shared")).many("results")[0].clone();
    let all = inputs.0.get_mut("results").unwrap();
    all.retain(|input| input.stage.as_deref() != Some("dataset"));
    // It depends on the second axis alone.
    let dataset = json!({ "directory": shared.directory, "axes": {"seed": 0}, "stage": "dataset" });
    let mut dataset: Input = serde_json::from_value(dataset).unwrap();
    for axis in dataset.axes.values_mut() {
        axis.sets = vec!["seed".to_owned()];
    }
    all.push(dataset);
    let made = made(folder, &inputs, &Parameters::default()).unwrap();
    assert_eq!(made.page.matches("<details class=\"finding").count(), 18);
    assert!(made.findings.iter().all(|row| row.variant.as_deref() != Some("seed=0")));
}

#[test]
fn a_spectrum_alone_has_a_report_without_what_its_training_run_would_show() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = Run::default().write(folder.path());
    let all = inputs.0.get_mut("results").unwrap();
    all.retain(|input| input.stage.as_deref() == Some("spectrum"));
    let made = made(folder, &inputs, &Parameters::default()).unwrap();
    let figures = made.figures(".svg");
    assert!(figures.contains(&"alignment".to_owned()) && !figures.contains(&"loss".to_owned()));
    assert_eq!(made.findings.len(), 13);
    every_figure_is_on_the_page(&made);
}

#[test]
fn spectra_of_two_stages_are_variants_by_their_names_and_counted_by_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = Run::default().write(&folder.path().join("ntk"));
    // Of the same training run, a kernel that hardly turns.
    let stays = Run { turn: 0.05, ..Run::default() };
    let mut other = stays.write(&folder.path().join("rbf")).many("results")[2].clone();
    other.stage = Some("rbf_spectrum".to_owned());
    inputs.0.get_mut("results").unwrap().push(other);
    let made = made(folder, &inputs, &Parameters::default()).unwrap();
    let of = |variant: &str| {
        let mut rows = made.findings.iter().filter(|row| row.finding == "kernel_changes");
        rows.find(|row| row.variant.as_deref() == Some(variant)).unwrap()
    };
    assert_eq!(of("spectrum=spectrum").verdict, Verdict::Holds);
    assert_eq!(of("spectrum=rbf_spectrum").verdict, Verdict::DoesNotHold);
    assert_eq!(of("all").verdict, Verdict::DoesNotHold);
    assert_eq!(
        of("all").note.as_deref(),
        Some("Holds in 1 of the 2 variants to which it applies. Fails in spectrum=rbf_spectrum.")
    );
    assert!(made.page.contains("<option value=\"0\">spectrum=spectrum</option>"));
}

#[test]
fn findings_and_figures_leave_out_what_is_not_resolved_and_say_so() {
    let made = report(&Run { resolved: 3, ..Run::default() });
    let of = |name: &str| made.findings.iter().find(|row| row.finding == name).unwrap();
    for name in ["target_aligns", "target_aligns_on_test", "output_in_top", "learning_along_top"] {
        assert_eq!(of(name).verdict, Verdict::NotApplicable, "{name}");
        let note = of(name).note.as_ref().unwrap();
        assert!(note.starts_with("3 of 50 resolved"), "{name}: {note}");
    }
    assert_eq!(of("above_sinusoids").verdict, Verdict::NotApplicable);
    let low = of("low_frequencies_first");
    assert_eq!(low.verdict, Verdict::NotApplicable);
    assert!(low.note.as_ref().unwrap().starts_with("3 of 16 resolved"), "{low:?}");
    assert_eq!(of("kernel_changes").verdict, Verdict::Holds, "it needs no eigenvector");
    assert!(made.page.contains("Of the 50 leading eigenpairs, 3 are resolved"));
    // Three eigenfunctions are drawn where six were asked for.
    let drawn = made.figures(".png");
    assert_eq!(drawn.iter().filter(|name| name.starts_with("eigenfunctions-")).count(), 9);
    every_figure_is_on_the_page(&made);
}

#[test]
fn rates_that_fade_away_leave_a_report_without_empty_axes() {
    // δ falls to 1e-320, whose 2/δ is beyond all numbers, and the bounds of the spectrum are NULL.
    for decay in [1e-80, 1e-200] {
        let made = report(&Run { decay, sharp: true, unbounded: true, ..Run::default() });
        every_figure_is_on_the_page(&made);
        assert!(made.figures(".svg").contains(&"loss".to_owned()));
    }
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let (first, second) = (report(&Run::default()), report(&Run::default()));
    assert!(first.page == second.page);
    let files = |made: &Made| -> Vec<Vec<u8>> {
        let mut paths: Vec<PathBuf> = fs::read_dir(made.output().join("figures"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    };
    assert!(files(&first) == files(&second));
    let table = |made: &Made| fs::read(made.output().join("findings.parquet")).unwrap();
    assert!(table(&first) == table(&second));
}

#[test]
fn pictures_show_the_test_samples_where_these_are_a_grid_and_training_samples_otherwise() {
    assert!(report(&Run::default()).page.contains("nearest of the 100 test samples"));
    let without = Run { test: 0, ..Run::default() };
    assert!(report(&without).page.contains("nearest of the 80 training samples"));
    let few = Run { test: 30, ..Run::default() };
    assert!(report(&few).page.contains("nearest of the 80 training samples"));
}

#[test]
fn an_eigenfunction_is_drawn_from_its_own_row_with_y_pointing_down() {
    for test in [100, 0] {
        let made = report(&Run { test, ..Run::default() });
        let pixel = |index: u32, x: u32, y: u32| {
            let name = format!("figures/eigenfunctions-{index:02}-step-0000000000.png");
            image::open(made.output().join(name)).unwrap().to_rgb8().get_pixel(x, y).0
        };
        // cos πx and cos πy at step 0: orange is positive, blue negative.
        let is_orange = |rgb: [u8; 3]| rgb[0] > rgb[2];
        assert!(is_orange(pixel(1, 5, 64)) && !is_orange(pixel(1, 120, 64)));
        assert!(is_orange(pixel(4, 64, 5)) && !is_orange(pixel(4, 64, 120)));
    }
}

#[test]
fn a_run_in_five_dimensions_without_a_test_split_has_no_pictures_and_says_so() {
    let made = report(&Run { input_dim: 5, test: 0, ..Run::default() });
    assert!(made.figures(".png").is_empty());
    assert!(!made.figures(".svg").contains(&"function".to_owned()));
    assert!(!made.page.contains("Nyström"));
    every_figure_is_on_the_page(&made);
}

/// A run on images of 4 × 6.
fn of_images(channels: u64) -> Run {
    let input_dim = 4 * 6 * usize::try_from(channels).unwrap();
    Run { input_dim, input_shape: Some(vec![4, 6, channels]), ..Run::default() }
}

#[test]
fn eigenfunctions_over_images_are_shown_by_the_images_that_carry_them() {
    for channels in [1, 3] {
        let made = report(&of_images(channels));
        every_figure_is_on_the_page(&made);
        // Four images at either end of each of six eigenfunctions.
        let pictures = made.figures(".png");
        assert_eq!(pictures.len(), 6 * 8, "{pictures:?}");
        let picture = |name: &String| {
            image::open(made.output().join(format!("figures/{name}.png"))).unwrap().to_rgb8()
        };
        let images: Vec<_> = pictures.iter().map(picture).collect();
        // 128 pixels hold 21 times a width of 6.
        assert!(images.iter().all(|image| image.dimensions() == (126, 84)));
        let grey = |rgb: &image::Rgb<u8>| rgb.0[0] == rgb.0[1] && rgb.0[1] == rgb.0[2];
        assert_eq!(images.iter().all(|image| image.pixels().all(grey)), channels == 1);
        let bytes = || images.iter().flat_map(|image| image.pixels()).flat_map(|rgb| rgb.0);
        assert_eq!((bytes().min(), bytes().max()), (Some(0), Some(255)), "one scale for all");
        assert_eq!(made.page.contains("The images and their channels share"), channels == 3);
    }
}

#[test]
fn samples_of_another_shape_than_their_dataset_states_are_refused() {
    let odd = Run { input_shape: Some(vec![5, 5, 3]), ..of_images(3) };
    let error = try_report(&odd, &Parameters::default()).err().unwrap();
    assert!(error.message.contains("the input shape 5 × 5 × 3, its samples have 72 numbers"));
}

fn layer(name: &str, output: &[u64], parameters: u64) -> LayerOutline {
    let (input, output) = (vec![4, 6, 3], output.to_vec());
    let layer = name.to_owned();
    LayerOutline { layer, input, output, parameters, flops: 12_345, branches: Vec::new() }
}

#[test]
fn the_network_is_drawn_from_the_layers_that_its_training_states() {
    let made = report(&Run {
        layers: Some(vec![layer("conv 3 × 3", &[4, 6, 8], 224), layer("dense 1", &[1], 193)]),
        ..of_images(3)
    });
    assert!(made.page.contains(
        "<title>conv 3 × 3: 4 × 6 × 3 → 4 × 6 × 8, 224 parameters, 12,300 flops per sample</title>"
    ));
    assert!(made.page.contains("417 parameters, 24,700 flops per sample"));
}

#[test]
fn a_network_of_dense_layers_is_drawn_from_their_widths() {
    let made = report(&Run::default());
    assert_eq!(made.page.matches("<figure class=\"network\">").count(), 1);
    assert!(made.page.contains(
        "aria-label=\"The network from 2 to 1: dense 256, leaky relu 0.01, dense 256, leaky relu 0.01, dense 256, leaky relu 0.01, dense 1\""
    ));
}

#[test]
fn over_a_sweep_each_network_is_drawn_once_behind_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut variants = Vec::new();
    for (depth, hidden) in [(1, vec![8]), (2, vec![8, 8])] {
        for decay in [0.5, 1.0] {
            let axes = json!({"depth": depth, "decay": decay});
            variants.push((axes, Run { hidden: hidden.clone(), ..Run::default() }));
        }
    }
    let inputs = made_up::sweep(folder.path(), &variants);
    let made = made(folder, &inputs, &Parameters::default()).unwrap();
    assert_eq!(made.page.matches("<figure class=\"network\">").count(), 2);
    for depth in [1, 2] {
        assert!(made.page.contains(&format!("<summary>network of depth={depth}</summary>")));
    }
}

#[test]
fn a_run_of_one_variable_draws_its_functions_as_lines() {
    let made = report(&Run { input_dim: 1, test: 0, ..Run::default() });
    assert!(made.figures(".png").is_empty());
    assert!(made.figures(".svg").contains(&"eigenfunctions".to_owned()));
    every_figure_is_on_the_page(&made);
}

#[test]
fn several_outputs_are_drawn_beside_each_other_under_every_reduction() {
    for reduction in [Reduction::Full, Reduction::Trace, Reduction::PerOutput] {
        let made = report(&Run { outputs: 4, reduction, ..Run::default() });
        // Samples, three of the four outputs with three pictures each, eigenfunctions, kernel rows.
        assert_eq!(made.figures(".png").len(), 1 + 9 + 18 + 10, "{reduction:?}");
        every_figure_is_on_the_page(&made);
        assert_eq!(made.findings.len(), 13);
        let selectable = made.page.contains("<option value=\"3\">output 3</option>");
        assert_eq!(selectable, reduction == Reduction::PerOutput);
    }
}

#[test]
fn a_run_with_one_checkpoint_still_has_a_report() {
    let made = report(&Run { checkpoints: vec![0], ..Run::default() });
    assert!(made.page.contains("The run has one checkpoint only"));
    assert_eq!(made.figures(".png").len(), 4 + 6 + 5);
    assert!(!made.page.contains("<canvas") && !made.page.contains("id=\"slider\""));
    every_figure_is_on_the_page(&made);
    assert_eq!(made.verdicts()[0], Verdict::NotApplicable);
    assert_eq!(made.verdicts()[2], Verdict::NotApplicable);
}

#[test]
fn sharpness_is_drawn_where_it_was_measured() {
    let sharp = Run { sharp: true, ..Run::default() };
    let made = report(&sharp);
    assert!(made.figures(".svg").contains(&"sharpness".to_owned()));
    every_figure_is_on_the_page(&made);
    let folder = tempfile::tempdir().unwrap();
    let variants = [0.25, 0.5].map(|rate| (json!({"rate": rate}), sharp.clone()));
    let inputs = made_up::sweep(folder.path(), &variants);
    let swept = self::made(folder, &inputs, &Parameters::default()).unwrap();
    assert!(swept.figures(".svg").contains(&"sweep_sharpness".to_owned()));
}

#[test]
fn figures_without_data_are_left_out() {
    let made = report(&Run { bare: true, ..Run::default() });
    let figures = made.figures(".svg");
    assert!(!figures.contains(&"first_order_error".to_owned()));
    assert!(!figures.contains(&"effective_rank".to_owned()));
    assert!(!made.page.contains("dashed line is 2N/δ"));
    every_figure_is_on_the_page(&made);
    assert_eq!(made.verdicts()[7..10], [Verdict::NotApplicable; 3]);
}

#[test]
fn fewer_eigenvectors_than_asked_for_stand_for_the_top() {
    let made = report(&Run { eigenvectors: 20, ..Run::default() });
    assert!(made.findings[2].measure.contains("E(ȳ, 20)"));
}

#[test]
fn a_long_history_is_thinned_to_a_page_that_opens_fast() {
    let checkpoints = vec![0, 50_000];
    let made = report(&Run { checkpoints, history_rows: 50_000, ..Run::default() });
    // Beside plotly's own 4.7 MB.
    let own = without_plotly(&made.page).len();
    assert!(own < 1_000_000, "{own} bytes");
}

/// Reading the vectors of one checkpoint at a time, each time from the start of the file, took two
/// minutes here.
#[test]
fn fifty_checkpoints_at_two_thousand_samples_make_a_page_that_opens_fast() {
    let checkpoints = (0..50).map(|i| 2_000 * i).collect();
    let made = report(&Run {
        train: 2_000,
        test: 48 * 48,
        checkpoints,
        eigenvectors: 50,
        ..Run::default()
    });
    let own = without_plotly(&made.page).len();
    assert!(own < 4_000_000, "{own} bytes");
    every_figure_is_on_the_page(&made);
    assert_eq!(made.page.matches("<canvas ").count(), 2 + 6 + 5);
}

#[test]
fn a_title_of_the_user_s_heads_the_page() {
    let parameters = Parameters { title: Some("Halving <δ>".to_owned()), ..Parameters::default() };
    let made = try_report(&Run::default(), &parameters).unwrap();
    assert!(made.page.contains("<h1>Halving &lt;δ&gt;</h1>"));
}

#[test]
fn a_damaged_or_missing_table_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = Run::default().write(folder.path());
    let energy = folder.path().join("spectrum/energy.parquet");
    let refused = |expected: &Path| {
        let output = folder.path().join("report");
        fs::create_dir_all(&output).unwrap();
        let context = Context::silent(0, LIMITS);
        let error = Report::run(&Parameters::default(), &inputs, &output, &context).unwrap_err();
        assert!(error.message.contains(&*expected.to_string_lossy()), "{}", error.message);
    };
    let bytes = fs::read(&energy).unwrap();
    fs::write(&energy, &bytes[..bytes.len() / 2]).unwrap();
    refused(&energy);
    fs::remove_file(&energy).unwrap();
    refused(&energy);
}

#[test]
fn tables_of_different_runs_are_refused() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut inputs = Run::default().write(one.path());
    let others = Run { test: 81, train: 81, ..Run::default() }.write(other.path());
    inputs.0.get_mut("results").unwrap()[0] = others.many("results")[0].clone();
    let error =
        Report::run(&Parameters::default(), &inputs, one.path(), &Context::silent(0, LIMITS))
            .unwrap_err();
    assert!(error.message.contains("belong to one run"), "{}", error.message);
}

fn figure(written: &serde_json::Value) -> Parameters {
    serde_json::from_value(json!({ "figures": [written] })).unwrap()
}

#[test]
fn a_figure_of_the_user_s_own_is_drawn_from_any_table() {
    for (mark, more) in [
        ("line", json!({ "series": "index", "where": { "index": [1, 2] } })),
        (
            "scatter",
            json!({ "x": { "column": "index", "scale": "log" }, "where": { "step": "last" } }),
        ),
        ("bars", json!({ "x": "index", "where": { "step": "last", "index": { "at_most": 9 } } })),
        ("histogram", json!({ "x": "eigenvalue", "y": null, "bins": 7 })),
        (
            "band",
            json!({ "upper": { "column": "eigenvalue", "times": 2 }, "where": { "index": 1 } }),
        ),
        (
            "heat_map",
            json!({ "y": "index", "value": "eigenvalue", "where": { "index": { "at_most": 5 } } }),
        ),
        (
            "picture",
            json!({ "y": "index", "value": "eigenvalue", "hue": "eigenvalue", "film": "step" }),
        ),
    ] {
        let mut written = json!({
            "name": if mark == "heat_map" { "own_map" } else { "own" }, "title": "My own", "table": "eigenvalues", "mark": mark, "x": "step", "y": "eigenvalue",
        });
        written.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = try_report(&Run::default(), &figure(&written)).unwrap();
        assert!(made.figures(".svg").iter().any(|name| name.starts_with("own")), "{mark}");
        every_figure_is_on_the_page(&made);
    }
}

#[test]
fn a_figure_that_cannot_be_drawn_is_refused_where_it_is_wrong_before_anything_runs() {
    let kinds = vec![Kind::SPECTRUM, Kind::TRAINING];
    let inputs = Outlines::default().with_kinds([("results".to_owned(), kinds)].into());
    let problems = |written: serde_json::Value| {
        let found = Report::plan(&figure(&written), &inputs, &LIMITS).problems;
        found.into_iter().map(|problem| (problem.at, problem.message)).collect::<Vec<_>>()
    };
    let fine = json!({ "name": "own", "table": "energy", "x": "step", "y": "relative_energy",
        "where": { "signal": "target", "k": 10 } });
    assert_eq!(problems(fine), []);
    let table = problems(json!({ "name": "own", "table": "energi", "x": "step", "y": "k" }));
    assert_eq!(table[0].0, "/figures/0/table");
    assert!(table[0].1.starts_with("there is no table `energi`; there are eigenvalues, energy"));
    let column = problems(json!({ "name": "own", "panels": [
        { "table": "energy", "x": "step", "layers": [{ "y": "energy" }] } ] }));
    assert_eq!(column[0].0, "/figures/0/panels/0/layers/0/y");
    assert!(
        column[0].1.starts_with("the table `energy` has no column `energy`; it has step, output")
    );
    let text = problems(json!({ "name": "own", "table": "energy", "x": "step", "y": "signal" }));
    assert!(text[0].1.contains("holds text, where numbers are needed"), "{text:?}");
    let word = problems(json!({ "name": "own", "table": "energy", "x": "step", "y": "k",
        "where": { "signal": "targets" } }));
    assert_eq!(word[0].0, "/figures/0/where/signal");
    assert!(word[0].1.contains("never holds `targets`"));
    let wrong = serde_json::from_value::<Parameters>(json!({ "figures": [{ "name": "own" }] }));
    assert!(wrong.unwrap_err().to_string().contains("the figure `own`: it needs `table`"));
}

#[test]
fn panels_that_differ_in_their_rows_alone_are_all_drawn_over_a_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let variants = [0.25, 0.5].map(|rate| (json!({"rate": rate}), Run::default()));
    let inputs = made_up::sweep(folder.path(), &variants);
    let panel = |split| {
        json!({ "table": "energy", "x": "step", "y": "relative_energy",
            "where": { "split": split, "signal": "target", "k": 10 } })
    };
    let parameters = figure(&json!({ "name": "own", "panels": [panel("train"), panel("test")] }));
    let made = made(folder, &inputs, &parameters).unwrap();
    let svg = fs::read_to_string(made.output().join("figures/sweep_own.svg")).unwrap();
    // Two panels with an axis of steps each, and the same of one variant.
    assert_eq!(svg.matches(">step<").count() + svg.matches("\nstep\n").count(), 2);
    assert!(made.figures(".svg").contains(&"own".to_owned()));
}

#[test]
fn what_a_failed_variant_has_left_is_no_variant() {
    let folder = tempfile::tempdir().unwrap();
    let variants = [0.25, 0.5].map(|rate| (json!({"rate": rate}), Run::default()));
    let mut inputs = made_up::sweep(folder.path(), &variants);
    // The spectrum of the second is missing, its training is there.
    let all = inputs.0.get_mut("results").unwrap();
    let missing = all.pop().unwrap();
    let failed = stage::FailedInput::new(
        "results",
        &missing,
        "spectrum".to_owned(),
        "the disk is full".to_owned(),
    );
    let output = folder.path().join("report");
    fs::create_dir(&output).unwrap();
    let mut context = Context::silent(0, LIMITS);
    context.failed = vec![failed];
    Report::run(&Parameters::default(), &inputs, &output, &context).unwrap();
    let page = fs::read_to_string(output.join("report.html")).unwrap();
    assert!(page.contains("Variants that failed") && page.contains("the disk is full"));
    let findings: Vec<FindingRow> = read_rows(&output).unwrap();
    assert_eq!(findings.len(), 13, "of the one that is left");
}

#[test]
fn a_training_that_goes_on_from_another_is_no_alternative_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = Run::default().write(folder.path());
    let all = inputs.0.get_mut("results").unwrap();
    // The training run was made from another, which is wired as well.
    let first = Run::default().write(&folder.path().join("first")).many("results")[1].clone();
    let set = |input: &Input, key: &str, from: &str| {
        let mut manifest = input.manifest().unwrap();
        manifest.key = key.to_owned();
        manifest.inputs.insert("training".to_owned(), vec![from.to_owned()]);
        manifest.write(input.path()).unwrap();
    };
    set(&first, "first", "none");
    set(&all[1], "second", "first");
    set(&all[2], "spectrum", "second");
    all.push(Input { stage: Some("pretrain".to_owned()), ..first });
    let made = made(folder, &inputs, &Parameters::default()).unwrap();
    assert!(made.findings.iter().all(|row| row.variant.is_none()), "one run");
    assert_eq!(made.findings.len(), 13);
}

#[test]
fn a_table_with_a_file_for_each_step_is_refused_in_a_figure() {
    let kinds = vec![Kind::TRAINING];
    let inputs = Outlines::default().with_kinds([("results".to_owned(), kinds)].into());
    let written = json!({ "name": "own", "table": "checkpoints", "x": "step", "y": "step" });
    let found = Report::plan(&figure(&written), &inputs, &LIMITS).problems;
    assert_eq!(
        found[0].message,
        "`checkpoints` has a file for each step, which figures do not read"
    );
}

#[test]
fn defaults_are_what_the_schema_says() {
    let schema = schemars::schema_for!(Parameters).to_value();
    assert_eq!(schema["properties"]["picture_width"]["default"], 128);
    let parsed: Parameters = serde_json::from_str("{}").unwrap();
    assert_eq!(parsed, Parameters::default());
}

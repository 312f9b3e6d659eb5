//! Figures across a sweep: the same measure of every variant.

mod ends;
mod functions;
mod lines;

use artifact::tables::spectrum::AlignmentMetric;
use artifact::tables::{Signal, Split};

use super::{at, figure, or_gap, sharpness};
use crate::error::ReportError;
use crate::figure::{Arrangement, Axis, Content, Figure, Panel};
use crate::functions::Functions;
use crate::measures::Measures;
use crate::variant::Group;
use lines::{Lines, panels};

/// The figures across the groups of a sweep; `drawn` has the functions of the first variant of
/// each.
///
/// # Errors
/// Where a picture cannot be encoded.
pub fn across(
    groups: &[Group],
    drawn: &[Functions],
    picture_width: u32,
) -> Result<Vec<Figure>, ReportError> {
    let mut figures = Vec::new();
    figures.extend(functions::figure_of(groups, drawn, picture_width)?);
    figures.extend(
        [
            ends::figure_of(groups),
            losses(groups),
            eigenvalues(groups),
            sharpnesses(groups),
            energies(groups),
            energies_over_k(groups),
            distances(groups),
            frequencies(groups),
        ]
        .into_iter()
        .flatten(),
    );
    Ok(figures)
}

/// How lines of repetitions are told apart from their mean, in a sentence.
fn repetitions(groups: &[Group]) -> &'static str {
    if groups.iter().any(|group| group.members.len() > 1) {
        " Thin lines are single seeds, thick ones their mean."
    } else {
        ""
    }
}

fn plot(rows: impl IntoIterator<Item = Vec<Option<Panel>>>) -> Option<Content> {
    Content::plot(Arrangement::Columns, rows.into_iter().flatten())
}

fn losses(groups: &[Group]) -> Option<Figure> {
    let of = |title, value: fn(&Measures) -> Vec<(f64, f64)>| {
        let lines = Lines { title, value: &value, bound: None };
        panels(groups, &lines, &Axis::steps(), &Axis::log("loss"))
    };
    let train =
        of("train", |run| run.history.iter().map(|row| (at(row.step), row.train_loss)).collect());
    let test = of("test", |run| {
        run.history.iter().filter_map(|row| Some((at(row.step), row.test_loss?))).collect()
    });
    figure(
        "sweep_loss",
        "Loss of every variant",
        format!("The mean loss over each split.{}", repetitions(groups)),
        "In the paper: the main experiment and its variations of depth, optimizer and rate.",
        &[("history.parquet", "step, train_loss, test_loss")],
        plot([train, test]),
    )
}

fn eigenvalues(groups: &[Group]) -> Option<Figure> {
    let first = |run: &Measures| {
        let rows = run.dynamics.iter().filter(|row| row.output == 0);
        rows.map(|row| (at(row.step), row.largest_eigenvalue)).collect()
    };
    let bound = |run: &Measures| {
        let twice_samples =
            run.dynamics.iter().find_map(|row| Some(row.stability_bound? * row.learning_rate?));
        let rates = || run.learning_rates().filter(|(_, rate)| *rate > 0.0);
        twice_samples
            .map(|twice| rates().map(|(step, rate)| (at(step), twice / rate)).collect())
            .unwrap_or_default()
    };
    let lines = Lines { title: "", value: &first, bound: Some(&bound) };
    figure(
        "sweep_eigenvalues",
        "The largest eigenvalue of every variant",
        format!(
            "λ₁ of the Gramian; dashed, where it applies, 2N/δ of the same variant.{}",
            repetitions(groups)
        ),
        "In the paper: finding 5, that eigenvalues grow after each decay of the learning rate, under 2N/δ.",
        &[("dynamics.parquet", "step, largest_eigenvalue, stability_bound")],
        plot([panels(groups, &lines, &Axis::steps(), &Axis::log("λ₁"))]),
    )
}

fn sharpnesses(groups: &[Group]) -> Option<Figure> {
    let lines = Lines { title: "", value: &sharpness::of_loss, bound: Some(&sharpness::edge) };
    figure(
        "sweep_sharpness",
        "Sharpness of the loss of every variant",
        format!(
            "The largest eigenvalue of the loss Hessian; dashed, 2/δ of the same variant.{}",
            repetitions(groups)
        ),
        "Not in the paper; Cohen et al. 2021 (arXiv 2103.00065), beside its finding 5.",
        &[("history.parquet", "step, learning_rate, sharpness")],
        plot([panels(groups, &lines, &Axis::steps(), &Axis::log("sharpness"))]),
    )
}

/// E(ȳ, top) of one split against step.
fn energy(run: &Measures, split: Split) -> Vec<(f64, f64)> {
    let rows = run.energy.iter().filter(|row| {
        row.output == 0 && row.split == split && row.signal == Signal::Target && row.k == run.top
    });
    rows.map(|row| (at(row.step), or_gap(row.relative_energy))).collect()
}

/// k of the followed energies, for labels.
fn top(groups: &[Group]) -> u32 {
    groups.iter().flat_map(|group| &group.members).map(|run| run.measures.top).min().unwrap_or(0)
}

fn energies(groups: &[Group]) -> Option<Figure> {
    let top = top(groups);
    let y = Axis::linear(format!("E(ȳ, {top})"));
    let of = |title, value: fn(&Measures) -> Vec<(f64, f64)>| {
        panels(groups, &Lines { title, value: &value, bound: None }, &Axis::steps(), &y)
    };
    figure(
        "sweep_energy",
        format!("Energy of the target in the top {top} eigenvectors, of every variant"),
        format!(
            "The share of the target that lies in the {top} leading eigenvectors.{}",
            repetitions(groups)
        ),
        "In the paper: findings 2 and 6; deeper networks align more, and the same is seen on test points.",
        &[("energy.parquet", "step, split, signal, k, relative_energy")],
        plot([
            of("train", |run| energy(run, Split::Train)),
            of("test (Nyström)", |run| energy(run, Split::Test)),
        ]),
    )
}

fn energies_over_k(groups: &[Group]) -> Option<Figure> {
    let of = |run: &Measures, step: u64| -> Vec<(f64, f64)> {
        let rows = run.energy.iter().filter(|row| {
            row.output == 0
                && row.split == Split::Train
                && row.signal == Signal::Target
                && row.step == step
        });
        rows.filter_map(|row| Some((f64::from(row.k), row.relative_energy?))).collect()
    };
    let start = |run: &Measures| of(run, run.first_step);
    let end = |run: &Measures| of(run, run.last_step);
    let (x, y) = (Axis::log("k"), Axis::linear("E(ȳ, k)"));
    figure(
        "sweep_energy_over_k",
        "Energy of the target against k, of every variant",
        format!(
            "The share of the target that lies in the k leading eigenvectors, on the training samples.{}",
            repetitions(groups)
        ),
        "In the paper: findings 2 and 6, the relative energy E(ȳ, k) against k.",
        &[("energy.parquet", "step, split, signal, k, relative_energy")],
        plot([
            panels(groups, &Lines { title: "at the start", value: &start, bound: None }, &x, &y),
            panels(groups, &Lines { title: "at the end", value: &end, bound: None }, &x, &y),
        ]),
    )
}

fn distances(groups: &[Group]) -> Option<Figure> {
    let of = |metric, reference: bool| {
        move |run: &Measures| -> Vec<(f64, f64)> {
            let reference = reference.then_some(run.first_step);
            let rows = run.alignment.iter().filter(|row| {
                row.output == 0 && row.metric == metric && row.reference_step == reference
            });
            rows.map(|row| (at(row.step), or_gap(row.value))).collect()
        }
    };
    let distance = of(AlignmentMetric::KernelDistance, true);
    let alignment = of(AlignmentMetric::CentredKernelTargetAlignment, false);
    let lines = |value| Lines { title: "", value, bound: None };
    let x = Axis::steps();
    figure(
        "sweep_distance",
        "How far the kernel of every variant moves",
        format!(
            "Left: the distance of each kernel from the first, S(0, t). Right: centred kernel-target alignment.{}",
            repetitions(groups)
        ),
        "In the paper: findings 1 and 2.",
        &[("alignment.parquet", "step, metric, reference_step, value")],
        plot([
            panels(groups, &lines(&distance), &x, &Axis::linear("S(0, t)")),
            panels(groups, &lines(&alignment), &x, &Axis::linear("centred KTA")),
        ]),
    )
}

fn frequencies(groups: &[Group]) -> Option<Figure> {
    let of = |run: &Measures, step: u64| -> Vec<(f64, f64)> {
        let rows = run
            .eigenvalues
            .iter()
            .filter(|row| row.output == 0 && row.step == step && row.resolved);
        rows.filter_map(|row| Some((f64::from(row.index), row.frequency_centroid?))).collect()
    };
    let start = |run: &Measures| of(run, run.first_step);
    let end = |run: &Measures| of(run, run.last_step);
    let (x, y) = (Axis::log("index i"), Axis::linear("mean |κ| (cycles per box)"));
    figure(
        "sweep_frequency",
        "Frequency of the eigenvectors of every variant",
        format!("The mean radial frequency of each leading eigenvector.{}", repetitions(groups)),
        "In the paper: its Fourier analysis of eigenfunctions.",
        &[("eigenvalues.parquet", "step, index, frequency_centroid, resolved")],
        plot([
            panels(groups, &Lines { title: "at the start", value: &start, bound: None }, &x, &y),
            panels(groups, &Lines { title: "at the end", value: &end, bound: None }, &x, &y),
        ]),
    )
}

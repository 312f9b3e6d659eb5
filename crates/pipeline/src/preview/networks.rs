//! The networks that a pipeline would train, layer by layer: what `check` shows of them.

use std::collections::{BTreeMap, BTreeSet};

use artifact::{Kind, LayerOutline};
use study::number::grouped;

use crate::planning::{Plan, PlannedStage};
use crate::reading::sweep::Point;
use crate::text::grid;
use crate::text::quantity::short;

/// Networks of one stage that are shown.
const NETWORKS_SHOWN: usize = 4;
/// Variants that are named of one network.
const VARIANTS_SHOWN: usize = 4;

/// The layers of every network that a training stage of `plan` states, as text: a table for each distinct
/// one, with the variants that train it. Empty where no stage states any.
#[must_use]
pub fn networks(plan: &Plan) -> String {
    plan.stages.iter().map(|stage| of_stage(plan, stage)).collect()
}

/// The networks of one stage.
fn of_stage(plan: &Plan, stage: &PlannedStage) -> String {
    let mut networks: Vec<&[LayerOutline]> = Vec::new();
    let mut points: Vec<(Point, usize)> = Vec::new();
    for instance in &stage.instances {
        let task = &plan.tasks[instance.task];
        let Some(layers) = task.outline.layers.as_deref().filter(|layers| !layers.is_empty())
        else {
            continue;
        };
        if task.program.description.output != Kind::TRAINING {
            continue;
        }
        let network = networks.iter().position(|known| *known == layers).unwrap_or_else(|| {
            networks.push(layers);
            networks.len() - 1
        });
        points.push((instance.point.clone(), network));
    }
    let points = decided(points, stage.axes.clone());
    let shown = networks.iter().enumerate().take(NETWORKS_SHOWN);
    let mut blocks: Vec<String> = shown
        .map(|(network, layers)| {
            let of = points.iter().filter(|(_, other)| *other == network);
            let variants: Vec<String> = of.map(|(point, _)| plan.sweep.shown(point)).collect();
            format!("\n{}{}\n{}", stage.name, with(&variants), table(layers))
        })
        .collect();
    match networks.len().saturating_sub(NETWORKS_SHOWN) {
        0 => {}
        1 => blocks.push(format!("\n{}: 1 more network\n", stage.name)),
        more => blocks.push(format!("\n{}: {more} more networks\n", stage.name)),
    }
    blocks.concat()
}

/// `points` over those of `axes` alone that decide about the network, each point once.
fn decided(mut points: Vec<(Point, usize)>, mut axes: BTreeSet<usize>) -> Vec<(Point, usize)> {
    for axis in axes.clone() {
        let rest: BTreeSet<usize> = axes.iter().copied().filter(|other| *other != axis).collect();
        let mut networks: BTreeMap<Point, usize> = BTreeMap::new();
        let mut fewer = Vec::new();
        let mut decides = false;
        for (point, network) in &points {
            let point = point.over(&rest);
            match networks.insert(point.clone(), *network) {
                None => fewer.push((point, *network)),
                Some(other) => decides |= other != *network,
            }
        }
        if !decides {
            (points, axes) = (fewer, rest);
        }
    }
    points
}

/// The variants of a network, the first of them where they are many.
fn with(variants: &[String]) -> String {
    let named = variants.iter().filter(|variant| !variant.is_empty());
    let named: Vec<&str> = named.take(VARIANTS_SHOWN).map(String::as_str).collect();
    if named.is_empty() {
        return String::new();
    }
    match variants.len().saturating_sub(VARIANTS_SHOWN) {
        0 => format!(" with {}", named.join("; ")),
        more => format!(" with {} and {more} more", named.join("; ")),
    }
}

/// A line for each layer, those within a residual sum indented below it, and one for all together.
fn table(layers: &[LayerOutline]) -> String {
    let mut rows = vec![["layer", "output", "parameters", "flops per sample"].map(str::to_owned)];
    list(layers, 0, "", &mut rows);
    let total = |of: fn(&LayerOutline) -> u64| {
        layers.iter().fold(0, |sum: u64, layer| sum.saturating_add(of(layer)))
    };
    let (parameters, flops) = (total(|layer| layer.parameters), total(|layer| layer.flops));
    rows.push(["total".to_owned(), String::new(), grouped(parameters), aligned(flops)]);
    // Numbers end where those above and below them end.
    for column in [2, 3] {
        let width = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        for row in &mut rows {
            row[column] = format!("{:>width$}", row[column]);
        }
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.to_vec()).collect();
    grid(&rows, "  ")
}

fn list(layers: &[LayerOutline], depth: usize, before: &str, rows: &mut Vec<[String; 4]>) {
    let name = |depth: usize, name: &str| format!("{:1$}{name}", "", 2 * depth);
    for layer in layers {
        rows.push([
            name(depth, &format!("{before}{}", layer.layer)),
            shape(&layer.output),
            grouped(layer.parameters),
            aligned(layer.flops),
        ]);
        for (place, branch) in layer.branches.iter().enumerate() {
            let before = if place == 0 { "" } else { "shortcut: " };
            if branch.is_empty() {
                let identity = name(depth + 1, &format!("{before}identity"));
                rows.push([identity, shape(&layer.input), String::new(), String::new()]);
            }
            list(branch, depth + 1, before, rows);
        }
    }
}

/// A count whose digits end where those of counts with a unit do.
fn aligned(count: u64) -> String {
    let text = short(count);
    if text.contains(' ') { text } else { format!("{text}  ") }
}

/// A shape as `32 × 32 × 64`.
fn shape(sides: &[u64]) -> String {
    sides.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ")
}

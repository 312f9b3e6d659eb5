//! Which networks a report draws: each one once, named by what decides about it.

use std::collections::BTreeMap;

use artifact::LayerOutline;

use super::layers::layers;
use crate::axis::Axis;
use crate::variant::{Variant, joined};

/// Networks that are drawn at most.
const MOST: usize = 12;
/// Variants that are named of one network at most.
const NAMED: usize = 3;

/// A network, and the variants that trained it.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Its variants, as `depth=2`; empty where all have the same network.
    pub label: String,
    /// Its layers, in order.
    pub layers: Vec<LayerOutline>,
}

/// The networks of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Networks {
    /// Those that are drawn, in the order of the sweep.
    pub shown: Vec<Network>,
    /// How many more there are.
    pub left_out: usize,
}

/// Every network of `variants` whose layers are known, once.
///
/// A network is named by the axes that decide about it alone: variants that differ in their seed have
/// the same.
#[must_use]
pub fn distinct(variants: &[Variant]) -> Networks {
    let mut found: Vec<Vec<LayerOutline>> = Vec::new();
    let mut points: Vec<(Vec<Axis>, usize)> = Vec::new();
    for variant in variants {
        let Some(layers) = layers(&variant.about.outline) else { continue };
        let place = found.iter().position(|known| *known == layers).unwrap_or_else(|| {
            found.push(layers);
            found.len() - 1
        });
        points.push((variant.axes.clone(), place));
    }
    let points = decided(points);
    let left_out = found.len().saturating_sub(MOST);
    let shown = found.into_iter().take(MOST).enumerate();
    let shown = shown.map(|(place, layers)| Network { label: label(&points, place), layers });
    Networks { shown: shown.collect(), left_out }
}

/// The points with those axes alone that decide about the network, each point once.
fn decided(mut points: Vec<(Vec<Axis>, usize)>) -> Vec<(Vec<Axis>, usize)> {
    let mut names: Vec<String> = Vec::new();
    for axis in points.iter().flat_map(|(axes, _)| axes) {
        if !names.contains(&axis.name) {
            names.push(axis.name.clone());
        }
    }
    for name in names {
        let mut networks: BTreeMap<String, usize> = BTreeMap::new();
        let mut fewer = Vec::new();
        let mut decides = false;
        for (axes, network) in &points {
            let rest: Vec<Axis> = axes.iter().filter(|axis| axis.name != name).cloned().collect();
            match networks.insert(joined(&rest, ","), *network) {
                None => fewer.push((rest, *network)),
                Some(other) => decides |= other != *network,
            }
        }
        if !decides {
            points = fewer;
        }
    }
    points
}

/// The points of one network in words.
fn label(points: &[(Vec<Axis>, usize)], network: usize) -> String {
    let of = points.iter().filter(|(_, other)| *other == network);
    let all: Vec<String> = of.map(|(axes, _)| joined(axes, ", ")).collect();
    let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
    match all.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use artifact::Outline;
    use serde_json::{Value, json};

    use super::*;
    use crate::about::About;
    use crate::variant::made_up::variant;

    fn of(axes: &[(&str, Value)], hidden: &[u64]) -> Variant {
        let network = json!({ "hidden": hidden, "activation": "relu" });
        let outline = Outline {
            input_dim: Some(2),
            output_dim: Some(1),
            network: Some(network),
            ..Outline::default()
        };
        variant(axes, About { outline, ..About::default() })
    }

    fn labels(networks: &Networks) -> Vec<&str> {
        networks.shown.iter().map(|network| network.label.as_str()).collect()
    }

    #[test]
    fn a_network_is_named_by_the_axes_that_decide_about_it() {
        let mut variants = Vec::new();
        for seed in 0..5 {
            for (depth, hidden) in [(1, &[8][..]), (2, &[8, 8])] {
                variants.push(of(&[("seed", json!(seed)), ("depth", json!(depth))], hidden));
            }
        }
        assert_eq!(labels(&distinct(&variants)), ["depth=1", "depth=2"]);
    }

    #[test]
    fn where_several_axes_decide_a_few_variants_are_named() {
        let mut variants = Vec::new();
        for depth in [1, 2] {
            for width in 1..=5 {
                let hidden = if depth == 2 && width == 5 { [9] } else { [8] };
                variants.push(of(&[("depth", json!(depth)), ("width", json!(width))], &hidden));
            }
        }
        let networks = distinct(&variants);
        assert_eq!(
            labels(&networks),
            ["depth=1, width=1; depth=1, width=2; depth=1, width=3 and 6 more", "depth=2, width=5"]
        );
    }

    #[test]
    fn the_same_network_everywhere_has_no_label() {
        let variants = [0, 1].map(|seed| of(&[("seed", json!(seed))], &[8]));
        assert_eq!(labels(&distinct(&variants)), [""]);
        assert_eq!(distinct(&[Variant::default()]), Networks::default());
    }

    #[test]
    fn twelve_networks_are_drawn_at_most() {
        let variants: Vec<Variant> =
            (1..=20).map(|width| of(&[("width", json!(width))], &[width])).collect();
        let networks = distinct(&variants);
        assert_eq!((networks.shown.len(), networks.left_out), (12, 8));
        assert_eq!(networks.shown[11].label, "width=12");
    }
}

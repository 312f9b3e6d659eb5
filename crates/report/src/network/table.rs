//! Layers in words: as a table, and each in a sentence.

use artifact::LayerOutline;
use maud::{Markup, html};
use study::number::{grouped, measured};

/// A shape as `32 × 32 × 3`.
#[must_use]
pub fn shape(sides: &[u64]) -> String {
    sides.iter().map(u64::to_string).collect::<Vec<_>>().join(" × ")
}

/// All that is known of a layer.
#[must_use]
pub fn about(layer: &LayerOutline) -> String {
    let LayerOutline { layer: name, input, output, parameters, flops, .. } = layer;
    let change = if input == output {
        shape(output)
    } else {
        format!("{} → {}", shape(input), shape(output))
    };
    format!("{name}: {change}, {}", cost(*parameters, *flops))
}

/// Parameters and flops in words.
#[must_use]
pub fn cost(parameters: u64, flops: u64) -> String {
    let parameters = match parameters {
        0 => "no parameters".to_owned(),
        1 => "1 parameter".to_owned(),
        count => format!("{} parameters", grouped(count)),
    };
    format!("{parameters}, {} flops per sample", measured(flops as f64))
}

/// Parameters and flops of all layers together.
#[must_use]
pub fn totals(layers: &[LayerOutline]) -> (u64, u64) {
    layers.iter().fold((0, 0), |(parameters, flops), layer| {
        (layer.parameters.saturating_add(parameters), layer.flops.saturating_add(flops))
    })
}

/// One layer in the table.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    /// How many residual sums it is within.
    depth: usize,
    name: String,
    layer: Option<&'a LayerOutline>,
}

/// A row for each layer, those within a residual sum after it.
#[must_use]
pub fn table(layers: &[LayerOutline]) -> Markup {
    let (parameters, flops) = totals(layers);
    html! {
        div .wide {
            table .layers {
                thead {
                    tr {
                        th scope="col" { "layer" }
                        th scope="col" { "output" }
                        th .number scope="col" { "parameters" }
                        th .number scope="col" { "flops" }
                    }
                }
                tbody {
                    @for Line { depth, name, layer } in lines(layers) {
                        tr {
                            td style=[(depth > 0).then(|| format!("padding-left:{}rem", 1.2 * depth as f64))] { (name) }
                            td { @if let Some(layer) = layer { (shape(&layer.output)) } }
                            td .number { @if let Some(layer) = layer { (grouped(layer.parameters)) } }
                            td .number { @if let Some(layer) = layer { (measured(layer.flops as f64)) } }
                        }
                    }
                    tr {
                        th scope="row" { "all" }
                        td {}
                        td .number { (grouped(parameters)) }
                        td .number { (measured(flops as f64)) }
                    }
                }
            }
        }
    }
}

fn lines(layers: &[LayerOutline]) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    list(layers, 0, "", &mut found);
    found
}

fn list<'a>(layers: &'a [LayerOutline], depth: usize, before: &str, found: &mut Vec<Line<'a>>) {
    for layer in layers {
        found.push(Line { depth, name: format!("{before}{}", layer.layer), layer: Some(layer) });
        for (place, branch) in layer.branches.iter().enumerate() {
            let before = if place == 0 { "" } else { "shortcut: " };
            if branch.is_empty() {
                found.push(Line {
                    depth: depth + 1,
                    name: format!("{before}identity"),
                    layer: None,
                });
            }
            list(branch, depth + 1, before, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{activation, conv, residual};
    use super::*;

    #[test]
    fn layers_within_a_sum_are_indented_and_its_shortcut_is_marked() {
        let inner = vec![conv([8, 8, 4], 4), activation([8, 8, 4])];
        let layers = [residual(inner.clone(), vec![]), residual(inner, vec![conv([8, 8, 4], 4)])];
        let told: Vec<(usize, String)> =
            lines(&layers).into_iter().map(|line| (line.depth, line.name)).collect();
        let told: Vec<(usize, &str)> =
            told.iter().map(|(depth, name)| (*depth, name.as_str())).collect();
        assert_eq!(
            told,
            [
                (0, "residual sum"),
                (1, "conv 3 × 3"),
                (1, "relu"),
                (1, "shortcut: identity"),
                (0, "residual sum"),
                (1, "conv 3 × 3"),
                (1, "relu"),
                (1, "shortcut: conv 3 × 3"),
            ]
        );
    }

    #[test]
    fn a_layer_is_told_in_a_sentence() {
        assert_eq!(
            about(&conv([8, 8, 1], 4)),
            "conv 3 × 3: 8 × 8 × 1 → 8 × 8 × 4, 40 parameters, 4,860 flops per sample"
        );
        assert_eq!(
            about(&activation([8, 8, 4])),
            "relu: 8 × 8 × 4, no parameters, 256 flops per sample"
        );
    }
}

//! A network as SVG, one drawing for each column.

use std::fmt::Write;

use artifact::LayerOutline;
use maud::{Markup, html};

use super::layout::{BETWEEN, PADDING, Path, Piece, RADIUS, Role, Tile, columns};
use super::table::{cost, shape, table, totals};

/// Around a drawing, so that no line is cut.
const MARGIN: f64 = 4.0;
/// Radius of the corners of a line.
const CORNER: f64 = 6.0;
/// Length and half the width of an arrow.
const ARROW: (f64, f64) = (6.0, 3.5);

/// The network with a sentence below it, and its layers as a table; colours and fonts are the page's.
#[must_use]
pub fn figure(layers: &[LayerOutline]) -> Markup {
    let (parameters, flops) = totals(layers);
    html! {
        figure .network {
            div .columns style=(format!("gap:1rem {BETWEEN}px")) role="img" aria-label=(in_words(layers)) {
                @for column in columns(layers) { (drawn(&column)) }
            }
            figcaption {
                p .small { (cost(parameters, flops)) }
                details .sources { summary { "layers as a table" } (table(layers)) }
            }
        }
    }
}

/// The drawing for who cannot see it.
fn in_words(layers: &[LayerOutline]) -> String {
    let ends = layers.first().zip(layers.last());
    let ends = ends
        .map(|(first, last)| format!(" from {} to {}", shape(&first.input), shape(&last.output)));
    let names: Vec<&str> = layers.iter().map(|layer| layer.layer.as_str()).collect();
    format!("The network{}: {}", ends.unwrap_or_default(), names.join(", "))
}

fn drawn(column: &Piece) -> Markup {
    let width = column.right - column.left + 2.0 * MARGIN;
    let height = column.height + 2.0 * MARGIN;
    let view = format!("{} {} {width} {height}", column.left - MARGIN, -MARGIN);
    html! {
        svg viewBox=(view) width=(width) height=(height) xmlns="http://www.w3.org/2000/svg" {
            @for path in &column.paths {
                path .flow d=(line(path)) {}
                @if path.has_arrow { path .arrow d=(arrow(path)) {} }
            }
            @for (x, y) in &column.forks { circle .arrow cx=(x) cy=(y) r="2.5" {} }
            @for (x, y) in &column.breaks { circle .break cx=(x) cy=(y) r="3" {} }
            @for &(x, y) in &column.sums {
                g {
                    title { "sum" }
                    circle .sum cx=(x) cy=(y) r=(RADIUS) {}
                    path .plus d=(format!("M{} {y}h8M{x} {}v8", x - 4.0, y - 4.0)) {}
                }
            }
            @for tile in &column.tiles { (boxed(tile)) }
        }
    }
}

fn boxed(tile: &Tile) -> Markup {
    let Tile { x, y, width, height, .. } = *tile;
    let class = match tile.role {
        Role::Input => "input",
        Role::Trained => "trained",
        Role::Fixed => "fixed",
    };
    let middle = x + width / 2.0;
    // Baselines of the first line and of the last, which may be the same.
    let last = y + height - if tile.shape.is_some() { 8.0 } else { 7.0 };
    let first = if tile.shape.is_some() { y + 16.0 } else { last };
    html! {
        g class=(class) {
            @if !tile.about.is_empty() { title { (tile.about) } }
            rect x=(x) y=(y) width=(width) height=(height) rx="5" {}
            @if let Some(parameters) = &tile.parameters {
                text x=(x + PADDING) y=(first) { (tile.name) }
                text .less x=(x + width - PADDING) y=(last) text-anchor="end" { (parameters) }
            } @else {
                text x=(middle) y=(first) text-anchor="middle" { (tile.name) }
            }
            @if let Some(shape) = &tile.shape {
                @if tile.parameters.is_some() {
                    text .less x=(x + PADDING) y=(last) { (shape) }
                } @else {
                    text .less x=(middle) y=(last) text-anchor="middle" { (shape) }
                }
            }
        }
    }
}

/// A line with round corners, as the data of an SVG path.
fn line(path: &Path) -> String {
    let mut data = String::new();
    for (place, &(x, y)) in path.points.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| path.points.get(place));
        let after = path.points.get(place + 1);
        // Writing to a String cannot fail.
        let _ = match (before, after) {
            (None, _) => write!(data, "M{x} {y}"),
            (Some(_), None) => write!(data, "L{x} {y}"),
            (Some(&before), Some(&after)) => {
                let (from, to) = (towards((x, y), before), towards((x, y), after));
                write!(data, "L{} {}Q{x} {y} {} {}", from.0, from.1, to.0, to.1)
            }
        };
    }
    data
}

/// The point a corner's radius from `corner` towards `other`, or half the way where that is less.
fn towards(corner: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    let (x, y) = (other.0 - corner.0, other.1 - corner.1);
    let share = (CORNER / x.hypot(y).max(CORNER)).min(0.5);
    (corner.0 + share * x, corner.1 + share * y)
}

/// The head of the arrow at the end of a line, which runs along an axis.
fn arrow(path: &Path) -> String {
    let [.., (from_x, from_y), (x, y)] = path.points[..] else { return String::new() };
    let (along, across) = ((x - from_x, y - from_y), ARROW.1);
    let (dx, dy) = (
        along.0.signum() * f64::from(along.0 != 0.0),
        along.1.signum() * f64::from(along.1 != 0.0),
    );
    let (back_x, back_y) = (x - ARROW.0 * dx, y - ARROW.0 * dy);
    format!(
        "M{x} {y}L{} {}L{} {}Z",
        back_x - across * dy,
        back_y - across * dx,
        back_x + across * dy,
        back_y + across * dx
    )
}

#[cfg(test)]
mod tests {
    use super::super::made_up::{activation, conv, layer, residual};
    use super::*;

    /// The tags of a drawing, its numbers left out.
    fn structure(markup: &str) -> Vec<String> {
        let start = markup.find("<svg").unwrap();
        let end = markup.rfind("</svg>").unwrap();
        let mut found = Vec::new();
        for tag in markup[start..end].split('<').filter(|tag| !tag.starts_with('/')) {
            let Some((tag, text)) = tag.split_once('>') else { continue };
            let name = tag.split(' ').next().unwrap_or_default();
            let class = tag.split("class=\"").nth(1).and_then(|rest| rest.split('"').next());
            let parts = [Some(name), class, Some(text)].into_iter().flatten();
            found.push(parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "));
        }
        found
    }

    #[test]
    fn a_residual_network_is_boxes_lines_and_a_sum() {
        let shape = [8, 8, 4];
        let layers = [residual(vec![conv(shape, 4), activation(shape)], Vec::new())];
        assert_eq!(
            structure(&figure(&layers).into_string()),
            [
                "svg",
                "path flow",
                "path flow",
                "path arrow",
                "path flow",
                "path flow",
                "path arrow",
                "path flow",
                "path arrow",
                "circle arrow",
                "g",
                "title sum",
                "circle sum",
                "path plus",
                "g input",
                "rect",
                "text input",
                "text less 8 × 8 × 4",
                "g trained",
                "title conv 3 × 3: 8 × 8 × 4, 148 parameters, 18,700 flops per sample",
                "rect",
                "text conv 3 × 3",
                "text less 148",
                "text less 8 × 8 × 4",
                "g fixed",
                "title relu: 8 × 8 × 4, no parameters, 256 flops per sample",
                "rect",
                "text relu",
            ]
        );
    }

    #[test]
    fn corners_are_round_and_an_arrow_points_along_its_line() {
        let path = Path { points: vec![(0.0, 0.0), (20.0, 0.0), (20.0, 8.0)], has_arrow: true };
        assert_eq!(line(&path), "M0 0L14 0Q20 0 20 4L20 8");
        assert_eq!(arrow(&path), "M20 8L16.5 2L23.5 2Z");
        let back = Path { points: vec![(20.0, 3.0), (8.0, 3.0)], has_arrow: true };
        assert_eq!(arrow(&back), "M8 3L14 6.5L14 -0.5Z");
    }

    #[test]
    fn a_reader_who_cannot_see_it_is_told_the_layers_in_order() {
        let layers = [conv([8, 8, 1], 4), layer("dense 2", &[256], &[2], 514, 1026)];
        let markup = figure(&layers).into_string();
        assert!(markup.contains(
            "role=\"img\" aria-label=\"The network from 8 × 8 × 1 to 2: conv 3 × 3, dense 2\""
        ));
        assert!(markup.contains("554 parameters, 5,890 flops per sample"), "{markup}");
    }

    #[test]
    fn what_a_layer_is_called_is_escaped() {
        let markup = figure(&[layer("<script>", &[1], &[1], 1, 1)]).into_string();
        assert!(!markup.contains("<script>"));
    }
}

//! Matrices as SVG: one tile an entry.

use std::fmt::Write;

use study::number::tick;

use super::{FONT, escaped, text};
use crate::colour::viridis;
use crate::drawing::Map;

const SIDE: u32 = 460;
const LEFT: u32 = 110;
const TOP: u32 = 100;
const BELOW: u32 = 110;
/// Labels along an axis at most.
const LABELS: usize = 7;

/// `maps` in rows under a title, with the scale of their colours.
pub(super) fn drawn(title: &str, maps: &[Map]) -> String {
    let mut body = String::new();
    let (columns, rows) = Map::grid(maps.len());
    let (columns, rows) = (columns as u32, rows as u32);
    for (position, map) in (0..).zip(maps) {
        let (row, column) = (position / columns, position % columns);
        tiles(&mut body, map, (LEFT + column * (SIDE + LEFT), TOP + row * (SIDE + BELOW)));
    }
    let width = LEFT + columns * (SIDE + LEFT);
    if let Some(map) = maps.last() {
        scale(&mut body, map, width - LEFT + 24);
    }
    let (width, height) = (width + 120, TOP + rows * (SIDE + BELOW));
    let mut head = String::new();
    text(&mut head, 24, 40, 24, title);
    format!(
        r#"<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<rect width="{width}" height="{height}" fill="white"/>
{head}{body}</svg>
"#
    )
}

fn tiles(body: &mut String, map: &Map, (left, top): (u32, u32)) {
    text(body, left, top - 14, 18, &map.title);
    let rows = map.values.len().max(1);
    let columns = map.values.first().map_or(1, Vec::len).max(1);
    let side = f64::from(SIDE);
    let (across, up) = (side / columns as f64, side / rows as f64);
    for (row, values) in map.values.iter().enumerate() {
        for (column, &value) in values.iter().enumerate() {
            if !value.is_finite() {
                continue;
            }
            let [red, green, blue] = viridis(map.share(value));
            let x = f64::from(left) + column as f64 * across;
            let y = f64::from(top) + side - (row + 1) as f64 * up;
            // A little larger than its place, so that no light shines between tiles. Writing to a
            // String cannot fail.
            let _ = writeln!(
                body,
                r##"<rect x="{x:.1}" y="{y:.1}" width="{:.1}" height="{:.1}" fill="#{red:02x}{green:02x}{blue:02x}"/>"##,
                across + 0.4,
                up + 0.4
            );
        }
    }
    for [from, to] in &map.borders {
        let at = |corner: &(usize, usize)| {
            let x = f64::from(left) + corner.0 as f64 * across;
            (x, f64::from(top) + side - corner.1 as f64 * up)
        };
        let ((x1, y1), (x2, y2)) = (at(from), at(to));
        let _ = writeln!(
            body,
            r##"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="#d55e00" stroke-width="4" stroke-linecap="round"/>"##
        );
    }
    for (place, label) in labels(&map.x.1) {
        let x = f64::from(left) + (place as f64 + 0.5) * across;
        middle(body, x, top + SIDE + 24, label);
    }
    for (place, label) in labels(&map.y.1) {
        let y = f64::from(top) + side - (place as f64 + 0.5) * up + 5.0;
        let _ = writeln!(
            body,
            r#"<text x="{}" y="{y:.0}" font-family="{FONT}" font-size="15" text-anchor="end">{}</text>"#,
            left - 8,
            escaped(label)
        );
    }
    middle(body, f64::from(left) + side / 2.0, top + SIDE + 56, &map.x.0);
    let (x, y) = (left - 84, f64::from(top) + side / 2.0);
    let _ = writeln!(
        body,
        r#"<text x="{x}" y="{y:.0}" font-family="{FONT}" font-size="16" text-anchor="middle" transform="rotate(-90 {x} {y:.0})">{}</text>"#,
        escaped(&map.y.0)
    );
}

/// A few of the labels with their places.
fn labels(all: &[String]) -> impl Iterator<Item = (usize, &String)> {
    let every = all.len().div_ceil(LABELS).max(1);
    all.iter().enumerate().step_by(every)
}

fn middle(body: &mut String, x: f64, y: u32, words: &str) {
    let _ = writeln!(
        body,
        r#"<text x="{x:.0}" y="{y}" font-family="{FONT}" font-size="15" text-anchor="middle">{}</text>"#,
        escaped(words)
    );
}

/// The scale of a map's colours.
fn scale(body: &mut String, map: &Map, left: u32) {
    let steps = 32;
    for step in 0..steps {
        let share = f64::from(step) / f64::from(steps - 1);
        let [red, green, blue] = viridis(share);
        let height = f64::from(SIDE) / f64::from(steps);
        let y = f64::from(TOP) + f64::from(SIDE) - f64::from(step + 1) * height;
        let _ = writeln!(
            body,
            r##"<rect x="{left}" y="{y:.1}" width="18" height="{:.1}" fill="#{red:02x}{green:02x}{blue:02x}"/>"##,
            height + 0.4
        );
    }
    text(body, left + 26, TOP + SIDE, 15, &tick(map.range.0));
    text(body, left + 26, TOP + 14, 15, &tick(map.range.1));
    text(body, left - 10, TOP - 14, 15, &map.meaning);
}

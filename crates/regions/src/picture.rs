//! The rows of a plane and of its picture.

use std::collections::BTreeSet;
use std::f64::consts::TAU;

use crate::cell::Polygon;
use crate::parameters::Parameters;
use crate::planes::Plane;
use crate::subdivision::Region;
use crate::table::{PlaneRow, TileRow};
use crate::tiles::{Tile, counts};

/// The part of a class's share of the circle of hues that its regions take.
const SPREAD: f64 = 0.6;
/// Lightness of the interior of a region with the least value.
const DARKEST: f64 = 0.32;
/// Share of the tiles at each end of the values that are taken for the least and the greatest, so that a peak does not leave
/// the others in the dark.
const OUTERMOST: f64 = 0.01;
/// Width of an edge, in tiles: there 1 − 1/e of the lightness is reached.
const EDGE: f64 = 0.8;

/// The row of a plane, of which `regions` are known.
#[must_use]
pub fn plane_row(
    (step, number): (u64, u32),
    plane: &Plane,
    regions: Option<&[Region<Polygon>]>,
    tiles: &[Tile],
) -> PlaneRow {
    let area = plane.area();
    let count = regions.map(|regions| regions.len() as u32);
    let largest = regions
        .and_then(|regions| regions.iter().map(|region| region.cell.area()).max_by(f64::total_cmp));
    let tiled: BTreeSet<u32> = tiles.iter().map(|tile| tile.region).collect();
    PlaneRow {
        step,
        plane: number,
        regions: count,
        area,
        mean_area: count.map(|count| area / f64::from(count)),
        // The window's own coordinates reach from −1 to 1.
        largest_share: largest.map(|largest| largest / 4.0),
        tiled_regions: count.map(|_| tiled.len() as u32),
    }
}

/// The rows of a plane's tiles, of a network that tells so many `classes` apart.
#[must_use]
pub fn tile_rows(
    (step, number): (u64, u32),
    plane: &Plane,
    tiles: &[Tile],
    classes: Option<usize>,
    parameters: &Parameters,
) -> Vec<TileRow> {
    let [columns, _] = counts(plane, parameters.resolution);
    let side = 2.0 * plane.reach[0] / columns as f64;
    let mut values: Vec<f64> = tiles.iter().map(|tile| tile.value).collect();
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_sign_loss, reason = "a share is not negative")]
    let outermost = (OUTERMOST * values.len() as f64) as usize;
    let ends = [outermost, values.len().saturating_sub(outermost + 1)];
    let [low, high] = ends.map(|place| values.get(place).copied().unwrap_or(0.0));
    let row = |tile: &Tile| {
        let height = if high > low { (tile.value - low) / (high - low) } else { 1.0 };
        let inside = |distance: f64| 1.0 - (-distance / (EDGE * side)).exp();
        let inside = tile.distance.map_or(1.0, inside);
        TileRow {
            step,
            plane: number,
            u: tile.place[0],
            v: tile.place[1],
            region: tile.region,
            class: classes.map(|_| tile.class),
            value: tile.value,
            distance: tile.distance,
            hue: tile.direction.map(|direction| hue(direction, tile.class, classes)),
            shade: inside * (DARKEST + (1.0 - DARKEST) * height.clamp(0.0, 1.0)),
        }
    };
    tiles.iter().map(row).collect()
}

/// The hue for a direction: itself, or with classes a place in the class's share of the circle.
fn hue(direction: f64, class: u32, classes: Option<usize>) -> f64 {
    match classes {
        // There and back, for a direction has no ends.
        Some(classes) => {
            let place = 0.5 * (1.0 - (TAU * direction).cos());
            (f64::from(class) + SPREAD * place) / classes as f64
        }
        None => direction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hues_of_classes_do_not_meet() {
        let of = |direction, class| hue(direction, class, Some(4));
        for direction in [0.0, 0.25, 0.5, 0.99] {
            assert!((0.5..=0.65).contains(&of(direction, 2)));
        }
        assert!((of(0.0, 1) - of(1.0, 1)).abs() <= 1e-15);
        assert!((hue(0.3, 0, None) - 0.3).abs() <= 0.0);
    }
}

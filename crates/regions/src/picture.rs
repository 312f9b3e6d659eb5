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
const DARKEST: f64 = 0.45;

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
    let values = || tiles.iter().map(|tile| tile.value);
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(f64::MIN, f64::max));
    let row = |tile: &Tile| {
        let height = if high > low { (tile.value - low) / (high - low) } else { 1.0 };
        let inside = tile.distance.map_or(1.0, |distance| 1.0 - (-distance / side).exp());
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
            shade: inside * (DARKEST + (1.0 - DARKEST) * height),
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

//! Tiles of a window: which region each lies in, and what the network says there.

use crate::cell::{Affine, Cell, Point, Polygon};
use crate::planes::Plane;
use crate::subdivision::Region;

/// How far beyond its edges, in the window's coordinates from −1 to 1, a region has the centre of a tile: what rounding
/// of corners may leave between two.
const GAP: f64 = 1e-9;

/// A tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tile {
    /// Its centre on the plane.
    pub place: Point,
    /// Number of its region.
    pub region: u32,
    /// Of a classifier the output with the largest value; else 0.
    pub class: u32,
    /// Of a classifier how far that is above the next, else the first output.
    pub value: f64,
    /// Direction in which `value` rises on the plane, as a share of a turn from the direction of u; `None` where it is
    /// constant.
    pub direction: Option<f64>,
    /// Distance on the plane to the nearest edge between regions; `None` where there is one region.
    pub distance: Option<f64>,
}

/// Columns and rows of tiles, so that they are about square and `resolution` along the longer side.
#[must_use]
pub fn counts(plane: &Plane, resolution: u32) -> [usize; 2] {
    let longest = plane.reach[0].max(plane.reach[1]);
    plane.reach.map(|reach| {
        let count = (f64::from(resolution) * reach / longest).round();
        #[expect(clippy::cast_sign_loss, reason = "a count is not negative")]
        let count = count as usize;
        count.clamp(1, resolution as usize)
    })
}

/// The tiles of `plane`, row by row, of which `regions` of a network are known that `classifies` or does not.
#[must_use]
pub fn tiles(
    plane: &Plane,
    regions: &[Region<Polygon>],
    resolution: u32,
    classifies: bool,
) -> Vec<Tile> {
    let [columns, rows] = counts(plane, resolution);
    let owners = owners(regions, [columns, rows]);
    let edges: Vec<Vec<[Point; 2]>> = regions.iter().map(|region| inner(plane, region)).collect();
    let tile = |(at, owner): (usize, &Option<u32>)| {
        let number = (*owner)?;
        let region = &regions[number as usize];
        let point = [centre(at % columns, columns), centre(at / columns, rows)];
        let (class, f) = decision(&region.outputs, point, classifies);
        let [across, up] = plane.gradient(f);
        let turn = up.atan2(across) / std::f64::consts::TAU;
        let place = plane.place(point);
        let distances = edges[number as usize].iter().map(|edge| distance(place, *edge));
        Some(Tile {
            place,
            region: number,
            class,
            value: f.at(point),
            direction: (across != 0.0 || up != 0.0).then(|| turn.rem_euclid(1.0)),
            distance: distances.min_by(f64::total_cmp),
        })
    };
    owners.iter().enumerate().filter_map(tile).collect()
}

/// The largest of the outputs at a point, and it less the next one as a function; of a network that does not classify
/// the first output.
fn decision(outputs: &[Affine], point: Point, classifies: bool) -> (u32, Affine) {
    let mut order: Vec<usize> = (0..outputs.len()).collect();
    if classifies {
        order.sort_by(|&a, &b| {
            outputs[b].at(point).total_cmp(&outputs[a].at(point)).then(a.cmp(&b))
        });
    }
    match order[..] {
        [first, second, ..] if classifies => (first as u32, outputs[first].minus(outputs[second])),
        [first, ..] => (first as u32, outputs[first]),
        [] => (0, Affine([0.0; 3])),
    }
}

/// The centre of tile `number` of `count` from −1 to 1.
fn centre(number: usize, count: usize) -> f64 {
    (2.0 * number as f64 + 1.0) / count as f64 - 1.0
}

/// The region in which the centre of each tile lies, row by row; of several the first.
fn owners(regions: &[Region<Polygon>], [columns, rows]: [usize; 2]) -> Vec<Option<u32>> {
    let mut owners = vec![None; columns * rows];
    for (number, region) in (0..).zip(regions) {
        for row in within(range(region.cell.corners().map(|corner| corner[1])), rows) {
            let v = centre(row, rows);
            let crossed = region.cell.edges().flat_map(|(edge, _)| crossing(edge, v));
            for column in within(range(crossed), columns) {
                owners[row * columns + column].get_or_insert(number);
            }
        }
    }
    owners
}

/// The smallest and the largest of some numbers.
fn range(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers.fold((f64::MAX, f64::MIN), |(low, high), of| (low.min(of), high.max(of)))
}

/// The tiles of `count` whose centres lie within `low` and `high`.
fn within((low, high): (f64, f64), count: usize) -> impl Iterator<Item = usize> {
    let place = |at: f64| (0.5 * (at + 1.0) * count as f64 - 0.5).clamp(-1.0, count as f64);
    #[expect(clippy::cast_sign_loss, reason = "it is 0 at least")]
    let first = place(low - GAP).ceil().max(0.0) as usize;
    #[expect(clippy::cast_sign_loss, reason = "it is 0 at least")]
    let end = (place(high + GAP).floor() + 1.0).max(0.0) as usize;
    first..end.min(count)
}

/// Where an edge has the second coordinate `v`, to within [`GAP`].
fn crossing([p, q]: [Point; 2], v: f64) -> Vec<f64> {
    let (low, high) = if p[1] <= q[1] { (p, q) } else { (q, p) };
    if v < low[1] - GAP || v > high[1] + GAP {
        return Vec::new();
    }
    let height = high[1] - low[1];
    if height <= GAP {
        return vec![p[0], q[0]];
    }
    let share = ((v - low[1]) / height).clamp(0.0, 1.0);
    vec![low[0] + share * (high[0] - low[0])]
}

/// The edges of a region that are not the window's, on the plane.
fn inner(plane: &Plane, region: &Region<Polygon>) -> Vec<[Point; 2]> {
    let edges = region.cell.edges().filter(|(_, maker)| maker.is_some());
    edges.map(|(edge, _)| edge.map(|end| plane.place(end))).collect()
}

/// Distance of a point from an edge.
fn distance(point: Point, [p, q]: [Point; 2]) -> f64 {
    let [across, up] = [q[0] - p[0], q[1] - p[1]];
    let squared = across * across + up * up;
    let along = (point[0] - p[0]) * across + (point[1] - p[1]) * up;
    let share = if squared > 0.0 { (along / squared).clamp(0.0, 1.0) } else { 0.0 };
    (point[0] - p[0] - share * across).hypot(point[1] - p[1] - share * up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Samples;

    fn plane(width: f64, height: f64) -> Plane {
        let inputs = vec![vec![0.0, 0.0], vec![width, height]];
        Plane::of_inputs(&Samples { inputs, labels: None, targets: vec![0.0; 2] }, 0.0)
    }

    /// The window cut where u = 0, f being u above and 0 below.
    fn halves() -> Vec<Region<Polygon>> {
        let f = Affine([0.0, 1.0, 0.0]);
        let right = Polygon::window().above(f, 0.0, 0);
        let left = Polygon::window().above(f.negated(), 0.0, 0);
        vec![
            Region { cell: right, outputs: vec![f] },
            Region { cell: left, outputs: vec![Affine([0.0; 3])] },
        ]
    }

    #[test]
    fn every_tile_lies_in_its_region_and_knows_how_far_its_edge_is() {
        let plane = plane(4.0, 2.0);
        assert_eq!(counts(&plane, 8), [8, 4]);
        let found = tiles(&plane, &halves(), 8, false);
        assert_eq!(found.len(), 32);
        for tile in found {
            let [u, v] = tile.place;
            assert!(u > 0.0 && u < 4.0 && v > 0.0 && v < 2.0);
            assert_eq!(tile.region, u32::from(u < 2.0));
            assert!((tile.distance.unwrap() - (u - 2.0).abs()).abs() <= 1e-12);
            assert!((tile.value - 0.5 * (u - 2.0).max(0.0)).abs() <= 1e-12);
            assert_eq!(tile.direction, (u > 2.0).then_some(0.0));
        }
    }

    #[test]
    fn centres_on_an_edge_belong_to_the_first_region() {
        let found = tiles(&plane(1.0, 1.0), &halves(), 9, false);
        assert_eq!(found.len(), 81);
        assert_eq!(found.iter().filter(|tile| tile.region == 0).count(), 45);
    }

    #[test]
    fn a_decision_is_for_the_largest_output_and_rises_with_its_lead() {
        let outputs = [Affine([0.0, 1.0, 0.0]), Affine([0.5; 3]), Affine([0.1, 0.0, 0.0])];
        assert_eq!(decision(&outputs, [1.0, -1.0], true), (0, Affine([-0.5, 0.5, -0.5])));
        assert_eq!(decision(&outputs, [0.0, 0.0], true).0, 1);
        assert_eq!(decision(&outputs, [0.0, 0.0], false), (0, outputs[0]));
    }
}

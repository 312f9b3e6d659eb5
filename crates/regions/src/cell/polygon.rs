//! A convex polygon of a plane.

use super::{Affine, Cell, Point};

/// A convex polygon with its corners counterclockwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    corners: Vec<Point>,
    /// Of the edge from each corner to the next the step of the network that made it; none of the window's.
    makers: Vec<Option<usize>>,
}

impl Polygon {
    /// The window −1 ≤ u, v ≤ 1.
    #[must_use]
    pub fn window() -> Self {
        let corners = vec![[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
        Self { corners, makers: vec![None; 4] }
    }

    /// Its edges, each with the step that made it.
    pub fn edges(&self) -> impl Iterator<Item = ([Point; 2], Option<usize>)> {
        let ends = self.corners.iter().cycle().skip(1);
        self.corners.iter().zip(ends).zip(&self.makers).map(|((p, q), maker)| ([*p, *q], *maker))
    }

    /// Its area.
    #[must_use]
    pub fn area(&self) -> f64 {
        // From its first corner on, so that small polygons far from the origin lose no digits.
        let Some(&[u, v]) = self.corners.first() else { return 0.0 };
        let twice: f64 =
            self.edges().map(|([p, q], _)| (p[0] - u) * (q[1] - v) - (q[0] - u) * (p[1] - v)).sum();
        0.5 * twice
    }
}

impl Cell for Polygon {
    const COORDINATES: usize = 2;

    fn corners(&self) -> impl Iterator<Item = Point> {
        self.corners.iter().copied()
    }

    /// The part above, by the algorithm of Sutherland & Hodgman 1974.
    fn above(&self, f: Affine, tolerance: f64, maker: usize) -> Self {
        let value = |corner: Point| {
            let value = f.at(corner);
            if value.abs() <= tolerance { 0.0 } else { value }
        };
        let mut part = Self { corners: Vec::new(), makers: Vec::new() };
        let mut add = |corner, maker| {
            part.corners.push(corner);
            part.makers.push(maker);
        };
        for ([p, q], own) in self.edges() {
            let (at_p, at_q) = (value(p), value(q));
            // The same bits for the part below, whose function has the other sign.
            let crossing = || {
                let share = at_p / (at_p - at_q);
                [0, 1].map(|axis| p[axis] + share * (q[axis] - p[axis]))
            };
            if at_p > 0.0 && at_q < 0.0 {
                add(p, own);
                add(crossing(), Some(maker));
            } else if at_p >= 0.0 {
                // From a corner on the line the new edge goes below the old one.
                let leaves = at_p <= 0.0 && at_q < 0.0;
                add(p, if leaves { Some(maker) } else { own });
            } else if at_q > 0.0 {
                add(crossing(), own);
            }
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Side;
    use super::*;

    #[test]
    fn a_square_is_cut_into_two_trapezoids_with_a_common_edge() {
        let f = Affine([0.0, 1.0, 0.5]);
        let parts = [f, f.negated()].map(|f| Polygon::window().above(f, 1e-12, 7));
        for part in &parts {
            assert_eq!(part.corners.len(), 4);
            assert!((part.area() - 2.0).abs() <= 1e-15);
            let made: Vec<_> = part.edges().filter(|(_, maker)| *maker == Some(7)).collect();
            assert_eq!(made.len(), 1);
            assert!(made[0].0.iter().all(|&end| f.at(end).abs() <= 1e-15));
        }
        // To the bit.
        let on = |part: &Polygon| {
            let made = part.edges().find(|(_, maker)| maker.is_some()).map(|(ends, _)| ends);
            made.unwrap_or_default()
        };
        let ([p, q], [r, s]) = (on(&parts[0]), on(&parts[1]));
        assert_eq!((p, q), (s, r));
    }

    #[test]
    fn a_diagonal_through_corners_makes_no_new_ones() {
        let diagonal = Affine([0.0, 1.0, -1.0]);
        for f in [diagonal, diagonal.negated()] {
            let part = Polygon::window().above(f, 1e-12, 1);
            assert_eq!((part.corners.len(), part.area()), (3, 2.0));
            assert_eq!(part.edges().filter(|(_, maker)| maker.is_some()).count(), 1);
            assert_eq!(part.side(f, 1e-12), Side::Above);
        }
    }

    proptest! {
        #[test]
        fn parts_are_convex_and_their_areas_sum_to_the_whole(
            lines in prop::collection::vec(prop::array::uniform3(-4_i8..5), 1..9),
        ) {
            let mut cells = vec![Polygon::window()];
            for (maker, line) in lines.iter().enumerate() {
                let f = Affine(line.map(|entry| f64::from(entry) / 4.0));
                cells = cells
                    .into_iter()
                    .flat_map(|cell| match cell.side(f, 1e-12) {
                        Side::Both => vec![cell.above(f, 1e-12, maker), cell.above(f.negated(), 1e-12, maker)],
                        _ => vec![cell],
                    })
                    .collect();
            }
            let total: f64 = cells.iter().map(Polygon::area).sum();
            prop_assert!((total - 4.0).abs() <= 1e-13);
            for cell in &cells {
                prop_assert!(cell.area() > 1e-9);
                let edges: Vec<_> = cell.edges().map(|(ends, _)| ends).collect();
                for (e, [p, q]) in edges.iter().enumerate() {
                    let [_, r] = edges[(e + 1) % edges.len()];
                    let turn = (q[0] - p[0]) * (r[1] - q[1]) - (q[1] - p[1]) * (r[0] - q[0]);
                    prop_assert!(turn >= -1e-12);
                }
            }
        }
    }
}

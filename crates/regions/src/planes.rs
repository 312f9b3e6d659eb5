//! Planes through samples, and the regions of a network on them.

use network::Network;
use rand::{Rng, RngExt};

use crate::cell::{Affine, Point, Polygon};
use crate::samples::{Samples, distance};
use crate::subdivision::{Region, Subdivision, TooMany};

/// Draws of three samples before a dataset is taken to lie on one line.
const TRIES: usize = 1000;
/// How far, relative to the other two, the third sample must be from their line.
const LEAST_HEIGHT: f64 = 1e-3;

/// A window of a plane in the space of inputs.
///
/// A point of it has coordinates (u, v), lengths along two orthonormal directions from `origin`; of inputs of two
/// dimensions they are the input itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// The input at u = v = 0.
    pub origin: Vec<f64>,
    /// The directions of u and v.
    pub axes: [Vec<f64>; 2],
    /// The middle of the window.
    pub centre: Point,
    /// Half its extent along u and v.
    pub reach: [f64; 2],
    /// The samples on it, with their coordinates.
    pub samples: Vec<(u32, Point)>,
}

impl Plane {
    /// The plane of all inputs of two dimensions, its window around all samples with `margin`.
    #[must_use]
    pub fn of_inputs(samples: &Samples, margin: f64) -> Self {
        let points = (0..).zip(samples.inputs.iter().map(|x| [x[0], x[1]])).collect();
        let axes = [vec![1.0, 0.0], vec![0.0, 1.0]];
        Self::around(vec![0.0; 2], axes, points, margin)
    }

    /// A plane through three samples that do not lie on one line, its window around them with `margin`; `None` where
    /// none are found.
    #[must_use]
    pub fn drawn(samples: &Samples, margin: f64, random: &mut impl Rng) -> Option<Self> {
        let n = samples.inputs.len();
        for _ in 0..TRIES {
            let numbers = [0; 3].map(|_| random.random_range(0..n));
            let [p, q, r] = numbers.map(|number| &samples.inputs[number]);
            let base = distance(p, q);
            if base <= 0.0 {
                continue;
            }
            let difference = |a: &[f64], b: &[f64]| -> Vec<f64> {
                a.iter().zip(b).map(|(a, b)| b - a).collect()
            };
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let first: Vec<f64> = difference(p, q).iter().map(|of| of / base).collect();
            let across = difference(p, r);
            let along = dot(&first, &across);
            let rest: Vec<f64> = across.iter().zip(&first).map(|(c, f)| c - along * f).collect();
            let height = dot(&rest, &rest).sqrt();
            if height <= LEAST_HEIGHT * base.max(along.abs()) {
                continue;
            }
            let second = rest.iter().map(|of| of / height).collect();
            let points = [[0.0, 0.0], [base, 0.0], [along, height]];
            let points = numbers.iter().map(|&number| number as u32).zip(points).collect();
            return Some(Self::around(p.clone(), [first, second], points, margin));
        }
        None
    }

    fn around(
        origin: Vec<f64>,
        axes: [Vec<f64>; 2],
        samples: Vec<(u32, Point)>,
        margin: f64,
    ) -> Self {
        let along = |axis: usize| samples.iter().map(move |(_, point)| point[axis]);
        let ends = [0, 1].map(|axis| {
            (along(axis).fold(f64::MAX, f64::min), along(axis).fold(f64::MIN, f64::max))
        });
        let extents = ends.map(|(low, high)| high - low);
        // Samples on one line leave a window with an inside.
        let room = margin * extents[0].max(extents[1]);
        let reach = extents.map(|extent| 0.5 * extent + room);
        let reach = reach.map(|of| if of > 0.0 { of } else { 1.0 });
        let centre = ends.map(|(low, high)| f64::midpoint(low, high));
        Self { origin, axes, centre, reach, samples }
    }

    /// The input as an affine function of the window's own coordinates from −1 to 1.
    #[must_use]
    pub fn rows(&self) -> Vec<f64> {
        let [first, second] = &self.axes;
        let [u, v] = self.centre;
        let origin = self.origin.iter().zip(first.iter().zip(second));
        let middle = origin.map(|(x, (a, b))| x + u * a + v * b);
        let scaled = |axis: usize| self.axes[axis].iter().map(move |of| self.reach[axis] * of);
        middle.chain(scaled(0)).chain(scaled(1)).collect()
    }

    /// The place on the plane of a point in the window's own coordinates.
    #[must_use]
    pub fn place(&self, point: Point) -> Point {
        [0, 1].map(|axis| self.centre[axis] + self.reach[axis] * point[axis])
    }

    /// The area of its window.
    #[must_use]
    pub fn area(&self) -> f64 {
        4.0 * self.reach[0] * self.reach[1]
    }

    /// The slopes of `f`, a function of the window's own coordinates, along u and v.
    #[must_use]
    pub fn gradient(&self, f: Affine) -> Point {
        [f.0[1] / self.reach[0], f.0[2] / self.reach[1]]
    }

    /// Regions of `network` within the window.
    ///
    /// # Errors
    /// Where there are more than `most`.
    pub fn regions(
        &self,
        network: &Network<f64>,
        most: usize,
    ) -> Result<Vec<Region<Polygon>>, TooMany> {
        Subdivision::new(network, most).regions(Polygon::window(), self.rows())
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn samples(inputs: Vec<Vec<f64>>) -> Samples {
        let targets = vec![0.0; inputs.len()];
        Samples { inputs, labels: None, targets }
    }

    #[test]
    fn a_plane_goes_through_its_three_samples() {
        let number = |i: usize, j: usize| (1.3 * i as f64 + 2.1 * j as f64).sin();
        let samples = samples((0..20).map(|i| (0..5).map(|j| number(i, j)).collect()).collect());
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let plane = Plane::drawn(&samples, 0.1, &mut random).unwrap();
        for &(number, [u, v]) in &plane.samples {
            let x = &samples.inputs[number as usize];
            for (i, x) in x.iter().enumerate() {
                let found = plane.origin[i] + u * plane.axes[0][i] + v * plane.axes[1][i];
                assert!((found - x).abs() <= 1e-12);
            }
            for (axis, at) in [u, v].into_iter().enumerate() {
                assert!((at - plane.centre[axis]).abs() < plane.reach[axis]);
            }
        }
        // The corner (1, 1) of the window by its rows and by its place.
        let (rows, [u, v]) = (plane.rows(), plane.place([1.0, 1.0]));
        for i in 0..5 {
            let expected = plane.origin[i] + u * plane.axes[0][i] + v * plane.axes[1][i];
            assert!((rows[i] + rows[5 + i] + rows[10 + i] - expected).abs() <= 1e-12);
        }
    }

    #[test]
    fn samples_on_one_line_have_no_plane_through_three_of_them() {
        let samples = samples((0..20).map(|i| vec![f64::from(i); 3]).collect());
        assert_eq!(Plane::drawn(&samples, 0.1, &mut ChaCha8Rng::seed_from_u64(0)), None);
    }

    #[test]
    fn inputs_of_two_dimensions_are_their_own_coordinates() {
        let plane = Plane::of_inputs(&samples(vec![vec![-1.0, 3.0], vec![1.0, 4.0]]), 0.1);
        assert_eq!((plane.centre, plane.samples[1]), ([0.0, 3.5], (1, [1.0, 4.0])));
        assert!((plane.reach[0] - 1.2).abs() <= 1e-15 && (plane.reach[1] - 0.7).abs() <= 1e-15);
    }
}

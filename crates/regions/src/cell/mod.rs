//! Convex sets of one or two coordinates, and how affine functions cut them.

mod polygon;
mod segment;

pub use polygon::Polygon;
pub use segment::Segment;

/// A point of a cell; of a segment only the first coordinate counts.
pub type Point = [f64; 2];

/// An affine function of a point: c + a u + b v as `[c, a, b]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine(pub [f64; 3]);

impl Affine {
    /// Its value at a point.
    #[must_use]
    pub fn at(self, [u, v]: Point) -> f64 {
        let Self([c, a, b]) = self;
        c + a * u + b * v
    }

    /// The function with its sign turned.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(self.0.map(|entry| -entry))
    }

    /// `self` − `other`.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let ([c, a, b], [d, e, f]) = (self.0, other.0);
        Self([c - d, a - e, b - f])
    }

    /// The largest that its value can be at coordinates from −1 to 1.
    #[must_use]
    pub fn magnitude(self) -> f64 {
        self.0.iter().map(|entry| entry.abs()).sum()
    }
}

/// Where a cell lies of the zeros of an affine function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above 0 somewhere, nowhere below.
    Above,
    /// Below 0 somewhere, nowhere above.
    Below,
    /// 0 everywhere, to within rounding.
    On,
    /// On both sides.
    Both,
}

/// A convex set with an interior, whose faces know what made them.
pub trait Cell: Clone + Send + Sync {
    /// Number of coordinates.
    const COORDINATES: usize;

    /// Its corners.
    fn corners(&self) -> impl Iterator<Item = Point>;

    /// The part where `f`, which is on both sides, is not below 0. The new face was made by `maker`; a corner
    /// where |f| is at most `tolerance` counts as one where it is 0.
    #[must_use]
    fn above(&self, f: Affine, tolerance: f64, maker: usize) -> Self;

    /// The mean of its corners, a point within.
    fn centre(&self) -> Point {
        let (mut sum, mut count) = ([0.0; 2], 0.0);
        for [u, v] in self.corners() {
            sum = [sum[0] + u, sum[1] + v];
            count += 1.0;
        }
        sum.map(|of| of / count)
    }

    /// On which side of the zeros of `f` it lies, where |f| up to `tolerance` counts as 0.
    fn side(&self, f: Affine, tolerance: f64) -> Side {
        let (mut above, mut below) = (false, false);
        for corner in self.corners() {
            let value = f.at(corner);
            above |= value > tolerance;
            below |= value < -tolerance;
        }
        match (above, below) {
            (true, true) => Side::Both,
            (true, false) => Side::Above,
            (false, true) => Side::Below,
            (false, false) => Side::On,
        }
    }
}

//! An interval of a line.

use super::{Affine, Cell, Point};

/// An interval of t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Its ends, in rising order.
    pub ends: [f64; 2],
    /// The step of the network that made each of them; none of an end of the line.
    pub makers: [Option<usize>; 2],
}

impl Segment {
    /// 0 ≤ t ≤ 1.
    pub const UNIT: Self = Self { ends: [0.0, 1.0], makers: [None; 2] };
}

impl Cell for Segment {
    const COORDINATES: usize = 1;

    fn corners(&self) -> impl Iterator<Item = Point> {
        self.ends.into_iter().map(|t| [t, 0.0])
    }

    fn above(&self, f: Affine, _tolerance: f64, maker: usize) -> Self {
        let [c, slope, _] = f.0;
        let [low, high] = self.ends;
        let zero = (-c / slope).clamp(low, high);
        let mut part = *self;
        // Where the function rises the part above 0 is the upper one.
        let cut = usize::from(slope <= 0.0);
        part.ends[cut] = zero;
        part.makers[cut] = Some(maker);
        part
    }
}

#[cfg(test)]
mod tests {
    use super::super::Side;
    use super::*;

    #[test]
    fn a_segment_is_cut_where_the_function_is_zero() {
        let f = Affine([-0.25, 1.0, 0.0]);
        assert_eq!(Segment::UNIT.side(f, 1e-12), Side::Both);
        let above = Segment::UNIT.above(f, 1e-12, 3);
        let below = Segment::UNIT.above(f.negated(), 1e-12, 3);
        assert_eq!((above.ends, above.makers), ([0.25, 1.0], [Some(3), None]));
        assert_eq!((below.ends, below.makers), ([0.0, 0.25], [None, Some(3)]));
        assert_eq!(above.side(f, 1e-12), Side::Above);
        assert_eq!(below.side(f, 1e-12), Side::Below);
        assert_eq!(above.side(Affine([0.0; 3]), 0.0), Side::On);
    }
}

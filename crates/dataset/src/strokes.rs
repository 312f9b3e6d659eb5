//! Glyphs: each class a few quadratic Bézier curves, each sample a variation of its class.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use stage::Seed;

/// Points at which a stroke is drawn.
const POINTS: usize = 16;

type Point = [f64; 2];

/// The strokes of one class: three control points each, in the unit square.
pub(crate) type Strokes = Vec<[Point; 3]>;

/// How samples of a class vary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variation {
    /// Standard deviation of each control point's coordinates.
    pub jitter: f64,
    /// Standard deviation of the rotation about the centre, in radians.
    pub rotation: f64,
    /// Largest relative change of size.
    pub scale: f64,
    /// Size of an unscaled glyph, 1 for the whole square.
    pub size: f64,
    /// How far it moves.
    pub shift: Shift,
}

/// How far a glyph moves, in units of the square.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shift {
    /// Standard deviation of a normal shift.
    Normal(f64),
    /// Bound of a uniform one.
    Uniform(f64),
}

/// The strokes of every class of a source called `source`; a class is the same however many there are.
pub(crate) fn classes(seed: Seed, source: &str, classes: u32, strokes: u32) -> Vec<Strokes> {
    let class = |class: u32| {
        let mut random = seed.stream(&format!("dataset/{source}/class/{class}"));
        let mut point = || [(); 2].map(|()| random.random_range(0.12..0.88));
        (0..strokes).map(|_| [(); 3].map(|()| point())).collect()
    };
    (0..classes).map(class).collect()
}

impl Variation {
    /// The points of a sample of the class `strokes`.
    pub fn points(&self, strokes: &Strokes, random: &mut impl Rng) -> Vec<Point> {
        let mut normal = |deviation: f64| {
            let normal: f64 = random.sample(StandardNormal);
            deviation * normal
        };
        let jittered: Strokes = strokes
            .iter()
            .map(|stroke| stroke.map(|point| point.map(|x| x + normal(self.jitter))))
            .collect();
        let (sine, cosine) = normal(self.rotation).sin_cos();
        let size = self.size * (1.0 + uniform(self.scale, random));
        let shift = match self.shift {
            Shift::Uniform(bound) => [(); 2].map(|()| uniform(bound, random)),
            Shift::Normal(deviation) => {
                [(); 2].map(|()| deviation * random.sample::<f64, _>(StandardNormal))
            }
        };
        let placed = |[x, y]: Point| {
            let (x, y) = (x - 0.5, y - 0.5);
            [
                size * (cosine * x - sine * y) + 0.5 + shift[0],
                size * (sine * x + cosine * y) + 0.5 + shift[1],
            ]
        };
        let points = jittered.into_iter().flat_map(|stroke| {
            (0..POINTS).map(move |i| {
                let t = i as f64 / (POINTS - 1) as f64;
                let weights = [(1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t];
                [0, 1].map(|axis| (0..3).map(|p| weights[p] * stroke[p][axis]).sum())
            })
        });
        points.map(placed).collect()
    }
}

fn uniform(bound: f64, random: &mut impl Rng) -> f64 {
    bound * random.random_range(-1.0..=1.0)
}

/// Ink of each pixel of a picture of `side` × `side`, row by row: e^{−d² / 2w²}, d the distance of the
/// pixel's centre to the nearest point and w the `width` of strokes.
pub(crate) fn ink(points: &[Point], side: u32, width: f64) -> Vec<f64> {
    let centre = |i: u32| (f64::from(i) + 0.5) / f64::from(side);
    let nearest = |x: f64, y: f64| {
        points.iter().map(|[a, b]| (a - x).powi(2) + (b - y).powi(2)).fold(f64::INFINITY, f64::min)
    };
    (0..side)
        .flat_map(|y| (0..side).map(move |x| (centre(x), centre(y))))
        .map(|(x, y)| (-nearest(x, y) / (2.0 * width * width)).exp())
        .collect()
}

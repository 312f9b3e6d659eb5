//! Sinusoids of low frequency, orthonormal on scattered samples.

use faer::Accum;
use faer::linalg::matmul::matmul;

use crate::columns::Columns;
use crate::eigen::parallelism;
use crate::signal::PerSample;
use crate::sum;

/// Input dimensions up to which there are sinusoids: beyond, a quarter of the samples holds hardly
/// more than the lowest frequency along each axis.
const DIMENSIONS: usize = 3;

/// Samples for each sinusoid at the least: with fewer a sinusoid could follow single samples.
const SAMPLES_A_SINUSOID: usize = 4;

/// Sinusoids that are made orthogonal to all before them at once, by matrix products.
const PANEL: usize = 64;

/// The smallest box with sides along the axes that holds the training inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundingBox {
    low: Vec<f64>,
    extent: Vec<f64>,
}

impl BoundingBox {
    /// The box of `inputs`, or `None` where no sinusoids are defined on it: for more than three
    /// dimensions, and where all inputs agree along one but for their rounding.
    pub fn of(inputs: &PerSample) -> Option<Self> {
        let dimensions = inputs.width;
        if inputs.values.is_empty() || dimensions > DIMENSIONS {
            return None;
        }
        let mut low = vec![f64::INFINITY; dimensions];
        let mut high = vec![f64::NEG_INFINITY; dimensions];
        for x in inputs.values.chunks_exact(dimensions) {
            for (axis, &x) in x.iter().enumerate() {
                low[axis] = low[axis].min(f64::from(x));
                high[axis] = high[axis].max(f64::from(x));
            }
        }
        let extent: Vec<f64> = high.iter().zip(&low).map(|(high, low)| high - low).collect();
        // Inputs are stored as f32.
        let is_rounding =
            |low: f64, high: f64| high - low <= f64::from(f32::EPSILON) * low.abs().max(high.abs());
        let is_flat = low.iter().zip(&high).any(|(&low, &high)| is_rounding(low, high));
        (!is_flat).then_some(Self { low, extent })
    }

    /// u, from 0 to 1 along each side within the box: sample-major.
    fn positions(&self, inputs: &PerSample) -> Vec<f64> {
        let axes = self.low.iter().zip(&self.extent).cycle();
        inputs.values.iter().zip(axes).map(|(&x, (low, by))| (f64::from(x) - low) / by).collect()
    }

    /// How far the rounding of inputs to f32 can move 2πκ·u, |κ| ≤ `highest`.
    fn phase_rounding(&self, highest: u32) -> f64 {
        let relative = |(low, extent): (&f64, &f64)| low.abs().max((low + extent).abs()) / extent;
        let worst = self.low.iter().zip(&self.extent).map(relative).fold(0.0, f64::max);
        let turns = f64::from(highest) * (self.low.len() as f64).sqrt();
        std::f64::consts::TAU * turns * worst * f64::from(f32::EPSILON)
    }
}

/// The sinusoids of lowest frequency, made orthonormal on the samples of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Sinusoids {
    /// s₁, s₂, …, orthonormal, in order of rising |κ|.
    pub columns: Columns<f64>,
    /// |κ|² of each.
    pub squared: Vec<u32>,
    /// K, the highest radial frequency: every κ with |κ| < K + ½ is there.
    pub highest: u32,
}

impl Sinusoids {
    /// Sinusoids 1, cos 2πκ·u, sin 2πκ·u of the box on `inputs`, made orthonormal in this order.
    ///
    /// κ runs over the integer vectors with |κ| < K + ½, one of each pair ±κ, by rising |κ|. K is
    /// the highest for which there are no more than `most` sinusoids and no more than a quarter of
    /// the samples. Each is replaced by what those before it leave of it; where that is no more than
    /// the rounding of the inputs can make, as on a grid whose points alias, it is left out. `None` where not even the constant is allowed.
    ///
    /// Nothing is resampled: sums run over the samples as they lie. So the first sinusoids span
    /// exactly what the least-squares fit by them spans, and energies in nested spans add up.
    pub fn on_samples(bounds: &BoundingBox, inputs: &PerSample, most: usize) -> Option<Self> {
        let samples = inputs.samples();
        let most = most.min(samples / SAMPLES_A_SINUSOID);
        let (highest, frequencies) = frequencies(bounds.low.len(), most)?;
        let positions = bounds.positions(inputs);
        let tolerance = f64::max(8.0 * bounds.phase_rounding(highest), 1e-12);
        let candidates: Vec<(&[i32], bool)> = frequencies
            .iter()
            .flat_map(|kappa| {
                let both = kappa.iter().any(|&k| k != 0);
                [Some(false), both.then_some(true)]
                    .into_iter()
                    .flatten()
                    .map(|sine| (&kappa[..], sine))
            })
            .collect();
        let mut columns = Columns::empty(samples);
        let mut squared = Vec::new();
        for panel in candidates.chunks(PANEL) {
            let mut new = Columns::empty(samples);
            for &(kappa, sine) in panel {
                new.push(sinusoid(&positions, kappa, sine));
            }
            for kept in add_panel(&mut columns, new, tolerance) {
                squared.push(norm_squared(panel[kept].0));
            }
        }
        Some(Self { columns, squared, highest })
    }

    /// r of the bin of sinusoid `index`: r − ½ < |κ| < r + ½.
    pub fn bin(&self, index: usize) -> u32 {
        // |κ|² is an integer, so |κ| < r + ½ is |κ|² ≤ r(r + 1).
        let squared = self.squared[index];
        let below = squared.isqrt();
        if squared > below * (below + 1) { below + 1 } else { below }
    }
}

fn norm_squared(kappa: &[i32]) -> u32 {
    kappa.iter().map(|k| (k * k).unsigned_abs()).sum()
}

fn sinusoid(positions: &[f64], kappa: &[i32], sine: bool) -> impl Iterator<Item = f64> {
    positions.chunks_exact(kappa.len()).map(move |u| {
        let turns: f64 = kappa.iter().zip(u).map(|(&k, u)| f64::from(k) * u).sum();
        let phase = std::f64::consts::TAU * turns;
        if sine { phase.sin() } else { phase.cos() }
    })
}

/// K and every κ with |κ| < K + ½, one of each pair ±κ, for the largest K that makes at most `most`
/// sinusoids; by rising |κ|, then in falling lexicographic order. `None` where `most` is 0.
fn frequencies(dimensions: usize, most: usize) -> Option<(u32, Vec<Vec<i32>>)> {
    let mut found = None;
    for highest in 0.. {
        let of_ball = ball(dimensions, highest);
        // The constant is one sinusoid, each other κ makes two.
        if 2 * of_ball.len() - 1 > most {
            break;
        }
        found = Some((highest as u32, of_ball));
    }
    let (highest, mut kappas) = found?;
    kappas.sort_by(|a, b| norm_squared(a).cmp(&norm_squared(b)).then_with(|| b.cmp(a)));
    Some((highest, kappas))
}

/// Every κ with |κ|² ≤ K(K + 1) whose first component other than 0 is positive, and 0.
fn ball(dimensions: usize, highest: i32) -> Vec<Vec<i32>> {
    let mut kappas = vec![Vec::new()];
    for _ in 0..dimensions {
        kappas = kappas
            .into_iter()
            .flat_map(|kappa: Vec<i32>| {
                (-highest..=highest).map(move |k| [&kappa[..], &[k]].concat())
            })
            .collect();
    }
    let limit = (highest * (highest + 1)).unsigned_abs();
    let positive = |kappa: &[i32]| kappa.iter().find(|&&k| k != 0).is_none_or(|&k| k > 0);
    kappas.retain(|kappa| norm_squared(kappa) <= limit && positive(kappa));
    kappas
}

/// Adds to the orthonormal `columns` what they leave of each of `new`, as far as that is more than
/// `tolerance` √samples, and tells which of `new` were added.
///
/// Gram-Schmidt, twice each: against `columns` by matrix products, within `new` one by one.
fn add_panel(columns: &mut Columns<f64>, mut new: Columns<f64>, tolerance: f64) -> Vec<usize> {
    let (rows, known, count) = (columns.rows(), columns.count(), new.count());
    for _ in 0..2 {
        let mut along = Columns::filled(known, count, 0.0);
        if known > 0 {
            let basis = columns.matrix(0, known);
            let inner = along.matrix_mut(0, count);
            let panel = new.matrix(0, count);
            matmul(inner, Accum::Replace, basis.transpose(), panel, 1.0, parallelism());
            let panel = new.matrix_mut(0, count);
            matmul(panel, Accum::Add, basis, along.matrix(0, count), -1.0, parallelism());
        }
    }
    let least = tolerance * (rows as f64).sqrt();
    let mut kept = Vec::new();
    for (index, vector) in new.iter().enumerate() {
        let mut rest = vector.to_vec();
        for _ in 0..2 {
            for direction in columns.iter().skip(known) {
                let along = sum::dot(direction, &rest);
                rest.iter_mut().zip(direction).for_each(|(rest, entry)| *rest -= along * entry);
            }
        }
        let left = sum::norm_squared(&rest).sqrt();
        if left > least {
            columns.push(rest.iter().map(|entry| entry / left));
            kept.push(index);
        }
    }
    kept
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Scattered points with coordinates in [−1, 2].
    pub fn scattered(samples: usize, dimensions: usize) -> PerSample {
        let coordinate = |at: usize| {
            let mixed = (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            3.0 * ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40) as f32
                / (1_u32 << 24) as f32
                - 1.0
        };
        let values = (0..samples * dimensions).map(coordinate).collect();
        PerSample { width: dimensions, values }
    }

    fn on(inputs: &PerSample, most: usize) -> Sinusoids {
        Sinusoids::on_samples(&BoundingBox::of(inputs).unwrap(), inputs, most).unwrap()
    }

    #[test]
    fn they_are_orthonormal_on_scattered_samples_of_every_dimension() {
        for (dimensions, samples, expected) in [(1, 700, 175), (2, 600, 137), (3, 400, 81)] {
            let found = on(&scattered(samples, dimensions), 1000);
            let count = found.columns.count();
            assert_eq!((count, found.squared.len()), (expected, expected), "{dimensions}");
            for i in 0..count {
                for j in 0..=i {
                    let inner = sum::dot(found.columns.column(i), found.columns.column(j));
                    let expected = f64::from(u8::from(i == j));
                    assert!((inner - expected).abs() <= 1e-12, "{dimensions}: {i} {j} {inner}");
                }
            }
        }
    }

    /// What lies in the span of the first sinusoids is spanned by them and by no later one.
    #[test]
    fn each_is_spanned_by_the_plain_sinusoids_up_to_its_own_frequency() {
        let inputs = scattered(300, 2);
        let found = on(&inputs, 1000);
        let bounds = BoundingBox::of(&inputs).unwrap();
        // u by hand; κ = (2, −1), |κ|² = 5: in the span of columns up to 5, not of those below.
        let wave: Vec<f64> = inputs
            .values
            .chunks_exact(2)
            .map(|x| {
                let u = |axis: usize| (f64::from(x[axis]) - bounds.low[axis]) / bounds.extent[axis];
                (std::f64::consts::TAU * (2.0 * u(0) - u(1)) + 0.3).cos()
            })
            .collect();
        let energy = |limit: u32| -> f64 {
            let within = (0..found.columns.count()).filter(|&i| found.squared[i] <= limit);
            within.map(|i| sum::dot(found.columns.column(i), &wave).powi(2)).sum::<f64>()
                / sum::norm_squared(&wave)
        };
        assert!((energy(5) - 1.0).abs() <= 1e-12, "{}", energy(5));
        assert!(energy(4) < 0.3, "{}", energy(4));
    }

    #[test]
    fn bins_are_the_rounded_radius() {
        let found = on(&scattered(900, 2), 1000);
        for (i, &squared) in found.squared.iter().enumerate() {
            assert_eq!(found.bin(i), f64::from(squared).sqrt().round() as u32, "|κ|² = {squared}");
        }
        assert_eq!(found.bin(found.columns.count() - 1), found.highest);
        assert!(found.squared.is_sorted());
        // All of them: the points of the plane's lattice within the radius.
        let (k, limit) = (20_i32, found.highest * (found.highest + 1));
        let lattice = (-k..=k).flat_map(|a| (-k..=k).map(move |b| norm_squared(&[a, b])));
        assert_eq!(lattice.filter(|&squared| squared <= limit).count(), found.columns.count());
    }

    #[test]
    fn sinusoids_that_a_grid_cannot_tell_apart_are_counted_once() {
        // Eight points along each axis of a line of 8 × 40 copies: u = i/7, so κ and κ + 7 agree.
        let values = (0..320).map(|i| (i % 8) as f32 / 7.0).collect();
        let found = on(&PerSample { width: 1, values }, 1000);
        // The ends of the grid agree as well: seven functions can be told apart.
        assert_eq!(found.columns.count(), 7, "{:?}", found.squared);
    }

    #[test]
    fn there_are_none_where_no_box_or_no_sinusoid_is() {
        assert_eq!(BoundingBox::of(&scattered(50, 4)), None, "four dimensions");
        let flat = PerSample { width: 2, values: vec![0.5, 1.0, 0.7, 1.0] };
        assert_eq!(BoundingBox::of(&flat), None, "no extent along the second axis");
        let rounding = PerSample { width: 1, values: vec![1000.0, 1000.0_f32.next_up()] };
        assert_eq!(BoundingBox::of(&rounding), None, "an extent of one digit");
        let few = scattered(3, 2);
        let bounds = BoundingBox::of(&few).unwrap();
        assert_eq!(Sinusoids::on_samples(&bounds, &few, 100), None, "three samples");
        let one = Sinusoids::on_samples(&bounds, &scattered(7, 2), 100).unwrap();
        assert_eq!((one.columns.count(), one.highest), (1, 0), "the constant");
        assert_eq!(Sinusoids::on_samples(&bounds, &scattered(70, 2), 0), None, "none asked for");
    }
}

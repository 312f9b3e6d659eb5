//! Fourier content of eigenvectors.

use faer::Accum;
use faer::linalg::matmul::matmul;

use crate::columns::Columns;
use crate::eigen::parallelism;
use crate::precision::Real;
use crate::sinusoids::Sinusoids;
use crate::sum;

/// The energy of one vector by radial frequency.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// Share of ‖υ‖² in the bins r = 0, …, K.
    pub bins: Vec<f64>,
    /// Share outside the span of the sinusoids: 1 − Σ bins.
    pub outside: f64,
    /// Σ |κ| e_κ / Σ e_κ over the energies e_κ within the band; none where all are 0.
    pub centroid: Option<f64>,
}

/// Orthonormal directions of each bin for vectors of `per_sample` rows a sample.
pub fn directions(sinusoids: &Sinusoids, per_sample: usize) -> Vec<usize> {
    let mut directions = vec![0; sinusoids.highest as usize + 1];
    for index in 0..sinusoids.columns.count() {
        directions[sinusoids.bin(index) as usize] += per_sample;
    }
    directions
}

/// The Fourier content of the first `count` vectors.
///
/// With s_κ the orthonormal sinusoids, e_κ = Σ_a ⟨s_κ, υ_a⟩² / ‖υ‖², where υ_a are the parts of υ
/// that belong to each of the `per_sample` rows of a sample: the outputs, under `full`. `vectors`
/// have as many rows as samples and outputs make, outputs within samples. Sinusoids of equal |κ|
/// span the same whatever their order, so neither bins nor centroid depend on it.
///
/// Source: Kopitkov & Indelman 2019, the Fourier content of eigenfunctions; the projection on
/// scattered samples instead of a transform on a grid is ours.
pub fn contents<T: Real>(
    vectors: &Columns<T>,
    count: usize,
    per_sample: usize,
    sinusoids: &Sinusoids,
) -> Vec<Content> {
    let (basis, parts) = (sinusoids.columns.count(), count * per_sample);
    let mut apart = Columns::empty(vectors.rows() / per_sample);
    for vector in vectors.iter().take(count) {
        for output in 0..per_sample {
            apart.push(vector.iter().skip(output).step_by(per_sample).map(|&entry| entry.into()));
        }
    }
    let mut along = Columns::filled(basis, parts, 0.0);
    let sines = sinusoids.columns.matrix(0, basis).transpose();
    let target = along.matrix_mut(0, parts);
    matmul(target, Accum::Replace, sines, apart.matrix(0, parts), 1.0, parallelism());
    let of_vector = |index: usize| {
        let norm = sum::norm_squared(vectors.column(index));
        let mut bins = vec![0.0; sinusoids.highest as usize + 1];
        let (mut weighted, mut within) = (0.0, 0.0);
        for output in 0..per_sample {
            let along = along.column(index * per_sample + output);
            for (at, along) in along.iter().enumerate() {
                let energy = along * along / norm;
                bins[sinusoids.bin(at) as usize] += energy;
                weighted += f64::from(sinusoids.squared[at]).sqrt() * energy;
                within += energy;
            }
        }
        let centroid = (within > 0.0).then(|| weighted / within);
        Content { bins, outside: 1.0 - within, centroid }
    };
    (0..count).map(of_vector).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::PerSample;
    use crate::sinusoids::BoundingBox;
    use crate::sinusoids::tests::scattered;

    fn sinusoids(inputs: &PerSample) -> Sinusoids {
        Sinusoids::on_samples(&BoundingBox::of(inputs).unwrap(), inputs, 1000).unwrap()
    }

    /// cos(2πκ·u + φ) on the box of the inputs.
    fn wave(inputs: &PerSample, kappa: [f64; 2], phase: f64) -> Vec<f64> {
        let side = |axis: usize| -> Vec<f64> {
            let x: Vec<f64> = inputs.values.chunks_exact(2).map(|x| f64::from(x[axis])).collect();
            let low = x.iter().copied().fold(f64::INFINITY, f64::min);
            let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            x.iter().map(|x| (x - low) / (high - low)).collect()
        };
        let turns = side(0).into_iter().zip(side(1)).map(|(u, v)| kappa[0] * u + kappa[1] * v);
        turns.map(|turns| (std::f64::consts::TAU * turns + phase).cos()).collect()
    }

    fn content(vector: &[f64], per_sample: usize, sinusoids: &Sinusoids) -> Content {
        let mut columns = Columns::empty(vector.len());
        columns.push(vector.iter().copied());
        contents(&columns, 1, per_sample, sinusoids).remove(0)
    }

    /// Solves A x = b by elimination with pivots.
    fn solved(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
        let n = b.len();
        for i in 0..n {
            let pivot = (i..n).max_by(|&p, &q| a[p][i].abs().total_cmp(&a[q][i].abs())).unwrap();
            a.swap(i, pivot);
            b.swap(i, pivot);
            for row in i + 1..n {
                let by = a[row][i] / a[i][i];
                let above = a[i].clone();
                a[row].iter_mut().zip(above).for_each(|(entry, above)| *entry -= by * above);
                b[row] -= by * b[i];
            }
        }
        for i in (0..n).rev() {
            let known: f64 = (i + 1..n).map(|j| a[i][j] * b[j]).sum();
            b[i] = (b[i] - known) / a[i][i];
        }
        b
    }

    /// ‖fit‖²/‖υ‖² of the least-squares fit by all plain sinusoids with |κ|² ≤ `limit`.
    fn fitted(inputs: &PerSample, vector: &[f64], limit: i32) -> f64 {
        let mut waves = Vec::new();
        for (a, b) in (0..10).flat_map(|a| (-10..10).map(move |b| (a, b))) {
            if a * a + b * b <= limit && (a > 0 || b >= 0) {
                let kappa = [f64::from(a), f64::from(b)];
                waves.push(wave(inputs, kappa, 0.0));
                if (a, b) != (0, 0) {
                    waves.push(wave(inputs, kappa, -std::f64::consts::FRAC_PI_2));
                }
            }
        }
        let inner = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let normal = waves.iter().map(|a| waves.iter().map(|b| inner(a, b)).collect()).collect();
        let right: Vec<f64> = waves.iter().map(|a| inner(a, vector)).collect();
        let found = solved(normal, right.clone());
        inner(&found, &right) / inner(vector, vector)
    }

    #[test]
    fn bins_are_what_each_step_of_a_least_squares_fit_adds() {
        let inputs = scattered(230, 2);
        let sinusoids = sinusoids(&inputs);
        let vector: Vec<f64> =
            inputs.values.chunks_exact(2).map(|x| f64::from(x[0] * x[1] + x[0].abs())).collect();
        let found = content(&vector, 1, &sinusoids);
        let mut before = 0.0;
        for (r, bin) in (0..).zip(&found.bins) {
            let upto = fitted(&inputs, &vector, r * (r + 1));
            assert!((bin - (upto - before)).abs() <= 1e-10, "{r}: {bin} {}", upto - before);
            before = upto;
        }
        assert!((found.outside - (1.0 - before)).abs() <= 1e-10);
        assert!(found.outside > 0.01 && found.bins.len() == 4, "{found:?}");
    }

    #[test]
    fn waves_on_a_grid_have_their_own_frequency_as_centroid() {
        let points = (0..24).flat_map(|i| (0..24).map(move |j| [i as f32, j as f32]));
        let values = points.flatten().collect();
        let inputs = PerSample { width: 2, values };
        let sinusoids = sinusoids(&inputs);
        let of = |kappa: [f64; 2]| content(&wave(&inputs, kappa, 0.9), 1, &sinusoids);
        for kappa in [[0.0, 0.0], [1.0, 0.0], [2.0, -3.0], [0.0, 5.0]] {
            let found = of(kappa);
            let radius = kappa[0].hypot(kappa[1]);
            // Points at both ends of each period make waves of different κ slightly oblique: a wave
            // has a little energy below its own frequency, none above.
            let bins = &found.bins[radius.round() as usize + 1..];
            assert!(bins.iter().all(|&energy| energy <= 1e-20), "{kappa:?} {found:?}");
            assert!((found.bins.iter().sum::<f64>() - 1.0).abs() <= 1e-12, "{kappa:?}");
            let centroid = found.centroid.unwrap();
            assert!(centroid <= radius + 1e-12 && centroid >= 0.9 * radius, "{kappa:?} {centroid}");
        }
        assert!(of([4.0, 4.0]).centroid > of([2.0, 1.0]).centroid);
    }

    #[test]
    fn parts_of_several_outputs_are_added() {
        let inputs = scattered(200, 2);
        let sinusoids = sinusoids(&inputs);
        let (low, high) = (wave(&inputs, [1.0, 0.0], 0.2), wave(&inputs, [2.0, 2.0], 0.2));
        let both: Vec<f64> = low.iter().zip(&high).flat_map(|(&a, &b)| [a, 2.0 * b]).collect();
        let found = content(&both, 2, &sinusoids);
        let (a, b) = (content(&low, 1, &sinusoids), content(&high, 1, &sinusoids));
        let norms = [sum::norm_squared(&low), 4.0 * sum::norm_squared(&high)];
        for (r, bin) in found.bins.iter().enumerate() {
            let expected = (norms[0] * a.bins[r] + norms[1] * b.bins[r]) / (norms[0] + norms[1]);
            assert!((bin - expected).abs() <= 1e-12, "{r}");
        }
        let (one, two) = (directions(&sinusoids, 1), directions(&sinusoids, 2));
        assert_eq!(one[..3], [1, 8, 12]);
        assert_eq!(two[..3], [2, 16, 24]);
    }

    #[test]
    fn a_vector_without_energy_in_the_band_has_no_centroid() {
        let inputs = scattered(40, 2);
        let mut sinusoids = sinusoids(&inputs);
        sinusoids.columns = Columns::filled(40, sinusoids.columns.count(), 0.0);
        let found = content(&[1.0; 40], 1, &sinusoids);
        assert_eq!((found.centroid, found.outside), (None, 1.0));
    }
}

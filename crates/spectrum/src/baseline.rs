//! What sinusoids, which know nothing of the network, hold of the target.

use artifact::tables::spectrum::BaselineRow;
use artifact::tables::{Signal, Split};

use crate::energy;
use crate::signal::PerSample;
use crate::sinusoids::Sinusoids;

/// E(y_a, k) of each output a of the targets in the k `sinusoids` of lowest frequency.
///
/// `sinusoids` are orthonormal on the samples of `targets`, which are those of `split`. An output
/// that is zero everywhere has no rows.
///
/// Source: Kopitkov & Indelman 2019, the comparison of eigenvectors with the Fourier basis.
pub fn rows(split: Split, targets: &PerSample, sinusoids: &Sinusoids) -> Vec<BaselineRow> {
    let mut rows = Vec::new();
    for output in 0..targets.width {
        let values = targets.values.iter().skip(output).step_by(targets.width);
        let target: Vec<f64> = values.map(|&y| f64::from(y)).collect();
        let modes = energy::of_modes(&sinusoids.columns, sinusoids.columns.count(), &[target]);
        let energies = modes.map(|modes| energy::relative(&modes));
        rows.extend((1..).zip(energies.into_iter().flatten()).map(|(k, relative_energy)| {
            let (output, signal) = (output as u32, Signal::Target);
            BaselineRow { split, output, signal, k, relative_energy }
        }));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sinusoids::BoundingBox;
    use crate::sinusoids::tests::scattered;

    #[test]
    fn a_target_made_of_low_frequencies_is_held_by_the_first_sinusoids() {
        let inputs = scattered(200, 2);
        let bounds = BoundingBox::of(&inputs).unwrap();
        let sinusoids = Sinusoids::on_samples(&bounds, &inputs, 100).unwrap();
        // One output is constant, one a wave along the first side, one is zero.
        let low = inputs.values.iter().step_by(2).copied().fold(f32::INFINITY, f32::min);
        let high = inputs.values.iter().step_by(2).copied().fold(f32::NEG_INFINITY, f32::max);
        let values = inputs.values.chunks_exact(2).flat_map(|x| {
            let u = f64::from(x[0] - low) / f64::from(high - low);
            [2.0, (std::f64::consts::TAU * u + 0.4).cos() as f32, 0.0]
        });
        let targets = PerSample { width: 3, values: values.collect() };
        let rows = rows(Split::Test, &targets, &sinusoids);
        let energy = |output, k| {
            let row = rows.iter().find(|row| (row.output, row.k) == (output, k)).unwrap();
            assert_eq!((row.split, row.signal), (Split::Test, Signal::Target));
            row.relative_energy
        };
        assert!((energy(0, 1) - 1.0).abs() <= 1e-12);
        // 1, cos and sin of κ = (1, 0): after three, what is left is the rounding of the targets.
        assert!(energy(1, 2) < 0.95 && (energy(1, 3) - 1.0).abs() <= 1e-10, "{rows:?}");
        assert_eq!(rows.len(), 2 * sinusoids.columns.count());
        assert_eq!(rows.iter().filter(|row| row.output == 2).count(), 0, "zero has no energy");
    }
}

//! Rows g(X, ·) of the kernel for a few training samples X, to be drawn over the inputs.

use artifact::tables::Split;
use artifact::tables::spectrum::KernelRowsRow;

use crate::kernel::Block;
use crate::precision::Real;
use crate::signal::PerSample;

/// Where in the box of the inputs the points X lie: the centre, then the quarters.
const ROWS_AT: [[f64; 2]; 5] = [[0.5, 0.5], [0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]];

/// The rows of `block` at `step` for the training samples `rows_of`, of `samples` training samples;
/// under the reduction `full`, of the first output with itself.
pub fn rows<T: Real>(
    block: &Block<T>,
    step: u64,
    rows_of: &[usize],
    samples: usize,
) -> Vec<KernelRowsRow> {
    // Rows a sample: o under `full`, the outputs of each sample beside each other.
    let each = block.rows / samples.max(1);
    let mut found = Vec::new();
    for (row, &sample) in (1..).zip(rows_of) {
        let at = sample * each;
        let of = |split, values: Vec<f32>| KernelRowsRow {
            step,
            row,
            sample: sample as u32,
            split,
            values,
        };
        let train = &block.train()[at * block.rows..(at + 1) * block.rows];
        let train = train.iter().step_by(each.max(1)).map(|value| wide(*value) as f32);
        found.push(of(Split::Train, train.collect()));
        let test = block.test().chunks(block.rows.max(1)).step_by(each.max(1));
        let test: Vec<f32> = test.map(|entries| wide(entries[at]) as f32).collect();
        if !test.is_empty() {
            found.push(of(Split::Test, test));
        }
    }
    found
}

fn wide<T: Real>(value: T) -> f64 {
    value.into()
}

/// Numbers of the samples nearest to [`ROWS_AT`] in the box of all, each once; none for inputs of more
/// than two dimensions.
pub fn samples_near_places(inputs: &PerSample) -> Vec<usize> {
    let dimensions = inputs.width;
    if !(1..=2).contains(&dimensions) {
        return Vec::new();
    }
    let points: Vec<&[f32]> = inputs.values.chunks(dimensions).collect();
    let ends: Vec<(f64, f64)> = (0..dimensions)
        .map(|axis| {
            let values = || points.iter().map(|point| f64::from(point[axis]));
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
        })
        .collect();
    let mut found = Vec::new();
    for place in ROWS_AT {
        let distance = |point: &[f32]| -> f64 {
            let along = |axis: usize| {
                let (low, high) = ends[axis];
                (f64::from(point[axis]) - low) / (high - low).max(f64::MIN_POSITIVE)
            };
            (0..dimensions).map(|axis| (along(axis) - place[axis]).powi(2)).sum()
        };
        let nearest =
            (0..points.len()).min_by(|&a, &b| distance(points[a]).total_cmp(&distance(points[b])));
        found.extend(nearest.filter(|sample| !found.contains(sample)));
    }
    found
}

#[cfg(test)]
mod tests {
    use artifact::Precision;

    use super::*;
    use crate::kernel::Place;

    #[test]
    fn rows_are_of_different_samples_around_the_box() {
        let values = (0..25_u8).flat_map(|i| [f32::from(i % 5) / 2.0 - 1.0, f32::from(i / 5)]);
        let grid = PerSample { width: 2, values: values.collect() };
        assert_eq!(samples_near_places(&grid), [12, 6, 8, 16, 18]);
        assert_eq!(samples_near_places(&PerSample { width: 1, values: vec![1.0] }), [0]);
        assert!(samples_near_places(&PerSample { width: 3, values: vec![1.0; 3] }).is_empty());
        assert!(samples_near_places(&PerSample::default()).is_empty());
    }

    #[test]
    fn a_row_is_that_of_the_first_output_of_its_sample() {
        // Two samples of two outputs each, and one test sample.
        let train: Vec<f32> = (0..16)
            .map(|i| {
                let (i, j) = (i / 4, i % 4);
                (i * j) as f32 + 1.0
            })
            .collect();
        let test = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0];
        let place = Place { output: 0, train: 4, ranges: vec![0..4, 4..6] };
        let values = train.iter().chain(&test).copied().collect();
        let block = Block::<f32>::new(&place, Precision::F32, Precision::F32, values).unwrap();
        let found = rows(&block, 7, &[1], 2);
        assert_eq!(found[0].values, [1.0, 5.0]);
        assert_eq!((found[1].split, found[1].values.as_slice()), (Split::Test, &[7.0_f32][..]));
    }
}

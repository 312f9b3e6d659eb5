//! Functions over the inputs along the optimization: what was learned, the leading
//! eigenfunctions, and rows of the kernel.

use artifact::tables::Split;

use crate::eigenvectors::{Eigenvector, EigenvectorTable};
use crate::error::ReportError;
use crate::measures::{Measures, followed};
use crate::samples::{Outputs, Samples};
use crate::variant::Folders;

/// Outputs of which target and learned function are drawn, from the first on.
const SHOWN_OUTPUTS: usize = 3;
/// Checkpoints at most at which functions are drawn: a slider has no finer steps.
const MOST_FRAMES: usize = 60;
/// Eigenvectors whose span is compared between checkpoints, where there are as many.
const SPAN: u32 = 10;
/// Eigenpairs at most that a kernel row is summed of: those whose eigenvalues are followed over all
/// checkpoints.
const MOST_PAIRS: u32 = followed::DENSE;
/// Where in the box of the inputs the points X of kernel rows g(X, ·) lie: the centre, then
/// the quarters.
const ROWS_AT: [[f64; 2]; 5] = [[0.5, 0.5], [0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]];

/// What a run's functions look like at a series of checkpoints.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// The functions themselves, for inputs of one or two dimensions.
    pub drawn: Option<Drawn>,
    /// At each checkpoint the leading eigenvectors over the training samples, as many everywhere.
    pub spans: Vec<(u64, Vec<Vec<f32>>)>,
}

/// Functions known at the samples of one split.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Split of the samples at which the functions are drawn.
    pub split: Split,
    /// d.
    pub input_dim: usize,
    /// The inputs, d numbers each.
    pub points: Vec<Vec<f32>>,
    /// Target of the first outputs: for each, one number a point.
    pub target: Vec<Vec<f32>>,
    /// Training inputs and their target, of the first output.
    pub samples: Vec<(Vec<f32>, f32)>,
    /// Numbers of the training samples X whose kernel rows are drawn.
    pub rows_of: Vec<usize>,
    /// Eigenpairs that the kernel rows are sums of; fewer where some are rounding noise.
    pub pairs: usize,
    /// The checkpoints, by rising step.
    pub frames: Vec<Frame>,
}

/// The functions at one checkpoint.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The checkpoint.
    pub step: u64,
    /// The network's first outputs: for each, one number a point.
    pub learned: Vec<Vec<f32>>,
    /// Index i and υᵢ by rising index, of the first output where there are several. Signs are
    /// chosen so that each is as like the one before as it can be.
    pub eigenfunctions: Vec<Eigenvector>,
    /// g(X, ·) ≈ Σᵢ λᵢ υᵢ(X) υᵢ(·) over the stored eigenpairs, for each X.
    pub kernel_rows: Vec<Vec<f32>>,
}

impl Functions {
    /// Reads the functions of a run, of at most `count` eigenfunctions; those of inputs of more
    /// than two dimensions are not drawn, but the spans of their eigenvectors are compared.
    ///
    /// # Errors
    /// Where a table cannot be read or the tables do not belong together.
    pub fn read(folders: &Folders, measures: &Measures, count: u32) -> Result<Self, ReportError> {
        let samples = Samples::read(&folders.dataset)?;
        let (train_x, train_y) = samples.of(Split::Train);
        let dimensions = samples.input_dim();
        let steps = frames(&measures.steps);
        let pairs = if dimensions == 1 || dimensions == 2 { MOST_PAIRS } else { SPAN };
        let vectors = EigenvectorTable::read(&folders.spectrum, &steps, pairs)?;
        let mut drawn = if dimensions == 1 || dimensions == 2 {
            let finer = vectors.has_test() && samples.test_is_finer();
            let split = if finer { Split::Test } else { Split::Train };
            let (points, target) = samples.of(split);
            let shown = target.first().map_or(0, Vec::len).min(SHOWN_OUTPUTS);
            Some(Drawn {
                split,
                input_dim: dimensions,
                target: by_output(&target, shown)?,
                points,
                rows_of: nearest_to_places(&train_x),
                samples: train_x
                    .iter()
                    .cloned()
                    .zip(train_y.iter().map(|y| y.first().copied().unwrap_or(0.0)))
                    .collect(),
                pairs: 0,
                frames: Vec::new(),
            })
        } else {
            None
        };
        let outputs = drawn
            .as_ref()
            .map(|drawn| Outputs::read(&folders.training, &steps, drawn.split))
            .transpose()?;
        let mut spans: Vec<(u64, Vec<Vec<f32>>)> = Vec::new();
        for step in steps {
            let mut train = vectors.at(step, Split::Train, train_x.len())?;
            // Beyond, an eigenvector is whatever rounding has made of it.
            let resolved = measures.resolved_of_block(step, 0).unwrap_or(u32::MAX);
            train.retain(|(index, _)| *index <= resolved);
            if let (Some(drawn), Some(outputs)) = (&mut drawn, &outputs) {
                let mut at = match drawn.split {
                    Split::Train => train.clone(),
                    Split::Test => vectors.at(step, Split::Test, drawn.points.len())?,
                };
                at.retain(|(index, _)| *index <= resolved);
                if let Some((_, before)) = spans.last() {
                    align_signs(&mut train, &mut at, before);
                }
                let learned = outputs.at(step, drawn.points.len())?;
                let (kernel_rows, pairs) = kernel_rows(measures, step, &train, &at, &drawn.rows_of);
                drawn.pairs = drawn.pairs.max(pairs);
                at.retain(|(index, _)| *index <= count);
                drawn.frames.push(Frame {
                    step,
                    learned: by_output(&learned, drawn.target.len())?,
                    eigenfunctions: at,
                    kernel_rows,
                });
            }
            train.retain(|(index, _)| *index <= SPAN.max(count));
            spans.push((step, train.into_iter().map(|(_, values)| values).collect::<Vec<_>>()));
        }
        for (_, span) in &mut spans {
            span.truncate(SPAN as usize);
        }
        let common = spans.iter().map(|(_, span)| span.len()).min().unwrap_or(0);
        for (_, span) in &mut spans {
            span.truncate(common);
        }
        Ok(Self { drawn, spans })
    }
}

/// The checkpoints that are drawn: every one, or as many as there may be, evenly chosen. One
/// that follows another after a single update, kept for the first-order error, is left out.
fn frames(steps: &[u64]) -> Vec<u64> {
    let last = steps.last().copied();
    let own: Vec<u64> = steps
        .iter()
        .copied()
        .filter(|&step| Some(step) == last || step == 0 || !steps.contains(&(step - 1)))
        .collect();
    if own.len() <= MOST_FRAMES {
        return own;
    }
    (0..MOST_FRAMES).map(|i| own[i * (own.len() - 1) / (MOST_FRAMES - 1)]).collect()
}

/// Turns the signs of eigenvectors over training samples, and of the same over other samples, so
/// that each has a positive product with the one of its index before.
fn align_signs(train: &mut [Eigenvector], at: &mut [Eigenvector], before: &[Vec<f32>]) {
    for ((index, vector), before) in train.iter_mut().zip(before) {
        let product: f64 =
            vector.iter().zip(before).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        if product < 0.0 {
            for value in vector.iter_mut() {
                *value = -*value;
            }
            for (_, values) in at.iter_mut().filter(|(other, _)| other == index) {
                for value in values.iter_mut() {
                    *value = -*value;
                }
            }
        }
    }
}

/// g(X, ·) for the samples `rows_of`, and of how many eigenpairs the sums are.
fn kernel_rows(
    measures: &Measures,
    step: u64,
    train: &[Eigenvector],
    at: &[Eigenvector],
    rows_of: &[usize],
) -> (Vec<Vec<f32>>, usize) {
    let eigenvalue = |index: u32| {
        measures
            .eigenvalues
            .iter()
            .find(|row| row.step == step && row.output == 0 && row.index == index && row.resolved)
            .map(|row| row.eigenvalue)
    };
    let pairs: Vec<(f64, &[f32], &[f32])> = at
        .iter()
        .filter_map(|(index, values)| {
            let own = train.iter().find(|(other, _)| other == index)?;
            Some((eigenvalue(*index)?, own.1.as_slice(), values.as_slice()))
        })
        .collect();
    let points = at.first().map_or(0, |(_, values)| values.len());
    let rows = rows_of.iter().map(|&sample| {
        let mut row = vec![0.0_f64; points];
        for (eigenvalue, train, values) in &pairs {
            let factor = eigenvalue * f64::from(train[sample]);
            for (sum, &value) in row.iter_mut().zip(*values) {
                *sum += factor * f64::from(value);
            }
        }
        row.into_iter().map(|value| value as f32).collect()
    });
    (rows.collect(), pairs.len())
}

/// Numbers of the samples nearest to [`ROWS_AT`] in the box of all, each once.
fn nearest_to_places(points: &[Vec<f32>]) -> Vec<usize> {
    let dimensions = points.first().map_or(0, Vec::len).min(2);
    let ends: Vec<(f64, f64)> = (0..dimensions)
        .map(|axis| {
            let values = || points.iter().map(|point| f64::from(point[axis]));
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
        })
        .collect();
    let mut found = Vec::new();
    for place in ROWS_AT {
        let distance = |point: &Vec<f32>| -> f64 {
            let along = |axis: usize| {
                let (low, high) = ends[axis];
                (f64::from(point[axis]) - low) / (high - low).max(f64::MIN_POSITIVE)
            };
            (0..dimensions).map(|axis| (along(axis) - place[axis]).powi(2)).sum()
        };
        let nearest = (0..points.len())
            .min_by(|&a, &b| distance(&points[a]).total_cmp(&distance(&points[b])));
        found.extend(nearest.filter(|sample| !found.contains(sample)));
    }
    found
}

/// Vectors of one sample each, turned into one vector for each of the first `outputs` outputs.
fn by_output<S: AsRef<[f32]>>(samples: &[S], outputs: usize) -> Result<Vec<Vec<f32>>, ReportError> {
    (0..outputs)
        .map(|output| samples.iter().map(|sample| sample.as_ref().get(output).copied()).collect())
        .collect::<Option<_>>()
        .ok_or_else(|| ReportError::Mismatch {
            problem: "samples and outputs have different numbers of outputs".to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use artifact::tables::spectrum::EigenvalueRow;

    use super::*;

    #[test]
    fn a_slider_has_few_steps_and_none_for_a_single_update() {
        assert_eq!(frames(&[0, 10, 11, 20, 21]), [0, 10, 20, 21]);
        let many: Vec<u64> = (0..500).map(|i| 10 * i).collect();
        let kept = frames(&many);
        assert_eq!((kept.len(), kept[0], kept[59]), (60, 0, 4990));
    }

    #[test]
    fn a_kernel_row_is_the_sum_over_eigenpairs() {
        let row = |index, eigenvalue, resolved| EigenvalueRow {
            step: 5,
            output: 0,
            index,
            eigenvalue,
            resolved,
            fisher_eigenvalue: None,
            mode_speed: None,
            frequency_centroid: None,
        };
        let measures = Measures {
            eigenvalues: vec![row(1, 3.0, true), row(2, 2.0, true), row(3, 1e9, false)],
            ..Measures::default()
        };
        let train = [(1, vec![0.6, 0.8]), (2, vec![-0.8, 0.6]), (3, vec![1.0, 1.0])];
        let (rows, pairs) = kernel_rows(&measures, 5, &train, &train, &[1]);
        assert_eq!(pairs, 2);
        let expected = [3.0 * 0.8 * 0.6 - 2.0 * 0.6 * 0.8, 3.0 * 0.64 + 2.0 * 0.36];
        for (found, expected) in rows[0].iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn kernel_rows_are_of_different_samples_around_the_box() {
        let grid: Vec<Vec<f32>> =
            (0..25_u8).map(|i| vec![f32::from(i % 5) / 2.0 - 1.0, f32::from(i / 5)]).collect();
        assert_eq!(nearest_to_places(&grid), [12, 6, 8, 16, 18]);
        assert_eq!(nearest_to_places(&[vec![1.0]]), [0]);
        assert!(nearest_to_places(&[]).is_empty());
    }

    #[test]
    fn a_turned_sign_is_turned_back_on_all_samples() {
        let mut train = [(1, vec![-1.0, 0.0])];
        let mut at = [(1, vec![-3.0]), (2, vec![4.0])];
        align_signs(&mut train, &mut at, &[vec![1.0, 0.0]]);
        assert_eq!((train[0].1.as_slice(), at[0].1.as_slice()), (&[1.0, 0.0][..], &[3.0][..]));
        assert_eq!(at[1].1, [4.0]);
    }
}

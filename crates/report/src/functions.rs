//! Functions over the inputs: the target, what was learned, and eigenfunctions.

use std::ops::Range;
use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::SAMPLES;
use artifact::tables::spectrum::EIGENVECTORS;
use artifact::tables::training::OUTPUTS;

use crate::columns::Columns;
use crate::error::ReportError;
use crate::measures::Measures;

/// Outputs of which target and learned function are drawn, from the first on.
const SHOWN_OUTPUTS: usize = 3;

/// Functions known at the samples of one split.
#[derive(Clone, Debug)]
pub struct Functions {
    /// Split of the samples at which the functions are drawn.
    pub split: Split,
    /// d.
    pub input_dim: usize,
    /// The inputs, d numbers each.
    pub points: Vec<Vec<f32>>,
    /// Target of the first outputs: for each, one number a point.
    pub target: Vec<Vec<f32>>,
    /// The learned function of the same outputs at the last checkpoint.
    pub learned: Vec<Vec<f32>>,
    /// The leading eigenfunctions at the first and the last checkpoint (one entry where these
    /// are the same), of the first output where there are several.
    pub eigenfunctions: Vec<Eigenfunctions>,
}

/// The leading eigenfunctions at one checkpoint.
#[derive(Clone, Debug)]
pub struct Eigenfunctions {
    /// The checkpoint.
    pub step: u64,
    /// Index i and υᵢ, one number a point, by rising index.
    pub functions: Vec<(u32, Vec<f32>)>,
}

impl Functions {
    /// Reads the functions of a run with inputs of one or two dimensions, of at most `count`
    /// eigenfunctions; `None` for other dimensions, where there is nothing to draw.
    ///
    /// # Errors
    /// Where a table cannot be read or the tables do not belong together.
    pub fn read(
        dataset: &Path,
        training: &Path,
        spectrum: &Path,
        measures: &Measures,
        count: u32,
    ) -> Result<Option<Self>, ReportError> {
        let samples = Samples::read(dataset)?;
        let input_dim = samples.x.first().map_or(0, Vec::len);
        if input_dim != 1 && input_dim != 2 {
            return Ok(None);
        }
        let index = EigenvectorIndex::read(spectrum)?;
        let split = if index.split.contains(&Split::Test) && samples.test_is_finer() {
            Split::Test
        } else {
            Split::Train
        };
        let (points, target) = samples.of(split);
        let shown = target.first().map_or(0, Vec::len).min(SHOWN_OUTPUTS);
        let learned = learned(training, measures.last_step, split)?;
        if learned.len() != points.len() {
            return Err(ReportError::Mismatch {
                problem: format!(
                    "outputs.parquet has {} rows for the {} split at step {}, samples.parquet {}",
                    learned.len(),
                    split.name(),
                    measures.last_step,
                    points.len()
                ),
            });
        }
        let mut steps = vec![measures.first_step, measures.last_step];
        steps.dedup();
        let eigenfunctions = steps
            .into_iter()
            .map(|step| index.eigenfunctions(spectrum, step, split, count, points.len()))
            .collect::<Result<_, _>>()?;
        Ok(Some(Self {
            split,
            input_dim,
            target: by_output(&target, shown)?,
            learned: by_output(&learned, shown)?,
            points,
            eigenfunctions,
        }))
    }
}

/// The samples of a dataset, by split and number.
struct Samples {
    split: Vec<Split>,
    x: Vec<Vec<f32>>,
    y: Vec<Vec<f32>>,
}

impl Samples {
    fn read(dataset: &Path) -> Result<Self, ReportError> {
        let table = Columns::read(dataset, &SAMPLES, &["split", "sample", "x", "y"])?;
        let splits: Vec<Split> = table.names("split")?;
        let numbers = table.indices("sample")?;
        let (mut x, mut y) = (table.vectors("x")?, table.vectors("y")?);
        let mut order: Vec<usize> = (0..table.rows()).collect();
        order.sort_by_key(|&row| (splits[row], numbers[row]));
        Ok(Self {
            x: order.iter().map(|&row| std::mem::take(&mut x[row])).collect(),
            y: order.iter().map(|&row| std::mem::take(&mut y[row])).collect(),
            split: order.into_iter().map(|row| splits[row]).collect(),
        })
    }

    fn rows(&self, split: Split) -> Range<usize> {
        self.split.partition_point(|&s| s < split)..self.split.partition_point(|&s| s <= split)
    }

    fn of(&self, split: Split) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
        let rows = self.rows(split);
        (self.x[rows.clone()].to_vec(), self.y[rows].to_vec())
    }

    /// Whether the test points show more of a function than the training points: they are a
    /// grid, or there are more of them.
    fn test_is_finer(&self) -> bool {
        let (train, test) = (self.rows(Split::Train), self.rows(Split::Test));
        test.len() > train.len() || is_grid(&self.x[test])
    }
}

/// Whether `points` are a full grid of at least two values along each axis.
fn is_grid(points: &[Vec<f32>]) -> bool {
    let dimensions = points.first().map_or(0, Vec::len);
    let along = |axis: usize| {
        let mut values: Vec<f32> = points.iter().map(|point| point[axis]).collect();
        values.sort_by(f32::total_cmp);
        values.dedup();
        values.len()
    };
    // Points of a random sample have about as many values along each axis as there are points.
    dimensions == 2
        && along(0) > 1
        && along(1) > 1
        && along(0).checked_mul(along(1)) == Some(points.len())
}

/// `f_θ(x)` at `step` for the samples of `split`, by their number.
fn learned(training: &Path, step: u64, split: Split) -> Result<Vec<Vec<f32>>, ReportError> {
    let keys = Columns::read(training, &OUTPUTS, &["step", "split", "sample"])?;
    let (steps, splits) = (keys.counts("step")?, keys.names::<Split>("split")?);
    let samples = keys.indices("sample")?;
    let wanted = (0..keys.rows()).filter(|&row| steps[row] == step && splits[row] == split);
    let mut found = Vec::new();
    for run in runs(wanted) {
        let values =
            Columns::read_rows(training, &OUTPUTS, &["output"], run.clone())?.vectors("output")?;
        found.extend(run.map(|row| samples[row]).zip(values));
    }
    found.sort_by_key(|(sample, _)| *sample);
    Ok(found.into_iter().map(|(_, values)| values).collect())
}

/// The keys of the table of eigenvectors, without the vectors.
struct EigenvectorIndex {
    step: Vec<u64>,
    output: Vec<u32>,
    index: Vec<u32>,
    split: Vec<Split>,
}

impl EigenvectorIndex {
    fn read(spectrum: &Path) -> Result<Self, ReportError> {
        let keys = Columns::read(spectrum, &EIGENVECTORS, &["step", "output", "index", "split"])?;
        Ok(Self {
            step: keys.counts("step")?,
            output: keys.indices("output")?,
            index: keys.indices("index")?,
            split: keys.names("split")?,
        })
    }

    /// The first `count` eigenvectors of the first kernel at `step` over `points` samples; only
    /// their rows are read.
    fn eigenfunctions(
        &self,
        spectrum: &Path,
        step: u64,
        split: Split,
        count: u32,
        points: usize,
    ) -> Result<Eigenfunctions, ReportError> {
        let wanted = (0..self.step.len()).filter(|&row| {
            self.step[row] == step
                && self.split[row] == split
                && self.output[row] == 0
                && self.index[row] <= count
        });
        let mut functions = Vec::new();
        for run in runs(wanted) {
            let vectors = Columns::read_rows(spectrum, &EIGENVECTORS, &["values"], run.clone())?
                .vectors("values")?;
            for (row, vector) in run.zip(vectors) {
                functions.push((self.index[row], of_first_output(vector, points)?));
            }
        }
        functions.sort_by_key(|(index, _)| *index);
        Ok(Eigenfunctions { step, functions })
    }
}

/// The entries of a vector over kernel rows that belong to the first output.
///
/// Under the reduction `full` the rows are sample-major with the outputs of each sample beside
/// each other; otherwise there is one row a sample.
fn of_first_output(vector: Vec<f32>, points: usize) -> Result<Vec<f32>, ReportError> {
    let outputs = vector.len().checked_div(points).unwrap_or(0);
    if outputs == 0 || outputs * points != vector.len() {
        return Err(ReportError::Mismatch {
            problem: format!(
                "an eigenvector has {} entries, which is no multiple of the {points} samples",
                vector.len()
            ),
        });
    }
    Ok(vector.into_iter().step_by(outputs).collect())
}

/// Vectors of one sample each, turned into one vector for each of the first `outputs` outputs.
fn by_output(samples: &[Vec<f32>], outputs: usize) -> Result<Vec<Vec<f32>>, ReportError> {
    (0..outputs)
        .map(|output| samples.iter().map(|sample| sample.get(output).copied()).collect())
        .collect::<Option<_>>()
        .ok_or_else(|| ReportError::Mismatch {
            problem: "samples and outputs have different numbers of outputs".to_owned(),
        })
}

/// Rising row numbers as ranges without gaps: each is one read.
fn runs(rows: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for row in rows {
        match runs.last_mut() {
            Some(run) if run.end == row => run.end += 1,
            _ => runs.push(row..row + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_told_from_scattered_points() {
        let grid: Vec<Vec<f32>> =
            (0..12_u8).map(|i| vec![f32::from(i % 4), f32::from(i / 4)]).collect();
        assert!(is_grid(&grid));
        assert!(!is_grid(&grid[..11]));
        assert!(!is_grid(&[]));
        assert!(!is_grid(&[vec![0.0, 0.0]]));
    }

    #[test]
    fn row_numbers_are_gathered_into_runs() {
        assert_eq!(runs([3, 4, 5, 9, 11, 12].into_iter()), [3..6, 9..10, 11..13]);
    }

    #[test]
    fn entries_of_the_first_output_are_every_oth_one() {
        assert_eq!(of_first_output(vec![1.0, 2.0, 3.0, 4.0], 2).unwrap(), [1.0, 3.0]);
        assert_eq!(of_first_output(vec![1.0, 2.0], 2).unwrap(), [1.0, 2.0]);
        assert!(of_first_output(vec![1.0, 2.0, 3.0], 2).is_err());
        assert!(of_first_output(vec![1.0], 0).is_err());
    }
}

//! What the wired kernels say of the samples, group by group.

use std::collections::BTreeMap;

use artifact::tables::kernel::Reduction;
use faer::Mat;
use kernel::Kernels;
use stage::{Group, Input, StageError};

use crate::difficulty::{Difficulty, difficulty, gaussian};
use crate::gathered::{Measure, means};
use crate::parameters::Parameters;
use crate::samples::Samples;

/// The name of the control among sources.
pub const GAUSSIAN: &str = "gaussian";

/// Name and k of a measure.
type Key = (&'static str, Option<u32>);
/// A number for each sample, by step.
type BySteps = BTreeMap<u64, Vec<f64>>;

/// What the kernels of `group` say of `samples`, the mean over them.
///
/// # Errors
/// Where a kernel is damaged, of other samples, or cannot be decomposed.
pub fn of_group(
    group: &Group<'_>,
    samples: &Samples,
    parameters: &Parameters,
) -> Result<Vec<Measure>, StageError> {
    let source = group.stage.clone().unwrap_or_else(|| "kernel".to_owned());
    let mut by_measure: BTreeMap<Key, Vec<BySteps>> = BTreeMap::new();
    for input in &group.members {
        let mut of_input: BTreeMap<Key, BySteps> = BTreeMap::new();
        for (step, found) in of_kernel(input, samples, parameters)? {
            for (name, k, values) in named(found, &parameters.top) {
                of_input.entry((name, k)).or_default().insert(step, values);
            }
        }
        for (key, steps) in of_input {
            by_measure.entry(key).or_default().push(steps);
        }
    }
    let mut measures = Vec::new();
    for ((name, k), members) in by_measure {
        let means = means(&members.iter().collect::<Vec<_>>());
        measures.extend(means.into_iter().map(|(step, values)| Measure {
            source: source.clone(),
            step: Some(step),
            name,
            k,
            values: values.into_iter().map(Some).collect(),
        }));
    }
    // As users think of them: by step, and of each step the first k first.
    let place = |k: Option<u32>| parameters.top.iter().position(|top| Some(*top) == k);
    measures.sort_by_key(|it| (it.step, it.name, place(it.k)));
    Ok(measures)
}

/// The same of the Gaussian kernel of inputs.
///
/// # Errors
/// Where it cannot be decomposed.
pub fn of_control(samples: &Samples, parameters: &Parameters) -> Result<Vec<Measure>, StageError> {
    let kernel = [gaussian(samples)];
    let Parameters { top, ridge, .. } = parameters;
    let found = difficulty(&kernel, Reduction::Trace, samples, top, *ridge)?;
    let measure = |(name, k, values): (&'static str, Option<u32>, Vec<f64>)| Measure {
        source: GAUSSIAN.to_owned(),
        step: Some(0),
        name,
        k,
        values: values.into_iter().map(Some).collect(),
    };
    Ok(named(found, top).into_iter().map(measure).collect())
}

/// The measures of one kernel by name and k.
fn named(found: Difficulty, top: &[u32]) -> Vec<(&'static str, Option<u32>, Vec<f64>)> {
    let mut all = Vec::new();
    for (&k, values) in top.iter().zip(found.tail_energy) {
        all.push(("tail_energy", Some(k), values));
    }
    for (&k, values) in top.iter().zip(found.leverage) {
        all.push(("leverage", Some(k), values));
    }
    all.push(("kernel_diagonal", None, found.diagonal));
    all.extend(found.loo_margin.map(|values| ("loo_margin", None, values)));
    all
}

fn of_kernel(
    input: &Input,
    samples: &Samples,
    parameters: &Parameters,
) -> Result<Vec<(u64, Difficulty)>, StageError> {
    let kernels = Kernels::read(input)?;
    if kernels.samples() != samples.len() {
        return Err(StageError::new(format!(
            "a kernel has {} training samples and the dataset {}",
            kernels.samples(),
            samples.len()
        ))
        .hint("make the kernel of all training samples of this dataset"));
    }
    let size = (samples.outputs, kernels.tests());
    let mut found = Vec::new();
    for step in kernels.steps() {
        let blocks: Vec<Mat<f64>> =
            kernels.blocks(step, samples.len(), size)?.into_iter().map(|it| it.kernel).collect();
        let Parameters { top, ridge, .. } = parameters;
        let of_step = difficulty(&blocks, kernels.reduction, samples, top, *ridge);
        found.push((
            step,
            of_step.map_err(|error| StageError::new(format!("at step {step}: {error}")))?,
        ));
    }
    Ok(found)
}

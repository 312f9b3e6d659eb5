//! The stage: read runs and kernels group by group, count, write.

use std::path::Path;

use artifact::{Kind, Outline, write_rows};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Repeating, Stage, StageError};
use stage::{check_axes, groups};

use crate::agreement::{agreements, all_measures, detections};
use crate::gathered::{Gathered, Measure, means};
use crate::parameters::Parameters;
use crate::plan::plan;
use crate::runs::Run;
use crate::samples::Samples;
use crate::table::{DifficultyRow, KIND};
use crate::{figures, findings, kernels};

/// The stage `forgetting`.
pub struct Forgetting;

impl Stage for Forgetting {
    type Parameters = Parameters;

    const NAME: &'static str = "forgetting";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str =
        "Which samples are learned and forgotten, and what kernels and gradients knew of it.";
    const INPUTS: &'static [Port] = &[
        Port::one("dataset", Kind::DATASET),
        Port::many("training", Kind::TRAINING),
        Port::many("kernel", Kind::KERNEL).optional(),
    ];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("training", &["dataset"]), ("kernel", &["dataset"])];
    const OUTPUT: Kind = KIND;
    const USES_SEED: bool = false;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        plan(parameters, inputs, limits)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let repeating = Repeating { over: &parameters.over, apart: &[] };
        check_axes(inputs, repeating)?;
        let dataset = inputs.one("dataset")?;
        let samples = Samples::read(dataset.path())?;
        let of_kernels = groups(inputs, "kernel", repeating);
        let control = if parameters.gaussian {
            kernels::of_control(&samples, parameters)?
        } else {
            Vec::new()
        };
        let of_runs = groups(inputs, "training", repeating);
        let total = of_runs.iter().map(|group| group.members.len() as u64).sum();
        let (mut done, mut gathered) = (0, Vec::new());
        for group in of_runs {
            let mut runs = Vec::new();
            for input in &group.members {
                runs.push(Run::read(input, &samples, parameters.from)?);
                done += 1;
                context.progress(done, total, "run", String::new);
            }
            let mut measures = of_networks(&runs);
            for kernel in of_kernels.iter().filter(|kernel| kernel.goes_with(&group)) {
                measures.extend(kernels::of_group(kernel, &samples, parameters)?);
            }
            measures.extend(control.iter().cloned());
            gathered.push(Gathered { label: group.label.clone(), runs, measures });
        }
        write(parameters, &samples, &gathered, output)?;
        Ok(dataset.manifest()?.outline)
    }
}

/// EL2N and GraNd, the means over `runs`.
fn of_networks(runs: &[Run]) -> Vec<Measure> {
    let el2n: Vec<_> = runs.iter().map(|run| &run.el2n).collect();
    let grand: Vec<_> = runs.iter().map(|run| &run.grand).collect();
    let measures = |name: &'static str, all: &[&_]| {
        let measure = move |(step, values): (u64, Vec<f64>)| Measure {
            source: "training".to_owned(),
            step: Some(step),
            name,
            k: None,
            values: values.into_iter().map(Some).collect(),
        };
        means(all).into_iter().map(measure).collect::<Vec<_>>()
    };
    [measures("el2n", &el2n), measures("grand", &grand)].concat()
}

fn write(
    parameters: &Parameters,
    samples: &Samples,
    gathered: &[Gathered],
    output: &Path,
) -> Result<(), StageError> {
    let flipped = samples.flipped().filter(|all| all.iter().any(|&flipped| flipped));
    let flipped = flipped.as_deref();
    let (mut scores, mut curve) = (Vec::new(), Vec::new());
    let (mut agreement, mut detection, mut difficulty) = (Vec::new(), Vec::new(), Vec::new());
    for group in gathered {
        let early = parameters.early.or_else(|| group.first_checkpoint());
        let rows = group.rows(samples, early);
        let measures = all_measures(group, &rows);
        agreement.extend(agreements(group, &measures, flipped));
        detection.extend(detections(group, &measures, flipped));
        difficulty.extend(group.measures.iter().flat_map(difficulties(&group.label)));
        scores.extend(rows);
        curve.extend(group.curve());
    }
    write_rows(output, &scores)?;
    write_rows(output, &curve)?;
    write_rows(output, &agreement)?;
    write_rows(output, &detection)?;
    write_rows(output, &difficulty)?;
    write_rows(output, &findings::all(gathered, flipped))?;
    figures::study(&scores, flipped.is_some())?.write(output)?;
    Ok(())
}

/// The rows of `difficulty` of a measure that has a step.
fn difficulties(group: &str) -> impl Fn(&Measure) -> Vec<DifficultyRow> {
    move |measure| {
        let Some(step) = measure.step else { return Vec::new() };
        let row = |(sample, value): (u32, &Option<f64>)| {
            Some(DifficultyRow {
                group: group.to_owned(),
                source: measure.source.clone(),
                step,
                measure: measure.name.to_owned(),
                k: measure.k,
                sample,
                value: (*value)?,
            })
        };
        (0..).zip(&measure.values).filter_map(row).collect()
    }
}

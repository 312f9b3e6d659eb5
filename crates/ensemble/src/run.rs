//! The stage: read, combine group by group, write.

use std::path::Path;

use artifact::{Kind, Outline, write_rows};
use stage::{Context, Input, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};
use stage::{Repeating, check_axes, groups};

use crate::comparison::{compared, going_with, mean_test};
use crate::figures;
use crate::findings;
use crate::members::Members;
use crate::parameters::Parameters;
use crate::plan::{outline, plan};
use crate::rows;
use crate::samples::Datasets;
use crate::table::{KIND, Source};

/// The stage `ensemble`.
pub struct Ensemble;

impl Stage for Ensemble {
    type Parameters = Parameters;

    const NAME: &'static str = "ensemble";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str = "Many networks, or many kernel predictors, as one.";
    const INPUTS: &'static [Port] = &[
        Port::many("dataset", Kind::DATASET).partial(),
        Port::many("training", Kind::TRAINING).optional().partial(),
        Port::many("prediction", Kind::PREDICTION).optional().partial(),
    ];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("training", &["dataset"]), ("prediction", &["dataset"])];
    const OUTPUT: Kind = KIND;
    const USES_SEED: bool = false;

    fn plan(parameters: &Parameters, inputs: &Outlines, _: &Limits) -> Plan {
        plan(parameters, inputs)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let repeating = Repeating { over: &parameters.over, apart: &parameters.apart };
        check_axes(inputs, repeating)?;
        let mut datasets = Datasets::default();
        let (mut ensembles, mut means, mut found) = (Vec::new(), Vec::new(), Vec::new());
        let kernels = groups(inputs, Source::Prediction.name(), repeating)
            .into_iter()
            .map(|group| Members::read(Source::Prediction, group, inputs, &mut datasets))
            .collect::<Result<Vec<_>, _>>()?;
        let networks = groups(inputs, Source::Training.name(), repeating);
        let (has_networks, total) = (!networks.is_empty(), networks.len() as u64);
        for (done, group) in (1..).zip(networks) {
            let networks = Members::read(Source::Training, group, inputs, &mut datasets)?;
            let beside = going_with(&networks, &kernels);
            let kernel = if let [only] = beside[..] { mean_test(only) } else { None };
            ensembles.extend(rows::ensembles(&networks, kernel.as_deref()));
            means.extend(rows::mean_predictions(&networks));
            found.push(compared(&networks, &beside));
            context.progress(done, total, "group", String::new);
        }
        for kernel in &kernels {
            ensembles.extend(rows::ensembles(kernel, None));
            means.extend(rows::mean_predictions(kernel));
        }
        if !has_networks {
            found.extend(kernels.iter().map(|kernel| compared(kernel, &[])));
        }
        // Rows of a table stand by rising step.
        ensembles.sort_by_key(|row| row.step);
        means.sort_by_key(|row| row.step);
        write_rows(output, &ensembles)?;
        write_rows(output, &means)?;
        write_rows(output, &findings::all(&found, has_networks, missing(context).as_deref()))?;
        figures::study(&ensembles)?.write(output)?;
        let known = inputs.many("dataset").iter().map(Input::manifest);
        let known: Vec<Outline> =
            known.map(|it| Ok(it?.outline)).collect::<Result<_, StageError>>()?;
        Ok(outline(&known))
    }
}

/// What is missing because a stage before failed.
fn missing(context: &Context) -> Option<String> {
    let count = |port: &str| context.failed.iter().filter(|input| input.port == port).count();
    let of_port = |port: &str| match count(port) {
        0 => None,
        missing => Some(format!("{missing} of `{port}`")),
    };
    let all: Vec<String> = ["training", "prediction"].into_iter().filter_map(of_port).collect();
    (!all.is_empty()).then(|| format!("Without inputs that failed: {}.", all.join(", ")))
}

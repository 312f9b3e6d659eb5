//! The stage `phase-chart`: where codes are expressive enough.

mod chart;
mod findings;
mod table;

use std::path::Path;

use artifact::{Kind, Outline, write_rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};
use study::{Study, StudyError};

use crate::encoding::{self, Regimes};
use chart::Axes;

pub use table::{KIND, PHASES, PhaseRow};

/// The stage `phase-chart`.
pub struct PhaseChart;

/// Parameters of the stage `phase-chart`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Axis of the sweep that goes across, as a width; left out, the first whose values are numbers and that sets
    /// more than seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub across: Option<String>,
    /// Axis of the sweep that goes up, as a number of samples; left out, the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<String>,
    /// Where regimes begin and end.
    pub regimes: Regimes,
}

const FIGURES: &str = include_str!("figures.yaml");

impl Stage for PhaseChart {
    type Parameters = Parameters;

    const NAME: &'static str = "phase-chart";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str = "Where codes of networks are expressive enough, along two axes of a sweep and along training.";
    const INPUTS: &'static [Port] = &[Port::many(chart::PORT, encoding::KIND).partial()];
    const OUTPUT: Kind = KIND;
    const USES_SEED: bool = false;

    fn plan(parameters: &Parameters, _: &Outlines, _: &Limits) -> Plan {
        let mut plan = Plan::default();
        for (at, message) in parameters.regimes.problems() {
            plan.problem(&at, message);
        }
        plan
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let axes = chart::axes(inputs, parameters)?;
        let places = chart::places(inputs, &axes)?;
        write_rows(output, &chart::rows(&places, &axes, parameters.regimes))?;
        write_rows(output, &findings::all(&places, parameters.regimes))?;
        study(&axes, parameters.regimes)?.write(output)?;
        context.progress(1, 1, "chart", String::new);
        Ok(Outline::default())
    }
}

/// How to look at the chart.
fn study(axes: &Axes, regimes: Regimes) -> Result<Study, StudyError> {
    // Names of axes are words, which YAML reads as such.
    let mut study = Study::from_template(
        FIGURES,
        &[
            ("ACROSS_NAME", axes.across.clone()),
            ("UP_NAME", axes.up.clone().unwrap_or_else(|| "up".to_owned())),
            ("UNDER", regimes.under.to_string()),
            ("SUFFICIENT", regimes.sufficient.to_string()),
            ("KNN_SHARE", regimes.knn_share.to_string()),
        ],
    )?;
    // Without a second axis time is it.
    study.figures.retain(|figure| axes.up.is_some() || figure.name == "phase_time");
    Ok(study)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_table() {
        let axes =
            |up: Option<&str>| Axes { across: "width".to_owned(), up: up.map(str::to_owned) };
        let found = study(&axes(Some("samples")), Regimes::default()).unwrap();
        assert_eq!(found.figures.len(), 3);
        assert_eq!(found.faults(KIND), [""; 0]);
        assert!(found.figures[0].caption.contains("above 0.5 under-expressive, up to 0.01"));
        assert_eq!(study(&axes(None), Regimes::default()).unwrap().figures.len(), 1);
    }
}

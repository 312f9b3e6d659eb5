//! The stage: read networks and samples, cut lines and planes at every checkpoint, write.

use std::path::Path;

use artifact::{Kind, Outline, write_rows};
use kernel::load_network;
use network::Network;
use rayon::prelude::*;
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

use crate::counts::{layer_rows, line_row, rates, step_rows};
use crate::findings::Evidence;
use crate::lines::{self, Bends, Line};
use crate::parameters::Parameters;
use crate::picture::{plane_row, tile_rows};
use crate::planes::Plane;
use crate::samples::Samples;
use crate::subdivision::TooMany;
use crate::table::{KIND, LayerRow, PlaneRow, SampleRow, StepRow, TileRow};
use crate::{bends, figures, findings, plan};

/// The stage `regions`.
pub struct Regions;

impl Stage for Regions {
    type Parameters = Parameters;

    const NAME: &'static str = "regions";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str =
        "The linear regions of a network along lines and on planes through its training samples.";
    const INPUTS: &'static [Port] =
        &[Port::one("dataset", Kind::DATASET), Port::one("training", Kind::TRAINING)];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("training", &["dataset"])];
    const OUTPUT: Kind = KIND;
    const USES_SEED: bool = true;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        plan::plan(parameters, inputs, limits)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        inputs.check_origin("training", "dataset")?;
        let training = inputs.one("training")?;
        let outline = training.manifest()?.outline;
        let steps = artifact::steps(training.path(), &artifact::tables::training::CHECKPOINTS)?;
        let (d, o) = (outline.input_dim.unwrap_or(0), outline.output_dim.unwrap_or(0));
        let samples = Samples::read(inputs.one("dataset")?.path(), d as usize)?;
        let lines =
            lines::drawn(&samples, parameters.lines, &mut context.seed.stream("regions/lines"));
        let planes = planes(parameters, &samples, context)?;
        let classifies = samples.labels.is_some() && o > 1;
        let mut found = Found::default();
        for (done, &step) in (1..).zip(&steps) {
            let network: Network<f64> = load_network(training.path(), &outline, step)?.cast();
            if let Some(why) = bends::unfit(network.program()) {
                return Err(StageError::new(why));
            }
            found.add_lines(step, &network, &lines, &samples, parameters);
            found.add_planes(step, &network, &planes, classifies, parameters);
            context.progress(done, steps.len() as u64, "step", String::new);
        }
        found.write(output)?;
        write_rows(output, &samples_on(&planes, &samples))?;
        write_rows(output, &findings::all(&found.evidence))?;
        figures::study(&found.evidence, &found.planes, &found.layers)?.write(output)?;
        Ok(outline)
    }
}

fn planes(
    parameters: &Parameters,
    samples: &Samples,
    context: &Context,
) -> Result<Vec<Plane>, StageError> {
    let of_inputs = samples.inputs.first().is_some_and(|x| x.len() == 2);
    let mut random = context.seed.stream("regions/planes");
    let plane = |_| {
        if of_inputs {
            return Ok(Plane::of_inputs(samples, parameters.margin));
        }
        Plane::drawn(samples, parameters.margin, &mut random).ok_or_else(|| {
            StageError::new("no three training samples were found that do not lie on one line")
                .hint("set `planes: 0`")
        })
    };
    (0..parameters.planes).map(plane).collect()
}

fn samples_on(planes: &[Plane], samples: &Samples) -> Vec<SampleRow> {
    let rows = (0..).zip(planes).flat_map(|(number, plane)| {
        plane.samples.iter().map(move |&(sample, [u, v])| SampleRow {
            plane: number,
            sample,
            u,
            v,
            label: samples.labels.as_ref().map(|labels| labels[sample as usize]),
            target: samples.targets[sample as usize],
        })
    });
    rows.collect()
}

/// What was found, in the making.
#[derive(Default)]
struct Found {
    evidence: Evidence,
    steps: Vec<StepRow>,
    layers: Vec<LayerRow>,
    planes: Vec<PlaneRow>,
    tiles: Vec<TileRow>,
}

impl Found {
    fn add_lines(
        &mut self,
        step: u64,
        network: &Network<f64>,
        lines: &[Line],
        samples: &Samples,
        parameters: &Parameters,
    ) {
        let most = parameters.most_regions as usize;
        let found: Vec<Result<Bends, TooMany>> =
            lines.par_iter().map(|line| lines::bends(network, line, samples, most)).collect();
        let rows = (0..).zip(lines.iter().zip(&found)).map(|(number, (line, bends))| {
            line_row(step, number, line, bends.as_ref().map_err(|&many| many))
        });
        let rows: Vec<_> = rows.collect();
        let known: Vec<(&Line, &Bends)> = lines
            .iter()
            .zip(&found)
            .filter_map(|(line, bends)| Some((line, bends.as_ref().ok()?)))
            .collect();
        let rates = rates(network.program(), &known);
        self.steps.extend(step_rows(step, &rows));
        self.layers.extend(layer_rows(step, &rates));
        if self.evidence.lines.is_empty() {
            self.evidence.rates = rates;
        }
        self.evidence.lines.extend(rows);
    }

    fn add_planes(
        &mut self,
        step: u64,
        network: &Network<f64>,
        planes: &[Plane],
        classifies: bool,
        parameters: &Parameters,
    ) {
        for (number, plane) in (0..).zip(planes) {
            let regions = plane.regions(network, parameters.most_regions as usize).ok();
            let tiles = regions.as_ref().map(|regions| {
                crate::tiles::tiles(plane, regions, parameters.resolution, classifies)
            });
            let tiles = tiles.unwrap_or_default();
            self.planes.push(plane_row((step, number), plane, regions.as_deref(), &tiles));
            let classes = classifies.then_some(network.output_dim());
            self.tiles.extend(tile_rows((step, number), plane, &tiles, classes, parameters));
        }
    }

    fn write(&self, output: &Path) -> Result<(), StageError> {
        write_rows(output, &self.evidence.lines)?;
        write_rows(output, &self.steps)?;
        write_rows(output, &self.layers)?;
        write_rows(output, &self.planes)?;
        write_rows(output, &self.tiles)?;
        Ok(())
    }
}

//! Stage `select`: a dataset from a dataset.

mod column;
mod order;
mod parameters;

use std::borrow::Cow;
use std::path::Path;

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::{ANY_KIND, Kind, Outline, read_rows, write_rows};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

pub use column::scores;
pub use order::{Share, kept};
pub use parameters::{Order, Parameters};

/// The stage `select`.
pub struct Select;

/// Any artifact that has a table with a score of each sample.
const SCORES: Port = Port {
    name: Cow::Borrowed("scores"),
    kind: Cow::Borrowed(ANY_KIND),
    many: false,
    optional: true,
    made_from: Vec::new(),
    partial: false,
};

impl Stage for Select {
    type Parameters = Parameters;

    const NAME: &'static str = "select";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str =
        "A dataset from a dataset: training samples that a score picks, or random ones.";
    const INPUTS: &'static [Port] = &[Port::one("dataset", Kind::DATASET), SCORES];
    const OUTPUT: Kind = Kind::DATASET;
    const USES_SEED: bool = true;

    fn plan(parameters: &Parameters, inputs: &Outlines, _: &Limits) -> Plan {
        let dataset = inputs.one("dataset");
        let mut plan = Plan { outline: dataset.clone(), ..Plan::default() };
        for (at, message) in parameters.problems() {
            plan.problem(at, message);
        }
        if parameters.order != Order::Random && inputs.many("scores").is_empty() {
            plan.problem("/order", "no scores are wired, so there is no order but a random one")
                .hint("wire `scores` to what has a score of each sample, or set `order: random`");
        }
        if parameters.balanced && dataset.labelled == Some(false) {
            plan.problem("/balanced", "the dataset has no classes to balance")
                .hint("leave `balanced` out");
        }
        // By class every count is rounded by itself.
        plan.outline.train_samples = dataset
            .train_samples
            .filter(|_| !parameters.balanced)
            .map(|samples| samples - parameters.share().removed(samples as usize) as u64);
        plan
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let dataset = inputs.one("dataset")?;
        let rows: Vec<Sample> = read_rows(dataset.path())?;
        let (train, test): (Vec<Sample>, Vec<Sample>) =
            rows.into_iter().partition(|row| row.split == Split::Train);
        let scores = match inputs.many("scores").first() {
            Some(input) if parameters.order != Order::Random => {
                scores(input, parameters, train.len())?
            }
            _ => vec![None; train.len()],
        };
        let classes: Option<Vec<u32>> = if parameters.balanced {
            let labels: Option<Vec<u32>> = train.iter().map(|row| row.label).collect();
            Some(labels.ok_or_else(|| {
                StageError::new("a training sample has no class, so classes cannot be balanced")
                    .hint("leave `balanced` out")
            })?)
        } else {
            None
        };
        let mut ties = context.seed.stream(&format!("select/ties/{}", parameters.draw));
        let chosen =
            kept(&scores, classes.as_deref(), parameters.order, parameters.share(), &mut ties);
        if chosen.is_empty() {
            return Err(StageError::new("no training sample is left")
                .hint("remove a smaller share, or start from more samples"));
        }
        let mut kept: Vec<Sample> = Vec::with_capacity(chosen.len() + test.len());
        for (number, &from) in (0..).zip(&chosen) {
            let row = train[from].clone();
            // Of a selection from a selection the first dataset counts.
            let origin = row.origin.or(Some(row.sample));
            kept.push(Sample { sample: number, origin, ..row });
        }
        kept.extend(test);
        write_rows(output, &kept)?;
        context.progress(1, 1, "selection", String::new);
        let outline = dataset.manifest()?.outline;
        Ok(Outline { train_samples: Some(chosen.len() as u64), ..outline })
    }
}

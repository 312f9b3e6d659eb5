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
pub use parameters::{Order, Parameters, Removed};

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
        for kind in inputs.kinds("scores") {
            if let Err((at, error)) = column::table_of(*kind, parameters) {
                plan.problem(at, error.message).hint(error.hint.unwrap_or_default());
            }
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
        if parameters.removed == Removed::Tested {
            let left = plan.outline.train_samples;
            plan.outline.test_samples =
                dataset.train_samples.zip(left).map(|(samples, left)| samples - left);
        }
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
        let taken = |samples: &[usize], split: Split| -> Vec<Sample> {
            let numbered = (0..).zip(samples);
            let row = |(number, &from): (u32, &usize)| {
                let row = train[from].clone();
                // Of a selection from a selection the first dataset counts.
                let origin = row.origin.or(Some(row.sample));
                Sample { split, sample: number, origin, ..row }
            };
            numbered.map(row).collect()
        };
        let tested = match parameters.removed {
            Removed::Dropped => test,
            Removed::Tested => {
                let is_removed = |sample: &usize| chosen.binary_search(sample).is_err();
                let removed: Vec<usize> = (0..train.len()).filter(is_removed).collect();
                taken(&removed, Split::Test)
            }
        };
        let rows = [taken(&chosen, Split::Train), tested].concat();
        write_rows(output, &rows)?;
        context.progress(1, 1, "selection", String::new);
        let test_samples = Some((rows.len() - chosen.len()) as u64);
        let train_samples = Some(chosen.len() as u64);
        Ok(Outline { train_samples, test_samples, ..dataset.manifest()?.outline })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn problems(parameters: &Parameters, is_wired: bool, kind: Option<Kind>) -> Vec<String> {
        let dataset = Outline { train_samples: Some(10), ..Outline::default() };
        let mut inputs = BTreeMap::from([("dataset".to_owned(), vec![dataset])]);
        if is_wired {
            inputs.insert("scores".to_owned(), vec![Outline::default()]);
        }
        let kinds = kind.map(|kind| ("scores".to_owned(), vec![kind]));
        let inputs = Outlines::from(inputs).with_kinds(kinds.into_iter().collect());
        let limits = Limits { threads: 1, memory_bytes: 1 << 30 };
        let plan = Select::plan(parameters, &inputs, &limits);
        plan.problems.into_iter().map(|problem| problem.at).collect()
    }

    #[test]
    fn a_plan_refuses_what_a_run_would() {
        let default = Parameters::default();
        assert_eq!(problems(&default, false, None), ["/order"]);
        let random = Parameters { order: Order::Random, ..Parameters::default() };
        assert!(problems(&random, false, None).is_empty());
        let much = Parameters { remove: 0.7, skip: 0.4, ..random.clone() };
        assert_eq!(problems(&much, false, None), ["/skip"]);
        let all = Parameters { remove: 1.0, ..random };
        assert_eq!(problems(&all, false, None), ["/remove"]);
        // A kind is known before there is an artifact: so are its columns.
        let of = |table: &str, score: &str| Parameters {
            table: table.to_owned(),
            score: score.to_owned(),
            ..Parameters::default()
        };
        let training = Some(Kind::TRAINING);
        assert!(problems(&of("exact_events", "events"), true, training).is_empty());
        assert_eq!(problems(&of("exact_events", "event"), true, training), ["/score"]);
        assert_eq!(problems(&of("exact", "events"), true, training), ["/table"]);
        assert_eq!(problems(&of("history", "train_loss"), true, training), ["/table"]);
    }

    #[test]
    fn a_selection_says_where_its_samples_come_from() {
        let (dataset, scores) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sample = |split, sample: u32| Sample {
            split,
            sample,
            x: vec![sample as f32],
            y: vec![1.0, 0.0],
            label: Some(0),
            clean_label: Some(sample % 2),
            origin: None,
        };
        let rows: Vec<Sample> =
            (0..6).map(|i| sample(Split::Train, i)).chain([sample(Split::Test, 0)]).collect();
        write_rows(dataset.path(), &rows).unwrap();
        artifact::Manifest::bare(Kind::DATASET).write(dataset.path()).unwrap();
        let events = |sample: u32| artifact::tables::training::ExactEventsRow {
            sample,
            events: u64::from(5 - sample),
            learning_events: 0,
            first_learned: None,
            last_wrong: None,
            correct_steps: 0,
            looks: 1,
        };
        write_rows(scores.path(), &(0..6).map(events).collect::<Vec<_>>()).unwrap();
        artifact::Manifest::bare(Kind::TRAINING).write(scores.path()).unwrap();
        let at =
            |directory: &tempfile::TempDir| vec![stage::Input::at(directory.path().to_owned())];
        let of_events = |order: Order, remove: f64| Parameters {
            table: "exact_events".to_owned(),
            score: "events".to_owned(),
            order,
            remove,
            ..Parameters::default()
        };
        let run = |dataset: &tempfile::TempDir, parameters: &Parameters| {
            let output = tempfile::tempdir().unwrap();
            let inputs = [("dataset".to_owned(), at(dataset)), ("scores".to_owned(), at(&scores))];
            let context = Context::silent(0, Limits { threads: 1, memory_bytes: 1 << 20 });
            let outline = Select::run(parameters, &Inputs(inputs.into()), output.path(), &context);
            let rows: Vec<Sample> = read_rows(output.path()).unwrap();
            artifact::Manifest::bare(Kind::DATASET).write(output.path()).unwrap();
            (output, outline.unwrap().train_samples, rows)
        };
        let (first, left, rows) = run(&dataset, &of_events(Order::Most, 1.0 / 3.0));
        assert_eq!(left, Some(4));
        let origins: Vec<Option<u32>> = rows.iter().map(|row| row.origin).collect();
        assert_eq!(origins, [Some(2), Some(3), Some(4), Some(5), None]);
        assert_eq!(rows.iter().map(|row| row.sample).collect::<Vec<_>>(), [0, 1, 2, 3, 0]);
        assert_eq!((rows[1].clean_label, rows[1].x[0].to_bits()), (Some(1), 3.0_f32.to_bits()));
        // What is removed can be tested on.
        let tested = Parameters { removed: Removed::Tested, ..of_events(Order::Most, 1.0 / 3.0) };
        let (_tested, _, rows) = run(&dataset, &tested);
        let of = |split: Split| -> Vec<Option<u32>> {
            rows.iter().filter(|row| row.split == split).map(|row| row.origin).collect()
        };
        assert_eq!(of(Split::Train), [Some(2), Some(3), Some(4), Some(5)]);
        assert_eq!(of(Split::Test), [Some(0), Some(1)]);
        // Of a selection from a selection the first dataset counts.
        let (_second, _, rows) = run(&first, &of_events(Order::Random, 0.5));
        assert_eq!(rows.len(), 3);
        assert!(rows[..2].iter().all(|row| row.origin.is_some_and(|it| (2..6).contains(&it))));
    }
}

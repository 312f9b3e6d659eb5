//! The functions of the members of a group: what they say of each sample at each step.

use std::collections::BTreeMap;
use std::rc::Rc;

use artifact::tables::Split;
use artifact::tables::prediction::{Method, Part, PredictionRow, ScoreRow};
use artifact::tables::training::OutputRow;
use artifact::{read_rows, read_rows_where};
use stage::{Group, Input, Inputs, StageError};

use crate::samples::{Datasets, Samples};
use crate::table::Source;

/// A function's values on both splits, samples × outputs each.
#[derive(Clone, Debug, Default, PartialEq)]
struct Values {
    train: Vec<f32>,
    test: Vec<f32>,
}

/// A member: its values by step.
type Member = BTreeMap<u64, Values>;

/// A group with the functions of its members.
#[derive(Debug)]
pub struct Members<'a> {
    /// What its members are.
    pub source: Source,
    /// The group.
    pub group: Group<'a>,
    /// What is to be predicted.
    pub samples: Rc<Samples>,
    /// The steps that all members have, rising; at least one.
    pub steps: Vec<u64>,
    functions: Vec<Member>,
    /// How many training samples all have, the first ones; none where these are not the same.
    train: Option<usize>,
}

impl<'a> Members<'a> {
    /// Reads the members of `group`, which are of `source`.
    ///
    /// # Errors
    /// Where a table is missing or damaged or not of the member's dataset, where members are tested on
    /// different samples, and where they share no step.
    pub fn read(
        source: Source,
        group: Group<'a>,
        inputs: &Inputs,
        datasets: &mut Datasets,
    ) -> Result<Self, StageError> {
        let within = |error: StageError| StageError {
            message: format!("{}: {}", group.shown(), error.message),
            ..error
        };
        let all: Vec<Rc<Samples>> = group
            .members
            .iter()
            .map(|input| datasets.of(inputs, input))
            .collect::<Result<_, _>>()
            .map_err(within)?;
        let Some(samples) = all.first().cloned() else {
            return Err(within(StageError::new("there is no member")));
        };
        for other in &all {
            check_test(&samples, other).map_err(within)?;
        }
        let members: Vec<Member> = group
            .members
            .iter()
            .zip(&all)
            .map(|(input, samples)| match source {
                Source::Training => network(input, samples),
                Source::Prediction => kernel(input, samples),
            })
            .collect::<Result<_, _>>()
            .map_err(within)?;
        let has_all = |step: &u64| members.iter().all(|member| member.contains_key(step));
        let first = members.first().into_iter().flat_map(BTreeMap::keys).copied();
        let steps: Vec<u64> = first.filter(has_all).collect();
        if steps.is_empty() {
            let error = StageError::new("its members have no step in common");
            return Err(within(error.hint("let all members have a checkpoint at the same step")));
        }
        let is_same = all.iter().all(|other| other.train == samples.train);
        let mut sizes =
            members.iter().filter_map(|member| Some(member.get(&steps[0])?.train.len()));
        let size = sizes.next().unwrap_or(0);
        let train =
            (is_same && sizes.all(|other| other == size)).then(|| size / samples.outputs.max(1));
        Ok(Self { source, group, samples, steps, functions: members, train })
    }

    /// The last step that all members have.
    pub fn last(&self) -> u64 {
        self.steps.last().copied().unwrap_or(0)
    }

    /// M.
    pub fn count(&self) -> u32 {
        self.functions.len() as u32
    }

    /// How many samples of `split` all members have predicted; none of training samples that differ.
    pub fn predicted(&self, split: Split) -> usize {
        match split {
            Split::Train => self.train.unwrap_or(0),
            Split::Test => self.samples.test.len(),
        }
    }

    /// The members' values at `step`, one of [`Self::steps`], on `split`; none without samples.
    pub fn at(&self, step: u64, split: Split) -> Option<Vec<&[f32]>> {
        if self.predicted(split) == 0 {
            return None;
        }
        self.functions
            .iter()
            .map(|member| {
                let values = member.get(&step)?;
                Some(match split {
                    Split::Train => values.train.as_slice(),
                    Split::Test => values.test.as_slice(),
                })
            })
            .collect()
    }
}

fn check_test(one: &Samples, other: &Samples) -> Result<(), StageError> {
    // Drawn pictures have the same classes under every seed, and are others all the same.
    if let (Some(one), Some(other)) = (one.seed, other.seed)
        && one != other
    {
        return Err(StageError::new(format!(
            "members of one ensemble are tested on datasets of the seeds {one} and {other}"
        ))
        .hint("name the axis that sets the dataset's seed in `apart`, or let it set `train.seed` only"));
    }
    if one.outputs == other.outputs && one.test.asks_the_same(&other.test) {
        return Ok(());
    }
    let what = if one.test.len() == other.test.len() {
        "other targets on their test samples".to_owned()
    } else {
        format!("{} and {} test samples", one.test.len(), other.test.len())
    };
    Err(StageError::new(format!("members of one ensemble have {what}")).hint(
        "members may be trained on different samples, but are tested on the same: let the axis leave the test split alone, as one that sets `train.seed` only",
    ))
}

/// The outputs of the training run `input` at each checkpoint.
fn network(input: &Input, samples: &Samples) -> Result<Member, StageError> {
    let mut member = Member::new();
    for row in read_rows::<OutputRow>(input.path())? {
        let values = member.entry(row.step).or_default();
        add(values, row.split, (row.sample, &row.output), samples)
            .map_err(|error| at(input, row.step, &error))?;
    }
    for (&step, values) in &member {
        complete(values, Split::Train, samples)
            .and_then(|()| complete(values, Split::Test, samples))
            .map_err(|error| at(input, step, &error))?;
    }
    Ok(member)
}

/// What the chosen ridge of each step of the predictions `input` predicts.
fn kernel(input: &Input, samples: &Samples) -> Result<Member, StageError> {
    let scores = read_rows_where::<ScoreRow>(input.path(), |row| row.chosen)?;
    let ridges: BTreeMap<u64, Option<f64>> = scores
        .into_iter()
        .filter(|row| row.method == Method::Ridge && row.split != Part::Train)
        .map(|row| (row.step, row.ridge))
        .collect();
    if ridges.is_empty() {
        let error = StageError::new(format!("{}: no ridge is chosen", input.path().display()));
        return Err(error.hint("give `ridges` to the stage `predict`"));
    }
    let is_chosen = |row: &PredictionRow| {
        row.method == Method::Ridge && ridges.get(&row.step).is_some_and(|of| *of == row.ridge)
    };
    let mut member = Member::new();
    for row in read_rows_where::<PredictionRow>(input.path(), is_chosen)? {
        let split = match row.split {
            Part::Train => Split::Train,
            Part::Test => Split::Test,
            Part::LeftOut => continue,
        };
        let values = member.entry(row.step).or_default();
        add(values, split, (row.sample, &row.mean), samples)
            .map_err(|error| at(input, row.step, &error))?;
    }
    if member.is_empty() {
        let message = format!("{}: the predictions were not kept", input.path().display());
        let hint = "give `predictions: chosen` to the stage `predict`";
        return Err(StageError::new(message).hint(hint));
    }
    for (&step, values) in &member {
        // A kernel may be of the first training samples only.
        complete(values, Split::Test, samples).map_err(|error| at(input, step, &error))?;
    }
    Ok(member)
}

/// Adds what a function says of the next sample.
fn add(
    values: &mut Values,
    split: Split,
    (sample, output): (u32, &[f32]),
    samples: &Samples,
) -> Result<(), String> {
    let values = match split {
        Split::Train => &mut values.train,
        Split::Test => &mut values.test,
    };
    let (name, outputs) = (split.name(), samples.outputs);
    if output.len() != outputs {
        let found = output.len();
        return Err(format!("{name} sample {sample} has {found} outputs, its target {outputs}"));
    }
    let (expected, there) = (values.len() / outputs, samples.of(split).len());
    if expected >= there {
        return Err(format!("{name} sample {sample} has outputs, and the dataset has {there}"));
    }
    if sample as usize != expected {
        return Err(format!(
            "{name} sample {sample} stands where sample {expected} of {there} should"
        ));
    }
    if !output.iter().all(|f| f.is_finite()) {
        return Err(format!("the outputs of {name} sample {sample} must be finite"));
    }
    values.extend(output);
    Ok(())
}

/// Checks that the samples of `split` are there, all of them.
fn complete(values: &Values, split: Split, samples: &Samples) -> Result<(), String> {
    let values = match split {
        Split::Train => &values.train,
        Split::Test => &values.test,
    };
    let (found, there) = (values.len() / samples.outputs.max(1), samples.of(split).len());
    if found == there {
        return Ok(());
    }
    Err(format!("{found} of the {there} {} samples of the dataset have outputs", split.name()))
}

fn at(input: &Input, step: u64, problem: &str) -> StageError {
    StageError::new(format!("{} at step {step}: {problem}", input.path().display()))
        .hint("wire the dataset that it was made with")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Side;

    #[test]
    fn draws_of_the_dataset_are_no_members_though_their_classes_are_the_same() {
        let of = |seed| Samples { outputs: 2, seed, train: Side::default(), test: Side::default() };
        let message = |a, b| check_test(&of(a), &of(b)).err().map(|error| error.message);
        assert_eq!(message(Some(1), Some(1)), None);
        assert_eq!(message(None, Some(1)), None);
        assert_eq!(
            message(Some(0), Some(1)).unwrap(),
            "members of one ensemble are tested on datasets of the seeds 0 and 1"
        );
    }

    #[test]
    fn outputs_that_do_not_fit_or_are_not_finite_are_refused() {
        let labels = vec![None; 2];
        let side = Side { targets: vec![0.0; 4], labels, ..Side::default() };
        let samples = Samples { outputs: 2, seed: None, train: side, test: Side::default() };
        let mut values = Values::default();
        let mut add =
            |split, sample, output: &[f32]| add(&mut values, split, (sample, output), &samples);
        assert_eq!(add(Split::Train, 0, &[0.1, 0.2]), Ok(()));
        for (split, sample, output, problem) in [
            (Split::Train, 1, &[0.1][..], "train sample 1 has 1 outputs, its target 2"),
            (Split::Train, 0, &[0.1, 0.2], "train sample 0 stands where sample 1 of 2 should"),
            (Split::Test, 0, &[0.1, 0.2], "test sample 0 has outputs, and the dataset has 0"),
            (Split::Train, 1, &[f32::NAN, 0.2], "the outputs of train sample 1 must be finite"),
        ] {
            assert_eq!(add(split, sample, output), Err(problem.to_owned()));
        }
    }
}

//! What a run would do, and what is wrong with its inputs.

use artifact::Outline;
use stage::{Outlines, Plan};

use crate::parameters::Parameters;

/// Bytes of the program with its threads.
const FIXED: u64 = 24 << 20;

/// Plans ensembles of inputs of which `inputs` is known.
pub fn plan(parameters: &Parameters, inputs: &Outlines) -> Plan {
    let mut plan = Plan { outline: outline(inputs.many("dataset")), ..Plan::default() };
    if inputs.many("training").is_empty() && inputs.many("prediction").is_empty() {
        plan.problem(
            "",
            "neither `training` nor `prediction` is wired, so there is nothing to combine",
        )
        .hint("wire the runs of a sweep over seeds: inputs: { dataset: dataset, training: train }");
    }
    let keys =
        [("over", &parameters.over, &[][..]), ("apart", &parameters.apart, &parameters.over[..])];
    for (key, names, others) in keys {
        for (i, name) in names.iter().enumerate() {
            if names[..i].contains(name) || others.contains(name) {
                plan.problem(&format!("/{key}/{i}"), format!("the axis `{name}` is given twice"));
            }
        }
    }
    plan.memory_bytes = memory(inputs);
    plan
}

/// What all of `datasets` have in common; an empty outline of none.
pub fn outline(datasets: &[Outline]) -> Outline {
    let Some((first, others)) = datasets.split_first() else { return Outline::default() };
    let mut outline = Outline {
        train_samples: first.train_samples,
        test_samples: first.test_samples,
        input_dim: first.input_dim,
        input_shape: first.input_shape.clone(),
        output_dim: first.output_dim,
        labelled: first.labelled,
        ..Outline::default()
    };
    for other in others {
        outline.train_samples = outline.train_samples.filter(|it| other.train_samples == Some(*it));
        outline.test_samples = outline.test_samples.filter(|it| other.test_samples == Some(*it));
        outline.input_dim = outline.input_dim.filter(|it| other.input_dim == Some(*it));
        if outline.input_shape != other.input_shape {
            outline.input_shape = None;
        }
        outline.output_dim = outline.output_dim.filter(|it| other.output_dim == Some(*it));
        outline.labelled = outline.labelled.filter(|it| other.labelled == Some(*it));
    }
    outline
}

/// Bytes at the peak, at most: the outputs of all members, which groups share out in a way that a plan does
/// not know, the rows of the largest table, and the copies that one step needs.
fn memory(inputs: &Outlines) -> Option<u64> {
    let samples = |of: &Outline| Some(of.train_samples? + of.test_samples?);
    let mut kept = 0;
    let mut rows = 0;
    let mut at_a_step = 0;
    for of in inputs.many("training") {
        let values = samples(of)? * of.output_dim?;
        let steps = of.checkpoints.as_ref()?.len() as u64;
        kept += 4 * values * steps;
        rows = rows.max(steps * (4 * values + 64 * samples(of)?));
        at_a_step += 4 * values;
    }
    for of in inputs.many("prediction") {
        let (values, count) = (samples(of)? * of.output_dim?, samples(of)?);
        kept += 4 * values;
        rows = rows.max(4 * values + 120 * count);
        at_a_step += 4 * values;
    }
    for of in inputs.many("dataset") {
        let (count, outputs) = (samples(of)?, of.output_dim?);
        kept += count * (4 * outputs + 8);
        rows = rows.max(count * (4 * (of.input_dim? + outputs) + 80));
    }
    Some(FIXED + kept + 2 * rows + 2 * at_a_step)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn dataset() -> Outline {
        Outline {
            train_samples: Some(100),
            test_samples: Some(10),
            input_dim: Some(3),
            output_dim: Some(2),
            ..Outline::default()
        }
    }

    #[test]
    fn something_must_be_wired_and_no_axis_named_twice() {
        let parameters =
            Parameters { over: vec!["draw".to_owned(), "draw".to_owned()], apart: Vec::new() };
        let found = plan(&parameters, &Outlines::default()).problems;
        let at: Vec<&str> = found.iter().map(|problem| problem.at.as_str()).collect();
        assert_eq!(at, ["", "/over/1"]);
        assert!(found[0].message.starts_with("neither `training` nor `prediction` is wired"));
        let wired = BTreeMap::from([("prediction".to_owned(), vec![Outline::default()])]).into();
        let plan = plan(&Parameters::default(), &wired);
        assert!(plan.problems.is_empty() && plan.memory_bytes.is_none());
    }

    #[test]
    fn an_outline_says_what_datasets_have_in_common() {
        let other = Outline { train_samples: Some(200), ..dataset() };
        let found = outline(&[dataset(), other]);
        assert_eq!(found, Outline { train_samples: None, ..dataset() });
        assert_eq!(outline(&[]), Outline::default());
    }

    #[test]
    fn memory_grows_with_members_and_checkpoints() {
        let bytes = |members: usize, steps: usize| {
            let training = Outline { checkpoints: Some(vec![0; steps]), ..dataset() };
            let inputs: Outlines = BTreeMap::from([
                ("dataset".to_owned(), vec![dataset()]),
                ("training".to_owned(), vec![training; members]),
            ])
            .into();
            plan(&Parameters::default(), &inputs).memory_bytes.unwrap() - FIXED
        };
        assert!(bytes(4, 10) > bytes(2, 10) && bytes(2, 20) > bytes(2, 10));
        assert!(bytes(20, 10) >= 20 * 10 * 110 * 2 * 4);
    }
}

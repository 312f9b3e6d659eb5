//! The places of a chart: networks that repeat each other, at two numbers.

use std::collections::BTreeMap;

use artifact::read_rows;
use stage::{AxisValue, Group, Input, Inputs, Repeating, StageError, groups};
use statistics::jackknife::{means_without, standard_error};

use super::Parameters;
use super::table::PhaseRow;
use crate::encoding::{Regime, RegimeRow, Regimes};

/// The port.
pub const PORT: &str = "codes";

/// Names of the two axes of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    /// The first.
    pub across: String,
    /// The second, where there is one.
    pub up: Option<String>,
}

/// Networks at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// What they differ in from others beside the two axes and seeds.
    pub group: String,
    /// Value of the first axis.
    pub across: f64,
    /// Value of the second axis.
    pub up: Option<f64>,
    /// What the codes of each network came to at each step, and which repetition it is: `run=1`.
    pub runs: Vec<(String, Vec<RegimeRow>)>,
}

/// The axes that `parameters` name; left out, the first axes of the sweep whose values are numbers and that set
/// more than seeds.
///
/// # Errors
/// Where there is no such axis.
pub fn axes(inputs: &Inputs, parameters: &Parameters) -> Result<Axes, StageError> {
    let of_groups = groups(inputs, PORT, Repeating::default());
    let mut known: Vec<String> = Vec::new();
    for axis in of_groups.iter().flat_map(Group::axes) {
        if !known.contains(&axis.name) {
            known.push(axis.name.clone());
        }
    }
    let is_numeric = |name: &&String| {
        let of_all = inputs.many(PORT).iter().flat_map(|input| input.axes.values());
        of_all.filter(|axis| axis.name == **name).all(|axis| axis.number().is_some())
    };
    let numeric: Vec<String> = known.iter().filter(is_numeric).cloned().collect();
    let named = |key: &str, name: &String| {
        if numeric.contains(name) {
            return Ok(name.clone());
        }
        let message = if known.contains(name) {
            format!("`{key}` names the axis `{name}`, whose values are no numbers")
        } else {
            format!("`{key}` names `{name}`, which is no axis of the sweep")
        };
        Err(StageError::new(message).hint(format!("axes of numbers are {}", numeric.join(", "))))
    };
    let across = parameters.across.as_ref().map(|name| named("across", name)).transpose()?;
    let up = parameters.up.as_ref().map(|name| named("up", name)).transpose()?;
    let is_free = |name: &&String| Some(*name) != across.as_ref() && Some(*name) != up.as_ref();
    let free: Vec<String> = numeric.iter().filter(is_free).cloned().collect();
    let mut free = free.into_iter();
    let across = across.or_else(|| free.next()).ok_or_else(|| {
        StageError::new("no axis of the sweep has numbers to draw a chart along")
            .hint("add one, as `width: { set: train.with.network.hidden.0, to: [8, 16, 32, 64] }`")
    })?;
    Ok(Axes { across, up: up.or_else(|| free.next()) })
}

/// All places, in the order of the sweep.
///
/// # Errors
/// Where the codes of a network have no regimes.
pub fn places(inputs: &Inputs, axes: &Axes) -> Result<Vec<Place>, StageError> {
    groups(inputs, PORT, Repeating::default())
        .iter()
        .map(|group| {
            let at = |name: &str| group.axes().find(|axis| axis.name == name)?.number();
            let others = group
                .axes()
                .filter(|axis| axis.name != axes.across && Some(&axis.name) != axes.up.as_ref());
            let label = others.map(AxisValue::label);
            let across = at(&axes.across).ok_or_else(|| {
                StageError::new(format!(
                    "codes without a value of the axis `{}` are wired",
                    axes.across
                ))
                .hint("wire codes that depend on it")
            })?;
            Ok(Place {
                group: label.collect::<Vec<_>>().join(", "),
                across,
                up: axes.up.as_deref().and_then(at),
                runs: group
                    .members
                    .iter()
                    .map(|member| Ok((repetition(group, member), regimes(member)?)))
                    .collect::<Result<_, StageError>>()?,
            })
        })
        .collect()
}

/// The values of the axes in which members of `group` differ.
fn repetition(group: &Group<'_>, member: &Input) -> String {
    let is_own = |axis: &&AxisValue| group.axes().all(|common| common.name != axis.name);
    let own = member.axes.values().filter(is_own).map(AxisValue::label);
    own.collect::<Vec<_>>().join(", ")
}

fn regimes(input: &Input) -> Result<Vec<RegimeRow>, StageError> {
    let rows: Vec<RegimeRow> = read_rows(input.path())?;
    if rows.is_empty() {
        return Err(StageError::new(format!(
            "{}: the codes have no regimes, for their neighbours do not vote",
            input.path().display()
        ))
        .hint(
            "take a dataset with classes and a test split, and leave `knn` among `classifiers`",
        ));
    }
    Ok(rows)
}

/// Mean of each number over runs at `step`: redundancy, vote of neighbours, the network; and the regime that follows
/// beside the networks at their last step. None where a run has no such step.
fn means(place: &Place, step: u64, regimes: Regimes) -> Option<([f64; 3], Regime)> {
    let at_step = |(_, run): &(String, Vec<RegimeRow>)| {
        Some([run.iter().find(|row| row.step == step)?.clone(), run.last()?.clone()])
    };
    let rows: Vec<[RegimeRow; 2]> = place.runs.iter().map(at_step).collect::<Option<_>>()?;
    let mean =
        |of: &dyn Fn(&[RegimeRow; 2]) -> f64| rows.iter().map(of).sum::<f64>() / rows.len() as f64;
    let of = [
        mean(&|[row, _]| row.redundancy_train),
        mean(&|[row, _]| row.knn),
        mean(&|[row, _]| row.network_accuracy),
    ];
    let end = mean(&|[_, last]| last.network_accuracy);
    (!rows.is_empty()).then(|| (of, Regime::of(of[0], of[1], end, regimes)))
}

/// The regimes of one run at its first and its last step.
pub fn ends(run: &[RegimeRow], regimes: Regimes) -> Option<[Regime; 2]> {
    let (first, last) = (run.first()?, run.last()?);
    let of =
        |row: &RegimeRow| Regime::of(row.redundancy_train, row.knn, last.network_accuracy, regimes);
    Some([of(first), of(last)])
}

/// The steps that all runs of a place have.
fn steps(place: &Place) -> Vec<u64> {
    let first = place.runs.first().into_iter().flat_map(|(_, run)| run);
    let has = |run: &[RegimeRow], step: u64| run.iter().any(|row| row.step == step);
    let in_all = |step: &u64| place.runs.iter().all(|(_, run)| has(run, *step));
    first.map(|row| row.step).filter(in_all).collect()
}

/// The rows of the table.
pub fn rows(places: &[Place], axes: &Axes, regimes: Regimes) -> Vec<PhaseRow> {
    let mut rows: BTreeMap<(String, u64, u64), Vec<PhaseRow>> = BTreeMap::new();
    for place in places {
        let up = place.up.zip(axes.up.as_ref()).map(|(up, name)| format!("{name}={up}"));
        let label = Some(place.group.clone()).filter(|group| !group.is_empty());
        let chart: Vec<String> = label.into_iter().chain(up).collect();
        let steps = steps(place);
        for &step in &steps {
            let Some((of, regime)) = means(place, step, regimes) else { continue };
            let error = |of: fn(&RegimeRow) -> f64| {
                let all = place.runs.iter().flat_map(|(_, run)| run).filter(|row| row.step == step);
                standard_error(&means_without(&all.map(of).collect::<Vec<f64>>()))
            };
            let key = (chart.join(", "), step, place.across.to_bits());
            rows.entry(key).or_default().push(PhaseRow {
                group: place.group.clone(),
                chart: chart.join(", "),
                across: place.across,
                up: place.up,
                step,
                is_last: steps.last() == Some(&step),
                runs: place.runs.len() as u32,
                redundancy: of[0],
                redundancy_error: error(|row| row.redundancy_train),
                knn: of[1],
                knn_error: error(|row| row.knn),
                network_accuracy: of[2],
                regime: regime.number(),
            });
        }
    }
    rows.into_values().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inputs() -> Inputs {
        let of = |norm: &str, width: u64, samples: u64, run: u64| -> Input {
            let request = json!({
                "directory": "x",
                "axes": { "norm": norm, "run": run, "width": width, "samples": samples },
                "sets": { "run": ["train.seed"], "width": ["train.with.network.hidden"],
                          "samples": ["dataset.with.train"], "norm": ["train.with.network"] },
            });
            serde_json::from_value(request).unwrap()
        };
        let all =
            [8, 64].into_iter().flat_map(|width| [0, 1].map(|run| of("none", width, 256, run)));
        Inputs([(PORT.to_owned(), all.collect())].into())
    }

    fn found(across: Option<&str>, up: Option<&str>) -> Result<Axes, String> {
        let [across, up] = [across, up].map(|name| name.map(str::to_owned));
        let parameters = Parameters { across, up, ..Parameters::default() };
        axes(&inputs(), &parameters).map_err(|error| error.message)
    }

    #[test]
    fn a_chart_goes_along_axes_of_numbers_that_are_no_seeds() {
        let axes =
            |across: &str, up: &str| Axes { across: across.to_owned(), up: Some(up.to_owned()) };
        assert_eq!(found(None, None), Ok(axes("width", "samples")));
        assert_eq!(found(Some("samples"), None), Ok(axes("samples", "width")));
        assert!(found(Some("norm"), None).unwrap_err().contains("whose values are no numbers"));
        assert!(found(None, Some("run")).unwrap_err().contains("no axis of the sweep"));
    }
}

//! Where a run begins: at parameters that are drawn, or where another run ended.

use artifact::Outline;
use network::{Architecture, Network};
use stage::{Input, Plan, Seed, StageError};

use crate::data::Data;

/// A network with parameters drawn as its architecture says.
///
/// # Errors
/// Where the architecture does not fit the data.
pub(crate) fn drawn(
    architecture: &Architecture,
    data: &Data,
    seed: Seed,
) -> Result<Network<f32>, StageError> {
    let mut init = seed.stream("init");
    Ok(Network::initialize(architecture, data.shape(), data.output_dim, &mut init)?)
}

/// The network of the last checkpoint of the run at `start`.
///
/// # Errors
/// Where that is not a network of this architecture for these data, or the checkpoint is missing.
pub(crate) fn network(
    architecture: &Architecture,
    data: &Data,
    start: &Input,
) -> Result<Network<f32>, StageError> {
    let outline = start.manifest()?.outline;
    if let Some((_, message, hint)) = refusal(architecture, &data.outline(), &outline) {
        return Err(StageError::new(message).hint(hint));
    }
    let last = outline.checkpoints.as_deref().and_then(<[u64]>::last).ok_or_else(|| {
        StageError::new("the run at `start` has no checkpoint to begin from")
            .hint("wire a training run that keeps its parameters")
    })?;
    kernel::load_network(start.path(), &outline, *last)
}

/// Adds to `plan` why a run on `dataset` cannot begin where one of which `start` is known ends.
pub(crate) fn check(
    architecture: &Architecture,
    dataset: &Outline,
    start: &Outline,
    plan: &mut Plan,
) {
    if let Some((at, message, hint)) = refusal(architecture, dataset, start) {
        plan.problem(at, message).hint(hint);
    }
}

/// Why not, with the parameter at fault as a JSON Pointer, and what to do.
fn refusal(
    architecture: &Architecture,
    dataset: &Outline,
    start: &Outline,
) -> Option<(&'static str, String, &'static str)> {
    let own = serde_json::to_value(architecture).ok();
    if start.network.is_some() && start.network != own {
        let message = "the run at `start` trained another network, so this one cannot begin there";
        return Some(("/network", message.to_owned(), "give both stages the same `network`"));
    }
    let differ = |own: Option<u64>, other: Option<u64>| own.zip(other).filter(|(a, b)| a != b);
    for (name, own, other) in [
        ("inputs", dataset.input_dim, start.input_dim),
        ("outputs", dataset.output_dim, start.output_dim),
    ] {
        if let Some((own, other)) = differ(own, other) {
            let message =
                format!("the run at `start` had {other} {name}, and these data have {own}");
            return Some(("/network", message, "wire data of the same shape to both"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use artifact::tables::training::CheckpointRow;
    use artifact::{Kind, Manifest, read_step};
    use network::{Activation, Initialization};
    use serde_json::json;
    use stage::{Context, Limits};

    use super::*;
    use crate::data::Samples;
    use crate::descent::descend;
    use crate::parameters::Parameters;
    use crate::plan;

    fn problems(widths: [usize; 2], dims: [u64; 2]) -> Vec<String> {
        let [own, other] = widths.map(|width| {
            Architecture::fully_connected(vec![width], Activation::Relu, Initialization::He)
        });
        let outline = |dim: u64| Outline {
            input_dim: Some(dim),
            output_dim: Some(3),
            network: serde_json::to_value(&other).ok(),
            ..Outline::default()
        };
        let mut plan = Plan::default();
        let [own_dim, other_dim] = dims.map(outline);
        check(&own, &own_dim, &other_dim, &mut plan);
        plan.problems.into_iter().map(|problem| problem.message).collect()
    }

    #[test]
    fn a_run_begins_where_one_of_the_same_network_ended() {
        assert!(problems([8, 8], [5, 5]).is_empty());
        assert!(problems([8, 9], [5, 5])[0].contains("another network"));
        assert_eq!(
            problems([8, 8], [5, 6]),
            ["the run at `start` had 6 inputs, and these data have 5"]
        );
    }

    /// Gradient descent without momentum keeps nothing but the parameters.
    #[test]
    fn two_runs_in_turn_are_one_long_run() {
        let x: Vec<f32> = (0..40).map(|i| (i as f32 * 0.37).sin()).collect();
        let samples = Samples { y: x[..20].to_vec(), labels: Vec::new(), rows: 20, x };
        let test = Samples { rows: 0, x: Vec::new(), y: Vec::new(), labels: Vec::new() };
        let data = Data { input_dim: 2, input_shape: None, output_dim: 1, train: samples, test };
        let run = |steps: u64, start: Option<&tempfile::TempDir>| {
            let parameters: Parameters<u64> = serde_json::from_value(json!({
                "network": { "hidden": [8], "activation": "tanh" },
                "learning_rate": { "initial": 0.1 }, "steps": steps
            }))
            .expect("parameters");
            let folder = tempfile::tempdir().expect("a folder");
            let context = Context::silent(3, Limits { threads: 1, memory_bytes: 1 << 30 });
            let network = match start {
                None => drawn(&parameters.network, &data, context.seed),
                Some(start) => {
                    network(&parameters.network, &data, &Input::at(start.path().to_owned()))
                }
            };
            let network = network.expect("a network");
            descend(&parameters, &data, network, folder.path(), &context).expect("descends");
            let outline = plan::outline(&parameters, &data.outline());
            let manifest = Manifest { outline, ..Manifest::bare(Kind::TRAINING) };
            manifest.write(folder.path()).expect("writes");
            folder
        };
        let last = |folder: &tempfile::TempDir, step| {
            let rows: Vec<CheckpointRow> = read_step(folder.path(), step).expect("a checkpoint");
            rows.into_iter().flat_map(|row| row.values).collect::<Vec<f32>>()
        };
        let first = run(30, None);
        let second = run(20, Some(&first));
        assert_eq!(last(&second, 0), last(&first, 30));
        assert_eq!(last(&second, 20), last(&run(50, None), 50));
    }

    #[test]
    fn what_is_not_known_is_not_refused() {
        let own = Architecture::fully_connected(vec![8], Activation::Relu, Initialization::He);
        let mut plan = Plan::default();
        check(&own, &Outline::default(), &Outline::default(), &mut plan);
        assert!(plan.problems.is_empty());
    }
}

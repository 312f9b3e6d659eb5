//! Two chains in one pipeline: what was made from what is paired, and any other wiring refused.

use std::fs;

use serde_json::{Value, json};

use crate::world::{World, report, succeed};

/// Two training runs on one dataset, each with its kernel and spectrum.
const CHAINS: &str = "name: chains
stages:
  data: { uses: dataset, with: { train: 4 } }
  ta: { uses: train, inputs: { dataset: data }, with: { steps: 10 } }
  tb: { uses: train, inputs: { dataset: data }, with: { steps: 20 } }
  ka: { uses: ntk, inputs: { dataset: data, training: ta } }
  kb: { uses: ntk, inputs: { dataset: data, training: tb } }
  sa: { uses: spectrum, inputs: { dataset: data, training: ta, kernel: ka } }
  sb: { uses: spectrum, inputs: { dataset: data, training: tb, kernel: kb } }
  both:
    uses: both
    inputs: { spectrum: [sa, sb], training: [tb, ta], dataset: [data] }
";

/// A world with a stage `both` that gathers, and asks what its spectra were made from.
fn world() -> World {
    let world = World::new();
    let mut both = report();
    for port in both["inputs"].as_array_mut().expect("ports") {
        port["many"] = json!(true);
    }
    both["inputs"][0]["made_from"] = json!(["training", "dataset"]);
    let run = format!("cp \"$2\" told.json\n{}", succeed("report"));
    world.stage("both", &both, "", &run);
    world
}

/// For each artifact at the port `spectrum`, what the stage was told that it was made from.
fn told(world: &World) -> Vec<Value> {
    let text = fs::read_to_string(world.root().join("told.json")).expect("it ran");
    let request: Value = serde_json::from_str(&text).expect("a request");
    let spectra = request["inputs"]["spectrum"].as_array().expect("a list").clone();
    spectra.into_iter().map(|spectrum| spectrum["made_from"].clone()).collect()
}

#[test]
fn artifacts_of_two_chains_are_paired_by_what_they_were_made_from() {
    let world = world();
    world.run(CHAINS, &[]).expect("it runs");
    let pair = |training: usize| json!({ "training": training, "dataset": 0 });
    assert_eq!(told(&world), [pair(1), pair(0)]);
}

#[test]
fn a_training_run_is_found_behind_a_kernel() {
    let world = world();
    let mut bare = crate::world::description(
        "spectrum",
        &[("kernel", "kernel")],
        &json!({ "type": "object", "additionalProperties": false }),
    );
    bare["name"] = json!("bare");
    world.stage("spectrum", &bare, "", &succeed("spectrum"));
    let text = CHAINS.replace("dataset: data, training: ta, kernel", "kernel");
    let text = text.replace("dataset: data, training: tb, kernel", "kernel");
    world.run(&text, &[]).expect("it runs");
    let pair = |training: usize| json!({ "training": training, "dataset": 0 });
    assert_eq!(told(&world), [pair(1), pair(0)]);
}

#[test]
fn variants_of_a_sweep_are_paired_as_well() {
    let world = world();
    let sweep = "sweep: { every: { set: ta.with.steps, to: [10, 11] }, how: { set: ka.with.reduction, to: [full, trace] } }\nstages:\n";
    let text = CHAINS.replace("stages:\n", sweep);
    world.run(&text, &[]).expect("it runs");
    // At `training`: tb, then ta at 10 and 11 steps. At `spectrum`: sa at 10 and 11, each with two
    // kernels, then sb.
    let places: Vec<u64> =
        told(&world).iter().map(|pair| pair["training"].as_u64().expect("a place")).collect();
    assert_eq!(places, [1, 1, 2, 2, 0]);
}

#[test]
fn a_wiring_across_chains_is_refused_before_anything_runs() {
    let world = world();
    let wrong = |from: &str, to: &str| world.errors(&CHAINS.replace(from, to), &[]);
    insta::assert_snapshot!(wrong("training: [tb, ta]", "training: [ta]"));
    let other = CHAINS
        .replace("stages:\n", "stages:\n  more: { uses: dataset, with: { train: 5 } }\n")
        .replace("dataset: [data]", "dataset: [more]");
    insta::assert_snapshot!(world.errors(&other, &[]));
}

//! The networks of training stages, as `check` lists them.

use serde_json::{Value, json};

use crate::world::{RIGHT, World, succeed, train};

/// A made-up layer.
fn layer(name: &str, input: &[u64], output: &[u64], parameters: u64, flops: u64) -> Value {
    json!({ "layer": name, "input": input, "output": output, "parameters": parameters, "flops": flops })
}

/// A residual network whose last layer has 2 or 10 outputs.
fn residual(outputs: u64) -> Value {
    let (wide, narrow) = ([32, 32, 16], [16, 16, 32]);
    let mut same = layer("residual sum", &wide, &wide, 4_640, 9_500_000);
    same["branches"] = json!([
        [
            layer("conv 3 × 3", &wide, &wide, 2_320, 4_734_976),
            layer("relu", &wide, &wide, 0, 16_384),
            layer("conv 3 × 3", &wide, &wide, 2_320, 4_734_976)
        ],
        []
    ]);
    let mut halves = layer("residual sum", &wide, &narrow, 5_152, 2_640_000);
    halves["branches"] = json!([
        [layer("conv 3 × 3, stride 2", &wide, &narrow, 4_640, 2_367_488)],
        [layer("conv 1 × 1, stride 2", &wide, &narrow, 512, 270_336)]
    ]);
    json!([
        layer("conv 3 × 3", &[32, 32, 3], &wide, 448, 901_120),
        layer("relu", &wide, &wide, 0, 16_384),
        same,
        halves,
        layer("global average pool", &narrow, &[32], 0, 8_192),
        layer(&format!("dense {outputs}"), &[32], &[outputs], 33 * outputs, 65 * outputs)
    ])
}

/// A world whose stage `train` plans a network that its number of steps decides about.
fn world() -> World {
    let world = World::new();
    let answer = |layers: Value| {
        let outline = json!({ "train_samples": 4, "last_step": 10, "layers": layers }).to_string();
        format!(r#"echo "{{\"parameters\":$with,\"outline\":"'{outline}'",\"problems\":[]}}""#)
    };
    let plan = format!(
        "with=$(sed -n 's/.*\"parameters\":\\(.*\\),\"inputs\".*/\\1/p' \"$2\")\ncase \"$with\" in\n*'\"steps\":20'*)\n{}\n;;\n*'\"steps\":10'*)\n{}\n;;\n*)\n{}\n;;\nesac",
        answer(residual(2)),
        answer(residual(10)),
        // More steps, a deeper network.
        r#"steps=$(echo "$with" | sed -n 's/.*"steps":\([0-9]*\).*/\1/p')
echo "{\"parameters\":$with,\"outline\":{\"train_samples\":4,\"layers\":[{\"layer\":\"dense $steps\",\"input\":[2],\"output\":[$steps],\"parameters\":$steps,\"flops\":0}]},\"problems\":[]}""#,
    );
    world.stage("train", &train(), &plan, &succeed("training"));
    world
}

fn networks(text: &str) -> String {
    pipeline::networks(&world().check(text, &[]).expect("it is right"))
}

#[test]
fn a_network_is_listed_layer_by_layer() {
    insta::assert_snapshot!(networks(RIGHT));
}

#[test]
fn a_sweep_lists_each_network_once_with_the_axes_that_decide_about_it() {
    let text = format!(
        "{RIGHT}sweep:\n  rate: {{ set: train.with.learning_rate.initial, to: [0.1, 0.2] }}\n  length: {{ set: train.with.steps, to: [10, 20] }}\n  seed: {{ set: seed, to: [0, 1, 2] }}\n"
    );
    let text = networks(&text);
    let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("train")).collect();
    assert_eq!(heads, ["train with length=10", "train with length=20"]);
    let totals: Vec<&str> = text.lines().filter(|line| line.contains("total")).collect();
    assert_eq!(totals.len(), 2);
}

#[test]
fn of_many_networks_and_variants_a_few_are_shown() {
    let text =
        format!("{RIGHT}sweep:\n  length: {{ set: train.with.steps, to: [3, 4, 5, 6, 7, 8] }}\n");
    let text = networks(&text);
    let heads: Vec<&str> = text.lines().filter(|line| line.starts_with("train")).collect();
    assert_eq!(
        heads,
        [
            "train with length=3",
            "train with length=4",
            "train with length=5",
            "train with length=6",
            "train: 2 more networks"
        ]
    );
}

#[test]
fn the_same_network_in_every_variant_is_listed_once_without_them() {
    let text = format!("{RIGHT}sweep:\n  seed: {{ set: seed, to: [0, 1, 2] }}\n");
    assert_eq!(networks(&text), networks(RIGHT));
}

#[test]
fn where_no_stage_states_layers_nothing_is_said() {
    let world = World::new();
    assert_eq!(pipeline::networks(&world.check(RIGHT, &[]).expect("it is right")), "");
}

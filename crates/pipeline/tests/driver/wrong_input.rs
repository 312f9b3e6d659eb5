//! Wrong pipelines: each is refused before anything runs, with place and advice.

use std::fs;

use crate::world::{RIGHT, World, train};

/// [`RIGHT`] with one piece of text replaced.
fn wrong(from: &str, to: &str) -> String {
    assert!(RIGHT.contains(from), "{from}");
    RIGHT.replace(from, to)
}

#[test]
fn the_right_pipeline_is_right() {
    assert_eq!(World::new().check(RIGHT, &[]).expect("it is right").tasks.len(), 5);
}

#[test]
fn an_unknown_stage_suggests_the_nearest() {
    insta::assert_snapshot!(World::new().errors(&wrong("uses: spectrum", "uses: spectre"), &[]));
}

#[test]
fn an_unknown_file_says_from_where_paths_count() {
    insta::assert_snapshot!(World::new().errors(&wrong("uses: ntk", "uses: ./stages/x.py"), &[]));
}

#[test]
fn unknown_keys_suggest_the_nearest() {
    let text = wrong("seed: 7", "sede: 7").replace("    inputs: { dataset: dataset }", "    input: { dataset: dataset }");
    insta::assert_snapshot!(World::new().errors(&text, &[]));
}

#[test]
fn unknown_parameters_are_found_within_parameters() {
    let text = wrong("every: 5", "evry: 5").replace("steps: 10", "stpes: 10");
    insta::assert_snapshot!(World::new().errors(&text, &[]));
}

#[test]
fn wrong_types_and_bounds_are_shown_where_they_stand() {
    let text = wrong("initial: 0.25", "initial: fast")
        .replace("factor: 0.5", "factor: -1")
        .replace("steps: 10", "steps: 0\n      activation: rleu")
        .replace("train: 4", "train: 1.5");
    insta::assert_snapshot!(World::new().errors(&text, &[]));
}

#[test]
fn problems_of_a_stages_own_plan_are_located() {
    insta::assert_snapshot!(World::new().errors(&wrong("train: 4", "train: 13"), &[]));
}

#[test]
fn a_missing_input_says_what_would_fit() {
    let text = wrong("inputs: { dataset: dataset, training: train }", "inputs: { dataset: dataset }");
    insta::assert_snapshot!(World::new().errors(&text, &[]));
    insta::assert_snapshot!(World::new().errors("stages:\n  learn: { uses: train, with: { steps: 1 } }\n", &[]));
}

#[test]
fn unknown_ports_and_sources_suggest_the_nearest() {
    let text = wrong("{ dataset: dataset, training: train }", "{ datset: dataset, training: trian }");
    insta::assert_snapshot!(World::new().errors(&text, &[]));
}

#[test]
fn a_kernel_does_not_fit_a_dataset_port() {
    let text = wrong("{ dataset: dataset, training: train, kernel: ntk }", "{ dataset: ntk, training: train, kernel: [ntk, dataset] }");
    insta::assert_snapshot!(World::new().errors(&text, &[]));
}

#[test]
fn a_cycle_is_shown_as_the_cycle() {
    let world = World::new();
    let mut described = train();
    described["inputs"] = serde_json::json!([{ "name": "before", "kind": "training" }]);
    world.stage("again", &described, "", "");
    let text = "stages:
  a: { uses: again, inputs: { before: c }, with: { steps: 1 } }
  b: { uses: again, inputs: { before: a }, with: { steps: 1 } }
  c: { uses: again, inputs: { before: b }, with: { steps: 1 } }
  d: { uses: again, inputs: { before: c }, with: { steps: 1 } }
  e: { uses: again, inputs: { before: e }, with: { steps: 1 } }
";
    insta::assert_snapshot!(world.errors(text, &[]));
}

#[test]
fn everything_wrong_is_reported_in_one_go() {
    let text = wrong("uses: report", "uses: reprot")
        .replace("kernel: ntk", "kernl: ntk")
        .replace("steps: 10", "steps: ten")
        .replace("train: 4", "train: 13");
    let errors = World::new().errors(&text, &[]);
    assert!(errors.ends_with("5 errors; nothing was run"), "{errors}");
}

#[test]
fn folders_that_cannot_be_written_are_found_before_anything_runs() {
    let world = World::new();
    fs::write(world.root().join("data"), "a file").expect("it is ours");
    insta::assert_snapshot!(world.errors(RIGHT, &[]));
}

#[test]
fn programs_that_are_no_stages_are_refused() {
    let world = World::new();
    world.program("stages/silent", "#!/bin/sh\n");
    world.program("stages/chatty", "#!/bin/sh\necho hello\n");
    world.program("stages/failing", "#!/bin/sh\necho no module named numpy >&2\nexit 3\n");
    world.program("stages/future", "#!/bin/sh\necho '{\"contract\":\"2.0\"}'\n");
    world.program("stages/bare", "echo no interpreter line\n");
    fs::write(world.root().join("stages/plain"), "#!/bin/sh\n").expect("it is ours");
    let text: String = ["silent", "chatty", "failing", "future", "bare", "plain"]
        .iter()
        .map(|name| format!("  {name}: {{ uses: ./stages/{name} }}\n"))
        .collect();
    insta::assert_snapshot!(world.errors(&format!("stages:\n{text}"), &[]));
}

#[test]
fn a_program_that_fails_to_plan_is_an_error_of_its_stage() {
    let world = World::new();
    world.stage("odd", &train(), "echo out of cheese >&2; exit 7", "");
    let text = wrong("uses: train", "uses: odd");
    insta::assert_snapshot!(world.errors(&text, &[]));
}

#[test]
fn hostile_yaml_is_refused_at_once() {
    let world = World::new();
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let row = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{row}]\n"));
    }
    assert!(world.errors(&laughs, &[]).contains("repetition limit"));
    assert!(world.errors(&"[".repeat(50_000), &[]).contains("no valid YAML"));
    assert!(world.errors(&"x".repeat(2 << 20), &[]).contains("at most 1 MiB"));
}

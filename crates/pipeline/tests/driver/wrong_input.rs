//! Wrong pipelines: each is refused before anything runs, with place and advice.

use std::fs;

use crate::world::{PLAN_ECHO, RIGHT, World, train};

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
    insta::assert_snapshot!(World::new().errors(&wrong("uses: spectrum", "uses: spectre"), &[]), @r#"
    pipelines/x.yaml:18:11: error: there is no stage `spectre`: neither this workspace nor PATH has a program `stage-spectre`
    18 |     uses: spectre
       |           ^^^^^^^
       = help: did you mean `spectrum`?

    1 error; nothing was run
    "#);
}

#[test]
fn an_unknown_file_says_where_it_was_looked_for() {
    insta::assert_snapshot!(World::new().errors(&wrong("uses: ntk", "uses: ./stages/x.py"), &[]), @r#"
    pipelines/x.yaml:15:11: error: there is no stage program ./stages/x.py
    15 |     uses: ./stages/x.py
       |           ^^^^^^^^^^^^^
       = help: tried `ROOT/stages/x.py` and `ROOT/pipelines/stages/x.py`

    1 error; nothing was run
    "#);
}

#[test]
fn unknown_keys_suggest_the_nearest() {
    let text = wrong("seed: 7", "sede: 7")
        .replace("    inputs: { dataset: dataset }", "    input: { dataset: dataset }");
    insta::assert_snapshot!(World::new().errors(&text, &[]), @r#"
    pipelines/x.yaml:3:1: error: `sede` is not a key of a pipeline
    3 | sede: 7
      | ^^^^
      = help: did you mean `seed`?

    pipelines/x.yaml:8:3: error: the stage `train` lacks its input `dataset`, a dataset artifact
    8 |   train:
      |   ^^^^^
      = help: `dataset` would fit: add `dataset: dataset`

    pipelines/x.yaml:10:5: error: `input` is not a key of a stage
    10 |     input: { dataset: dataset }
       |     ^^^^^
       = help: did you mean `inputs`?

    3 errors; nothing was run
    "#);
}

#[test]
fn more_memory_than_is_free_is_refused() {
    let world = World::new();
    world.stage("train", &train(), &PLAN_ECHO.replace("3000000", "3000000000"), "");
    insta::assert_snapshot!(world.errors(RIGHT, &[]), @r#"
    pipelines/x.yaml:8:3: error: the stage `train` would need 2.79 GiB of memory; 1.00 GiB are free
    8 |   train:
      |   ^^^^^
      = help: use fewer samples or a smaller network, or allow more with `--memory`

    1 error; nothing was run
    "#);
}

#[test]
fn unknown_parameters_are_found_within_parameters() {
    let text = wrong("every: 5", "evry: 5").replace("steps: 10", "stpes: 10");
    insta::assert_snapshot!(World::new().errors(&text, &[]), @r#"
    pipelines/x.yaml:12:7: error: `stpes` is not a parameter here
    12 |       stpes: 10
       |       ^^^^^
       = help: did you mean `steps`?

    pipelines/x.yaml:13:61: error: `evry` is not a parameter here
    13 |       learning_rate: { initial: 0.25, decay: { factor: 0.5, evry: 5 } }
       |                                                             ^^^^
       = help: did you mean `every`?

    2 errors; nothing was run
    "#);
}

#[test]
fn wrong_types_and_bounds_are_shown_where_they_stand() {
    let text = wrong("initial: 0.25", "initial: fast")
        .replace("factor: 0.5", "factor: -1")
        .replace("steps: 10", "steps: 0\n      activation: rleu")
        .replace("train: 4", "train: 1.5");
    insta::assert_snapshot!(World::new().errors(&text, &[]), @r#"
    pipelines/x.yaml:7:20: error: `train` must be a whole number, not the number 1.5
    7 |     with: { train: 1.5 }
      |                    ^^^

    pipelines/x.yaml:12:14: error: `steps` must be at least 1, not 0
    12 |       steps: 0
       |              ^

    pipelines/x.yaml:13:19: error: `activation` cannot be `rleu`
    13 |       activation: rleu
       |                   ^^^^
       = help: did you mean `relu`?

    pipelines/x.yaml:14:33: error: `initial` must be a number, not the text `fast`
    14 |       learning_rate: { initial: fast, decay: { factor: -1, every: 5 } }
       |                                 ^^^^

    pipelines/x.yaml:14:56: error: `factor` must be greater than 0, not -1
    14 |       learning_rate: { initial: fast, decay: { factor: -1, every: 5 } }
       |                                                        ^^

    5 errors; nothing was run
    "#);
}

#[test]
fn problems_of_a_stages_own_plan_are_located() {
    insta::assert_snapshot!(World::new().errors(&wrong("train: 4", "train: 13"), &[]), @r#"
    pipelines/x.yaml:7:20: error: 13 brings bad luck
    7 |     with: { train: 13 }
      |                    ^^
      = help: take 12

    1 error; nothing was run
    "#);
}

#[test]
fn a_missing_input_says_what_would_fit() {
    let text =
        wrong("inputs: { dataset: dataset, training: train }", "inputs: { dataset: dataset }");
    insta::assert_snapshot!(World::new().errors(&text, &[]), @r#"
    pipelines/x.yaml:16:5: error: the stage `ntk` lacks its input `training`, a training artifact
    16 |     inputs: { dataset: dataset }
       |     ^^^^^^
       = help: `train` would fit: add `training: train`

    1 error; nothing was run
    "#);
    insta::assert_snapshot!(World::new().errors("stages:\n  learn: { uses: train, with: { steps: 1 } }\n", &[]), @r#"
    pipelines/x.yaml:2:3: error: the stage `learn` lacks its input `dataset`, a dataset artifact
    2 |   learn: { uses: train, with: { steps: 1 } }
      |   ^^^^^
      = help: no stage of this pipeline yields a dataset artifact

    1 error; nothing was run
    "#);
}

#[test]
fn unknown_ports_and_sources_suggest_the_nearest() {
    let text =
        wrong("{ dataset: dataset, training: train }", "{ datset: dataset, training: trian }");
    insta::assert_snapshot!(World::new().errors(&text, &[]), @r#"
    pipelines/x.yaml:16:15: error: the stage `kernel` has no input `datset`
    16 |     inputs: { datset: dataset, training: trian }
       |               ^^^^^^
       = help: did you mean `dataset`?

    pipelines/x.yaml:16:42: error: there is no stage `trian` in this pipeline
    16 |     inputs: { datset: dataset, training: trian }
       |                                          ^^^^^
       = help: did you mean `train`?

    2 errors; nothing was run
    "#);
}

#[test]
fn a_kernel_does_not_fit_a_dataset_port() {
    let text = wrong(
        "{ dataset: dataset, training: train, kernel: ntk }",
        "{ dataset: ntk, training: train, kernel: [ntk, dataset] }",
    );
    insta::assert_snapshot!(World::new().errors(&text, &[]), @r#"
    pipelines/x.yaml:19:24: error: `ntk` yields a kernel artifact, and the input `dataset` of `spectrum` takes a dataset artifact
    19 |     inputs: { dataset: ntk, training: train, kernel: [ntk, dataset] }
       |                        ^^^

    pipelines/x.yaml:19:46: error: the input `kernel` takes one stage, not 2
    19 |     inputs: { dataset: ntk, training: train, kernel: [ntk, dataset] }
       |                                              ^^^^^^

    pipelines/x.yaml:19:60: error: `dataset` yields a dataset artifact, and the input `kernel` of `spectrum` takes a kernel artifact
    19 |     inputs: { dataset: ntk, training: train, kernel: [ntk, dataset] }
       |                                                            ^^^^^^^

    3 errors; nothing was run
    "#);
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
    insta::assert_snapshot!(world.errors(text, &[]), @r#"
    pipelines/x.yaml:2:39: error: these stages wait for each other: a -> b -> c -> a
    2 |   a: { uses: again, inputs: { before: c }, with: { steps: 1 } }
      |                                       ^

    pipelines/x.yaml:6:39: error: these stages wait for each other: e -> e
    6 |   e: { uses: again, inputs: { before: e }, with: { steps: 1 } }
      |                                       ^

    2 errors; nothing was run
    "#);
}

#[test]
fn everything_wrong_is_reported_in_one_go() {
    let text = wrong("uses: report", "uses: reprot")
        .replace("kernel: ntk", "kernl: ntk")
        .replace("steps: 10", "steps: ten")
        .replace("train: 4", "train: 13");
    let errors = World::new().errors(&text, &[]);
    assert!(errors.ends_with("4 errors; nothing was run"), "{errors}");
}

#[test]
fn folders_that_cannot_be_written_are_found_before_anything_runs() {
    let world = World::new();
    fs::write(world.root().join("data"), "a file").expect("it is ours");
    insta::assert_snapshot!(world.errors(RIGHT, &[]), @r#"
    pipelines/x.yaml: error: nothing can be written to ROOT/data/store: ROOT/data: it is not a folder
       = help: `--data FOLDER` writes artifacts and results elsewhere

    1 error; nothing was run
    "#);
}

#[test]
fn programs_that_are_no_stages_are_refused() {
    let world = World::new();
    world.program("stages/silent", "#!/bin/sh\n");
    world.program("stages/chatty", "#!/bin/sh\necho hello\n");
    world.program("stages/failing", "#!/bin/sh\necho no module named numpy >&2\nexit 3\n");
    world.program("stages/future", "#!/bin/sh\necho '{\"contract\":\"3.0\"}'\n");
    world.program("stages/bare", "echo no interpreter line\n");
    fs::write(world.root().join("stages/plain"), "#!/bin/sh\n").expect("it is ours");
    let text = ["silent", "chatty", "failing", "future", "bare", "plain"]
        .map(|name| format!("  {name}: {{ uses: ./stages/{name} }}\n"))
        .concat();
    insta::assert_snapshot!(world.errors(&format!("stages:\n{text}"), &[]), @"
    pipelines/x.yaml:2:19: error: the program stages/silent answers `describe` with nothing, which is no valid JSON (EOF while parsing a value at line 1 column 0)
    2 |   silent: { uses: ./stages/silent }
      |                   ^^^^^^^^^^^^^^^

    pipelines/x.yaml:3:19: error: the program stages/chatty answers `describe` with `hello`, which is no valid JSON (expected value at line 1 column 1)
    3 |   chatty: { uses: ./stages/chatty }
      |                   ^^^^^^^^^^^^^^^

    pipelines/x.yaml:4:20: error: the program stages/failing failed to answer `describe` (exit status: 3)
    4 |   failing: { uses: ./stages/failing }
      |                    ^^^^^^^^^^^^^^^^
      = help: it said:
        no module named numpy

    pipelines/x.yaml:5:19: error: the program stages/future speaks version 3.0 of the contract; this driver speaks 2.0
    5 |   future: { uses: ./stages/future }
      |                   ^^^^^^^^^^^^^^^

    pipelines/x.yaml:6:17: error: the program stages/bare cannot be started: Exec format error (os error 8)
    6 |   bare: { uses: ./stages/bare }
      |                 ^^^^^^^^^^^^^
      = help: a script needs a first line such as `#!/usr/bin/env python3`

    pipelines/x.yaml:7:18: error: the program stages/plain cannot be started: Permission denied (os error 13)
    7 |   plain: { uses: ./stages/plain }
      |                  ^^^^^^^^^^^^^^
      = help: `chmod +x` makes it executable

    6 errors; nothing was run
    ");
}

#[test]
fn a_program_that_fails_to_plan_is_an_error_of_its_stage() {
    let world = World::new();
    world.stage("odd", &train(), "echo out of cheese >&2; exit 7", "");
    let text = wrong("uses: train", "uses: odd");
    insta::assert_snapshot!(world.errors(&text, &[]), @r#"
    pipelines/x.yaml:9:11: error: the program bin/stage-odd failed to answer `plan` (exit status: 7)
    9 |     uses: odd
      |           ^^^
      = help: it said:
        out of cheese

    1 error; nothing was run
    "#);
}

#[test]
fn hostile_yaml_is_refused_at_once() {
    let world = World::new();
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let row = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs = format!("{laughs}a{level}: &a{level} [{row}]\n");
    }
    assert!(world.errors(&laughs, &[]).contains("aliases are not read here"));
    assert!(world.errors(&"[".repeat(10_000), &[]).contains("no valid YAML"));
    assert!(world.errors(&"x".repeat(1 << 20), &[]).contains("at most 128 KiB"));
}

#[test]
fn an_answer_to_plan_that_is_none_is_located_at_its_program() {
    let world = World::new();
    let rates = |rate: &str| {
        format!(
            "echo '{{\"outline\":{{\"learning_rates\":[{{\"step\":0,\"learning_rate\":{rate}}}]}},\"problems\":[]}}'"
        )
    };
    let errors = [rates("null"), rates("NaN"), "echo '{\"outline\":{}}'".to_owned()].map(|plan| {
        world.stage("train", &train(), &plan, "");
        world.errors(RIGHT, &[])
    });
    insta::assert_snapshot!(errors.join("\n\n"));
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let world = World::new();
    let pipe = world.root().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("it runs").success());
    let reads = |file: &str| {
        let plan = format!("echo '{{\"outline\":{{}},\"files\":[\"{file}\"],\"problems\":[]}}'");
        world.stage("reads", &crate::world::dataset(), &plan, "");
        world.errors("stages:\n  data: { uses: reads }\n", &[])
    };
    let uses =
        |program: &str| world.errors(&format!("stages:\n  data: {{ uses: {program} }}\n"), &[]);
    let errors = [
        reads("pipe"),
        reads("."),
        reads("/dev/zero"),
        uses("./pipe"),
        uses("./bin"),
        uses("/dev/null"),
    ];
    insta::assert_snapshot!(errors.join("\n\n"));
}

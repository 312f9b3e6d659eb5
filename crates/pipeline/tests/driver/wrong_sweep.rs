//! Wrong sweeps: each is refused before anything runs, with place and advice.

use crate::world::{RIGHT, World};

/// What is wrong with [`RIGHT`] under this sweep.
fn errors(sweep: &str) -> String {
    World::new().errors(&format!("{RIGHT}sweep:{sweep}"), &[])
}

#[test]
fn axes_that_say_too_little_or_too_much() {
    insta::assert_snapshot!(errors("
  one: { set: train.with.steps }
  two: { to: [1, 2] }
  three: { set: ntk.with.reduction, two: [full] }
  four: 3
  five: { set: 3, to: 4 }
  six: { set: dataset.with.train, to: [] }
"), @r#"
    pipelines/x.yaml:24:3: error: the axis `one` does not say which values it takes
    24 |   one: { set: train.with.steps }
       |   ^^^
       = help: add for example `to: [100, 1000]`

    pipelines/x.yaml:25:3: error: the axis `two` does not say what it sets
    25 |   two: { to: [1, 2] }
       |   ^^^
       = help: add for example `set: train.with.steps`

    pipelines/x.yaml:26:3: error: the axis `three` does not say which values it takes
    26 |   three: { set: ntk.with.reduction, two: [full] }
       |   ^^^^^
       = help: add for example `to: [100, 1000]`

    pipelines/x.yaml:26:37: error: `two` is not a key of an axis
    26 |   three: { set: ntk.with.reduction, two: [full] }
       |                                     ^^^
       = help: did you mean `to`?

    pipelines/x.yaml:27:9: error: an axis is a map with `set` and `to`, not the number 3
    27 |   four: 3
       |         ^

    pipelines/x.yaml:28:16: error: `set` is a path or a list of paths, not the number 3
    28 |   five: { set: 3, to: 4 }
       |                ^
       = help: write it as `train.with.steps`

    pipelines/x.yaml:28:23: error: `to` is a list of values or a map of labels and values, not the number 4
    28 |   five: { set: 3, to: 4 }
       |                       ^

    pipelines/x.yaml:29:35: error: the axis `six` has no values
    29 |   six: { set: dataset.with.train, to: [] }
       |                                   ^^
       = help: `--set sweep.NAME=null` leaves an axis out

    8 errors; nothing was run
    "#);
    insta::assert_snapshot!(errors(" [a]\n"), @r#"
    pipelines/x.yaml:23:1: error: `sweep` is a map of axes, not a list
    23 | sweep: [a]
       | ^^^^^
       = help: write for example `width: { set: train.with.network.hidden.0, to: [64, 256] }` below it

    1 error; nothing was run
    "#);
}

#[test]
fn names_that_cannot_be_columns() {
    insta::assert_snapshot!(errors("
  Depth: { set: train.with.steps, to: [1] }
  step: { set: dataset.with.train, to: [1] }
  variant: { set: ntk.with.reduction, to: [full] }
"), @"
    pipelines/x.yaml:24:3: error: `Depth` cannot be the name of an axis, which becomes a column
    24 |   Depth: { set: train.with.steps, to: [1] }
       |   ^^^^^
       = help: use small letters, digits and `_`, a letter first

    pipelines/x.yaml:25:3: error: the axis `step` would become a second column of the table `history`
    25 |   step: { set: dataset.with.train, to: [1] }
       |   ^^^^
       = help: give the axis another name

    pipelines/x.yaml:26:3: error: the axis `variant` would become a second column of the table `runs`
    26 |   variant: { set: ntk.with.reduction, to: [full] }
       |   ^^^^^^^
       = help: give the axis another name

    3 errors; nothing was run
    ");
}

#[test]
fn values_that_are_none() {
    insta::assert_snapshot!(errors("
  one: { set: train.with.steps, to: [1, [2]] }
  two: { set: dataset.with.train, to: [1, full] }
  three: { set: ntk.with.reduction, to: [full, trace, full] }
  four: { set: seed, to: [1, -2, 3.5] }
"), @r#"
    pipelines/x.yaml:24:41: error: a value of an axis is a number, a text, true or false, not a list
    24 |   one: { set: train.with.steps, to: [1, [2]] }
       |                                         ^
       = help: give it a label: `to: { NAME: VALUE }`

    pipelines/x.yaml:25:43: error: the values of the axis `two` are of one type; the text `full` does not go with the number 1
    25 |   two: { set: dataset.with.train, to: [1, full] }
       |                                           ^^^^
       = help: labels of one type can stand for them: `to: { NAME: VALUE }`

    pipelines/x.yaml:26:55: error: the axis `three` has the value full twice
    26 |   three: { set: ntk.with.reduction, to: [full, trace, full] }
       |                                                       ^^^^

    pipelines/x.yaml:27:30: error: the seed must be a whole number from 0 to 2^64 - 1, not the number -2
    27 |   four: { set: seed, to: [1, -2, 3.5] }
       |                              ^^

    pipelines/x.yaml:27:34: error: the seed must be a whole number from 0 to 2^64 - 1, not the number 3.5
    27 |   four: { set: seed, to: [1, -2, 3.5] }
       |                                  ^^^

    5 errors; nothing was run
    "#);
    insta::assert_snapshot!(errors("
  one: { set: train.with.activation, to: { 2: relu, \"2\": tanh } }
"), @r#"
    pipelines/x.yaml:24:53: error: duplicate key 2
    24 |   one: { set: train.with.activation, to: { 2: relu, "2": tanh } }
       |                                                     ^^^

    1 error; nothing was run
    "#);
    insta::assert_snapshot!(errors("
  one: { set: train.with.steps, to: { 1: 1, 1.0: 2, a: 3 } }
  two: { set: [ntk.with.reduction, dataset.with.train], to: { x: [full, 4], y: [trace] } }
  three: { set: seed, to: [1, 9999999999999999999] }
"), @r#"
    pipelines/x.yaml:24:56: error: the values of the axis `one` are of one type; the text `a` does not go with the number 1
    24 |   one: { set: train.with.steps, to: { 1: 1, 1.0: 2, a: 3 } }
       |                                                        ^
       = help: labels of one type can stand for them: `to: { NAME: VALUE }`

    pipelines/x.yaml:25:77: error: the axis sets 2 places, and `y` has a list for them
    25 |   two: { set: [ntk.with.reduction, dataset.with.train], to: { x: [full, 4], y: [trace] } }
       |                                                                             ^
       = help: write a list of 2 values, one for each place

    pipelines/x.yaml:26:31: error: 9999999999999999999 is beyond 2^63 - 1, the largest whole number of an axis
    26 |   three: { set: seed, to: [1, 9999999999999999999] }
       |                               ^^^^^^^^^^^^^^^^^^^

    3 errors; nothing was run
    "#);
}

#[test]
fn paths_that_lead_nowhere() {
    insta::assert_snapshot!(errors("
  one: { set: trian.with.steps, to: [1] }
  two: { set: train.steps, to: [1] }
  three: { set: name, to: [a] }
  four: { set: train.with.learning_rate.decay.fctor, to: [0.5, 0.1] }
  five: { set: train.with.steps.every, to: [1] }
"), @"
    pipelines/x.yaml:24:15: error: there is no stage `trian`
    24 |   one: { set: trian.with.steps, to: [1] }
       |               ^^^^^^^^^^^^^^^^
       = help: did you mean `train`?

    pipelines/x.yaml:25:15: error: `steps` is not a key of a stage; those are `uses`, `inputs`, `with`, `seed`, `resources` and `retries`
    25 |   two: { set: train.steps, to: [1] }
       |               ^^^^^^^^^^^
       = help: did you mean `train.with.steps`?

    pipelines/x.yaml:26:17: error: an axis cannot set `name`
    26 |   three: { set: name, to: [a] }
       |                 ^^^^
       = help: it can set the `seed` and what belongs to a stage

    pipelines/x.yaml:27:16: error: `fctor` is not a parameter here
    27 |   four: { set: train.with.learning_rate.decay.fctor, to: [0.5, 0.1] }
       |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = help: did you mean `factor`?

    pipelines/x.yaml:28:16: error: the path goes through the number 10, which has no `every`
    28 |   five: { set: train.with.steps.every, to: [1] }
       |                ^^^^^^^^^^^^^^^^^^^^^^

    5 errors; nothing was run
    ");
}

#[test]
fn two_axes_for_the_same_place() {
    insta::assert_snapshot!(errors("
  one: { set: train.with.learning_rate, to: { a: { initial: 0.5 } } }
  two: { set: [train.with.learning_rate.initial, train.with.steps, train.with.steps], to: [1] }
"), @r#"
    pipelines/x.yaml:25:16: error: the axes `one` and `two` both set `train.with.learning_rate.initial`
    25 |   two: { set: [train.with.learning_rate.initial, train.with.steps, train.with.steps], to: [1] }
       |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    pipelines/x.yaml:25:68: error: the axis `two` sets `train.with.steps` twice
    25 |   two: { set: [train.with.learning_rate.initial, train.with.steps, train.with.steps], to: [1] }
       |                                                                    ^^^^^^^^^^^^^^^^

    2 errors; nothing was run
    "#);
}

#[test]
fn an_absurd_number_of_variants() {
    let values: Vec<String> = (1..=400).map(|value| value.to_string()).collect();
    let values = values.join(", ");
    insta::assert_snapshot!(errors(&format!("
  one: {{ set: train.with.steps, to: [{values}] }}
  two: {{ set: dataset.with.train, to: [{values}] }}
")), @r#"
    pipelines/x.yaml:23:1: error: the sweep has 400 × 400 variants; at most 100000 are run
    23 | sweep:
       | ^^^^^

    1 error; nothing was run
    "#);
}

#[test]
fn a_wrong_value_is_shown_where_the_axis_has_it() {
    insta::assert_snapshot!(errors("
  length: { set: train.with.steps, to: [10, 0, ten] }
"), @r#"
    pipelines/x.yaml:24:48: error: the values of the axis `length` are of one type; the text `ten` does not go with the number 10
    24 |   length: { set: train.with.steps, to: [10, 0, ten] }
       |                                                ^^^
       = help: labels of one type can stand for them: `to: { NAME: VALUE }`

    1 error; nothing was run
    "#);
    insta::assert_snapshot!(errors("
  samples_used: { set: dataset.with.train, to: [12, 13] }
  length: { set: train.with.steps, to: { short: 10, long: x } }
  kernel: { set: ntk.uses, to: [ntk, nkt, dataset] }
  act: { set: [train.with.activation, ntk.with.reduction], to: { a: [tanh, full], b: [tahn, trcae] } }
"), @r#"
    pipelines/x.yaml:16:15: error: the stage `dataset` has no input `dataset` (with kernel=dataset)
    16 |     inputs: { dataset: dataset, training: train }
       |               ^^^^^^^
       = help: the stage `dataset` takes no inputs

    pipelines/x.yaml:16:33: error: the stage `dataset` has no input `training` (with kernel=dataset)
    16 |     inputs: { dataset: dataset, training: train }
       |                                 ^^^^^^^^
       = help: the stage `dataset` takes no inputs

    pipelines/x.yaml:19:58: error: `ntk` yields a dataset artifact, and the input `kernel` of `spectrum` takes a kernel artifact (with kernel=dataset)
    19 |     inputs: { dataset: dataset, training: train, kernel: ntk }
       |                                                          ^^^

    pipelines/x.yaml:24:53: error: 13 brings bad luck (with samples_used=13)
    24 |   samples_used: { set: dataset.with.train, to: [12, 13] }
       |                                                     ^^
       = help: take 12

    pipelines/x.yaml:25:59: error: `steps` must be a whole number, not the text `x` (with length=long)
    25 |   length: { set: train.with.steps, to: { short: 10, long: x } }
       |                                                           ^

    pipelines/x.yaml:26:38: error: there is no stage `nkt`: neither this workspace nor PATH has a program `stage-nkt` (with kernel=nkt)
    26 |   kernel: { set: ntk.uses, to: [ntk, nkt, dataset] }
       |                                      ^^^
       = help: did you mean `ntk`?

    pipelines/x.yaml:27:39: error: `reduction` is not a parameter here (with kernel=dataset)
    27 |   act: { set: [train.with.activation, ntk.with.reduction], to: { a: [tanh, full], b: [tahn, trcae] } }
       |                                       ^^^^^^^^^^^^^^^^^^
       = help: valid here: `train` and `source`

    pipelines/x.yaml:27:87: error: `activation` cannot be `tahn` (with act=b)
    27 |   act: { set: [train.with.activation, ntk.with.reduction], to: { a: [tanh, full], b: [tahn, trcae] } }
       |                                                                                       ^^^^
       = help: did you mean `tanh`?

    pipelines/x.yaml:27:93: error: `reduction` cannot be `trcae` (with kernel=ntk, act=b)
    27 |   act: { set: [train.with.activation, ntk.with.reduction], to: { a: [tanh, full], b: [tahn, trcae] } }
       |                                                                                             ^^^^^
       = help: did you mean `trace`?

    9 errors; nothing was run
    "#);
}

#[test]
fn a_problem_elsewhere_says_which_variants_have_it() {
    let world = World::new();
    let plan = r#"case "$2" in *) grep -q '"train_samples":5' "$2" && problems='{"at":"/steps","message":"5 samples are too few"}'; esac
echo "{\"parameters\":null,\"outline\":{},\"problems\":[$problems]}""#;
    world.stage("train", &crate::world::train(), plan, "");
    let samples = r#"with=$(sed -n 's/.*"parameters":\(.*\),"inputs".*/\1/p' "$2")
n=$(echo "$with" | sed -n 's/.*"train":\([0-9]*\).*/\1/p')
echo "{\"parameters\":$with,\"outline\":{\"train_samples\":$n},\"problems\":[]}""#;
    world.stage("dataset", &crate::world::dataset(), samples, "");
    let text = format!(
        "{RIGHT}sweep:
  amount: {{ set: dataset.with.train, to: [4, 5, 6] }}
  rate: {{ set: train.with.learning_rate.initial, to: [0.1, 0.2] }}
"
    );
    insta::assert_snapshot!(world.errors(&text, &[]), @r#"
    pipelines/x.yaml:12:14: error: 5 samples are too few (with amount=5)
    12 |       steps: 10
       |              ^^

    1 error; nothing was run
    "#);
}

#[test]
fn arguments_change_a_sweep_and_do_not_fight_it() {
    let world = World::new();
    let text = format!(
        "{RIGHT}sweep:
  length: {{ set: train.with.steps, to: [10, 20] }}
  seed: {{ set: seed, to: [1, 2] }}
"
    );
    let count = |set: &[&str]| {
        world.check(&text, set).expect("it is right").sweep.count().expect("it can be counted")
    };
    assert_eq!(count(&[]), 4);
    assert_eq!(count(&["sweep.seed.to=[1, 2, 3]"]), 6);
    assert_eq!(count(&["sweep.seed=null"]), 2);
    assert_eq!(count(&["sweep=null"]), 1);
    assert_eq!(
        count(&["sweep.seed.to.0=9", "sweep.kind={set: ntk.with.reduction, to: [full, trace]}"]),
        8
    );
    let plan = world.check(&text, &["sweep.seed=null", "seed=5"]).expect("it is right");
    assert_eq!(plan.seed, 5);
    insta::assert_snapshot!(world.errors(&text, &["train.with.steps=5", "seed=3", "train.with.steps.x=1", "sweep.length.to=[0, 5]", "sweep.seed.too=[1]"]), @r#"
    --set seed=3: error: the axis `seed` of the sweep sets this
       = help: `--set sweep.seed=null` leaves the axis out, and `--set sweep.seed.to=[VALUE, VALUE]` gives it other values

    --set sweep.length.to=[0, 5]: error: `steps` must be at least 1, not 0 (with length=0)

    --set sweep.seed.too=[1]: error: `too` is not a key of an axis
       = help: did you mean `to`?

    --set train.with.steps.x=1: error: the axis `length` of the sweep sets this
       = help: `--set sweep.length=null` leaves the axis out, and `--set sweep.length.to=[VALUE, VALUE]` gives it other values

    --set train.with.steps.x=1: error: the path goes through the number 5, which has no `x`

    --set train.with.steps=5: error: the axis `length` of the sweep sets this
       = help: `--set sweep.length=null` leaves the axis out, and `--set sweep.length.to=[VALUE, VALUE]` gives it other values

    6 errors; nothing was run
    "#);
}

#[test]
fn a_seed_of_the_command_line_does_not_fight_an_axis() {
    let world = World::new();
    let text = format!("{RIGHT}sweep:\n  trial: {{ set: seed, to: [1, 2] }}\n");
    std::fs::write(world.root().join("pipelines/x.yaml"), text).expect("it is ours");
    let request = pipeline::Request {
        file: "x".to_owned(),
        set: Vec::new(),
        seed: Some(3),
        limits: stage::Limits { threads: 1, memory_bytes: 1 << 30 },
    };
    let error = pipeline::check(&world.project, &request).expect_err("the axis sets it");
    insta::assert_snapshot!(error, @r#"
    --seed 3: error: the axis `trial` of the sweep sets this
       = help: `--set sweep.trial=null` leaves the axis out, and `--set sweep.trial.to=[VALUE, VALUE]` gives it other values

    1 error; nothing was run
    "#);
}

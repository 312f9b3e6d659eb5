//! `--set`: values on top of the file.

use serde_json::json;

use crate::world::{RIGHT, World};

#[test]
fn set_values_reach_the_parameters_with_their_types() {
    let set =
        ["train.with.learning_rate.initial=1e-1", "train.with.steps=20", "seed=9", "name=other"];
    let plan = World::new().check(RIGHT, &set).expect("it is right");
    assert_eq!(plan.tasks[1].parameters["learning_rate"]["initial"], json!(0.1));
    assert_eq!(plan.tasks[1].parameters["learning_rate"]["decay"]["every"], json!(5));
    assert_eq!(plan.tasks[1].parameters["steps"], json!(20));
    assert_eq!((plan.seed, plan.name.as_str()), (9, "other"));
}

#[test]
fn another_source_replaces_the_one_of_the_file() {
    let world = World::new();
    let text = RIGHT.replace("with: { train: 4 }", "with: { train: 4, source: { portrait: {} } }");
    let plan = world.check(&text, &["dataset.with.source.image.path=a.png"]).expect("it is right");
    assert_eq!(plan.tasks[0].parameters["source"], json!({ "image": { "path": "a.png" } }));
}

#[test]
fn stages_and_inputs_can_be_swapped() {
    let world = World::new();
    let set = ["ntk.uses=./bin/stage-ntk", "report.inputs.dataset=dataset"];
    let plan = world.check(RIGHT, &set).expect("it is right");
    assert_eq!(plan.tasks[2].uses, "./bin/stage-ntk");
}

#[test]
fn what_is_wrong_with_a_set_value_is_located_at_the_argument() {
    let world = World::new();
    insta::assert_snapshot!(world.errors(RIGHT, &["train.with.steps=no", "dataset.with.train=13"]), @r#"
    --set dataset.with.train=13: error: 13 brings bad luck
       = help: take 12

    --set train.with.steps=no: error: `steps` must be a whole number, not the text `no`

    2 errors; nothing was run
    "#);
    insta::assert_snapshot!(world.errors(RIGHT, &["dataset.with.source.image.path=missing.png"]), @r#"
    --set dataset.with.source.image.path=missing.png: error: there is no such picture

    1 error; nothing was run
    "#);
    insta::assert_snapshot!(world.errors(RIGHT, &["dataset.with.source.image.pth=x.png"]), @r#"
    --set dataset.with.source.image.pth=x.png: error: `pth` is not a parameter here
       = help: did you mean `path`?

    1 error; nothing was run
    "#);
    insta::assert_snapshot!(world.errors(RIGHT, &["ntk.inputs.dataset=train"]), @r#"
    --set ntk.inputs.dataset=train: error: `train` yields a training artifact, and the input `dataset` of `ntk` takes a dataset artifact

    1 error; nothing was run
    "#);
}

#[test]
fn paths_that_lead_nowhere_say_where_they_could() {
    let world = World::new();
    let set = ["trian.with.steps=1", "train.steps=1", "train=3", "sede=3", "train.with.steps"];
    insta::assert_snapshot!(world.errors(RIGHT, &set), @"
    --set sede=3: error: there is no stage `sede`
       = help: did you mean `seed`?

    --set train.steps=1: error: `steps` is not a key of a stage; those are `uses`, `inputs`, `with`, `seed`, `resources` and `retries`
       = help: did you mean `train.with.steps`?

    --set train.with.steps: error: there is no `=` between path and value
       = help: write it as `--set stage.with.parameter=value`

    --set train=3: error: this would replace a whole stage

    --set trian.with.steps=1: error: there is no stage `trian`
       = help: did you mean `train`?

    5 errors; nothing was run
    ");
}

#[test]
fn a_set_value_loses_no_character() {
    let world = World::new();
    let about = |value: &str| {
        let plan = world.check(RIGHT, &[&format!("about={value}")]).expect(value);
        plan.about
    };
    for whole in ["Ablation #3", "a # b", "Q&A: why", "5 * 3", "x\ny", "50%"] {
        let quoted = format!("\"{}\"", whole.replace('\n', "\\n"));
        assert_eq!(about(&quoted), whole);
        if whole != "Q&A: why" {
            assert_eq!(about(whole), whole);
        }
    }
    let wrong = ["&a x", "!!str x", "'a' # b", "[a] # b", "--- a", "#3", "a: b # c"];
    let errors = wrong.map(|value| world.errors(RIGHT, &[&format!("about={value}")]));
    insta::assert_snapshot!(
        errors.map(|text| text.lines().next().unwrap_or_default().to_owned()).join("\n")
    );
    let steps = world.errors(RIGHT, &["train.with.steps=20 # as before"]);
    assert!(steps.contains("must be a whole number, not the text `20 # as before`"), "{steps}");
}

#[test]
fn a_label_of_an_axis_loses_no_character() {
    let text = RIGHT.replace(
        "stages:\n",
        "sweep:\n  run:\n    set: train.with.steps\n    to: { \"short #1\": 10, \"3 #2\": 20 }\nstages:\n",
    );
    let plan = World::new().check(&text, &[]).expect("it is right");
    let labels = &plan.sweep.axes[0].labels;
    assert_eq!(*labels, pipeline::Labels::Text(vec!["short #1".to_owned(), "3 #2".to_owned()]));
}

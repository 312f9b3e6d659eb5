//! What people can ask of a pipeline: why a stage would run, what two runs differ in, its picture,
//! and a schema for editors.

use pipeline::{Graph, Selection};

use crate::world::{RIGHT, World};

fn select(world: &World, text: &str, selection: &Selection) -> Result<pipeline::Plan, String> {
    let mut plan = world.check(text, &[]).expect("it is right");
    match selection.apply(&world.project, &mut plan) {
        Ok(()) => Ok(plan),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn the_dry_run_names_the_part_of_the_key_that_changed() {
    let world = World::new();
    let reasons = |set: &[&str]| {
        let plan = world.check(RIGHT, set).expect("it is right");
        let text = world.dry_run(&plan);
        let begin = text.find("will run because of").unwrap_or(text.len());
        let end = text.find("\nparameters").unwrap_or(text.len());
        text[begin.min(end)..end].to_owned()
    };
    let never = reasons(&[]);
    world.run(RIGHT, &[]).expect("it runs");
    let again = reasons(&[]);
    let parameter = reasons(&["train.with.learning_rate.decay.factor=0.25"]);
    let seed = reasons(&["seed=8"]);
    world.stage("ntk", &crate::world::kernel(), "", "# changed");
    let program = reasons(&[]);
    assert_eq!(again, "");
    insta::assert_snapshot!(format!("{never}--\n{parameter}--\n{seed}--\n{}", hide(&program)), @r#"
    will run because of
      dataset   nothing like it is stored
      train     nothing like it is stored
      ntk       nothing like it is stored
      spectrum  nothing like it is stored
      report    nothing like it is stored
    --
    will run because of
      train     learning_rate.decay.factor: 0.5 → 0.25
      ntk       input training (train)
      spectrum  input kernel (ntk); input training (train)
      report    input spectrum; input training (train)
    --
    will run because of
      dataset   seed 7 → 8
      train     input dataset
      ntk       input dataset; input training (train)
      spectrum  input dataset; input kernel (ntk); input training (train)
      report    input dataset; input spectrum; input training (train)
    --
    will run because of
      ntk       program HASH → HASH
      spectrum  input kernel (ntk)
      report    input spectrum
    "#);
}

/// `text` with the hashes of programs hidden.
fn hide(text: &str) -> String {
    let hide = |word: &str| {
        let is_hash = word.len() == 8 && word.chars().all(|c| c.is_ascii_hexdigit());
        if is_hash { "HASH".to_owned() } else { word.to_owned() }
    };
    text.split(' ')
        .map(|word| word.split('\n').map(hide).collect::<Vec<_>>().join("\n"))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn without_results_the_nearest_artifact_of_the_same_stage_is_compared() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    world.run(RIGHT, &["train.with.steps=20"]).expect("it runs");
    let plan = world.check(RIGHT, &["train.with.steps=21", "name=other"]).expect("it is right");
    let text = world.dry_run(&plan);
    assert!(text.contains("0 → 21"), "the nearest has 10 or 20: {text}");
}

#[test]
fn a_stage_is_explained_with_all_that_its_key_is_made_of() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let plan = world.check(RIGHT, &["train.with.steps=20"]).expect("it is right");
    let text = pipeline::explain(&world.project, &plan, "train").expect("there is one");
    assert!(text.starts_with("train: run, the last results have "), "{text}");
    for part in ["steps: 10 → 20", "bin/stage-train", "input dataset", "seed", "not used", "there"]
    {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let text = pipeline::explain(&world.project, &plan, "dataset").expect("there is one");
    assert!(text.starts_with("dataset: reused"), "{text}");
    assert!(text.contains("lies in") && text.contains("took"), "{text}");
    let error = pipeline::explain(&world.project, &plan, "trian").expect_err("there is none");
    insta::assert_snapshot!(error, @r#"
    error: there is no stage `trian` in the pipeline `chain`
      = help: did you mean `train`?
    "#);
}

#[test]
fn stages_up_to_one_are_run_and_the_rest_is_left_out() {
    let world = World::new();
    let until = Selection { until: Some("train".to_owned()), ..Selection::default() };
    let plan = select(&world, RIGHT, &until).expect("it can be done").reachable(&world.project);
    let stages: Vec<&str> = plan.tasks.iter().map(|task| task.stage.as_str()).collect();
    assert_eq!(stages, ["dataset", "train"]);
}

#[test]
fn one_stage_alone_wants_its_inputs_to_be_there() {
    let world = World::new();
    let only = Selection { only: Some("ntk".to_owned()), ..Selection::default() };
    insta::assert_snapshot!(select(&world, RIGHT, &only).expect_err("nothing is there"), @r#"
    error: what `dataset` makes is needed and not there yet
      = help: `--until ntk` makes it as well
    "#);
    world.run(RIGHT, &[]).expect("it runs");
    let plan = select(&world, RIGHT, &only).expect("all is there").reachable(&world.project);
    assert_eq!(plan.tasks.len(), 5, "what is there stays in the results");
    assert_eq!(plan.tasks.iter().filter(|task| task.is_selected).count(), 1);
}

#[test]
fn from_a_stage_on_means_all_that_follows() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let from = Selection { from: Some("ntk".to_owned()), ..Selection::default() };
    let plan = select(&world, RIGHT, &from).expect("all is there");
    let selected: Vec<&str> =
        plan.tasks.iter().filter(|task| task.is_selected).map(|task| task.stage.as_str()).collect();
    assert_eq!(selected, ["ntk", "spectrum", "report"]);
    let wrong = Selection { from: Some("nkt".to_owned()), ..Selection::default() };
    insta::assert_snapshot!(select(&world, RIGHT, &wrong).expect_err("there is none"), @r#"
    error: --from nkt: there is no stage `nkt` in this pipeline
      = help: did you mean `ntk`?
    "#);
}

#[test]
fn a_forced_stage_is_made_again_and_what_follows_is_not() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    let force = Selection { force: vec!["ntk".to_owned()], ..Selection::default() };
    let plan = select(&world, RIGHT, &force).expect("there is one");
    let progress = pipeline::Progress::new(true);
    let made = pipeline::Local::default().make(&world.project, &plan, &progress);
    let reused: Vec<bool> = made.expect("it runs").iter().map(|made| made.reused).collect();
    assert_eq!(reused, [true, true, false, true, true]);
}

#[test]
fn two_runs_differ_in_parameters_and_findings() {
    let world = World::new();
    world.run(RIGHT, &[]).expect("it runs");
    world.run(RIGHT, &["name=other", "train.with.steps=20", "seed=8"]).expect("it runs");
    let text = pipeline::compare(&world.project, "chain", "other").expect("both are there");
    insta::assert_snapshot!(text, @"
    parameters
                    chain  other
      dataset.seed  7      8
      train.steps   10     20
    no loss, accuracy or state differs
    no finding differs
    ");
    let same = pipeline::compare(&world.project, "chain", "chain").expect("it is there");
    assert_eq!(
        same,
        "no parameter differs\nno loss, accuracy or state differs\nno finding differs\n"
    );
    let error = pipeline::compare(&world.project, "chain", "othr").expect_err("there is none");
    insta::assert_snapshot!(error, @r#"
    error: there is no run `othr` in data/runs
      = help: did you mean `other`?
    "#);
}

#[test]
fn the_graph_of_a_sweep_shows_its_axes() {
    let world = World::new();
    let text = format!("{RIGHT}sweep:\n  updates: {{ set: train.with.steps, to: [10, 20] }}\n");
    let plan = world.check(&text, &[]).expect("it is right");
    insta::assert_snapshot!(Graph::of(&world.project, &plan).text(), @r#"
    dataset                               dataset, to run
    train     ← dataset                   training, 0 of 2 there  over updates
    ntk       ← dataset, train            kernel, 0 of 2 there    over updates
    spectrum  ← dataset, ntk, train       spectrum, 0 of 2 there  over updates
    report    ← dataset, spectrum, train  report, 0 of 2 there    over updates
    "#);
}

#[test]
fn the_schema_has_every_stage_that_can_be_found() {
    let world = World::new();
    let schema = pipeline::pipeline_schema(&world.project).expect("they can be asked");
    let definitions = schema["$defs"].as_object().expect("a map");
    let stages: Vec<&String> =
        definitions.keys().filter(|name| name.starts_with("stage-")).collect();
    assert_eq!(stages.len(), 5, "{stages:?}");
    assert_eq!(schema["$defs"]["stage-train"]["properties"]["steps"]["minimum"], 1);
}

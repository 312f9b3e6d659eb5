//! Relative paths: from where people are, then from the project, recorded so that a lock file runs
//! the same from anywhere.

use std::fs;
use std::path::Path;
use std::process::Command;

use pipeline::Plan;
use serde_json::{Value, json};

use crate::world::{World, description, succeed};

/// A stage whose parameter `path` is a file: it reads the file, or says that it is not there.
const PLAN: &str = r#"with=$(sed -n 's/.*"parameters":\(.*\),"inputs".*/\1/p' "$2")
path=$(echo "$with" | sed -n 's/.*"path":"\([^"]*\)".*/\1/p')
problems=
[ -e "$path" ] || problems='{"at":"/path","message":"there is no such file","hint":"take another"}'
echo "{\"parameters\":$with,\"outline\":{\"train_samples\":4},\"files\":[\"$path\"],\"problems\":[$problems]}""#;

const PIPELINE: &str = "name: paths
stages:
  data:
    uses: reader
    with: { path: PATH }
";

/// A project called from its folder `sub`, with a stage that reads a file.
fn world() -> World {
    let mut world = World::new();
    let parameters = json!({ "type": "object", "additionalProperties": false, "properties": {
        "path": { "type": "string", "format": "file" } } });
    let mut described = description("dataset", &[], &parameters);
    described["plans"] = json!(true);
    world.stage("reader", &described, PLAN, &succeed("dataset"));
    fs::create_dir(world.root().join("sub")).expect("it is ours");
    world.project.here = world.root().join("sub");
    world
}

fn write(world: &World, path: &str, text: &str) {
    fs::write(world.root().join(path), text).expect("it is ours");
}

fn parameters(plan: &Plan) -> Vec<&Value> {
    plan.tasks.iter().map(|task| &task.parameters["path"]).collect()
}

#[test]
fn an_argument_means_the_file_where_the_command_is_called() {
    let mut world = world();
    write(&world, "mine.png", "of the project");
    write(&world, "sub/mine.png", "of the folder");
    let set = ["data.with.path=mine.png"];
    let (plan, _) = world.run(PIPELINE, &set).expect("it runs");
    assert_eq!(parameters(&plan), ["sub/mine.png"]);
    let in_file = world.check(&PIPELINE.replace("PATH", "mine.png"), &[]).expect("it is there");
    assert_eq!(parameters(&in_file), ["mine.png"], "a pipeline means the project's");

    // The same file has the same key, and the lock file finds it, wherever they are called.
    let lock = fs::read_to_string(world.project.results("paths").join("run.lock.yaml"));
    let lock = lock.expect("it was written");
    world.project.here = world.root().to_owned();
    let named = world.check(PIPELINE, &["data.with.path=sub/mine.png"]).expect("it is there");
    assert_eq!(named.tasks[0].key, plan.tasks[0].key);
    let again = world.check(&lock, &[]).expect("it is a pipeline");
    assert_eq!(again.lock.differences(&again.tasks), [""; 0]);
}

#[test]
fn a_file_that_is_nowhere_is_told_with_the_places_where_it_was_looked_for() {
    let world = world();
    insta::assert_snapshot!(world.errors(PIPELINE, &["data.with.path=mine.png"]), @r#"
    --set data.with.path=mine.png: error: there is no such file
       = help: take another; tried `ROOT/sub/mine.png` and `ROOT/mine.png`

    1 error; nothing was run
    "#);
    insta::assert_snapshot!(world.errors(&PIPELINE.replace("PATH", "./mine.png"), &[]), @r#"
    pipelines/x.yaml:5:19: error: there is no such file
    5 |     with: { path: ./mine.png }
      |                   ^^^^^^^^^^
      = help: take another; tried `ROOT/mine.png`, `ROOT/pipelines/mine.png` and `ROOT/sub/mine.png`

    1 error; nothing was run
    "#);
    insta::assert_snapshot!(world.errors(PIPELINE, &["data.with.path=/nowhere.png"]), @r#"
    --set data.with.path=/nowhere.png: error: there is no such file
       = help: take another

    1 error; nothing was run
    "#);
}

#[test]
fn a_file_beside_the_pipeline_is_found() {
    let world = world();
    write(&world, "pipelines/mine.png", "");
    let plan = world.check(&PIPELINE.replace("PATH", "mine.png"), &[]).expect("it is there");
    assert_eq!(parameters(&plan), ["pipelines/mine.png"]);
}

#[test]
fn files_of_an_axis_are_looked_for_like_all_others_and_locked_where_they_were_found() {
    let mut world = world();
    write(&world, "sub/a.png", "a");
    write(&world, "b.png", "b");
    let set = ["sweep.picture.set=data.with.path", "sweep.picture.to={a: a.png, b: b.png}"];
    let (plan, _) = world.run(PIPELINE, &set).expect("it runs");
    assert_eq!(parameters(&plan), ["sub/a.png", "b.png"]);
    let lock = fs::read_to_string(world.project.results("paths").join("run.lock.yaml"));
    world.project.here = Path::new("/").to_owned();
    let again = world.check(&lock.expect("it was written"), &[]).expect("it is a pipeline");
    assert_eq!(parameters(&again), ["sub/a.png", "b.png"]);
    assert_eq!(again.lock.differences(&again.tasks), [""; 0]);
}

#[test]
fn what_is_no_regular_file_is_not_read_for_a_key() {
    let world = world();
    let pipe = world.root().join("sub/pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("it starts").success());
    let error = world.errors(PIPELINE, &["data.with.path=pipe"]);
    assert!(error.contains("ROOT/sub/pipe failed: it is a named pipe"), "{error}");
}

#[test]
fn files_of_a_stage_without_a_plan_are_part_of_its_key() {
    let world = world();
    let parameters = json!({ "type": "object", "properties": {
        "path": { "type": "string", "format": "file" } } });
    world.stage("reader", &description("dataset", &[], &parameters), "", &succeed("dataset"));
    let set = ["data.with.path=mine.png"];
    let error = world.errors(PIPELINE, &set);
    assert!(error.contains("mine.png"), "{error}");
    let key = |text: &str| {
        write(&world, "sub/mine.png", text);
        world.check(PIPELINE, &set).expect("it is there").tasks[0].key.clone()
    };
    assert_ne!(key("one"), key("another one"));
}

#[test]
fn a_program_of_an_argument_is_that_of_the_folder_and_a_pipelines_is_not() {
    let world = world();
    let program = fs::read_to_string(world.root().join("bin/stage-reader")).expect("it is there");
    world.program("sub/reader.sh", &program);
    write(&world, "sub/a.png", "");
    let set = ["data.uses=./reader.sh", "data.with.path=a.png"];
    let plan = world.check(PIPELINE, &set).expect("it is there");
    assert_eq!(plan.tasks[0].uses, "./sub/reader.sh");
    let text = PIPELINE.replace("uses: reader", "uses: ./reader.sh").replace("PATH", "a.png");
    insta::assert_snapshot!(world.errors(&text, &[]), @r#"
    pipelines/x.yaml:4:11: error: there is no stage program ./reader.sh
    4 |     uses: ./reader.sh
      |           ^^^^^^^^^^^
      = help: tried `ROOT/reader.sh` and `ROOT/pipelines/reader.sh`

    1 error; nothing was run
    "#);
    assert!(pipeline::stages(&world.project, Some("./reader.sh")).is_ok());
    let error = pipeline::stages(&world.project, Some("./none.sh")).unwrap_err().to_string();
    insta::assert_snapshot!(world.tidy(&error), @r#"
    error: there is no stage program ./none.sh
      = help: tried `ROOT/sub/none.sh` and `ROOT/none.sh`
    "#);
}

//! `cargo xtask stages`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::world::World;

#[test]
fn a_stage_is_listed_with_ports_and_parameters() {
    let world = World::new();
    insta::assert_snapshot!(pipeline::stages(&world.project, Some("train")).expect("it exists"), @"
    train: A fake.
      input   dataset   dataset artifact
      output  training  history, checkpoints, outputs, presentations, exact_events

      parameter                   default   meaning
      steps                       required  Updates to make. [whole number]
      activation                  relu      [relu | tanh | leaky_relu]
      learning_rate               —         [map]
      learning_rate.initial       —         [number]
      learning_rate.decay         —         [map]
      learning_rate.decay.factor  —         [number]
      learning_rate.decay.every   —         [whole number]
    ");
    insta::assert_snapshot!(pipeline::stages(&world.project, Some("./bin/stage-dataset")).expect("it exists"), @"
    ./bin/stage-dataset: A fake.
      output  dataset  samples, preprocessing

      parameter          default           meaning
      train              4                 Training samples. [whole number]
      source             { portrait: {} }  [portrait | image]
      source.image.path  required          [text]
    ");
}

#[test]
fn an_unknown_stage_suggests_the_nearest() {
    let world = World::new();
    let error = pipeline::stages(&world.project, Some("trian")).expect_err("there is none");
    insta::assert_snapshot!(error, @r#"
    error: there is no stage `trian`: neither this workspace nor PATH has a program `stage-trian`
      = help: did you mean `train`?
    "#);
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn what_cannot_be_run_on_path_is_passed_over() {
    let world = World::new();
    let bin = world.root().join("bin");
    let all = pipeline::stages(&world.project, None).expect("there are five");
    fs::write(bin.join("stage-x.d"), "dependencies of stage-x").expect("ours");
    fs::create_dir(bin.join("stage-folder")).expect("ours");
    symlink("nowhere", bin.join("stage-dangling")).expect("ours");
    symlink("stage-loop", bin.join("stage-loop")).expect("ours");
    world.program("bin/stage-with space", "#!/bin/sh\necho no\n");
    let mut odd = b"stage-".to_vec();
    odd.push(0xff);
    fs::write(bin.join(OsStr::from_bytes(&odd)), "").expect("ours");
    let closed = world.root().join("closed");
    fs::create_dir(&closed).expect("ours");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).expect("ours");
    let mut project = world.project.clone();
    project.search.insert(0, closed);
    project.search.insert(0, world.root().join("none"));
    project.search.insert(0, bin.join("stage-x.d"));
    assert_eq!(pipeline::stages(&project, None).expect("the same five"), all);

    // A program that is not a stage hides none of those that are.
    world.program("bin/stage-other", "#!/bin/sh\necho usage: stage-other >&2\nexit 2\n");
    let listed = pipeline::stages(&project, None).expect("the five and one");
    let (before, rest) = listed.split_at(all.len());
    assert_eq!(before, all);
    insta::assert_snapshot!(rest.trim(), @"other is not a stage: the program bin/stage-other failed to answer `describe` (exit status: 2)");
}

#[test]
fn a_stage_without_the_right_to_run_is_named() {
    let world = World::new();
    let path = world.root().join("bin/stage-mine");
    fs::write(&path, "#!/bin/sh\n").expect("ours");
    let error = pipeline::stages(&world.project, Some("mine")).expect_err("it cannot be run");
    insta::assert_snapshot!(world.tidy(&error.to_string()), @"
    error: there is no stage `mine`: neither this workspace nor PATH has a program `stage-mine`
      = help: ROOT/bin/stage-mine is not executable: `chmod +x` makes it so
    ");
    // As in a shell, a later folder of PATH may have one that can.
    let mut project = world.project.clone();
    let later = world.root().join("later");
    fs::create_dir(&later).expect("ours");
    fs::copy(world.root().join("bin/stage-train"), later.join("stage-mine")).expect("ours");
    project.search.push(later);
    assert!(pipeline::stages(&project, Some("mine")).expect("it is there").starts_with("mine: "));
}

#[test]
fn without_any_stage_it_is_said_how_to_install_them() {
    let world = World::new();
    let mut project = world.project.clone();
    project.search = vec![world.root().join("none")];
    let all = pipeline::stages(&project, None).expect_err("there are none");
    let one = pipeline::stages(&project, Some("train")).expect_err("there are none");
    insta::assert_snapshot!(world.tidy(&format!("{all}\n\n{one}")), @"
    error: there are no stages: ROOT is not a workspace with any, and PATH has no programs `stage-NAME`
      = help: in the source of ntk-lab, `cargo xtask install` installs this program and all stages; the folder of their programs must be in PATH

    error: there is no stage `train`: neither this workspace nor PATH has a program `stage-train`
      = help: in the source of ntk-lab, `cargo xtask install` installs this program and all stages; the folder of their programs must be in PATH
    ");
}

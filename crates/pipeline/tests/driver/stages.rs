//! `cargo xtask stages`.

use crate::world::World;

#[test]
fn a_stage_is_listed_with_ports_and_parameters() {
    let world = World::new();
    insta::assert_snapshot!(pipeline::stages(&world.project, Some("train")).expect("it exists"));
    insta::assert_snapshot!(pipeline::stages(&world.project, Some("./bin/stage-dataset")).expect("it exists"));
}

#[test]
fn an_unknown_stage_suggests_the_nearest() {
    let world = World::new();
    let error = pipeline::stages(&world.project, Some("trian")).expect_err("there is none");
    insta::assert_snapshot!(error);
    assert_eq!(error.exit_code(), 2);
}

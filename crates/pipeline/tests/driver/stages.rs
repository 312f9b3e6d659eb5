//! `cargo xtask stages`.

use crate::world::World;

#[test]
fn a_stage_is_listed_with_ports_and_parameters() {
    let world = World::new();
    insta::assert_snapshot!(pipeline::stages(&world.project, Some("train")).expect("it exists"), @"
    train: A fake.
      input   dataset   dataset artifact
      output  training  history, checkpoints, outputs

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
      output  dataset  samples

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

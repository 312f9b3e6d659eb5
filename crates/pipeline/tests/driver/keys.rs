//! Keys: what is computed again, and what is not.

use crate::world::{PLAN_DATASET, RIGHT, World, dataset, succeed};

fn keys(world: &World, text: &str, set: &[&str]) -> Vec<String> {
    let plan = world.check(text, set).expect("it is right");
    plan.tasks.into_iter().map(|task| task.key).collect()
}

#[test]
fn the_order_of_keys_in_the_file_does_not_matter() {
    let world = World::new();
    let text = RIGHT.replace(
        "{ initial: 0.25, decay: { factor: 0.5, every: 5 } }",
        "{ decay: { every: 5, factor: 0.5 }, initial: 0.25 }",
    );
    assert_eq!(keys(&world, RIGHT, &[]), keys(&world, &text, &[]));
}

#[test]
fn a_default_written_out_has_the_key_of_the_default() {
    let world = World::new();
    assert_eq!(keys(&world, RIGHT, &[]), keys(&world, RIGHT, &["ntk.with.reduction=full"]));
}

#[test]
fn every_parameter_changes_its_key_and_those_that_follow() {
    let world = World::new();
    let before = keys(&world, RIGHT, &[]);
    for (set, first) in [
        ("dataset.with.train=5", 0),
        ("train.with.learning_rate.decay.factor=0.25", 1),
        ("ntk.with.reduction=trace", 2),
        // Only the dataset uses the seed, and everything follows from it.
        ("seed=8", 0),
    ] {
        let after = keys(&world, RIGHT, &[set]);
        for index in 0..5 {
            assert_eq!(before[index] == after[index], index < first, "{set}: task {index}");
        }
    }
}

#[test]
fn a_changed_program_changes_the_key() {
    let world = World::new();
    let before = keys(&world, RIGHT, &[]);
    world.stage("dataset", &dataset(), PLAN_DATASET, &format!("{}\n# changed", succeed("dataset")));
    assert_ne!(before[0], keys(&world, RIGHT, &[])[0]);
}

#[test]
fn the_content_of_a_file_that_a_stage_reads_is_part_of_the_key() {
    let world = World::new();
    let plan =
        "echo '{\"parameters\":{},\"outline\":{},\"files\":[\"picture.png\"],\"problems\":[]}'";
    world.stage("picture", &dataset(), plan, &succeed("dataset"));
    let text = "stages:\n  data: { uses: picture }\n";
    let file = world.root().join("picture.png");
    std::fs::write(&file, "one").expect("it is ours");
    let one = keys(&world, text, &[]);
    std::fs::write(&file, "two").expect("it is ours");
    assert_ne!(one, keys(&world, text, &[]));
    std::fs::remove_file(&file).expect("it was there");
    insta::assert_snapshot!(world.errors(text, &[]), @r#"
    pipelines/x.yaml:2:3: error: opening ROOT/picture.png failed: No such file or directory (os error 2)
    2 |   data: { uses: picture }
      |   ^^^^

    1 error; nothing was run
    "#);
}

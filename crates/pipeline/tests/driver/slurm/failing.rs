//! Jobs that fail, and what follows.

use super::*;

#[test]
fn a_job_that_the_cluster_ends_is_named_by_its_state() {
    let said = ["TIMEOUT", "OUT_OF_MEMORY", "CANCELLED"].map(|state| {
        let world = cluster();
        world.note("fate-data", state);
        world.refused(ONE, &["data.resources.time=30min", "data.resources.memory=2GiB"])
    });
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn what_a_stage_says_itself_counts() {
    let world = cluster();
    let run = "echo 'a word to the log' >&2\necho '{\"error\":{\"message\":\"too large\",\"hint\":\"take less\"}}'\nexit 1";
    world.stage("dataset", &dataset(), crate::world::PLAN_DATASET, run);
    let said = world.refused(ONE, &["data.retries=2"]);
    assert!(said.contains("the stage `data` failed: too large\n  = help: take less"), "{said}");
    assert!(said.contains("    | a word to the log"), "{said}");
    assert_eq!(world.noted("submitted"), "data 1\n", "it would fail again");

    let silent = |run: &str| {
        let world = cluster();
        world.stage("dataset", &dataset(), crate::world::PLAN_DATASET, run);
        world.refused(ONE, &[])
    };
    let said = silent("exit 3");
    assert!(said.contains("it ended with exit code 3 without saying why"), "{said}");
    let said = silent("kill -9 $$");
    assert!(said.contains("it was killed (signal 9)"), "{said}");
    let said = silent("echo garbage; sleep 60");
    assert!(said.contains("it printed a line that is no message: garbage"), "{said}");
}

#[test]
fn what_is_lost_is_tried_again_and_what_is_cut_where_the_pipeline_asks() {
    let count = |fate: &str, set: &[&str]| {
        let world = cluster();
        world.note("fate-data", fate);
        let result = world.submit(ONE, set).map(drop).map_err(|error| error.to_string());
        (result.is_ok(), world.noted("submitted").lines().count())
    };
    assert_eq!(count("NODE_FAIL\nPREEMPTED\n", &[]), (true, 3));
    assert_eq!(count("NODE_FAIL\nNODE_FAIL\nNODE_FAIL\nNODE_FAIL\n", &[]), (false, 4));
    assert_eq!(count("PREEMPTED\n", &["data.retries=0"]), (false, 1));
    assert_eq!(count("TIMEOUT\n", &[]), (false, 1));
    assert_eq!(count("TIMEOUT\nOUT_OF_MEMORY\n", &["data.retries=2"]), (true, 3));
    assert_eq!(count("CANCELLED\n", &["data.retries=2"]), (false, 1));
}

#[test]
fn what_the_queue_forgets_the_accounts_know_and_else_it_is_lost() {
    for accounts in [true, false] {
        let world = cluster();
        world.note("fate-data", "TIMEOUT\n");
        world.note("forgets", "");
        if accounts {
            world.note("accounts", "");
        }
        let result = world.submit(ONE, &[]);
        match (accounts, result) {
            (true, Err(error)) => assert!(error.to_string().contains("TIMEOUT"), "{error}"),
            // Tried again, and this time it leaves its word in the files.
            (false, Ok(_)) => assert_eq!(world.noted("submitted"), "data 1\ndata 1\n"),
            (_, other) => panic!("{accounts}: {other:?}"),
        }
    }
}

#[test]
fn a_stage_goes_on_from_what_its_job_has_saved() {
    let world = cluster();
    let mut described = dataset();
    described["resumes"] = true.into();
    let run = format!(
        "echo attempt >> \"$out/attempts\"\nif [ $(wc -l < \"$out/attempts\") -lt 3 ]; then kill -9 $$; fi\nrm \"$out/attempts\"\n{}",
        succeed("dataset")
    );
    world.stage("dataset", &described, crate::world::PLAN_DATASET, &run);
    world.submit(ONE, &["data.retries=2"]).expect("the third attempt is the last");
    assert_eq!(world.noted("submitted"), "data 1\n", "all within one job");
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_variant_that_fails_on_the_cluster_leaves_the_others_to_end() {
    let world = cluster();
    let run = format!(
        "case \"$(cat \"$2\")\" in *'\"steps\":11'*) exit 3;; esac\n{}",
        succeed("training")
    );
    world.stage("train", &train(), PLAN_ECHO, &run);
    let plan = world.check(SWEEP, &[]).expect("it is right");
    let mut slurm = world.slurm().expect("there is one");
    slurm.follow = true;
    let error = slurm.run(&world.project, &plan, &Progress::new(true));
    let PipelineError::Stages { failures, left_out } = error.expect_err("a variant fails") else {
        panic!("another error")
    };
    assert_eq!((failures.len(), left_out), (1, 1));
    assert_eq!(failures[0].variant, "steps=11");
}

#[test]
fn the_last_job_gathers_what_exists_where_a_variant_failed() {
    let many = |kind: &str| serde_json::json!({ "name": kind, "kind": kind, "many": true, "partial": true });
    let text = format!(
        "{}  compare: {{ uses: compare, inputs: {{ kernel: ntk, training: train }} }}\nsweep:{}",
        SWEEP.split("sweep:").next().expect("a sweep"),
        SWEEP.split("sweep:").nth(1).expect("a sweep")
    );
    for follow in [false, true] {
        let world = cluster();
        let mut compare =
            crate::world::description("report", &[], &serde_json::json!({ "type": "object" }));
        compare["inputs"] = serde_json::json!([many("kernel"), many("training")]);
        world.stage("compare", &compare, "", &format!("cat \"$2\" >&2\n{}", succeed("report")));
        let error = r#"{"error":{"message":"it diverged","outline":{"train_samples":4,"test_samples":0,"input_dim":1,"output_dim":1,"last_step":3,"checkpoints":[0],"loss":"least_squares","optimizer":"gradient_descent"}}}"#;
        let run = format!(
            "case \"$(cat \"$2\")\" in *'\"steps\":11'*) cp -r templates/training/. \"$out\"; echo '{error}'; exit 1;; esac\n{}",
            succeed("training")
        );
        world.stage("train", &train(), PLAN_ECHO, &run);
        fs::write(world.root().join("pipelines/swept.yaml"), &text).expect("it is ours");
        let call = ["pipeline", "swept", "--executor", "slurm"];
        let last: &[&str] = if follow { &["--follow"] } else { &[] };
        let output = world.lab(&[&call, last].concat()).output().expect("it starts");
        world.wait_for_jobs();
        let said = super::text(&output);
        assert_eq!(output.status.code(), Some(i32::from(follow)), "{said}");
        let results = world.results("swept");
        assert!(
            results.contains("report.html") && results.contains("history.parquet"),
            "{results}"
        );
        assert!(results.contains("variants/steps=11/checkpoints/"), "{results}");
        let log = fs::read_to_string(world.root().join("data/runs/swept/logs/compare.log"));
        assert!(log.expect("it is kept").contains("\"message\":\"it diverged\""));
        // The same call says what has failed, and submits nothing.
        let submitted = world.noted("submitted");
        let again = world.lab(&call).output().expect("it starts");
        let said = super::text(&again);
        assert_eq!(again.status.code(), Some(1), "{said}");
        assert!(said.contains("in the variant steps=11: it diverged"), "{said}");
        assert!(said.contains("failed   1 of 4 variants"), "{said}");
        assert_eq!(world.noted("submitted"), submitted);
    }
}

#[test]
fn a_program_that_has_changed_since_a_job_was_submitted_makes_nothing() {
    let world = cluster();
    let left = world.stopped();
    assert_eq!(left.status.code(), Some(130));
    world.lab(&["cancel", "one"]).output().expect("it starts");
    world.go();
    let script = world.root().join("data/jobs/one").join(&world.scripts("one")[0]);
    world.stage("dataset", &dataset(), crate::world::PLAN_DATASET, &succeed("dataset"));
    let output = Command::new("sh").arg(&script).env("SLURM_ARRAY_TASK_ID", "0").output();
    let output = output.expect("sh starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("has changed since the job was submitted"), "{}", text(&output));
    assert!(world.files("data/store/dataset").is_empty());
}

#[test]
fn a_job_whose_time_is_up_starts_anew_where_the_pipeline_asks() {
    let world = cluster();
    let mut described = dataset();
    described["resumes"] = true.into();
    let run = format!(
        "if ! [ -f \"$out/saved\" ]; then touch \"$out/saved\"; sleep 60; fi\nrm \"$out/saved\"\n{}",
        succeed("dataset")
    );
    world.stage("dataset", &described, crate::world::PLAN_DATASET, &run);
    let said = world.refused(ONE, &["data.resources.time=1s"]);
    assert!(said.contains("it was ended after its time limit"), "{said}");
    assert!(said.contains("raise `time` under `resources:`"), "{said}");
    fs::remove_dir_all(world.root().join("data/store")).expect("it is ours");
    world.submit(ONE, &["data.resources.time=1s", "data.retries=1"]).expect("it goes on");
    assert_eq!(world.noted("submitted"), "data 1\ndata 1\n", "the second one started twice");
}

#[test]
fn the_next_call_says_what_has_become_of_jobs_that_were_left() {
    let world = cluster();
    world.note("fate-data", "TIMEOUT\n");
    world.leave(ONE);
    fs::write(world.root().join("pipelines/one.yaml"), ONE).expect("it is ours");
    let output = world.lab(&["pipeline", "one", "--executor", "slurm"]).output();
    let said = text(&output.expect("it starts"));
    assert!(said.contains("is tried again: the cluster ended it after its time limit"), "{said}");
    assert!(said.contains("raise `time` under `resources:`"), "{said}");
}

#[test]
fn a_stage_that_is_tried_again_in_its_job_has_what_is_left_of_its_time() {
    let world = cluster();
    let mut described = dataset();
    described["resumes"] = true.into();
    let run = format!(
        "if ! [ -f \"$out/tried\" ]; then touch \"$out/tried\"; sleep 1; kill -9 $$; fi\nsleep 2.5\nrm \"$out/tried\"\n{}",
        succeed("dataset")
    );
    world.stage("dataset", &described, crate::world::PLAN_DATASET, &run);
    world.submit(ONE, &["data.resources.time=3s", "data.retries=1"]).expect("it starts anew");
    let restarts = world.noted("jobs/100_0.restarts");
    assert_eq!(restarts, "1\n", "the second attempt was ended before its own three seconds");
}

#[test]
fn what_a_node_loses_runs_on_another_one_the_next_time() {
    let world = cluster();
    world.note("fate-data", "NODE_FAIL\n");
    world.submit(ONE, &[]).expect("the second attempt runs");
    assert_eq!(world.noted("excluded"), "", "there is no other");
    let world = cluster();
    let here = world.noted("nodes");
    world.note("nodes", &format!("{here}{}", here.replace("node7", "node8")));
    world.note("fate-data", "NODE_FAIL\n");
    world.submit(ONE, &["cluster.lines=[--exclude=node9]"]).expect("the second attempt runs");
    assert_eq!(
        world.noted("excluded"),
        "--exclude=node9,node7\n",
        "what the user says counts, too"
    );
}

#[test]
fn a_forced_job_that_is_killed_is_not_taken_for_made() {
    let world = cluster();
    world.submit(ONE, &[]).expect("it runs");
    let mut plan = world.check(ONE, &[]).expect("it is right");
    let force = pipeline::Selection { force: vec!["data".to_owned()], ..Default::default() };
    force.apply(&world.project, &mut plan).expect("there is one");
    let mut slurm = world.slurm().expect("there is one");
    slurm.follow = true;
    world.note("fate-data", "FAILED\n");
    let ran = slurm.run(&world.project, &plan, &Progress::new(true));
    let said = ran.expect_err("it was killed").to_string();
    assert!(said.contains("its job failed without a word of its own"), "{said}");
    let ran = slurm.run(&world.project, &plan, &Progress::new(true)).expect("it runs");
    assert!(matches!(ran, Ran::Made(made) if !made[0].reused));
}

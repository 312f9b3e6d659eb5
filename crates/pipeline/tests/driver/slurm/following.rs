//! Drivers that come, go and look after jobs.

use super::*;

#[test]
fn a_driver_that_is_stopped_leaves_its_jobs_and_the_next_one_follows_them() {
    let world = cluster();
    let output = world.stopped();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(text(&output).contains("1 job goes on in the cluster"), "{}", text(&output));
    assert_eq!(world.noted("surroundings"), "", "of the job that the driver is in");

    let next = world
        .lab(&["pipeline", "one", "--executor", "slurm", "--follow"])
        .spawn()
        .expect("it starts");
    sleep(Duration::from_millis(500));
    world.go();
    let output = next.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(world.noted("submitted"), "data 1\n", "nothing is submitted twice");
    assert_eq!(fs::read_to_string(world.root().join("began")).expect("it ran"), "began\n");
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_job_that_ended_while_no_driver_was_there_is_taken_as_it_is() {
    let world = cluster();
    world.stopped();
    world.go();
    world.wait_for_jobs();
    let made = world.submit(ONE, &[]).expect("it is there");
    assert!(made[0].reused);
    assert_eq!(made[0].manifest.kind, Kind::DATASET);
    assert_eq!(world.noted("submitted"), "data 1\n");
}

#[test]
fn a_driver_on_this_machine_waits_for_what_a_job_makes() {
    let world = cluster();
    world.stopped();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| world.run(ONE, &[]).expect("it is made"));
        sleep(Duration::from_millis(300));
        world.go();
        assert!(run.join().expect("it ends").1[0].reused);
    });
    assert_eq!(fs::read_to_string(world.root().join("began")).expect("it ran"), "began\n");
}

#[test]
fn what_is_made_here_before_its_job_begins_is_not_made_twice() {
    let world = cluster();
    world.stage(
        "train",
        &train(),
        PLAN_ECHO,
        &format!("echo x >> trained\n{}", succeed("training")),
    );
    world.stage(
        "dataset",
        &dataset(),
        crate::world::PLAN_DATASET,
        &format!("until [ -f go ]; do sleep 0.05; done\n{}", succeed("dataset")),
    );
    world.leave(SWEEP);
    std::thread::scope(|scope| {
        scope.spawn(|| world.run(SWEEP, &[]).expect("it is made"));
        sleep(Duration::from_millis(300));
        world.go();
    });
    world.wait_for_jobs();
    let trained = fs::read_to_string(world.root().join("trained")).expect("they ran");
    assert_eq!(trained.lines().count(), 4);
    assert!(world.files("data/store/.work").is_empty());
}

#[test]
fn a_run_is_cancelled_by_its_name_and_can_be_called_again() {
    let world = cluster();
    world.stopped();
    let said = |arguments: &[&str]| text(&world.lab(arguments).output().expect("it starts"));
    assert_eq!(said(&["cancel", "one"]).trim(), "1 job of `one` is cancelled");
    assert_eq!(said(&["cancel", "one"]).trim(), "no job of `one` waits or runs");
    assert!(said(&["cancel", "on"]).contains("did you mean `one`?"));
    world.go();
    world.submit(ONE, &[]).expect("it runs");
    assert_eq!(world.noted("submitted"), "data 1\ndata 1\n");
}

#[test]
fn a_second_call_submits_what_is_missing_and_says_how_far_the_rest_is() {
    let world = cluster();
    world.stage("ntk", &crate::world::kernel(), "", "until [ -f go ]; do sleep 0.05; done; exit 1");
    world.leave(SWEEP);
    let is_waiting = |left: &Submitted| left.artifacts.1 < 5;
    let started = Instant::now();
    let mut left = world.leave(SWEEP);
    while is_waiting(&left) {
        assert!(started.elapsed() < Duration::from_mins(1));
        sleep(Duration::from_millis(50));
        left = world.leave(SWEEP);
    }
    assert_eq!(left.earlier.values().sum::<usize>(), 4, "{left}");
    assert!(left.arrays.is_empty(), "{left}");
    assert!(left.to_string().contains("nothing is left to submit"), "{left}");
    world.go();
    world.wait_for_jobs();
    world.stage("ntk", &crate::world::kernel(), "", &succeed("kernel"));
    // The program is another one now, and its kernels have other keys.
    world.submit(SWEEP, &[]).expect("all is there");
    let submitted = world.noted("submitted");
    assert_eq!(submitted.lines().filter(|line| line.starts_with("ntk ")).count(), 2);
    assert_eq!(submitted.lines().filter(|line| line.starts_with("results ")).count(), 1);
}

#[test]
fn programs_are_told_of_everything_in_json() {
    let world = cluster();
    fs::write(world.root().join("pipelines/one.yaml"), ONE).expect("it is ours");
    let run = |more: &[&str]| {
        let call = [&["pipeline", "one", "--executor", "slurm", "--json"], more].concat();
        let output = world.lab(&call).output().expect("it starts");
        assert!(output.status.success(), "{}", text(&output));
        let lines = String::from_utf8(output.stdout).expect("text");
        let event = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        lines.lines().map(event).collect::<Vec<_>>()
    };
    let events = run(&[]);
    let named =
        |name: &str| events.iter().find(|event| event["event"] == name).expect(name).clone();
    assert_eq!(
        (&named("submitted")["stage"], &named("submitted")["jobs"]),
        (&"data".into(), &1.into())
    );
    assert_eq!(named("left")["jobs"], 1);
    world.wait_for_jobs();
    assert!(run(&["--follow"]).iter().any(|event| event["event"] == "reused"));
}

#[test]
fn a_run_whose_jobs_wait_is_listed_as_submitted() {
    let world = cluster();
    world.note("fate-data", "PENDING\n");
    world.leave(ONE);
    let listed = pipeline::runs(&world.project, pipeline::SortBy::Name);
    assert!(listed.contains("submitted to a cluster"), "{listed}");
    let said = text(&world.lab(&["cancel", "one"]).output().expect("it starts"));
    // With the one that gathers the results.
    assert!(said.contains("2 jobs of `one` are cancelled"), "{said}");
}

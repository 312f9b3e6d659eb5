//! `stage-check` against programs that keep the contract and programs that do not.

use std::collections::BTreeMap;

use pipeline::{Problem, StageCheck, Verdict};
use serde_json::{Value, json};
use stage::Limits;

use crate::world::{PLAN_ECHO, World, description, done, kernel, succeed, train};

fn check(world: &World, program: &str, set: &[&str]) -> Result<Verdict, String> {
    let request = StageCheck {
        program: program.to_owned(),
        set: set.iter().map(ToString::to_string).collect(),
        inputs: BTreeMap::new(),
        problem: Problem::Regression,
        limits: Limits { threads: 2, memory_bytes: 1 << 30 },
    };
    pipeline::stage_check(&world.project, &request).map_err(|error| error.to_string())
}

/// What is found of a program with this description and body of `run`, times left out.
fn found(description: &Value, plan: &str, run: &str) -> String {
    let world = World::new();
    world.stage("mine", description, plan, run);
    let verdict = check(&world, "mine", &[]).expect("there is one");
    let text = world.tidy(&verdict.to_string());
    let lines = text.lines().map(|line| match line.find("kept     run") {
        Some(_) => "  kept     run          TIME",
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A kernel that does all that the contract asks for.
fn right() -> Value {
    let mut right = kernel();
    right["parameters"]["properties"]["reduction"]["description"] = json!("How.");
    right
}

/// Writes the tables and says the outline of the training run.
const RUN: &str = "case \"$(cat \"$2\")\" in '{'*) ;; *) echo '{\"error\":{\"message\":\"no request\"}}'; exit 1;; esac
training=$(sed -n 's/.*\"training\":\\[{\"directory\":\"\\([^\"]*\\)\".*/\\1/p' \"$2\")
outline=$(tr -d '\\n' < \"$training/manifest.json\" | sed 's/.*\"outline\": //; s/, *\"tables\": .*//')
outline=\"{\\\"kernel_rows\\\":12,\\\"kernel_blocks\\\":1,\\\"reduction\\\":\\\"trace\\\",${outline#\\{}\"
mkdir -p \"$out\"; cp -r templates/kernel/. \"$out\"
echo \"{\\\"done\\\":{\\\"outline\\\":$outline}}\"";

#[test]
fn a_program_that_keeps_the_contract_is_told_so() {
    insta::assert_snapshot!(found(&right(), "", RUN), @"
    mine: kernel 1, makes a kernel from dataset and training

      kept     describe     complete, and the same twice
      kept     parameters   1, described and typed; an unknown one is refused
      skipped  plan         it says that it answers none (`plans`)
      kept     refusal      a request that is none ends with an error in words
      kept     run          TIME
      kept     tables       3 files, as docs/tables.md has them for a kernel; its outline leaves out kernel_precision
      kept     determinism  two runs wrote the same bytes, one of them on a single thread
      skipped  resume       it does not say that it goes on from what a killed run left (`resumes`)

    the program keeps the contract
    ");
}

#[test]
fn a_program_that_goes_on_after_a_kill_is_killed_to_see() {
    let mut resumes = right();
    resumes["resumes"] = json!(true);
    let text = found(&resumes, "", RUN);
    assert!(text.contains("kept     resume       after a kill"), "{text}");
    // One that leaves its Gramians and takes them for done without the table of kernels.
    let lazy = format!(
        "[ -e \"$out/gram/step-0000000000.parquet\" ] && echo '{{\"done\":{{\"outline\":{{}}}}}}' && exit 0\n{RUN}"
    );
    let text = found(&resumes, "", &lazy);
    assert!(text.contains("BROKEN   resume"), "{text}");
}

#[test]
fn a_program_whose_work_can_be_cut_is_run_in_pieces_to_see() {
    let mut splits = right();
    splits["splits"] = json!(true);
    let text = found(&splits, "", RUN);
    assert!(text.contains("kept     pieces       joined from pieces"), "{text}");
    // One that leaves out what it is not asked for, and does not put it together again.
    let half = format!("{RUN}\nif grep -q '\"join\"' \"$2\"; then rm \"$out/kernels.parquet\"; fi");
    let text = found(&splits, "", &half);
    assert!(text.contains("BROKEN   pieces"), "{text}");
    let whole = format!("if grep -q '\"part\"' \"$2\"; then exit 3; fi\n{RUN}");
    let text = found(&splits, "", &whole);
    assert!(text.contains("piece 1 of 2: it ended with exit code 3"), "{text}");
}

#[test]
fn a_program_that_takes_many_is_given_two_variants_of_a_sweep() {
    let mut gathers = right();
    gathers["inputs"][1]["many"] = json!(true);
    let text = found(&gathers, "", RUN);
    assert!(text.contains("kept     variants     it takes two variants of a sweep"), "{text}");
    // One that reads requests by the letter, and does not know a field.
    let strict = format!("if grep -q '\"sets\"' \"$2\"; then exit 3; fi\n{RUN}");
    let text = found(&gathers, "", &strict);
    assert!(text.contains("given two variants of a sweep: it ended with exit code 3"), "{text}");
    // At ports for one the request is as it ever was.
    assert!(!found(&right(), "", &strict).contains("variants"), "{text}");
}

#[test]
fn what_a_program_does_otherwise_is_said_in_words() {
    let done = "echo '{\"done\":{\"outline\":{}}}'";
    let mut odd = right();
    odd["summary"] = json!("");
    odd["tables"] = json!([{ "name": "grams", "per_step": false, "columns": [] }]);
    odd["files"] = json!(["../report.html"]);
    odd["parameters"] = json!({ "type": "object", "properties": { "any": {} } });
    let changing =
        format!("{RUN}\ndate +%N > \"$out/time\"; echo x >> \"$training/samples.parquet\"");
    let texts = [
        found(&odd, "", &format!("echo x > \"$out/manifest.json\"; {done}")),
        found(&right(), "", "echo hello"),
        found(&right(), "", "exit 3"),
        found(
            &right(),
            "",
            "cp -r templates/kernel/. \"$out\"\necho '{\"done\":{\"outline\":{\"train_samples\":4}}}'",
        ),
        found(&right(), "", &changing),
    ];
    insta::assert_snapshot!(texts.join("\n\n"), @r#"
    mine: kernel 1, makes a kernel from dataset and training

      BROKEN   describe     `summary` is empty
                            the promised file `../report.html` does not lie in the output
      BROKEN   parameters   a misspelt parameter would go unnoticed: the schema lacks "additionalProperties": false
                            `any` takes any value: the schema gives it no type
                            `any` has no description
      skipped  plan         it says that it answers none (`plans`)
      BROKEN   refusal      it says that it is done with a request that is none
      kept     run          TIME
      BROKEN   tables       its output is not a table `kernels`: the table was not written
                            it did not write ../report.html, which it promises
                            it wrote a manifest.json: that is the driver's
                            its outline lacks `train_samples`, `test_samples`, `input_dim`, `output_dim`, `checkpoints`, `kernel_rows`, `kernel_blocks` and `reduction`, which a kernel must state
                            = help: start from the outline in the manifest.json of an input; docs/stages.md lists what each kind states
      kept     determinism  two runs wrote the same bytes, one of them on a single thread
      skipped  resume       it does not say that it goes on from what a killed run left (`resumes`)

    the program breaks the contract; docs/stages.md has it on one page

    mine: kernel 1, makes a kernel from dataset and training

      kept     describe    complete, and the same twice
      kept     parameters  1, described and typed; an unknown one is refused
      skipped  plan        it says that it answers none (`plans`)
      kept     refusal     a request that is none ends with an error in words
      BROKEN   run         it failed: it printed a line that is no message: hello
                           = help: standard output is for messages in JSON; whatever else a stage has to say goes to standard error

    the program breaks the contract; docs/stages.md has it on one page

    mine: kernel 1, makes a kernel from dataset and training

      kept     describe    complete, and the same twice
      kept     parameters  1, described and typed; an unknown one is refused
      skipped  plan        it says that it answers none (`plans`)
      BROKEN   refusal     with a request that is none, it ended with exit code 3 without saying why
                           = help: print {"error": {"message": …}} before it ends
      BROKEN   run         it failed: it ended with exit code 3 without saying why

    the program breaks the contract; docs/stages.md has it on one page

    mine: kernel 1, makes a kernel from dataset and training

      kept     describe     complete, and the same twice
      kept     parameters   1, described and typed; an unknown one is refused
      skipped  plan         it says that it answers none (`plans`)
      BROKEN   refusal      it says that it is done with a request that is none
      kept     run          TIME
      BROKEN   tables       its outline lacks `test_samples`, `input_dim`, `output_dim`, `checkpoints`, `kernel_rows`, `kernel_blocks` and `reduction`, which a kernel must state
                            = help: start from the outline in the manifest.json of an input; docs/stages.md lists what each kind states
      kept     determinism  two runs wrote the same bytes, one of them on a single thread
      skipped  resume       it does not say that it goes on from what a killed run left (`resumes`)

    the program breaks the contract; docs/stages.md has it on one page

    mine: kernel 1, makes a kernel from dataset and training

      kept     describe     complete, and the same twice
      kept     parameters   1, described and typed; an unknown one is refused
      skipped  plan         it says that it answers none (`plans`)
      kept     refusal      a request that is none ends with an error in words
      BROKEN   run          it changed its inputs, which belong to the store
      kept     tables       3 files, as docs/tables.md has them for a kernel; its outline leaves out kernel_precision
      BROKEN   determinism  other bytes in time
                            = help: where the seed is what it differs by, say `uses_seed`
      skipped  resume       it does not say that it goes on from what a killed run left (`resumes`)

    the program breaks the contract; docs/stages.md has it on one page
    "#);
}

#[test]
fn a_plan_that_lets_everything_through_is_broken() {
    let mut plans = right();
    plans["plans"] = json!(true);
    let text = found(&plans, PLAN_ECHO, RUN);
    assert!(
        text.contains("it finds nothing wrong with a parameter that it does not have"),
        "{text}"
    );
}

#[test]
fn what_is_no_stage_is_told() {
    let world = World::new();
    world.program("bin/stage-mine", "#!/bin/sh\necho hello\n");
    insta::assert_snapshot!(check(&world, "mine", &[]).expect("there is one"), @r#"
    mine

      BROKEN  describe  the program bin/stage-mine answers `describe` with `hello`, which is no valid JSON (expected value at line 1 column 1)

    the program breaks the contract; docs/stages.md has it on one page
    "#);
    insta::assert_snapshot!(check(&world, "mien", &[]).expect_err("there is none"), @r#"
    error: there is no stage `mien`: neither this workspace nor PATH has a program `stage-mien`
      = help: did you mean `mine`?
    "#);
}

#[test]
fn parameters_without_a_default_are_asked_for() {
    let world = World::new();
    let mut needs = train();
    needs["plans"] = json!(false);
    world.stage("mine", &needs, "", &succeed("training"));
    insta::assert_snapshot!(check(&world, "mine", &[]).expect_err("`steps` is missing"), @r#"
    error: the program cannot be run: the parameter `steps` is missing
      = help: `--set PATH=VALUE` sets a parameter
    "#);
    insta::assert_snapshot!(check(&world, "mine", &["steps=x"]).expect_err("a text"), @r#"
    error: the program cannot be run: `steps` must be a whole number, not the text `x`
      = help: `--set PATH=VALUE` sets a parameter
    "#);
    assert!(check(&world, "mine", &["steps=3"]).is_ok());
}

#[test]
fn an_outline_is_judged_by_what_its_own_kind_states() {
    // Samples that a training run has chosen: a dataset knows of no steps.
    let parameters = json!({ "type": "object", "additionalProperties": false });
    let ports = [("dataset", "dataset"), ("training", "training")];
    let chosen = description("dataset", &ports, &parameters);
    let refuses = "case \"$(cat \"$2\")\" in '{'*) ;; *) echo '{\"error\":{\"message\":\"no request\"}}'; exit 1;; esac";
    let run = format!("{refuses}\n{}", succeed("dataset"));
    let text = found(&chosen, "", &run);
    assert!(text.ends_with("the program keeps the contract"), "{text}");
    assert!(text.contains("for a dataset; its outline leaves out input_shape, labelled"), "{text}");
}

#[test]
fn a_misspelt_fact_is_found() {
    let refuses = "case \"$(cat \"$2\")\" in '{'*) ;; *) echo '{\"error\":{\"message\":\"no request\"}}'; exit 1;; esac";
    let misspelt = done("kernel").replace("kernel_blocks", "kernel_block");
    let run = format!("{refuses}\ncp -r templates/kernel/. \"$out\"\n{misspelt}");
    let text = found(&right(), "", &run);
    assert!(
        text.contains("its outline lacks `kernel_blocks`, which a kernel must state"),
        "{text}"
    );
    assert!(
        text.contains("`kernel_block` of its outline is not a fact that a kernel declares"),
        "{text}"
    );
    assert!(text.contains("= help: did you mean `kernel_blocks`?"), "{text}");
}

#[test]
fn a_table_that_cannot_be_decoded_breaks_the_contract() {
    let world = World::new();
    let path = world.root().join("templates/kernel/kernels.parquet");
    let mut damaged = std::fs::read(&path).expect("it is there");
    damaged[4..60].fill(0xff);
    std::fs::write(&path, damaged).expect("ours");
    let run = format!("cp -r templates/kernel/. \"$out\"\n{}", done("kernel"));
    world.stage("mine", &right(), "", &run);
    let text = check(&world, "mine", &[]).expect("there is one").to_string();
    assert!(
        text.contains("BROKEN   tables       kernels.parquet is not a readable Parquet"),
        "{text}"
    );
}

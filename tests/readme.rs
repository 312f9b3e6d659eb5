//! What the README says can be typed, works.

use std::fs;
use std::process::Command;

use artifact::read_rows;
use artifact::tables::findings::FindingRow;
use tests::{data, pipeline, program, python, root, skip, small_run, text};

/// The contents of the README's code blocks in `language`.
fn blocks(language: &str) -> Vec<String> {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let fence = format!("```{language}\n");
    let blocks = readme.split(&fence).skip(1);
    blocks.filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn every_pipeline_command_passes_its_checks() {
    let commands: Vec<String> = blocks("sh")
        .iter()
        .flat_map(|block| block.lines())
        .filter_map(|line| line.strip_prefix("cargo xtask pipeline ").map(str::to_owned))
        .collect();
    assert_eq!(commands.len(), 5, "{commands:?}");
    let folder = data();
    // The README's `picture.png` stands for a picture of the reader's.
    let picture = folder.path().join("picture.png");
    fs::write(&picture, include_bytes!("data/picture.png")).expect("a file");
    for command in commands {
        let command = command.replace("picture.png", picture.to_str().expect("a path"));
        let command = command.replace('\'', "");
        let words: Vec<&str> = command.split_whitespace().collect();
        let arguments: Vec<&str> = words[1..].iter().copied().chain(["--dry-run"]).collect();
        let output = pipeline(folder.path(), words[0], &arguments);
        assert!(output.status.success(), "{command}\n{}", text(&output));
    }
}

#[test]
fn every_command_of_the_table_is_known_to_both_programs() {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let table = readme.split("| command | |").nth(1).expect("the table of commands");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| `"));
    let commands: Vec<&str> = rows.filter_map(|row| row[3..].split([' ', '`']).next()).collect();
    assert!(commands.len() >= 9, "{commands:?}");
    for name in ["xtask", "ntk-lab"] {
        for command in &commands {
            let output = Command::new(program(name)).args([*command, "--help"]).output();
            let output = output.expect("it starts");
            assert!(output.status.success(), "{name} {command}: {}", text(&output));
        }
    }
}

#[test]
fn an_installed_program_needs_no_workspace() {
    let folder = data();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).expect("a folder");
    let stage = program("stage-dataset");
    std::os::unix::fs::symlink(&stage, bin.join("stage-dataset")).expect("a link");
    let file =
        "stages: { data: { uses: dataset, with: { source: { portrait: {} }, train: 9 } } }\n";
    fs::write(folder.path().join("mine.yaml"), file).expect("a file");
    let call = |arguments: &[&str]| {
        let output = Command::new(program("ntk-lab"))
            .args(arguments)
            .current_dir(folder.path())
            .env("PATH", &bin)
            .env_remove("CARGO_MANIFEST_DIR")
            .output()
            .expect("ntk-lab starts");
        assert!(output.status.success(), "{}", text(&output));
        text(&output)
    };
    call(&["pipeline", "mine.yaml"]);
    assert!(folder.path().join("data/runs/mine/samples.parquet").is_file());
    assert!(call(&["stages"]).contains("dataset"));
    assert!(call(&["explain", "mine.yaml", "data"]).contains("reused"));
}

#[test]
fn the_other_commands_are_known() {
    let output = Command::new(program("xtask")).arg("stages").current_dir(root()).output();
    let said = text(&output.expect("xtask starts"));
    for stage in ["dataset", "train", "ntk", "spectrum", "report"] {
        assert!(said.contains(stage), "{said}");
    }
    let output =
        Command::new(program("xtask")).args(["test", "--help"]).current_dir(root()).output();
    assert!(output.expect("xtask starts").status.success());
}

#[test]
fn the_queries_give_rows() {
    let Some(python) = python() else {
        skip("no Python with DuckDB and Polars; `cargo xtask test` makes one");
        return;
    };
    let data = small_run(&[]);
    let results = data.path().join("runs/small");
    let duckdb = duckdb(&queries()[0], 7);
    let polars = format!("{}\nassert dynamics.height == 7\n", blocks("python").remove(0));
    for program in [duckdb, polars] {
        let program = program.replace("data/runs/lr-decay", results.to_str().expect("a path"));
        let output = Command::new(&python).args(["-c", &program]).output().expect("Python starts");
        assert!(output.status.success(), "{program}\n{}", text(&output));
    }
}

#[test]
fn the_query_over_a_sweep_gives_the_rows_of_all_variants() {
    let Some(python) = python() else {
        skip("no Python with DuckDB and Polars; `cargo xtask test` makes one");
        return;
    };
    let sweep = "sweep.decay={set: train.with.learning_rate.decay.factor, to: [0.5, 1.0]}";
    let data = small_run(&["--set", sweep]);
    let results = data.path().join("runs/small");
    let program = duckdb(&queries()[1], 14);
    let program = program.replace("data/runs/lr-decay", results.to_str().expect("a path"));
    let output = Command::new(&python).args(["-c", &program]).output().expect("Python starts");
    assert!(output.status.success(), "{program}\n{}", text(&output));
}

/// The README's queries for DuckDB, in quotes.
fn queries() -> Vec<String> {
    let query = |block: &String| block.trim().strip_prefix("duckdb -c ").map(str::to_owned);
    blocks("sh").iter().filter_map(query).collect()
}

/// A program that checks how many `rows` a query has.
fn duckdb(query: &str, rows: usize) -> String {
    format!("import duckdb\nassert len(duckdb.sql({query}).fetchall()) == {rows}\n")
}

/// The pages of `docs/` with their text.
fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("docs")).expect("docs/");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a page"))
        })
        .collect()
}

#[test]
fn every_picture_and_page_that_the_docs_name_is_there() {
    for (name, page) in pages() {
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let elsewhere = link.starts_with("http") || link.starts_with('#');
            assert!(elsewhere || root().join("docs").join(link).exists(), "{name}: {link}");
        }
    }
}

#[test]
fn every_finding_is_explained() {
    let (_, page) =
        pages().into_iter().find(|(name, _)| name == "findings.md").expect("docs/findings.md");
    let sweep = "sweep.decay={set: train.with.learning_rate.decay.factor, to: [0.5, 1.0]}";
    let data = small_run(&["--set", sweep]);
    let findings: Vec<FindingRow> = read_rows(&data.path().join("runs/small")).expect("findings");
    for row in findings {
        assert!(page.contains(&format!("`{}`", row.finding)), "{}", row.finding);
    }
}

//! A project in a temporary folder whose stages are small shell scripts.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use artifact::tables::findings::{FindingRow, Verdict};
use artifact::tables::kernel::{KernelRow, Reduction};
use artifact::tables::training::{CheckpointRow, HistoryRow, OutputRow};
use artifact::{Gram, GramRow, Kind, Layout};
use pipeline::{Executor, Local, Made, PipelineError, Plan, Progress, Project, Request};
use serde_json::{Value, json};
use stage::Limits;
use tempfile::TempDir;

/// A pipeline of all five fake stages that is right.
pub const RIGHT: &str = "name: chain
about: All five
seed: 7
stages:
  dataset:
    uses: dataset
    with: { train: 4 }
  train:
    uses: train
    inputs: { dataset: dataset }
    with:
      steps: 10
      learning_rate: { initial: 0.25, decay: { factor: 0.5, every: 5 } }
  ntk:
    uses: ntk
    inputs: { dataset: dataset, training: train }
  spectrum:
    uses: spectrum
    inputs: { dataset: dataset, training: train, kernel: ntk }
  report:
    uses: report
    inputs: { spectrum: spectrum, training: train, dataset: dataset }
";

/// A project in a temporary folder.
pub struct World {
    _folder: TempDir,
    pub project: Project,
}

impl World {
    /// A project with the stages dataset, train, ntk, spectrum and report on its PATH.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("it exists");
        fs::create_dir_all(root.join("pipelines")).expect("it is ours");
        let mut project = Project::at(&root);
        project.search = vec![root.join("bin")];
        let world = Self { _folder: folder, project };
        templates(&root.join("templates"));
        world.stage("dataset", &dataset(), PLAN_DATASET, &succeed("dataset"));
        world.stage("train", &train(), PLAN_ECHO, &succeed("training"));
        world.stage("ntk", &kernel(), "", &succeed("kernel"));
        world.stage("spectrum", &spectrum_stage(), "", &succeed("spectrum"));
        world.stage("report", &report(), "", &succeed("report"));
        world
    }

    pub fn root(&self) -> &Path {
        &self.project.root
    }

    /// Writes the program `bin/stage-NAME`: `plan` and `run` are the bodies of its answers.
    pub fn stage(&self, name: &str, description: &Value, plan: &str, run: &str) {
        let script = format!(
            "#!/bin/sh\ncase \"$1\" in\ndescribe)\ncat <<'END'\n{description}\nEND\n;;\nplan)\n{plan}\n;;\nrun)\nout=$(sed -n 's/.*\"output\":\"\\([^\"]*\\)\".*/\\1/p' \"$2\")\n{run}\n;;\nesac\n"
        );
        self.program(&format!("bin/stage-{name}"), &script);
    }

    /// Writes an executable file.
    ///
    /// Another process does it: a program that this one has open for writing while a third
    /// thread forks could not be started ("text file busy").
    pub fn program(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it is ours");
        let mut child = Command::new("sh")
            .args(["-c", "cat > \"$1\" && chmod +x \"$1\"", "sh"])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh starts");
        child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it reads");
        assert!(child.wait().expect("it ends").success());
    }

    /// Checks the pipeline `text` with some `--set`.
    pub fn check(&self, text: &str, set: &[&str]) -> Result<Plan, PipelineError> {
        fs::write(self.root().join("pipelines/x.yaml"), text).expect("it is ours");
        pipeline::check(
            &self.project,
            &Request {
                file: "x".to_owned(),
                set: set.iter().map(ToString::to_string).collect(),
                seed: None,
                limits: Limits { threads: 2, memory_bytes: 1 << 30 },
            },
        )
    }

    /// What the plan would do on this machine.
    pub fn dry_run(&self, plan: &Plan) -> String {
        let offer = Local::default().offer(&self.project, plan).expect("it can run anything");
        pipeline::dry_run(&self.project, plan, &offer)
    }

    /// What is wrong with the pipeline `text`, as a person sees it.
    pub fn errors(&self, text: &str, set: &[&str]) -> String {
        let error = self.check(text, set).expect_err("the pipeline is wrong");
        assert_eq!(error.exit_code(), 2, "{error}");
        self.tidy(&error.to_string())
    }

    /// `text` without what differs between two worlds.
    pub fn tidy(&self, text: &str) -> String {
        text.replace(&self.root().display().to_string(), "ROOT")
    }

    /// Checks, runs and gathers the pipeline `text`.
    pub fn run(&self, text: &str, set: &[&str]) -> Result<(Plan, Vec<Made>), PipelineError> {
        let plan = self.check(text, set)?;
        let made = Local::default().make(&self.project, &plan, &Progress::new(true))?;
        pipeline::gather(&self.project, &plan, &made)?;
        Ok((plan, made))
    }

    /// How the run of a pipeline with this one stage fails, as a person sees it.
    pub fn failure(&self, run: &str) -> String {
        self.stage("broken", &dataset(), PLAN_DATASET, run);
        let text = "stages:\n  data:\n    uses: broken\n";
        let error = self.run(text, &[]).expect_err("the stage fails");
        assert_eq!(error.exit_code(), 1, "{error}");
        self.tidy(&error.to_string())
    }

    /// Every file of the results `name`, sorted; of the tidy tables of a spectrum only `energy`,
    /// which stands for all that there are or will be.
    pub fn results(&self, name: &str) -> String {
        let is_other = |file: &String| {
            Kind::SPECTRUM.tables().iter().any(|table| {
                let file = file.rsplit('/').next().unwrap_or(file);
                table.layout == Layout::Tidy
                    && table.name != "energy"
                    && file == format!("{}.parquet", table.name)
            })
        };
        let files = self.files(&format!("data/runs/{name}"));
        files.into_iter().filter(|file| !is_other(file)).collect::<Vec<_>>().join("\n")
    }

    /// Every file below the folder `path` but the driver's own notes, sorted.
    pub fn files(&self, path: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.root().join(path), "", &mut found);
        let notes = ["run.failed", "run.files", "run.keys", "run.lock.yaml"];
        found.retain(|file| {
            !file.starts_with(".stamps/") && !notes.iter().any(|note| file.ends_with(note))
        });
        found.sort();
        found
    }
}

fn collect(folder: &Path, before: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

/// Copies the tables of a kind into the output and says that it is done.
pub fn succeed(kind: &str) -> String {
    format!("cp -r templates/{kind}/. \"$out\"\n{}", done(kind))
}

/// Says that a stage is done, with all that an artifact of `kind` must state.
pub fn done(kind: &str) -> String {
    let all = json!({
        "train_samples": 4, "test_samples": 0, "input_dim": 1, "output_dim": 1, "last_step": 10,
        "checkpoints": [0, 10], "loss": "least_squares", "optimizer": "gradient_descent",
        "kernel_rows": 4, "kernel_blocks": 1, "reduction": "full"
    });
    let kind = Kind::shared(kind).expect("a kind");
    let required = kind.facts().iter().filter(|fact| fact.required);
    let outline: serde_json::Map<String, Value> =
        required.map(|fact| (fact.name.to_owned(), all[fact.name].clone())).collect();
    format!("echo '{}'", json!({ "done": { "outline": outline } }))
}

/// Answers `plan` with the parameters as they came and no more.
pub const PLAN_ECHO: &str = r#"with=$(sed -n 's/.*"parameters":\(.*\),"inputs".*/\1/p' "$2")
echo "{\"parameters\":$with,\"outline\":{\"train_samples\":4,\"last_step\":10,\"checkpoints\":[0,10]},\"memory_bytes\":3000000,\"problems\":[]}""#;

/// The same, with a problem where `train` is 13 and one where a file is missing.
pub const PLAN_DATASET: &str = r#"with=$(sed -n 's/.*"parameters":\(.*\),"inputs".*/\1/p' "$2")
problems=
case "$with" in *'"train":13'*) problems='{"at":"/train","message":"13 brings bad luck","hint":"take 12"}';; esac
case "$with" in *'"path":"missing'*) problems='{"at":"/source/image/path","message":"there is no such picture"}';; esac
echo "{\"parameters\":$with,\"outline\":{\"train_samples\":4},\"problems\":[$problems]}""#;

/// Description of a fake stage of `kind`.
pub fn description(kind: &str, inputs: &[(&str, &str)], parameters: &Value) -> Value {
    let ports: Vec<Value> =
        inputs.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
    json!({
        "contract": artifact::CONTRACT, "name": kind, "version": "1", "summary": "A fake.",
        "inputs": ports, "output": kind, "tables": [], "uses_seed": false, "plans": false,
        "parameters": parameters
    })
}

pub fn dataset() -> Value {
    let tagged = |name: &str, inside: Value| {
        json!({ "type": "object", "properties": { name: inside }, "required": [name],
                "additionalProperties": false })
    };
    let image = json!({ "type": "object", "properties": { "path": { "type": "string" } },
                        "required": ["path"], "additionalProperties": false });
    let mut described = description(
        "dataset",
        &[],
        &json!({ "type": "object", "additionalProperties": false, "properties": {
            "train": { "type": "integer", "minimum": 1, "default": 4, "description": "Training samples. All of them." },
            "source": { "default": { "portrait": {} }, "oneOf": [
                tagged("portrait", json!({ "type": "object", "additionalProperties": false })),
                tagged("image", image)
            ] }
        } }),
    );
    described["uses_seed"] = json!(true);
    described["plans"] = json!(true);
    described
}

pub fn train() -> Value {
    let mut described = description(
        "training",
        &[("dataset", "dataset")],
        &json!({ "type": "object", "additionalProperties": false, "required": ["steps"], "properties": {
            "steps": { "type": "integer", "minimum": 1, "description": "Updates to make." },
            "activation": { "default": "relu", "oneOf": [
                { "type": "string", "enum": ["relu", "tanh"] },
                { "type": "object", "properties": { "leaky_relu": { "type": "number" } },
                  "required": ["leaky_relu"], "additionalProperties": false }
            ] },
            "learning_rate": { "type": "object", "additionalProperties": false, "properties": {
                "initial": { "type": "number", "exclusiveMinimum": 0 },
                "decay": { "type": "object", "additionalProperties": false, "properties": {
                    "factor": { "type": "number", "exclusiveMinimum": 0 },
                    "every": { "type": "integer", "minimum": 1 }
                } }
            } }
        } }),
    );
    described["plans"] = json!(true);
    described
}

pub fn kernel() -> Value {
    let parameters = json!({ "type": "object", "additionalProperties": false, "properties": {
        "reduction": { "type": "string", "enum": ["full", "trace"], "default": "full" } } });
    description("kernel", &[("dataset", "dataset"), ("training", "training")], &parameters)
}

fn spectrum_stage() -> Value {
    let parameters = json!({ "type": "object", "additionalProperties": false });
    let ports = [("dataset", "dataset"), ("training", "training"), ("kernel", "kernel")];
    description("spectrum", &ports, &parameters)
}

pub fn report() -> Value {
    let parameters = json!({ "type": "object", "additionalProperties": false });
    let ports = [("spectrum", "spectrum"), ("training", "training"), ("dataset", "dataset")];
    let mut described = description("report", &ports, &parameters);
    described["files"] = json!(["report.html"]);
    described
}

/// One valid artifact of each kind, for the fakes to copy.
fn templates(root: &Path) {
    let folder = |kind: &str| root.join(kind);
    let sample = Sample {
        split: Split::Train,
        sample: 0,
        x: vec![0.5],
        y: vec![1.0],
        label: None,
        clean_label: None,
        origin: None,
    };
    artifact::write_rows(&folder("dataset"), &[sample]).expect("valid rows");

    let history = HistoryRow {
        step: 0,
        learning_rate: 0.25,
        train_loss: 1.0,
        test_loss: None,
        train_accuracy: None,
        test_accuracy: None,
        gradient_norm: None,
        update_norm: None,
        sharpness: None,
    };
    artifact::write_rows(&folder("training"), &[history]).expect("valid rows");
    let output = OutputRow { step: 0, split: Split::Train, sample: 0, output: vec![0.1] };
    artifact::write_rows(&folder("training"), &[output]).expect("valid rows");
    for step in [0, 10] {
        let checkpoint = CheckpointRow {
            step,
            parameter: "layers.0.weight".to_owned(),
            shape: vec![1, 1],
            values: vec![0.3],
        };
        artifact::write_step(&folder("training"), step, &[checkpoint]).expect("valid rows");
    }

    let kernel = KernelRow {
        step: 0,
        output: 0,
        learning_rate: None,
        trace: 1.0,
        frobenius_norm: 1.0,
        samples: 1,
        rows: 1,
        test_rows: 0,
        reduction: Reduction::Full,
        precision: "f32".to_owned(),
    };
    artifact::write_rows(&folder("kernel"), &[kernel]).expect("valid rows");
    let row = GramRow { split: Split::Train, sample: 0, output: 0 };
    let gram = Gram { rows: vec![row], width: 1, values: vec![2.0] };
    artifact::write_gram(&folder("kernel"), 0, &gram).expect("a valid Gramian");

    let finding = |verdict, before, after, statement: &str| FindingRow {
        finding: "x".to_owned(),
        variant: None,
        statement: statement.to_owned(),
        measure: String::new(),
        before,
        after,
        margin: None,
        uncertainty: None,
        n: None,
        rule: String::new(),
        verdict,
        control: None,
        note: None,
    };
    let findings = [
        finding(Verdict::Holds, Some(0.883_11), Some(0.9342), "the target aligns"),
        finding(Verdict::DoesNotHold, None, Some(21_167.0), "eigenvalues rise"),
        finding(Verdict::NotApplicable, None, None, "nothing to see"),
    ];
    artifact::write_rows(&folder("report"), &findings).expect("valid rows");
    fs::create_dir_all(folder("report").join("figures")).expect("it is ours");
    fs::write(folder("report").join("report.html"), "<html>").expect("it is ours");
    fs::write(folder("report").join("figures/energy.svg"), "<svg>").expect("it is ours");

    // Every other table is there without a row.
    for kind in Kind::SHARED {
        for table in kind.tables() {
            let step = (table.layout == Layout::PerStep).then_some(0);
            let path = artifact::table_file(&folder(kind.name()), table, step);
            if !path.exists() {
                artifact::write_batch(&path, table, &[]).expect("no rows");
            }
        }
    }
}

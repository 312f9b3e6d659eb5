//! Peers that are missing, wrong, slow or broken: each is a row that says so, and the bench goes on.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use artifact::read_rows;
use bench::{Reading, Status};
use tempfile::TempDir;

/// Answers as `peers.py` does; each peer behaves as its name says in the table `BEHAVIOUR`.
const STAND_IN: &str = r#"
import json, os, signal, struct, sys, time

name = sys.argv[2] if sys.argv[1].endswith("peers.py") else "script"
how = BEHAVIOUR[name]


def read(given):
    values = open(given["path"], "rb").read()
    values = struct.unpack(f"<{len(values) // 4}f", values)
    width = given["shape"][-1] if len(given["shape"]) > 1 else len(values)
    return [list(values[i : i + width]) for i in range(0, len(values), width)]


def gradient(task):
    # Sample by sample, in Python's f64.
    x, y, *tensors = map(read, task["arrays"])
    layers = [(w, c[0]) for w, c in zip(tensors[::2], tensors[1::2])]
    slope = task["network"]["slope"]
    total = [([[0.0] * len(c) for _ in w], [0.0] * len(c)) for w, c in layers]
    for sample, target in zip(x, y):
        inputs, pre = [sample], []
        for l, (w, c) in enumerate(layers):
            z = [sum(h * w[i][j] for i, h in enumerate(inputs[-1])) + c[j] for j in range(len(c))]
            pre.append(z)
            inputs.append([v if v > 0 else slope * v for v in z])
        signal = [(f - t) / len(x) for f, t in zip(pre[-1], target)]
        for l in reversed(range(len(layers))):
            for j, s in enumerate(signal):
                total[l][1][j] += s
                for i, h in enumerate(inputs[l]):
                    total[l][0][i][j] += h * s
            if l > 0:
                back = [sum(s * v for s, v in zip(signal, row)) for row in layers[l][0]]
                signal = [b * (1 if z > 0 else slope) for b, z in zip(back, pre[l - 1])]
    return [v for w, c in total for v in sum(w, []) + c]


if how == "crashes as it starts":
    print("ERROR: no such instruction", file=sys.stderr)
    os.kill(os.getpid(), signal.SIGILL)
for line in sys.stdin if name != "script" else []:
    task = json.loads(line)
    do, reply = task["do"], {}
    if do == "version":
        reply = {"missing": "ModuleNotFoundError: no torch"} if how == "lacks a module" else {"version": "9.9"}
    elif how == "prints garbage":
        print("Hello!", flush=True)
        continue
    elif do == "prepare":
        prepared = task
        if how == "runs out of memory":
            reply = {"error": "MemoryError: "}
    elif do == "result":
        if how == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "hangs":
            time.sleep(600)
        values = gradient(prepared)
        if how == "differs":
            values[0] *= 1.5
        if how == "gives NaN":
            values[-1] = float("nan")
        if how == "gives too little":
            values.pop()
        if how != "writes nothing":
            open(task["path"], "wb").write(struct.pack(f"<{len(values)}f", *values))
    elif do == "run":
        if how == "breaks later" and task["times"] > 1:
            reply = {"error": "ValueError: tired"}
        elif how == "gives no time":
            reply = {"seconds": float("nan")}
        else:
            reply = {"seconds": 1e-3 * task["times"]}
    print(json.dumps({"id": task["id"], **reply}), flush=True)
if how == "prints garbage":
    print("{}")
"#;

/// A folder with environments whose Python is the stand-in.
fn environments(behaviour: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let known: BTreeMap<_, _> = behaviour.iter().copied().collect();
    let table = serde_json::to_string(&known).expect("a table");
    let program = folder.path().join("stand_in.py");
    fs::write(&program, format!("BEHAVIOUR = {table}\n{STAND_IN}")).expect("a file");
    for (name, requirements) in [
        ("torch", include_str!("../requirements-torch.txt")),
        ("jax", include_str!("../requirements-jax.txt")),
        ("neural-tangents", include_str!("../requirements-neural-tangents.txt")),
    ] {
        let environment = folder.path().join(name);
        fs::create_dir_all(environment.join("bin")).expect("a folder");
        fs::write(environment.join("requirements.txt"), requirements).expect("a file");
        let python = environment.join("bin/python");
        let script = format!("#!/bin/sh\nexec python3 '{}' \"$@\"\n", program.display());
        fs::write(&python, script).expect("a file");
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    folder
}

fn bench(out: &Path, environments: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["--peers", "--quick", "--threads", "1", "--out"]).arg(out);
    command.arg("--python").arg(environments).args(arguments);
    command
}

fn rows(out: &Path) -> Vec<Reading> {
    read_rows(out).expect("the table")
}

/// The rows of one implementation.
fn of<'a>(rows: &'a [Reading], case: &str, name: &str) -> Vec<&'a Reading> {
    let wanted = |row: &&Reading| row.case == case && row.implementation == name;
    let found: Vec<&Reading> = rows.iter().filter(wanted).collect();
    assert!(!found.is_empty(), "no row of {name} in {case}");
    found
}

fn text(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}

/// What a peer that behaves so leaves: its only row, beside ours and the other peer's, who are measured.
fn left_by(how: &str) -> Reading {
    let (out, python) = (
        tempfile::tempdir().expect("a folder"),
        environments(&[("torch", how), ("jax", "is right")]),
    );
    let arguments = ["--case", "step-small", "--limit", "5"];
    let output = bench(out.path(), python.path(), &arguments).output().expect("it starts");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(0), "a peer does not change the exit code: {said}");
    let rows = rows(out.path());
    for name in ["fused", "dfdx", "jax"] {
        let found = of(&rows, "step-small", name);
        let right = |row: &&Reading| row.error.is_some_and(|error| error < 1e-5);
        assert!(found.len() == 2 && found.iter().all(right), "{name}: {found:?}");
    }
    let found = of(&rows, "step-small", "torch");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].seconds.is_none() && found[0].repetition.is_none());
    assert!(said.contains(found[0].status.name()), "{said}");
    let page = fs::read_to_string(out.path().join("bench.html")).expect("the page");
    assert!(page.contains(&format!("<b>{}</b>", found[0].status.name())));
    found[0].clone()
}

#[test]
fn a_peer_that_differs_is_a_row_with_its_error() {
    let row = left_by("differs");
    assert_eq!(row.status, Status::Differs);
    assert!(row.error > row.tolerance, "{row:?}");
    assert!(row.message.is_some_and(|message| message.starts_with("‖∇ − ∇₆₄‖ / ‖∇₆₄‖ is ")));
}

#[test]
fn a_peer_that_gives_nan_differs() {
    let row = left_by("gives NaN");
    assert_eq!((row.status, row.error), (Status::Differs, None));
    assert_eq!(row.message.as_deref(), Some("its result has NaN or infinity"));
}

#[test]
fn a_peer_that_lacks_a_module_is_missing() {
    let row = left_by("lacks a module");
    assert_eq!(row.status, Status::Missing);
    assert_eq!(row.message.as_deref(), Some("ModuleNotFoundError: no torch"));
}

#[test]
fn a_peer_that_breaks_is_a_row_that_says_how() {
    for (how, message) in [
        ("prints garbage", "answered `Hello!`, which is not an answer of the protocol"),
        ("runs out of memory", "MemoryError: "),
        ("is killed", "was killed (SIGKILL), as happens where memory runs out"),
        ("crashes as it starts", "crashed on an instruction that this processor lacks (SIGILL)"),
        ("gives too little", "its result has "),
        ("writes nothing", "reading "),
        ("breaks later", "ValueError: tired"),
        ("gives no time", "answered `{\"id\": "),
    ] {
        let row = left_by(how);
        assert_eq!(row.status, Status::Failed, "{how}");
        let found = row.message.unwrap_or_default();
        assert!(found.starts_with(message), "{how}: {found}");
    }
}

#[test]
fn a_peer_that_hangs_is_ended_and_after_two_limits_not_asked_again() {
    let (out, python) = (
        tempfile::tempdir().expect("a folder"),
        environments(&[("torch", "hangs"), ("jax", "is right")]),
    );
    let arguments = ["--case", "step-by-depth", "--case", "step-small", "--limit", "2"];
    let output = bench(out.path(), python.path(), &arguments).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let rows = rows(out.path());
    let messages: Vec<&str> = rows
        .iter()
        .filter(|row| row.implementation == "torch")
        .filter_map(|row| row.message.as_deref())
        .collect();
    let late = "no answer within 2 s";
    assert_eq!(messages, [late, late, "not asked again after 2 time limits of 2 s"]);
}

#[test]
fn peers_that_cannot_be_installed_are_rows_with_the_command_that_failed() {
    let (out, empty) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    // An index that nobody serves, and no other place to find packages.
    let output = bench(out.path(), empty.path(), &["--case", "step-small", "--case", "gramian"])
        .env("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        .env("PIP_RETRIES", "0")
        .env("PIP_NO_INDEX", "1")
        .env_remove("PIP_FIND_LINKS")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let rows = rows(out.path());
    for (case, name) in
        [("step-small", "torch"), ("step-small", "jax"), ("gramian", "neural-tangents")]
    {
        let found = of(&rows, case, name);
        let message = found[0].message.clone().unwrap_or_default();
        assert_eq!(found[0].status, Status::Missing);
        assert!(message.starts_with('`') && message.contains("` failed: "), "{message}");
    }
    assert!(rows.iter().any(|row| row.implementation == "fused" && row.seconds.is_some()));
}

#[test]
fn without_python_the_bench_ends_with_rows() {
    let (out, empty) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let output = bench(out.path(), &empty.path().join("python"), &["--case", "top-cold"])
        .env("PATH", empty.path())
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let rows = rows(out.path());
    for name in ["scipy", "numpy", "torch"] {
        let found = of(&rows, "top-cold", name);
        let message = found[0].message.clone().unwrap_or_default();
        assert!(message.starts_with("`python3 -m venv --clear "), "{message}");
    }
    assert!(of(&rows, "top-cold", "spectrum")[0].error.is_some_and(|error| error < 1e-5));
}

/// An interrupted bench leaves what it has measured.
#[test]
fn rows_are_written_as_they_come() {
    let (out, python) = (
        tempfile::tempdir().expect("a folder"),
        environments(&[("neural-tangents", "crashes as it starts"), ("scipy", "hangs")]),
    );
    // The second case hangs once the first is written.
    let arguments = ["--case", "gramian-outputs", "--case", "top-cold", "--limit", "600"];
    let mut child = bench(out.path(), python.path(), &arguments)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    for _ in 0..1200 {
        if out.path().join("bench.html").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ended");
    let rows = rows(out.path());
    let ours = of(&rows, "gramian-outputs", "ntk");
    assert!(ours.iter().all(|row| row.status == Status::Measured), "{ours:?}");
    let peer = of(&rows, "gramian-outputs", "neural-tangents");
    assert_eq!(peer[0].status, Status::Failed);
    assert!(!rows.iter().any(|row| row.case == "top-cold"));
}

#[test]
fn a_script_that_crashes_leaves_our_pipeline_measured() {
    let (out, python) =
        (tempfile::tempdir().expect("a folder"), environments(&[("script", "prints garbage")]));
    let output =
        bench(out.path(), python.path(), &["--case", "pipeline"]).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let rows = rows(out.path());
    let ours = of(&rows, "pipeline", "pipeline");
    assert!(ours.iter().all(|row| row.seconds.is_some() && row.error.is_some()), "{ours:?}");
    let script = of(&rows, "pipeline", "jax script");
    assert_eq!((script.len(), script[0].status), (1, Status::Failed));
    assert!(
        script[0].message.as_deref().is_some_and(|message| message.starts_with("answered `{}`"))
    );
}

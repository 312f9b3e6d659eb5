//! The house keeps its order: who may depend on whom, and that every file says what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tests::root;

/// Direct dependencies of every crate of the workspace, those for tests left out.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("dependencies");
            let normal = all.iter().filter(|dependency| dependency["kind"].is_null());
            (text(&package["name"]), normal.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let allowed: [(&str, &[&str]); 17] = [
        ("unify", &[]),
        ("statistics", &[]),
        ("artifact", &["unify"]),
        ("stage", &["artifact"]),
        ("network", &["unify"]),
        ("dataset", &["artifact", "stage", "network"]),
        ("train", &["artifact", "stage", "network", "kernel"]),
        ("kernel", &["artifact", "stage", "network"]),
        ("ntk", &["artifact", "stage", "network", "kernel"]),
        ("infinite", &["artifact", "stage", "study", "network", "kernel"]),
        ("study", &["artifact", "statistics"]),
        ("spectrum", &["artifact", "stage", "study", "statistics"]),
        ("report", &["artifact", "stage", "study"]),
        ("pipeline", &["artifact", "stage", "study"]),
        (
            "bench",
            &[
                "artifact", "stage", "network", "train", "kernel", "ntk", "infinite", "spectrum",
                "predict",
            ],
        ),
        ("xtask", &["artifact", "pipeline"]),
        ("tests", &[]),
    ];
    // A study needs no rule of its own: it knows what every study knows, and nobody knows it.
    let of_a_study: &[&str] = &["artifact", "stage", "study", "statistics", "network", "kernel"];
    let found = dependencies();
    let members: Vec<&String> = found.keys().collect();
    let known: Vec<&str> = allowed.iter().map(|(name, _)| *name).collect();
    assert!(known.iter().all(|name| found.contains_key(*name)), "{known:?} of {members:?}");
    for (name, dependencies) in &found {
        let rule =
            allowed.iter().find(|(known, _)| known == name).map_or(of_a_study, |(_, rule)| rule);
        let inner = dependencies.iter().filter(|dependency| found.contains_key(*dependency));
        for dependency in inner {
            assert!(rule.contains(&dependency.as_str()), "{name} must not know {dependency}");
        }
    }
}

#[test]
fn heavy_libraries_stay_in_their_rooms() {
    let found = dependencies();
    for (library, rooms) in [
        ("dfdx", &["train"][..]),
        ("polars", &["report"]),
        ("plotly", &["report"]),
        ("serde_yaml", &["pipeline", "study"]),
    ] {
        for (name, dependencies) in &found {
            let uses = dependencies.iter().any(|dependency| dependency == library);
            assert!(!uses || rooms.contains(&name.as_str()), "{name} must not know {library}");
        }
    }
}

/// Every Rust file of the project.
fn sources() -> Vec<PathBuf> {
    let mut folders = vec![root().join("crates"), root().join("xtask"), root().join("tests")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The rooms of the driver: each knows those that stand before it alone, so that it can be read without
/// those that stand after it.
const ROOMS: [&str; 16] = [
    "text",
    "system",
    "error",
    "project",
    "store",
    "schema",
    "programs",
    "reading",
    "run_folder",
    "planning",
    "preview",
    "execution",
    "results",
    "upkeep",
    "stage_check",
    "command",
];

/// The rooms that the text of a source names, as in `crate::ROOM`.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.split("crate::").skip(1).map(move |rest| rest.split(is_end).next().unwrap_or_default())
}

#[test]
fn a_room_of_the_driver_knows_those_before_it_alone() {
    let driver = root().join("crates/pipeline/src");
    let known: BTreeSet<PathBuf> =
        ROOMS.into_iter().chain(["lib.rs", "main.rs"]).map(|name| driver.join(name)).collect();
    let there = fs::read_dir(&driver).expect("a folder");
    let there: BTreeSet<PathBuf> = there.map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(there, known, "every file of the driver lies in a room of this list");

    let contents = fs::read_to_string(driver.join("lib.rs")).expect("a file");
    let listed = contents
        .lines()
        .filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    assert_eq!(listed.collect::<Vec<_>>(), ROOMS, "lib.rs lists the rooms in this order");

    for path in sources() {
        let Ok(file) = path.strip_prefix(&driver) else { continue };
        let text = fs::read_to_string(&path).expect("a file");
        let own = ROOMS.iter().position(|room| file.starts_with(room));
        for name in named(&text).filter(|_| own.is_some()) {
            let other = ROOMS.iter().position(|room| *room == name);
            assert!(other.is_some(), "{} names `crate::{name}`, which is no room", file.display());
            assert!(other <= own, "{} must not know the room {name}", file.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_first() {
    let sources = sources();
    assert!(sources.len() > 50, "the project has more than {} files", sources.len());
    for path in sources {
        let text = fs::read_to_string(&path).expect("a file");
        assert!(text.starts_with("//! "), "{} does not begin with `//! `", path.display());
    }
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    for path in sources() {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let drawer =
            ["util", "utils", "helper", "helpers", "common", "misc", "types"].contains(&stem);
        assert!(!drawer, "{} wants a name", path.display());
    }
}

/// The features of every third-party package that `cargo` would build for `selection`, along `edges`.
fn features(selection: &[&str], edges: &str) -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--prefix=none", "--no-dedupe", "--format={p}|{f}"])
        .args(["--edges", edges])
        .args(selection)
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", tests::text(&output));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // Packages of the workspace show their folder.
        if let Some((package, features)) = line.split_once('|').filter(|line| !line.0.contains('/'))
        {
            let package = package.trim_end_matches(" (proc-macro)").to_owned();
            found.entry(package).or_default().insert(features.to_owned());
        }
    }
    found
}

/// Else `cargo xtask` would compile Parquet and Arrow, and the stages compile them again.
#[test]
fn every_part_of_the_workspace_builds_a_dependency_with_the_same_features() {
    // A package that build scripts and macros use is built for them with features of their own.
    // What the programs link is compared without these as well, or one would hide the other.
    for edges in ["normal,build,dev", "normal,dev,no-proc-macro"] {
        let all = features(&["--workspace"], edges);
        assert!(all.len() > 200, "{} packages", all.len());
        for part in ["xtask", "pipeline", "dataset", "train", "ntk", "spectrum", "report"] {
            for (package, features) in features(&["--package", part], edges) {
                let everywhere = &all[&package];
                assert!(
                    features.is_subset(everywhere),
                    "{part} alone builds {package} with {features:?}, the workspace with \
                     {everywhere:?}: add what lacks to crates/unify/Cargo.toml"
                );
            }
        }
    }
}

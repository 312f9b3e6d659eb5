//! Writing `run.lock.yaml`: a pipeline as it was run, to run exactly that again.
//!
//! It is a pipeline itself, with all that was set and every default filled in, and a block `lock` that
//! says by which programs it was run and on what.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::planning::{Plan, hash_of_artifacts, programs_of_stages};
use crate::project::Project;
use crate::reading::file::{LOCK, LOCK_ORIGIN};
use crate::text::quantity::bytes;

/// The lock file of `plan`, of which artifacts of these programs were `accepted`, by stage.
pub(crate) fn text(
    project: &Project,
    plan: &Plan,
    accepted: &BTreeMap<&str, BTreeSet<&str>>,
) -> String {
    let mut pipeline = plan.lock.pipeline().clone();
    pipeline[LOCK] = json!({
        LOCK_ORIGIN: plan.lock.origin(),
        "keys": hash_of_artifacts(&plan.tasks),
        "programs": programs_of_stages(&plan.tasks),
        "git": git(&project.root),
        "machine": {
            "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            "threads": plan.limits.threads,
            "memory": bytes(plan.limits.memory_bytes),
        },
        "versions": {
            "contract": artifact::CONTRACT,
            "driver": env!("CARGO_PKG_VERSION"),
        },
    });
    if !accepted.is_empty() {
        pipeline[LOCK]["accepted"] = json!(accepted);
    }
    // Maps of texts, numbers and lists all have a form in YAML.
    let text = serde_yaml::to_string(&pipeline).unwrap_or_default();
    format!("# What was run: a pipeline that runs exactly that again.\n{text}")
}

/// Revision of the project's sources, and whether something differs from it; null where git does
/// not know them.
fn git(root: &Path) -> Value {
    let ask = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(root).stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(revision) = ask(&["rev-parse", "HEAD"]) else { return Value::Null };
    let changes = ask(&["status", "--porcelain", "--untracked-files=no"]);
    json!({ "revision": revision, "dirty": changes.is_none_or(|changes| !changes.is_empty()) })
}

//! The last job of a run that was left: it gathers the results once all others have ended.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stage::StageError;

use super::campaign::Campaign;
use super::script::{Purpose, Script};
use super::tasks::VERSION;
use super::tools::refused;
use crate::error::PipelineError;
use crate::execution::fates::{Fate, fates};
use crate::execution::order::Order;
use crate::execution::partial::Settled;
use crate::execution::submitted::SubmittedArray;
use crate::planning::Plan;
use crate::programs::Program;
use crate::project::Project;
use crate::run_folder::references;
use crate::store::{Store, remove};

/// What a list of the jobs calls this one, in the place of a stage: no stage can have this name.
const NAME: &str = "results.all";
/// Memory for gathering: of the program, and of each artifact.
const MEMORY_BYTES: (u64, u64) = (1 << 30, 128 << 10);

/// What gathering needs to know, without the pipeline.
#[derive(Debug, Serialize, Deserialize)]
struct Wanted {
    version: String,
    project: Project,
    plan: Plan,
}

impl Campaign<'_> {
    /// Submits a job that gathers the results once all jobs have ended, unless one waits already. What
    /// sbatch says where it takes none.
    ///
    /// # Errors
    /// Where the file system refuses, or squeue does.
    pub(super) fn submit_results(&mut self) -> Result<Option<String>, PipelineError> {
        let scripts = self.scripts();
        // The same for the same artifacts: another call may have submitted it.
        let keys = blake3::hash(references::list(self.plan.artifacts()).as_bytes()).to_hex();
        let name = format!("{}.{NAME}.{}", self.plan.name, &keys[..12]);
        if self.arrays.is_empty() && self.is_queued(&name)? {
            return Ok(None);
        }
        let path = scripts.join(format!("{name}.sh"));
        let list = path.with_extension("plan");
        let wanted = Wanted {
            version: VERSION.to_owned(),
            project: self.project.clone(),
            plan: without_schemas(self.plan),
        };
        let write = || fs::write(&list, serde_json::to_vec(&wanted)?);
        write().map_err(PipelineError::io("writing", &list))?;
        let mut numbers: Vec<&str> =
            self.placed().map(|(_, placed)| placed.number.as_str()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let after = format!("afterany:{}", numbers.join(":"));
        let script = Script {
            name: &name,
            program: &self.slurm.program,
            root: &self.project.root,
            path: &path,
            purpose: Purpose::Results,
            cpus: 1,
            memory_bytes: MEMORY_BYTES.0 + MEMORY_BYTES.1 * self.plan.tasks.len() as u64,
            time: None,
            partition: None,
            starts_again: true,
            after: &after,
            cluster: &self.plan.cluster,
        };
        fs::write(&path, script.text()).map_err(PipelineError::io("writing", &path))?;
        match self.slurm.tools.submit(&path, &[format!("--dependency={after}")]) {
            Ok(number) => {
                let stage = "results".to_owned();
                self.arrays.push(SubmittedArray { stage, number, jobs: 1, is_piece: false });
                Ok(None)
            }
            Err(reason) => {
                [&path, &list].into_iter().try_for_each(|path| remove(path))?;
                Ok(Some(reason))
            }
        }
    }

    /// Whether a job called `name` waits or runs.
    fn is_queued(&self, name: &str) -> Result<bool, PipelineError> {
        let seen = self.slurm.tools.queue(&[name]).map_err(refused)?;
        Ok(seen.iter().any(|seen| !seen.state.is_final()))
    }
}

/// `plan`, without the schemas of its programs: they are most of it, and nobody asks for them.
fn without_schemas(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for task in &mut plan.tasks {
        let mut program: Program = (*task.program).clone();
        program.description.parameters = serde_json::Value::Null;
        task.program = Arc::new(program);
    }
    plan
}

/// The plan in the file `path`, whose jobs have all ended, with its project: what they have left open is
/// noted as failed.
///
/// # Errors
/// Where the plan cannot be read, or the file system refuses.
pub(crate) fn ended_plan(path: &Path) -> Result<(Project, Plan), PipelineError> {
    let refused = |message: String| PipelineError::Argument {
        message,
        help: Some("call the pipeline again: that gathers its results as well".to_owned()),
    };
    let bytes = fs::read(path).map_err(PipelineError::io("reading", path))?;
    let wanted: Wanted = serde_json::from_slice(&bytes)
        .map_err(|error| refused(format!("{}: this is no plan: {error}", path.display())))?;
    if wanted.version != VERSION {
        let (found, path) = (&wanted.version, path.display());
        return Err(refused(format!(
            "{path}: it is of version {found}, and this program of {VERSION}"
        )));
    }
    let Wanted { project, plan, .. } = wanted;
    let store = Store::of(&project);
    // All jobs have ended: what is open will not be made by them.
    for (task, fate) in plan.tasks.iter().zip(fates(&project, &plan)) {
        let has_inputs = || Order::of(&project, &plan, task, plan.limits, None).settled(&store);
        if matches!(fate, Fate::Open) && !matches!(has_inputs(), Settled::Missing(_)) {
            let order = Order::of(&project, &plan, task, plan.limits, None);
            order.give_up(&store, &StageError::new("its job ended without making it"))?;
        }
    }
    Ok((project, plan))
}

//! `pipeline`: one run of a pipeline, from its file to its results.
//!
//! Each step is a call into a room: the file becomes a checked plan (`planning/check.rs`, which reads
//! it by `reading/`), the plan is carried out (`execution/`), what was made is gathered, with a lock
//! file that runs exactly that again (`results/gather.rs`), and summed up (`results/summary.rs`).

use std::path::PathBuf;
use std::process::ExitCode;

use super::pipeline_arguments::Arguments;
use super::print;
use crate::error::{Failure, PipelineError};
use crate::execution::Ran;
use crate::planning::Plan;
use crate::preview::dry_run;
use crate::project::Project;
use crate::results::{gather, gather_what_exists, summary};
use crate::system::end_on_interrupt;

/// Checks the pipeline, runs it, and says where its results lie.
///
/// # Errors
/// Where the pipeline is wrong, a stage fails, or the file system refuses.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.plan.place(project)?;
    end_on_interrupt();

    // Read and check: everything wrong with the file and the arguments is told before anything runs.
    let mut plan = arguments.plan.check_within(&project, arguments.limits())?;
    arguments.narrow(&project, &mut plan)?;
    for difference in plan.lock.differences(&plan.tasks) {
        eprintln!("warning: {difference}");
    }
    if arguments.dry_run {
        let offer = arguments.executor(&project)?.offer(&project, &plan)?;
        print(dry_run(&project, &plan, &offer).trim_end());
        return Ok(ExitCode::SUCCESS);
    }

    // Execute: every artifact that the store lacks is made.
    // The results are of all that is there then, not of this call alone.
    let plan = if arguments.selection().is_all() { plan } else { plan.reachable(&project) };
    let progress = arguments.progress(&plan);
    for (stage, count) in plan.take_accepted(&project)? {
        progress.accepted(stage, count);
    }
    let ran = arguments.executor(&project)?.run(&project, &plan, &progress);

    // Gather: the tables of all artifacts, and the lock file, in one folder.
    let is_silent = arguments.quiet || arguments.json;
    let (results, failures) = match ran {
        Ok(Ran::Made(made)) => (gather(&project, &plan, &made)?, None),
        Ok(Ran::Left(submitted)) => {
            // The last job on the cluster gathers them.
            if !is_silent {
                print(format!("\n{submitted}"));
            }
            return Ok(ExitCode::SUCCESS);
        }
        Err(PipelineError::Stages { failures, left_out }) if arguments.keeps_going() => {
            gather_in_spite(&project, &plan, failures, left_out)?
        }
        Err(error) => return Err(error),
    };

    // Sum up.
    if !is_silent {
        print(format!("\n{}", summary(&project, &plan, &results)?.trim_end()));
    }
    failures.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Gathers what was made although stages failed: the folder, and the error that the call ends with.
///
/// # Errors
/// That error at once, where nothing was made; others where the file system refuses.
fn gather_in_spite(
    project: &Project,
    plan: &Plan,
    mut failures: Vec<Failure>,
    left_out: usize,
) -> Result<(PathBuf, Option<PipelineError>), PipelineError> {
    let Some(results) = gather_what_exists(project, plan)? else {
        return Err(PipelineError::Stages { failures, left_out });
    };
    for failure in &mut failures {
        failure.earlier_results = None;
    }
    Ok((results, Some(PipelineError::Stages { failures, left_out })))
}

//! Running a plan on a cluster: its jobs are submitted, and followed or left.

use std::path::Path;

use super::campaign::Campaign;
use super::job::{Job, Maker};
use super::settings::Slurm;
use super::shared;
use super::tools::refused;
use crate::error::PipelineError;
use crate::execution::executor::{Executor, Ran};
use crate::execution::progress::Progress;
use crate::planning::Plan;
use crate::project::Project;
use crate::system::interrupt;
use crate::text::{Diagnostics, grid};

impl Executor for Slurm {
    /// Submits what is neither made nor submitted yet, and follows it where that is asked for.
    fn run(
        &self,
        project: &Project,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<Ran, PipelineError> {
        let _running = interrupt::Running::begin();
        let jobs = self.jobs(project, plan)?;
        let mut campaign = Campaign::new(self, project, plan, progress, jobs)?;
        campaign.find()?;
        campaign.submit()?;
        if self.follow {
            return campaign.follow().map(Ran::Made);
        }
        campaign.leave()
    }

    fn offer(&self, project: &Project, plan: &Plan) -> Result<String, PipelineError> {
        let mut counts: Vec<(Vec<String>, usize)> = Vec::new();
        for job in self.jobs(project, plan)? {
            let row = job.asked(&plan.cluster);
            match counts.iter_mut().find(|(found, _)| *found == row) {
                Some((_, count)) => *count += 1,
                None => counts.push((row, 1)),
            }
        }
        let head = ["stage", "cpus", "memory", "time", "partition", "artifacts"];
        let rows = counts.into_iter().map(|(row, count)| [row, vec![count.to_string()]].concat());
        let head = std::iter::once(head.map(str::to_owned).to_vec());
        let rows: Vec<Vec<String>> = head.chain(rows).collect();
        Ok(format!("jobs of the cluster:\n{}", grid(&rows, "  ")))
    }
}

impl Slurm {
    /// The jobs of `plan`.
    ///
    /// # Errors
    /// Everything that the cluster could not do.
    fn jobs(&self, project: &Project, plan: &Plan) -> Result<Vec<Job>, PipelineError> {
        let partitions = self.tools.partitions().map_err(refused)?;
        let jobs = Maker::new(self, project, plan, &partitions).jobs();
        let jobs = jobs.map_err(|problems| PipelineError::Invalid(Diagnostics::new(problems)))?;
        for path in [&project.data, &project.store(), &project.root, &self.program] {
            refuse_odd_path(path)?;
        }
        if !plan.cluster.is_shared {
            shared::check(project, &self.program, &self.tools)?;
        }
        Ok(jobs)
    }
}

/// Refuses a path that cannot stand in a batch script as it is.
fn refuse_odd_path(path: &Path) -> Result<(), PipelineError> {
    let shown = path.display().to_string();
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "%#;\\\"'".contains(c);
    if !shown.chars().any(is_odd) {
        return Ok(());
    }
    Err(PipelineError::Argument {
        message: format!("`{shown}` cannot stand in a batch script"),
        help: Some("take a path without spaces, quotes, `%`, `#`, `;` and `\\`".to_owned()),
    })
}

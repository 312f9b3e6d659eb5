//! Which tasks of a plan a call is about: `--from`, `--until`, `--only` and `--force`.

use super::plan::{Instance, Plan, PlannedStage};
use super::task::{Task, is_stored};
use crate::error::PipelineError;
use crate::project::Project;
use crate::text::suggestion;

/// Stages named on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// This stage and what follows from it.
    pub from: Option<String>,
    /// This stage and what it needs.
    pub until: Option<String>,
    /// This stage alone.
    pub only: Option<String>,
    /// Stages that are run although their artifacts are there.
    pub force: Vec<String>,
}

impl Selection {
    /// Whether it leaves no task out.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.from.is_none() && self.until.is_none() && self.only.is_none()
    }

    /// Marks in `plan` the tasks that may be run and those that must be.
    ///
    /// # Errors
    /// Where a name means no stage of the plan, or what comes before the selected stages is not
    /// stored: it would have to be run.
    pub fn apply(&self, project: &Project, plan: &mut Plan) -> Result<(), PipelineError> {
        let named = [("--from", &self.from), ("--until", &self.until), ("--only", &self.only)];
        let named = named.into_iter().filter_map(|(flag, name)| Some((flag, name.as_ref()?)));
        for (flag, name) in named.chain(self.force.iter().map(|name| ("--force", name))) {
            check_name(plan, flag, name)?;
        }
        let selected = self.selected(plan);
        let needed = with_inputs(plan, &selected);
        let missing = (0..plan.tasks.len()).find(|&index| {
            needed[index] && !selected[index] && !is_stored(project, &plan.tasks[index])
        });
        if let Some(index) = missing {
            return Err(self.missing(&plan.tasks[index]));
        }
        for (task, is_selected) in plan.tasks.iter_mut().zip(selected) {
            task.is_selected = is_selected;
            task.is_forced = is_selected && self.force.contains(&task.stage);
        }
        Ok(())
    }

    /// For each task whether the names mean it.
    fn selected(&self, plan: &Plan) -> Vec<bool> {
        let of = |name: &Option<String>| -> Vec<bool> {
            let is_named = |task: &Task| name.as_ref().is_none_or(|name| *name == task.stage);
            plan.tasks.iter().map(is_named).collect()
        };
        let (mut from, until, only) = (of(&self.from), of(&self.until), of(&self.only));
        // Each task stands after its inputs.
        for index in 0..plan.tasks.len() {
            from[index] = from[index] || inputs(plan, index).any(|input| from[input]);
        }
        let until = with_inputs(plan, &until);
        (0..plan.tasks.len()).map(|index| from[index] && until[index] && only[index]).collect()
    }

    fn missing(&self, task: &Task) -> PipelineError {
        let target = self.only.as_ref().or(self.until.as_ref()).or(self.from.as_ref());
        let target = target.map_or(task.stage.as_str(), String::as_str);
        PipelineError::Argument {
            message: format!("what `{}` makes is needed and not there yet", task.stage),
            help: Some(format!("`--until {target}` makes it as well")),
        }
    }
}

impl Plan {
    /// The plan without the tasks that are neither selected nor stored, nor what needs them: what
    /// a call leaves as results.
    #[must_use]
    pub fn reachable(&self, project: &Project) -> Self {
        let mut kept = vec![None; self.tasks.len()];
        let mut plan = Self { tasks: Vec::new(), stages: Vec::new(), ..self.clone() };
        for (index, task) in self.tasks.iter().enumerate() {
            let is_there = task.is_selected || is_stored(project, task);
            let feeds = task.inputs.values().flatten();
            if !is_there || feeds.into_iter().any(|feed| kept[feed.task].is_none()) {
                continue;
            }
            let mut task = task.clone();
            for feed in task.inputs.values_mut().flatten() {
                feed.task = kept[feed.task].unwrap_or_default();
            }
            kept[index] = Some(plan.tasks.len());
            plan.tasks.push(task);
        }
        for stage in &self.stages {
            let instances = stage.instances.iter().filter_map(|instance| {
                Some(Instance { point: instance.point.clone(), task: kept[instance.task]? })
            });
            let instances: Vec<Instance> = instances.collect();
            if !instances.is_empty() {
                plan.stages.push(PlannedStage { instances, ..stage.clone() });
            }
        }
        plan
    }
}

fn check_name(plan: &Plan, flag: &str, name: &str) -> Result<(), PipelineError> {
    let stages: Vec<&str> = plan.stages.iter().map(|stage| stage.name.as_str()).collect();
    if stages.contains(&name) {
        return Ok(());
    }
    Err(PipelineError::Argument {
        message: format!("{flag} {name}: there is no stage `{name}` in this pipeline"),
        help: suggestion(name, stages),
    })
}

/// Tasks that the artifact of `index` is made from.
fn inputs(plan: &Plan, index: usize) -> impl Iterator<Item = usize> {
    plan.tasks[index].inputs.values().flatten().map(|feed| feed.task)
}

/// The `marked` tasks and all that they are made from.
fn with_inputs(plan: &Plan, marked: &[bool]) -> Vec<bool> {
    let mut found = marked.to_vec();
    for index in (0..plan.tasks.len()).rev() {
        if found[index] {
            for input in inputs(plan, index) {
                found[input] = true;
            }
        }
    }
    found
}

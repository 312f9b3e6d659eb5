//! One check: everything that is asked of a program, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Map, Value};
use stage::{Limits, Outlines, Part};

use super::made_up::{Problem, Samples};
use super::trial::Trial;
use super::verdict::{Outcome, Verdict};
use super::{description, parameters};
use crate::error::PipelineError;
use crate::programs::{Catalogue, Program, Unusable};
use crate::project::Project;
use crate::reading::Override;
use crate::schema::{Schema, validate};
use crate::text::Diagnostics;

/// Which program to check, and with what.
#[derive(Clone, Debug)]
pub struct StageCheck {
    /// A name or a file, as under `uses:`.
    pub program: String,
    /// `PATH=VALUE` of each `--set`, below the parameters.
    pub set: Vec<String>,
    /// Artifacts in place of made-up ones, by port.
    pub inputs: BTreeMap<String, PathBuf>,
    /// What the made-up artifacts are of.
    pub problem: Problem,
    /// What each call of the program may use.
    pub limits: Limits,
}

/// Calls the program that `check` names in every way that the contract knows.
///
/// # Errors
/// Where there is no such program, or an argument is wrong; what is wrong with the program is no
/// error but the answer.
pub fn stage_check(project: &Project, check: &StageCheck) -> Result<Verdict, PipelineError> {
    let argument = |missing: Unusable| PipelineError::Argument {
        message: missing.message,
        help: missing.help,
    };
    let catalogue = Catalogue::of(project)?;
    let uses = project.program_of_argument(&check.program)?;
    let uses = uses.as_str();
    catalogue.check(uses).map_err(argument)?;
    let mut verdict = Verdict::of(&check.program);
    let program = match catalogue.programs(&BTreeSet::from([uses]))?.remove(uses) {
        Some(Ok(program)) => program,
        Some(Err(why)) => {
            verdict.broken("describe", why.message, why.help);
            return Ok(verdict);
        }
        // The catalogue answers for every name that it is asked for.
        None => return Ok(verdict),
    };
    verdict.add_title(&program.description);
    verdict.add("describe", description::check(&program, project));
    let schema = Schema::new(&program.description.parameters);
    verdict.add("parameters", parameters::check(schema));
    let given = given(&program, check)?;
    let samples = Samples::new(&program.description.inputs, &check.inputs, check.problem)?;
    verdict.add("plan", plan(&program, project, &given, &samples, check.limits));
    let parameters = planned(&program, project, &given, &samples, check.limits);
    let trial =
        Trial { project, program: &program, parameters, samples: &samples, limits: check.limits };
    trial.check(&mut verdict)?;
    Ok(verdict)
}

/// The parameters of the `--set` arguments.
fn given(program: &Program, check: &StageCheck) -> Result<Value, PipelineError> {
    let schema = Schema::new(&program.description.parameters);
    let mut given = Value::Object(Map::new());
    let mut wrong = Vec::new();
    for text in &check.set {
        // As a pipeline would have it, so that one reader does for both.
        let set = Override::parse(&format!("stage.with.{text}")).and_then(|mut one| {
            one.argument = format!("--set {text}");
            let path = one.path[2..].to_vec();
            one.apply_to_parameters(&mut given, Some(schema), &path)
        });
        wrong.extend(set.err());
    }
    if !wrong.is_empty() {
        return Err(PipelineError::Invalid(Diagnostics::new(wrong)));
    }
    match validate(schema, &given).into_iter().next() {
        None => Ok(given),
        Some(issue) => {
            let how = "`--set PATH=VALUE` sets a parameter".to_owned();
            Err(PipelineError::Argument {
                message: format!("the program cannot be run: {}", issue.message),
                help: Some(if issue.key { how } else { issue.help.unwrap_or(how) }),
            })
        }
    }
}

/// What the program says it would do with the made-up inputs, and with a parameter that there
/// is not.
fn plan(
    program: &Program,
    project: &Project,
    given: &Value,
    samples: &Samples,
    limits: Limits,
) -> Outcome {
    if !program.description.plans {
        return Outcome::Skipped("it says that it answers none (`plans`)".to_owned());
    }
    let ask = |parameters: &Value| {
        let request = stage::PlanRequest {
            contract: program.description.contract.clone(),
            parameters: parameters.clone(),
            inputs: Outlines::from(samples.outlines()),
            kinds: samples.kinds(),
            limits,
            part: Part::Whole,
        };
        program.plan(&request, &project.root)
    };
    let mut faults = Vec::new();
    match ask(given) {
        Err(why) => faults.push(format!("it {}", why.message)),
        Ok(plan) => {
            for problem in plan.problems {
                faults
                    .push(format!("it finds a problem with its own defaults: {}", problem.message));
            }
            let schema = Schema::new(&program.description.parameters);
            let odd = validate(schema, &plan.parameters).into_iter().next();
            if let Some(issue) = odd.filter(|_| !plan.parameters.is_null()) {
                faults.push(format!(
                    "the parameters that it answers do not fit its schema: {}",
                    issue.message
                ));
            }
            let outside = plan.files.iter().find(|file| !project.root.join(file).is_file());
            if let Some(file) = outside {
                faults.push(format!("it would read {}, which is not a file", file.display()));
            }
        }
    }
    let mut odd = given.clone();
    odd[parameters::UNKNOWN] = Value::from(1);
    if ask(&odd).is_ok_and(|plan| plan.problems.is_empty()) {
        faults.push("it finds nothing wrong with a parameter that it does not have".to_owned());
    }
    Outcome::of(faults, "nothing is wrong with the defaults, and an unknown parameter is refused")
}

/// The parameters with every default filled in, by the program's own plan where it makes one.
fn planned(
    program: &Program,
    project: &Project,
    given: &Value,
    samples: &Samples,
    limits: Limits,
) -> Value {
    let schema = Schema::new(&program.description.parameters);
    let filled = crate::schema::with_defaults(schema, given);
    let request = stage::PlanRequest {
        contract: program.description.contract.clone(),
        parameters: given.clone(),
        inputs: Outlines::from(samples.outlines()),
        kinds: samples.kinds(),
        limits,
        part: Part::Whole,
    };
    let plan = program.description.plans.then(|| program.plan(&request, &project.root));
    let answered = plan.and_then(Result::ok).map(|plan| plan.parameters);
    answered.filter(|parameters| !parameters.is_null()).unwrap_or(filled)
}

//! The command `stages`: what stages there are, with their ports and parameters.

use std::collections::BTreeSet;

use artifact::{ANY_KIND, Kind};
use stage::Description;

use super::discovery::{Catalogue, HOW_TO_INSTALL};
use super::program::Unusable;
use crate::error::PipelineError;
use crate::project::Project;
use crate::schema::{Schema, fields};
use crate::text::grid;

/// The stages of the workspace, those of PATH where it has none, or the one that `name` means as `uses:` would, as text.
///
/// # Errors
/// Where `name` means no stage, there are none, or a program cannot be built or asked.
pub fn stages(project: &Project, name: Option<&str>) -> Result<String, PipelineError> {
    let catalogue = Catalogue::of(project)?;
    let named = name.map(|name| project.program_of_argument(name)).transpose()?;
    let name = named.as_deref();
    let all = catalogue.names();
    let wanted: BTreeSet<&str> = match name {
        Some(name) => BTreeSet::from([name]),
        None => all.iter().map(String::as_str).collect(),
    };
    let argument = |missing: Unusable| PipelineError::Argument {
        message: missing.message,
        help: missing.help,
    };
    if let Some(name) = name {
        catalogue.check(name).map_err(argument)?;
    }
    if wanted.is_empty() {
        return Err(PipelineError::Argument {
            message: format!(
                "there are no stages: {} is not a workspace with any, and PATH has no programs `stage-NAME`",
                project.root.display()
            ),
            help: Some(HOW_TO_INSTALL.to_owned()),
        });
    }
    let (mut blocks, mut others) = (Vec::new(), Vec::new());
    for (uses, program) in catalogue.programs(&wanted)? {
        match program {
            Ok(program) => {
                blocks.push((program.description.output, block(&uses, &program.description)));
            }
            Err(why) if name.is_some() => return Err(argument(why)),
            // One program of PATH that is no stage hides none of those that are.
            Err(why) => others.push(format!("{uses} is not a stage: {}\n", why.message)),
        }
    }
    // In the order of the chain, not of the alphabet.
    let chain = |kind: Kind| {
        let place = Kind::SHARED.iter().position(|shared| *shared == kind);
        (kind == Kind::REPORT, place.unwrap_or(Kind::SHARED.len()))
    };
    blocks.sort_by_key(|(output, _)| chain(*output));
    Ok(blocks.into_iter().map(|(_, text)| text).chain(others).collect::<Vec<_>>().join("\n"))
}

/// The kinds of artifact that the contract declares, and those that stages of the workspace do, by name.
///
/// # Errors
/// Where a program cannot be built or asked.
pub fn kinds(project: &Project) -> Result<Vec<Kind>, PipelineError> {
    let catalogue = Catalogue::of(project)?;
    let all = catalogue.names();
    let mut kinds = Kind::SHARED.to_vec();
    let names: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    let mut own = Vec::new();
    for (_, program) in catalogue.programs(&names)? {
        let argument = |missing: Unusable| PipelineError::Argument {
            message: missing.message,
            help: missing.help,
        };
        own.push(program.map_err(argument)?.description.output);
    }
    own.sort_by_key(|kind| kind.name());
    for kind in own {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

/// One stage as text.
fn block(uses: &str, description: &Description) -> String {
    let mut text = format!("{uses}: {}\n", description.summary);
    let mut rows = Vec::new();
    for port in &description.inputs {
        let many = if port.many {
            "s of one or several stages, all variants of a sweep at once"
        } else {
            ""
        };
        let kind = if port.kind == ANY_KIND { "any" } else { &port.kind };
        let optional = if port.optional { ", may be left out" } else { "" };
        rows.push(vec![
            "input".to_owned(),
            port.name.to_string(),
            format!("{kind} artifact{many}{optional}"),
        ]);
    }
    let tables: Vec<&str> = description.output.tables().iter().map(|table| table.name).collect();
    let mut output = tables.join(", ");
    if !description.files.is_empty() {
        output = format!("{output}; {}", description.files.join(", "));
    }
    rows.push(vec!["output".to_owned(), description.output.to_string(), output]);
    text.push_str(&grid(&rows, "  "));
    let fields = fields(Schema::new(&description.parameters));
    if !fields.is_empty() {
        text.push('\n');
        let head = ["parameter", "default", "meaning"].map(str::to_owned).to_vec();
        let meaning =
            |about: &str, takes: &str| format!("{about} [{takes}]").trim_start().to_owned();
        let rows =
            fields.into_iter().map(|of| vec![of.path, of.default, meaning(&of.about, &of.takes)]);
        text.push_str(&grid(&std::iter::once(head).chain(rows).collect::<Vec<_>>(), "  "));
    }
    text
}

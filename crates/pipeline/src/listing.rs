//! The command `stages`: what stages there are, with their ports and parameters.

use std::collections::BTreeSet;

use stage::Description;

use crate::discovery::Catalogue;
use crate::error::PipelineError;
use crate::grid::grid;
use crate::program::Unusable;
use crate::project::Project;
use crate::schema::{Schema, fields};

/// The stages of the workspace, those of PATH where it has none, or the one that `name` means as `uses:` would, as text.
///
/// # Errors
/// Where `name` means no stage, or a program cannot be built or asked.
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
    let mut blocks = Vec::new();
    for (uses, program) in catalogue.programs(&wanted)? {
        let program = program.map_err(argument)?;
        blocks.push((program.description.output, block(&uses, &program.description)));
    }
    // In the order of the chain, not of the alphabet.
    blocks.sort_by_key(|(output, _)| *output);
    Ok(blocks.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n"))
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
        rows.push(vec![
            "input".to_owned(),
            port.name.to_string(),
            format!("{} artifact{many}", port.kind),
        ]);
    }
    let tables: Vec<&str> = description.tables.iter().map(|table| table.name.as_str()).collect();
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

//! `cargo xtask install`: the program `ntk-lab` and every stage, for machines without this source.

use std::path::PathBuf;

use pipeline::Project;

use crate::call::{call, cargo};
use crate::error::XtaskError;
use crate::print;

/// Arguments of `cargo xtask install`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Install into FOLDER/bin [default: where `cargo install` does].
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// Installs the package with `ntk-lab` and every package with a program `stage-NAME`.
///
/// # Errors
/// Where a build fails or the folder cannot be written; cargo has said why by then.
pub fn run(project: &Project, arguments: &Arguments) -> Result<(), XtaskError> {
    for package in pipeline::installed_packages(project)? {
        let mut install = cargo();
        install.args(["install", "--locked", "--path"]).arg(package).current_dir(&project.root);
        if let Some(root) = &arguments.root {
            install.arg("--root").arg(root);
        }
        call(&mut install)?;
    }
    print("installed ntk-lab and all stages; `ntk-lab stages` lists them");
    Ok(())
}

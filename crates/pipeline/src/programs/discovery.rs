//! From `uses:` to a program.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use artifact::not_regular;

use super::program::{Program, Unusable};
use super::workspace::{self, WorkspaceStage};
use crate::error::PipelineError;
use crate::project::Project;
use crate::store::Store;
use crate::text::suggestion;

/// Every stage program that a project can use by name.
#[derive(Debug)]
pub(crate) struct Catalogue<'p> {
    project: &'p Project,
    workspace: BTreeMap<String, WorkspaceStage>,
}

impl<'p> Catalogue<'p> {
    /// Looks at the workspace; nothing is built.
    ///
    /// # Errors
    /// Where cargo does not understand the workspace.
    pub(crate) fn of(project: &'p Project) -> Result<Self, PipelineError> {
        Ok(Self { project, workspace: workspace::stages(&project.root)? })
    }

    /// Names of the workspace's stages; where it has none, of those on the search path.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        if self.workspace.is_empty() {
            self.every_name()
        } else {
            self.workspace.keys().cloned().collect()
        }
    }

    /// Whether `uses` means a program that there is, or can be built.
    ///
    /// # Errors
    /// Where it means none.
    pub(crate) fn check(&self, uses: &str) -> Result<(), Unusable> {
        if self.workspace.contains_key(uses) { Ok(()) } else { self.elsewhere(uses).map(|_| ()) }
    }

    /// Whether each stage of the workspace among `uses` has been built before.
    pub(crate) fn are_built(&self, uses: &BTreeSet<&str>) -> bool {
        uses.iter().filter_map(|uses| self.workspace.get(*uses)).all(|stage| stage.built.is_some())
    }

    /// The programs that `uses` mean, those of the workspace built in one call; whatever means
    /// none or cannot be used comes with the reason.
    ///
    /// # Errors
    /// Where the build fails.
    pub(crate) fn programs(
        &self,
        uses: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Result<Program, Unusable>>, PipelineError> {
        let packages: BTreeSet<&str> = uses
            .iter()
            .filter_map(|uses| self.workspace.get(*uses))
            .map(|stage| stage.package.as_str())
            .collect();
        let built = if packages.is_empty() {
            BTreeMap::new()
        } else {
            workspace::build(&self.project.root, &packages.into_iter().collect::<Vec<_>>())?
        };
        let mut stamps = Store::of(self.project).stamps_of_files();
        let mut program = |uses: &str| {
            let path = match built.get(&format!("stage-{uses}")) {
                Some(path) => path.clone(),
                None => self.elsewhere(uses)?,
            };
            Program::describe(&path, &self.project.root, &mut stamps).map_err(|unusable| Unusable {
                message: format!("the program {} {}", self.project.shown(&path), unusable.message),
                help: unusable.help,
            })
        };
        let programs = uses.iter().map(|uses| ((*uses).to_owned(), program(uses))).collect();
        stamps.write();
        Ok(programs)
    }

    /// A file from the root, or `stage-NAME` on the search path.
    fn elsewhere(&self, uses: &str) -> Result<PathBuf, Unusable> {
        if uses.contains('/') {
            let path = self.project.root.join(uses);
            return match fs::metadata(&path).map(|found| not_regular(found.file_type())) {
                Ok(None) => Ok(path),
                Ok(Some(what)) => {
                    Err(format!("the stage program {uses} is {what}, not a regular file").into())
                }
                Err(_) => Err(Unusable {
                    message: format!("there is no stage program {uses}"),
                    help: None,
                }),
            };
        }
        let file = format!("stage-{uses}{}", env::consts::EXE_SUFFIX);
        let there: Vec<PathBuf> = self
            .project
            .search
            .iter()
            .map(|folder| folder.join(&file))
            .filter(|path| path.is_file())
            .collect();
        if let Some(program) = there.iter().find(|path| is_program(path)) {
            return Ok(program.clone());
        }
        let help = match there.first() {
            Some(path) => {
                Some(format!("{} is not executable: `chmod +x` makes it so", path.display()))
            }
            None => self.nearest_or_install(uses),
        };
        let message = format!(
            "there is no stage `{uses}`: neither this workspace nor PATH has a program `stage-{uses}`"
        );
        Err(Unusable { message, help })
    }

    /// The nearest name to `uses`, or how to get any stages where there are none.
    fn nearest_or_install(&self, uses: &str) -> Option<String> {
        let names = self.every_name();
        if names.is_empty() {
            return Some(HOW_TO_INSTALL.to_owned());
        }
        suggestion(uses, names.iter().map(String::as_str))
    }

    /// Names of all stages that `uses` could mean without being a path.
    fn every_name(&self) -> BTreeSet<String> {
        let files = self.project.search.iter().filter_map(|folder| fs::read_dir(folder).ok());
        let on_path = files.flatten().flatten().filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let name = name.strip_suffix(env::consts::EXE_SUFFIX)?.strip_prefix("stage-")?;
            (can_be_used(name) && is_program(&entry.path())).then(|| name.to_owned())
        });
        self.workspace.keys().cloned().chain(on_path).collect()
    }
}

/// What to do where there are no stages at all.
pub(crate) const HOW_TO_INSTALL: &str = "in the source of ntk-lab, `cargo xtask install` installs this program and all stages; the folder of their programs must be in PATH";

/// Whether `name` can name a stage without a path.
pub(crate) fn can_be_used(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.chars().all(fine)
}

/// Whether `path` leads to a file that may be run: a shell looks past any other.
fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

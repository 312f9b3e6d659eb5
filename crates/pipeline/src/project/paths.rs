//! Where relative paths are looked for: the one rule for the files and the stage programs that
//! people name.
//!
//! What an argument names is looked for in the folder of the command, then in the project; what a
//! pipeline file names, in the project, then beside the file. A data file that is in neither is
//! looked for in the folder of the command, too; a program never is, so that a pipeline runs the
//! same programs wherever it is called.

use std::path::{Path, PathBuf};

use super::folders::Project;
use crate::error::PipelineError;
use crate::text::listed;

/// Who names a path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NamedBy<'a> {
    /// An argument of the command.
    Argument,
    /// The pipeline file at this path.
    File(&'a Path),
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// A file that a stage reads.
    Data,
    /// A stage program.
    Program,
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// To the same from the root: it stays as it is written.
    AsWritten,
    /// To something elsewhere: this is its path from the root, or from `/` where it lies outside.
    Elsewhere(String),
    /// To nothing in any of these places.
    Nowhere(Vec<PathBuf>),
}

impl Project {
    /// Where the path `text` leads, which names what `names` says.
    pub(crate) fn find_path(&self, text: &str, names: Names, by: NamedBy) -> Found {
        let path = Path::new(text);
        if path.is_absolute() {
            return Found::AsWritten;
        }
        let folders: Vec<&Path> = match by {
            NamedBy::Argument => vec![&self.here, &self.root],
            NamedBy::File(file) => {
                let beside = file.parent().unwrap_or(&self.root);
                match names {
                    Names::Data => vec![&self.root, beside, &self.here],
                    Names::Program => vec![&self.root, beside],
                }
            }
        };
        let Some(folder) = folders.iter().find(|folder| folder.join(path).exists()) else {
            let mut places: Vec<PathBuf> = folders.iter().map(|folder| folder.join(path)).collect();
            places.dedup();
            return Found::Nowhere(places);
        };
        if *folder == self.root {
            return Found::AsWritten;
        }
        // Without `..` and links, so that a file has one name wherever it is called from.
        let place = folder.join(path);
        let place = place.canonicalize().unwrap_or(place);
        let root = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        match (place.strip_prefix(root), names) {
            // A program without a slash would be looked for on PATH.
            (Ok(below), Names::Program) => Found::Elsewhere(format!("./{}", below.display())),
            (Ok(below), Names::Data) => Found::Elsewhere(below.display().to_string()),
            (Err(_), _) => Found::Elsewhere(place.display().to_string()),
        }
    }
}

impl Project {
    /// The program that an argument names, as `uses` of a pipeline would name it.
    ///
    /// # Errors
    /// Where it is a path that leads nowhere.
    pub(crate) fn program_of_argument(&self, name: &str) -> Result<String, PipelineError> {
        if !name.contains('/') {
            return Ok(name.to_owned());
        }
        match self.find_path(name, Names::Program, NamedBy::Argument) {
            Found::AsWritten => Ok(name.to_owned()),
            Found::Elsewhere(path) => Ok(path),
            Found::Nowhere(places) => Err(PipelineError::Argument {
                message: format!("there is no stage program {name}"),
                help: Some(looked_for(&places)),
            }),
        }
    }
}

/// Says where a path was looked for.
pub(crate) fn looked_for(places: &[PathBuf]) -> String {
    // `a/./b` is `a/b`.
    let plain = |place: &PathBuf| place.components().collect::<PathBuf>().display().to_string();
    let places: Vec<String> = places.iter().map(plain).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    format!("tried {}", listed(&places, "and"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn arguments_are_looked_for_where_the_command_runs_and_files_in_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for place in ["project/pipelines", "project/sub", "outside"] {
            fs::create_dir_all(root.join(place)).unwrap();
        }
        for file in ["project/both", "project/sub/both", "project/sub/here", "outside/out"] {
            fs::write(root.join(file), "").unwrap();
        }
        fs::write(root.join("project/pipelines/beside"), "").unwrap();
        let mut project = Project::at(&root.join("project"));
        let file = root.join("project/pipelines/x.yaml");
        project.here = root.join("project/sub");
        let of = |text: &str, by| project.find_path(text, Names::Data, by);
        let elsewhere = |text: &str| Found::Elsewhere(text.to_owned());

        assert_eq!(of("both", NamedBy::Argument), elsewhere("sub/both"));
        assert_eq!(of("both", NamedBy::File(&file)), Found::AsWritten);
        assert_eq!(of("here", NamedBy::Argument), elsewhere("sub/here"));
        assert_eq!(of("here", NamedBy::File(&file)), elsewhere("sub/here"));
        assert_eq!(of("../both", NamedBy::Argument), elsewhere("both"));
        assert_eq!(of("beside", NamedBy::File(&file)), elsewhere("pipelines/beside"));
        let out = root.join("outside/out").display().to_string();
        assert_eq!(of("../../outside/out", NamedBy::Argument), elsewhere(&out));
        assert_eq!(of(&out, NamedBy::Argument), Found::AsWritten);
        let Found::Nowhere(places) = of("none", NamedBy::Argument) else { panic!("it is nowhere") };
        assert_eq!(places, [root.join("project/sub/none"), root.join("project/none")]);

        let program = |by| project.find_path("./here", Names::Program, by);
        assert_eq!(program(NamedBy::Argument), elsewhere("./sub/here"));
        assert!(matches!(program(NamedBy::File(&file)), Found::Nowhere(_)));
    }
}

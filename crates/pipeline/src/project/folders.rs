//! Where a project's pipelines, stage programs and data lie.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use artifact::not_regular;
use serde::{Deserialize, Serialize};

use crate::error::PipelineError;
use crate::text::{listed, nearest};

/// A project: the folder with `pipelines/`, or any other folder, and where artifacts and results go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Project {
    /// Stages run here.
    pub root: PathBuf,
    /// The folder in which the command was called.
    pub here: PathBuf,
    /// Holds the folder `runs`, and `store` where nothing else is said.
    pub data: PathBuf,
    /// The store, where it is not in `data`: several projects may share one.
    pub store: Option<PathBuf>,
    /// Folders with programs `stage-NAME`: those of PATH, and last that of this program.
    pub search: Vec<PathBuf>,
}

impl Project {
    /// The project that a command was called in: the workspace that xtask belongs to, else the
    /// nearest folder from here upwards that has a folder `pipelines`, else the folder here.
    ///
    /// # Errors
    /// Where the system does not say which folder is here.
    pub fn find() -> Result<Self, PipelineError> {
        // Set by `cargo run`: the folder of the crate xtask.
        let from_cargo = env::var_os("CARGO_MANIFEST_DIR")
            .and_then(|folder| Path::new(&folder).parent().map(Path::to_owned));
        let here = env::current_dir().map_err(PipelineError::io("opening", Path::new(".")))?;
        let has_pipelines = |folder: &&Path| folder.join("pipelines").is_dir();
        let of_cargo = from_cargo
            .as_deref()
            .filter(|folder| has_pipelines(folder) && folder.join("Cargo.toml").is_file());
        let root = of_cargo.or_else(|| here.ancestors().find(has_pipelines)).unwrap_or(&here);
        let mut project = Self::at(root);
        // Stages that were installed with this program are found wherever that is.
        let beside =
            env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
        project.search.extend(beside);
        project.here = here;
        Ok(project)
    }

    /// The project at `root`, called from there, with its data in `data` and stages of PATH.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        // A relative folder of PATH would find whatever program lies beside a stranger's pipeline.
        let search = env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
        let (root, here) = (root.to_owned(), root.to_owned());
        Self { data: root.join("data"), root, here, store: None, search }
    }

    /// Folder of artifacts.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.store.clone().unwrap_or_else(|| self.data.join("store"))
    }

    /// Folder of a pipeline's results.
    #[must_use]
    pub fn results(&self, pipeline: &str) -> PathBuf {
        self.data.join("runs").join(pipeline)
    }

    /// Folder of a pipeline's batch scripts, which its jobs read: it stays where it is when results are
    /// gathered.
    #[must_use]
    pub fn jobs(&self, pipeline: &str) -> PathBuf {
        self.data.join("jobs").join(pipeline)
    }

    /// `path` as it is shown to people: relative to the current folder or the root where it lies
    /// below.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.here)
            .or_else(|_| path.strip_prefix(&self.root))
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// File names of the pipelines of this project, sorted.
    #[must_use]
    pub fn pipelines(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.join("pipelines")).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_yaml(Path::new(name)))
            .collect();
        names.sort();
        names
    }

    /// The file that `name` means: one of `pipelines/`, with or without `.yaml`, or a path from the
    /// folder of the command, or from the root.
    ///
    /// # Errors
    /// Where there is no such file; the error lists those that exist.
    pub fn pipeline_file(&self, name: &str) -> Result<PathBuf, PipelineError> {
        let folder = self.root.join("pipelines");
        let is_path = name.contains(['/', '\\']);
        if !is_path {
            let candidates = [name.to_owned(), format!("{name}.yaml"), format!("{name}.yml")];
            let found = candidates.iter().map(|name| folder.join(name)).find(|path| path.is_file());
            if let Some(path) = found {
                return Ok(path);
            }
        }
        let places = [self.here.join(name), self.root.join(name)];
        if let Some(path) = places.iter().find(|path| path.is_file()) {
            return path.canonicalize().map_err(PipelineError::io("opening", path));
        }
        for path in places.into_iter().chain([folder.join(name)]) {
            let what = fs::metadata(&path).ok().and_then(|found| not_regular(found.file_type()));
            if let Some(what) = what {
                return Err(PipelineError::Argument {
                    message: format!(
                        "the pipeline file {} is {what}, not a regular file",
                        self.shown(&path)
                    ),
                    help: None,
                });
            }
        }
        let existing = self.pipelines();
        let existing: Vec<&str> = existing.iter().map(String::as_str).collect();
        let message = if is_path {
            format!("there is no pipeline file {name}")
        } else {
            format!("there is no pipeline `{name}` in {}", self.shown(&folder))
        };
        let stem = |name: &str| {
            Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned())
        };
        let wanted = stem(name).unwrap_or_default();
        let stems: Vec<String> = existing.iter().filter_map(|name| stem(name)).collect();
        let all = listed(&existing, "and");
        let help = match nearest(&wanted, stems.iter().map(String::as_str)) {
            _ if existing.is_empty() => "there are no pipelines yet".to_owned(),
            Some(near) => format!("did you mean `{near}`? Those that exist: {all}"),
            None => format!("those that exist: {all}"),
        };
        Err(PipelineError::Argument { message, help: Some(help) })
    }
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("pipelines")).unwrap();
        for name in ["lr-decay.yaml", "depth.yaml", "notes.txt"] {
            fs::write(folder.path().join("pipelines").join(name), "").unwrap();
        }
        let project = Project::at(folder.path());
        (folder, project)
    }

    #[test]
    fn a_bare_name_is_found_with_and_without_its_ending() {
        let (folder, project) = project();
        let expected = folder.path().join("pipelines/lr-decay.yaml");
        assert_eq!(project.pipeline_file("lr-decay").unwrap(), expected);
        assert_eq!(project.pipeline_file("lr-decay.yaml").unwrap(), expected);
        let path = expected.to_str().unwrap();
        assert_eq!(project.pipeline_file(path).unwrap(), expected.canonicalize().unwrap());
    }

    #[test]
    fn an_unknown_name_lists_what_exists_and_the_nearest() {
        let (_folder, project) = project();
        insta::assert_snapshot!(project.pipeline_file("lr-deacy").unwrap_err(), @r#"
        error: there is no pipeline `lr-deacy` in pipelines
          = help: did you mean `lr-decay`? Those that exist: `depth.yaml` and `lr-decay.yaml`
        "#);
        insta::assert_snapshot!(project.pipeline_file("qqq").unwrap_err(), @r#"
        error: there is no pipeline `qqq` in pipelines
          = help: those that exist: `depth.yaml` and `lr-decay.yaml`
        "#);
        insta::assert_snapshot!(project.pipeline_file("./elsewhere/lr-decay.yaml").unwrap_err(), @r#"
        error: there is no pipeline file ./elsewhere/lr-decay.yaml
          = help: did you mean `lr-decay`? Those that exist: `depth.yaml` and `lr-decay.yaml`
        "#);
        assert_eq!(project.pipeline_file("qqq").unwrap_err().exit_code(), 2);
    }

    #[test]
    fn what_is_no_regular_file_is_refused_without_being_opened() {
        let (folder, project) = project();
        let pipe = folder.path().join("pipelines/pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = |name: &str| project.pipeline_file(name).unwrap_err().to_string();
        for name in ["pipe", pipe.to_str().unwrap()] {
            let expected = "the pipeline file pipelines/pipe is a named pipe, not a regular file";
            assert_eq!(error(name), format!("error: {expected}"));
        }
        assert!(error("/dev/zero").contains("/dev/zero is a device"));
        assert!(error("/dev").contains("/dev is a folder"));
    }
}

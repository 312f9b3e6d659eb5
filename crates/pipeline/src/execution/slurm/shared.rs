//! Whether the nodes of a cluster see the files of this machine.

use std::path::{Path, PathBuf};

use rustix::fs::statfs;

use super::tools::{Tools, refused};
use crate::error::PipelineError;
use crate::project::Project;
use crate::system::host;

/// File systems that lie on a disk or in the memory of one machine, by the number that Linux gives
/// them (statfs(2)).
const LOCAL: [(i128, &str); 9] = [
    (0xEF53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x2FC1_2FC1, "zfs"),
    (0xF2F5_2010, "f2fs"),
    (0x0102_1994, "tmpfs"),
    (0x794C_7630, "overlay"),
    (0x8584_58F6, "ramfs"),
    (0xCA45_1A4E, "bcachefs"),
];

/// Refuses files on a file system of this machine alone, where the cluster has other machines.
///
/// # Errors
/// Where there is one, or SLURM does not say which machines it has.
pub(super) fn check(project: &Project, program: &Path, tools: &Tools) -> Result<(), PipelineError> {
    let here = host();
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let others = tools.nodes(None).map_err(refused)?.into_values();
    let others: Vec<String> = others.filter(|name| short(name) != short(&here)).collect();
    let Some(other) = others.first() else { return Ok(()) };
    let (store, root) = (project.store(), &project.root);
    for (what, path) in [
        ("the store", &store),
        ("the folder of results", &project.data),
        ("the project", root),
        ("this program", &program.to_owned()),
    ] {
        let Some(system) = local(path) else { continue };
        return Err(PipelineError::Argument {
            message: format!(
                "{what} {} lies on {system}, a file system of this machine, where {other} does not see it",
                project.shown(path)
            ),
            help: Some(
                "put it where all nodes have it under the same path; where they do see it, say `cluster: { shared: true }`"
                    .to_owned(),
            ),
        });
    }
    Ok(())
}

/// The name of the file system of one machine on which `path` lies, or would lie.
fn local(path: &Path) -> Option<&'static str> {
    let existing: PathBuf = path.ancestors().find(|path| path.exists())?.to_owned();
    let number = i128::from(statfs(&existing).ok()?.f_type);
    LOCAL.iter().find(|(of, _)| *of == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_this_machine_is_no_shared_file_system() {
        assert_eq!(local(Path::new("/dev/shm/not/there")), Some("tmpfs"));
        assert_eq!(local(Path::new("/proc")), None);
    }
}

//! The manifest: what an artifact is, where it came from, and what its tables must hash to.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::ArtifactError;
use crate::file::{not_regular, open_file};
use crate::kind::Kind;
use crate::outline::Outline;
use crate::read::{decode_table_file, files};

/// Version of the contract between driver and stages, `major.minor`.
///
/// * 1.0: `describe`, `plan`, `run`; kinds dataset, training, kernel, spectrum, report.
/// * 2.0: kinds that a stage declares itself, with their tables and facts; ports that are optional
///   or take any kind; a table `findings` in any artifact. `tables` has left `describe`.
pub const CONTRACT: &str = "2.0";

/// Whether this side understands version `version` of the contract: what 1.x has said is still so.
#[must_use]
pub fn speaks(version: &str) -> bool {
    matches!(version.split('.').next(), Some("1" | "2"))
}

/// Name of the manifest in an artifact's directory.
pub const MANIFEST_FILE: &str = "manifest.json";

/// What an artifact is and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Contract version under which it was made.
    pub contract: String,
    /// Kind of artifact.
    pub kind: Kind,
    /// The artifact's key: hash of contract, program, parameters, seed and input keys.
    pub key: String,
    /// Name of the producing stage.
    pub stage: String,
    /// Version of the producing stage.
    pub stage_version: String,
    /// BLAKE3 of the stage program's bytes.
    pub program: String,
    /// Parameters, defaults filled in.
    pub parameters: serde_json::Value,
    /// Keys of the inputs, by port.
    pub inputs: BTreeMap<String, Vec<String>>,
    /// Seed, where the stage uses one.
    pub seed: Option<u64>,
    /// What is known of the content without opening the tables.
    pub outline: Outline,
    /// Every table file.
    pub tables: Vec<TableRecord>,
    /// On what it was made.
    pub machine: Machine,
    /// Wall time of the stage in seconds.
    pub wall_time_s: f64,
    /// Largest resident memory of the stage's process in bytes, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Why the stage failed, where the tables hold what it had written until then. Such an artifact
    /// is no input of another stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureRecord>,
    /// The artifacts that this one was accepted from, the one that was computed first; empty where it
    /// was made under its own key. Their program is another build, or their inputs were accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<AcceptedRecord>,
    /// Names of the stages behind its inputs whose artifacts were accepted in this way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_inputs: Vec<String>,
}

/// Why a stage failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// An artifact of an earlier build of a program that was accepted as one of a later build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRecord {
    /// Its key.
    pub key: String,
    /// BLAKE3 of the bytes of the program that its key names.
    pub program: String,
}

/// One table file of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRecord {
    /// Name of the table.
    pub table: String,
    /// Path within the artifact.
    pub file: String,
    /// Rows.
    pub rows: u64,
    /// Size in bytes.
    pub size_bytes: u64,
    /// BLAKE3 of the file.
    pub blake3: String,
}

/// The machine on which an artifact was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Operating system and architecture.
    pub platform: String,
    /// Threads given to the stage.
    pub threads: usize,
}

impl Manifest {
    /// A manifest that says nothing but the `kind`: of tables that no run of the driver made.
    #[must_use]
    pub fn bare(kind: Kind) -> Self {
        Self {
            contract: CONTRACT.to_owned(),
            kind,
            key: String::new(),
            stage: String::new(),
            stage_version: String::new(),
            program: String::new(),
            parameters: serde_json::Value::Null,
            inputs: BTreeMap::new(),
            seed: None,
            outline: Outline::default(),
            tables: Vec::new(),
            machine: Machine { platform: String::new(), threads: 1 },
            wall_time_s: 0.0,
            peak_memory_bytes: None,
            failure: None,
            accepted: Vec::new(),
            accepted_inputs: Vec::new(),
        }
    }

    /// Whether another build of the program than the one that its key names has made it.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        self.accepted.iter().any(|record| record.program != self.program)
    }

    /// Reads the manifest of the artifact at `directory`.
    ///
    /// # Errors
    /// Where there is none or it cannot be understood.
    pub fn read(directory: &Path) -> Result<Self, ArtifactError> {
        let path = directory.join(MANIFEST_FILE);
        let text = open_file(&path)
            .and_then(io::read_to_string)
            .map_err(ArtifactError::io("reading", &path))?;
        serde_json::from_str(&text)
            .map_err(|error| ArtifactError::Manifest { path, message: error.to_string() })
    }

    /// Writes the manifest into `directory`, synced to disk.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, directory: &Path) -> Result<(), ArtifactError> {
        let path = directory.join(MANIFEST_FILE);
        let text = serde_json::to_string_pretty(self).map_err(|error| ArtifactError::Manifest {
            path: path.clone(),
            message: error.to_string(),
        })?;
        let mut file = File::create(&path).map_err(ArtifactError::io("creating", &path))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all())
            .map_err(ArtifactError::io("writing", &path))
    }

    /// Checks every table of `kind` in `directory` against its schema, decodes all of it, and records
    /// it.
    ///
    /// # Errors
    /// Where a table is missing, a link, has other columns, or cannot be decoded to its end; the error
    /// names the file.
    pub fn record_tables(directory: &Path, kind: Kind) -> Result<Vec<TableRecord>, ArtifactError> {
        let mut records = Vec::new();
        for table in kind.all_tables() {
            let found = files(directory, table);
            if found.is_empty() && table.optional {
                continue;
            }
            if found.is_empty() {
                return Err(ArtifactError::Schema {
                    path: directory.to_owned(),
                    table: table.name,
                    problem: "the table was not written".to_owned(),
                });
            }
            for path in found {
                let found =
                    fs::symlink_metadata(&path).map_err(ArtifactError::io("reading", &path))?;
                if let Some(what) = not_regular(found.file_type()) {
                    // What a link leads to may change, and is not the artifact's.
                    return Err(ArtifactError::Schema {
                        path,
                        table: table.name,
                        problem: format!("it is {what}, not a regular file"),
                    });
                }
                let (rows, size_bytes) = (decode_table_file(&path, table)?, found.len());
                let file = path.strip_prefix(directory).unwrap_or(&path);
                records.push(TableRecord {
                    table: table.name.to_owned(),
                    file: file.to_string_lossy().into_owned(),
                    rows,
                    size_bytes,
                    blake3: hash_file(&path)?,
                });
            }
        }
        Ok(records)
    }
}

/// BLAKE3 of a file's bytes, in hexadecimal.
///
/// # Errors
/// Where the file cannot be read.
pub fn hash_file(path: &Path) -> Result<String, ArtifactError> {
    let file = open_file(path).map_err(ArtifactError::io("opening", path))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(ArtifactError::io("reading", path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gram::{Gram, GramRow, write_gram};
    use crate::tables::Split;
    use crate::tables::kernel::{KernelRow, Reduction};
    use crate::write::write_rows;

    fn manifest() -> Manifest {
        Manifest {
            contract: CONTRACT.to_owned(),
            kind: Kind::KERNEL,
            key: "0f".to_owned(),
            stage: "ntk".to_owned(),
            stage_version: "1".to_owned(),
            program: "ab".to_owned(),
            parameters: json!({ "reduction": "full", "tile": 512, "nested": { "b": 1, "a": null } }),
            inputs: BTreeMap::from([("dataset".to_owned(), vec!["cd".to_owned()])]),
            seed: Some(u64::MAX),
            outline: Outline {
                train_samples: Some(3),
                reduction: Some(Reduction::PerOutput),
                checkpoints: Some(vec![0, 10]),
                ..Outline::default()
            },
            tables: vec![TableRecord {
                table: "gram".to_owned(),
                file: "gram/step-0000000000.parquet".to_owned(),
                rows: 3,
                size_bytes: 100,
                blake3: "ef".to_owned(),
            }],
            machine: Machine { platform: "linux x86_64".to_owned(), threads: 2 },
            wall_time_s: 0.1,
            peak_memory_bytes: None,
            failure: None,
            accepted: Vec::new(),
            accepted_inputs: Vec::new(),
        }
    }

    fn write_kernel(folder: &Path) {
        for step in [10, 0] {
            let rows = vec![GramRow { split: Split::Train, sample: 0, output: 0 }];
            write_gram(folder, step, &Gram { rows, width: 1, values: vec![step as f32] }).unwrap();
        }
        let row = |step| KernelRow {
            step,
            output: 0,
            learning_rate: None,
            trace: 1.0,
            frobenius_norm: 1.0,
            samples: 1,
            rows: 1,
            test_rows: 0,
            reduction: Reduction::Full,
            precision: "f32".to_owned(),
        };
        write_rows(folder, &[row(0), row(10)]).unwrap();
    }

    #[test]
    fn a_manifest_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        manifest().write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), manifest());
        let text = fs::read_to_string(folder.path().join(MANIFEST_FILE)).unwrap();
        assert!(text.ends_with("}\n") && text.contains("\"kind\": \"kernel\""), "{text}");
    }

    #[test]
    fn a_missing_or_damaged_manifest_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Manifest::read(folder.path()).unwrap_err();
        assert!(matches!(missing, ArtifactError::Io { action: "reading", .. }), "{missing}");
        for damaged in ["", "{\"contract\": \"1.0\"", "{\"contract\": \"1.0\"}"] {
            fs::write(folder.path().join(MANIFEST_FILE), damaged).unwrap();
            let error = Manifest::read(folder.path()).unwrap_err();
            assert!(matches!(error, ArtifactError::Manifest { .. }), "{error}");
            assert!(error.to_string().contains(MANIFEST_FILE), "{error}");
        }
    }

    #[test]
    fn every_file_of_every_table_is_recorded_in_order() {
        let folder = tempfile::tempdir().unwrap();
        write_kernel(folder.path());
        let records = Manifest::record_tables(folder.path(), Kind::KERNEL).unwrap();
        let files: Vec<(&str, u64)> = records.iter().map(|r| (r.file.as_str(), r.rows)).collect();
        let expected = [
            ("kernels.parquet", 2),
            ("gram/step-0000000000.parquet", 1),
            ("gram/step-0000000010.parquet", 1),
        ];
        assert_eq!(files, expected);
        for record in records {
            let bytes = fs::read(folder.path().join(&record.file)).unwrap();
            assert_eq!(record.size_bytes, bytes.len() as u64);
            assert_eq!(record.blake3, blake3::hash(&bytes).to_hex().as_str());
        }
    }

    #[test]
    fn a_table_that_is_a_link_or_a_pipe_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        write_kernel(folder.path());
        let (step, aside) =
            (folder.path().join("gram/step-0000000010.parquet"), folder.path().join("aside"));
        fs::rename(&step, &aside).unwrap();
        std::os::unix::fs::symlink(&aside, &step).unwrap();
        let error = Manifest::record_tables(folder.path(), Kind::KERNEL).unwrap_err().to_string();
        assert!(error.ends_with("it is a link, not a regular file"), "{error}");
        fs::remove_file(&step).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&step).status().unwrap().success());
        let error = Manifest::record_tables(folder.path(), Kind::KERNEL).unwrap_err().to_string();
        assert!(error.ends_with("it is a named pipe, not a regular file"), "{error}");
    }

    #[test]
    fn a_table_that_was_not_written_or_is_cut_off_is_named() {
        let folder = tempfile::tempdir().unwrap();
        write_kernel(folder.path());
        let step = folder.path().join("gram/step-0000000010.parquet");
        let bytes = fs::read(&step).unwrap();
        fs::write(&step, &bytes[..bytes.len() / 2]).unwrap();
        let error = Manifest::record_tables(folder.path(), Kind::KERNEL).unwrap_err();
        assert!(error.to_string().contains("step-0000000010.parquet"), "{error}");

        fs::remove_dir_all(folder.path().join("gram")).unwrap();
        let error = Manifest::record_tables(folder.path(), Kind::KERNEL).unwrap_err();
        assert!(
            error.to_string().ends_with("is not a table `gram`: the table was not written"),
            "{error}"
        );
    }
}

//! The contract between stages: what kinds of artifact exist, which tables each holds, how a
//! table becomes Parquet and back, and the manifest that says where an artifact came from.
//!
//! This is the lowest crate of the workspace. Nothing in it computes: it names, checks, writes
//! and reads. A column that is not in [`tables`] does not exist.

mod error;
mod file;
mod gram;
mod guard;
mod kind;
mod manifest;
mod outline;
mod read;
mod table;
pub mod tables;
mod write;

pub use error::ArtifactError;
pub use file::{not_regular, open_file};
pub use gram::{
    Gram, GramReader, GramRow, GramValue, GramWriter, Precision, read_gram, write_gram,
};
pub use kind::{ANY_KIND, Kind, KindDeclaration};
pub use manifest::{
    AcceptedRecord, CONTRACT, FailureRecord, MANIFEST_FILE, Machine, Manifest, TableRecord,
    hash_file, speaks,
};
pub use outline::{Fact, FactType, LayerOutline, Outline, RateFrom};
pub use read::{
    check_table_file, decode_table_file, read_batches, read_rows, read_rows_where, read_step,
    read_vectors, steps, table_in,
};
pub use table::{Column, Data, Layout, Row, Table};
pub use write::{table_file, write_batch, write_rows, write_step};

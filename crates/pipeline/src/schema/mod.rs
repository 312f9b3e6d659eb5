//! JSON Schemas of stages' parameters: the part of JSON Schema that `schemars` writes.
//!
//! A general validator answers "not valid under any of the given schemas" where an enum with
//! data is wrong. This one knows how Rust's enums look and reports inside the variant meant.

mod defaults;
mod files;
mod node;
mod outline;
mod size;
mod validate;
mod variants;
mod words;

pub(crate) use defaults::{with_defaults, with_pipeline};
pub(crate) use files::files;
pub(crate) use node::Schema;
pub(crate) use outline::{compact, fields};
pub(crate) use size::check_size;
pub(crate) use validate::validate;
pub(crate) use words::shown;

//! Where a project's pipelines, stage programs, data and results lie, and where paths are looked for.

mod folders;
mod paths;

pub use folders::Project;
pub(crate) use paths::{Found, NamedBy, Names, looked_for};

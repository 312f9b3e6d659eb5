//! What the terminal can do.

use std::env;

/// Whether the terminal can draw a line anew, as TERM has it.
pub(crate) fn can_draw() -> bool {
    env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

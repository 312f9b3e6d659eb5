//! The machine that the driver runs on: its memory and threads, its processes and what they answer, Ctrl-C,
//! the terminal.

pub(crate) mod answer;
pub(crate) mod interrupt;
mod machine;
mod terminal;

pub use interrupt::end_on_interrupt;
pub use machine::{DEFAULT_MEMORY_BYTES, limits};
pub(crate) use machine::{Ended, end_group, end_with_this_thread, ended, exists, host, memory_of};
pub(crate) use terminal::can_draw;

//! The program `stage-infinite`.

fn main() {}

//! Nothing: this crate's manifest fixes the features of shared dependencies. See its `Cargo.toml`.

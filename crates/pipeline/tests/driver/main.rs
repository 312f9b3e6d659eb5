//! The driver against fake stages: what it refuses, what it runs, what it leaves behind.

mod acceptance;
mod asking;
mod checking_stages;
mod cost;
mod failed_variants;
mod faults;
mod keys;
mod lineage;
mod networks;
mod overrides;
mod paths;
mod running;
mod slurm;
mod stages;
mod sweep;
mod upkeep;
mod world;
mod wrong_input;
mod wrong_sweep;

//! Many networks, or many kernel predictors, as one (Lee et al. 2020, arXiv 2007.15801).

pub mod combine;
pub mod jackknife;
pub mod scores;

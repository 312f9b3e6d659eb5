//! Statistics that several studies need: rank correlations, detection, standard errors. Knows no artifact.

pub mod correlation;
pub mod detection;
pub mod jackknife;

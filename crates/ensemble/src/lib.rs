//! Stage `ensemble`: many networks, or many kernel predictors, as one.
//!
//! Networks that differ in their seed only differ by the randomness of their initialization; their mean
//! is a better predictor (Lee et al. 2020, arXiv 2007.15801, the section on ensembling), and f_t − f_0 is what
//! each has learned, without the function that it starts from (the section on centring; [`combine::centred`]
//! says how that differs). The stage stands beside `report` in the chain: it gathers the variants of a
//! sweep, of `train`, of `predict` or of both.

mod parameters;
mod plan;
mod table;

pub mod combine;
pub mod scores;

mod evaluation;
mod members;
mod samples;

mod comparison;
mod figures;
mod findings;
mod rows;
mod run;

pub use parameters::Parameters;
pub use run::Ensemble;
pub use table::{
    ENSEMBLES, EnsembleRow, KIND, MEAN_PREDICTIONS, MeanPredictionRow, Predictor, Source,
};

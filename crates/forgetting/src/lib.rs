//! Stage `forgetting`: which samples are learned and forgotten, and what was known of it before training.
//!
//! Over several training runs on one dataset it counts forgetting events (Toneva et al. 2019) and the measures
//! that people use beside them: margins and their area (Pleiss et al. 2020), confidence and variability (Swayamdipta
//! et al. 2020), EL2N and GraNd (Paul et al. 2021), and what a kernel says of each sample: the part of its target in
//! the spectrum's tail, leverage, leave-one-out margin. `select` makes a dataset of what any of these scores picks.

mod parameters;
mod plan;
mod table;

pub mod counting;
pub mod curve;
pub mod difficulty;
pub mod runs;
pub mod samples;

mod agreement;
mod figures;
mod findings;
mod gathered;
mod kernels;
mod run;

pub use parameters::{From, Parameters};
pub use run::Forgetting;
pub use table::{
    AGREEMENT, AgreementRow, CURVE, CurveRow, DETECTION, DIFFICULTY, DetectionRow, DifficultyRow,
    KIND, SCORES, ScoreRow,
};

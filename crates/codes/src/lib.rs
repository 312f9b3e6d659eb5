//! Stages `codes`, `code-kernel` and `phase-chart`: which units are active, as a binary code of each input.
//!
//! A network of piecewise linear units cuts its input space into regions, and the units that are active name the
//! region (He et al. 2021, Neural Networks Behave as Hash Encoders). `codes` writes these codes and measures how well
//! they tell samples and classes apart; `code-kernel` makes kernels of them, which whatever reads kernels can compare
//! with the network's own; `phase-chart` gathers codes along a sweep: where they are expressive enough.
//!
//! From the network on: which of its layers have codes ([`gated`]), the codes of samples ([`code`]), what is measured
//! of them (`encoding`), their kernels (`code_kernel`), and charts of many networks (`phase_chart`).

mod samples;
mod trained;

pub mod code;
pub mod gated;

mod code_kernel;
mod encoding;
mod phase_chart;

pub use code_kernel::{CodeKernel, KernelKind, Parameters as KernelParameters};
pub use encoding::{
    CODE_NEIGHBOURS, CODE_PLANE, CODES, Classifier, CodeRow, Codes, ENCODING, EncodingRow, KIND,
    Metric, NeighbourRow, Parameters, PlaneRow, REGIMES, RegimeRow, Regimes,
};
pub use gated::{Layers, Named};
pub use phase_chart::{PHASES, Parameters as PhaseChartParameters, PhaseChart, PhaseRow};

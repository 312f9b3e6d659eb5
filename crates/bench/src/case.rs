//! A case: some work at some size, and what it is held against.

use network::Architecture;

use crate::model::Model;
use crate::target::Target;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Outputs of all samples.
    Forward,
    /// Gradient by all parameters, after a forward pass that is not timed.
    Backward,
    /// A whole update: forward, loss, backward, θ ← θ − δ ∇L.
    Step,
    /// Factors and Gramian of the training samples.
    Gramian,
    /// Factors and Gramian between as many other samples and the training samples.
    CrossGramian,
    /// Both kernels, NNGP and NTK, of a network in the limit of infinite width.
    Infinite,
    /// Kernel regression with the NTK of such a network: all ridges and times of gradient flow, at as many test
    /// samples as a quarter of the training samples.
    Ridge,
    /// All eigenpairs of a trained network's Gramian.
    AllPairs,
    /// The top k eigenpairs of a trained network's Gramian, from a random start.
    TopCold,
    /// The same, from the eigenvectors of an earlier checkpoint.
    TopWarm,
    /// A Gramian to Parquet and back, beside computing it.
    Tables,
    /// The pipeline `lr-decay`, from samples to report.
    Pipeline {
        /// Updates of its training run.
        steps: u32,
    },
    /// The stages on one large Gramian: their memory, not their time.
    Memory,
}

/// Along which size a case belongs to a curve of growing cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// Samples, N.
    Samples,
    /// Width of the hidden layers.
    Width,
    /// Number of hidden layers.
    Depth,
}

/// Some work at some size.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Name without the sizes.
    pub name: String,
    /// What is timed.
    pub work: Work,
    /// N.
    pub samples: usize,
    /// The network.
    pub model: Model,
    /// o.
    pub outputs: usize,
    /// Where the case lies on a curve.
    pub growth: Option<Growth>,
    /// Names of the implementations in Python that do the same.
    pub peers: &'static [&'static str],
    /// Ratios to reach.
    pub targets: &'static [Target],
    /// Whether it is measured only where it is named in full: it takes many minutes.
    pub on_request: bool,
}

impl Case {
    /// The network.
    #[must_use]
    pub fn architecture(&self) -> Architecture {
        self.model.architecture(self.outputs)
    }

    /// Our implementation that has targets.
    #[must_use]
    pub fn ours(&self) -> &'static str {
        match self.work {
            Work::Forward | Work::Backward => "network",
            Work::Step => "fused",
            Work::Gramian | Work::CrossGramian | Work::Tables => "ntk",
            Work::Infinite => "infinite",
            Work::Ridge => "predict",
            Work::AllPairs | Work::TopCold | Work::TopWarm => "spectrum",
            Work::Pipeline { .. } => "pipeline",
            Work::Memory => "stages",
        }
    }

    /// k of the top eigenpairs: 200 of 4,000 samples, and as many in proportion of fewer.
    #[must_use]
    pub fn pairs(&self) -> usize {
        (self.samples / 20).max(1)
    }

    /// Test samples of a regression.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.samples / 4
    }

    /// The sizes as people write them: `N = 1000, 6 × 256, 10 outputs`.
    #[must_use]
    pub fn sizes(&self) -> String {
        let outputs =
            if self.outputs == 1 { String::new() } else { format!(", {} outputs", self.outputs) };
        format!("N = {}, {}{outputs}", self.samples, self.model)
    }

    /// The size along which the case's curve grows.
    #[must_use]
    pub fn along(&self, growth: Growth) -> usize {
        match growth {
            Growth::Samples => self.samples,
            Growth::Width => self.model.width(),
            Growth::Depth => self.model.depth(),
        }
    }
}

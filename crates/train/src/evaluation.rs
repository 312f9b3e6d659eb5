//! Outputs of a network on a whole split, away from training.

use std::borrow::Cow;
use std::cell::RefCell;

use network::{Mode, Network, Workspace};

use crate::data::Data;

/// Images that are looked at together: their values between all layers are in memory at once.
pub(crate) const IMAGES: usize = 256;

/// Buffers to look at one split again and again.
pub(crate) struct Evaluation {
    workspaces: RefCell<Vec<Workspace<f32>>>,
    /// Rows of the split.
    rows: usize,
    /// Rows that are looked at together.
    together: usize,
}

impl Evaluation {
    /// Buffers for `rows` rows of a network like `network`.
    pub fn new(network: &Network<f32>, rows: usize) -> Self {
        let together = if network.program().has_images() { IMAGES.min(rows) } else { rows };
        Self { workspaces: RefCell::new(Vec::new()), rows, together }
    }

    /// f_θ(x), n × o; batch norms normalize with the network's statistics.
    pub fn outputs(&self, network: &Network<f32>, x: &[f32]) -> Vec<f32> {
        let (d, views) = (network.input_dim(), network.views());
        let mut workspaces = self.workspaces.borrow_mut();
        let mut outputs = Vec::with_capacity(self.rows * network.output_dim());
        for part in x.chunks((self.together * d).max(1)) {
            let rows = part.len() / d;
            let known = workspaces.iter().position(|workspace| workspace.rows() == rows);
            let at = known.unwrap_or_else(|| {
                workspaces.push(Workspace::in_mode(network, rows, Mode::Inference));
                workspaces.len() - 1
            });
            outputs.extend_from_slice(workspaces[at].forward(&views, part));
        }
        outputs
    }
}

/// Buffers to look at both splits.
pub(crate) struct Splits {
    /// Absent where an update's own outputs are those of the whole split.
    train: Option<Evaluation>,
    test: Option<Evaluation>,
    has_batch_norm: bool,
}

impl Splits {
    /// Buffers for the splits of `data`, trained `in_batches` or as a whole.
    pub fn new(network: &Network<f32>, data: &Data, in_batches: bool) -> Self {
        let has_batch_norm = network.program().has_batch_norm();
        let split = |wanted: bool, rows: usize| wanted.then(|| Evaluation::new(network, rows));
        Self {
            train: split(in_batches || has_batch_norm, data.train.rows),
            test: split(data.test.rows > 0, data.test.rows),
            has_batch_norm,
        }
    }

    /// `network` with the statistics of the whole training split, where it has batch norms.
    pub fn settled(&self, network: &Network<f32>, data: &Data) -> Option<Network<f32>> {
        self.has_batch_norm.then(|| {
            let mut network = network.clone();
            network.measure_statistics(&data.train.x);
            network
        })
    }

    /// Outputs on the training split; `own` are those of an update.
    pub fn train<'a>(&self, network: &Network<f32>, data: &Data, own: &'a [f32]) -> Cow<'a, [f32]> {
        match &self.train {
            Some(split) => split.outputs(network, &data.train.x).into(),
            None => own.into(),
        }
    }

    /// Outputs on the test split; none without one.
    pub fn test(&self, network: &Network<f32>, data: &Data) -> Vec<f32> {
        let test = self.test.as_ref();
        test.map_or_else(Vec::new, |split| split.outputs(network, &data.test.x))
    }
}

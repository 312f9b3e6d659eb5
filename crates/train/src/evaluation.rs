//! Outputs of a network on a whole split, away from training.

use std::cell::RefCell;

use network::{Mode, Network, Workspace};

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

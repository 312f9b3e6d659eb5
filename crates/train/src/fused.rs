//! The whole network as one operation on dfdx's tape.

use std::cell::RefCell;
use std::rc::Rc;

use dfdx::prelude::*;
use network::{Network, Workspace};

use crate::loss::{Matrix, matrix};
use crate::model::Model;

/// A network for a fixed number of rows, computed by the `network` crate's kernels.
pub(crate) struct Fused {
    /// Rows of a batch.
    pub rows: usize,
    state: Rc<RefCell<State>>,
}

struct State {
    workspace: Workspace<f32>,
    /// Inputs of the last forward pass, n × d.
    x: Vec<f32>,
}

impl Fused {
    /// Buffers for batches of `rows` rows of a network like `network`.
    pub fn new(network: &Network<f32>, rows: usize) -> Self {
        let state = State { workspace: Workspace::new(network, rows), x: Vec::new() };
        Self { rows, state: Rc::new(RefCell::new(state)) }
    }

    /// f_θ(x), n × o, on a tape that knows the way back to every parameter of `model`.
    ///
    /// `network` has the same parameters, where the kernels read them.
    pub fn on_tape(
        &self,
        model: &Model,
        network: &Rc<RefCell<Network<f32>>>,
        x: &[f32],
        device: &Cpu,
    ) -> Result<Matrix<OwnedTape<f32, Cpu>>, CpuError> {
        let outputs = {
            let state = &mut *self.state.borrow_mut();
            state.x.clear();
            state.x.extend_from_slice(x);
            state.workspace.forward(&network.borrow().views(), x).to_vec()
        };
        let width = network.borrow().output_dim();
        let shape = (outputs.len() / width, width);
        let outputs = matrix(device, &outputs, shape)?;

        // Clones share storage with the model and keep its ids, under which gradients are found.
        let (ghost, layers) = (outputs.clone(), model.layers.clone());
        let (state, network) = (Rc::clone(&self.state), Rc::clone(network));
        let mut tape = OwnedTape::default();
        tape.add_backward_op(move |gradients| {
            let output_gradient = gradients.get(&ghost).as_vec();
            let State { workspace, x } = &mut *state.borrow_mut();
            let network = network.borrow();
            let views = network.views();
            workspace.backward(&views, x, &output_gradient);
            for (l, (weight, bias)) in layers.iter().enumerate() {
                let to = gradients.get_or_alloc_mut(weight)?;
                workspace.write_weight_gradient(l, &views[l], x, to);
                if let Some(bias) = bias {
                    let to = gradients.get_or_alloc_mut(bias)?;
                    workspace.write_bias_gradient(l, &views[l], to);
                }
            }
            Ok(())
        });
        Ok(outputs.put_tape(tape))
    }
}

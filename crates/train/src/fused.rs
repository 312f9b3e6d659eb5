//! The whole network as one operation on dfdx's tape.

use std::cell::RefCell;
use std::rc::Rc;

use dfdx::prelude::*;
use network::{Network, Workspace};

use crate::loss::Matrix;
use crate::model::Model;

/// A network for a fixed number of rows, computed by the `network` crate's kernels.
pub(crate) struct Fused {
    state: Rc<RefCell<State>>,
}

struct State {
    /// Copy of the parameters that the kernels read.
    network: Network<f32>,
    workspace: Workspace<f32>,
    /// Inputs of the last forward pass, n × d.
    x: Vec<f32>,
}

impl Fused {
    /// Buffers for `rows` rows of a network like `network`.
    pub fn new(network: &Network<f32>, rows: usize) -> Self {
        let workspace = Workspace::new(network, rows);
        let state = State { network: network.clone(), workspace, x: Vec::new() };
        Self { state: Rc::new(RefCell::new(state)) }
    }

    /// f_θ(x), n × o, without a tape.
    pub fn outputs(&self, model: &Model, x: &[f32]) -> Vec<f32> {
        let state = &mut *self.state.borrow_mut();
        model.copy_into(&mut state.network);
        state.workspace.forward(&state.network.views(), x).to_vec()
    }

    /// f_θ(x), n × o, on a tape that knows the way back to every parameter of `model`.
    pub fn on_tape(&self, model: &Model, x: &[f32], device: &Cpu) -> Matrix<OwnedTape<f32, Cpu>> {
        let outputs = self.outputs(model, x);
        self.state.borrow_mut().x.clear();
        self.state.borrow_mut().x.extend_from_slice(x);
        let width = self.state.borrow().network.output_dim();
        let shape = (outputs.len() / width, width);
        let outputs: Matrix = device.tensor_from_vec(outputs, shape);

        // Clones share storage with the model and keep its ids, under which gradients are found.
        let (ghost, layers) = (outputs.clone(), model.layers.clone());
        let state = Rc::clone(&self.state);
        let mut tape = OwnedTape::default();
        tape.add_backward_op(move |gradients| {
            let output_gradient = gradients.get(&ghost).as_vec();
            let State { network, workspace, x } = &mut *state.borrow_mut();
            workspace.backward(&network.views(), x, &output_gradient);
            for (l, (weight, bias)) in layers.iter().enumerate() {
                workspace.copy_gradient(l, false, gradients.get_or_alloc_mut(weight)?);
                if let Some(bias) = bias {
                    workspace.copy_gradient(l, true, gradients.get_or_alloc_mut(bias)?);
                }
            }
            Ok(())
        });
        outputs.put_tape(tape)
    }
}

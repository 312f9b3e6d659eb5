//! The network of a training run, as its outline knows it.

use artifact::Outline;
use kernel::architecture;
use network::{Program, Shape};
use stage::StageError;

/// The steps of the network; None where it is not known yet.
///
/// # Errors
/// Where it is none that is known here.
pub fn program(training: &Outline) -> Result<Option<Program>, StageError> {
    let (Some(d), Some(outputs)) = (training.input_dim, training.output_dim) else {
        return Ok(None);
    };
    if training.network.is_none() {
        return Ok(None);
    }
    let architecture = architecture(training)?;
    let shape = Shape::of_inputs(d as usize, training.input_shape.as_deref());
    let program = Program::new(&architecture, shape, outputs as usize);
    program
        .map(Some)
        .map_err(|(at, error)| StageError::new(format!("the network, at {at}: {error}")))
}

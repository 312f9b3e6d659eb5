//! Networks from checkpoints.

use std::path::Path;

use artifact::tables::training::CheckpointRow;
use artifact::{Outline, read_step};
use network::{Network, Shape};
use stage::StageError;

use crate::architecture::architecture;

/// The network of the training run at `directory` as it was at `step`.
///
/// # Errors
/// Where the run does not say its architecture, or a parameter is missing or of another size.
pub fn load_network(
    directory: &Path,
    outline: &Outline,
    step: u64,
) -> Result<Network<f32>, StageError> {
    let architecture = architecture(outline)?;
    let (Some(d), Some(o)) = (outline.input_dim, outline.output_dim) else {
        return Err(StageError::new(
            "the training run does not say its input and output dimensions",
        ));
    };
    let shape = Shape::of_inputs(d as usize, outline.input_shape.as_deref());
    let mut network = Network::zeros(&architecture, shape, o as usize)?;
    let rows: Vec<CheckpointRow> = read_step(directory, step)?;
    let fill = |name: String, tensor: &mut [f32]| {
        let row = rows.iter().find(|row| row.parameter == name).ok_or_else(|| {
            StageError::new(format!("the checkpoint at step {step} has no parameter `{name}`"))
        })?;
        if row.values.len() != tensor.len() {
            return Err(StageError::new(format!(
                "parameter `{name}` of the checkpoint at step {step} has {} values where the architecture needs {}",
                row.values.len(),
                tensor.len()
            )));
        }
        tensor.copy_from_slice(&row.values);
        Ok(())
    };
    network.tensors_mut().try_for_each(|(name, tensor)| fill(name, tensor))?;
    network.statistics_mut().try_for_each(|(name, tensor)| fill(name, tensor))?;
    Ok(network)
}

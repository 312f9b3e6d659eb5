//! Which network a training run trained.

use artifact::Outline;
use network::Architecture;
use stage::StageError;

/// The architecture that a training run recorded.
///
/// # Errors
/// Where there is none, or it has layers that this stage does not know: a wrong kernel would follow
/// silently.
pub fn architecture(outline: &Outline) -> Result<Architecture, StageError> {
    let value = outline.network.clone().ok_or_else(|| {
        StageError::new("the training run does not say the architecture of its network")
            .hint("its trainer must put `network` into the outline of its `done` message")
    })?;
    serde_json::from_value(value).map_err(|error| {
        StageError::new(format!("the kernel of this network is not known: {error}")).hint(
            "kernels are known of networks that `train` trains, as widths `hidden` or a list of `layers`",
        )
    })
}

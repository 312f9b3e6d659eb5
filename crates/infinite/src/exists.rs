//! Whether a network has a limit, and if not, which of its layers is in the way.

use network::{Architecture, LayerSpec, Residual};

/// Why a network has no kernel in the limit of infinite width, or none in closed form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoLimit {
    /// A maximum of Gaussians.
    #[error("`max_pool` has no closed form in the infinite-width limit; `average_pool` has one")]
    MaxPool,
    /// Statistics over samples.
    #[error(
        "`batch_norm` makes outputs of a sample depend on the others of its batch, so that the limit is no kernel of two samples; `layer_norm` has one"
    )]
    BatchNorm,
    /// A nonlinear layer whose input is not Gaussian.
    #[error(
        "`{layer}` gets values that are not Gaussian in the infinite-width limit; a dense layer or convolution must come right before it"
    )]
    NotGaussian {
        /// The layer's key.
        layer: &'static str,
    },
    /// A nonlinear layer after a sum of Gaussian and other values.
    #[error(
        "`{layer}` gets a sum of which a part is not Gaussian in the infinite-width limit; put the activation inside the sum, before its first convolution"
    )]
    SumNotGaussian {
        /// The layer's key.
        layer: &'static str,
    },
    /// A nonlinear layer that a norm's trained scale is not independent of.
    #[error(
        "`{layer}` follows a norm, whose trained scale is not independent of it, so that the limit has no closed form here; after a norm `relu` and `leaky_relu` have one where they follow right away, and so have dense layers and convolutions"
    )]
    AfterNorm {
        /// The layer's key.
        layer: &'static str,
    },
    /// A sum of units with places and units without.
    #[error(
        "one summand is a flattened image and the other is not, so that their units do not correspond in the infinite-width limit; flatten after the sum"
    )]
    SumOfPlaces,
    /// Outputs that are not those of a dense layer.
    #[error(
        "in the infinite-width limit a network must end in `dense`, whose outputs are Gaussian"
    )]
    End,
}

/// What is known of a value between two layers.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    gaussian: bool,
    /// Whether it is a sum of a Gaussian and something else.
    mixed: bool,
    /// Whether it is an image, flattened or not.
    places: bool,
    /// Whether it is the output of dense layers.
    dense: bool,
    /// Whether it is made of a norm's output, by linear maps without weights.
    normed: Option<Normed>,
}

/// What has become of a norm's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Normed {
    /// It is that output.
    Itself,
    /// Something made of it.
    MadeOf,
}

/// Checks that `architecture` has a limit.
///
/// # Errors
/// The first layer that has none, with the JSON Pointer of its place.
pub fn check(architecture: &Architecture) -> Result<(), (String, NoLimit)> {
    if architecture.layers.is_empty() {
        return Ok(());
    }
    let input = Value { gaussian: false, mixed: false, places: true, dense: false, normed: None };
    let end = list(&architecture.layers, "/layers", input)?;
    if end.dense && end.gaussian {
        return Ok(());
    }
    Err((format!("/layers/{}", architecture.layers.len() - 1), NoLimit::End))
}

fn list(specs: &[LayerSpec], at: &str, value: Value) -> Result<Value, (String, NoLimit)> {
    specs
        .iter()
        .enumerate()
        .try_fold(value, |value, (index, spec)| layer(spec, &format!("{at}/{index}"), value))
}

fn layer(spec: &LayerSpec, at: &str, value: Value) -> Result<Value, (String, NoLimit)> {
    let layer = spec.key();
    let needs_gaussian = || match (value.gaussian, value.mixed) {
        (true, _) => Ok(()),
        (false, true) => Err((at.to_owned(), NoLimit::SumNotGaussian { layer })),
        (false, false) => Err((at.to_owned(), NoLimit::NotGaussian { layer })),
    };
    let made_of = value.normed.map(|_| Normed::MadeOf);
    match spec {
        LayerSpec::Conv(_) | LayerSpec::LocallyConnected(_) => {
            Ok(Value { gaussian: true, mixed: false, places: true, dense: false, normed: None })
        }
        LayerSpec::Dense(_) => {
            Ok(Value { gaussian: true, mixed: false, places: false, dense: true, normed: None })
        }
        LayerSpec::AveragePool(_) | LayerSpec::Flatten => Ok(Value { normed: made_of, ..value }),
        LayerSpec::Linear => Ok(value),
        LayerSpec::GlobalAveragePool => Ok(Value { places: false, normed: made_of, ..value }),
        LayerSpec::MaxPool(_) => Err((at.to_owned(), NoLimit::MaxPool)),
        LayerSpec::BatchNorm(_) => Err((at.to_owned(), NoLimit::BatchNorm)),
        // Of unit variance, and Gaussian still: the norm is a constant in the limit.
        LayerSpec::LayerNorm(_) | LayerSpec::GroupNorm(_) => match value.normed {
            Some(_) => Err((at.to_owned(), NoLimit::AfterNorm { layer })),
            None => needs_gaussian().map(|()| Value { normed: Some(Normed::Itself), ..value }),
        },
        LayerSpec::Residual(residual) => {
            let at = format!("{at}/residual");
            let value = Value { normed: made_of, ..value };
            let (sum, other) = match residual {
                Residual::Layers(layers) => (list(layers, &at, value)?, value),
                Residual::Projected(both) => (
                    list(&both.layers, &format!("{at}/layers"), value)?,
                    list(&both.shortcut, &format!("{at}/shortcut"), value)?,
                ),
            };
            if sum.places != other.places {
                return Err((at, NoLimit::SumOfPlaces));
            }
            let gaussian = sum.gaussian && other.gaussian;
            let normed = sum.normed.or(other.normed).map(|_| Normed::MadeOf);
            let dense = sum.dense && other.dense;
            Ok(Value { gaussian, mixed: !gaussian, dense, normed, ..sum })
        }
        _ => {
            let is_homogeneous = matches!(spec, LayerSpec::Relu | LayerSpec::LeakyRelu(_));
            if value.normed == Some(Normed::MadeOf) || (value.normed.is_some() && !is_homogeneous) {
                return Err((at.to_owned(), NoLimit::AfterNorm { layer }));
            }
            needs_gaussian().map(|()| Value { gaussian: false, normed: None, ..value })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn checked(layers: &Json) -> Result<(), (String, NoLimit)> {
        check(&serde_json::from_value(json!({ "layers": layers })).unwrap())
    }

    #[test]
    fn networks_without_a_limit_are_told_by_their_layer() {
        let conv = || json!({ "conv": { "channels": 4, "kernel": 3 } });
        let norm = |key: &str| json!({ key: {} });
        let not_gaussian = |layer| NoLimit::NotGaussian { layer };
        let cases = [
            (
                json!([conv(), "relu", { "max_pool": 2 }, "flatten", { "dense": 1 }]),
                "/layers/2",
                NoLimit::MaxPool,
            ),
            (
                json!([conv(), norm("batch_norm"), "flatten", { "dense": 1 }]),
                "/layers/1",
                NoLimit::BatchNorm,
            ),
            (json!(["flatten", "relu", { "dense": 1 }]), "/layers/1", not_gaussian("relu")),
            (
                json!([conv(), "relu", "tanh", "flatten", { "dense": 1 }]),
                "/layers/2",
                not_gaussian("tanh"),
            ),
            (
                json!([conv(), "relu", norm("layer_norm"), "flatten", { "dense": 1 }]),
                "/layers/2",
                not_gaussian("layer_norm"),
            ),
            (
                json!([conv(), "relu", { "residual": [conv()] }, "relu", "flatten", { "dense": 1 }]),
                "/layers/3",
                NoLimit::SumNotGaussian { layer: "relu" },
            ),
            (
                json!(["flatten", { "residual": [{ "dense": 9 }] }, { "dense": 1 }]),
                "/layers/1/residual",
                NoLimit::SumOfPlaces,
            ),
            (
                json!([{ "residual": { "layers": ["relu", conv()], "shortcut": [conv()] } }, "flatten", { "dense": 1 }]),
                "/layers/0/residual/layers/0",
                not_gaussian("relu"),
            ),
            (
                json!([conv(), norm("layer_norm"), "tanh", "flatten", { "dense": 1 }]),
                "/layers/2",
                NoLimit::AfterNorm { layer: "tanh" },
            ),
            (
                json!([conv(), norm("layer_norm"), { "average_pool": 2 }, "relu", "flatten", { "dense": 1 }]),
                "/layers/3",
                NoLimit::AfterNorm { layer: "relu" },
            ),
            (json!(["flatten", { "dense": 4 }, "relu"]), "/layers/2", NoLimit::End),
            (json!([conv(), "flatten"]), "/layers/1", NoLimit::End),
        ];
        for (layers, at, error) in cases {
            assert_eq!(checked(&layers), Err((at.to_owned(), error)), "{layers}");
        }
    }

    #[test]
    fn sums_before_activations_have_a_limit() {
        let conv = || json!({ "conv": { "channels": 4, "kernel": 3 } });
        let block = json!({ "residual": ["relu", conv(), "relu", conv()] });
        let layers = json!([conv(), block, block, "relu", "global_average_pool", { "dense": 1 }]);
        assert_eq!(checked(&layers), Ok(()));
        assert_eq!(check(&serde_json::from_value(json!({ "hidden": [3] })).unwrap()), Ok(()));
    }
}

//! How parameters are drawn.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How parameters are drawn; biases start at 0 unless said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Initialization {
    /// Weights uniform in ±√(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16).
    #[default]
    Glorot,
    /// Weights normal with variance 1 / fan_in (LeCun et al. 1998).
    Lecun,
    /// Weights normal with variance 2 / fan_in (He et al. 2015, eq. 10).
    He,
    /// The NTK parameterization (Jacot et al. 2018): all parameters standard normal, and each
    /// layer computes z = (weight_std / √fan_in) h W + bias_std · c.
    #[serde(rename_all = "snake_case")]
    Ntk {
        /// Standard deviation of a pre-activation for a unit input: `W_std` of neural-tangents.
        #[serde(default = "one")]
        weight_std: f64,
        /// Factor of the biases: `b_std` of neural-tangents.
        #[serde(default)]
        bias_std: f64,
    },
}

fn one() -> f64 {
    1.0
}

impl Initialization {
    /// s_w, by which a layer multiplies h W.
    #[must_use]
    pub fn weight_scale(self, fan_in: usize) -> f64 {
        match self {
            Self::Ntk { weight_std, .. } => weight_std / (fan_in as f64).sqrt(),
            Self::Glorot | Self::Lecun | Self::He => 1.0,
        }
    }

    /// s_b, by which a layer multiplies its biases.
    #[must_use]
    pub fn bias_scale(self) -> f64 {
        match self {
            Self::Ntk { bias_std, .. } => bias_std,
            Self::Glorot | Self::Lecun | Self::He => 1.0,
        }
    }

    /// The variance with which weights are drawn.
    #[must_use]
    pub fn weight_variance(self, [fan_in, fan_out]: [usize; 2]) -> f64 {
        match self {
            Self::Glorot => 2.0 / (fan_in + fan_out) as f64,
            Self::Lecun => 1.0 / fan_in as f64,
            Self::He => 2.0 / fan_in as f64,
            Self::Ntk { .. } => 1.0,
        }
    }

    /// Draws the `count` weights of a layer; those of a convolution have the fans k² c and k² c'.
    pub(crate) fn weights(
        self,
        count: usize,
        [fan_in, fan_out]: [usize; 2],
        random: &mut impl Rng,
    ) -> Vec<f64> {
        let normal = |deviation: f64, random: &mut _| {
            (0..count).map(|_| deviation * draw_normal(random)).collect()
        };
        match self {
            Self::Glorot => {
                let bound = (6.0 / (fan_in + fan_out) as f64).sqrt();
                (0..count).map(|_| random.random_range(-bound..bound)).collect()
            }
            Self::Lecun => normal((1.0 / fan_in as f64).sqrt(), random),
            Self::He => normal((2.0 / fan_in as f64).sqrt(), random),
            Self::Ntk { .. } => normal(1.0, random),
        }
    }

    /// Draws the biases of a layer.
    pub(crate) fn biases(self, count: usize, random: &mut impl Rng) -> Vec<f64> {
        match self {
            Self::Ntk { .. } => (0..count).map(|_| draw_normal(random)).collect(),
            Self::Glorot | Self::Lecun | Self::He => vec![0.0; count],
        }
    }
}

fn draw_normal(random: &mut impl Rng) -> f64 {
    random.sample(StandardNormal)
}

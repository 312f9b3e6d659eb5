//! In which regime of the phase chart a network is.

use super::parameters::Regimes;
use super::table::RegimeRow;

/// What a step's codes came to, as far as findings look at it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Updates made so far.
    pub step: u64,
    /// Redundancy of the training samples.
    pub redundancy: Option<f64>,
    /// Which test samples the neighbours' vote gets right; empty where nobody votes.
    pub right: Vec<bool>,
    /// Test accuracy of the network.
    pub network: Option<f64>,
}

impl Summary {
    /// Test accuracy of the neighbours' vote.
    #[must_use]
    pub fn knn(&self) -> Option<f64> {
        let right = self.right.iter().filter(|&&right| right).count();
        (!self.right.is_empty()).then(|| right as f64 / self.right.len() as f64)
    }

    /// The row of the table `regimes`, where neighbours vote, of a network that comes to the test accuracy `end`.
    #[must_use]
    pub fn regime_row(&self, end: f64, regimes: Regimes) -> Option<RegimeRow> {
        let (redundancy_train, knn) = (self.redundancy?, self.knn()?);
        let network_accuracy = self.network?;
        let regime = Regime::of(redundancy_train, knn, end, regimes);
        Some(RegimeRow {
            step: self.step,
            redundancy_train,
            knn,
            network_accuracy,
            regime: regime.number(),
            regime_name: regime.name().to_owned(),
        })
    }
}

/// A regime of the phase chart over width, training time and samples.
///
/// Source: He et al. 2021, the under-, critically- and sufficiently-expressive regimes; the bounds are ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// Many training samples share their codes.
    Under,
    /// What is neither of the others.
    Critical,
    /// Nearly every training sample has a code of its own, and neighbours vote nearly as well as the network when it
    /// is trained: beside random outputs every vote would look good.
    Sufficient,
}

impl Regime {
    /// The regime of a redundancy of training samples and two test accuracies, of neighbours and of the network at
    /// its last step.
    #[must_use]
    pub fn of(redundancy: f64, knn: f64, network: f64, regimes: Regimes) -> Self {
        if redundancy > regimes.under {
            Self::Under
        } else if redundancy <= regimes.sufficient && knn >= regimes.knn_share * network {
            Self::Sufficient
        } else {
            Self::Critical
        }
    }

    /// 0, 1 or 2.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Under => "under",
            Self::Critical => "critical",
            Self::Sufficient => "sufficient",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regimes_end_at_their_bounds() {
        let of = |redundancy, knn| Regime::of(redundancy, knn, 0.9, Regimes::default()).name();
        assert_eq!(of(0.51, 0.9), "under");
        assert_eq!(of(0.5, 0.9), "critical");
        assert_eq!(of(0.011, 0.9), "critical");
        assert_eq!(of(0.01, 0.81), "sufficient");
        assert_eq!(of(0.0, 0.80), "critical");
    }

    #[test]
    fn without_votes_there_is_no_regime() {
        let summary = Summary { redundancy: Some(0.0), network: Some(0.5), ..Summary::default() };
        assert_eq!(summary.regime_row(0.5, Regimes::default()), None);
        let voted = Summary { right: vec![true, false], ..summary };
        let row = voted.regime_row(0.5, Regimes::default()).unwrap();
        assert_eq!((row.regime, row.regime_name.as_str(), row.knn), (2, "sufficient", 0.5));
        // What the network will come to is what counts.
        assert_eq!(voted.regime_row(0.9, Regimes::default()).unwrap().regime, 1);
    }
}

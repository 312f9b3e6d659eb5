//! What a user may set of `codes`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gated::Layers;

/// Parameters of the stage `codes`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Layers whose units make the code.
    pub layers: Layers,
    /// Whether everything is measured of the code of each layer by itself, too.
    pub per_layer: bool,
    /// What groups or classifies samples by their codes; left out, all of it where the dataset has classes, and
    /// nothing where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classifiers: Option<Vec<Classifier>>,
    /// Whether the same classifiers are applied to the inputs, as the reference: `raw_knn` and so on.
    pub raw: bool,
    /// Clusters of k-means; left out, as many as classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub clusters: Option<u32>,
    /// Starts of k-means, of which the clusters of least inertia count.
    #[schemars(range(min = 1))]
    pub starts: u32,
    /// Rounds of Lloyd's algorithm, at most.
    #[schemars(range(min = 1))]
    pub rounds: u32,
    /// Neighbours that vote.
    #[schemars(range(min = 1))]
    pub neighbours: u32,
    /// C of the logistic regression, which minimizes ½‖W‖²/C and the sum of the losses.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub logistic_c: f64,
    /// ‖∇‖∞ at which the logistic regression has converged.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub logistic_tolerance: f64,
    /// Test samples, drawn once, whose neighbours are written to `code_neighbours`.
    pub shown: u32,
    /// Samples of each split that `code_plane` has, the first ones; 0 leaves it empty.
    pub plane: u32,
    /// Where regimes begin and end.
    pub regimes: Regimes,
}

/// What groups or classifies samples by their codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Classifier {
    /// Clusters, compared with classes.
    Kmeans,
    /// The vote of the nearest training samples.
    Knn,
    /// Multinomial logistic regression.
    Logistic,
}

impl Classifier {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Kmeans, Self::Knn, Self::Logistic];
}

/// Where regimes begin and end; the numbers are our own choice.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Regimes {
    /// Redundancy of the training samples above which codes are under-expressive.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub under: f64,
    /// Redundancy up to which they may be sufficiently expressive.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub sufficient: f64,
    /// Share of the network's own test accuracy that the neighbours' vote must reach for that.
    #[schemars(range(min = 0.0))]
    pub knn_share: f64,
}

impl Default for Regimes {
    fn default() -> Self {
        Self { under: 0.5, sufficient: 0.01, knn_share: 0.9 }
    }
}

impl Regimes {
    /// What is wrong with it as the parameter `regimes`, as (JSON Pointer, message) pairs.
    pub(crate) fn problems(self) -> Vec<(String, String)> {
        let Self { under, sufficient, knn_share } = self;
        let mut problems = Vec::new();
        for (name, value) in [("under", under), ("sufficient", sufficient)] {
            if !(0.0..=1.0).contains(&value) {
                let message = format!("{name} is {value}; a redundancy lies between 0 and 1");
                problems.push((format!("/regimes/{name}"), message));
            }
        }
        if under < sufficient {
            let message = format!(
                "the regimes overlap: `under` is {under}, below `sufficient`, {sufficient}"
            );
            problems.push(("/regimes".to_owned(), message));
        }
        if !(knn_share.is_finite() && knn_share >= 0.0) {
            let message =
                format!("knn_share is {knn_share}; it must be a finite number, 0 or above");
            problems.push(("/regimes/knn_share".to_owned(), message));
        }
        problems
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            layers: Layers::default(),
            per_layer: false,
            classifiers: None,
            raw: true,
            clusters: None,
            starts: 10,
            rounds: 300,
            neighbours: 9,
            logistic_c: 1.0,
            logistic_tolerance: 1e-8,
            shown: 8,
            plane: 256,
            regimes: Regimes::default(),
        }
    }
}

impl Parameters {
    /// The classifiers of samples that have classes.
    pub(super) fn wanted(&self) -> Vec<Classifier> {
        self.classifiers.clone().unwrap_or_else(|| Classifier::ALL.to_vec())
    }

    /// What is wrong by itself, as (JSON Pointer, message) pairs.
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for (name, count) in [
            ("clusters", self.clusters.unwrap_or(1)),
            ("starts", self.starts),
            ("rounds", self.rounds),
            ("neighbours", self.neighbours),
        ] {
            if count == 0 {
                problems.push((format!("/{name}"), format!("{name} is 0; it must be at least 1")));
            }
        }
        for (name, value) in
            [("logistic_c", self.logistic_c), ("logistic_tolerance", self.logistic_tolerance)]
        {
            if !(value.is_finite() && value > 0.0) {
                let message = format!("{name} is {value}; it must be a finite number above 0");
                problems.push((format!("/{name}"), message));
            }
        }
        problems.extend(self.regimes.problems());
        let classifiers = self.classifiers.as_deref().unwrap_or_default();
        for (i, classifier) in classifiers.iter().enumerate() {
            if classifiers[..i].contains(classifier) {
                let message = "this classifier is given twice".to_owned();
                problems.push((format!("/classifiers/{i}"), message));
            }
        }
        problems
    }
}

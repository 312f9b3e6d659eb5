//! What a user may set.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::order::Share;

/// Parameters of the stage `select`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Column of `table` by which samples are ordered: any number or truth value of a sample.
    pub score: String,
    /// Table of the artifact at `scores`; it has a column `sample`. Several rows of a sample count as their mean.
    pub table: String,
    /// Which rows of the table count, as values of columns: `{ measure: tail_energy, k: 50, step: 0 }`.
    #[serde(rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Value>,
    /// Which samples go first. Ties, and a random order, are drawn; a sample without a score goes last.
    pub order: Order,
    /// Share of the training samples that are removed, rounded to whole samples.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub remove: f64,
    /// Share of the training samples that are passed over before the first is removed: a chunk in the middle of the
    /// order goes.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub skip: f64,
    /// What becomes of the samples that are removed.
    pub removed: Removed,
    /// Whether the same shares are passed over and removed of each class.
    pub balanced: bool,
    /// Number of the draw of ties and random orders.
    pub draw: u32,
}

/// What becomes of the samples that are removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Removed {
    /// They are left out.
    #[default]
    Dropped,
    /// They take the place of the test samples: what a network makes of them while it learns from the others.
    Tested,
}

/// Which samples are removed first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Those of the least score.
    #[default]
    Least,
    /// Those of the greatest score.
    Most,
    /// Any: the control, which needs no scores.
    Random,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            score: "score".to_owned(),
            table: "sample_scores".to_owned(),
            rows: BTreeMap::new(),
            order: Order::default(),
            remove: 0.0,
            skip: 0.0,
            removed: Removed::default(),
            balanced: false,
            draw: 0,
        }
    }
}

impl Parameters {
    /// What is passed over and removed.
    pub(super) fn share(&self) -> Share {
        Share { skip: self.skip, remove: self.remove }
    }

    /// What is wrong by itself, as (JSON Pointer, message) pairs.
    pub(super) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        for (at, name, share) in [("/remove", "remove", self.remove), ("/skip", "skip", self.skip)]
        {
            if !(0.0..=1.0).contains(&share) {
                problems.push((at, format!("{name} is {share}; a share lies between 0 and 1")));
            }
        }
        if problems.is_empty() && self.skip + self.remove > 1.0 + 1e-9 {
            let (skip, remove) = (self.skip, self.remove);
            let message =
                format!("skip {skip} and remove {remove} are more than all samples together");
            problems.push(("/skip", message));
        }
        if problems.is_empty() && self.remove >= 1.0 {
            problems.push((
                "/remove",
                "all samples are removed; nothing is left to train on".to_owned(),
            ));
        }
        for (at, name, text) in [("/score", "score", &self.score), ("/table", "table", &self.table)]
        {
            if text.is_empty() {
                problems.push((at, format!("{name} is empty; give the name of one")));
            }
        }
        problems
    }
}

//! The variants of a sweep that failed: the report shows them beside those that it is about.

use artifact::tables::training::HistoryRow;
use artifact::{Kind, Manifest, read_rows};
use serde_json::Value;
use stage::{FailedInput, StageError};

use crate::axis::Axis;
use crate::variant::joined;

/// One variant that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Values of the axes of the sweep, in its order.
    pub axes: Vec<Axis>,
    /// The stage that failed.
    pub stage: String,
    /// Its error.
    pub message: String,
    /// The history of its training until that failed, where it did.
    pub history: Vec<HistoryRow>,
}

impl Failed {
    /// Reads every variant among the inputs that are missing: of those of one variant, the one that
    /// depends on most axes says where in the sweep it is, the training run how it went.
    ///
    /// # Errors
    /// Where a history cannot be read.
    pub fn read_all(missing: &[FailedInput]) -> Result<Vec<Self>, StageError> {
        let mut all: Vec<Self> = Vec::new();
        for input in missing {
            let is_part = |other: &FailedInput| {
                let has = |(name, value): (&String, &Value)| other.axes.get(name) == Some(value);
                other.axes.len() > input.axes.len() && input.axes.iter().all(has)
            };
            let axes: Vec<Axis> = input.axes().map(|axis| Axis::of(&axis)).collect();
            if missing.iter().any(is_part) || all.iter().any(|known| known.axes == axes) {
                continue;
            }
            let mut history = Vec::new();
            for other in missing.iter().filter(|other| goes_with(other, input)) {
                let Some(directory) = &other.directory else { continue };
                if Manifest::read(directory)?.kind == Kind::TRAINING {
                    history = read_rows(directory)?;
                    history.sort_by_key(|row: &HistoryRow| row.step);
                }
            }
            let (stage, message) = (input.stage.clone(), input.message.clone());
            all.push(Self { axes, stage, message, history });
        }
        Ok(all)
    }

    /// Whether a variant at `point` can be this one: no axis has two values.
    #[must_use]
    pub fn goes_with(&self, point: &[Axis]) -> bool {
        self.axes.iter().all(|axis| {
            point.iter().all(|other| other.name != axis.name || other.value == axis.value)
        })
    }

    /// The axes in one word, as `decay=0.5,seed=1`.
    #[must_use]
    pub fn label(&self) -> String {
        joined(&self.axes, ",")
    }
}

/// Whether two missing inputs can be of one variant: no axis has two values.
fn goes_with(one: &FailedInput, other: &FailedInput) -> bool {
    one.axes.iter().all(|(name, value)| other.axes.get(name).is_none_or(|found| found == value))
}

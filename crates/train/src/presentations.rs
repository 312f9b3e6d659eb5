//! What the network makes of each sample whenever an update sees it, and forgetting events.
//!
//! Source: Toneva et al. 2019, *An Empirical Study of Example Forgetting during Deep Neural Network
//! Learning*.
//!
//! Measured on one core with batches of 64, a network 64-128-128-10 and N = 1,024: presentations take 1.14
//! times the time and 13 bytes a row on disk; exact events 4 times, for each step looks at 16 times as many
//! samples as its update.

use artifact::tables::training::{ExactEventsRow, PresentationRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::StageError;

use crate::data::Data;
use crate::loss::Loss;

/// What is recorded of the samples that updates see, in the table `presentations`: a row for each sample of
/// each batch, from the batch's own forward pass, before its update (batch norm with the statistics of
/// the batch). The last step has none, for no update leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Presentations {
    /// Whether all training samples are looked at at every step too, and their forgetting events counted
    /// in the table `exact_events`. This takes a forward pass of N rows a step; the network is the one
    /// that checkpoints keep, with batch norms that have the statistics of the whole split.
    #[serde(default)]
    pub exact: bool,
}

/// Why presentations cannot be recorded on a dataset of `output_dim` targets, with a hint.
pub(crate) fn refusal(
    labelled: Option<bool>,
    output_dim: Option<u64>,
) -> Option<(&'static str, &'static str)> {
    if labelled == Some(false) {
        let message = "the dataset has no labels, so no presentation is correct or wrong";
        Some((message, "use a dataset with labels, or leave `presentations` out"))
    } else if output_dim == Some(1) {
        let message = "a margin compares the output of the label with another: one output has none";
        Some((message, "use a dataset with several targets, or leave `presentations` out"))
    } else {
        None
    }
}

/// Holds `data` against what presentations need: a label among the outputs for every training sample.
///
/// # Errors
/// Where that is not so.
pub(crate) fn check(data: &Data) -> Result<(), StageError> {
    let outline = data.outline();
    if let Some((message, hint)) = refusal(outline.labelled, outline.output_dim) {
        return Err(StageError::new(message).hint(hint));
    }
    let (labels, rows) = (&data.train.labels, data.train.rows);
    if labels.len() != rows {
        let count = labels.len();
        let message = format!("only {count} of {rows} training samples have a label");
        return Err(
            StageError::new(message).hint("label all of them, or leave `presentations` out")
        );
    }
    if let Some(label) = labels.iter().find(|label| **label as usize >= data.output_dim) {
        let outputs = data.output_dim;
        let message =
            format!("a training sample has the label {label}, but there are {outputs} outputs");
        return Err(StageError::new(message)
            .hint("use a dataset whose targets are its classes, or leave `presentations` out"));
    }
    Ok(())
}

/// Whether the largest of `outputs`, of equal ones the first, is that of `label`.
pub(crate) fn is_correct(outputs: &[f32], label: u32) -> bool {
    let label = label as usize;
    outputs.get(label).is_some_and(|own| {
        outputs[..label].iter().all(|other| other < own)
            && outputs[label..].iter().all(|other| other <= own)
    })
}

/// The rows of `samples`, of which the network of `step` gives `outputs` (n × o).
pub(crate) fn presented<'a>(
    step: u64,
    samples: &'a [u32],
    outputs: &'a [f32],
    data: &'a Data,
    loss: Loss,
) -> impl Iterator<Item = PresentationRow> + 'a {
    let width = data.output_dim;
    samples.iter().zip(outputs.chunks_exact(width)).map(move |(&sample, outputs)| {
        let row = sample as usize;
        let label = data.train.labels[row];
        let target = &data.train.y[row * width..(row + 1) * width];
        PresentationRow {
            step,
            sample,
            correct: is_correct(outputs, label),
            margin: margin(outputs, label as usize),
            loss: loss.value(outputs, target, width),
        }
    })
}

/// Output of the label − largest other output, of at least two.
fn margin(outputs: &[f32], label: usize) -> f64 {
    let (before, after) = (&outputs[..label], &outputs[label + 1..]);
    let largest = before.iter().chain(after).copied().fold(f32::NEG_INFINITY, f32::max);
    f64::from(outputs[label]) - f64::from(largest)
}

/// `rows` samples at which nobody has looked.
pub(crate) fn unseen(rows: usize) -> Vec<ExactEventsRow> {
    let row = |sample| ExactEventsRow {
        sample,
        events: 0,
        learning_events: 0,
        first_learned: None,
        last_wrong: None,
        correct_steps: 0,
        looks: 0,
    };
    (0..rows as u32).map(row).collect()
}

/// Counts a look at a sample at `step`, the one after the last look.
pub(crate) fn count(row: &mut ExactEventsRow, step: u64, is_correct: bool) {
    let was_correct = row.looks > 0 && row.last_wrong != Some(step - 1);
    if is_correct {
        row.learning_events += u64::from(!was_correct);
        row.correct_steps += 1;
        row.first_learned.get_or_insert(step);
    } else {
        row.events += u64::from(was_correct);
        row.last_wrong = Some(step);
    }
    row.looks += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Samples;

    #[test]
    fn of_equal_outputs_the_first_is_the_largest() {
        let outputs = [1.0, 2.0, 2.0, 0.0];
        assert_eq!(
            [0, 1, 2, 3].map(|label| is_correct(&outputs, label)),
            [false, true, false, false]
        );
        // −0 and 0 are equal, and nothing compares with NaN.
        assert!(is_correct(&[-0.0, 0.0], 0) && !is_correct(&[-0.0, 0.0], 1));
        assert!(!is_correct(&[1.0, f32::NAN], 0) && !is_correct(&[f32::NAN, 1.0], 1));
        assert!(!is_correct(&[1.0], 1));
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the numbers are exact")]
    fn the_margin_leaves_out_the_labels_own_output() {
        let outputs = [1.0, 4.0, 2.5];
        assert_eq!([0, 1, 2].map(|label| margin(&outputs, label)), [-3.0, 1.5, -1.5]);
    }

    /// Events, learning events, first learned, last wrong and correct steps of a sequence of looks.
    fn counted(looks: &[bool]) -> (u64, u64, Option<u64>, Option<u64>, u64) {
        let mut row = unseen(1).remove(0);
        for (step, &is_correct) in (0..).zip(looks) {
            count(&mut row, step, is_correct);
        }
        assert_eq!(row.looks, looks.len() as u64);
        (row.events, row.learning_events, row.first_learned, row.last_wrong, row.correct_steps)
    }

    #[test]
    fn events_are_falls_and_learning_events_rises() {
        assert_eq!(counted(&[]), (0, 0, None, None, 0));
        assert_eq!(counted(&[false]), (0, 0, None, Some(0), 0));
        assert_eq!(counted(&[true]), (0, 1, Some(0), None, 1));
        assert_eq!(counted(&[false; 5]), (0, 0, None, Some(4), 0));
        assert_eq!(counted(&[true; 5]), (0, 1, Some(0), None, 5));
        assert_eq!(counted(&[false, false, true]), (0, 1, Some(2), Some(1), 1));
        assert_eq!(counted(&[true, false, true, true, false]), (2, 2, Some(0), Some(4), 3));
        assert_eq!(counted(&[false, true, false, true, true]), (1, 2, Some(1), Some(2), 3));
    }

    #[test]
    fn every_training_sample_needs_a_label_among_the_outputs() {
        let data = |labels: &[u32], output_dim| {
            let mut data = Data {
                input_dim: 1,
                input_shape: None,
                output_dim,
                train: Samples::default(),
                test: Samples::default(),
            };
            (data.train.labels, data.train.rows) = (labels.to_vec(), 2);
            check(&data).err().map(|error| error.message)
        };
        assert_eq!(data(&[0, 1], 2), None);
        let starts = |message: Option<String>, start: &str| {
            assert!(message.as_ref().is_some_and(|m| m.starts_with(start)), "{message:?}");
        };
        starts(data(&[], 2), "the dataset has no labels");
        starts(data(&[0], 2), "only 1 of 2 training samples");
        starts(data(&[0, 2], 2), "a training sample has the label 2");
        starts(data(&[0, 0], 1), "a margin compares");
    }
}

//! The scalar table of a training run.

use std::path::Path;

use artifact::tables::training::{HISTORY, HistoryRow};

use crate::columns::Columns;
use crate::error::ReportError;

/// The history by rising step.
pub fn history(training: &Path) -> Result<Vec<HistoryRow>, ReportError> {
    let table = Columns::read(
        training,
        &HISTORY,
        &[
            "step",
            "learning_rate",
            "train_loss",
            "test_loss",
            "train_accuracy",
            "test_accuracy",
            "gradient_norm",
            "update_norm",
            "sharpness",
        ],
    )?;
    let learning_rate = table.measures("learning_rate")?;
    let train_loss = table.measures("train_loss")?;
    let test_loss = table.measures_or_null("test_loss")?;
    let train_accuracy = table.measures_or_null("train_accuracy")?;
    let test_accuracy = table.measures_or_null("test_accuracy")?;
    let gradient_norm = table.measures_or_null("gradient_norm")?;
    let update_norm = table.measures_or_null("update_norm")?;
    let sharpness = table.measures_or_null("sharpness")?;
    let mut rows: Vec<HistoryRow> = table
        .counts("step")?
        .into_iter()
        .enumerate()
        .map(|(row, step)| HistoryRow {
            step,
            learning_rate: learning_rate[row],
            train_loss: train_loss[row],
            test_loss: test_loss[row],
            train_accuracy: train_accuracy[row],
            test_accuracy: test_accuracy[row],
            gradient_norm: gradient_norm[row],
            update_norm: update_norm[row],
            sharpness: sharpness[row],
        })
        .collect();
    rows.sort_by_key(|row| row.step);
    Ok(rows)
}

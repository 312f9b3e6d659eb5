//! What the table `runs` of a folder of results tells.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use artifact::tables::run::RunRow;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::names::RUNS_TABLE;

/// Keys of the artifacts behind the results in `folder`, by stage; none where there are no results
/// that can be read.
pub(crate) fn keys_by_stage(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Ok(rows) = artifact::read_rows::<RunRow>(folder) {
        for row in rows {
            found.entry(row.stage).or_default().push(row.key);
        }
        return found;
    }
    // Of a sweep: a column for each stage.
    for batch in rows_at(&folder.join(RUNS_TABLE)).unwrap_or_default() {
        for (column, field) in batch.columns().iter().zip(batch.schema().fields()) {
            let stage = field.name().strip_suffix(".key").filter(|stage| !stage.contains('.'));
            if let (Some(stage), Some(keys)) = (stage, column.as_string_opt::<i32>()) {
                let keys = keys.iter().flatten().map(str::to_owned);
                found.entry(stage.to_owned()).or_default().extend(keys);
            }
        }
    }
    for keys in found.values_mut() {
        keys.sort();
        keys.dedup();
    }
    found
}

/// In the results in `folder`, the count of variants, of stages where there is no sweep, and of those
/// of them that failed; `None` where their table does not tell.
pub(crate) fn count_of_failed(folder: &Path) -> Option<(usize, usize)> {
    let (mut all, mut failed) = (0, 0);
    for batch in rows_at(&folder.join(RUNS_TABLE))? {
        let states = batch.column_by_name("state")?.as_string_opt::<i32>()?;
        all += states.len();
        failed += states.iter().flatten().filter(|state| *state == "failed").count();
    }
    Some((all, failed))
}

/// The table at `path`; `None` where it cannot be read.
pub(crate) fn rows_at(path: &Path) -> Option<Vec<RecordBatch>> {
    let file = fs::File::open(path).ok()?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).ok()?.build().ok()?;
    reader.collect::<Result<_, _>>().ok()
}

//! A score of each sample, from any table that has one.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type, UInt32Type, UInt64Type};
use artifact::{Data, Kind, Layout, Table, read_batches, table_file};
use serde_json::Value;
use stage::{Input, StageError};

use super::parameters::Parameters;

/// The score of each of `count` samples, none where the table has none of it: the mean over the rows that
/// `parameters` let count.
///
/// # Errors
/// Where there is no such table or column, a row is of no sample, or no row counts.
pub fn scores(
    input: &Input,
    parameters: &Parameters,
    count: usize,
) -> Result<Vec<Option<f64>>, StageError> {
    let table = table_of(input.manifest()?.kind, parameters).map_err(|(_, error)| error)?;
    let (mut sums, mut rows) = (vec![0.0; count], vec![0_u32; count]);
    let mut counted = 0_u64;
    for batch in read_batches(&table_file(input.path(), table, None), table)? {
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| {
                StageError::new(format!("the table `{}` has no column `{name}`", table.name))
            })
        };
        let (samples, values) = (column("sample")?, column(&parameters.score)?);
        let conditions = parameters
            .rows
            .iter()
            .map(|(name, wanted)| Ok((column(name)?, wanted)))
            .collect::<Result<Vec<_>, StageError>>()?;
        for row in 0..batch.num_rows() {
            if !conditions.iter().all(|(column, wanted)| holds(column, row, wanted)) {
                continue;
            }
            counted += 1;
            let sample = number(samples, row).map_or(usize::MAX, |sample| sample as usize);
            if sample >= count {
                return Err(StageError::new(format!(
                    "the table `{}` has a score of sample {sample}, and the dataset has {count} training samples",
                    table.name
                ))
                .hint("wire scores of this dataset"));
            }
            if let Some(value) = number(values, row).filter(|value| value.is_finite()) {
                sums[sample] += value;
                rows[sample] += 1;
            }
        }
    }
    if counted == 0 {
        let shown = serde_json::to_string(&parameters.rows).unwrap_or_default();
        return Err(StageError::new(format!("no row of the table `{}` is at {shown}", table.name))
            .hint("give `where` values that the table has"));
    }
    let mean = |(sum, rows): (&f64, &u32)| (*rows > 0).then(|| sum / f64::from(*rows));
    Ok(sums.iter().zip(&rows).map(mean).collect())
}

/// The table of an artifact of `kind` that has what `parameters` ask for.
///
/// # Errors
/// Where there is no such table or column, with the parameter that asks for it as a JSON Pointer.
pub fn table_of(
    kind: Kind,
    parameters: &Parameters,
) -> Result<&'static Table, (&'static str, StageError)> {
    let name = &parameters.table;
    let table = kind.table(name).filter(|it| it.layout != Layout::PerStep).ok_or_else(|| {
        let known: Vec<&str> = kind.tables().iter().map(|table| table.name).collect();
        let error = StageError::new(format!("the artifact at `scores` has no table `{name}`"));
        ("/table", error.hint(format!("tables of a {kind} are {}", known.join(", "))))
    })?;
    check(table, "sample", false).map_err(|error| ("/table", error))?;
    check(table, &parameters.score, false).map_err(|error| ("/score", error))?;
    for column in parameters.rows.keys() {
        check(table, column, true).map_err(|error| ("/where", error))?;
    }
    Ok(table)
}

/// Checks that `table` has the column, and that it is a number, or a text where that is allowed.
fn check(table: &Table, name: &str, may_be_text: bool) -> Result<(), StageError> {
    let is_number =
        |data: Data| matches!(data, Data::UInt32 | Data::UInt64 | Data::Float64 | Data::Boolean);
    let fits = |data: Data| is_number(data) || may_be_text && data == Data::Text;
    let known = table.columns.iter().filter(|column| fits(column.data));
    if known.clone().any(|column| column.name == name) {
        return Ok(());
    }
    let names: Vec<&str> = known.map(|column| column.name).collect();
    Err(StageError::new(format!(
        "the table `{}` has no column `{name}` with one number",
        table.name
    ))
    .hint(format!("columns with one are {}", names.join(", "))))
}

/// The number in a row of a column; a truth value is 0 or 1.
fn number(column: &ArrayRef, row: usize) -> Option<f64> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Float64 => Some(column.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => Some(f64::from(column.as_primitive::<Float32Type>().value(row))),
        DataType::UInt32 => Some(f64::from(column.as_primitive::<UInt32Type>().value(row))),
        DataType::UInt64 => Some(column.as_primitive::<UInt64Type>().value(row) as f64),
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().value(row) as f64),
        DataType::Boolean => Some(f64::from(u8::from(column.as_boolean().value(row)))),
        _ => None,
    }
}

/// Whether a row of a column is `wanted`: a number, a truth value, a text or null.
fn holds(column: &ArrayRef, row: usize, wanted: &Value) -> bool {
    match wanted {
        Value::Null => column.is_null(row),
        Value::String(text) => {
            *column.data_type() == DataType::Utf8
                && !column.is_null(row)
                && column.as_string::<i32>().value(row) == text
        }
        Value::Bool(flag) => number(column, row) == Some(f64::from(u8::from(*flag))),
        other => other.as_f64().is_some() && number(column, row) == other.as_f64(),
    }
}

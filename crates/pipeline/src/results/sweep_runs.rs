//! `runs.parquet` of a sweep: one row for each variant, with all that tells it from the others.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt32Array,
    UInt64Array,
};
use arrow::datatypes::{Field, Schema};
use artifact::Manifest;
use serde_json::{Map, Value};

use super::sweep_table::{Writer, common};
use crate::error::PipelineError;
use crate::execution::Fate;
use crate::planning::{Plan, Task};
use crate::reading::sweep::{Labels, OWN_COLUMNS, Point};

/// A variant with its task of each stage.
struct Variant {
    point: Point,
    /// In the order of [`Plan::stages`].
    tasks: Vec<Option<usize>>,
}

/// Writes the table of `plan` to `path`: the axes, `variant`, the seed where no axis has its
/// name, `state` (`done` or `failed`) and `error` of the variant's own stages, every parameter as
/// `stage.path.to.parameter`, the key of each artifact as `stage.key`, the sum of the wall times and
/// the largest peak memory of the variant's own stages.
///
/// # Errors
/// Where the file cannot be written.
pub(super) fn write(path: &Path, plan: &Plan, fates: &[Fate]) -> Result<(), PipelineError> {
    let variants = variants(plan);
    let mut columns = Columns::default();
    for (index, axis) in plan.sweep.axes.iter().enumerate() {
        let labels = variants.iter().map(|of| of.point.label(index).unwrap_or_default());
        columns.push(&axis.name, axis.labels.column(labels));
    }
    let numbers = 0..u32::try_from(variants.len()).unwrap_or(u32::MAX);
    columns.push(OWN_COLUMNS[0], Arc::new(UInt32Array::from_iter_values(numbers)));
    if plan.sweep.axes.iter().all(|axis| !axis.sets_seed()) {
        let seeds = UInt64Array::from_value(plan.seed, variants.len());
        columns.push("seed", Arc::new(seeds));
    }
    // What gathers the variants is the work of none of them.
    let is_own = |task: &usize| !plan.tasks[*task].gathers();
    let own = |of: &Variant| of.tasks.iter().flatten().copied().filter(is_own).collect::<Vec<_>>();
    let errors: Vec<Option<String>> = variants
        .iter()
        .map(|of| own(of).iter().find_map(|&task| error(plan, task, fates)))
        .collect();
    let state = |error: &Option<String>| Some(if error.is_some() { "failed" } else { "done" });
    columns.push(OWN_COLUMNS[1], Arc::new(errors.iter().map(state).collect::<StringArray>()));
    columns.push(OWN_COLUMNS[2], Arc::new(errors.into_iter().collect::<StringArray>()));
    for stage in 0..plan.stages.len() {
        let tasks: Vec<Option<&Task>> =
            variants.iter().map(|of| of.tasks[stage].map(|task| &plan.tasks[task])).collect();
        columns.parameters(&plan.stages[stage].name, &tasks);
        let key = |task: usize| fates[task].output().map(|output| output.manifest.key.as_str());
        let keys: StringArray = variants.iter().map(|of| of.tasks[stage].and_then(key)).collect();
        columns.push(&format!("{}.key", plan.stages[stage].name), Arc::new(keys));
    }
    let outputs = |of: &Variant| -> Vec<&Manifest> {
        let outputs = own(of).into_iter().filter_map(|task| fates[task].output());
        outputs.map(|output| &output.manifest).collect()
    };
    let times = variants
        .iter()
        .map(|of| -> f64 { outputs(of).iter().map(|manifest| manifest.wall_time_s).sum() });
    columns.push(OWN_COLUMNS[3], Arc::new(Float64Array::from_iter_values(times)));
    let peaks: UInt64Array = variants
        .iter()
        .map(|of| outputs(of).iter().filter_map(|manifest| manifest.peak_memory_bytes).max())
        .collect();
    columns.push(OWN_COLUMNS[4], Arc::new(peaks));
    columns.write(path)
}

/// Why there is no artifact of a task.
fn error(plan: &Plan, task: usize, fates: &[Fate]) -> Option<String> {
    match &fates[task] {
        Fate::Failed { error, .. } => {
            Some(format!("{}: {}", plan.tasks[task].stage, error.message))
        }
        Fate::Lost { stage, error } => Some(format!("{stage}: {}", error.message)),
        Fate::Made(_) | Fate::Open => None,
    }
}

fn variants(plan: &Plan) -> Vec<Variant> {
    let instances: Vec<HashMap<&Point, usize>> = plan
        .stages
        .iter()
        .map(|stage| stage.instances.iter().map(|of| (&of.point, of.task)).collect())
        .collect();
    let points = plan.sweep.points(&plan.sweep.every_axis(), &Point::default());
    let tasks = |point: &Point| {
        let stages = plan.stages.iter().zip(&instances);
        stages.map(|(stage, tasks)| tasks.get(&point.over(&stage.axes)).copied()).collect()
    };
    points.into_iter().map(|point| Variant { tasks: tasks(&point), point }).collect()
}

/// Columns in the making.
#[derive(Default)]
struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
    names: BTreeSet<String>,
}

impl Columns {
    /// Adds a column; one whose name is taken gets another.
    fn push(&mut self, name: &str, array: ArrayRef) {
        let mut name = name.to_owned();
        // A stage may have a parameter that is called `key`.
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        self.fields.push(Field::new(name, array.data_type().clone(), true));
        self.arrays.push(array);
    }

    /// Adds the parameters of one stage, NULL where a variant has none.
    fn parameters(&mut self, stage: &str, tasks: &[Option<&Task>]) {
        let mut order: Vec<String> = Vec::new();
        let mut places: HashMap<String, Vec<Option<&Value>>> = HashMap::new();
        for (row, task) in tasks.iter().enumerate() {
            let mut leaves = Vec::new();
            if let Some(task) = task.filter(|task| task.parameters != Value::Object(Map::new())) {
                collect_leaves(stage, &task.parameters, &mut leaves);
            }
            for (path, value) in leaves {
                let column = places.entry(path.clone()).or_insert_with(|| {
                    order.push(path);
                    vec![None; tasks.len()]
                });
                column[row] = Some(value);
            }
        }
        for path in order {
            let values = places.remove(&path).unwrap_or_default();
            self.push(&path, column(&values));
        }
    }

    fn write(self, path: &Path) -> Result<(), PipelineError> {
        let schema = Arc::new(Schema::new(self.fields));
        let mut writer = Writer::create(path, &schema, common().build())?;
        // Every column has a row for each variant.
        let batch = RecordBatch::try_new(schema, self.arrays)
            .map_err(|error| PipelineError::io("writing", path)(std::io::Error::other(error)))?;
        writer.write(&batch)?;
        writer.close()
    }
}

/// Every value in `value` that is no map, by its dotted path; an empty map is a value.
fn collect_leaves<'v>(path: &str, value: &'v Value, leaves: &mut Vec<(String, &'v Value)>) {
    match value {
        Value::Null => {}
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                collect_leaves(&format!("{path}.{key}"), value, leaves);
            }
        }
        leaf => leaves.push((path.to_owned(), leaf)),
    }
}

/// A column of the type that all `values` have, of text where they have several.
fn column(values: &[Option<&Value>]) -> ArrayRef {
    let present: Vec<Value> = values.iter().flatten().map(|value| (*value).clone()).collect();
    match Labels::of(&present) {
        Some(Labels::Integer(_)) => Arc::new(
            values.iter().map(|value| value.and_then(Value::as_i64)).collect::<Int64Array>(),
        ),
        Some(Labels::Number(_)) => Arc::new(
            values.iter().map(|value| value.and_then(Value::as_f64)).collect::<Float64Array>(),
        ),
        Some(Labels::Boolean(_)) => Arc::new(
            values.iter().map(|value| value.and_then(Value::as_bool)).collect::<BooleanArray>(),
        ),
        Some(Labels::Text(_)) | None => {
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Arc::new(values.iter().map(|value| value.map(text)).collect::<StringArray>())
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_has_the_type_of_its_values() {
        let of = |values: &[Value]| {
            let present: Vec<Option<&Value>> =
                values.iter().map(|value| (!value.is_null()).then_some(value)).collect();
            let column = column(&present);
            (column.data_type().clone(), column.null_count())
        };
        assert_eq!(of(&[json!(1), json!(null)]), (DataType::Int64, 1));
        assert_eq!(of(&[json!(1), json!(0.5)]), (DataType::Float64, 0));
        assert_eq!(of(&[json!(true)]), (DataType::Boolean, 0));
        assert_eq!(of(&[json!("a"), json!([1, 2]), json!(3)]), (DataType::Utf8, 0));
        assert_eq!(of(&[json!([1, 2]), json!({})]), (DataType::Utf8, 0));
        assert_eq!(of(&[json!(u64::MAX)]), (DataType::Utf8, 0));
    }

    #[test]
    fn leaves_have_dotted_paths() {
        let value = json!({ "a": { "b": 1, "c": {} }, "d": [1], "e": null });
        let mut leaves = Vec::new();
        collect_leaves("train", &value, &mut leaves);
        let paths: Vec<&str> = leaves.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["train.a.b", "train.a.c", "train.d"]);
    }
}

//! One variant as figures see it: its tables, read once, and the samples of its dataset.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use artifact::{Data, Kind, Layout, Table, check_table_file, table_file};
use study::{Figure, Select, placeholders};

use super::samples::Samples;
use crate::error::ReportError;
use crate::inputs::Artifact;
use crate::table::Columns;
use crate::variant::Variant;

/// The columns of each table that some figure reads.
#[derive(Debug, Default)]
pub struct Needed(BTreeMap<String, BTreeSet<String>>);

impl Needed {
    /// The columns that `figures` read, and those by which studies `select`.
    #[must_use]
    pub fn by<'a>(figures: impl IntoIterator<Item = &'a Figure>, select: &[&Select]) -> Self {
        let mut needed = Self::default();
        for Select { table, column } in select {
            needed.0.entry(table.clone()).or_default().insert(column.clone());
        }
        for figure in figures {
            for (table, columns) in figure.sources() {
                let known = needed.0.entry(table.to_owned()).or_default();
                known.extend(columns.into_iter().map(str::to_owned));
                known.extend(select.iter().map(|select| select.column.clone()));
                // Functions are told apart by step and split, and joined by keys.
                if let Some(function) = &figure.function {
                    known.extend(["step", "split", "sample", "output"].map(str::to_owned));
                    let labels = function.labels.iter().flat_map(|label| placeholders(label));
                    known.extend(labels.map(|(name, _)| name.to_owned()));
                    known.extend(function.join.iter().flat_map(|join| join.on.keys().cloned()));
                }
            }
        }
        needed
    }
}

/// One variant as figures see it.
pub struct Subject<'a> {
    /// The variant.
    pub variant: &'a Variant,
    /// The samples of its dataset, once they were asked for.
    samples: OnceCell<Option<Samples>>,
    needed: &'a Needed,
    read: RefCell<BTreeMap<String, Rc<Columns>>>,
}

/// A table of one variant.
pub struct Found<'a> {
    /// The artifact that has it.
    pub artifact: &'a Artifact,
    /// Its declaration.
    pub table: &'static Table,
    /// The columns that figures read.
    pub columns: Rc<Columns>,
}

impl<'a> Subject<'a> {
    /// The variant, whose tables are read as figures ask for them.
    #[must_use]
    pub fn new(variant: &'a Variant, needed: &'a Needed) -> Self {
        Self { variant, samples: OnceCell::new(), needed, read: RefCell::default() }
    }

    /// The samples of its dataset; `None` where that is not among the inputs.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn samples(&self) -> Result<Option<&Samples>, ReportError> {
        if self.samples.get().is_none() {
            let mut artifacts = self.variant.artifacts.iter();
            let dataset = artifacts.find(|artifact| artifact.manifest.kind == Kind::DATASET);
            let read = dataset.map(|dataset| {
                Samples::read(&dataset.directory, dataset.manifest.outline.input_shape.clone())
            });
            let read = read.transpose()?;
            // It was empty a moment ago, and this is one thread.
            let _ = self.samples.set(read);
        }
        Ok(self.samples.get().and_then(Option::as_ref))
    }

    /// The tables of the variant.
    #[must_use]
    pub fn tables(&self) -> Vec<&'static Table> {
        let kinds = self.variant.artifacts.iter().map(|artifact| artifact.manifest.kind);
        kinds.flat_map(|kind| kind.all_tables().collect::<Vec<_>>()).collect()
    }

    /// The table `name`, looked for in `own` first; `None` where no artifact of the variant has it.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn table(
        &self,
        name: &str,
        own: Option<&'a Artifact>,
    ) -> Result<Option<Found<'a>>, ReportError> {
        let Some((artifact, table)) = self.variant.table(name, own) else { return Ok(None) };
        let path = table_file(&artifact.directory, table, None);
        let key = path.display().to_string();
        if let Some(columns) = self.read.borrow().get(&key) {
            return Ok(Some(Found { artifact, table, columns: columns.clone() }));
        }
        check_table_file(&path, table)?;
        let scalar = |name: &&str| {
            let column = table.columns.iter().find(|column| column.name == *name);
            column.is_some_and(|column| {
                !matches!(column.data, Data::Float32List | Data::FloatList | Data::UInt32List)
            })
        };
        let names: Vec<&str> = match self.needed.0.get(name) {
            Some(names) => names.iter().map(String::as_str).filter(scalar).collect(),
            None => Vec::new(),
        };
        let columns = Rc::new(Columns::read(&path, &names)?);
        self.read.borrow_mut().insert(key, columns.clone());
        Ok(Some(Found { artifact, table, columns }))
    }
}

/// Whether the results of a run have the table as one file for all variants.
#[must_use]
pub fn is_gathered(table: &Table) -> bool {
    table.layout == Layout::Tidy
}

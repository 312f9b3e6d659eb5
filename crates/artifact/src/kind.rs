//! Kinds of artifact: a name, and the tables and facts that stand behind it.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::outline::{Fact, FactType};
use crate::table::{Column, Data, Layout, Table};
use crate::tables;

/// What an artifact is, and with that which tables it holds.
///
/// A kind that many stages make (samples, training runs, kernels, spectra) is declared here
/// ([`Kind::SHARED`]) and stands in JSON as its name. Any other is declared by whoever makes it, a
/// crate as a constant or a program in its answer to `describe`, and stands in JSON whole: an
/// artifact carries the declaration of its tables in its manifest, and every later reader knows them.
#[derive(Clone, Copy, Debug)]
pub struct Kind(&'static KindDeclaration);

/// The declaration of a kind of artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KindDeclaration {
    /// Its name, which is also its folder in the store.
    pub name: &'static str,
    /// One sentence for the docs.
    pub about: &'static str,
    /// Its tables, in the order in which docs list them.
    pub tables: &'static [Table],
    /// What its outline tells beside that of its inputs.
    pub facts: &'static [Fact],
}

/// The name by which a port takes artifacts of every kind.
pub const ANY_KIND: &str = "any";

impl Kind {
    /// Samples of a function to be learned.
    pub const DATASET: Self = Self::declare(&KindDeclaration {
        name: "dataset",
        about: "Samples of a function to be learned.",
        tables: tables::dataset::TABLES,
        facts: tables::dataset::FACTS,
    });
    /// The history and the checkpoints of one training run.
    pub const TRAINING: Self = Self::declare(&KindDeclaration {
        name: "training",
        about: "The history and the checkpoints of one training run.",
        tables: tables::training::TABLES,
        facts: tables::training::FACTS,
    });
    /// One Gramian for each checkpoint.
    pub const KERNEL: Self = Self::declare(&KindDeclaration {
        name: "kernel",
        about: "One Gramian for each checkpoint.",
        tables: tables::kernel::TABLES,
        facts: tables::kernel::FACTS,
    });
    /// Eigenpairs of Gramians and what is measured with them.
    pub const SPECTRUM: Self = Self::declare(&KindDeclaration {
        name: "spectrum",
        about: "Eigenpairs of the Gramians and what is measured with them.",
        tables: tables::spectrum::TABLES,
        facts: tables::spectrum::FACTS,
    });
    /// What is predicted from kernels. A stage that makes it declares it, as any kind that is not of the chain;
    /// it stands here because several read it.
    pub const PREDICTION: Self = Self::declare(&KindDeclaration {
        name: "prediction",
        about: "What kernel regression with a kernel predicts, and how far the network is from it.",
        tables: tables::prediction::TABLES,
        facts: &[],
    });
    /// Findings, figures and the page that a person reads.
    pub const REPORT: Self = Self::declare(&KindDeclaration {
        name: "report",
        about: "Findings, figures and the page that a person reads.",
        tables: &[tables::findings::FINDINGS],
        facts: &[],
    });

    /// The kinds that the contract declares, in the order of the chain.
    pub const SHARED: [Self; 5] =
        [Self::DATASET, Self::TRAINING, Self::KERNEL, Self::SPECTRUM, Self::REPORT];

    /// The kind that `declaration` declares; a crate's own kind is a constant made by this.
    #[must_use]
    pub const fn declare(declaration: &'static KindDeclaration) -> Self {
        Self(declaration)
    }

    /// The shared kind `name`, where there is one.
    #[must_use]
    pub fn shared(name: &str) -> Option<Self> {
        Self::SHARED.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind's name as it stands in YAML, JSON and folder names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// One sentence on what it holds.
    #[must_use]
    pub const fn about(self) -> &'static str {
        self.0.about
    }

    /// The tables of this kind, in the order in which docs list them.
    #[must_use]
    pub const fn tables(self) -> &'static [Table] {
        self.0.tables
    }

    /// The table `name` of an artifact of this kind, where it may have one: `findings` may stand in
    /// any artifact.
    #[must_use]
    pub fn table(self, name: &str) -> Option<&'static Table> {
        self.all_tables().find(|table| table.name == name)
    }

    /// The tables of this kind, and `findings` where it is none of them.
    pub fn all_tables(self) -> impl Iterator<Item = &'static Table> {
        const ANYWHERE: &Table = &Table { optional: true, ..tables::findings::FINDINGS };
        let has_it = self.tables().iter().any(|table| table.name == ANYWHERE.name);
        self.tables().iter().chain((!has_it).then_some(ANYWHERE))
    }

    /// What the outline of an artifact of this kind tells beside those of its inputs.
    #[must_use]
    pub const fn facts(self) -> &'static [Fact] {
        self.0.facts
    }

    /// Whether the contract declares it.
    #[must_use]
    pub fn is_shared(self) -> bool {
        Self::shared(self.name()).is_some()
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0) || self.0 == other.0
    }
}

impl Eq for Kind {}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.is_shared() { to.serialize_str(self.name()) } else { self.0.serialize(to) }
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // Numbers and the like as values first: an untagged enum would only say that nothing fits.
        let written = match serde_json::Value::deserialize(from)? {
            serde_json::Value::String(name) => return of_name(&name).map_err(D::Error::custom),
            whole => whole,
        };
        let declared: Declared = serde_json::from_value(written).map_err(D::Error::custom)?;
        declared.check().map_err(D::Error::custom)?;
        Ok(declared.kept())
    }
}

/// The shared kind of that name.
fn of_name(name: &str) -> Result<Kind, String> {
    Kind::shared(name).ok_or_else(|| {
        let known = Kind::SHARED.map(Kind::name).join(", ");
        format!(
            "the kind `{name}` is none of {known}: declare a kind of your own with its tables, as {{\"name\": \"{name}\", \"tables\": [...]}}"
        )
    })
}

/// A declaration as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    name: String,
    #[serde(default)]
    about: String,
    tables: Vec<DeclaredTable>,
    #[serde(default)]
    facts: Vec<DeclaredFact>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredTable {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default = "first_version")]
    version: u32,
    #[serde(default)]
    layout: Layout,
    #[serde(default)]
    optional: bool,
    columns: Vec<DeclaredColumn>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredColumn {
    name: String,
    #[serde(rename = "type")]
    data: Data,
    #[serde(default)]
    nullable: bool,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    about: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredFact {
    name: String,
    #[serde(rename = "type")]
    data: FactType,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    about: String,
    #[serde(default)]
    shown: Option<String>,
}

const fn first_version() -> u32 {
    1
}

impl Declared {
    /// Checks what types cannot say.
    fn check(&self) -> Result<(), String> {
        let name = &self.name;
        if !is_word(name) || name == ANY_KIND {
            return Err(format!(
                "a kind cannot be called `{name}`: its name is a word of small letters, digits, `-` and `_`, a letter first, and not `{ANY_KIND}`"
            ));
        }
        if Kind::shared(name).is_some() {
            return Err(format!(
                "the contract declares the kind `{name}`: write \"{name}\" without tables, or give your kind another name"
            ));
        }
        if self.tables.is_empty() {
            return Err(format!("the kind `{name}` declares no table"));
        }
        for (index, table) in self.tables.iter().enumerate() {
            let DeclaredTable { name, columns, .. } = table;
            if !is_word(name) {
                return Err(format!(
                    "a table cannot be called `{name}`: its name is a word of small letters, digits, `-` and `_`, a letter first"
                ));
            }
            if self.tables[..index].iter().any(|other| other.name == *name) {
                return Err(format!("the table `{name}` is declared twice"));
            }
            if columns.is_empty() {
                return Err(format!("the table `{name}` declares no column"));
            }
            for (place, column) in columns.iter().enumerate() {
                if column.name.is_empty() {
                    return Err(format!("a column of the table `{name}` has no name"));
                }
                if columns[..place].iter().any(|other| other.name == column.name) {
                    return Err(format!("the table `{name}` declares `{}` twice", column.name));
                }
            }
        }
        Ok(())
    }

    /// The kind, kept for as long as the program runs. A declaration that was read before is not
    /// kept again: thousands of artifacts have the same.
    fn kept(self) -> Kind {
        static KEPT: LazyLock<Mutex<HashMap<String, Kind>>> = LazyLock::new(Mutex::default);
        // A declaration is data without maps of other keys than texts, so that this cannot fail.
        let text = serde_json::to_string(&self).unwrap_or_default();
        // A thread that panicked here has left the map whole.
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        *kept.entry(text).or_insert_with(|| {
            Kind::declare(Box::leak(Box::new(KindDeclaration {
                name: self.name.leak(),
                about: self.about.leak(),
                tables: self.tables.into_iter().map(DeclaredTable::kept).collect::<Vec<_>>().leak(),
                facts: self.facts.into_iter().map(DeclaredFact::kept).collect::<Vec<_>>().leak(),
            })))
        })
    }
}

impl DeclaredTable {
    fn kept(self) -> Table {
        let column = |column: DeclaredColumn| Column {
            name: column.name.leak(),
            data: column.data,
            nullable: column.nullable,
            words: column.words.into_iter().map(|word| &*word.leak()).collect::<Vec<_>>().leak(),
            unit: column.unit.leak(),
            about: column.about.leak(),
        };
        Table {
            name: self.name.leak(),
            about: self.about.leak(),
            version: self.version,
            layout: self.layout,
            optional: self.optional,
            columns: self.columns.into_iter().map(column).collect::<Vec<_>>().leak(),
        }
    }
}

impl DeclaredFact {
    fn kept(self) -> Fact {
        let Self { name, data, required, about, shown } = self;
        let shown = shown.map(|text| &*text.leak());
        Fact { name: name.leak(), data, required, about: about.leak(), shown }
    }
}

/// Whether `text` can be a name in a path: small letters, digits, `-` and `_`, a letter first.
fn is_word(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(fine)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn codes() -> Value {
        json!({ "name": "codes", "about": "Activation codes.", "tables": [
            { "name": "code_counts", "about": "Distinct codes.", "columns": [
                { "name": "step", "type": "uint64", "about": "Updates made." },
                { "name": "distinct", "type": "float64", "nullable": true, "unit": "1" },
            ] },
            { "name": "codes", "layout": "per_step", "optional": true, "columns": [
                { "name": "bits", "type": "list of uint32" } ] },
        ], "facts": [{ "name": "code_length", "type": "count", "required": true }] })
    }

    fn error(value: Value) -> String {
        serde_json::from_value::<Kind>(value).unwrap_err().to_string()
    }

    #[test]
    fn a_shared_kind_is_written_as_its_name() {
        for kind in Kind::SHARED {
            let text = serde_json::to_value(kind).unwrap();
            assert_eq!(text, json!(kind.name()));
            assert_eq!(serde_json::from_value::<Kind>(text).unwrap(), kind);
        }
    }

    #[test]
    fn a_kind_of_ones_own_carries_its_tables_and_is_kept_once() {
        let kind: Kind = serde_json::from_value(codes()).unwrap();
        assert!(!kind.is_shared());
        let table = kind.table("codes").unwrap();
        assert_eq!((table.layout, table.optional, table.version), (Layout::PerStep, true, 1));
        assert_eq!(kind.table("code_counts").unwrap().columns[1].data, Data::Float64);
        assert_eq!(kind.facts()[0].data, FactType::Count);
        let again: Kind = serde_json::from_value(serde_json::to_value(kind).unwrap()).unwrap();
        assert!(std::ptr::eq(again.0, kind.0));
    }

    #[test]
    fn a_wrong_declaration_says_what_is_wrong() {
        assert!(error(json!("codes")).contains("`codes` is none of dataset, training"));
        let with = |at: &str, value: Value| {
            let mut codes = codes();
            *codes.pointer_mut(at).unwrap() = value;
            error(codes)
        };
        assert!(with("/name", json!("../codes")).contains("cannot be called `../codes`"));
        assert!(with("/name", json!("any")).contains("not `any`"));
        assert!(with("/name", json!("kernel")).contains("the contract declares the kind `kernel`"));
        assert!(with("/tables", json!([])).contains("declares no table"));
        assert!(with("/tables/1/name", json!("code_counts")).contains("declared twice"));
        assert!(with("/tables/0/name", json!("a/b")).contains("cannot be called `a/b`"));
        assert!(with("/tables/0/columns/1/name", json!("step")).contains("`step` twice"));
        assert!(with("/tables/0/columns", json!([])).contains("no column"));
        assert!(with("/tables/0/columns/0/type", json!("int")).contains("unknown variant `int`"));
    }
}

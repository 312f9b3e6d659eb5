//! Whether a figure can be drawn from the tables that there are.

use std::collections::BTreeMap;

use artifact::{Data, Kind, Layout, Table};

use serde_json::Value;

use crate::condition::{Condition, End};
use crate::figure::{Channel, Figure, Mark};
use crate::file::{STUDY_FILE, Select, Study};
use crate::gallery::Gallery;

/// What is wrong with a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a JSON Pointer from the figure on, as it was written.
    pub at: String,
    /// What, a sentence.
    pub message: String,
    /// Whether it is that there is no such table: one of another artifact may be.
    pub is_unknown_table: bool,
}

/// What a column must hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Number,
    Vector,
    Scalar,
}

impl Figure {
    /// What keeps the figure from being drawn from `tables`.
    #[must_use]
    pub fn problems(&self, tables: &[&'static Table]) -> Vec<Problem> {
        let mut check = Check { tables, found: Vec::new() };
        for panel in &self.panels {
            for layer in &panel.layers {
                let Some(table) = check.table(&layer.table, &layer.place, "/table") else {
                    continue;
                };
                let place = &layer.place;
                let maps = layer.mark == Mark::HeatMap;
                for (field, channel) in [("/x", &layer.x), ("/y", &layer.y)] {
                    // Tiles and bars may stand for texts.
                    let texts = maps || (field == "/x" && layer.mark == Mark::Bars);
                    let needs = if texts { Needs::Scalar } else { Needs::Number };
                    check.channel(table, channel.as_ref(), needs, place, field);
                }
                check.channel(table, layer.upper.as_ref(), Needs::Number, place, "/upper");
                check.channel(table, layer.value.as_ref(), Needs::Number, place, "/value");
                check.channel(table, layer.error.as_ref(), Needs::Number, place, "/error");
                if let Some(borders) = &layer.borders {
                    check.column(table, borders, Needs::Scalar, place, "/borders");
                }
                check.channel(table, layer.hue.as_ref(), Needs::Number, place, "/hue");
                if let Some(series) = &layer.series {
                    check.column(table, &series.column, Needs::Scalar, place, "/series");
                }
                if let Some(film) = &layer.film {
                    check.column(table, film, Needs::Number, place, "/film");
                }
                if let Some(facets) = &panel.facets {
                    check.column(table, facets, Needs::Scalar, &panel.place, "/facets");
                }
                check.rows(table, &layer.rows, &format!("{place}/where"));
            }
        }
        if let Some(function) = &self.function {
            let place = "/function";
            if let Some(table) = check.table(&function.table, place, "/table") {
                check.column(table, &function.values, Needs::Vector, place, "/values");
                check.column(table, &function.columns, Needs::Number, place, "/columns");
                check.column(table, "step", Needs::Number, place, "/table");
                check.rows(table, &function.rows, "/function/where");
                let tables = function.join.iter().filter_map(|join| {
                    check.tables.iter().find(|table| table.name == join.table).copied()
                });
                let known: Vec<&'static Table> = std::iter::once(table).chain(tables).collect();
                for (number, label) in function.labels.iter().enumerate() {
                    for (name, how) in placeholders(label) {
                        let has_it =
                            |table: &&Table| table.columns.iter().any(|of| of.name == name);
                        let is_known = name == "largest" || known.iter().any(has_it);
                        if !is_known || !["", "subscript", "percent", "x"].contains(&how) {
                            check.problem(
                                format!("/function/labels/{number}"),
                                format!(
                                    "`{{{name}{}{how}}}` is neither a column nor a way to show one",
                                    if how.is_empty() { "" } else { ":" }
                                ),
                            );
                        }
                    }
                }
                for (number, join) in function.join.iter().enumerate() {
                    let place = format!("/function/join/{number}");
                    let Some(other) = check.table(&join.table, &place, "/table") else { continue };
                    check.rows(other, &join.rows, &format!("{place}/where"));
                    for (own, theirs) in &join.on {
                        check.column(table, own, Needs::Scalar, &place, "/on");
                        check.column(other, theirs, Needs::Scalar, &place, "/on");
                    }
                }
            }
        }
        if let Some(gallery) = &self.gallery {
            check.gallery(gallery);
        }
        check.found
    }
}

impl Study {
    /// What is wrong with figures over the tables of `kind` and of the kinds that the contract declares;
    /// a table of any other kind may be there when the figure is drawn.
    #[must_use]
    pub fn faults(&self, kind: Kind) -> Vec<String> {
        let mut faults = Vec::new();
        if let Some(Select { table, column }) = &self.select {
            let own = kind.table(table).filter(|table| table.layout != Layout::PerStep);
            let found = own.and_then(|own| own.columns.iter().find(|of| of.name == column));
            if !found.is_some_and(|column| is_number(column.data)) {
                faults.push(format!(
                    "{STUDY_FILE} selects by the column `{column}` of `{table}`, which is not a column of numbers of a {kind}"
                ));
            }
        }
        let shared = Kind::SHARED.iter().flat_map(|kind| kind.tables());
        let tables: Vec<&'static Table> = kind.all_tables().chain(shared).collect();
        for (number, figure) in self.figures.iter().enumerate() {
            if self.figures[..number].iter().any(|other| other.name == figure.name) {
                faults.push(format!("{STUDY_FILE} has two figures called `{}`", figure.name));
            }
            let problems = figure.problems(&tables).into_iter();
            faults.extend(problems.filter(|it| !it.is_unknown_table).map(|problem| {
                format!(
                    "{STUDY_FILE} has a figure that cannot be drawn, `{}`, at {}: {}",
                    figure.name, problem.at, problem.message
                )
            }));
        }
        faults
    }
}

/// What a label names in braces, each with how it is shown, as `eigenvalue` and `percent`.
pub fn placeholders(label: &str) -> impl Iterator<Item = (&str, &str)> {
    label.split('{').skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once('}')?;
        Some(inside.split_once(':').unwrap_or((inside, "")))
    })
}

struct Check<'t> {
    tables: &'t [&'static Table],
    found: Vec<Problem>,
}

impl Check<'_> {
    fn problem(&mut self, at: String, message: String) {
        self.found.push(Problem { at, message, is_unknown_table: false });
    }

    fn table(&mut self, name: &str, place: &str, field: &str) -> Option<&'static Table> {
        let found = self.tables.iter().find(|table| table.name == name).copied();
        if found.is_none() {
            let names: Vec<&str> = self.tables.iter().map(|table| table.name).collect();
            let message = if names.is_empty() {
                format!("there is no table `{name}`: nothing is wired into the report")
            } else {
                format!("there is no table `{name}`; there are {}", names.join(", "))
            };
            let at = format!("{place}{field}");
            self.found.push(Problem { at, message, is_unknown_table: true });
        }
        if found.is_some_and(|table| table.layout == Layout::PerStep) {
            self.problem(
                format!("{place}{field}"),
                format!("`{name}` has a file for each step, which figures do not read"),
            );
            return None;
        }
        found
    }

    fn gallery(&mut self, gallery: &Gallery) {
        let place = "/gallery";
        let Some(table) = self.table(&gallery.table, place, "/table") else { return };
        self.column(table, &gallery.sample, Needs::Number, place, "/sample");
        if let Some(each) = &gallery.each {
            self.column(table, &each.column, Needs::Number, place, "/each/column");
        }
        for (number, strip) in gallery.strips.iter().enumerate() {
            let place = format!("/gallery/strips/{number}");
            self.column(table, &strip.by, Needs::Number, &place, "/by");
            self.rows(table, &strip.rows, &format!("{place}/where"));
        }
        for (number, label) in gallery.labels.iter().enumerate() {
            for (name, how) in placeholders(label) {
                let has_it = table.columns.iter().any(|column| column.name == name);
                if !has_it || !["", "subscript", "percent"].contains(&how) {
                    let how = if how.is_empty() { String::new() } else { format!(":{how}") };
                    let at = format!("/gallery/labels/{number}");
                    let message =
                        format!("`{{{name}{how}}}` is neither a column nor a way to show one");
                    self.problem(at, message);
                }
            }
        }
    }

    fn channel(
        &mut self,
        table: &'static Table,
        channel: Option<&Channel>,
        needs: Needs,
        place: &str,
        field: &str,
    ) {
        if let Some(channel) = channel {
            self.column(table, &channel.column, needs, place, field);
        }
    }

    fn column(
        &mut self,
        table: &'static Table,
        name: &str,
        needs: Needs,
        place: &str,
        field: &str,
    ) {
        let at = format!("{place}{field}");
        let Some(column) = table.columns.iter().find(|column| column.name == name) else {
            let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
            return self.problem(
                at,
                format!(
                    "the table `{}` has no column `{name}`; it has {}",
                    table.name,
                    names.join(", ")
                ),
            );
        };
        let is_number = is_number(column.data);
        let is_vector = matches!(column.data, Data::Float32List | Data::FloatList);
        let (fine, wanted) = match needs {
            Needs::Number => (is_number, "numbers"),
            Needs::Vector => (is_vector, "vectors"),
            Needs::Scalar => (
                is_number || matches!(column.data, Data::Text | Data::Boolean),
                "numbers, texts or booleans",
            ),
        };
        if !fine {
            self.problem(
                at,
                format!(
                    "the column `{name}` of `{}` holds {}, where {wanted} are needed",
                    table.name,
                    column.data.name()
                ),
            );
        }
    }

    fn rows(&mut self, table: &'static Table, rows: &BTreeMap<String, Condition>, place: &str) {
        for (name, condition) in rows {
            let needs = match condition {
                Condition::Range(range) if range.at_least.is_some() || range.at_most.is_some() => {
                    Needs::Number
                }
                Condition::End(End::First | End::Last) => {
                    let is_text = table
                        .columns
                        .iter()
                        .any(|column| column.name == name && column.data == Data::Text);
                    if is_text { Needs::Scalar } else { Needs::Number }
                }
                Condition::Range(_) | Condition::OneOf(_) | Condition::Is(_) => Needs::Scalar,
            };
            self.column(table, name, needs, place, &format!("/{name}"));
            self.words(table, name, condition, place);
        }
    }

    /// A value that a column never holds would leave the figure empty.
    fn words(&mut self, table: &'static Table, name: &str, condition: &Condition, place: &str) {
        let Some(column) = table.columns.iter().find(|column| column.name == name) else { return };
        let asked: Vec<&Value> = match condition {
            Condition::Is(value) => vec![value],
            Condition::OneOf(values) => values.iter().collect(),
            Condition::Range(range) => range.not.iter().collect(),
            Condition::End(_) => Vec::new(),
        };
        for value in asked {
            let fits = match (value, column.data) {
                (Value::Null, _)
                | (Value::String(_), Data::Text)
                | (Value::Bool(_), Data::Boolean) => true,
                (Value::Number(_), data) => is_number(data),
                _ => false,
            };
            if !fits {
                self.problem(
                    format!("{place}/{name}"),
                    format!(
                        "`{value}` is not a value of the column `{name}`, which holds {}; a range is `{{ at_least, at_most, not }}`",
                        column.data.name()
                    ),
                );
                continue;
            }
            let Some(word) = value.as_str().filter(|_| !column.words.is_empty()) else { continue };
            if !column.words.contains(&word) {
                self.problem(
                    format!("{place}/{name}"),
                    format!(
                        "the column `{name}` never holds `{word}`; it holds {}",
                        column.words.join(", ")
                    ),
                );
            }
        }
    }
}

fn is_number(data: Data) -> bool {
    matches!(data, Data::UInt32 | Data::UInt64 | Data::Int64 | Data::Float64)
}

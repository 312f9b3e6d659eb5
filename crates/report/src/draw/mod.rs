//! From declared figures and the tables of variants to drawings.

mod across;
mod canvas;
mod failed;
mod functions;
mod functions_across;
mod gallery;
mod images;
mod label;
mod learned;
mod lines;
mod panels;
mod picture;
mod pixels;
mod samples;
mod strips;
mod subject;

use std::collections::BTreeSet;
use std::path::PathBuf;

use study::{Across, Figure, Select};

use crate::drawing::{Content, Drawing, Source};
use crate::error::ReportError;
use crate::inputs::Artifact;
use crate::variant::{Group, Variant, groups};
use functions::Style;
use learned::Learned;
use panels::Selected;
use subject::{Needed, Subject};

pub use failed::drawing as of_failed;

/// Figures of one variant, or of one value that a reader selects of it.
pub struct Detail {
    /// What a selector calls it; empty where there is one only.
    pub label: String,
    /// Its figures.
    pub drawings: Vec<Drawing>,
}

/// All that a report draws.
pub struct Drawn {
    /// Figures over the variants of a sweep; none without one.
    pub across: Vec<Drawing>,
    /// Figures of single variants, the first one's first.
    pub details: Vec<Detail>,
    /// How many details were left out, for a page that opens fast.
    pub left_out: usize,
    /// Which figures could not be drawn, and why.
    pub remarks: Vec<String>,
}

/// Details that a page has at most.
const MOST_DETAILS: usize = 12;
/// Films of the figures of one variant, at most; they share the page's bytes.
const FILMS: usize = 14;
/// What all galleries have in common.
const STRIPS: &str =
    " The images share one scale, dark at the smallest value and bright at the largest.";
/// Names of the figures that the report draws itself.
pub const RESERVED: [&str; 3] = ["function", "sweep_functions", "failed_loss"];

/// The folder in `figures/` with those of the detail `number`, which is called `label`.
#[must_use]
pub fn folder(number: usize, label: &str) -> String {
    let fine = |c: char| if c.is_alphanumeric() || "=.-_,".contains(c) { c } else { '-' };
    let label: String = label.replace(", ", ",").chars().map(fine).take(60).collect();
    format!("{number:02}-{label}")
}

/// A figure and the artifact whose study declares it; none for the user's own.
type Declared<'a> = (&'a Figure, Option<&'a Artifact>);

/// A value that a reader can select, and the artifact that offers it.
#[derive(Clone)]
struct Selection {
    directory: PathBuf,
    column: String,
    value: f64,
}

impl Selection {
    fn selected(&self) -> Selected<'_> {
        Selected { directory: &self.directory, column: &self.column, value: self.value }
    }
}

/// Draws every figure of the studies behind the variants, and the `own` ones of the user.
///
/// # Errors
/// Where a table cannot be read or a picture cannot be encoded.
pub fn all(variants: &[Variant], own: &[Figure], width: u32) -> Result<Drawn, ReportError> {
    let groups = groups(variants);
    let builtin = built_in();
    let select: Vec<&Select> =
        studies(variants).filter_map(|study| study.select.as_ref()).collect();
    let figures = studies(variants).flat_map(|study| &study.figures).chain(own).chain(&builtin);
    let needed = Needed::by(figures, &select);
    // Of repetitions the first is shown in detail.
    let shown: Vec<usize> =
        groups.iter().filter_map(|group| Some(group.members.first()?.index)).collect();
    let details = shown.len().min(MOST_DETAILS);
    let style = Style { width, films: FILMS * details, details };
    let mut drawn =
        Drawn { across: Vec::new(), details: Vec::new(), left_out: 0, remarks: Vec::new() };
    let mut over = Over::new(variants.len());
    for variant in variants {
        let subject = Subject::new(variant, &needed);
        let declared = sound(declared(variant, own, &builtin), &subject, &mut drawn.remarks);
        let selections = selections(&subject)?;
        if variants.len() > 1 {
            over.add(&subject, &declared, selections[0].as_ref())?;
        }
        if !shown.contains(&variant.index) {
            continue;
        }
        for (number, selection) in selections.iter().enumerate() {
            if drawn.details.len() >= MOST_DETAILS {
                drawn.left_out += 1;
                continue;
            }
            let is_first = number == 0;
            let drawings = of_variant(&subject, &declared, selection.as_ref(), is_first, style)?;
            let label = label(variant, selection.as_ref(), selections.len(), variants.len());
            drawn.details.push(Detail { label, drawings });
        }
    }
    if variants.len() > 1 {
        drawn.across = over.drawings(&groups, &needed, width)?;
    }
    Ok(drawn)
}

/// Those of the figures that can be drawn from the tables of a variant; of each other that has its tables
/// there is a remark.
fn sound<'a>(
    declared: Vec<Declared<'a>>,
    subject: &Subject<'a>,
    remarks: &mut Vec<String>,
) -> Vec<Declared<'a>> {
    let tables = subject.tables();
    let mut kept = Vec::new();
    for (figure, own) in declared {
        match figure.problems(&tables).into_iter().find(|problem| !problem.is_unknown_table) {
            None => kept.push((figure, own)),
            Some(problem) => {
                let remark =
                    format!("The figure `{}` is left out: {}.", figure.name, problem.message);
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
            }
        }
    }
    kept
}

/// Draws one figure of one variant; `None` where there is nothing to draw.
///
/// # Errors
/// Where a table cannot be read.
pub fn one(figure: &Figure, variant: &Variant) -> Result<Option<Drawing>, ReportError> {
    let needed = Needed::by([figure], &[]);
    let subject = Subject::new(variant, &needed);
    let content = panels::content(figure, &subject, None, None, 1)?;
    Ok(content.map(|content| finished(figure, content, "", &subject, None)))
}

/// What a selector calls a detail.
fn label(
    variant: &Variant,
    selected: Option<&Selection>,
    selections: usize,
    variants: usize,
) -> String {
    let mut parts = Vec::new();
    if variants > 1 {
        parts.push(variant.label().replace(',', ", "));
    }
    if let Some(Selection { column, value, .. }) = selected.filter(|_| selections > 1) {
        parts.push(format!("{column} {value}"));
    }
    parts.join(", ")
}

fn studies(variants: &[Variant]) -> impl Iterator<Item = &study::Study> {
    variants.iter().flat_map(|variant| &variant.artifacts).map(|artifact| &artifact.study)
}

/// Figures of the shared kinds, which need no study: the history of a training run.
fn built_in() -> Vec<Figure> {
    // A test holds that it can be read.
    serde_json::from_str(include_str!("history.json")).unwrap_or_default()
}

/// The figures of a variant, each once by its name: the user's own come last, and in place of others of
/// their name.
fn declared<'a>(
    variant: &'a Variant,
    own: &'a [Figure],
    builtin: &'a [Figure],
) -> Vec<Declared<'a>> {
    let mut found: Vec<Declared> = builtin.iter().map(|figure| (figure, None)).collect();
    for artifact in &variant.artifacts {
        found.extend(artifact.study.figures.iter().map(|figure| (figure, Some(artifact))));
    }
    let mut names: BTreeSet<&str> = own.iter().map(|figure| figure.name.as_str()).collect();
    found.retain(|(figure, _)| names.insert(&figure.name));
    found.extend(own.iter().map(|figure| (figure, None)));
    found
}

/// The values that a reader can select of a variant: one without any.
fn selections(subject: &Subject) -> Result<Vec<Option<Selection>>, ReportError> {
    for artifact in &subject.variant.artifacts {
        let Some(Select { table, column }) = &artifact.study.select else { continue };
        if artifact.table(table).is_none() {
            continue;
        }
        let Some(found) = subject.table(table, Some(artifact))? else { continue };
        let mut values: Vec<f64> = found.columns.numbers(column)?.to_vec();
        values.retain(|value| !value.is_nan());
        values.sort_by(f64::total_cmp);
        values.dedup();
        if !values.is_empty() {
            let selection = |value| {
                let (directory, column) = (artifact.directory.clone(), column.clone());
                Some(Selection { directory, column, value })
            };
            return Ok(values.into_iter().map(selection).collect());
        }
    }
    Ok(vec![None])
}

/// The figures of one variant.
fn of_variant<'a>(
    subject: &Subject<'a>,
    declared: &[Declared<'a>],
    selection: Option<&Selection>,
    is_first: bool,
    style: Style,
) -> Result<Vec<Drawing>, ReportError> {
    let mut drawings = Vec::new();
    if is_first && let Some(learned) = Learned::read(subject)? {
        drawings.extend(learned.drawing(style)?);
    }
    let selected = selection.map(Selection::selected);
    for &(figure, own) in declared {
        if figure.across == Across::Only {
            // Of a single run, a figure over a sweep has nothing to compare.
            continue;
        }
        if figure.function.is_some() {
            if is_first
                && let Some((content, text)) = functions::content(figure, subject, own, style)?
            {
                drawings.push(finished(figure, content, &text, subject, own));
            }
            continue;
        }
        if figure.gallery.is_some() {
            if is_first && let Some(content) = strips::content(figure, subject, own, style)? {
                drawings.push(finished(figure, content, STRIPS, subject, own));
            }
            continue;
        }
        if let Some(content) = panels::content(figure, subject, own, selected, style.details)? {
            drawings.push(finished(figure, content, "", subject, own));
        }
    }
    Ok(drawings)
}

/// The figure with what was drawn, and one more sentence below it.
fn finished<'a>(
    figure: &Figure,
    content: Content,
    text: &str,
    subject: &Subject<'a>,
    own: Option<&'a Artifact>,
) -> Drawing {
    let source = |(table, columns): (&str, Vec<&str>)| {
        let found = subject.variant.table(table, own)?;
        Some(Source {
            table: table.to_owned(),
            is_gathered: subject::is_gathered(found.1),
            columns: columns.join(", "),
        })
    };
    Drawing {
        name: figure.name.clone(),
        title: figure.title.clone(),
        caption: format!("{}{text}", figure.caption).trim().to_owned(),
        citation: figure.citation.clone(),
        sources: figure.sources().into_iter().filter_map(source).collect(),
        headline: figure.headline,
        content,
    }
}

/// Figures over a sweep, in the making.
struct Over<'a> {
    variants: usize,
    figures: Vec<OverSweep<'a>>,
}

/// A figure with what it shows of each variant, and its sources.
struct OverSweep<'a> {
    figure: &'a Figure,
    shown: Vec<Vec<panels::OverSweep>>,
    sources: Vec<Source>,
}

impl<'a> Over<'a> {
    fn new(variants: usize) -> Self {
        Self { variants, figures: Vec::new() }
    }

    fn add(
        &mut self,
        subject: &Subject<'a>,
        declared: &[Declared<'a>],
        selection: Option<&Selection>,
    ) -> Result<(), ReportError> {
        // Of several values that could be selected, the first.
        let selected = selection.map(Selection::selected);
        for &(figure, own) in declared {
            if figure.across == Across::Never {
                continue;
            }
            let place = self.figures.iter().position(|known| known.figure.name == figure.name);
            let place = place.unwrap_or_else(|| {
                let shown = (0..self.variants).map(|_| Vec::new()).collect();
                self.figures.push(OverSweep { figure, shown, sources: Vec::new() });
                self.figures.len() - 1
            });
            if figure.function.is_some() || figure.gallery.is_some() {
                continue;
            }
            let shown = panels::over_sweep(figure, subject, own, selected)?;
            let drawn = &mut self.figures[place];
            drawn.shown[subject.variant.index] = shown;
            if drawn.sources.is_empty() {
                drawn.sources =
                    finished(figure, Content::Maps(Vec::new()), "", subject, own).sources;
            }
        }
        Ok(())
    }

    fn drawings(
        self,
        groups: &[Group],
        needed: &Needed,
        width: u32,
    ) -> Result<Vec<Drawing>, ReportError> {
        let mut drawings: Vec<Drawing> =
            functions_across::learned(groups, needed, width)?.into_iter().collect();
        for OverSweep { figure, shown, sources } in self.figures {
            // The same figure of one variant has the plain name.
            let (name, title) = match figure.across {
                Across::Also => (
                    format!("sweep_{}", figure.name),
                    format!("{}, of every variant", figure.title),
                ),
                Across::Only | Across::Never => (figure.name.clone(), figure.title.clone()),
            };
            let drawn = if figure.function.is_some() {
                functions_across::content(figure, groups, needed, width)?
            } else {
                let content = across::content(figure, groups, &shown);
                let text = across::repetitions(figure, groups).to_owned();
                content.map(|content| (content, text, sources))
            };
            drawings.extend(drawn.map(|(content, text, sources)| Drawing {
                name,
                title,
                caption: format!("{}{text}", figure.caption).trim().to_owned(),
                citation: figure.citation.clone(),
                sources,
                headline: figure.headline,
                content,
            }));
        }
        Ok(drawings)
    }
}

#[cfg(test)]
mod tests {
    use artifact::Kind;

    use super::*;

    #[test]
    fn the_figures_of_a_history_can_be_drawn_from_its_table() {
        let figures = built_in();
        assert!(!figures.is_empty());
        let tables: Vec<_> = Kind::TRAINING.tables().iter().collect();
        for figure in figures {
            assert_eq!(figure.problems(&tables), [], "{}", figure.name);
        }
    }
}

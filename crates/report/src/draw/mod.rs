//! From declared figures and the tables of variants to drawings.

mod across;
mod canvas;
mod failed;
mod functions;
mod functions_across;
mod gallery;
mod learned;
mod lines;
mod panels;
mod picture;
mod samples;
mod subject;

use std::collections::BTreeSet;

use study::{Across, Figure, Select};

use crate::drawing::{Content, Drawing, Source};
use crate::error::ReportError;
use crate::inputs::Artifact;
use crate::variant::{Group, Variant, groups};
use functions::Style;
use learned::Learned;
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
}

/// Details that a page has at most.
const MOST_DETAILS: usize = 12;

/// A figure and the artifact whose study declares it; none for the user's own.
type Declared<'a> = (&'a Figure, Option<&'a Artifact>);

/// Draws every figure of the studies behind the variants, and the `own` ones of the user.
///
/// # Errors
/// Where a table cannot be read or a picture cannot be encoded.
pub fn all(variants: &[Variant], own: &[Figure], width: u32) -> Result<Drawn, ReportError> {
    let groups = groups(variants);
    let select: BTreeSet<String> =
        studies(variants).filter_map(|study| Some(study.select.as_ref()?.column.clone())).collect();
    let needed = Needed::by(
        studies(variants).flat_map(|study| &study.figures).chain(own).chain(&built_in()),
        &select,
    );
    let builtin = built_in();
    // Of repetitions the first is shown in detail.
    let shown: Vec<usize> =
        groups.iter().filter_map(|group| Some(group.members.first()?.index)).collect();
    let details = shown.len().min(MOST_DETAILS);
    let (mut drawn, mut over) = (Vec::new(), Over::new(variants.len()));
    let (mut left_out, mut count) = (0, 0);
    for variant in variants {
        let subject = Subject::new(variant, &needed)?;
        let declared = declared(variant, own, &builtin);
        if variants.len() > 1 {
            over.add(&subject, &declared)?;
        }
        let Some(place) = shown.iter().position(|index| *index == variant.index) else { continue };
        if place >= MOST_DETAILS {
            left_out += 1;
            continue;
        }
        let style = Style { width, films: 14 * details };
        let selections = selections(&subject)?;
        for (number, selected) in selections.iter().enumerate() {
            count += 1;
            if count > MOST_DETAILS {
                left_out += 1;
                continue;
            }
            let is_first = number == 0;
            let drawings = of_variant(
                &subject,
                &declared,
                selected.as_ref(),
                is_first,
                style,
                variants.len(),
            )?;
            let label = label(variant, selected.as_ref(), selections.len(), variants.len());
            drawn.push(Detail { label, drawings });
        }
    }
    let across = if variants.len() > 1 {
        over.drawings(&groups, variants, &needed, width)?
    } else {
        Vec::new()
    };
    Ok(Drawn { across, details: drawn, left_out })
}

/// Draws one figure of one variant; `None` where there is nothing to draw.
///
/// # Errors
/// Where a table cannot be read.
pub fn one(figure: &Figure, variant: &Variant) -> Result<Option<Drawing>, ReportError> {
    let needed = Needed::by([figure], &BTreeSet::new());
    let subject = Subject::new(variant, &needed)?;
    let content = panels::content(figure, &subject, None, None)?;
    Ok(content.map(|content| finished(figure, content, "", &subject, None)))
}

/// What a selector calls a detail.
fn label(
    variant: &Variant,
    selected: Option<&(String, f64)>,
    selections: usize,
    variants: usize,
) -> String {
    let mut parts = Vec::new();
    if variants > 1 {
        parts.push(variant.label().replace(',', ", "));
    }
    if let Some((column, value)) = selected.filter(|_| selections > 1) {
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

/// The figures of a variant, each once by its name: the user's own last.
fn declared<'a>(
    variant: &'a Variant,
    own: &'a [Figure],
    builtin: &'a [Figure],
) -> Vec<Declared<'a>> {
    let mut found: Vec<Declared> = builtin.iter().map(|figure| (figure, None)).collect();
    for artifact in &variant.artifacts {
        found.extend(artifact.study.figures.iter().map(|figure| (figure, Some(artifact))));
    }
    found.extend(own.iter().map(|figure| (figure, None)));
    let mut names: BTreeSet<&str> = BTreeSet::new();
    found.retain(|(figure, _)| names.insert(&figure.name));
    found
}

/// The values that a reader can select of a variant: one without any.
fn selections(subject: &Subject) -> Result<Vec<Option<(String, f64)>>, ReportError> {
    for artifact in &subject.variant.artifacts {
        let Some(Select { table, column }) = &artifact.study.select else { continue };
        let Some(found) = subject.table(table, Some(artifact))? else { continue };
        let mut values: Vec<f64> = found.columns.numbers(column)?.to_vec();
        values.sort_by(f64::total_cmp);
        values.dedup();
        if !values.is_empty() {
            return Ok(values.into_iter().map(|value| Some((column.clone(), value))).collect());
        }
    }
    Ok(vec![None])
}

/// The figures of one variant.
fn of_variant<'a>(
    subject: &Subject<'a>,
    declared: &[Declared<'a>],
    selected: Option<&(String, f64)>,
    is_first: bool,
    style: Style,
    variants: usize,
) -> Result<Vec<Drawing>, ReportError> {
    let mut drawings = Vec::new();
    if is_first && let Some(learned) = Learned::read(subject)? {
        drawings.extend(learned.drawing(style)?);
    }
    let selected = selected.map(|(column, value)| (column.as_str(), *value));
    for &(figure, own) in declared {
        if figure.across == Across::Only {
            // Of a single run, a figure over a sweep has nothing to compare.
            continue;
        }
        // What a sweep shows for all variants need not stand there again for one, unless pictures.
        if figure.across == Across::Also && figure.function.is_none() && variants > 1 {
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
        if let Some(content) = panels::content(figure, subject, own, selected)? {
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

    fn add(&mut self, subject: &Subject<'a>, declared: &[Declared<'a>]) -> Result<(), ReportError> {
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
            if figure.function.is_some() {
                continue;
            }
            // Of several values that could be selected, the first.
            let select = own.and_then(|own| own.study.select.as_ref());
            let selected = select.map(|select| (select.column.as_str(), 0.0));
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
        variants: &'a [Variant],
        needed: &'a Needed,
        width: u32,
    ) -> Result<Vec<Drawing>, ReportError> {
        let mut drawings =
            functions_across::learned(groups, needed, width)?.into_iter().collect::<Vec<_>>();
        for OverSweep { figure, shown, sources } in self.figures {
            let drawing = |content, text: &str| Drawing {
                name: figure.name.clone(),
                title: figure.title.clone(),
                caption: format!("{}{text}", figure.caption),
                citation: figure.citation.clone(),
                sources: sources.clone(),
                headline: figure.headline,
                content,
            };
            if figure.function.is_some() {
                let over = functions_across::content(figure, groups, needed, width)?;
                drawings.extend(over.map(|(content, text, sources)| Drawing {
                    // The same figure of one variant has the plain name.
                    name: format!("sweep_{}", figure.name),
                    title: format!("{}, of every variant", figure.title),
                    sources,
                    ..drawing(content, &text)
                }));
                continue;
            }
            if let Some(content) = across::content(figure, groups, &shown) {
                drawings.push(drawing(content, across::repetitions(figure, groups)));
            }
        }
        debug_assert_eq!(self.variants, variants.len());
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

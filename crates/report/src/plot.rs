//! One figure from the tables in a folder of results, without a report.

use std::fs;
use std::path::Path;

use artifact::{Kind, KindDeclaration, Manifest, Table, table_in};
use study::{Figure, Study};

use crate::draw;
use crate::error::ReportError;
use crate::inputs::Artifact;
use crate::svg;
use crate::variant::Variant;

/// `figure` over the tables that lie in `folder`, as an SVG document. Of a sweep, the axes are columns of
/// the tables as any other.
///
/// # Errors
/// Where the figure asks for what no table has, or there is nothing to draw, or a table cannot be read.
pub fn plot(folder: &Path, figure: &Figure) -> Result<String, ReportError> {
    let tables = tables(folder)?;
    let refs: Vec<&'static Table> = tables.iter().collect();
    if let Some(problem) = figure.problems(&refs).into_iter().next() {
        return Err(ReportError::Figure { name: figure.name.clone(), problem: problem.message });
    }
    if figure.function.is_some() {
        return Err(ReportError::Figure {
            name: figure.name.clone(),
            problem: "functions over the inputs are drawn in reports only".to_owned(),
        });
    }
    let kind = Kind::declare(Box::leak(Box::new(KindDeclaration {
        name: "results",
        about: "",
        tables,
        facts: &[],
    })));
    let artifact = Artifact::of(folder.to_owned(), Manifest::bare(kind), Study::default());
    let variant = Variant { artifacts: vec![artifact], ..Variant::default() };
    let drawing = draw::one(figure, &variant)?.ok_or_else(|| ReportError::Figure {
        name: figure.name.clone(),
        problem: "no row of the table meets its conditions".to_owned(),
    })?;
    svg::document(&drawing)
}

/// The declarations of all tables in `folder`.
fn tables(folder: &Path) -> Result<&'static [Table], ReportError> {
    let entries = fs::read_dir(folder)
        .map_err(|source| ReportError::Read { path: folder.to_owned(), source })?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    paths.sort();
    let mut tables = Vec::new();
    for path in paths {
        // A damaged table keeps nobody from drawing another.
        tables.extend(table_in(&path).ok().copied());
    }
    Ok(tables.leak())
}

//! The stage: plan and run.

use std::fs;
use std::path::Path;

use artifact::{Kind, Outline, write_rows};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

use crate::about::About;
use crate::error::ReportError;
use crate::figure::{Content, Figure};
use crate::functions::Functions;
use crate::measures::Measures;
use crate::number::grouped;
use crate::page::Page;
use crate::parameters::Parameters;
use crate::{figures, findings, svg};

/// The stage `report`.
pub struct Report;

impl Stage for Report {
    type Parameters = Parameters;

    const NAME: &'static str = "report";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str =
        "Findings as measured numbers, figures, and one page that works offline.";
    const INPUTS: &'static [Port] = &[
        Port::one("spectrum", Kind::Spectrum),
        Port::one("training", Kind::Training),
        Port::one("dataset", Kind::Dataset),
    ];
    const OUTPUT: Kind = Kind::Report;
    const USES_SEED: bool = false;
    const FILES: &'static [&'static str] = &["report.html", "figures"];

    fn plan(parameters: &Parameters, inputs: &Outlines, _limits: &Limits) -> Plan {
        let outline = inputs.one("spectrum");
        let mut plan = Plan { outline: outline.clone(), ..Plan::default() };
        let Parameters { title: _, top, eigenfunctions, picture_width } = *parameters;
        if top == 0 {
            plan.problem("/top", "top is 0; at least one eigenvector is the top of the spectrum")
                .hint("leave it out for 50");
        }
        if let Some(rows) = outline.kernel_rows
            && u64::from(top) >= rows
        {
            plan.problem(
                "/top",
                format!("top is {top}, but the Gramian has {rows} rows: all of any signal lies in its top {top} eigenvectors"),
            )
            .hint(format!("set top to at most {}", rows.saturating_sub(1)));
        }
        if eigenfunctions == 0 || eigenfunctions > 64 {
            plan.problem(
                "/eigenfunctions",
                format!("eigenfunctions is {eigenfunctions}; from 1 to 64 can be drawn"),
            )
            .hint("leave it out for 6");
        }
        if !(16..=1024).contains(&picture_width) {
            plan.problem(
                "/picture_width",
                format!("picture_width is {picture_width}; pictures are 16 to 1,024 pixels wide"),
            )
            .hint("leave it out for 128");
        }
        plan
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let spectrum = inputs.one("spectrum")?;
        let training = inputs.one("training")?;
        let dataset = inputs.one("dataset")?;
        let about = About::new(&dataset.manifest()?, &training.manifest()?, &spectrum.manifest()?);

        context.progress(0, 4, "part", || "tables".to_owned());
        let measures = Measures::read(spectrum.path(), training.path(), parameters.top)?;
        let functions = Functions::read(
            dataset.path(),
            training.path(),
            spectrum.path(),
            &measures,
            parameters.eigenfunctions,
        )?;

        context.progress(1, 4, "part", || "findings".to_owned());
        let findings = findings::measure(&measures, &about);
        write_rows(output, &findings)?;

        context.progress(2, 4, "part", || "figures".to_owned());
        let figures = figures::all(&measures, functions.as_ref(), parameters.picture_width)?;
        write_figures(&output.join("figures"), &figures)?;

        context.progress(3, 4, "part", || "page".to_owned());
        let title = parameters.title.as_deref().unwrap_or("How the spectrum of the kernel moves");
        let remarks = remarks(parameters, &measures, &about, functions.as_ref());
        let page = Page {
            title,
            about: &about,
            findings: &findings,
            figures: &figures,
            remarks: &remarks,
        };
        write(&output.join("report.html"), page.html().as_bytes())?;

        context.progress(4, 4, "part", || format!("{} figures", figures.len()));
        Ok(about.outline)
    }
}

/// What a reader might look for and not find.
fn remarks(
    parameters: &Parameters,
    measures: &Measures,
    about: &About,
    functions: Option<&Functions>,
) -> Vec<String> {
    let mut remarks = Vec::new();
    if functions.is_none() {
        let dimensions =
            about.outline.input_dim.map_or_else(|| "other than one or two".to_owned(), grouped);
        remarks.push(format!(
            "The inputs have {dimensions} dimensions; functions are drawn for one or two only."
        ));
    }
    if measures.top < parameters.top {
        remarks.push(format!(
            "The spectrum holds {} eigenvectors, so these stand for the top {} that were asked for.",
            measures.top, parameters.top
        ));
    }
    if measures.blocks().len() > 1 {
        remarks.push(
            "The run has one kernel for each output; the figures show that of output 0.".to_owned(),
        );
    }
    if measures.first_step == measures.last_step {
        remarks.push(format!(
            "The run has one checkpoint only, at step {}.",
            grouped(measures.first_step)
        ));
    }
    remarks
}

/// Writes each figure as SVG, and its pictures as PNG too.
fn write_figures(folder: &Path, figures: &[Figure]) -> Result<(), ReportError> {
    fs::create_dir_all(folder)
        .map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    for figure in figures {
        let document = svg::document(figure)?;
        write(&folder.join(format!("{}.svg", figure.name)), document.as_bytes())?;
        if let Content::Pictures(rows) = &figure.content {
            for picture in rows.iter().flat_map(|row| &row.pictures) {
                write(&folder.join(format!("{}.png", picture.name)), &picture.png)?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    fs::write(path, content).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

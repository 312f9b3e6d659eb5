//! The stage: plan and run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use artifact::{Kind, Outline, Table, write_rows};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

use crate::about::shared_facts;
use crate::draw::{self, Drawn};
use crate::drawing::{Content, Drawing, FilmRow};
use crate::error::ReportError;
use crate::failed::Failed;
use crate::inputs::{self, PORT};
use crate::page::Page;
use crate::parameters::Parameters;
use crate::variant::{self, Variant};
use crate::{findings, network, svg};

/// The stage `report`.
pub struct Report;

impl Stage for Report {
    type Parameters = Parameters;

    const NAME: &'static str = "report";
    const VERSION: &'static str = "2";
    const SUMMARY: &'static str =
        "Findings as measured numbers, figures, and one page that works offline.";
    const INPUTS: &'static [Port] = &[Port::many_of_any(PORT).partial()];
    const OUTPUT: Kind = Kind::REPORT;
    const USES_SEED: bool = false;
    const FILES: &'static [&'static str] = &["report.html", "figures"];

    fn plan(parameters: &Parameters, inputs: &Outlines, _limits: &Limits) -> Plan {
        let mut plan = Plan { outline: outline(inputs.many(PORT)), ..Plan::default() };
        let width = parameters.picture_width;
        if !(16..=1024).contains(&width) {
            plan.problem(
                "/picture_width",
                format!("picture_width is {width}; pictures are 16 to 1,024 pixels wide"),
            )
            .hint("leave it out for 128");
        }
        check_figures(parameters, inputs.kinds(PORT), &mut plan);
        plan
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        context.progress(0, 4, "part", || "findings".to_owned());
        let failed = Failed::read_all(&context.failed)?;
        let variants = inputs::read(inputs, &failed)?;
        let findings = findings::of_all(&variants, &parameters.trends);
        write_rows(output, &findings)?;

        context.progress(1, 4, "part", || "figures".to_owned());
        let drawn = draw::all(&variants, &parameters.figures, parameters.picture_width)?;
        let of_failed = draw::of_failed(&failed);

        context.progress(2, 4, "part", || "SVG".to_owned());
        let count = write_figures(&output.join("figures"), &drawn, of_failed.as_ref())?;

        context.progress(3, 4, "part", || "page".to_owned());
        let abouts: Vec<_> = variants.iter().map(|variant| &variant.about).collect();
        let labels: Vec<String> = match &variants[..] {
            [_] => Vec::new(),
            several => several.iter().map(Variant::label).collect(),
        };
        let citations: BTreeSet<&str> = variants
            .iter()
            .flat_map(|variant| &variant.artifacts)
            .map(|artifact| artifact.study.citation.as_str())
            .filter(|citation| !citation.is_empty())
            .collect();
        let page = Page {
            title: parameters.title.as_deref().or(parameters.name.as_deref()).unwrap_or("Report"),
            name: parameters.name.as_deref().filter(|_| parameters.title.is_some()),
            facts: &shared_facts(&abouts),
            networks: &network::distinct(&variants),
            parameters: &variants[0].about.parameters,
            sweep: &variant::axes(&variants, &failed),
            variants: &labels,
            failed: &failed,
            failed_figure: of_failed.as_ref(),
            findings: &findings,
            citations: &citations.into_iter().collect::<Vec<_>>(),
            drawn: &drawn,
            steps: &steps(&drawn),
            remarks: &remarks(&variants, &drawn),
        };
        write(&output.join("report.html"), page.html().as_bytes())?;

        context.progress(4, 4, "part", || format!("{count} figures"));
        Ok(variants[0].about.outline.clone())
    }
}

/// What is known of the inputs together.
fn outline(outlines: &[Outline]) -> Outline {
    outlines.iter().fold(Outline::default(), Outline::completed_by)
}

/// Finds what keeps the user's own figures from being drawn, before anything runs: the inputs' kinds say
/// which tables there will be.
fn check_figures(parameters: &Parameters, kinds: &[Kind], plan: &mut Plan) {
    let mut tables: Vec<&'static Table> = Vec::new();
    for table in kinds.iter().flat_map(|kind| kind.all_tables()) {
        if !tables.iter().any(|known| known.name == table.name) {
            tables.push(table);
        }
    }
    for (number, figure) in parameters.figures.iter().enumerate() {
        let place = format!("/figures/{number}");
        if parameters.figures[..number].iter().any(|other| other.name == figure.name) {
            plan.problem(
                &format!("{place}/name"),
                format!("two figures are called `{}`; names must be unique", figure.name),
            );
        }
        if draw::RESERVED.contains(&figure.name.as_str()) {
            plan.problem(
                &format!("{place}/name"),
                format!(
                    "the report itself has a figure called `{}`; choose another name",
                    figure.name
                ),
            );
        }
        // A driver that does not say which tables there will be is found out when the stage runs.
        if tables.is_empty() {
            continue;
        }
        for problem in figure.problems(&tables) {
            plan.problem(&format!("{place}{}", problem.at), problem.message);
        }
    }
}

/// The checkpoints of all that follows the slider, by rising step.
fn steps(drawn: &Drawn) -> Vec<u64> {
    let details = drawn.details.iter().flat_map(|detail| &detail.drawings);
    let mut steps = BTreeSet::new();
    for drawing in drawn.across.iter().chain(details) {
        match &drawing.content {
            Content::Pictures(pictures) => {
                steps.extend(pictures.films.iter().flat_map(|row: &FilmRow| row.steps.clone()));
            }
            Content::Plot(plot) => {
                let films = plot.panels.iter().flat_map(|panel| &panel.series);
                steps.extend(films.flat_map(|series| series.film.iter().map(|(step, _)| *step)));
            }
            Content::Maps(_) => {}
        }
    }
    steps.into_iter().collect()
}

/// What a reader might look for and not find.
fn remarks(variants: &[Variant], drawn: &Drawn) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut accepted: Vec<&str> =
        variants.iter().flat_map(|of| &of.about.accepted).map(String::as_str).collect();
    accepted.sort_unstable();
    accepted.dedup();
    if !accepted.is_empty() {
        remarks.push(format!(
            "Results of an earlier build of the program were accepted for: {}.",
            accepted.join(", ")
        ));
    }
    if variants.iter().all(|variant| variant.findings.is_empty()) {
        remarks.push("The inputs of this report hold no findings.".to_owned());
    }
    if drawn.left_out > 0 {
        remarks.push(format!(
            "To keep the page small, {} more variants or outputs have no figures of their own here; `cargo xtask plot` draws any table.",
            drawn.left_out
        ));
    }
    remarks.extend(drawn.remarks.iter().cloned());
    remarks
}

/// Writes each figure as SVG, and its pictures as PNG too; those of variants after the first into a folder
/// of each. Gives their number.
fn write_figures(
    folder: &Path,
    drawn: &Drawn,
    of_failed: Option<&Drawing>,
) -> Result<usize, ReportError> {
    create(folder)?;
    let mut count = 0;
    for drawing in drawn.across.iter().chain(of_failed) {
        write_figure(folder, drawing)?;
        count += 1;
    }
    for (number, detail) in drawn.details.iter().enumerate() {
        let folder = match number {
            0 => folder.to_owned(),
            _ => folder.join(draw::folder(number, &detail.label)),
        };
        create(&folder)?;
        for drawing in &detail.drawings {
            write_figure(&folder, drawing)?;
            count += 1;
        }
    }
    Ok(count)
}

fn write_figure(folder: &Path, drawing: &Drawing) -> Result<(), ReportError> {
    let document = svg::document(drawing)?;
    write(&folder.join(format!("{}.svg", drawing.name)), document.as_bytes())?;
    if let Content::Pictures(pictures) = &drawing.content {
        for picture in pictures.rows.iter().flat_map(|row| &row.pictures) {
            write(&folder.join(format!("{}.png", picture.name)), &picture.png)?;
        }
    }
    Ok(())
}

fn create(folder: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(folder)
        .map_err(|source| ReportError::Write { path: folder.to_owned(), source })
}

fn write(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    fs::write(path, content).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

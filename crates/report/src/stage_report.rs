//! The stage: plan and run.

use std::fs;
use std::path::Path;

use artifact::{Kind, Outline, write_rows};
use stage::{Context, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

use crate::about::shared_facts;
use crate::error::ReportError;
use crate::failed::Failed;
use crate::figure::{Content, Figure};
use crate::functions::Functions;
use crate::number::grouped;
use crate::page::{Page, Section};
use crate::parameters::Parameters;
use crate::variant::{self, Group, Variant};
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
        Port::many("spectrum", Kind::SPECTRUM).partial(),
        Port::many("training", Kind::TRAINING).partial(),
        Port::many("dataset", Kind::DATASET).partial(),
    ];
    const MADE_FROM: &'static [(&'static str, &'static [&'static str])] =
        &[("training", &["dataset"]), ("spectrum", &["training", "dataset"])];
    const OUTPUT: Kind = Kind::REPORT;
    const USES_SEED: bool = false;
    const FILES: &'static [&'static str] = &["report.html", "figures"];

    fn plan(parameters: &Parameters, inputs: &Outlines, _limits: &Limits) -> Plan {
        let outlines = inputs.many("spectrum");
        let mut plan = Plan { outline: inputs.one("spectrum"), ..Plan::default() };
        let Parameters { title: _, top, eigenfunctions, picture_width } = *parameters;
        if top == 0 {
            plan.problem("/top", "top is 0; at least one eigenvector is the top of the spectrum")
                .hint("leave it out for 50");
        }
        let smallest = outlines.iter().filter_map(|outline| outline.kernel_rows).min();
        if let Some(rows) = smallest
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
        context.progress(0, 4, "part", || "tables".to_owned());
        let variants = Variant::read_all(inputs, parameters.top)?;
        let failed = Failed::read_all(&context.failed)?;
        let groups = variant::groups(&variants);
        let first = &variants[0];
        let read = |variant: &Variant| {
            Functions::read(&variant.folders, &variant.measures, parameters.eigenfunctions)
        };
        // Of a sweep the pictures of one variant of each group, of which the first is the first.
        let functions =
            groups.iter().map(|group| read(group.members[0])).collect::<Result<Vec<_>, _>>()?;

        context.progress(1, 4, "part", || "findings".to_owned());
        let findings = findings::of_all(&variants);
        write_rows(output, &findings)?;

        context.progress(2, 4, "part", || "figures".to_owned());
        let mut sections = sections(&variants, &groups, &functions, parameters.picture_width)?;
        if let Some(figure) = figures::of_failed(&failed) {
            let title = "The variants that failed".to_owned();
            sections.push(Section { title, figures: vec![figure] });
        }
        let count = sections.iter().map(|section| section.figures.len()).sum::<usize>();
        write_figures(
            &output.join("figures"),
            sections.iter().flat_map(|section| &section.figures),
        )?;

        context.progress(3, 4, "part", || "page".to_owned());
        let title = parameters.title.as_deref().unwrap_or("How the spectrum of the kernel moves");
        let labels: Vec<String> = match &variants[..] {
            [_] => Vec::new(),
            several => several.iter().map(Variant::label).collect(),
        };
        let page = Page {
            title,
            facts: &shared_facts(
                &variants.iter().map(|variant| &variant.about).collect::<Vec<_>>(),
            ),
            about: &first.about,
            sweep: &variant::axes(&variants, &failed),
            variants: &labels,
            failed: &failed,
            findings: &findings,
            figures: &sections,
            steps: &steps(&functions),
            remarks: &[accepted(&variants), remarks(parameters, first, &functions[0])].concat(),
        };
        write(&output.join("report.html"), page.html().as_bytes())?;

        context.progress(4, 4, "part", || format!("{count} figures"));
        Ok(first.about.outline.clone())
    }
}

/// The figures of the page: those across a sweep, then those of its first variant; without a sweep
/// those of the run.
fn sections(
    variants: &[Variant],
    groups: &[Group],
    functions: &[Functions],
    picture_width: u32,
) -> Result<Vec<Section>, ReportError> {
    let first = &variants[0];
    let detail = figures::of_run(&first.measures, &functions[0], picture_width)?;
    if variants.len() == 1 {
        return Ok(vec![Section { title: "Figures".to_owned(), figures: detail }]);
    }
    let across = figures::across(groups, functions, picture_width)?;
    Ok(vec![
        Section { title: "Across the sweep".to_owned(), figures: across },
        Section { title: format!("One variant in detail: {}", first.label()), figures: detail },
    ])
}

/// The checkpoints of all that follows the slider, by rising step.
fn steps(functions: &[Functions]) -> Vec<u64> {
    let mut steps: Vec<u64> =
        functions.iter().flat_map(|run| run.spans.iter().map(|(step, _)| *step)).collect();
    steps.sort_unstable();
    steps.dedup();
    steps
}

/// Which of the results behind the report an earlier build of a program has computed.
fn accepted(variants: &[Variant]) -> Vec<String> {
    let mut stages: Vec<&str> =
        variants.iter().flat_map(|of| &of.about.accepted).map(String::as_str).collect();
    stages.sort_unstable();
    stages.dedup();
    if stages.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "Results of an earlier build of the program were accepted for: {}.",
        stages.join(", ")
    )]
}

/// What a reader might look for and not find.
fn remarks(parameters: &Parameters, variant: &Variant, functions: &Functions) -> Vec<String> {
    let (measures, about) = (&variant.measures, &variant.about);
    let mut remarks = Vec::new();
    if functions.drawn.is_none() {
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
fn write_figures<'a>(
    folder: &Path,
    figures: impl Iterator<Item = &'a Figure>,
) -> Result<(), ReportError> {
    fs::create_dir_all(folder)
        .map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    for figure in figures {
        let document = svg::document(figure)?;
        write(&folder.join(format!("{}.svg", figure.name)), document.as_bytes())?;
        if let Content::Pictures(pictures) = &figure.content {
            for picture in pictures.rows.iter().flat_map(|row| &row.pictures) {
                write(&folder.join(format!("{}.png", picture.name)), &picture.png)?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    fs::write(path, content).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

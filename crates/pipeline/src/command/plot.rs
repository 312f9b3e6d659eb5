//! `plot`: a figure from the tables of a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::{Map, Value, json};
use study::Figure;

use super::folders::Folders;
use super::print;
use crate::error::PipelineError;
use crate::programs::Catalogue;
use crate::project::Project;

/// The program that draws, beside that of the stage `report`.
const PROGRAM: &str = "ntk-plot";

/// Arguments of `plot`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Name of a run, as `runs` lists them, or a folder with tables.
    run: String,
    /// A table of the run, e.g. energy.
    #[arg(required_unless_present = "figure")]
    table: Option<String>,
    /// A file with a figure in YAML, or a list of them (docs/figures.md).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["table", "x", "y", "rows", "series", "facets", "value"])]
    figure: Option<PathBuf>,
    /// Column of the horizontal axis.
    #[arg(long, value_name = "COLUMN")]
    x: Option<String>,
    /// Column of the vertical axis.
    #[arg(long, value_name = "COLUMN")]
    y: Option<String>,
    /// Which rows, e.g. signal=target or k=10,50 (repeatable).
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    rows: Vec<String>,
    /// A line for each value of this column.
    #[arg(long, value_name = "COLUMN")]
    series: Option<String>,
    /// A panel for each value of this column.
    #[arg(long, value_name = "COLUMN")]
    facets: Option<String>,
    /// Value of a heat map's tiles.
    #[arg(long, value_name = "COLUMN")]
    value: Option<String>,
    /// line, steps, scatter, bars, histogram or heat_map.
    #[arg(long, default_value = "line")]
    mark: String,
    /// Axes that are logarithmic.
    #[arg(long, value_name = "AXIS", value_parser = ["x", "y"])]
    log: Vec<String>,
    /// Title.
    #[arg(long)]
    title: Option<String>,
    /// Where to write the picture [default: the figure's name with .svg, in the current folder].
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    folders: Folders,
}

/// Draws the figure and says where it is.
///
/// # Errors
/// Where there is no such run, the figure cannot be drawn, or a file cannot be written.
pub(super) fn run(project: Project, arguments: &Arguments) -> Result<ExitCode, PipelineError> {
    let project = arguments.folders.of(project)?;
    let folder = results(&project, &arguments.run)?;
    let figures = figures(arguments)?;
    let name = figures[0]["name"].as_str().unwrap_or("figure").to_owned();
    let out = arguments.out.clone().unwrap_or_else(|| match figures.len() {
        1 => PathBuf::from(format!("{name}.svg")),
        _ => PathBuf::from("figures"),
    });
    let program = program(&project)?;
    let folder_of_request = std::env::temp_dir();
    let request =
        tempfile::NamedTempFile::new().map_err(PipelineError::io("writing", &folder_of_request))?;
    fs::write(request.path(), Value::from(figures).to_string())
        .map_err(PipelineError::io("writing", request.path()))?;
    let status = Command::new(&program).arg(&folder).arg(request.path()).arg(&out).status();
    let status = status.map_err(PipelineError::io("starting", &program))?;
    if !status.success() {
        return Ok(ExitCode::from(2));
    }
    print(out.display());
    Ok(ExitCode::SUCCESS)
}

fn wrong(message: String) -> PipelineError {
    PipelineError::Argument { message, help: None }
}

/// The folder of the run, or the folder that is named.
fn results(project: &Project, run: &str) -> Result<PathBuf, PipelineError> {
    let own = project.results(run);
    let named = Path::new(run);
    if !run.contains('/') && own.is_dir() {
        return Ok(own);
    }
    if named.is_dir() {
        return Ok(named.to_owned());
    }
    Err(wrong(format!(
        "there is no run `{run}` in {}; `runs` lists those that there are",
        project.shown(&project.data.join("runs"))
    )))
}

/// The figures that the arguments say, or those of a file.
fn figures(arguments: &Arguments) -> Result<Vec<Value>, PipelineError> {
    if let Some(path) = &arguments.figure {
        let text = fs::read_to_string(path).map_err(PipelineError::io("reading", path))?;
        let odd = |error: String| wrong(format!("{}: {error}", path.display()));
        let written: Value = serde_yaml::from_str(&text).map_err(|error| odd(error.to_string()))?;
        // Read as figures for the line of what is wrong.
        let (figures, checked) = match written {
            Value::Array(all) if !all.is_empty() => {
                (all, serde_yaml::from_str::<Vec<Figure>>(&text).map(drop))
            }
            Value::Object(_) => (vec![written], serde_yaml::from_str::<Figure>(&text).map(drop)),
            _ => return Err(odd("it contains no figure".to_owned())),
        };
        checked.map_err(|error| odd(error.to_string()))?;
        return Ok(figures);
    }
    let table = arguments.table.as_deref().unwrap_or_default();
    let channel = |axis: &str, column: &String| {
        let scale = if arguments.log.iter().any(|log| log == axis) { "log" } else { "linear" };
        json!({ "column": column, "scale": scale })
    };
    let mut rows = Map::new();
    for condition in &arguments.rows {
        let Some((column, value)) = condition.split_once('=') else {
            return Err(wrong(format!(
                "`--where {condition}` is not a condition; write COLUMN=VALUE"
            )));
        };
        let parsed = |text: &str| serde_yaml::from_str(text).unwrap_or_else(|_| Value::from(text));
        let value = if value.contains(',') && !value.starts_with(['[', '{']) {
            value.split(',').map(parsed).collect::<Vec<Value>>().into()
        } else {
            parsed(value)
        };
        rows.insert(column.to_owned(), value);
    }
    let mut figure = json!({
        "name": word(table), "table": table, "mark": arguments.mark, "where": rows,
        "title": arguments.title.clone().unwrap_or_else(|| format!("{} of {}", table, arguments.run)),
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            figure[name] = value;
        }
    };
    set("x", arguments.x.as_ref().map(|column| channel("x", column)));
    set("y", arguments.y.as_ref().map(|column| channel("y", column)));
    set("series", arguments.series.as_deref().map(Value::from));
    set("facets", arguments.facets.as_deref().map(Value::from));
    set("value", arguments.value.as_deref().map(Value::from));
    let checked: Result<Figure, _> = serde_json::from_value(figure.clone());
    checked.map_err(|error| wrong(error.to_string()))?;
    Ok(vec![figure])
}

/// A table's name as that of a figure.
fn word(table: &str) -> String {
    let fine = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' };
    table.chars().map(fine).collect()
}

/// The program that draws: it lies beside that of the stage `report`.
fn program(project: &Project) -> Result<PathBuf, PipelineError> {
    let report = "report";
    let mut programs = Catalogue::of(project)?.programs(&[report].into())?;
    let missing = |why: String| wrong(format!("figures cannot be drawn: {why}"));
    match programs.remove(report) {
        Some(Ok(report)) => Ok(report.path.with_file_name(PROGRAM)),
        Some(Err(unusable)) => Err(missing(unusable.message)),
        None => Err(missing("there is no stage `report`".to_owned())),
    }
}

//! `cargo xtask pipeline`.

use pipeline::{Options, Progress, Project, Request};

use crate::error::XtaskError;
use crate::print;
use crate::store::Folders;

/// Arguments of `cargo xtask pipeline`.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Arguments {
    /// A pipeline: its name in `pipelines/`, with or without `.yaml`, or a path.
    file: String,
    /// Set one value, as `train.with.steps=100`, `seed=3` or, of a sweep, `sweep.seed.to=[0,1]`;
    /// may be given several times.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Print what would run and with which parameters, and run nothing.
    #[arg(long)]
    dry_run: bool,
    /// Threads that a stage may use [default: all].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Memory that a stage may use, as 4GiB [default: what is free].
    #[arg(long, value_name = "BYTES", value_parser = pipeline::quantity::parse_bytes)]
    memory: Option<u64>,
    /// Seed instead of the pipeline's own.
    #[arg(long, allow_hyphen_values = true)]
    seed: Option<u64>,
    #[command(flatten)]
    folders: Folders,
    /// Stages that run side by side, within threads and memory.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    /// Go on with what does not need a stage that failed.
    #[arg(long)]
    keep_going: bool,
    /// Print one JSON object a line for everything that happens.
    #[arg(long, conflicts_with_all = ["quiet", "dry_run"])]
    json: bool,
    /// Say nothing but errors.
    #[arg(long)]
    quiet: bool,
}

/// Checks the pipeline, runs it, and says where its results lie.
///
/// # Errors
/// Where the pipeline is wrong, a stage fails, or the file system refuses.
pub fn run(project: Project, arguments: &Arguments) -> Result<(), XtaskError> {
    let project = arguments.folders.of(project)?;
    let request = Request {
        file: arguments.file.clone(),
        set: arguments.set.clone(),
        seed: arguments.seed,
        limits: pipeline::limits(arguments.threads.map(usize::from), arguments.memory),
    };
    pipeline::end_on_interrupt();
    let plan = pipeline::check(&project, &request)?;
    for difference in plan.lock.differences(&plan) {
        eprintln!("warning: {difference}");
    }
    if arguments.dry_run {
        print(pipeline::dry_run(&project, &plan).trim_end());
        return Ok(());
    }
    let stages = plan.tasks.iter().map(|task| task.stage.as_str());
    let progress = if arguments.json { Progress::json() } else { Progress::new(arguments.quiet) }
        .aligned(stages);
    let (jobs, keep_going) = (arguments.jobs.into(), arguments.keep_going);
    let options = Options { jobs, keep_going, ..Options::default() };
    let made = pipeline::run(&project, &plan, &options, &progress)?;
    let results = pipeline::gather(&project, &plan, &made)?;
    if !arguments.quiet && !arguments.json {
        print(format!("\n{}", pipeline::summary(&project, &plan, &results)?.trim_end()));
    }
    Ok(())
}

//! What the stage says before it runs.

use artifact::Outline;
use stage::{Limits, Outlines, Plan};

use crate::memory::{Sizes, largest_rows, peak_bytes};
use crate::parameters::{Method, Pairs, Parameters};
use crate::sources::outline;

/// Checks the parameters against what is known of the inputs.
pub fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
    let outline = outline(&inputs.one("dataset"), &inputs.one("training"), &inputs.one("kernel"));
    let mut plan = Plan::default();
    check_parameters(parameters, &mut plan);
    if let Some(rows) = outline.kernel_rows {
        check_counts(parameters, rows, &mut plan);
        check_top(parameters, rows, &mut plan);
        if plan.problems.is_empty() {
            check_memory(parameters, sizes(&outline, rows), limits, &mut plan);
        }
    }
    plan.outline = outline;
    plan
}

fn check_parameters(parameters: &Parameters, plan: &mut Plan) {
    if parameters.method == Method::Block && parameters.eigenpairs == Pairs::All {
        plan.problem(
            "/method",
            "the block method finds the top k eigenpairs, but all are asked for",
        )
        .hint("set eigenpairs: { top: k }, or method: full");
    }
    let (least, most) = (1e-13, 1e-2);
    if !(least..=most).contains(&parameters.tolerance) {
        let message = format!(
            "the tolerance is {}; it lies between {least:e} and {most:e}",
            parameters.tolerance
        );
        plan.problem("/tolerance", message);
    }
    let zero = |count: u32| count == 0;
    if parameters.eigenpairs == Pairs::Top(0) {
        plan.problem("/eigenpairs/top", "the top 0 eigenpairs are none; ask for 1 or more");
    }
    if zero(parameters.eigenvectors) {
        plan.problem("/eigenvectors", "0 eigenvectors are none; store 1 or more");
    }
    if zero(parameters.top) {
        plan.problem("/top", "top is 0; at least one eigenvector is the top of the spectrum");
    }
    for (i, &k) in parameters.overlap.iter().enumerate() {
        if zero(k) {
            plan.problem(&format!("/overlap/{i}"), "an overlap of 0 eigenvectors has no meaning");
        }
        if parameters.overlap[..i].contains(&k) {
            plan.problem(
                &format!("/overlap/{i}"),
                format!("the overlap of {k} is asked for twice"),
            );
        }
    }
}

fn check_counts(parameters: &Parameters, rows: u64, plan: &mut Plan) {
    for excess in parameters.too_many(rows) {
        let wanted = excess.wanted;
        let message = match parameters.eigenpairs {
            Pairs::Top(k) if u64::from(wanted) <= rows => {
                format!("{wanted} eigenpairs are needed, but only the top {k} are found")
            }
            _ => format!("{wanted} eigenpairs are asked for, but the Gramian has {rows} rows"),
        };
        plan.problem(&excess.at, message);
    }
}

fn check_top(parameters: &Parameters, rows: u64, plan: &mut Plan) {
    if parameters.top_is_all(rows) {
        plan.problem(
            "/top",
            format!(
                "top is {}, but the Gramian has {rows} rows: all of any signal lies in its top {}",
                parameters.top, parameters.top
            ),
        )
        .hint(format!("set top to at most {}", rows.saturating_sub(1)));
    }
}

fn check_memory(parameters: &Parameters, sizes: Sizes, limits: &Limits, plan: &mut Plan) {
    let bytes = peak_bytes(sizes, parameters);
    plan.memory_bytes = Some(bytes);
    if bytes > limits.memory_bytes {
        let gibibytes = |bytes: u64| bytes as f64 / f64::from(1_u32 << 30);
        let message = format!(
            "the spectrum of Gramians of {} rows needs {:.1} GiB, {:.1} GiB are available",
            sizes.rows,
            gibibytes(bytes),
            gibibytes(limits.memory_bytes)
        );
        let fitting = largest_rows(sizes, parameters, limits.memory_bytes);
        plan.problem("", message).hint(format!(
            "a Gramian of up to {fitting} rows would fit, with as many test rows to each"
        ));
    }
}

fn sizes(outline: &Outline, rows: u64) -> Sizes {
    // Rows a sample: o under `full`, 1 otherwise.
    let per_sample = outline.train_samples.map_or(1, |samples| rows / samples.max(1));
    Sizes {
        rows,
        test_rows: outline.test_samples.unwrap_or(0) * per_sample,
        blocks: outline.kernel_blocks.unwrap_or(1),
        steps: outline.checkpoints.as_ref().map_or(1, |steps| steps.len() as u64),
        stored: outline.kernel_precision.unwrap_or_default(),
    }
}

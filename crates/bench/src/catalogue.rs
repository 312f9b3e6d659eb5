//! All cases.

use crate::case::{Case, Growth, Work};
use crate::model::Model;
use crate::pipeline::{SCRIPT, SHIPPED_STEPS};
use crate::target::{BEST, Measure, Target};

const fn required(measure: Measure, bound: f64) -> Target {
    Target { measure, required: Some(bound), aim: None }
}

const fn faster(than: &'static str, times: f64) -> Target {
    required(Measure::Speedup(than), times)
}

const fn hoped(measure: Measure, aim: f64) -> Target {
    Target { measure, required: None, aim: Some(aim) }
}

const fn both(measure: Measure, bound: f64, aim: f64) -> Target {
    Target { measure, required: Some(bound), aim: Some(aim) }
}

const TRAINERS: &[&str] = &["torch", "jax"];
const DECOMPOSERS: &[&str] = &["scipy", "torch", "numpy"];
/// The last solves for each ridge anew.
const SOLVERS: &[&str] = &["scipy", "numpy", "scipy-cholesky"];
const NEURAL_TANGENTS: &[&str] = &["neural-tangents"];
/// The second by torch.func.
const JACOBIANS: &[&str] = &["neural-tangents", "torch"];

/// Every case: single kernels, the work that has targets, and curves of growing cost.
///
/// `quick` cuts samples and steps to a sixteenth (samples of `memory` to a fifth), widths to an eighth and
/// images to a quarter of their rows and columns.
#[must_use]
pub fn cases(quick: bool) -> Vec<Case> {
    let mut cases = fixed();
    cases.extend(infinite());
    cases.extend(curves());
    if quick {
        for case in &mut cases {
            // A peak below the driver's own memory is unknown: a Gramian of 16 MB stands out.
            let part = if case.work == Work::Memory { 5 } else { 16 };
            case.samples = (case.samples / part).max(20);
            case.model = case.model.small();
            if let Work::Pipeline { steps } = &mut case.work {
                *steps /= 16;
            }
        }
        // Curves keep two points each.
        let last = |case: &Case, next: Option<&Case>| next.is_none_or(|n| n.name != case.name);
        let ends = (0..cases.len()).map(|i| {
            let first = i == 0 || cases[i - 1].name != cases[i].name;
            first || last(&cases[i], cases.get(i + 1))
        });
        let keep: Vec<bool> = ends.collect();
        let mut keep = keep.into_iter();
        cases.retain(|_| keep.next().unwrap_or(true));
    }
    cases
}

/// Cases of one size.
fn fixed() -> Vec<Case> {
    const STEP: &[Target] = &[
        faster("torch", 2.0),
        faster("jax", 1.5),
        faster("dfdx", 3.0),
        hoped(Measure::MatmulShare, 0.75),
    ];
    const SMALL_STEP: &[Target] = &[faster("torch", 2.0), faster("jax", 1.5)];
    const BATCH_STEP: &[Target] = &[faster("torch", 2.0), faster("jax", 1.3)];
    const GRAMIAN: &[Target] =
        &[both(Measure::Speedup("neural-tangents"), 4.0, 8.0), hoped(Measure::MatmulShare, 0.6)];
    const OUTPUTS: &[Target] = &[faster("neural-tangents", 3.0)];
    const COLD: &[Target] = &[faster(BEST, 5.0)];
    const WARM: &[Target] = &[faster(BEST, 10.0)];
    const ALL: &[Target] = &[faster("torch", 1.2)];
    const TABLES: &[Target] =
        &[required(Measure::TimeShare("write"), 0.1), required(Measure::TimeShare("read"), 0.1)];
    const PIPELINE: &[Target] = &[both(Measure::Speedup(SCRIPT), 3.0, 5.0)];
    const MEMORY: &[Target] = &[
        both(Measure::Gramians("train"), 3.0, 1.5),
        both(Measure::Gramians("ntk"), 3.0, 1.5),
        both(Measure::Gramians("spectrum"), 3.0, 1.5),
    ];
    const CNN_STEP: &[Target] =
        &[faster("torch", 1.2), faster("jax", 2.0), hoped(Measure::MatmulShare, 0.7)];
    const RESIDUAL_STEP: &[Target] = &[faster("torch", 1.2)];
    const CNN_GRAMIAN: &[Target] =
        &[both(Measure::Speedup("neural-tangents"), 4.0, 8.0), faster("torch", 3.0)];
    const CNN_MEMORY: &[Target] = &[hoped(Measure::Gramians("ntk"), 3.0)];
    const INFINITE_MEMORY: &[Target] = &[both(Measure::Gramians("infinite"), 1.5, 1.0)];
    let case = |name: &str, work, [samples, depth, width, outputs]: [usize; 4]| {
        of(name, work, samples, Model::Dense { depth, width }, outputs)
    };
    let cnn = Model::Convolutional { side: 32, width: 32 };
    let residual = |norm| Model::Residual { side: 32, width: 16, norm };
    let digits = Model::InfiniteDense { depth: 3, inputs: 784 };
    let pipeline = |name, steps| {
        with(case(name, Work::Pipeline { steps }, [1_024, 5, 256, 1]), &[SCRIPT], PIPELINE)
    };
    vec![
        // First, while this program is small: the system counts its size at the time as the least
        // memory of programs that it starts, and the driver calls that an unknown peak.
        with(case("memory", Work::Memory, [10_000, 6, 256, 1]), &[], MEMORY),
        with(of("memory-cnn", Work::Memory, 4_000, cnn, 10), &[], CNN_MEMORY),
        with(of("memory-infinite", Work::Memory, 10_000, digits, 1), &[], INFINITE_MEMORY),
        // An eighth of the shipped run: its schedule and checkpoints in proportion.
        pipeline("pipeline", SHIPPED_STEPS / 8),
        Case { on_request: true, ..pipeline("pipeline-full", SHIPPED_STEPS) },
        case("forward", Work::Forward, [10_000, 6, 256, 1]),
        case("backward", Work::Backward, [10_000, 6, 256, 1]),
        with(case("step-full-batch", Work::Step, [10_000, 6, 256, 1]), TRAINERS, STEP),
        with(case("step-small", Work::Step, [1_024, 5, 64, 1]), TRAINERS, SMALL_STEP),
        with(case("step-mini-batch", Work::Step, [64, 5, 256, 1]), TRAINERS, BATCH_STEP),
        with(case("gramian", Work::Gramian, [1_000, 6, 256, 1]), NEURAL_TANGENTS, GRAMIAN),
        with(case("gramian-large", Work::Gramian, [4_000, 6, 256, 1]), NEURAL_TANGENTS, GRAMIAN),
        with(case("gramian-outputs", Work::Gramian, [500, 6, 256, 10]), NEURAL_TANGENTS, OUTPUTS),
        with(of("step-cnn", Work::Step, 64, cnn, 10), TRAINERS, CNN_STEP),
        with(of("step-cnn-large", Work::Step, 256, cnn, 10), TRAINERS, CNN_STEP),
        with(of("step-residual", Work::Step, 64, residual(false), 10), TRAINERS, RESIDUAL_STEP),
        with(of("step-residual-norm", Work::Step, 64, residual(true), 10), TRAINERS, RESIDUAL_STEP),
        with(of("gramian-cnn", Work::Gramian, 256, cnn, 1), JACOBIANS, CNN_GRAMIAN),
        with(of("gramian-cnn-large", Work::Gramian, 1_024, cnn, 1), JACOBIANS, &[]),
        with(of("gramian-cnn-outputs", Work::Gramian, 256, cnn, 10), JACOBIANS, OUTPUTS),
        Case {
            on_request: true,
            ..with(of("gramian-cnn-full", Work::Gramian, 1_024, cnn, 10), JACOBIANS, &[])
        },
        case("cross-gramian", Work::CrossGramian, [2_000, 6, 256, 1]),
        with(case("top-cold", Work::TopCold, [4_000, 6, 256, 1]), DECOMPOSERS, COLD),
        with(case("top-warm", Work::TopWarm, [4_000, 6, 256, 1]), DECOMPOSERS, WARM),
        with(case("all-pairs", Work::AllPairs, [4_000, 6, 256, 1]), &["torch", "numpy"], ALL),
        with(case("tables", Work::Tables, [4_096, 6, 256, 1]), &[], TABLES),
    ]
}

/// Infinite networks, and regression with their kernels.
fn infinite() -> Vec<Case> {
    const INFINITE: &[Target] = &[both(Measure::Speedup("neural-tangents"), 5.0, 10.0)];
    const FLATTENED: &[Target] = &[both(Measure::Speedup("neural-tangents"), 10.0, 20.0)];
    const POOLED: &[Target] = &[both(Measure::Speedup("neural-tangents"), 20.0, 40.0)];
    const RIDGE: &[Target] = &[faster(BEST, 3.0), faster("scipy-cholesky", 3.0)];
    let infinite = |name, samples, model, targets| {
        with(of(name, Work::Infinite, samples, model, 1), NEURAL_TANGENTS, targets)
    };
    let dense = |inputs| Model::InfiniteDense { depth: 3, inputs };
    let images = |side, colours, pools| Model::InfiniteConvolutional { side, colours, pools };
    vec![
        infinite("infinite-dense", 1_024, dense(784), INFINITE),
        infinite("infinite-dense-large", 4_000, dense(784), INFINITE),
        infinite("infinite-flatten", 256, images(14, 1, false), FLATTENED),
        infinite("infinite-pooled-small", 64, images(8, 3, true), POOLED),
        // Minutes of the peer's.
        Case {
            on_request: true,
            ..infinite("infinite-pooled-small-full", 256, images(8, 3, true), POOLED)
        },
        Case { on_request: true, ..infinite("infinite-pooled", 64, images(14, 1, true), POOLED) },
        with(of("ridge", Work::Ridge, 2_048, dense(16), 10), SOLVERS, RIDGE),
    ]
}

fn of(name: &str, work: Work, samples: usize, model: Model, outputs: usize) -> Case {
    let name = name.to_owned();
    let (peers, targets) = (&[][..], &[][..]);
    Case { name, work, samples, model, outputs, growth: None, peers, targets, on_request: false }
}

fn with(case: Case, peers: &'static [&'static str], targets: &'static [Target]) -> Case {
    Case { peers, targets, ..case }
}

/// Cost growing with N, width and depth.
fn curves() -> Vec<Case> {
    const SAMPLES: &[usize] = &[250, 500, 1_000, 2_000, 4_000];
    const WIDTHS: &[usize] = &[32, 64, 128, 256, 512];
    const DEPTHS: &[usize] = &[1, 2, 4, 8];
    let sizes = |growth| match growth {
        Growth::Samples => ("samples", SAMPLES),
        Growth::Width => ("width", WIDTHS),
        Growth::Depth => ("depth", DEPTHS),
    };
    let mut cases = Vec::new();
    for (work, name, peers) in
        [(Work::Step, "step", TRAINERS), (Work::Gramian, "gramian", NEURAL_TANGENTS)]
    {
        for growth in [Growth::Samples, Growth::Width, Growth::Depth] {
            let (along, sizes) = sizes(growth);
            for &size in sizes {
                let at = |here, otherwise| if growth == here { size } else { otherwise };
                cases.push(Case {
                    name: format!("{name}-by-{along}"),
                    work,
                    samples: at(Growth::Samples, 1_000),
                    model: Model::Dense {
                        depth: at(Growth::Depth, 6),
                        width: at(Growth::Width, 256),
                    },
                    outputs: 1,
                    growth: Some(growth),
                    peers,
                    targets: &[],
                    on_request: false,
                });
            }
        }
    }
    cases
}

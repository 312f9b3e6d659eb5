//! The stage: read both kernels, compare step by step, write.

use std::path::Path;

use artifact::tables::kernel::Reduction;
use artifact::{Kind, Outline, write_rows};
use kernel::{Block, Kernels};
use stage::{Context, Input, Inputs, Limits, Outlines, Plan, Port, Stage, StageError};

use crate::angles::{Leading, principal};
use crate::measures::{Products, centred_alignment, trace};
use crate::pairs::{matching, reference_step};
use crate::parameters::Parameters;
use crate::table::{AngleRow, KIND, SimilarityRow};
use crate::{figures, findings, plan};

/// The stage `kernel-similarity`.
pub struct KernelSimilarity;

impl Stage for KernelSimilarity {
    type Parameters = Parameters;

    const NAME: &'static str = "kernel-similarity";
    const VERSION: &'static str = "1";
    const SUMMARY: &'static str =
        "How alike two kernels are: alignment, distance, angles between leading eigenvectors.";
    const INPUTS: &'static [Port] =
        &[Port::one("kernel", Kind::KERNEL), Port::one("reference", Kind::KERNEL)];
    const OUTPUT: Kind = KIND;
    const USES_SEED: bool = false;

    fn plan(parameters: &Parameters, inputs: &Outlines, limits: &Limits) -> Plan {
        plan::plan(parameters, inputs, limits)
    }

    fn run(
        parameters: &Parameters,
        inputs: &Inputs,
        output: &Path,
        context: &Context,
    ) -> Result<Outline, StageError> {
        let (kernel, reference) = (inputs.one("kernel")?, inputs.one("reference")?);
        let (own, other) = (Side::read(kernel)?, Side::read(reference)?);
        let used = own.kernels.samples().min(other.kernels.samples());
        let (mut rows, mut angles) = (Vec::new(), Vec::new());
        let mut held: Option<Reference> = None;
        let steps = own.kernels.steps();
        for (done, &step) in (1..).zip(&steps) {
            let at = reference_step(step, parameters.reference_step, &other.kernels.steps())?;
            let reference = match held.take().filter(|it| it.step == at) {
                Some(reference) => reference,
                None => Reference::read(&other, at, used, !parameters.top.is_empty())?,
            };
            let blocks = own.blocks(step, used)?;
            let pairs = matching(
                (own.kernels.reduction, blocks.len()),
                (other.kernels.reduction, reference.blocks.len()),
            )?;
            for (block, pair) in pairs.into_iter().enumerate() {
                let key = (step, block as u32, at);
                let (kernel, against) = (&blocks[block], &reference.blocks[pair]);
                if kernel.kernel.nrows() != against.kernel.nrows() {
                    return Err(StageError::new(format!(
                        "the kernel has {} rows of {used} samples and the reference {}",
                        kernel.kernel.nrows(),
                        against.kernel.nrows()
                    )));
                }
                rows.push(compared(key, kernel, against, used));
                if !parameters.top.is_empty() {
                    let leading = Leading::of(kernel.kernel.as_ref())?;
                    let of = &reference.leading[pair];
                    angles.extend(angles_of(
                        key,
                        &leading,
                        of,
                        &parameters.top,
                        kernel.kernel.nrows(),
                    )?);
                }
            }
            held = Some(reference);
            context.progress(done, steps.len() as u64, "step", String::new);
        }
        write_rows(output, &rows)?;
        write_rows(output, &angles)?;
        write_rows(output, &findings::all(&rows, parameters.near))?;
        figures::study(&rows)?.write(output)?;
        Ok(Outline { train_samples: Some(used as u64), ..kernel.manifest()?.outline })
    }
}

/// A kernel artifact and the size of its matrices.
struct Side {
    kernels: Kernels,
    /// Outputs that its reduction leaves room for, and test samples.
    size: (usize, usize),
}

impl Side {
    fn read(input: &Input) -> Result<Self, StageError> {
        let (kernels, outline) = (Kernels::read(input)?, input.manifest()?.outline);
        let outputs = match kernels.reduction {
            // One matrix whose scale is that of one output, however many there are.
            Reduction::Trace => outline.output_dim.unwrap_or(1),
            Reduction::SummedLogit => 1,
            Reduction::Full | Reduction::PerOutput => kernels.outputs() as u64,
        };
        let size = (outputs as usize, kernels.tests());
        Ok(Self { kernels, size })
    }

    fn blocks(&self, step: u64, used: usize) -> Result<Vec<Block>, StageError> {
        self.kernels.blocks(step, used, self.size).map_err(|error| StageError {
            message: format!("at step {step}: {}", error.message),
            ..error
        })
    }
}

/// The reference at one step.
struct Reference {
    step: u64,
    blocks: Vec<Block>,
    /// Eigenvectors of each; nothing where they are not needed.
    leading: Vec<Leading>,
}

impl Reference {
    fn read(side: &Side, step: u64, used: usize, with_vectors: bool) -> Result<Self, StageError> {
        let blocks = side.blocks(step, used)?;
        let leading = if with_vectors {
            blocks.iter().map(|it| Leading::of(it.kernel.as_ref())).collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        Ok(Self { step, blocks, leading })
    }
}

fn compared(
    (step, output, reference_step): (u64, u32, u64),
    kernel: &Block,
    reference: &Block,
    used: usize,
) -> SimilarityRow {
    let (a, b) = (kernel.kernel.as_ref(), reference.kernel.as_ref());
    let train = Products::of(a, b);
    let has_tests = kernel.cross.nrows() > 0 && kernel.cross.nrows() == reference.cross.nrows();
    let test = has_tests.then(|| Products::of(kernel.cross.as_ref(), reference.cross.as_ref()));
    let ratio = trace(a) / trace(b);
    SimilarityRow {
        step,
        output,
        reference_step,
        alignment: train.alignment(),
        centred_alignment: centred_alignment(a, b),
        distance: train.distance(),
        scaled_distance: train.scaled_distance(),
        scale: train.scale(),
        trace_ratio: ratio.is_finite().then_some(ratio),
        test_alignment: test.and_then(|it| it.alignment()),
        test_distance: test.and_then(|it| it.distance()),
        samples: used as u32,
    }
}

fn angles_of(
    (step, output, reference_step): (u64, u32, u64),
    kernel: &Leading,
    reference: &Leading,
    top: &[u32],
    size: usize,
) -> Result<Vec<AngleRow>, StageError> {
    let mut rows = Vec::new();
    for &k in top {
        let count = k as usize;
        if count > size {
            return Err(StageError::new(format!(
                "{k} eigenvectors are asked for, of kernels with {size} rows"
            ))
            .hint("give `top` numbers up to that"));
        }
        let found = principal(kernel.vectors(count).as_ref(), reference.vectors(count).as_ref())?;
        rows.extend((1..).zip(found).map(|(index, angle)| AngleRow {
            step,
            output,
            reference_step,
            k,
            index,
            angle,
            relative_gap: kernel.relative_gap(count),
            reference_gap: reference.relative_gap(count),
        }));
    }
    Ok(rows)
}

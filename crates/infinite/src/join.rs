//! The kernel from its pieces.

use std::path::{Path, PathBuf};

use artifact::tables::kernel::DiagonalRow;
use artifact::{Outline, Precision, read_rows, write_rows};
use kernel::Joined;
use stage::{Context, Inputs, StageError};

use crate::gram;
use crate::limit::Limit;
use crate::parameters::{Parameters, Which};
use crate::plan;
use crate::run::known;

/// Writes the kernel into `output` from the `pieces` of it in order.
///
/// # Errors
/// Where a piece is damaged or is none of this kernel, or a table cannot be written.
pub(crate) fn join(
    parameters: &Parameters,
    inputs: &Inputs,
    pieces: &[PathBuf],
    output: &Path,
    context: &Context,
) -> Result<Outline, StageError> {
    let (known, _) = known(inputs)?;
    let (network, program) = plan::program(parameters, &known)?;
    let outline = plan::outline(parameters, &known);
    let side = match parameters.precision {
        Precision::F32 => gram::side(&Limit::<f32>::new(&network, &program)),
        Precision::F64 => gram::side(&Limit::<f64>::new(&network, &program)),
    };
    let steps = outline.checkpoints.clone().unwrap_or_default();
    let joined = Joined {
        steps: &steps,
        outputs: program.outputs,
        reduction: parameters.reduction,
        precision: parameters.precision,
        side: &|_, _| side,
        test_side: side,
    };
    kernel::join(joined, pieces, output, context)?;
    if parameters.kernel == Which::Nngp {
        let mut rows = Vec::new();
        for piece in pieces {
            rows.extend(read_rows::<DiagonalRow>(piece)?);
        }
        rows.sort_by_key(|row| (row.step, row.sample, row.output));
        write_rows(output, &rows)?;
    }
    Ok(outline)
}

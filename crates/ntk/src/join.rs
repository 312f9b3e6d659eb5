//! Every checkpoint's Gramian from its pieces, row by row.

use std::ops::Range;
use std::path::{Path, PathBuf};

use artifact::tables::kernel::{GRAM, KernelRow};
use artifact::tables::training::CHECKPOINTS;
use artifact::{
    ArtifactError, GramReader, GramValue, GramWriter, Outline, Precision, read_rows, steps,
};
use stage::{Context, Inputs, StageError};

use crate::norms::Norms;
use crate::parameters::Parameters;
use crate::plan;
use crate::shape::{Shape, Share};
use crate::steps;

/// Bytes of the rows that are read at once, where a row is not longer: as a group of a file.
pub(crate) const AT_ONCE: usize = 32 << 20;

/// A finished piece.
struct Piece<'a> {
    directory: &'a Path,
    /// What it says of its rows, of all steps.
    kernels: Vec<KernelRow>,
}

/// The rows of one step in a piece.
struct Rows {
    share: Share,
    gram: GramReader,
}

/// Writes the Gramian of every checkpoint into `output`, from the `pieces` of it in order.
///
/// # Errors
/// Where a piece is damaged or is none of these Gramians, or a table cannot be written.
pub(crate) fn join(
    parameters: Parameters,
    inputs: &Inputs,
    pieces: &[PathBuf],
    output: &Path,
    context: &Context,
) -> Result<Outline, StageError> {
    let training = inputs.one("training")?;
    let outline = training.manifest()?.outline;
    let outputs = outline
        .output_dim
        .ok_or_else(|| StageError::new("the training run does not say its output dimension"))?;
    let checkpoints = steps(training.path(), &CHECKPOINTS)?;
    let pieces: Result<Vec<Piece<'_>>, StageError> = pieces
        .iter()
        .map(|directory| {
            let found = steps(directory, &GRAM)?;
            if found != checkpoints {
                return Err(unfit(
                    directory,
                    &format!("has steps {found:?}, and the training run {checkpoints:?}"),
                ));
            }
            Ok(Piece { directory, kernels: read_rows(directory)? })
        })
        .collect();
    let pieces = pieces?;
    steps::each(&checkpoints, output, context, |step| {
        let whole = joined(&pieces, step)?;
        let shape = Shape {
            train: whole.samples as usize,
            test: whole.test_rows as usize / parameters.reduction.blocks(outputs as usize).1.max(1),
            outputs: outputs as usize,
            reduction: parameters.reduction,
        };
        let rows: Result<Vec<Rows>, StageError> = (0..pieces.len())
            .map(|index| {
                let share = shape.piece(index, pieces.len());
                rows(&pieces[index], step, parameters.precision, shape, share)
            })
            .collect();
        let rows = rows?;
        let norms = match parameters.precision {
            Precision::F32 => write_gram::<f32>(&rows, step, shape, output),
            Precision::F64 => write_gram::<f64>(&rows, step, shape, output),
        }?;
        let row = |(block, norms): (usize, Norms)| KernelRow {
            output: block as u32,
            trace: norms.trace(),
            frobenius_norm: norms.frobenius(),
            ..whole.clone()
        };
        Ok(norms.into_iter().enumerate().map(row).collect())
    })?;
    Ok(Outline { checkpoints: Some(checkpoints), ..plan::outline(parameters, &outline) })
}

/// What is said of the first Gramian of `step`, but for its norms: what all pieces say alike, and
/// their rows together.
fn joined(pieces: &[Piece<'_>], step: u64) -> Result<KernelRow, StageError> {
    let mut whole = None::<KernelRow>;
    for piece in pieces {
        let row = piece.kernels.iter().find(|row| row.step == step && row.output == 0);
        let Some(row) = row else {
            return Err(unfit(piece.directory, &format!("says nothing of step {step}")));
        };
        whole = Some(match whole {
            None => row.clone(),
            Some(whole) => {
                let rows = whole.rows.saturating_add(row.rows);
                let test_rows = whole.test_rows.saturating_add(row.test_rows);
                let alike = KernelRow {
                    rows: row.rows,
                    test_rows: row.test_rows,
                    trace: row.trace,
                    frobenius_norm: row.frobenius_norm,
                    ..whole
                };
                if alike != *row {
                    let how = format!("has another kernel at step {step} than those before it");
                    return Err(unfit(piece.directory, &how));
                }
                KernelRow { rows, test_rows, ..alike }
            }
        });
    }
    whole.ok_or_else(|| StageError::new("there are no pieces to join"))
}

/// The rows of `step` in `piece`, which are those of `share`.
fn rows(
    piece: &Piece<'_>,
    step: u64,
    precision: Precision,
    shape: Shape,
    share: Share,
) -> Result<Rows, StageError> {
    let gram = GramReader::open(piece.directory, step)?;
    if gram.precision() != precision && !share.is_empty() {
        let how =
            format!("holds {} at step {step}, not {}", gram.precision().name(), precision.name());
        return Err(unfit(piece.directory, &how));
    }
    let same = shape.keys(&share).eq(gram.rows().iter().copied());
    if !same || !(share.is_empty() || gram.width() == shape.width()) {
        let how = format!("has other rows at step {step} than its place among the pieces asks for");
        return Err(unfit(piece.directory, &how));
    }
    Ok(Rows { share, gram })
}

/// Writes the Gramian of one step, and gives the norms of the training block of each matrix.
fn write_gram<T: GramValue>(
    pieces: &[Rows],
    step: u64,
    shape: Shape,
    output: &Path,
) -> Result<Vec<Norms>, ArtifactError> {
    let keys = shape.keys(&shape.piece(0, 1)).collect();
    let mut writer = GramWriter::<T>::create(output, step, keys, shape.width())?;
    let mut all_norms = Vec::with_capacity(shape.blocks());
    for block in 0..shape.blocks() {
        let mut norms = Norms::from_row(0);
        for Rows { share, gram } in pieces {
            let rows = share.train.len() * shape.cell();
            copy(gram, block * rows..(block + 1) * rows, &mut writer, |rows| {
                norms.add(rows, shape.width());
            })?;
        }
        all_norms.push(norms);
    }
    for Rows { share, gram } in pieces {
        let train = share.train.len() * shape.cell() * shape.blocks();
        copy(gram, train..gram.rows().len(), &mut writer, |_| ())?;
    }
    writer.finish()?;
    Ok(all_norms)
}

/// Copies `rows` of `gram` to `writer`, and shows them to `see` on the way.
fn copy<T: GramValue>(
    gram: &GramReader,
    rows: Range<usize>,
    writer: &mut GramWriter<T>,
    mut see: impl FnMut(&[T]),
) -> Result<(), ArtifactError> {
    let at_once = (AT_ONCE / size_of::<T>() / gram.width().max(1)).max(1);
    for first in rows.clone().step_by(at_once) {
        let next = first..rows.end.min(first + at_once);
        let values = gram.values(&[next])?;
        writer.append(&values)?;
        see(&values);
    }
    Ok(())
}

fn unfit(piece: &Path, how: &str) -> StageError {
    StageError::new(format!("the piece {} {how}", piece.display()))
        .hint("join pieces that were made for the same output, in their order")
}

//! Every checkpoint's Gramian from its pieces, row by row.

use std::ops::Range;
use std::path::{Path, PathBuf};

use artifact::tables::kernel::{GRAM, KernelRow, Reduction};
use artifact::{
    ArtifactError, GramReader, GramRow, GramValue, GramWriter, Precision, read_rows, steps,
};
use stage::{Context, StageError};

use crate::norms::Norms;
use crate::shape::{Shape, Share};
use crate::steps::each_step;

/// Bytes of the rows that are read at once, where a row is not longer: as a group of a file.
const AT_ONCE: usize = 32 << 20;

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

/// What the pieces of a kernel are joined to.
#[derive(Clone, Copy)]
pub struct Joined<'a> {
    /// Steps that have a Gramian.
    pub steps: &'a [u64],
    /// o.
    pub outputs: usize,
    /// How several outputs become a matrix.
    pub reduction: Reduction,
    /// Precision of its entries.
    pub precision: Precision,
    /// Training samples of a strip, of so many training samples with so many rows each.
    pub side: &'a dyn Fn(usize, usize) -> usize,
    /// Test samples of a strip.
    pub test_side: usize,
}

/// Writes the Gramian of every step into `output`, from the `pieces` of it in order.
///
/// # Errors
/// Where a piece is damaged or is none of these Gramians, or a table cannot be written.
pub fn join(
    joined: Joined<'_>,
    pieces: &[PathBuf],
    output: &Path,
    context: &Context,
) -> Result<(), StageError> {
    let pieces: Result<Vec<Piece<'_>>, StageError> = pieces
        .iter()
        .map(|directory| {
            let found = steps(directory, &GRAM)?;
            if found != joined.steps {
                return Err(unfit(
                    directory,
                    &format!("has steps {found:?}, and the whole {:?}", joined.steps),
                ));
            }
            Ok(Piece { directory, kernels: read_rows(directory)? })
        })
        .collect();
    let pieces = pieces?;
    each_step(joined.steps, output, context, |step| {
        let whole = whole(&pieces, step)?;
        let (outputs, reduction) = (joined.outputs, joined.reduction);
        let (train, cell) = (whole.samples as usize, reduction.blocks(outputs).1);
        let shape = Shape {
            train,
            test: whole.test_rows as usize / cell.max(1),
            outputs,
            reduction,
            side: (joined.side)(train, cell),
            test_side: joined.test_side,
        };
        let rows: Result<Vec<Rows>, StageError> = (0..pieces.len())
            .map(|index| {
                let share = shape.piece(index, pieces.len());
                rows(&pieces[index], step, joined.precision, shape, share)
            })
            .collect();
        let rows = rows?;
        let norms = match joined.precision {
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
    })
}

/// Bytes at the peak of joining pieces of a kernel of `shape` with entries of `entry` bytes: the rows that
/// are read at once, a page at either end, and what each row is, of the pieces and of the whole.
#[must_use]
pub fn join_bytes(shape: Shape, entry: f64) -> f64 {
    let (samples, cell) = (shape.train as f64 + shape.test as f64, shape.cell());
    let row = entry * shape.train as f64 * cell as f64;
    let keys = 2.0 * size_of::<GramRow>() as f64;
    2.0 * row.max(AT_ONCE as f64) + keys * samples * (cell * shape.blocks()) as f64
}

/// What is said of the first Gramian of `step`, but for its norms: what all pieces say alike, and
/// their rows together.
fn whole(pieces: &[Piece<'_>], step: u64) -> Result<KernelRow, StageError> {
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

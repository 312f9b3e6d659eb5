//! Rows of a Gramian between different samples.

use std::ops::Range;

use network::Scalar;

use super::factors::Factors;
use super::tile::{Place, Task, Tile, compute};

/// The rows of samples `range` of `left` against all samples of `right`, in tiles of `side` samples:
/// for each matrix (n·r) × (m·r), row-major.
pub(super) fn rows<T: Scalar, S: Scalar>(
    left: &Factors<T>,
    range: Range<usize>,
    right: &Factors<T>,
    side: usize,
) -> Vec<Vec<S>> {
    let (blocks, cell) = left.blocks();
    let width = right.rows() * cell;
    let mut all = vec![vec![S::zero(); range.len() * cell * width]; blocks];
    if width == 0 {
        return all;
    }
    let mut strips: Vec<_> = all.iter_mut().map(|m| m.chunks_mut(side * cell * width)).collect();
    let mut tasks = Vec::new();
    for first in range.clone().step_by(side) {
        let mut tiles: Vec<Task<'_, S>> = (0..right.rows())
            .step_by(side)
            .map(|column| Task {
                place: Place {
                    rows: (first, side.min(range.end - first)),
                    columns: (column, side.min(right.rows() - column)),
                },
                to: Vec::with_capacity(blocks),
            })
            .collect();
        for strip in &mut strips {
            for task in &mut tiles {
                task.to.push(Vec::new());
            }
            for row in strip.next().into_iter().flat_map(|strip| strip.chunks_exact_mut(width)) {
                for (task, part) in tiles.iter_mut().zip(row.chunks_mut(side * cell)) {
                    if let Some(rows) = task.to.last_mut() {
                        rows.push(part);
                    }
                }
            }
        }
        tasks.extend(tiles);
    }
    compute(tasks, |tile: &mut Tile<T>, Task { place, to }| {
        tile.compute(left, right, *place);
        tile.store(place.columns.1 * cell, (to, false), [0, 0]);
    });
    all
}

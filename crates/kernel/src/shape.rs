//! Which rows the Gramians of a step have, and which of them one task makes.

use std::ops::Range;

use artifact::tables::Split;
use artifact::tables::kernel::{KernelRow, Reduction};
use artifact::{GramRow, GramValue};

use crate::norms::Norms;

/// The size of the Gramians of a step.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// N.
    pub train: usize,
    /// Test samples, of which each has rows test × train.
    pub test: usize,
    /// o.
    pub outputs: usize,
    /// How several outputs become a matrix.
    pub reduction: Reduction,
    /// Training samples of a strip, between which pieces are cut.
    pub side: usize,
    /// The same of test samples, whose rows are computed and written together.
    pub test_side: usize,
}

/// Rows of the Gramians of a step that one task makes: those of some training samples against all,
/// and those of some test samples, of every matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The strips of tiles that the training samples are.
    pub strips: Range<usize>,
    /// Training samples.
    pub train: Range<usize>,
    /// Test samples.
    pub test: Range<usize>,
    /// Test samples of a strip.
    test_side: usize,
}

impl Shape {
    /// Matrices.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.reduction.blocks(self.outputs).0
    }

    /// Rows of a sample in each.
    #[must_use]
    pub fn cell(&self) -> usize {
        self.reduction.blocks(self.outputs).1
    }

    /// Entries of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.train * self.cell()
    }

    /// The most pieces that get smaller by being more.
    #[must_use]
    pub fn most_pieces(&self) -> usize {
        self.train.div_ceil(self.side).max(self.test.div_ceil(self.test_side))
    }

    /// Piece `index` of `of`, cut between tiles: as even as that allows, and empty where there are
    /// more pieces than tiles. Piece 0 of 1 is the whole, and of several none is larger than the
    /// last.
    #[must_use]
    pub fn piece(&self, index: usize, of: usize) -> Share {
        // In u128: a request may name any number.
        let cut = |strips: usize, piece: usize| {
            (strips as u128 * piece as u128 / of.max(1) as u128) as usize
        };
        let piece = |samples: usize, side: usize| {
            let strips = samples.div_ceil(side);
            let strips = cut(strips, index)..cut(strips, index.saturating_add(1));
            let at = |strip: usize| strip.saturating_mul(side).min(samples);
            (at(strips.start)..at(strips.end), strips)
        };
        let (train, strips) = piece(self.train, self.side);
        let (test, _) = piece(self.test, self.test_side);
        Share { strips, train, test, test_side: self.test_side }
    }

    /// What the table `kernels` says of the rows of `share` in matrix `block` at `step`, whose entries are of type
    /// `T` and whose training rows have `norms`; without a learning rate.
    #[must_use]
    pub fn kernel_row<T: GramValue>(
        &self,
        share: &Share,
        step: u64,
        block: usize,
        norms: Norms,
    ) -> KernelRow {
        KernelRow {
            step,
            output: block as u32,
            learning_rate: None,
            trace: norms.trace(),
            frobenius_norm: norms.frobenius(),
            samples: self.train as u32,
            rows: (share.train.len() * self.cell()) as u32,
            test_rows: (share.test.len() * self.cell()) as u32,
            reduction: self.reduction,
            precision: T::PRECISION.name().to_owned(),
        }
    }

    /// What each row of `share` belongs to: all training rows of one matrix after the other, then
    /// test rows, of every matrix those of one strip of samples before those of the next.
    pub fn keys(self, share: &Share) -> impl Iterator<Item = GramRow> + use<> {
        let keys = move |split: Split, samples: Range<usize>| {
            let cell = self.cell();
            (0..self.blocks()).flat_map(move |block| {
                (samples.start * cell..samples.end * cell).map(move |row| GramRow {
                    split,
                    sample: (row / cell) as u32,
                    output: if cell > 1 { row % cell } else { block } as u32,
                })
            })
        };
        let test = share.test_strips().flat_map(move |strip| keys(Split::Test, strip));
        keys(Split::Train, share.train.clone()).chain(test)
    }
}

impl Share {
    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.train.is_empty() && self.test.is_empty()
    }

    /// The test samples, as many at a time as are computed at once.
    pub fn test_strips(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let Range { start, end } = self.test;
        let side = self.test_side;
        (start..end).step_by(side).map(move |first| first..end.min(first + side))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_the_whole_in_order_and_as_even_as_strips(
            train in 0_usize..5000, test in 0_usize..2000, outputs in 1_usize..4, of in 1_usize..40,
        ) {
            for reduction in [Reduction::Full, Reduction::PerOutput] {
                let shape = Shape { train, test, outputs, reduction, side: 48, test_side: 192 };
                let pieces: Vec<Share> = (0..of).map(|index| shape.piece(index, of)).collect();
                let whole = shape.piece(0, 1);
                prop_assert_eq!(&whole.train, &(0..train));
                prop_assert_eq!(&whole.test, &(0..test));
                for pair in pieces.windows(2) {
                    prop_assert_eq!(pair[0].train.end, pair[1].train.start);
                    prop_assert_eq!(pair[0].test.end, pair[1].test.start);
                }
                prop_assert_eq!(pieces[0].train.start + pieces[0].test.start, 0);
                prop_assert_eq!((pieces[of - 1].train.end, pieces[of - 1].test.end), (train, test));
                let largest = pieces[of - 1].strips.len();
                for piece in &pieces {
                    prop_assert!((largest.saturating_sub(1)..=largest).contains(&piece.strips.len()));
                }
            }
        }
    }

    #[test]
    fn any_number_of_pieces_can_be_asked_for() {
        let shape = Shape {
            train: 500,
            test: 3,
            outputs: 1,
            reduction: Reduction::Full,
            side: 48,
            test_side: 192,
        };
        assert!(shape.piece(0, usize::MAX).is_empty());
        assert!(shape.piece(usize::MAX - 1, usize::MAX).train.end == 500);
    }
}

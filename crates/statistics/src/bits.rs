//! Points of 0 and 1, packed.

use std::collections::HashSet;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::points::{Points, TOGETHER, from_panels, panel, sum_of_shares};

/// Bits of a word.
const WORD: usize = u64::BITS as usize;
/// Bits whose sums are looked up at once: 16 sums for 4 bits stay in the first cache with a panel of columns.
const NIBBLE: usize = 4;
/// Values of so many bits.
const VALUES: usize = 1 << NIBBLE;
/// Nibbles of a word.
const NIBBLES: usize = WORD / NIBBLE;
/// Rows of a task.
const ROWS: usize = 256;

/// n rows of w bits, each row in whole words; bit j is bit j mod 64 of word j / 64, and what is behind the last bit
/// is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    rows: usize,
    width: usize,
    words: Vec<u64>,
}

impl Bits {
    /// Rows of zeros.
    #[must_use]
    pub fn zeros(rows: usize, bits: usize) -> Self {
        Self { rows, width: bits, words: vec![0; rows * bits.div_ceil(WORD)] }
    }

    /// n.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// w.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.width
    }

    /// Words of a row.
    #[must_use]
    pub fn words_per_row(&self) -> usize {
        self.width.div_ceil(WORD)
    }

    /// The words of a row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[u64] {
        let words = self.words_per_row();
        &self.words[row * words..(row + 1) * words]
    }

    /// Sets those of the bits from `first` on whose value is above 0.
    ///
    /// # Panics
    /// Where there is no such row, or it ends before the values do.
    pub fn set_positive(&mut self, row: usize, first: usize, values: &[f32]) {
        assert!(first + values.len() <= self.width, "the row has a bit for each value");
        let words = self.words_per_row();
        let row = &mut self.words[row * words..(row + 1) * words];
        for (bit, &value) in (first..).zip(values) {
            row[bit / WORD] |= u64::from(value > 0.0) << (bit % WORD);
        }
    }

    /// The bits of a `range` of all rows.
    ///
    /// # Panics
    /// Where the rows end before it does.
    #[must_use]
    pub fn columns(&self, range: Range<usize>) -> Self {
        assert!(range.end <= self.width, "the rows have these bits");
        let mut part = Self::zeros(self.rows, range.len());
        let words = part.words_per_row();
        let (skipped, shift) = (range.start / WORD, range.start % WORD);
        for row in 0..self.rows {
            let from = &self.row(row)[skipped.min(self.words_per_row())..];
            let to = &mut part.words[row * words..(row + 1) * words];
            for (at, to) in to.iter_mut().enumerate() {
                *to = from[at] >> shift;
                if shift > 0 && at + 1 < from.len() {
                    *to |= from[at + 1] << (WORD - shift);
                }
            }
            if let Some(last) = to.last_mut().filter(|_| !range.len().is_multiple_of(WORD)) {
                *last &= (1 << (range.len() % WORD)) - 1;
            }
        }
        part
    }

    /// Some of the rows, in the order of `rows`.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn selected(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        let mut part = Self { rows: 0, width: self.width, words: Vec::new() };
        for row in rows {
            part.words.extend_from_slice(self.row(row));
            part.rows += 1;
        }
        part
    }

    /// Different rows, told apart word by word.
    #[must_use]
    pub fn distinct(&self) -> usize {
        (0..self.rows).map(|row| self.row(row)).collect::<HashSet<_>>().len()
    }

    /// In how many of `rows` each bit is 1.
    #[must_use]
    pub fn ones(&self, rows: impl IntoIterator<Item = usize>) -> Vec<u64> {
        let mut ones = vec![0; self.width];
        for row in rows {
            for (word, ones) in self.row(row).iter().zip(ones.chunks_mut(WORD)) {
                for (bit, ones) in ones.iter_mut().enumerate() {
                    *ones += word >> bit & 1;
                }
            }
        }
        ones
    }

    /// In how many bits two rows differ, perhaps of different tables.
    #[must_use]
    pub fn distance(&self, row: usize, other: &Self, other_row: usize) -> u32 {
        let words = self.row(row).iter().zip(other.row(other_row));
        words.map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    /// In how many bits each row differs from `other`, the words of a row of as many bits.
    #[must_use]
    pub fn distances(&self, other: &[u64]) -> Vec<u32> {
        self.counts(other, |a, b| a ^ b)
    }

    /// How many bits are 1 in each row and in `other`, the words of a row of as many bits.
    #[must_use]
    pub fn overlaps(&self, other: &[u64]) -> Vec<u32> {
        self.counts(other, |a, b| a & b)
    }

    fn counts(&self, other: &[u64], combine: impl Fn(u64, u64) -> u64) -> Vec<u32> {
        let mut counts = vec![0; self.rows];
        Arch::new().dispatch(Count { rows: &self.words, other, combine, to: &mut counts });
        counts
    }
}

impl Points for Bits {
    fn len(&self) -> usize {
        self.rows
    }

    fn dimension(&self) -> usize {
        self.width
    }

    fn point(&self, index: usize) -> Vec<f64> {
        let row = self.row(index);
        let bit = |bit: usize| if row[bit / WORD] >> (bit % WORD) & 1 == 1 { 1.0 } else { 0.0 };
        (0..self.width).map(bit).collect()
    }

    fn squared_norms(&self) -> Vec<f64> {
        let ones = |row| self.row(row).iter().map(|word| f64::from(word.count_ones())).sum();
        (0..self.rows).map(ones).collect()
    }

    fn times(&self, matrix: &[f64], columns: usize) -> Vec<f64> {
        let words = self.words_per_row();
        let of_panel = |first: usize| {
            let sums = nibble_sums(&panel(matrix, columns, first), words);
            let mut panel = vec![[0.0; TOGETHER]; self.rows];
            panel.par_chunks_mut(ROWS).enumerate().for_each(|(chunk, to)| {
                let rows = &self.words[chunk * ROWS * words..];
                Arch::new().dispatch(LookUp { rows, words, sums: &sums, to });
            });
            panel
        };
        let panels: Vec<_> = (0..columns).step_by(TOGETHER).map(of_panel).collect();
        from_panels(&panels, self.rows, columns)
    }

    fn transposed_times(&self, matrix: &[f64], columns: usize) -> Vec<f64> {
        let words = self.words_per_row();
        let of_panel = |first: usize| {
            let panel = panel(matrix, columns, first);
            sum_of_shares(self.rows, |share| {
                let mut sums = vec![[0.0; TOGETHER]; words * NIBBLES * VALUES];
                let rows = &self.words[share.start * words..share.end * words];
                let add = &panel[share];
                Arch::new().dispatch(Collect { rows, words, add, sums: &mut sums });
                of_bits(&sums, self.width)
            })
        };
        let panels: Vec<_> = (0..columns).step_by(TOGETHER).map(of_panel).collect();
        from_panels(&panels, self.width, columns)
    }
}

/// For each nibble of a row and each of its values the sum of the rows of `panel` that its bits select.
fn nibble_sums(panel: &[[f64; TOGETHER]], words: usize) -> Vec<[f64; TOGETHER]> {
    let mut sums = vec![[0.0; TOGETHER]; words * NIBBLES * VALUES];
    for (sums, rows) in sums.chunks_exact_mut(VALUES).zip(panel.chunks(NIBBLE)) {
        for value in 1..VALUES {
            let (rest, lowest) = (value & (value - 1), value.trailing_zeros() as usize);
            let row = rows.get(lowest).copied().unwrap_or_default();
            let mut sum = sums[rest];
            for (sum, row) in sum.iter_mut().zip(row) {
                *sum += row;
            }
            sums[value] = sum;
        }
    }
    sums
}

/// For each bit the sum over those values of its nibble that have it.
fn of_bits(sums: &[[f64; TOGETHER]], bits: usize) -> Vec<[f64; TOGETHER]> {
    let bit = |bit: usize| {
        let sums = &sums[bit / NIBBLE * VALUES..][..VALUES];
        let mut total = [0.0; TOGETHER];
        for (_, sum) in
            sums.iter().enumerate().filter(|(value, _)| value >> (bit % NIBBLE) & 1 == 1)
        {
            for (total, sum) in total.iter_mut().zip(sum) {
                *total += sum;
            }
        }
        total
    };
    (0..bits).map(bit).collect()
}

/// Counts the bits of each row combined with another one.
struct Count<'a, F> {
    rows: &'a [u64],
    other: &'a [u64],
    combine: F,
    to: &'a mut [u32],
}

impl<F: Fn(u64, u64) -> u64> WithSimd for Count<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, other, combine, to } = self;
        for (row, to) in rows.chunks_exact(other.len().max(1)).zip(to) {
            *to = row.iter().zip(other).map(|(&a, &b)| combine(a, b).count_ones()).sum();
        }
    }
}

/// Sums for each row what its nibbles select.
struct LookUp<'a> {
    rows: &'a [u64],
    words: usize,
    sums: &'a [[f64; TOGETHER]],
    to: &'a mut [[f64; TOGETHER]],
}

impl WithSimd for LookUp<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, words, sums, to } = self;
        for (row, to) in rows.chunks_exact(words.max(1)).zip(to) {
            let mut total = [0.0; TOGETHER];
            for (&word, sums) in row.iter().zip(sums.chunks_exact(NIBBLES * VALUES)) {
                for (nibble, sums) in sums.chunks_exact(VALUES).enumerate() {
                    let sum = &sums[(word >> (nibble * NIBBLE)) as usize & (VALUES - 1)];
                    for (total, sum) in total.iter_mut().zip(sum) {
                        *total += sum;
                    }
                }
            }
            *to = total;
        }
    }
}

/// Adds the numbers of each row to the sums of what its nibbles are.
struct Collect<'a> {
    rows: &'a [u64],
    words: usize,
    add: &'a [[f64; TOGETHER]],
    sums: &'a mut [[f64; TOGETHER]],
}

impl WithSimd for Collect<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { rows, words, add, sums } = self;
        for (row, add) in rows.chunks_exact(words.max(1)).zip(add) {
            for (&word, sums) in row.iter().zip(sums.chunks_exact_mut(NIBBLES * VALUES)) {
                for (nibble, sums) in sums.chunks_exact_mut(VALUES).enumerate() {
                    let sum = &mut sums[(word >> (nibble * NIBBLE)) as usize & (VALUES - 1)];
                    for (sum, add) in sum.iter_mut().zip(add) {
                        *sum += add;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::points::tests::bits;

    proptest! {
        #[test]
        fn columns_ones_and_distances_are_those_of_the_unpacked_rows(
            rows in 1_usize..12, width in 1_usize..200, from in 0_usize..200, to in 0_usize..200, salt in 0_u64..99,
        ) {
            let all = bits(rows, width, 2 * salt);
            let (from, to) = (from.min(to).min(width), from.max(to).min(width));
            let part = all.columns(from..to);
            let unpacked: Vec<Vec<f64>> = (0..rows).map(|row| all.point(row)).collect();
            for (row, whole) in unpacked.iter().enumerate() {
                prop_assert_eq!(&part.point(row), &whole[from..to]);
                let differ = whole.iter().zip(&unpacked[0]).filter(|(a, b)| (*a - *b).abs() > 0.5);
                prop_assert_eq!(all.distance(row, &all, 0) as usize, differ.count());
                prop_assert_eq!(&all.selected([0, row]).point(1), whole);
                prop_assert_eq!(all.distances(all.row(0))[row], all.distance(row, &all, 0));
                let both = whole.iter().zip(&unpacked[0]).filter(|(a, b)| **a * **b > 0.5).count();
                prop_assert_eq!(all.overlaps(all.row(0))[row] as usize, both);
            }
            let ones: Vec<u64> =
                (0..width).map(|bit| unpacked.iter().map(|row| row[bit] as u64).sum()).collect();
            prop_assert_eq!(all.ones(0..rows), ones);
        }
    }

    #[test]
    fn rows_are_told_apart_by_every_bit() {
        let mut rows = Bits::zeros(4, 130);
        rows.set_positive(1, 129, &[0.5]);
        rows.set_positive(2, 129, &[2.0]);
        rows.set_positive(3, 0, &[-1.0, 0.0, f32::NAN]);
        assert_eq!(rows.distinct(), 2);
        assert_eq!(Bits::zeros(0, 5).distinct(), 0);
        assert_eq!(Bits::zeros(3, 0).distinct(), 1);
    }
}

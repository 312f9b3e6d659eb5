//! Nearest rows of bits by the number of bits in which they differ.
//!
//! Rows of the table are laid side by side, a word of each after the other, so that a vector register holds the
//! same word of several rows and no sum crosses it. Bits are counted in groups of eight words by carry-save adders
//! (Harley & Seal; Muła, Kurz & Lemire 2018, Faster Population Counts Using AVX2 Instructions): seven additions of
//! bits in place of seven counts.

use std::collections::BinaryHeap;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{Neighbour, QUERIES};
use crate::bits::Bits;

/// Rows side by side: two AVX2 registers, one of AVX-512.
const LANES: usize = 8;
/// Bytes of the rows that all queries of a task meet before the next come: they stay in the second cache.
const BLOCK: usize = 128 << 10;

/// The same word of so many rows.
type Lanes = [u64; LANES];

/// The `count` rows of `table` nearest to each of `queries`, by rising (distance, row): m × min(count, n).
///
/// Each distance is exact. Never more than the answer is kept, and a distance only where it is among the nearest
/// so far.
///
/// # Panics
/// Where rows differ in their bits.
#[must_use]
pub fn hamming(table: &Bits, queries: &Bits, count: usize) -> Vec<Vec<Neighbour<u32>>> {
    assert_eq!(table.bits(), queries.bits(), "codes of the same bits are compared");
    let count = count.min(table.rows());
    if count == 0 {
        return vec![Vec::new(); queries.rows()];
    }
    let words = table.words_per_row().max(1);
    let lanes = side_by_side(table, words);
    let none = vec![0; words];
    let query = |row: usize| if queries.bits() == 0 { none.as_slice() } else { queries.row(row) };
    let groups = (BLOCK / (words * size_of::<Lanes>())).max(1);
    let tasks = (0..queries.rows()).step_by(QUERIES).collect::<Vec<_>>().into_par_iter();
    let of_task = |first: usize| {
        let last = queries.rows().min(first + QUERIES);
        let mut nearest = vec![Nearest::default(); last - first];
        for (block, lanes) in lanes.chunks(groups * words).enumerate() {
            for (query_row, nearest) in (first..last).zip(&mut nearest) {
                Arch::new().dispatch(Pass {
                    query: query(query_row),
                    lanes,
                    first: block * groups * LANES,
                    rows: table.rows(),
                    count,
                    nearest,
                });
            }
        }
        nearest.into_iter().map(Nearest::into_neighbours).collect::<Vec<_>>()
    };
    tasks.flat_map_iter(of_task).collect()
}

/// The rows of `table` in groups of [`LANES`], word by word; the last group is filled up with zeros.
fn side_by_side(table: &Bits, words: usize) -> Vec<Lanes> {
    let mut lanes = vec![[0; LANES]; table.rows().div_ceil(LANES) * words];
    lanes.par_chunks_exact_mut(words).enumerate().for_each(|(group, lanes)| {
        for lane in 0..LANES.min(table.rows() - group * LANES) {
            for (lanes, &word) in lanes.iter_mut().zip(table.row(group * LANES + lane)) {
                lanes[lane] = word;
            }
        }
    });
    lanes
}

/// The nearest rows so far: distance and row in one number, whose order is that of both.
#[derive(Clone, Debug, Default)]
struct Nearest {
    heap: BinaryHeap<u64>,
}

impl Nearest {
    /// Distances from which on a later row is none of the `count` nearest.
    fn bound(&self, count: usize) -> u64 {
        match self.heap.peek() {
            Some(farthest) if self.heap.len() == count => farthest >> u32::BITS,
            _ => u64::MAX,
        }
    }

    /// Takes in a row behind all before it, at a distance below the bound.
    fn push(&mut self, distance: u64, row: usize, count: usize) {
        let found = distance << u32::BITS | row as u64;
        if self.heap.len() < count {
            self.heap.push(found);
        } else if let Some(mut farthest) = self.heap.peek_mut() {
            *farthest = found;
        }
    }

    fn into_neighbours(self) -> Vec<Neighbour<u32>> {
        let sorted = self.heap.into_sorted_vec().into_iter();
        sorted
            .map(|found| Neighbour { distance: (found >> u32::BITS) as u32, point: found as u32 })
            .collect()
    }
}

/// One query along a block of rows.
struct Pass<'a> {
    query: &'a [u64],
    lanes: &'a [Lanes],
    /// The first row of the block.
    first: usize,
    /// Rows of the whole table.
    rows: usize,
    count: usize,
    nearest: &'a mut Nearest,
}

impl WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { query, lanes, first, rows, count, nearest } = self;
        let mut bound = nearest.bound(count);
        for (group, lanes) in lanes.chunks_exact(query.len()).enumerate() {
            let distances = distances(query, lanes);
            // One comparison a group: after some thousand rows hardly any is near.
            let least = distances.iter().fold(u64::MAX, |least, &distance| least.min(distance));
            if least < bound {
                let row = first + group * LANES;
                for (row, distance) in (row..rows).zip(distances) {
                    if distance < bound {
                        nearest.push(distance, row, count);
                        bound = nearest.bound(count);
                    }
                }
            }
        }
    }
}

/// In how many bits `query` differs from each of the rows of a group.
#[inline(always)]
fn distances(query: &[u64], lanes: &[Lanes]) -> Lanes {
    let (eights_of_query, rest_of_query) = query.as_chunks::<8>();
    let (eights_of_lanes, rest_of_lanes) = lanes.as_chunks::<8>();
    let mut total = [0; LANES];
    if !eights_of_query.is_empty() {
        let (mut ones, mut twos, mut fours) = ([0; LANES], [0; LANES], [0; LANES]);
        for (query, lanes) in eights_of_query.iter().zip(eights_of_lanes) {
            let differ = |at: usize| zip(lanes[at], [query[at]; LANES], |a, b| a ^ b);
            let (two, one) = add(ones, differ(0), differ(1));
            let (other_two, one) = add(one, differ(2), differ(3));
            let (four, two) = add(twos, two, other_two);
            let (third_two, one) = add(one, differ(4), differ(5));
            let (fourth_two, one) = add(one, differ(6), differ(7));
            let (other_four, two) = add(two, third_two, fourth_two);
            let (eight, four) = add(fours, four, other_four);
            (ones, twos, fours) = (one, two, four);
            total = zip(total, eight, |sum, bits| sum + u64::from(bits.count_ones()));
        }
        total = zip(total, fours, |sum, bits| 2 * sum + u64::from(bits.count_ones()));
        total = zip(total, twos, |sum, bits| 2 * sum + u64::from(bits.count_ones()));
        total = zip(total, ones, |sum, bits| 2 * sum + u64::from(bits.count_ones()));
    }
    for (&query, &lanes) in rest_of_query.iter().zip(rest_of_lanes) {
        total = zip(total, lanes, |sum, lane| sum + u64::from((lane ^ query).count_ones()));
    }
    total
}

/// Carry and sum of three bits, at every place.
#[inline(always)]
fn add(a: Lanes, b: Lanes, c: Lanes) -> (Lanes, Lanes) {
    let either = zip(a, b, |a, b| a ^ b);
    let carry = zip(zip(a, b, |a, b| a & b), zip(either, c, |a, b| a & b), |a, b| a | b);
    (carry, zip(either, c, |a, b| a ^ b))
}

#[inline(always)]
fn zip(mut a: Lanes, b: Lanes, f: impl Fn(u64, u64) -> u64) -> Lanes {
    for (a, b) in a.iter_mut().zip(b) {
        *a = f(*a, b);
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::points::tests::bits;

    proptest! {
        #[test]
        fn neighbours_are_those_of_all_distances_sorted(
            n in 0_usize..70, m in 0_usize..40, width in 0_usize..1300, count in 0_usize..12, salt in 0_u64..99,
        ) {
            let (table, queries) = (bits(n, width, 2 * salt), bits(m, width, 2 * salt + 100));
            let found = hamming(&table, &queries, count);
            prop_assert_eq!(found.len(), m);
            for (query, found) in found.iter().enumerate() {
                let mut all: Vec<(u32, u32)> =
                    (0..n).map(|row| (queries.distance(query, &table, row), row as u32)).collect();
                all.sort_unstable();
                all.truncate(count);
                let found: Vec<(u32, u32)> = found.iter().map(|it| (it.distance, it.point)).collect();
                prop_assert_eq!(found, all);
            }
        }
    }

    #[test]
    fn blocks_follow_each_other_and_of_equally_near_rows_the_first_count() {
        // More rows than a block holds, all alike but two.
        let mut table = Bits::zeros(20_000, 70);
        table.set_positive(3, 5, &[1.0]);
        table.set_positive(19_999, 69, &[1.0]);
        let mut query = Bits::zeros(1, 70);
        query.set_positive(0, 69, &[1.0]);
        let found = hamming(&table, &query, 4);
        let found: Vec<(u32, u32)> = found[0].iter().map(|it| (it.distance, it.point)).collect();
        assert_eq!(found, [(0, 19_999), (1, 0), (1, 1), (1, 2)]);
    }
}

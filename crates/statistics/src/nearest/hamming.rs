//! Nearest rows of bits by the number of bits in which they differ.

use std::collections::BinaryHeap;

use rayon::prelude::*;

use super::lanes::{LANES, Lanes, Pass};
use super::{Neighbour, QUERIES};
use crate::bits::Bits;

/// Bytes of the rows that all queries of a task meet before the next come: they stay in the second cache.
const BLOCK: usize = 128 << 10;

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
                let first = block * groups * LANES;
                let rows = first..table.rows().min(first + groups * LANES);
                let bound = nearest.bound(count);
                let take = |distance, row| {
                    nearest.push(distance, row, count);
                    nearest.bound(count)
                };
                Pass { query: query(query_row), lanes, rows, bound, take }.run();
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
            _ => i64::MAX.unsigned_abs(),
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

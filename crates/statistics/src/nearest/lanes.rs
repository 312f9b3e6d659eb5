//! Distances of one row of bits to many.
//!
//! Rows are laid side by side, a word of each after the other, so that a vector register holds the same word of several
//! rows and no sum crosses it. With AVX2 bits are counted eight words at a time by carry-save adders (Harley & Seal;
//! Muła, Kurz & Lemire 2018, Faster Population Counts Using AVX2 Instructions), and else word by word.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

/// Rows side by side: what an AVX2 register holds.
pub const LANES: usize = 4;

/// The same word of so many rows.
pub type Lanes = [u64; LANES];

/// One query along a block of rows.
pub struct Pass<'a, F> {
    /// Its words.
    pub query: &'a [u64],
    /// The rows in groups, word by word.
    pub lanes: &'a [Lanes],
    /// The numbers of the rows; fewer than there are lanes where the last group is filled up.
    pub rows: Range<usize>,
    /// Distances from which on a row is of no interest, below 2⁶³.
    pub bound: u64,
    /// Takes in a distance and its row, and gives the next bound.
    pub take: F,
}

impl<F: FnMut(u64, usize) -> u64> Pass<'_, F> {
    /// Shows the rows nearer than the bound to `take`, in order.
    pub fn run(self) {
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            return simd.vectorize(avx2::Avx2 { simd, pass: self });
        }
        Arch::new().dispatch(self);
    }

    /// Takes in the rows of a group that are near.
    #[inline(always)]
    fn look(&mut self, group: usize, distances: Lanes) {
        let first = self.rows.start + group * LANES;
        for (row, distance) in (first..self.rows.end).zip(distances) {
            if distance < self.bound {
                self.bound = (self.take)(distance, row);
            }
        }
    }
}

impl<F: FnMut(u64, usize) -> u64> WithSimd for Pass<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        for (group, lanes) in self.lanes.chunks_exact(self.query.len()).enumerate() {
            let mut distances = [0; LANES];
            for (&query, lanes) in self.query.iter().zip(lanes) {
                for (distance, lane) in distances.iter_mut().zip(lanes) {
                    *distance += u64::from((query ^ lane).count_ones());
                }
            }
            self.look(group, distances);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::__m256i;

    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast};

    use super::{Lanes, Pass};

    /// Words that go through the adders together.
    const TOGETHER: usize = 8;
    /// Counts of up to 8 that a byte can sum.
    const MOST: usize = 255 / 8;

    /// A pass in AVX2.
    pub struct Avx2<'a, F> {
        pub simd: V3,
        pub pass: Pass<'a, F>,
    }

    impl<F: FnMut(u64, usize) -> u64> NullaryFnOnce for Avx2<'_, F> {
        type Output = ();

        #[inline(always)]
        fn call(self) {
            let Self { simd, mut pass } = self;
            let (query, lanes) = (pass.query, pass.lanes);
            for (group, lanes) in lanes.chunks_exact(query.len()).enumerate() {
                let distances = distances(simd, query, lanes);
                let bound = simd.avx._mm256_set1_epi64x(pass.bound.cast_signed());
                let near = simd.avx2._mm256_cmpgt_epi64(bound, distances);
                // After some thousand rows hardly any is near.
                if simd.avx2._mm256_movemask_epi8(near) != 0 {
                    pass.look(group, cast(distances));
                }
            }
        }
    }

    /// In how many bits `query` differs from each of the rows of a group.
    #[inline(always)]
    fn distances(simd: V3, query: &[u64], lanes: &[Lanes]) -> __m256i {
        let zero = simd.avx._mm256_setzero_si256();
        let differ = |query: u64, lanes: Lanes| {
            let query = simd.avx._mm256_set1_epi64x(query.cast_signed());
            simd.avx2._mm256_xor_si256(query, cast(lanes))
        };
        let ((eights_of_query, rest_of_query), (eights_of_lanes, rest_of_lanes)) =
            (query.as_chunks::<TOGETHER>(), lanes.as_chunks::<TOGETHER>());
        // Bits that weigh 1, 2 and 4; those that weigh 8 are counted, by bytes as long as these can hold the sum.
        let (mut ones, mut twos, mut fours) = (zero, zero, zero);
        let (mut total, mut bytes, mut counts) = (zero, zero, 0);
        for (query, lanes) in eights_of_query.iter().zip(eights_of_lanes) {
            let word = |at: usize| differ(query[at], lanes[at]);
            let (two, one) = add(simd, ones, word(0), word(1));
            let (other_two, one) = add(simd, one, word(2), word(3));
            let (four, two) = add(simd, twos, two, other_two);
            let (third_two, one) = add(simd, one, word(4), word(5));
            let (fourth_two, one) = add(simd, one, word(6), word(7));
            let (other_four, two) = add(simd, two, third_two, fourth_two);
            let (eight, four) = add(simd, fours, four, other_four);
            (ones, twos, fours) = (one, two, four);
            bytes = simd.avx2._mm256_add_epi8(bytes, count(simd, eight));
            counts += 1;
            if counts == MOST {
                total = simd.avx2._mm256_add_epi64(total, simd.avx2._mm256_sad_epu8(bytes, zero));
                (bytes, counts) = (zero, 0);
            }
        }
        total = simd.avx2._mm256_add_epi64(total, simd.avx2._mm256_sad_epu8(bytes, zero));
        total = simd.avx2._mm256_slli_epi64::<3>(total);
        // At most 4 · 8 + 2 · 8 + 8 of these, and 8 for each word of the rest: a byte holds it.
        let twice = |bytes| simd.avx2._mm256_add_epi8(bytes, bytes);
        let mut bytes = zero;
        if !eights_of_query.is_empty() {
            bytes = simd.avx2._mm256_add_epi8(twice(count(simd, fours)), count(simd, twos));
            bytes = simd.avx2._mm256_add_epi8(twice(bytes), count(simd, ones));
        }
        for (&query, &lanes) in rest_of_query.iter().zip(rest_of_lanes) {
            bytes = simd.avx2._mm256_add_epi8(bytes, count(simd, differ(query, lanes)));
        }
        simd.avx2._mm256_add_epi64(total, simd.avx2._mm256_sad_epu8(bytes, zero))
    }

    /// The ones in each byte, looked up by halves.
    #[inline(always)]
    fn count(simd: V3, bits: __m256i) -> __m256i {
        let ones: __m256i = cast([[0_u8, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]; 2]);
        let half = simd.avx._mm256_set1_epi8(0x0F);
        let low = simd.avx2._mm256_and_si256(bits, half);
        let high = simd.avx2._mm256_and_si256(simd.avx2._mm256_srli_epi16::<4>(bits), half);
        simd.avx2._mm256_add_epi8(
            simd.avx2._mm256_shuffle_epi8(ones, low),
            simd.avx2._mm256_shuffle_epi8(ones, high),
        )
    }

    /// Carry and sum of three bits, at every place.
    #[inline(always)]
    fn add(simd: V3, a: __m256i, b: __m256i, c: __m256i) -> (__m256i, __m256i) {
        let avx2 = simd.avx2;
        let either = avx2._mm256_xor_si256(a, b);
        let carry =
            avx2._mm256_or_si256(avx2._mm256_and_si256(a, b), avx2._mm256_and_si256(either, c));
        (carry, avx2._mm256_xor_si256(either, c))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_way_of_counting_finds_all_that_is_near(
            words in 1_usize..300, groups in 0_usize..4, missing in 0_usize..LANES, shift in 0_u32..63, fill: bool,
        ) {
            let mixed = |at: usize| (at as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(shift);
            // All bits differ: every sum is as large as it gets.
            let word = |at: usize| if fill { u64::MAX } else { mixed(at) };
            let query: Vec<u64> = (0..words).map(|at| if fill { 0 } else { mixed(at * 31 + 7) }).collect();
            let lanes: Vec<Lanes> = (0..words * groups)
                .map(|at| std::array::from_fn(|lane| word(at * LANES + lane)))
                .collect();
            let rows = 5..5 + (groups * LANES).saturating_sub(missing);
            let expected: Vec<(u64, usize)> = rows
                .clone()
                .map(|row| {
                    let (group, lane) = ((row - 5) / LANES, (row - 5) % LANES);
                    let own = lanes[group * words..].iter().zip(&query);
                    let differ = own.map(|(lanes, query)| u64::from((lanes[lane] ^ query).count_ones()));
                    (differ.sum(), row)
                })
                .collect();
            for bound in [i64::MAX.unsigned_abs(), expected.first().map_or(1, |it| it.0)] {
                let near: Vec<(u64, usize)> =
                    expected.iter().copied().filter(|it| it.0 < bound).collect();
                for portable in [true, false] {
                    let mut found = Vec::new();
                    let take = |distance, row| {
                        found.push((distance, row));
                        bound
                    };
                    let pass = Pass { query: &query, lanes: &lanes, rows: rows.clone(), bound, take };
                    if portable { pulp::Scalar::new().vectorize(pass) } else { pass.run() }
                    prop_assert_eq!(&found, &near);
                }
            }
        }
    }
}

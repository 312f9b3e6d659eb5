//! Sums of products over the windows of an image: the kernel of all convolutions.
//!
//! A convolution, its gradient by the weights and the signal it sends back are the same sum with
//! other strides. Rows of the left side are read where they lie, one number at a time for a whole
//! register of columns; so no matrix of patches is ever written, and a tile of results stays in
//! registers until it is finished. Beside faer's products of shifted images this saves the packing,
//! which for 32 to 64 channels is 10 to 25 % of the time, half of it for 3 channels (Zen 3).
//!
//! Each result is one chain of fused products in a fixed order: the bits depend neither on the vector
//! units of the machine nor on the tiles.

use pulp::{Arch, Simd, WithSimd};

/// r(l, i, j) = α Σ_{q < segments} Σ_{p < length} a(l, i, q, p) · b(q, p, j), for l < lines, i < rows and
/// j < columns; each index moves on by its stride, j and the entries of b by 1.
#[derive(Clone, Copy, Debug)]
pub struct Sums {
    /// Lines, rows and columns of the result.
    pub lines: usize,
    /// Rows of a line.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Segments of a sum.
    pub segments: usize,
    /// Products of a segment.
    pub length: usize,
    /// From a line of a to the next.
    pub a_line: usize,
    /// From a row of a to the next.
    pub a_row: usize,
    /// From a segment of a to the next.
    pub a_segment: usize,
    /// From a number of a segment to the next.
    pub a_step: usize,
    /// From a segment of b to the next.
    pub b_segment: usize,
    /// From a row of b to the next.
    pub b_step: usize,
    /// From a line of the result to the next.
    pub result_line: usize,
    /// From a row of the result to the next.
    pub result_row: usize,
}

impl Sums {
    fn is_empty(&self) -> bool {
        self.lines == 0 || self.rows == 0 || self.columns == 0
    }

    /// The largest index into a, b and the result.
    fn last(&self) -> [usize; 3] {
        let end = |pairs: &[(usize, usize)]| -> usize {
            pairs.iter().map(|(count, stride)| (count.max(&1) - 1) * stride).sum()
        };
        let a = [
            (self.lines, self.a_line),
            (self.rows, self.a_row),
            (self.segments, self.a_segment),
            (self.length, self.a_step),
        ];
        let b = [(self.segments, self.b_segment), (self.length, self.b_step), (self.columns, 1)];
        let result =
            [(self.lines, self.result_line), (self.rows, self.result_row), (self.columns, 1)];
        [end(&a), end(&b), end(&result)]
    }

    fn check(&self, lengths: [usize; 3]) {
        let last = self.last();
        let within =
            self.segments * self.length == 0 || (last[0] < lengths[0] && last[1] < lengths[1]);
        assert!(within && last[2] < lengths[2], "sums lie within their slices");
    }
}

macro_rules! vector_sums {
    ($run:ident, $real:ty, $name:ident, $vector:ident, $lanes:ident, $splat:ident, $fused:ident,
     $multiply:ident, $partial_load:ident, $partial_store:ident) => {
        /// Computes `sums` with the vector units of this machine.
        pub(crate) fn $name(
            sums: &Sums,
            alpha: $real,
            a: &[$real],
            b: &[$real],
            accumulate: bool,
            result: &mut [$real],
        ) {
            if sums.is_empty() {
                return;
            }
            sums.check([a.len(), b.len(), result.len()]);
            Arch::new().dispatch($run { sums, alpha, a, b, accumulate, result });
        }

        struct $run<'a> {
            sums: &'a Sums,
            alpha: $real,
            a: &'a [$real],
            b: &'a [$real],
            accumulate: bool,
            result: &'a mut [$real],
        }

        impl WithSimd for $run<'_> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(mut self, simd: S) {
                let (columns, lanes) = (self.sums.columns, S::$lanes);
                let mut column = 0;
                while column < columns {
                    // The weights of a panel stay in the first cache while all lines pass.
                    match columns - column {
                        left if left >= 2 * lanes => {
                            self.panel::<S, 2, false>(simd, column, 2 * lanes);
                            column += 2 * lanes;
                        }
                        left if left >= lanes => {
                            self.panel::<S, 1, false>(simd, column, lanes);
                            column += lanes;
                        }
                        left => {
                            self.panel::<S, 1, true>(simd, column, left);
                            column = columns;
                        }
                    }
                }
            }
        }

        impl $run<'_> {
            #[inline(always)]
            fn panel<S: Simd, const J: usize, const PART: bool>(
                &mut self,
                simd: S,
                column: usize,
                width: usize,
            ) {
                // Accumulators, the row of b and one number of a share the registers.
                let most = if S::REGISTER_COUNT >= 32 { 12 } else { 6 };
                let (lines, rows) = (self.sums.lines, self.sums.rows);
                // Tiles of much the same height: one of few rows waits for its own sums.
                let tiles = rows.div_ceil(most);
                for line in 0..lines {
                    for tile in 0..tiles {
                        let (from, to) = (tile * rows / tiles, (tile + 1) * rows / tiles);
                        let at = [line, from, column];
                        // No tile is higher than `most`.
                        match to - from {
                            1 => self.tile::<S, 1, J, PART>(simd, at, width),
                            2 => self.tile::<S, 2, J, PART>(simd, at, width),
                            3 => self.tile::<S, 3, J, PART>(simd, at, width),
                            4 => self.tile::<S, 4, J, PART>(simd, at, width),
                            5 => self.tile::<S, 5, J, PART>(simd, at, width),
                            6 => self.tile::<S, 6, J, PART>(simd, at, width),
                            7 => self.tile::<S, 7, J, PART>(simd, at, width),
                            8 => self.tile::<S, 8, J, PART>(simd, at, width),
                            9 => self.tile::<S, 9, J, PART>(simd, at, width),
                            10 => self.tile::<S, 10, J, PART>(simd, at, width),
                            11 => self.tile::<S, 11, J, PART>(simd, at, width),
                            12 => self.tile::<S, 12, J, PART>(simd, at, width),
                            _ => {}
                        }
                    }
                }
            }

            #[inline(always)]
            fn tile<S: Simd, const I: usize, const J: usize, const PART: bool>(
                &mut self,
                simd: S,
                [line, row, column]: [usize; 3],
                width: usize,
            ) {
                let Sums { segments, length, a_row, a_segment, a_step, .. } = *self.sums;
                let Sums { b_segment, b_step, result_line, result_row, a_line, .. } = *self.sums;
                let lanes = S::$lanes;
                let mut sums = [[simd.$splat(0.0); J]; I];
                // SAFETY: `check` has found the largest index of each slice, which is reached at the
                // last line, row, segment, step and column, to lie within it; a part of a register
                // is read and written as a slice of its `width`.
                unsafe {
                    let a = self.a.as_ptr().add(line * a_line + row * a_row);
                    let b = self.b.as_ptr().add(column);
                    for q in 0..segments {
                        let mut a = a.add(q * a_segment);
                        let mut b = b.add(q * b_segment);
                        for _ in 0..length {
                            let mut of_b = [simd.$splat(0.0); J];
                            for j in 0..J {
                                of_b[j] = if PART {
                                    simd.$partial_load(std::slice::from_raw_parts(b, width))
                                } else {
                                    b.add(j * lanes).cast::<S::$vector>().read_unaligned()
                                };
                            }
                            for i in 0..I {
                                let of_a = simd.$splat(*a.add(i * a_row));
                                for j in 0..J {
                                    sums[i][j] = simd.$fused(of_a, of_b[j], sums[i][j]);
                                }
                            }
                            a = a.wrapping_add(a_step);
                            b = b.wrapping_add(b_step);
                        }
                    }
                    let alpha = simd.$splat(self.alpha);
                    let result = self.result.as_mut_ptr();
                    let result = result.add(line * result_line + row * result_row + column);
                    for i in 0..I {
                        for j in 0..J {
                            let to = result.add(i * result_row + j * lanes);
                            if PART {
                                let to = std::slice::from_raw_parts_mut(to, width);
                                let value = if self.accumulate {
                                    simd.$fused(alpha, sums[i][j], simd.$partial_load(to))
                                } else {
                                    simd.$multiply(alpha, sums[i][j])
                                };
                                simd.$partial_store(to, value);
                            } else {
                                let to = to.cast::<S::$vector>();
                                let value = if self.accumulate {
                                    simd.$fused(alpha, sums[i][j], to.read_unaligned())
                                } else {
                                    simd.$multiply(alpha, sums[i][j])
                                };
                                to.write_unaligned(value);
                            }
                        }
                    }
                }
            }
        }
    };
}

vector_sums!(
    RunF32,
    f32,
    sums_f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_f32s,
    mul_f32s,
    partial_load_f32s,
    partial_store_f32s
);
vector_sums!(
    RunF64,
    f64,
    sums_f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_f64s,
    mul_f64s,
    partial_load_f64s,
    partial_store_f64s
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Scalar;

    fn numbers<T: Scalar>(count: usize, salt: usize) -> Vec<T> {
        (0..count).map(|i| T::of(((i * 7919 + salt * 31) % 1009) as f64 / 1009.0 - 0.5)).collect()
    }

    /// The sums one by one, for numbers without vector units.
    fn plain<T: Scalar>(
        sums: &Sums,
        alpha: T,
        a: &[T],
        b: &[T],
        accumulate: bool,
        result: &mut [T],
    ) {
        for l in 0..sums.lines {
            for i in 0..sums.rows {
                for j in 0..sums.columns {
                    let mut sum = T::zero();
                    for q in 0..sums.segments {
                        let a = &a[l * sums.a_line + i * sums.a_row + q * sums.a_segment..];
                        let b = &b[q * sums.b_segment + j..];
                        for p in 0..sums.length {
                            sum = a[p * sums.a_step].fused(b[p * sums.b_step], sum);
                        }
                    }
                    let to = &mut result[l * sums.result_line + i * sums.result_row + j];
                    *to = if accumulate { alpha.fused(sum, *to) } else { alpha * sum };
                }
            }
        }
    }

    fn agree<T: Scalar>(sums: &Sums, accumulate: bool) -> bool {
        let [a, b, result] = sums.last().map(|last| last + 1);
        let (a, b) = (numbers::<T>(a, 1), numbers::<T>(b, 2));
        let mut found = numbers::<T>(result, 3);
        let mut expected = found.clone();
        T::sums(sums, T::of(1.5), &a, &b, accumulate, &mut found);
        plain(sums, T::of(1.5), &a, &b, accumulate, &mut expected);
        // One chain of fused products in the same order: equal to the last bit.
        found == expected
    }

    proptest! {
        #[test]
        fn vector_units_give_the_bits_of_one_sum_after_the_other(
            (lines, rows, columns) in (1_usize..4, 1_usize..28, 1_usize..40),
            (segments, length) in (1_usize..4, 0_usize..9),
            a_row in 1_usize..5, a_step in 1_usize..4, accumulate: bool,
        ) {
            let a_segment = length * a_step + 3;
            let sums = Sums {
                lines, rows, columns, segments, length, a_row, a_step, a_segment,
                a_line: rows * a_row + 1,
                b_segment: length * (columns + 2), b_step: columns + 2,
                result_line: rows * (columns + 1), result_row: columns + 1,
            };
            prop_assert!(agree::<f32>(&sums, accumulate));
            prop_assert!(agree::<f64>(&sums, accumulate));
        }
    }
}

//! Loops over many numbers, compiled for the vector units that this machine has.
//!
//! Each is a type with [`WithSimd`], not a closure given to pulp: a closure is called through a
//! function of the compiler's own that knows of no vector units, and unless that happens to be
//! inlined every fused product within calls a library, 70 times slower. The functions given to
//! these loops must be inlined into them for the same reason.

use pulp::{Arch, Simd, WithSimd};

use crate::scalar::Scalar;

/// Replaces every z, n × `width`, by f(z + shift); `shift` has `width` entries or none.
pub(crate) fn for_each<T: Scalar>(z: &mut [T], width: usize, shift: &[T], f: impl Fn(T) -> T) {
    Arch::new().dispatch(ForEach { z, width, shift, f });
}

/// Replaces every z as [`for_each`] does by the first number that f gives, and the partner of each
/// z by the second.
pub(crate) fn for_each_with<T: Scalar>(
    (z, partners): (&mut [T], &mut [T]),
    width: usize,
    shift: &[T],
    f: impl Fn(T) -> (T, T),
) {
    Arch::new().dispatch(ForEachWith { z, partners, width, shift, f });
}

/// Multiplies every signal by the slope that belongs to its partner.
pub(crate) fn multiply_by<T: Scalar>(signals: &mut [T], partners: &[T], slope: impl Fn(T) -> T) {
    Arch::new().dispatch(MultiplyBy { signals, partners, slope });
}

/// Adds `scale` times the sum over all rows, n × w, to `sums`, w numbers.
pub(crate) fn add_rows<T: Scalar>(rows: &[T], scale: T, sums: &mut [T]) {
    Arch::new().dispatch(AddRows { rows, scale, sums });
}

struct AddRows<'a, T> {
    rows: &'a [T],
    scale: T,
    sums: &'a mut [T],
}

impl<T: Scalar> WithSimd for AddRows<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        /// Columns whose sums stay in registers.
        const TOGETHER: usize = 64;
        let Self { rows, scale, sums } = self;
        let width = sums.len();
        for (at, sums) in sums.chunks_mut(TOGETHER).enumerate() {
            let columns = at * TOGETHER..at * TOGETHER + sums.len();
            let mut block = [T::zero(); TOGETHER];
            for row in rows.chunks_exact(width) {
                // Two loops: one of a fixed length is unrolled into registers.
                if let Ok(row) = <&[T; TOGETHER]>::try_from(&row[columns.clone()]) {
                    for (sum, &value) in block.iter_mut().zip(row) {
                        *sum += value;
                    }
                } else {
                    for (sum, &value) in block.iter_mut().zip(&row[columns.clone()]) {
                        *sum += value;
                    }
                }
            }
            for (sum, &block) in sums.iter_mut().zip(&block) {
                *sum += scale * block;
            }
        }
    }
}

struct ForEach<'a, T, F> {
    z: &'a mut [T],
    width: usize,
    shift: &'a [T],
    f: F,
}

impl<T: Scalar, F: Fn(T) -> T> WithSimd for ForEach<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { z, width, shift, f } = self;
        if shift.is_empty() {
            for z in z {
                *z = f(*z);
            }
            return;
        }
        for row in z.chunks_exact_mut(width) {
            for (z, &c) in row.iter_mut().zip(shift) {
                *z = f(*z + c);
            }
        }
    }
}

struct ForEachWith<'a, T, F> {
    z: &'a mut [T],
    partners: &'a mut [T],
    width: usize,
    shift: &'a [T],
    f: F,
}

impl<T: Scalar, F: Fn(T) -> (T, T)> WithSimd for ForEachWith<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { z, partners, width, shift, f } = self;
        if shift.is_empty() {
            for (z, partner) in z.iter_mut().zip(partners) {
                (*z, *partner) = f(*z);
            }
            return;
        }
        for (row, partners) in z.chunks_exact_mut(width).zip(partners.chunks_exact_mut(width)) {
            for ((z, partner), &c) in row.iter_mut().zip(partners).zip(shift) {
                (*z, *partner) = f(*z + c);
            }
        }
    }
}

struct MultiplyBy<'a, T, F> {
    signals: &'a mut [T],
    partners: &'a [T],
    slope: F,
}

impl<T: Scalar, F: Fn(T) -> T> WithSimd for MultiplyBy<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { signals, partners, slope } = self;
        for (signal, &partner) in signals.iter_mut().zip(partners) {
            *signal *= slope(partner);
        }
    }
}

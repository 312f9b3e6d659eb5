//! Loops over entries, compiled for the vector units that this machine has.

use pulp::{Arch, Simd, WithSimd};

use super::Real;

/// Covariances and tangent kernels of some pairs, with the numbers of both sides.
#[derive(Debug)]
pub(super) struct Entries<'a, T> {
    /// Numbers of one side: all first ones, then all second ones; or one of each, for all pairs.
    pub left: &'a [T],
    /// Numbers of the other side.
    pub right: &'a [T],
    /// c of each pair.
    pub covariances: &'a mut [T],
    /// Θ of each pair, or nothing.
    pub tangents: &'a mut [T],
}

/// Replaces each covariance and tangent by what `f` makes of both and of the `P` numbers of either side.
///
/// `f` must be inlined, as must all that it calls: a function of its own would not be vector code.
pub(super) fn each<T: Real, const P: usize>(
    entries: Entries<'_, T>,
    f: impl Fn(T, T, [T; P], [T; P]) -> (T, T),
) {
    Arch::new().dispatch(Each { entries, f });
}

struct Each<'a, T, F, const P: usize>
where
    F: Fn(T, T, [T; P], [T; P]) -> (T, T),
{
    entries: Entries<'a, T>,
    f: F,
}

impl<T: Real, F: Fn(T, T, [T; P], [T; P]) -> (T, T), const P: usize> WithSimd
    for Each<'_, T, F, P>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { entries: Entries { left, right, covariances, tangents }, f } = self;
        let n = covariances.len();
        let right: [&[T]; P] = std::array::from_fn(|p| &right[p * n..(p + 1) * n]);
        // Two loops, so that numbers of one place stay in registers.
        if left.len() == P {
            let left: [T; P] = std::array::from_fn(|p| left[p]);
            run(covariances, tangents, right, |_| left, f);
        } else {
            let left: [&[T]; P] = std::array::from_fn(|p| &left[p * n..(p + 1) * n]);
            run(covariances, tangents, right, |e| left.map(|side| side[e]), f);
        }
    }
}

#[inline(always)]
fn run<T: Real, const P: usize>(
    covariances: &mut [T],
    tangents: &mut [T],
    right: [&[T]; P],
    left: impl Fn(usize) -> [T; P],
    f: impl Fn(T, T, [T; P], [T; P]) -> (T, T),
) {
    if tangents.is_empty() {
        for (e, c) in covariances.iter_mut().enumerate() {
            *c = f(*c, T::zero(), left(e), right.map(|side| side[e])).0;
        }
        return;
    }
    let tangents = &mut tangents[..covariances.len()];
    for (e, c) in covariances.iter_mut().enumerate() {
        (*c, tangents[e]) = f(*c, tangents[e], left(e), right.map(|side| side[e]));
    }
}

//! Nearest points by Euclid's distance.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{Neighbour, QUERIES};
use crate::dense::Dense;
use crate::points::Points;

/// Sums that a processor makes side by side.
const LANES: usize = 8;

/// The `count` points nearest to each of `queries`, by rising (‖x − x'‖², point): m × min(count, n).
///
/// Differences are squared and summed in f64, in an order that the dimension alone decides; nothing is left to
/// cancel.
///
/// # Panics
/// Where dimensions differ.
#[must_use]
pub fn euclidean(
    points: &Dense<'_>,
    queries: &Dense<'_>,
    count: usize,
) -> Vec<Vec<Neighbour<f64>>> {
    assert_eq!(
        points.dimension(),
        queries.dimension(),
        "points of the same dimension are compared"
    );
    let count = count.min(points.len());
    let tasks = (0..queries.len()).step_by(QUERIES).collect::<Vec<_>>().into_par_iter();
    let of_task = |first: usize| {
        let last = queries.len().min(first + QUERIES);
        let mut nearest = vec![Vec::with_capacity(count + 1); last - first];
        for point in 0..points.len() {
            for (query, nearest) in (first..last).zip(&mut nearest) {
                let (a, b) = (points.row(point), queries.row(query));
                let distance = Arch::new().dispatch(SquaredDistance { a, b });
                insert(nearest, Neighbour { distance, point: point as u32 }, count);
            }
        }
        nearest
    };
    tasks.flat_map_iter(of_task).collect()
}

/// Puts a point behind all before it where it belongs among the `count` nearest.
fn insert(nearest: &mut Vec<Neighbour<f64>>, found: Neighbour<f64>, count: usize) {
    let is_far = nearest.len() == count
        && nearest.last().is_none_or(|farthest| farthest.distance <= found.distance);
    if is_far {
        return;
    }
    let at = nearest.partition_point(|it| it.distance <= found.distance);
    nearest.insert(at, found);
    nearest.truncate(count);
}

/// ‖a − b‖².
struct SquaredDistance<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl WithSimd for SquaredDistance<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let square = |a: f32, b: f32| (f64::from(a) - f64::from(b)).powi(2);
        let ((a, rest_of_a), (b, rest_of_b)) =
            (self.a.as_chunks::<LANES>(), self.b.as_chunks::<LANES>());
        let mut sums = [0.0; LANES];
        for (a, b) in a.iter().zip(b) {
            for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
                *sum += square(a, b);
            }
        }
        let rest = rest_of_a.iter().zip(rest_of_b).map(|(&a, &b)| square(a, b));
        sums.iter().sum::<f64>() + rest.sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn neighbours_are_those_of_all_distances_sorted(
            n in 0_usize..50, m in 0_usize..40, d in 1_usize..20, count in 0_usize..7, step in 1_u32..5,
        ) {
            // Few different coordinates: many points are equally far.
            let of = |count: usize, by: u32| {
                (0..count * d).map(|i| (i as u32 * by % step) as f32).collect::<Vec<f32>>()
            };
            let (x, q) = (of(n, 7), of(m, 5));
            let found = euclidean(&Dense::new(&x, d), &Dense::new(&q, d), count);
            prop_assert_eq!(found.len(), m);
            for (found, q) in found.iter().zip(q.chunks_exact(d)) {
                let distance = |x: &[f32]| -> f32 { x.iter().zip(q).map(|(x, q)| (x - q).powi(2)).sum() };
                let mut all: Vec<(u32, u32)> =
                    x.chunks_exact(d).zip(0..).map(|(x, at)| (distance(x) as u32, at)).collect();
                all.sort_unstable();
                all.truncate(count);
                let found: Vec<(u32, u32)> =
                    found.iter().map(|it| (it.distance as u32, it.point)).collect();
                prop_assert_eq!(found, all);
            }
        }
    }
}

//! Clusters by k-means.

use rand::{Rng, RngExt};

use crate::points::Points;

/// k clusters of n points of d coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// Means of the clusters, k × d.
    pub centroids: Vec<f64>,
    /// The cluster of each point.
    pub assigned: Vec<u32>,
    /// Σ ‖x − c(x)‖², c(x) the centroid of x's cluster.
    pub inertia: f64,
    /// Rounds until no point changed its cluster, or as many as were allowed.
    pub rounds: u32,
}

/// k points as first centroids, k × d: each drawn with a probability in proportion to its squared distance to the
/// nearest one before, the first from all alike; where all distances are 0 so are the others.
///
/// Source: Arthur & Vassilvitskii 2007, k-means++.
///
/// # Panics
/// Where there are no points.
#[must_use]
pub fn plus_plus(points: &impl Points, k: usize, random: &mut impl Rng) -> Vec<f64> {
    let norms = points.squared_norms();
    let mut nearest = vec![f64::INFINITY; points.len()];
    let mut centroids = Vec::with_capacity(k * points.dimension());
    for number in 0..k {
        let total: f64 = nearest.iter().sum();
        let next = if number > 0 && total > 0.0 {
            drawn(&nearest, random.random_range(0.0..total))
        } else {
            random.random_range(0..points.len())
        };
        let centroid = points.point(next);
        let products = points.times(&centroid, 1);
        for ((nearest, product), norm) in nearest.iter_mut().zip(products).zip(&norms) {
            // Below 0 by rounding alone.
            *nearest = nearest.min((norm - 2.0 * product + norms[next]).max(0.0));
        }
        centroids.extend(centroid);
    }
    centroids
}

/// The first entry up to which the `weights` sum to more than `at`, which is less than all of them.
fn drawn(weights: &[f64], at: f64) -> usize {
    let mut sum = 0.0;
    let beyond = weights.iter().position(|weight| {
        sum += weight;
        sum > at
    });
    // Rounding may leave a sum at `at`: then the last one that can be drawn.
    beyond.or_else(|| weights.iter().rposition(|&weight| weight > 0.0)).unwrap_or(0)
}

/// The nearest of `centroids`, k × d, to each point, of equally near ones the first, and ‖x − c‖².
#[must_use]
pub fn nearest_centroids(points: &impl Points, centroids: &[f64]) -> (Vec<u32>, Vec<f64>) {
    let d = points.dimension();
    let k = centroids.len() / d.max(1);
    let mut columns = vec![0.0; centroids.len()];
    for (number, centroid) in centroids.chunks_exact(d.max(1)).enumerate() {
        for (j, &coordinate) in centroid.iter().enumerate() {
            columns[j * k + number] = coordinate;
        }
    }
    let norm = |centroid: &[f64]| centroid.iter().map(|c| c * c).sum::<f64>();
    let centroid_norms: Vec<f64> = centroids.chunks_exact(d.max(1)).map(norm).collect();
    let products = points.times(&columns, k);
    let of_point = |(products, norm): (&[f64], f64)| {
        let mut best = (0, f64::INFINITY);
        for (number, (product, of_centroid)) in products.iter().zip(&centroid_norms).enumerate() {
            let distance = of_centroid - 2.0 * product;
            if distance < best.1 {
                best = (number as u32, distance);
            }
        }
        (best.0, (best.1 + norm).max(0.0))
    };
    products.chunks_exact(k.max(1)).zip(points.squared_norms()).map(of_point).unzip()
}

/// Lloyd's algorithm from `centroids`, k × d, until no point changes its cluster or `most` rounds are over.
///
/// A cluster without points takes the point that is farthest from its own centroid.
///
/// Source: Lloyd 1982.
#[must_use]
pub fn lloyd(points: &impl Points, centroids: Vec<f64>, most: u32) -> Clusters {
    let mut centroids = centroids;
    let (mut assigned, mut distances) = nearest_centroids(points, &centroids);
    let mut rounds = 0;
    while rounds < most {
        rounds += 1;
        fill_empty(&mut assigned, &distances, centroids.len() / points.dimension().max(1));
        move_to_means(points, &assigned, &mut centroids);
        let (next, next_distances) = nearest_centroids(points, &centroids);
        let is_settled = next == assigned;
        (assigned, distances) = (next, next_distances);
        if is_settled {
            break;
        }
    }
    Clusters { centroids, assigned, inertia: distances.iter().sum(), rounds }
}

/// Gives each cluster without points the farthest point of those whose cluster has others.
fn fill_empty(assigned: &mut [u32], distances: &[f64], k: usize) {
    let mut sizes = vec![0_usize; k];
    for &cluster in assigned.iter() {
        sizes[cluster as usize] += 1;
    }
    let mut is_taken = vec![false; assigned.len()];
    for cluster in 0..k {
        if sizes[cluster] > 0 {
            continue;
        }
        let free = (0..assigned.len())
            .filter(|&at| !is_taken[at] && distances[at] > 0.0 && sizes[assigned[at] as usize] > 1);
        let farthest = free.reduce(|far, at| if distances[at] > distances[far] { at } else { far });
        let Some(farthest) = farthest else { return };
        is_taken[farthest] = true;
        sizes[assigned[farthest] as usize] -= 1;
        sizes[cluster] += 1;
        assigned[farthest] = cluster as u32;
    }
}

/// Moves each centroid, k × d, to the mean of its points; one without points stays.
fn move_to_means(points: &impl Points, assigned: &[u32], centroids: &mut [f64]) {
    let d = points.dimension();
    let k = centroids.len() / d.max(1);
    let mut members = vec![0.0; assigned.len() * k];
    let mut sizes = vec![0.0; k];
    for (members, &cluster) in members.chunks_exact_mut(k.max(1)).zip(assigned) {
        members[cluster as usize] = 1.0;
        sizes[cluster as usize] += 1.0;
    }
    let sums = points.transposed_times(&members, k);
    for (cluster, centroid) in centroids.chunks_exact_mut(d.max(1)).enumerate() {
        if sizes[cluster] > 0.0 {
            for (j, coordinate) in centroid.iter_mut().enumerate() {
                *coordinate = sums[j * k + cluster] / sizes[cluster];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::points::tests::bits;
    use crate::{Bits, Dense};

    fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
    }

    /// One round by the formulas: clusters by distance, means of clusters that have points.
    fn plain_round(x: &[Vec<f64>], centroids: &[f64]) -> (Vec<u32>, Vec<f64>) {
        let d = x[0].len();
        let nearest = |x: &Vec<f64>| {
            let distances: Vec<f64> =
                centroids.chunks(d).map(|centroid| squared_distance(x, centroid)).collect();
            (0..distances.len())
                .fold(0, |best, k| if distances[k] < distances[best] - 1e-12 { k } else { best })
        };
        let assigned: Vec<usize> = x.iter().map(nearest).collect();
        let mean = |(k, old): (usize, &[f64])| {
            let own: Vec<_> =
                x.iter().zip(&assigned).filter(|it| *it.1 == k).map(|it| it.0).collect();
            if own.is_empty() {
                return old.to_vec();
            }
            (0..d).map(|j| own.iter().map(|x| x[j]).sum::<f64>() / own.len() as f64).collect()
        };
        let means = centroids.chunks(d).enumerate().flat_map(mean).collect();
        (assigned.into_iter().map(|k| k as u32).collect(), means)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn the_end_is_a_fixed_point_of_the_plain_round(
            n in 2_usize..60, width in 1_usize..90, k in 1_usize..6, seed in 0_u64..1000,
        ) {
            let points = bits(n, width, 2 * seed);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let start = plus_plus(&points, k, &mut random);
            let found = lloyd(&points, start.clone(), 300);
            prop_assert!(found.rounds < 300);
            let x: Vec<Vec<f64>> = (0..n).map(|i| points.point(i)).collect();
            let inertia = |centroids: &[f64], assigned: &[u32]| -> f64 {
                let own = |k: &u32| &centroids[*k as usize * width..][..width];
                x.iter().zip(assigned).map(|(x, k)| squared_distance(x, own(k))).sum()
            };
            let at_end = inertia(&found.centroids, &found.assigned);
            prop_assert!((found.inertia - at_end).abs() <= 1e-9 * (1.0 + at_end));
            let (assigned, means) = plain_round(&x, &found.centroids);
            // Ties may fall otherwise in rounding; what they cost is the same.
            prop_assert!((inertia(&found.centroids, &assigned) - at_end).abs() <= 1e-9 * (1.0 + at_end));
            prop_assert!((inertia(&means, &assigned) - at_end).abs() <= 1e-9 * (1.0 + at_end));
            let (at_start, _) = plain_round(&x, &start);
            prop_assert!(at_end <= inertia(&start, &at_start) + 1e-9);
        }

        #[test]
        fn bits_and_the_same_numbers_have_the_same_clusters(n in 2_usize..60, seed in 0_u64..1000) {
            let points = bits(n, 30, 2 * seed);
            let x: Vec<f32> = (0..n).flat_map(|i| points.point(i)).map(|x| x as f32).collect();
            let on = |dense: bool| {
                let random = &mut ChaCha8Rng::seed_from_u64(seed);
                if dense {
                    let x = Dense::new(&x, 30);
                    lloyd(&x, plus_plus(&x, 3, random), 300)
                } else {
                    lloyd(&points, plus_plus(&points, 3, random), 300)
                }
            };
            let (packed, dense) = (on(false), on(true));
            prop_assert!((packed.inertia - dense.inertia).abs() <= 1e-9 * (1.0 + dense.inertia));
        }
    }

    #[test]
    fn far_groups_are_found_and_an_empty_cluster_takes_the_farthest_point() {
        let x: Vec<f32> = vec![0.0, 1.0, 10.0, 11.0, 50.0];
        let points = Dense::new(&x, 1);
        // The third centroid is nearest to nothing.
        let found = lloyd(&points, vec![0.5, 10.5, 1000.0], 300);
        assert_eq!(found.assigned, [0, 0, 1, 1, 2]);
        assert!((found.inertia - 1.0).abs() <= 1e-12);
    }

    #[test]
    fn more_clusters_than_different_points_leave_some_empty() {
        let points = Bits::zeros(5, 3);
        let start = plus_plus(&points, 4, &mut ChaCha8Rng::seed_from_u64(1));
        let found = lloyd(&points, start, 300);
        assert!(found.inertia.abs() <= 0.0 && found.assigned.iter().all(|&cluster| cluster == 0));
    }
}

//! Classes from codes, or from inputs.

use artifact::tables::Split;
use rayon::prelude::*;
use stage::Seed;
use statistics::Points;
use statistics::assignment::Contingency;
use statistics::k_means::{Clusters, lloyd, nearest_centroids, plus_plus};
use statistics::logistic;
use statistics::nearest::{Neighbour, majority};

use super::measures::Score;
use super::parameters::Parameters;
use super::table::Metric;

/// Training and test samples of so many classes.
#[derive(Clone, Copy, Debug)]
pub struct Classes<'a> {
    /// Classes of the training samples.
    pub train: &'a [u32],
    /// Classes of the test samples.
    pub test: &'a [u32],
    /// K.
    pub count: usize,
}

/// Share of `found` that is right; None of none.
#[must_use]
pub fn accuracy(found: &[u32], labels: &[u32]) -> Option<f64> {
    let right = found.iter().zip(labels).filter(|(found, label)| found == label).count();
    (!labels.is_empty()).then(|| right as f64 / labels.len() as f64)
}

/// Clusters of the training points and, anew, of the test points, compared with classes; and test points by the
/// clusters and majorities of the training points.
///
/// Source: He et al. 2021, categorization by k-means; their clusters of many classes are those of
/// [`Contingency::purity`].
#[must_use]
pub fn by_clusters<P: Points>(
    train: &P,
    test: &P,
    classes: Classes<'_>,
    parameters: &Parameters,
    seed: Seed,
) -> Vec<Score> {
    let k = parameters.clusters.map_or(classes.count, |clusters| clusters as usize);
    let mut scores = Vec::new();
    let mut compare = |split, points: &P, labels: &[u32]| {
        let clusters = best_clusters(points, k.min(points.len()), parameters, seed)?;
        let table = Contingency::new(&clusters.assigned, labels, k, classes.count);
        scores.push(Score { split, metric: Metric::KmeansPurity, value: table.purity() });
        scores.push(Score { split, metric: Metric::KmeansAssigned, value: table.assigned() });
        Some((clusters, table))
    };
    let of_train = compare(Split::Train, train, classes.train);
    compare(Split::Test, test, classes.test);
    if let Some((clusters, table)) = of_train.filter(|_| !test.is_empty()) {
        let (nearest, _) = nearest_centroids(test, &clusters.centroids);
        let majorities = table.majorities();
        let found: Vec<u32> = nearest.iter().map(|&k| majorities[k as usize]).collect();
        let value = accuracy(&found, classes.test);
        scores.push(Score { split: Split::Test, metric: Metric::KmeansTransferred, value });
    }
    scores
}

/// The clusters of least inertia over all starts, of equal ones the first; None of no points.
fn best_clusters<P: Points>(
    points: &P,
    k: usize,
    parameters: &Parameters,
    seed: Seed,
) -> Option<Clusters> {
    if points.is_empty() {
        return None;
    }
    let from = |start: u32| {
        let random = &mut seed.stream(&format!("codes/kmeans/{start}"));
        lloyd(points, plus_plus(points, k, random), parameters.rounds)
    };
    // Of equal ones the first, whichever thread has them.
    let better = |a: (u32, Clusters), b: (u32, Clusters)| {
        let order = a.1.inertia.total_cmp(&b.1.inertia).then(a.0.cmp(&b.0));
        if order.is_le() { a } else { b }
    };
    let all = (0..parameters.starts).into_par_iter().map(|start| (start, from(start)));
    all.reduce_with(better).map(|(_, best)| best)
}

/// The class that the neighbours of each test point vote for.
#[must_use]
pub fn by_neighbours<D>(neighbours: &[Vec<Neighbour<D>>], classes: Classes<'_>) -> Vec<u32> {
    neighbours.iter().map(|near| majority(near, classes.train, classes.count)).collect()
}

/// The test accuracy of a logistic regression on the training points; None where there are no test points, and where
/// it did not converge.
#[must_use]
pub fn by_regression<P: Points>(
    train: &P,
    test: &P,
    classes: Classes<'_>,
    parameters: &Parameters,
) -> Option<f64> {
    let (c, tolerance) = (parameters.logistic_c, parameters.logistic_tolerance);
    let fitted = logistic::fit(train, classes.train, classes.count, c, tolerance).ok()?;
    accuracy(&fitted.predict(test), classes.test)
}

#[cfg(test)]
mod tests {
    use statistics::{Bits, Dense};

    use super::*;

    #[test]
    fn groups_that_lie_far_apart_are_found_by_everything() {
        let x = |offset: f32| -> Vec<f32> {
            (0..30).map(|i| (i % 3) as f32 * 10.0 + (i as f32 + offset).sin()).collect()
        };
        let labels: Vec<u32> = (0..30).map(|i| (i % 3 + 1) % 3).collect();
        let (train, test) = (x(0.0), x(0.5));
        let (train, test) = (Dense::new(&train, 1), Dense::new(&test, 1));
        let classes = Classes { train: &labels, test: &labels, count: 3 };
        let parameters = Parameters::default();
        let scores = by_clusters(&train, &test, classes, &parameters, Seed(4));
        assert_eq!(scores.len(), 5);
        assert!(scores.iter().all(|score| score.value == Some(1.0)), "{scores:?}");
        let near = statistics::nearest::euclidean(&train, &test, 9);
        assert_eq!(by_neighbours(&near, classes), labels);
        assert_eq!(by_regression(&train, &test, classes, &parameters), Some(1.0));
    }

    #[test]
    fn without_test_samples_training_samples_have_clusters_still() {
        let (train, test) = (Bits::zeros(3, 4), Bits::zeros(0, 4));
        let classes = Classes { train: &[0, 1, 1], test: &[], count: 2 };
        let parameters = Parameters::default();
        let scores = by_clusters(&train, &test, classes, &parameters, Seed(4));
        let values: Vec<Option<f64>> = scores.iter().map(|score| score.value).collect();
        assert_eq!(values, [Some(2.0 / 3.0); 2]);
        assert_eq!(by_regression(&train, &test, classes, &parameters), None);
    }
}

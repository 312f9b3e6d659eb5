//! Clusters against classes.

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

/// How many points of each cluster are of each class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contingency {
    /// Clusters × classes.
    counts: Vec<i64>,
    clusters: usize,
    classes: usize,
}

impl Contingency {
    /// Counts points by their cluster and their class.
    ///
    /// # Panics
    /// Where a cluster or a class is beyond their number.
    #[must_use]
    pub fn new(assigned: &[u32], labels: &[u32], clusters: usize, classes: usize) -> Self {
        let mut counts = vec![0; clusters * classes];
        for (&cluster, &label) in assigned.iter().zip(labels) {
            assert!((label as usize) < classes, "the label is a class");
            counts[cluster as usize * classes + label as usize] += 1;
        }
        Self { counts, clusters, classes }
    }

    fn points(&self) -> i64 {
        self.counts.iter().sum()
    }

    /// The class that most points of each cluster have, of equally many the smallest.
    #[must_use]
    pub fn majorities(&self) -> Vec<u32> {
        let most = |counts: &[i64]| {
            let better = |best, class| if counts[class] > counts[best] { class } else { best };
            (0..counts.len()).reduce(better).unwrap_or(0) as u32
        };
        self.counts.chunks_exact(self.classes.max(1)).map(most).collect()
    }

    /// Share of points whose class is that of most points in their cluster; None of no points.
    ///
    /// Several clusters may have one class: with a cluster for each point it is 1.
    #[must_use]
    pub fn purity(&self) -> Option<f64> {
        let most = |counts: &[i64]| counts.iter().copied().max().unwrap_or(0);
        let right: i64 = self.counts.chunks_exact(self.classes.max(1)).map(most).sum();
        (self.points() > 0).then(|| right as f64 / self.points() as f64)
    }

    /// The greatest share of points that one class for each cluster, and one cluster for each class, can get right;
    /// None of no points.
    ///
    /// Where there are more of one than of the other, those left over are right nowhere.
    ///
    /// Source: Kuhn 1955 and Munkres 1957.
    #[must_use]
    pub fn assigned(&self) -> Option<f64> {
        if self.points() == 0 {
            return None;
        }
        // The method wants no more rows than columns.
        let (few, many) = (self.clusters.min(self.classes), self.clusters.max(self.classes));
        let table = Matrix::from_fn(few, many, |(few, many)| {
            let (cluster, class) =
                if self.clusters <= self.classes { (few, many) } else { (many, few) };
            self.counts[cluster * self.classes + class]
        });
        let (right, _) = kuhn_munkres(&table);
        Some(right as f64 / self.points() as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The best of all assignments of the clusters from `cluster` on to the classes that are `free`.
    fn best(table: &Contingency, cluster: usize, free: &mut Vec<bool>) -> i64 {
        if cluster == table.clusters {
            return 0;
        }
        let mut most = best(table, cluster + 1, free);
        for class in 0..table.classes {
            if std::mem::replace(&mut free[class], false) {
                let here = table.counts[cluster * table.classes + class];
                most = most.max(here + best(table, cluster + 1, free));
                free[class] = true;
            }
        }
        most
    }

    proptest! {
        #[test]
        fn the_assignment_is_the_best_of_all(
            clusters in 1_usize..6, classes in 1_usize..6,
            points in prop::collection::vec((0_u32..30, 0_u32..30), 1..60),
        ) {
            let assigned: Vec<u32> = points.iter().map(|it| it.0 % clusters as u32).collect();
            let labels: Vec<u32> = points.iter().map(|it| it.1 % classes as u32).collect();
            let table = Contingency::new(&assigned, &labels, clusters, classes);
            let most = best(&table, 0, &mut vec![true; classes]) as f64 / points.len() as f64;
            let found = table.assigned().unwrap();
            prop_assert!((found - most).abs() <= 1e-12);
            prop_assert!(found <= table.purity().unwrap() + 1e-12);
        }
    }

    #[test]
    fn purity_shares_classes_and_an_assignment_does_not() {
        let table = Contingency::new(&[0, 0, 1, 1, 2], &[0, 0, 0, 1, 1], 3, 2);
        assert_eq!(table.majorities(), [0, 0, 1]);
        assert_eq!((table.purity(), table.assigned()), (Some(0.8), Some(0.6)));
        assert_eq!(Contingency::new(&[], &[], 2, 2).assigned(), None);
    }
}

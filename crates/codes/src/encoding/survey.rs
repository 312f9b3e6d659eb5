//! What is measured of the codes of each checkpoint.

use artifact::tables::Split;
use rand::seq::index;
use stage::{Seed, StageError};
use statistics::nearest::{Neighbour, euclidean, hamming};
use statistics::{Bits, Dense, Points};

use super::classify::{Classes, accuracy, by_clusters, by_neighbours, by_regression};
use super::measures::{Score, redundancy, scores};
use super::parameters::{Classifier, Parameters};
use super::plane::Plane;
use super::regime::Summary;
use super::table::{EncodingRow, Metric, NeighbourRow, PlaneRow};
use crate::code::{Encoded, places};
use crate::gated::Gated;
use crate::samples::{Dataset, Samples};

/// The rows of all steps so far.
#[derive(Debug, Default)]
pub struct Found {
    /// What is measured of codes.
    pub encoding: Vec<EncodingRow>,
    /// The nearest codes of a few test samples.
    pub neighbours: Vec<NeighbourRow>,
    /// Codes in a plane.
    pub plane: Vec<PlaneRow>,
    /// What findings look at, a step each.
    pub summaries: Vec<Summary>,
}

impl Found {
    /// Adds the scores at `step` of the codes of `layer`, of all together where there is none.
    pub fn add(&mut self, step: u64, layer: Option<u32>, scores: &[Score]) {
        let row = |&Score { split, metric, value }: &Score| EncodingRow {
            step,
            layer,
            split,
            metric,
            value,
        };
        self.encoding.extend(scores.iter().map(row));
    }
}

/// What is measured, and on which samples.
#[derive(Debug)]
pub struct Survey<'a> {
    parameters: &'a Parameters,
    dataset: &'a Dataset,
    /// Classes, where there are some.
    classes: Option<Classes<'a>>,
    wanted: Vec<Classifier>,
    seed: Seed,
    /// Test samples whose neighbours are shown, rising.
    shown: Vec<usize>,
}

impl<'a> Survey<'a> {
    /// The survey that `parameters` ask for, of the samples of `dataset`.
    ///
    /// # Errors
    /// Where a classifier is asked for, and there are no classes.
    pub fn new(
        parameters: &'a Parameters,
        dataset: &'a Dataset,
        seed: Seed,
    ) -> Result<Self, StageError> {
        let labels = dataset.train.labels.as_deref().zip(dataset.test.labels.as_deref());
        let classes = labels.zip(dataset.classes()).map(|((train, test), count)| Classes {
            train,
            test,
            count,
        });
        if classes.is_none() && parameters.classifiers.as_ref().is_some_and(|all| !all.is_empty()) {
            return Err(StageError::new("the dataset has no classes that codes could be told by")
                .hint("leave `classifiers` out, which measures what needs no classes"));
        }
        let wanted = if classes.is_some() { parameters.wanted() } else { Vec::new() };
        let tests = dataset.test.count;
        let random = &mut seed.stream("codes/shown");
        let mut shown =
            index::sample(random, tests, tests.min(parameters.shown as usize)).into_vec();
        shown.sort_unstable();
        Ok(Self { parameters, dataset, classes, wanted, seed, shown })
    }

    fn wants(&self, classifier: Classifier) -> bool {
        self.wanted.contains(&classifier)
    }

    /// The scores of inputs in place of codes.
    #[must_use]
    pub fn of_inputs(&self) -> Vec<Score> {
        let (Some(classes), d) = (self.classes, self.dataset.input_dim) else { return Vec::new() };
        if d == 0 {
            return Vec::new();
        }
        let [train, test] =
            [&self.dataset.train, &self.dataset.test].map(|split| Dense::new(&split.inputs, d));
        let mut scores = self.by_points(&train, &test, classes);
        if self.wants(Classifier::Knn) && !test.is_empty() {
            let near = euclidean(&train, &test, self.parameters.neighbours as usize);
            let value = accuracy(&by_neighbours(&near, classes), classes.test);
            scores.push(Score { split: Split::Test, metric: Metric::Knn, value });
        }
        for score in &mut scores {
            score.metric = score.metric.of_inputs();
        }
        scores
    }

    /// The scores of clusters and regressions.
    fn by_points<P: Points>(&self, train: &P, test: &P, classes: Classes<'_>) -> Vec<Score> {
        let mut scores = Vec::new();
        if self.wants(Classifier::Kmeans) {
            scores.extend(by_clusters(train, test, classes, self.parameters, self.seed));
        }
        if self.wants(Classifier::Logistic) && !test.is_empty() {
            let value = by_regression(train, test, classes, self.parameters);
            scores.push(Score { split: Split::Test, metric: Metric::Logistic, value });
        }
        scores
    }

    /// The neighbours of the test samples whose class is voted for, or of those that are shown.
    fn neighbours(&self, [train, test]: [&Bits; 2]) -> Vec<Vec<Neighbour<u32>>> {
        let count = self.parameters.neighbours as usize;
        if self.wants(Classifier::Knn) {
            return hamming(train, test, count);
        }
        let of_shown = hamming(train, &test.selected(self.shown.iter().copied()), count);
        let mut neighbours = vec![Vec::new(); test.rows()];
        for (&sample, near) in self.shown.iter().zip(of_shown) {
            neighbours[sample] = near;
        }
        neighbours
    }

    /// The scores of the codes of both splits, and which votes are right.
    fn of_codes(
        &self,
        codes: [&Bits; 2],
        neighbours: &[Vec<Neighbour<u32>>],
    ) -> (Vec<Score>, Vec<bool>) {
        let [train, test] = codes;
        let labels = self.classes.map(|classes| [classes.train, classes.test]);
        let [of_train, of_test] = [0, 1].map(|split| labels.as_ref().map(|labels| labels[split]));
        let mut all = scores(Split::Train, train, of_train);
        all.extend(scores(Split::Test, test, of_test));
        let Some(classes) = self.classes else { return (all, Vec::new()) };
        all.extend(self.by_points(train, test, classes));
        let mut right = Vec::new();
        if self.wants(Classifier::Knn) && test.rows() > 0 {
            let votes = by_neighbours(neighbours, classes);
            right = votes.iter().zip(classes.test).map(|(vote, label)| vote == label).collect();
            let value = accuracy(&votes, classes.test);
            all.push(Score { split: Split::Test, metric: Metric::Knn, value });
        }
        (all, right)
    }

    /// Measures the codes at `step` of both splits, whose `layers` stand side by side.
    ///
    /// # Errors
    /// Where a decomposition fails.
    pub fn measure(
        &self,
        step: u64,
        layers: &[Gated],
        encoded: &[Encoded; 2],
        found: &mut Found,
    ) -> Result<(), StageError> {
        let codes = [&encoded[0].codes, &encoded[1].codes];
        let neighbours = self.neighbours(codes);
        let (mut all, right) = self.of_codes(codes, &neighbours);
        let mut network = None;
        if let Some(classes) = self.classes {
            let answers = [
                (Split::Train, &encoded[0].answers, classes.train),
                (Split::Test, &encoded[1].answers, classes.test),
            ];
            for (split, answers, labels) in answers.into_iter().filter(|it| !it.2.is_empty()) {
                let value = accuracy(answers, labels);
                all.push(Score { split, metric: Metric::Network, value });
                network = value.filter(|_| split == Split::Test);
            }
        }
        found.add(step, None, &all);
        if self.parameters.per_layer {
            for (layer, place) in layers.iter().zip(places(layers)) {
                let [train, test] = codes.map(|codes| codes.columns(place.clone()));
                let neighbours = self.neighbours([&train, &test]);
                let (all, _) = self.of_codes([&train, &test], &neighbours);
                found.add(step, Some(layer.layer), &all);
            }
        }
        found.neighbours.extend(self.neighbour_rows(step, &neighbours));
        found.plane.extend(self.plane_rows(step, codes)?);
        found.summaries.push(Summary { step, redundancy: redundancy(codes[0]), right, network });
        Ok(())
    }

    fn neighbour_rows(
        &self,
        step: u64,
        neighbours: &[Vec<Neighbour<u32>>],
    ) -> impl Iterator<Item = NeighbourRow> {
        self.shown.iter().flat_map(move |&sample| {
            (1..).zip(&neighbours[sample]).map(move |(rank, near)| NeighbourRow {
                step,
                sample: sample as u32,
                rank,
                neighbour: near.point,
                distance: near.distance,
                same_class: self
                    .classes
                    .map(|classes| classes.test[sample] == classes.train[near.point as usize]),
            })
        })
    }

    fn plane_rows(&self, step: u64, codes: [&Bits; 2]) -> Result<Vec<PlaneRow>, StageError> {
        let first =
            |codes: &Bits| codes.selected(0..codes.rows().min(self.parameters.plane as usize));
        let [train, test] = codes.map(first);
        let plane = Plane::of(&train)?;
        let rows = |split, codes: &Bits, samples: &Samples| {
            let row = |(sample, [x, y]): (u32, [f64; 2])| PlaneRow {
                step,
                split,
                sample,
                label: samples.labels.as_ref().map(|labels| labels[sample as usize]),
                x,
                y,
            };
            (0..).zip(plane.project(codes)).map(row).collect::<Vec<_>>()
        };
        let mut all = rows(Split::Train, &train, &self.dataset.train);
        all.extend(rows(Split::Test, &test, &self.dataset.test));
        Ok(all)
    }
}

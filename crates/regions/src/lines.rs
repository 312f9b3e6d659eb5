//! Lines from one training sample to another, and where a network bends along them.

use network::Network;
use rand::{Rng, RngExt};

use crate::cell::Segment;
use crate::samples::{Samples, distance};
use crate::subdivision::{Subdivision, TooMany};

/// Draws before a line is taken that is not of the kind wanted or has no length: samples may be all the same.
const TRIES: usize = 4096;

/// A line from one sample to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Numbers of both samples.
    pub samples: [u32; 2],
    /// Whether both are of one class; `None` without classes.
    pub same_class: Option<bool>,
    /// Its length.
    pub length: f64,
}

/// Where a network bends along a line: by rising t from 0 to 1, each with the step that bends.
pub type Bends = Vec<(f64, usize)>;

/// `count` lines between samples that differ: where there are classes, every second one within a class and the others
/// between two, where there are such pairs. There are two samples at least.
#[must_use]
pub fn drawn(samples: &Samples, count: u32, random: &mut impl Rng) -> Vec<Line> {
    let [has_within, has_between] = kinds(samples);
    let line = |number: u32| {
        let wanted = match (has_within, has_between) {
            (true, true) => Some(number.is_multiple_of(2)),
            (true, false) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        };
        let mut pair = any(samples, random);
        for _ in 0..TRIES {
            let [a, b] = pair;
            if samples.same_class(a, b) == wanted && samples.inputs[a] != samples.inputs[b] {
                break;
            }
            pair = any(samples, random);
        }
        let [a, b] = pair;
        Line {
            samples: [a as u32, b as u32],
            same_class: samples.same_class(a, b),
            length: distance(&samples.inputs[a], &samples.inputs[b]),
        }
    };
    (0..count).map(line).collect()
}

/// Whether there are two samples of one class, and two of different classes.
fn kinds(samples: &Samples) -> [bool; 2] {
    let mut classes = samples.labels.clone().unwrap_or_default();
    classes.sort_unstable();
    let differ = |is: bool| classes.windows(2).any(|pair| (pair[0] == pair[1]) == is);
    [differ(true), differ(false)]
}

/// Any two samples.
fn any(samples: &Samples, random: &mut impl Rng) -> [usize; 2] {
    let n = samples.inputs.len();
    let a = random.random_range(0..n);
    let b = random.random_range(0..n - 1);
    [a, if b >= a { b + 1 } else { b }]
}

/// Where `network` bends along a line between `samples`.
///
/// # Errors
/// Where it bends more often than `most`.
pub fn bends(
    network: &Network<f64>,
    line: &Line,
    samples: &Samples,
    most: usize,
) -> Result<Bends, TooMany> {
    let [a, b] = line.samples.map(|sample| &samples.inputs[sample as usize]);
    let rows = a.iter().copied().chain(a.iter().zip(b).map(|(a, b)| b - a)).collect();
    let mut found = Subdivision::new(network, most).regions(Segment::UNIT, rows)?;
    found.sort_by(|a, b| a.cell.ends[0].total_cmp(&b.cell.ends[0]));
    let starts = found.iter().map(|region| (region.cell.ends[0], region.cell.makers[0]));
    Ok(starts.filter_map(|(t, maker)| Some((t, maker?))).collect())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn samples(labels: Option<&[u32]>, n: usize) -> Samples {
        Samples {
            inputs: (0..n).map(|i| vec![i as f64, 0.0]).collect(),
            labels: labels.map(<[u32]>::to_vec),
            targets: vec![0.0; n],
        }
    }

    fn of(samples: &Samples, count: u32) -> Vec<Line> {
        drawn(samples, count, &mut ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn every_second_line_is_within_a_class() {
        let labels = [0, 0, 0, 1, 1, 2, 2, 2, 2];
        let samples = samples(Some(&labels), 9);
        for (number, line) in of(&samples, 40).iter().enumerate() {
            let [a, b] = line.samples.map(|sample| sample as usize);
            assert_eq!(line.same_class, Some(number % 2 == 0));
            assert_eq!(line.same_class, Some(labels[a] == labels[b]));
            assert!((line.length - a.abs_diff(b) as f64).abs() <= 0.0 && a != b);
        }
    }

    #[test]
    fn without_the_pairs_that_are_wanted_others_are_taken() {
        let none = of(&samples(None, 5), 10);
        assert!(none.len() == 10 && none.iter().all(|line| line.same_class.is_none()));
        let one = of(&samples(Some(&[4; 5]), 5), 10);
        assert!(one.len() == 10 && one.iter().all(|line| line.same_class == Some(true)));
    }
}

//! Nearest neighbours by all distances, exact, and the classes that they vote for.

mod dense;
mod hamming;
mod lanes;

pub use dense::euclidean;
pub use hamming::hamming;

/// Queries that a task answers: their rows stay in the first cache while the points pass.
const QUERIES: usize = 32;

/// A point and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour<D> {
    /// Its distance: differing bits, or ‖x − x'‖².
    pub distance: D,
    /// Its number.
    pub point: u32,
}

/// The class that most of `neighbours` have, of equally many the smallest.
///
/// `labels` are the classes of the points, below `classes`; of no neighbours it is class 0.
///
/// # Panics
/// Where a neighbour has no label, or its label is none of the classes.
#[must_use]
pub fn majority<D>(neighbours: &[Neighbour<D>], labels: &[u32], classes: usize) -> u32 {
    let mut votes = vec![0_u32; classes.max(1)];
    for neighbour in neighbours {
        votes[labels[neighbour.point as usize] as usize] += 1;
    }
    let most = (0..votes.len())
        .reduce(|best, class| if votes[class] > votes[best] { class } else { best });
    most.unwrap_or(0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equally_many_votes_the_smallest_class_counts() {
        let near = |points: &[u32]| {
            points.iter().map(|&point| Neighbour { distance: 0_u32, point }).collect::<Vec<_>>()
        };
        let labels = [2, 1, 2, 1, 0];
        assert_eq!(majority(&near(&[0, 1, 2, 3]), &labels, 3), 1);
        assert_eq!(majority(&near(&[0, 2, 4]), &labels, 3), 2);
        assert_eq!(majority(&near(&[]), &labels, 3), 0);
    }
}

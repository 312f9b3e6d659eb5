//! Which samples are left.

use rand::Rng;
use rand::seq::SliceRandom;

use super::parameters::Order;

/// Shares of an ordered set that are passed over and removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Passed over.
    pub skip: f64,
    /// Removed after that.
    pub remove: f64,
}

impl Share {
    /// How many of `count` are removed: round(share · count), at most what is left after the skip.
    #[must_use]
    pub fn removed(self, count: usize) -> usize {
        let whole = |share: f64| ((share * count as f64).round() as usize).min(count);
        whole(self.remove).min(count - whole(self.skip))
    }

    /// How many are passed over.
    fn skipped(self, count: usize) -> usize {
        ((self.skip * count as f64).round() as usize).min(count)
    }
}

/// The samples that are left, rising, where those with `scores` are removed in `order`, of each of `classes` by
/// itself where they are given. Samples without a score go last; ties and random orders are drawn.
#[must_use]
pub fn kept(
    scores: &[Option<f64>],
    classes: Option<&[u32]>,
    order: Order,
    share: Share,
    ties: &mut impl Rng,
) -> Vec<usize> {
    // One draw for all, whatever is removed: a larger share removes these samples and more.
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.shuffle(ties);
    let sign = match order {
        Order::Least => Some(1.0),
        Order::Most => Some(-1.0),
        Order::Random => None,
    };
    if let Some(sign) = sign {
        // A stable sort keeps the draw among equals.
        let key = |place: &usize| scores[*place].map_or(f64::INFINITY, |score| sign * score + 0.0);
        places.sort_by(|a, b| key(a).total_cmp(&key(b)));
    }
    let mut present: Vec<u32> = classes.map_or_else(|| vec![0], <[u32]>::to_vec);
    present.sort_unstable();
    present.dedup();
    let mut left: Vec<usize> = Vec::with_capacity(scores.len());
    for class in present {
        let is_own = |place: &usize| classes.is_none_or(|classes| classes[*place] == class);
        let own: Vec<usize> = places.iter().copied().filter(is_own).collect();
        let (skipped, removed) = (share.skipped(own.len()), share.removed(own.len()));
        left.extend(&own[..skipped]);
        left.extend(&own[skipped + removed..]);
    }
    left.sort_unstable();
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stage::Seed;

    use super::*;

    fn left(scores: &[Option<f64>], order: Order, skip: f64, remove: f64) -> Vec<usize> {
        kept(scores, None, order, Share { skip, remove }, &mut Seed(1).stream("ties"))
    }

    #[test]
    fn the_least_or_the_most_go_and_unknown_ones_last() {
        let scores = [Some(3.0), None, Some(-1.0), Some(7.0), Some(2.0)];
        assert_eq!(left(&scores, Order::Least, 0.0, 0.4), [0, 1, 3]);
        assert_eq!(left(&scores, Order::Most, 0.0, 0.4), [1, 2, 4]);
        assert_eq!(left(&scores, Order::Least, 0.4, 0.4), [1, 2, 4]);
        assert_eq!(left(&scores, Order::Most, 0.0, 0.8), [1]);
        assert_eq!(left(&scores, Order::Least, 0.0, 0.0), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn ties_are_drawn_and_every_one_of_them_goes_as_often() {
        let scores = [Some(1.0), Some(0.0), Some(0.0), Some(0.0)];
        let mut counts = [0; 4];
        for draw in 0..3_000 {
            let mut ties = Seed(draw).stream("ties");
            let share = Share { skip: 0.0, remove: 0.25 };
            for place in kept(&scores, None, Order::Least, share, &mut ties) {
                counts[place] += 1;
            }
        }
        assert_eq!(counts[0], 3_000);
        // Left in two of three draws: 2,000, standard deviation 25.8; five of them.
        assert!(counts[1..].iter().all(|count| (1_871..=2_129).contains(count)), "{counts:?}");
    }

    #[test]
    fn classes_lose_the_same_share() {
        let scores: Vec<Option<f64>> = (0..12).map(|i| Some(f64::from(i))).collect();
        let classes: Vec<u32> = (0..12).map(|i| u32::from(i >= 8)).collect();
        let share = Share { skip: 0.0, remove: 0.5 };
        let found = kept(&scores, Some(&classes), Order::Least, share, &mut Seed(0).stream("ties"));
        assert_eq!(found, [4, 5, 6, 7, 10, 11]);
    }

    proptest! {
        #[test]
        fn a_larger_share_leaves_part_of_what_a_smaller_one_leaves(
            scores in prop::collection::vec(0_i32..4, 1..40),
            order in prop::sample::select(vec![Order::Least, Order::Most, Order::Random]),
            less in 0.0_f64..1.0, more in 0.0_f64..1.0,
        ) {
            let scores: Vec<Option<f64>> = scores.into_iter().map(|s| Some(f64::from(s))).collect();
            let (less, more) = (less.min(more), less.max(more));
            let (many, few) = (left(&scores, order, 0.0, less), left(&scores, order, 0.0, more));
            prop_assert!(few.iter().all(|place| many.contains(place)));
            let share = Share { skip: 0.0, remove: more };
            prop_assert_eq!(few.len(), scores.len() - share.removed(scores.len()));
        }
    }
}

//! Which checkpoints and which indices a report looks at closely.

/// Indices i whose eigenvalues are drawn over the steps, as far as they exist.
pub const FOLLOWED_EIGENVALUES: [u32; 6] = [1, 2, 3, 10, 30, 100];

/// Sizes k of the top whose energies are drawn over the steps, as far as they exist.
pub const FOLLOWED_SIZES: [u32; 5] = [5, 10, 25, 100, 200];

/// Every index up to here is followed.
pub const DENSE: u32 = 64;
/// Beyond, an index is followed where it begins a new part of an octave; so many parts it has.
const PARTS: f64 = 5.0;

/// Whether index i, or k, is followed over all checkpoints: every one at first, then fewer and
/// fewer, as a logarithmic axis shows them.
#[must_use]
pub fn is_followed(index: u32) -> bool {
    let part = |index: u32| (f64::from(index).log2() * PARTS).floor();
    index <= DENSE
        || FOLLOWED_EIGENVALUES.contains(&index)
        || FOLLOWED_SIZES.contains(&index)
        || part(index) > part(index - 1)
}

/// At most five of the rising `steps`: the first, the last, and those nearest to 1/27, 1/9 and
/// 1/3 of it, for most happens early.
#[must_use]
pub fn shown_steps(steps: &[u64]) -> Vec<u64> {
    let (Some(&first), Some(&last)) = (steps.first(), steps.last()) else { return Vec::new() };
    let near = |wanted: u64| steps.iter().copied().min_by_key(|&step| step.abs_diff(wanted));
    let mut shown = vec![first];
    shown.extend([27, 9, 3].into_iter().filter_map(|share| near(last / share)));
    shown.push(last);
    shown.dedup();
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followed_indices_become_rare() {
        let count =
            |range: std::ops::RangeInclusive<u32>| range.filter(|&i| is_followed(i)).count();
        assert_eq!(count(1..=64), 64);
        assert!(count(65..=10_000) < 45, "{}", count(65..=10_000));
        assert!(is_followed(100));
    }

    #[test]
    fn shown_steps_rise_from_the_first_to_the_last() {
        let every: Vec<u64> = (0..=32).map(|i| 500 * i).collect();
        assert_eq!(shown_steps(&every), [0, 500, 2000, 5500, 16_000]);
        assert_eq!(shown_steps(&[7]), [7]);
        assert_eq!(shown_steps(&[0, 10]), [0, 10]);
        assert!(shown_steps(&[]).is_empty());
    }
}

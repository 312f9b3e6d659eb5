//! Long lines cut down to what a screen can show.

/// At most about `most` of `points`, which lie by rising x; the picture of the line stays.
///
/// The range of x, or of log x, is cut into equal parts, and of each part the lowest and the
/// highest point are kept: a loss that jumps for one step is still seen to jump. The first and
/// the last point always stay.
#[must_use]
pub fn thinned(points: &[(f64, f64)], most: usize, log_x: bool) -> Vec<(f64, f64)> {
    let (Some(&first), Some(&last)) = (points.first(), points.last()) else { return Vec::new() };
    let at = |x: f64| if log_x { x.ln() } else { x };
    let (start, length) = (at(first.0), at(last.0) - at(first.0));
    // Two points a part, and the two ends.
    let parts = (most.saturating_sub(2) / 2).max(1);
    if points.len() <= most || !(length.is_finite() && length > 0.0) {
        return points.to_vec();
    }
    #[expect(clippy::cast_sign_loss, reason = "x rises from the start on")]
    let part_of = |x: f64| (((at(x) - start) / length * parts as f64) as usize).min(parts - 1);
    let mut kept = vec![first];
    let inner = &points[1..points.len() - 1];
    for part in inner.chunk_by(|a, b| part_of(a.0) == part_of(b.0)) {
        let by_y = |&a: &usize, &b: &usize| part[a].1.total_cmp(&part[b].1);
        let lowest = (0..part.len()).min_by(by_y);
        // The first of equal ones, as `min_by` gives: a rate changes where it changed.
        let highest = (0..part.len()).rev().max_by(by_y);
        let (Some(lowest), Some(highest)) = (lowest, highest) else { continue };
        kept.push(part[lowest.min(highest)]);
        if lowest != highest {
            kept.push(part[lowest.max(highest)]);
        }
    }
    kept.push(last);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_line_stays_as_it_is() {
        let points = [(0.0, 1.0), (1.0, 0.5)];
        assert_eq!(thinned(&points, 2, false), points);
        assert_eq!(thinned(&[], 2, false), []);
    }

    #[test]
    fn a_single_spike_is_kept() {
        let points: Vec<(f64, f64)> =
            (0..10_000).map(|i| (f64::from(i), if i == 4321 { 9.0 } else { 1.0 })).collect();
        assert!(thinned(&points, 100, false).contains(&(4321.0, 9.0)));
    }

    #[test]
    fn a_stair_keeps_its_corners() {
        for values in [[1.0, 2.0], [2.0, 1.0]] {
            let points: Vec<(f64, f64)> =
                (0..10_000).map(|i| (f64::from(i), values[usize::from(i >= 5_017)])).collect();
            assert!(thinned(&points, 100, false).contains(&(5_017.0, values[1])));
        }
    }

    proptest! {
        #[test]
        fn a_thinned_line_is_an_ordered_part_of_the_line_with_its_ends(
            values in prop::collection::vec(-1e3_f64..1e3, 3..2_000),
            most in 4_usize..200,
            log_x: bool,
        ) {
            let points: Vec<(f64, f64)> =
                values.iter().enumerate().map(|(i, &y)| (i as f64 + 1.0, y)).collect();
            let kept = thinned(&points, most, log_x);
            prop_assert!(kept.len() <= most.max(4));
            prop_assert_eq!(kept.first(), points.first());
            prop_assert_eq!(kept.last(), points.last());
            prop_assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(kept.iter().all(|point| points.contains(point)));
        }
    }
}

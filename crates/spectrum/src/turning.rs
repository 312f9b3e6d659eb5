//! How far leading eigenspaces and single modes turn, between any two checkpoints.

use artifact::tables::Split;
use artifact::tables::spectrum::{EigenvectorRow, ModeOverlapRow, SubspaceOverlapRow};

/// Checkpoints at most that are compared.
const MOST_FRAMES: usize = 60;
/// Eigenvectors whose span is compared, where there are as many.
const SPAN: usize = 10;

/// Overlaps of the spans of the leading eigenvectors at any two checkpoints, and of single modes at the
/// last with those at the first; of the kernel of output 0, over the training samples.
#[must_use]
pub fn overlaps(rows: &[EigenvectorRow]) -> (Vec<SubspaceOverlapRow>, Vec<ModeOverlapRow>) {
    let own: Vec<&EigenvectorRow> =
        rows.iter().filter(|row| row.output == 0 && row.split == Split::Train).collect();
    let mut steps: Vec<u64> = own.iter().map(|row| row.step).collect();
    steps.dedup();
    let mut spans: Vec<(u64, Vec<&[f32]>)> = Vec::new();
    for step in frames(&steps) {
        let vectors = own.iter().filter(|row| row.step == step).take(SPAN);
        spans.push((step, vectors.map(|row| row.values.as_slice()).collect()));
    }
    let k = spans.iter().map(|(_, vectors)| vectors.len()).min().unwrap_or(0);
    if k == 0 || spans.len() < 2 {
        return (Vec::new(), Vec::new());
    }
    for (_, vectors) in &mut spans {
        vectors.truncate(k);
    }
    let mut spaces = Vec::new();
    for (step, one) in &spans {
        for (other_step, other) in &spans {
            let overlap = overlap(one, other);
            spaces.push(SubspaceOverlapRow {
                step: *step,
                other_step: *other_step,
                k: k as u32,
                overlap,
            });
        }
    }
    let (first, last) = (&spans[0].1, &spans[spans.len() - 1].1);
    let mut modes = Vec::new();
    for (index, late) in (1..).zip(last) {
        for (other_index, early) in (1..).zip(first) {
            modes.push(ModeOverlapRow {
                index,
                other_index,
                overlap: squared_product(late, early),
            });
        }
    }
    (spaces, modes)
}

/// The checkpoints that are looked at closely: every one, or as many as there may be, evenly chosen. One
/// that follows another after a single update, kept for the first-order error, is left out.
#[must_use]
pub fn frames(steps: &[u64]) -> Vec<u64> {
    let last = steps.last().copied();
    let own: Vec<u64> = steps
        .iter()
        .copied()
        .filter(|&step| Some(step) == last || step == 0 || !steps.contains(&(step - 1)))
        .collect();
    if own.len() <= MOST_FRAMES {
        return own;
    }
    (0..MOST_FRAMES).map(|i| own[i * (own.len() - 1) / (MOST_FRAMES - 1)]).collect()
}

/// ‖V(t)ᵀV(t')‖_F²/k of two sets of k orthonormal vectors.
fn overlap(one: &[&[f32]], other: &[&[f32]]) -> f64 {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| squared_product(a, b)));
    pairs.sum::<f64>() / one.len().max(1) as f64
}

fn squared_product(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>().powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(steps: &[(u64, [usize; 2])]) -> Vec<EigenvectorRow> {
        let unit = |i: usize| {
            let mut vector = vec![0.0; 4];
            vector[i] = 1.0;
            vector
        };
        let at = |&(step, axes): &(u64, [usize; 2])| {
            (1..).zip(axes).map(move |(index, axis)| EigenvectorRow {
                step,
                output: 0,
                index,
                split: Split::Train,
                values: unit(axis),
            })
        };
        steps.iter().flat_map(at).collect()
    }

    #[test]
    fn spaces_overlap_by_what_they_share() {
        let (spaces, modes) = overlaps(&rows(&[(0, [0, 1]), (10, [1, 0]), (20, [1, 2])]));
        let of = |step, other| {
            spaces.iter().find(|row| (row.step, row.other_step) == (step, other)).unwrap().overlap
        };
        assert_eq!((of(0, 0), of(0, 10), of(10, 20), of(20, 0)), (1.0, 1.0, 0.5, 0.5));
        let mode =
            |i, j| modes.iter().find(|row| (row.index, row.other_index) == (i, j)).unwrap().overlap;
        assert_eq!((mode(1, 1), mode(1, 2), mode(2, 1)), (0.0, 1.0, 0.0));
    }

    #[test]
    fn one_checkpoint_has_nothing_to_be_compared_with() {
        assert_eq!(overlaps(&rows(&[(0, [0, 1])])), (Vec::new(), Vec::new()));
        assert_eq!(overlaps(&[]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn few_checkpoints_are_looked_at_and_none_after_a_single_update() {
        assert_eq!(frames(&[0, 10, 11, 20, 21]), [0, 10, 20, 21]);
        let many: Vec<u64> = (0..500).map(|i| 10 * i).collect();
        let kept = frames(&many);
        assert_eq!((kept.len(), kept[0], kept[59]), (60, 0, 4990));
    }
}

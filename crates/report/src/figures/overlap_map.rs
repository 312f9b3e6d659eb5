//! Overlap of the leading eigenspaces of every two checkpoints.

use super::figure;
use crate::figure::{Content, Figure, Map};
use crate::functions::Functions;
use crate::number::{grouped, subscript};

/// Two maps: checkpoints against checkpoints, and modes at the start against modes at the end.
pub fn figure_of(functions: &Functions) -> Option<Figure> {
    let spans = &functions.spans;
    let ((first, start), (last, end)) = (spans.first()?, spans.last()?);
    let k = start.len();
    if spans.len() < 2 || k == 0 {
        return None;
    }
    let steps: Vec<String> = spans.iter().map(|(step, _)| grouped(*step)).collect();
    let overlaps = spans
        .iter()
        .map(|(_, one)| spans.iter().map(|(_, other)| overlap(one, other)).collect())
        .collect();
    let modes: Vec<String> = (0..).take(k).map(|i| format!("υ{}", subscript(i + 1))).collect();
    let products = end
        .iter()
        .map(|late| start.iter().map(|early| squared_product(late, early)).collect())
        .collect();
    let maps = vec![
        Map {
            title: format!("span of υ₁ … υ{}", subscript(k as u32)),
            x: ("step".to_owned(), steps.clone()),
            y: ("step".to_owned(), steps),
            values: overlaps,
            meaning: "overlap".to_owned(),
        },
        Map {
            title: "single modes".to_owned(),
            x: (format!("at step {}", grouped(*first)), modes.clone()),
            y: (format!("at step {}", grouped(*last)), modes),
            values: products,
            meaning: "overlap".to_owned(),
        },
    ];
    figure(
        "overlap_map",
        "Which eigenspaces are alike",
        format!(
            "Left: the overlap ‖V(t)ᵀV(t')‖²/k of the spaces that the {k} leading eigenvectors span at every two checkpoints. Right: ⟨υᵢ, υⱼ⟩² between modes at the first and at the last checkpoint; a bright diagonal means that modes keep their place."
        ),
        "In the paper: finding 1, that the kernel and its top eigenfunctions change.",
        &[("eigenvectors.parquet", "step, index, split = 'train', values")],
        Some(Content::Maps(maps)),
    )
}

/// ‖V(t)ᵀV(t')‖_F²/k of two sets of k orthonormal vectors.
fn overlap(one: &[Vec<f32>], other: &[Vec<f32>]) -> f64 {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| squared_product(a, b)));
    pairs.sum::<f64>() / one.len().max(1) as f64
}

fn squared_product(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>().powi(2)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn spaces_overlap_by_what_they_share() {
        let e = |i: usize| {
            let mut vector = vec![0.0; 4];
            vector[i] = 1.0;
            vector
        };
        assert_eq!(overlap(&[e(0), e(1)], &[e(1), e(0)]), 1.0);
        assert_eq!(overlap(&[e(0), e(1)], &[e(1), e(2)]), 0.5);
        assert_eq!(overlap(&[e(0)], &[e(3)]), 0.0);
    }
}

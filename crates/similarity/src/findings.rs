//! What is found of a kernel and its reference.

use artifact::tables::findings::FindingRow;
use study::Finding;

use crate::table::SimilarityRow;

/// All findings; two kernels count as the same up to the relative distance `near`.
pub fn all(rows: &[SimilarityRow], near: f64) -> Vec<FindingRow> {
    let first = rows.first().map(|row| row.step);
    let last = rows.last().map(|row| row.step);
    let at = |step: Option<u64>, of: fn(&SimilarityRow) -> Option<f64>| {
        let values: Option<Vec<f64>> =
            rows.iter().filter(|row| Some(row.step) == step).map(of).collect();
        let values = values.filter(|values| !values.is_empty())?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    let distances = [first, last].map(|step| at(step, |row| row.distance));
    let scaled = [first, last].map(|step| at(step, |row| row.scaled_distance));
    let centred = [first, last].map(|step| at(step, |row| row.centred_alignment));
    let has_steps = first != last;
    vec![
        starts_at_reference(distances[0], near),
        nears_reference(scaled, has_steps),
        aligns_with_reference(centred, has_steps),
    ]
}

fn starts_at_reference(distance: Option<f64>, near: f64) -> FindingRow {
    let finding = Finding {
        name: "kernel_starts_at_reference",
        statement: "The kernel at the first step is the reference.",
        measure: "‖A − B‖ / ‖B‖ at the first step, mean over outputs".to_owned(),
        rule: format!("at most {near}"),
    };
    match distance {
        Some(distance) => finding.decided(0.0, distance, near - distance, None),
        None => finding.not_applicable("The reference is 0."),
    }
}

const ONE_STEP: &str = "The kernel has one step.";

fn nears_reference([first, last]: [Option<f64>; 2], has_steps: bool) -> FindingRow {
    let finding = Finding {
        name: "kernel_nears_reference",
        statement: "The kernel comes nearer to the reference, whatever its scale.",
        measure:
            "the least ‖cA − B‖ / ‖B‖ over c at the first and the last step, mean over outputs"
                .to_owned(),
        rule: "that of the last step is less".to_owned(),
    };
    match first.zip(last) {
        _ if !has_steps => finding.not_applicable(ONE_STEP),
        Some((first, last)) => finding.decided(first, last, first - last, None),
        None => finding.not_applicable("A kernel is 0."),
    }
}

fn aligns_with_reference([first, last]: [Option<f64>; 2], has_steps: bool) -> FindingRow {
    let finding = Finding {
        name: "kernel_aligns_with_reference",
        statement: "What the kernel says of differences between samples comes nearer to the reference.",
        measure: "centred alignment (CKA) at the first and the last step, mean over outputs"
            .to_owned(),
        rule: "that of the last step is greater".to_owned(),
    };
    match first.zip(last) {
        _ if !has_steps => finding.not_applicable(ONE_STEP),
        Some((first, last)) => finding.decided(first, last, last - first, None),
        None => finding.not_applicable("A kernel is constant."),
    }
}

#[cfg(test)]
mod tests {
    use artifact::tables::findings::Verdict::{self, DoesNotHold, Holds, NotApplicable};

    use super::*;

    fn row(step: u64, value: Option<f64>) -> SimilarityRow {
        SimilarityRow {
            step,
            output: 0,
            reference_step: 0,
            alignment: value,
            centred_alignment: value.map(|value| 1.0 - value),
            distance: value,
            scaled_distance: value,
            scale: value,
            trace_ratio: value,
            test_alignment: None,
            test_distance: None,
            samples: 5,
        }
    }

    fn verdicts(rows: &[SimilarityRow]) -> Vec<Verdict> {
        all(rows, 0.1).into_iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn findings_hold_fail_and_need_steps() {
        assert_eq!(verdicts(&[row(0, Some(0.05)), row(9, Some(0.02))]), [Holds; 3]);
        assert_eq!(verdicts(&[row(0, Some(0.2)), row(9, Some(0.3))]), [DoesNotHold; 3]);
        assert_eq!(verdicts(&[row(0, Some(0.05))]), [Holds, NotApplicable, NotApplicable]);
        assert_eq!(verdicts(&[row(0, None), row(9, None)]), [NotApplicable; 3]);
        // The mean over outputs.
        let rows = [row(0, Some(0.0)), row(0, Some(0.19)), row(9, Some(0.1))];
        assert_eq!(verdicts(&rows)[0], Holds);
    }
}

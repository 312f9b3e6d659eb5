//! How to look at the tables.

use study::{Study, StudyError};

use crate::table::ScoreRow;

const FIGURES: &str = include_str!("figures.yaml");

/// The figures that `rows` fill, with `flips` where labels were flipped.
///
/// # Errors
/// Where the figures of this crate are not as they should be, which a test rules out.
pub fn study(rows: &[ScoreRow], has_flips: bool) -> Result<Study, StudyError> {
    let mut study = Study::from_template(FIGURES, &[])?;
    let has_groups = rows.first().map(|row| &row.group) != rows.last().map(|row| &row.group);
    study.figures.retain(|figure| match figure.name.as_str() {
        "tail_against_score" => rows.iter().any(|row| row.tail_energy.is_some()),
        "margin_against_events" => rows.iter().any(|row| row.events > 0),
        "detection" => has_flips && !has_groups,
        // Lines of several groups would run into each other.
        "forgetting_curve" => !has_groups,
        _ => true,
    });
    if !has_groups {
        for figure in &mut study.figures {
            // Wrong labels are looked at by themselves.
            let parted = has_flips && figure.name == "forgetting_events";
            for panel in &mut figure.panels {
                panel.facets = parted.then(|| "label_is".to_owned());
                if parted {
                    "label".clone_into(&mut panel.title);
                }
            }
        }
    }
    Ok(study)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::KIND;

    fn row(group: &str) -> ScoreRow {
        ScoreRow {
            group: group.to_owned(),
            sample: 0,
            label: 1,
            clean_label: None,
            label_is: None,
            origin: None,
            runs: 1,
            presentations: 5,
            events: 2,
            learning_events: 2,
            never_learned: 0,
            score: 2,
            unforgettable: false,
            first_learned: Some(1.0),
            presentations_needed: 3.0,
            misclassification_margin: Some(-0.5),
            mean_margin: 0.5,
            confidence: None,
            variability: None,
            correctness: 0.5,
            exact_events: None,
            el2n: None,
            grand: None,
            tail_energy: Some(0.5),
            leverage: None,
            kernel_diagonal: None,
            loo_margin: None,
            gaussian_tail_energy: None,
        }
    }

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_tables() {
        let found = study(&[row("")], true).unwrap();
        assert_eq!(found.figures.len(), 6);
        assert_eq!(found.faults(KIND), [""; 0]);
        assert_eq!(study(&[row("a"), row("b")], true).unwrap().figures.len(), 4);
    }
}

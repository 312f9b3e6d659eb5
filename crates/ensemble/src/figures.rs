//! How to look at the tables.

use artifact::tables::Split;
use study::{Study, StudyError};

use crate::table::{EnsembleRow, Source};

const FIGURES: &str = include_str!("figures.yaml");

/// The figures that `rows` fill.
///
/// # Errors
/// Where the figures of this crate are not as they should be, which a test rules out.
pub fn study(rows: &[EnsembleRow]) -> Result<Study, StudyError> {
    let mut study = Study::from_template(FIGURES, &[])?;
    let shown = |row: &&EnsembleRow| row.source == Source::Training && row.split == Split::Test;
    let rows: Vec<&EnsembleRow> = rows.iter().filter(shown).collect();
    let mut groups: Vec<&str> = rows.iter().map(|row| row.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let last = rows.iter().map(|row| row.step).max();
    let has_accuracy = rows.iter().any(|row| row.accuracy.is_some());
    study.figures.retain(|figure| match figure.name.as_str() {
        "ensemble_accuracy" => has_accuracy,
        "ensemble_distance" => rows.iter().any(|row| row.distance_to_kernel.is_some()),
        // Groups that end before the last step of all have no bar.
        "ensemble_groups" => {
            let at_last = |group: &&str| {
                let mut own = rows.iter().filter(|row| row.group == **group);
                own.any(|row| Some(row.step) == last)
            };
            groups.len() > 1 && has_accuracy && groups.iter().all(at_last)
        }
        _ => !rows.is_empty(),
    });
    if groups.len() < 2 {
        for panel in study.figures.iter_mut().flat_map(|figure| &mut figure.panels) {
            panel.facets = None;
        }
    }
    Ok(study)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{KIND, Predictor};

    fn row(group: &str, step: u64) -> EnsembleRow {
        EnsembleRow {
            source: Source::Training,
            stage: None,
            group: group.to_owned(),
            step,
            predictor: Predictor::One,
            split: Split::Test,
            members: 2,
            accuracy: Some(0.5),
            accuracy_error: None,
            mse: 0.1,
            mse_error: None,
            variance: None,
            distance_to_kernel: Some(0.3),
            distance_error: None,
        }
    }

    fn names(rows: &[EnsembleRow]) -> Vec<String> {
        let found = study(rows).unwrap();
        assert_eq!(found.faults(KIND), [""; 0]);
        found.figures.into_iter().map(|figure| figure.name).collect()
    }

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_tables() {
        let all = ["ensemble_accuracy", "ensemble_mse", "ensemble_distance", "ensemble_groups"];
        assert_eq!(names(&[row("width=8", 9), row("width=64", 9)]), all);
        let found = study(&[row("width=8", 9), row("width=64", 9)]).unwrap();
        assert!(found.figures[0].panels[0].facets.is_some());
        let found = study(&[row("", 9)]).unwrap();
        assert!(found.figures[0].panels[0].facets.is_none());
    }

    #[test]
    fn figures_that_nothing_fills_are_left_out() {
        let bare = EnsembleRow { accuracy: None, distance_to_kernel: None, ..row("", 9) };
        assert_eq!(names(&[bare]), ["ensemble_mse"]);
        let uneven = [row("width=8", 9), row("width=64", 5)];
        assert!(!names(&uneven).contains(&"ensemble_groups".to_owned()));
        let kernels = EnsembleRow { source: Source::Prediction, ..row("", 9) };
        assert!(names(&[kernels]).is_empty());
    }
}

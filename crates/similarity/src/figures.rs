//! How to look at the tables.

use study::{Study, StudyError};

use crate::table::SimilarityRow;

const FIGURES: &str = include_str!("figures.yaml");

/// The figures that `rows` fill: lines over steps, where there are several.
///
/// # Errors
/// Where the figures of this crate are not as they should be, which a test rules out.
pub fn study(rows: &[SimilarityRow]) -> Result<Study, StudyError> {
    let mut study = Study::from_template(FIGURES, &[])?;
    let has_steps = rows.first().map(|row| row.step) != rows.last().map(|row| row.step);
    study.figures.retain(|figure| match figure.name.as_str() {
        "alignment_with_reference" => {
            has_steps && rows.iter().any(|row| row.centred_alignment.is_some())
        }
        _ => has_steps,
    });
    Ok(study)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::KIND;

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_tables() {
        let row = |step| SimilarityRow {
            step,
            output: 0,
            reference_step: 0,
            alignment: Some(0.5),
            centred_alignment: Some(0.5),
            distance: Some(0.5),
            scaled_distance: Some(0.5),
            scale: Some(1.0),
            trace_ratio: Some(1.0),
            test_alignment: None,
            test_distance: None,
            samples: 5,
        };
        let found = study(&[row(0), row(9)]).unwrap();
        assert_eq!((found.figures.len(), found.trends.len()), (2, 2));
        assert_eq!(found.faults(KIND), [""; 0]);
        assert!(study(&[row(0)]).unwrap().figures.is_empty());
    }
}

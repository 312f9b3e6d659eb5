//! How to look at the tables.

use study::{Study, StudyError};

use crate::findings::Evidence;
use crate::table::{LayerRow, PlaneRow};

const FIGURES: &str = include_str!("figures.yaml");

/// The figures that the rows fill.
///
/// # Errors
/// Where the figures of this crate are not as they should be, which a test rules out.
pub fn study(
    evidence: &Evidence,
    planes: &[PlaneRow],
    layers: &[LayerRow],
) -> Result<Study, StudyError> {
    let mut study = Study::from_template(FIGURES, &[])?;
    let lines = &evidence.lines;
    let has_steps = lines.first().map(|row| row.step) != lines.last().map(|row| row.step);
    let has_classes = lines.iter().any(|row| row.same_class.is_some());
    let drawn = planes.iter().filter(|row| row.regions.is_some());
    study.figures.retain(|figure| match figure.name.as_str() {
        "regions_on_a_plane" => drawn.clone().next().is_some(),
        "number_of_regions_on_a_plane" => has_steps && drawn.clone().next().is_some(),
        "regions_of_classes" => has_steps && has_classes,
        "transitions_by_layer" => has_steps && layers.iter().any(|row| row.layer > 1),
        _ => has_steps,
    });
    let is_one = planes.iter().all(|row| row.plane == 0);
    for panel in study.figures.iter_mut().flat_map(|figure| &mut figure.panels) {
        if is_one {
            panel.facets = None;
        }
    }
    Ok(study)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::line_row;
    use crate::lines::Line;
    use crate::table::KIND;

    fn evidence(steps: &[u64], same_class: Option<bool>) -> Evidence {
        let line = Line { samples: [0, 1], same_class, length: 1.0 };
        let row = |&step: &u64| line_row(step, 0, &line, Ok(&Vec::new()));
        Evidence { lines: steps.iter().map(row).collect(), rates: Vec::new() }
    }

    fn plane(regions: Option<u32>) -> PlaneRow {
        PlaneRow {
            step: 0,
            plane: 0,
            regions,
            area: 1.0,
            mean_area: None,
            largest_share: None,
            tiled_regions: None,
        }
    }

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_tables() {
        let layer = LayerRow { step: 0, layer: 2, units: 1, lines: 1, rate: 0.5, rate_error: None };
        let found = study(&evidence(&[0, 9], Some(true)), &[plane(Some(3))], &[layer]).unwrap();
        assert_eq!((found.figures.len(), found.faults(KIND)), (6, Vec::new()));
        let names = |study: Study| -> Vec<String> {
            study.figures.into_iter().map(|figure| figure.name).collect()
        };
        let found = study(&evidence(&[0, 9], None), &[plane(None)], &[]).unwrap();
        assert_eq!(names(found), ["regions_along_lines", "regions_near_samples"]);
        let found = study(&evidence(&[0], None), &[plane(Some(3))], &[]).unwrap();
        assert_eq!(names(found), ["regions_on_a_plane"]);
    }
}

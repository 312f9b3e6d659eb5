//! How to look at the scores.

use study::{Study, StudyError};

use artifact::tables::prediction::{Method, Part, ScoreRow};

const FIGURES: &str = include_str!("figures.yaml");

/// The figures of these `scores`, those that they fill, of a kernel whose last step is `last`.
///
/// # Errors
/// Where the figures of this crate are not as they should be, which a test rules out.
pub fn study(scores: &[ScoreRow], last: u64, has_training: bool) -> Result<Study, StudyError> {
    let descends =
        |row: &&ScoreRow| row.method == Method::Descent && row.distance_to_network.is_some();
    let descent = scores.iter().find(descends).map(|row| row.step);
    let filled = [
        ("LAST", last.to_string()),
        ("RESOLVED", resolved(scores, last)),
        ("DESCENT", descent.unwrap_or(last).to_string()),
    ];
    let mut study = Study::from_template(FIGURES, &filled)?;
    let drawn = |method: Method| scores.iter().filter(move |row| row.method == method);
    let at_last = |method: Method| drawn(method).filter(|row| row.step == last);
    let ridges = || at_last(Method::Ridge).filter(|row| row.ridge > Some(0.0));
    let in_test = |row: &&ScoreRow| row.split == Part::Test;
    study.figures.retain(|figure| match figure.name.as_str() {
        "accuracy_over_ridge" => ridges().any(|row| row.accuracy.is_some()),
        "mse_over_ridge" => ridges().any(|row| row.mse.is_some()),
        "test_over_ridge" => ridges().filter(in_test).any(|row| row.mse.is_some()),
        "mse_over_time" => at_last(Method::Flow).any(|row| row.mse.is_some()),
        "accuracy_over_steps" => {
            let known = |row: &ScoreRow| row.chosen && row.accuracy.is_some();
            drawn(Method::Ridge).filter(in_test).filter(|row| known(row)).count() > 1
        }
        "distance_to_network" => descent.is_some(),
        _ => true,
    });
    if !has_training {
        for panel in study.figures.iter_mut().flat_map(|figure| &mut figure.panels) {
            panel.layers.retain(|layer| layer.table != "history");
        }
    }
    Ok(study)
}

/// Which ridges lie within the rounding of the kernel, where there are any.
fn resolved(scores: &[ScoreRow], last: u64) -> String {
    let of_step = scores.iter().filter(|row| row.step == last && !row.resolved);
    let most = of_step.filter_map(|row| row.ridge).reduce(f64::max);
    most.map_or_else(String::new, |most| {
        format!(
            " Ridges up to {most:e} lie within the rounding of the kernel: what they predict may be of its making."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use artifact::Kind;

    fn row(step: u64, method: Method) -> ScoreRow {
        ScoreRow {
            step,
            method,
            ridge: (method == Method::Ridge).then_some(0.1),
            time: (method != Method::Ridge).then_some(10.0),
            split: Part::Test,
            accuracy: Some(0.5),
            mse: Some(0.1),
            nll: None,
            distance_to_network: Some(0.2),
            chosen: true,
            resolved: true,
            samples: 10,
        }
    }

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_tables() {
        let methods = [Method::Ridge, Method::Flow, Method::Descent];
        let rows: Vec<ScoreRow> =
            [0, 7].iter().flat_map(|&step| methods.map(|method| row(step, method))).collect();
        let found = study(&rows, 7, true).unwrap();
        assert_eq!(found.figures.len(), 6);
        assert_eq!(found.faults(Kind::PREDICTION), [""; 0]);
        let text = serde_json::to_string(&found).unwrap();
        assert!(!text.contains("LAST") && !text.contains("DESCENT") && text.contains("history"));
        assert!(!text.contains("RESOLVED") && !text.contains("within the rounding"));
        let text = serde_json::to_string(&study(&rows, 7, false).unwrap()).unwrap();
        assert!(!text.contains("history"));
        let unresolved = ScoreRow { resolved: false, ..row(7, Method::Ridge) };
        let text = serde_json::to_string(&study(&[unresolved], 7, false).unwrap()).unwrap();
        assert!(text.contains("Ridges up to 1e-1 lie within the rounding"), "{text}");
    }

    #[test]
    fn figures_that_nothing_fills_are_left_out() {
        let found = study(&[row(0, Method::Ridge)], 0, true).unwrap();
        let names: Vec<&str> = found.figures.iter().map(|figure| figure.name.as_str()).collect();
        assert_eq!(names, ["accuracy_over_ridge", "mse_over_ridge", "test_over_ridge"]);
        assert!(study(&[], 0, true).unwrap().figures.is_empty());
    }
}

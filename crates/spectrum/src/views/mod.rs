//! How to look at a spectrum: its figures and trends, with what this run has filled in.

use study::{Study, StudyError};

use crate::followed::FOLLOWED_SIZES;
use crate::measures::Measures;

const FIGURES: &str = include_str!("figures.yaml");
/// Eigenfunctions that are drawn.
const EIGENFUNCTIONS: u32 = 6;

/// The study of a run with these measures and this number of training samples.
///
/// # Errors
/// Where the figures of this crate are not as they should be, which a test rules out.
pub fn of(measures: &Measures, samples: u64) -> Result<Study, StudyError> {
    let bounded = measures.dynamics.iter().any(|row| row.stability_bound.is_some());
    let bound = if bounded {
        " The dashed line is 2N/δ: full-batch least squares is stable along υ₁ exactly while λ₁ is below."
    } else {
        ""
    };
    let most = |split| {
        let of_split = measures.energy.iter().filter(|row| row.split == split);
        of_split.map(|row| row.k).max().unwrap_or(1).to_string()
    };
    let mut sizes: Vec<u32> = FOLLOWED_SIZES.into_iter().chain([measures.top]).collect();
    sizes.sort_unstable();
    sizes.dedup();
    // A checkpoint after a single update, kept for the first-order error, would make a saw of a line:
    // next to nothing turns in one update.
    let after_one: Vec<u64> = measures
        .steps
        .windows(2)
        .filter(|pair| pair[1] - pair[0] == 1)
        .map(|pair| pair[1])
        .collect();
    let shown = &measures.shown;
    let mut standing: Vec<u64> =
        shown.first().into_iter().chain(shown.get(shown.len() / 2)).copied().collect();
    standing.extend(shown.last());
    standing.dedup();
    let filled = [
        ("EIGENFUNCTIONS", EIGENFUNCTIONS.to_string()),
        ("RESOLVED", resolved(measures)),
        ("BOUND", bound.to_owned()),
        ("TWICE_SAMPLES", (2 * samples).to_string()),
        ("PER_SAMPLE", format!("{:e}", 1.0 / samples.max(1) as f64)),
        ("MOST_TRAIN", most(artifact::tables::Split::Train)),
        ("MOST_TEST", most(artifact::tables::Split::Test)),
        ("STANDING", format!("{standing:?}")),
        ("SHOWN", format!("{shown:?}")),
        ("SIZES", format!("{sizes:?}")),
        ("AFTER_ONE", format!("{after_one:?}")),
        ("FIRST", measures.first_step.to_string()),
        ("LAST", measures.last_step.to_string()),
        ("TOP", measures.top.to_string()),
    ];
    let mut study = Study::from_template(FIGURES, &filled)?;
    if !bounded {
        for figure in &mut study.figures {
            for panel in &mut figure.panels {
                panel.layers.retain(|layer| layer.name != "2N/δ");
            }
        }
    }
    if measures.history.iter().all(|row| row.sharpness.is_none()) {
        study.figures.retain(|figure| !figure.name.ends_with("sharpness"));
    }
    if measures.frozen_descent.is_empty() {
        study.figures.retain(|figure| figure.name != "frozen_descent");
    }
    Ok(study)
}

/// How many eigenpairs are resolved, where that is fewer than the findings look at; what lies beyond
/// has no energy.
fn resolved(measures: &Measures) -> String {
    let counts = || measures.steps.iter().filter_map(|&step| measures.resolved_at(step));
    match (counts().min(), counts().max()) {
        (Some(least), Some(most)) if least < measures.top => {
            let between =
                if least == most { least.to_string() } else { format!("{least} to {most}") };
            format!(
                " Of the {} leading eigenpairs, {between} are resolved; the others are rounding noise of the kernel and are left out.",
                measures.top
            )
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use artifact::Kind;

    use super::*;
    use crate::findings::made_up::{dynamics, eigenvalue, history};

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_tables() {
        let run = Measures {
            history: vec![history(0, 0.1, 1.0)],
            dynamics: vec![dynamics(0, 0.1, 1.0)],
            resolved: vec![(0, 0, 3)],
            eigenvalues: vec![eigenvalue(0, 1, None)],
            steps: vec![0, 10, 11],
            shown: vec![0, 11],
            last_step: 11,
            top: 50,
            ..Measures::default()
        };
        let study = of(&run, 10).unwrap();
        let kinds = [Kind::SPECTRUM, Kind::TRAINING, Kind::DATASET];
        let tables: Vec<_> = kinds.iter().flat_map(|kind| kind.tables()).collect();
        for figure in &study.figures {
            assert_eq!(figure.problems(&tables), [], "{}", figure.name);
        }
        // The first is among them with its caption filled in, and none is left to fill in.
        let text = serde_json::to_string(&study).unwrap();
        assert!(text.contains("Of the 50 leading eigenpairs, 3 are resolved"));
        let capitals = |word: &&str| {
            word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        };
        let left: Vec<&str> =
            text.split(|c: char| !(c.is_ascii_alphabetic() || c == '_')).filter(capitals).collect();
        assert!(left.is_empty(), "{left:?}");
        // Written and read again it is the same.
        let again: Study = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }

    #[test]
    fn without_a_bound_none_is_drawn() {
        let study = of(&Measures::default(), 10).unwrap();
        assert!(!serde_json::to_string(&study).unwrap().contains("2N/δ\""));
    }
}

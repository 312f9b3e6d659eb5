//! How to look at the tables.

use network::{Architecture, LayerSpec};
use study::{Study, StudyError};

use super::table::{EncodingRow, Metric};

const FIGURES: &str = include_str!("figures.yaml");
/// What the width is, as trends know it: of a list of layers what an axis sets as the units of its first dense one, in
/// a stage called `train`.
fn width(network: &Architecture) -> String {
    let is_dense = |layer: &LayerSpec| matches!(layer, LayerSpec::Dense(_));
    match network.layers.iter().position(is_dense) {
        Some(layer) => format!("!path train.with.network.layers.{layer}.dense"),
        None => "hidden_width".to_owned(),
    }
}

/// The figures that `rows` fill, of a run of `network`, in which `has_votes` says whether neighbours vote.
///
/// # Errors
/// Where the figures of this crate are not as they should be, which a test rules out.
pub fn study(
    network: &Architecture,
    rows: &[EncodingRow],
    has_votes: bool,
    has_plane: bool,
) -> Result<Study, StudyError> {
    let mut study = Study::from_template(FIGURES, &[("OVER", width(network))])?;
    let has_steps = rows.first().map(|row| row.step) != rows.last().map(|row| row.step);
    let has = |metric: Metric| rows.iter().any(|row| row.metric == metric);
    study.figures.retain(|figure| match figure.name.as_str() {
        "code_plane" => has_plane,
        "phases" | "neighbours_by_code" => has_votes,
        "neighbours_of_variants" => has_steps && has_votes,
        "categorization" => has_steps && has(Metric::Network),
        "clusters" => has_steps && has(Metric::KmeansTransferred),
        "distances" => has_steps && has(Metric::HammingWithin),
        _ => has_steps,
    });
    Ok(study)
}

#[cfg(test)]
mod tests {
    use artifact::tables::Split;
    use serde_json::json;
    use study::Varied;

    use super::*;
    use crate::encoding::table::KIND;

    fn row(step: u64, metric: Metric) -> EncodingRow {
        EncodingRow { step, layer: None, split: Split::Test, metric, value: Some(0.5) }
    }

    fn architecture(value: serde_json::Value) -> Architecture {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn every_figure_can_be_drawn_from_the_declared_tables() {
        let rows = [
            row(0, Metric::HammingWithin),
            row(0, Metric::Network),
            row(9, Metric::KmeansTransferred),
        ];
        let network = architecture(json!({ "hidden": [4] }));
        let found = study(&network, &rows, true, true).unwrap();
        assert_eq!((found.figures.len(), found.trends.len()), (9, 2));
        assert_eq!(found.faults(KIND), [""; 0]);
        assert_eq!(found.trends[0].over, Varied::HiddenWidth);
        let listed =
            architecture(json!({ "layers": ["flatten", { "dense": 4 }, "relu", { "dense": 2 }] }));
        let found = study(&listed, &rows, true, true).unwrap();
        assert_eq!(
            found.trends[0].over,
            Varied::Path("train.with.network.layers.1.dense".to_owned())
        );
    }

    #[test]
    fn figures_without_rows_are_left_out() {
        let network = architecture(json!({ "hidden": [4] }));
        let names = |rows: &[EncodingRow], has_votes| -> Vec<String> {
            let found = study(&network, rows, has_votes, false).unwrap();
            found.figures.into_iter().map(|figure| figure.name).collect()
        };
        assert_eq!(names(&[row(0, Metric::Network)], true), ["phases", "neighbours_by_code"]);
        let two = [row(0, Metric::Redundancy), row(9, Metric::Redundancy)];
        assert_eq!(names(&two, false), ["redundancy", "redundancy_of_variants"]);
    }
}

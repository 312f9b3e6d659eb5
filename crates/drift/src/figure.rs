//! How to look at the table.

use std::collections::BTreeMap;

use study::{Direction, Side, Study, Trend, Varied};

const FIGURE: &str = r#"{
  "name": "drift",
  "title": "How far the parameters move",
  "caption": "The distance of each weight tensor, and of all parameters together, from its initialization, relative to its norm there.",
  "citation": "Chizat, Oyallon & Bach 2019: lazy training.",
  "table": "drift",
  "x": "step",
  "y": { "column": "relative", "label": "‖θ_t − θ_0‖ / ‖θ_0‖", "scale": "log" },
  "series": "parameter"
}"#;

/// One figure, and the trend that laziness is known for.
pub fn study() -> Study {
    Study {
        // A test holds that it can be read and drawn.
        figures: serde_json::from_str(FIGURE).into_iter().collect(),
        trends: vec![Trend {
            finding: "width_makes_lazy".to_owned(),
            statement: "The wider the network, the less its parameters move.".to_owned(),
            measure: "‖θ_T − θ_0‖ / ‖θ_0‖ at the least and at the greatest width, mean over seeds"
                .to_owned(),
            of: "parameters_stay".to_owned(),
            side: Side::After,
            over: Varied::HiddenWidth,
            direction: Direction::Falls,
            among: BTreeMap::new(),
        }],
        ..Study::default()
    }
}

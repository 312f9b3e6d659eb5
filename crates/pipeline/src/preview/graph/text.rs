//! The graph as lines of text: each stage with what it takes.

use super::Graph;
use crate::text::grid;

impl Graph {
    /// One line a stage, each after its inputs.
    #[must_use]
    pub fn text(&self) -> String {
        let row = |(index, node): (usize, &super::Node)| {
            let inputs: Vec<String> = self
                .into(index)
                .map(|arrow| {
                    let from = &self.nodes[arrow.from].name;
                    if arrow.gathers { format!("all of {from}") } else { from.clone() }
                })
                .collect();
            let inputs = if inputs.is_empty() {
                String::new()
            } else {
                format!("← {}", inputs.join(", "))
            };
            let axes = if node.axes.is_empty() {
                String::new()
            } else {
                format!("over {}", node.axes.join(", "))
            };
            let uses = node.uses.clone().unwrap_or_default();
            vec![node.name.clone(), inputs, node.about(), axes, uses]
        };
        grid(&self.nodes.iter().enumerate().map(row).collect::<Vec<_>>(), "")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_has_a_line_with_its_inputs() {
        insta::assert_snapshot!(super::super::example().text(), @r#"
        dataset                              dataset, there
        train    ← dataset                   training, 1 of 2 there  over decay
        ntk      ← dataset, train            kernel, 0 of 2 there    over decay  ./stages/rbf_kernel.py
        report   ← all of train, all of ntk  report, to run
        "#);
    }
}

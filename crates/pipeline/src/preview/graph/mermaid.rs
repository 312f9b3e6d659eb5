//! The graph as Mermaid, which code hosts and notebooks draw.

use super::Graph;

impl Graph {
    /// A flowchart from top to bottom.
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut text = "flowchart TD\n".to_owned();
        for (index, node) in self.nodes.iter().enumerate() {
            let mut lines = vec![node.name.clone()];
            lines.extend(node.uses.clone());
            lines.push(node.about());
            if !node.axes.is_empty() {
                lines.push(format!("over {}", node.axes.join(", ")));
            }
            text = format!("{text}  s{index}[\"{}\"]\n", quoted(&lines.join("\n")));
        }
        for arrow in &self.arrows {
            let label = quoted(&arrow.ports.join(", "));
            let line = if arrow.gathers { "==>" } else { "-->" };
            text = format!("{text}  s{} {line}|\"{label}\"| s{}\n", arrow.from, arrow.to);
        }
        text
    }
}

/// `text` within a quoted label.
fn quoted(text: &str) -> String {
    let safe = text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    safe.replace('>', "&gt;").replace('\n', "<br/>")
}

#[cfg(test)]
mod tests {
    #[test]
    fn stages_are_boxes_and_gathered_inputs_thick_arrows() {
        insta::assert_snapshot!(super::super::example().mermaid(), @r#"
        flowchart TD
          s0["dataset<br/>dataset, there"]
          s1["train<br/>training, 1 of 2 there<br/>over decay"]
          s2["ntk<br/>./stages/rbf_kernel.py<br/>kernel, 0 of 2 there<br/>over decay"]
          s3["report<br/>report, to run"]
          s0 -->|"dataset"| s1
          s0 -->|"dataset"| s2
          s1 -->|"training"| s2
          s1 ==>|"training"| s3
          s2 ==>|"kernel"| s3
        "#);
    }
}

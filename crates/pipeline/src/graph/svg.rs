//! The graph as a picture that stands alone.

use super::Graph;

/// Sizes in pixels.
const BOX: (f64, f64) = (220.0, 72.0);
const GAP: (f64, f64) = (36.0, 56.0);
const MARGIN: f64 = 16.0;
const LINE: f64 = 18.0;
/// Characters of a line that fit into a box.
const FITTING: usize = 32;

impl Graph {
    /// An SVG document; it uses the colours of the page that it stands in, light or dark.
    #[must_use]
    pub fn svg(&self) -> String {
        let rows = self.rows();
        let most = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = span(most, BOX.0, GAP.0) + 2.0 * MARGIN;
        let height = span(rows.len(), BOX.1, GAP.1) + 2.0 * MARGIN;
        let mut corners = vec![(0.0, 0.0); self.nodes.len()];
        for (index, row) in rows.iter().enumerate() {
            let left = (width - span(row.len(), BOX.0, GAP.0)) / 2.0;
            for (place, &node) in row.iter().enumerate() {
                corners[node] = (
                    left + place as f64 * (BOX.0 + GAP.0),
                    MARGIN + index as f64 * (BOX.1 + GAP.1),
                );
            }
        }
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" text-anchor=\"middle\">\n\
             <style>:root {{ color: #1f2933; color-scheme: light dark }} @media (prefers-color-scheme: dark) {{ :root {{ color: #e4e7eb }} }} .light {{ opacity: 0.7 }}</style>\n\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"currentColor\"/></marker></defs>\n"
        );
        for arrow in &self.arrows {
            text.push_str(&self.arrow(arrow, &corners));
        }
        for (node, corner) in self.nodes.iter().zip(&corners) {
            text.push_str(&drawn(node, *corner));
        }
        text.push_str("</svg>\n");
        text
    }

    /// A curve from the lower edge of one box to the upper edge of the other; thick where it
    /// carries all variants of a sweep. Arrows into a box end side by side.
    fn arrow(&self, arrow: &super::Arrow, corners: &[(f64, f64)]) -> String {
        let share = |is_mine: &dyn Fn(&super::Arrow) -> bool,
                     other_end: &dyn Fn(&super::Arrow) -> usize| {
            let mut all: Vec<&super::Arrow> =
                self.arrows.iter().filter(|one| is_mine(one)).collect();
            all.sort_by(|one, other| {
                corners[other_end(one)].0.total_cmp(&corners[other_end(other)].0)
            });
            let place = all.iter().position(|one| *one == arrow).unwrap_or(0);
            (place as f64 + 1.0) / (all.len() as f64 + 1.0)
        };
        let leave = share(&|one| one.from == arrow.from, &|one| one.to);
        let arrive = share(&|one| one.to == arrow.to, &|one| one.from);
        let (from, to) = (corners[arrow.from], corners[arrow.to]);
        let (x0, y0) = (from.0 + BOX.0 * leave, from.1 + BOX.1);
        let (x1, y1) = (to.0 + BOX.0 * arrive, to.1);
        let bend = (y1 - y0) / 2.0;
        let width = if arrow.gathers { 3.0 } else { 1.2 };
        format!(
            "<path d=\"M{x0:.1},{y0:.1} C{x0:.1},{:.1} {x1:.1},{:.1} {x1:.1},{y1:.1}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{width}\" marker-end=\"url(#tip)\"><title>{}</title></path>\n",
            y0 + bend,
            y1 - bend,
            escaped(&arrow.ports.join(", "))
        )
    }
}

/// One box with its lines.
fn drawn(node: &super::Node, (x, y): (f64, f64)) -> String {
    let (width, height) = BOX;
    let dashes = if node.done == node.count { "" } else { " stroke-dasharray=\"5 3\"" };
    let mut text = format!(
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"Canvas\" stroke=\"currentColor\"{dashes}/>\n"
    );
    let mut lines = vec![("", " font-weight=\"600\"", node.name.clone())];
    lines.extend(node.uses.clone().map(|uses| (" class=\"light\"", "", uses)));
    let axes = if node.axes.is_empty() {
        String::new()
    } else {
        format!(", over {}", node.axes.join(", "))
    };
    lines.push((" class=\"light\"", "", format!("{}{axes}", node.about())));
    let first = y + (height - lines.len() as f64 * LINE) / 2.0 + LINE * 0.75;
    for (index, (class, weight, line)) in lines.iter().enumerate() {
        let (x, y) = (x + width / 2.0, first + index as f64 * LINE);
        text = format!(
            "{text}<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"currentColor\"{class}{weight}>{}</text>\n",
            escaped(&fitting(line))
        );
    }
    text
}

/// Length of `count` boxes with gaps between them.
fn span(count: usize, size: f64, gap: f64) -> f64 {
    count as f64 * size + count.saturating_sub(1) as f64 * gap
}

/// `line`, its end left out where a box has no room for it.
fn fitting(line: &str) -> String {
    if line.chars().count() <= FITTING {
        return line.to_owned();
    }
    line.chars().take(FITTING - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::example;

    #[test]
    fn the_picture_has_a_box_for_each_stage_and_a_curve_for_each_arrow() {
        let svg = example().svg();
        assert_eq!(svg.matches("<rect").count(), 4);
        assert_eq!(svg.matches("<path d=\"M").count() - 1, 5, "one is the tip of all arrows");
        for word in ["train", "./stages/rbf_kernel.py", "over decay", "stroke-width=\"3\""] {
            assert!(svg.contains(word), "{word}");
        }
        assert!(!svg.contains("href"), "it refers to nothing");
    }

    #[test]
    fn names_cannot_leave_their_text() {
        let mut graph = example();
        graph.nodes[0].uses = Some("<script>&\"".to_owned());
        assert!(graph.svg().contains("&lt;script&gt;&amp;&quot;"));
        assert!(!graph.mermaid().contains("<script>"));
    }
}

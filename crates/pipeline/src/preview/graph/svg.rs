//! The graph as a picture that stands alone.

use super::Graph;
use super::layout::{Layout, Slot};

/// Sizes in pixels.
const BOX: (f64, f64) = (240.0, 72.0);
const GAP: (f64, f64) = (28.0, 56.0);
const LANE: f64 = 6.0;
const MARGIN: f64 = 16.0;
const LINE: f64 = 18.0;
/// Characters of a line that fit into a box.
const FITTING: usize = 34;

/// A graph with the place of everything in it.
struct Drawing<'g> {
    graph: &'g Graph,
    layout: Layout,
    width: f64,
}

impl Graph {
    /// An SVG document; it uses the colours of the page that it stands in, light or dark.
    #[must_use]
    pub fn svg(&self) -> String {
        let layout = Layout::of(self);
        let widest = layout.rows.iter().map(|row| span(row)).fold(0.0, f64::max);
        let rows = layout.rows.len() as f64;
        let height = rows * (BOX.1 + GAP.1) - GAP.1 + 2.0 * MARGIN;
        let width = widest + 2.0 * MARGIN;
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\" text-anchor=\"middle\">\n\
             <style>:root {{ color: #1f2933; color-scheme: light dark }} @media (prefers-color-scheme: dark) {{ :root {{ color: #e4e7eb }} }} .light {{ opacity: 0.7 }}</style>\n\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"currentColor\"/></marker></defs>\n"
        );
        let drawing = Drawing { graph: self, layout, width };
        for number in 0..self.arrows.len() {
            text.push_str(&drawing.arrow(number));
        }
        for (index, row) in drawing.layout.rows.iter().enumerate() {
            for &slot in row {
                if let Slot::Node(node) = slot {
                    let left = drawing.centre(slot, index) - BOX.0 / 2.0;
                    text.push_str(&drawn(&self.nodes[node], (left, top(index))));
                }
            }
        }
        text.push_str("</svg>\n");
        text
    }
}

impl Drawing<'_> {
    /// The middle of `slot` in its row, from the left.
    fn centre(&self, slot: Slot, row: usize) -> f64 {
        let slots = &self.layout.rows[row];
        let before: Vec<Slot> = slots.iter().copied().take_while(|other| *other != slot).collect();
        let gap = if before.is_empty() { 0.0 } else { GAP.0 };
        (self.width - span(slots)) / 2.0 + span(&before) + gap + wide(slot) / 2.0
    }

    /// A line from the lower edge of one box to the upper edge of another, through its lanes; thick
    /// where it carries all variants of a sweep.
    fn arrow(&self, number: usize) -> String {
        let arrow = &self.graph.arrows[number];
        let touched: Vec<(usize, Slot)> = (0..self.layout.rows.len())
            .filter_map(|row| Some((row, self.layout.slot(number, arrow, row)?)))
            .collect();
        let mut path = String::new();
        let mut from = (0.0, 0.0);
        for (place, &(row, slot)) in touched.iter().enumerate() {
            let (is_first, is_last) = (place == 0, place + 1 == touched.len());
            let x = match slot {
                Slot::Lane(_) => self.centre(slot, row),
                Slot::Node(_) => {
                    let beside = if is_first { row + 1 } else { row - 1 };
                    self.centre(slot, row) + self.share(number, row, slot, beside) * BOX.0
                }
            };
            if is_first {
                path = format!("M{x:.1},{:.1}", top(row) + BOX.1);
            } else {
                let (end, bend) = (top(row), GAP.1 / 2.0);
                path = format!(
                    "{path} C{:.1},{:.1} {x:.1},{:.1} {x:.1},{end:.1}",
                    from.0,
                    from.1 + bend,
                    end - bend
                );
                if !is_last {
                    path = format!("{path} V{:.1}", top(row) + BOX.1);
                }
            }
            from = (x, top(row) + BOX.1);
        }
        let width = if arrow.gathers { 3.0 } else { 1.2 };
        let ports = escaped(&arrow.ports.join(", "));
        format!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"{width}\" marker-end=\"url(#tip)\"><title>{ports}</title></path>\n"
        )
    }

    /// Where on the edge of a box an arrow touches it, from -½ at the left to ½ at the right:
    /// arrows stand side by side in the order of where they come from or go to, in the row `beside`.
    fn share(&self, number: usize, row: usize, slot: Slot, beside: usize) -> f64 {
        let arrows = self.graph.arrows.iter().enumerate();
        let mut all: Vec<(f64, usize)> = arrows
            .filter(|(other, arrow)| self.layout.slot(*other, arrow, row) == Some(slot))
            .filter_map(|(other, arrow)| {
                let next = self.layout.slot(other, arrow, beside)?;
                Some((self.centre(next, beside), other))
            })
            .collect();
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        let place = all.iter().position(|(_, other)| *other == number).unwrap_or(0);
        (place as f64 + 1.0) / (all.len() as f64 + 1.0) - 0.5
    }
}

/// Upper edge of the boxes of a row.
fn top(row: usize) -> f64 {
    MARGIN + row as f64 * (BOX.1 + GAP.1)
}

fn wide(slot: Slot) -> f64 {
    match slot {
        Slot::Node(_) => BOX.0,
        Slot::Lane(_) => LANE,
    }
}

/// Width of slots beside each other.
fn span(slots: &[Slot]) -> f64 {
    let gaps = slots.len().saturating_sub(1) as f64 * GAP.0;
    slots.iter().map(|&slot| wide(slot)).sum::<f64>() + gaps
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

//! Where each stage stands in a drawing: in rows, each below all of its inputs. An arrow that
//! passes rows has a lane of its own in each of them, so that it crosses no stage.

use super::{Arrow, Graph};

/// Passes over the rows in which stages and lanes move below or above what they are joined to.
const PASSES: usize = 6;

/// Something that takes room in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A stage, by its number.
    Node(usize),
    /// An arrow that passes, by its number.
    Lane(usize),
}

/// The rows of a drawing from top to bottom, each its slots from left to right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub rows: Vec<Vec<Slot>>,
    /// The row of each node.
    row_of: Vec<usize>,
}

impl Layout {
    /// The layout of `graph`: a node's row is one below the lowest of its inputs; within a row slots
    /// stand in the order of the mean place of what they are joined to, so that few arrows cross.
    pub(super) fn of(graph: &Graph) -> Self {
        let mut row_of = vec![0; graph.nodes.len()];
        // Each node stands after its inputs.
        for to in 0..graph.nodes.len() {
            let above = graph.into(to).map(|arrow| row_of[arrow.from] + 1).max();
            row_of[to] = above.unwrap_or(0);
        }
        let mut rows = vec![Vec::new(); row_of.iter().max().map_or(0, |last| last + 1)];
        for (node, &row) in row_of.iter().enumerate() {
            rows[row].push(Slot::Node(node));
        }
        for (number, arrow) in graph.arrows.iter().enumerate() {
            for passed in &mut rows[row_of[arrow.from] + 1..row_of[arrow.to]] {
                passed.push(Slot::Lane(number));
            }
        }
        let mut layout = Self { rows, row_of };
        for pass in 0..PASSES {
            let count = layout.rows.len();
            for row in 1..count {
                let (row, beside) =
                    if pass % 2 == 0 { (row, row - 1) } else { (count - 1 - row, count - row) };
                layout.sort(graph, row, beside);
            }
        }
        layout
    }

    /// What the arrow `number` takes of `row`, where it touches or passes it.
    pub(super) fn slot(&self, number: usize, arrow: &Arrow, row: usize) -> Option<Slot> {
        let (first, last) = (self.row_of[arrow.from], self.row_of[arrow.to]);
        match row {
            row if row == first => Some(Slot::Node(arrow.from)),
            row if row == last => Some(Slot::Node(arrow.to)),
            row if first < row && row < last => Some(Slot::Lane(number)),
            _ => None,
        }
    }

    /// Puts the slots of `row` in the order of what they are joined to in the row `beside`.
    fn sort(&mut self, graph: &Graph, row: usize, beside: usize) {
        let place = |slot: Slot, row: usize| {
            let index = self.rows[row].iter().position(|other| *other == slot).unwrap_or(0);
            (index as f64 + 0.5) / self.rows[row].len() as f64
        };
        let mean = |slot: Slot| {
            let joined: Vec<f64> = graph
                .arrows
                .iter()
                .enumerate()
                .filter(|(number, arrow)| self.slot(*number, arrow, row) == Some(slot))
                .filter_map(|(number, arrow)| {
                    Some(place(self.slot(number, arrow, beside)?, beside))
                })
                .collect();
            match joined.len() {
                0 => place(slot, row),
                count => joined.iter().sum::<f64>() / count as f64,
            }
        };
        let mut sorted: Vec<(f64, Slot)> =
            self.rows[row].iter().map(|&slot| (mean(slot), slot)).collect();
        sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
        self.rows[row] = sorted.into_iter().map(|(_, slot)| slot).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn every_stage_stands_below_its_inputs_and_arrows_pass_beside_stages() {
        let rows = Layout::of(&example()).rows;
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[0], [Slot::Node(0)]);
        // From the dataset to the kernel past the training, from there to the report past the kernel.
        assert!(rows[1].contains(&Slot::Node(1)) && rows[1].contains(&Slot::Lane(1)), "{rows:?}");
        assert!(rows[2].contains(&Slot::Node(2)) && rows[2].contains(&Slot::Lane(3)), "{rows:?}");
        assert_eq!(rows[3], [Slot::Node(3)]);
    }

    #[test]
    fn stages_stand_below_what_they_take_so_that_arrows_do_not_cross() {
        let mut graph = example();
        graph.arrows.clear();
        // Two sources and two that take from them crosswise.
        graph.add(0, 3, "a", false);
        graph.add(1, 2, "a", false);
        let rows = Layout::of(&graph).rows;
        let node = Slot::Node;
        assert!(
            rows == [[node(0), node(1)], [node(3), node(2)]]
                || rows == [[node(1), node(0)], [node(2), node(3)]],
            "{rows:?}"
        );
    }
}

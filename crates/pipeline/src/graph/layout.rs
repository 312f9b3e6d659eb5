//! Where each stage stands in a drawing: in rows, each below all of its inputs.

use super::Graph;

/// Passes over the rows in which stages move below what they take.
const PASSES: usize = 4;

impl Graph {
    /// The rows of the drawing from top to bottom, each its nodes from left to right.
    ///
    /// A node's row is one below the lowest of its inputs; within a row nodes stand in the order of
    /// the mean place of what they are joined to, so that few arrows cross.
    pub(super) fn rows(&self) -> Vec<Vec<usize>> {
        let mut row_of = vec![0; self.nodes.len()];
        // Each node stands after its inputs.
        for to in 0..self.nodes.len() {
            let above = self.into(to).map(|arrow| row_of[arrow.from] + 1).max();
            row_of[to] = above.unwrap_or(0);
        }
        let mut rows = vec![Vec::new(); row_of.iter().max().map_or(0, |last| last + 1)];
        for (node, &row) in row_of.iter().enumerate() {
            rows[row].push(node);
        }
        for pass in 0..PASSES {
            let places = places(&rows, self.nodes.len());
            let downwards = pass % 2 == 0;
            let mean = |node: usize| {
                let joined = self.arrows.iter().filter_map(|arrow| {
                    let (here, there) =
                        if downwards { (arrow.to, arrow.from) } else { (arrow.from, arrow.to) };
                    (here == node).then_some(places[there])
                });
                let joined: Vec<f64> = joined.collect();
                if joined.is_empty() {
                    return places[node];
                }
                joined.iter().sum::<f64>() / joined.len() as f64
            };
            for row in &mut rows {
                row.sort_by(|one, other| mean(*one).total_cmp(&mean(*other)));
            }
        }
        rows
    }
}

/// The place of each node within its row, from 0 at the left to 1 at the right.
fn places(rows: &[Vec<usize>], count: usize) -> Vec<f64> {
    let mut places = vec![0.0; count];
    for row in rows {
        for (place, &node) in row.iter().enumerate() {
            places[node] = (place as f64 + 0.5) / row.len() as f64;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::example;

    #[test]
    fn every_stage_stands_below_its_inputs() {
        assert_eq!(example().rows(), [vec![0], vec![1], vec![2], vec![3]]);
    }

    #[test]
    fn stages_stand_below_what_they_take_so_that_arrows_do_not_cross() {
        let mut graph = example();
        graph.arrows.clear();
        // Two sources and two that take from them crosswise.
        graph.add(0, 3, "a", false);
        graph.add(1, 2, "a", false);
        assert_eq!(graph.rows(), [vec![0, 1], vec![3, 2]]);
    }
}

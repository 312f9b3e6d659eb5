//! A pipeline as a picture: its stages, and what each takes from which.

mod layout;
mod mermaid;
mod svg;
mod text;

use crate::planning::{Plan, is_stored};
use crate::project::Project;

/// The stages of a pipeline and the arrows between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// In an order in which each comes after its inputs.
    nodes: Vec<Node>,
    /// Without doubles, by the node that they lead to.
    arrows: Vec<Arrow>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    name: String,
    /// The program, where it is not called like the stage.
    uses: Option<String>,
    /// Kind of artifact that it makes.
    kind: &'static str,
    /// Axes of a sweep along which it varies.
    axes: Vec<String>,
    /// Artifacts that it makes, and how many of them are there.
    count: usize,
    done: usize,
}

/// From a stage to one that takes what it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arrow {
    from: usize,
    to: usize,
    /// Ports through which it is taken.
    ports: Vec<String>,
    /// Whether all variants are taken at once.
    gathers: bool,
}

impl Graph {
    /// The graph of `plan`.
    #[must_use]
    pub fn of(project: &Project, plan: &Plan) -> Self {
        let place = |name: &str| plan.stages.iter().position(|stage| stage.name == name);
        let mut graph = Self { nodes: Vec::new(), arrows: Vec::new() };
        for (to, stage) in plan.stages.iter().enumerate() {
            let of_stage: Vec<_> =
                plan.tasks.iter().filter(|task| task.stage == stage.name).collect();
            let first = of_stage.first();
            let axes = stage.axes.iter().map(|&axis| plan.sweep.axes[axis].name.clone());
            graph.nodes.push(Node {
                name: stage.name.clone(),
                uses: first.map(|task| task.uses.clone()).filter(|uses| *uses != stage.name),
                kind: first.map_or("", |task| task.program.description.output.name()),
                axes: axes.collect(),
                count: of_stage.len(),
                done: of_stage.iter().filter(|task| is_stored(project, task)).count(),
            });
            for task in of_stage {
                for (port, feeds) in &task.inputs {
                    for feed in feeds {
                        if let Some(from) = place(&plan.tasks[feed.task].stage) {
                            graph.add(from, to, port, !feed.point.is_empty());
                        }
                    }
                }
            }
        }
        graph
    }

    fn add(&mut self, from: usize, to: usize, port: &str, gathers: bool) {
        let known = self.arrows.iter_mut().find(|arrow| (arrow.from, arrow.to) == (from, to));
        match known {
            Some(arrow) => {
                if !arrow.ports.iter().any(|known| known == port) {
                    arrow.ports.push(port.to_owned());
                }
                arrow.gathers |= gathers;
            }
            None => self.arrows.push(Arrow { from, to, ports: vec![port.to_owned()], gathers }),
        }
    }

    /// Arrows that lead to the node `to`.
    fn into(&self, to: usize) -> impl Iterator<Item = &Arrow> {
        self.arrows.iter().filter(move |arrow| arrow.to == to)
    }
}

impl Node {
    /// What it makes and how much of it is there, as `kernel, 2 of 6 there`.
    fn about(&self) -> String {
        let state = match (self.done, self.count) {
            (0, 1) => "to run".to_owned(),
            (1, 1) => "there".to_owned(),
            (done, count) => format!("{done} of {count} there"),
        };
        format!("{}, {state}", self.kind)
    }
}

#[cfg(test)]
pub(crate) fn example() -> Graph {
    let node = |name: &str, kind, axes: &[&str], count, done| Node {
        name: name.to_owned(),
        uses: None,
        kind,
        axes: axes.iter().map(ToString::to_string).collect(),
        count,
        done,
    };
    let mut nodes = vec![
        node("dataset", "dataset", &[], 1, 1),
        node("train", "training", &["decay"], 2, 1),
        node("ntk", "kernel", &["decay"], 2, 0),
        node("report", "report", &[], 1, 0),
    ];
    nodes[2].uses = Some("./stages/rbf_kernel.py".to_owned());
    let mut graph = Graph { nodes, arrows: Vec::new() };
    graph.add(0, 1, "dataset", false);
    graph.add(0, 2, "dataset", false);
    graph.add(1, 2, "training", false);
    graph.add(1, 3, "training", true);
    graph.add(2, 3, "kernel", true);
    graph
}

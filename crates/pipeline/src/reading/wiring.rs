//! Which stage feeds which: ports, kinds of artifact, and the order of running.

use std::collections::BTreeMap;

use stage::{Description, Port};

use super::file::{StageEntry, Wire};
use super::source::{Part, Source};
use crate::text::{Diagnostic, listed, nearest, pointer, suggestion};

/// The wired stages of a pipeline, by their index in the file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wiring {
    /// Stages in an order in which each comes after its inputs; those in a cycle, and those that
    /// need one, are left out.
    pub order: Vec<usize>,
    /// For each stage, the stages wired into each port.
    pub inputs: Vec<BTreeMap<String, Vec<usize>>>,
}

/// Wires `stages`; what is wrong goes to `problems`.
///
/// `descriptions` has an entry for each stage, `None` where its program is not known: its ports
/// are not checked then.
pub(crate) fn wire(
    stages: &[&StageEntry],
    descriptions: &[Option<&Description>],
    source: &Source,
    problems: &mut Vec<Diagnostic>,
) -> Wiring {
    let mut inputs = Vec::new();
    for (stage, description) in stages.iter().zip(descriptions) {
        let mut ports = BTreeMap::new();
        for wire in &stage.inputs {
            let found = sources(stages, stage, wire, source, problems);
            if let Some(description) = description {
                check_wire(stage, wire, description, &found, descriptions, source, problems);
            }
            ports.insert(wire.port.clone(), found.into_iter().flatten().collect());
        }
        if let Some(description) = description {
            check_missing(stages, stage, description, descriptions, source, problems);
        }
        inputs.push(ports);
    }
    let order = order(&inputs);
    report_cycles(stages, &inputs, &order, source, problems);
    Wiring { order, inputs }
}

/// Indices of the stages that `wire` names, `None` for those that do not exist.
fn sources(
    stages: &[&StageEntry],
    stage: &StageEntry,
    wire: &Wire,
    source: &Source,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Option<usize>> {
    let names = stages.iter().map(|stage| stage.name.as_str());
    let mut found = Vec::new();
    for (index, name) in wire.stages.iter().enumerate() {
        let position = names.clone().position(|other| other == name);
        if position.is_none() {
            problems.push(source.problem(
                &wire.pointer(&stage.pointer(), index),
                Part::Value,
                format!("there is no stage `{name}` in this pipeline"),
                suggestion(name, names.clone().filter(|other| *other != stage.name)),
            ));
        }
        found.push(position);
    }
    found
}

/// Checks that the port exists and takes what is wired into it.
fn check_wire(
    stage: &StageEntry,
    wire: &Wire,
    description: &Description,
    found: &[Option<usize>],
    descriptions: &[Option<&Description>],
    source: &Source,
    problems: &mut Vec<Diagnostic>,
) {
    let at = pointer::join(&pointer::join(&stage.pointer(), "inputs"), &wire.port);
    let Some(port) = description.inputs.iter().find(|port| port.name == wire.port) else {
        let ports: Vec<&str> = description.inputs.iter().map(|port| &*port.name).collect();
        let help = if ports.is_empty() {
            Some(format!("the stage `{}` takes no inputs", description.name))
        } else {
            suggestion(&wire.port, ports)
        };
        let message = format!("the stage `{}` has no input `{}`", description.name, wire.port);
        problems.push(source.problem(&at, Part::Key, message, help));
        return;
    };
    if wire.stages.is_empty() || (!port.many && wire.stages.len() != 1) {
        let takes = if port.many { "at least one stage" } else { "one stage" };
        let message = format!("the input `{}` takes {takes}, not {}", port.name, wire.stages.len());
        problems.push(source.problem(&at, Part::Value, message, None));
    }
    for (index, position) in found.iter().enumerate() {
        let Some(output) = position.and_then(|position| descriptions[position]).map(|of| of.output)
        else {
            continue;
        };
        if !port.takes(output) {
            let message = format!(
                "`{}` yields a {output} artifact, and the input `{}` of `{}` takes a {} artifact",
                wire.stages[index], port.name, stage.name, port.kind
            );
            let at = wire.pointer(&stage.pointer(), index);
            problems.push(source.problem(&at, Part::Value, message, None));
        }
    }
}

/// Checks that nothing is missing from the inputs.
fn check_missing(
    stages: &[&StageEntry],
    stage: &StageEntry,
    description: &Description,
    descriptions: &[Option<&Description>],
    source: &Source,
    problems: &mut Vec<Diagnostic>,
) {
    // A misspelt port is reported as such, with this one as the suggestion.
    let names = description.inputs.iter().map(|port| &*port.name);
    let is_wired = |port: &&Port| {
        stage.inputs.iter().any(|wire| nearest(&wire.port, names.clone()) == Some(&*port.name))
    };
    for port in description.inputs.iter().filter(|port| !port.optional && !is_wired(port)) {
        let fitting: Vec<&str> = stages
            .iter()
            .zip(descriptions)
            .filter(|(other, of)| {
                other.name != stage.name && of.is_some_and(|of| port.takes(of.output))
            })
            .map(|(other, _)| other.name.as_str())
            .collect();
        let help = if fitting.is_empty() {
            format!("no stage of this pipeline yields a {} artifact", port.kind)
        } else {
            format!("{} would fit: add `{}: {}`", listed(&fitting, "or"), port.name, fitting[0])
        };
        problems.push(source.problem(
            &pointer::join(&stage.pointer(), "inputs"),
            Part::Key,
            format!(
                "the stage `{}` lacks its input `{}`, a {} artifact",
                stage.name, port.name, port.kind
            ),
            Some(help),
        ));
    }
}

/// Stages whose inputs come before them, the earliest in the file first.
fn order(inputs: &[BTreeMap<String, Vec<usize>>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    let ready = |stage: usize, order: &[usize]| {
        inputs[stage].values().flatten().all(|input| order.contains(input))
    };
    while let Some(next) =
        (0..inputs.len()).find(|stage| !order.contains(stage) && ready(*stage, &order))
    {
        order.push(next);
    }
    order
}

/// Reports each cycle once, as a -> b -> a.
fn report_cycles(
    stages: &[&StageEntry],
    inputs: &[BTreeMap<String, Vec<usize>>],
    order: &[usize],
    source: &Source,
    problems: &mut Vec<Diagnostic>,
) {
    let mut reported = vec![false; inputs.len()];
    for start in (0..inputs.len()).filter(|stage| !order.contains(stage)) {
        // Every stage that is left waits for one that is left: following those ends in a cycle.
        let mut path = vec![start];
        let cycle = loop {
            let here = path[path.len() - 1];
            let next = inputs[here].values().flatten().find(|input| !order.contains(input));
            let Some(&next) = next else { break Vec::new() };
            if let Some(begin) = path.iter().position(|stage| *stage == next) {
                break path.split_off(begin);
            }
            path.push(next);
        };
        let mut cycle = cycle;
        // The path goes from a stage to what it waits for; data goes the other way. The cycle
        // begins with its first stage in the file.
        cycle.reverse();
        let first = (0..cycle.len()).min_by_key(|index| cycle[*index]).unwrap_or(0);
        cycle.rotate_left(first);
        if cycle.is_empty() || cycle.iter().any(|stage| reported[*stage]) {
            continue;
        }
        for stage in &cycle {
            reported[*stage] = true;
        }
        let mut names: Vec<&str> = cycle.iter().map(|stage| stages[*stage].name.as_str()).collect();
        names.push(names[0]);
        let first = &stages[cycle[0]];
        let waits_for = &stages[cycle[cycle.len() - 1]].name;
        let at = first
            .inputs
            .iter()
            .find_map(|wire| {
                let index = wire.stages.iter().position(|name| name == waits_for)?;
                Some(wire.pointer(&first.pointer(), index))
            })
            .unwrap_or_else(|| first.pointer());
        let message = format!("these stages wait for each other: {}", names.join(" -> "));
        problems.push(source.problem(&at, Part::Value, message, None));
    }
}

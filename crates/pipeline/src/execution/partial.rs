//! What becomes of a stage that gathers variants where some of them have failed.
//!
//! A port that is content with what exists ([`stage::Port::partial`]) goes without an input whose stage
//! has failed, or a stage before it. What the stage makes then has a key of its own, which says what it
//! went without and why: it is never taken for what all variants give.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::json;
use stage::{FailedInput, Input};

use super::ancestors::Ancestor;
use super::order::Order;
use crate::store::Store;

/// What the store has of the inputs of an order.
#[derive(Debug)]
pub(crate) enum Settled {
    /// All of them.
    All,
    /// All but some that have failed: this is the order without them.
    Partial(Box<Order>),
    /// One is missing without which the order cannot be fulfilled, or not yet.
    Missing(PathBuf),
}

impl Order {
    /// What `store` has of its inputs, as far as a port is content with what exists.
    pub(crate) fn settled(&self, store: &Store) -> Settled {
        let mut without: Vec<(usize, FailedInput)> = Vec::new();
        for (port, inputs) in &self.inputs.0 {
            let before = without.len();
            for (at, input) in inputs.iter().enumerate() {
                if store.is_whole(&input.directory) {
                    continue;
                }
                let lineage = self.lineages.get(port).and_then(|all| all.get(at));
                match lineage.and_then(|lineage| failed(store, lineage, port, input)) {
                    Some(failed) => without.push((at, failed)),
                    None => return Settled::Missing(input.directory.clone()),
                }
            }
            if let Some(first) = inputs.first()
                && without.len() - before == inputs.len()
            {
                return Settled::Missing(first.directory.clone());
            }
        }
        if without.is_empty() {
            Settled::All
        } else {
            Settled::Partial(Box::new(self.without(without)))
        }
    }

    /// The same order without these inputs, each by its place at its port.
    fn without(&self, inputs: Vec<(usize, FailedInput)>) -> Self {
        let mut order = self.clone();
        // What an input holds until it failed follows from the key of all.
        let told = |(at, of): &(usize, FailedInput)| {
            json!([of.port, at, of.stage, of.message, of.directory.is_some()])
        };
        let key =
            json!({ "all": self.key, "without": inputs.iter().map(told).collect::<Vec<_>>() });
        order.key = blake3::hash(key.to_string().as_bytes()).to_hex().to_string();
        for port in self.lineages.keys() {
            let gone =
                inputs.iter().filter(|(_, of)| of.port == *port).map(|(at, _)| *at).collect();
            order.inputs.0.get_mut(port).into_iter().for_each(|inputs| leave_out(inputs, &gone));
            for input in order.inputs.0.values_mut().flatten() {
                move_up(&mut input.made_from, port, &gone);
            }
            order.input_keys.get_mut(port).into_iter().for_each(|keys| leave_out(keys, &gone));
        }
        order.lineages.clear();
        order.failed = inputs.into_iter().map(|(_, failed)| failed).collect();
        order
    }

    /// The first task behind an input that is neither made nor known to have failed.
    pub(crate) fn first_open(&self, store: &Store, input: &Path) -> Option<&Ancestor> {
        let places = self.inputs.0.iter().flat_map(|(port, inputs)| {
            inputs.iter().enumerate().map(move |(at, input)| (port, at, input))
        });
        let (port, at, _) = places.into_iter().find(|(.., found)| found.directory == input)?;
        let lineage = self.lineages.get(port)?.get(at)?;
        lineage.iter().find(|of| store.find(of.kind, &of.key).is_none())
    }
}

/// Follows what an input was made from at `port`, where the places `gone` are no more.
fn move_up(made_from: &mut BTreeMap<String, usize>, port: &str, gone: &BTreeSet<usize>) {
    if let Some(place) = made_from.get_mut(port) {
        if gone.contains(place) {
            // What was made from it is missing as well.
            made_from.remove(port);
        } else {
            *place -= gone.range(..*place).count();
        }
    }
}

/// Removes the items of `list` at the places `gone`.
fn leave_out<T>(list: &mut Vec<T>, gone: &BTreeSet<usize>) {
    let mut places = 0..;
    list.retain(|_| places.next().is_some_and(|at| !gone.contains(&at)));
}

/// Why `input` is missing at `port`, where `store` knows that something behind it has failed.
fn failed(store: &Store, lineage: &[Ancestor], port: &str, input: &Input) -> Option<FailedInput> {
    let (at, (directory, manifest)) = lineage
        .iter()
        .enumerate()
        .find_map(|(at, of)| Some((at, store.find_failure(of.kind, &of.key)?)))?;
    let is_own = at + 1 == lineage.len() && !manifest.tables.is_empty();
    let stage = lineage[at].stage.clone();
    let failed = FailedInput::new(port, input, stage, manifest.failure?.message);
    Some(FailedInput { directory: is_own.then_some(directory), ..failed })
}

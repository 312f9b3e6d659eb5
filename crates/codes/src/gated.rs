//! Which layers of a network have codes.

use network::{Activation, LayerSpec, Op, Program};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage::StageError;

/// Layers whose units make the code: `all`, `last`, or numbers.
///
/// Layers with `relu` or `leaky_relu` are counted from 0, from the input on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Layers {
    /// By a word.
    Named(Named),
    /// By their numbers.
    Numbers(Vec<u32>),
}

/// A choice of layers that needs no numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// All of them.
    All,
    /// The one before the output.
    Last,
}

impl Default for Layers {
    fn default() -> Self {
        Self::Named(Named::All)
    }
}

/// A layer whose units are on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gated {
    /// Its number among those with codes, from 0.
    pub layer: u32,
    /// The step of the network's program that it is.
    pub step: usize,
    /// Its units: channels times places.
    pub units: usize,
}

/// Why layers cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// JSON Pointer of what is at fault, below the parameter.
    pub at: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Refusal {
    /// A refusal of what stands at `at`.
    pub fn new(at: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into(), hint: hint.into() }
    }

    /// The same of a parameter at `parameter`.
    #[must_use]
    pub fn below(self, parameter: &str) -> Self {
        Self { at: format!("{parameter}{}", self.at), ..self }
    }
}

impl From<Refusal> for StageError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.message).hint(refusal.hint)
    }
}

/// The layers of `program` that `layers` chooses, in order.
///
/// A unit is on where its value after the activation is above 0, which for `relu`, and for `leaky_relu` with a slope
/// of 0 or more, is where it was above 0 before.
///
/// # Errors
/// Where a chosen layer does not exist, or all are chosen of a network with other activations, whose units are
/// neither on nor off.
pub fn chosen(program: &Program, layers: &Layers) -> Result<Vec<Gated>, Refusal> {
    let gated = gated(program);
    let others = others(program);
    if gated.is_empty() {
        let has = match others.as_slice() {
            [] => "it has no activation".to_owned(),
            others => format!("it has {}, whose units are neither on nor off", listed(others)),
        };
        return Err(Refusal::new(
            "",
            format!("the network has no layer with codes: {has}"),
            "codes are of units with `relu`, or `leaky_relu` with a slope of 0 or more",
        ));
    }
    let last = gated.len() - 1;
    match layers {
        Layers::Named(Named::All) if !others.is_empty() => Err(Refusal::new(
            "",
            format!(
                "the network has layers with {}, whose units are neither on nor off",
                listed(&others)
            ),
            format!(
                "give the numbers of layers with `relu` or `leaky_relu`: they are 0 to {last} of this network"
            ),
        )),
        Layers::Named(Named::All) => Ok(gated),
        Layers::Named(Named::Last) => Ok(gated[last..].to_vec()),
        Layers::Numbers(numbers) if numbers.is_empty() => Err(Refusal::new(
            "",
            "no layer is chosen",
            format!("give `all`, `last`, or numbers from 0 to {last}"),
        )),
        Layers::Numbers(numbers) => numbered(&gated, numbers),
    }
}

/// The layers that `numbers` name, in order.
fn numbered(gated: &[Gated], numbers: &[u32]) -> Result<Vec<Gated>, Refusal> {
    let mut found: Vec<Gated> = Vec::new();
    for (place, &number) in numbers.iter().enumerate() {
        let known = gated.get(number as usize);
        let Some(&layer) = known.filter(|layer| !found.contains(*layer)) else {
            let wrong = if known.is_some() { "is given twice" } else { "does not exist" };
            let last = gated.len().saturating_sub(1);
            return Err(Refusal::new(
                format!("/{place}"),
                format!("layer {number} {wrong}"),
                format!("the network has the layers with codes 0 to {last}"),
            ));
        };
        found.push(layer);
    }
    found.sort_by_key(|layer| layer.layer);
    Ok(found)
}

fn has_gates(activation: Activation) -> bool {
    match activation {
        Activation::Relu => true,
        Activation::LeakyRelu(slope) => slope >= 0.0,
        _ => false,
    }
}

fn gated(program: &Program) -> Vec<Gated> {
    let steps = program.steps.iter().enumerate();
    let gates = steps.filter(|(_, step)| has_gates(step.activation));
    gates
        .zip(0..)
        .map(|((step, of), layer)| Gated { layer, step, units: of.shapes[1].len() })
        .collect()
}

/// The activations of the network that are neither linear nor have gates, each once.
fn others(program: &Program) -> Vec<String> {
    let mut names = Vec::new();
    for step in &program.steps {
        if !has_gates(step.activation) && step.activation != Activation::Linear {
            let name = match step.activation {
                Activation::LeakyRelu(slope) => format!("leaky_relu: {slope}"),
                other => LayerSpec::from(other).key().to_owned(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether every layer but the output is dense with relus: the networks whose paths factorize. Of leaky relus every path is
/// active, some of it less.
#[must_use]
pub fn is_dense(program: &Program) -> bool {
    let last = program.steps.len().saturating_sub(1);
    program.steps.iter().enumerate().all(|(at, step)| {
        let wanted = if at == last { Activation::Linear } else { Activation::Relu };
        step.op == Op::Dense && step.inputs == [at] && step.activation == wanted
    })
}

#[cfg(test)]
mod tests {
    use network::{Architecture, Shape};
    use serde_json::json;

    use super::*;

    fn program(architecture: &serde_json::Value, input: Shape) -> Program {
        let architecture: Architecture = serde_json::from_value(architecture.clone()).unwrap();
        Program::new(&architecture, input, 2).unwrap()
    }

    fn layers(value: &serde_json::Value) -> Layers {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[test]
    fn layers_are_those_with_gates_norms_and_images_included() {
        let program = program(
            &json!({ "layers": [{ "conv": { "channels": 3, "kernel": 3 } }, { "batch_norm": {} }, "relu",
                { "max_pool": 2 }, "flatten", { "dense": 5 }, { "leaky_relu": 0.1 }, { "dense": 2 }] }),
            Shape::Image([4, 4, 1]),
        );
        let all = chosen(&program, &layers(&json!("all"))).unwrap();
        assert_eq!(all.iter().map(|layer| layer.units).collect::<Vec<_>>(), [48, 5]);
        assert_eq!(chosen(&program, &layers(&json!("last"))).unwrap(), all[1..]);
        assert_eq!(chosen(&program, &layers(&json!([1, 0]))).unwrap(), all);
        assert!(!is_dense(&program));
        let refused = |value| chosen(&program, &layers(&value)).unwrap_err();
        assert_eq!(refused(json!([2])).at, "/0");
        assert_eq!(refused(json!([0, 0])).message, "layer 0 is given twice");
        assert_eq!(refused(json!([])).message, "no layer is chosen");
    }

    #[test]
    fn units_that_are_neither_on_nor_off_are_refused() {
        let of = |activation: serde_json::Value| {
            program(&json!({ "hidden": [4, 3], "activation": activation }), 5.into())
        };
        for (activation, named) in
            [(json!("tanh"), "`tanh`"), (json!({ "leaky_relu": -0.5 }), "`leaky_relu: -0.5`")]
        {
            let message = chosen(&of(activation), &Layers::default()).unwrap_err().message;
            assert!(message.contains(named), "{message}");
        }
        assert!(is_dense(&of(json!("relu"))));
        assert!(!is_dense(&of(json!({ "leaky_relu": 0.1 }))));
        let mixed =
            json!({ "layers": [{ "dense": 4 }, "relu", { "dense": 3 }, "tanh", { "dense": 2 }] });
        let mixed = program(&mixed, 5.into());
        assert!(chosen(&mixed, &Layers::default()).unwrap_err().hint.contains("0 to 0"));
        assert_eq!(chosen(&mixed, &layers(&json!([0]))).unwrap().len(), 1);
        assert!(!is_dense(&mixed));
    }
}

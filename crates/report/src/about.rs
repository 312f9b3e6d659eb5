//! What run a report is about, from the manifests of its inputs.

use artifact::{Kind, Manifest, Outline};
use serde_json::Value;

use study::number::{grouped, measured};

/// Parameters of one stage.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// Kind of its artifact.
    pub kind: &'static str,
    /// Its name.
    pub stage: String,
    /// The parameters.
    pub values: Value,
}

/// What run a report is about.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// What is known of the run as a whole: the outlines of its artifacts together.
    pub outline: Outline,
    /// Parameters of each stage behind the report.
    pub parameters: Vec<Parameters>,
    /// Stages behind the report of which results of an earlier build of the program were accepted.
    pub accepted: Vec<String>,
}

impl About {
    /// What the manifests of the artifacts of one variant say together.
    #[must_use]
    pub fn new<'a>(manifests: impl Iterator<Item = &'a Manifest> + Clone) -> Self {
        let mut outline = Outline::default();
        let mut parameters = Vec::new();
        let mut accepted = Vec::new();
        for manifest in manifests {
            outline = outline.completed_by(&manifest.outline);
            let kind = manifest.kind.name();
            parameters.push(Parameters {
                kind,
                stage: manifest.stage.clone(),
                values: manifest.parameters.clone(),
            });
            accepted.extend(manifest.is_accepted().then(|| manifest.stage.clone()));
            accepted.extend(manifest.accepted_inputs.clone());
        }
        Self { outline, parameters, accepted }
    }

    /// The value of a parameter of the dataset.
    #[must_use]
    pub fn dataset_parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.iter().find(|of| of.kind == Kind::DATASET.name())?.values.get(name)
    }

    /// Whether the targets are shuffled: a run without structure to learn, the control of others.
    #[must_use]
    pub fn is_control(&self) -> bool {
        self.dataset_parameter("shuffle_targets") == Some(&Value::Bool(true))
    }

    /// The run as pairs of a name and a value, for the head of the page.
    #[must_use]
    pub fn facts(&self) -> Vec<(String, String)> {
        let outline = &self.outline;
        let mut facts: Vec<(&str, String)> = Vec::new();
        if let Some(train) = outline.train_samples {
            let test = match outline.test_samples {
                Some(test) if test > 0 => format!(", {} for testing", grouped(test)),
                Some(_) => ", none for testing".to_owned(),
                None => String::new(),
            };
            facts.push(("samples", format!("N = {}{test}", grouped(train))));
        }
        if let (Some(d), Some(o)) = (outline.input_dim, outline.output_dim) {
            facts.push(("function", format!("{d} input{}, {o} output{}", plural(d), plural(o))));
        }
        if let Some(network) = &outline.network {
            let parameters = outline
                .parameter_count
                .map(|count| format!("; {} parameters", grouped(count)))
                .unwrap_or_default();
            facts.push(("network", format!("{}{parameters}", network_in_words(network))));
        }
        if let Some(loss) = &outline.loss {
            facts.push(("loss", words(loss)));
        }
        if let Some(optimizer) = &outline.optimizer {
            facts.push(("optimizer", words(optimizer)));
        }
        if let Some(steps) = outline.last_step {
            facts.push(("steps", grouped(steps)));
        }
        if let Some(checkpoints) = &outline.checkpoints {
            facts.push(("checkpoints", grouped(checkpoints.len() as u64)));
        }
        if let (Some(rows), Some(reduction)) = (outline.kernel_rows, outline.reduction) {
            let several = outline.output_dim.is_some_and(|outputs| outputs > 1);
            let how =
                if several { format!(", reduction {}", reduction.name()) } else { String::new() };
            facts.push(("Gramian", format!("{0} × {0}{how}", grouped(rows))));
        }
        let own = outline.own.iter().map(|(name, value)| (words(name), in_words(value)));
        facts.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(own).collect()
    }
}

/// The facts of all runs of a sweep, which may be one run: those that differ say so.
#[must_use]
pub fn shared_facts(runs: &[&About]) -> Vec<(String, String)> {
    let all: Vec<_> = runs.iter().map(|run| run.facts()).collect();
    let Some((first, others)) = all.split_first() else { return Vec::new() };
    let shared = |fact: &(String, String)| {
        let is_same = others.iter().all(|facts| facts.contains(fact));
        let value = if is_same { fact.1.as_str() } else { "differs between variants" };
        (fact.0.clone(), value.to_owned())
    };
    first.iter().map(shared).collect()
}

/// The architecture in words: `256-256-256, leaky relu 0.01, glorot, without biases`.
fn network_in_words(network: &Value) -> String {
    let Some(fields) = network.as_object() else { return in_words(network) };
    let mut parts = Vec::new();
    let is_list = fields.contains_key("layers");
    for (name, value) in fields {
        match (name.as_str(), value) {
            // In a list each activation is a layer.
            ("activation", _) if is_list => {}
            ("hidden", Value::Array(widths)) => parts.push(widths_in_words(widths)),
            // A drawing of the network shows them.
            ("layers", Value::Array(layers)) => {
                parts.push(format!("{} layer{}", layers.len(), plural(layers.len() as u64)));
            }
            ("bias", Value::Bool(true)) => {}
            ("bias", Value::Bool(false)) => parts.push("without biases".to_owned()),
            ("activation" | "init", value) => parts.push(in_words(value)),
            (name, value) => parts.push(format!("{} {}", words(name), in_words(value))),
        }
    }
    parts.join(", ")
}

fn widths_in_words(widths: &[Value]) -> String {
    let layers = widths.len();
    match widths.first() {
        Some(first) if layers > 1 && widths.iter().all(|width| width == first) => {
            format!("{layers} hidden layers of {first}")
        }
        Some(first) if layers == 1 => format!("1 hidden layer of {first}"),
        _ => {
            let widths: Vec<String> = widths.iter().map(Value::to_string).collect();
            format!("hidden layers of {}", widths.join(", "))
        }
    }
}

/// A parameter in words: `leaky_relu: 0.01` becomes `leaky relu 0.01`.
#[must_use]
pub fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => words(text),
        Value::Number(number) => match (number.as_u64(), number.as_f64()) {
            (Some(count), _) => grouped(count),
            (None, Some(value)) => {
                let short = value.to_string();
                if short.len() <= 6 { short } else { measured(value) }
            }
            (None, None) => number.to_string(),
        },
        Value::Object(fields) => {
            let parts: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{} {}", words(name), in_words(value)))
                .collect();
            parts.join(", ")
        }
        other => other.to_string(),
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_sweep_only_what_all_variants_share_is_told() {
        let run = |steps: u64| About {
            outline: Outline {
                last_step: Some(steps),
                loss: Some("least_squares".to_owned()),
                ..Outline::default()
            },
            parameters: Vec::new(),
            accepted: Vec::new(),
        };
        let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let loss = fact("loss", "least squares");
        assert_eq!(shared_facts(&[&run(9)]), [loss.clone(), fact("steps", "9")]);
        let differs = fact("steps", "differs between variants");
        assert_eq!(shared_facts(&[&run(9), &run(9), &run(8)]), [loss, differs]);
    }

    #[test]
    fn a_network_is_told_in_words() {
        let network = json!({
            "hidden": [256, 256], "activation": {"leaky_relu": 0.01}, "init": "glorot", "bias": true,
        });
        assert_eq!(network_in_words(&network), "2 hidden layers of 256, leaky relu 0.01, glorot");
        let network = json!({
            "hidden": [8, 4], "activation": "tanh",
            "init": {"ntk": {"weight_std": 1.5, "bias_std": 0.0}}, "bias": false,
        });
        assert_eq!(
            network_in_words(&network),
            "hidden layers of 8, 4, tanh, ntk weight std 1.5, bias std 0, without biases"
        );
        let network = json!({ "layers": [{ "conv": { "filters": 8 } }, "relu"], "init": "he" });
        assert_eq!(network_in_words(&network), "2 layers, he");
    }
}

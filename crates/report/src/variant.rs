//! The variants of a sweep that a report is about: one without a sweep.

use std::path::PathBuf;

use serde_json::Value;
use stage::{Input, Inputs, StageError};

use crate::about::About;
use crate::failed::Failed;
use crate::measures::Measures;

/// Axes that only repeat a run: results over them are told as mean and spread.
const REPETITIONS: [&str; 2] = ["seed", "seeds"];

/// Value of one axis of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Name of the axis.
    pub name: String,
    /// A number, a boolean or a text.
    pub value: Value,
}

impl Axis {
    /// `decay=0.5`.
    fn label(&self) -> String {
        match &self.value {
            Value::String(text) => format!("{}={text}", self.name),
            other => format!("{}={other}", self.name),
        }
    }

    fn is_repetition(&self) -> bool {
        REPETITIONS.contains(&self.name.as_str())
    }
}

/// The artifacts of one variant.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Of the dataset.
    pub dataset: PathBuf,
    /// Of the training run.
    pub training: PathBuf,
    /// Of the spectrum.
    pub spectrum: PathBuf,
}

/// One variant: what was run and what was measured.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Values of the axes of the sweep, in its order; none without a sweep.
    pub axes: Vec<Axis>,
    /// Where its artifacts lie.
    pub folders: Folders,
    /// What run it is.
    pub about: About,
    /// Its scalar tables.
    pub measures: Measures,
}

impl Variant {
    /// Reads every variant: a spectrum, and the training run and the dataset behind it.
    ///
    /// # Errors
    /// Where there is no spectrum, where one has no training run or dataset of its own variant,
    /// or a table cannot be read.
    pub fn read_all(inputs: &Inputs, top: u32) -> Result<Vec<Self>, StageError> {
        let spectra = inputs.many("spectrum");
        if spectra.is_empty() {
            return Err(StageError::new("the request gives no artifact for the port `spectrum`"));
        }
        spectra.iter().map(|spectrum| Self::read(inputs, spectrum, top)).collect()
    }

    fn read(inputs: &Inputs, spectrum: &Input, top: u32) -> Result<Self, StageError> {
        let training = inputs.matching("training", spectrum)?;
        let dataset = inputs.matching("dataset", spectrum)?;
        let about = About::new(&dataset.manifest()?, &training.manifest()?, &spectrum.manifest()?);
        let measures = Measures::read(spectrum.path(), training.path(), top)?;
        let axis =
            |(name, value): (&str, &Value)| Axis { name: name.to_owned(), value: value.clone() };
        Ok(Self {
            axes: spectrum.axes().map(axis).collect(),
            folders: Folders {
                dataset: dataset.path().to_owned(),
                training: training.path().to_owned(),
                spectrum: spectrum.path().to_owned(),
            },
            about,
            measures,
        })
    }

    /// The axes in one word, as `decay=0.5,seed=1`; empty without a sweep.
    #[must_use]
    pub fn label(&self) -> String {
        joined(&self.axes, ",")
    }
}

/// Variants that differ in nothing but axes of repetition.
#[derive(Clone, Debug)]
pub struct Group<'a> {
    /// The axes that its members share.
    pub axes: Vec<Axis>,
    /// Its members, in the order of the sweep.
    pub members: Vec<&'a Variant>,
}

impl Group<'_> {
    /// The shared axes, as `decay=0.5, depth=3`.
    #[must_use]
    pub fn label(&self) -> String {
        if self.axes.is_empty() { "all".to_owned() } else { joined(&self.axes, ", ") }
    }

    /// The shared axes without the axis `name`: what groups along that axis have in common.
    #[must_use]
    pub fn without(&self, name: &str) -> Vec<Axis> {
        self.axes.iter().filter(|axis| axis.name != name).cloned().collect()
    }

    /// Value of the axis `name` as a number, a text that reads as one included.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let value = &self.axes.iter().find(|axis| axis.name == name)?.value;
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
    }
}

/// The variants gathered by all axes but those of repetition, in the order of the sweep.
#[must_use]
pub fn groups(variants: &[Variant]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for variant in variants {
        let axes: Vec<Axis> =
            variant.axes.iter().filter(|axis| !axis.is_repetition()).cloned().collect();
        match groups.iter_mut().find(|group| group.axes == axes) {
            Some(group) => group.members.push(variant),
            None => groups.push(Group { axes, members: vec![variant] }),
        }
    }
    groups
}

/// Name and values of each axis of the sweep that `variants` are of, as texts, and after them those
/// that only variants have which `failed`.
#[must_use]
pub fn axes(variants: &[Variant], failed: &[Failed]) -> Vec<(String, Vec<String>)> {
    let mut axes: Vec<(String, Vec<String>)> = Vec::new();
    let all = variants.iter().flat_map(|variant| &variant.axes);
    for axis in all.chain(failed.iter().flat_map(|variant| &variant.axes)) {
        let value = axis.value.as_str().map_or_else(|| axis.value.to_string(), str::to_owned);
        match axes.iter_mut().find(|(name, _)| *name == axis.name) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => axes.push((axis.name.clone(), vec![value])),
        }
    }
    axes
}

/// Axes as `decay=0.5`, with `between` between.
#[must_use]
pub fn joined(axes: &[Axis], between: &str) -> String {
    axes.iter().map(Axis::label).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
pub mod made_up {
    //! Made-up variants for tests.

    use serde_json::json;

    use super::*;

    /// A variant at these axes of which nothing is known.
    pub fn variant(axes: &[(&str, Value)], measures: Measures, about: About) -> Variant {
        let axis =
            |(name, value): &(&str, Value)| Axis { name: (*name).to_owned(), value: value.clone() };
        let nowhere = PathBuf::new;
        Variant {
            axes: axes.iter().map(axis).collect(),
            folders: Folders { dataset: nowhere(), training: nowhere(), spectrum: nowhere() },
            about,
            measures,
        }
    }

    #[test]
    fn variants_that_differ_in_the_seed_alone_are_one_group() {
        let of = |decay: f64, seed: u64| {
            let axes = [("decay", json!(decay)), ("seed", json!(seed))];
            variant(&axes, Measures::default(), About::default())
        };
        let variants = [of(0.5, 0), of(0.5, 1), of(1.0, 0), of(1.0, 1)];
        assert_eq!(variants[1].label(), "decay=0.5,seed=1");
        let groups = groups(&variants);
        let labels: Vec<String> = groups.iter().map(Group::label).collect();
        assert_eq!(labels, ["decay=0.5", "decay=1.0"]);
        assert!(groups.iter().all(|group| group.members.len() == 2));
        assert_eq!(groups[0].number("decay"), Some(0.5));
        assert!(groups[0].without("decay").is_empty());
    }

    #[test]
    fn an_axis_of_texts_that_read_as_numbers_has_numbers() {
        let of = |depth: Value| variant(&[("depth", depth)], Measures::default(), About::default());
        let variants = [of(json!("3")), of(json!("deep"))];
        let numbers: Vec<Option<f64>> =
            groups(&variants).iter().map(|group| group.number("depth")).collect();
        assert_eq!(numbers, [Some(3.0), None]);
    }
}

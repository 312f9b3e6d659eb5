//! The variants of a sweep that a report is about: one without a sweep.

use std::collections::BTreeMap;
use std::path::PathBuf;

use artifact::Table;
use artifact::tables::findings::FindingRow;

use crate::about::About;
use crate::axis::Axis;
use crate::failed::Failed;
use crate::inputs::Artifact;
use crate::statistics::Mean;

/// One variant: what was run and what was found.
#[derive(Clone, Debug, Default)]
pub struct Variant {
    /// Its place among all variants.
    pub index: usize,
    /// Which stage made a kind of artifact, where several did, and the values of the axes of the sweep in
    /// its order; none where there is one run.
    pub axes: Vec<Axis>,
    /// Its artifacts, in the order in which they are wired.
    pub artifacts: Vec<Artifact>,
    /// What run it is.
    pub about: About,
    /// The findings of its artifacts.
    pub findings: Vec<FindingRow>,
    /// The directory of the artifact that each finding is of, by its name.
    pub sources: BTreeMap<String, PathBuf>,
    /// The learning rate of each recorded update.
    pub rates: Vec<f64>,
}

impl Variant {
    /// The artifact that has the table `name`, and the table; `own` is looked at first.
    #[must_use]
    pub fn table<'a>(
        &'a self,
        name: &str,
        own: Option<&'a Artifact>,
    ) -> Option<(&'a Artifact, &'static Table)> {
        let mut all = own.into_iter().chain(&self.artifacts);
        all.find_map(|artifact| Some((artifact, artifact.table(name)?)))
    }

    /// The finding `name`.
    #[must_use]
    pub fn finding(&self, name: &str) -> Option<&FindingRow> {
        self.findings.iter().find(|row| row.finding == name)
    }

    /// The axes in one word, as `decay=0.5,seed=1`; empty where there is one run.
    #[must_use]
    pub fn label(&self) -> String {
        joined(&self.axes, ",")
    }

    /// Which repetition it is: its values of the axes that repeat. Runs of two groups with the same
    /// ones are a pair.
    fn repetition(&self) -> Vec<&Axis> {
        self.axes.iter().filter(|axis| axis.repeats()).collect()
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

    /// The same with one member for each artifact that the finding `name` is of: variants that share one, which
    /// has gathered them itself, do not repeat each other.
    #[must_use]
    pub fn each_once(&self, name: &str) -> Self {
        let mut members: Vec<&Variant> = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let source = member.sources.get(name);
            if source.is_none() || members.iter().all(|other| other.sources.get(name) != source) {
                members.push(member);
            }
        }
        Self { axes: self.axes.clone(), members }
    }

    /// The shared axes without the axis `name`: what groups along that axis have in common.
    #[must_use]
    pub fn without(&self, name: &str) -> Vec<Axis> {
        self.axes.iter().filter(|axis| axis.name != name).cloned().collect()
    }

    /// The shared axes but those that `varies` picks.
    #[must_use]
    pub fn others(&self, varies: &dyn Fn(&Axis) -> bool) -> Vec<Axis> {
        self.axes.iter().filter(|axis| !varies(axis)).cloned().collect()
    }

    /// Value of the axis `name` as a number, a text that reads as one included.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        let value = &self.axes.iter().find(|axis| axis.name == name)?.value;
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
    }

    /// What `measure` gives of each member; `None` where it is not known of one.
    pub fn measured(&self, measure: impl Fn(&Variant) -> Option<f64>) -> Option<Vec<f64>> {
        self.members.iter().map(|run| measure(run)).collect()
    }

    /// The mean difference of a measure from this group to `other`: over pairs of runs that share
    /// their seed, where there are two or more, else of the two means.
    ///
    /// `None` where the measure is not known of every member.
    pub fn difference(
        &self,
        other: &Self,
        measure: impl Fn(&Variant) -> Option<f64>,
    ) -> Option<Mean> {
        let (from, to) = (self.measured(&measure)?, other.measured(&measure)?);
        let mut pairs = Vec::new();
        for (run, value) in self.members.iter().zip(&from) {
            let same = |partner: &&Variant| partner.repetition() == run.repetition();
            if let Some(partner) = other.members.iter().position(same) {
                pairs.push(to[partner] - value);
            }
        }
        // A single run of each has a difference, whose uncertainty is not known.
        let alone = from.len() == 1 && to.len() == 1;
        if pairs.len() > 1 || alone { Mean::of(&pairs) } else { None }
            .or_else(|| Mean::of_difference(&from, &to))
    }
}

/// The variants gathered by all axes but those of repetition, in the order of the sweep.
#[must_use]
pub fn groups<'a>(variants: impl IntoIterator<Item = &'a Variant>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group> = Vec::new();
    for variant in variants {
        let axes: Vec<Axis> = variant.axes.iter().filter(|axis| !axis.repeats()).cloned().collect();
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
        let value = axis.shown();
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

    use serde_json::{Value, json};
    use stage::AxisValue;

    use super::*;
    use crate::axis::Varies;

    /// The path that an axis of a made-up sweep sets, by the name that tests give it.
    fn path(name: &str) -> &str {
        match name {
            "depth" | "width" | "layers" => "train.with.network.hidden",
            "decay" => "train.with.learning_rate.decay.factor",
            "noise" => "dataset.with.label_noise",
            "dimension" => "dataset.with.source.function.input_dim",
            "shuffled" => "dataset.with.shuffle_targets",
            "seed" => "seed",
            "act" => "train.with.network.activation",
            other => other,
        }
    }

    /// A variant at these axes.
    pub fn variant(axes: &[(&str, Value)], about: About) -> Variant {
        let axis = |(name, value): &(&str, Value)| {
            let sets = vec![path(name).to_owned()];
            Axis::of(&AxisValue { name: (*name).to_owned(), value: value.clone(), sets })
        };
        Variant { axes: axes.iter().map(axis).collect(), about, ..Variant::default() }
    }

    fn of(axes: &[(&str, Value)]) -> Variant {
        variant(axes, About::default())
    }

    #[test]
    fn variants_that_differ_in_the_seed_alone_are_one_group() {
        let of = |decay: f64, seed: u64| of(&[("decay", json!(decay)), ("seed", json!(seed))]);
        let variants = [of(0.5, 0), of(0.5, 1), of(1.0, 0), of(1.0, 1)];
        assert_eq!(variants[1].label(), "decay=0.5,seed=1");
        let groups = groups(&variants);
        let labels: Vec<String> = groups.iter().map(Group::label).collect();
        assert_eq!(labels, ["decay=0.5", "decay=1.0"]);
        assert!(groups.iter().all(|group| group.members.len() == 2));
        assert_eq!(groups[0].number("decay"), Some(0.5));
        assert!(groups[0].without("decay").is_empty());
        assert!(groups[0].others(&|axis| axis.varies == Varies::Decay).is_empty());
    }

    #[test]
    fn an_axis_called_seed_repeats_nothing_where_it_sets_something_else() {
        let axis = |name: &str, set: &str, value: u64| {
            let sets = vec![set.to_owned()];
            Axis::of(&AxisValue { name: name.to_owned(), value: value.into(), sets })
        };
        let at = |name: &str, set: &str, value| Variant {
            axes: vec![axis(name, set, value)],
            ..of(&[])
        };
        let widths = [at("seed", "train.with.steps", 1), at("seed", "train.with.steps", 2)];
        assert_eq!(groups(&widths).len(), 2);
        let draws = [at("draw", "seed", 1), at("draw", "seed", 2)];
        assert_eq!(groups(&draws).len(), 1);
    }

    #[test]
    fn variants_that_share_an_artifact_are_one_repetition() {
        let of = |seed: u64, source: &str| Variant {
            sources: [("x".to_owned(), PathBuf::from(source))].into(),
            ..of(&[("seed", json!(seed))])
        };
        let variants = [of(0, "a"), of(1, "a"), of(2, "b"), of(3, "b")];
        let group = &groups(&variants)[0];
        let seeds = |group: &Group| {
            group.members.iter().map(|member| member.label()).collect::<Vec<String>>()
        };
        assert_eq!(seeds(&group.each_once("x")), ["seed=0", "seed=2"]);
        assert_eq!(group.each_once("y").members.len(), 4);
    }

    #[test]
    fn an_axis_of_texts_that_read_as_numbers_has_numbers() {
        let variants = [of(&[("depth", json!("3"))]), of(&[("depth", json!("deep"))])];
        let numbers: Vec<Option<f64>> =
            groups(&variants).iter().map(|group| group.number("depth")).collect();
        assert_eq!(numbers, [Some(3.0), None]);
    }

    #[test]
    fn runs_with_the_same_seed_are_compared_in_pairs() {
        let of = |depth: u64, seed: u64, end: f64| Variant {
            rates: vec![end],
            ..variant(&[("depth", json!(depth)), ("seed", json!(seed))], About::default())
        };
        let end = |run: &Variant| run.rates.first().copied();
        // Seeds spread by 90; within a pair the difference is 10 or 12.
        let variants = [of(2, 0, 10.0), of(2, 1, 100.0), of(3, 1, 112.0), of(3, 0, 20.0)];
        let groups = groups(&variants);
        let paired = groups[0].difference(&groups[1], end).unwrap();
        assert_eq!((paired.value, paired.uncertainty, paired.count), (11.0, Some(2.0), 2));

        let others = [of(2, 0, 10.0), of(2, 1, 100.0), of(3, 7, 112.0), of(3, 8, 20.0)];
        let groups = super::groups(&others);
        let unpaired = groups[0].difference(&groups[1], end).unwrap();
        assert!((unpaired.value - 11.0).abs() < 1e-12 && unpaired.uncertainty.unwrap() > 100.0);
    }
}

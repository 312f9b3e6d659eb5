//! Which jobs go into one array, and what that array waits for.
//!
//! `afterok` on an array wants every job of it, `aftercorr` lets each job wait for the one with its own
//! index. So a job gets the index of the one that it waits for wherever it waits for one of an array.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Arrays of one class that may wait for exactly what they need; beyond, one waits for all.
const MOST_ARRAYS: usize = 64;
/// Jobs of an array that may be named one by one.
const MOST_NAMED: usize = 32;

/// A job of an array, by the number of the array and its index there.
pub(super) type Place = (String, u32);

/// A job to be submitted.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Its own name for whoever asks.
    pub job: usize,
    /// Jobs that wait or run and make what it needs.
    pub needs: BTreeSet<Place>,
}

/// Jobs to be submitted as one array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Array {
    /// Each with its index, in order.
    pub jobs: Vec<(u32, usize)>,
    pub after: Vec<After>,
}

/// What an array waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Each of its jobs for the one with the same index, to end well.
    Each(String),
    /// Every one for every job of another array, to end well.
    All(String),
    /// Every one for these jobs of another array, to end well.
    Some(String, BTreeSet<u32>),
    /// Every one for the end of another array, well or not: what it needs of it, a job sees then.
    End(String),
}

impl After {
    /// The same, be the end a good one or not.
    pub(super) fn end(&self) -> Self {
        match self {
            Self::Each(number) | Self::All(number) | Self::Some(number, _) | Self::End(number) => {
                Self::End(number.clone())
            }
        }
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Each(number) => write!(f, "aftercorr:{number}"),
            Self::All(number) => write!(f, "afterok:{number}"),
            Self::Some(number, indices) => {
                write!(f, "afterok")?;
                indices.iter().try_for_each(|index| write!(f, ":{number}_{index}"))
            }
            Self::End(number) => write!(f, "afterany:{number}"),
        }
    }
}

/// `candidates`, which ask the cluster for the same, as arrays of up to `largest` jobs. `sizes` has the
/// numbers of jobs of arrays, as far as they are known.
pub(super) fn arrays(
    candidates: &[Candidate],
    sizes: &BTreeMap<String, usize>,
    largest: usize,
) -> Vec<Array> {
    let mut groups: BTreeMap<BTreeSet<&str>, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let numbers = candidate.needs.iter().map(|(number, _)| number.as_str()).collect();
        groups.entry(numbers).or_default().push(candidate);
    }
    groups.into_values().flat_map(|group| cut(&group, sizes, largest)).collect()
}

/// The arrays of candidates that need something of the same other arrays.
fn cut(group: &[&Candidate], sizes: &BTreeMap<String, usize>, largest: usize) -> Vec<Array> {
    let mut exact: BTreeMap<&BTreeSet<Place>, Vec<usize>> = BTreeMap::new();
    for candidate in group {
        exact.entry(&candidate.needs).or_default().push(candidate.job);
    }
    let layers = layers(group, sizes);
    if let Some(layers) = layers.filter(|layers| layers.len() <= exact.len().min(MOST_ARRAYS)) {
        return layers;
    }
    if exact.len() <= MOST_ARRAYS {
        let arrays = exact.into_iter().map(|(needs, jobs)| (after_all(needs, sizes), jobs));
        return arrays.flat_map(|(after, jobs)| numbered(&jobs, &after, largest)).collect();
    }
    let numbers: BTreeSet<&String> =
        exact.keys().flat_map(|needs| needs.iter()).map(|(number, _)| number).collect();
    let after: Vec<After> = numbers.into_iter().cloned().map(After::End).collect();
    let jobs: Vec<usize> = group.iter().map(|candidate| candidate.job).collect();
    numbered(&jobs, &after, largest)
}

/// Arrays in which each job has the index of those that it waits for; `None` where that is not to
/// be had. Candidates that wait for the same go into different ones.
fn layers(group: &[&Candidate], sizes: &BTreeMap<String, usize>) -> Option<Vec<Array>> {
    let shared = group.iter().map(|candidate| candidate.needs.clone());
    let shared = shared.reduce(|one, other| &one & &other)?;
    let numbers_of = |needs: &BTreeSet<Place>| -> BTreeSet<String> {
        needs.iter().map(|(number, _)| number.clone()).collect()
    };
    let mut layers: Vec<BTreeMap<u32, usize>> = Vec::new();
    let mut own_numbers = None;
    for candidate in group {
        let own = &candidate.needs - &shared;
        let numbers = numbers_of(&own);
        let indices: BTreeSet<u32> = own.iter().map(|(_, index)| *index).collect();
        let &index = indices.first()?;
        // One job of each array, all with the same index.
        if indices.len() > 1 || numbers.len() != own.len() {
            return None;
        }
        if *own_numbers.get_or_insert_with(|| numbers.clone()) != numbers {
            return None;
        }
        match layers.iter_mut().find(|layer| !layer.contains_key(&index)) {
            Some(layer) => drop(layer.insert(index, candidate.job)),
            None => layers.push(BTreeMap::from([(index, candidate.job)])),
        }
    }
    let mut after = after_all(&shared, sizes);
    after.extend(own_numbers.unwrap_or_default().into_iter().map(After::Each));
    let array = |layer: BTreeMap<u32, usize>| Array {
        jobs: layer.into_iter().collect(),
        after: after.clone(),
    };
    Some(layers.into_iter().map(array).collect())
}

/// That all of `needs` are waited for.
fn after_all(needs: &BTreeSet<Place>, sizes: &BTreeMap<String, usize>) -> Vec<After> {
    let mut by_number: BTreeMap<&String, BTreeSet<u32>> = BTreeMap::new();
    for (number, index) in needs {
        by_number.entry(number).or_default().insert(*index);
    }
    let after = by_number.into_iter().map(|(number, indices)| {
        let number = number.clone();
        if sizes.get(&number) == Some(&indices.len()) {
            After::All(number)
        } else if indices.len() <= MOST_NAMED {
            After::Some(number, indices)
        } else {
            After::End(number)
        }
    });
    after.collect()
}

/// `jobs` with indices from 0, in as many arrays as it takes.
fn numbered(jobs: &[usize], after: &[After], largest: usize) -> Vec<Array> {
    let array = |jobs: &[usize]| Array {
        jobs: (0..).zip(jobs.iter().copied()).collect(),
        after: after.to_owned(),
    };
    jobs.chunks(largest.max(1)).map(array).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needs(elements: &[(u32, u32)]) -> BTreeSet<Place> {
        elements.iter().map(|(number, index)| (number.to_string(), *index)).collect()
    }

    /// What `all` need, as arrays: `INDICES after DEPENDENCIES`.
    fn shown(all: &[&[(u32, u32)]], sizes: &[(u32, usize)], largest: usize) -> Vec<String> {
        let candidates: Vec<Candidate> =
            (0..).zip(all).map(|(job, all)| Candidate { job, needs: needs(all) }).collect();
        let sizes = sizes.iter().map(|(number, size)| (number.to_string(), *size)).collect();
        let text = |array: Array| {
            let jobs: Vec<String> =
                array.jobs.iter().map(|(index, job)| format!("{index}={job}")).collect();
            let after: Vec<String> = array.after.iter().map(ToString::to_string).collect();
            format!("{} {}", jobs.join(" "), after.join(",")).trim_end().to_owned()
        };
        arrays(&candidates, &sizes, largest).into_iter().map(text).collect()
    }

    #[test]
    fn what_waits_for_nothing_is_cut_by_size() {
        assert_eq!(shown(&[&[], &[], &[]], &[], 2), ["0=0 1=1", "0=2"]);
    }

    #[test]
    fn each_variant_waits_for_its_own_and_all_for_what_they_share() {
        let of_dataset_and_training = [&[(1, 0), (2, 0)][..], &[(1, 0), (2, 1)], &[(1, 0), (2, 3)]];
        let found = shown(&of_dataset_and_training, &[(1, 1), (2, 4)], 1000);
        assert_eq!(found, ["0=0 1=1 3=2 afterok:1,aftercorr:2"]);
    }

    #[test]
    fn what_gathers_waits_for_all() {
        assert_eq!(
            shown(&[&[(2, 0), (2, 1), (3, 0)]], &[(2, 2), (3, 1)], 9),
            ["0=0 afterok:2,afterok:3"]
        );
        assert_eq!(shown(&[&[(2, 0), (2, 5)]], &[(2, 6)], 9), ["0=0 afterok:2_0:2_5"]);
        assert_eq!(shown(&[&[(2, 0), (2, 5)]], &[], 9), ["0=0 afterok:2_0:2_5"], "size not known");
    }

    #[test]
    fn the_fewer_arrays_are_made_where_several_wait_for_one() {
        // Two datasets of three trainings each, and three of two each.
        let two = [&[(1, 0)][..], &[(1, 0)], &[(1, 0)], &[(1, 1)], &[(1, 1)], &[(1, 1)]];
        assert_eq!(
            shown(&two, &[(1, 2)], 9),
            ["0=0 1=1 2=2 afterok:1_0", "0=3 1=4 2=5 afterok:1_1"]
        );
        let three = [&[(1, 0)][..], &[(1, 0)], &[(1, 1)], &[(1, 1)], &[(1, 2)], &[(1, 2)]];
        assert_eq!(
            shown(&three, &[(1, 3)], 9),
            ["0=0 1=2 2=4 aftercorr:1", "0=1 1=3 2=5 aftercorr:1"]
        );
    }

    #[test]
    fn what_would_need_too_many_arrays_waits_for_the_end_of_all() {
        let all: Vec<Vec<(u32, u32)>> =
            (0..100).map(|index| vec![(1, index), (2, 99 - index)]).collect();
        let all: Vec<&[(u32, u32)]> = all.iter().map(Vec::as_slice).collect();
        let found = shown(&all, &[(1, 100), (2, 100)], 1000);
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with(" afterany:1,afterany:2"), "{}", found[0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Every job is in one array, once, and waits for at least what it needs, and for nothing but
        /// the end of an array beyond that.
        #[test]
        fn no_job_is_lost_and_none_begins_too_early(
            all in prop::collection::vec(prop::collection::btree_set((0_u32..4, 0_u32..6), 0..5), 0..40),
            largest in 6_usize..50,
        ) {
            let candidates: Vec<Candidate> = all.iter().enumerate().map(|(job, all)| {
                let all: Vec<(u32, u32)> = all.iter().copied().collect();
                Candidate { job, needs: needs(&all) }
            }).collect();
            let sizes: BTreeMap<String, usize> = (0..3_u32).map(|n| (n.to_string(), 6)).collect();
            let mut seen = BTreeSet::new();
            for array in arrays(&candidates, &sizes, largest) {
                prop_assert!(array.jobs.len() <= largest);
                let indices: BTreeSet<u32> = array.jobs.iter().map(|(index, _)| *index).collect();
                prop_assert_eq!(indices.len(), array.jobs.len());
                for (index, job) in array.jobs {
                    prop_assert!(seen.insert(job));
                    let mut waited = BTreeSet::new();
                    for after in &array.after {
                        match after {
                            After::Each(number) => drop(waited.insert((number.clone(), index))),
                            After::Some(number, some) => {
                                waited.extend(some.iter().map(|index| (number.clone(), *index)));
                            }
                            After::All(number) | After::End(number) => {
                                waited.extend((0..6).map(|index| (number.clone(), index)));
                            }
                        }
                    }
                    let needed = &candidates[job].needs;
                    prop_assert!(needed.is_subset(&waited));
                    let has_end = array.after.iter().any(|after| matches!(after, After::End(_)));
                    prop_assert!(has_end || *needed == waited);
                }
            }
            prop_assert_eq!(seen.len(), candidates.len());
        }
    }
}

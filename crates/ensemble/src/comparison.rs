//! What findings are made of: networks, and the kernel predictors that go with them.

use artifact::tables::Split;

use crate::combine;
use crate::evaluation::{Measured, Score};
use crate::members::Members;
use crate::rows::{first_test, measured};
use crate::table::Predictor;

/// The test measures of a group at its last step.
#[derive(Clone, Debug)]
pub struct Compared {
    /// What its members have in common.
    pub label: String,
    /// The same without the axes that are kept apart.
    pub pool: String,
    /// M.
    pub members: u32,
    /// Of the first member.
    pub first: Option<Score>,
    /// Of each predictor; nothing without test samples.
    pub measured: Vec<Measured>,
    /// The kernel predictors that go with it.
    pub against: Vec<Against>,
}

/// A group of kernel predictors beside networks.
#[derive(Clone, Debug)]
pub struct Against {
    /// What the kernel predictors have in common.
    pub label: String,
    /// A kernel predictor by itself.
    pub kernel: Measured,
    /// The networks, with their distance to this kernel.
    pub networks: Vec<Measured>,
}

/// The measures of `predictor`.
pub fn of(all: &[Measured], predictor: Predictor) -> Option<&Measured> {
    all.iter().find(|measured| measured.predictor == predictor)
}

/// What the members of `kernel` predict of the test samples at their last step, their mean.
pub fn mean_test(kernel: &Members<'_>) -> Option<Vec<f32>> {
    Some(combine::mean(&kernel.at(kernel.last(), Split::Test)?))
}

/// Those of `kernels` that go with `networks`: no axis has two values, and they are tested on the same.
pub fn going_with<'k, 'a>(
    networks: &Members<'_>,
    kernels: &'k [Members<'a>],
) -> Vec<&'k Members<'a>> {
    let fits = |kernel: &&Members<'_>| {
        let (one, other) = (&networks.samples, &kernel.samples);
        networks.group.goes_with(&kernel.group)
            && one.outputs == other.outputs
            && one.test.asks_the_same(&other.test)
    };
    kernels.iter().filter(fits).collect()
}

/// The measures of `members` at the last step, beside those of `kernels`.
pub fn compared(members: &Members<'_>, kernels: &[&Members<'_>]) -> Compared {
    let last = members.last();
    let against = |kernel: &&Members<'_>| {
        let mean = mean_test(kernel)?;
        let of_kernel = measured(kernel, kernel.last(), Split::Test, None);
        Some(Against {
            label: kernel.group.label.clone(),
            kernel: of(&of_kernel, Predictor::One)?.clone(),
            networks: measured(members, last, Split::Test, Some(&mean)),
        })
    };
    Compared {
        label: members.group.label.clone(),
        pool: members.group.pool.clone(),
        members: members.count(),
        first: first_test(members),
        measured: measured(members, last, Split::Test, None),
        against: kernels.iter().filter_map(against).collect(),
    }
}

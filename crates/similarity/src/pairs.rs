//! Which matrices of two kernels are compared.

use artifact::tables::kernel::Reduction;
use stage::StageError;

/// Why two kernels cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What differs.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl From<Mismatch> for StageError {
    fn from(Mismatch { message, hint }: Mismatch) -> Self {
        Self::new(message).hint(hint)
    }
}

/// For each matrix of a kernel, the number of the reference's that it is compared with: its own, or the only one.
///
/// # Errors
/// Where their reductions leave other rows, or the reference has several matrices and not as many.
pub fn matching(
    (reduction, count): (Reduction, usize),
    (other, references): (Reduction, usize),
) -> Result<Vec<usize>, Mismatch> {
    let is_full = |reduction| reduction == Reduction::Full;
    if is_full(reduction) == is_full(other) && (references == 1 || references == count) {
        return Ok((0..count).map(|block| block.min(references - 1)).collect());
    }
    let shown = |reduction: Reduction, count: usize| match count {
        1 => format!("one matrix, reduced by `{}`", reduction.name()),
        count => format!("{count} matrices, reduced by `{}`", reduction.name()),
    };
    Err(Mismatch {
        message: format!(
            "the kernel has {} and the reference {}: they cannot be compared",
            shown(reduction, count),
            shown(other, references)
        ),
        hint: "make both with the same `reduction`".to_owned(),
    })
}

/// The step of the reference that goes with `step` of the kernel.
///
/// # Errors
/// Where it has none.
pub fn reference_step(step: u64, wanted: Option<u64>, known: &[u64]) -> Result<u64, StageError> {
    let found = match (wanted, known) {
        (None, &[only]) => only,
        (wanted, _) => wanted.unwrap_or(step),
    };
    if known.contains(&found) {
        return Ok(found);
    }
    Err(StageError::new(format!(
        "the reference has no kernel of step {found}, with which that of step {step} is to be compared; it has those of {known:?}"
    ))
    .hint("give `reference_step`, or make both kernels of the same checkpoints"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_matrix_has_its_own_reference_or_the_only_one() {
        use Reduction::{Full, PerOutput, Trace};
        assert_eq!(matching((PerOutput, 3), (PerOutput, 3)), Ok(vec![0, 1, 2]));
        assert_eq!(matching((PerOutput, 3), (Trace, 1)), Ok(vec![0, 0, 0]));
        assert_eq!(matching((Trace, 1), (Trace, 1)), Ok(vec![0]));
        assert_eq!(matching((Full, 1), (Full, 1)), Ok(vec![0]));
        for (own, other) in [((Trace, 1), (PerOutput, 3)), ((Full, 1), (Trace, 1))] {
            let found = matching(own, other).unwrap_err();
            assert!(found.message.ends_with("cannot be compared"), "{}", found.message);
        }
        let found = matching((Trace, 1), (PerOutput, 3)).unwrap_err().message;
        assert!(found.contains("one matrix, reduced by `trace` and the reference 3 matrices"));
    }

    #[test]
    fn a_reference_of_one_step_goes_with_every_step() {
        assert_eq!(reference_step(7, None, &[0]).unwrap(), 0);
        assert_eq!(reference_step(7, None, &[0, 7]).unwrap(), 7);
        assert_eq!(reference_step(7, Some(0), &[0, 7]).unwrap(), 0);
        assert!(reference_step(7, None, &[0, 8]).is_err());
        assert!(reference_step(7, Some(3), &[0]).is_err());
    }
}

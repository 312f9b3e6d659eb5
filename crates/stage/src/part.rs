//! Which part of its output a stage is asked for.

use serde::{Deserialize, Serialize};

use crate::Stage;
use crate::error::StageError;

/// Which part of its output a stage is asked for.
///
/// Pieces are artifacts of their own, made in any order and anywhere; the join makes of them all
/// what the whole would be, byte for byte. Only of a stage that splits ([`Stage::SPLITS`]) is
/// anything but the whole asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All of it in one go.
    #[default]
    Whole,
    /// One piece.
    Piece {
        /// Which, from 0 on.
        index: usize,
        /// How many there are.
        of: usize,
    },
    /// The whole from its finished pieces.
    Join {
        /// How many there are.
        of: usize,
    },
}

impl Part {
    /// Whether it is the whole: a request says nothing of it then.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::Whole
    }

    /// Checks that there is such a part of the output of `S`.
    ///
    /// # Errors
    /// Where `S` does not split, or there is no such piece.
    pub(crate) fn check<S: Stage>(self) -> Result<(), StageError> {
        match self {
            Self::Whole => Ok(()),
            _ if !S::SPLITS => Err(unsplit::<S>()),
            Self::Piece { of: 0, .. } | Self::Join { of: 0 } => {
                Err(StageError::new("the request is for one of 0 pieces; at least 1 is needed"))
            }
            Self::Piece { index, of } if index >= of => Err(StageError::new(format!(
                "the request is for piece {index} of {of}; the last one is {}",
                of - 1
            ))),
            Self::Piece { .. } | Self::Join { .. } => Ok(()),
        }
    }
}

/// What a stage says that makes its output in one go only.
pub(crate) fn unsplit<S: Stage + ?Sized>() -> StageError {
    StageError::new(format!(
        "the request is for a part of the output of `{}`, which is made in one go only",
        S::NAME
    ))
    .hint("ask for the whole")
}

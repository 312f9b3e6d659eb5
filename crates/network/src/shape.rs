//! Shapes of what flows between layers.

use std::fmt;

/// The shape of one sample between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Numbers without places.
    Vector(usize),
    /// Rows, columns and channels of an image, channels last.
    Image([usize; 3]),
}

impl Shape {
    /// The shape of a dataset's inputs: `[h, w, c]` where they are images, else d numbers.
    #[must_use]
    pub fn of_inputs(input_dim: usize, input_shape: Option<&[u64]>) -> Self {
        match input_shape {
            Some(&[h, w, c]) => Self::Image([h, w, c].map(|size| size as usize)),
            _ => Self::Vector(input_dim),
        }
    }

    /// Numbers of a sample; `usize::MAX` where they are more than that.
    #[must_use]
    pub fn len(self) -> usize {
        self.sizes().into_iter().fold(1, usize::saturating_mul)
    }

    /// Whether a sample has no numbers.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// `[n]` or `[h, w, c]`.
    #[must_use]
    pub fn sizes(self) -> Vec<usize> {
        match self {
            Self::Vector(n) => vec![n],
            Self::Image(sizes) => sizes.to_vec(),
        }
    }

    /// Channels of an image, all numbers of a vector: what a bias or a norm has an entry for.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Vector(n) => n,
            Self::Image([_, _, c]) => c,
        }
    }

    /// Places of an image; 1 of a vector.
    #[must_use]
    pub fn positions(self) -> usize {
        match self {
            Self::Vector(_) => 1,
            Self::Image([h, w, _]) => h.saturating_mul(w),
        }
    }
}

impl From<usize> for Shape {
    fn from(n: usize) -> Self {
        Self::Vector(n)
    }
}

impl From<[usize; 3]> for Shape {
    fn from(sizes: [usize; 3]) -> Self {
        Self::Image(sizes)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vector(n) => write!(f, "{n}"),
            Self::Image([h, w, c]) => write!(f, "{h} × {w} × {c}"),
        }
    }
}

//! What a user may set.

use artifact::Precision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::block_eigen;

/// What a user may set under `with:`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Which eigenpairs of each Gramian are found: `all`, or the `top` k. With the top k, energies
    /// are known for k up to that.
    pub eigenpairs: Pairs,
    /// How they are found. `block` is for the top k.
    pub method: Method,
    /// Arithmetic of the decomposition. The sums that decide a metric are f64 either way.
    pub precision: Arithmetic,
    /// How far an eigenvalue that `block` accepts may be off, in units of λ₁; its residual ‖Gυ − λυ‖ is
    /// half that at most. What f32 cannot reach, the full decomposition finds.
    #[schemars(range(min = 1e-13, max = 1e-2))]
    pub tolerance: f64,
    /// How many leading eigenvectors are stored. The default means all where there are fewer.
    #[schemars(range(min = 1))]
    pub eigenvectors: u32,
    /// The k for which the overlap of the leading k eigenvectors with those of the first and the
    /// previous checkpoint is measured, and the principal angles between them. The default is left
    /// out where there are fewer.
    #[schemars(inner(range(min = 1)))]
    pub overlap: Vec<u32>,
    /// Largest k of the energies on test samples. Only resolved eigenvalues are used, and never
    /// more than test samples allow. The default means all where there are fewer; 0 leaves them out.
    pub test_energies: u32,
    /// How many leading eigenvectors are resolved into frequencies, for inputs of up to three
    /// dimensions. The default means all where there are fewer; 0 leaves the table `frequency` empty.
    pub frequencies: u32,
    /// Most sinusoids that eigenvectors and target are projected on; never more than a quarter of the
    /// samples. 0 leaves the tables `frequency` and `baseline` empty.
    pub sinusoids: u32,
    /// Rows of a Gramian up to which descent with the first and the last kernel held fixed is
    /// computed. It needs all eigenpairs of these two, which are found for it under `top`; so the
    /// default is one that costs seconds. 0 leaves the table `frozen_descent` empty.
    pub frozen_descent: u32,
    /// k of the findings and of the figures over steps: the number of leading eigenvectors that count
    /// as the top of the spectrum. The default means all where there are fewer.
    #[schemars(range(min = 1))]
    pub top: u32,
}

/// Which eigenpairs are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pairs {
    /// Every one.
    #[default]
    All,
    /// The k largest.
    Top(#[schemars(range(min = 1))] u32),
}

/// How eigenpairs are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Whichever is faster for the size of the Gramian and k.
    #[default]
    Auto,
    /// A full decomposition.
    Full,
    /// Block Krylov iteration, started from the previous checkpoint's eigenvectors; every residual
    /// and the count of eigenvalues are checked, and the full decomposition takes over where either fails.
    Block,
}

/// Arithmetic of the decomposition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// That in which the Gramians are stored.
    #[default]
    Stored,
    /// 24 bits: eigenvalues to about 1e-6 λ₁.
    F32,
    /// 53 bits: twice the memory and three times the time.
    F64,
}

impl Arithmetic {
    /// The precision for Gramians that are stored in `stored`.
    pub(crate) fn of(self, stored: Precision) -> Precision {
        match self {
            Self::Stored => stored,
            Self::F32 => Precision::F32,
            Self::F64 => Precision::F64,
        }
    }
}

/// Eigenvectors that are stored where nothing else is said.
const EIGENVECTORS: u32 = 50;
/// k of the eigenspace overlap where nothing else is said.
const OVERLAP: u32 = 10;
/// Largest k of test energies where nothing else is said.
const TEST_ENERGIES: u32 = 50;
/// k of the findings where nothing else is said.
const TOP: u32 = 50;
/// Eigenvectors that are resolved into frequencies where nothing else is said.
const FREQUENCIES: u32 = 200;

impl Default for Parameters {
    fn default() -> Self {
        Self {
            eigenpairs: Pairs::default(),
            method: Method::default(),
            precision: Arithmetic::default(),
            tolerance: 1e-5,
            eigenvectors: EIGENVECTORS,
            overlap: vec![OVERLAP],
            test_energies: TEST_ENERGIES,
            frequencies: FREQUENCIES,
            sinusoids: 1024,
            frozen_descent: 2048,
            top: TOP,
        }
    }
}

/// A count that does not fit the Gramian, with the JSON Pointer of its parameter.
pub(crate) struct TooMany {
    /// JSON Pointer.
    pub at: String,
    /// What was asked for.
    pub wanted: u32,
}

impl Parameters {
    /// k of the top k, or every one of `rows`.
    pub(crate) fn pairs(&self, rows: usize) -> usize {
        match self.eigenpairs {
            Pairs::All => rows,
            Pairs::Top(k) => k as usize,
        }
    }

    /// Whether the block method is to be tried on a Gramian of `rows`.
    pub(crate) fn by_block(&self, rows: usize) -> bool {
        match (self.eigenpairs, self.method) {
            (Pairs::All, _) | (_, Method::Full) => false,
            (Pairs::Top(_), Method::Block) => true,
            (Pairs::Top(k), Method::Auto) => block_eigen::pays(rows, k as usize),
        }
    }

    /// How many eigenvectors are stored of `available`.
    pub(crate) fn stored(&self, available: usize) -> usize {
        available.min(self.eigenvectors as usize)
    }

    /// How many eigenvectors of a Gramian of `rows` later checkpoints need.
    pub(crate) fn remembered(&self, rows: usize) -> usize {
        let available = self.pairs(rows);
        // The block method starts from all that the previous checkpoint found.
        if self.by_block(rows) { available } else { self.overlaps(available).max().unwrap_or(0) }
    }

    /// The k of eigenspace overlaps of `available` eigenvectors.
    pub(crate) fn overlaps(&self, available: usize) -> impl Iterator<Item = usize> {
        self.overlap.iter().map(|&k| k as usize).filter(move |&k| k <= available)
    }

    /// Every count beyond what a Gramian of `rows` has; a default is never one.
    pub(crate) fn too_many(&self, rows: u64) -> Vec<TooMany> {
        let mut found = Vec::new();
        let mut check = |at: String, wanted: u32, available: u64, default: Option<u32>| {
            if u64::from(wanted) > available && Some(wanted) != default {
                found.push(TooMany { at, wanted });
            }
        };
        let mut available = rows;
        if let Pairs::Top(k) = self.eigenpairs {
            check("/eigenpairs/top".to_owned(), k, rows, None);
            available = available.min(u64::from(k));
        }
        check("/eigenvectors".to_owned(), self.eigenvectors, available, Some(EIGENVECTORS));
        for (i, &k) in self.overlap.iter().enumerate() {
            check(format!("/overlap/{i}"), k, available, Some(OVERLAP));
        }
        check("/test_energies".to_owned(), self.test_energies, available, Some(TEST_ENERGIES));
        check("/frequencies".to_owned(), self.frequencies, available, Some(FREQUENCIES));
        found
    }

    /// Whether `top` is asked for and leaves nothing outside of a Gramian of `rows`.
    pub(crate) fn top_is_all(&self, rows: u64) -> bool {
        self.top != TOP && u64::from(self.top) >= rows
    }
}

//! Inputs and signals of every layer, as the tiles of a reduction need them.

use std::ops::Range;

use artifact::tables::kernel::Reduction;
use network::{
    Factors as NetworkFactors, Form, LayerFactors, Network, OutputSignal, Part, Program, Rates,
    Scalar,
};

/// Rows along the side of a tile, whole registers of the products. Half of it is 5 % slower, a
/// quarter 20 %, 288 not faster; more matrices at once, though their sums leave the cache, change
/// nothing of that.
pub(crate) const SIDE: usize = 192;
/// The smallest side.
const SMALLEST: usize = 48;
/// Sides are multiples of this.
const STEP: usize = 24;
/// Tiles along the side of a matrix, where that does not make them too small: work for all threads.
const TILES: usize = 8;

/// Samples of which some go through the network together, whatever it is.
pub(crate) const TOGETHER: usize = 256;
/// Numbers that the factors of all samples have at once, where a part of a layer has not more by itself:
/// 2 GiB in f32. Fixed, since sums depend on it in their last bits.
pub(crate) const NUMBERS: f64 = (1_u64 << 29) as f64;

/// Groups of parts of a network's layers: the factors of one are in memory together, and the Gramian is
/// the sum over all.
#[must_use]
pub fn passes(program: &Program, samples: usize, reduction: Reduction) -> Vec<Vec<Part>> {
    program.factor_groups(signal(reduction), NUMBERS / samples.max(1) as f64, &Rates::MEASURED)
}

/// What is differentiated for a reduction.
pub(crate) fn signal(reduction: Reduction) -> OutputSignal {
    match reduction {
        Reduction::SummedLogit => OutputSignal::Sum,
        Reduction::Full => OutputSignal::Pairs,
        Reduction::Trace => OutputSignal::Trace,
        Reduction::PerOutput => OutputSignal::Each,
    }
}

/// H_l and B_l of some samples, arranged for one reduction.
#[derive(Clone, Debug)]
pub struct Factors<T> {
    reduction: Reduction,
    outputs: usize,
    rows: usize,
    /// All layers but a dense last one. Under `Full` one family of signals with the o rows of a sample one
    /// after the other, (n·o) × fan_out; otherwise as many as there are differentiated outputs.
    pub(super) hidden: Vec<LayerFactors<T>>,
    /// The last layer where it is dense, so that its signals are known: each output's is its unit vector.
    pub(super) last: LayerFactors<T>,
}

impl<T: Scalar> Factors<T> {
    pub(super) fn new(network: &Network<T>, x: &[T], reduction: Reduction, pass: &[Part]) -> Self {
        let NetworkFactors { rows, layers: mut hidden } =
            NetworkFactors::of_parts(network, x, signal(reduction), pass);
        let ends = network.program().ends_dense_with(pass);
        let last = if ends { hidden.pop() } else { None };
        let last = LayerFactors { signals: Vec::new(), ..last.unwrap_or_else(none) };
        Self { reduction, outputs: network.output_dim(), rows, hidden, last }
    }

    /// The reduction that they are arranged for.
    #[must_use]
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// n, the samples.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Matrices, and rows of a sample in each.
    pub(super) fn blocks(&self) -> (usize, usize) {
        self.reduction.blocks(self.outputs)
    }

    /// Families of the signals of `layer` whose products are summed into matrix `block`.
    pub(super) fn families(&self, layer: &LayerFactors<T>, block: usize) -> Range<usize> {
        match self.reduction {
            Reduction::Full | Reduction::SummedLogit => 0..1,
            Reduction::Trace => 0..layer.signals.len(),
            Reduction::PerOutput => block..block + 1,
        }
    }

    /// Σ ⟨∂f_a/∂z, ∂f_b/∂z⟩ of the last layer over the outputs that are summed into an entry;
    /// under `Full` that of two equal outputs, for different ones it is 0.
    pub(super) fn last_signals(&self) -> T {
        T::of(match self.reduction {
            Reduction::Full | Reduction::PerOutput => 1.0,
            Reduction::Trace | Reduction::SummedLogit => self.outputs as f64,
        })
    }

    /// Samples along the side of a tile.
    pub(super) fn side(&self) -> usize {
        side(self.rows, self.blocks().1)
    }
}

/// The factors of a layer that adds nothing.
fn none<T: Scalar>() -> LayerFactors<T> {
    LayerFactors {
        fan_in: 0,
        fan_out: 0,
        inputs: Vec::new(),
        signals: Vec::new(),
        weight_factor: T::zero(),
        bias_factor: T::zero(),
        form: Form::Product,
        channel_factors: Vec::new(),
    }
}

/// Those of `samples` in all that go through the network together with one of `range`: only beside
/// them are the factors of these the same to the last bit.
pub(crate) fn parts_with(range: Range<usize>, samples: usize) -> Range<usize> {
    if range.is_empty() {
        return range;
    }
    range.start / TOGETHER * TOGETHER..range.end.next_multiple_of(TOGETHER).min(samples)
}

/// Samples along the side of a tile of a matrix over `samples` samples with `cell` rows each.
pub(crate) fn side(samples: usize, cell: usize) -> usize {
    let cell = cell.max(1);
    let shared = (samples.saturating_mul(cell) / TILES).next_multiple_of(STEP);
    (shared.clamp(SMALLEST, SIDE) / cell).max(1)
}

//! Entries of the kernels.

use std::ops::Range;

use artifact::GramValue;
use kernel::Shape;
use rayon::prelude::*;
use statistics::{Bits, Dense};

use super::parameters::KernelKind;

/// Samples of a strip: rows that are computed and written together.
pub const SIDE: usize = 64;

/// The Gramians of a step.
pub fn shape(train: usize, test: usize, outputs: usize) -> Shape {
    let reduction = artifact::tables::kernel::Reduction::Trace;
    Shape { train, test, outputs, reduction, side: SIDE, test_side: SIDE }
}

/// Samples with what a kernel is made of.
#[derive(Clone, Debug)]
pub struct Coded<'a> {
    /// Their codes: all layers together, or for the paths each by itself.
    codes: Vec<Bits>,
    /// Their inputs, where the kernel needs them.
    inputs: Option<Dense<'a>>,
}

impl<'a> Coded<'a> {
    /// Samples with the codes `codes`, whose layers have the bits `places`, and their inputs.
    pub fn new(kind: KernelKind, codes: Bits, places: &[Range<usize>], inputs: Dense<'a>) -> Self {
        match kind {
            KernelKind::Match | KernelKind::Coactivation => {
                Self { codes: vec![codes], inputs: None }
            }
            KernelKind::Path => {
                let codes = places.iter().map(|place| codes.columns(place.clone())).collect();
                Self { codes, inputs: Some(inputs) }
            }
        }
    }

    /// n.
    pub fn len(&self) -> usize {
        self.codes.first().map_or(0, Bits::rows)
    }
}

/// Whole rows: of the samples `rows` of `left` with all of `right`, row-major.
///
/// Counts are whole numbers, and products of inputs the same either way, so that a kernel of samples with themselves
/// is exactly symmetric.
pub fn rows<T: GramValue>(
    kind: KernelKind,
    left: &Coded<'_>,
    rows: Range<usize>,
    right: &Coded<'_>,
) -> Vec<T> {
    rows.into_par_iter().flat_map_iter(|row| entries(kind, left, row, right)).collect()
}

fn entries<T: GramValue>(
    kind: KernelKind,
    left: &Coded<'_>,
    row: usize,
    right: &Coded<'_>,
) -> Vec<T> {
    let mut entries: Vec<f64> = match (&left.inputs, &right.inputs) {
        (Some(left), Some(right)) => right.products(left.row(row)),
        _ => vec![1.0; right.len()],
    };
    for (left, right) in left.codes.iter().zip(&right.codes) {
        let (code, w) = (left.row(row), left.bits() as f64);
        let counts = match kind {
            KernelKind::Match => right.distances(code),
            KernelKind::Coactivation | KernelKind::Path => right.overlaps(code),
        };
        for (entry, count) in entries.iter_mut().zip(counts) {
            let share = f64::from(count) / w;
            *entry *= if kind == KernelKind::Match { 1.0 - 2.0 * share } else { share };
        }
    }
    entries.into_iter().map(T::nearest).collect()
}

#[cfg(test)]
mod tests {
    use network::{Architecture, Network};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use serde_json::json;
    use statistics::Points;

    use super::*;
    use crate::code::{encode, places};
    use crate::gated::{Layers, chosen};

    fn network(hidden: &[usize]) -> Network<f32> {
        let architecture: Architecture =
            serde_json::from_value(json!({ "hidden": hidden, "activation": "relu" })).unwrap();
        Network::initialize(&architecture, 3, 2, &mut ChaCha8Rng::seed_from_u64(7)).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn kernels_are_their_formulas_written_out(
            hidden in prop::collection::vec(1_usize..6, 1..4), n in 1_usize..12, m in 0_usize..5,
        ) {
            let network = network(&hidden);
            let layers = chosen(network.program(), &Layers::default()).unwrap();
            let x: Vec<f32> = (0..(n + m) * 3).map(|i| (i as f32 * 0.9).sin()).collect();
            let (train, test) = x.split_at(n * 3);
            let places = places(&layers);
            let codes = [train, test].map(|x| encode(&network, &layers, x).unwrap().codes);
            for kind in [KernelKind::Match, KernelKind::Coactivation, KernelKind::Path] {
                let of = |index: usize| {
                    let inputs = Dense::new([train, test][index], 3);
                    Coded::new(kind, codes[index].clone(), &places, inputs)
                };
                let (own, other) = (of(0), of(1));
                let found: Vec<f64> = rows(kind, &other, 0..m, &own);
                prop_assert_eq!(found.len(), n * m);
                for (at, &found) in found.iter().enumerate() {
                    let (i, j) = (at / n, at % n);
                    let (c, d) = (codes[1].point(i), codes[0].point(j));
                    let bits = c.len() as f64;
                    let both = |place: Range<usize>| place.map(|b| c[b] * d[b]).sum::<f64>();
                    let sign = |bit: f64| 2.0 * bit - 1.0;
                    let expected = match kind {
                        KernelKind::Match => c.iter().zip(&d).map(|(c, d)| sign(*c) * sign(*d)).sum::<f64>() / bits,
                        KernelKind::Coactivation => both(0..c.len()) / bits,
                        KernelKind::Path => {
                            let product: f64 = (0..3)
                                .map(|b| f64::from(test[i * 3 + b]) * f64::from(train[j * 3 + b]))
                                .sum();
                            product * paths(&c, &d, &places)
                        }
                    };
                    prop_assert!((found - expected).abs() <= 1e-12, "{kind:?} {found} {expected}");
                }
                let square: Vec<f64> = rows(kind, &own, 0..n, &own);
                for i in 0..n {
                    for j in 0..n {
                        prop_assert_eq!(square[i * n + j].to_bits(), square[j * n + i].to_bits());
                    }
                }
            }
        }
    }

    /// The share of all paths, a unit of each layer, on which both codes are 1: one path after the other.
    fn paths(c: &[f64], d: &[f64], places: &[Range<usize>]) -> f64 {
        let Some((first, rest)) = places.split_first() else { return 1.0 };
        let of = |bit: usize| c[bit] * d[bit] * paths(c, d, rest);
        first.clone().map(of).sum::<f64>() / first.len() as f64
    }
}

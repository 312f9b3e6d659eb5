//! The linear regions of a network within a segment or a polygon, exactly.
//!
//! **What is counted.** The pattern of an input says of every unit with a bend (relu, leaky relu) whether its
//! pre-activation is above 0, and of every window of a max pool which of its numbers is largest. Inputs of one
//! pattern form a convex set, as it is cut out by linear inequalities: within it the network up to any unit
//! is one affine function, so that unit by unit each further condition is a half-space. Such a set is an activation region
//! (Hanin & Rolnick 2019, Deep ReLU Networks Have Surprisingly Few Activation Patterns), and a line or a plane meets it in a convex set.
//!
//! **How.** A cell is a convex part of the line or plane. It goes through the network step by step and carries of
//! every value the coefficients of an affine function of the cell's own coordinates, which
//! [`Network::affine_step`] pushes through what is affine. Before an activation with a bend the cell is cut along the zeros of
//! each pre-activation that has both signs on it, before a max pool where the largest number changes.
//!
//! **Why that is exact.** By induction over steps the functions are affine on each cell, so that a cut is a point or a line,
//! cells stay convex, and after a step each has one sign of every pre-activation so far. Two cells that a cut
//! has parted differ in a sign, so no pattern has two cells; cells together fill what they were cut from, so none is
//! missed. The number of cells at the end is the number of patterns, without sampling; what is neglected is narrower
//! than rounding (`ROUNDING`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use network::{Network, Op, Step, Window};
use rayon::prelude::*;

use crate::cell::{Affine, Cell, Side};

/// What rounding may make of a pre-activation, relative to the sum of the largest weight times the largest
/// input over a unit's inputs: some thousand times the precision of f64, for errors of earlier steps come in too.
/// A unit that stays within this of 0 on a cell does not cut it, so that the noise of a sum that should be 0 makes
/// no regions.
const ROUNDING: f64 = 1e-12;

/// A linear region within a segment or a polygon.
#[derive(Clone, Debug)]
pub struct Region<C> {
    /// Where it is.
    pub cell: C,
    /// The network's outputs on it, each as an affine function of the cell's coordinates.
    pub outputs: Vec<Affine>,
}

/// There are more regions than were allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// A value of the network on a cell.
struct Value {
    /// Its rows: constants, then the slopes along each coordinate, each as wide as the value.
    rows: Vec<f64>,
    /// What rounding may have made of it.
    tolerance: f64,
}

impl Value {
    fn of(rows: Vec<f64>, tolerance: f64) -> Arc<Self> {
        Arc::new(Self { rows, tolerance })
    }
}

/// Cells, each with rows that several may share.
type Parts<C> = Vec<(C, Arc<Vec<f64>>)>;

/// Number `entry` of a value of which `rows` has the coefficients, as a function.
fn function(rows: &[f64], width: usize, entry: usize) -> Affine {
    let of = |row: usize| rows.get(row * width + entry).copied().unwrap_or(0.0);
    Affine([of(0), of(1), of(2)])
}

/// The largest |number| that a value with these `rows` has at coordinates from −1 to 1.
fn magnitude(rows: &[f64], width: usize) -> f64 {
    (0..width).map(|entry| function(rows, width, entry).magnitude()).fold(0.0, f64::max)
}

/// A network and what its steps do to rounding.
pub struct Subdivision<'n> {
    network: &'n Network<f64>,
    /// Of each step the largest factor of an input, times the number of inputs of a unit.
    gains: Vec<f64>,
    most: usize,
}

impl<'n> Subdivision<'n> {
    /// The subdivisions that `network` makes, of `most` regions at most.
    #[must_use]
    pub fn new(network: &'n Network<f64>, most: usize) -> Self {
        let gains = network.program().steps.iter().map(|step| gain(network, step)).collect();
        Self { network, gains, most }
    }

    /// The regions within `cell`, in an order of their own, the same on any number of threads.
    ///
    /// `rows` has the input as an affine function of the cell's coordinates: the input at 0, then how it changes along
    /// each coordinate, d numbers each.
    ///
    /// # Errors
    /// Where there are more than the most.
    ///
    /// # Panics
    /// Where `rows` have another length, or a step is neither affine nor bent ([`crate::bends::unfit`]).
    pub fn regions<C: Cell>(&self, cell: C, rows: Vec<f64>) -> Result<Vec<Region<C>>, TooMany> {
        let d = self.network.input_dim();
        assert_eq!(rows.len(), (1 + C::COORDINATES) * d, "an input and its changes");
        let tolerance = ROUNDING * magnitude(&rows, d);
        let found = AtomicUsize::new(0);
        self.descend(0, cell, &[Value::of(rows, tolerance)], &found)
    }

    /// The regions within a cell on which `values` are known, those of the input and of all steps before `s`.
    fn descend<C: Cell>(
        &self,
        s: usize,
        cell: C,
        values: &[Arc<Value>],
        found: &AtomicUsize,
    ) -> Result<Vec<Region<C>>, TooMany> {
        let program = self.network.program();
        let Some(step) = program.steps.get(s) else {
            if found.fetch_add(1, Ordering::Relaxed) >= self.most {
                return Err(TooMany);
            }
            let last = values.last().map_or(&[][..], |value| &value.rows);
            let outputs = (0..program.outputs).map(|a| function(last, program.outputs, a));
            return Ok(vec![Region { cell, outputs: outputs.collect() }]);
        };
        let (parts, tolerance) = self.parts(s, step, cell, values)?;
        let parts: Result<Vec<Vec<Region<C>>>, TooMany> = parts
            .into_par_iter()
            .map(|(cell, rows)| {
                let value = Value::of(bent(step, &cell, rows), tolerance);
                let values: Vec<_> = values.iter().cloned().chain([value]).collect();
                self.descend(s + 1, cell, &values, found)
            })
            .collect();
        Ok(parts?.into_iter().flatten().collect())
    }

    /// The parts of a cell on which the value of step `s` is affine, with the rows before its activation, which parts
    /// share, and what rounding may make of them: a value of its own for each would fill memory before the first is used.
    fn parts<C: Cell>(
        &self,
        s: usize,
        step: &Step,
        cell: C,
        values: &[Arc<Value>],
    ) -> Result<(Parts<C>, f64), TooMany> {
        let width = step.shapes[1].len();
        let inputs: Vec<&Value> = step.inputs.iter().map(|&value| &*values[value]).collect();
        let rows: Vec<&[f64]> = inputs.iter().map(|value| value.rows.as_slice()).collect();
        let size = step.shapes[0].len();
        let largest = rows.iter().map(|rows| magnitude(rows, size)).fold(0.0, f64::max);
        let before = inputs.iter().map(|value| value.tolerance).fold(0.0, f64::max);
        let rounding = ROUNDING * largest * self.gains[s];
        // What has no weights passes on what it is given.
        let tolerance = if step.layer.is_some() { rounding } else { rounding.max(before) };
        let straight: Vec<(C, Vec<f64>)> = if let Op::MaxPool(window) = step.op {
            let parts = largest_of_windows(s, &window, cell, rows[0], before, self.most)?;
            let chosen = |places: Vec<usize>| gathered(rows[0], size, &places);
            parts.into_iter().map(|(cell, places)| (cell, chosen(places))).collect()
        } else {
            let affine = self.network.affine_step(s, &rows);
            vec![(cell, affine.expect("a step that is affine or a maximum"))]
        };
        let mut parts = Vec::new();
        for (cell, rows) in straight {
            let rows = Arc::new(rows);
            if crate::bends::slope_below(step.activation).is_none() {
                parts.push((cell, rows));
                continue;
            }
            let cells = cut(s, cell, &rows, width, tolerance, self.most)?;
            parts.extend(cells.into_iter().map(|cell| (cell, Arc::clone(&rows))));
        }
        if parts.len() > self.most { Err(TooMany) } else { Ok((parts, tolerance)) }
    }
}

/// The `rows` of a step before its activation as that leaves them on `cell`.
fn bent<C: Cell>(step: &Step, cell: &C, rows: Arc<Vec<f64>>) -> Vec<f64> {
    let mut rows = Arc::unwrap_or_clone(rows);
    if let Some(slope) = crate::bends::slope_below(step.activation) {
        let (width, centre) = (step.shapes[1].len(), cell.centre());
        for entry in 0..width {
            if function(&rows, width, entry).at(centre) <= 0.0 {
                rows.iter_mut().skip(entry).step_by(width).for_each(|of| *of *= slope);
            }
        }
    }
    rows
}

/// How much larger than an input's rounding that of a step's value may be.
fn gain(network: &Network<f64>, step: &Step) -> f64 {
    let largest = |values: &[f64]| values.iter().fold(0.0, |most: f64, of| most.max(of.abs()));
    let Some(layer) = step.layer.map(|layer| &network.layers[layer]) else { return 2.0 };
    match step.op {
        Op::Norm(norm) => {
            let factors = layer.weight.iter().zip(&layer.statistics[1]);
            factors.fold(0.0, |most: f64, (gamma, variance)| {
                most.max(gamma.abs() / (variance + norm.epsilon).sqrt())
            })
        }
        _ => largest(&layer.weight) * layer.weight_scale.abs() * layer.fan_in as f64,
    }
}

/// The numbers at `places` of each of some rows.
fn gathered(rows: &[f64], width: usize, places: &[usize]) -> Vec<f64> {
    rows.chunks_exact(width).flat_map(|row| places.iter().map(|&place| row[place])).collect()
}

/// The parts of `cell` on which every number of a value has one sign.
fn cut<C: Cell>(
    s: usize,
    cell: C,
    rows: &[f64],
    width: usize,
    tolerance: f64,
    most: usize,
) -> Result<Vec<C>, TooMany> {
    let functions = (0..width).map(|entry| function(rows, width, entry));
    // What does not cut the cell cuts none of its parts.
    let cutting: Vec<Affine> =
        functions.filter(|&f| cell.side(f, tolerance) == Side::Both).collect();
    let mut parts = vec![cell];
    for f in cutting {
        let mut cut = Vec::with_capacity(parts.len() + 1);
        for part in parts {
            if part.side(f, tolerance) == Side::Both {
                cut.extend([f, f.negated()].map(|f| part.above(f, tolerance, s)));
            } else {
                cut.push(part);
            }
        }
        if cut.len() > most {
            return Err(TooMany);
        }
        parts = cut;
    }
    Ok(parts)
}

/// The parts of `cell` on which each window has its largest number at one place, with these places; of equal numbers
/// the first counts.
fn largest_of_windows<C: Cell>(
    s: usize,
    window: &Window,
    cell: C,
    rows: &[f64],
    tolerance: f64,
    most: usize,
) -> Result<Vec<(C, Vec<usize>)>, TooMany> {
    let width = window.input.iter().product();
    let mut parts = vec![(cell, Vec::new())];
    for places in crate::bends::windows(window) {
        let mut cut = Vec::with_capacity(parts.len());
        for (cell, chosen) in parts {
            for &place in &places {
                let largest = where_largest(s, &cell, rows, width, (place, &places), tolerance);
                let with = |cell| (cell, chosen.iter().copied().chain([place]).collect());
                cut.extend(largest.map(with));
            }
        }
        if cut.len() > most {
            return Err(TooMany);
        }
        parts = cut;
    }
    Ok(parts)
}

/// The part of `cell` where the number at `place` is the largest of those at `places`; none where it is so nowhere.
fn where_largest<C: Cell>(
    s: usize,
    cell: &C,
    rows: &[f64],
    width: usize,
    (place, places): (usize, &[usize]),
    tolerance: f64,
) -> Option<C> {
    let own = function(rows, width, place);
    let mut part = cell.clone();
    for &other in places.iter().filter(|&&other| other != place) {
        let ahead = own.minus(function(rows, width, other));
        match part.side(ahead, tolerance) {
            Side::Below => return None,
            Side::On if other < place => return None,
            Side::Above | Side::On => {}
            Side::Both => part = part.above(ahead, tolerance, s),
        }
    }
    Some(part)
}

//! One tile of a Gramian: a few products of small matrices that stay in cache.

use std::sync::{Mutex, PoisonError};

pub(super) use kernel::{Place, Task};
use network::{Form, Gemm, LayerFactors, Scalar, gemm};

use super::factors::Factors;

/// The widest layer input whose product is formed while it is used: a product of two matrices as
/// thin as this costs more in calls and passes than in arithmetic.
const THIN: usize = 4;

/// Computes `tasks`, one after the other on every thread.
pub(super) fn compute<T: Scalar, S: Scalar>(
    tasks: Vec<Task<'_, S>>,
    work: impl Fn(&mut Tile<T>, &mut Task<'_, S>) + Sync,
) {
    let queue = Mutex::new(tasks.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    rayon::broadcast(|_| {
        let mut tile = Tile::new();
        while let Some(mut task) = next() {
            work(&mut tile, &mut task);
        }
    });
}

/// Buffers of one thread.
pub(super) struct Tile<T> {
    /// s_w² H Hᵀ, n × m.
    pub(super) inputs: Vec<T>,
    /// B Bᵀ, (n·r) × (m·r).
    pub(super) signals: Vec<T>,
    /// Sum over layers, one for each matrix, (n·r) × (m·r).
    pub(super) sums: Vec<Vec<T>>,
    /// One row of s_w² H Hᵀ + s_b², every entry r times.
    line: Vec<T>,
    /// H of the columns, transposed, where H is thin.
    transposed: Vec<T>,
}

impl<T: Scalar> Tile<T> {
    fn new() -> Self {
        Self {
            inputs: Vec::new(),
            signals: Vec::new(),
            sums: Vec::new(),
            line: Vec::new(),
            transposed: Vec::new(),
        }
    }

    /// Computes the entries at `place`.
    pub fn compute(&mut self, left: &Factors<T>, right: &Factors<T>, place: Place) {
        let (blocks, cell) = left.blocks();
        let entries = place.rows.1 * place.columns.1 * cell * cell;
        self.sums.resize_with(blocks, Vec::new);
        for sum in &mut self.sums {
            sum.resize(entries, T::zero());
        }
        self.last_layer(left, right, place);
        for (a, b) in left.hidden.iter().zip(&right.hidden) {
            match a.form {
                Form::Product | Form::Gradient => self.hidden_layer(a, b, place, left),
                Form::Channels => self.channels(a, b, place, left),
                Form::Positions(window) => self.positions(&window, (a, b), place, left),
            }
        }
    }

    /// Puts what was computed, of which a row has `width` entries, into `to` from `row` and `column`
    /// on, or adds it to what is there.
    pub fn store<S: Scalar>(
        &self,
        width: usize,
        (to, accumulate): (&mut [Vec<&mut [S]>], bool),
        [row, column]: [usize; 2],
    ) {
        for (sum, to) in self.sums.iter().zip(to) {
            for (sums, to) in sum.chunks_exact(width).zip(&mut to[row..]) {
                for (entry, sum) in to[column..column + width].iter_mut().zip(sums) {
                    let sum = S::of(sum.wide());
                    *entry = if accumulate { *entry + sum } else { sum };
                }
            }
        }
    }

    /// Begins the sums with the last layer, which needs no product of signals.
    fn last_layer(&mut self, left: &Factors<T>, right: &Factors<T>, place: Place) {
        let (blocks, cell) = left.blocks();
        let (a, b, scale) = (&left.last, &right.last, left.last_signals());
        let (weight, bias) = (scale * a.weight_factor, scale * a.bias_factor);
        if blocks == 1 && cell == 1 {
            self.sums[0].fill(bias);
            inputs_product(a, b, place, weight, true, &mut self.sums[0]);
            return;
        }
        let (n, m) = (place.rows.1, place.columns.1);
        self.inputs.resize(n * m, T::zero());
        inputs_product(a, b, place, weight, false, &mut self.inputs);
        for sum in &mut self.sums {
            sum.fill(T::zero());
            for (i, row) in sum.chunks_exact_mut(m * cell).enumerate() {
                // Output a of one sample meets only output a of the other.
                let entries = row.iter_mut().skip(i % cell).step_by(cell);
                for (entry, &input) in entries.zip(&self.inputs[i / cell * m..]) {
                    *entry = input + bias;
                }
            }
        }
    }

    /// Adds a layer whose signals are not known beforehand.
    fn hidden_layer(
        &mut self,
        a: &LayerFactors<T>,
        b: &LayerFactors<T>,
        place: Place,
        factors: &Factors<T>,
    ) {
        let cell = factors.blocks().1;
        let (n, m) = (place.rows.1, place.columns.1);
        if a.fan_in <= THIN {
            let columns = part(&b.inputs, place.columns, b.fan_in);
            self.transposed.clear();
            for d in 0..b.fan_in {
                self.transposed.extend(columns.iter().skip(d).step_by(b.fan_in));
            }
        } else {
            self.inputs.resize(n * m, T::zero());
            inputs_product(a, b, place, a.weight_factor, false, &mut self.inputs);
        }
        self.signals.resize(n * m * cell * cell, T::zero());
        self.line.resize(m * cell, T::zero());
        for block in 0..self.sums.len() {
            for (i, family) in factors.families(a, block).enumerate() {
                gemm(
                    Gemm::RightTransposed,
                    [n * cell, a.fan_out, m * cell],
                    T::one(),
                    part(&a.signals[family], place.rows, a.fan_out * cell),
                    part(&b.signals[family], place.columns, b.fan_out * cell),
                    i > 0,
                    &mut self.signals,
                );
            }
            for i in 0..n {
                self.fill_line(a, place.rows.0 + i, i, m, cell);
                let entries = i * m * cell * cell..(i + 1) * m * cell * cell;
                let signals = self.signals[entries.clone()].chunks_exact(m * cell);
                let sums = self.sums[block][entries].chunks_exact_mut(m * cell);
                for (sums, signals) in sums.zip(signals) {
                    for ((sum, &signal), &input) in sums.iter_mut().zip(signals).zip(&self.line) {
                        *sum += input * signal;
                    }
                }
            }
        }
    }

    /// s_w² ⟨h, h'⟩ + s_b² of `sample`, row `i` of the tile, and all m columns.
    fn fill_line(&mut self, a: &LayerFactors<T>, sample: usize, i: usize, m: usize, cell: usize) {
        let line = &mut self.line[..m];
        if a.fan_in <= THIN {
            line.fill(a.bias_factor);
            let sample = part(&a.inputs, (sample, 1), a.fan_in);
            for (&input, columns) in sample.iter().zip(self.transposed.chunks_exact(m)) {
                let scaled = a.weight_factor * input;
                for (value, &column) in line.iter_mut().zip(columns) {
                    *value += scaled * column;
                }
            }
        } else {
            for (value, &product) in line.iter_mut().zip(&self.inputs[i * m..]) {
                *value = product + a.bias_factor;
            }
        }
        if cell > 1 {
            // From the back, where nothing is overwritten that is still to be read.
            for j in (0..m).rev() {
                let value = self.line[j];
                self.line[j * cell..(j + 1) * cell].fill(value);
            }
        }
    }
}

/// `result` ← `alpha` H Hᵀ, added to what is there if `accumulate`.
fn inputs_product<T: Scalar>(
    a: &LayerFactors<T>,
    b: &LayerFactors<T>,
    place: Place,
    alpha: T,
    accumulate: bool,
    result: &mut [T],
) {
    gemm(
        Gemm::RightTransposed,
        [place.rows.1, a.fan_in, place.columns.1],
        alpha,
        part(&a.inputs, place.rows, a.fan_in),
        part(&b.inputs, place.columns, b.fan_in),
        accumulate,
        result,
    );
}

/// Rows `first..first + count` of a matrix with `width` entries in a row.
pub(super) fn part<T>(matrix: &[T], (first, count): (usize, usize), width: usize) -> &[T] {
    &matrix[first * width..(first + count) * width]
}

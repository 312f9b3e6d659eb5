//! Everything that is measured of one kernel, as rows of the tables.

use artifact::Precision;
use artifact::tables::kernel::KernelRow;
use artifact::tables::spectrum::{
    AlignmentMetric, AlignmentRow, DynamicsRow, EigenvalueRow, EigenvectorRow, EnergyRow,
    FrequencyRow, FrozenDescentRow, FrozenRates,
};
use artifact::tables::{Signal, Split};
use serde::{Deserialize, Serialize};
use stage::StageError;

use crate::columns::Columns;
use crate::eigen::Eigenpairs;
use crate::error::SpectrumError;
use crate::frequency::{self, Content};
use crate::frozen;
use crate::kernel::Block;
use crate::parameters::{Pairs, Parameters};
use crate::precision::Real;
use crate::rates::Rates;
use crate::signal::{self, Loss};
use crate::sinusoids::Sinusoids;
use crate::sources::{BySplit, Sources, made};
use crate::tables::Tables;
use crate::{
    alignment, angles, distance, dynamics, energy, fisher, nystroem, overlap, position, rank,
    resolution, sum,
};

/// How far, relatively, norms in `kernels` may be from those of the stored Gramian: more than sums in
/// f32 lose.
const NORM_DIGITS: f64 = 1e-3;

/// A kernel of an earlier checkpoint, as far as later ones are compared with it.
#[derive(Serialize, Deserialize)]
pub struct Earlier<T> {
    /// Its step.
    pub step: u64,
    /// Its leading eigenvectors.
    pub vectors: Columns<T>,
    /// How many eigenpairs are resolved.
    resolved: usize,
    frobenius: f64,
}

impl<T: Real> Earlier<T> {
    /// Keeps of a kernel what later ones are compared with.
    ///
    /// Not its Gramian, which is read again row by row: at N = 10,000 two more would be 800 MB. Of
    /// its eigenvectors, the first `remembered`.
    pub fn new(kernel: &Kernel<'_, T>, pairs: &Eigenpairs<T>, remembered: usize) -> Self {
        Self {
            step: kernel.row.step,
            vectors: pairs.vectors.leading(remembered),
            resolved: kernel.resolved(pairs),
            frobenius: kernel.frobenius_squared.sqrt(),
        }
    }
}

/// One kernel with what it is measured against.
pub struct Kernel<'a, T> {
    /// The Gramian.
    pub block: Block<T>,
    /// Its row in `kernels`.
    pub row: &'a KernelRow,
    /// ‖G‖²_F.
    pub frobenius_squared: f64,
    sources: &'a Sources,
    outputs: &'a BySplit,
}

impl<'a, T: Real> Kernel<'a, T> {
    /// Puts a Gramian beside its row and the outputs of its step.
    ///
    /// # Errors
    /// Where the row has another trace or norm than the Gramian.
    pub fn new(
        block: Block<T>,
        row: &'a KernelRow,
        sources: &'a Sources,
        outputs: &'a BySplit,
    ) -> Result<Self, SpectrumError> {
        let frobenius_squared = block.frobenius_squared();
        for (column, listed, found) in [
            ("trace", row.trace, block.trace()),
            ("frobenius_norm", row.frobenius_norm, frobenius_squared.sqrt()),
        ] {
            if (listed - found).abs() > NORM_DIGITS * found.abs() {
                return Err(SpectrumError::OtherNorm { column, listed, found });
            }
        }
        Ok(Self { block, row, frobenius_squared, sources, outputs })
    }

    /// The noise below which eigenvalues are not resolved; `largest` is λ₁.
    pub fn noise(&self, largest: f64) -> f64 {
        self.noise_of(T::PRECISION, largest)
    }

    /// How far the rounding of gradients and entries can move G, without that of a decomposition.
    fn rounding(&self, largest: f64) -> f64 {
        self.noise_of(Precision::F64, largest)
    }

    fn noise_of(&self, decomposed: Precision, largest: f64) -> f64 {
        let precisions = (made(self.row), self.stored(), decomposed);
        let frobenius = self.frobenius_squared.sqrt();
        resolution::noise_level(self.block.rows, precisions, largest, frobenius)
    }

    /// The precision of the entries: that of the table, or that in which they were read.
    fn stored(&self) -> Precision {
        if T::EPSILON > self.block.stored.epsilon() { T::PRECISION } else { self.block.stored }
    }

    /// How many of `pairs`, the leading eigenpairs, stand above the noise. Nothing that depends on
    /// the eigenvectors beyond is measured.
    pub fn resolved(&self, pairs: &Eigenpairs<T>) -> usize {
        let noise = self.noise(pairs.values[0]).max(pairs.accepted_residual);
        resolution::resolved(&pairs.values, noise)
    }

    /// Measures the kernel, of which `pairs` are the leading eigenpairs, and adds the rows.
    ///
    /// `earlier` are the first and the previous checkpoint, as far as they exist and differ;
    /// `sinusoids` those of the training samples, where there are any.
    ///
    /// # Errors
    /// Where the principal angles to an earlier checkpoint cannot be found.
    pub fn measure(
        &self,
        pairs: &Eigenpairs<T>,
        earlier: &[&Earlier<T>],
        parameters: &Parameters,
        sinusoids: Option<&Sinusoids>,
        tables: &mut Tables,
    ) -> Result<(), StageError> {
        let (known, resolved) = (pairs.values.len(), self.resolved(pairs));
        let test_energies = known.min(parameters.test_energies as usize);
        let test_count = resolved.min(test_energies);
        let stored = parameters.stored(resolved);
        let stored_test = if self.block.test_rows() > 0 { stored } else { 0 };
        let test = nystroem::extended(self.block.test(), pairs, test_count.max(stored_test));

        let contents = sinusoids.map_or_else(Vec::new, |sinusoids| {
            let count = resolved.min(parameters.frequencies as usize);
            frequency::contents(&pairs.vectors, count, self.per_sample(), sinusoids)
        });
        self.add_eigenvalues(&pairs.values, resolved, &contents, tables);
        if let Some(sinusoids) = sinusoids {
            self.add_frequencies(&contents, sinusoids, tables);
        }
        self.add_energies(Split::Train, (&pairs.vectors, resolved), known, tables);
        if self.block.test_rows() > 0 {
            let tolerance = self.block.rows as f64 * self.stored().epsilon();
            let basis = nystroem::orthonormalized(&test.leading(test_count), tolerance);
            let count = basis.count();
            self.add_energies(Split::Test, (&basis, count), test_energies, tables);
        }
        self.add_dynamics(&pairs.values, resolved, parameters, tables);
        self.add_alignment(pairs.values[0], tables);
        self.add_kernel_distances(earlier, tables)?;
        self.add_eigenspaces((&pairs.vectors, resolved), earlier, parameters, tables)?;
        self.add_eigenvectors(Split::Train, pairs.vectors.iter().take(stored), tables);
        self.add_eigenvectors(Split::Test, test.iter().take(stored_test), tables);
        Ok(())
    }

    /// Adds the losses of the descent from the outputs at `start` with this kernel held fixed.
    ///
    /// `pairs` are all its eigenpairs, `steps` those of the training run. Nothing is added where the
    /// outputs at `start` are not known.
    pub fn add_frozen_descent(
        &self,
        pairs: &Eigenpairs<T>,
        start: u64,
        rates: [(FrozenRates, &Rates); 3],
        steps: &[u64],
        tables: &mut Tables,
    ) {
        let Some(outputs) = self.sources.outputs.get(&start) else { return };
        let residual = |split| self.signal_of(Signal::Residual, split, outputs).swap_remove(0);
        let has_test = self.block.test_rows() > 0;
        let test = if has_test { residual(Split::Test) } else { Vec::new() };
        let start = frozen::Start {
            step: start,
            train: &residual(Split::Train),
            test: &test,
            samples: self.row.samples as usize,
            test_samples: self.sources.targets.test.samples(),
        };
        let kernel_step = self.row.step;
        for (rates, known) in rates {
            let losses = frozen::losses(pairs, self.block.test(), &start, known, steps);
            for (split, losses) in [(Split::Train, losses.train), (Split::Test, losses.test)] {
                let rows = steps.iter().zip(losses).map(|(&step, loss)| FrozenDescentRow {
                    kernel_step,
                    rates,
                    step,
                    split,
                    loss,
                });
                tables.frozen_descent.extend(rows);
            }
        }
    }

    fn add_eigenvalues(
        &self,
        values: &[f64],
        resolved: usize,
        contents: &[Content],
        tables: &mut Tables,
    ) {
        let samples = self.row.samples as usize;
        let fisher =
            self.sources.loss == Loss::LeastSquares && self.sources.is_whole(self.row.reduction);
        let rate = self.learning_rate().filter(|_| self.descends_linearly());
        let rows = values.iter().enumerate().map(|(i, &eigenvalue)| EigenvalueRow {
            step: self.row.step,
            output: self.row.output,
            index: number(i),
            eigenvalue,
            resolved: i < resolved,
            fisher_eigenvalue: fisher.then(|| fisher::eigenvalue(eigenvalue, samples)),
            // The sign of a noise eigenvalue would make a mode that rests one that grows.
            mode_speed: rate
                .filter(|_| i < resolved)
                .map(|rate| dynamics::mode_speed(eigenvalue, samples, rate)),
            frequency_centroid: contents.get(i).and_then(|content| content.centroid),
        });
        tables.eigenvalues.extend(rows);
    }

    fn add_frequencies(&self, contents: &[Content], sinusoids: &Sinusoids, tables: &mut Tables) {
        let directions = frequency::directions(sinusoids, self.per_sample());
        let outside = self.block.rows - directions.iter().sum::<usize>();
        for (i, content) in contents.iter().enumerate() {
            let bins = (0..).map(Some).zip(directions.iter().zip(&content.bins));
            let rest = (None, (&outside, &content.outside));
            tables.frequency.extend(bins.chain([rest]).map(
                |(radial_frequency, (&directions, &energy))| FrequencyRow {
                    step: self.row.step,
                    output: self.row.output,
                    index: number(i),
                    radial_frequency,
                    directions: directions as u32,
                    energy,
                },
            ));
        }
    }

    /// Adds rows for k = 1 … `asked`, with energies in the first `count` of `vectors`; those beyond are
    /// not resolved. A signal without energy, as a residual of zero, has none for any k.
    fn add_energies<V: Real>(
        &self,
        split: Split,
        (vectors, count): (&Columns<V>, usize),
        asked: usize,
        tables: &mut Tables,
    ) {
        let target = self.signal(Signal::Target, split);
        let of_signal = |signal: &[Vec<f64>]| energy::of_modes(vectors, count, signal);
        let residual = self.residual(split).and_then(|residual| of_signal(&residual));
        let shuffled = energy::of_modes_shuffled(vectors, count, &target, self.per_sample());
        let energies = [
            (Signal::Target, of_signal(&target)),
            (Signal::Output, of_signal(&self.signal(Signal::Output, split))),
            (Signal::Residual, residual),
            (Signal::ShuffledTarget, shuffled),
        ];
        for (signal, modes) in energies {
            let modes = modes.unwrap_or_default();
            let relative = energy::relative(&modes);
            tables.energy.extend((0..asked).map(|i| EnergyRow {
                step: self.row.step,
                output: self.row.output,
                split,
                signal,
                k: number(i),
                relative_energy: relative.get(i).copied(),
                mode_energy: modes.get(i).copied(),
            }));
        }
    }

    fn add_dynamics(
        &self,
        values: &[f64],
        resolved: usize,
        parameters: &Parameters,
        tables: &mut Tables,
    ) {
        let learning_rate = self.learning_rate();
        let first_order = self.first_order();
        let trace = self.block.trace();
        // Under `top` what needs all eigenvalues is absent, whichever way the top was found.
        let all = parameters.eigenpairs == Pairs::All;
        let stability_bound = learning_rate
            .filter(|_| self.descends_linearly())
            .map(|rate| dynamics::stability_bound(self.row.samples as usize, rate))
            // Of a rate near the smallest number it is beyond all numbers.
            .filter(|bound| bound.is_finite());
        tables.dynamics.push(DynamicsRow {
            step: self.row.step,
            output: self.row.output,
            learning_rate,
            largest_eigenvalue: values[0],
            stability_bound,
            trace,
            frobenius_norm: self.frobenius_squared.sqrt(),
            effective_rank_entropy: if all { rank::entropy(values) } else { None },
            participation_ratio: Some(rank::participation(trace, self.frobenius_squared)),
            first_order_error: first_order.map(|found| found.error),
            first_order_cosine: first_order.and_then(|found| found.cosine),
            smallest_eigenvalue: values.last().copied().filter(|_| all),
            resolved_count: Some(resolved as u32),
        });
    }

    fn add_alignment(&self, largest: f64, tables: &mut Tables) {
        let target = self.signal(Signal::Target, Split::Train);
        let (gram, per_sample) = (self.block.train(), self.per_sample());
        let plain = alignment::kernel_target(gram, self.frobenius_squared.sqrt(), &target);
        let rounding = self.rounding(largest);
        let centred = alignment::centred_kernel_target(gram, rounding, per_sample, &target);
        let residual = self.residual(Split::Train);
        let position =
            residual.and_then(|residual| position::spectral(gram, self.block.trace(), &residual));
        let metrics = [
            (AlignmentMetric::KernelTargetAlignment, plain),
            (AlignmentMetric::CentredKernelTargetAlignment, centred),
            (AlignmentMetric::SpectralPosition, position),
        ];
        let rows = metrics.map(|(metric, value)| self.alignment_row(metric, None, None, value));
        tables.alignment.extend(rows);
    }

    fn add_kernel_distances(
        &self,
        earlier: &[&Earlier<T>],
        tables: &mut Tables,
    ) -> Result<(), StageError> {
        for (i, other) in earlier.iter().enumerate() {
            let product = self.sources.product_with(other.step, &self.block)?;
            let norms = self.frobenius_squared.sqrt() * other.frobenius;
            let value = distance::from_product(product, norms);
            let (metric, step) = (AlignmentMetric::KernelDistance, Some(other.step));
            tables.alignment.push(self.alignment_row(metric, step, None, Some(value)));
            // The last is the previous checkpoint, even where that is the first.
            if i + 1 == earlier.len() {
                let velocity = distance::velocity(value, self.row.step - other.step);
                let metric = AlignmentMetric::KernelVelocity;
                tables.alignment.push(self.alignment_row(metric, step, None, Some(velocity)));
            }
        }
        Ok(())
    }

    fn add_eigenspaces(
        &self,
        (vectors, resolved): (&Columns<T>, usize),
        earlier: &[&Earlier<T>],
        parameters: &Parameters,
        tables: &mut Tables,
    ) -> Result<(), SpectrumError> {
        for other in earlier {
            for k in parameters.overlaps(vectors.count().min(other.vectors.count())) {
                let (overlap, largest, mean) = if k <= resolved.min(other.resolved) {
                    let overlap = overlap::of_leading(vectors, &other.vectors, k);
                    let angles = angles::principal(&other.vectors, vectors, k)?;
                    (Some(overlap), angles.last().copied(), Some(angles::mean(&angles)))
                } else {
                    (None, None, None)
                };
                let metrics = [
                    (AlignmentMetric::EigenspaceOverlap, overlap),
                    (AlignmentMetric::LargestPrincipalAngle, largest),
                    (AlignmentMetric::MeanPrincipalAngle, mean),
                ];
                let (step, k) = (Some(other.step), Some(k as u32));
                let rows =
                    metrics.map(|(metric, value)| self.alignment_row(metric, step, k, value));
                tables.alignment.extend(rows);
            }
        }
        Ok(())
    }

    fn add_eigenvectors<'v, V: Real + 'v>(
        &self,
        split: Split,
        vectors: impl Iterator<Item = &'v [V]>,
        tables: &mut Tables,
    ) {
        let rows = vectors.enumerate().map(|(i, vector)| EigenvectorRow {
            step: self.row.step,
            output: self.row.output,
            index: number(i),
            split,
            values: vector.iter().map(|&entry| entry.into() as f32).collect(),
        });
        tables.eigenvectors.extend(rows);
    }

    fn alignment_row(
        &self,
        metric: AlignmentMetric,
        reference_step: Option<u64>,
        k: Option<u32>,
        value: Option<f64>,
    ) -> AlignmentRow {
        let (step, output) = (self.row.step, self.row.output);
        AlignmentRow { step, output, metric, reference_step, k, value }
    }

    fn signal(&self, signal: Signal, split: Split) -> Vec<Vec<f64>> {
        self.signal_of(signal, split, self.outputs)
    }

    /// m̄, where it is more than the rounding of outputs and targets.
    fn residual(&self, split: Split) -> Option<Vec<Vec<f64>>> {
        let of = |signal| self.signal(signal, split);
        let residual = of(Signal::Residual);
        let (outputs, targets) = (of(Signal::Output), of(Signal::Target));
        let rounding = signal::residual_rounding(self.sources.loss, &outputs, &targets);
        (sum::norm_of(&residual) > rounding).then_some(residual)
    }

    fn signal_of(&self, signal: Signal, split: Split, outputs: &BySplit) -> Vec<Vec<f64>> {
        let (targets, outputs) = match split {
            Split::Train => (&self.sources.targets.train, &outputs.train),
            Split::Test => (&self.sources.targets.test, &outputs.test),
        };
        let (reduction, block) = (self.row.reduction, self.row.output);
        signal::vectors(signal, self.sources.loss, targets, outputs, reduction, block)
    }

    fn per_sample(&self) -> usize {
        self.row.reduction.blocks(self.sources.targets.train.width).1
    }

    fn learning_rate(&self) -> Option<f64> {
        let trained = self.sources.learning_rates.get(&self.row.step).copied();
        trained.or(self.row.learning_rate).filter(|&rate| rate > 0.0)
    }

    /// Whether G alone decides what an update does to the outputs: plain gradient descent, and no
    /// pair of outputs left out of G.
    fn follows_dynamics(&self) -> bool {
        self.sources.gradient_descent && self.sources.is_whole(self.row.reduction)
    }

    fn descends_linearly(&self) -> bool {
        self.sources.descends_linearly(self.row.reduction)
    }

    fn first_order(&self) -> Option<dynamics::FirstOrder> {
        let after = &self.sources.outputs.get(&(self.row.step + 1))?.train;
        let rate = self.learning_rate().filter(|_| self.follows_dynamics())?;
        let wide =
            |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        dynamics::first_order(
            (self.block.train(), self.frobenius_squared.sqrt()),
            self.stored(),
            &self.signal(Signal::Residual, Split::Train)[0],
            &wide(&self.outputs.train.values),
            &wide(&after.values),
            self.row.samples as usize,
            rate,
        )
    }
}

/// The number, from 1, of what stands at `position`, from 0.
fn number(position: usize) -> u32 {
    position as u32 + 1
}

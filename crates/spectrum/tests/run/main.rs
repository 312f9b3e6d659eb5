//! The stage from artifacts to artifact, over a linear model whose every number is known.

mod world;

use std::collections::BTreeMap;

use artifact::tables::kernel::{KernelRow, Reduction};
use artifact::tables::spectrum::{
    AlignmentMetric, AlignmentRow, BaselineRow, DynamicsRow, EigenvalueRow, EigenvectorRow,
    EnergyRow, FrequencyRow, FrozenDescentRow, FrozenRates,
};
use artifact::tables::{Signal, Split};
use artifact::{Gram, Precision, RateFrom};
use spectrum::{Arithmetic, Method, Pairs, Parameters, SpectrumStage};
use stage::{Context, Limits, Outlines, Pace, Seed, Stage};

use world::{FEATURES, Fixture, LAST, Model, OUTPUTS, RATE, REDUCTIONS, STEPS, TEST, TRAIN, small};

#[test]
fn outputs_lie_in_the_resolved_eigenvectors_under_every_reduction() {
    for reduction in REDUCTIONS {
        for precision in [Arithmetic::F32, Arithmetic::F64] {
            let fixture = Fixture::new(reduction, |_| ());
            fixture.run(&Parameters { precision, ..small() }).unwrap();
            let (blocks, per_sample) = reduction.blocks(OUTPUTS);
            let rows = TRAIN * per_sample;
            let energies = fixture.rows::<EnergyRow>();
            let last: Vec<_> = energies
                .iter()
                .filter(|row| row.split == Split::Train && row.k as usize == rows)
                .collect();
            assert_eq!(last.len(), STEPS.len() * blocks * 4, "{reduction:?}");
            // No more than the rank is resolved, and energies end there.
            assert!(last.iter().all(|row| row.relative_energy.is_none()), "{reduction:?}");
            // f lies in the span of the features, so in the resolved eigenvectors, on both splits.
            let rank = (FEATURES * per_sample) as u32;
            let is_known = |row: &EnergyRow| row.relative_energy.is_some();
            assert!(energies.iter().all(|row| row.k <= rank || !is_known(row)), "{reduction:?}");
            let of_output =
                energies.iter().filter(|row| row.signal == Signal::Output && row.k == rank);
            assert_eq!(of_output.clone().count(), STEPS.len() * blocks * 2, "{reduction:?}");
            for row in of_output {
                assert!(
                    (row.relative_energy.unwrap() - 1.0).abs() <= 1e-5,
                    "{reduction:?} {row:?}"
                );
            }
        }
    }
}

#[test]
fn eigenvalues_sum_to_the_trace_and_only_the_rank_is_resolved() {
    for reduction in REDUCTIONS {
        let fixture = Fixture::new(reduction, |_| ());
        fixture.run(&small()).unwrap();
        let eigenvalues = fixture.rows::<EigenvalueRow>();
        for row in fixture.rows::<DynamicsRow>() {
            let mine: Vec<_> = eigenvalues
                .iter()
                .filter(|value| (value.step, value.output) == (row.step, row.output))
                .collect();
            let sum: f64 = mine.iter().map(|value| value.eigenvalue).sum();
            assert!(
                (sum - row.trace).abs() <= 1e-5 * row.trace,
                "{reduction:?} {sum} {}",
                row.trace
            );
            let resolved = mine.iter().filter(|value| value.resolved).count();
            assert_eq!(resolved, FEATURES * reduction.blocks(OUTPUTS).1, "{reduction:?}");
            assert_eq!(row.resolved_count, Some(resolved as u32));
        }
    }
}

#[test]
fn the_first_order_is_exact_for_a_linear_model_and_only_where_the_kernel_is_whole() {
    for reduction in REDUCTIONS {
        let fixture = Fixture::new(reduction, |_| ());
        fixture.run(&small()).unwrap();
        let dynamics = fixture.rows::<DynamicsRow>();
        let first = &dynamics[0];
        if reduction == Reduction::Full {
            // Outputs of size 1 are stored in f32, and change by a tenth of that.
            assert!(first.first_order_error.unwrap() <= 1e-5, "{first:?}");
            assert!((first.first_order_cosine.unwrap() - 1.0).abs() <= 1e-5, "{first:?}");
            let bound = 2.0 * TRAIN as f64 / RATE;
            assert!((first.stability_bound.unwrap() - bound).abs() <= 1e-12, "{first:?}");
        } else {
            assert_eq!(first.first_order_error, None, "{reduction:?}");
            assert_eq!(first.stability_bound, None, "{reduction:?}");
        }
        let last = dynamics.last().unwrap();
        assert_eq!((last.step, last.first_order_error), (LAST, None), "no step after the last");
    }
}

#[test]
fn modes_have_the_speed_of_the_descent_and_add_up_to_the_energy() {
    for reduction in REDUCTIONS {
        let fixture = Fixture::new(reduction, |_| ());
        fixture.run(&small()).unwrap();
        for row in fixture.rows::<EigenvalueRow>() {
            let curvature = row.eigenvalue / TRAIN as f64;
            let whole = reduction == Reduction::Full;
            assert_eq!(row.fisher_eigenvalue, whole.then_some(curvature), "{reduction:?}");
            assert_eq!(row.mode_speed.is_some(), whole && row.resolved, "{reduction:?}");
            // δ λ/N < 1 for this model: a mode loses δ λ/N of itself in a step.
            if let Some(speed) = row.mode_speed {
                assert!(RATE * curvature < 1.0 && (speed - RATE * curvature).abs() <= 1e-12);
            }
        }
        let mut before = 0.0;
        for row in fixture.rows::<EnergyRow>() {
            assert_eq!(row.mode_energy.is_some(), row.relative_energy.is_some(), "{row:?}");
            let Some(relative) = row.relative_energy else { continue };
            let energy = relative - if row.k == 1 { 0.0 } else { before };
            assert!((row.mode_energy.unwrap() - energy).abs() <= 1e-12, "{row:?}");
            before = relative;
        }
    }
}

#[test]
fn descent_with_the_kernel_of_the_linear_model_is_its_own_and_with_another_is_not() {
    let expected = {
        let mut model = Model::new();
        let mut losses = Vec::new();
        for _ in 0..=LAST {
            losses.extend(
                [(Split::Train, 0..TRAIN), (Split::Test, TRAIN..TRAIN + TEST)]
                    .map(|(split, samples)| (split, model.loss(samples))),
            );
            model.descend();
        }
        losses
    };
    let listed = |from| vec![RateFrom { step: 0, learning_rate: from }];
    for (pairs, rates) in
        [(Pairs::All, None), (Pairs::Top(3), None), (Pairs::All, Some(listed(RATE)))]
    {
        let fixture = Fixture::new(Reduction::Full, |_| ());
        fixture.list_rates(rates);
        fixture.run(&Parameters { eigenpairs: pairs, ..small() }).unwrap();
        let rows = fixture.rows::<FrozenDescentRow>();
        assert_eq!(rows.len(), 3 * 2 * expected.len());
        // δ is below N/‖G‖_F here, so it is stable as it is.
        let of_rates = |rates| rows.iter().filter(move |row| row.rates == rates);
        for (run, stable) in of_rates(FrozenRates::Run).zip(of_rates(FrozenRates::Stable)) {
            assert_eq!(run, &FrozenDescentRow { rates: FrozenRates::Run, ..stable.clone() });
        }
        for &(split, step) in &[(Split::Train, 0), (Split::Train, 4), (Split::Test, 4)] {
            let of = |kernel| {
                let mine = |row: &&FrozenDescentRow| {
                    (row.kernel_step, row.split, row.step) == (kernel, split, step)
                };
                rows.iter().find(mine).unwrap().loss.unwrap()
            };
            let mut real = expected.iter().filter(|row| row.0 == split);
            let real = real.nth(step as usize).unwrap().1;
            // Outputs, kernel and eigenvectors are f32.
            assert!((of(STEPS[0]) - real).abs() <= 1e-5 * real, "{split:?} {step} {}", of(0));
            let other = (of(LAST) - real).abs();
            assert_eq!(other > 1e-3 * real, step > 0, "{split:?} {step}: {other}");
        }
    }
    let fixture = Fixture::new(Reduction::Full, |_| ());
    fixture.list_rates(Some(listed(2.0 * RATE)));
    let refused = fixture.run(&small()).unwrap_err().message;
    assert!(refused.contains("learning rate of step 0 is 0.5"), "{refused}");
}

#[test]
fn stable_rates_end_where_the_larger_of_both_kernels_would_overshoot() {
    let scaled = |gram: &mut Gram<f64>| gram.values.iter_mut().for_each(|entry| *entry *= 20.0);
    let fixture = Fixture::new(Reduction::Full, scaled);
    fixture.run(&small()).unwrap();
    let model = Model::new();
    let trained = |step| {
        let values: Vec<f64> = model.gram(Reduction::Full, step).values;
        values[..(TRAIN * OUTPUTS).pow(2)].iter().map(|g| 20.0 * g).collect::<Vec<f64>>()
    };
    let norm = |gram: &[f64]| gram.iter().map(|g| g * g).sum::<f64>().sqrt();
    let rate = TRAIN as f64 / norm(&trained(STEPS[0])).max(norm(&trained(LAST)));
    assert!(rate < RATE / 2.0);
    let residual: Vec<f64> = (0..TRAIN)
        .flat_map(|i| (0..OUTPUTS).map(move |a| (i, a)))
        .map(|(i, a)| model.outputs(i)[a] - model.targets[i][a])
        .collect();
    let rows = fixture.rows::<FrozenDescentRow>();
    for kernel_step in [STEPS[0], LAST] {
        for (rates, rate) in [(FrozenRates::Run, RATE), (FrozenRates::Stable, rate)] {
            let gram = trained(kernel_step);
            let after = gram.chunks(TRAIN * OUTPUTS).zip(&residual).map(|(row, m)| {
                let pull: f64 = row.iter().zip(&residual).map(|(g, m)| g * m).sum();
                m - rate / TRAIN as f64 * pull
            });
            let expected = after.map(|m| m * m).sum::<f64>() / (2.0 * TRAIN as f64);
            let loss = |step, split| {
                let mine = |row: &&FrozenDescentRow| {
                    (row.kernel_step, row.rates, row.step) == (kernel_step, rates, step)
                        && row.split == split
                };
                rows.iter().find(mine).unwrap().loss.unwrap()
            };
            let found = loss(1, Split::Train);
            assert!((found - expected).abs() <= 1e-5 * expected, "{rates:?} {found} {expected}");
            let falls = loss(4, Split::Train) < loss(0, Split::Train);
            assert_eq!(falls, rates == FrozenRates::Stable, "{kernel_step}");
        }
    }
}

#[test]
fn kernels_of_the_same_shape_descend_alike_once_their_traces_are_the_same() {
    // The kernel of step 0 at every step, ten times as large at the last.
    let shape = Model::new().gram(Reduction::Full, STEPS[0]);
    let grown = |gram: &mut Gram<f64>| {
        let factor = if gram.values == shape.values { 1.0 } else { 10.0 };
        gram.values = shape.values.iter().map(|entry| factor * entry).collect();
    };
    let fixture = Fixture::new(Reduction::Full, grown);
    fixture.run(&small()).unwrap();
    let rows = fixture.rows::<FrozenDescentRow>();
    let losses = |kernel, rates| {
        let mine = rows.iter().filter(move |row| (row.kernel_step, row.rates) == (kernel, rates));
        mine.map(|row| row.loss.unwrap()).collect::<Vec<f64>>()
    };
    let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * b);
    let (first, last) = (STEPS[0], LAST);
    let scaled = losses(first, FrozenRates::SameTrace);
    assert!(close(&scaled, &losses(last, FrozenRates::SameTrace)), "{scaled:?}");
    assert!(close(&scaled, &losses(last, FrozenRates::Stable)), "{scaled:?}");
    assert!(!close(&losses(first, FrozenRates::Stable), &losses(last, FrozenRates::Stable)));
}

#[test]
fn energies_of_the_shuffled_target_are_measured_on_both_splits() {
    for reduction in REDUCTIONS {
        let fixture = Fixture::new(reduction, |_| ());
        fixture.run(&small()).unwrap();
        let rows = fixture.rows::<EnergyRow>();
        for split in [Split::Train, Split::Test] {
            let of =
                |signal| rows.iter().filter(move |row| (row.split, row.signal) == (split, signal));
            let (plain, shuffled) = (of(Signal::Target), of(Signal::ShuffledTarget));
            assert!(plain.clone().count() > 0 && plain.clone().count() == shuffled.clone().count());
            let differ = plain.zip(shuffled).any(|(plain, shuffled)| {
                let energies = plain.relative_energy.zip(shuffled.relative_energy);
                energies.is_some_and(|(plain, shuffled)| (plain - shuffled).abs() > 1e-3)
            });
            assert!(differ, "{reduction:?} {split:?}");
        }
    }
}

#[test]
fn there_is_no_frozen_descent_where_the_kernel_does_not_decide_it_or_none_is_asked_for() {
    for reduction in REDUCTIONS {
        let rows = |parameters: &Parameters| {
            let fixture = Fixture::new(reduction, |_| ());
            fixture.run(parameters).unwrap();
            fixture.rows::<FrozenDescentRow>().len()
        };
        let whole = reduction == Reduction::Full;
        assert_eq!(rows(&small()) > 0, whole, "{reduction:?}");
        assert_eq!(rows(&Parameters { frozen_descent: TRAIN as u32, ..small() }), 0);
    }
}

/// Seven samples allow one sinusoid, the constant.
#[test]
fn frequencies_of_every_reduction_add_up_to_one() {
    for reduction in REDUCTIONS {
        let fixture = Fixture::new(reduction, |_| ());
        fixture.run(&small()).unwrap();
        let (blocks, per_sample) = reduction.blocks(OUTPUTS);
        let rows = fixture.rows::<FrequencyRow>();
        assert_eq!(rows.len(), STEPS.len() * blocks * FEATURES * per_sample * 2, "{reduction:?}");
        let vectors = fixture.rows::<EigenvectorRow>();
        for pair in rows.chunks(2) {
            assert_eq!((pair[0].radial_frequency, pair[1].radial_frequency), (Some(0), None));
            let directions = [pair[0].directions, pair[1].directions].map(|n| n as usize);
            assert_eq!(directions, [per_sample, (TRAIN - 1) * per_sample]);
            assert!((pair[0].energy + pair[1].energy - 1.0).abs() <= 1e-12, "{pair:?}");
            let key = (pair[0].step, pair[0].output, pair[0].index, Split::Train);
            let vector = vectors.iter().find(|v| (v.step, v.output, v.index, v.split) == key);
            // Energy of the constant: N times the squared mean, of each output.
            if let Some(vector) = vector {
                let mean = |output: usize| {
                    let part = vector.values.iter().skip(output).step_by(per_sample);
                    part.map(|&entry| f64::from(entry)).sum::<f64>() / TRAIN as f64
                };
                let constant: f64 =
                    (0..per_sample).map(|output| TRAIN as f64 * mean(output).powi(2)).sum();
                assert!((pair[0].energy - constant).abs() <= 1e-6, "{reduction:?} {constant}");
            }
        }
        let of_values = fixture.rows::<EigenvalueRow>();
        assert!(of_values.iter().all(|row| row.frequency_centroid == row.resolved.then_some(0.0)));
        let none = Parameters { sinusoids: 0, ..small() };
        fixture.run(&none).unwrap();
        assert_eq!(fixture.rows::<FrequencyRow>(), []);
        assert_eq!(fixture.rows::<BaselineRow>(), []);
        assert!(fixture.rows::<EigenvalueRow>().iter().all(|r| r.frequency_centroid.is_none()));
    }
}

#[test]
fn the_baseline_of_few_samples_is_the_mean_of_the_target() {
    let fixture = Fixture::new(Reduction::Trace, |_| ());
    fixture.run(&small()).unwrap();
    let rows = fixture.rows::<BaselineRow>();
    let keys: Vec<_> = rows.iter().map(|row| (row.split, row.output, row.k)).collect();
    assert_eq!(
        keys,
        [(Split::Train, 0, 1), (Split::Train, 1, 1), (Split::Test, 0, 1), (Split::Test, 1, 1)]
    );
    let model = Model::new();
    for row in rows {
        let samples = if row.split == Split::Train { 0..TRAIN } else { TRAIN..TRAIN + TEST };
        let count = samples.len() as f64;
        let y: Vec<f64> = samples.map(|i| model.targets[i][row.output as usize]).collect();
        let expected = y.iter().sum::<f64>().powi(2) / count / y.iter().map(|y| y * y).sum::<f64>();
        assert!((row.relative_energy - expected).abs() <= 1e-6, "{row:?} {expected}");
    }
}

#[test]
fn later_kernels_are_compared_with_the_first() {
    let fixture = Fixture::new(Reduction::Full, |_| ());
    fixture.run(&small()).unwrap();
    let rows = fixture.rows::<AlignmentRow>();
    let compared: Vec<_> =
        rows.iter().filter(|row| row.step == LAST && row.reference_step.is_some()).collect();
    let found: Vec<_> =
        compared.iter().map(|row| (row.metric, row.reference_step, row.k)).collect();
    let (first, previous) = (Some(STEPS[0]), Some(STEPS[1]));
    let mut expected = vec![
        (AlignmentMetric::KernelDistance, first, None),
        (AlignmentMetric::KernelDistance, previous, None),
        (AlignmentMetric::KernelVelocity, previous, None),
    ];
    for (step, k) in [(first, 1), (first, 3), (previous, 1), (previous, 3)] {
        expected.push((AlignmentMetric::EigenspaceOverlap, step, Some(k)));
        expected.push((AlignmentMetric::LargestPrincipalAngle, step, Some(k)));
        expected.push((AlignmentMetric::MeanPrincipalAngle, step, Some(k)));
    }
    assert_eq!(found, expected);
    let values: Vec<f64> = compared.iter().map(|row| row.value.unwrap()).collect();
    assert!(values[0] > values[1] && values[1] > 1e-4 && values[0] < 1.0, "{values:?}");
    assert!((values[2] - values[1] / (LAST - STEPS[1]) as f64).abs() <= 1e-15, "{values:?}");
    // Of one vector the angle is known from the overlap; eigenvectors are those of f32.
    assert!((values[4].cos().powi(2) - values[3]).abs() <= 1e-6, "{values:?}");
    assert_eq!(values[4].to_bits(), values[5].to_bits());
    assert!(values[7] >= values[8] && values[8] > 0.0, "{values:?}");
    for metric in [AlignmentMetric::SpectralPosition, AlignmentMetric::CentredKernelTargetAlignment]
    {
        let of_metric = rows.iter().filter(|row| row.metric == metric);
        assert_eq!(of_metric.count(), STEPS.len(), "{metric:?}");
    }
    let alignments = rows.iter().filter(|row| row.metric == AlignmentMetric::KernelTargetAlignment);
    assert_eq!(alignments.count(), STEPS.len());
}

#[test]
fn what_depends_on_eigenvectors_beyond_the_resolved_ones_is_null() {
    for (eigenpairs, method) in
        [(Pairs::All, Method::Full), (Pairs::Top(6), Method::Full), (Pairs::Top(5), Method::Block)]
    {
        for precision in [Arithmetic::F32, Arithmetic::F64] {
            let fixture = Fixture::new(Reduction::SummedLogit, |_| ());
            let overlap = vec![1, 3, 4, 5];
            let parameters =
                Parameters { eigenpairs, method, precision, eigenvectors: 5, overlap, ..small() };
            fixture.run(&parameters).unwrap();
            let case = format!("{eigenpairs:?} {method:?} {precision:?}");
            let rank = FEATURES as u32;
            let energies = fixture.rows::<EnergyRow>();
            for split in [Split::Train, Split::Test] {
                assert!(energies.iter().any(|row| row.split == split && row.k > rank), "{case}");
            }
            for row in energies {
                assert_eq!(row.relative_energy.is_some(), row.k <= rank, "{case}: {row:?}");
                assert_eq!(row.mode_energy.is_some(), row.k <= rank, "{case}: {row:?}");
            }
            for row in fixture.rows::<AlignmentRow>() {
                let is_known = row.k.is_none_or(|k| k <= rank);
                assert_eq!(row.value.is_some(), is_known, "{case}: {row:?}");
            }
            for row in fixture.rows::<EigenvalueRow>() {
                assert_eq!(row.resolved, row.index <= rank, "{case}: {row:?}");
                assert_eq!(row.frequency_centroid.is_some(), row.resolved, "{case}: {row:?}");
                assert!(row.resolved || row.mode_speed.is_none(), "{case}: {row:?}");
            }
            let vectors = fixture.rows::<EigenvectorRow>();
            assert_eq!(vectors.len(), STEPS.len() * 2 * FEATURES, "{case}");
            assert!(vectors.iter().all(|row| row.index <= rank), "{case}");
            assert!(fixture.rows::<FrequencyRow>().iter().all(|row| row.index <= rank), "{case}");
        }
    }
}

#[test]
fn a_row_whose_norm_is_not_the_gramians_is_refused() {
    for (column, change) in [
        ("trace", (|row| row.trace *= 1.01) as fn(&mut KernelRow)),
        ("frobenius_norm", |row| row.frobenius_norm *= 0.99),
    ] {
        let fixture = Fixture::new(Reduction::Full, |_| ());
        let kernel = fixture.folder.path().join("kernel");
        let mut rows: Vec<KernelRow> = artifact::read_rows(&kernel).unwrap();
        change(&mut rows[1]);
        artifact::write_rows(&kernel, &rows).unwrap();
        let refused = fixture.run(&small()).unwrap_err().message;
        let start =
            format!("at step {}: the table `kernels` gives the Gramian the `{column}`", STEPS[1]);
        assert!(refused.starts_with(&start), "{refused}");
    }
}

#[test]
fn stored_eigenvectors_have_a_positive_peak_and_reach_the_test_samples() {
    let fixture = Fixture::new(Reduction::PerOutput, |_| ());
    fixture.run(&small()).unwrap();
    let vectors = fixture.rows::<EigenvectorRow>();
    let train: Vec<_> = vectors.iter().filter(|row| row.split == Split::Train).collect();
    assert_eq!(train.len(), STEPS.len() * OUTPUTS * 3);
    for row in train {
        assert_eq!(row.values.len(), TRAIN);
        let peak =
            row.values.iter().copied().fold(0.0_f32, |a, b| if b.abs() > a.abs() { b } else { a });
        assert!(peak > 0.0, "{row:?}");
    }
    let test: Vec<_> = vectors.iter().filter(|row| row.split == Split::Test).collect();
    assert_eq!(test.len(), STEPS.len() * OUTPUTS * 3);
    assert!(test.iter().all(|row| row.values.len() == TEST));
}

#[test]
fn the_top_pairs_are_those_of_the_whole_spectrum() {
    let whole = Fixture::new(Reduction::Full, |_| ());
    whole.run(&small()).unwrap();
    for method in [Method::Full, Method::Block] {
        let top = Fixture::new(Reduction::Full, |_| ());
        top.run(&Parameters { eigenpairs: Pairs::Top(4), method, ..small() }).unwrap();
        assert_top_of(&whole, &top);
    }
}

fn assert_top_of(whole: &Fixture, top: &Fixture) {
    let all: Vec<EnergyRow> =
        whole.rows::<EnergyRow>().into_iter().filter(|row| row.k <= 4).collect();
    let leading = top.rows::<EnergyRow>();
    assert_eq!(all.len(), leading.len());
    // Pairs of equal eigenvalues may turn, so only spans can be compared: k even.
    for (a, b) in all.iter().zip(&leading).filter(|(a, _)| a.k % 2 == 0) {
        assert_eq!((a.step, a.signal, a.split, a.k), (b.step, b.signal, b.split, b.k));
        let (a_energy, b_energy) = (a.relative_energy.unwrap(), b.relative_energy.unwrap());
        assert!((a_energy - b_energy).abs() <= 1e-4, "{a:?} {b:?}");
    }
    assert_eq!(top.rows::<DynamicsRow>()[0].smallest_eigenvalue, None);
    assert_eq!(top.rows::<DynamicsRow>()[0].effective_rank_entropy, None);
}

#[test]
fn the_same_request_gives_the_same_bytes_on_any_number_of_threads() {
    let bytes = |threads: usize, (eigenpairs, method): (Pairs, Method)| {
        let fixture = Fixture::new(Reduction::Full, |_| ());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fixture.run(&Parameters { eigenpairs, method, ..small() })).unwrap();
        fixture.tables()
    };
    for way in [(Pairs::All, Method::Full), (Pairs::Top(4), Method::Block)] {
        assert_eq!(bytes(1, way), bytes(2, way));
        assert_eq!(bytes(1, way), bytes(3, way));
    }
}

#[test]
fn a_run_that_is_killed_after_any_checkpoint_goes_on_to_the_same_bytes() {
    let ways = [(Pairs::All, Method::Full), (Pairs::Top(4), Method::Block)];
    for (eigenpairs, method) in ways {
        for precision in [Arithmetic::F32, Arithmetic::F64] {
            let parameters = Parameters { eigenpairs, method, precision, ..small() };
            let whole = Fixture::new(Reduction::PerOutput, |_| ());
            whole.run(&parameters).unwrap();
            let killed = Fixture::new(Reduction::PerOutput, |_| ());
            for last in [1, 2, 2, 3, 4] {
                // A listener that panics ends the run where a kill would.
                let limits = Limits { threads: 1, memory_bytes: u64::MAX };
                let mut context = Context::new(Seed(0), limits, move |event| {
                    assert!(event.done != last, "killed");
                    assert!(last < 4 || event.done == 3, "checkpoint {} again", event.done);
                });
                context.pace = Pace::Always;
                let run = || killed.run_in(&context, &parameters).is_ok();
                let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
                assert_eq!(ended.is_ok(), last > 3, "{method:?}, {last}");
            }
            assert!(killed.tables() == whole.tables(), "{method:?}, {precision:?}");
        }
    }
}

/// Adds to each training row of one kernel an eigenvalue that f32 buries in its rounding.
fn with_small_eigenvalues(gram: &mut Gram<f64>) {
    for i in 0..TRAIN {
        gram.values[i * gram.width + i] += 1e-9 * (i + 1) as f64;
    }
}

#[test]
fn what_a_gramian_in_f64_resolves_f32_buries() {
    let run = |precision, arithmetic| {
        let fixture = Fixture::stored(precision, Reduction::Trace, with_small_eigenvalues);
        fixture.run(&Parameters { precision: arithmetic, ..small() }).unwrap();
        let dynamics = fixture.rows::<DynamicsRow>();
        let counts: Vec<_> = dynamics.iter().filter_map(|row| row.resolved_count).collect();
        let energies = fixture.rows::<EnergyRow>();
        let known = energies.iter().filter(|row| row.relative_energy.is_some());
        let most = known.map(|row| row.k).max();
        let eigenvalues = fixture.rows::<EigenvalueRow>();
        let smallest = eigenvalues.iter().map(|row| row.eigenvalue).fold(f64::INFINITY, f64::min);
        assert_eq!(counts.len(), STEPS.len());
        (counts[0], most, smallest)
    };
    let (all, rank) = (TRAIN as u32, FEATURES as u32);
    let (count, most, smallest) = run(Precision::F64, Arithmetic::Stored);
    assert_eq!((count, most), (all, Some(all)));
    assert!(smallest > 1e-9 && smallest < 1e-9 * TRAIN as f64, "{smallest}");
    for (stored, arithmetic) in [
        (Precision::F32, Arithmetic::Stored),
        (Precision::F32, Arithmetic::F64),
        (Precision::F64, Arithmetic::F32),
    ] {
        let (count, most, _) = run(stored, arithmetic);
        assert_eq!((count, most), (rank, Some(rank)), "{stored:?}, {arithmetic:?}");
    }
}

#[test]
fn a_kernel_that_is_all_but_constant_has_no_centred_alignment() {
    // Inputs near 0 make G a constant, up to what f32 rounds away.
    let constant = |gram: &mut Gram<f64>| {
        let size = gram.values.len();
        for (i, value) in gram.values.iter_mut().enumerate() {
            *value = 1.0 + 1e-7 * (i as f64 / size as f64);
        }
        // Symmetric over the training rows.
        for i in 0..TRAIN {
            for j in 0..i {
                gram.values[i * gram.width + j] = gram.values[j * gram.width + i];
            }
        }
    };
    let fixture = Fixture::new(Reduction::Trace, constant);
    fixture.run(&Parameters { overlap: vec![1], eigenvectors: 1, ..small() }).unwrap();
    let rows = fixture.rows::<AlignmentRow>();
    let known = |metric| {
        let mut of_metric = rows.iter().filter(|row| row.metric == metric).peekable();
        assert!(of_metric.peek().is_some(), "{metric:?}");
        of_metric.any(|row| row.value.is_some())
    };
    assert!(known(AlignmentMetric::KernelTargetAlignment));
    assert!(!known(AlignmentMetric::CentredKernelTargetAlignment));
}

#[test]
fn norms_of_another_kernel_are_refused() {
    let fixture = Fixture::new(Reduction::Trace, |_| ());
    let directory = fixture.folder.path().join("kernel");
    let mut kernels: Vec<KernelRow> = artifact::read_rows(&directory).unwrap();
    kernels[1].trace *= 1.01;
    artifact::write_rows(&directory, &kernels).unwrap();
    let message = fixture.run(&small()).unwrap_err().message;
    let step = STEPS[1];
    assert!(message.starts_with(&format!("at step {step}: ")), "{message}");
    assert!(message.contains("trace"), "{message}");
}

#[test]
fn a_matrix_that_is_no_gramian_is_refused_with_its_step() {
    let refused = |change: fn(&mut Gram<f64>)| {
        Fixture::new(Reduction::Trace, change).run(&small()).unwrap_err().message
    };
    let asymmetric = refused(|gram| gram.values[1] += 1.0);
    assert!(asymmetric.starts_with("at step 0: the Gramian is not symmetric"), "{asymmetric}");
    let zero = refused(|gram| gram.values.fill(0.0));
    assert!(zero.contains("at step 0: the Gramian has no positive eigenvalue"), "{zero}");
    let indefinite = refused(|gram| gram.values[TRAIN + 1] -= 10.0);
    assert!(indefinite.contains("not positive semidefinite"), "{indefinite}");
}

#[test]
fn counts_beyond_the_gramian_are_problems_at_their_parameters() {
    let fixture = Fixture::new(Reduction::Trace, |_| ());
    let parameters = Parameters {
        eigenpairs: Pairs::Top(8),
        eigenvectors: 9,
        overlap: vec![2, 2, 12],
        ..Parameters::default()
    };
    let outlines =
        Outlines::from(BTreeMap::from([("kernel".to_owned(), vec![fixture.outline.clone()])]));
    let limits = Limits { threads: 1, memory_bytes: 1 << 30 };
    let at = |parameters: &Parameters, limits: &Limits| -> Vec<String> {
        SpectrumStage::plan(parameters, &outlines, limits)
            .problems
            .into_iter()
            .map(|p| p.at)
            .collect()
    };
    assert_eq!(
        at(&parameters, &limits),
        ["/overlap/1", "/eigenpairs/top", "/eigenvectors", "/overlap/2"]
    );
    assert_eq!(at(&Parameters::default(), &limits), [""; 0], "defaults fit any Gramian");
    let tight = Limits { threads: 1, memory_bytes: 100 };
    assert_eq!(at(&Parameters::default(), &tight), [""], "memory");
    let message = fixture.run(&parameters).unwrap_err().message;
    assert!(message.contains("the top 8") || message.contains("7 rows"), "{message}");
}

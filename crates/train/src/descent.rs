//! The training loop.

use std::path::Path;

use network::Network;
use stage::{Context, Resume, StageError};

use crate::batches::Shown;
use crate::data::{Data, Samples};
use crate::divergence::{Divergence, significant};
use crate::evaluation::{Evaluation, Splits};
use crate::parameters::Parameters;
use crate::plan;
use crate::recorder::{Measured, Recorder};
use crate::saved::{self, State};
use crate::sharpness::SharpnessMeter;
use crate::trainer::Trainer;

/// Trains `network` on `data` and writes history, checkpoints and outputs into `output`.
///
/// # Errors
/// Where the run diverges or a table cannot be written.
pub(crate) fn descend(
    parameters: &Parameters,
    data: &Data,
    network: Network<f32>,
    output: &Path,
    context: &Context,
) -> Result<(), StageError> {
    let Parameters { optimizer, steps, .. } = parameters;
    let mut shown = Shown::new(&data.train, *optimizer, context.seed);

    // Updates see `shown.rows` rows a step; whole splits are looked at by networks of their size.
    let (engine, loss) = (parameters.engine, parameters.loss);
    let checkpoints = parameters.checkpoints.steps(*steps);
    let mut resume = Resume::of(output, context.pace);
    let start = saved::start(&mut resume, network, &checkpoints, output);
    let (network, mut last_checkpoint) = (start.network, start.checkpoint);
    // L(θ₀) over the whole split, known once step 0 is recorded.
    let mut first_loss = start.first_loss;
    let mut recorder = Recorder::new(start.rows, data, loss, output)
        .presenting(parameters.presentations, start.exact_events);
    let mut trainer = Trainer::new(&network, shown.rows, engine, loss, *optimizer)
        .regularized(*optimizer, parameters.weight_decay, parameters.clip_norm)
        .with_rest(shown.rest());
    if start.step > 0 {
        trainer.restore(start.step, &start.moments)?;
    }
    let splits = Splits::new(&network, data, shown.is_part());

    let meter = parameters.sharpness.map(|settings| {
        SharpnessMeter::new(settings, loss, network.parameter_count(), context.seed)
    });
    for step in start.step..=*steps {
        // No update leaves the last step: it keeps the rate that led there.
        let rate = parameters.learning_rate.at(step.min(*steps - 1), *steps);
        let (samples, x, y) = shown.at(step);
        let forward = trainer.forward(x, y)?;
        let loss_value = forward.loss;
        if !(loss_value.is_finite()
            && loss_value <= first_loss.max(f64::MIN_POSITIVE) * parameters.divergence_factor)
        {
            let learning_rate = parameters.learning_rate.at(step.saturating_sub(1), *steps);
            let (at, network) = (last_checkpoint.0, &last_checkpoint.1);
            let divergence =
                Divergence { step, loss: loss_value, learning_rate, checkpoint: (at, network) };
            let diverged = diverged(&divergence, parameters, data, recorder, &trainer.network());
            resume.forget()?;
            return Err(diverged?);
        }

        let checkpoint = checkpoints.binary_search(&step).is_ok();
        let after = parameters.checkpoints.step_after
            && step > 0
            && checkpoints.binary_search(&(step - 1)).is_ok();
        let sharpness_due = checkpoint || parameters.sharpness.is_some_and(|s| s.is_due(step));
        let recorded = sharpness_due || step % parameters.history_every == 0;
        if recorded || after || recorder.looks_at_all() {
            let present = trainer.network();
            let settled = splits.settled(&present, data);
            let network = settled.as_ref().unwrap_or(&present);
            let train = splits.train(network, data, &forward.outputs);
            recorder.look(step, &train);
            let test = if recorded || after { splits.test(network, data) } else { Vec::new() };
            let measured = Measured { step, learning_rate: rate, train: &train, test: &test };
            if recorded {
                let train_loss = recorder.history(&measured);
                if step == 0 {
                    first_loss = train_loss;
                }
                if let Some(meter) = meter.as_ref().filter(|_| sharpness_due) {
                    recorder.sharpness(meter.sharpness(network, &data.train, &train));
                }
            }
            if checkpoint || after {
                recorder.outputs(&measured);
            }
            if checkpoint {
                recorder.checkpoint(step, network)?;
                last_checkpoint = (step, network.clone());
            }
        }
        context.progress(step, *steps, "step", || {
            format!("loss {loss_value:.3e}, rate {}", significant(rate))
        });
        if step == *steps {
            break;
        }

        recorder.presentations(step, samples, &forward.outputs);
        let gradients = forward.backward()?;
        if recorded {
            let before = trainer.network().clone();
            let gradient_norm = trainer.norm_of(&gradients);
            trainer.update(gradients, rate)?;
            recorder.norms(gradient_norm, distance(&trainer.network(), &before));
        } else {
            trainer.update(gradients, rate)?;
        }
        if resume.is_due(checkpoint) {
            let moments = trainer.moments()?;
            let (network, exact) = (trainer.network(), recorder.exact_events());
            let state =
                State::new(step + 1, &network, moments, first_loss, &last_checkpoint, exact);
            resume.save(&state, &recorder.unsaved(), &[])?;
        }
    }
    recorder.finish()?;
    resume.forget()
}

/// The error of a run that diverged and has led to `network`; what was recorded until then is written
/// and kept.
fn diverged(
    divergence: &Divergence,
    parameters: &Parameters,
    data: &Data,
    mut recorder: Recorder,
    network: &Network<f32>,
) -> Result<StageError, StageError> {
    let (step, steps) = (divergence.step, parameters.steps);
    let error = divergence.error(parameters.loss, parameters.optimizer, data);
    if step == 0 {
        return Ok(error);
    }
    let outputs = |samples: &Samples| match samples.rows {
        0 => Vec::new(),
        rows => Evaluation::new(network, rows).outputs(network, &samples.x),
    };
    let (train, test) = (outputs(&data.train), outputs(&data.test));
    let learning_rate = parameters.learning_rate.at(step.min(steps - 1), steps);
    let last = recorder.last(&Measured { step, learning_rate, train: &train, test: &test });
    recorder.finish()?;
    let last = (last, divergence.checkpoint.0);
    Ok(error.keeping(plan::cut_short(parameters, &data.outline(), last)))
}

/// ‖θ − θ'‖₂ between two networks of one architecture.
fn distance(network: &Network<f32>, other: &Network<f32>) -> f64 {
    let squares = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>()
    };
    let tensors = network.tensors().zip(other.tensors());
    tensors.map(|((.., a), (.., b))| squares(a, b)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use artifact::tables::Split;
    use artifact::tables::training::{
        CheckpointRow, ExactEventsRow, HistoryRow, OutputRow, PresentationRow,
    };
    use artifact::{read_rows, read_step};
    use network::{Activation, Architecture, Initialization};
    use stage::Limits;
    use tempfile::TempDir;

    use super::*;
    use crate::batches::Batches;
    use crate::checkpoints::Checkpoints;
    use crate::loss::Loss;
    use crate::optimizer::{Adam, LastBatch, Optimizer, Sgd};
    use crate::parameters::Engine;
    use crate::presentations::Presentations;
    use crate::schedule::LearningRate;
    use crate::sharpness::Sharpness;
    use crate::start;
    use crate::weight_decay::{PerLayer, WeightDecay};

    fn parameters(activation: Activation, optimizer: Optimizer, rate: f64) -> Parameters {
        Parameters {
            network: Architecture::fully_connected(
                vec![24, 16],
                activation,
                Initialization::Glorot,
            ),
            loss: Loss::LeastSquares,
            optimizer,
            learning_rate: LearningRate {
                initial: rate,
                decay: None,
                exponential: None,
                cosine: None,
                listed: None,
            },
            weight_decay: None,
            clip_norm: None,
            steps: 100,
            checkpoints: Checkpoints { at: vec![40], ..Checkpoints::default() },
            history_every: 10,
            sharpness: None,
            presentations: None,
            divergence_factor: 1e4,
            engine: Engine::Fused,
        }
    }

    fn samples(rows: usize, outputs: usize) -> Samples {
        let x: Vec<f32> = (0..2 * rows).map(|i| (i as f32 * 0.37).sin()).collect();
        let y =
            (0..rows * outputs).map(|i| (x[i / outputs * 2] * 3.0 + (i % outputs) as f32).cos());
        Samples { y: y.collect(), labels: Vec::new(), rows, x }
    }

    fn data(outputs: usize) -> Data {
        let (train, test) = (samples(60, outputs), samples(7, outputs));
        Data { input_dim: 2, input_shape: None, output_dim: outputs, train, test }
    }

    /// Descends from drawn parameters.
    fn from_start(
        parameters: &Parameters,
        data: &Data,
        output: &Path,
        context: &Context,
    ) -> Result<(), StageError> {
        let network = start::drawn(&parameters.network, data, context.seed)?;
        descend(parameters, data, network, output, context)
    }

    fn train(parameters: &Parameters, data: &Data, threads: usize) -> Result<TempDir, StageError> {
        let folder = TempDir::new().expect("a folder");
        let limits = Limits { threads, memory_bytes: 1 << 30 };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let context = Context::silent(11, limits);
        pool.install(|| from_start(parameters, data, folder.path(), &context))?;
        Ok(folder)
    }

    fn last_parameters(folder: &TempDir) -> Vec<f32> {
        let rows: Vec<CheckpointRow> = read_step(folder.path(), 100).expect("the last checkpoint");
        rows.into_iter().flat_map(|row| row.values).collect()
    }

    #[test]
    fn the_fused_network_trains_as_dfdx_does() {
        let sgd = Optimizer::Sgd(Sgd {
            batch: Some(16),
            momentum: 0.9,
            nesterov: true,
            last_batch: LastBatch::Drop,
        });
        let adam = Optimizer::Adam(Adam {
            batch: None,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            last_batch: LastBatch::Drop,
        });
        let smooth = [
            Activation::Tanh,
            Activation::Sigmoid,
            Activation::Softplus,
            Activation::Sine,
            Activation::Linear,
            Activation::Relu,
            Activation::LeakyRelu(0.01),
        ];
        let mut cases: Vec<(Activation, Optimizer, f64, Initialization, usize)> = smooth
            .map(|a| (a, Optimizer::GradientDescent, 0.05, Initialization::Glorot, 1))
            .to_vec();
        let ntk = Initialization::Ntk { weight_std: 1.2, bias_std: 0.5 };
        cases.push((Activation::Tanh, Optimizer::GradientDescent, 0.05, ntk, 3));
        cases.push((Activation::Tanh, sgd, 0.01, Initialization::Lecun, 2));
        cases.push((Activation::Tanh, adam, 0.001, Initialization::He, 1));
        for (activation, optimizer, rate, init, outputs) in cases {
            for loss in [Loss::LeastSquares, Loss::CrossEntropy] {
                if loss == Loss::CrossEntropy && outputs == 1 {
                    continue;
                }
                let mut fused = parameters(activation, optimizer, rate);
                (fused.network.init, fused.loss) = (init, loss);
                let plain = Parameters { engine: Engine::Dfdx, ..fused.clone() };
                let mut data = data(outputs);
                if loss == Loss::CrossEntropy {
                    // Targets of this loss are probabilities.
                    let rows = data.train.x.chunks(2).map(|x| usize::from(x[0] > 0.0));
                    data.train.y = rows
                        .flat_map(|class| {
                            (0..outputs).map(move |a| f32::from(u8::from(a == class)))
                        })
                        .collect();
                }
                let ours = last_parameters(&train(&fused, &data, 2).expect("trains"));
                let theirs = last_parameters(&train(&plain, &data, 2).expect("trains"));
                let largest = theirs.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
                for (a, b) in ours.iter().zip(&theirs) {
                    let close = a.is_finite() && (a - b).abs() <= 1e-5 * largest;
                    assert!(close, "{activation:?} {optimizer:?}: {a} against {b}");
                }
            }
        }
    }

    #[test]
    fn a_run_has_the_same_bytes_on_any_number_of_threads() {
        let parameters = parameters(Activation::Tanh, Optimizer::GradientDescent, 0.1);
        let bits = |threads| {
            let folder = train(&parameters, &data(1), threads).expect("trains");
            std::fs::read(folder.path().join("outputs.parquet")).expect("the table")
        };
        assert_eq!(bits(1), bits(3));
    }

    /// Every file of the output but what only a later run reads, by name.
    fn tables(output: &Path) -> Vec<(String, Vec<u8>)> {
        let checkpoints = output.join("checkpoints");
        let mut files: Vec<_> = [output, &checkpoints]
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).expect("a folder"))
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_file())
            .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a file")))
            .map(|(path, bytes)| (path.replace(&output.display().to_string(), ""), bytes))
            .collect();
        files.sort();
        files
    }

    /// A network of layers with a batch norm, whose parameters decay and whose gradients are clipped.
    fn of_images(optimizer: Optimizer, rate: f64) -> Parameters {
        let layers = serde_json::json!([
            { "conv": { "channels": 4, "kernel": 1 } }, { "batch_norm": {} }, "tanh",
            { "residual": [{ "conv": { "channels": 4, "kernel": 1 } }, "relu"] }, "flatten", { "dense": 1 }
        ]);
        let network = Architecture {
            layers: serde_json::from_value(layers).expect("layers"),
            ..Architecture::default()
        };
        let weight_decay = Some(WeightDecay { l2: 0.01, per_layer: PerLayer::Ntk });
        let clip_norm = Some(0.5);
        Parameters {
            network,
            weight_decay,
            clip_norm,
            ..parameters(Activation::Tanh, optimizer, rate)
        }
    }

    #[test]
    fn a_batch_norm_is_recorded_with_the_statistics_of_the_whole_split() {
        let parameters = of_images(Optimizer::GradientDescent, 0.1);
        let data = Data { input_shape: Some(vec![1, 2, 1]), ..data(1) };
        let folder = train(&parameters, &data, 2).expect("trains");
        let rows: Vec<CheckpointRow> = read_step(folder.path(), 100).expect("the last checkpoint");
        let find = |name: &str| rows.iter().find(|row| row.parameter == name).expect("a tensor");
        let (mean, variance) = (find("layers.1.mean"), find("layers.1.variance"));
        let (weight, bias) = (&find("layers.0.weight").values, &find("layers.0.bias").values);
        // The convolution of kernel 1 is a line through every number.
        let count = data.train.x.len() as f64;
        for channel in 0..4 {
            let z = |x: &f32| f64::from(x * weight[channel] + bias[channel]);
            let expected = data.train.x.iter().map(z).sum::<f64>() / count;
            let squares = data.train.x.iter().map(|x| (z(x) - expected).powi(2)).sum::<f64>();
            let near = |found: f32, expected: f64| (f64::from(found) - expected).abs() <= 1e-5;
            assert!(near(mean.values[channel], expected));
            assert!(near(variance.values[channel], squares / count));
        }
        // Full-batch updates normalize with the same: their loss is the one that is recorded.
        let history: Vec<HistoryRow> = read_rows(folder.path()).expect("reads");
        assert!(history[10].train_loss < history[0].train_loss);
        let bits = |threads| {
            let folder = train(&parameters, &data, threads).expect("trains");
            std::fs::read(folder.path().join("outputs.parquet")).expect("the table")
        };
        assert_eq!(bits(1), bits(3));
    }

    #[test]
    fn a_run_that_is_killed_at_any_step_goes_on_bit_for_bit() {
        let sgd = Optimizer::Sgd(Sgd {
            batch: Some(16),
            momentum: 0.9,
            nesterov: true,
            last_batch: LastBatch::Drop,
        });
        let adam = Optimizer::Adam(Adam {
            batch: Some(16),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            last_batch: LastBatch::Drop,
        });
        let dense = [(Optimizer::GradientDescent, 0.1), (sgd, 0.01), (adam, 0.003)]
            .map(|(optimizer, rate)| (parameters(Activation::Tanh, optimizer, rate), None));
        let images = [(sgd, 0.01), (Optimizer::GradientDescent, 0.1)]
            .map(|(optimizer, rate)| (of_images(optimizer, rate), Some(vec![1, 2, 1])));
        let unlabelled = dense.into_iter().chain(images);
        let unlabelled = unlabelled
            .map(|(parameters, input_shape)| (parameters, Data { input_shape, ..data(1) }));
        let presenting = [Optimizer::GradientDescent, sgd_keep(16, 0.9)].map(|optimizer| {
            (presenting(parameters(Activation::Tanh, optimizer, 0.05)), labelled())
        });
        for (mut parameters, data) in unlabelled.chain(presenting) {
            let optimizer = parameters.optimizer;
            parameters.sharpness =
                Some(Sharpness { every: Some(30), tolerance: 1e-2, most_products: 50 });
            let whole = train(&parameters, &data, 1).expect("trains");
            let folder = TempDir::new().expect("a folder");
            let limits = Limits { threads: 1, memory_bytes: 1 << 30 };
            let mut reached = 0;
            for last in [0, 1, 2, 40, 41, 42, 77, 77, 99, 100, 200] {
                // A listener that panics ends the run where a kill would.
                let mut is_first = true;
                let mut context = Context::new(stage::Seed(11), limits, move |event| {
                    assert!(!is_first || event.done == reached, "starts at {}", event.done);
                    assert!(event.done != last, "killed");
                    is_first = false;
                });
                context.pace = stage::Pace::Always;
                let run = || from_start(&parameters, &data, folder.path(), &context);
                let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
                assert_eq!(ended.is_ok(), last > 100, "{optimizer:?}, {last}");
                reached = last;
            }
            assert!(tables(folder.path()) == tables(whole.path()), "{optimizer:?}");
        }
    }

    /// 60 samples of three classes, some of them with a label that is hard to learn.
    fn labelled() -> Data {
        let mut data = data(3);
        for samples in [&mut data.train, &mut data.test] {
            let classes = (0..).zip(samples.x.chunks(2));
            samples.labels = classes
                .map(|(i, x)| if i % 5 == 0 { i / 5 % 3 } else { u32::from(x[0] > 0.0) })
                .collect();
            let labels = samples.labels.iter();
            samples.y = labels
                .flat_map(|&label| (0..3).map(move |a| f32::from(u8::from(a == label))))
                .collect();
        }
        data
    }

    fn sgd_keep(batch: usize, momentum: f64) -> Optimizer {
        let last_batch = LastBatch::Keep;
        Optimizer::Sgd(Sgd { batch: Some(batch), last_batch, momentum, nesterov: false })
    }

    /// `parameters` that record all presentations, and checkpoints at every step.
    fn presenting(parameters: Parameters) -> Parameters {
        Parameters {
            loss: Loss::CrossEntropy,
            presentations: Some(Presentations { exact: true }),
            checkpoints: Checkpoints { every: Some(1), ..Checkpoints::default() },
            ..parameters
        }
    }

    /// Outputs on the training split, of which those of step t and sample i are `[t][i]`.
    fn train_outputs(folder: &TempDir) -> Vec<Vec<Vec<f32>>> {
        let rows: Vec<OutputRow> = read_rows(folder.path()).expect("reads");
        let mut outputs = vec![Vec::new(); 101];
        for row in rows.into_iter().filter(|row| row.split == Split::Train) {
            let of_step: &mut Vec<_> = &mut outputs[row.step as usize];
            assert_eq!(of_step.len(), row.sample as usize);
            of_step.push(row.output);
        }
        outputs
    }

    /// Index of the largest entry, of equal ones the first.
    fn argmax(output: &[f32]) -> u32 {
        let largest = output.iter().copied().fold(f32::MIN, f32::max);
        output.iter().position(|&v| v >= largest).expect("an entry") as u32
    }

    #[test]
    fn a_presentation_is_what_the_batch_gave_before_its_update() {
        let data = labelled();
        for (optimizer, loss) in [
            (Optimizer::GradientDescent, Loss::CrossEntropy),
            (Optimizer::GradientDescent, Loss::LeastSquares),
            (sgd_keep(16, 0.5), Loss::CrossEntropy),
        ] {
            let parameters = parameters(Activation::Tanh, optimizer, 0.2);
            let parameters = Parameters { loss, ..presenting(parameters) };
            let folder = train(&parameters, &data, 2).expect("trains");
            let outputs = train_outputs(&folder);
            let rows: Vec<PresentationRow> = read_rows(folder.path()).expect("reads");

            let mut batches = optimizer
                .batch()
                .map(|size| Batches::new(stage::Seed(11), size, 60, LastBatch::Keep));
            let seen = (0..100_u64).flat_map(|step| {
                let batch = batches.as_mut().map(|batches| batches.at(step).to_vec());
                let batch = batch.unwrap_or_else(|| (0..60).collect());
                batch.into_iter().map(move |sample| (step, sample)).collect::<Vec<_>>()
            });
            let found = rows.iter().map(|row| (row.step, row.sample));
            assert!(found.eq(seen), "{optimizer:?}");

            for row in &rows {
                let output = &outputs[row.step as usize][row.sample as usize];
                let label = data.train.labels[row.sample as usize] as usize;
                let wide: Vec<f64> = output.iter().map(|&v| f64::from(v)).collect();
                let others = (0..3).filter(|&a| a != label).map(|a| wide[a]);
                let margin = wide[label] - others.fold(f64::MIN, f64::max);
                let expected = match loss {
                    Loss::LeastSquares => {
                        let target = |a| f64::from(u8::from(a == label));
                        (0..3).map(|a| 0.5 * (wide[a] - target(a)).powi(2)).sum::<f64>()
                    }
                    Loss::CrossEntropy => {
                        wide.iter().map(|v| v.exp()).sum::<f64>().ln() - wide[label]
                    }
                };
                // A batch sums in another order than the whole split: outputs differ by some roundings.
                let scale = wide.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
                let tolerance = 64.0 * f64::from(f32::EPSILON) * scale;
                assert!((row.margin - margin).abs() <= tolerance, "{row:?}, {margin}");
                assert!((row.loss - expected).abs() <= 4.0 * tolerance, "{row:?}, {expected}");
                if margin.abs() > tolerance {
                    assert_eq!(row.correct, argmax(output) as usize == label, "{row:?}");
                }
            }
            assert!(rows.iter().any(|row| row.correct) && rows.iter().any(|row| !row.correct));
        }
    }

    #[test]
    fn exact_events_are_those_of_outputs_at_every_step() {
        let images = Data { input_shape: Some(vec![1, 2, 1]), ..labelled() };
        let mut of_images = of_images(sgd_keep(16, 0.5), 0.2);
        let layers = &mut of_images.network.layers;
        layers.pop();
        layers.push(serde_json::from_value(serde_json::json!({ "dense": 3 })).expect("a layer"));
        let rate = 0.5;
        for (parameters, data) in [
            (parameters(Activation::Tanh, Optimizer::GradientDescent, rate), labelled()),
            (parameters(Activation::Tanh, sgd_keep(16, 0.9), rate), labelled()),
            (of_images, images),
        ] {
            let folder = train(&presenting(parameters), &data, 2).expect("trains");
            let outputs = train_outputs(&folder);
            let rows: Vec<ExactEventsRow> = read_rows(folder.path()).expect("reads");
            let expected = (0..60).map(|i| {
                let label = data.train.labels[i];
                let correct: Vec<bool> =
                    outputs.iter().map(|of_step| argmax(&of_step[i]) == label).collect();
                let pairs =
                    |a, b| correct.windows(2).filter(|pair| **pair == [a, b]).count() as u64;
                ExactEventsRow {
                    sample: i as u32,
                    events: pairs(true, false),
                    learning_events: pairs(false, true) + u64::from(correct[0]),
                    first_learned: correct.iter().position(|c| *c).map(|step| step as u64),
                    last_wrong: correct.iter().rposition(|c| !*c).map(|step| step as u64),
                    correct_steps: correct.iter().filter(|c| **c).count() as u64,
                    looks: 101,
                }
            });
            assert_eq!(rows, expected.collect::<Vec<_>>());
            assert!(rows.iter().any(|row| row.events > 0), "something is forgotten");
            assert!(rows.iter().any(|row| row.events == 0));
        }
    }

    #[test]
    fn recording_presentations_changes_nothing_else_and_needs_no_thread() {
        let with = presenting(parameters(Activation::Tanh, sgd_keep(16, 0.9), 0.05));
        let without = Parameters { presentations: None, ..with.clone() };
        let some = Parameters { presentations: Some(Presentations::default()), ..with.clone() };
        let of = |parameters: &Parameters, threads| {
            let folder = train(parameters, &labelled(), threads).expect("trains");
            tables(folder.path())
        };
        let all = of(&with, 1);
        assert!(all == of(&with, 3));
        let kept = |left_out: &[&str]| -> Vec<_> {
            let is_kept = |name: &str| left_out.iter().all(|other| !name.contains(other));
            all.iter().filter(|(name, _)| is_kept(name)).cloned().collect()
        };
        assert!(kept(&["presentations", "exact_events"]) == of(&without, 2));
        assert!(kept(&["exact_events"]) == of(&some, 2));
    }

    #[test]
    fn a_batch_that_divides_the_samples_leaves_no_rest() {
        let of = |batch, last_batch| {
            let sgd = Sgd { batch: Some(batch), last_batch, momentum: 0.9, nesterov: false };
            let parameters = parameters(Activation::Tanh, Optimizer::Sgd(sgd), 0.01);
            tables(train(&parameters, &data(1), 2).expect("trains").path())
        };
        assert!(of(15, LastBatch::Keep) == of(15, LastBatch::Drop));
        assert!(of(60, LastBatch::Keep) == of(60, LastBatch::Drop));
        assert!(of(16, LastBatch::Keep) != of(16, LastBatch::Drop));
    }

    #[test]
    fn the_rest_of_an_epoch_is_an_update_like_any_other() {
        // The last of four updates sees 12 samples: dfdx's own operations are the judge.
        let fused = parameters(Activation::Tanh, sgd_keep(16, 0.9), 0.01);
        let plain = Parameters { engine: Engine::Dfdx, ..fused.clone() };
        let ours = last_parameters(&train(&fused, &data(2), 2).expect("trains"));
        let theirs = last_parameters(&train(&plain, &data(2), 2).expect("trains"));
        let largest = theirs.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        for (a, b) in ours.iter().zip(&theirs) {
            assert!(a.is_finite() && (a - b).abs() <= 1e-5 * largest, "{a} against {b}");
        }
    }

    #[test]
    fn tables_hold_the_steps_that_were_asked_for() {
        let parameters = parameters(Activation::Tanh, Optimizer::GradientDescent, 0.1);
        let folder = train(&parameters, &data(2), 1).expect("trains");
        let history: Vec<HistoryRow> = read_rows(folder.path()).expect("reads");
        let steps: Vec<u64> = history.iter().map(|row| row.step).collect();
        assert_eq!(steps, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
        assert!(history[0].gradient_norm.is_some() && history[10].gradient_norm.is_none());
        assert!(history[10].train_loss < history[0].train_loss);
        // θ₁ − θ₀ = −δ ∇L.
        let (gradient, update) = (history[0].gradient_norm, history[0].update_norm);
        let expected = 0.1 * gradient.expect("a norm");
        assert!((update.expect("a norm") - expected).abs() < 1e-5 * expected);

        let outputs: Vec<OutputRow> = read_rows(folder.path()).expect("reads");
        let mut kept: Vec<u64> = outputs.iter().map(|row| row.step).collect();
        kept.dedup();
        assert_eq!(kept, [0, 1, 40, 41, 100]);
        assert_eq!(outputs.len(), 5 * (60 + 7));
        assert!(outputs.iter().all(|row| row.output.len() == 2));
    }

    #[test]
    fn the_sharpness_stands_at_its_steps_and_at_checkpoints_and_changes_nothing_else() {
        let mut parameters = parameters(Activation::Tanh, Optimizer::GradientDescent, 0.1);
        let without = train(&parameters, &data(2), 1).expect("trains");
        let settings = Sharpness { every: Some(30), tolerance: 1e-4, most_products: 200 };
        parameters.sharpness = Some(settings);
        let with = train(&parameters, &data(2), 2).expect("trains");
        assert_eq!(last_parameters(&with), last_parameters(&without));
        let rows: Vec<HistoryRow> = read_rows(with.path()).expect("reads");
        let measured = rows.iter().filter(|row| row.sharpness.is_some()).map(|row| row.step);
        assert_eq!(measured.collect::<Vec<_>>(), [0, 30, 40, 60, 90, 100]);
        // The same table on one thread, and without the sharpness that of the other run.
        let again = train(&parameters, &data(2), 1).expect("trains");
        assert_eq!(read_rows::<HistoryRow>(again.path()).expect("reads"), rows);
        let bare = rows.into_iter().map(|row| HistoryRow { sharpness: None, ..row });
        let expected: Vec<HistoryRow> = read_rows(without.path()).expect("reads");
        assert_eq!(bare.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn descent_is_stable_below_two_over_the_sharpness_and_not_above() {
        let mut parameters = parameters(Activation::Tanh, Optimizer::GradientDescent, 1e-3);
        parameters.sharpness = Some(Sharpness { every: None, tolerance: 1e-4, most_products: 200 });
        // Targets so near the outputs at the start that the loss is its quadratic model.
        let mut data = data(1);
        let mut init = stage::Seed(11).stream("init");
        let network: Network<f32> =
            Network::initialize(&parameters.network, 2, 1, &mut init).expect("a network");
        data.train.y = network.forward(&data.train.x);
        data.train.y.iter_mut().zip(&data.train.x).for_each(|(y, x)| *y += 1e-3 * x.cos());
        let history = |parameters: &Parameters| -> Vec<HistoryRow> {
            let folder = train(parameters, &data, 1).expect("trains");
            read_rows(folder.path()).expect("reads")
        };
        let bound = 2.0 / history(&parameters)[0].sharpness.expect("converges");
        // Along the sharpest direction a step multiplies the error by 1 − δ · sharpness.
        let mut greatest_rise = |rate: f64| {
            parameters.learning_rate.initial = rate;
            let rows = history(&parameters);
            let losses = rows.iter().map(|row| row.train_loss / rows[0].train_loss);
            losses.fold(0.0, f64::max)
        };
        assert!(greatest_rise(0.97 * bound) <= 1.0);
        assert!(greatest_rise(1.03 * bound) > 2.0);
    }

    #[test]
    fn mini_batches_are_measured_on_the_whole_split() {
        let sgd = Optimizer::Sgd(Sgd {
            batch: Some(7),
            last_batch: LastBatch::Drop,
            momentum: 0.0,
            nesterov: false,
        });
        let folder = train(&parameters(Activation::Tanh, sgd, 0.05), &data(1), 2).expect("trains");
        let full = parameters(Activation::Tanh, Optimizer::GradientDescent, 0.05);
        let full = train(&full, &data(1), 2).expect("trains");
        let first =
            |folder: &TempDir| read_rows::<HistoryRow>(folder.path()).expect("reads").remove(0);
        assert_eq!(first(&folder).train_loss.to_bits(), first(&full).train_loss.to_bits());
    }

    #[test]
    fn a_diverging_run_keeps_its_history_and_checkpoints() {
        let mut parameters = parameters(Activation::Linear, Optimizer::GradientDescent, 5.0);
        (parameters.history_every, parameters.checkpoints.at) = (1, vec![1, 3, 40]);
        let (folder, limits) =
            (TempDir::new().expect("a folder"), Limits { threads: 1, memory_bytes: 1 << 30 });
        let context = Context::silent(11, limits);
        let error =
            from_start(&parameters, &data(1), folder.path(), &context).expect_err("diverges");
        let outline = error.outline.expect("it keeps what it has");
        let history: Vec<HistoryRow> = read_rows(folder.path()).expect("reads");
        let last = history.last().expect("a row");
        assert!(last.train_loss > 1e4 * history[0].train_loss, "{}", last.train_loss);
        assert!(error.message.contains(&format!("at step {}", last.step)), "{}", error.message);
        assert_eq!(outline.last_step, Some(last.step));
        let steps = outline.checkpoints.expect("it says which");
        let reached: Vec<u64> = [0, 1, 3].into_iter().filter(|step| *step < last.step).collect();
        assert!(steps == reached && steps.len() > 1, "{steps:?} of a run until {}", last.step);
        for step in steps {
            read_step::<CheckpointRow>(folder.path(), step).expect("a checkpoint");
        }
        let outputs: Vec<OutputRow> = read_rows(folder.path()).expect("reads");
        assert_eq!(outputs.last().map(|row| row.step), reached.last().copied());
        assert!(!folder.path().join(".resume").exists());
    }

    #[test]
    fn data_of_a_wrong_scale_is_blamed_and_not_the_rate() {
        let parameters = parameters(Activation::Relu, Optimizer::GradientDescent, 0.1);
        assert!(train(&parameters, &data(1), 1).is_ok());
        let mut large = data(1);
        large.train.y.iter_mut().for_each(|y| *y *= 1e6);
        let error = train(&parameters, &large, 1).expect_err("diverges");
        assert!(
            error.message.contains("the dataset has targets as large as "),
            "{}",
            error.message
        );
        assert!(!error.message.contains("inputs"), "{}", error.message);
        let hint = error.hint.expect("a hint");
        assert!(hint.contains("`standardize_targets: true`"), "{hint}");
        assert!(!hint.contains("learning rate"), "{hint}");

        let mut huge = data(1);
        huge.train.x.iter_mut().for_each(|x| *x *= 1e20);
        let error = train(&parameters, &huge, 1).expect_err("is not finite");
        assert!(error.message.contains("before any update"), "{}", error.message);
        assert!(!error.message.contains("diverged"), "{}", error.message);
        assert!(error.message.contains("the dataset has inputs as large as "), "{}", error.message);
        assert!(!error.message.contains("targets"), "{}", error.message);
        assert!(error.hint.expect("a hint").contains("`standardize_inputs: true`"));

        // Where λ₁ is large because inputs are, the rate is above its bound all the same.
        let mut large = data(1);
        large.train.x.iter_mut().for_each(|x| *x *= 1e3);
        let error = train(&parameters, &large, 1).expect_err("diverges");
        assert!(error.message.contains("the dataset has inputs as large as "), "{}", error.message);
        assert!(error.hint.expect("a hint").contains("`standardize_inputs: true`"));
    }

    #[test]
    fn a_diverging_run_names_step_rate_and_bound() {
        let parameters = parameters(Activation::Linear, Optimizer::GradientDescent, 5.0);
        let error = train(&parameters, &data(1), 1).expect_err("diverges");
        assert_eq!(error.outline.map(|kept| kept.checkpoints), Some(Some(vec![0])));
        for part in ["diverged", "at step", "learning rate 5.00", "2N/λ₁ = ", "N = 60"] {
            assert!(error.message.contains(part), "{} lacks {part}", error.message);
        }
        // The advice must work.
        let hint = error.hint.expect("a hint");
        let rate: f64 = hint.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number");
        let mut calmer = parameters.clone();
        calmer.learning_rate.initial = rate * 0.5;
        assert!(train(&calmer, &data(1), 1).is_ok());
    }
}

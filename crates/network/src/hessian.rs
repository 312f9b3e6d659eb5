//! The Hessian of a loss of the outputs, as a product with vectors.

use crate::dual::Dual;
use crate::model::Network;
use crate::scalar::Scalar;
use crate::tangent::set_direction;
use crate::workspace::Workspace;

/// H = ∂²L/∂θ² at the parameters of a network, for a loss L of its outputs at n rows.
///
/// [`Self::product`] is exact, no difference of gradients: forward and back again in numbers with a
/// derivative along v, so that outputs bring J v, and the gradient H v. It works for every layer that
/// has a gradient, and costs about three gradients. At the kink of a relu φ'' is taken as 0, so H is
/// that of the piece on which θ lies; a batch norm normalizes over the n rows, as in training.
///
/// Source: Pearlmutter 1994, *Fast exact multiplication by the Hessian*.
pub struct LossHessian<T, C> {
    network: Network<Dual<T>>,
    x: Vec<Dual<T>>,
    output_gradient: Vec<T>,
    output_hessian: C,
    workspace: Workspace<Dual<T>>,
}

impl<T, C> LossHessian<T, C>
where
    T: Scalar,
    C: Fn(usize, &[T], &mut [T]),
{
    /// The Hessian at `network`'s parameters for the rows of `x` (n × d).
    ///
    /// The loss enters by its derivatives at the outputs f: `output_gradient` is ∂L/∂f, n × o, and
    /// `output_hessian(i, t, image)` writes (∂²L/∂fᵢ²) t, o numbers. Both hold whatever factor
    /// makes L of the losses of the rows, as 1/N.
    ///
    /// # Panics
    /// Where `x` or `output_gradient` do not fit the network.
    #[must_use]
    pub fn new(network: &Network<T>, x: &[T], output_gradient: &[T], output_hessian: C) -> Self {
        let rows = x.len() / network.input_dim();
        assert_eq!(x.len(), rows * network.input_dim(), "x has n × d entries");
        assert_eq!(output_gradient.len(), rows * network.output_dim(), "∂L/∂f has n × o entries");
        let network = network.cast::<Dual<T>>();
        Self {
            workspace: Workspace::new(&network, rows),
            network,
            x: x.iter().map(|&value| Dual { value, tangent: T::zero() }).collect(),
            output_gradient: output_gradient.to_vec(),
            output_hessian,
        }
    }

    /// Writes H v to `image`; both have P entries in the order of [`Network::tensors`].
    ///
    /// # Panics
    /// Where `v` or `image` have not P entries.
    pub fn product(&mut self, v: &[T], image: &mut [T]) {
        assert_eq!(image.len(), v.len(), "H v has P entries");
        set_direction(&mut self.network, v);
        let (layers, o) = (self.network.views(), self.network.output_dim());
        let outputs = self.workspace.forward(&layers, &self.x);
        let mut signal = Vec::with_capacity(outputs.len());
        let (mut along, mut bent) = (vec![T::zero(); o], vec![T::zero(); o]);
        let rows = outputs.chunks_exact(o).zip(self.output_gradient.chunks_exact(o));
        for (row, (outputs, gradient)) in rows.enumerate() {
            along.iter_mut().zip(outputs).for_each(|(to, output)| *to = output.tangent);
            (self.output_hessian)(row, &along, &mut bent);
            let pairs = gradient.iter().zip(&bent);
            signal.extend(pairs.map(|(&value, &tangent)| Dual { value, tangent }));
        }
        self.workspace.backward(&layers, &self.x, &signal);
        let gradient = self.workspace.gradient(&layers, &self.x);
        for (to, entry) in image.iter_mut().zip(gradient) {
            *to = entry.tangent;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::activation::Activation;
    use crate::activation::tests::ALL;
    use crate::architecture::Architecture;
    use crate::initialization::Initialization;
    use crate::lanczos::largest_eigenvalue;
    use crate::tangent::largest_ntk_eigenvalue;
    use crate::workspace::Workspace;

    /// A loss of the outputs of one row, for targets that sum to 1.
    #[derive(Clone, Copy, Debug)]
    enum RowLoss {
        LeastSquares,
        CrossEntropy,
    }

    impl RowLoss {
        /// What the gradient compares with the target: f or softmax f.
        fn prediction(self, f: &[f64]) -> Vec<f64> {
            let sum: f64 = f.iter().map(|f| f.exp()).sum();
            match self {
                Self::LeastSquares => f.to_vec(),
                Self::CrossEntropy => f.iter().map(|f| f.exp() / sum).collect(),
            }
        }

        /// I, or diag p − ppᵀ.
        fn hessian(self, p: &[f64], a: usize, b: usize) -> f64 {
            let same = f64::from(u8::from(a == b));
            match self {
                Self::LeastSquares => same,
                Self::CrossEntropy => same * p[a] - p[a] * p[b],
            }
        }
    }

    struct Case {
        network: Network<f64>,
        x: Vec<f64>,
        y: Vec<f64>,
        loss: RowLoss,
    }

    impl Case {
        fn new(hidden: &[usize], activation: Activation, o: usize, n: usize) -> Self {
            // Biases that are not 0 and scales that are not 1.
            let init = Initialization::Ntk { weight_std: 1.3, bias_std: 0.4 };
            let architecture = Architecture::fully_connected(hidden.to_vec(), activation, init);
            let mut random = ChaCha8Rng::seed_from_u64(5);
            let network = Network::initialize(&architecture, 2, o, &mut random).expect("a network");
            let x = (0..n * 2).map(|i| (i * 37 % 101) as f64 / 50.0 - 1.0).collect();
            let y = (0..n * o).map(|i| f64::from(u8::from(i % o == i / o % o))).collect();
            let loss = if o > 1 { RowLoss::CrossEntropy } else { RowLoss::LeastSquares };
            Self { network, x, y, loss }
        }

        /// ∂L/∂f and, row by row, what stands in place of f in it.
        fn output_gradient(&self, network: &Network<f64>) -> (Vec<f64>, Vec<Vec<f64>>) {
            let o = network.output_dim();
            let f = network.forward(&self.x);
            let predictions: Vec<_> = f.chunks(o).map(|f| self.loss.prediction(f)).collect();
            let rows = predictions.len() as f64;
            let m = predictions.iter().flatten().zip(&self.y).map(|(p, y)| (p - y) / rows);
            (m.collect(), predictions)
        }

        fn gradient(&self, network: &Network<f64>) -> Vec<f64> {
            let mut workspace = Workspace::new(network, self.x.len() / 2);
            workspace.forward(&network.views(), &self.x);
            workspace.backward(&network.views(), &self.x, &self.output_gradient(network).0);
            workspace.gradient(&network.views(), &self.x)
        }

        /// H v for each of `directions`.
        fn products(&self, directions: &[Vec<f64>]) -> Vec<Vec<f64>> {
            let (m, predictions) = self.output_gradient(&self.network);
            let output_hessian = |row: usize, t: &[f64], image: &mut [f64]| {
                let p = &predictions[row];
                for (a, image) in image.iter_mut().enumerate() {
                    let sum: f64 = (0..t.len()).map(|b| self.loss.hessian(p, a, b) * t[b]).sum();
                    *image = sum / predictions.len() as f64;
                }
            };
            let mut hessian = LossHessian::new(&self.network, &self.x, &m, output_hessian);
            let product = |v: &Vec<f64>| {
                let mut image = vec![f64::NAN; v.len()];
                hessian.product(v, &mut image);
                image
            };
            directions.iter().map(product).collect()
        }

        fn moved(&self, step: f64, v: &[f64]) -> Network<f64> {
            let mut network = self.network.clone();
            let mut v = v.iter();
            for (_, tensor) in network.tensors_mut() {
                tensor.iter_mut().zip(&mut v).for_each(|(p, v)| *p += step * v);
            }
            network
        }
    }

    fn direction(len: usize, salt: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 29 + salt) as f64 * 0.9).sin()).collect()
    }

    fn norm(v: &[f64]) -> f64 {
        v.iter().map(|v| v * v).sum::<f64>().sqrt()
    }

    #[test]
    fn products_are_the_differences_of_gradients() {
        for activation in ALL {
            // Three rows are a lane each of one block and part of one; 300 are several blocks.
            for (hidden, o, n) in
                [(vec![5, 4], 1, 3), (vec![3], 3, 300), (vec![4, 6, 3], 2, 1), (vec![7, 5], 3, 40)]
            {
                let case = Case::new(&hidden, activation, o, n);
                let v = direction(case.network.parameter_count(), 0);
                let product = case.products(std::slice::from_ref(&v)).remove(0);
                // Error h² of the difference and ε/h of rounding are equal near h = ε^⅓.
                let h = f64::EPSILON.cbrt();
                let up = case.gradient(&case.moved(h, &v));
                let down = case.gradient(&case.moved(-h, &v));
                let difference = up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * h));
                let error: Vec<f64> = product.iter().zip(difference).map(|(p, d)| p - d).collect();
                // The third derivatives along v, ‖v‖² ≈ P/2, are below a few hundred here.
                let bound = 1e4 * h * h * (1.0 + norm(&product));
                assert!(
                    norm(&error) <= bound,
                    "{activation:?} {hidden:?} {o} {n}: {}",
                    norm(&error)
                );
            }
        }
    }

    #[test]
    fn the_hessian_is_symmetric() {
        for activation in ALL {
            let case = Case::new(&[6, 5, 4], activation, 3, 150);
            let count = case.network.parameter_count();
            let (u, v) = (direction(count, 1), direction(count, 2));
            let images = case.products(&[u.clone(), v.clone()]);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let difference = dot(&v, &images[0]) - dot(&u, &images[1]);
            let size = norm(&v) * norm(&images[0]) + norm(&u) * norm(&images[1]);
            // Sums of at most `count` terms, a few layers deep.
            assert!(
                difference.abs() <= 100.0 * f64::EPSILON * size,
                "{activation:?}: {difference}"
            );
        }
    }

    #[test]
    fn least_squares_of_one_linear_layer_has_the_covariance_of_its_inputs() {
        let architecture =
            Architecture { init: Initialization::Lecun, bias: false, ..Architecture::default() };
        let mut case = Case::new(&[1], Activation::Linear, 1, 200);
        case.network = Network::initialize(&architecture, 2, 3, &mut ChaCha8Rng::seed_from_u64(1))
            .expect("a network");
        case.y = vec![0.3; 600];
        let v = direction(6, 4);
        let product = case.products(std::slice::from_ref(&v)).remove(0);
        for i in 0..2 {
            for a in 0..3 {
                let rows = case.x.chunks(2);
                let sum: f64 = rows.map(|x| x[i] * (x[0] * v[a] + x[1] * v[3 + a])).sum();
                let error = (product[i * 3 + a] - sum / 200.0).abs();
                assert!(error <= 1e-13, "entry {i},{a} is off by {error}");
            }
        }
    }

    #[test]
    fn where_the_residual_is_zero_the_sharpness_is_that_of_the_kernel() {
        for activation in ALL {
            let mut case = Case::new(&[9, 8], activation, 1, 60);
            case.y = case.network.forward(&case.x);
            let start = direction(case.network.parameter_count(), 3);
            let product = |v: &[f64], image: &mut [f64]| {
                image.copy_from_slice(&case.products(&[v.to_vec()])[0]);
            };
            let sharpness = largest_eigenvalue(product, &start, 1e-8, 100).expect("finite numbers");
            assert!(sharpness.converged, "{sharpness:?}");
            // Power iteration stops at relative changes of 1e-13, far above its error.
            let kernel = largest_ntk_eigenvalue(&case.network, &case.x, 1e-13).expect("finite");
            let error = (sharpness.value - kernel / 60.0).abs();
            assert!(error <= 1e-8 * sharpness.value, "{activation:?}: off by {error}");
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let case = Case::new(&[33, 17], Activation::Gelu, 1, 1500);
        let network: Network<f32> = case.network.cast();
        let single = |values: &[f64]| values.iter().map(|&v| v as f32).collect::<Vec<f32>>();
        let (x, m) = (single(&case.x), single(&case.output_gradient(&case.network).0));
        let v = single(&direction(network.parameter_count(), 0));
        let sharpness = |threads: usize| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| {
                let identity = |_: usize, t: &[f32], image: &mut [f32]| {
                    image[0] = t[0] / 1500.0;
                };
                let mut hessian = LossHessian::new(&network, &x, &m, identity);
                let mut image = vec![0.0; v.len()];
                hessian.product(&v, &mut image);
                let product = |v: &[f32], image: &mut [f32]| hessian.product(v, image);
                let found = largest_eigenvalue(product, &v, 1e-4, 60).expect("finite numbers");
                (image.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), found.value.to_bits())
            })
        };
        assert_eq!(sharpness(1), sharpness(2));
        assert_eq!(sharpness(1), sharpness(5));
    }
}

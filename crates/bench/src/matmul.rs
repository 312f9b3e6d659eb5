//! The measure of all kernels: faer's product of two square f32 matrices, on all threads.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};

use crate::contender::Local;

/// Name of the reference in tables.
pub const MATMUL: &str = "faer matmul";

/// The product of two `size` × `size` matrices on `threads` threads.
#[must_use]
pub fn reference(size: usize, threads: usize) -> Local<'static> {
    let entry = |i: usize, j: usize| ((i * 31 + j * 17) % 64) as f32 / 64.0 - 0.5;
    let (a, b) = (Mat::from_fn(size, size, entry), Mat::from_fn(size, size, entry));
    let mut product = Mat::<f32>::zeros(size, size);
    let flops = 2.0 * (size as f64).powi(3);
    Local {
        name: MATMUL,
        flops: Some(flops),
        work: Box::new(move || {
            matmul(&mut product, Accum::Replace, &a, &b, 1.0, Par::rayon(threads));
            std::hint::black_box(&product);
            Ok(())
        }),
        // The yardstick is no contender.
        result: Box::new(|| Ok(Vec::new())),
    }
}

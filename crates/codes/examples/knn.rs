//! Time of all nearest neighbours of random codes: `knn N QUERIES BITS NEIGHBOURS [THREADS]`, the best of three.
//!
//! Compare with `knn.py` beside it, which measures scikit-learn and FAISS on codes of the same sizes.

use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statistics::Bits;
use statistics::nearest::hamming;

fn codes(rows: usize, bits: usize, random: &mut impl Rng) -> Bits {
    let mut codes = Bits::zeros(rows, bits);
    for row in 0..rows {
        let values: Vec<f32> =
            (0..bits).map(|_| if random.next_u32() & 1 == 1 { 1.0 } else { -1.0 }).collect();
        codes.set_positive(row, 0, &values);
    }
    codes
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = Vec::new();
    for argument in std::env::args().skip(1) {
        numbers.push(argument.parse::<usize>()?);
    }
    let (n, m, bits, count, threads) = match numbers[..] {
        [n, m, bits, count] => (n, m, bits, count, 0),
        [n, m, bits, count, threads] => (n, m, bits, count, threads),
        _ => return Err("give N QUERIES BITS NEIGHBOURS [THREADS]".into()),
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let random = &mut ChaCha8Rng::seed_from_u64(0);
    let (table, queries) = (codes(n, bits, random), codes(m, bits, random));
    let mut best = f64::INFINITY;
    let mut sum = 0;
    for _ in 0..3 {
        let start = Instant::now();
        let found = pool.install(|| hamming(&table, &queries, count));
        best = best.min(start.elapsed().as_secs_f64());
        sum = found.iter().flatten().map(|near| u64::from(near.distance)).sum();
    }
    println!("{best:.3} s, distances sum to {sum}");
    Ok(())
}

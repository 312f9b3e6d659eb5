//! Wall time of each way to decompose a Gramian, with the largest residual of what it found.
//!
//! `cargo run --release -p spectrum --example decompose -- K GRAM.f32...`: each file holds the
//! rows of one square Gramian as raw little-endian f32, the checkpoints of one run in order.

use std::time::Instant;

use faer::MatRef;
use rand::Rng;
use spectrum::{Columns, Eigenpairs, Real, Start, all, top};
use stage::Seed;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let k: usize = arguments.next().ok_or("the first argument is K")?.parse()?;
    let mut previous = None;
    for path in arguments {
        let bytes = std::fs::read(&path)?;
        let gram: Vec<f32> = bytes
            .chunks_exact(4)
            .map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
            .collect();
        let rows = gram.len().isqrt();
        println!("{path}: {rows} rows, top {k}");
        previous = Some(block(&gram, rows, k, previous)?);
        if std::env::var_os("BLOCK_ONLY").is_none() {
            full::<f32>("full f32", &gram, rows, k)?;
            full::<f64>("full f64", &gram, rows, k)?;
        }
    }
    Ok(())
}

/// The block method from a random start and, after the first file, from the previous eigenvectors.
fn block(
    gram: &[f32],
    rows: usize,
    k: usize,
    previous: Option<Columns<f32>>,
) -> Result<Columns<f32>, Box<dyn std::error::Error>> {
    let matrix = MatRef::from_column_major_slice(gram, rows, rows);
    let mut random = Seed(0).stream("eigen");
    let mut number = || random.next_u64() as f64 / u64::MAX as f64 - 0.5;
    let cold = Start::new(None, rows, k, &mut number);
    let mut found = None;
    let warm =
        previous.map(|vectors| ("block warm", Start::new(Some(&vectors), rows, k, &mut number)));
    for (name, start) in [("block cold", cold)].into_iter().chain(warm) {
        let begin = Instant::now();
        let pairs = top(matrix, k, &start, 1e-5)?.ok_or("in doubt")?;
        report(name, begin, matrix, &pairs, k);
        found = Some(pairs.vectors);
    }
    Ok(found.ok_or("no start")?)
}

fn full<T: Real>(
    name: &str,
    gram: &[f32],
    rows: usize,
    k: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let store: Vec<T> = gram.iter().map(|&entry| T::nearest(f64::from(entry))).collect();
    let matrix = MatRef::from_column_major_slice(&store, rows, rows);
    let start = Instant::now();
    let pairs = all(matrix)?;
    report(name, start, matrix, &pairs, k);
    Ok(())
}

fn report<T: Real>(
    name: &str,
    start: Instant,
    gram: MatRef<'_, T>,
    pairs: &Eigenpairs<T>,
    k: usize,
) {
    let elapsed = start.elapsed().as_secs_f64();
    let (mut worst, mut skew) = (0.0_f64, 0.0_f64);
    let vectors = pairs.vectors.matrix(0, k);
    let images = gram * vectors;
    let products = vectors.transpose() * vectors;
    for j in 0..k {
        let squared: f64 = (0..gram.nrows())
            .map(|i| {
                let (image, entry): (f64, f64) = (images[(i, j)].into(), vectors[(i, j)].into());
                (image - pairs.values[j] * entry).powi(2)
            })
            .sum();
        worst = worst.max(squared.sqrt() / pairs.values[0]);
        for i in 0..k {
            let product: f64 = products[(i, j)].into();
            skew = skew.max((product - f64::from(u8::from(i == j))).abs());
        }
    }
    println!(
        "  {name:<12} {elapsed:7.3} s   residual {worst:.1e} λ₁   |VᵀV − I| {skew:.1e}   λ₁ {:.6e}   λ_k {:.6e}",
        pairs.values[0],
        pairs.values[k - 1]
    );
}

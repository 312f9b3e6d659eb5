//! Whether two implementations found the same: before anything is timed, and closed to NaN.

use faer::{Mat, MatRef};

use crate::case::{Case, Work};
use crate::error::BenchError;
use crate::kernels::RESIDUAL;

/// Largest ‖a − b‖ / ‖b‖ of gradients. f32 sums of up to 10,000 terms in different orders differ by
/// some √N ε = 1e-5; a unit whose z rounds to either side of a relu's kink adds as much.
const GRADIENT: f64 = 1e-4;
/// Largest ‖a − b‖ / ‖b‖ of Gramians: the same, without the sum over samples.
const GRAMIAN: f64 = 1e-5;
/// Largest |VᵀV − I|.
const ORTHONORMAL: f64 = 1e-4;

/// Compares the results of two implementations of `case`; `gram` is what they decomposed.
///
/// Gradients and Gramians are compared with each other. Eigenpairs are not, since clusters have no
/// eigenvectors of their own: each pair must solve Gυ = λυ to [`RESIDUAL`] λ₁, all be orthonormal,
/// and the eigenvalues of the two be the same to twice that.
///
/// # Errors
/// [`BenchError::Disagreement`].
pub fn agree(
    case: &Case,
    gram: Option<&[f32]>,
    (ours, our_result): (&str, &[f32]),
    (peer, peer_result): (&str, &[f32]),
) -> Result<(), BenchError> {
    let within = |measure, difference: f64, tolerance: f64| {
        if difference.is_finite() && difference <= tolerance {
            return Ok(());
        }
        let (case, peer, ours) = (case.name.clone(), peer.to_owned(), ours.to_owned());
        Err(BenchError::Disagreement { case, peer, ours, measure, difference, tolerance })
    };
    if our_result.len() != peer_result.len() || our_result.is_empty() {
        return within("the results differ in size", f64::NAN, 0.0);
    }
    match (case.work, gram) {
        (Work::AllPairs | Work::TopCold | Work::TopWarm, Some(gram)) => {
            let k = our_result.len() / (case.samples + 1);
            for result in [our_result, peer_result] {
                let (residual, skew) = eigenpair_errors(gram, case.samples, k, result);
                within("the largest ‖Gυ − λυ‖ / λ₁", residual, RESIDUAL)?;
                within("the largest |VᵀV − I|", skew, ORTHONORMAL)?;
            }
            let largest = f64::from(our_result[0]);
            let pairs = our_result[..k].iter().zip(&peer_result[..k]);
            let difference = largest_of(pairs.map(|(a, b)| f64::from((a - b).abs()) / largest));
            within("the largest |λ − λ'| / λ₁", difference, 2.0 * RESIDUAL)
        }
        (Work::Gramian, _) => within("‖G − G'‖ / ‖G‖", distance(peer_result, our_result), GRAMIAN),
        _ => within("‖∇L − ∇L'‖ / ‖∇L‖", distance(peer_result, our_result), GRADIENT),
    }
}

/// ‖a − b‖ / ‖b‖ in f64.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |value: f64| value * value;
    let apart: f64 = a.iter().zip(b).map(|(&a, &b)| square(f64::from(a) - f64::from(b))).sum();
    let size: f64 = b.iter().map(|&b| square(f64::from(b))).sum();
    (apart / size).sqrt()
}

/// The largest of `values`; NaN where one is, which `f64::max` would hide.
fn largest_of(values: impl Iterator<Item = f64>) -> f64 {
    let stays = |largest: f64, value: f64| largest.is_nan() || value <= largest;
    values.fold(0.0, |largest, value| if stays(largest, value) { largest } else { value })
}

/// max ‖Gυ − λυ‖ / λ₁ and max |VᵀV − I| of k eigenvalues, then k eigenvectors.
fn eigenpair_errors(gram: &[f32], rows: usize, k: usize, pairs: &[f32]) -> (f64, f64) {
    let gram = MatRef::from_column_major_slice(gram, rows, rows);
    let vectors = MatRef::from_column_major_slice(&pairs[k..], rows, k);
    let (images, products): (Mat<f32>, Mat<f32>) = (gram * vectors, vectors.transpose() * vectors);
    let residuals = (0..k).map(|j| {
        let error =
            |i| f64::from(images[(i, j)]) - f64::from(pairs[j]) * f64::from(vectors[(i, j)]);
        let squared: f64 = (0..rows).map(|i| error(i).powi(2)).sum();
        squared.sqrt() / f64::from(pairs[0])
    });
    let skews = (0..k * k).map(|e| {
        let (i, j) = (e / k, e % k);
        (f64::from(products[(i, j)]) - f64::from(u8::from(i == j))).abs()
    });
    (largest_of(residuals), largest_of(skews))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::cases;

    fn case(work: Work, samples: usize) -> Case {
        let mut case = cases(true).swap_remove(0);
        (case.work, case.samples) = (work, samples);
        case
    }

    #[test]
    fn results_that_differ_are_refused() {
        let case = case(Work::Step, 2);
        let check = |peer: &[f32]| agree(&case, None, ("ours", &[1.0, 2.0]), ("peer", peer));
        assert!(check(&[1.0, 2.0]).is_ok());
        assert!(check(&[1.0, 2.000_02]).is_ok());
        for wrong in [&[1.0, 2.001][..], &[1.0, f32::NAN], &[1.0], &[2.0, 1.0]] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn eigenpairs_that_are_none_are_refused() {
        let case = case(Work::AllPairs, 2);
        let gram = [2.0, 0.0, 0.0, 1.0];
        let right = [2.0, 1.0, 1.0, 0.0, 0.0, 1.0];
        let check = |peer: &[f32]| agree(&case, Some(&gram), ("ours", &right), ("peer", peer));
        assert!(check(&[2.0, 1.0, -1.0, 0.0, 0.0, -1.0]).is_ok());
        // A wrong eigenvalue, a wrong vector, one vector twice, NaN.
        assert!(check(&[2.0, 1.1, 1.0, 0.0, 0.0, 1.0]).is_err());
        assert!(check(&[2.0, 1.0, 1.0, 0.1, 0.0, 1.0]).is_err());
        assert!(check(&[2.0, 2.0, 1.0, 0.0, 1.0, 0.0]).is_err());
        assert!(check(&[2.0, 1.0, f32::NAN, 0.0, 0.0, 1.0]).is_err());
    }
}

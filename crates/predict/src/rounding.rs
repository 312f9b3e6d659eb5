//! Entries rounded to fewer bits, to show what precision does.

/// `value` rounded to `bits` significant bits, ties to even; 2 ≤ bits ≤ 52.
///
/// Veltkamp's splitting: the sum with c = (2^{53−bits} + 1) · value drops the bits below.
#[must_use]
pub fn to_bits(value: f64, bits: u32) -> f64 {
    let dropped = 53_u32.saturating_sub(bits);
    let scaled = value * (2.0_f64.powf(f64::from(dropped)) + 1.0);
    let rounded = scaled - (scaled - value);
    if rounded.is_finite() { rounded } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_as_many_bits_as_asked() {
        let found: Vec<f64> = [1.0, 9.0, 17.0, 19.0, -19.0, 0.0].map(|v| to_bits(v, 4)).into();
        assert_eq!(found, [1.0, 9.0, 16.0, 20.0, -20.0, 0.0]);
    }

    #[test]
    fn twenty_four_bits_are_single_precision() {
        for value in [0.1_f64, 1.0 / 3.0, -7.3e9, 1.000_000_1] {
            assert_eq!(to_bits(value, 24).to_bits(), f64::from(value as f32).to_bits());
        }
    }

    #[test]
    fn errors_are_within_half_of_the_last_bit() {
        for i in 1..2000 {
            let value = f64::from(i).sqrt();
            for bits in [4, 10, 20, 52] {
                let error = (to_bits(value, bits) - value).abs() / value;
                assert!(error <= 0.5_f64.powf(f64::from(bits)), "{value} {bits}");
            }
        }
    }
}

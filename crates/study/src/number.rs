//! Numbers as a person reads them.

/// A measured number with three significant digits: `0.0123`, `21,200`, `4.5 × 10⁻⁶`.
#[must_use]
pub fn measured(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    // Formatting first: rounding may carry into the next power of ten (9.996 is 10.0).
    let text = format!("{value:.2e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match exponent {
        -3..=1 => {
            let decimals = usize::try_from(2 - exponent).unwrap_or(0);
            negative_sign(&format!("{value:.decimals$}"))
        }
        2..=6 => {
            let rounded: f64 = text.parse().unwrap_or(value);
            whole(rounded)
        }
        _ => format!("{} × 10{}", negative_sign(mantissa), superscript(exponent)),
    }
}

/// A count with thousands apart: `1,024`.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A label of an axis: as short as it can be without losing digits, `1e-5` as a power of ten.
#[must_use]
pub fn tick(value: f64) -> String {
    let magnitude = value.abs();
    if value != 0.0 && !(1e-3..1e6).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let power = format!("10{}", superscript(exponent.parse().unwrap_or(0)));
        if mantissa == "1" {
            return power;
        }
        let mantissa = format!("{:.3}", mantissa.parse().unwrap_or(0.0));
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        return format!("{}×{power}", negative_sign(mantissa));
    }
    if magnitude >= 1000.0 && magnitude.fract() == 0.0 {
        return whole(value);
    }
    // Six decimals hide the rounding of a sum of steps, as in 0.30000000000000004.
    let text = format!("{value:.6}");
    negative_sign(text.trim_end_matches('0').trim_end_matches('.'))
}

/// An index below the line: `λ₁₀` is `λ` followed by this.
#[must_use]
pub fn subscript(index: u32) -> String {
    let digits = index.to_string();
    digits
        .bytes()
        .filter_map(|digit| char::from_u32('₀' as u32 + u32::from(digit - b'0')))
        .collect()
}

/// A whole number of less than 2⁵³ with its sign and thousands apart.
#[expect(clippy::cast_sign_loss, reason = "a magnitude is not negative")]
fn whole(value: f64) -> String {
    let digits = grouped(value.abs().round() as u64);
    if value < 0.0 { format!("−{digits}") } else { digits }
}

fn negative_sign(text: &str) -> String {
    text.replacen('-', "−", 1)
}

fn superscript(exponent: i32) -> String {
    exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '0' => '⁰',
            digit => char::from_u32('⁴' as u32 + (digit as u32 - '4' as u32)).unwrap_or(digit),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_numbers_have_three_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.988_4, "0.988"),
            (9.996, "10.0"),
            (-0.012_34, "−0.0123"),
            (2_118.3, "2,120"),
            (99_960.0, "100,000"),
            (-123_456.0, "−123,000"),
            (4.5e-6, "4.50 × 10⁻⁶"),
            (1.234e12, "1.23 × 10¹²"),
            (0.001, "0.00100"),
        ] {
            assert_eq!(measured(value), text, "of {value}");
        }
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_024), "1,024");
        assert_eq!(grouped(600_000), "600,000");
    }

    #[test]
    fn an_index_stands_below_the_line() {
        assert_eq!(subscript(100), "₁₀₀");
        assert_eq!(subscript(27), "₂₇");
    }

    #[test]
    fn ticks_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (1e-5, "10⁻⁵"),
            (2e-4, "2×10⁻⁴"),
            (30_000.0, "30,000"),
            (-0.5, "−0.5"),
            (1e6, "10⁶"),
        ] {
            assert_eq!(tick(value), text, "of {value}");
        }
    }
}

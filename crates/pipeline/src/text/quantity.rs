//! How quantities are written for people.

use std::time::Duration;

/// Bytes with a binary unit, as `1.50 GiB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} bytes")
    } else {
        format!("{} {}", significant(value), UNITS[unit])
    }
}

/// Bytes from `4GiB`, `4 GB`, `512M` or a plain number; the letters mean powers of 1024.
///
/// # Errors
/// A sentence that says what is wrong with `text`.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not an amount of memory; write for example 4GiB or 512MiB");
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let number: f64 = trimmed[..digits].parse().map_err(|_| wrong())?;
    let unit = trimmed[digits..].trim().to_ascii_lowercase();
    let power = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return Err(wrong()),
    };
    let bytes = number * 1024_f64.powi(power);
    if bytes.is_finite() && bytes >= 1.0 && bytes < u64::MAX as f64 {
        // Checked to be within u64; the sign is checked as well.
        #[expect(clippy::cast_sign_loss, reason = "at least 1")]
        Ok(bytes as u64)
    } else {
        Err(wrong())
    }
}

/// A time span from `90s`, `30min`, `2h` or `1.5 d`.
///
/// # Errors
/// A sentence that says what is wrong with `text`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time span; write for example 90s, 30min or 2h");
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let number: f64 = trimmed[..digits].parse().map_err(|_| wrong())?;
    let seconds = match trimmed[digits..].trim() {
        "s" => number,
        "min" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86400.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|span| !span.is_zero()).ok_or_else(wrong)
}

/// A number with three significant digits, as `0.00123`, `12.3`, `21200`, `1.23e-7`.
#[must_use]
pub fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..7.0).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    // 10^(2 − magnitude) is between 10^-4 and 10^6: no overflow.
    let decimals = 2 - magnitude as i32;
    if decimals > 0 {
        format!("{value:.*}", decimals.unsigned_abs() as usize)
    } else {
        let unit = 10_f64.powi(-decimals);
        format!("{:.0}", (value / unit).round() * unit)
    }
}

/// A count with three significant digits and a decimal unit, as `640`, `1.29 k`, `81.2 M`.
#[must_use]
pub fn short(count: u64) -> String {
    if count < 1000 {
        return count.to_string();
    }
    // Formatting first: rounding may carry into the next power of ten, as from 999,999 to 1.00 M.
    let text = format!("{:.2e}", count as f64);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: usize = exponent.parse().unwrap_or(0);
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let (whole, rest) = digits.split_at(exponent % 3 + 1);
    let point = if rest.is_empty() { "" } else { "." };
    // A count of 64 bits is below 10^20.
    let unit = ["", "k", "M", "G", "T", "P", "E"][(exponent / 3).min(6)];
    format!("{whole}{point}{rest} {unit}")
}

/// How far `count` variants are, as `6 variants: 4 done, 2 to run`.
#[must_use]
pub fn variants(count: usize, done: usize) -> String {
    match count - done {
        0 => format!("{count} variants: all done"),
        left if done == 0 => format!("{left} variants to run"),
        left => format!("{count} variants: {done} done, {left} to run"),
    }
}

/// A time span, as `4.2 s`, `3 min 05 s`, `2 h 07 min`.
#[must_use]
pub fn duration(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", span.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_kept() {
        assert_eq!(significant(0.883_11), "0.883");
        assert_eq!(significant(2118.4), "2120");
        assert_eq!(significant(21_167.0), "21200");
        assert_eq!(significant(-0.001_234), "-0.00123");
        assert_eq!(significant(1.234e-9), "1.23e-9");
        assert_eq!(significant(12.0), "12.0");
        assert_eq!(significant(0.0), "0");
    }

    #[test]
    fn counts_have_decimal_units() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1290, "1.29 k"),
            (12_345, "12.3 k"),
            (999_499, "999 k"),
            (999_500, "1.00 M"),
            (81_234_567, "81.2 M"),
            (3_000_000_000, "3.00 G"),
            (u64::MAX, "18.4 E"),
        ] {
            assert_eq!(short(count), text);
        }
    }

    #[test]
    fn memory_is_read_with_and_without_unit() {
        assert_eq!(parse_bytes("4GiB"), Ok(4 << 30));
        assert_eq!(parse_bytes("4 GB"), Ok(4 << 30));
        assert_eq!(parse_bytes("1.5k"), Ok(1536));
        assert_eq!(parse_bytes("1000"), Ok(1000));
        for wrong in ["", "much", "-1G", "0", "4X", "1e3"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_span_needs_its_unit() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("1.5 h"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_duration("2d"), Ok(Duration::from_hours(48)));
        for wrong in ["", "2", "h", "-1h", "0s", "1e9h", "2 hours", "9999999999999999999999d"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_and_time_have_units() {
        assert_eq!(bytes(512), "512 bytes");
        assert_eq!(bytes(3 << 29), "1.50 GiB");
        assert_eq!(duration(Duration::from_secs(185)), "3 min 05 s");
        assert_eq!(duration(Duration::from_millis(4210)), "4.2 s");
    }
}

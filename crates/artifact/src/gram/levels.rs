//! Repetition and definition levels of rows that all have the same number of values.
//!
//! Parquet says of every value of a list whether it begins a row (repetition level 0) or goes on
//! with one (1), and whether it is there (definition level 1): of a Gramian two numbers an entry,
//! though all of them follow from the width. As runs they are a handful of bytes a row.
//!
//! Source: the Parquet format's *Run Length Encoding / Bit-Packing Hybrid*, at one bit a level,
//! and its data page of version 1, where a length of four bytes goes before each kind of level.

/// The levels that go before the values of `rows` whole rows of `width` values each.
pub(super) fn encoded(rows: usize, width: usize) -> Vec<u8> {
    let mut repetition = Vec::new();
    if width == 1 {
        push_run(&mut repetition, rows, 0);
    } else {
        for _ in 0..rows {
            push_run(&mut repetition, 1, 0);
            push_run(&mut repetition, width - 1, 1);
        }
    }
    let mut definition = Vec::new();
    push_run(&mut definition, rows * width, 1);
    let mut page = Vec::with_capacity(8 + repetition.len() + definition.len());
    for levels in [repetition, definition] {
        page.extend((levels.len() as u32).to_le_bytes());
        page.extend(levels);
    }
    page
}

fn push_run(levels: &mut Vec<u8>, count: usize, level: u8) {
    let mut header = (count as u64) << 1;
    while header >= 0x80 {
        levels.push(header as u8 | 0x80);
        header >>= 7;
    }
    levels.extend([header as u8, level]);
}

/// What follows the levels of `page`, where they say that its `count` values are the values
/// `from..from + count` of rows of `width` without holes; None where they say anything else.
pub(super) fn values(page: &[u8], from: usize, count: usize, width: usize) -> Option<&[u8]> {
    let (repetition, rest) = split(page)?;
    let (definition, values) = split(rest)?;
    let begins_row = |value: usize| value.is_multiple_of(width);
    let repeated = say(repetition, count, |run, level| {
        let (start, end) = (from + run.start, from + run.end);
        match level {
            // The next row begins after the run.
            1 => !begins_row(start) && end <= start.next_multiple_of(width),
            _ => begins_row(start) && (width == 1 || end - start == 1),
        }
    });
    let defined = say(definition, count, |_, level| level == 1);
    (repeated && defined).then_some(values)
}

/// Levels with the length before them, and what comes after.
fn split(page: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = page.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Whether `levels` are exactly `count` levels of one bit, each run of which is `expected`.
fn say(
    mut levels: &[u8],
    count: usize,
    expected: impl Fn(std::ops::Range<usize>, u8) -> bool,
) -> bool {
    let mut seen = 0;
    while seen < count {
        let Some((header, rest)) = number(levels) else { return false };
        let Ok(length) = usize::try_from(header >> 1) else { return false };
        if header & 1 == 0 {
            let Some((&level, rest)) = rest.split_first() else { return false };
            if length == 0 || length > count - seen || !expected(seen..seen + length, level) {
                return false;
            }
            (seen, levels) = (seen + length, rest);
        } else {
            // `length` bytes of eight levels each, the last of them filled up.
            let Some((packed, rest)) = rest.split_at_checked(length) else { return false };
            for (byte, bit) in packed.iter().flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
                if seen < count {
                    if !expected(seen..seen + 1, byte >> bit & 1) {
                        return false;
                    }
                    seen += 1;
                }
            }
            levels = rest;
        }
    }
    levels.is_empty()
}

/// A number in groups of seven bits, the lowest first.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (i, &byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte < 0x80 {
            return Some((value, &bytes[i + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn levels_of_whole_rows_are_known_again_and_no_others(
            rows in 1_usize..20, width in prop::sample::select(vec![1_usize, 2, 3, 127, 128, 1000]),
        ) {
            let mut page = encoded(rows, width);
            page.extend([7, 8, 9]);
            let count = rows * width;
            prop_assert_eq!(values(&page, 0, count, width), Some(&[7, 8, 9][..]));
            prop_assert_eq!(values(&page, 5 * width, count, width), Some(&[7, 8, 9][..]));
            // Of rows one longer or shorter, of fewer values, from the middle of a row.
            prop_assert!(rows == 1 || values(&page, 0, count, width + 1).is_none());
            prop_assert!(width == 1 || values(&page, 0, count, width - 1).is_none());
            prop_assert_eq!(values(&page, 0, count - 1, width), None);
            prop_assert_eq!(values(&page, 0, count + 1, width), None);
            prop_assert!(width == 1 || values(&page, 1, count, width).is_none());
            for length in 0..page.len() - 3 {
                prop_assert_eq!(values(&page[..length], 0, count, width), None);
            }
        }

        #[test]
        fn arbitrary_bytes_are_no_error(
            bytes in prop::collection::vec(any::<u8>(), 0..60), count in 0_usize..100, width in 1_usize..9,
        ) {
            let _ = values(&bytes, 0, count, width);
        }
    }

    #[test]
    fn packed_levels_are_known_too() {
        // 0 1 1 0 1 1 and two bits that fill the byte; then six times 1.
        let page = [2, 0, 0, 0, 0b11, 0b0011_0110, 2, 0, 0, 0, 12, 1, 42];
        assert_eq!(values(&page, 0, 6, 3), Some(&[42][..]));
        assert_eq!(values(&page, 0, 6, 2), None);
        // A value that is not there.
        let mut hole = page;
        hole[11] = 0;
        assert_eq!(values(&hole, 0, 6, 3), None);
    }
}

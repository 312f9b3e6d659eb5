//! Memory for a whole Gramian.

use super::GramValue;

/// `count` zeros, in pages of 2 MiB where the system has them for the asking.
///
/// A Gramian of N = 4,096 lies on 16,384 pages of 4 KiB, each of which the system fetches by itself
/// when it is first written: a third of the time that reading a table takes. Fewer pages also cost
/// products with the matrix fewer look-ups of addresses.
pub(super) fn zeros<T: GramValue>(count: usize) -> Vec<T> {
    let values = vec![T::default(); count];
    ask_for_large_pages(&values);
    values
}

#[cfg(target_os = "linux")]
fn ask_for_large_pages<T>(values: &[T]) {
    const PAGE: usize = 4096;
    let bytes = values.as_ptr_range();
    let (start, end) = (bytes.start as usize, bytes.end as usize);
    let (start, end) = (start.next_multiple_of(PAGE), end - end % PAGE);
    if start < end {
        // SAFETY: the range lies within `values`, and the call is advice: it changes no byte of it. Where
        // it is not taken, pages stay small.
        let _ =
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages<T>(_: &[T]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_any_size_is_zero_and_can_be_written() {
        for count in [0, 1, 1023, 1024, 1025, 5 << 20] {
            let mut values: Vec<f32> = zeros(count);
            assert!(values == vec![0.0; count]);
            values.fill(1.0);
            assert!(values == vec![1.0; count]);
        }
    }
}

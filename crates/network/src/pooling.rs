//! Pools: means and maxima of windows, and of whole images.

use crate::scalar::Scalar;
use crate::window::Window;

/// The places of the windows of `window` in an image, each as the starts of its rows of k · c numbers.
fn windows(window: &Window) -> impl Iterator<Item = impl Iterator<Item = usize>> {
    let [down, across] = window.output;
    let (k, stride) = (window.kernel, window.stride);
    let [_, w, c] = window.input;
    (0..down * across).map(move |position| {
        let (y, x) = (position / across * stride, position % across * stride);
        (0..k).map(move |dy| ((y + dy) * w + x) * c)
    })
}

/// Mean of every window and channel: n × h × w × c to n × positions × c. Windows lie within.
pub(crate) fn average<T: Scalar>(window: &Window, images: &[T], means: &mut [T]) {
    let (k, c) = (window.kernel, window.input[2]);
    let factor = T::one() / T::of((k * k) as f64);
    let outputs = means.chunks_exact_mut(window.positions() * c);
    for (image, means) in images.chunks_exact(window.input_len()).zip(outputs) {
        for (rows, mean) in windows(window).zip(means.chunks_exact_mut(c)) {
            mean.fill(T::zero());
            for row in rows {
                for pixel in image[row..row + k * c].chunks_exact(c) {
                    add(mean, pixel);
                }
            }
            for mean in mean {
                *mean *= factor;
            }
        }
    }
}

/// The signals of [`average`] at its inputs, on top of `before` or in place of it.
pub(crate) fn average_back<T: Scalar>(
    window: &Window,
    signals: &[T],
    accumulate: bool,
    before: &mut [T],
) {
    let (k, c) = (window.kernel, window.input[2]);
    let factor = T::one() / T::of((k * k) as f64);
    if !accumulate {
        before.fill(T::zero());
    }
    let outputs = signals.chunks_exact(window.positions() * c);
    for (before, signals) in before.chunks_exact_mut(window.input_len()).zip(outputs) {
        for (rows, signal) in windows(window).zip(signals.chunks_exact(c)) {
            for row in rows {
                for pixel in before[row..row + k * c].chunks_exact_mut(c) {
                    for (to, &signal) in pixel.iter_mut().zip(signal) {
                        *to += factor * signal;
                    }
                }
            }
        }
    }
}

/// Maximum of every window and channel, and where in its image it lies: of equal ones the first.
pub(crate) fn maximum<T: Scalar>(
    window: &Window,
    images: &[T],
    maxima: &mut [T],
    places: &mut [u32],
) {
    let (k, c) = (window.kernel, window.input[2]);
    let size = window.positions() * c;
    let outputs = maxima.chunks_exact_mut(size).zip(places.chunks_exact_mut(size));
    for (image, (maxima, places)) in images.chunks_exact(window.input_len()).zip(outputs) {
        let outputs = maxima.chunks_exact_mut(c).zip(places.chunks_exact_mut(c));
        for (rows, (maximum, place)) in windows(window).zip(outputs) {
            let mut first = true;
            for at in rows.flat_map(|row| (row..row + k * c).step_by(c)) {
                for j in 0..c {
                    // A NaN stays, and so shows that the run diverged.
                    let value = image[at + j];
                    if first || value > maximum[j] || value.wide().is_nan() {
                        (maximum[j], place[j]) = (value, (at + j) as u32);
                    }
                }
                first = false;
            }
        }
    }
}

/// The signals of [`maximum`] at its inputs, on top of `before` or in place of it.
pub(crate) fn maximum_back<T: Scalar>(
    window: &Window,
    (signals, places): (&[T], &[u32]),
    accumulate: bool,
    before: &mut [T],
) {
    if !accumulate {
        before.fill(T::zero());
    }
    let size = window.positions() * window.input[2];
    let outputs = signals.chunks_exact(size).zip(places.chunks_exact(size));
    for (before, (signals, places)) in before.chunks_exact_mut(window.input_len()).zip(outputs) {
        for (&signal, &place) in signals.iter().zip(places) {
            before[place as usize] += signal;
        }
    }
}

/// Mean of every channel of an image: n × h × w × `c` to n × `c`.
pub(crate) fn global_average<T: Scalar>(c: usize, images: &[T], means: &mut [T]) {
    let pixels = images.len() / means.len().max(1);
    let factor = T::one() / T::of(pixels as f64);
    for (image, mean) in images.chunks_exact(pixels * c).zip(means.chunks_exact_mut(c)) {
        mean.fill(T::zero());
        for pixel in image.chunks_exact(c) {
            add(mean, pixel);
        }
        for mean in mean {
            *mean *= factor;
        }
    }
}

/// The signals of [`global_average`] at its inputs, on top of `before` or in place of it.
pub(crate) fn global_average_back<T: Scalar>(
    c: usize,
    signals: &[T],
    accumulate: bool,
    before: &mut [T],
) {
    let pixels = before.len() / signals.len().max(1);
    let factor = T::one() / T::of(pixels as f64);
    for (image, signal) in before.chunks_exact_mut(pixels * c).zip(signals.chunks_exact(c)) {
        for pixel in image.chunks_exact_mut(c) {
            for (to, &signal) in pixel.iter_mut().zip(signal) {
                let value = factor * signal;
                *to = if accumulate { *to + value } else { value };
            }
        }
    }
}

fn add<T: Scalar>(sums: &mut [T], values: &[T]) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

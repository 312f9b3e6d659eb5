//! Convolutions of images, channels last: values, signals to their inputs, gradients.
//!
//! Weights are k × k × c × c', row-major; images of a block follow each other. Every pass is a sum
//! over windows that reads the image, or the signal with zeros around it, where it lies ([`Sums`]).

use std::ops::Range;

use crate::scalar::Scalar;
use crate::tile::Sums;
use crate::window::{Padding, Window};

/// z ← `scale` · Σ over windows: images (n × h × w × c) to n × positions × `channels`.
pub(crate) fn forward<T: Scalar>(
    window: &Window,
    channels: usize,
    scale: T,
    weight: &[T],
    images: &[T],
    buffer: &mut Vec<T>,
    z: &mut [T],
) {
    let [_, _, c] = window.input;
    let (k, line, [lines, rows]) = (window.kernel, window.columns() * c, window.output);
    let sums = Sums {
        lines,
        rows,
        columns: channels,
        segments: k,
        length: k * c,
        a_line: window.stride * line,
        a_row: window.stride * c,
        a_segment: line,
        a_step: 1,
        b_segment: k * c * channels,
        b_step: channels,
        result_line: rows * channels,
        result_row: channels,
    };
    let results = z.chunks_exact_mut(lines * rows * channels);
    for (image, z) in images.chunks_exact(window.input_len()).zip(results) {
        T::sums(&sums, scale, window.padded(image, buffer), weight, false, z);
    }
}

/// Adds `scale` · ∂⟨signal, z⟩/∂W of a block to `gradient`, k × k × c × c', or writes it there unless
/// `accumulate`; of the rows `lines` of the window alone, where these are not all.
#[expect(clippy::too_many_arguments, reason = "a layer, its factors and its buffer")]
pub(crate) fn gradient<T: Scalar>(
    window: &Window,
    channels: usize,
    scale: T,
    (images, signal): (&[T], &[T]),
    lines: Range<usize>,
    buffer: &mut Vec<T>,
    mut accumulate: bool,
    gradient: &mut [T],
) {
    let [_, _, c] = window.input;
    let (k, line, [down, across]) = (window.kernel, window.columns() * c, window.output);
    let sums = Sums {
        lines: lines.len(),
        rows: k * c,
        columns: channels,
        segments: down,
        length: across,
        a_line: line,
        a_row: 1,
        a_segment: window.stride * line,
        a_step: window.stride * c,
        b_segment: across * channels,
        b_step: channels,
        result_line: k * c * channels,
        result_row: channels,
    };
    let signals = signal.chunks_exact(down * across * channels);
    for (image, signal) in images.chunks_exact(window.input_len()).zip(signals) {
        let image = &window.padded(image, buffer)[lines.start * line..];
        T::sums(&sums, scale, image, signal, accumulate, gradient);
        accumulate = true;
    }
}

/// The weights of a convolution as the way back needs them.
///
/// With stride s, the places of an image fall into s × s classes by their distance from a window's
/// corner; those of one class are met by the same of the k × k weights, and their signal is a
/// convolution of stride 1 with these, turned around. So nothing is multiplied by the zeros between
/// windows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turned<T> {
    /// Of each class its weights, rows × columns × c' × c, one after the other.
    weights: Vec<T>,
}

impl<T: Scalar> Turned<T> {
    /// Writes the weights of a convolution, k × k × c × c'.
    pub fn set(&mut self, window: &Window, channels: usize, weight: &[T]) {
        let (k, s, c) = (window.kernel, window.stride, window.input[2]);
        self.weights.clear();
        self.weights.reserve(weight.len());
        for (rows, columns) in classes(s).map(|(y, x)| (taps(k, s, y), taps(k, s, x))) {
            for dy in rows.rev() {
                for dx in columns.clone().rev() {
                    let from = &weight[(dy * k + dx) * c * channels..][..c * channels];
                    for out in 0..channels {
                        self.weights.extend(from.iter().skip(out).step_by(channels));
                    }
                }
            }
        }
    }

    /// The signals of a block (n × positions × `channels`) at its inputs (n × h × w × c), times
    /// `scale`, on top of `before` or in place of it.
    #[expect(clippy::too_many_arguments, reason = "a layer, its signal and its buffers")]
    pub fn backward(
        &self,
        window: &Window,
        channels: usize,
        scale: T,
        signal: &[T],
        buffers: &mut [Vec<T>; 2],
        accumulate: bool,
        before: &mut [T],
    ) {
        let [down, across] = window.output;
        // On a torus a place is met from beyond the edges too: the signal of the padded image is
        // folded onto it.
        let folded = window.padding == Padding::Circular && !window.is_within();
        let [around, unfolded] = buffers;
        let signals = signal.chunks_exact(down * across * channels);
        for (signal, before) in signals.zip(before.chunks_exact_mut(window.input_len())) {
            if folded {
                unfolded.resize(window.read_len(), T::zero());
                let size = window.padded;
                let place = Place { size, before: [0, 0] };
                self.image(window, channels, scale, signal, around, place, false, unfolded);
                if !accumulate {
                    before.fill(T::zero());
                }
                window.add_folded(unfolded, before);
            } else {
                let [h, w, _] = window.input;
                let place = Place { size: [h, w], before: window.before };
                self.image(window, channels, scale, signal, around, place, accumulate, before);
            }
        }
    }

    /// The signal of one image.
    #[expect(clippy::too_many_arguments, reason = "a signal, its places and its buffers")]
    fn image(
        &self,
        window: &Window,
        channels: usize,
        scale: T,
        signal: &[T],
        around: &mut Vec<T>,
        place: Place,
        accumulate: bool,
        before: &mut [T],
    ) {
        let (k, s, c) = (window.kernel, window.stride, window.input[2]);
        let [down, across] = window.output;
        // Windows above and left of the first that a place would need, and those after the last.
        let margin = k.div_ceil(s) - 1;
        let last = |side: usize| (place.size[side] - 1 + place.before[side]) / s;
        let (tall, wide) = (margin + down.max(last(0) + 1), margin + across.max(last(1) + 1));
        let line = wide * channels;
        around.clear();
        around.resize(tall * line, T::zero());
        for (y, row) in signal.chunks_exact(across * channels).enumerate() {
            let start = (margin + y) * line + margin * channels;
            around[start..start + row.len()].copy_from_slice(row);
        }
        let mut weights = self.weights.as_slice();
        for (y, x) in classes(s) {
            let (rows, columns) = (taps(k, s, y).len(), taps(k, s, x).len());
            let (mine, rest) = weights.split_at(rows * columns * channels * c);
            weights = rest;
            // The first place of the class in the image, and its first window.
            let first = |side: usize, class: usize| (class + s - place.before[side] % s) % s;
            let (top, left) = (first(0, y), first(1, x));
            let count =
                |side: usize, first: usize| place.size[side].saturating_sub(first).div_ceil(s);
            let (lines, places) = (count(0, top), count(1, left));
            if lines == 0 || places == 0 {
                continue;
            }
            let window_of = |side: usize, first: usize, taps: usize| {
                margin + 1 + (first + place.before[side]) / s - taps
            };
            let sums = Sums {
                lines,
                rows: places,
                columns: c,
                segments: rows,
                length: columns * channels,
                a_line: line,
                a_row: channels,
                a_segment: line,
                a_step: 1,
                b_segment: columns * channels * c,
                b_step: c,
                result_line: s * place.size[1] * c,
                result_row: s * c,
            };
            // Without taps the sums are empty, and so is their corner of the signal.
            let corner = if rows * columns == 0 {
                0
            } else {
                window_of(0, top, rows) * line + window_of(1, left, columns) * channels
            };
            let to = &mut before[(top * place.size[1] + left) * c..];
            let segments = if columns == 0 { 0 } else { rows };
            T::sums(&Sums { segments, ..sums }, scale, &around[corner..], mine, accumulate, to);
        }
    }
}

/// The places that a signal is sent to, and how many rows and columns of windows' corners lie before
/// the first.
#[derive(Clone, Copy)]
struct Place {
    size: [usize; 2],
    before: [usize; 2],
}

/// The s × s classes of places.
fn classes(s: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..s).flat_map(move |y| (0..s).map(move |x| (y, x)))
}

/// Which of the k weights along a side meet places of `class`.
fn taps(
    k: usize,
    s: usize,
    class: usize,
) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + Clone {
    (class..k.max(class)).step_by(s)
}

//! Locally connected layers: windows as of a convolution, each with weights of its own.
//!
//! Weights are positions × k × k × c × c', row-major. The images of a block share the weights of a
//! position, so that a larger block reads them less often.

use crate::gemm::{Gemm, gemm};
use crate::scalar::Scalar;
use crate::tile::Sums;
use crate::window::Window;

/// Images of a block as windows are read from them, one after the other in `buffer`.
fn padded<'a, T: Scalar>(window: &Window, images: &'a [T], buffer: &'a mut Vec<T>) -> &'a [T] {
    if window.is_within() {
        return images;
    }
    let count = images.len() / window.input_len();
    buffer.resize(count * window.read_len(), T::zero());
    let rows = buffer.chunks_exact_mut(window.read_len());
    for (image, padded) in images.chunks_exact(window.input_len()).zip(rows) {
        window.write_padded(image, padded);
    }
    buffer
}

/// Of each position its number and where its window begins in a padded image.
fn corners(window: &Window) -> impl Iterator<Item = (usize, usize)> + use<> {
    let [down, across] = window.output;
    let (c, columns, stride) = (window.input[2], window.columns(), window.stride);
    (0..down * across).map(move |position| {
        let (y, x) = (position / across, position % across);
        (position, (y * columns + x) * stride * c)
    })
}

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
    let (k, c, patch) = (window.kernel, window.input[2], window.patch());
    let row = window.positions() * channels;
    let sums = Sums {
        lines: 1,
        rows: images.len() / window.input_len(),
        columns: channels,
        segments: k,
        length: k * c,
        a_line: 0,
        a_row: window.read_len(),
        a_segment: window.columns() * c,
        a_step: 1,
        b_segment: k * c * channels,
        b_step: channels,
        result_line: 0,
        result_row: row,
    };
    let images = padded(window, images, buffer);
    for (position, corner) in corners(window) {
        let weight = &weight[position * patch * channels..][..patch * channels];
        T::sums(&sums, scale, &images[corner..], weight, false, &mut z[position * channels..]);
    }
}

/// Adds `scale` · ∂⟨signal, z⟩/∂W of a block to `gradient`, or writes it there unless `accumulate`.
pub(crate) fn gradient<T: Scalar>(
    window: &Window,
    channels: usize,
    scale: T,
    (images, signal): (&[T], &[T]),
    buffer: &mut Vec<T>,
    accumulate: bool,
    gradient: &mut [T],
) {
    let (k, c, patch) = (window.kernel, window.input[2], window.patch());
    let sums = Sums {
        lines: k,
        rows: k * c,
        columns: channels,
        segments: 1,
        length: images.len() / window.input_len(),
        a_line: window.columns() * c,
        a_row: 1,
        a_segment: 0,
        a_step: window.read_len(),
        b_segment: 0,
        b_step: window.positions() * channels,
        result_line: k * c * channels,
        result_row: channels,
    };
    let images = padded(window, images, buffer);
    for (position, corner) in corners(window) {
        let to = &mut gradient[position * patch * channels..][..patch * channels];
        let signal = &signal[position * channels..];
        T::sums(&sums, scale, &images[corner..], signal, accumulate, to);
    }
}

/// The signals of a block (n × positions × `channels`) at its inputs (n × h × w × c), times `scale`,
/// on top of `before` or in place of it.
#[expect(clippy::too_many_arguments, reason = "a layer, its signal and its buffers")]
pub(crate) fn backward<T: Scalar>(
    window: &Window,
    channels: usize,
    scale: T,
    weight: &[T],
    signal: &[T],
    buffers: &mut [Vec<T>; 2],
    accumulate: bool,
    before: &mut [T],
) {
    let (k, c, patch) = (window.kernel, window.input[2], window.patch());
    let count = before.len() / window.input_len();
    let (row, line) = (window.positions() * channels, window.columns() * c);
    let [unfolded, patches] = buffers;
    unfolded.clear();
    unfolded.resize(count * window.read_len(), T::zero());
    patches.resize(count * (patch + channels), T::zero());
    let (patches, of_position) = patches.split_at_mut(count * patch);
    for (position, corner) in corners(window) {
        for (to, from) in of_position.chunks_exact_mut(channels).zip(signal.chunks_exact(row)) {
            to.copy_from_slice(&from[position * channels..][..channels]);
        }
        let weight = &weight[position * patch * channels..][..patch * channels];
        let shape = [count, channels, patch];
        gemm(Gemm::RightTransposed, shape, scale, of_position, weight, false, patches);
        let images = unfolded.chunks_exact_mut(window.read_len());
        for (image, patch) in images.zip(patches.chunks_exact(patch)) {
            for (dy, part) in patch.chunks_exact(k * c).enumerate() {
                let to = &mut image[corner + dy * line..][..k * c];
                for (to, &value) in to.iter_mut().zip(part) {
                    *to += value;
                }
            }
        }
    }
    if !accumulate {
        before.fill(T::zero());
    }
    let images = before.chunks_exact_mut(window.input_len());
    for (before, unfolded) in images.zip(unfolded.chunks_exact(window.read_len())) {
        if window.is_within() {
            for (to, &value) in before.iter_mut().zip(unfolded) {
                *to += value;
            }
        } else {
            window.add_folded(unfolded, before);
        }
    }
}

/// Writes what the window of `place` sees of each image of a block, k² c numbers each, to `patches`.
pub(crate) fn copy_patches<T: Scalar>(
    window: &Window,
    place: usize,
    images: &[T],
    buffer: &mut Vec<T>,
    patches: &mut [T],
) {
    let Some((_, corner)) = corners(window).nth(place) else { return };
    let (row, line) = (window.kernel * window.input[2], window.columns() * window.input[2]);
    let images = padded(window, images, buffer).chunks_exact(window.read_len());
    for (image, patch) in images.zip(patches.chunks_exact_mut(window.patch())) {
        for (dy, to) in patch.chunks_exact_mut(row).enumerate() {
            to.copy_from_slice(&image[corner + dy * line..][..row]);
        }
    }
}

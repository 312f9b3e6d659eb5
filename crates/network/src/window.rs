//! Windows that move over images: where they lie, and what lies outside the image.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a window sees beyond the edge of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Zeros, so many that ⌈n / stride⌉ windows fit; an odd one lies after the image (as in
    /// TensorFlow, JAX and neural-tangents; PyTorch pads both sides alike, which for even sizes and
    /// stride 2 is another layer).
    #[default]
    Same,
    /// Nothing: windows lie within the image.
    Valid,
    /// The opposite edge: as many windows as under `same`, on a torus.
    Circular,
}

impl Padding {
    /// Its name in YAML.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Valid => "valid",
            Self::Circular => "circular",
        }
    }
}

/// Square windows over an image of h × w × c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// h, w, c of the image.
    pub input: [usize; 3],
    /// Side of the window, k.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
    /// What lies beyond the edge.
    pub padding: Padding,
    /// Windows down and across.
    pub output: [usize; 2],
    /// Rows above and columns left of the image.
    pub before: [usize; 2],
    /// Rows and columns of the image with what windows see beyond its edges.
    pub(crate) padded: [usize; 2],
}

impl Window {
    /// Windows of `kernel` × `kernel` over `input`; `None` where a size is 0 or they are larger than the
    /// image, under [`Padding::Same`] so much that some of their numbers never meet it.
    #[must_use]
    pub fn new(input: [usize; 3], kernel: usize, stride: usize, padding: Padding) -> Option<Self> {
        let [h, w, _] = input;
        let side = h.min(w);
        let largest = match padding {
            Padding::Same => (2 * side).saturating_sub(1),
            Padding::Valid | Padding::Circular => side,
        };
        if kernel == 0 || stride == 0 || kernel > largest {
            return None;
        }
        let mut window =
            Self { input, kernel, stride, padding, output: [0; 2], before: [0; 2], padded: [0; 2] };
        for (side, size) in [h, w].into_iter().enumerate() {
            let count = match padding {
                Padding::Valid => (size - kernel) / stride + 1,
                Padding::Same | Padding::Circular => size.div_ceil(stride),
            };
            window.output[side] = count;
            window.padded[side] = (count - 1) * stride + kernel;
            if padding != Padding::Valid {
                window.before[side] = window.padded[side].saturating_sub(size) / 2;
            }
        }
        Some(window)
    }

    /// Windows of an image.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Numbers that a window sees: k² c.
    #[must_use]
    pub fn patch(&self) -> usize {
        self.kernel.saturating_mul(self.kernel).saturating_mul(self.input[2])
    }

    /// Numbers of the image.
    pub(crate) fn input_len(&self) -> usize {
        self.input.iter().product()
    }

    /// Whether no window sees beyond the image, so that it is read where it lies.
    pub(crate) fn is_within(&self) -> bool {
        self.padding == Padding::Valid
            || (0..2).all(|side| self.before[side] == 0 && self.padded[side] <= self.input[side])
    }

    /// Columns of the rows that windows are read from: the image's, or those with its padding.
    pub(crate) fn columns(&self) -> usize {
        if self.is_within() { self.input[1] } else { self.padded[1] }
    }

    /// Numbers of the image as windows are read from it.
    pub(crate) fn read_len(&self) -> usize {
        if self.is_within() {
            self.input_len()
        } else {
            self.padded[0] * self.padded[1] * self.input[2]
        }
    }

    /// `image` as windows are read from it, put together in `buffer` where they see beyond it.
    pub(crate) fn padded<'a, T: Copy + num_traits::Zero>(
        &self,
        image: &'a [T],
        buffer: &'a mut Vec<T>,
    ) -> &'a [T] {
        if self.is_within() {
            return image;
        }
        buffer.resize(self.read_len(), T::zero());
        self.write_padded(image, buffer);
        buffer
    }

    /// Writes `image` with what windows see beyond it to `padded`.
    pub(crate) fn write_padded<T: Copy + num_traits::Zero>(&self, image: &[T], padded: &mut [T]) {
        let [h, w, c] = self.input;
        let [top, left] = self.before;
        let columns = self.padded[1];
        for (y, row) in padded.chunks_exact_mut(columns * c).enumerate() {
            let circular = self.padding == Padding::Circular;
            let from = if circular { Some((y + h * top - top) % h) } else { y.checked_sub(top) };
            let Some(from) = from.filter(|&from| from < h) else {
                row.fill(T::zero());
                continue;
            };
            let line = &image[from * w * c..(from + 1) * w * c];
            let within = w.min(columns - left);
            row[left * c..(left + within) * c].copy_from_slice(&line[..within * c]);
            let outside = (0..left).chain(left + within..columns);
            for x in outside {
                let pixel = &mut row[x * c..(x + 1) * c];
                if circular {
                    let from = (x + w * left - left) % w;
                    pixel.copy_from_slice(&line[from * c..(from + 1) * c]);
                } else {
                    pixel.fill(T::zero());
                }
            }
        }
    }

    /// Adds the entries of `padded`, laid out as [`Self::write_padded`] does, to where they come from
    /// in `image`.
    pub(crate) fn add_folded<T: Copy + std::ops::AddAssign>(&self, padded: &[T], image: &mut [T]) {
        let [h, w, c] = self.input;
        let [top, left] = self.before;
        let place = |at: usize, before: usize, size: usize| {
            if self.padding == Padding::Circular {
                Some((at + size * before - before) % size)
            } else {
                at.checked_sub(before).filter(|&at| at < size)
            }
        };
        for (y, row) in padded.chunks_exact(self.padded[1] * c).enumerate() {
            let Some(y) = place(y, top, h) else { continue };
            for (x, pixel) in row.chunks_exact(c).enumerate() {
                let Some(x) = place(x, left, w) else { continue };
                let to = &mut image[(y * w + x) * c..(y * w + x + 1) * c];
                for (to, &value) in to.iter_mut().zip(pixel) {
                    *to += value;
                }
            }
        }
    }
}

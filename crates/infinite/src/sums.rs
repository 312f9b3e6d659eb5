//! Sums of covariances over windows, as sums of whole blocks and then within a block.

use network::{Padding, Window};

use crate::dual::Real;

/// A linear map of entries in blocks: each output block is a sum of input blocks, in which then entries are
/// summed.
#[derive(Clone, Debug)]
pub(crate) struct Sums<T> {
    /// The input blocks of each output block; a block without any is 0.
    pub blocks: Vec<Vec<u32>>,
    /// What happens within a block.
    pub within: Within<T>,
    /// What the sums are multiplied by.
    pub scale: f64,
}

/// Sums within a block.
#[derive(Clone, Debug)]
pub(crate) enum Within<T> {
    /// Each entry is itself.
    Same,
    /// Sums of shifted blocks, each with a mask of 0 and 1.
    Shifts(Vec<Shift<T>>),
    /// The entries that each output entry is a sum of.
    Gather(Vec<Vec<u32>>),
    /// Blocks of one entry: the entries that that of each column is a sum of.
    Column(Vec<Vec<u32>>),
}

/// Which pairs of places have entries, before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// All, before and after.
    All,
    /// All before, equal ones after.
    EqualOfAll,
    /// Equal ones.
    Equal,
}

/// A shifted block: output entry e gets input entry e + `by` where its mask is 1.
#[derive(Clone, Debug)]
pub(crate) struct Shift<T> {
    pub by: isize,
    pub mask: Vec<T>,
}

/// Places of rows or columns that windows see: of each output place the input place at each tap, where that
/// lies within the image.
#[derive(Clone, Debug)]
struct Places {
    taps: usize,
    from: Vec<Option<usize>>,
}

impl Places {
    /// Rows (`side` 0) or columns (1) of `window`.
    fn of(window: &Window, side: usize) -> Self {
        let size = window.input[side];
        let from = (0..window.output[side]).flat_map(|output| {
            (0..window.kernel).map(move |tap| {
                let at = output * window.stride + tap;
                let before = window.before[side];
                match window.padding {
                    Padding::Circular => Some((at + size * before - before) % size),
                    _ => at.checked_sub(before).filter(|&at| at < size),
                }
            })
        });
        Self { taps: window.kernel, from: from.collect() }
    }

    fn outputs(&self) -> usize {
        self.from.len() / self.taps
    }

    /// The places of an output, one for each tap.
    fn at(&self, output: usize) -> &[Option<usize>] {
        &self.from[output * self.taps..(output + 1) * self.taps]
    }

    /// For each pair of outputs the entries i · `inputs` + j of the pairs of inputs at the same tap.
    fn together(&self, inputs: usize) -> Vec<Vec<u32>> {
        self.pairs(|left, right| {
            let pairs = left.iter().zip(right);
            pairs.filter_map(|(i, j)| Some(((*i)? * inputs + (*j)?) as u32)).collect()
        })
    }

    /// The same of all pairs of taps.
    fn apart(&self, inputs: usize) -> Vec<Vec<u32>> {
        self.pairs(|left, right| {
            let left = left.iter().flatten();
            left.flat_map(|i| right.iter().flatten().map(move |j| (i * inputs + j) as u32))
                .collect()
        })
    }

    fn pairs(&self, of: impl Fn(&[Option<usize>], &[Option<usize>]) -> Vec<u32>) -> Vec<Vec<u32>> {
        let outputs = self.outputs();
        let pair = |index: usize| of(self.at(index / outputs), self.at(index % outputs));
        (0..outputs * outputs).map(pair).collect()
    }
}

impl<T: Real> Sums<T> {
    /// Entries as they are, of an image of `[h, w]`.
    pub fn same([h, w]: [usize; 2], pairs: Pairs) -> Self {
        let each = |count: usize| (0..count as u32).map(|index| vec![index]).collect();
        match pairs {
            Pairs::All => Self { blocks: each(h * h), within: Within::Same, scale: 1.0 },
            Pairs::Equal => Self { blocks: each(h * w), within: Within::Same, scale: 1.0 },
            Pairs::EqualOfAll => Self::equal(&each(h * h), &each(w * w), 1.0),
        }
    }

    /// Means over the windows of a convolution, moved together in both images.
    pub fn windows(window: &Window, pairs: Pairs) -> Self {
        let [h, w, _] = window.input;
        let (rows, columns) = (Places::of(window, 0), Places::of(window, 1));
        let scale = (window.kernel as f64).powi(-2);
        match pairs {
            Pairs::All => {
                let entries = columns.together(w);
                let within = if columns.outputs() == w {
                    Within::Shifts(shifts(&entries))
                } else {
                    Within::Gather(entries)
                };
                Self { blocks: rows.together(h), within, scale }
            }
            Pairs::EqualOfAll => Self::equal(&rows.together(h), &columns.together(w), scale),
            Pairs::Equal => {
                let mut blocks = Vec::new();
                for row in 0..rows.outputs() {
                    for column in 0..columns.outputs() {
                        let places = rows.at(row).iter().flatten().flat_map(|y| {
                            columns.at(column).iter().flatten().map(move |x| (y * w + x) as u32)
                        });
                        blocks.push(places.collect());
                    }
                }
                Self { blocks, within: Within::Same, scale }
            }
        }
    }

    /// Means over the windows of a pool, each moved by itself; they need all pairs of places.
    pub fn pool(window: &Window, pairs: Pairs) -> Self {
        let [h, w, _] = window.input;
        let (rows, columns) = (Places::of(window, 0), Places::of(window, 1));
        let (blocks, entries) = (rows.apart(h), columns.apart(w));
        let scale = (window.kernel as f64).powi(-4);
        match pairs {
            Pairs::All => Self { blocks, within: Within::Gather(entries), scale },
            Pairs::EqualOfAll => Self::equal(&blocks, &entries, scale),
            // An image of one place.
            Pairs::Equal => Self::same(window.output, pairs),
        }
    }

    /// The mean over all pairs of places of an image of `[h, w]`.
    pub fn mean([h, w]: [usize; 2], pairs: Pairs) -> Self {
        if pairs == Pairs::Equal {
            return Self::same([1, 1], pairs);
        }
        let all = |n: usize| vec![(0..(n * n) as u32).collect()];
        let scale = ((h * w) as f64).powi(-2);
        Self { blocks: all(h), within: Within::Gather(all(w)), scale }
    }

    /// The mean over equal places of an image of `[h, w]`.
    pub fn mean_of_equal([h, w]: [usize; 2], pairs: Pairs) -> Self {
        let scale = ((h * w) as f64).recip();
        if pairs == Pairs::Equal {
            let blocks = vec![(0..(h * w) as u32).collect()];
            return Self { blocks, within: Within::Same, scale };
        }
        let diagonal = |n: usize| vec![(0..n).map(|i| (i * (n + 1)) as u32).collect()];
        Self { blocks: diagonal(h), within: Within::Gather(diagonal(w)), scale }
    }

    /// Of a map of all pairs of rows, by blocks, and of columns, by entries, that of equal places.
    fn equal(blocks: &[Vec<u32>], entries: &[Vec<u32>], scale: f64) -> Self {
        let equal = |lists: &[Vec<u32>]| -> Vec<Vec<u32>> {
            lists.iter().step_by(lists.len().isqrt() + 1).cloned().collect()
        };
        let (rows, columns) = (equal(blocks), equal(entries));
        let blocks = rows.iter().flat_map(|row| std::iter::repeat_n(row.clone(), columns.len()));
        Self { blocks: blocks.collect(), within: Within::Column(columns), scale }
    }

    /// Writes the sums of `block`, multiplied by [`Self::scale`], from `input` in blocks of `length` entries.
    ///
    /// `whole` is a buffer of a block with [`Self::margin`] entries on either side, which shifts read and masks
    /// leave out.
    #[inline(always)]
    pub fn write(&self, block: usize, input: &[T], length: usize, whole: &mut [T], to: &mut [T]) {
        let scale = T::of(self.scale);
        let parts = &self.blocks[block];
        if matches!(self.within, Within::Same) {
            add_parts(parts, input, length, scale, to);
            return;
        }
        let margin = self.margin();
        let summed = &mut whole[margin..margin + length];
        add_parts(parts, input, length, T::one(), summed);
        match &self.within {
            Within::Same => {}
            Within::Shifts(shifts) => add_shifts(shifts, whole, margin, scale, to),
            Within::Gather(entries) => {
                for (to, entries) in to.iter_mut().zip(entries) {
                    *to = scale * sum(summed, entries);
                }
            }
            Within::Column(columns) => to[0] = scale * sum(summed, &columns[block % columns.len()]),
        }
    }

    /// Entries before and after a block that shifts reach.
    pub fn margin(&self) -> usize {
        match &self.within {
            Within::Shifts(shifts) => {
                shifts.iter().map(|shift| shift.by.unsigned_abs()).max().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// Entries whose sums stay in registers.
const TOGETHER: usize = 32;

/// to ← scale · Σ of the `parts` of `input`.
#[inline(always)]
fn add_parts<T: Real>(parts: &[u32], input: &[T], length: usize, scale: T, to: &mut [T]) {
    let mut chunks = to.chunks_exact_mut(TOGETHER);
    let mut start = 0;
    for to in &mut chunks {
        let mut sums = [T::zero(); TOGETHER];
        for &part in parts {
            let at = part as usize * length + start;
            let from = &input[at..at + TOGETHER];
            for (sum, &from) in sums.iter_mut().zip(from) {
                *sum += from;
            }
        }
        for (to, sum) in to.iter_mut().zip(sums) {
            *to = scale * sum;
        }
        start += TOGETHER;
    }
    let rest = chunks.into_remainder();
    rest.fill(T::zero());
    for &part in parts {
        let at = part as usize * length + start;
        let from = &input[at..at + rest.len()];
        for (to, &from) in rest.iter_mut().zip(from) {
            *to += from;
        }
    }
    for to in rest {
        *to *= scale;
    }
}

/// to ← scale · Σ of the shifts of the block that begins at `margin` in `whole`.
#[inline(always)]
fn add_shifts<T: Real>(shifts: &[Shift<T>], whole: &[T], margin: usize, scale: T, to: &mut [T]) {
    let mut chunks = to.chunks_exact_mut(TOGETHER);
    let mut start = 0;
    for to in &mut chunks {
        let mut sums = [T::zero(); TOGETHER];
        for shift in shifts {
            let at = (margin + start).wrapping_add_signed(shift.by);
            let (from, mask) = (&whole[at..at + TOGETHER], &shift.mask[start..start + TOGETHER]);
            for ((sum, &from), &mask) in sums.iter_mut().zip(from).zip(mask) {
                *sum = from.fused(mask, *sum);
            }
        }
        for (to, sum) in to.iter_mut().zip(sums) {
            *to = scale * sum;
        }
        start += TOGETHER;
    }
    for (entry, to) in chunks.into_remainder().iter_mut().enumerate() {
        let entry = start + entry;
        let mut sum = T::zero();
        for shift in shifts {
            let from = whole[(margin + entry).wrapping_add_signed(shift.by)];
            sum = from.fused(shift.mask[entry], sum);
        }
        *to = scale * sum;
    }
}

#[inline(always)]
fn sum<T: Real>(of: &[T], entries: &[u32]) -> T {
    let mut sum = T::zero();
    for &entry in entries {
        sum += of[entry as usize];
    }
    sum
}

/// `entries`, from as many entries to as many, as shifts.
fn shifts<T: Real>(entries: &[Vec<u32>]) -> Vec<Shift<T>> {
    let mut shifts: Vec<(isize, Vec<bool>)> = Vec::new();
    for (to, from) in entries.iter().enumerate() {
        for &from in from {
            let by = (from as usize).cast_signed() - to.cast_signed();
            let place = shifts.iter().position(|(known, _)| *known == by).unwrap_or_else(|| {
                shifts.push((by, vec![false; entries.len()]));
                shifts.len() - 1
            });
            shifts[place].1[to] = true;
        }
    }
    shifts.sort_by_key(|(by, _)| *by);
    let shift = |(by, mask): (isize, Vec<bool>)| {
        let number = |&is_there: &bool| if is_there { T::one() } else { T::zero() };
        Shift { by, mask: mask.iter().map(number).collect() }
    };
    shifts.into_iter().map(shift).collect()
}

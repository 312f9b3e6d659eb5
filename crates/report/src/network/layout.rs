//! Where the layers of a network stand in its drawing, as data: boxes, lines and sums.
//!
//! Layers flow downwards along a spine at x = 0. A residual sum keeps its layers on the spine and has its
//! shortcut to their right; it is never cut. A long network is cut into columns, which are drawn side by
//! side. Lengths are pixels of the page.

use artifact::LayerOutline;
use study::number::grouped;

use super::table::{self, shape};

/// Radius of the circle of a sum.
pub const RADIUS: f64 = 8.0;
/// Between two layers.
const GAP: f64 = 16.0;
/// Between a layer and an activation or norm of its outputs.
const SEAM: f64 = 3.0;
/// From what stands on the spine to the shortcut beside it.
const LANE: f64 = 14.0;
/// Height of a box with two lines of text.
const TALL: f64 = 40.0;
/// Height of a box with one line of text.
const FLAT: f64 = 22.0;
/// Width of a box with few activations, and of one with as many as any in the network.
const WIDTHS: (f64, f64) = (84.0, 172.0);
/// Beside the text of a box.
pub const PADDING: f64 = 9.0;
/// Width of a letter of the first line and of the second. Without fonts it is a guess, on the large side.
const LETTERS: (f64, f64) = (7.3, 6.6);
/// Letters of a name that are shown.
const MOST_LETTERS: usize = 26;
/// Columns are added while they are taller than this, up to so many.
const COLUMN: (f64, usize) = (430.0, 4);
/// There are fewer columns where they would be wider together: what the page has.
const PAGE: f64 = 950.0;
/// Between two columns.
pub const BETWEEN: f64 = 32.0;

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The input of the network.
    Input,
    /// A layer with parameters.
    Trained,
    /// A layer without.
    Fixed,
}

/// A layer in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Its left edge.
    pub x: f64,
    /// Its upper edge.
    pub y: f64,
    pub width: f64,
    pub height: f64,
    pub role: Role,
    pub name: String,
    /// Shape of its output, in a second line; `None` where a layer changes no shape and has hardly any
    /// parameters, as activations and norms.
    pub shape: Option<String>,
    /// How many parameters it has; `None` without any.
    pub parameters: Option<String>,
    /// All that is known of the layer, in a sentence.
    pub about: String,
}

/// A line along data, with corners.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Its ends and corners, two or more.
    pub points: Vec<(f64, f64)>,
    /// Whether it ends in an arrow.
    pub has_arrow: bool,
}

/// A part of a drawing. It is entered at (0, 0) and left at (0, `height`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    /// The least x that it takes.
    pub left: f64,
    /// The largest.
    pub right: f64,
    pub height: f64,
    pub tiles: Vec<Tile>,
    pub paths: Vec<Path>,
    /// Centres of the circles of sums.
    pub sums: Vec<(f64, f64)>,
    /// Where a shortcut leaves the spine.
    pub forks: Vec<(f64, f64)>,
    /// Where the network goes on in another column, or comes from one.
    pub breaks: Vec<(f64, f64)>,
    /// Whether a box stands at its entry, to which an arrow can point.
    begins_in_box: bool,
    /// Whether a box of a layer stands at its end.
    ends_in_box: bool,
    /// Whether it is one layer that changes little, as activations and norms.
    is_slight: bool,
}

/// The network as columns, in order. None without layers.
#[must_use]
pub fn columns(layers: &[LayerOutline]) -> Vec<Piece> {
    let Some(first) = layers.first() else { return Vec::new() };
    let most = most_activations(layers).max(activations(&first.input));
    let mut pieces = vec![boxed(input_tile(&first.input), activations(&first.input), most)];
    for layer in layers {
        let piece = piece(layer, most);
        match pieces.last_mut() {
            // A column does not begin with an activation of what another column ends with.
            Some(last) if piece.is_slight => last.append(piece),
            _ => pieces.push(piece),
        }
    }
    let total: f64 = pieces.iter().map(|piece| piece.height + GAP).sum();
    let (tall, most) = COLUMN;
    #[expect(clippy::cast_sign_loss, reason = "heights are positive")]
    let mut count = ((total / tall).ceil() as usize).clamp(1, most);
    loop {
        let columns = in_columns(&pieces, count);
        let widths = columns.iter().map(|column| column.right - column.left + BETWEEN);
        if count == 1 || widths.sum::<f64>() <= PAGE + BETWEEN {
            return columns;
        }
        count -= 1;
    }
}

/// `pieces` in at most `count` columns.
fn in_columns(pieces: &[Piece], count: usize) -> Vec<Piece> {
    let heights: Vec<f64> = pieces.iter().map(|piece| piece.height).collect();
    let counts = cut(&heights, count);
    let last = counts.len() - 1;
    let mut pieces = pieces.iter().cloned();
    let column = |(place, count): (usize, usize)| {
        let mut column = Piece::default();
        if place > 0 {
            column.breaks.push((0.0, 0.0));
        }
        for piece in pieces.by_ref().take(count) {
            column.append(piece);
        }
        if place < last {
            let end = column.height + GAP;
            column.paths.push(Path::straight(column.height, end, false));
            column.breaks.push((0.0, end));
            column.height = end;
        }
        column
    };
    counts.into_iter().enumerate().map(column).collect()
}

/// How many pieces each of at most `columns` has, so that the tallest is as low as can be.
fn cut(heights: &[f64], columns: usize) -> Vec<usize> {
    let total: f64 = heights.iter().sum::<f64>() + GAP * heights.len() as f64;
    let mut limit = total / columns as f64;
    loop {
        let counts = filled(heights, limit);
        // At the latest, one column holds everything.
        if counts.len() <= columns {
            return counts;
        }
        limit += 4.0;
    }
}

/// How many pieces each column has, where a column is at most `limit` high or has one piece.
fn filled(heights: &[f64], limit: f64) -> Vec<usize> {
    let mut counts = vec![0];
    let mut height = 0.0;
    for one in heights {
        if height > 0.0 && height + GAP + one > limit {
            counts.push(0);
            height = 0.0;
        }
        height += GAP + one;
        if let Some(count) = counts.last_mut() {
            *count += 1;
        }
    }
    counts
}

impl Path {
    /// A line down the spine.
    fn straight(from: f64, to: f64, has_arrow: bool) -> Self {
        Self { points: vec![(0.0, from), (0.0, to)], has_arrow }
    }
}

impl Piece {
    /// Whether `other` follows without an arrow.
    fn is_joined_by(&self, other: &Self) -> bool {
        self.ends_in_box && other.is_slight
    }

    /// Puts `other` below, with a line to it where something is above.
    fn append(&mut self, other: Self) {
        let is_first = self.height == 0.0 && self.breaks.is_empty();
        if is_first {
            self.begins_in_box = other.begins_in_box;
        } else {
            let is_joined = self.is_joined_by(&other);
            let end = self.height + if is_joined { SEAM } else { GAP };
            let has_arrow = other.begins_in_box && !is_joined;
            self.paths.push(Path::straight(self.height, end, has_arrow));
            self.height = end;
        }
        self.ends_in_box = other.ends_in_box;
        let (y, height) = (self.height, other.height);
        self.take(other, 0.0, y);
        self.height += height;
    }

    /// Takes in what `other` has, moved to (x, y); its own height stays.
    fn take(&mut self, other: Self, x: f64, y: f64) {
        let moved = |points: Vec<(f64, f64)>| {
            points.into_iter().map(move |point| (point.0 + x, point.1 + y)).collect::<Vec<_>>()
        };
        self.left = self.left.min(other.left + x);
        self.right = self.right.max(other.right + x);
        let tiles = other.tiles.into_iter();
        self.tiles.extend(tiles.map(|tile| Tile { x: tile.x + x, y: tile.y + y, ..tile }));
        let paths = other.paths.into_iter();
        self.paths.extend(paths.map(|path| Path { points: moved(path.points), ..path }));
        self.sums.extend(moved(other.sums));
        self.forks.extend(moved(other.forks));
        self.breaks.extend(moved(other.breaks));
    }
}

fn piece(layer: &LayerOutline, most: u64) -> Piece {
    if layer.branches.is_empty() {
        return boxed(tile_of(layer), activations(&layer.output), most);
    }
    sum(&layer.branches, most)
}

/// Layers one after the other; without any a piece of no height.
fn chain(layers: &[LayerOutline], most: u64) -> Piece {
    let mut chain = Piece::default();
    for layer in layers {
        chain.append(piece(layer, most));
    }
    chain
}

/// A residual sum: the first summand with layers stands on the spine, the others beside it.
fn sum(branches: &[Vec<LayerOutline>], most: u64) -> Piece {
    let main = branches.iter().position(|branch| !branch.is_empty()).unwrap_or(0);
    let mut chains: Vec<Piece> = branches.iter().map(|branch| chain(branch, most)).collect();
    let main = chains.remove(main);
    let inner = chains.iter().map(|side| side.height).fold(main.height, f64::max);
    let middle = |height: f64| GAP + (inner - height) / 2.0;
    let centre = GAP + inner + GAP + RADIUS;
    let mut sum =
        Piece { height: centre + RADIUS, right: RADIUS, left: -RADIUS, ..Piece::default() };
    sum.forks.push((0.0, 0.0));
    sum.sums.push((0.0, centre));
    let (top, bottom) = (middle(main.height), middle(main.height) + main.height);
    if main.height > 0.0 {
        sum.paths.push(Path::straight(0.0, top, main.begins_in_box));
        sum.take(main, 0.0, top);
    }
    let begin = if bottom > top { bottom } else { 0.0 };
    sum.paths.push(Path::straight(begin, centre - RADIUS, true));
    for side in chains {
        let x = sum.right + LANE - side.left;
        let (top, bottom) = (middle(side.height), middle(side.height) + side.height);
        let end = [(x, centre), (RADIUS, centre)];
        if side.height > 0.0 {
            let has_arrow = side.begins_in_box;
            sum.paths.push(Path { points: vec![(0.0, 0.0), (x, 0.0), (x, top)], has_arrow });
            sum.take(side, x, top);
            sum.paths
                .push(Path { points: [vec![(x, bottom)], end.into()].concat(), has_arrow: true });
        } else {
            let points = [vec![(0.0, 0.0), (x, 0.0)], end.into()].concat();
            sum.paths.push(Path { points, has_arrow: true });
            sum.right = x;
        }
    }
    sum
}

/// A piece that is one box, wider where it has more activations.
fn boxed(tile: Tile, activations: u64, most: u64) -> Piece {
    let log = |count: u64| (1.0 + count as f64).ln();
    let share = log(activations) / log(most.max(1));
    let width = (WIDTHS.0 + (WIDTHS.1 - WIDTHS.0) * share).max(fitting(&tile)).ceil();
    let height = if tile.shape.is_some() { TALL } else { FLAT };
    let tile = Tile { x: -width / 2.0, width, height, ..tile };
    Piece {
        left: -width / 2.0,
        right: width / 2.0,
        height: tile.height,
        begins_in_box: true,
        ends_in_box: tile.role != Role::Input,
        is_slight: tile.shape.is_none(),
        tiles: vec![tile],
        ..Piece::default()
    }
}

/// The width that the text of a box needs.
fn fitting(tile: &Tile) -> f64 {
    let letters = |text: &str| text.chars().count() as f64;
    let name = letters(&tile.name) * LETTERS.0;
    // Two spaces apart.
    let parameters = tile.parameters.as_ref().map_or(0.0, |text| (letters(text) + 2.0) * LETTERS.1);
    let text = match &tile.shape {
        Some(shape) => name.max(letters(shape) * LETTERS.1 + parameters),
        None => name + parameters,
    };
    text + 2.0 * PADDING
}

fn tile_of(layer: &LayerOutline) -> Tile {
    let role = if layer.parameters > 0 { Role::Trained } else { Role::Fixed };
    let name: String = if layer.layer.chars().count() > MOST_LETTERS {
        layer.layer.chars().take(MOST_LETTERS - 1).chain(['…']).collect()
    } else {
        layer.layer.clone()
    };
    // An activation has no parameters, a norm two a channel.
    let is_slight = layer.input == layer.output
        && layer.parameters <= layer.output.last().map_or(0, |channels| 2 * channels);
    Tile {
        role,
        shape: (!is_slight).then(|| shape(&layer.output)),
        parameters: (layer.parameters > 0).then(|| grouped(layer.parameters)),
        about: table::about(layer),
        ..named(&name)
    }
}

/// The input of the network.
fn input_tile(input: &[u64]) -> Tile {
    Tile { role: Role::Input, shape: Some(shape(input)), ..named("input") }
}

/// A box that is known by its name alone, without a place.
fn named(name: &str) -> Tile {
    Tile {
        x: 0.0,
        y: 0.0,
        width: 0.0,
        height: 0.0,
        role: Role::Fixed,
        name: name.to_owned(),
        shape: None,
        parameters: None,
        about: String::new(),
    }
}

fn activations(shape: &[u64]) -> u64 {
    shape.iter().fold(1, |product: u64, &side| product.saturating_mul(side))
}

fn most_activations(layers: &[LayerOutline]) -> u64 {
    let of = |layer: &LayerOutline| {
        let within = layer.branches.iter().map(|branch| most_activations(branch)).max();
        activations(&layer.output).max(within.unwrap_or(0))
    };
    layers.iter().map(of).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::made_up::{activation, conv, layer, norm, residual, resnet};
    use super::*;

    /// Rooms for rounding.
    const CLOSE: f64 = 1e-6;

    /// Boxes that lie over each other, beyond their column or in the way of a line.
    fn faults(column: &Piece) -> Vec<String> {
        let mut faults = Vec::new();
        let sides = |tile: &Tile| (tile.x, tile.x + tile.width, tile.y, tile.y + tile.height);
        for (place, tile) in column.tiles.iter().enumerate() {
            let (left, right, top, bottom) = sides(tile);
            if left < column.left - CLOSE
                || right > column.right + CLOSE
                || top < -CLOSE
                || bottom > column.height + CLOSE
            {
                faults.push(format!("{} is out of its column", tile.name));
            }
            for other in &column.tiles[..place] {
                let (left_2, right_2, top_2, bottom_2) = sides(other);
                if left < right_2 && left_2 < right && top < bottom_2 && top_2 < bottom {
                    faults.push(format!("{} lies over {}", tile.name, other.name));
                }
            }
            for pair in column.paths.iter().flat_map(|path| path.points.windows(2)) {
                let (low, high) = (pair[0].0.min(pair[1].0), pair[0].0.max(pair[1].0));
                let (upper, lower) = (pair[0].1.min(pair[1].1), pair[0].1.max(pair[1].1));
                let is_inside = low < right - CLOSE
                    && left + CLOSE < high.max(low + CLOSE)
                    && high > left + CLOSE
                    && upper < bottom - CLOSE
                    && lower > top + CLOSE;
                if is_inside {
                    faults.push(format!("a line crosses {}", tile.name));
                }
            }
            if fitting(tile) > tile.width {
                faults.push(format!("{} is wider than its box", tile.name));
            }
        }
        let inside = |&(x, y): &(f64, f64)| {
            x >= column.left - CLOSE
                && x <= column.right + CLOSE
                && y >= -CLOSE
                && y <= column.height + CLOSE
        };
        let points = column.paths.iter().flat_map(|path| &path.points);
        if !points.chain(&column.sums).chain(&column.forks).all(inside) {
            faults.push("a line leaves its column".to_owned());
        }
        faults
    }

    fn count(layers: &[LayerOutline]) -> usize {
        let within = |layer: &LayerOutline| layer.branches.iter().map(|branch| count(branch)).sum();
        layers.iter().map(|layer| if layer.branches.is_empty() { 1 } else { within(layer) }).sum()
    }

    fn names(column: &Piece) -> Vec<&str> {
        column.tiles.iter().map(|tile| tile.name.as_str()).collect()
    }

    #[test]
    fn layers_stand_below_each_other_and_narrow_with_their_outputs() {
        let layers =
            [conv([8, 8, 1], 4), activation([8, 8, 4]), layer("dense 2", &[256], &[2], 514, 1026)];
        let columns = columns(&layers);
        let [column] = &columns[..] else { panic!("{columns:?}") };
        let tops: Vec<(&str, f64)> =
            column.tiles.iter().map(|tile| (tile.name.as_str(), tile.y)).collect();
        assert_eq!(
            tops,
            [("input", 0.0), ("conv 3 × 3", 56.0), ("relu", 99.0), ("dense 2", 137.0)]
        );
        assert_eq!(
            column.tiles[1].shape.as_deref(),
            Some("8 × 8 × 4"),
            "a convolution has a second line even where it keeps the shape"
        );
        assert_eq!(column.tiles[2].shape, None);
        let widths: Vec<f64> = column.tiles.iter().map(|tile| tile.width).collect();
        assert!(widths[1] > widths[0] && widths[0] > widths[3], "{widths:?}");
        assert_eq!(column.paths.len(), 3);
        let arrows: Vec<bool> = column.paths.iter().map(|path| path.has_arrow).collect();
        assert_eq!(arrows, [true, false, true], "an activation joins its layer");
    }

    #[test]
    fn a_shortcut_without_layers_goes_around_them() {
        let shape = [8, 8, 4];
        let column = &columns(&[residual(vec![conv(shape, 4), norm(shape)], Vec::new())])[0];
        assert_eq!((column.forks.len(), column.sums.len()), (1, 1));
        let around = column.paths.iter().find(|path| path.points.len() == 4).expect("a shortcut");
        let widest = column.tiles.iter().map(|tile| tile.x + tile.width).fold(0.0, f64::max);
        assert!(around.points[1].0 > widest);
        assert_eq!(around.points[0], column.forks[0]);
        assert_eq!(around.points[3], (RADIUS, column.sums[0].1));
    }

    #[test]
    fn a_shortcut_with_layers_has_them_beside_the_others() {
        let (narrow, shape) = ([8, 8, 2], [8, 8, 4]);
        let main = vec![conv(narrow, 4), activation(shape), conv(shape, 4)];
        let column = &columns(&[residual(main, vec![conv(narrow, 4)])])[0];
        let side = column.tiles.last().expect("the shortcut");
        assert!(column.tiles[..4].iter().all(|tile| tile.x + tile.width < side.x));
        assert_eq!(faults(column), [""; 0]);
    }

    #[test]
    fn a_long_network_is_cut_into_columns_of_like_height_and_no_sum_is() {
        let layers = resnet(3);
        let columns = columns(&layers);
        assert_eq!(columns.len(), 3);
        assert_eq!(columns.iter().map(|column| column.sums.len()).sum::<usize>(), 9);
        assert_eq!(
            columns.iter().map(|column| column.tiles.len()).sum::<usize>(),
            1 + count(&layers)
        );
        let heights = columns.iter().map(|column| column.height);
        let (low, high) = heights.fold((f64::MAX, 0.0), |(low, high): (f64, f64), height| {
            (low.min(height), high.max(height))
        });
        assert!(high < 2.0 * low, "{low} to {high}");
        // The network goes on where a column ends.
        let breaks: Vec<usize> = columns.iter().map(|column| column.breaks.len()).collect();
        assert_eq!(breaks, [1, 2, 1]);
        assert!(columns.iter().all(|column| faults(column).is_empty()));
        assert_eq!(names(&columns[0])[..4], ["input", "conv 3 × 3", "batch norm", "relu"]);
    }

    #[test]
    fn a_network_without_layers_has_no_columns() {
        assert_eq!(columns(&[]), []);
    }

    #[test]
    fn a_name_of_many_letters_is_cut() {
        let long = layer(&"λ".repeat(90), &[0], &[0], 0, 0);
        let column = &columns(&[long])[0];
        assert_eq!(column.tiles[1].name.chars().count(), MOST_LETTERS);
        assert!(column.tiles[1].name.ends_with('…'));
        assert_eq!(faults(column), [""; 0]);
    }

    /// Layers of any kind, with sums within sums.
    fn network() -> impl Strategy<Value = Vec<LayerOutline>> {
        let plain = ("[a-zλ× 0-9]{0,40}", prop::collection::vec(0_u64..2000, 0..4), any::<u64>())
            .prop_map(|(name, shape, parameters)| layer(&name, &shape, &shape, parameters, 0));
        let any = plain.prop_recursive(4, 24, 4, |inner| {
            prop::collection::vec(prop::collection::vec(inner, 0..4), 1..4)
                .prop_map(|branches| LayerOutline { branches, ..layer("sum", &[1], &[1], 0, 0) })
        });
        prop::collection::vec(any, 1..40)
    }

    proptest! {
        #[test]
        fn boxes_keep_apart_from_each_other_and_from_lines(layers in network()) {
            let columns = columns(&layers);
            let found: Vec<String> = columns.iter().flat_map(faults).collect();
            prop_assert_eq!(found, Vec::<String>::new());
            prop_assert!(columns.len() <= COLUMN.1);
            let tiles: usize = columns.iter().map(|column| column.tiles.len()).sum();
            prop_assert_eq!(tiles, 1 + count(&layers));
        }
    }
}

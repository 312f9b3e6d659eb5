//! Colours that readers of every colour vision tell apart.

/// Colour of a line.
///
/// Those with names are of Okabe & Ito 2008, without black and yellow: these vanish on a dark or a
/// light page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Blue.
    Blue,
    /// Vermillion.
    Vermillion,
    /// Bluish green.
    Green,
    /// Orange.
    Orange,
    /// Sky blue.
    Sky,
    /// Reddish purple.
    Purple,
    /// Neutral grey, for bounds and references.
    Grey,
    /// The text's own: dark on a light page, light on a dark one.
    Ink,
    /// A place from 0 to 255 in viridis without its ends, for things that have an order.
    Ordered(u8),
}

/// Viridis (van der Walt & Smith 2015) at eighths.
const VIRIDIS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 45, 123],
    [59, 82, 139],
    [44, 114, 142],
    [33, 145, 140],
    [40, 174, 128],
    [94, 201, 98],
    [173, 220, 48],
    [253, 231, 37],
];

impl From<study::Colour> for Colour {
    fn from(colour: study::Colour) -> Self {
        match colour {
            study::Colour::Blue => Self::Blue,
            study::Colour::Vermillion => Self::Vermillion,
            study::Colour::Green => Self::Green,
            study::Colour::Orange => Self::Orange,
            study::Colour::Purple => Self::Purple,
            study::Colour::Sky => Self::Sky,
            study::Colour::Grey => Self::Grey,
            study::Colour::Ink => Self::Ink,
        }
    }
}

impl Colour {
    /// The colours in the order in which lines take them.
    pub const ORDER: [Self; 6] =
        [Self::Blue, Self::Vermillion, Self::Green, Self::Orange, Self::Sky, Self::Purple];

    /// Colour of the line at `position`, counted round.
    #[must_use]
    pub fn of(position: usize) -> Self {
        Self::ORDER[position % Self::ORDER.len()]
    }

    /// Colour of number `position` of `count` things in order.
    #[must_use]
    pub fn ordered(position: usize, count: usize) -> Self {
        Self::Ordered((255 * position / count.saturating_sub(1).max(1)).min(255) as u8)
    }

    /// Red, green, blue.
    #[must_use]
    pub fn rgb(self) -> (u8, u8, u8) {
        match self {
            Self::Blue => (0, 114, 178),
            Self::Vermillion => (213, 94, 0),
            Self::Green => (0, 158, 115),
            Self::Orange => (230, 159, 0),
            Self::Sky => (86, 180, 233),
            Self::Purple => (204, 121, 167),
            Self::Grey => (128, 128, 128),
            Self::Ink => (40, 44, 50),
            // The ends vanish on a dark or a light page.
            Self::Ordered(place) => viridis(0.16 + 0.66 * f64::from(place) / 255.0).into(),
        }
    }

    /// The colour as `#rrggbb`.
    #[must_use]
    pub fn hex(self) -> String {
        let (red, green, blue) = self.rgb();
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

/// Viridis at `share`, from 0 to 1.
#[must_use]
#[expect(clippy::cast_sign_loss, reason = "a share is not negative")]
pub fn viridis(share: f64) -> [u8; 3] {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let below = (place as usize).min(VIRIDIS.len() - 2);
    let part = place - below as f64;
    let mixed = |channel: usize| {
        let (from, to) = (VIRIDIS[below][channel], VIRIDIS[below + 1][channel]);
        (f64::from(from) + part * (f64::from(to) - f64::from(from))).round() as u8
    };
    [mixed(0), mixed(1), mixed(2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viridis_runs_from_purple_to_yellow() {
        assert_eq!((viridis(0.0), viridis(1.0)), ([68, 1, 84], [253, 231, 37]));
        assert_eq!(viridis(0.5), [33, 145, 140]);
    }

    #[test]
    fn things_in_order_have_different_colours() {
        let colours: Vec<String> = (0..5).map(|i| Colour::ordered(i, 5).hex()).collect();
        assert!((1..5).all(|i| !colours[..i].contains(&colours[i])));
        assert_eq!(Colour::ordered(0, 1), Colour::Ordered(0));
    }
}

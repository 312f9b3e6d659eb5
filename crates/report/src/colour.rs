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

/// Hues of a film; the byte of a pixel without a hue stands after the last.
const HUES: u8 = 15;
/// Lightnesses of a film.
const LIGHTNESSES: u8 = 16;

/// A colour by a place on the circle of hues, of which the fraction counts, and a lightness from 0 to 1; grey without a
/// hue.
///
/// Lightness and chroma are those of OKLCH (Ottosson 2020), so that colours of one lightness look as light to a
/// reader, whatever their hue; what sRGB cannot show is cut off.
#[must_use]
pub fn hued(hue: Option<f64>, lightness: f64) -> [u8; 3] {
    let share = lightness.clamp(0.0, 1.0);
    let l = 0.18 + 0.77 * share;
    // Dark colours have less room in sRGB.
    let room = ((l - 0.1) / 0.5).sqrt().min(1.0);
    let chroma = if hue.is_some() { 0.13 * room } else { 0.0 };
    let (sin, cos) = (std::f64::consts::TAU * hue.unwrap_or(0.0)).sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let cube = |of: f64| of * of * of;
    let long = cube(l + 0.396_337_777_4 * a + 0.215_803_757_3 * b);
    let medium = cube(l - 0.105_561_345_8 * a - 0.063_854_172_8 * b);
    let short = cube(l - 0.089_484_177_5 * a - 1.291_485_548_0 * b);
    [
        4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
        -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
        -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701_0 * short,
    ]
    .map(encoded)
}

/// A linear channel of sRGB as a byte (IEC 61966-2-1).
#[expect(clippy::cast_sign_loss, reason = "it is from 0 to 255")]
fn encoded(linear: f64) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let share =
        if linear <= 0.003_130_8 { 12.92 * linear } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 };
    (255.0 * share).round() as u8
}

/// A colour of [`hued`] as one byte: hue and lightness by steps, which a film has room for.
#[must_use]
#[expect(clippy::cast_sign_loss, reason = "shares lie in [0, 1]")]
pub fn hued_byte(hue: Option<f64>, lightness: f64) -> u8 {
    let place =
        hue.map_or(HUES, |hue| (hue.rem_euclid(1.0) * f64::from(HUES)).round() as u8 % HUES);
    let step = (lightness.clamp(0.0, 1.0) * f64::from(LIGHTNESSES - 1)).round() as u8;
    LIGHTNESSES * place + step
}

/// Red, green and blue of all 256 bytes of [`hued_byte`].
#[must_use]
pub fn hued_palette() -> Vec<u8> {
    let places = (0..=HUES).flat_map(|place| (0..LIGHTNESSES).map(move |step| (place, step)));
    let colours = places.map(|(place, step)| {
        let hue = (place < HUES).then(|| f64::from(place) / f64::from(HUES));
        hued(hue, f64::from(step) / f64::from(LIGHTNESSES - 1))
    });
    colours.flatten().collect()
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

    #[test]
    fn without_a_hue_colours_are_grey_and_rise_with_lightness() {
        let greys: Vec<[u8; 3]> = (0..5).map(|i| hued(None, f64::from(i) / 4.0)).collect();
        assert!(greys.iter().all(|[red, green, blue]| red == green && green == blue));
        assert!(greys.windows(2).all(|pair| pair[0][0] < pair[1][0]));
        // The primaries of sRGB in OKLCH: red is at 29.23 degrees.
        let [red, green, blue] = hued(Some(29.23 / 360.0), 0.5);
        assert!(red > 170 && green < 120 && blue < 120, "{red} {green} {blue}");
    }

    #[test]
    fn the_palette_has_the_colour_of_every_byte() {
        let palette = hued_palette();
        assert_eq!(palette.len(), 3 * 256);
        for (hue, lightness) in [(Some(0.2), 0.6), (Some(1.2), 0.6), (Some(0.0), 1.0), (None, 0.2)]
        {
            let at = 3 * usize::from(hued_byte(hue, lightness));
            assert_eq!(palette[at..at + 3], hued(hue, lightness));
        }
        assert_eq!(hued_byte(Some(0.99), 0.0), hued_byte(Some(0.01), 0.0));
    }
}

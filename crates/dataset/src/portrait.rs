//! The embedded picture: a head-and-shoulders portrait, drawn by formulas.
//!
//! It is ours, so that the default experiment needs no file, and it holds what makes a picture
//! hard to learn: smooth shading (face, neck, background), hard edges (hair, lapels, sitter
//! against background) and fine texture (the weave of the coat, strands of hair).

use std::f64::consts::PI;

/// Grey level in [0, 1] of the portrait at (u, v) ∈ [0, 1]², u to the right and v down, 0 black.
#[must_use]
pub fn grey(u: f64, v: f64) -> f64 {
    let mut grey = background(u, v);
    // Painted from back to front, each part over what lies behind it.
    for part in [hair_behind, coat, shirt, neck, lapels, face, features, fringe] {
        if let Some(level) = part(u, v) {
            grey = level;
        }
    }
    grey.clamp(0.0, 1.0)
}

/// Where the face stands: centre and radii of its ellipse.
const FACE: Ellipse = Ellipse { u: 0.5, v: 0.4, across: 0.158, down: 0.215 };

/// Height of the collar, where neck, shirt and lapels meet.
const COLLAR: f64 = 0.685;

struct Ellipse {
    u: f64,
    v: f64,
    across: f64,
    down: f64,
}

impl Ellipse {
    /// Position in units of the radii.
    fn local(&self, u: f64, v: f64) -> (f64, f64) {
        ((u - self.u) / self.across, (v - self.v) / self.down)
    }

    /// Distance from the centre in units of the radii; below 1 inside.
    fn distance(&self, u: f64, v: f64) -> f64 {
        let (across, down) = self.local(u, v);
        across.hypot(down)
    }
}

/// 0 below `from`, 1 above `to`, smooth between.
fn ramp(from: f64, to: f64, x: f64) -> f64 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn mix(from: f64, to: f64, share: f64) -> f64 {
    from + (to - from) * share
}

/// A soft bump of height 1 around (cu, cv) with the given widths.
fn bump(u: f64, v: f64, cu: f64, cv: f64, across: f64, down: f64) -> f64 {
    let (a, d) = ((u - cu) / across, (v - cv) / down);
    (-(a * a + d * d)).exp()
}

/// A wall lit from the left, darker towards the corners.
fn background(u: f64, v: f64) -> f64 {
    let glow = bump(u, v, 0.22, 0.3, 0.45, 0.55);
    0.24 + 0.42 * glow + 0.06 * (1.0 - v)
}

/// Long hair that falls behind the face onto the shoulders.
fn hair_behind(u: f64, v: f64) -> Option<f64> {
    let crown = Ellipse { u: 0.5, v: 0.365, across: 0.225, down: 0.255 };
    let half_width = 0.225 + ramp(0.365, 0.7, v) * (0.03 + 0.012 * (24.0 * v).sin());
    let falls = (0.365..0.76).contains(&v) && (u - 0.5).abs() < half_width;
    (crown.distance(u, v) < 1.0 || falls).then(|| hair(u - 0.5, v))
}

/// Dark hair with strands and a soft sheen.
fn hair(across: f64, v: f64) -> f64 {
    let strands = (2.0 * PI * (52.0 * across + 1.2 * (9.0 * v).sin() + 1.5 * v)).sin();
    let sheen = bump(across, v, -0.1, 0.22, 0.07, 0.07);
    0.12 + 0.04 * strands + 0.2 * sheen
}

/// A woven coat over the shoulders, rounded by shading.
fn coat(u: f64, v: f64) -> Option<f64> {
    let across = (u - 0.5).abs();
    let shoulder = 0.7 + 0.1 * ramp(0.1, 0.36, across) + 0.9 * (across - 0.36).max(0.0).powf(1.4);
    (v > shoulder).then(|| {
        let rounding = 1.0 - ramp(0.25, 0.5, across);
        let light = 0.16 + 0.2 * (1.0 - u) * rounding + 0.1 * (1.0 - ramp(0.0, 0.1, v - shoulder));
        light + 0.07 * weave(u, v)
    })
}

/// A twill: diagonal threads, over and under, in [−1, 1].
fn weave(u: f64, v: f64) -> f64 {
    let (warp, weft) = ((2.0 * PI * 34.0 * (u + v)).sin(), (2.0 * PI * 34.0 * (u - v)).sin());
    0.7 * warp + 0.3 * warp * weft
}

/// Half the width of the opening of the coat: a V from the collar down.
fn opening(v: f64) -> f64 {
    0.13 * (1.0 - (v - COLLAR) / 0.3)
}

/// A white shirt in the opening of the coat, with a row of buttons.
fn shirt(u: f64, v: f64) -> Option<f64> {
    (v > COLLAR && (u - 0.5).abs() < opening(v)).then(|| {
        let fold = 0.05 * (2.0 * PI * 9.0 * (u - 0.5)).cos();
        let button = (v * 14.0).fract() - 0.5;
        if (u - 0.5).hypot(button / 14.0) < 0.008 { 0.3 } else { 0.84 + fold - 0.25 * (u - 0.5) }
    })
}

/// Neck, rounded, in the shadow of the chin above.
fn neck(u: f64, v: f64) -> Option<f64> {
    let across = (u - 0.5) / 0.082;
    let end = COLLAR + 0.05 * (1.0 - across * across).max(0.0).sqrt();
    (across.abs() < 1.0 && v > 0.5 && v < end).then(|| {
        let rounding = (1.0 - across * across).sqrt();
        let chin_shadow = 1.0 - ramp(0.6, 0.66, v + 0.25 * (u - 0.5));
        (0.3 + 0.36 * rounding - 0.1 * across) * (1.0 - 0.5 * chin_shadow)
    })
}

/// Dark lapels along the opening of the coat.
fn lapels(u: f64, v: f64) -> Option<f64> {
    let side = (u - 0.5).abs();
    let width = 0.075 * ramp(COLLAR - 0.03, COLLAR + 0.09, v);
    let inner = opening(v).max(0.0);
    (v > COLLAR && side >= inner && side < inner + width)
        .then(|| if u < 0.5 { 0.16 } else { 0.08 } + 0.03 * weave(2.0 * u, v))
}

/// The face: an ellipsoid lit from the upper left, narrower at the chin.
fn face(u: f64, v: f64) -> Option<f64> {
    let narrowing = 1.0 - 0.2 * ramp(0.45, 0.63, v);
    let (across, down) = FACE.local(0.5 + (u - 0.5) / narrowing, v);
    let squared = across * across + down * down;
    (squared < 1.0).then(|| {
        let towards_us = (1.0 - squared).sqrt();
        let lambert = (-0.5 * across - 0.35 * down + 0.79 * towards_us).max(0.0);
        let cheeks =
            bump(u, v, 0.425, 0.46, 0.04, 0.035) + 0.6 * bump(u, v, 0.575, 0.46, 0.04, 0.035);
        0.3 + 0.56 * lambert + 0.05 * cheeks
    })
}

/// Eyes, brows, nose and mouth, drawn onto the face.
fn features(u: f64, v: f64) -> Option<f64> {
    let skin = face(u, v)?;
    for side in [-1.0, 1.0] {
        if let Some(level) = eye(side * (u - 0.5), u - 0.5 - side * 0.064, v - 0.385, skin) {
            return Some(level);
        }
    }
    Some(mouth(u - 0.5, v - 0.517, nose(u - 0.5, v, skin)))
}

/// Brow and eye at their own centre; `outward` is the distance from the middle of the face.
fn eye(outward: f64, u: f64, v: f64, skin: f64) -> Option<f64> {
    if !(0.015..0.125).contains(&outward) || v.abs() > 0.08 {
        return None;
    }
    let along = u / 0.037;
    let brow_line = -0.043 + 0.007 * along * along;
    if along.abs() < 1.15 && (v - brow_line).abs() < 0.0075 * (1.25 - 0.5 * along.abs()) {
        return Some(0.17);
    }
    if along.abs() >= 1.0 {
        return None;
    }
    let lid = 0.0175 * (1.0 - along * along);
    if v.abs() < lid {
        // The gaze goes to the left, as the light does.
        let iris = (u + 0.004).hypot(v + 0.001);
        let glint = (u + 0.009).hypot(v + 0.006) < 0.0035;
        return Some(match iris {
            _ if glint => 0.98,
            r if r < 0.006 => 0.04,
            r if r < 0.0135 => 0.22 + 0.1 * (v / 0.0135),
            _ => 0.86 - 0.2 * along.abs(),
        });
    }
    let socket = 0.16 * (-(v / 0.03) * (v / 0.03)).exp() * (1.0 - along * along);
    let lash = if v < 0.0 && v.abs() < lid + 0.004 { 0.45 } else { 0.0 };
    Some(skin - socket - lash * skin)
}

/// A ridge that catches the light on the left, with a shadow to the right and below.
fn nose(u: f64, v: f64, skin: f64) -> f64 {
    let length = ramp(0.36, 0.44, v) * (1.0 - ramp(0.455, 0.475, v));
    let width = mix(0.009, 0.02, ramp(0.38, 0.46, v));
    let ridge = (-((u + 0.004) / width).powi(2)).exp();
    let shadow = (-((u - width - 0.006) / (0.7 * width)).powi(2)).exp();
    let tip_shadow = bump(u, v, 0.004, 0.472, 0.026, 0.009);
    let nostrils = bump(u, v, -0.013, 0.468, 0.006, 0.004) + bump(u, v, 0.013, 0.468, 0.006, 0.004);
    skin + length * (0.1 * ridge - 0.17 * shadow) - 0.16 * tip_shadow - 0.3 * nostrils
}

/// Two lips and the line between them, the corners lifted a little.
fn mouth(u: f64, v: f64, skin: f64) -> f64 {
    let along = u / 0.05;
    let line = -0.006 * along * along;
    let fullness = (1.0 - along * along).max(0.0);
    let shadow_below = 0.12 * bump(u, v, 0.0, 0.03, 0.035, 0.01);
    if fullness == 0.0 {
        return skin - shadow_below;
    }
    let height = v - line;
    let cupid = 0.004 * (1.0 - (along / 0.25).powi(2)).max(0.0);
    if height.abs() < 0.0022 {
        skin * 0.3
    } else if height < 0.0 && height > -(0.012 * fullness - cupid) {
        skin * 0.52
    } else if height > 0.0 && height < 0.015 * fullness {
        skin * (0.62 + 0.16 * bump(u, v, -0.012, 0.007, 0.02, 0.005))
    } else {
        skin - shadow_below
    }
}

/// Hair over the forehead, parted on the right of the picture.
fn fringe(u: f64, v: f64) -> Option<f64> {
    let cap = Ellipse { u: 0.5, v: 0.365, across: 0.2, down: 0.25 };
    let parting = 0.555;
    let across = u - parting;
    let hairline = if across < 0.0 {
        0.232 + 2.1 * across * across + 0.5 * (-across - 0.12).max(0.0)
    } else {
        0.232 + 9.0 * across * across
    };
    (cap.distance(u, v) < 1.0 && v < hairline).then(|| hair(across * 0.7 + 0.3 * v, v))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(side: u32) -> Vec<f64> {
        let centre = |i: u32| (f64::from(i) + 0.5) / f64::from(side);
        (0..side * side).map(|p| grey(centre(p % side), centre(p / side))).collect()
    }

    #[test]
    fn levels_are_grey_levels_and_use_most_of_the_range() {
        let levels = levels(300);
        assert!(levels.iter().all(|level| (0.0..=1.0).contains(level)));
        let (dark, bright) = levels
            .iter()
            .fold((1.0_f64, 0.0_f64), |(low, high), &level| (low.min(level), high.max(level)));
        assert!(dark < 0.1 && bright > 0.9, "{dark} to {bright}");
    }

    #[test]
    fn the_parts_stand_where_a_portrait_has_them() {
        let (forehead, hair, shirt, wall) =
            (grey(0.48, 0.3), grey(0.5, 0.15), grey(0.47, 0.8), grey(0.1, 0.3));
        assert!(hair < 0.3 && wall > 0.4 && forehead > 0.6 && shirt > 0.7);
        // The left pupil, without its glint.
        assert!(grey(0.434, 0.3855) < 0.1);
    }

    #[test]
    fn it_holds_smooth_parts_edges_and_texture() {
        let side = 400;
        let levels = levels(side);
        let at = |i: u32, j: u32| levels[(j * side + i) as usize];
        let step = |i: u32, j: u32| (at(i + 1, j) - at(i, j)).abs();
        // Wall, from one pixel to the next.
        assert!((10..60).all(|i| step(i, 60) < 0.01));
        // Shirt against lapel.
        assert!((150..200).any(|i| step(i, 300) > 0.5));
        // The coat's weave turns up and down again and again.
        let turns = (20..120)
            .filter(|&i| (at(i + 1, 380) - at(i, 380)) * (at(i, 380) - at(i - 1, 380)) < 0.0);
        assert!(turns.count() > 10);
    }
}

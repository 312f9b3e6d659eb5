//! What the axes of a sweep say of a training run.

use stage::AxisValue;

/// The order of random removal, the control.
pub const RANDOM: &str = "random";

/// Whether `axis` sets the parameter `name` of the stage `stage`, or of any.
pub fn sets(axis: &AxisValue, stage: Option<&str>, name: &str) -> bool {
    axis.sets.iter().any(|path| {
        let mut parts = path.split('.');
        let first = parts.next().unwrap_or_default();
        parts.next_back() == Some(name) && stage.is_none_or(|stage| stage == first)
    })
}

/// Whether `axis` sets nothing but seeds and draws: runs that differ in it repeat each other.
pub fn repeats(axis: &AxisValue) -> bool {
    let of_chance = |path: &String| matches!(path.rsplit('.').next(), Some("seed" | "draw"));
    !axis.sets.is_empty() && axis.sets.iter().all(of_chance)
}

//! Points of the unit cube at which a function is sampled.

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DatasetError;

/// How points are laid over the unit cube.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Independent and uniform, as in the paper.
    #[default]
    Uniform,
    /// The centres of n^d equal cells, the first axis running fastest (the raster order of a
    /// picture); the count must be a d-th power.
    Grid,
    /// A Latin hypercube: on every axis each of the N equal strata holds exactly one sample.
    LatinHypercube,
}

impl Sampling {
    /// `count` points of [0, 1]^`dim`, row-major (count × dim).
    ///
    /// A grid takes nothing from `random`.
    ///
    /// Source of the Latin hypercube: `McKay`, Beckman & Conover 1979.
    ///
    /// # Errors
    /// `DatasetError::NotAGrid` where a grid cannot have `count` points.
    pub fn points(
        self,
        count: u32,
        dim: u32,
        random: &mut impl Rng,
    ) -> Result<Vec<f64>, DatasetError> {
        self.check(count, dim)?;
        Ok(match self {
            Self::Uniform => (0..count as usize * dim as usize).map(|_| random.random()).collect(),
            Self::Grid => grid(count, dim),
            Self::LatinHypercube => latin_hypercube(count, dim, random),
        })
    }

    /// Checks that there can be `count` points in `dim` dimensions.
    ///
    /// # Errors
    /// `DatasetError::NotAGrid` where a grid cannot have `count` points.
    pub fn check(self, count: u32, dim: u32) -> Result<(), DatasetError> {
        if self != Self::Grid {
            return Ok(());
        }
        let side = floor_root(count, dim);
        let (lower, higher) = (side.pow(dim), (side + 1).checked_pow(dim));
        if lower == count {
            return Ok(());
        }
        Err(DatasetError::NotAGrid { count, dim, lower, higher })
    }
}

fn grid(count: u32, dim: u32) -> Vec<f64> {
    let side = floor_root(count, dim);
    let mut points = Vec::new();
    for mut cell in 0..side.pow(dim) {
        for _ in 0..dim {
            points.push((f64::from(cell % side) + 0.5) / f64::from(side));
            cell /= side;
        }
    }
    points
}

fn latin_hypercube(count: u32, dim: u32, random: &mut impl Rng) -> Vec<f64> {
    let (samples, dim) = (count as usize, dim as usize);
    let mut points = vec![0.0; samples * dim];
    for axis in 0..dim {
        let mut strata: Vec<u32> = (0..count).collect();
        strata.shuffle(random);
        for (sample, stratum) in strata.into_iter().enumerate() {
            let within: f64 = random.random();
            points[sample * dim + axis] = (f64::from(stratum) + within) / f64::from(count);
        }
    }
    points
}

/// Largest r with r^dim ≤ count.
#[expect(clippy::cast_sign_loss, reason = "a root of a count is not negative")]
fn floor_root(count: u32, dim: u32) -> u32 {
    let fits = |root: u32| root.checked_pow(dim).is_some_and(|power| power <= count);
    // The rounded root is off by one at most.
    let mut root = f64::from(count).powf(1.0 / f64::from(dim)).round() as u32;
    while root > 0 && !fits(root) {
        root -= 1;
    }
    root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stage::Seed;

    use super::*;

    fn points(sampling: Sampling, count: u32, dim: u32, seed: u64) -> Vec<f64> {
        sampling.points(count, dim, &mut Seed(seed).stream("points")).unwrap()
    }

    #[test]
    fn a_grid_holds_cell_centres_in_raster_order() {
        let expected = [0.25, 0.25, 0.75, 0.25, 0.25, 0.75, 0.75, 0.75];
        assert_eq!(points(Sampling::Grid, 4, 2, 0), expected);
        assert_eq!(points(Sampling::Grid, 1, 3, 0), [0.5, 0.5, 0.5]);
    }

    #[test]
    fn a_grid_of_no_power_names_the_counts_around_it() {
        let check = |count, dim| Sampling::Grid.check(count, dim).map_err(|e| e.to_string());
        assert_eq!(check(1000, 3), Ok(()));
        assert_eq!(check(7, 1), Ok(()));
        assert_eq!(check(0, 2), Ok(()));
        assert_eq!(
            check(1000, 2).unwrap_err(),
            "a grid in 2 dimensions cannot have 1000 points; 961 or 1024 can be"
        );
        assert!(check(u32::MAX, 2).unwrap_err().ends_with("; 4294836225 can be"));
        assert!(check(5, 40).unwrap_err().ends_with("; 1 can be"));
        assert!(Sampling::Uniform.check(1000, 2).is_ok());
        assert!(Sampling::Grid.points(1000, 2, &mut Seed(0).stream("points")).is_err());
    }

    #[test]
    fn uniform_points_fill_every_quadrant() {
        let points = points(Sampling::Uniform, 400, 2, 3);
        let mut counts = [0; 4];
        for point in points.chunks(2) {
            counts[usize::from(point[0] > 0.5) + 2 * usize::from(point[1] > 0.5)] += 1;
        }
        // 100 expected, standard deviation 8.7: five of them.
        assert!(counts.iter().all(|count| (57..=143).contains(count)), "{counts:?}");
    }

    #[test]
    fn more_uniform_points_begin_with_the_fewer() {
        let few = points(Sampling::Uniform, 10, 3, 5);
        assert_eq!(points(Sampling::Uniform, 20, 3, 5)[..30], few);
    }

    proptest! {
        #[test]
        fn points_lie_in_the_unit_cube_and_repeat_for_a_seed(
            kind in prop::sample::select(vec![Sampling::Uniform, Sampling::LatinHypercube]),
            count in 0_u32..80, dim in 1_u32..5, seed: u64,
        ) {
            let first = points(kind, count, dim, seed);
            prop_assert_eq!(first.len(), (count * dim) as usize);
            prop_assert!(first.iter().all(|u| (0.0..1.0).contains(u)));
            prop_assert_eq!(&first, &points(kind, count, dim, seed));
            if count > 0 {
                prop_assert_ne!(first, points(kind, count, dim, seed.wrapping_add(1)));
            }
        }

        #[test]
        #[expect(clippy::cast_sign_loss, reason = "points of the unit cube are not negative")]
        fn a_latin_hypercube_has_one_sample_in_each_stratum_of_each_axis(
            count in 1_u32..80, dim in 1_u32..5, seed: u64,
        ) {
            let points = points(Sampling::LatinHypercube, count, dim, seed);
            for axis in 0..dim as usize {
                let mut strata: Vec<u32> = points
                    .iter()
                    .skip(axis)
                    .step_by(dim as usize)
                    .map(|u| (u * f64::from(count)).floor() as u32)
                    .collect();
                strata.sort_unstable();
                prop_assert_eq!(strata, (0..count).collect::<Vec<_>>());
            }
        }

        #[test]
        fn a_power_is_its_own_grid(side in 1_u32..40, dim in 1_u32..6) {
            prop_assert!(Sampling::Grid.check(side.pow(dim), dim).is_ok());
            prop_assert_eq!(points(Sampling::Grid, side.min(6).pow(dim), dim, 0).len(),
                (side.min(6).pow(dim) * dim) as usize);
        }
    }
}

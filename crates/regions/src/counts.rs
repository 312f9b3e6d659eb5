//! From the bends along lines to counts, densities and their means.

use network::Program;
use statistics::jackknife::{Estimate, means_without, standard_error};

use crate::bends;
use crate::lines::{Bends, Line};
use crate::subdivision::TooMany;
use crate::table::{LayerRow, LineRow, PAIRS, StepRow};

/// The mean of some numbers and its standard error; `None` of none.
#[must_use]
pub fn mean(values: &[f64]) -> Option<Estimate> {
    let value = values.iter().sum::<f64>() / values.len() as f64;
    let error = standard_error(&means_without(values));
    (!values.is_empty()).then_some(Estimate { value, error })
}

/// The row of line `number` at `step`.
#[must_use]
pub fn line_row(step: u64, number: u32, line: &Line, bends: Result<&Bends, TooMany>) -> LineRow {
    let bends = bends.ok();
    let [from, to] = line.samples;
    let per_length = |count: usize, share: f64| {
        (line.length > 0.0).then(|| count as f64 / (share * line.length))
    };
    let middle = bends.map(|bends| bends.iter().filter(|(t, _)| (0.25..0.75).contains(t)).count());
    LineRow {
        step,
        line: number,
        from,
        to,
        same_class: line.same_class,
        length: line.length,
        regions: bends.map(|bends| bends.len() as u32 + 1),
        density: bends.and_then(|bends| per_length(bends.len(), 1.0)),
        middle_density: middle.and_then(|middle| per_length(middle, 0.5)),
        end_density: bends
            .zip(middle)
            .and_then(|(bends, middle)| per_length(bends.len() - middle, 0.5)),
    }
}

/// The rows over all lines, those within and those between classes, of the rows of one step; none of lines without
/// counts.
#[must_use]
pub fn step_rows(step: u64, rows: &[LineRow]) -> Vec<StepRow> {
    let of = |pairs: &str| {
        let is_of = |row: &&LineRow| match pairs {
            "within" => row.same_class == Some(true),
            "between" => row.same_class == Some(false),
            _ => true,
        };
        let known: Vec<&LineRow> =
            rows.iter().filter(is_of).filter(|row| row.density.is_some()).collect();
        let of = |number: fn(&LineRow) -> Option<f64>| {
            known.iter().filter_map(|row| number(row)).collect::<Vec<f64>>()
        };
        let (regions, densities) = (of(|row| row.regions.map(f64::from)), of(|row| row.density));
        let (of_regions, of_density) = (mean(&regions)?, mean(&densities)?);
        let error = of_density.error.unwrap_or(0.0);
        Some(StepRow {
            step,
            pairs: pairs.to_owned(),
            lines: regions.len() as u32,
            regions: of_regions.value,
            regions_error: of_regions.error,
            density: of_density.value,
            density_error: of_density.error,
            middle_density: mean(&of(|row| row.middle_density))?.value,
            end_density: mean(&of(|row| row.end_density))?.value,
            lower: of_density.value - error,
            upper: of_density.value + error,
        })
    };
    PAIRS.into_iter().filter_map(of).collect()
}

/// How often a unit of each layer bends along each line, per unit of length: by layer, then by line; lines without counts
/// or length are left out.
#[must_use]
pub fn rates(program: &Program, lines: &[(&Line, &Bends)]) -> Vec<(u32, Vec<f64>)> {
    let layers = (0..program.steps.len()).map(|s| (s, bends::units(program, s)));
    layers
        .filter(|(_, units)| *units > 0)
        .map(|(s, units)| {
            let rate = |(line, bends): &(&Line, &Bends)| {
                let count = bends.iter().filter(|(_, step)| *step == s).count();
                count as f64 / (units as f64 * line.length)
            };
            let lines = lines.iter().filter(|(line, _)| line.length > 0.0);
            (units as u32, lines.map(rate).collect())
        })
        .collect()
}

/// The rows of [`rates`].
#[must_use]
pub fn layer_rows(step: u64, rates: &[(u32, Vec<f64>)]) -> Vec<LayerRow> {
    let row = |(layer, (units, rates)): (u32, &(u32, Vec<f64>))| {
        let Estimate { value, error } = mean(rates)?;
        let lines = rates.len() as u32;
        Some(LayerRow { step, layer, units: *units, lines, rate: value, rate_error: error })
    };
    (1..).zip(rates).filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(same_class: Option<bool>) -> Line {
        Line { samples: [3, 5], same_class, length: 2.0 }
    }

    #[test]
    fn transitions_in_the_middle_are_told_from_those_near_the_samples() {
        let bends = vec![(0.1, 0), (0.3, 0), (0.5, 1), (0.8, 0)];
        let row = line_row(7, 1, &line(None), Ok(&bends));
        assert_eq!((row.regions, row.density), (Some(5), Some(2.0)));
        assert_eq!((row.middle_density, row.end_density), (Some(2.0), Some(2.0)));
        let row = line_row(7, 1, &line(None), Err(TooMany));
        assert_eq!((row.regions, row.density, row.end_density), (None, None, None));
        let still = Line { length: 0.0, ..line(None) };
        let row = line_row(7, 1, &still, Ok(&Vec::new()));
        assert_eq!((row.regions, row.density), (Some(1), None));
    }

    #[test]
    fn means_are_over_the_lines_that_they_name() {
        let row = |same, count: usize| line_row(0, 0, &line(same), Ok(&vec![(0.5, 0); count]));
        let rows = [row(Some(true), 1), row(Some(true), 3), row(Some(false), 8)];
        let found = step_rows(0, &rows);
        let shown: Vec<(&str, u32, f64)> =
            found.iter().map(|row| (row.pairs.as_str(), row.lines, row.regions)).collect();
        assert_eq!(shown, [("all", 3, 5.0), ("within", 2, 3.0), ("between", 1, 9.0)]);
        assert!((found[1].density_error.unwrap() - 0.5).abs() <= 1e-15);
        assert_eq!((found[2].density_error, found[2].lower), (None, 4.0));
        assert_eq!(step_rows(0, &[row(None, 2)]).len(), 1);
    }
}

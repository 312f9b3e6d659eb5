//! What every variant learned, and its first eigenfunctions, as pictures.

use super::super::drawing::{Drawing, where_drawn};
use super::super::{eigenfunctions, figure};
use crate::error::ReportError;
use crate::figure::{Content, Figure, PictureRow, Pictures, Shades};
use crate::functions::Functions;
use crate::number::{grouped, subscript};
use crate::picture::ColourMap;
use crate::variant::Group;

/// Eigenfunctions beside each other.
const EIGENFUNCTIONS: usize = 3;
/// Variants at most, for a page that opens fast.
const MOST_ROWS: usize = 12;

/// One row a group: the learned function and the leading eigenfunctions of its first variant.
pub(super) fn figure_of(
    groups: &[Group],
    functions: &[Functions],
    picture_width: u32,
) -> Result<Option<Figure>, ReportError> {
    let (mut rows, mut films) = (Vec::new(), Vec::new());
    let mut place = String::new();
    let count = groups.len().min(MOST_ROWS);
    for (number, (group, functions)) in groups.iter().zip(functions).take(count).enumerate() {
        let Some(drawn) = &functions.drawn else { continue };
        // The detailed figures of one variant have as many films again.
        let films_in_all = 2 * count * (EIGENFUNCTIONS + 1);
        let Some(drawing) = Drawing::new(drawn, picture_width, films_in_all) else { continue };
        let (Some(target), Some(last)) = (drawn.target.first(), drawn.frames.last()) else {
            continue;
        };
        let Some(learned) = last.learned.first() else { continue };
        place = where_drawn(drawn);
        let shades = ColourMap::grey(target);
        let measures = &group.members[0].measures;
        let mut pictures = vec![drawing.picture(
            format!("variant-{number}-learned"),
            "learned".to_owned(),
            learned,
            shades,
        )?];
        for (index, values) in last.eigenfunctions.iter().take(EIGENFUNCTIONS) {
            pictures.push(drawing.picture(
                format!("variant-{number}-eigenfunction-{index:02}"),
                format!("υ{}", subscript(*index)),
                values,
                ColourMap::diverging(values),
            )?);
        }
        let title = format!("{}, step {}", group.label(), grouped(last.step));
        rows.push(PictureRow { title, pictures });
        let learned = drawing.film(Shades::Grey, |frame| {
            Some((frame.learned.first()?.clone(), shades, "learned".to_owned()))
        });
        let modes = (0..EIGENFUNCTIONS)
            .filter_map(|position| eigenfunctions::film(&drawing, measures, position));
        films.extend(drawing.row(&group.label(), learned.into_iter().chain(modes).collect()));
    }
    let seeds = if groups.iter().any(|group| group.members.len() > 1) {
        " Of several seeds the first is shown."
    } else {
        ""
    };
    let content = Content::Pictures(Pictures {
        rows,
        films,
        columns: EIGENFUNCTIONS + 1,
        rows_in_print: true,
    });
    let drawn = matches!(&content, Content::Pictures(pictures) if !pictures.rows.is_empty());
    Ok(figure(
        "sweep_functions",
        "What every variant learned, and its leading eigenfunctions",
        format!(
            "The learned function, and the first eigenfunctions with blue negative and orange positive.{seeds} {place}"
        ),
        "In the paper: finding 2, and the pictures of eigenfunctions.",
        &[
            ("outputs.parquet", "step, split, sample, output"),
            ("eigenvectors.parquet", "step, index, split, values"),
        ],
        drawn.then_some(content),
    ))
}

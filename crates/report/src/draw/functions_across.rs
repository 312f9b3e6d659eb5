//! What the functions of every variant look like at the end, and along the optimization.

use study::number::grouped;
use study::{Colours, Figure};

use super::canvas::{Canvas, film_row, where_drawn};
use super::functions::{self, colours};
use super::learned::Learned;
use super::subject::{Needed, Subject, is_gathered};
use crate::drawing::{Content, Drawing, PictureRow, Pictures, Source};
use crate::error::ReportError;
use crate::variant::Group;

/// Functions beside each other.
const COLUMNS: usize = 4;
/// Groups of variants at most, for a page that opens fast.
const MOST_ROWS: usize = 12;

/// One row a group: the leading functions of its first variant. `None` where inputs have other dimensions
/// than two. With the content, a sentence on it and its sources.
///
/// # Errors
/// Where a table cannot be read or a picture cannot be encoded.
pub fn content(
    figure: &Figure,
    groups: &[Group],
    needed: &Needed,
    width: u32,
) -> Result<Option<(Content, String, Vec<Source>)>, ReportError> {
    let Some(function) = &figure.function else { return Ok(None) };
    let (mut rows, mut films, mut sources) = (Vec::new(), Vec::new(), Vec::new());
    let mut place = String::new();
    let count = groups.len().min(MOST_ROWS);
    for (number, group) in groups.iter().take(count).enumerate() {
        let Some(variant) = group.members.first() else { continue };
        let subject = Subject::new(variant, needed);
        let own =
            variant.artifacts.iter().find(|artifact| artifact.table(&function.table).is_some());
        let Some(known) = functions::frames(function, &subject, own)? else { continue };
        let Some(last) = known.frames.last() else { continue };
        if known.points.first().map_or(0, Vec::len) != 2 {
            continue;
        }
        // The detailed figures of the page have as many films again.
        let Some(canvas) =
            Canvas::new(&known.points, width, 2 * count * COLUMNS * known.frames.len())
        else {
            continue;
        };
        place = where_drawn(known.split, 2, known.points.len());
        let mut pictures = Vec::new();
        for it in last.functions.iter().take(COLUMNS) {
            let name = format!("{}-variant-{number}-{:02}", figure.name, it.column);
            let (_, map) = colours(function.colours, &it.values);
            pictures.push(canvas.picture(name, it.label.clone(), &it.values, map)?);
        }
        let steps: Vec<u64> = known.frames.iter().map(|frame| frame.step).collect();
        let moving = (0..COLUMNS).map(|place| functions::film(&canvas, function, &known, place));
        let film = film_row(&group.label(), &steps, moving.collect());
        for picture in &mut pictures {
            picture.moves = film.is_some();
        }
        films.extend(film);
        rows.push(PictureRow {
            title: format!("{}, step {}", group.label(), grouped(last.step)),
            pictures,
        });
        if sources.is_empty()
            && let Some((_, table)) = variant.table(&function.table, own)
        {
            sources.push(Source {
                table: function.table.clone(),
                is_gathered: is_gathered(table),
                columns: format!("step, {}, {}", function.columns, function.values),
            });
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let seeds = if groups.iter().any(|group| group.members.len() > 1) {
        " Where there are several seeds, the first is shown."
    } else {
        ""
    };
    let signs = match function.colours {
        Colours::Diverging => " Blue is negative, white zero, orange positive.",
        Colours::Grey => "",
    };
    let content = Content::Pictures(Pictures { rows, films, columns: COLUMNS, large: false });
    Ok(Some((content, format!("{signs}{seeds}{} {place}", cut(groups)), sources)))
}

/// That not all groups are shown, in a sentence.
fn cut(groups: &[Group]) -> String {
    if groups.len() > MOST_ROWS {
        format!(" The first {MOST_ROWS} of {} are shown.", groups.len())
    } else {
        String::new()
    }
}

/// What every variant learned, as pictures.
///
/// # Errors
/// Where a table cannot be read or a picture cannot be encoded.
pub fn learned(
    groups: &[Group],
    needed: &Needed,
    width: u32,
) -> Result<Option<Drawing>, ReportError> {
    let mut pictures = Vec::new();
    for (number, group) in groups.iter().take(MOST_ROWS).enumerate() {
        let Some(variant) = group.members.first() else { continue };
        let subject = Subject::new(variant, needed);
        let Some(learned) = Learned::read(&subject)? else { continue };
        pictures.extend(learned.picture(
            format!("variant-{number}-learned"),
            group.label(),
            width,
        )?);
    }
    let columns = pictures.len().clamp(1, 6);
    Ok((!pictures.is_empty()).then(|| Drawing {
        name: "sweep_functions".to_owned(),
        title: "What every variant learned".to_owned(),
        caption: format!(
            "The learned function at the last checkpoint, in the grey scale of the target.{}",
            cut(groups)
        ),
        citation: String::new(),
        sources: vec![Source {
            table: "outputs".to_owned(),
            is_gathered: false,
            columns: "step, split, sample, output".to_owned(),
        }],
        headline: false,
        content: Content::Pictures(Pictures {
            rows: vec![PictureRow { title: String::new(), pictures }],
            films: Vec::new(),
            columns,
            large: false,
        }),
    }))
}

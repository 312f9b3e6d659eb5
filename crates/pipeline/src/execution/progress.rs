//! What a person sees while stages run: one line a stage.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::{Term, measure_text_width, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::{Value, json};
use stage::ProgressEvent;

use crate::system::can_draw;
use crate::text::quantity::{self, duration};

/// Time between two plain lines of one stage, where one runs.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);
/// Lines that are drawn at a time; of what else runs is said when it ends.
const MOST_BARS: usize = 16;
/// Time between two turns of the wheel.
const TURN: Duration = Duration::from_millis(120);
/// The wheel before a stage says how far it is.
const WHEEL: [&str; 4] = ["⠋", "⠙", "⠸", "⠴"];
/// Width of a bar, and the least one that still shows something.
const BAR: (usize, usize) = (16, 6);
/// Characters of a note below which it is left out.
const SHORTEST_NOTE: usize = 8;

/// Where progress goes.
#[derive(Debug)]
pub struct Progress {
    style: Style,
    /// Width of the longest stage name.
    width: usize,
    /// Stages that run.
    running: AtomicUsize,
}

#[derive(Debug)]
enum Style {
    Silent,
    Plain,
    Bars(MultiProgress),
    Json,
}

/// How the run of a stage has ended, for programs that read events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Failed,
    Interrupted,
    Lost,
    Elsewhere,
}

/// The line of one running stage.
#[derive(Debug)]
pub(crate) struct Line<'p> {
    progress: &'p Progress,
    /// Name of the stage and the variant, as an event has them.
    names: (String, String),
    /// Both as a person sees them.
    shown: String,
    bar: Option<ProgressBar>,
    started: Instant,
    /// When the last plain line was written.
    written: Instant,
    /// What the stage said, shared with the bar that draws it.
    course: Arc<Mutex<Course>>,
}

/// How far a stage has come.
#[derive(Clone, Debug, Default)]
struct Course {
    /// When it said first how far it is, and what was done by then: a run that goes on from an
    /// earlier one begins with what that has done.
    first: Option<(Instant, u64)>,
    /// What it said last.
    last: Option<ProgressEvent>,
}

/// A line on everything that waits and runs.
#[derive(Debug)]
pub(crate) struct Tally<'p> {
    progress: &'p Progress,
    bar: Option<ProgressBar>,
    shown: String,
    /// When the last plain line was written.
    written: Option<Instant>,
}

impl Progress {
    /// Bars where standard output is a terminal that can move its cursor, else plain lines; nothing
    /// where `quiet`.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let style = if quiet {
            Style::Silent
        } else if std::io::stdout().is_terminal() && can_draw() {
            Style::Bars(MultiProgress::with_draw_target(ProgressDrawTarget::stdout()))
        } else {
            Style::Plain
        };
        Self { style, width: 0, running: AtomicUsize::new(0) }
    }

    /// One JSON object a line on standard output for everything that happens.
    #[must_use]
    pub fn json() -> Self {
        Self { style: Style::Json, width: 0, running: AtomicUsize::new(0) }
    }

    /// The same, with names of stages padded to the longest of `stages`.
    #[must_use]
    pub fn aligned<'a>(mut self, stages: impl Iterator<Item = &'a str>) -> Self {
        self.width = stages.map(str::len).max().unwrap_or(0);
        self
    }

    /// A stage whose artifact is there already; `is_only` says that it has no other variant.
    pub(crate) fn reused(&self, stage: &str, variant: &str, is_only: bool) {
        self.tell("reused", stage, variant, &json!({}));
        if is_only {
            self.say(stage, "reused");
        }
    }

    /// A stage of which so many artifacts of an earlier build of its program were accepted.
    pub(crate) fn accepted(&self, stage: &str, count: usize) {
        self.tell("accepted", stage, "", &json!({ "count": count }));
        let results = if count == 1 { "result".to_owned() } else { format!("{count} results") };
        self.say(
            stage,
            &format!("accepted, {results} of an earlier build of its program or inputs"),
        );
    }

    /// A stage that failed in an earlier run, and would fail again.
    pub(crate) fn failed_before(&self, stage: &str, variant: &str) {
        self.tell("failed", stage, variant, &json!({ "before": true }));
        let text = format!("has failed before; `--force {stage}` runs it again");
        self.say(&self.shown(stage, variant), &text);
    }

    /// A stage whose artifact another driver makes.
    pub(crate) fn elsewhere(&self, stage: &str, variant: &str) {
        self.tell("waiting", stage, variant, &json!({}));
        self.say(&self.shown(stage, variant), "is made by another run on this store: waiting");
    }

    /// A stage that is tried again, and why.
    pub(crate) fn again(&self, stage: &str, variant: &str, why: &str) {
        self.tell("again", stage, variant, &json!({ "why": why }));
        self.say(&self.shown(stage, variant), &format!("is tried again: {why}"));
    }

    /// An array of so many jobs of a stage, which has this number.
    pub(crate) fn submitted(&self, stage: &str, number: &str, jobs: usize) {
        self.tell("submitted", stage, "", &json!({ "array": number, "jobs": jobs }));
    }

    /// That so many jobs go on without this driver.
    pub(crate) fn left(&self, jobs: usize) {
        self.tell("left", "", "", &json!({ "jobs": jobs }));
        match jobs {
            1 => self.say("", "1 job goes on in the cluster"),
            _ => self.say("", &format!("{jobs} jobs go on in the cluster")),
        }
    }

    /// A stage with `count` variants, of which `done` are there already.
    pub(crate) fn variants(&self, stage: &str, count: usize, done: usize) {
        self.tell("variants", stage, "", &json!({ "count": count, "done": done }));
        self.say(stage, &quantity::variants(count, done));
    }

    /// A stage that begins, in one of several variants where `variant` is not empty.
    pub(crate) fn start(&self, stage: &str, variant: &str) -> Line<'_> {
        self.tell("started", stage, variant, &json!({}));
        let shown = self.shown(stage, variant);
        let running = self.running.fetch_add(1, Ordering::Relaxed);
        let bar = if let Style::Bars(bars) = &self.style {
            if running >= MOST_BARS {
                return self.line(stage, variant, None);
            }
            let course = Arc::new(Mutex::new(Course::default()));
            let bar = bars.add(ProgressBar::new_spinner());
            let (name, of) = (format!("{shown:width$}", width = self.width), Arc::clone(&course));
            let line = move |state: &ProgressState, out: &mut dyn fmt::Write| {
                let columns = usize::from(Term::stdout().size().1);
                // A line that cannot be written is drawn again.
                let _ = out.write_str(&line(&name, &course_of(&of), state.elapsed(), columns));
            };
            bar.set_style(style("{line}").with_key("line", line));
            bar.enable_steady_tick(TURN);
            return Line { course, ..self.line(stage, variant, Some(bar)) };
        } else {
            // The line on the variants of a stage has said that it begins.
            if variant.is_empty() {
                self.say(stage, "starting");
            }
            None
        };
        self.line(stage, variant, bar)
    }

    fn line(&self, stage: &str, variant: &str, bar: Option<ProgressBar>) -> Line<'_> {
        let now = Instant::now();
        Line {
            progress: self,
            names: (stage.to_owned(), variant.to_owned()),
            shown: self.shown(stage, variant),
            bar,
            started: now,
            written: now,
            course: Arc::default(),
        }
    }

    /// A line on everything that waits and runs.
    pub(crate) fn tally(&self) -> Tally<'_> {
        Tally { progress: self, bar: None, shown: String::new(), written: None }
    }

    fn shown(&self, stage: &str, variant: &str) -> String {
        format!("{stage:width$}  {variant}", width = self.width).trim_end().to_owned()
    }

    /// Writes an event for programs, `more` beside its names.
    fn tell(&self, event: &str, stage: &str, variant: &str, more: &Value) {
        if !matches!(self.style, Style::Json) {
            return;
        }
        let mut line = json!({ "event": event, "stage": stage, "variant": variant });
        if let (Some(line), Some(more)) = (line.as_object_mut(), more.as_object()) {
            line.extend(more.clone());
        }
        // Where nobody reads it, the run goes on.
        let _ = writeln!(std::io::stdout(), "{line}");
    }

    fn say(&self, stage: &str, text: &str) {
        let line = format!("{stage:width$}  {text}", width = self.width);
        match &self.style {
            Style::Silent | Style::Json => {}
            // Progress for people: where nobody reads it, the run goes on.
            Style::Plain => drop(writeln!(std::io::stdout(), "{line}")),
            Style::Bars(bars) => drop(bars.println(line)),
        }
    }
}

impl Line<'_> {
    /// Shows how far the stage is.
    pub(crate) fn show(&mut self, event: &ProgressEvent) {
        let now = Instant::now();
        let course = {
            let mut course = self.course.lock().unwrap_or_else(PoisonError::into_inner);
            course.first.get_or_insert((now, event.done));
            course.last = Some(event.clone());
            course.clone()
        };
        if self.bar.is_some() {
            // The bar draws what it finds at its next turn.
        } else if let Style::Json = self.progress.style {
            let (stage, variant) = &self.names;
            let event = serde_json::to_value(event).unwrap_or_default();
            self.progress.tell("progress", stage, variant, &event);
        } else if self.is_due() {
            self.written = now;
            self.progress.say(&self.shown, &plain(event, course.left(now)));
        }
    }

    /// Whether it is time for a plain line: where many run, each has its turn less often.
    fn is_due(&self) -> bool {
        let running = self.progress.running.load(Ordering::Relaxed).max(1);
        let turns = u32::try_from(running).unwrap_or(u32::MAX);
        matches!(self.progress.style, Style::Plain)
            && self.written.elapsed() >= PLAIN_INTERVAL.saturating_mul(turns)
    }

    /// Ends the line with how the stage ended and what it said last.
    pub(crate) fn end(self, end: End) {
        let span = self.started.elapsed();
        self.end_after(end, span);
    }

    /// Takes the line away, and says nothing.
    pub(crate) fn clear(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Ends the line of a stage that has run for so long.
    pub(crate) fn end_after(self, end: End, span: Duration) {
        self.progress.running.fetch_sub(1, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let (event, text) = match end {
            End::Done => ("done", format!("done in {}", duration(span))),
            End::Failed => ("failed", "failed".to_owned()),
            End::Interrupted => ("interrupted", "interrupted".to_owned()),
            End::Lost => ("lost", "was lost".to_owned()),
            End::Elsewhere => ("waiting", "goes on in another run on this store".to_owned()),
        };
        let (stage, variant) = &self.names;
        self.progress.tell(event, stage, variant, &json!({ "seconds": span.as_secs_f64() }));
        let last = course_of(&self.course).last;
        let note = last.map(|event| event.note).filter(|note| !note.is_empty());
        let note = note.map(|note| format!(", {note}")).unwrap_or_default();
        self.progress.say(&self.shown, &format!("{text}{note}"));
    }
}

impl Tally<'_> {
    /// Shows `text`, which is empty where nothing waits or runs, and for programs what it says of `stages`.
    pub(crate) fn show(&mut self, text: &str, stages: &Value) {
        if text == self.shown || text.is_empty() {
            return;
        }
        match &self.progress.style {
            Style::Silent => {}
            Style::Json => self.progress.tell("queue", "", "", &json!({ "stages": stages })),
            Style::Plain => {
                if self.written.is_some_and(|written| written.elapsed() < PLAIN_INTERVAL) {
                    return;
                }
                self.written = Some(Instant::now());
                self.progress.say("", text);
            }
            Style::Bars(bars) => {
                let bar = self.bar.get_or_insert_with(|| {
                    let bar = bars.add(ProgressBar::new_spinner());
                    bar.set_style(style("{spinner} {wide_msg}"));
                    bar.enable_steady_tick(TURN);
                    bar
                });
                bar.set_message(text.to_owned());
            }
        }
        text.clone_into(&mut self.shown);
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Course {
    /// Time left at the rate of this run, where that is known.
    fn left(&self, now: Instant) -> Option<Duration> {
        let (event, (since, before)) = (self.last.as_ref()?, self.first?);
        let done = event.done.checked_sub(before).filter(|done| *done > 0)?;
        let left = event.total.checked_sub(event.done)?;
        Some(now.duration_since(since).mul_f64(left as f64 / done as f64))
    }
}

fn course_of(course: &Mutex<Course>) -> Course {
    course.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// `step 1200/8000, 2 min 05 s left, loss 0.0123`.
fn plain(event: &ProgressEvent, left: Option<Duration>) -> String {
    let mut text = format!("{} {}/{}", event.unit, event.done, event.total);
    if let Some(left) = left {
        text = format!("{text}, {} left", duration(left));
    }
    if !event.note.is_empty() {
        text.push_str(", ");
        text.push_str(&event.note);
    }
    text
}

/// The line of a running stage, no wider than `columns` less one: a terminal that is written to its
/// last column begins another line. What does not fit is left out, the note first.
fn line(name: &str, course: &Course, elapsed: Duration, columns: usize) -> String {
    let room = columns.saturating_sub(1);
    let Some(event) = &course.last else {
        let turn = (elapsed.as_millis() / TURN.as_millis()) as usize;
        return cut(&format!("{name}  {} starting", WHEEL[turn % WHEEL.len()]), room);
    };
    let count = format!("{} {}/{}", one_line(&event.unit), event.done, event.total);
    let left = course.left(Instant::now()).map(|left| format!("  {} left", duration(left)));
    let left = left.unwrap_or_default();
    let width = |parts: &[&str]| parts.iter().map(|part| measure_text_width(part)).sum::<usize>();
    // The count always, then a bar, then the time left, as far as there is room.
    let free = |left: &str| room.saturating_sub(width(&[name, "  ", " ", &count, left]));
    let left = if free(&left) >= BAR.1 { left.as_str() } else { "" };
    let bar = if free(left) >= BAR.1 { free(left).min(BAR.0) } else { 0 };
    let mut text = if bar == 0 {
        format!("{name}  {count}{left}")
    } else {
        format!("{name}  {} {count}{left}", drawn(event, bar))
    };
    let rest = room.saturating_sub(measure_text_width(&text) + 2);
    if rest >= SHORTEST_NOTE && !event.note.is_empty() {
        text = format!("{text}  {}", cut(&one_line(&event.note), rest));
    }
    cut(&text, room)
}

/// A bar of so many characters.
fn drawn(event: &ProgressEvent, width: usize) -> String {
    let share = event.done as f64 / event.total.max(1) as f64;
    let full = ((share * width as f64) as usize).min(width);
    let head = if full < width && event.done > 0 { "╸" } else { "" };
    let rest = width - full - head.chars().count();
    format!("{}{head}{}", "━".repeat(full), "─".repeat(rest))
}

/// `text` without what would begin another line or move the cursor: it is the stage's.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn cut(text: &str, room: usize) -> String {
    if room == 0 {
        return String::new();
    }
    truncate_str(text, room, "…").into_owned()
}

fn style(template: &str) -> ProgressStyle {
    // Our own templates parse.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(done: u64, total: u64, note: &str) -> ProgressEvent {
        ProgressEvent { done, total, unit: "step".to_owned(), note: note.to_owned() }
    }

    /// A stage that had done `before` a minute ago, and now says `event`.
    fn course(before: u64, event: ProgressEvent) -> Course {
        let since = Instant::now().checked_sub(Duration::from_mins(1)).unwrap();
        Course { first: Some((since, before)), last: Some(event) }
    }

    #[test]
    fn a_plain_line_says_how_far_and_how_long() {
        let line = plain(&event(2000, 8000, "loss 0.0123"), Some(Duration::from_secs(90)));
        assert_eq!(line, "step 2000/8000, 1 min 30 s left, loss 0.0123");
        assert_eq!(plain(&event(0, 0, ""), None), "step 0/0");
    }

    #[test]
    fn time_left_follows_from_what_this_run_has_done() {
        let left = |before, done, total| {
            let course = course(before, event(done, total, ""));
            course.left(Instant::now()).map(|left| left.as_secs_f64().round())
        };
        assert_eq!(left(0, 20, 80), Some(180.0));
        // 60 of 80 were done by an earlier run, 10 in this minute.
        assert_eq!(left(60, 70, 80), Some(60.0));
        assert_eq!(left(60, 60, 80), None, "nothing done yet");
        assert_eq!(left(0, 90, 80), None, "more than all");
        assert_eq!(left(5, 3, 80), None, "begun anew");
    }

    #[test]
    fn a_line_fits_into_any_terminal() {
        let name = "spectrum  decay=0.5,seed=1";
        let of = course(0, event(1200, 8000, "loss 0.0123, δ = 0.25, 長い\n\x1b[2Jnote"));
        for columns in 0..200 {
            for course in [&of, &Course::default()] {
                let text = line(name, course, Duration::ZERO, columns);
                let width = measure_text_width(&text);
                assert!(width < columns.max(1), "{columns}: {width} of {text}");
                assert!(!text.contains(['\n', '\x1b']), "{text:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_by_its_weight() {
        let of = course(0, event(1200, 8000, "loss 0.0123"));
        let lines: Vec<String> = [90, 60, 50, 40, 30, 22, 12]
            .into_iter()
            .map(|columns| line("train", &of, Duration::ZERO, columns))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        train  ━━╸───────────── step 1200/8000  5 min 40 s left  loss 0.0123
        train  ━━╸───────────── step 1200/8000  5 min 40 s left
        train  ━╸──────── step 1200/8000  5 min 40 s left
        train  ━━╸───────────── step 1200/8000
        train  ━╸───── step 1200/8000
        train  step 1200/8000
        train  ste…
        ");
        let starting = line("train", &Course::default(), Duration::ZERO, 40);
        assert_eq!(starting, "train  ⠋ starting");
    }

    #[test]
    fn a_bar_is_empty_at_first_and_full_at_last() {
        assert_eq!(drawn(&event(0, 10, ""), 6), "──────");
        assert_eq!(drawn(&event(5, 10, ""), 6), "━━━╸──");
        assert_eq!(drawn(&event(10, 10, ""), 6), "━━━━━━");
        assert_eq!(drawn(&event(20, 10, ""), 6), "━━━━━━");
        assert_eq!(drawn(&event(0, 0, ""), 6), "──────");
    }
}

//! What a person sees while stages run: one line a stage.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use stage::ProgressEvent;

use crate::quantity::{self, duration};

/// Time between two plain lines of one stage, where one runs.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);
/// Lines that are drawn at a time; of what else runs is said when it ends.
const MOST_BARS: usize = 16;
/// Time between two turns of the wheel.
const TURN: Duration = Duration::from_millis(120);

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
    /// Unit of the bar as it is drawn now.
    unit: Option<String>,
    /// What the stage said last.
    note: String,
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
    /// Bars where standard output is a terminal, else plain lines; nothing where `quiet`.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        let style = if quiet {
            Style::Silent
        } else if std::io::stdout().is_terminal() {
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
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_prefix(format!("{shown:width$}", width = self.width));
            bar.set_style(style("{prefix}  {spinner} {wide_msg}"));
            bar.set_message("starting");
            bar.enable_steady_tick(TURN);
            Some(bar)
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
            unit: None,
            note: String::new(),
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
        self.note.clone_from(&event.note);
        if let Some(bar) = &self.bar {
            if self.unit.as_deref() != Some(&event.unit) {
                // The unit is the stage's word: braces would be read as part of the template.
                let unit = event.unit.replace(['{', '}'], "");
                bar.set_style(style(&format!(
                    "{{prefix}}  {{bar:16}} {unit} {{pos}}/{{len}}  {{eta}} left  {{wide_msg}}"
                )));
                self.unit = Some(event.unit.clone());
            }
            bar.set_length(event.total);
            bar.set_position(event.done);
            bar.set_message(event.note.clone());
        } else if let Style::Json = self.progress.style {
            let (stage, variant) = &self.names;
            let event = serde_json::to_value(event).unwrap_or_default();
            self.progress.tell("progress", stage, variant, &event);
        } else if self.is_due() {
            self.written = Instant::now();
            self.progress.say(&self.shown, &plain(event, self.started.elapsed()));
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
        let note = if self.note.is_empty() { String::new() } else { format!(", {}", self.note) };
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

/// `step 1200/8000, 2 min 05 s left, loss 0.0123`.
fn plain(event: &ProgressEvent, elapsed: Duration) -> String {
    let mut text = format!("{} {}/{}", event.unit, event.done, event.total);
    if event.done > 0 && event.total >= event.done {
        let left = elapsed.mul_f64((event.total - event.done) as f64 / event.done as f64);
        text = format!("{text}, {} left", duration(left));
    }
    if !event.note.is_empty() {
        text.push_str(", ");
        text.push_str(&event.note);
    }
    text
}

fn style(template: &str) -> ProgressStyle {
    // Our own templates parse; a unit cannot break them.
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_says_how_far_and_how_long() {
        let event = ProgressEvent {
            done: 2000,
            total: 8000,
            unit: "step".to_owned(),
            note: "loss 0.0123, rate 0.25".to_owned(),
        };
        let line = plain(&event, Duration::from_secs(30));
        assert_eq!(line, "step 2000/8000, 1 min 30 s left, loss 0.0123, rate 0.25");
    }

    #[test]
    fn nothing_done_yet_has_no_time_left() {
        let event =
            ProgressEvent { done: 0, total: 0, unit: "step".to_owned(), note: String::new() };
        assert_eq!(plain(&event, Duration::from_secs(3)), "step 0/0");
    }
}

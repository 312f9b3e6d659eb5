//! What a person sees while stages run: one line a stage.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use stage::ProgressEvent;

use crate::quantity::{self, duration};

/// Time between two plain lines of one stage.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);
/// Time between two turns of the wheel.
const TURN: Duration = Duration::from_millis(120);

/// Where progress goes.
#[derive(Debug)]
pub struct Progress {
    style: Style,
    /// Width of the longest stage name.
    width: usize,
}

#[derive(Debug)]
enum Style {
    Silent,
    Plain,
    Bars(MultiProgress),
}

/// The line of one running stage.
#[derive(Debug)]
pub(crate) struct Line<'p> {
    progress: &'p Progress,
    stage: String,
    bar: Option<ProgressBar>,
    started: Instant,
    /// When the last plain line was written.
    written: Instant,
    /// Unit of the bar as it is drawn now.
    unit: Option<String>,
    /// What the stage said last.
    note: String,
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
        Self { style, width: 0 }
    }

    /// The same, with names of stages padded to the longest of `stages`.
    #[must_use]
    pub fn aligned<'a>(mut self, stages: impl Iterator<Item = &'a str>) -> Self {
        self.width = stages.map(str::len).max().unwrap_or(0);
        self
    }

    /// A stage whose artifact is there already.
    pub(crate) fn reused(&self, stage: &str) {
        self.say(stage, "reused");
    }

    /// A stage whose artifact another driver makes.
    pub(crate) fn elsewhere(&self, stage: &str, variant: &str) {
        let stage = format!("{stage:width$}  {variant}", width = self.width);
        self.say(stage.trim_end(), "is made by another run on this store: waiting");
    }

    /// A stage with `count` variants, of which `done` are there already.
    pub(crate) fn variants(&self, stage: &str, count: usize, done: usize) {
        self.say(stage, &quantity::variants(count, done));
    }

    /// A stage that begins, in one of several variants where `variant` is not empty.
    pub(crate) fn start(&self, stage: &str, variant: &str) -> Line<'_> {
        let stage = format!("{stage:width$}  {variant}", width = self.width);
        let stage = stage.trim_end();
        let bar = if let Style::Bars(bars) = &self.style {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_prefix(format!("{stage:width$}", width = self.width));
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
        let now = Instant::now();
        Line {
            progress: self,
            stage: stage.to_owned(),
            bar,
            started: now,
            written: now,
            unit: None,
            note: String::new(),
        }
    }

    fn say(&self, stage: &str, text: &str) {
        let line = format!("{stage:width$}  {text}", width = self.width);
        match &self.style {
            Style::Silent => {}
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
        } else if self.written.elapsed() >= PLAIN_INTERVAL {
            self.written = Instant::now();
            self.progress.say(&self.stage, &plain(event, self.started.elapsed()));
        }
    }

    /// Ends the line with `text` and what the stage said last.
    pub(crate) fn end(self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let note = if self.note.is_empty() { String::new() } else { format!(", {}", self.note) };
        self.progress.say(&self.stage, &format!("{text}{note}"));
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

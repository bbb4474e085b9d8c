//! Does any source of a log behave unlike itself?
//!
//! Sliding windows with several aggregates feed a baseline for each source: what
//! is usual (an exponentially weighted mean) and how far from it is still usual
//! (the deviation around it). A window far off raises an alert, with the evidence.
//! Of a log the lines and the share of errors are watched, of measured values
//! their mean. A source that falls silent has no window: a timer notices.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus::windows::{Filtered, MinBy};
use fluxus_examples::anomaly::{AlarmOptions, Checked, SilentWindows, Verdicts, Watch};
use fluxus_examples::events::{Entry, EntryParser};
use fluxus_examples::input::Parser;
use fluxus_examples::sample::{Generated, Row, Sample, Timed, Totals};
use fluxus_examples::{data, legible, time_text, Column, SlideOptions, HOUR_MS};
use serde::Serialize;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    fluxus_examples::main::<LogAnomaly>()
}

#[derive(Args, Clone)]
struct LogAnomaly {
    #[command(flatten)]
    windows: SlideOptions<{ 2 * HOUR_MS }, HOUR_MS>,

    #[command(flatten)]
    alarm: AlarmOptions,

    /// The year of syslog's times, which have none
    #[arg(long, value_name = "YEAR", default_value_t = 2024,
          value_parser = value_parser!(i32).range(1678..=2261))]
    year: i32,

    /// Show every window, not only those at which an alert begins or is over
    #[arg(long)]
    all: bool,
}

impl Sample for LogAnomaly {
    const NAME: &'static str = "log-anomaly";
    const ABOUT: &'static str =
        "Whether any source of a log behaves unlike itself: sliding windows against a baseline, \
         over syslog, lines with a time in front, or timestamp,value";
    type Event = Entry;
    type Row = Check;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("water-flow.csv")]
    }

    fn parser(&self, file: &Path) -> Box<dyn Parser<Entry>> {
        // Of several files of values each is a source of its own.
        let name = file.file_stem().unwrap_or_default();
        Box::new(EntryParser::new(self.year, &name.to_string_lossy()))
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Entry> {
        Entry::made_up(count, seed)
    }

    fn results(&self, entries: Timed<Entry>) -> Result<Timed<Check>, Error> {
        let windows = self.windows.sliding()?;
        let is_error = |entry: &Entry| entry.is_error;
        let first = MinBy::key(|entry: &Entry| (entry.time, entry.text.clone()));
        let has_value = |entry: &Entry| entry.millionths.is_some();
        let value = |entry: &Entry| entry.millionths.unwrap_or(0);
        let values = (Count, Sum::of(value), Min::of(value), Max::of(value));
        let (alarm, all) = (self.alarm, self.all);
        let checks = entries
            .key_by(|entry| entry.source.clone())
            .window(windows)
            .aggregate((
                Count,
                Filtered::new(is_error, (Count, first)),
                Filtered::new(has_value, values),
                Filtered::new(|entry: &Entry| entry.is_anomaly.is_some(), Count),
                Filtered::new(|entry: &Entry| entry.is_anomaly == Some(true), Count),
            ))
            .key_by(|row| row.key.clone())
            .process(SilentWindows::every(self.windows.slide()))
            // A source's windows come one behind the other: they are what it learns from.
            .key_by(|heard| heard.source.clone())
            .scan(Watch::default(), move |watch, heard| {
                watch.check(heard, &alarm)
            })
            .map(move |checked| Check {
                is_shown: all || checked.compared.state.is_news(),
                checked,
            });
        Ok(checks.boxed_timed())
    }
}

/// A figure of a window against its baseline.
#[derive(Clone, Serialize)]
struct Check {
    #[serde(flatten)]
    checked: Checked,
    #[serde(skip)]
    is_shown: bool,
}

impl Check {
    /// An amount of the figure.
    fn amount(&self, number: f64) -> String {
        self.checked.figure.amount(number)
    }
}

impl Row for Check {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("until (UTC)", 19, |row| time_text(row.checked.to_ms)),
        Column::text("alert", 6, |row| {
            row.checked.compared.state.text().to_owned()
        }),
        Column::text("source", 17, |row| legible(&row.checked.source, 16)),
        Column::text("figure", 8, |row| row.checked.figure.text().to_owned()),
        Column::figure("found", "", 8, |row| row.amount(row.checked.compared.found)),
        Column::figure("usual", "", 8, |row| row.amount(row.checked.compared.usual)),
        Column::figure("off by", "σ", 6, |row| {
            format!("{:+.1}", row.checked.compared.deviations_off)
        }),
        Column::text("evidence", 14, |row| {
            row.checked.summary.evidence(row.checked.figure)
        }),
    ];
    type Totals = Verdicts;

    fn compare(&self, other: &Self) -> Ordering {
        let rank = |check: &Self| (check.checked.source.clone(), check.checked.figure);
        rank(self).cmp(&rank(other))
    }

    fn is_shown(&self) -> bool {
        self.is_shown
    }
}

impl Totals<Check> for Verdicts {
    fn add(&mut self, row: &Check) {
        self.count(&row.checked);
    }

    fn text(&self) -> String {
        self.text()
    }
}

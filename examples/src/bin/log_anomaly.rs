//! Does any source of a log behave unlike itself?
//!
//! Sliding windows with several aggregates feed a baseline for each source: what
//! is usual (an exponentially weighted mean) and how far from it is still usual
//! (the deviation around it). A window far off raises an alert, with the evidence.
//! Of a log the lines and the share of errors are watched, of measured values
//! their mean.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus::windows::{Filtered, MinBy};
use fluxus_examples::input::{Entry, EntryParser, Parser};
use fluxus_examples::sample::{Generated, Row, Sample, Timed};
use fluxus_examples::{data, grouped, legible, rounded, time_text, Column, Random};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much a window weighs in the baseline against all before it.
const WEIGHT: f64 = 0.1;
/// So many deviations at most does a window move the baseline by: an anomaly must not become
/// usual at once, but what lasts must in the end.
const MOST_DEVIATIONS: f64 = 2.0;

fn main() -> ExitCode {
    fluxus_examples::main::<LogAnomaly>()
}

#[derive(Args, Clone)]
struct LogAnomaly {
    /// How long a window is, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = 7_200_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    window_ms: u64,

    /// How far a window begins behind the one before
    #[arg(long, value_name = "MS", default_value_t = 3_600_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    slide_ms: u64,

    /// How many deviations off the usual an alert is raised at
    #[arg(long, value_name = "D", default_value_t = 5.0, value_parser = deviations)]
    threshold: f64,

    /// How many windows of a source are learnt from before the first alert
    #[arg(long, value_name = "N", default_value_t = 24)]
    learn: u32,

    /// The year of syslog's times, which have none
    #[arg(long, value_name = "YEAR", default_value_t = 2024,
          value_parser = value_parser!(i32).range(1678..=2261))]
    year: i32,

    /// Show every window, not only those at which an alert begins or is over
    #[arg(long)]
    all: bool,
}

fn deviations(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 1e6 => Ok(number),
        _ => Err("it must be a number above 0, such as 5".to_owned()),
    }
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

    fn parser(&self) -> Box<dyn Parser<Entry>> {
        Box::new(EntryParser::new(self.year, "value"))
    }

    fn parser_of(&self, file: &Path) -> Box<dyn Parser<Entry>> {
        // Of several files of values each is a source of its own.
        let name = file.file_stem().unwrap_or_default();
        Box::new(EntryParser::new(self.year, &name.to_string_lossy()))
    }

    fn time_of(entry: &Entry) -> Timestamp {
        entry.time
    }

    fn disorder(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn results(&self, entries: Timed<Entry>) -> Result<Timed<Check>, Error> {
        let windows = Sliding::new(
            Duration::from_millis(self.window_ms),
            Duration::from_millis(self.slide_ms),
        )?;
        let is_error = |entry: &Entry| entry.is_error;
        let has_value = |entry: &Entry| entry.millionths.is_some();
        let value = |entry: &Entry| entry.millionths.unwrap_or(0);
        let first = MinBy::key(|entry: &Entry| (entry.time, entry.text.clone()));
        let sample = self.clone();
        let checks = entries
            .key_by(|entry| entry.source.clone())
            .window(windows)
            .aggregate((
                Count,
                Filtered::new(is_error, (Count, first)),
                Filtered::new(
                    has_value,
                    (Count, Sum::of(value), Min::of(value), Max::of(value)),
                ),
                Filtered::new(|entry: &Entry| entry.is_anomaly.is_some(), Count),
                Filtered::new(|entry: &Entry| entry.is_anomaly == Some(true), Count),
            ))
            // A source's windows come one behind the other: they are what it learns from.
            .key_by(|row| row.key.clone())
            .scan(BTreeMap::new(), move |baselines, row| {
                let mut checks = Check::of(row);
                for check in &mut checks {
                    let baseline = baselines.entry(check.figure).or_default();
                    check.against(baseline, &sample);
                }
                checks
            });
        Ok(checks.boxed_timed())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Entry> {
        made_up(count, seed)
    }

    fn closing(&self, totals: &Totals) -> String {
        totals.text()
    }
}

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Figure {
    /// How many lines a window has.
    Lines,
    /// Which share of them tells of errors.
    Errors,
    /// The mean of what was measured.
    Value,
}

/// How a window compares with the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Learning,
    Calm,
    AlertBegins,
    AlertGoesOn,
    AlertIsOver,
}

/// A window of a source against its baseline.
#[derive(Clone, Debug, Serialize)]
struct Check {
    from_ms: i64,
    to_ms: i64,
    source: String,
    figure: Figure,
    state: State,
    found: f64,
    usual: f64,
    deviation: f64,
    deviations_off: f64,
    lines: u64,
    errors: u64,
    /// The first error, in its words.
    example: Option<String>,
    least: Option<f64>,
    most: Option<f64>,
    /// How many lines belong to an anomaly, where the data says so.
    labelled: Option<u64>,
    #[serde(skip)]
    is_shown: bool,
}

/// What is usual for a figure of a source.
#[derive(Clone, Copy, Debug, Default)]
struct Baseline {
    windows: u32,
    mean: f64,
    variance: f64,
    is_alerted: bool,
}

impl Baseline {
    /// Moves towards `found`: Finch, "Incremental calculation of weighted mean
    /// and variance" (2009), section 9.
    fn learn(&mut self, found: f64) {
        if self.windows == 0 {
            self.mean = found;
        }
        let step = WEIGHT * (found - self.mean);
        self.variance = (1.0 - WEIGHT) * (self.variance + step * (found - self.mean));
        self.mean += step;
        self.windows = self.windows.saturating_add(1);
    }
}

/// Lines; errors and the first; values, their sum, least and most; lines with a
/// label; those of anomalies.
type Aggregates = (
    u64,
    Option<(u64, Entry)>,
    Option<(u64, i128, i64, i64)>,
    Option<u64>,
    Option<u64>,
);

impl Check {
    /// What is to be compared of a window.
    fn of(row: WindowResult<String, Aggregates>) -> Vec<Self> {
        let (from_ms, to_ms) = (row.start().millis(), row.end().millis());
        let (lines, errors, values, labels, anomalies) = row.value;
        let (errors, example) = match errors {
            Some((errors, first)) => (errors, Some(legible(&first.text, 120))),
            None => (0, None),
        };
        let share = errors as f64 / lines as f64;
        let figures = match values {
            Some((count, sum, ..)) => vec![(Figure::Value, sum as f64 / 1e6 / count as f64)],
            None => vec![(Figure::Lines, lines as f64), (Figure::Errors, share)],
        };
        let checks = figures.into_iter().map(|(figure, found)| Self {
            from_ms,
            to_ms,
            source: row.key.clone(),
            figure,
            state: State::Calm,
            found,
            usual: found,
            deviation: 0.0,
            deviations_off: 0.0,
            lines,
            errors,
            example: example.clone(),
            least: values.map(|(_, _, least, _)| least as f64 / 1e6),
            most: values.map(|(_, _, _, most)| most as f64 / 1e6),
            labelled: labels.map(|_| anomalies.unwrap_or(0)),
            is_shown: true,
        });
        checks.collect()
    }

    /// Compares with the baseline, and lets it learn.
    fn against(&mut self, baseline: &mut Baseline, sample: &LogAnomaly) {
        let found = self.found;
        let is_learning = baseline.windows < sample.learn.max(1);
        if baseline.windows > 0 {
            self.usual = baseline.mean;
        }
        self.deviation = baseline.variance.sqrt().max(self.least_deviation());
        self.deviations_off = (found - self.usual) / self.deviation;
        // Few lines or errors are no reason for an alert.
        let off = match self.figure {
            Figure::Value => self.deviations_off.abs(),
            Figure::Lines | Figure::Errors => self.deviations_off,
        };
        let is_alert = !is_learning && off >= sample.threshold;
        self.state = match (
            std::mem::replace(&mut baseline.is_alerted, is_alert),
            is_alert,
        ) {
            (false, true) => State::AlertBegins,
            (true, true) => State::AlertGoesOn,
            (true, false) => State::AlertIsOver,
            (false, false) if is_learning => State::Learning,
            (false, false) => State::Calm,
        };
        let reach = MOST_DEVIATIONS * self.deviation;
        baseline.learn(match is_learning {
            true => found,
            false => found.clamp(self.usual - reach, self.usual + reach),
        });
        self.is_shown = sample.all || matches!(self.state, State::AlertBegins | State::AlertIsOver);
        for number in [
            &mut self.found,
            &mut self.usual,
            &mut self.deviation,
            &mut self.deviations_off,
        ] {
            *number = rounded(*number, 4);
        }
    }

    /// How far chance alone takes a figure: of a count its root, of a share that
    /// of the binomial distribution; of values half a percent.
    fn least_deviation(&self) -> f64 {
        let lines = self.lines as f64;
        match self.figure {
            Figure::Lines => self.usual.max(1.0).sqrt(),
            Figure::Errors => {
                let share = self.usual.max(1.0 / lines).min(0.5);
                (share * (1.0 - share) / lines).sqrt().max(1e-6)
            }
            Figure::Value => (0.005 * self.usual.abs()).max(1e-6),
        }
    }
}

impl Row for Check {
    const COLUMNS: &'static [Column] = &[
        Column::text("until (UTC)", 19),
        Column::text("alert", 6),
        Column::text("source", 17),
        Column::text("figure", 8),
        Column::figure("found", "", 8),
        Column::figure("usual", "", 8),
        Column::figure("off by", "σ", 6),
        Column::text("evidence", 14),
    ];
    type Totals = Totals;

    fn cells(&self) -> Vec<String> {
        let (figure, found, usual) = match self.figure {
            Figure::Lines => ("lines", self.found, self.usual),
            Figure::Errors => ("errors %", 100.0 * self.found, 100.0 * self.usual),
            Figure::Value => ("mean", self.found, self.usual),
        };
        let state = match self.state {
            State::Learning => "learns",
            State::Calm => "-",
            State::AlertBegins => "begins",
            State::AlertGoesOn => "on",
            State::AlertIsOver => "over",
        };
        let evidence = match (self.figure, self.least, self.most) {
            (Figure::Value, Some(least), Some(most)) => format!("{least:.1}..{most:.1}"),
            (Figure::Errors, ..) => format!("{} of {}", self.errors, self.lines),
            _ => format!("{} lines", self.lines),
        };
        vec![
            time_text(Timestamp::from_millis(self.to_ms)),
            state.to_owned(),
            legible(&self.source, 16),
            figure.to_owned(),
            format!("{found:.1}"),
            format!("{usual:.1}"),
            format!("{:+.1}", self.deviations_off),
            evidence,
        ]
    }

    fn rank(&self) -> String {
        format!("{} {}", self.source, self.figure as u8)
    }

    fn is_shown(&self) -> bool {
        self.is_shown
    }

    fn add_to(&self, totals: &mut Totals) {
        totals.add(self);
    }
}

/// How good the alerts were. An alert lasts from the window that raised it to the
/// last one that is off; an anomaly is a run of windows with labelled lines. An
/// alert is right, and an anomaly found, when they share a window.
#[derive(Debug, Default)]
struct Totals {
    windows: u64,
    has_labels: bool,
    alerts: u64,
    right_alerts: u64,
    anomalies: u64,
    found_anomalies: u64,
    /// Those going on that were already counted as right.
    right: BTreeSet<(String, Figure)>,
    /// Those going on, and whether they were found.
    going_on: BTreeMap<String, bool>,
}

impl Totals {
    fn add(&mut self, check: &Check) {
        self.windows += 1;
        self.has_labels |= check.labelled.is_some();
        let is_alert = matches!(check.state, State::AlertBegins | State::AlertGoesOn);
        let is_anomaly = check.labelled.is_some_and(|lines| lines > 0);
        let alert = (check.source.clone(), check.figure);
        if check.state == State::AlertBegins {
            self.alerts += 1;
            self.right.remove(&alert);
        }
        if is_alert && is_anomaly && self.right.insert(alert) {
            self.right_alerts += 1;
        }
        if !is_anomaly {
            self.going_on.remove(&check.source);
            return;
        }
        let anomalies = &mut self.anomalies;
        let is_found = self
            .going_on
            .entry(check.source.clone())
            .or_insert_with(|| {
                *anomalies += 1;
                false
            });
        if is_alert && !std::mem::replace(is_found, true) {
            self.found_anomalies += 1;
        }
    }

    fn text(&self) -> String {
        let line = |label: &str, part: u64, whole: u64, what: &str| match whole {
            0 => format!("{label:<10} - (no {what})\n"),
            _ => format!(
                "{label:<10} {:.1} % ({} of {} {what})\n",
                100.0 * part as f64 / whole as f64,
                grouped(part),
                grouped(whole),
            ),
        };
        let mut text = format!(
            "checks     {}\nalerts     {}\n",
            grouped(self.windows),
            grouped(self.alerts)
        );
        if self.has_labels {
            text += &line(
                "precision",
                self.right_alerts,
                self.alerts,
                "alerts are right",
            );
            text += &line(
                "recall",
                self.found_anomalies,
                self.anomalies,
                "anomalies found",
            );
        }
        text
    }
}

/// Three programs with some thirty lines an hour, one in fifty of them an error.
/// After sixty hours, and then every forty, one of them, by turns, goes wrong for
/// five hours: it says four times as much, or half of what it says are errors.
fn made_up(count: u64, seed: u64) -> Generated<Entry> {
    const PROGRAMS: [&str; 3] = ["web", "database", "mail"];
    let mut random = Random::new(seed);
    let mut events: Vec<Entry> = Vec::new();
    let mut planted = BTreeSet::new();
    let mut hour = 0i64;
    while (events.len() as u64) < count {
        let begun = events.len();
        for (number, program) in (0i64..).zip(PROGRAMS) {
            let wrong = (hour - 60).div_euclid(40);
            let is_wrong = wrong >= 0 && (hour - 60) % 40 < 5 && wrong % 3 == number;
            let (more, failing) = match (is_wrong, wrong % 2 == 0) {
                (true, true) => (4.0, 0.02),
                (true, false) => (1.0, 0.5),
                (false, _) => (1.0, 0.02),
            };
            let lines = (more * (30.0 + 3.0 * random.normal())).max(1.0) as u64;
            for _ in 0..lines {
                let is_error = random.happens(failing);
                events.push(Entry {
                    time: Timestamp::from_millis(3_600_000 * hour + random.below(3_600_000) as i64),
                    source: program.to_owned(),
                    is_error,
                    millionths: None,
                    text: match is_error {
                        true => format!("request failed after {} ms", random.below(5000)),
                        false => "request done".to_owned(),
                    },
                    is_anomaly: Some(is_wrong),
                });
            }
        }
        events[begun..].sort_by_key(|entry| entry.time);
        events.truncate(count as usize);
        let wrong = events[begun..]
            .iter()
            .filter(|entry| entry.is_anomaly == Some(true));
        planted.extend(wrong.map(|_| (hour - 60) / 40));
        hour += 1;
    }
    Generated {
        events,
        truth: format!("{} anomalies are planted", grouped(planted.len() as u64)),
    }
}

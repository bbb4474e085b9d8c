//! Which hosts, or which pages and services, carry the most traffic just now, and
//! how well is it answered?
//!
//! Sliding windows with several aggregates in one pass: of every host (or path)
//! the requests, the share that failed, the bytes and the 95th percentile of their
//! sizes. A second window, as long as one slide, ranks what the first one found.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus::windows::{Filtered, Quantiles, TopKBy};
use fluxus_examples::events::{By, Transfer};
use fluxus_examples::input::Parser;
use fluxus_examples::sample::{Generated, Row, Sample, Timed, Totals};
use fluxus_examples::totals::Heaviest;
use fluxus_examples::{
    data, grouped, rounded, shortened, time_text, Column, SlideOptions, MINUTE_MS,
};
use serde::Serialize;
use std::cmp::{Ordering, Reverse};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    fluxus_examples::main::<NetworkLog>()
}

#[derive(Args, Clone)]
struct NetworkLog {
    #[command(flatten)]
    windows: SlideOptions<MINUTE_MS, { MINUTE_MS / 2 }>,

    /// What traffic is added up by
    #[arg(long, value_enum, default_value_t = By::Path)]
    by: By,

    /// How many of a window are shown, the heaviest first
    #[arg(long, value_name = "K", default_value_t = 3,
          value_parser = value_parser!(u16).range(1..=1000))]
    top: u16,
}

impl Sample for NetworkLog {
    const NAME: &'static str = "network-log";
    const ABOUT: &'static str =
        "Which hosts or paths carry the most traffic just now, and how well it is answered: \
         sliding windows and aggregates over a log in the Combined Log Format or Zeek's conn.log \
         and http.log";
    type Event = Transfer;
    type Row = Talker;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("conn.log")]
    }

    fn parser(&self, _: &Path) -> Box<dyn Parser<Transfer>> {
        Box::new(Transfer::parser())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Transfer> {
        Transfer::made_up(count, seed)
    }

    fn results(&self, transfers: Timed<Transfer>) -> Result<Timed<Talker>, Error> {
        let windows = self.windows.sliding()?;
        // In each of these one sliding window ends, at its end.
        let slides = Tumbling::new(self.windows.slide())?;
        let slides = slides.with_offset_ns(windows.size_ns() % windows.slide_ns())?;
        let by = self.by;
        let has_failed = |transfer: &Transfer| transfer.has_failed;
        let bytes = |transfer: &Transfer| transfer.bytes;
        let heaviest = |traffic: &Traffic| (traffic.value.2, Reverse(traffic.key.clone()));
        let ranking = TopKBy::largest(self.top.into(), heaviest)?;
        let total = Sum::of(|traffic: &Traffic| traffic.value.2 as f64);
        let talkers = transfers
            .key_by(move |transfer| transfer.name(by).to_owned())
            .window(windows)
            .aggregate((
                Count,
                Filtered::new(has_failed, Count),
                Sum::of(bytes),
                Quantiles::of([0.95], bytes)?,
            ))
            .window_all(slides)
            .aggregate((ranking, total))
            .flat_map(|slide| {
                let (heaviest, total) = slide.value;
                let ranked = heaviest.into_iter().zip(1..);
                ranked.map(move |(traffic, rank)| Talker::of(traffic, rank, total))
            });
        Ok(talkers.boxed_timed())
    }
}

/// Requests, errors, bytes and the percentile of a host or a path in a window.
type Traffic = WindowResult<String, (u64, Option<u64>, u128, [f64; 1])>;

/// The same among others.
#[derive(Clone, Debug, Serialize)]
struct Talker {
    from_ms: i64,
    to_ms: i64,
    /// From 1, the most bytes first.
    rank: u64,
    name: String,
    requests: u64,
    errors: u64,
    error_share: f64,
    bytes: u64,
    /// Of the bytes that all carried in the window.
    bytes_share: f64,
    /// Within 1 %.
    p95_bytes: u64,
}

impl Talker {
    fn of(traffic: Traffic, rank: u64, total: f64) -> Self {
        let (from_ms, to_ms) = (traffic.start().millis(), traffic.end().millis());
        let (requests, errors, bytes, [p95]) = traffic.value;
        let errors = errors.unwrap_or(0);
        Self {
            from_ms,
            to_ms,
            rank,
            name: traffic.key,
            requests,
            errors,
            error_share: rounded(errors as f64 / requests as f64, 4),
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            bytes_share: rounded(bytes as f64 / total.max(1.0), 4),
            p95_bytes: p95.round() as u64,
        }
    }
}

impl Row for Talker {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("until (UTC)", 19, |row| row.once(time_text(row.to_ms))),
        Column::text("host or path", 25, |row| shortened(&row.name, 25)),
        Column::figure("traffic", "B", 14, |row| grouped(row.bytes)),
        Column::figure("share", "%", 5, |row| percent(row.bytes_share)),
        Column::figure("requests", "", 8, |row| grouped(row.requests)),
        Column::figure("errors", "%", 6, |row| percent(row.error_share)),
        Column::figure("p95 size", "B", 11, |row| grouped(row.p95_bytes)),
    ];
    type Totals = Heaviest;

    fn compare(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

impl Totals<Talker> for Heaviest {
    fn add(&mut self, row: &Talker) {
        self.add(&row.name, row.bytes, row.bytes_share, row.to_ms);
    }

    fn text(&self) -> String {
        self.text()
    }
}

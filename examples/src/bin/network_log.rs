//! Which hosts, or which pages and services, carry the most traffic just now, and
//! how well is it answered?
//!
//! Sliding windows with several aggregates in one pass: of every host (or path)
//! the requests, the share that failed, the bytes and the 95th percentile of their
//! sizes. A second window, as long as one slide, ranks what the first one found.
#![forbid(unsafe_code)]

use clap::{value_parser, Args, ValueEnum};
use fluxus::prelude::*;
use fluxus::windows::{Filtered, Quantiles, TopKBy};
use fluxus_examples::input::{
    bytes, seconds_time, Parsed, Parser, Request, RequestParser, ZeekFields,
};
use fluxus_examples::sample::{Generated, Row, Sample, Timed};
use fluxus_examples::{data, grouped, legible, rounded, time_text, Column, Random};
use serde::Serialize;
use std::cmp::Reverse;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fluxus_examples::main::<NetworkLog>()
}

#[derive(Args, Clone)]
struct NetworkLog {
    /// How long a window is, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = 60_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    window_ms: u64,

    /// How far a window begins behind the one before
    #[arg(long, value_name = "MS", default_value_t = 30_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    slide_ms: u64,

    /// What traffic is added up by
    #[arg(long, value_enum, default_value_t = By::Path)]
    by: By,

    /// How many of a window are shown, the heaviest first
    #[arg(long, value_name = "K", default_value_t = 3,
          value_parser = value_parser!(u16).range(1..=1000))]
    top: u16,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum By {
    /// Who asked
    Host,
    /// What was asked for: a page, or of a connection the address, port and protocol
    Path,
}

/// A request or a connection.
#[derive(Clone, Debug)]
struct Transfer {
    time: Timestamp,
    host: String,
    path: String,
    has_failed: bool,
    bytes: u64,
}

/// What a host or a path carried in a window.
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
    bytes: u128,
    /// Within 1 %.
    p95_bytes: u64,
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

    fn parser(&self) -> Box<dyn Parser<Transfer>> {
        Box::new(Transfers::default())
    }

    fn time_of(transfer: &Transfer) -> Timestamp {
        transfer.time
    }

    /// Zeek writes a connection down when it is over, under the time at which it
    /// began; one that falls silent is over after five minutes.
    fn disorder(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn results(&self, transfers: Timed<Transfer>) -> Result<Timed<Talker>, Error> {
        let size = Duration::from_millis(self.window_ms);
        let slide = Duration::from_millis(self.slide_ms);
        let windows = Sliding::new(size, slide)?;
        // In each of these one sliding window ends, at its end.
        let slides = Tumbling::new(slide)?;
        let slides = slides.with_offset_ns(windows.size_ns() % windows.slide_ns())?;
        let by = self.by;
        let size_of = |transfer: &Transfer| transfer.bytes;
        let p95 = Quantiles::of([0.95], size_of)?;
        let heaviest = |talker: &Talker| (talker.bytes, Reverse(talker.name.clone()));
        let ranking = TopKBy::largest(self.top.into(), heaviest)?;
        let talkers = transfers
            .key_by(move |transfer| match by {
                By::Host => transfer.host.clone(),
                By::Path => transfer.path.clone(),
            })
            .window(windows)
            .aggregate((
                Count,
                Filtered::new(|transfer: &Transfer| transfer.has_failed, Count),
                Sum::of(size_of),
                p95,
            ))
            .map(Talker::of)
            .key_by(|_| ())
            .window(slides)
            .aggregate(ranking)
            .flat_map(|ranked| {
                let talkers = ranked.value.into_iter().zip(1..);
                talkers.map(|(talker, rank)| Talker { rank, ..talker })
            });
        Ok(talkers.boxed_timed())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Transfer> {
        made_up(count, seed)
    }

    fn closing(&self, heaviest: &Option<Talker>) -> String {
        match heaviest {
            Some(talker) => format!(
                "heaviest: {} with {} B from {} to {}",
                legible(&talker.name, 60),
                grouped_large(talker.bytes),
                time_text(Timestamp::from_millis(talker.from_ms)),
                time_text(Timestamp::from_millis(talker.to_ms)),
            ),
            None => String::new(),
        }
    }
}

/// Reads connections, and requests in both their formats, whichever a file holds.
#[derive(Default)]
struct Transfers {
    lines: u64,
    is_zeek: bool,
    connections: ZeekFields,
    requests: RequestParser,
}

impl Parser<Transfer> for Transfers {
    fn line(&mut self, line: &str) -> Parsed<Transfer> {
        self.lines += 1;
        self.is_zeek |= self.lines == 1 && ZeekFields::looks_like(line);
        let is_heading = self.is_zeek && self.connections.heading(line);
        let is_connection = !is_heading && self.connections.path() == "conn";
        if is_connection && !line.is_empty() {
            return connection(&self.connections, line).into();
        }
        self.requests.line(line).map(Transfer::of)
    }
}

impl Transfer {
    fn of(request: Request) -> Self {
        // Whoever asks for the same page with other words asks for the same page.
        let path = request.path.split('?').next().unwrap_or("");
        Self {
            time: request.time,
            path: path.to_owned(),
            host: request.host,
            has_failed: !matches!(request.status, Some(..=399)),
            bytes: request.bytes,
        }
    }
}

/// How connections end that nobody answered, or that were refused or broken off by
/// the one who was asked: Zeek's words for it.
const FAILED: [&str; 6] = ["S0", "REJ", "RSTR", "RSTOS0", "RSTRH", "SH"];

fn connection(fields: &ZeekFields, line: &str) -> Result<Transfer, String> {
    let names = [
        "ts",
        "id.orig_h",
        "id.resp_h",
        "id.resp_p",
        "proto",
        "conn_state",
        "orig_bytes",
        "resp_bytes",
    ];
    let [time, host, server, port, protocol, state, sent, received] = fields.of(line, names)?;
    if host.is_empty() || server.is_empty() {
        return Err("id.orig_h or id.resp_h is empty".to_owned());
    }
    Ok(Transfer {
        time: seconds_time(time)?,
        host: host.to_owned(),
        path: format!("{server}:{port}/{protocol}"),
        has_failed: FAILED.contains(&state),
        bytes: bytes(sent)? + bytes(received)?,
    })
}

/// Requests, errors, bytes, the percentile.
type Aggregates = (u64, Option<u64>, u128, [f64; 1]);

impl Talker {
    /// Of a window, not yet ranked.
    fn of(row: WindowResult<String, Aggregates>) -> Self {
        let (from_ms, to_ms) = (row.start().millis(), row.end().millis());
        let (requests, errors, bytes, [p95]) = row.value;
        let errors = errors.unwrap_or(0);
        Self {
            from_ms,
            to_ms,
            rank: 0,
            name: row.key,
            requests,
            errors,
            error_share: rounded(errors as f64 / requests as f64, 4),
            bytes,
            p95_bytes: p95.round() as u64,
        }
    }
}

impl Row for Talker {
    const COLUMNS: &'static [Column] = &[
        Column::text("until (UTC)", 19),
        Column::figure("rank", "", 4),
        Column::text("host or path", 26),
        Column::figure("requests", "", 8),
        Column::figure("errors", "%", 6),
        Column::figure("traffic", "B", 13),
        Column::figure("p95 size", "B", 11),
    ];
    /// The row with the most bytes.
    type Totals = Option<Talker>;

    fn cells(&self) -> Vec<String> {
        vec![
            time_text(Timestamp::from_millis(self.to_ms)),
            self.rank.to_string(),
            legible(&self.name, 25),
            grouped(self.requests),
            format!("{:.1}", 100.0 * self.error_share),
            grouped_large(self.bytes),
            grouped(self.p95_bytes),
        ]
    }

    fn rank(&self) -> String {
        format!("{:05}", self.rank)
    }

    fn add_to(&self, heaviest: &mut Self::Totals) {
        let is_heavier = match heaviest {
            Some(talker) => self.bytes > talker.bytes,
            None => true,
        };
        if is_heavier {
            *heaviest = Some(self.clone());
        }
    }
}

/// More than `u64` counts would be 18 million TB: shown as that many.
fn grouped_large(number: u128) -> String {
    grouped(u64::try_from(number).unwrap_or(u64::MAX))
}

/// Forty hosts ask for a hundred pages; in the middle tenth one more fetches
/// something large, over and over.
fn made_up(count: u64, seed: u64) -> Generated<Transfer> {
    const LARGE: u64 = 1_000_000;
    let mut random = Random::new(seed);
    let (mut millis, mut fetched) = (0i64, 0u64);
    let events = (0..count)
        .map(|number| {
            millis += random.below(400) as i64;
            let is_middle = number >= count * 9 / 20 && number < count * 11 / 20;
            let is_large = is_middle && random.happens(0.25);
            fetched += u64::from(is_large);
            let (host, path, bytes) = match is_large {
                true => ("10.0.0.99".to_owned(), "/backup.tar".to_owned(), LARGE),
                false => (
                    format!("10.0.0.{}", random.below(40)),
                    format!("/page/{}", random.below(100)),
                    100 + random.below(20_000),
                ),
            };
            Transfer {
                time: Timestamp::from_millis(millis),
                host,
                path,
                has_failed: !is_large && random.happens(0.03),
                bytes,
            }
        })
        .collect();
    Generated {
        events,
        truth: format!(
            "10.0.0.99 fetches /backup.tar {} times in the middle tenth, {} B each: no window \
             has a heavier one",
            grouped(fetched),
            grouped(LARGE)
        ),
    }
}

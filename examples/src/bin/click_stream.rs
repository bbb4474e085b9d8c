//! Who visits a site, how long do they stay, and where do they come in and go out?
//!
//! Session windows: the requests of a visitor belong together as long as no gap of
//! `--gap-ms` parts them, so every visit is a window as long as it lasted. A
//! request that comes late may join what looked like two visits.
#![forbid(unsafe_code)]

use clap::Args;
use fluxus::prelude::*;
use fluxus::windows::{Filtered, MaxBy, MinBy};
use fluxus_examples::events::{Click, Visitor};
use fluxus_examples::input::Parser;
use fluxus_examples::sample::{Generated, Row, Sample, Timed, Totals};
use fluxus_examples::totals::Audience;
use fluxus_examples::{data, grouped, rounded, shortened, time_text, Column, GapOption, MINUTE_MS};
use serde::Serialize;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    fluxus_examples::main::<ClickStream>()
}

#[derive(Args, Clone)]
struct ClickStream {
    #[command(flatten)]
    sessions: GapOption<{ 30 * MINUTE_MS }>,
}

impl Sample for ClickStream {
    const NAME: &'static str = "click-stream";
    const ABOUT: &'static str =
        "Who visits a site, how long they stay, where they come in and go out: session windows \
         over a log in the Combined Log Format or Zeek's http.log";
    type Event = Click;
    type Row = Visit;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("access.log")]
    }

    fn parser(&self, _: &Path) -> Box<dyn Parser<Click>> {
        Box::new(Click::parser())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Click> {
        Click::made_up(count, seed, self.sessions.gap())
    }

    fn results(&self, clicks: Timed<Click>) -> Result<Timed<Visit>, Error> {
        let gap = self.sessions.gap();
        let is_page_view = |click: &Click| click.is_page_view;
        let first = MinBy::key(|click: &Click| (click.place, click.page.clone()));
        let last = MaxBy::key(|click: &Click| (click.place, click.page.clone()));
        let visits = clicks
            .key_by(|click| click.visitor.clone())
            .window(Session::with_gap(gap)?)
            .aggregate((Count, Filtered::new(is_page_view, (Count, first, last))))
            .map(move |row| Visit::of(row, gap));
        Ok(visits.boxed_timed())
    }
}

/// What a visitor did between two long silences.
#[derive(Clone, Debug, Serialize)]
struct Visit {
    visitor: String,
    agent: String,
    from_ms: i64,
    to_ms: i64,
    duration_s: f64,
    requests: u64,
    pages: u64,
    /// None where no page was seen, only pictures or errors.
    entry_page: Option<String>,
    exit_page: Option<String>,
    /// Whether the visitor saw one page and left.
    is_bounce: bool,
}

/// How many requests, and of those that were page views how many, the first, the last.
type Aggregates = (u64, Option<(u64, Click, Click)>);

impl Visit {
    fn of(row: WindowResult<Visitor, Aggregates>, gap: Duration) -> Self {
        // A session ends a gap behind its last request.
        let (from, end) = (row.start(), row.end().nanos());
        let to = end.saturating_sub_unsigned(gap.as_nanos() as u64);
        let (requests, seen) = row.value;
        let (pages, entry_page, exit_page) = match seen {
            Some((pages, first, last)) => (pages, Some(first.page), Some(last.page)),
            None => (0, None, None),
        };
        Self {
            visitor: row.key.address,
            agent: row.key.agent,
            from_ms: from.millis(),
            to_ms: Timestamp::from_nanos(to).millis(),
            duration_s: rounded(to.abs_diff(from.nanos()) as f64 / 1e9, 3),
            requests,
            pages,
            entry_page,
            exit_page,
            is_bounce: pages == 1,
        }
    }
}

impl Row for Visit {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("left (UTC)", 19, |row| time_text(row.to_ms)),
        Column::text("visitor", 15, |row| shortened(&row.visitor, 15)),
        Column::figure("requests", "", 8, |row| grouped(row.requests)),
        Column::figure("pages", "", 5, |row| grouped(row.pages)),
        Column::figure("stayed", "s", 8, |row| format!("{:.1}", row.duration_s)),
        Column::text("entry page", 16, |row| page(&row.entry_page)),
        Column::text("exit page", 16, |row| match row.is_bounce {
            true => "(bounce)".to_owned(),
            false => page(&row.exit_page),
        }),
    ];
    type Totals = Audience;

    fn compare(&self, other: &Self) -> Ordering {
        (&self.visitor, &self.agent).cmp(&(&other.visitor, &other.agent))
    }
}

fn page(page: &Option<String>) -> String {
    match page {
        Some(page) => shortened(page.split('?').next().unwrap_or(page), 16),
        None => "-".to_owned(),
    }
}

impl Totals<Visit> for Audience {
    fn add(&mut self, row: &Visit) {
        let stay_ms = row.to_ms.abs_diff(row.from_ms);
        self.visit(&row.visitor, &row.agent, stay_ms);
        if let (Some(first), Some(last)) = (&row.entry_page, &row.exit_page) {
            self.pages(row.pages, first, last);
        }
    }

    fn text(&self) -> String {
        self.text()
    }

    fn figures(&self, _: Duration) -> Vec<(&'static str, u64)> {
        self.figures()
    }
}

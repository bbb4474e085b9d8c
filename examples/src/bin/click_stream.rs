//! Who visits a site, how long do they stay, and where do they come in and go out?
//!
//! Session windows: the requests of a visitor belong together as long as no gap of
//! `--gap-ms` parts them, so every visit is a window as long as it lasted. A
//! request that comes late may join what looked like two visits.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus::windows::{Filtered, MaxBy, MinBy};
use fluxus_examples::input::{Parser, Request, RequestParser};
use fluxus_examples::sample::{Generated, Row, Sample, Timed};
use fluxus_examples::{data, grouped, legible, rounded, time_text, Column, Random};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fluxus_examples::main::<ClickStream>()
}

#[derive(Args, Clone)]
struct ClickStream {
    /// How long a visitor must be silent for the next request to begin a new visit, in
    /// milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = 1_800_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    gap_ms: u64,
}

/// A request of a visitor.
#[derive(Clone, Debug)]
struct Click {
    visitor: Visitor,
    /// Where in the order of requests: the time, and of one time the line.
    place: (Timestamp, u64),
    page: String,
    /// Whether a page was seen: not a picture or a script, nor an error.
    is_page_view: bool,
}

/// An address and a program: people behind one address differ in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Visitor {
    address: String,
    agent: String,
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

impl Sample for ClickStream {
    const NAME: &'static str = "click-stream";
    const ABOUT: &'static str =
        "Who visits a site, how long they stay, where they come in and go out: session windows \
         over a log in the Combined Log Format or Zeek's http.log";
    type Event = Click;
    type Row = Visit;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("http.log")]
    }

    fn parser(&self) -> Box<dyn Parser<Click>> {
        let mut requests = RequestParser::default();
        Box::new(move |line: &str| requests.line(line).map(Click::of))
    }

    fn time_of(click: &Click) -> Timestamp {
        click.place.0
    }

    /// A server writes a line when the answer is out: slow ones come behind quick ones.
    fn disorder(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn results(&self, clicks: Timed<Click>) -> Result<Timed<Visit>, Error> {
        let gap = Duration::from_millis(self.gap_ms);
        let first = MinBy::key(|click: &Click| click.place);
        let last = MaxBy::key(|click: &Click| click.place);
        let visits = clicks
            .key_by(|click| click.visitor.clone())
            .window(Session::with_gap(gap)?)
            .aggregate((
                Count,
                Filtered::new(|click: &Click| click.is_page_view, (Count, first, last)),
            ))
            .map(move |row| Visit::of(row, gap));
        Ok(visits.boxed_timed())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Click> {
        made_up(count, seed, self.gap_ms)
    }

    fn closing(&self, totals: &Totals) -> String {
        totals.text()
    }
}

impl Click {
    fn of(request: Request) -> Self {
        Self {
            is_page_view: is_page_view(&request),
            place: (request.time, request.line),
            page: request.path,
            visitor: Visitor {
                address: request.host,
                agent: request.agent,
            },
        }
    }
}

/// What a browser fetches to show a page, and is none itself.
const PARTS: [&str; 17] = [
    "css", "js", "mjs", "map", "json", "xml", "txt", "png", "jpg", "jpeg", "gif", "svg", "webp",
    "ico", "woff", "woff2", "ttf",
];

/// Whether a page was answered. The log says so where it names the kind of the
/// answer; where it does not, the ending of the path must do.
fn is_page_view(request: &Request) -> bool {
    let is_answered = matches!(request.status, Some(200..=299 | 304));
    let path = request.path.split(['?', '#']).next().unwrap_or("");
    let name = path.rsplit('/').next().unwrap_or("");
    let is_page = match request.media_type.as_str() {
        "" => match name.rsplit_once('.') {
            Some((_, ending)) => !PARTS.contains(&ending.to_ascii_lowercase().as_str()),
            None => true,
        },
        media_type => media_type.contains("html"),
    };
    is_answered && is_page
}

/// How many requests, and of those that were page views how many, the first, the last.
type Aggregates = (u64, Option<(u64, Click, Click)>);

impl Visit {
    fn of(row: WindowResult<Visitor, Aggregates>, gap: Duration) -> Self {
        // A session ends a gap behind its last request.
        let (from, end) = (row.start(), row.end().nanos());
        let to = end.saturating_sub_unsigned(gap.as_nanos() as u64);
        let duration = Duration::from_nanos(to.abs_diff(from.nanos()));
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
            duration_s: rounded(duration.as_secs_f64(), 3),
            requests,
            pages,
            entry_page,
            exit_page,
            is_bounce: pages == 1,
        }
    }
}

impl Row for Visit {
    const COLUMNS: &'static [Column] = &[
        Column::text("left (UTC)", 19),
        Column::text("visitor", 15),
        Column::figure("requests", "", 8),
        Column::figure("pages", "", 5),
        Column::figure("stayed", "s", 8),
        Column::text("entry page", 16),
        Column::text("exit page", 16),
    ];
    type Totals = Totals;

    fn cells(&self) -> Vec<String> {
        let page = |page: &Option<String>| match page {
            Some(page) => legible(page, 15),
            None => "-".to_owned(),
        };
        vec![
            time_text(Timestamp::from_millis(self.to_ms)),
            legible(&self.visitor, 14),
            grouped(self.requests),
            grouped(self.pages),
            format!("{:.1}", self.duration_s),
            page(&self.entry_page),
            match self.is_bounce {
                true => "(bounce)".to_owned(),
                false => page(&self.exit_page),
            },
        ]
    }

    fn rank(&self) -> String {
        format!("{} {}", self.visitor, self.agent)
    }

    fn add_to(&self, totals: &mut Totals) {
        let visitor = (self.visitor.clone(), self.agent.clone());
        totals.visitors.insert(visitor);
        totals.visits += 1;
        totals.visits_with_pages += u64::from(self.pages > 0);
        totals.bounces += u64::from(self.is_bounce);
        totals.requests += self.requests;
        totals.pages += self.pages;
        totals.milliseconds += u128::from(self.to_ms.abs_diff(self.from_ms));
    }
}

/// All visits together.
#[derive(Debug, Default)]
struct Totals {
    visitors: BTreeSet<(String, String)>,
    visits: u64,
    visits_with_pages: u64,
    bounces: u64,
    requests: u64,
    pages: u64,
    milliseconds: u128,
}

impl Totals {
    fn text(&self) -> String {
        let of = |part: f64, whole: u64| part / whole.max(1) as f64;
        let mut text = String::new();
        for (label, figure) in [
            ("visitors", grouped(self.visitors.len() as u64)),
            ("visits", grouped(self.visits)),
            ("pages", grouped(self.pages)),
            ("requests", grouped(self.requests)),
            (
                "pages a visit",
                format!("{:.1}", of(self.pages as f64, self.visits)),
            ),
            (
                "mean stay",
                format!("{:.1} s", of(self.milliseconds as f64 / 1e3, self.visits)),
            ),
            (
                "bounce rate",
                format!(
                    "{:.1} % ({} of {} visits that saw a page)",
                    of(100.0 * self.bounces as f64, self.visits_with_pages),
                    grouped(self.bounces),
                    grouped(self.visits_with_pages),
                ),
            ),
        ] {
            text.push_str(&format!("{label:<14} {figure}\n"));
        }
        text
    }
}

/// Visitors come by turns, each for up to eight pages with pauses below half of
/// the gap, and stay away for more than two gaps.
fn made_up(count: u64, seed: u64, gap_ms: u64) -> Generated<Click> {
    let mut random = Random::new(seed);
    let gap_ms = gap_ms as i64;
    let visitors = 1 + count / 50;
    let mut returns_at = vec![0i64; visitors as usize];
    let mut clicks: Vec<(i64, Click)> = Vec::new();
    let (mut visits, mut bounces) = (0u64, 0u64);
    while (clicks.len() as u64) < count {
        let visitor = random.below(visitors);
        let room = count - clicks.len() as u64;
        let pages = (1 + random.below(8)).min(room);
        visits += 1;
        bounces += u64::from(pages == 1);
        let Some(returns_at) = returns_at.get_mut(visitor as usize) else {
            break;
        };
        let mut time = returns_at.saturating_add(random.below(gap_ms as u64) as i64);
        for page in 0..pages {
            let pause = i64::from(page > 0) * random.below(gap_ms as u64 / 2) as i64;
            time = time.saturating_add(pause);
            // The line stands in the log as late as the answer took.
            let written = time.saturating_add(random.below(60_000) as i64);
            let click = Click {
                visitor: Visitor {
                    address: format!("10.0.{}.{}", visitor / 256, visitor % 256),
                    agent: "made up".to_owned(),
                },
                place: (Timestamp::from_millis(time), clicks.len() as u64),
                page: format!("/page/{}", random.below(100)),
                is_page_view: true,
            };
            clicks.push((written, click));
        }
        *returns_at = time.saturating_add(2 * gap_ms);
    }
    clicks.sort_by_key(|(written, click)| (*written, click.place));
    Generated {
        events: clicks.into_iter().map(|(_, click)| click).collect(),
        truth: format!(
            "there are {} visits, {} of them bounces, and {} pages",
            grouped(visits),
            grouped(bounces),
            grouped(count)
        ),
    }
}

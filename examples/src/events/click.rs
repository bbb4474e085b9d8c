use crate::input::{Parser, Request, RequestParser};
use crate::sample::{Event, Generated};
use crate::{grouped, Random};
use fluxus::windows::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// A request of a visitor of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// Whose.
    pub visitor: Visitor,
    /// When, and of one time in which line: requests in their order.
    pub place: (Timestamp, u64),
    /// What was asked for.
    pub page: String,
    /// Whether a page was seen: not a picture or a script, nor an error.
    pub is_page_view: bool,
}

/// An address and a program: people behind one address differ in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Visitor {
    /// Where the requests come from.
    pub address: String,
    /// What sends them, in its own words; empty where the log does not say.
    pub agent: String,
}

impl Event for Click {
    const PLURAL: &'static str = "requests";
    /// A server writes a line when the answer is out: slow ones come behind quick ones.
    const DISORDER: Duration = Duration::from_secs(60);

    fn time(&self) -> Timestamp {
        self.place.0
    }
}

impl Click {
    /// Reads a server's log or Zeek's, whichever a file holds.
    pub fn parser() -> impl Parser<Self> {
        let mut requests = RequestParser::default();
        move |line: &str| requests.line(line).map(Self::of)
    }

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

    /// Visitors come by turns, each for up to eight pages with pauses below half of
    /// the gap, and stay away for more than two gaps.
    pub fn made_up(count: u64, seed: u64, gap: Duration) -> Generated<Self> {
        let mut random = Random::new(seed);
        let gap_ms = u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
        let away_ms = i64::try_from(gap_ms).unwrap_or(i64::MAX).saturating_mul(2);
        // Whoever has come so late comes no more: a visit must end before event
        // time does, which is after 292 years.
        let latest_ms = Timestamp::MAX
            .millis()
            .saturating_sub(away_ms.saturating_mul(3));
        let visitors = 1 + count / 50;
        let mut newcomers = visitors..;
        let mut returns_at: HashMap<u64, i64> = HashMap::new();
        let mut clicks: Vec<(i64, Self)> = Vec::new();
        let (mut visits, mut bounces) = (0u64, 0u64);
        while (clicks.len() as u64) < count {
            let mut visitor = random.below(visitors);
            if returns_at.get(&visitor).is_some_and(|at| *at > latest_ms) {
                visitor = newcomers.next().unwrap_or(visitor);
            }
            let from = returns_at.get(&visitor).copied().unwrap_or(0);
            let room = count - clicks.len() as u64;
            let pages = (1 + random.below(8)).min(room);
            visits += 1;
            bounces += u64::from(pages == 1);
            let mut time = from.saturating_add(random.below(gap_ms) as i64);
            for page in 0..pages {
                let pause = i64::from(page > 0) * random.below(gap_ms / 2) as i64;
                time = time.saturating_add(pause);
                // The line stands in the log as late as the answer took.
                let written = time.saturating_add(random.below(60_000) as i64);
                let click = Self {
                    visitor: Visitor {
                        address: address(visitor),
                        agent: "made up".to_owned(),
                    },
                    place: (Timestamp::from_millis(time), clicks.len() as u64),
                    page: format!("/page/{}", random.below(100)),
                    is_page_view: true,
                };
                clicks.push((written, click));
            }
            returns_at.insert(visitor, time.saturating_add(away_ms));
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
}

fn address(visitor: u64) -> String {
    let [.., b, c, d] = visitor.to_be_bytes();
    format!("10.{b}.{c}.{d}")
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

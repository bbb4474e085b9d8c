use crate::input::{bytes, seconds_time, Parsed, Parser, Request, RequestParser, ZeekFields};
use crate::sample::{Event, Generated};
use crate::{grouped, Random};
use clap::ValueEnum;
use fluxus::windows::Timestamp;
use std::time::Duration;

/// A request or a connection: what somebody fetched from somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// When it began.
    pub time: Timestamp,
    /// Who asked: an address or a name.
    pub host: String,
    /// What was asked for: a page without its query, or of a connection the
    /// address, port and protocol.
    pub path: String,
    /// Whether it was answered badly, or not at all.
    pub has_failed: bool,
    /// Of the answer; of a connection both ways.
    pub bytes: u64,
}

/// What transfers are added up by.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum By {
    /// Who asked
    Host,
    /// What was asked for: a page, or of a connection the address, port and protocol
    Path,
}

impl Event for Transfer {
    const PLURAL: &'static str = "records";
    /// Zeek writes a connection down when it is over, under the time at which it
    /// began; one that falls silent is over after five minutes.
    const DISORDER: Duration = Duration::from_secs(300);

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl Transfer {
    /// Reads connections, and requests in both their formats, whichever a file holds.
    pub fn parser() -> impl Parser<Self> {
        Transfers::default()
    }

    /// What it is added up under.
    pub fn name(&self, by: By) -> &str {
        match by {
            By::Host => &self.host,
            By::Path => &self.path,
        }
    }

    fn of_request(request: Request) -> Self {
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

    fn of_connection(fields: &ZeekFields, line: &str) -> Result<Self, String> {
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
        Ok(Self {
            time: seconds_time(time)?,
            host: host.to_owned(),
            path: match server.contains(':') {
                true => format!("[{server}]:{port}/{protocol}"),
                false => format!("{server}:{port}/{protocol}"),
            },
            has_failed: FAILED.contains(&state),
            bytes: bytes(sent)? + bytes(received)?,
        })
    }

    /// Forty hosts ask for a hundred pages; in the middle tenth one more fetches
    /// something large, over and over.
    pub fn made_up(count: u64, seed: u64) -> Generated<Self> {
        const LARGE: u64 = 1_000_000;
        let mut random = Random::new(seed);
        let (mut millis, mut fetched) = (0i64, 0u64);
        let event = |number| {
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
            Self {
                time: Timestamp::from_millis(millis),
                host,
                path,
                has_failed: !is_large && random.happens(0.03),
                bytes,
            }
        };
        let events = (0..count).map(event).collect();
        let truth = match fetched {
            // Few events may have none.
            0 => String::new(),
            _ => format!(
                "10.0.0.99 fetches /backup.tar {} times in the middle tenth, {} B each: no \
                 window has a heavier one",
                grouped(fetched),
                grouped(LARGE)
            ),
        };
        Generated { events, truth }
    }
}

/// How connections end that nobody answered, or that were refused or broken off by
/// the one who was asked: Zeek's words for it.
const FAILED: [&str; 6] = ["S0", "REJ", "RSTR", "RSTOS0", "RSTRH", "SH"];

#[derive(Default)]
struct Transfers {
    connections: ZeekFields,
    requests: RequestParser,
}

impl Parser<Transfer> for Transfers {
    fn line(&mut self, line: &str) -> Parsed<Transfer> {
        let is_heading = self.connections.heading(line);
        let is_connection = !is_heading && self.connections.path() == "conn";
        if is_connection && !line.trim().is_empty() {
            return Transfer::of_connection(&self.connections, line).into();
        }
        self.requests.line(line).map(Transfer::of_request)
    }
}

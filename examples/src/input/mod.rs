//! Files into events.

mod combined_log;
mod file_lines;
mod request;
mod syslog;
mod tally;
mod times;
mod zeek;

pub use combined_log::HttpLine;
pub use request::{Request, RequestParser};
pub use syslog::SyslogLine;
pub use times::{iso_time, log_time, seconds_time};
pub use zeek::ZeekFields;

use file_lines::FileLines;
use tally::EventCount;
pub(crate) use tally::{Read, Tally};

use crate::sample::{Event, Sample, Timed};
use crate::{complain, legible};
use fluxus::source::Line;
use fluxus::windows::BoundedDisorder;
use fluxus::{Error, Job};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed<E> {
    /// Something that happened.
    Event(E),
    /// A heading, a comment, an empty line.
    Nothing,
    /// Not what it should be, and why.
    Malformed(String),
}

impl<E> Parsed<E> {
    /// The same of another kind of event.
    pub fn map<F>(self, event_of: impl FnOnce(E) -> F) -> Parsed<F> {
        match self {
            Self::Event(event) => Parsed::Event(event_of(event)),
            Self::Nothing => Parsed::Nothing,
            Self::Malformed(reason) => Parsed::Malformed(reason),
        }
    }
}

impl<E> From<Result<E, String>> for Parsed<E> {
    fn from(result: Result<E, String>) -> Self {
        match result {
            Ok(event) => Parsed::Event(event),
            Err(reason) => Parsed::Malformed(reason),
        }
    }
}

/// Makes events of the lines of one file, in their order; it may remember what a
/// heading said.
pub trait Parser<E>: Send {
    /// What this line is.
    fn line(&mut self, line: &str) -> Parsed<E>;

    /// The same, for a parser that wants the line's number, from 0, or its text
    /// without a copy.
    fn whole_line(&mut self, line: Line) -> Parsed<E> {
        self.line(&line.text)
    }
}

impl<E, F: FnMut(&str) -> Parsed<E> + Send> Parser<E> for F {
    fn line(&mut self, line: &str) -> Parsed<E> {
        self(line)
    }
}

/// A line that was no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// More bytes than any one answer has: what JSON readers still take exactly.
const MOST_BYTES: u64 = 1 << 53;

/// A number of bytes as a log has it; an empty one is none.
///
/// # Errors
/// When it is no number, or more than 9 PB.
pub fn bytes(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(bytes) if bytes <= MOST_BYTES => Ok(bytes),
        Err(_) if text.is_empty() => Ok(0),
        _ => Err(format!("{text:?} is no size")),
    }
}

/// The events of the files, an instance a file. What in them was none is counted,
/// and the first of it kept, in `tally`; all of it is told at once if that is wanted.
pub(crate) fn events<S: Sample>(
    job: &Job,
    sample: &S,
    files: &[PathBuf],
    disorder: Duration,
    show_malformed: bool,
    tally: &Tally,
) -> Result<Timed<S::Event>, Error> {
    let sources = files
        .iter()
        .map(|file| FileLines::of(job, file, S::Event::LONGEST_LINE));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    let (sample, tally, files) = (sample.clone(), tally.clone(), files.to_vec());
    let events = job
        .sources(sources)
        .named("lines")
        .map_with(
            move |file| Reading {
                shown_as: match show_malformed {
                    true => files.get(file).cloned(),
                    false => None,
                },
                parser: sample.parser(files.get(file).map_or(Path::new(""), PathBuf::as_path)),
                count: EventCount::new(&tally),
                tally: tally.clone(),
            },
            Reading::event,
        )
        .named("parse")
        .flatten()
        .timestamps(S::Event::time, BoundedDisorder::new(disorder)?);
    Ok(events.boxed_timed())
}

/// What stands between the lines of a file and its events.
struct Reading<E> {
    /// What the file is called where its malformed lines are shown.
    shown_as: Option<PathBuf>,
    parser: Box<dyn Parser<E>>,
    count: EventCount,
    tally: Tally,
}

impl<E> Reading<E> {
    fn event(&mut self, mut line: Line) -> Option<E> {
        let number = line.number + 1;
        // What some editors put in front of a file.
        if number == 1 && line.text.starts_with('\u{feff}') {
            line.text.remove(0);
        }
        let is_mended = line.text.contains(char::REPLACEMENT_CHARACTER);
        match self.parser.whole_line(line) {
            Parsed::Event(event) => {
                self.count.add();
                Some(event)
            }
            Parsed::Nothing => None,
            Parsed::Malformed(reason) => {
                if let Some(file) = &self.shown_as {
                    let reason = legible(&reason, 200);
                    complain(
                        "malformed",
                        format!("{}:{number}: {reason}", file.display()),
                    );
                }
                let malformed = Malformed {
                    line: number,
                    reason,
                };
                self.tally.malformed(malformed, is_mended);
                None
            }
        }
    }
}

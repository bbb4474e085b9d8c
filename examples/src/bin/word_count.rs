//! Which words does a text use most, window by window?
//!
//! Tumbling windows: a file is read line by line, each line has a place in event
//! time (its number times `--line-ms`), each of its words is counted in the window
//! of event time in which the line falls, and every window's counts come out when
//! it closes.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus::source::Line;
use fluxus_examples::input::{Parsed, Parser};
use fluxus_examples::sample::{Generated, Row, Sample, Timed};
use fluxus_examples::{complain, data, grouped, legible, Column, Random};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fluxus_examples::main::<WordCount>()
}

/// A hundred years, a third of what event time can hold.
const LONGEST_MS: u64 = 3_155_760_000_000;

#[derive(Args, Clone)]
struct WordCount {
    /// How long a window is, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = 1000,
          value_parser = value_parser!(u64).range(1..=LONGEST_MS))]
    window_ms: u64,

    /// How far a line is from the next: line i, from 0, has the event time i x MS
    #[arg(long, value_name = "MS", default_value_t = 1,
          value_parser = value_parser!(u64).range(1..=LONGEST_MS))]
    line_ms: u64,

    /// How many words of each window the table shows
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = value_parser!(u32).range(1..))]
    top: u32,
}

/// A line, and when it is.
#[derive(Clone, Debug)]
struct TextLine {
    time: Timestamp,
    text: String,
}

/// How often a word stands in a window.
#[derive(Clone, Debug, Serialize)]
struct Counted {
    start_ms: i64,
    end_ms: i64,
    word: String,
    count: u64,
}

impl Sample for WordCount {
    const NAME: &'static str = "word-count";
    const ABOUT: &'static str = "Which words a text uses most, window by window: tumbling windows \
         over the lines of a book. A word is what stands between white space, in lower case, \
         without what is neither letter nor digit at both its ends";
    const EVENTS: &'static str = "lines";
    /// Longer ones are no text.
    const LONGEST_LINE: usize = 256 << 20;
    type Event = TextLine;
    type Row = Counted;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("moby-dick.txt")]
    }

    fn parser(&self) -> Box<dyn Parser<TextLine>> {
        Box::new(Lines {
            clock: self.clock(),
            next: 0,
        })
    }

    fn time_of(line: &TextLine) -> Timestamp {
        line.time
    }

    fn config(&self, config: Config) -> Config {
        // The words of a long novel: no growing on the way.
        config.expected_keys(16_384)
    }

    fn results(&self, lines: Timed<TextLine>) -> Result<Timed<Counted>, Error> {
        let counts = lines
            .flat_map(|line| Words::of(line.text))
            .key_by(String::clone)
            .window(Tumbling::new(Duration::from_millis(self.window_ms))?)
            .count()
            .map(Counted::from);
        Ok(counts.boxed_timed())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<TextLine> {
        made_up(count, seed, self.clock())
    }

    /// The top words of a window beside the window, which stands there once.
    fn table(&self, counted: &[Counted]) -> Vec<Vec<String>> {
        let words: u64 = counted.iter().map(|row| row.count).sum();
        let top = usize::try_from(self.top).unwrap_or(usize::MAX);
        let bound = |ms: i64| grouped(ms.unsigned_abs());
        let lines = counted.iter().take(top).enumerate();
        lines
            .map(|(place, row)| {
                let mut cells = match place {
                    0 => vec![bound(row.start_ms), bound(row.end_ms), grouped(words)],
                    _ => vec![String::new(); 3],
                };
                let share = 100.0 * row.count as f64 / words.max(1) as f64;
                cells.extend([
                    grouped(row.count),
                    format!("{share:.1}"),
                    legible(&row.word, 40),
                ]);
                cells
            })
            .collect()
    }

    fn figures(&self, totals: &Totals, elapsed: Duration) -> Vec<(&'static str, u64)> {
        let a_second = totals.words as f64 / elapsed.as_secs_f64().max(1e-9);
        vec![
            ("words", totals.words),
            ("windows", totals.windows),
            ("words/s", a_second as u64),
        ]
    }

    fn closing(&self, totals: &Totals) -> String {
        match totals.words {
            0 => String::new(),
            _ => format!("most frequent of all: {}", most_frequent(&totals.counts)),
        }
    }
}

// ── lines in event time ──

/// Where lines lie in event time.
#[derive(Clone, Copy)]
struct LineClock {
    line_ms: u64,
    /// The last event time that is given out: event time ends after 292 years,
    /// and a window must end before it does to be counted whole.
    last_ms: u64,
}

impl WordCount {
    fn clock(&self) -> LineClock {
        LineClock {
            line_ms: self.line_ms,
            last_ms: Timestamp::MAX.millis().unsigned_abs() - self.window_ms,
        }
    }
}

impl LineClock {
    /// Line i lies at i x `line_ms`, as far as event time goes.
    fn time_of(self, number: u64) -> Timestamp {
        let time_ms = number.saturating_mul(self.line_ms).min(self.last_ms);
        Timestamp::from_millis(i64::try_from(time_ms).unwrap_or(i64::MAX))
    }
}

/// Gives lines their times.
struct Lines {
    clock: LineClock,
    next: u64,
}

impl Parser<TextLine> for Lines {
    fn line(&mut self, text: &str) -> Parsed<TextLine> {
        let (number, text) = (self.next, text.to_owned());
        self.whole_line(Line { number, text })
    }

    fn whole_line(&mut self, line: Line) -> Parsed<TextLine> {
        let in_time = self.clock.last_ms / self.clock.line_ms + 1;
        if line.number >= in_time && self.next <= in_time {
            complain(
                "warning",
                format!(
                    "event time ends after {in_time} lines that are {} ms apart: the rest is \
                     counted in the last window; choose a smaller --line-ms",
                    self.clock.line_ms
                ),
            );
        }
        self.next = line.number + 1;
        Parsed::Event(TextLine {
            time: self.clock.time_of(line.number),
            text: line.text,
        })
    }
}

// ── lines into words ──

/// The words of a line, one at a time: even a line of 100 MB is no list of words
/// in memory.
struct Words {
    line: String,
    at: usize,
}

impl Words {
    fn of(line: String) -> Self {
        Self { line, at: 0 }
    }
}

impl Iterator for Words {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let rest = self.line[self.at..].trim_start();
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let token = rest.get(..end).filter(|token| !token.is_empty())?;
            self.at = self.line.len() - rest.len() + end;
            let word = word_of(token);
            if !word.is_empty() {
                return Some(word);
            }
        }
    }
}

/// `“Whale’s,` becomes `whale’s`, and `--` nothing.
fn word_of(token: &str) -> String {
    let is_edge = |c: char| !c.is_alphanumeric();
    if token.is_ascii() {
        // Nearly all of them: half the work.
        return token.trim_matches(is_edge).to_ascii_lowercase();
    }
    token.to_lowercase().trim_matches(is_edge).to_owned()
}

// ── windows into rows ──

impl From<WindowResult<String, u64>> for Counted {
    fn from(result: WindowResult<String, u64>) -> Self {
        Self {
            start_ms: result.start().millis(),
            end_ms: result.end().millis(),
            word: result.key,
            count: result.value,
        }
    }
}

/// What is added up over all windows.
#[derive(Default)]
struct Totals {
    words: u64,
    windows: u64,
    /// Where the last window began.
    last_ms: Option<i64>,
    counts: BTreeMap<String, u64>,
}

impl Row for Counted {
    const COLUMNS: &'static [Column] = &[
        Column::figure("from", "ms", 12),
        Column::figure("to", "ms", 12),
        Column::figure("words", "", 11),
        Column::figure("count", "", 11),
        Column::figure("share", "%", 6),
        Column::text("word", 1),
    ];
    type Totals = Totals;

    fn cells(&self) -> Vec<String> {
        // The table has its own, of a window together.
        Vec::new()
    }

    /// The most frequent first; those that are equally frequent in the order of the
    /// alphabet.
    fn rank(&self) -> String {
        format!("{:020}{}", u64::MAX - self.count, self.word)
    }

    fn add_to(&self, totals: &mut Totals) {
        totals.words += self.count;
        if totals.last_ms.replace(self.start_ms) != Some(self.start_ms) {
            totals.windows += 1;
        }
        if let Some(count) = totals.counts.get_mut(&self.word) {
            *count += self.count;
        } else {
            totals.counts.insert(self.word.clone(), self.count);
        }
    }
}

/// The three most frequent words, and how often they stand there.
fn most_frequent(counts: &BTreeMap<String, u64>) -> String {
    let mut ranked: Vec<(&String, &u64)> = counts.iter().collect();
    ranked.sort_by_key(|(word, count)| (Reverse(**count), *word));
    let top = ranked.iter().take(3);
    let top = top.map(|(word, count)| format!("{} {}", legible(word, 40), grouped(**count)));
    top.collect::<Vec<_>>().join(", ")
}

// ── made-up data ──

/// Lines of ten words, of a thousand that become rarer and rarer.
fn made_up(count: u64, seed: u64, clock: LineClock) -> Generated<TextLine> {
    let mut random = Random::new(seed);
    let mut counts = BTreeMap::new();
    let events = (0..count)
        .map(|number| {
            let words: Vec<String> = (0..10)
                .map(|_| format!("word{}", 1000f64.powf(random.unit()) as u64))
                .collect();
            for word in &words {
                *counts.entry(word.clone()).or_insert(0) += 1;
            }
            TextLine {
                time: clock.time_of(number),
                text: words.join(" "),
            }
        })
        .collect();
    Generated {
        events,
        truth: format!("most frequent of all: {}", most_frequent(&counts)),
    }
}

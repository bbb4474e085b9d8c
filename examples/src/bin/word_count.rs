//! Which words does a text use most, window by window?
//!
//! Tumbling windows: a file is read line by line, each line has a place in event
//! time (its number times `--line-ms`), each of its words is counted in the window
//! of event time in which the line falls, and every window's counts come out when
//! it closes.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus_examples::events::{most_frequent, LineClock, TextLine};
use fluxus_examples::input::Parser;
use fluxus_examples::sample::{Generated, Row, Sample, Timed, Totals};
use fluxus_examples::totals::Frequent;
use fluxus_examples::{data, grouped, legible, Column, SizeOption, DAY_MS};
use serde::Serialize;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    fluxus_examples::main::<WordCount>()
}

#[derive(Args, Clone)]
struct WordCount {
    #[command(flatten)]
    windows: SizeOption<1000>,

    /// How far a line is from the next: line i, from 0, has the event time i x MS
    #[arg(long, value_name = "MS", default_value_t = 1,
          value_parser = value_parser!(u64).range(1..=36_525 * DAY_MS))]
    line_ms: u64,

    /// How many words of each window the table shows
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = value_parser!(u32).range(1..))]
    top: u32,
}

impl Sample for WordCount {
    const NAME: &'static str = "word-count";
    const ABOUT: &'static str = "Which words a text uses most, window by window: tumbling windows \
         over the lines of a book. A word is what stands between white space, in lower case, \
         without what is neither letter nor digit at both its ends";
    type Event = TextLine;
    type Row = Counted;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("moby-dick.txt")]
    }

    fn parser(&self, _: &Path) -> Box<dyn Parser<TextLine>> {
        Box::new(LineClock::new(self.line_ms, self.windows.size()).parser())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<TextLine> {
        let clock = LineClock::new(self.line_ms, self.windows.size());
        TextLine::made_up(count, seed, clock)
    }

    fn config(&self, config: Config) -> Config {
        // The words of a long novel: no growing on the way.
        config.expected_keys(16_384)
    }

    fn results(&self, lines: Timed<TextLine>) -> Result<Timed<Counted>, Error> {
        let counts = lines
            .flat_map(TextLine::words)
            .key_by(String::clone)
            .window(Tumbling::new(self.windows.size())?)
            .count()
            .map(|result| Counted {
                start_ms: result.start().millis(),
                end_ms: result.end().millis(),
                word: result.key,
                count: result.value,
            });
        Ok(counts.boxed_timed())
    }

    fn lines_of_table(&self) -> usize {
        usize::try_from(self.top).unwrap_or(usize::MAX)
    }
}

/// How often a word stands in a window.
#[derive(Clone, Debug, Serialize)]
struct Counted {
    start_ms: i64,
    end_ms: i64,
    word: String,
    count: u64,
}

impl Row for Counted {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::figure("from", "ms", 12, |row| {
            row.once(grouped(row.start_ms.unsigned_abs()))
        }),
        Column::figure("to", "ms", 12, |row| {
            row.once(grouped(row.end_ms.unsigned_abs()))
        }),
        Column::figure("words", "", 11, |row| {
            row.once(grouped(words_in(row.peers())))
        }),
        Column::figure("count", "", 11, |row| grouped(row.count)),
        Column::figure("share", "%", 6, |row| {
            let words = words_in(row.peers()).max(1);
            format!("{:.1}", 100.0 * row.count as f64 / words as f64)
        }),
        Column::text("word", 41, |row| legible(&row.word, 40)),
    ];
    type Totals = Totalled;

    /// The most frequent first; those that are equally frequent in the order of the
    /// alphabet.
    fn compare(&self, other: &Self) -> Ordering {
        (other.count.cmp(&self.count)).then_with(|| self.word.cmp(&other.word))
    }
}

fn words_in(window: &[Counted]) -> u64 {
    window.iter().map(|row| row.count).sum()
}

/// All windows together.
#[derive(Default)]
struct Totalled {
    words: Frequent,
    windows: u64,
    last_ms: Option<i64>,
}

impl Totals<Counted> for Totalled {
    fn add(&mut self, row: &Counted) {
        self.words.add(&row.word, row.count);
        if self.last_ms.replace(row.start_ms) != Some(row.start_ms) {
            self.windows += 1;
        }
    }

    fn text(&self) -> String {
        match self.words.total() {
            0 => String::new(),
            _ => most_frequent(&self.words),
        }
    }

    fn figures(&self, elapsed: Duration) -> Vec<(&'static str, u64)> {
        let words = self.words.total();
        let a_second = words as f64 / elapsed.as_secs_f64().max(1e-9);
        vec![
            ("words", words),
            ("windows", self.windows),
            ("words/s", a_second as u64),
        ]
    }
}

//! Which words does a text use most, window by window?
//!
//! A file is read line by line. Each line has a place in event time (its number
//! times `--line-ms`), each of its words is counted in the window of event time
//! in which the line falls, and every window's counts come out when it closes.
#![forbid(unsafe_code)]

use clap::{value_parser, Parser};
use fluxus::prelude::*;
use fluxus::sink::{Ending, Sink, SinkError};
use fluxus::source::{Line, LinesSource};
use fluxus::windows::Window;
use fluxus::{JobEnding, Measure};
use fluxus_examples::{complain, grouped, latency_line, legible, run, show};
use fluxus_examples::{EngineOptions, Failure, Format};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// ── the options ──

/// The book that comes with the program.
const BOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/moby-dick.txt");
/// A hundred years, a third of what event time can hold.
const LONGEST_MS: u64 = 3_155_760_000_000;

/// Counts the words of a text in windows of event time.
///
/// Line i, from 0, has the event time i x LINE_MS. A word is what stands between
/// white space, in lower case, without what is neither letter nor digit at both
/// its ends.
#[derive(Parser)]
#[command(name = "word-count", version)]
struct Options {
    /// The text to count [default: the book that comes along, Moby-Dick]
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    /// How long a window is, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = 1000,
          value_parser = value_parser!(u64).range(1..=LONGEST_MS))]
    window_ms: u64,

    /// How far a line is from the next, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = 1,
          value_parser = value_parser!(u64).range(1..=LONGEST_MS))]
    line_ms: u64,

    /// How many words of each window the table shows
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = value_parser!(u32).range(1..))]
    top: u32,

    /// What goes to standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    #[command(flatten)]
    engine: EngineOptions,
}

// ── the pipeline ──

/// What becomes of a line on its way from the file to the output.
fn pipeline(options: &Options, input: PathBuf, table: Table) -> Result<Job, Error> {
    let (line_ms, last_ms) = (options.line_ms, options.last_ms());
    let job = Job::new("word-count", config(options))?;
    let counts = job
        .source(LinesSource::new(input).limit(LONGEST_LINE))
        .named("lines")
        .timestamps(
            move |line| event_time(line, line_ms, last_ms),
            BoundedDisorder::monotonous(),
        )
        .flat_map(Words::of)
        .key_by(String::clone)
        .window(Tumbling::new(Duration::from_millis(options.window_ms))?)
        .count();
    match options.format {
        Format::Table => counts.sink(table),
        Format::Jsonl => counts.map(Row::from).json_lines_to_stdout(),
    }
    Ok(job)
}

/// The longest line that is counted, in bytes: longer ones are no text. They are
/// left out and counted as malformed; bad UTF-8 is too, but stays, as U+FFFD.
const LONGEST_LINE: usize = 256 << 20;

fn config(options: &Options) -> Config {
    options
        .engine
        .config()
        // The words of a long novel: no growing on the way.
        .expected_keys(16_384)
        .measure_latency(options.format == Format::Table)
}

/// Line i lies at i x `line_ms`, as far as event time goes.
fn event_time(line: &Line, line_ms: u64, last_ms: u64) -> Timestamp {
    let time_ms = line.number.saturating_mul(line_ms).min(last_ms);
    Timestamp::from_millis(i64::try_from(time_ms).unwrap_or(i64::MAX))
}

impl Options {
    /// The last event time that is given out: event time ends after 292 years,
    /// and a window must end before it does to be counted whole.
    fn last_ms(&self) -> u64 {
        Timestamp::MAX.millis().unsigned_abs() - self.window_ms
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
    fn of(line: Line) -> Self {
        Self {
            line: line.text,
            at: 0,
        }
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

// ── the output as JSON ──

/// How often a word stands in a window.
#[derive(Serialize)]
struct Row {
    start_ms: i64,
    end_ms: i64,
    word: String,
    count: u64,
}

impl From<WindowResult<String, u64>> for Row {
    fn from(result: WindowResult<String, u64>) -> Self {
        Self {
            start_ms: result.start().millis(),
            end_ms: result.end().millis(),
            word: result.key,
            count: result.value,
        }
    }
}

// ── the output as a table ──

/// The sink that prints the top words of each window when the window is complete.
struct Table {
    top: usize,
    /// Windows that are not complete: with several workers, the counts of one
    /// may come between those of another.
    open: BTreeMap<Window, Vec<(u64, String)>>,
    totals: Totals,
    /// Takes the totals when all is written.
    done: mpsc::Sender<Totals>,
}

/// What the table adds up.
#[derive(Clone, Copy, Default)]
struct Totals {
    words: u64,
    windows: u64,
}

impl Sink<WindowResult<String, u64>> for Table {
    fn write(&mut self, _: Timestamp, row: WindowResult<String, u64>) -> Result<(), SinkError> {
        let counts = self.open.entry(row.window).or_default();
        counts.push((row.value, row.key));
        Ok(())
    }

    fn watermark(&mut self, time: Timestamp) -> Result<(), SinkError> {
        let mut text = String::new();
        while let Some(first) = self.open.first_entry() {
            if first.key().last_instant() > time {
                break;
            }
            let (window, counts) = first.remove_entry();
            if self.totals.windows == 0 {
                text.push_str(&table_line(
                    ["from ms", "to ms", "words", "count", "share"],
                    "word",
                ));
            }
            self.totals.windows += 1;
            self.totals.words += counts.iter().map(|(count, _)| count).sum::<u64>();
            table_of(window, counts, self.top, &mut text);
        }
        shown(show(&text))
    }

    fn close(&mut self, _: Ending) -> Result<(), SinkError> {
        // Nobody waits for the totals of a job that failed.
        let _ = self.done.send(self.totals);
        Ok(())
    }
}

/// Brings an error of the terminal into the form of an error of the sink; a
/// reader that went away (`| head`) stays one, and ends the job quietly.
fn shown(result: io::Result<()>) -> Result<(), SinkError> {
    result.map_err(|error| match SinkError::from(error) {
        SinkError::Failed(error) => SinkError::Failed(format!("standard output: {error}").into()),
        gone => gone,
    })
}

/// The top words of one window, the most frequent first; those that are equally
/// frequent stand in the order of the alphabet.
fn table_of(window: Window, mut counts: Vec<(u64, String)>, top: usize, text: &mut String) {
    let words = counts.iter().map(|(count, _)| count).sum();
    let by_rank = |a: &(u64, String), b: &(u64, String)| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1));
    if top < counts.len() {
        // A window has thousands of words and shows ten: do not sort them all.
        counts.select_nth_unstable_by(top, by_rank);
        counts.truncate(top);
    }
    counts.sort_unstable_by(by_rank);
    let bound = |time: Timestamp| grouped(time.millis().unsigned_abs());
    let mut left = [bound(window.start()), bound(window.end()), grouped(words)];
    for (count, word) in counts {
        let share = format!("{:.1}%", 100.0 * count as f64 / words as f64);
        let [from, to, all] = &left;
        text.push_str(&table_line(
            [from, to, all, &grouped(count), &share],
            &legible(&word, 40),
        ));
        // They stand beside the first word only.
        left = Default::default();
    }
}

fn table_line(figures: [&str; 5], word: &str) -> String {
    let [from, to, words, count, share] = figures;
    format!("{from:>12} {to:>12} {words:>11} {count:>11} {share:>7}  {word}\n")
}

/// What stands below the table.
fn summary(report: &Report, totals: Totals) -> String {
    let words_a_second = totals.words as f64 / report.elapsed.as_secs_f64().max(1e-9);
    let mut text = String::from("\n");
    if report.ending == JobEnding::Drained {
        text.push_str("ended by Ctrl-C: this is what was read until then\n");
    }
    for (label, figure) in [
        ("lines", report.of("lines", Measure::RecordsIn)),
        ("words", totals.words),
        ("windows", totals.windows),
        ("words/s", words_a_second as u64),
        ("late", report.late()),
        ("malformed", report.total(Measure::Malformed)),
    ] {
        text.push_str(&format!("{label:<10} {:>12}\n", grouped(figure)));
    }
    let samples = report
        .latency
        .as_ref()
        .map_or(0, |latency| latency.samples());
    text.push_str(&format!(
        "\nlatency from the watermark that closes a window to its rows at the sink, a sample a row ({})\n{}\n",
        grouped(samples),
        latency_line(report.latency.as_ref()),
    ));
    text
}

// ── the program ──

fn main() -> ExitCode {
    match count_words(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain("error", failure);
            ExitCode::FAILURE
        }
    }
}

fn count_words(options: &Options) -> Result<(), Failure> {
    let input = input_of(options)?;
    let (done, totals) = mpsc::channel();
    let table = Table {
        top: usize::try_from(options.top).unwrap_or(usize::MAX),
        open: BTreeMap::new(),
        totals: Totals::default(),
        done,
    };
    let report = run(pipeline(options, input, table)?)?;
    warn(options, &report);
    match options.format {
        Format::Jsonl => Ok(()),
        Format::Table => {
            let totals = totals.try_recv().unwrap_or_default();
            match show(&summary(&report, totals)) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                shown => Ok(shown?),
            }
        }
    }
}

fn input_of(options: &Options) -> Result<PathBuf, Failure> {
    if let Some(input) = &options.input {
        return Ok(input.clone());
    }
    let book = PathBuf::from(BOOK);
    if book.exists() {
        return Ok(book);
    }
    // A program that was carried away from its repository.
    Err(Failure::from(format!(
        "the book is not at {BOOK}: name a text of your own with --input FILE"
    )))
}

/// What would otherwise go unnoticed.
fn warn(options: &Options, report: &Report) {
    let malformed = report.total(Measure::Malformed);
    if malformed > 0 && options.format == Format::Jsonl {
        complain(
            "warning",
            format!(
                "malformed lines: {malformed}; bad UTF-8 was counted as U+FFFD, \
                 lines beyond 256 MiB were left out"
            ),
        );
    }
    let lines = report.of("lines", Measure::RecordsIn);
    let in_time = options.last_ms() / options.line_ms + 1;
    if lines > in_time {
        complain(
            "warning",
            format!(
                "event time ends after {in_time} lines that are {} ms apart: the rest was counted \
                 in the last window; choose a smaller --line-ms",
                options.line_ms
            ),
        );
    }
}

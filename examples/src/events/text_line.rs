use crate::input::{Parsed, Parser};
use crate::sample::{Event, Generated};
use crate::totals::Frequent;
use crate::{complain, Random};
use fluxus::source::Line;
use fluxus::windows::Timestamp;
use std::time::Duration;

/// A line of a text, and when it is.
#[derive(Clone, Debug)]
pub struct TextLine {
    /// Its place in event time.
    pub time: Timestamp,
    /// All of it, without its end.
    pub text: String,
}

impl Event for TextLine {
    const PLURAL: &'static str = "lines";
    /// Longer ones are no text.
    const LONGEST_LINE: usize = 256 << 20;

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl TextLine {
    /// Its words, in lower case, without what is neither letter nor digit at both
    /// their ends.
    pub fn words(self) -> impl Iterator<Item = String> {
        Words {
            line: self.text,
            at: 0,
        }
    }

    /// Lines of ten words, of a thousand that become rarer and rarer.
    pub fn made_up(count: u64, seed: u64, clock: LineClock) -> Generated<Self> {
        let mut random = Random::new(seed);
        let mut words = Frequent::default();
        let mut word = || {
            let word = format!("word{}", 1000f64.powf(random.unit()) as u64);
            words.add(&word, 1);
            word
        };
        let event = |number| Self {
            time: clock.time_of(number),
            text: [(); 10].map(|()| word()).join(" "),
        };
        Generated {
            events: (0..count).map(event).collect(),
            truth: most_frequent(&words),
        }
    }
}

/// The words of a line, one at a time: even a line of 100 MB is no list of words
/// in memory.
struct Words {
    line: String,
    at: usize,
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

/// Which they are, in words.
pub fn most_frequent(words: &Frequent) -> String {
    format!("most frequent of all: {}", words.top_three())
}

/// Where lines lie in event time.
#[derive(Clone, Copy, Debug)]
pub struct LineClock {
    line_ms: u64,
    /// The last event time that is given out: event time ends after 292 years,
    /// and a window must end before it does to be counted whole.
    last_ms: u64,
}

impl LineClock {
    /// Line i, from 0, lies at i x `line_ms`, as far as a window of this size may end.
    pub fn new(line_ms: u64, window: Duration) -> Self {
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        let last_ms = Timestamp::MAX.millis().unsigned_abs();
        Self {
            line_ms: line_ms.max(1),
            last_ms: last_ms.saturating_sub(window_ms),
        }
    }

    fn time_of(self, number: u64) -> Timestamp {
        let time_ms = number.saturating_mul(self.line_ms).min(self.last_ms);
        Timestamp::from_millis(i64::try_from(time_ms).unwrap_or(i64::MAX))
    }

    /// A parser of one file that gives its lines their times.
    pub fn parser(self) -> impl Parser<TextLine> {
        Lines {
            clock: self,
            next: 0,
        }
    }
}

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

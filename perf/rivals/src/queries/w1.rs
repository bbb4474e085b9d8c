//! W1: how often each word occurs in tumbling windows of one second.

use std::collections::BTreeMap;

use fluxus_perf::dense_ids::DenseIds;
use fluxus_perf::digest::fnv1a64;
use fluxus_perf::splitmix::{mix64, DISORDER_MS};
use fluxus_perf::w1::data::{Line, Row};
use fluxus_perf::w1::words::{Word, Words};
use fluxus_perf::w1::WINDOW_MS;
use fluxus_perf::Digest;

use super::{Fold, Query};
use crate::kept::Panes;

/// Counts by word. A word of up to eight bytes is a number and its own key.
#[derive(Debug)]
pub struct W1 {
    ids: DenseIds,
    words: Vec<u64>,
    short: Panes<u64>,
    /// Longer words, of which the generated text has none.
    long: BTreeMap<(i64, &'static [u8]), u64>,
}

impl Default for W1 {
    fn default() -> Self {
        Self {
            ids: DenseIds::new(),
            words: Vec::new(),
            short: Panes::new(WINDOW_MS, 0),
            long: BTreeMap::new(),
        }
    }
}

/// A word and when it was said.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    word: Word<'static>,
    timestamp_ms: i64,
}

/// A word, a window and how often.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    word: Word<'static>,
    start_ms: i64,
    count: u64,
}

impl Query for W1 {
    type Event = Line;
    type Record = Said;
    type Row = Counted;
    type Tables = ();

    const DISORDER_MS: i64 = DISORDER_MS;
    const STEP_MS: i64 = WINDOW_MS;

    #[inline(always)]
    fn timestamp_ms(line: &Line) -> i64 {
        line.timestamp_ms
    }

    #[inline(always)]
    fn expand((): &(), line: &Line, mut give: impl FnMut(Said)) {
        let timestamp_ms = line.timestamp_ms;
        Words::of(line.text).for_each(|word| give(Said { word, timestamp_ms }));
    }

    #[inline(always)]
    fn route(said: &Said) -> u64 {
        match said.word {
            Word::Short(bytes) => mix64(bytes),
            Word::Long(bytes) => fnv1a64(bytes),
        }
    }

    #[inline(always)]
    fn add(&mut self, said: Said) {
        match said.word {
            Word::Short(bytes) => {
                let id = self.ids.intern(bytes);
                if id == self.words.len() {
                    self.words.push(bytes);
                }
                *self.short.cell(said.timestamp_ms, id) += 1;
            }
            Word::Long(bytes) => {
                let start_ms = said.timestamp_ms.div_euclid(WINDOW_MS) * WINDOW_MS;
                *self.long.entry((start_ms, bytes)).or_default() += 1;
            }
        }
    }

    fn close(&mut self, until_ms: i64, mut give: impl FnMut(Counted)) {
        let words = &self.words;
        self.short.close(until_ms, |start_ms, counts| {
            for (&word, &mut count) in words.iter().zip(counts) {
                if count > 0 {
                    give(Counted {
                        word: Word::Short(word),
                        start_ms,
                        count,
                    });
                }
            }
        });
        while let Some(entry) = self.long.first_entry() {
            let &(start_ms, word) = entry.key();
            if start_ms > until_ms.saturating_sub(WINDOW_MS) {
                break;
            }
            give(Counted {
                word: Word::Long(word),
                start_ms,
                count: entry.remove(),
            });
        }
    }

    #[inline]
    fn add_to(row: &Counted, digest: &mut Digest) {
        let &Counted {
            word,
            start_ms,
            count,
        } = row;
        let short;
        let word = match word {
            Word::Short(bytes) => {
                short = bytes.to_le_bytes();
                &short[..8 - bytes.leading_zeros() as usize / 8]
            }
            Word::Long(bytes) => bytes,
        };
        Row {
            word,
            start_ms,
            count,
        }
        .add_to(digest);
    }
}

impl Fold for W1 {
    type Key = String;
    type Value = ();
    type Accumulator = u64;
    type Keyed = Vec<(String, ())>;

    const SIZE_MS: i64 = WINDOW_MS;

    fn keyed((): &(), line: &Line) -> Vec<(String, ())> {
        let words = line.text.split_whitespace();
        words.map(|word| (word.to_owned(), ())).collect()
    }

    fn empty() -> u64 {
        0
    }

    fn fold(into: &mut u64, (): &()) {
        *into += 1;
    }

    fn add_result(key: &String, start_ms: i64, &count: &u64, digest: &mut Digest) {
        Row {
            word: key.as_bytes(),
            start_ms,
            count,
        }
        .add_to(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;
    use fluxus_perf::w1::{data, hand};

    #[test]
    fn equals_the_loop_by_hand() {
        for lines in [0, 1, 777, 30_001] {
            let lines = data::generate(lines);
            assert_eq!(run::<W1>(&lines, 64), hand::run(&lines));
        }
        let texts = ["to be", "perhaps-a-long-word to", ""];
        let line = |at: usize| Line {
            timestamp_ms: at as i64,
            text: texts[at % 3],
        };
        let lines: Vec<Line> = (0..4000).map(line).collect();
        assert_eq!(run::<W1>(&lines, 100), hand::run(&lines));
    }
}

//! W1 as one would write it by hand: one thread, no allocation for a word, arrays.

use std::collections::BTreeMap;

use super::data::{Line, Row};
use super::words::{Word, Words};
use crate::dense_ids::{DenseIds, Intern};
use crate::open_panes::OpenPanes;
use crate::{Digest, Shape, Workload};

/// Lines between two looks at the watermark: 6 ms of event time.
const BATCH: usize = 64;

/// Counts the words and takes the digest of the results.
pub fn run(lines: &[Line]) -> Digest {
    run_shaped::<DenseIds>(lines, &Shape::own(Workload::W1))
}

/// As [`run`], with other windows, and with ids from anywhere.
pub(crate) fn run_shaped<I: Intern>(lines: &[Line], shape: &Shape) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = lines.first() else {
        return digest;
    };
    let mut ids = I::default();
    let mut words: Vec<u64> = Vec::new();
    let earliest_ms = first.timestamp_ms - shape.lag_ms();
    let mut panes: OpenPanes<Pane> = OpenPanes::new(shape.size_ms, earliest_ms);
    let mut latest_ms = i64::MIN;

    for batch in lines.chunks(BATCH) {
        for line in batch {
            let pane = panes.at(line.timestamp_ms);
            for word in Words::of(line.text) {
                match word {
                    Word::Short(bytes) => {
                        let id = ids.intern(bytes);
                        if id == words.len() {
                            words.push(bytes);
                        }
                        pane.count(id);
                    }
                    Word::Long(bytes) => *pane.long.entry(bytes).or_default() += 1,
                }
            }
            latest_ms = latest_ms.max(line.timestamp_ms);
        }
        panes.close(latest_ms - shape.lag_ms(), |pane, start_ms| {
            pane.emit(&words, start_ms, &mut digest);
        });
    }
    panes.close_all(0, |pane, start_ms| pane.emit(&words, start_ms, &mut digest));
    digest
}

/// The counts of one window.
#[derive(Default)]
struct Pane {
    /// By the id of a word of up to eight bytes.
    short: Vec<u64>,
    /// Longer words, of which the generated text has none.
    long: BTreeMap<&'static [u8], u64>,
}

impl Pane {
    #[inline(always)]
    fn count(&mut self, id: usize) {
        match self.short.get_mut(id) {
            Some(count) => *count += 1,
            None => self.count_first(id),
        }
    }

    #[cold]
    fn count_first(&mut self, id: usize) {
        self.short.resize(id + 1, 0);
        self.short[id] = 1;
    }

    /// Gives out the rows of this window and leaves the pane empty.
    fn emit(&mut self, words: &[u64], start_ms: i64, digest: &mut Digest) {
        for (word, count) in words.iter().zip(&mut self.short) {
            let count = std::mem::take(count);
            if count > 0 {
                let bytes = word.to_le_bytes();
                let length = 8 - word.leading_zeros() as usize / 8;
                Row {
                    word: &bytes[..length],
                    start_ms,
                    count,
                }
                .add_to(digest);
            }
        }
        for (word, count) in std::mem::take(&mut self.long) {
            Row {
                word,
                start_ms,
                count,
            }
            .add_to(digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::data;
    use super::*;
    use crate::w1::WINDOW_MS;

    /// The slow obvious way: every window kept to the end.
    fn obvious(lines: &[Line]) -> Digest {
        let mut windows: BTreeMap<(i64, &str), u64> = BTreeMap::new();
        for line in lines {
            let start_ms = line.timestamp_ms - line.timestamp_ms.rem_euclid(WINDOW_MS);
            for word in line.text.split(' ').filter(|word| !word.is_empty()) {
                *windows.entry((start_ms, word)).or_default() += 1;
            }
        }
        let mut digest = Digest::default();
        for ((start_ms, word), count) in windows {
            Row {
                word: word.as_bytes(),
                start_ms,
                count,
            }
            .add_to(&mut digest);
        }
        digest
    }

    #[test]
    fn equals_the_obvious_way_at_any_size() {
        for lines in [0, 1, 63, 64, 65, 3_001] {
            let lines = data::generate(lines);
            assert_eq!(run(&lines), obvious(&lines), "{} lines", lines.len());
        }
    }

    #[test]
    fn words_of_any_length_are_counted() {
        let texts = [
            "one two",
            "a-word-of-many-letters one",
            "",
            "  two  ",
            "a-word-of-many-letters",
        ];
        let line = |at: usize| Line {
            timestamp_ms: at as i64 - 1500,
            text: texts[at % 5],
        };
        let lines: Vec<Line> = (0..3000).map(line).collect();
        assert_eq!(run(&lines), obvious(&lines));
    }
}

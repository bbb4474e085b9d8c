//! The lines that W1 counts, and its result rows.

use std::sync::Arc;

use crate::digest::fnv1a64;
use crate::splitmix::{splitmix, Disorder, T0_MS};
use crate::Digest;

/// Distinct words; the k-th is drawn with weight 1/(k+1).
const VOCABULARY: usize = 10_000;

/// Words in a line.
const WORDS_PER_LINE: u64 = 10;

/// One line of text: 24 bytes, as it lies in memory and as it crosses a ring.
///
/// The text is lent for as long as the program runs, so that any engine can
/// carry lines and words about without copying or counting references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was said, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// Words, joined by one space.
    pub text: &'static str,
}

/// One result: how often a word occurred in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'text> {
    /// The word's bytes.
    pub word: &'text [u8],
    /// Start of the window, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// How often.
    pub count: u64,
}

impl Row<'_> {
    /// Adds this row to a digest.
    #[inline]
    pub fn add_to(&self, digest: &mut Digest) {
        digest.add_row(
            [fnv1a64(self.word), self.start_ms as u64, self.count],
            self.count,
        );
    }
}

/// The word of rank `k`: three letters that tell it, and up to five that lengthen it.
pub fn word(k: usize) -> String {
    let letter = |number: usize| char::from(b'a' + (number % 26) as u8);
    let head = [k / (26 * 26), k / 26, k].map(letter);
    let tail = (0..k % 6).map(|j| letter(k / 6 + 3 * j));
    head.into_iter().chain(tail).collect()
}

/// The first `lines` lines.
///
/// Their text is one string that is never freed: the program holds it to its end.
pub fn generate(lines: usize) -> Arc<[Line]> {
    generate_disordered(lines, Disorder::OWN)
}

/// The first `lines` lines, out of order as asked for.
pub fn generate_disordered(lines: usize, disorder: Disorder) -> Arc<[Line]> {
    let words: Vec<String> = (0..VOCABULARY).map(word).collect();
    let mut total = 0u64;
    let cumulative: Vec<u64> = (0..VOCABULARY as u64)
        .map(|k| {
            total += (1 << 20) / (k + 1);
            total
        })
        .collect();

    let mut text = String::with_capacity(lines.saturating_mul(72));
    let ends: Vec<usize> = (0..lines as u64)
        .map(|line| {
            for j in 0..WORDS_PER_LINE {
                let x = ((splitmix(44, WORDS_PER_LINE * line + j) >> 32) * total) >> 32;
                let k = cumulative.partition_point(|&sum| sum <= x);
                if j > 0 {
                    text.push(' ');
                }
                text.push_str(&words[k]);
            }
            text.len()
        })
        .collect();

    let text: &'static str = Box::leak(text.into_boxed_str());
    let mut start = 0;
    (0..lines)
        .map(|index| {
            let line = &text[start..ends[index]];
            start = ends[index];
            Line {
                timestamp_ms: disorder
                    .time_ms(T0_MS + index as i64 / 10, splitmix(46, index as u64)),
                text: line,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_spelt_as_defined() {
        assert_eq!(word(0), "aaa");
        assert_eq!(word(1), "aaba");
        assert_eq!(word(5), "aafadgjm");
        assert_eq!(word(26), "abaeh");
        assert_eq!(word(6), "aag");
        assert_eq!(word(9_999).len(), 3 + 9_999 % 6);
    }

    #[test]
    fn a_line_is_ten_words() {
        assert!(generate(100)
            .iter()
            .all(|line| line.text.split(' ').count() == 10));
    }
}

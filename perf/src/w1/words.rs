//! Splitting a line into words, eight bytes at a time.

use std::hash::{Hash, Hasher};

use crate::digest::fnv1a64;

/// A word, in the form that is cheapest to compare and to hash.
#[derive(Clone, Copy, Debug)]
pub enum Word<'text> {
    /// Up to eight bytes, the first one lowest, filled up with zeros.
    Short(u64),
    /// More than eight bytes.
    Long(&'text [u8]),
}

impl Eq for Word<'_> {}

/// Not derived: that would tell the four cases apart before it compares.
impl PartialEq for Word<'_> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Short(one), Self::Short(other)) => one == other,
            _ => is_same_long(*self, *other),
        }
    }
}

#[cold]
#[inline(never)]
fn is_same_long(one: Word<'_>, other: Word<'_>) -> bool {
    matches!((one, other), (Word::Long(one), Word::Long(other)) if one == other)
}

/// Not derived: that would hash which of the two it is as well, although no short
/// word equals a long one.
impl Hash for Word<'_> {
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match *self {
            Self::Short(bytes) => state.write_u64(bytes),
            Self::Long(bytes) => state.write_u64(digest_of_long(bytes)),
        }
    }
}

/// A number for the hasher. Apart, so that hashing a short word is small enough to
/// be inlined, and the hasher need not be put where something else could reach it.
#[cold]
#[inline(never)]
fn digest_of_long(bytes: &[u8]) -> u64 {
    fnv1a64(bytes)
}

/// The words of a line, as `line.split(' ')` finds them, less the empty ones.
///
/// A line holds no zero byte, which is what tells the end of a short word.
///
/// ```
/// use fluxus_perf::w1::words::{Word, Words};
///
/// let words: Vec<Word> = Words::of("to be, perhaps tomorrow afternoon").collect();
/// assert_eq!(words[0], Word::Short(u64::from_le_bytes(*b"to\0\0\0\0\0\0")));
/// assert_eq!(words[4], Word::Long(b"afternoon"));
/// ```
#[derive(Clone, Debug)]
pub struct Words<'text> {
    line: &'text [u8],
    position: usize,
}

impl<'text> Words<'text> {
    /// The words of `line`.
    #[inline]
    pub fn of(line: &'text str) -> Self {
        Self {
            line: line.as_bytes(),
            position: 0,
        }
    }

    /// The eight bytes from the position on, filled up with zeros past the end.
    #[inline(always)]
    fn eight_bytes(&self) -> u64 {
        let load = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
        let end = self.line.len();
        if self.position + 8 <= end {
            return load(&self.line[self.position..self.position + 8]);
        }
        if end >= 8 {
            // The line's last eight, less those before the position.
            return load(&self.line[end - 8..]) >> (8 * (self.position + 8 - end));
        }
        let rest = self.line[self.position..].iter().rev();
        rest.fold(0, |bytes, &byte| bytes << 8 | u64::from(byte))
    }
}

/// The first word of `rest`, which is known to have more than eight bytes.
///
/// It is not told whose rest that is: an iterator whose address nobody knows can
/// be kept in registers.
#[cold]
#[inline(never)]
fn long_word(rest: &[u8]) -> &[u8] {
    let space = rest.iter().position(|&byte| byte == b' ');
    &rest[..space.unwrap_or(rest.len())]
}

impl<'text> Iterator for Words<'text> {
    type Item = Word<'text>;

    #[inline(always)]
    fn next(&mut self) -> Option<Word<'text>> {
        while self.position < self.line.len() {
            let bytes = self.eight_bytes();
            let spaces = lowest_space(bytes);
            let length = spaces.trailing_zeros() as usize / 8;
            let ninth = self.line.get(self.position + 8).copied().unwrap_or(b' ');
            // Both sides are always asked, so that one branch, never taken, is left.
            if (length == 8) & (ninth != b' ') {
                let word = long_word(&self.line[self.position..]);
                self.position += word.len() + 1;
                return Some(Word::Long(word));
            }
            self.position += length + 1;
            if length > 0 {
                let below = if spaces == 0 {
                    u64::MAX
                } else {
                    (spaces - 1) >> 7
                };
                return Some(Word::Short(bytes & below));
            }
        }
        None
    }
}

/// The top bit of the first byte that is a space; 0 when none is.
#[inline(always)]
fn lowest_space(bytes: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zero_at_space = bytes ^ (ONES * b' ' as u64);
    let marks = zero_at_space.wrapping_sub(ONES) & !zero_at_space & (ONES << 7);
    marks & marks.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_split() {
        let tokens = [
            "",
            "a",
            "bb",
            "é",
            "seven77",
            "eight888",
            "nine99999",
            "a-very-long-word",
            "!!",
            "\u{a1}x",
        ];
        // Every line of up to four tokens, in every order, empty ones included.
        for number in 0..tokens.len().pow(4) {
            let digits = [1, 10, 100, 1000].map(|unit| tokens[number / unit % tokens.len()]);
            for line in [
                digits.join(" "),
                digits[..2].join(" "),
                digits[..1].concat(),
            ] {
                let expected: Vec<Word> = line
                    .split(' ')
                    .filter(|word| !word.is_empty())
                    .map(whole)
                    .collect();
                assert_eq!(Words::of(&line).collect::<Vec<_>>(), expected, "{line:?}");
            }
        }
    }

    fn whole(word: &str) -> Word<'_> {
        if word.len() > 8 {
            return Word::Long(word.as_bytes());
        }
        let mut bytes = [0; 8];
        bytes[..word.len()].copy_from_slice(word.as_bytes());
        Word::Short(u64::from_le_bytes(bytes))
    }
}

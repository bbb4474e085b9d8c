use std::borrow::Cow;

/// How much is read at a time: one system call for many lines.
pub(super) const CHUNK: usize = 64 << 10;
/// How much of what is too long is kept, to show what it was.
const SAMPLE: usize = 256;

/// What is done with a line that is not UTF-8. It is counted as malformed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadUtf8 {
    /// Every bad sequence is replaced by U+FFFD, and the line is kept.
    #[default]
    Replace,
    /// The line is left out.
    Skip,
}

/// One line of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which line it is, from 0. Lines that were left out have a number too.
    pub number: u64,
    /// The text, without `\n` or `\r\n`.
    pub text: String,
}

/// Which lines are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineRules {
    /// The longest that is kept, in bytes.
    pub(super) limit: usize,
    pub(super) bad_utf8: BadUtf8,
}

impl LineRules {
    pub(super) const fn limit(limit: usize) -> Self {
        Self {
            limit,
            bad_utf8: BadUtf8::Replace,
        }
    }
}

/// A line as it came, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RawLine<'a> {
    Whole(&'a [u8]),
    /// The beginning of one that is longer than the limit.
    TooLong(&'a [u8]),
}

impl<'a> RawLine<'a> {
    /// The text of the line, if it is kept; and whether it is as it should be.
    pub(super) fn text(&self, policy: BadUtf8) -> (Option<Cow<'a, str>>, bool) {
        let bytes = match *self {
            Self::TooLong(_) => return (None, false),
            Self::Whole(bytes) => bytes,
        };
        match (std::str::from_utf8(bytes), policy) {
            (Ok(text), _) => (Some(Cow::Borrowed(text)), true),
            (Err(_), BadUtf8::Replace) => (Some(String::from_utf8_lossy(bytes)), false),
            (Err(_), BadUtf8::Skip) => (None, false),
        }
    }
}

/// Cuts bytes, as they come, into lines. It holds the part of a line that has
/// come so far, and no more than the limit of it.
#[derive(Debug)]
pub(super) struct LineCutter {
    limit: usize,
    partial: Vec<u8>,
    /// The line in `partial` is too long: the rest is dropped to its end.
    is_skipping: bool,
    /// What is in `partial` was handed out.
    is_spent: bool,
    /// How many lines were cut.
    cut: u64,
}

impl LineCutter {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            partial: Vec::new(),
            is_skipping: false,
            is_spent: false,
            cut: 0,
        }
    }

    /// The number of the next line, from 0.
    pub(super) fn next_number(&self) -> u64 {
        self.cut
    }

    /// Whether a line has begun and not ended.
    pub(super) fn has_partial(&self) -> bool {
        !self.is_spent && (self.is_skipping || !self.partial.is_empty())
    }

    /// Takes bytes up to the first end of a line: how many, and the line if it
    /// is complete. Without one all are taken.
    pub(super) fn cut<'a>(&'a mut self, bytes: &'a [u8]) -> (usize, Option<RawLine<'a>>) {
        self.forget_spent();
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            self.keep(bytes);
            return (bytes.len(), None);
        };
        let line = &bytes[..end];
        if self.partial.is_empty() && !self.is_skipping {
            self.cut += 1;
            return (end + 1, Some(judge(without_return(line), self.limit)));
        }
        self.keep(line);
        (end + 1, Some(self.complete()))
    }

    /// The last line, if the text ended without an end of line.
    pub(super) fn finish(&mut self) -> Option<RawLine<'_>> {
        self.forget_spent();
        match self.has_partial() {
            true => Some(self.complete()),
            false => None,
        }
    }

    fn forget_spent(&mut self) {
        if std::mem::take(&mut self.is_spent) {
            self.partial.clear();
            // One long line must not hold its memory for ever.
            self.partial.shrink_to(CHUNK);
            self.is_skipping = false;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_skipping {
            return;
        }
        self.partial.extend_from_slice(bytes);
        // A `\r` at the seam may be half of the line's end.
        if without_return(&self.partial).len() > self.limit {
            self.is_skipping = true;
            self.partial.truncate(SAMPLE);
            self.partial.shrink_to(CHUNK);
        }
    }

    /// The line in `partial` is whole.
    fn complete(&mut self) -> RawLine<'_> {
        self.is_spent = true;
        self.cut += 1;
        match self.is_skipping {
            true => RawLine::TooLong(&self.partial),
            false => judge(without_return(&self.partial), self.limit),
        }
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn judge(line: &[u8], limit: usize) -> RawLine<'_> {
    match line.len() > limit {
        true => RawLine::TooLong(&line[..line.len().min(SAMPLE)]),
        false => RawLine::Whole(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a text that comes in pieces of this length; `!` for one that
    /// is too long.
    fn lines(text: &str, piece: usize, limit: usize) -> Vec<String> {
        let mut cutter = LineCutter::new(limit);
        let mut found = Vec::new();
        let mut note = |line: RawLine<'_>| {
            found.push(match line {
                RawLine::Whole(line) => String::from_utf8(line.to_vec()).expect("it was text"),
                RawLine::TooLong(_) => "!".to_owned(),
            });
        };
        for mut bytes in text.as_bytes().chunks(piece) {
            while !bytes.is_empty() {
                let (used, line) = cutter.cut(bytes);
                line.into_iter().for_each(&mut note);
                bytes = &bytes[used..];
            }
        }
        cutter.finish().into_iter().for_each(note);
        assert!(!cutter.has_partial());
        assert_eq!(cutter.next_number(), found.len() as u64);
        found
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        for (text, expected) in [
            ("", &[][..]),
            ("\n", &[""]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("a\r\nb\r", &["a", "b"]),
            ("a\rb\n\r\n\nc", &["a\rb", "", "", "c"]),
            (
                "1234\n12345\n1234\r\n12345\r\n1234\r",
                &["1234", "!", "1234", "!", "1234"],
            ),
            ("123456789\n\n123456789", &["!", "", "!"]),
        ] {
            for piece in 1..=text.len().max(1) {
                assert_eq!(lines(text, piece, 4), expected, "{text:?} by {piece}");
            }
        }
    }

    #[test]
    fn an_endless_line_takes_no_more_than_its_limit() {
        let mut cutter = LineCutter::new(1000);
        for _ in 0..1000 {
            assert_eq!(cutter.cut(&[b'x'; CHUNK]), (CHUNK, None));
            assert!(cutter.partial.capacity() <= 1000 + 2 * CHUNK);
        }
        assert_eq!(cutter.cut(b"\n").1, Some(RawLine::TooLong(&[b'x'; SAMPLE])));
        assert_eq!(cutter.cut(b"y\n").1, Some(RawLine::Whole(b"y")));
    }
}

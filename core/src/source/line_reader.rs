use super::line_cutter::{LineCutter, RawLine, CHUNK};
use std::io::{ErrorKind, Read};

/// Reads lines a chunk at a time, of whatever can be read without waiting.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    reader: R,
    chunk: Vec<u8>,
    /// The part of the chunk that was not cut yet.
    start: usize,
    end: usize,
    cutter: LineCutter,
}

/// How reading went on, by one chunk or one line.
#[derive(Debug)]
pub(super) enum Advance<'a> {
    /// A line, and its number from 0.
    Line(u64, RawLine<'a>),
    /// Part of a line.
    Part,
    /// There is nothing to be read now.
    Blocked,
    /// There was nothing more to be read.
    End,
}

impl<R: Read> LineReader<R> {
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self::with_chunk(reader, limit, CHUNK)
    }

    pub(super) fn with_chunk(reader: R, limit: usize, chunk: usize) -> Self {
        Self {
            reader,
            chunk: vec![0; chunk.max(1)],
            start: 0,
            end: 0,
            cutter: LineCutter::new(limit),
        }
    }

    pub(super) fn reader(&self) -> &R {
        &self.reader
    }

    pub(super) fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// Before anything is read.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.cutter = LineCutter::new(limit);
    }

    /// Goes on with another reader, behind a line that was finished.
    pub(super) fn set_reader(&mut self, reader: R) {
        self.reader = reader;
    }

    /// Whether something was read and is not handed on yet.
    pub(super) fn has_unread(&self) -> bool {
        self.start < self.end
    }

    /// Whether a line has begun and not ended.
    pub(super) fn has_partial(&self) -> bool {
        self.cutter.has_partial()
    }

    pub(super) fn advance(&mut self) -> std::io::Result<Advance<'_>> {
        if self.start == self.end {
            match self.reader.read(&mut self.chunk) {
                Ok(0) => return Ok(Advance::End),
                Ok(count) => (self.start, self.end) = (0, count.min(self.chunk.len())),
                Err(error) => {
                    return match error.kind() {
                        ErrorKind::Interrupted => Ok(Advance::Part),
                        ErrorKind::WouldBlock => Ok(Advance::Blocked),
                        _ => Err(error),
                    }
                }
            }
        }
        let number = self.cutter.next_number();
        let (used, line) = self.cutter.cut(&self.chunk[self.start..self.end]);
        self.start += used;
        Ok(match line {
            Some(line) => Advance::Line(number, line),
            None => Advance::Part,
        })
    }

    /// The last line, when the text has ended without an end of line.
    pub(super) fn finish(&mut self) -> Option<(u64, RawLine<'_>)> {
        let number = self.cutter.next_number();
        self.cutter.finish().map(|line| (number, line))
    }
}

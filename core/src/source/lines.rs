use super::{BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::{Collector, Flow};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

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

/// How much is read at a time: one system call for many lines.
const CHUNK: usize = 64 << 10;
/// How much is read in one pull at the most, so that one endless line does not
/// keep its worker from everything else.
const BYTES_A_PULL: usize = 16 * CHUNK;

/// The lines of a file, streamed: a file of any size takes the memory of its
/// longest line, and that is limited.
///
/// A line longer than the limit (1 MiB unless it is set) is left out and
/// counted as malformed.
pub struct LinesSource {
    path: PathBuf,
    limit: usize,
    bad_utf8: BadUtf8,
    reader: Option<BufReader<File>>,
    /// The line that is being read.
    partial: Vec<u8>,
    /// The line that is being read was too long: drop it to its end.
    is_skipping: bool,
    next: u64,
    malformed: Option<CounterWriter>,
}

/// How reading went on by one chunk or one line.
enum Advance {
    Line(String),
    /// Part of a line, or a line that was left out.
    Nothing,
    End,
}

impl LinesSource {
    /// The lines of the file at `path`, which is opened when the job starts.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            limit: 1 << 20,
            bad_utf8: BadUtf8::default(),
            reader: None,
            partial: Vec::new(),
            is_skipping: false,
            next: 0,
            malformed: None,
        }
    }

    /// The longest line that is kept, in bytes. Default 1 MiB.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// What is done with bad UTF-8. Default: it is replaced.
    pub fn bad_utf8(mut self, policy: BadUtf8) -> Self {
        self.bad_utf8 = policy;
        self
    }

    fn problem(&self, error: std::io::Error) -> BoxError {
        format!("{}: {error}", self.path.display()).into()
    }

    fn count_malformed(&mut self) {
        if let Some(malformed) = &mut self.malformed {
            malformed.add(1);
        }
    }

    fn advance(&mut self) -> Result<Advance, BoxError> {
        let Some(reader) = &mut self.reader else {
            return Ok(Advance::End);
        };
        let before = self.partial.len();
        let read = reader
            .take(CHUNK as u64)
            .read_until(b'\n', &mut self.partial);
        let count = match read {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {
                return Ok(Advance::Nothing)
            }
            Err(error) => return Err(self.problem(error)),
        };
        debug_assert_eq!(self.partial.len(), before + count);
        let is_at_end = count == 0;
        let has_newline = self.partial.last() == Some(&b'\n');
        if is_at_end && self.partial.is_empty() && !self.is_skipping {
            return Ok(Advance::End);
        }
        if !is_at_end && !has_newline {
            // A `\r` at the seam may be half of the line's end.
            let half_an_end = usize::from(self.partial.last() == Some(&b'\r'));
            if self.partial.len() - half_an_end > self.limit {
                self.is_skipping = true;
            }
            if self.is_skipping {
                self.partial.clear();
            }
            return Ok(Advance::Nothing);
        }
        if has_newline {
            self.partial.pop();
            if self.partial.last() == Some(&b'\r') {
                self.partial.pop();
            }
        }
        Ok(self.finish_line())
    }

    /// The line in `partial` is whole.
    fn finish_line(&mut self) -> Advance {
        let was_skipping = std::mem::take(&mut self.is_skipping);
        self.next += 1;
        if was_skipping || self.partial.len() > self.limit {
            self.partial.clear();
            self.count_malformed();
            return Advance::Nothing;
        }
        let kept = match std::str::from_utf8(&self.partial) {
            Ok(text) => Some(text.to_owned()),
            Err(_) => {
                let replaced = match self.bad_utf8 {
                    BadUtf8::Replace => Some(String::from_utf8_lossy(&self.partial).into_owned()),
                    BadUtf8::Skip => None,
                };
                self.count_malformed();
                replaced
            }
        };
        self.partial.clear();
        // One long line must not hold its memory for ever.
        self.partial.shrink_to(CHUNK);
        kept.map_or(Advance::Nothing, Advance::Line)
    }
}

impl Source for LinesSource {
    type Item = Line;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.malformed = Some(context.malformed);
        let file = File::open(&self.path).map_err(|error| self.problem(error))?;
        let is_directory = file.metadata().is_ok_and(|metadata| metadata.is_dir());
        if is_directory {
            let path = self.path.display();
            return Err(format!("{path}: is a directory; name a file").into());
        }
        self.reader = Some(BufReader::with_capacity(CHUNK, file));
        Ok(())
    }

    fn pull<C: Collector<Line>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let (mut records, mut bytes) = (0, 0);
        let mut status = SourceStatus::Ready;
        let mut flow = Flow::Open;
        while records < budget && bytes < BYTES_A_PULL && flow.is_open() {
            match self.advance()? {
                Advance::Line(text) => {
                    records += 1;
                    bytes += text.len();
                    let number = self.next - 1;
                    flow = out.push(Timestamp::MIN, Line { number, text });
                }
                Advance::Nothing => bytes += CHUNK,
                Advance::End => {
                    status = SourceStatus::Ended;
                    break;
                }
            }
        }
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }

    fn close(&mut self) {
        self.reader = None;
    }
}

use super::line_cutter::{RawLine, CHUNK};
use super::line_reader::{Advance, LineReader};
use super::lines::BYTES_A_PULL;
use super::{open_file, BoxError, MalformedLine, Pulled, Source, SourceContext, SourceStatus};
use crate::{Collector, Flow};
use fluxus_windows::Timestamp;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// The rows of a file with one JSON value a line.
///
/// What is no row of this type comes as a [`MalformedLine`], in its place; lines
/// of white space only are passed over. A mark of the byte order at the
/// beginning is, too. A line longer than the limit (1 MiB unless it is set) is
/// malformed.
pub struct JsonLinesSource<R> {
    path: PathBuf,
    limit: usize,
    reader: Option<LineReader<File>>,
    row: PhantomData<fn() -> R>,
}

impl<R> JsonLinesSource<R> {
    /// The rows of the file at `path`, which is opened when the job starts.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            limit: 1 << 20,
            reader: None,
            row: PhantomData,
        }
    }

    /// The longest line that is read, in bytes. Default 1 MiB.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl<R, P: AsRef<Path>> From<P> for JsonLinesSource<R> {
    fn from(path: P) -> Self {
        Self::new(path)
    }
}

/// A line as a row, or why it is none; nothing if there is nothing on it.
fn parse<R: DeserializeOwned>(
    number: u64,
    raw: &RawLine<'_>,
    limit: usize,
) -> Option<Result<R, MalformedLine>> {
    let line = number + 1;
    let mut text = match *raw {
        RawLine::TooLong(text) => return Some(Err(MalformedLine::too_long(line, text, limit))),
        RawLine::Whole(text) => text,
    };
    if number == 0 {
        text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let problem = match serde_json::from_slice(text) {
        Ok(row) => return Some(Ok(row)),
        Err(problem) => problem,
    };
    // It knows one line only, and calls that the first.
    let (reason, column) = (problem.to_string(), problem.column());
    let place = format!(" at line {} column {column}", problem.line());
    let reason = match reason.strip_suffix(&place) {
        Some(reason) => format!("{reason} at column {column}"),
        None => reason,
    };
    Some(Err(MalformedLine::new(line, text, reason)))
}

impl<R: DeserializeOwned + Send + 'static> Source for JsonLinesSource<R> {
    type Item = Result<R, MalformedLine>;

    fn open(&mut self, _: SourceContext) -> Result<(), BoxError> {
        let file = open_file(&self.path)?;
        self.reader = Some(LineReader::new(file, self.limit));
        Ok(())
    }

    fn pull<C: Collector<Self::Item>>(
        &mut self,
        budget: usize,
        out: &mut C,
    ) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ended,
            flow: Flow::Open,
        };
        let Some(reader) = &mut self.reader else {
            return Ok(pulled);
        };
        let mut bytes = 0;
        while pulled.records < budget && bytes < BYTES_A_PULL && pulled.flow.is_open() {
            let advance = reader.advance();
            let advance = advance.map_err(|error| format!("{}: {error}", self.path.display()))?;
            let (number, raw) = match advance {
                Advance::Line(number, raw) => (number, raw),
                Advance::Part | Advance::Blocked => {
                    bytes += CHUNK;
                    continue;
                }
                Advance::End => match reader.finish() {
                    Some(last) => last,
                    None => return Ok(pulled),
                },
            };
            bytes += match raw {
                RawLine::Whole(text) | RawLine::TooLong(text) => text.len() + 1,
            };
            if let Some(row) = parse(number, &raw, self.limit) {
                pulled.records += 1;
                pulled.flow = out.push(Timestamp::MIN, row);
            }
        }
        pulled.status = SourceStatus::Ready;
        Ok(pulled)
    }

    fn close(&mut self) {
        self.reader = None;
    }
}

mod cutter;
mod header;
mod rows;

use super::line_cutter::CHUNK;
use super::lines::BYTES_A_PULL;
use super::{open_file, BoxError, MalformedLine, Pulled, Source, SourceContext, SourceStatus};
use crate::{Collector, Flow};
use cutter::{CsvCutter, Cut};
use fluxus_windows::Timestamp;
use rows::Rows;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Whether a CSV file begins with the names of its columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CsvHeader {
    /// The first record names the columns; the fields of a row that is a struct
    /// are found by these names, in whatever order.
    #[default]
    First,
    /// There are no names; fields are taken in their order.
    None,
}

/// The rows of a CSV file, streamed, each made into an `R` by serde.
///
/// Records are those of RFC 4180: fields in quotes may hold delimiters, doubled
/// quotes and ends of lines; empty lines, and a mark of the byte order at the
/// beginning, are passed over; lines may end in `\n` or `\r\n`. What is no row
/// comes as a [`MalformedLine`] in its place: a field of another type, more or
/// fewer fields than the header (or than the first row, where there is no header),
/// bad UTF-8, a record longer than the limit, a file that ends in the middle of a
/// quoted field.
///
/// A header that lacks a column which the row must have, or has it twice, fails the
/// job: no row could be right.
pub struct CsvSource<R> {
    path: PathBuf,
    delimiter: u8,
    quote: u8,
    header: CsvHeader,
    limit: usize,
    reading: Option<Reading>,
    rows: Rows<R>,
}

/// A file that is being read.
struct Reading {
    file: File,
    chunk: Vec<u8>,
    /// The part of the chunk that was not cut yet.
    start: usize,
    end: usize,
    is_at_end: bool,
    cutter: CsvCutter,
}

impl<R> CsvSource<R> {
    /// The rows of the file at `path`, which is opened when the job starts.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            delimiter: b',',
            quote: b'"',
            header: CsvHeader::default(),
            limit: 1 << 20,
            reading: None,
            rows: Rows::new(),
        }
    }

    /// What stands between two fields. Default: a comma.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// What fields stand in that hold a delimiter or an end of line. Default:
    /// `"`.
    pub fn quote(mut self, quote: u8) -> Self {
        self.quote = quote;
        self
    }

    /// Whether there is a header. Default: the first record is one.
    pub fn header(mut self, header: CsvHeader) -> Self {
        self.header = header;
        self
    }

    /// The longest record that is read, in bytes. Default 1 MiB.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl<R, P: AsRef<Path>> From<P> for CsvSource<R> {
    fn from(path: P) -> Self {
        Self::new(path)
    }
}

impl Reading {
    /// Goes on by one record or one chunk, whichever comes first.
    fn advance(&mut self) -> std::io::Result<Cut> {
        if self.start == self.end && !self.is_at_end {
            match self.file.read(&mut self.chunk) {
                Ok(count) => {
                    (self.start, self.end) = (0, count.min(self.chunk.len()));
                    self.is_at_end = count == 0;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Cut::NeedsMore),
                Err(error) => return Err(error),
            }
        }
        let (used, cut) = self.cutter.cut(&self.chunk[self.start..self.end]);
        self.start += used;
        Ok(cut)
    }
}

impl<R: DeserializeOwned + Send + 'static> Source for CsvSource<R> {
    type Item = Result<R, MalformedLine>;

    fn open(&mut self, _: SourceContext) -> Result<(), BoxError> {
        if self.delimiter == self.quote {
            let path = self.path.display();
            let what = char::from(self.quote);
            return Err(format!(
                "{path}: {what:?} is to be the delimiter and the quote: choose another for one"
            )
            .into());
        }
        if [self.delimiter, self.quote]
            .iter()
            .any(|byte| matches!(byte, b'\r' | b'\n'))
        {
            let path = self.path.display();
            return Err(format!(
                "{path}: an end of line is to be the delimiter or the quote: choose another byte"
            )
            .into());
        }
        self.rows.begin(self.header);
        self.reading = Some(Reading {
            file: open_file(&self.path)?,
            chunk: vec![0; CHUNK],
            start: 0,
            end: 0,
            is_at_end: false,
            cutter: CsvCutter::new(self.delimiter, self.quote, self.limit),
        });
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
        let Some(reading) = &mut self.reading else {
            return Ok(pulled);
        };
        let mut bytes = 0;
        while pulled.records < budget && bytes < BYTES_A_PULL && pulled.flow.is_open() {
            let cut = reading.advance();
            let cut = cut.map_err(|error| format!("{}: {error}", self.path.display()))?;
            let cutter = &reading.cutter;
            let row = match cut {
                Cut::NeedsMore => {
                    bytes += CHUNK;
                    continue;
                }
                Cut::End => return Ok(pulled),
                Cut::TooLong => {
                    let line = cutter.line();
                    let row = MalformedLine::too_long(line, cutter.text(), self.limit);
                    match self.rows.has_header_to_come() {
                        true => {
                            let path = self.path.display();
                            return Err(format!("{path}: {row}").into());
                        }
                        false => Some(Err(row)),
                    }
                }
                Cut::Record => {
                    self.rows
                        .read(cutter, reading.is_at_end)
                        .map_err(|(line, problem)| {
                            format!("{}, line {line}: {problem}", self.path.display())
                        })?
                }
            };
            bytes += cutter.length();
            if let Some(row) = row {
                pulled.records += 1;
                pulled.flow = out.push(Timestamp::MIN, row);
            }
        }
        pulled.status = SourceStatus::Ready;
        Ok(pulled)
    }

    fn close(&mut self) {
        self.reading = None;
    }
}

use super::text_file::{not_open, TextFile};
use super::{Ending, Sink, SinkContext, SinkError};
use fluxus_windows::Timestamp;
use serde::Serialize;
use std::path::Path;

/// One record of CSV a record, as RFC 4180 has it, to a file or to standard output.
///
/// The first line names the columns: the fields of a record that is a struct, or
/// what [`columns`](Self::columns) says. (Without that, a stream of no records makes
/// an empty file: the names are those of the first record.) Lines end in `\n`.
///
/// A file is written under its name with `.part` behind it and gets its own name
/// when the stream has ended: a file without `.part` is whole. (What is no regular
/// file, a device or a pipe, is written to directly.) The output goes out at the end
/// of every batch. A record that cannot be CSV, a map or a nested list, fails the
/// job.
pub struct Csv {
    delimiter: u8,
    columns: Option<Vec<String>>,
    state: State,
}

enum State {
    Idle(TextFile),
    Open(Box<csv::Writer<TextFile>>),
    Closed,
}

impl Csv {
    fn to(file: TextFile) -> Self {
        Self {
            delimiter: b',',
            columns: None,
            state: State::Idle(file),
        }
    }

    /// To standard output. When its reader goes away the stream ends, quietly.
    pub fn stdout() -> Self {
        Self::to(TextFile::stdout())
    }

    /// To the file at `path`, which is created, or replaced when all is written.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::to(TextFile::file(path))
    }

    /// What stands between two fields. Default: a comma.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// The names of the columns, written though no record comes; none at all for a
    /// file without a header. Default: the names of the fields of a record that is a
    /// struct.
    pub fn columns<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.columns = Some(names.into_iter().map(Into::into).collect());
        self
    }
}

impl Csv {
    /// Lets `write` write, and gives an error the name of what was written to.
    fn write_with(
        &mut self,
        write: impl FnOnce(&mut csv::Writer<TextFile>) -> csv::Result<()>,
    ) -> Result<(), SinkError> {
        let State::Open(writer) = &mut self.state else {
            return Err(not_open());
        };
        write(writer).map_err(|error| {
            let file = writer.get_ref();
            match error.into_kind() {
                csv::ErrorKind::Io(error) => file.problem(error),
                csv::ErrorKind::Serialize(reason) => {
                    file.failed(format_args!("a record cannot be CSV: {reason}"))
                }
                csv::ErrorKind::UnequalLengths {
                    expected_len, len, ..
                } => file.failed(format_args!(
                    "a record has {len} fields, where the first line has {expected_len}"
                )),
                other => file.failed(format_args!("a record cannot be CSV: {other:?}")),
            }
        })
    }
}

impl<T: Serialize> Sink<T> for Csv {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        let State::Idle(mut file) = std::mem::replace(&mut self.state, State::Closed) else {
            return Err(not_open());
        };
        if let Err(error) = file.open() {
            self.state = State::Idle(file);
            return Err(error);
        }
        let writer = csv::WriterBuilder::new()
            .delimiter(self.delimiter)
            .has_headers(self.columns.is_none())
            .from_writer(file);
        self.state = State::Open(Box::new(writer));
        match self.columns.take() {
            Some(columns) if !columns.is_empty() => {
                self.write_with(|writer| writer.write_record(&columns))
            }
            _ => Ok(()),
        }
    }

    fn write(&mut self, _: Timestamp, value: T) -> Result<(), SinkError> {
        self.write_with(|writer| writer.serialize(value))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.write_with(|writer| Ok(writer.flush()?))
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        if ending == Ending::Complete {
            // The names of the columns, if nothing else was written.
            self.write_with(|writer| Ok(writer.flush()?))?;
        }
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(writer) => match writer.into_inner() {
                Ok(mut file) => file.close(ending),
                Err(_) if ending == Ending::Incomplete => Ok(()),
                Err(error) => Err(SinkError::Failed(error.to_string().into())),
            },
            State::Idle(_) | State::Closed => Ok(()),
        }
    }
}

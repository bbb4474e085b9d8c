use super::text_file::TextFile;
use super::{Ending, Sink, SinkContext, SinkError};
use fluxus_windows::Timestamp;
use std::fmt::Display;
use std::path::Path;

/// One line a record, as it displays itself, to a file or to standard output.
///
/// A file is written under its name with `.part` behind it and gets its own
/// name when the stream has ended: a file without `.part` is whole. (What is no
/// regular file, a device or a pipe, is written to directly.) The output goes
/// out at the end of every batch. A record that displays itself with ends of lines
/// in it becomes several lines.
pub struct Lines(TextFile);

impl Lines {
    /// To standard output. When its reader goes away the stream ends, quietly.
    pub fn stdout() -> Self {
        Self(TextFile::stdout())
    }

    /// To the file at `path`, which is created, or replaced when all is written.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self(TextFile::file(path))
    }
}

impl<T: Display> Sink<T> for Lines {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        self.0.open()
    }

    fn write(&mut self, _: Timestamp, value: T) -> Result<(), SinkError> {
        self.0.write_with(|writer| writeln!(writer, "{value}"))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.0.flush_out()
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        self.0.close(ending)
    }
}

use super::text_file::TextFile;
use super::{Ending, Sink, SinkContext, SinkError};
use fluxus_windows::Timestamp;
use serde::Serialize;
use std::path::Path;

/// One JSON object a record and line, to a file or to standard output.
///
/// A file is written under its name with `.part` behind it and gets its own
/// name when the stream has ended: a file without `.part` is whole. (What is no
/// regular file, a device or a pipe, is written to directly.) The output goes
/// out at the end of every batch.
pub struct JsonLines(TextFile);

impl JsonLines {
    /// To standard output. When its reader goes away the stream ends, quietly.
    pub fn stdout() -> Self {
        Self(TextFile::stdout())
    }

    /// To the file at `path`, which is created, or replaced when all is written.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self(TextFile::file(path))
    }
}

impl<T: Serialize> Sink<T> for JsonLines {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        self.0.open()
    }

    fn write(&mut self, _: Timestamp, value: T) -> Result<(), SinkError> {
        self.0.write_with(|mut writer| {
            serde_json::to_writer(&mut writer, &value)?;
            writer.write_all(b"\n")
        })
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.0.flush_out()
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        self.0.close(ending)
    }
}

use super::{Ending, Sink, SinkError};
use fluxus_windows::Timestamp;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// One JSON object a record and line, to a file or to standard output.
///
/// A file is written under its name with `.part` behind it and gets its own
/// name when the stream has ended: a file without `.part` is whole. (What is no
/// regular file, a device or a pipe, is written to directly.) The output goes
/// out at the end of every batch.
pub struct JsonLines {
    target: Target,
    writer: Option<BufWriter<Box<dyn Write + Send>>>,
}

enum Target {
    Stdout,
    /// A file, and the name it has while it is not whole.
    File {
        path: PathBuf,
        partial: PathBuf,
    },
    /// Something that is there and is no regular file.
    Special(PathBuf),
}

/// Enough for a batch of ordinary rows in one system call.
const BUFFER: usize = 64 << 10;

impl JsonLines {
    /// To standard output. When its reader goes away the stream ends, quietly.
    pub fn stdout() -> Self {
        Self {
            target: Target::Stdout,
            writer: None,
        }
    }

    /// To the file at `path`, which is created, or replaced when all is written.
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_path_buf();
        let target = match fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() => Target::Special(path),
            _ => {
                let mut partial = path.clone().into_os_string();
                partial.push(".part");
                Target::File {
                    path,
                    partial: partial.into(),
                }
            }
        };
        Self {
            target,
            writer: None,
        }
    }

    fn writer(&mut self) -> Result<&mut BufWriter<Box<dyn Write + Send>>, SinkError> {
        self.writer
            .as_mut()
            .ok_or_else(|| SinkError::Failed("it was written to before it was open".into()))
    }

    /// The error with the name of what was written to.
    fn problem(&self, error: io::Error) -> SinkError {
        let path = match &self.target {
            Target::Stdout => return named("standard output", error),
            Target::File { partial, .. } => partial,
            Target::Special(path) => path,
        };
        named(path.display(), error)
    }
}

/// A broken pipe stays what it is; any other error says what it is about.
fn named(target: impl std::fmt::Display, error: io::Error) -> SinkError {
    match SinkError::from(error) {
        SinkError::Failed(error) => SinkError::Failed(format!("{target}: {error}").into()),
        gone => gone,
    }
}

impl<T: Serialize> Sink<T> for JsonLines {
    fn open(&mut self) -> Result<(), SinkError> {
        let opened: io::Result<Box<dyn Write + Send>> = match &self.target {
            Target::Stdout => Ok(Box::new(io::stdout())),
            Target::File { partial, .. } => File::create(partial).map(|file| Box::new(file) as _),
            Target::Special(path) => File::options()
                .write(true)
                .open(path)
                .map(|file| Box::new(file) as _),
        };
        let writer = opened.map_err(|error| self.problem(error))?;
        self.writer = Some(BufWriter::with_capacity(BUFFER, writer));
        Ok(())
    }

    fn write(&mut self, _: Timestamp, value: T) -> Result<(), SinkError> {
        let writer = self.writer()?;
        let written = serde_json::to_writer(&mut *writer, &value)
            .map_err(io::Error::from)
            .and_then(|()| writer.write_all(b"\n"));
        written.map_err(|error| self.problem(error))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        let flushed = self.writer()?.flush();
        flushed.map_err(|error| self.problem(error))
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        if ending == Ending::Incomplete {
            // What is buffered still belongs to the part that was written; an
            // error now would hide the one that ended the job.
            let _ = writer.into_inner();
            return Ok(());
        }
        let finished = writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|_| match &self.target {
                Target::File { path, partial } => fs::rename(partial, path),
                Target::Stdout | Target::Special(_) => Ok(()),
            });
        finished.map_err(|error| self.problem(error))
    }
}

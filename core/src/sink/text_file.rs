use super::{Ending, SinkError};
use crate::source::BoxError;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Standard output, or a file that bears `.part` behind its name until it is whole:
/// what the sinks that write text write to.
pub(super) struct TextFile {
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

impl TextFile {
    pub(super) fn stdout() -> Self {
        Self {
            target: Target::Stdout,
            writer: None,
        }
    }

    pub(super) fn file(path: impl AsRef<Path>) -> Self {
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

    pub(super) fn open(&mut self) -> Result<(), SinkError> {
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

    /// Lets `write` write, and gives an error the name of what was written to.
    pub(super) fn write_with(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), SinkError> {
        let Some(writer) = &mut self.writer else {
            return Err(not_open());
        };
        write(writer).map_err(|error| self.problem(error))
    }

    pub(super) fn flush_out(&mut self) -> Result<(), SinkError> {
        self.write_with(|writer| writer.flush())
    }

    pub(super) fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
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

    /// The error with the name of what was written to. A broken pipe stays what it
    /// is.
    pub(super) fn problem(&self, error: io::Error) -> SinkError {
        match SinkError::from(error) {
            SinkError::Failed(error) => self.failed(error),
            other => other,
        }
    }

    /// The error with the name of what was written to.
    pub(super) fn failed(&self, error: impl Display) -> SinkError {
        let text: BoxError = match &self.target {
            Target::Stdout => format!("standard output: {error}").into(),
            Target::File { partial: path, .. } | Target::Special(path) => {
                format!("{}: {error}", path.display()).into()
            }
        };
        SinkError::Failed(text)
    }
}

impl Write for TextFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Some(writer) => writer.write(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Some(writer) => writer.flush(),
            None => Ok(()),
        }
    }
}

/// What writing says before there is anything to write to.
pub(super) fn not_open() -> SinkError {
    SinkError::Failed("it was written to before it was open".into())
}

use fluxus::source::{
    BoxError, Collector, Line, LinesSource, Pulled, ReaderLinesSource, Source, SourceContext,
};
use fluxus::{Error, Job};
use std::fs::File;
use std::path::Path;

/// The lines of a file, or of what only goes by the name of one: a pipe, a terminal.
/// Whoever reads that may have to wait, so it is read on a thread of its own, and
/// the job can be ended meanwhile.
pub(super) enum FileLines {
    File(LinesSource),
    Pipe(Box<ReaderLinesSource<File>>),
}

impl FileLines {
    /// Lines of at most `limit` bytes.
    pub(super) fn of(job: &Job, file: &Path, limit: usize) -> Result<Self, Error> {
        let is_pipe = file.metadata().is_ok_and(|metadata| !metadata.is_file());
        // What cannot be opened is told when it is read.
        match File::open(file) {
            Ok(pipe) if is_pipe => Ok(Self::Pipe(Box::new(job.reader_lines(pipe)?.limit(limit)))),
            _ => Ok(Self::File(LinesSource::new(file).limit(limit))),
        }
    }
}

impl Source for FileLines {
    type Item = Line;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        match self {
            Self::File(lines) => lines.open(context),
            Self::Pipe(lines) => lines.open(context),
        }
    }

    fn pull<C: Collector<Line>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        match self {
            Self::File(lines) => lines.pull(budget, out),
            Self::Pipe(lines) => lines.pull(budget, out),
        }
    }

    fn drain(&mut self) -> bool {
        match self {
            Self::File(lines) => lines.drain(),
            Self::Pipe(lines) => lines.drain(),
        }
    }

    fn close(&mut self) {
        match self {
            Self::File(lines) => lines.close(),
            Self::Pipe(lines) => lines.close(),
        }
    }
}

use super::line_cutter::{BadUtf8, Line, LineRules, RawLine, CHUNK};
use super::line_reader::{Advance, LineReader};
use super::{open_file, BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::{Collector, Flow};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;
use std::fs::File;
use std::path::{Path, PathBuf};

/// How much is read in one pull at the most, so that one endless line does not
/// keep its worker from everything else.
pub(super) const BYTES_A_PULL: usize = 16 * CHUNK;

/// The lines of a file, streamed: a file of any size takes the memory of its
/// longest line, and that is limited.
///
/// A line longer than the limit (1 MiB unless it is set) is left out and
/// counted as malformed.
pub struct LinesSource {
    path: PathBuf,
    rules: LineRules,
    reader: Option<LineReader<File>>,
    malformed: Option<CounterWriter>,
}

impl LinesSource {
    /// The lines of the file at `path`, which is opened when the job starts.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            rules: LineRules::limit(1 << 20),
            reader: None,
            malformed: None,
        }
    }

    /// The longest line that is kept, in bytes. Default 1 MiB.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.rules.limit = bytes;
        self
    }

    /// What is done with bad UTF-8. Default: it is replaced.
    pub fn bad_utf8(mut self, policy: BadUtf8) -> Self {
        self.rules.bad_utf8 = policy;
        self
    }
}

/// Hands a line on, if it is kept; counts it, if it is not as it should be.
/// Tells how many were handed on, and the answer.
pub(super) fn push_line<T>(
    raw: &RawLine<'_>,
    policy: BadUtf8,
    malformed: &mut Option<CounterWriter>,
    out: &mut impl Collector<T>,
    line: impl FnOnce(String) -> T,
) -> (usize, Flow) {
    let (text, is_sound) = raw.text(policy);
    if !is_sound {
        if let Some(malformed) = malformed {
            malformed.add(1);
        }
    }
    match text {
        Some(text) => (1, out.push(Timestamp::MIN, line(text.into_owned()))),
        None => (0, Flow::Open),
    }
}

impl Source for LinesSource {
    type Item = Line;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.malformed = Some(context.malformed);
        let file = open_file(&self.path)?;
        self.reader = Some(LineReader::new(file, self.rules.limit));
        Ok(())
    }

    fn pull<C: Collector<Line>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
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
            if let RawLine::Whole(text) = raw {
                bytes += text.len();
            }
            let (records, flow) = push_line(
                &raw,
                self.rules.bad_utf8,
                &mut self.malformed,
                out,
                |text| Line { number, text },
            );
            pulled.records += records;
            pulled.flow = flow;
        }
        pulled.status = SourceStatus::Ready;
        Ok(pulled)
    }

    fn close(&mut self) {
        self.reader = None;
    }
}

use super::line_cutter::{BadUtf8, Line, LineRules, RawLine, CHUNK};
use super::line_reader::{Advance, LineReader};
use super::lines::{push_line, BYTES_A_PULL};
use super::{open_file, BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::{Collector, Flow, WallClock};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where a file is followed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FollowFrom {
    /// Its first line.
    #[default]
    Start,
    /// What is written to it after the job has started.
    End,
}

/// What is done when there is no file of that name as the job starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenMissing {
    /// The job fails: the name may be wrong.
    #[default]
    Fail,
    /// It is waited for.
    Wait,
}

/// The lines of a file that grows, as they are written: `tail -F`.
///
/// A last line without its end waits for the rest. When the file is renamed or
/// removed and another one bears its name, what is still written to the old one is
/// read until it has been quiet for one look, then the new one from its start.
/// When the file has become shorter it is read from its start again. (One that was
/// truncated and has grown beyond what it was between two looks cannot be told from
/// one that has only grown.) The unfinished last line of a file that is left behind
/// is handed on as it is.
///
/// At the end of the file it is looked at again every 100 ms of the job's clock,
/// unless that is [set](Self::look_every); meanwhile the worker is free. It never
/// ends by itself: a drain ends it, when what the file held at that moment was read.
pub struct FollowSource {
    path: PathBuf,
    rules: LineRules,
    from: FollowFrom,
    missing: WhenMissing,
    every: Duration,
    reader: Option<LineReader<File>>,
    malformed: Option<CounterWriter>,
    wall: Option<Arc<dyn WallClock>>,
    /// When the end was reached, if nothing has been read since.
    at_end: Option<Timestamp>,
    /// Another file has had the name since then, and this one has been quiet.
    left: Option<Timestamp>,
    /// The length of the file when the job began to drain.
    until: Option<u64>,
    is_drained: bool,
}

/// What was found at the end of the file.
enum Found {
    /// It is the same, and no longer than it was.
    Nothing,
    Truncated,
    Another(File),
}

impl FollowSource {
    /// The lines of the file at `path`, which is opened when the job starts.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_path_buf(),
            rules: LineRules::limit(1 << 20),
            from: FollowFrom::default(),
            missing: WhenMissing::default(),
            every: Duration::from_millis(100),
            reader: None,
            malformed: None,
            wall: None,
            at_end: None,
            left: None,
            until: None,
            is_drained: false,
        }
    }

    /// The longest line that is kept, in bytes. Default 1 MiB. A longer one is left
    /// out and counted as malformed.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.rules.limit = bytes;
        self
    }

    /// What is done with bad UTF-8. Default: it is replaced.
    pub fn bad_utf8(mut self, policy: BadUtf8) -> Self {
        self.rules.bad_utf8 = policy;
        self
    }

    /// Where it begins. Default: at the first line.
    pub fn from(mut self, from: FollowFrom) -> Self {
        self.from = from;
        self
    }

    /// What is done when there is no such file. Default: the job fails.
    pub fn when_missing(mut self, policy: WhenMissing) -> Self {
        self.missing = policy;
        self
    }

    /// How often it is looked for more, at least a millisecond apart. Default
    /// 100 ms: what a line may have to wait.
    pub fn look_every(mut self, period: Duration) -> Self {
        self.every = period.max(Duration::from_millis(1));
        self
    }

    fn now(&self) -> Timestamp {
        self.wall.as_ref().map_or(Timestamp::MIN, |wall| wall.now())
    }

    fn problem(&self, error: &std::io::Error) -> BoxError {
        format!("{}: {error}", self.path.display()).into()
    }

    /// How long it is until the next look; none when it is due.
    fn rest(&self, now: Timestamp) -> Option<Duration> {
        let since = self.at_end?;
        // A clock that has stepped back does not say how long it is: look.
        let waited = since_then(since, now)?;
        self.every
            .checked_sub(waited)
            .filter(|rest| !rest.is_zero())
    }

    /// What has become of the file whose end was reached, at `now`.
    fn look(&mut self, now: Timestamp) -> Result<Found, BoxError> {
        let successor = self.successor()?;
        let Some(reader) = &self.reader else {
            return Ok(successor.map_or(Found::Nothing, Found::Another));
        };
        if let Some(file) = successor {
            // Whoever writes may still have the old one open.
            let since = *self.left.get_or_insert(now);
            let is_quiet = since_then(since, now).map_or(true, |waited| waited >= self.every);
            return Ok(match is_quiet {
                true => Found::Another(file),
                false => Found::Nothing,
            });
        }
        self.left = None;
        let mut file = reader.reader();
        let length = file.metadata().map(|file| file.len());
        let length = length.map_err(|error| self.problem(&error))?;
        let position = file.stream_position();
        let position = position.map_err(|error| self.problem(&error))?;
        if length < position {
            let back = file.seek(SeekFrom::Start(0));
            back.map_err(|error| self.problem(&error))?;
            return Ok(Found::Truncated);
        }
        Ok(Found::Nothing)
    }

    fn open_if_there(&self) -> Result<Option<File>, BoxError> {
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            // Removed just now: it comes again, or another one does.
            _ => match open_file(&self.path) {
                Err(_) if !self.path.exists() => Ok(None),
                opened => opened.map(Some),
            },
        }
    }

    /// The file that bears the name now, if that is another one than is being read.
    fn successor(&self) -> Result<Option<File>, BoxError> {
        let Some(reader) = &self.reader else {
            return self.open_if_there();
        };
        let open = reader.reader().metadata();
        let open = open.map_err(|error| self.problem(&error))?;
        match fs::metadata(&self.path) {
            Ok(named) if is_same(&open, &named) => Ok(None),
            // It may be gone again, or back, by the time it is opened.
            _ => match self.open_if_there()? {
                Some(file) if file.metadata().is_ok_and(|named| is_same(&open, &named)) => Ok(None),
                other => Ok(other),
            },
        }
    }

    /// Goes on with another file.
    fn follow(&mut self, file: File) {
        (self.at_end, self.left) = (None, None);
        match &mut self.reader {
            Some(reader) => reader.set_reader(file),
            none => *none = Some(LineReader::new(file, self.rules.limit)),
        }
    }

    /// Whether everything that the file held when the drain began was read.
    fn has_drained(&self) -> bool {
        let Some(until) = self.until else {
            return false;
        };
        let Some(reader) = &self.reader else {
            return true;
        };
        let position = reader.reader().stream_position();
        !reader.has_unread() && position.map_or(true, |position| position >= until)
    }

    /// Hands on the last line, though it did not end.
    fn finish<C: Collector<Line>>(&mut self, pulled: &mut Pulled, out: &mut C) {
        if let Some((number, raw)) = self.reader.as_mut().and_then(LineReader::finish) {
            let line = |text| Line { number, text };
            let (records, flow) =
                push_line(&raw, self.rules.bad_utf8, &mut self.malformed, out, line);
            pulled.records += records;
            pulled.flow = flow;
        }
    }
}

/// How long after `then` it is; none if it is before.
fn since_then(then: Timestamp, now: Timestamp) -> Option<Duration> {
    let nanos = i128::from(now.nanos()) - i128::from(then.nanos());
    u64::try_from(nanos).ok().map(Duration::from_nanos)
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.created().ok() == other.created().ok()
}

impl Source for FollowSource {
    type Item = Line;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.malformed = Some(context.malformed);
        self.wall = Some(context.wall);
        let file = match self.missing {
            WhenMissing::Fail => Some(open_file(&self.path)?),
            WhenMissing::Wait => self.open_if_there()?,
        };
        let Some(mut file) = file else {
            return Ok(());
        };
        if self.from == FollowFrom::End {
            let sought = file.seek(SeekFrom::End(0));
            sought.map_err(|error| self.problem(&error))?;
        }
        self.reader = Some(LineReader::new(file, self.rules.limit));
        Ok(())
    }

    fn pull<C: Collector<Line>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ready,
            flow: Flow::Open,
        };
        let now = self.now();
        if let Some(rest) = self.rest(now).filter(|_| self.until.is_none()) {
            pulled.status = SourceStatus::IdleFor(rest);
            return Ok(pulled);
        }
        let mut bytes = 0;
        while pulled.records < budget && bytes < BYTES_A_PULL && pulled.flow.is_open() {
            if self.has_drained() {
                self.finish(&mut pulled, out);
                if let Some(file) = self.successor()? {
                    let length = file.metadata().map_or(0, |file| file.len());
                    self.until = Some(length);
                    self.follow(file);
                    continue;
                }
                self.is_drained = true;
                pulled.status = SourceStatus::Ended;
                break;
            }
            let advance = match &mut self.reader {
                Some(reader) => reader.advance(),
                None => Ok(Advance::End),
            };
            let advance = advance.map_err(|error| format!("{}: {error}", self.path.display()))?;
            let (number, raw) = match advance {
                Advance::Line(number, raw) => (number, raw),
                Advance::Part | Advance::Blocked => {
                    (self.at_end, self.left) = (None, None);
                    bytes += CHUNK;
                    continue;
                }
                Advance::End => {
                    match self.look(now)? {
                        Found::Nothing if self.until.is_some() => {
                            // It was cut short: there is nothing more.
                            self.until = Some(0);
                            continue;
                        }
                        Found::Nothing => {
                            self.at_end = Some(now);
                            pulled.status = SourceStatus::IdleFor(self.every);
                            break;
                        }
                        Found::Truncated => self.finish(&mut pulled, out),
                        Found::Another(file) => {
                            self.finish(&mut pulled, out);
                            self.follow(file);
                        }
                    }
                    continue;
                }
            };
            (self.at_end, self.left) = (None, None);
            if let RawLine::Whole(text) = raw {
                bytes += text.len();
            }
            let line = |text| Line { number, text };
            let (records, flow) =
                push_line(&raw, self.rules.bad_utf8, &mut self.malformed, out, line);
            pulled.records += records;
            pulled.flow = flow;
        }
        Ok(pulled)
    }

    fn drain(&mut self) -> bool {
        if self.until.is_none() {
            let length = match &self.reader {
                Some(reader) => reader.reader().metadata().map_or(0, |file| file.len()),
                None => 0,
            };
            self.until = Some(length);
        }
        !self.is_drained
    }

    fn close(&mut self) {
        self.reader = None;
    }
}

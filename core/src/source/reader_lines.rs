use super::channel::{input, ChannelSource, Input, Taken};
use super::line_cutter::{BadUtf8, Line, LineRules, CHUNK};
use super::line_reader::{Advance, LineReader};
use super::lines::{push_line, BYTES_A_PULL};
use super::{BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::{Collector, Error, Flow, Plan};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;
use std::io::{self, ErrorKind, Read};
use std::thread;

/// How many chunks may lie between the thread that reads and the job.
const CHUNKS: usize = 16;

/// The lines of anything that blocks when it is read: standard input, a pipe, a
/// terminal, what another program says.
///
/// A thread of its own reads it, so that no worker ever waits; what it has read and
/// the job has not taken is bounded (1 MiB), and then it stops reading. When the job
/// ends first, the thread ends as soon as its read returns. A line longer than the
/// limit (1 MiB unless it is set) is left out and counted as malformed.
pub struct ReaderLinesSource<R> {
    rules: LineRules,
    /// Until the job starts.
    idle: Option<(R, Input<Chunk>)>,
    lines: LineReader<Chunks>,
    malformed: Option<CounterWriter>,
    is_over: bool,
}

type Chunk = io::Result<Vec<u8>>;

impl<R: Read + Send + 'static> ReaderLinesSource<R> {
    /// The lines of `reader`, which is read from when the job has started.
    ///
    /// # Errors
    /// When there is no memory for the ring between the thread and the job.
    pub fn new(plan: &Plan, reader: R) -> Result<Self, Error> {
        let (input, chunks) = input(plan, CHUNKS)?;
        let rules = LineRules::limit(1 << 20);
        let chunks = Chunks {
            chunks,
            current: Vec::new(),
            taken: 0,
        };
        Ok(Self {
            rules,
            idle: Some((reader, input)),
            lines: LineReader::new(chunks, rules.limit),
            malformed: None,
            is_over: false,
        })
    }

    /// The longest line that is kept, in bytes. Default 1 MiB.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.rules.limit = bytes;
        self.lines.set_limit(bytes);
        self
    }

    /// What is done with bad UTF-8. Default: it is replaced.
    pub fn bad_utf8(mut self, policy: BadUtf8) -> Self {
        self.rules.bad_utf8 = policy;
        self
    }
}

/// Reads until there is nothing more, or nobody takes it.
fn feed(mut reader: impl Read, mut input: Input<Chunk>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let chunk = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(buffer[..count.min(CHUNK)].to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_last = chunk.is_err();
        if input.send(Timestamp::MIN, chunk).is_err() || is_last {
            return;
        }
    }
}

/// What the thread has read, as something to read from that never blocks.
struct Chunks {
    chunks: ChannelSource<Chunk>,
    current: Vec<u8>,
    taken: usize,
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.current.len() {
            (self.current, self.taken) = (Vec::new(), 0);
            self.current = match self.chunks.take_one() {
                Ok(Taken::Record(chunk)) => chunk?,
                Ok(Taken::Nothing) => return Err(ErrorKind::WouldBlock.into()),
                Ok(Taken::Ended) => return Ok(0),
                Err(error) => return Err(io::Error::other(error)),
            };
        }
        let mut rest = self.current.get(self.taken..).unwrap_or_default();
        let count = rest.read(into)?;
        self.taken += count;
        Ok(count)
    }
}

impl<R: Read + Send + 'static> Source for ReaderLinesSource<R> {
    type Item = Line;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.malformed = Some(context.malformed);
        if let Some((reader, input)) = self.idle.take() {
            let thread = thread::Builder::new().name("fluxus-reader".to_owned());
            // Not joined: it may wait in a read for ever.
            thread
                .spawn(move || feed(reader, input))
                .map_err(|error| format!("the thread that reads cannot be started: {error}"))?;
        }
        Ok(())
    }

    fn pull<C: Collector<Line>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ready,
            flow: Flow::Open,
        };
        let mut bytes = 0;
        while pulled.records < budget && bytes < BYTES_A_PULL && pulled.flow.is_open() {
            let (number, raw) = match self.lines.advance()? {
                Advance::Line(number, raw) => (number, raw),
                Advance::Part => {
                    bytes += CHUNK;
                    continue;
                }
                Advance::Blocked => {
                    if pulled.records == 0 {
                        pulled.status = SourceStatus::Idle;
                    }
                    break;
                }
                Advance::End => match self.lines.finish() {
                    Some(last) => last,
                    None => {
                        self.is_over = true;
                        pulled.status = SourceStatus::Ended;
                        break;
                    }
                },
            };
            let line = |text| Line { number, text };
            let (records, flow) =
                push_line(&raw, self.rules.bad_utf8, &mut self.malformed, out, line);
            pulled.records += records;
            pulled.flow = flow;
        }
        Ok(pulled)
    }

    fn drain(&mut self) -> bool {
        // What the thread has read by now is still taken.
        self.lines.reader_mut().chunks.drain();
        !self.is_over
    }

    fn close(&mut self) {
        self.lines.reader_mut().chunks.close();
        self.idle = None;
    }
}

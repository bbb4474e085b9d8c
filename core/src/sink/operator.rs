use crate::metrics::Measure;
use crate::operator::Gather;
use crate::source::BoxError;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Signal, Stamp, WallClock};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;
use hdrhistogram::Histogram;
use std::fmt;
use std::sync::Arc;

/// How a stream came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything was written.
    Complete,
    /// The job was stopped or failed: what was written is not all.
    Incomplete,
}

/// Why a sink did not write.
#[derive(Debug)]
pub enum SinkError {
    /// Whoever reads the output has gone and wants no more (a closed pipe): the
    /// stream ends here, quietly.
    ReaderGone,
    /// What was asked for was taken and is not done yet: [`Sink::resume`] is called
    /// until it is, before anything else.
    Busy,
    /// The sink failed, and the job with it.
    Failed(BoxError),
}

impl From<std::io::Error> for SinkError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => SinkError::ReaderGone,
            _ => SinkError::Failed(error.into()),
        }
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReaderGone => f.write_str("whoever read the output has gone"),
            Self::Busy => f.write_str("the sink has not done yet what it was asked for"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// What a sink is given when it is opened.
#[derive(Clone)]
#[non_exhaustive]
pub struct SinkContext {
    /// The time of the wall, as the job has it: a test moves it by hand.
    pub wall: Arc<dyn WallClock>,
    name: Name,
    instance: Instance,
}

impl SinkContext {
    /// A counter of its own, which readings and reports have under the sink's name.
    pub fn counter(&self, measure: Measure) -> CounterWriter {
        self.instance.counter(&self.name, measure)
    }
}

/// Takes the records of a whole stream, on one thread, and may fail.
///
/// [`open`](Self::open) is called once, before anything else; [`close`](Self::close)
/// once after it, whatever happens, also when it failed: with [`Ending::Complete`] when the stream has
/// ended and everything was written, else with [`Ending::Incomplete`].
///
/// A sink never waits, for it shares its thread with the rest of the job. One that
/// cannot go on at once (a socket that takes no more, say) keeps what it was given
/// and answers [`SinkError::Busy`]; the stream is held back, and
/// [`resume`](Self::resume) is called every few milliseconds until it says that all
/// is done. Whatever was given is taken, in any case: the job hands no record over
/// twice.
///
/// ```
/// use fluxus_core::sink::{Ending, Sink, SinkError};
/// use fluxus_windows::Timestamp;
///
/// /// Keeps the longest line.
/// struct Longest(String);
///
/// impl Sink<String> for Longest {
///     fn write(&mut self, _: Timestamp, line: String) -> Result<(), SinkError> {
///         if line.len() > self.0.len() {
///             self.0 = line;
///         }
///         Ok(())
///     }
///     fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
///         println!("{ending:?}: {}", self.0);
///         Ok(())
///     }
/// }
/// ```
pub trait Sink<T>: Send + 'static {
    /// Called once, on the worker's thread, before anything is written.
    ///
    /// # Errors
    /// When there is nothing to write to: the job fails.
    fn open(&mut self, context: SinkContext) -> Result<(), SinkError> {
        let _ = context;
        Ok(())
    }

    /// Goes on with what was answered with [`SinkError::Busy`].
    ///
    /// # Errors
    /// When it is still not done, or cannot be. Behind a [`Retry`](crate::Retry) it is
    /// called again after a [`Transient`](crate::Transient) error.
    fn resume(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Takes a record.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&mut self, time: Timestamp, value: T) -> Result<(), SinkError>;

    /// Event time has reached `time`: all results up to it have been written.
    ///
    /// # Errors
    /// When what this sets free cannot be written.
    fn watermark(&mut self, time: Timestamp) -> Result<(), SinkError> {
        let _ = time;
        Ok(())
    }

    /// A batch in which something was written has ended, or a watermark has
    /// come: what was buffered should go out.
    ///
    /// # Errors
    /// When it cannot be written.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Called once, at the end. With [`Ending::Complete`] it also finishes what
    /// it wrote; before it come `watermark` at the end of time and `flush`. What
    /// takes time belongs there: this must not answer that it is busy.
    ///
    /// # Errors
    /// When what was written cannot be finished.
    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        let _ = ending;
        Ok(())
    }
}

/// Brings `upstream` to its end in `sink`, its instances gathered into one.
///
/// # Errors
/// What cannot be, with the operator's name.
pub fn write_to<U, S>(plan: &mut Plan, name: Name, upstream: U, sink: S) -> Result<(), Error>
where
    U: Chain,
    S: Sink<U::Item>,
{
    let mut sink = Some(sink);
    plan.operator(&name);
    let gathered = Gather::new(name.clone(), upstream);
    gathered.lower(plan, move |instance| SinkOperator {
        name: name.clone(),
        // Gathered into one instance, so it is asked for once.
        sink: sink.take(),
        state: State::New,
        doing: Doing::Nothing,
        marker: None,
        is_ending: false,
        unflushed: 0,
        latency: Latency::new(instance),
        written: instance.counter(&name, Measure::RecordsOut),
        instance: instance.clone(),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    /// Open, but its reader has gone: it is only closed.
    Gone,
    Closed,
}

/// What the sink was asked for and has not done yet.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Doing {
    #[default]
    Nothing,
    /// Opening, or a record: nothing follows.
    Alone,
    /// A watermark: a flush follows.
    Raising,
    Flushing,
}

struct SinkOperator<S> {
    name: Name,
    sink: Option<S>,
    state: State,
    doing: Doing,
    /// Comes into force when what came before it is out.
    marker: Option<Stamp>,
    /// The stream has ended: the sink is closed when everything is out.
    is_ending: bool,
    /// Records written since the last flush.
    unflushed: u64,
    latency: Latency,
    written: CounterWriter,
    instance: Instance,
}

impl<S> SinkOperator<S> {
    /// Calls the sink, its name at hand in case it panics, and turns its answer
    /// into a flow.
    fn call(&mut self, doing: Doing, action: impl FnOnce(&mut S) -> Result<(), SinkError>) -> Flow {
        let Some(sink) = &mut self.sink else {
            return Flow::Finished;
        };
        let culprit = Culprit::new(&self.name);
        let result = action(sink);
        culprit.cleared();
        match result {
            Ok(()) => Flow::Open,
            Err(SinkError::Busy) if doing == Doing::Nothing => {
                let problem =
                    "it was busy when it was closed: what takes time belongs in its flush";
                self.instance.fail(&self.name, problem)
            }
            Err(SinkError::Busy) => {
                self.doing = doing;
                Flow::Full
            }
            Err(SinkError::ReaderGone) => {
                if self.state == State::Open {
                    self.state = State::Gone;
                }
                Flow::Finished
            }
            Err(SinkError::Failed(error)) => self.instance.fail(&self.name, error),
        }
    }

    /// What was written since the last flush is out, or never will be.
    fn flushed(&mut self) {
        self.latency.record(self.unflushed);
        self.written.add(self.unflushed);
        self.unflushed = 0;
    }
}

impl<S> SinkOperator<S> {
    /// Flushes what was written since the last flush, if anything was.
    fn flush_sink<T>(&mut self) -> Flow
    where
        S: Sink<T>,
    {
        if self.unflushed == 0 || self.state != State::Open {
            return Flow::Open;
        }
        self.flush_now()
    }

    fn flush_now<T>(&mut self) -> Flow
    where
        S: Sink<T>,
    {
        let flow = self.call(Doing::Flushing, S::flush);
        if flow != Flow::Full {
            self.flushed();
        }
        flow
    }

    /// Does what a signal asks for behind what came before it, unless that is
    /// still being done.
    fn settle<T>(&mut self, flow: Flow) -> Flow
    where
        S: Sink<T>,
    {
        if flow == Flow::Full {
            return flow;
        }
        if let Some(born) = self.marker.take() {
            self.latency.born = born;
        }
        if !self.is_ending || self.state == State::Closed {
            return flow;
        }
        // If it failed, or its reader has gone, it is closed all the same.
        let ending = match flow.is_open() && self.state == State::Open {
            true => Ending::Complete,
            false => Ending::Incomplete,
        };
        flow.max(self.close::<T>(ending))
    }

    fn close<T>(&mut self, ending: Ending) -> Flow
    where
        S: Sink<T>,
    {
        let was = std::mem::replace(&mut self.state, State::Closed);
        if !matches!(was, State::Open | State::Gone) {
            return Flow::Open;
        }
        self.latency.hand_in(&self.instance);
        self.call(Doing::Nothing, |sink| sink.close(ending))
    }
}

impl<T, S: Sink<T>> Collector<T> for SinkOperator<S> {
    fn open(&mut self) -> Flow {
        self.state = State::Open;
        let context = SinkContext {
            wall: Arc::clone(&self.instance.wall),
            name: self.name.clone(),
            instance: self.instance.clone(),
        };
        self.call(Doing::Alone, |sink| sink.open(context))
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.unflushed += 1;
        self.call(Doing::Alone, |sink| sink.write(time, value))
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        let flow = match (signal, signal.raises_time_to()) {
            (Signal::Marker(born), _) => {
                // What came before belongs to the marker before.
                self.marker = Some(born);
                self.flush_sink::<T>()
            }
            (_, Some(time)) if self.state == State::Open => {
                // The results of a window end here, perhaps in the middle of a
                // batch of the source: they must not wait for the next one. Nor
                // must what a sink writes only now.
                match self.call(Doing::Raising, |sink| sink.watermark(time)) {
                    Flow::Open => self.flush_now::<T>(),
                    flow => flow,
                }
            }
            _ => Flow::Open,
        };
        self.is_ending |= signal == Signal::End;
        self.settle::<T>(flow)
    }

    fn end_batch(&mut self) -> Flow {
        self.flush_sink::<T>()
    }

    fn resume(&mut self) -> Flow {
        let doing = std::mem::take(&mut self.doing);
        let mut flow = match doing {
            Doing::Nothing => Flow::Open,
            doing => self.call(doing, S::resume),
        };
        match doing {
            Doing::Raising if flow.is_open() => flow = self.flush_now::<T>(),
            Doing::Flushing if flow != Flow::Full => self.flushed(),
            _ => {}
        }
        self.settle::<T>(flow)
    }

    fn flush(&mut self) {}

    fn abort(&mut self) {
        let _ = self.close::<T>(Ending::Incomplete);
    }
}

/// How long after the watermark that set it free each record was out.
struct Latency {
    born: Stamp,
    histogram: Option<Histogram<u64>>,
    clock: crate::Clock,
}

impl Latency {
    fn new(instance: &Instance) -> Self {
        let histogram = match instance.clock.now().is_some() {
            // Three digits, as is the custom; it resizes itself.
            true => Histogram::new(3).ok(),
            false => None,
        };
        Self {
            born: Stamp::NONE,
            histogram,
            clock: instance.clock,
        }
    }

    fn record(&mut self, count: u64) {
        if let Some(histogram) = &mut self.histogram {
            if self.born.is_some() {
                let elapsed = self.clock.now().since(self.born).as_nanos();
                let nanos = u64::try_from(elapsed).unwrap_or(u64::MAX);
                // It resizes itself, so no value is out of its range.
                let _ = histogram.record_n(nanos.max(1), count);
            }
        }
    }

    fn hand_in(&mut self, instance: &Instance) {
        if let Some(histogram) = self.histogram.take() {
            instance.latencies.hand_in(&histogram);
        }
    }
}

use super::{Ending, Sink, SinkContext, SinkError};
use crate::metrics::Measure;
use crate::retry::Backoff;
use crate::Retry;
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;

/// A sink that is tried again when it fails with a [`Transient`](crate::Transient)
/// error. See [`Retry`].
///
/// It keeps a copy of the record in hand until that is written, so a record that
/// failed is neither lost nor, as the error promises that nothing of it was done,
/// doubled. Meanwhile the stream is held back. Closing is not tried again.
pub struct RetryingSink<S, T> {
    sink: S,
    backoff: Backoff,
    context: Option<SinkContext>,
    retries: Option<CounterWriter>,
    /// The record in hand.
    held: Option<(Timestamp, T)>,
    doing: Doing,
}

/// What the sink was asked for last.
#[derive(Clone, Copy)]
enum Doing {
    Open,
    Write,
    Watermark(Timestamp),
    Flush,
    /// It was busy: it has taken what it was given.
    Resume,
}

impl<S, T> RetryingSink<S, T> {
    pub(crate) fn new(retry: Retry, sink: S) -> Self {
        Self {
            sink,
            backoff: Backoff::new(retry),
            context: None,
            retries: None,
            held: None,
            doing: Doing::Open,
        }
    }
}

impl<S: Sink<T>, T: Clone + Send + 'static> RetryingSink<S, T> {
    fn begin(&mut self, doing: Doing) -> Result<(), SinkError> {
        self.doing = doing;
        self.attempt()
    }

    /// Does once what is to be done.
    fn attempt(&mut self) -> Result<(), SinkError> {
        let Some(context) = &self.context else {
            return Err(super::text_file::not_open());
        };
        let done = match self.doing {
            Doing::Open => self.sink.open(context.clone()),
            Doing::Write => match self.held.clone() {
                Some((time, value)) => self.sink.write(time, value),
                None => Ok(()),
            },
            Doing::Watermark(time) => self.sink.watermark(time),
            Doing::Flush => self.sink.flush(),
            Doing::Resume => self.sink.resume(),
        };
        let error = match done {
            Err(SinkError::Failed(error)) => error,
            Err(SinkError::Busy) => {
                self.held = None;
                self.doing = Doing::Resume;
                return Err(SinkError::Busy);
            }
            done_or_gone => {
                self.backoff.succeeded();
                self.held = None;
                return done_or_gone;
            }
        };
        match self.backoff.failed(context.wall.now(), error) {
            Ok(_) => {
                if let Some(retries) = &mut self.retries {
                    retries.add(1);
                }
                Err(SinkError::Busy)
            }
            Err(error) => Err(SinkError::Failed(error)),
        }
    }
}

impl<S: Sink<T>, T: Clone + Send + 'static> Sink<T> for RetryingSink<S, T> {
    fn open(&mut self, context: SinkContext) -> Result<(), SinkError> {
        self.retries = Some(context.counter(Measure::Retries));
        self.context = Some(context);
        self.begin(Doing::Open)
    }

    fn resume(&mut self) -> Result<(), SinkError> {
        let now = self.context.as_ref().map(|context| context.wall.now());
        match now.and_then(|now| self.backoff.rest(now)) {
            Some(_) => Err(SinkError::Busy),
            None => self.attempt(),
        }
    }

    fn write(&mut self, time: Timestamp, value: T) -> Result<(), SinkError> {
        self.held = Some((time, value));
        self.begin(Doing::Write)
    }

    fn watermark(&mut self, time: Timestamp) -> Result<(), SinkError> {
        self.begin(Doing::Watermark(time))
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.begin(Doing::Flush)
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        self.sink.close(ending)
    }
}

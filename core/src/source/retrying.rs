use super::{BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::metrics::Measure;
use crate::retry::Backoff;
use crate::{Collector, Flow, Retry, Signal};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::Timestamp;
use std::time::Duration;

/// A source that is tried again when it fails with a
/// [`Transient`](crate::Transient) error: it is opened again if it was opening, else
/// pulled again. See [`Retry`].
///
/// What it pushed before it failed is out and stays out: a source goes on behind it.
/// One whose connection breaks makes another in its next pull.
pub struct RetryingSource<S> {
    source: S,
    backoff: Backoff,
    context: Option<SourceContext>,
    retries: Option<CounterWriter>,
    is_open: bool,
    /// It was told to open, whether that went well or not.
    was_opened: bool,
}

impl<S: Source> RetryingSource<S> {
    pub(crate) fn new(retry: Retry, source: S) -> Self {
        Self {
            source,
            backoff: Backoff::new(retry),
            context: None,
            retries: None,
            is_open: false,
            was_opened: false,
        }
    }

    /// It failed: how long to wait, if it is tried again.
    fn failed(&mut self, error: BoxError) -> Result<Duration, BoxError> {
        let now = match &self.context {
            Some(context) => context.wall.now(),
            None => return Err(error),
        };
        let pause = self.backoff.failed(now, error)?;
        if let Some(retries) = &mut self.retries {
            retries.add(1);
        }
        Ok(pause)
    }

    /// Opens the source, or tries to.
    fn try_to_open(&mut self) -> Result<Option<Duration>, BoxError> {
        let Some(context) = &self.context else {
            return Ok(None);
        };
        self.was_opened = true;
        match self.source.open(context.again()) {
            Ok(()) => {
                self.backoff.succeeded();
                self.is_open = true;
                Ok(None)
            }
            Err(error) => self.failed(error).map(Some),
        }
    }
}

impl<S: Source> Source for RetryingSource<S> {
    type Item = S::Item;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.retries = Some(context.counter(Measure::Retries));
        self.context = Some(context);
        self.try_to_open().map(|_| ())
    }

    fn pull<C: Collector<S::Item>>(
        &mut self,
        budget: usize,
        out: &mut C,
    ) -> Result<Pulled, BoxError> {
        let mut pulled = Pulled {
            records: 0,
            status: SourceStatus::Ready,
            flow: Flow::Open,
        };
        let now = self.context.as_ref().map(|context| context.wall.now());
        if let Some(rest) = now.and_then(|now| self.backoff.rest(now)) {
            pulled.status = SourceStatus::IdleFor(rest);
            return Ok(pulled);
        }
        if !self.is_open {
            if let Some(pause) = self.try_to_open()? {
                pulled.status = SourceStatus::IdleFor(pause);
                return Ok(pulled);
            }
        }
        let mut noted = Noted {
            records: 0,
            flow: Flow::Open,
            next: out,
        };
        let result = self.source.pull(budget, &mut noted);
        (pulled.records, pulled.flow) = (noted.records, noted.flow);
        match result {
            Ok(pulled) => {
                self.backoff.succeeded();
                Ok(pulled)
            }
            // The chain says why, if it was that which failed.
            Err(_) if pulled.flow == Flow::Failed => Ok(pulled),
            Err(error) => {
                pulled.status = SourceStatus::IdleFor(self.failed(error)?);
                Ok(pulled)
            }
        }
    }

    fn drain(&mut self) -> bool {
        self.is_open && self.source.drain()
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.was_opened) {
            self.source.close();
        }
    }
}

/// A chain that takes note of what it was given: a source that fails does not say
/// how far it came.
struct Noted<'a, C> {
    records: usize,
    flow: Flow,
    next: &'a mut C,
}

impl<C> Noted<'_, C> {
    #[inline]
    fn note(&mut self, flow: Flow) -> Flow {
        self.flow = flow;
        flow
    }
}

impl<T, C: Collector<T>> Collector<T> for Noted<'_, C> {
    fn open(&mut self) -> Flow {
        let flow = self.next.open();
        self.note(flow)
    }

    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.records += 1;
        let flow = self.next.push(time, value);
        self.note(flow)
    }

    #[inline]
    fn push_each<I: Iterator<Item = (Timestamp, T)>>(&mut self, records: I) -> Flow {
        let count = &mut self.records;
        let flow = self.next.push_each(records.inspect(|_| *count += 1));
        self.note(flow)
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        let flow = self.next.signal(signal);
        self.note(flow)
    }

    fn end_batch(&mut self) -> Flow {
        let flow = self.next.end_batch();
        self.note(flow)
    }

    fn resume(&mut self) -> Flow {
        let flow = self.next.resume();
        self.note(flow)
    }

    fn flush(&mut self) {
        self.next.flush();
    }

    fn abort(&mut self) {
        self.next.abort();
    }
}

use super::describe;
use crate::collector::pass_on;
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan, Signal, Spread, WallClock};
use fluxus_windows::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// For how long a stream may be silent before it is idle and no longer holds
/// back the event time of the streams that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleTimeout(i64);

impl IdleTimeout {
    /// So long; more than 292 years are taken for 292 years.
    ///
    /// # Errors
    /// [`IdleTimeoutError`] when it is zero.
    pub fn new(timeout: Duration) -> Result<Self, IdleTimeoutError> {
        Self::from_nanos(i64::try_from(timeout.as_nanos()).unwrap_or(i64::MAX))
    }

    /// So many nanoseconds.
    ///
    /// # Errors
    /// [`IdleTimeoutError`] when it is zero or negative.
    pub fn from_nanos(nanos: i64) -> Result<Self, IdleTimeoutError> {
        match nanos {
            nanos if nanos <= 0 => Err(IdleTimeoutError { nanos }),
            nanos => Ok(Self(nanos)),
        }
    }
}

/// A timeout that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleTimeoutError {
    nanos: i64,
}

impl fmt::Display for IdleTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an idle timeout of {} ns would call a stream idle between any two records: \
             choose at least 1 ns",
            self.nanos
        )
    }
}

impl std::error::Error for IdleTimeoutError {}

/// Says that a stream is idle when nothing has come for a time, neither a record
/// nor a watermark, and that it is active again ahead of the next one.
///
/// The time is the job's clock's, read at the end of batches without records.
pub struct IdleAfter<U> {
    name: Name,
    upstream: U,
    timeout: IdleTimeout,
}

describe!(IdleAfter<U>);

impl<U> IdleAfter<U> {
    /// What `upstream` yields, idle after `timeout` without a record.
    pub fn new(name: Name, upstream: U, timeout: IdleTimeout) -> Self {
        Self {
            name,
            upstream,
            timeout,
        }
    }
}

impl<U: Chain> Chain for IdleAfter<U> {
    type Item = U::Item;

    fn instances(&self, plan: &Plan) -> Spread {
        self.upstream.instances(plan)
    }

    fn lower<C, D>(self, plan: &mut Plan, mut downstream: D) -> Result<(), Error>
    where
        C: Collector<U::Item> + Send + 'static,
        D: FnMut(&Instance) -> C,
    {
        plan.operator(&self.name);
        let timeout = self.timeout.0;
        self.upstream
            .lower(plan, move |instance| IdleAfterOperator {
                timeout,
                wall: Arc::clone(&instance.wall),
                has_life: false,
                silent_since: None,
                is_idle: false,
                waiting: None,
                next: downstream(instance),
            })
    }
}

struct IdleAfterOperator<T, C> {
    timeout: i64,
    wall: Arc<dyn WallClock>,
    /// Records or watermarks came in this batch.
    has_life: bool,
    /// When the first batch without records ended.
    silent_since: Option<Timestamp>,
    is_idle: bool,
    /// What ended the silence, while downstream is still to take the word that it
    /// has ended.
    waiting: Option<Waiting<T>>,
    next: C,
}

/// What comes behind the word that a stream is active again.
enum Waiting<T> {
    Record(Timestamp, T),
    Signal(Signal),
}

impl<T, C: Collector<T>> IdleAfterOperator<T, C> {
    fn wake(&mut self) -> Flow {
        match std::mem::take(&mut self.is_idle) {
            true => self.next.signal(Signal::Active),
            false => Flow::Open,
        }
    }

    #[cold]
    fn wake_with(&mut self, first: Waiting<T>) -> Flow {
        let flow = self.wake();
        if flow.is_open() {
            return self.hand_on(first);
        }
        self.waiting = Some(first);
        flow
    }

    fn hand_on(&mut self, first: Waiting<T>) -> Flow {
        match first {
            Waiting::Record(time, value) => self.next.push(time, value),
            Waiting::Signal(signal) => self.next.signal(signal),
        }
    }
}

impl<T, C: Collector<T>> Collector<T> for IdleAfterOperator<T, C> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        self.has_life = true;
        if self.is_idle {
            return self.wake_with(Waiting::Record(time, value));
        }
        self.next.push(time, value)
    }

    fn signal(&mut self, signal: Signal) -> Flow {
        match signal {
            // The word on idleness is this operator's.
            Signal::Idle | Signal::Active => Flow::Open,
            // Time moves on, so there is somebody: the records may have been
            // filtered out. (Nobody listens to the watermarks of an idle input.)
            Signal::Watermark(_) => {
                self.has_life = true;
                match self.is_idle {
                    true => self.wake_with(Waiting::Signal(signal)),
                    false => self.next.signal(signal),
                }
            }
            signal => self.next.signal(signal),
        }
    }

    fn end_batch(&mut self) -> Flow {
        if std::mem::take(&mut self.has_life) {
            self.silent_since = None;
        } else if !self.is_idle {
            let now = self.wall.now();
            let since = *self.silent_since.get_or_insert(now);
            if now.nanos().saturating_sub(since.nanos()) >= self.timeout {
                self.is_idle = true;
                let flow = self.next.signal(Signal::Idle);
                if !flow.is_open() {
                    return flow;
                }
            }
        }
        self.next.end_batch()
    }

    fn resume(&mut self) -> Flow {
        let flow = self.next.resume();
        if !flow.is_open() {
            return flow;
        }
        match self.waiting.take() {
            Some(first) => self.hand_on(first),
            None => flow,
        }
    }

    pass_on!(open, flush, abort);
}

use super::{BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::{Clock, Collector, Flow, Signal, Watermark};
use fluxus_windows::{Timestamp, WatermarkGenerator};
use std::ops::ControlFlow;

/// The records of an iterator, without times of their own.
pub struct IteratorSource<I> {
    records: I,
}

impl<I: Iterator> IteratorSource<I> {
    /// A source that ends when the iterator does. The iterator must not block.
    pub fn new(records: impl IntoIterator<IntoIter = I>) -> Self {
        Self {
            records: records.into_iter(),
        }
    }
}

/// Pushes up to `budget` of what `records` yields.
///
/// Internal iteration, so that the compiler sees one loop from the iterator to
/// the end of the chain.
#[inline]
fn push_all<I: Iterator, C>(
    records: &mut I,
    budget: usize,
    out: &mut C,
    mut push: impl FnMut(&mut C, I::Item) -> Flow,
) -> Pulled {
    let mut count = 0;
    let stopped = records.by_ref().take(budget).try_for_each(|record| {
        count += 1;
        match push(out, record) {
            Flow::Open => ControlFlow::Continue(()),
            flow => ControlFlow::Break(flow),
        }
    });
    match stopped {
        ControlFlow::Break(flow) => Pulled {
            records: count,
            status: SourceStatus::Ready,
            flow,
        },
        ControlFlow::Continue(()) => Pulled {
            records: count,
            status: if count < budget {
                SourceStatus::Ended
            } else {
                SourceStatus::Ready
            },
            flow: Flow::Open,
        },
    }
}

impl<I> Source for IteratorSource<I>
where
    I: Iterator + Send + 'static,
    I::Item: Send + 'static,
{
    type Item = I::Item;

    #[inline]
    fn pull<C: Collector<I::Item>>(
        &mut self,
        budget: usize,
        out: &mut C,
    ) -> Result<Pulled, BoxError> {
        Ok(push_all(&mut self.records, budget, out, |out, value| {
            out.push(Timestamp::MIN, value)
        }))
    }
}

/// The records of an iterator that knows their times, and a generator that
/// makes watermarks of them, once a batch or behind the records that it picks.
pub struct TimedIteratorSource<I, G> {
    records: I,
    generator: G,
    emitted: Timestamp,
    /// A watermark that goes out before the next record.
    owed: Option<Timestamp>,
    clock: Clock,
}

impl<I, G> TimedIteratorSource<I, G> {
    /// A source that ends when the iterator does. The iterator must not block.
    pub fn new(records: impl IntoIterator<IntoIter = I>, generator: G) -> Self
    where
        I: Iterator,
    {
        Self {
            records: records.into_iter(),
            generator,
            emitted: Timestamp::MIN,
            owed: None,
            clock: Clock::start(false),
        }
    }
}

/// Sends a watermark, if it rose.
#[inline]
fn emit<T>(
    time: Timestamp,
    emitted: &mut Timestamp,
    clock: Clock,
    out: &mut impl Collector<T>,
) -> Flow {
    if time <= *emitted {
        return Flow::Open;
    }
    *emitted = time;
    let born = clock.now();
    out.signal(Signal::Watermark(Watermark { time, born }))
}

impl<I, T, G> Source for TimedIteratorSource<I, G>
where
    I: Iterator<Item = (Timestamp, T)> + Send + 'static,
    T: Send + 'static,
    G: WatermarkGenerator<T>,
{
    type Item = T;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.clock = context.clock;
        Ok(())
    }

    #[inline]
    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let Self {
            records,
            generator,
            emitted,
            owed,
            clock,
        } = self;
        // The watermark of the last records, if they filled the output.
        let mut due = owed.take().unwrap_or(Timestamp::MIN);
        due = due.max(generator.current());
        let flow = emit(due, emitted, *clock, out);
        if !flow.is_open() {
            return Ok(Pulled {
                records: 0,
                status: SourceStatus::Ready,
                flow,
            });
        }
        let mut pulled = push_all(records, budget, out, |out, (time, value)| {
            let watermark = generator.observe(time, &value);
            let flow = out.push(time, value);
            match watermark {
                None => flow,
                Some(watermark) if flow.is_open() => emit(watermark, emitted, *clock, out),
                watermark => {
                    *owed = watermark;
                    flow
                }
            }
        });
        if pulled.flow.is_open() {
            pulled.flow = emit(generator.current(), emitted, *clock, out);
        }
        Ok(pulled)
    }
}

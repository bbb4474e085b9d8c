use super::{BoxError, Pulled, Source, SourceContext, SourceStatus};
use crate::{Clock, Collector, Flow, Signal, Watermark};
use fluxus_windows::{BoundedDisorder, Timestamp};
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
/// makes watermarks of them, once a batch.
pub struct TimedIteratorSource<I> {
    records: I,
    generator: BoundedDisorder,
    emitted: Timestamp,
    clock: Clock,
}

impl<I> TimedIteratorSource<I> {
    /// A source that ends when the iterator does. The iterator must not block.
    pub fn new(records: impl IntoIterator<IntoIter = I>, generator: BoundedDisorder) -> Self
    where
        I: Iterator,
    {
        Self {
            records: records.into_iter(),
            generator,
            emitted: Timestamp::MIN,
            clock: Clock::start(false),
        }
    }
}

impl<I> TimedIteratorSource<I> {
    /// The watermark, if it rose.
    #[inline]
    fn emit<T>(&mut self, out: &mut impl Collector<T>) -> Flow {
        let time = self.generator.current();
        if time <= self.emitted {
            return Flow::Open;
        }
        self.emitted = time;
        let born = self.clock.now();
        out.signal(Signal::Watermark(Watermark { time, born }))
    }
}

impl<I, T> Source for TimedIteratorSource<I>
where
    I: Iterator<Item = (Timestamp, T)> + Send + 'static,
    T: Send + 'static,
{
    type Item = T;

    fn open(&mut self, context: SourceContext) -> Result<(), BoxError> {
        self.clock = context.clock;
        Ok(())
    }

    #[inline]
    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        // The watermark of the last records, if they filled the output.
        let flow = self.emit(out);
        if !flow.is_open() {
            return Ok(Pulled {
                records: 0,
                status: SourceStatus::Ready,
                flow,
            });
        }
        let generator = &mut self.generator;
        let mut pulled = push_all(&mut self.records, budget, out, |out, (time, value)| {
            generator.observe(time);
            out.push(time, value)
        });
        if pulled.flow.is_open() {
            pulled.flow = self.emit(out);
        }
        Ok(pulled)
    }
}

use super::{BoxError, Pulled, Source, SourceStatus};
use crate::{Collector, Flow};
use fluxus_windows::Timestamp;

/// The records of a function that is called with 0, 1, 2 and so on, until it
/// answers `None`.
pub struct Generator<F> {
    function: F,
    next: u64,
}

impl<F> Generator<F> {
    /// A source that ends when the function answers `None`.
    pub fn new<T>(function: F) -> Self
    where
        F: FnMut(u64) -> Option<T>,
    {
        Self { function, next: 0 }
    }
}

impl<F, T> Source for Generator<F>
where
    F: FnMut(u64) -> Option<T> + Send + 'static,
    T: Send + 'static,
{
    type Item = T;

    #[inline]
    fn pull<C: Collector<T>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let pulled = |records, status, flow| Pulled {
            records,
            status,
            flow,
        };
        for count in 0..budget {
            let Some(value) = (self.function)(self.next) else {
                return Ok(pulled(count, SourceStatus::Ended, Flow::Open));
            };
            self.next += 1;
            let flow = out.push(Timestamp::MIN, value);
            if !flow.is_open() {
                return Ok(pulled(count + 1, SourceStatus::Ready, flow));
            }
        }
        Ok(pulled(budget, SourceStatus::Ready, Flow::Open))
    }
}

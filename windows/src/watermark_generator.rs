use crate::{BoundedDisorder, Timestamp};

/// Makes watermarks of the times of records, for one stream or one partition of
/// a source.
pub trait WatermarkGenerator<T>: Clone + Send + 'static {
    /// Takes note of a record. Answers a watermark that must go out right
    /// behind this record; `None` when the end of the batch is soon enough.
    fn observe(&mut self, time: Timestamp, value: &T) -> Option<Timestamp>;

    /// The watermark as it stands; [`Timestamp::MIN`] while there is none.
    fn current(&self) -> Timestamp;
}

impl<T> WatermarkGenerator<T> for BoundedDisorder {
    #[inline]
    fn observe(&mut self, time: Timestamp, _: &T) -> Option<Timestamp> {
        BoundedDisorder::observe(self, time);
        None
    }

    #[inline]
    fn current(&self) -> Timestamp {
        BoundedDisorder::current(self)
    }
}

use crate::{Timestamp, WatermarkGenerator};

/// The watermarks of another generator, each sent right behind the record that
/// made it rise.
///
/// Results come as soon as they can, and the engine does more for them: a batch
/// of records that rise in time has as many watermarks as records.
///
/// ```
/// use fluxus_windows::{BoundedDisorder, Timestamp, WatermarkGenerator};
///
/// let at = Timestamp::from_nanos;
/// let mut watermarks = BoundedDisorder::from_nanos(10)?.each_record();
/// assert_eq!(watermarks.observe(at(1337), &"a record"), Some(at(1326)));
/// assert_eq!(watermarks.observe(at(1300), &"an older one"), None);
/// # Ok::<(), fluxus_windows::DisorderError>(())
/// ```
#[derive(Clone, Debug)]
pub struct EachRecord<G> {
    generator: G,
    sent: Timestamp,
}

impl<G> EachRecord<G> {
    /// The watermarks of `generator`, at once.
    pub fn of(generator: G) -> Self {
        Self {
            generator,
            sent: Timestamp::MIN,
        }
    }

    /// The other generator, to be told what it may want to know: which of its
    /// partitions are idle, say.
    pub fn generator_mut(&mut self) -> &mut G {
        &mut self.generator
    }
}

impl<T, G: WatermarkGenerator<T>> WatermarkGenerator<T> for EachRecord<G> {
    #[inline]
    fn observe(&mut self, time: Timestamp, value: &T) -> Option<Timestamp> {
        // What the generator itself wants sent is no more than its current one.
        self.generator.observe(time, value);
        let current = self.generator.current();
        if current <= self.sent {
            return None;
        }
        self.sent = current;
        Some(current)
    }

    #[inline]
    fn current(&self) -> Timestamp {
        self.generator.current()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoundedDisorder;

    #[test]
    fn each_rise_is_answered_once() {
        let mut generator = BoundedDisorder::from_nanos(10).unwrap().each_record();
        for (time, expected) in [
            (i64::MIN, None),
            (i64::MIN + 11, None),
            (i64::MIN + 12, Some(i64::MIN + 1)),
            (12345, Some(12334)),
            (12300, None),
            (12345, None),
            (12346, Some(12335)),
            (i64::MAX, Some(i64::MAX - 11)),
            (i64::MAX, None),
        ] {
            let answer = generator.observe(Timestamp::from_nanos(time), &());
            assert_eq!(answer.map(Timestamp::nanos), expected, "after {time}");
        }
        let current = WatermarkGenerator::<()>::current(&generator);
        assert_eq!(current.nanos(), i64::MAX - 11);
    }
}

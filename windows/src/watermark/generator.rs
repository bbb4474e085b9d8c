use crate::Timestamp;

/// Where watermarks come from: a generator sees every record of a source, and
/// says up to when no more are to come.
///
/// A watermark never falls. Sending one costs, so a generator may leave it to
/// the end of the batch: it answers `None`, and the engine asks for
/// [`current`](Self::current) then.
///
/// ```text
///   observe(12, ..) = Some(2)       observe(13, ..) = None     end of the batch
///   ──────────────────────────────────────────────────────────────────────────►
///   out:  record, watermark 2       record                     current()
/// ```
///
/// | generator | the watermark is |
/// |---|---|
/// | [`BoundedDisorder`](crate::BoundedDisorder) | the latest time, less a bound |
/// | [`Punctuated`](crate::Punctuated) | what the records say |
/// | [`Partitioned`](crate::Partitioned) | the minimum over the partitions of the source |
/// | [`EachRecord`](crate::EachRecord) | that of another generator, at once |
///
/// One of one's own:
///
/// ```
/// use fluxus_windows::{Timestamp, WatermarkGenerator};
///
/// /// For a source that sends its records second by second, in any order within
/// /// each: when a second begins, those before are complete.
/// #[derive(Clone)]
/// struct SecondBySecond(Timestamp);
///
/// impl<T> WatermarkGenerator<T> for SecondBySecond {
///     fn observe(&mut self, time: Timestamp, _: &T) -> Option<Timestamp> {
///         let second = Timestamp::from_secs(time.nanos().div_euclid(1_000_000_000));
///         self.0 = self.0.max(Timestamp::from_nanos(second.nanos().saturating_sub(1)));
///         None
///     }
///     fn current(&self) -> Timestamp {
///         self.0
///     }
/// }
///
/// let mut watermarks = SecondBySecond(Timestamp::MIN);
/// watermarks.observe(Timestamp::from_millis(2_700), &"a record");
/// let current = WatermarkGenerator::<&str>::current(&watermarks);
/// assert_eq!(current, Timestamp::from_nanos(1_999_999_999));
/// ```
pub trait WatermarkGenerator<T>: Clone + Send + 'static {
    /// Takes note of a record. The answer is a watermark that must go out right
    /// behind this record, or `None` when the end of the batch is soon enough.
    fn observe(&mut self, time: Timestamp, value: &T) -> Option<Timestamp>;

    /// The watermark as it stands; [`Timestamp::MIN`]: none yet.
    fn current(&self) -> Timestamp;
}

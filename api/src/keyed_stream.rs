use crate::job::Shared;
use crate::{DataStream, WindowedStream};
use fluxus_core::windows::{CountKind, WindowKind};
use fluxus_core::{Chain, Timed};
use std::hash::Hash;
use std::rc::Rc;

/// A stream whose records have keys, in the making.
///
/// It can be reduced, folded, scanned, put into windows, or given to code of one's
/// own that keeps a state for each key; for anything else, go on with the stream
/// before the key. So there is no window before a key:
///
/// ```compile_fail
/// # use fluxus::prelude::*;
/// # let job = Job::new("doc", Config::new()).unwrap();
/// let size = Tumbling::new(std::time::Duration::from_secs(1)).unwrap();
/// job.from_iter(0..5).window(size);
/// ```
#[must_use = "a stream that is not brought to a sink is a mistake"]
pub struct KeyedStream<C, F> {
    pub(crate) shared: Rc<Shared>,
    pub(crate) chain: C,
    pub(crate) key_of: F,
}

impl<C, F> KeyedStream<C, F> {
    pub(crate) fn new(shared: Rc<Shared>, chain: C, key_of: F) -> Self {
        Self {
            shared,
            chain,
            key_of,
        }
    }

    /// The stream before the key, and the key.
    pub(crate) fn into_parts(self) -> (DataStream<C>, F) {
        (DataStream::new(self.shared, self.chain), self.key_of)
    }
}

impl<C, F, K> KeyedStream<C, F>
where
    C: Chain,
    F: Fn(&C::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
{
    /// Puts the records of each key into windows of event time. The stream must
    /// be timed: by its source, or by [`DataStream::timestamps`].
    ///
    /// ```compile_fail
    /// # use fluxus::prelude::*;
    /// # let job = Job::new("doc", Config::new()).unwrap();
    /// let size = Tumbling::new(std::time::Duration::from_secs(1)).unwrap();
    /// // No timestamps: which window would a record belong to?
    /// job.from_iter(0..5).key_by(|n| n % 2).window(size).count().for_each(|_| {});
    /// ```
    pub fn window<W>(self, windows: W) -> WindowedStream<C, F, W>
    where
        C: Timed,
        W: WindowKind<C::Item>,
    {
        WindowedStream::new(self.shared, self.chain, self.key_of, windows)
    }

    /// Puts the records of each key into windows of so many records. Time plays
    /// no part, so the stream needs no timestamps; results have the whole of
    /// time for their window, and what is left at the end of the stream is
    /// dropped (unless the windows are made `with_rest`).
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::windows::CountTumbling;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let pairs = job
    ///     .from_iter([("a", 1u32), ("b", 5), ("a", 2), ("a", 3)])
    ///     .key_by(|&(name, _)| name)
    ///     .count_window(CountTumbling::of(2)?)
    ///     .sum(|&(_, n)| n)
    ///     .map(|row| (row.key, row.value))
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(pairs.take(), [("a", 3u64)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn count_window<W>(self, windows: W) -> WindowedStream<C, F, W>
    where
        W: CountKind<C::Item>,
    {
        WindowedStream::new(self.shared, self.chain, self.key_of, windows)
    }
}

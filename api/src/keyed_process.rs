use crate::{DataStream, KeyedStream};
use fluxus_core::operator::{KeyedProcess, Process, ProcessClosures, ProcessContext};
use fluxus_core::windows::KeyTimer;
use fluxus_core::Chain;
use std::hash::Hash;

/// The chain behind [`KeyedStream::process_with`].
type WithClosures<C, F, K, S, O, R, G> =
    Process<C, F, ProcessClosures<K, <C as Chain>::Item, S, O, R, G>>;

/// Code of one's own, with a state for each key and timers.
impl<C, F, K> KeyedStream<C, F>
where
    C: Chain,
    F: Fn(&C::Item) -> K + Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
{
    /// Gives each record, with the state of its key, to a [`KeyedProcess`], and to
    /// it the timers that it sets, in event time and by the wall.
    ///
    /// A timer in event time fires when the watermark reaches it, and what it emits
    /// goes out ahead of the watermark; what is left of them when the stream ends
    /// fires then. A timer by the wall fires between two batches or while nothing
    /// comes, when the job's clock ([`Config::clock`](crate::Config::clock)) has
    /// reached it; what is left of those at the end does not fire. A million pending
    /// timers cost memory, and time only when they come due.
    ///
    /// Timers that are set while others fire, for an instant that is reached already,
    /// fire in their turn: at the end of the stream, all that are set in event time.
    /// So a timer that sets itself again stops when the stream
    /// [has ended](ProcessContext::has_ended), or the job would go on for ever.
    ///
    /// The state of a key lasts until the code clears it, or its time is over
    /// ([`expire_after`](DataStream::expire_after)): each record of the key begins that
    /// time anew, a timer does not.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use fluxus::{KeyTimer, KeyedProcess, ProcessContext};
    /// # use std::time::Duration;
    /// /// Says when a user has been silent for ten seconds, and after how many clicks.
    /// #[derive(Clone)]
    /// struct Silence;
    ///
    /// impl KeyedProcess for Silence {
    ///     type Key = &'static str;
    ///     type In = (&'static str, i64);
    ///     type State = (u32, Timestamp);
    ///     type Out = (&'static str, u32);
    ///
    ///     fn initial(&mut self, _: &Self::Key) -> Self::State {
    ///         (0, Timestamp::MIN)
    ///     }
    ///
    ///     fn on_record(
    ///         &mut self,
    ///         _: Self::In,
    ///         (clicks, due): &mut Self::State,
    ///         context: &mut ProcessContext<'_, Self::Key, Self::Out>,
    ///     ) {
    ///         *clicks += 1;
    ///         context.cancel_at(*due);
    ///         *due = context.time() + Duration::from_secs(10);
    ///         context.at(*due);
    ///     }
    ///
    ///     fn on_timer(
    ///         &mut self,
    ///         _: KeyTimer,
    ///         (clicks, _): &mut Self::State,
    ///         context: &mut ProcessContext<'_, Self::Key, Self::Out>,
    ///     ) {
    ///         let user = *context.key();
    ///         context.emit((user, *clicks));
    ///         context.clear();
    ///     }
    /// }
    ///
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// let silences = job
    ///     .from_iter([("ahab", 1), ("ishmael", 3), ("ahab", 9), ("starbuck", 40)])
    ///     .timestamps(|&(_, time)| Timestamp::from_secs(time), BoundedDisorder::monotonous())
    ///     .key_by(|&(user, _)| user)
    ///     .process(Silence)
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(silences.take(), [("ishmael", 1), ("ahab", 2), ("starbuck", 1)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn process<P>(self, process: P) -> DataStream<Process<C, F, P>>
    where
        P: KeyedProcess<Key = K, In = C::Item> + Clone + Send + 'static,
    {
        let name = self.shared.name("process");
        let process = Process::new(name, self.chain, self.key_of, process);
        DataStream::new(self.shared, process)
    }

    /// The same with two closures, for records and for timers, and the state that
    /// every key begins with.
    ///
    /// ```
    /// # use fluxus::prelude::*;
    /// # use std::time::Duration;
    /// # let job = Job::new("doc", Config::new().workers(1))?;
    /// // How many came within ten seconds of the first.
    /// let counts = job
    ///     .from_iter([("a", 1i64), ("b", 2), ("a", 8), ("c", 30)])
    ///     .timestamps(|&(_, time)| Timestamp::from_secs(time), BoundedDisorder::monotonous())
    ///     .key_by(|&(name, _)| name)
    ///     .process_with(
    ///         0,
    ///         |_, count, context| {
    ///             if *count == 0 {
    ///                 context.at(context.time() + Duration::from_secs(10));
    ///             }
    ///             *count += 1;
    ///         },
    ///         |_, count, context| {
    ///             let name = *context.key();
    ///             context.emit((name, *count));
    ///             context.clear();
    ///         },
    ///     )
    ///     .collect();
    /// # job.run()?;
    /// assert_eq!(counts.take(), [("a", 2), ("b", 1), ("c", 1)]);
    /// # Ok::<(), fluxus::Error>(())
    /// ```
    pub fn process_with<S, O, R, G>(
        self,
        initial: S,
        on_record: R,
        on_timer: G,
    ) -> DataStream<WithClosures<C, F, K, S, O, R, G>>
    where
        S: Clone + Send + 'static,
        O: Send + 'static,
        R: FnMut(C::Item, &mut S, &mut ProcessContext<'_, K, O>) + Clone + Send + 'static,
        G: FnMut(KeyTimer, &mut S, &mut ProcessContext<'_, K, O>) + Clone + Send + 'static,
    {
        self.process(ProcessClosures::new(initial, on_record, on_timer))
    }
}

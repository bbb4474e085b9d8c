use crate::{
    Aggregate, Lateness, ListedWindows, StateLimit, Timestamp, Trigger, Window, WindowAssigner,
    WindowKind,
};
use std::fmt;
use std::hash::Hash;

/// One window of all time: a result a key when the stream ends, or whenever a
/// [`Trigger`] asks for one.
///
/// ```
/// use fluxus_windows::{Global, Timestamp, Window};
///
/// assert_eq!(Global.window_of(Timestamp::from_nanos(7)), Window::ALL_TIME);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Global;

impl Global {
    /// The window in which `time` lies: always the same.
    #[inline]
    pub fn window_of(&self, time: Timestamp) -> Window {
        let _ = time;
        Window::ALL_TIME
    }
}

impl<T> WindowAssigner<T> for Global {
    const MERGES: bool = false;

    #[inline]
    fn assign(&self, time: Timestamp, _: &T, mut each: impl FnMut(Window)) {
        each(self.window_of(time));
    }

    #[inline(always)]
    fn only_window(&self, time: Timestamp) -> Option<Window> {
        Some(self.window_of(time))
    }
}

impl<T> WindowKind<T> for Global {
    type Store<K, A>
        = ListedWindows<Self, K, A::Accumulator>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    fn store<K, A>(&self, lateness: Lateness, limit: StateLimit, _: &A) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>,
    {
        ListedWindows::new(*self, Trigger::event_time(), lateness, limit)
    }
}

impl fmt::Display for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("global")
    }
}

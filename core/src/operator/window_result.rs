use fluxus_windows::{Firing, Timestamp, Window};

/// What a window came to, for one key. It lies in event time at the window's
/// last instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowResult<K, V> {
    /// The key.
    pub key: K,
    /// The window.
    pub window: Window,
    /// What the aggregate made of its records.
    pub value: V,
    /// Whether the window was complete: with the default trigger and no allowed
    /// lateness every result is on time.
    pub firing: Firing,
}

impl<K, V> WindowResult<K, V> {
    /// The first instant of the window.
    #[inline]
    pub fn start(&self) -> Timestamp {
        self.window.start()
    }

    /// The first instant after the window.
    #[inline]
    pub fn end(&self) -> Timestamp {
        self.window.end()
    }
}

/// Why a record did not make it into its window, or to the state of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// It came after its window had closed.
    Late,
    /// Its key was new and the state full.
    StateFull,
}

/// A record that did not make it into its window, or to the state of its key. It keeps
/// its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejected<T> {
    /// The record.
    pub value: T,
    /// Why it was rejected.
    pub reason: Rejection,
}

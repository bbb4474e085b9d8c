use fluxus_windows::{Firing, Window};

/// A row of a join: what two records of one key have become.
///
/// Where the join is an outer one, the part that may be missing is an [`Option`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JoinedPair<K, L, R> {
    /// The key of both.
    pub key: K,
    /// The record of the left stream, which the join was called on.
    pub left: L,
    /// The record of the right stream, which the join was given.
    pub right: R,
}

/// A row of a window join: two records of one key that lie in one window. It lies
/// in event time at the window's last instant.
///
/// Where the join is an outer one, the part that may be missing is an [`Option`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowPair<K, L, R> {
    /// The key of both.
    pub key: K,
    /// The window that both lie in.
    pub window: Window,
    /// The record of the left stream.
    pub left: L,
    /// The record of the right stream.
    pub right: R,
    /// Whether the window was complete. A late record, within the allowed
    /// lateness, gives all of its window's pairs again.
    pub firing: Firing,
}

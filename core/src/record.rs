use fluxus_windows::Timestamp;

/// A value and its place in event time, as it lies in a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<T> {
    /// Where in event time it belongs.
    pub time: Timestamp,
    /// What it says.
    pub value: T,
}

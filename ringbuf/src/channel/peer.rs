//! The worker at the other end of the channel.

use crate::orderings::SKIP_WAKE_ON_DROP;
use crate::parker::Waker;

/// Wakes the worker at the other end, when it asked for that: now and then, and
/// for the last time on drop.
///
/// Whoever holds one declares it as the last field, so that the other worker is
/// woken when this side of the rings is already gone.
#[derive(Debug, Default)]
pub(super) struct Peer(Option<Waker>);

impl Peer {
    pub(super) fn woken_by(waker: Waker) -> Self {
        Self(Some(waker))
    }

    #[inline]
    pub(super) fn wake(&self) {
        if let Some(waker) = &self.0 {
            waker.wake();
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if !SKIP_WAKE_ON_DROP {
            self.wake();
        }
    }
}

//! The memory orderings and steps that the protocols hang on, by name.
//!
//! Each has a fault that can be planted: under `--cfg loom`, and nowhere else,
//! the feature named with it weakens the ordering or leaves out the step, and a
//! test of `fluxus-loom-tests` must fail (see its README).

use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

/// Whether the fault of this feature is planted; never in a normal build.
macro_rules! planted {
    ($feature:literal) => {
        cfg!(all(loom, feature = $feature))
    };
}

const fn weakened(to_relaxed: bool, ordering: Ordering) -> Ordering {
    if to_relaxed {
        Relaxed
    } else {
        ordering
    }
}

/// A counter's store; its partner is [`COUNTER_LOAD`].
pub(crate) const COUNTER_STORE: Ordering =
    weakened(planted!("mutation-counter-store-relaxed"), Release);
/// A counter's load; its partner is [`COUNTER_STORE`].
pub(crate) const COUNTER_LOAD: Ordering =
    weakened(planted!("mutation-counter-load-relaxed"), Acquire);

/// Raising the stop flag; its partner is [`STOP_LOAD`].
pub(crate) const STOP_STORE: Ordering = weakened(planted!("mutation-stop-store-relaxed"), Release);
/// Looking at the stop flag; its partner is [`STOP_STORE`].
pub(crate) const STOP_LOAD: Ordering = weakened(planted!("mutation-stop-load-relaxed"), Acquire);

/// Drawing a ticket: it stands for nothing but itself, and has no partner.
pub(crate) const TICKET_DRAW: Ordering = Relaxed;
/// Draws a ticket with a load and a store, between which another may draw it.
pub(crate) const TICKET_BY_STORE: bool = planted!("mutation-ticket-by-store");

/// The sleeper's announcement; its partner is [`WAKE_SWAP`].
pub(crate) const PREPARE_SWAP: Ordering =
    weakened(planted!("mutation-prepare-swap-relaxed"), Release);
/// Announces with a plain store, not in one order with the other changes.
pub(crate) const PREPARE_BY_STORE: bool = planted!("mutation-prepare-by-store");
/// The waker taking the announcement; its partner is [`PREPARE_SWAP`].
pub(crate) const WAKE_SWAP: Ordering = weakened(planted!("mutation-wake-swap-relaxed"), Acquire);
/// Both fences of sleeper and waker, each the other's partner.
pub(crate) const SEQUENTIAL_FENCE: Ordering = SeqCst;
/// Leaves out the sleeper's fence.
pub(crate) const SKIP_PREPARE_FENCE: bool = planted!("mutation-no-prepare-fence");
/// Leaves out the waker's fence.
pub(crate) const SKIP_WAKE_FENCE: bool = planted!("mutation-no-wake-fence");

/// Does not wake the receiver's worker after records or a signal came.
pub(crate) const SKIP_WAKE_ON_SEND: bool = planted!("mutation-no-wake-on-send");
/// Does not wake the sender's worker after slots came free.
pub(crate) const SKIP_WAKE_ON_RELEASE: bool = planted!("mutation-no-wake-on-release");
/// Does not wake the other side's worker when this side goes.
pub(crate) const SKIP_WAKE_ON_DROP: bool = planted!("mutation-no-wake-on-drop");
/// Looks at the lane before the tail of the record ring is loaded.
pub(crate) const LANE_BEFORE_TAIL: bool = planted!("mutation-lane-before-tail");
/// Looks whether the sender is gone only after draining.
pub(crate) const CLOSED_AFTER_DRAIN: bool = planted!("mutation-closed-after-drain");
/// Says a signal holds one record later than it does.
pub(crate) const SIGNAL_ONE_LATE: bool = planted!("mutation-signal-one-late");

/// The stand-in ring's own index, tail or head, after its slots were written
/// or read; the partner is the load of the remote index by the other side.
#[cfg(loom)]
pub(crate) mod stand_in {
    use super::{weakened, Acquire, Ordering, Release};

    /// Publishing the tail; its partner is [`TAIL_LOAD`].
    pub(crate) const TAIL_STORE: Ordering = weakened(planted!("mutation-publish-relaxed"), Release);
    /// Looking for published records; its partner is [`TAIL_STORE`].
    pub(crate) const TAIL_LOAD: Ordering =
        weakened(planted!("mutation-tail-load-relaxed"), Acquire);
    /// Releasing slots; its partner is [`HEAD_LOAD`].
    pub(crate) const HEAD_STORE: Ordering = weakened(planted!("mutation-release-relaxed"), Release);
    /// Looking for free slots; its partner is [`HEAD_STORE`].
    pub(crate) const HEAD_LOAD: Ordering =
        weakened(planted!("mutation-head-load-relaxed"), Acquire);
    /// Abandoning the ring; its partner is [`ABANDONED_LOAD`].
    pub(crate) const ABANDON: Ordering = weakened(planted!("mutation-abandon-relaxed"), Release);
    /// Looking whether the other side is gone; its partner is [`ABANDON`].
    pub(crate) const ABANDONED_LOAD: Ordering =
        weakened(planted!("mutation-abandoned-load-relaxed"), Acquire);
}

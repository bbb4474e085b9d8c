//! Where stages meet: outboxes that send, and the inboxes that receive.
//!
//! ```text
//!  stage A, instance 0 ─ outbox ══╦══ ring ══► inbox ─ stage B, instance 0
//!                                 ╚══ ring ══╗╔► inbox ─ stage B, instance 1
//!  stage A, instance 1 ─ outbox ══╦══ ring ══╝║
//!                                 ╚══ ring ═══╝   a ring for every pair
//! ```

mod alignment;
mod broadcast;
mod funnel;
mod inbox;
mod lane;
mod lanes;
mod outbox;
mod outlet;
mod side;

pub(crate) use alignment::Alignment;
pub(crate) use broadcast::Broadcast;
pub(crate) use funnel::Funnel;
pub(crate) use inbox::InboxTask;
pub(crate) use lane::Lane;
pub(crate) use lanes::{into_lanes, Lanes};
pub(crate) use outbox::Outbox;
pub(crate) use outlet::Outlet;
pub(crate) use side::SideOutput;

use crate::{Record, Signal};

/// The sending end of a ring between two stages.
pub(crate) type Sender<T> = fluxus_ringbuf::Sender<Record<T>, Signal>;
/// The receiving end of a ring between two stages.
pub(crate) type Receiver<T> = fluxus_ringbuf::Receiver<Record<T>, Signal>;

/// The sending ends of a side output, one for each instance of its operator.
pub(crate) struct SideRings<T> {
    /// The number of its edge in the plan.
    pub(crate) edge: usize,
    pub(crate) senders: Vec<Sender<T>>,
}

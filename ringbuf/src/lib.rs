//! Everything two Fluxus threads share.
//!
//! A stage of a stream job runs on one core and touches nothing that another
//! core writes, except through this crate. It holds every atomic of the engine:
//!
//! - [`channel()`]: records from one thread to one other, in batches, with
//!   control signals (watermarks, the end of the stream) in exact order between
//!   them;
//! - [`Parker`] and [`Waker`]: a worker with nothing to do sleeps, and whoever
//!   brings it work wakes it; no wake-up is lost;
//! - [`counter()`]: a number that one thread writes and any thread reads;
//! - [`StopFlag`]: one bit that tells every thread to finish;
//! - [`Tickets`]: numbers that several threads draw, each number once.
//!
//! Nothing here blocks, spins or allocates after it was built; only
//! [`Parker::park`] sleeps. A full ring and an empty one are answers.
//!
//! ```
//! use fluxus_ringbuf::{channel, Capacity, Polled};
//!
//! let (mut sender, mut receiver) = channel::<u32, &str>(Capacity::new(8)?)?;
//! let mut reservation = sender.reserve(2);
//! reservation.extend([1, 2]);
//! reservation.publish();
//! sender.signal("watermark").unwrap();
//! sender.send(3).unwrap();
//!
//! let mut seen = Vec::new();
//! loop {
//!     match receiver.poll(256) {
//!         Polled::Records(batch) => seen.extend(batch.drain().map(|n| n.to_string())),
//!         Polled::Signal(signal) => seen.push(signal.to_owned()),
//!         Polled::Empty | Polled::Closed => break,
//!     }
//! }
//! assert_eq!(seen, ["1", "2", "watermark", "3"]);
//! # Ok::<(), fluxus_ringbuf::CapacityError>(())
//! ```
//!
//! # How it is checked
//!
//! `fluxus-loom-tests` runs these very types under [loom], which tries every
//! interleaving. The data and the control ring are [rtrb]'s; rtrb cannot run
//! under loom, so a stand-in with the same contract and the same orderings
//! takes its place there, and only there.
//!
//! [loom]: https://docs.rs/loom
//! [rtrb]: https://docs.rs/rtrb

#![deny(unsafe_code)]

mod capacity;
mod channel;
mod counter;
mod parker;
mod prefetch;
mod stop;
mod tickets;

mod orderings;
mod sync;

#[cfg(loom)]
mod stand_in;

/// The ring itself: rtrb, or under loom the stand-in with its contract.
mod ring {
    #[cfg(not(loom))]
    pub(crate) use rtrb::{
        chunks::{ChunkError, ReadChunk, ReadChunkIntoIter, WriteChunkUninit},
        Consumer, Producer, PushError, RingBuffer,
    };

    #[cfg(loom)]
    pub(crate) use crate::stand_in::{
        ChunkError, Consumer, Producer, PushError, ReadChunk, ReadChunkIntoIter, RingBuffer,
        WriteChunkUninit,
    };
}

pub use capacity::{Capacity, CapacityError};
pub use channel::{
    channel, channel_with_lane, Batch, Drain, Polled, Receiver, Reservation, RingGauge, Sender,
    LANE_CAPACITY,
};
pub use counter::{counter, CounterReader, CounterWriter};
pub use parker::{Parker, Waker};
pub use prefetch::prefetch;
pub use stop::StopFlag;
pub use tickets::Tickets;

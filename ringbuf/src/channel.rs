//! Records from one thread to another, with control signals in order between.
//!
//! ```text
//!            records: T T T T T T T T T        one rtrb ring, batches in place
//!  Sender ══════════════════╤══════════════► Receiver
//!            lane:          (5, S)             a small rtrb ring beside it
//! ```
//!
//! A signal lies in a lane of its own, tagged with its position: how many
//! records were published before it. The receiver hands out records up to the
//! next signal's position, then the signal, then the records behind it.
//!
//! # Why a lane
//!
//! The other form would put signals into the record ring, each slot an enum of
//! record or signal. Measured against each other with
//! `cargo bench -p fluxus-benches --bench control`: two pinned cores of a
//! two-core virtual machine, batches of 256, a ring of 4096 slots, ns a record,
//! medians of 31 interleaved rounds; the ratio is lane to slot. "Far" is the
//! same machine when a line takes several times as long from core to core.
//!
//! | record, watermark | lane | in the slot | ratio | ratio, far |
//! |---|---|---|---|---|
//! | 16 B, every 256 | 0.55 | 0.83 | **0.66** | **0.75** |
//! | 24 B, every 256 | 0.88 | 1.11 | **0.80** | **0.79** |
//! | 16 B, every 16, sent ahead | 0.75 | 0.88 | **0.85** | 0.98 |
//! | 24 B, every 16, sent ahead | 0.96 | 1.08 | **0.89** | 0.93 |
//! | 16 B, every 16, each published | 0.87 | 0.88 | 0.99 | 5 to 15 |
//! | 24 B, every 16, each published | 1.26 | 1.11 | 1.14 | 4 to 15 |
//!
//! So the lane it is: records stay as small as they are and a batch is read
//! without asking every slot what it holds. What costs is publishing often, 16
//! records at a time; whoever has several signals in a batch sends them
//! [ahead](Sender::signal_ahead) and publishes the batch once.
//!
//! # What the channel costs
//!
//! The same kind of run against bare rtrb (`--bench ring`):
//!
//! | way | 8 B | 16 B | 64 B | ratios to rtrb |
//! |---|---|---|---|---|
//! | batches of 256, in place | 0.36 | 0.58 | 2.3 | 1.05, 1.00, 1.01 |
//! | batches of 256, [from a `Vec`](Sender::send_vec) | 0.48 | 0.80 | 1.9 | 1.06, 0.70, 0.50 |
//! | sent one by one, taken in batches | 3.1 | 4.2 | 24 | 1.4, 0.96, 1.2 |
//! | one by one on both sides | 4.7 | 3.9 | 3.6 | 2.3, 0.9, 0.3 |
//!
//! A vector is moved with a plain copy, which is what makes it faster than an
//! iterator over the same vector (1.15 ns at 16 B, 3.8 at 64).

mod batch;
mod gauge;
mod peer;
mod receiver;
mod reservation;
mod sender;

pub use batch::{Batch, Drain};
pub use gauge::RingGauge;
pub use receiver::{Polled, Receiver};
pub use reservation::Reservation;
pub use sender::Sender;

use crate::capacity::{Capacity, CapacityError};
use crate::counter::counter;
use crate::ring::RingBuffer;

/// How many undelivered signals [`channel`] has room for.
pub const LANE_CAPACITY: usize = 256;

/// Makes a channel of `capacity` records `T`, with a lane of
/// [`LANE_CAPACITY`] signals `S` beside it.
///
/// Each half belongs to one thread at a time and may move. Either side ends by
/// being dropped, in a panic too: what was published before is still delivered,
/// what was not is dropped, exactly once.
///
/// # Errors
///
/// When there is no memory for so many records.
///
/// ```
/// use fluxus_ringbuf::{channel, Capacity, Polled};
///
/// let (mut sender, mut receiver) = channel::<u64, ()>(Capacity::new(1024)?)?;
/// let producer = std::thread::spawn(move || {
///     let mut numbers = 0..10_000_u64;
///     while !numbers.is_empty() {
///         if sender.send_from(&mut numbers) == 0 {
///             std::thread::yield_now(); // full: the receiver is behind
///         }
///     }
/// });
/// let mut sum = 0;
/// loop {
///     match receiver.poll(256) {
///         Polled::Records(batch) => sum += batch.drain().sum::<u64>(),
///         Polled::Signal(()) => {}
///         Polled::Empty => std::thread::yield_now(),
///         Polled::Closed => break,
///     }
/// }
/// assert_eq!(sum, 49_995_000);
/// producer.join().unwrap();
/// # Ok::<(), fluxus_ringbuf::CapacityError>(())
/// ```
#[allow(clippy::type_complexity)]
pub fn channel<T, S>(capacity: Capacity) -> Result<(Sender<T, S>, Receiver<T, S>), CapacityError> {
    channel_with_lane(capacity, Capacity::new(LANE_CAPACITY)?)
}

/// Makes a [`channel()`] whose lane holds `lane` undelivered signals.
///
/// # Errors
///
/// When there is no memory for so many records or signals.
#[allow(clippy::type_complexity)]
pub fn channel_with_lane<T, S>(
    capacity: Capacity,
    lane: Capacity,
) -> Result<(Sender<T, S>, Receiver<T, S>), CapacityError> {
    capacity.check_room_for::<T>()?;
    lane.check_room_for::<(u64, S)>()?;
    let (records_in, records_out) = RingBuffer::new(capacity.slots());
    let (lane_in, lane_out) = RingBuffer::new(lane.slots());
    let (published, published_reader) = counter();
    let (consumed, consumed_reader) = counter();
    let gauge = RingGauge::new(capacity, published_reader, consumed_reader);
    Ok((
        Sender::new(records_in, lane_in, published, gauge.clone()),
        Receiver::new(records_out, lane_out, consumed, gauge),
    ))
}

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

use fluxus_windows::Timestamp;
use std::time::{Duration, Instant};

/// What travels between the records of a stream, in exact order with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// No record at or before this time is still to come, save late ones.
    Watermark(Watermark),
    /// Goes ahead of a watermark's results, without waiting for them: the
    /// records that follow were set free by a watermark born at this moment.
    Marker(Stamp),
    /// Nothing comes from here until further notice: hold nobody back.
    Idle,
    /// Something comes from here again.
    Active,
    /// A cut through the stream, for snapshots. Reserved: nothing sends it yet.
    Barrier(u64),
    /// The stream has ended. It raises event time to its end: every open
    /// window closes.
    End,
}

impl Signal {
    /// The event time that this signal raises the stream to, if it does.
    #[inline]
    pub fn raises_time_to(self) -> Option<Timestamp> {
        match self {
            Signal::Watermark(watermark) => Some(watermark.time),
            Signal::End => Some(Timestamp::MAX),
            Signal::Marker(_) | Signal::Idle | Signal::Active | Signal::Barrier(_) => None,
        }
    }
}

/// A statement about event time, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// No record at or before it is still to come, save late ones.
    pub time: Timestamp,
    /// When the statement was made, for latencies.
    pub born: Stamp,
}

/// A moment of the wall clock, in nanoseconds since its job was built; zero
/// when the job does not measure latencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(u64);

impl Stamp {
    /// No moment: nothing is measured.
    pub const NONE: Self = Self(0);

    /// Whether it stands for a moment.
    #[inline]
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }

    /// How long after `earlier` it is; zero if it is not.
    #[inline]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The clock that a job's latencies are read from. It never touches results.
///
/// Reading it costs about 24 ns, so it is read once a batch at most, and not at
/// all unless latencies are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    measures: bool,
}

impl Clock {
    /// A clock that starts now, and stands still unless it `measures`.
    pub fn start(measures: bool) -> Self {
        Self {
            origin: Instant::now(),
            measures,
        }
    }

    /// This moment, or [`Stamp::NONE`].
    #[inline]
    pub fn now(&self) -> Stamp {
        if !self.measures {
            return Stamp::NONE;
        }
        // 584 years fit; the `+ 1` keeps the first moment apart from none.
        let nanos = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX - 1);
        Stamp(nanos + 1)
    }
}

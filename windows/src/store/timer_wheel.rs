use crate::store::chunk_lists::{ChunkLists, List};
use crate::store::timers::Timer;
use crate::Timestamp;

/// Timers in buckets of time: narrow ones near the beginning, and wide ones,
/// each as wide as all narrower ones together, further on.
///
/// Time is a number of eleven digits in base 64. A timer lies at the level of the
/// first digit in which it differs from the beginning, in the bucket of that
/// digit:
///
/// ```text
///   begins at                   4 2 7 0
///   timer at 4 2 7 5    level 0       5
///   timer at 4 2 9 1    level 1     9
///   timer at 6 0 0 0    level 3 6
/// ```
///
/// So buckets of a level follow each other, those of the next level follow them,
/// and a bit for each that is not empty tells the first one. That one is emptied
/// when the watermark enters it, and the wheel begins where it began: whoever takes
/// its timers sets those that are not next again, and they lie at lower levels
/// then. A timer falls through eleven levels at most, and through one or two as a
/// rule.
///
/// A large bucket is emptied in [parts](MOST), so that no call takes long.
///
/// (Hashed and hierarchical timing wheels, Varghese and Lauck, 1987; that the
/// levels hang on the first digit that differs is from Denardo and Fox's
/// multilevel buckets, 1979. Nothing ticks here, so that a watermark that rises
/// by centuries costs no more than one that rises by an instant.)
///
/// A bucket is a [list of chunks](ChunkLists).
///
/// # Invariants
/// - no timer is before the beginning, and each lies where that says;
/// - `filled` has a bit for each bucket that is not empty, and `levels` one for
///   each level with such a bucket.
#[derive(Debug)]
pub(crate) struct TimerWheel {
    /// Where the wheel begins.
    begins_at: Key,
    /// Where the first bucket begins, or the one that is being emptied; the end of
    /// time if there is none.
    first_at: Key,
    levels: u32,
    filled: [u64; LEVELS],
    /// By level and digit.
    buckets: Box<[Bucket; LEVELS * BASE]>,
    chunks: ChunkLists<Timer, CHUNK>,
    /// The rest of the bucket that is being emptied, and its level.
    rest: Bucket,
    rest_level: u32,
    /// How many timers there are.
    len: usize,
}

type Bucket = List<CHUNK>;

/// A time whose order is that of unsigned numbers.
type Key = u64;

const DIGIT: u32 = 6;
const BASE: usize = 1 << DIGIT;
const LEVELS: usize = 11;
/// Timers of a chunk: it is four cache lines long.
const CHUNK: usize = 10;
/// Timers that are taken at once, more or less: they are soon sorted.
const MOST: usize = 512;

/// What was [taken](TimerWheel::take) of the first bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// All its timers: the next ones to come due.
    pub(crate) is_all: bool,
    /// The times of the bucket differ from its beginning in so many of the lowest
    /// bits; zero: it is one instant.
    pub(crate) bits: u32,
}

#[inline]
fn key_of(time: Timestamp) -> Key {
    (time.nanos() as u64) ^ (1 << 63)
}

impl TimerWheel {
    pub(crate) fn with_room_for(timers: usize) -> Self {
        // Few timers may lie in a bucket each.
        let chunks = timers.min(BASE) + timers / CHUNK;
        Self {
            begins_at: 0,
            first_at: Key::MAX,
            levels: 0,
            filled: [0; LEVELS],
            buckets: Box::new([Bucket::EMPTY; LEVELS * BASE]),
            chunks: ChunkLists::with_room_for(chunks),
            rest: Bucket::EMPTY,
            rest_level: 0,
            len: 0,
        }
    }

    /// Where the wheel begins: where the bucket does that timers were taken from last.
    pub(crate) fn begins_at(&self) -> Timestamp {
        Timestamp::from_nanos((self.begins_at ^ (1 << 63)) as i64)
    }

    /// Whether a timer at `time` may be set here.
    #[inline]
    pub(crate) fn reaches_back_to(&self, time: Timestamp) -> bool {
        self.begins_at <= key_of(time)
    }

    /// Whether there may be timers at `time` or before.
    #[inline]
    pub(crate) fn starts_by(&self, time: Timestamp) -> bool {
        self.first_at <= key_of(time) && self.len > 0
    }

    /// Where the first bucket begins that has timers.
    pub(crate) fn first_at(&self) -> Option<Timestamp> {
        (self.len > 0).then(|| Timestamp::from_nanos((self.first_at ^ (1 << 63)) as i64))
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Sets a timer that is not before the beginning.
    #[inline]
    pub(crate) fn set(&mut self, timer: Timer) {
        let key = key_of(timer.at);
        // An exact match is a difference in the last digit as good as any.
        let level = ((key ^ self.begins_at) | 1).ilog2() / DIGIT;
        let shift = level * DIGIT;
        let digit = (key >> shift) as usize % BASE;
        self.len += 1;
        let bucket = level as usize * BASE + digit;
        if self.chunks.push(&mut self.buckets[bucket], timer) {
            return;
        }
        // It may be the first of its bucket.
        self.first_at = self.first_at.min(key >> shift << shift);
        self.levels |= 1 << level;
        self.filled[level as usize] |= 1 << digit;
        self.set_in_new_chunk(bucket, timer);
    }

    #[cold]
    #[inline(never)]
    fn set_in_new_chunk(&mut self, bucket: usize, timer: Timer) {
        let bucket = &mut self.buckets[bucket];
        self.chunks.push_in_new_chunk(bucket, timer);
    }

    /// Takes timers out of the first bucket, and begins where it begins: all of
    /// them, or a part if they are many.
    pub(crate) fn take(&mut self, into: &mut Vec<Timer>) -> Taken {
        let is_begun = !self.rest.is_empty();
        if !is_begun {
            self.begin_first();
        }
        self.len -= self.chunks.take(&mut self.rest, MOST, into);
        let is_all = self.rest.is_empty();
        if is_all {
            self.first_at = self.find_first();
        }
        Taken {
            is_all: is_all && !is_begun,
            bits: self.rest_level * DIGIT,
        }
    }

    /// Makes the first bucket the one that is emptied.
    fn begin_first(&mut self) {
        if self.levels == 0 {
            return;
        }
        let level = self.levels.trailing_zeros() as usize;
        let digit = self.filled[level].trailing_zeros() as usize;
        self.begins_at = self.first_at;
        self.filled[level] &= self.filled[level] - 1;
        if self.filled[level] == 0 {
            self.levels &= self.levels - 1;
        }
        self.rest = std::mem::replace(&mut self.buckets[level * BASE + digit], Bucket::EMPTY);
        self.rest_level = level as u32;
    }

    /// Where the first bucket begins.
    fn find_first(&self) -> Key {
        if self.levels == 0 {
            return Key::MAX;
        }
        let level = self.levels.trailing_zeros();
        let digit = self.filled[level as usize].trailing_zeros();
        let shift = level * DIGIT;
        let above = match shift + DIGIT {
            64.. => 0,
            above => self.begins_at >> above << above,
        };
        above | u64::from(digit) << shift
    }

    /// Forgets all timers.
    pub(crate) fn clear(&mut self) {
        self.rest = Bucket::EMPTY;
        self.first_at = Key::MAX;
        self.levels = 0;
        self.filled = [0; LEVELS];
        self.buckets.fill(Bucket::EMPTY);
        self.chunks.clear();
        self.len = 0;
    }

    /// Timers for which there is memory, if all chunks are full.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.chunks.room()
    }

    /// All timers, in no order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Timer> + '_ {
        let buckets = self.buckets.iter().chain([&self.rest]);
        buckets.flat_map(move |&bucket| self.chunks.iter(bucket))
    }
}

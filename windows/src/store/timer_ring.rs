use crate::store::chunk_lists::{ChunkLists, List};
use crate::store::timers::Timer;
use crate::{Slot, Timestamp};

/// Timers of the time just ahead, in buckets of one width that go around in a
/// ring.
///
/// ```text
///   watermark ▼     + gap ▼
///      | next |   |   | o |   |   ..   |     1024 buckets; a gap is 256 to 512 of them
///        └ opened when the watermark enters it
/// ```
///
/// Where all windows begin at the same length, as sessions do, a timer lies about
/// so far ahead when it is set, and no further when it is put back. It then waits
/// in one bucket and nowhere else, while the [wheel](super::timer_wheel::TimerWheel)
/// would deal it down its levels. What lies further ahead, or behind, the ring does
/// not [take](Self::set); the wheel does.
///
/// A timer is one word here: its bucket says when it begins, and the window's end
/// is the instant behind it. As in the wheel, a bucket is a
/// [list of chunks](ChunkLists).
///
/// # Invariants
/// - all timers lie in buckets from `next` on, fewer than `reach` of them;
/// - `filled` has a bit for each bucket that is not empty, and `first` is the number
///   of the first such bucket, or the end of numbers.
#[derive(Debug)]
pub(crate) struct TimerRing {
    /// A bucket is as wide as 2 to this power, in nanoseconds.
    shift: u32,
    /// How many buckets there are: none, if no timer belongs here.
    reach: u64,
    /// The number of the first bucket that may take timers.
    next: i64,
    first: i64,
    filled: [u64; BUCKETS / 64],
    buckets: Box<[Bucket; BUCKETS]>,
    chunks: ChunkLists<u64, CHUNK>,
    len: usize,
}

const BUCKETS: usize = 1024;
/// Buckets of the first length of windows, at the least.
const A_LENGTH: i64 = 256;
/// However short the windows, all buckets together are a second or longer: records
/// that come out of order set timers further ahead than a short window is long.
const LEAST_SHIFT: u32 = 20;
/// What a timer keeps of its time are so many bits.
const MOST_SHIFT: u32 = 32;
/// Timers of a chunk: with the number of the next one it is four cache lines long.
const CHUNK: usize = 31;
/// Timers that are taken at once, more or less.
const MOST: usize = 512;

type Bucket = List<CHUNK>;

impl TimerRing {
    /// A ring for windows that are `length` long when they begin, with room for so
    /// many timers; without a length it takes none.
    pub(crate) fn new(length: Option<i64>, timers: usize) -> Self {
        let (reach, chunks) = match length {
            // Few timers may lie in a bucket each.
            Some(_) => (BUCKETS as u64, timers.min(BUCKETS) + timers / CHUNK),
            None => (0, 0),
        };
        let width = (length.unwrap_or(0) / A_LENGTH).max(1);
        Self {
            shift: width.ilog2().clamp(LEAST_SHIFT, MOST_SHIFT),
            reach,
            next: i64::MIN,
            first: i64::MAX,
            filled: [0; BUCKETS / 64],
            buckets: Box::new([Bucket::EMPTY; BUCKETS]),
            chunks: ChunkLists::with_room_for(chunks),
            len: 0,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn number(&self, time: Timestamp) -> i64 {
        time.nanos() >> self.shift
    }

    /// Whether there may be timers at `time` or before.
    #[inline]
    pub(crate) fn starts_by(&self, time: Timestamp) -> bool {
        self.first <= self.number(time)
    }

    /// Where the first bucket begins that has timers.
    pub(crate) fn first_at(&self) -> Option<Timestamp> {
        (self.len > 0).then(|| Timestamp::from_nanos(self.first << self.shift))
    }

    /// Nothing lies at `time` or before: the ring reaches further ahead from now on.
    #[inline]
    pub(crate) fn move_to(&mut self, time: Timestamp) {
        let after = self.number(time) + 1;
        self.next = self.next.max(after);
    }

    /// Sets a timer, if the ring reaches to it.
    #[inline]
    pub(crate) fn set(&mut self, at: Timestamp, slot: Slot) -> bool {
        let number = self.number(at);
        if number.wrapping_sub(self.next) as u64 >= self.reach {
            return self.reach > 0 && self.begin_with(at, slot);
        }
        // No more bits than `MOST_SHIFT`.
        let offset = (at.nanos() - (number << self.shift)) as u64;
        let entry = offset << 32 | u64::from(slot.0);
        self.len += 1;
        let bucket = &mut self.buckets[number as usize % BUCKETS];
        if !self.chunks.push(bucket, entry) {
            self.set_in_new_chunk(number, entry);
        }
        true
    }

    /// The first timer of all, or the first after a while without any, says where
    /// the ring lies.
    #[cold]
    fn begin_with(&mut self, at: Timestamp, slot: Slot) -> bool {
        let number = self.number(at);
        if self.len > 0 || number < self.next {
            return false;
        }
        self.next = number.saturating_sub(BUCKETS as i64 / 2).max(self.next);
        self.set(at, slot)
    }

    #[cold]
    #[inline(never)]
    fn set_in_new_chunk(&mut self, number: i64, entry: u64) {
        // It may be the first of its bucket.
        self.first = self.first.min(number);
        let place = number as usize % BUCKETS;
        self.filled[place / 64] |= 1 << (place % 64);
        let bucket = &mut self.buckets[place];
        self.chunks.push_in_new_chunk(bucket, entry);
    }

    /// Takes timers out of the first bucket, all of them or a part if they are many.
    pub(crate) fn take(&mut self, into: &mut Vec<u64>) -> TakenOfRing {
        let number = self.first;
        let place = number as usize % BUCKETS;
        let bucket = &mut self.buckets[place];
        self.len -= self.chunks.take(bucket, MOST, into);
        let is_all = bucket.is_empty();
        if is_all {
            self.next = self.next.max(number + 1);
            self.filled[place / 64] &= !(1 << (place % 64));
            self.first = self.find_first();
        }
        TakenOfRing {
            is_all,
            begins_at: number << self.shift,
            ends_at: (number << self.shift) | ((1 << self.shift) - 1),
        }
    }

    /// The number of the first bucket that is not empty.
    fn find_first(&self) -> i64 {
        if self.len == 0 {
            return i64::MAX;
        }
        let start = self.next as usize % BUCKETS;
        let words = self.filled.len();
        // The first word once more at the end: its lower bits are the last ones.
        for step in 0..=words {
            let word = (start / 64 + step) % words;
            let bits = match step {
                0 => self.filled[word] & (u64::MAX << (start % 64)),
                _ => self.filled[word],
            };
            if bits != 0 {
                let place = word * 64 + bits.trailing_zeros() as usize;
                return self.next + (place.wrapping_sub(start) % BUCKETS) as i64;
            }
        }
        i64::MAX
    }

    /// Forgets all timers.
    pub(crate) fn clear(&mut self) {
        self.first = i64::MAX;
        self.filled = [0; BUCKETS / 64];
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
        let start = self.next as usize % BUCKETS;
        self.buckets
            .iter()
            .enumerate()
            .flat_map(move |(place, bucket)| {
                let number = self.next + (place.wrapping_sub(start) % BUCKETS) as i64;
                let begins_at = number << self.shift;
                let words = self.chunks.iter(*bucket);
                words.map(move |word| TakenOfRing::timer_at(begins_at, word))
            })
    }
}

/// What was [taken](TimerRing::take) of the first bucket: timers as words, whose
/// order is that of the timers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakenOfRing {
    /// All its timers, or the last of them: the next ones to come due.
    pub(crate) is_all: bool,
    /// Where the bucket begins, in nanoseconds.
    begins_at: i64,
    /// Its last instant.
    ends_at: i64,
}

impl TakenOfRing {
    /// Whether all of the bucket has come due at `watermark`.
    #[inline(always)]
    pub(crate) fn is_over(self, watermark: Timestamp) -> bool {
        self.ends_at <= watermark.nanos()
    }

    /// The timer of a word.
    #[inline(always)]
    pub(crate) fn timer(self, word: u64) -> Timer {
        Self::timer_at(self.begins_at, word)
    }

    #[inline(always)]
    fn timer_at(begins_at: i64, word: u64) -> Timer {
        let at = begins_at + (word >> 32) as i64;
        Timer {
            at: Timestamp::from_nanos(at),
            end: Timestamp::from_nanos(at.saturating_add(1)),
            slot: slot_of(word),
        }
    }
}

/// The slot that a word names.
#[inline(always)]
pub(crate) fn slot_of(word: u64) -> Slot {
    Slot(word as u32)
}

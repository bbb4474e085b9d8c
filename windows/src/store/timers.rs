use crate::store::timer_ring::{slot_of, TimerRing};
use crate::store::timer_wheel::TimerWheel;
use crate::{Slot, Timestamp};
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A promise to look at a window when the watermark reaches `at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    /// When to look: not after the window has anything due.
    pub(crate) at: Timestamp,
    /// The end of the window when the timer was set. The window may have grown
    /// since, or have been merged; what became of it still reaches this far.
    pub(crate) end: Timestamp,
    /// The key's slot.
    pub(crate) slot: Slot,
}

impl Timer {
    /// Its place in the order: by its time, then by the end of its window, and by
    /// slot only so that the order is total. Two numbers, which compare with one
    /// branch as a rule.
    #[inline]
    fn order(&self) -> (u128, Slot) {
        let unsigned = |time: Timestamp| u128::from((time.nanos() as u64) ^ (1 << 63));
        let times = unsigned(self.at) << 64 | unsigned(self.end);
        (times, self.slot)
    }
}

/// A timer on the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Near(Timer);

/// The first timer is the greatest.
impl Ord for Near {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.order().cmp(&self.0.order())
    }
}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Timers in the order of time, one for each live window.
///
/// ```text
///   session  [1        6)                       a timer at 5
///            [1             9)                  grown: the timer stays
///                     ▲ watermark 5: looked at, and put back to 8
/// ```
///
/// A window that grows leaves its timer alone, so that growing costs nothing
/// here; the timer is looked at when it comes due and put back if it came too
/// early. (Lazy deletion, as in the timing facilities of Varghese and Lauck,
/// 1987.) A window that needs an earlier timer than it has sets a second one, and
/// one that is merged into another leaves its own behind: such timers are stale.
/// A window knows when its timer is due, and a timer of any other time is passed
/// over.
///
/// Most timers wait in a [wheel](TimerWheel), in no order but that of its
/// buckets, or where windows are known to begin at one length, in a
/// [ring](TimerRing), which costs less. When the watermark enters a bucket, the timers of windows that have
/// grown move on at once. Of a bucket of a few hundred or less the others are
/// brought into order, and given out one after the other; larger ones are divided.
/// What comes in between goes into a heap, which
/// stays small. (The heap on top of buckets is that of Cherkassky, Goldberg and
/// Silverstein, Buckets, heaps, lists and monotone priority queues, 1997.)
///
/// Timers of one instant are in the order of their windows' ends, and of their
/// slots.
#[derive(Debug)]
pub(crate) struct Timers {
    /// The timers of the bucket that was emptied last, and how many of them are
    /// done.
    run: Vec<Timer>,
    done: usize,
    /// The timers that were taken out of a bucket, while they are looked through.
    taken: Vec<Timer>,
    /// The same, of the ring.
    words: Vec<u64>,
    /// Timers of later buckets that begin before the run ends, and those that
    /// were set in the past.
    near: BinaryHeap<Near>,
    /// Timers of the time just ahead, if they are such that it takes them.
    ring: TimerRing,
    far: TimerWheel,
    /// Timers before this were looked at when their bucket was divided.
    divided_to: Timestamp,
    /// How often a timer was looked at.
    looked_at: u64,
}

/// The windows that have timers.
pub(crate) trait TimedWindows {
    /// These are looked at next: reads a little of each, so that the cache misses
    /// of all of them go on at once.
    fn bring_near(&self, slots: impl Iterator<Item = Slot>);

    /// What is to become of a timer that comes due soon: it stays as it is, moves
    /// on with a window that has grown, or goes, if it is stale.
    fn revise(&mut self, timer: Timer) -> Option<Timer>;
}

/// Stale timers that are always allowed.
const FEW: usize = 64;
/// Parts of buckets that one call sees to.
const PARTS: usize = 8;
/// So few timers are sorted without being dealt out first.
const FEW_TO_SORT: usize = 20;

impl Timers {
    pub(crate) fn with_room_for(timers: usize) -> Self {
        Self {
            run: Vec::with_capacity(timers.min(FEW)),
            done: 0,
            taken: Vec::with_capacity(timers.min(FEW)),
            words: Vec::new(),
            near: BinaryHeap::with_capacity(timers.min(FEW)),
            ring: TimerRing::new(None, 0),
            far: TimerWheel::with_room_for(timers),
            divided_to: Timestamp::MIN,
            looked_at: 0,
        }
    }

    /// Timers as they are where every window has its timer at its last instant and
    /// is so long, in nanoseconds, when it begins.
    pub(crate) fn at_last_instants(length: i64, timers: usize) -> Self {
        Self {
            ring: TimerRing::new(Some(length), timers),
            words: Vec::with_capacity(timers.min(FEW)),
            ..Self::with_room_for(timers.min(FEW))
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, timer: Timer) {
        if !self.ring.set(timer.at, timer.slot) {
            self.set_elsewhere(timer);
        }
    }

    /// Sets the timer of what has no window: its end is the instant behind.
    #[inline(always)]
    pub(crate) fn set_instant(&mut self, at: Timestamp, slot: Slot) {
        if !self.ring.set(at, slot) {
            let end = Timestamp::from_nanos(at.nanos().saturating_add(1));
            self.set_elsewhere(Timer { at, end, slot });
        }
    }

    #[inline(never)]
    fn set_elsewhere(&mut self, timer: Timer) {
        match self.far.reaches_back_to(timer.at) {
            true => self.far.set(timer),
            false => self.near.push(Near(timer)),
        }
    }

    /// Whether a timer may have come due at `watermark`: one has, or the watermark
    /// has entered a bucket.
    #[inline]
    pub(crate) fn may_be_due(&self, watermark: Timestamp) -> bool {
        let is_due = |timer: &Timer| timer.at <= watermark;
        self.run.get(self.done).is_some_and(is_due)
            || self.near.peek().is_some_and(|near| is_due(&near.0))
            || self.ring.starts_by(watermark)
            || self.far.starts_by(watermark)
    }

    /// A time before which none comes due, if there are any: when one does or, as a
    /// rule, where the bucket begins in which the first one lies.
    pub(crate) fn none_before(&self) -> Option<Timestamp> {
        let run = self.run.get(self.done).map(|timer| timer.at);
        let near = self.near.peek().map(|near| near.0.at);
        let buckets = [self.ring.first_at(), self.far.first_at()];
        buckets.into_iter().chain([run, near]).flatten().min()
    }

    /// The watermark has risen: says whether a timer [may be due](Self::may_be_due).
    #[inline]
    pub(crate) fn advance(&mut self, watermark: Timestamp) -> bool {
        let may_be_due = self.may_be_due(watermark);
        if !may_be_due {
            self.ring.move_to(watermark);
        }
        may_be_due
    }

    /// The first timer that has come due, to be taken off or moved on.
    ///
    /// One call does a bounded amount of work: there may be nothing for now.
    #[inline]
    pub(crate) fn first_due(
        &mut self,
        watermark: Timestamp,
        windows: &mut impl TimedWindows,
    ) -> Next<'_> {
        for _ in 0..PARTS {
            let first = match (self.run.get(self.done), self.near.peek()) {
                (Some(&first), None) => Some((first, false)),
                (Some(&first), Some(&Near(other))) => match other.order() < first.order() {
                    true => Some((other, true)),
                    false => Some((first, false)),
                },
                (None, other) => other.map(|other| (other.0, true)),
            };
            let first = first.filter(|first| first.0.at <= watermark);
            let until = first.map_or(watermark, |first| first.0.at);
            let (of_ring, of_wheel) = (self.ring.starts_by(until), self.far.starts_by(until));
            if of_ring | of_wheel {
                match of_ring {
                    true => self.pour_ring(windows),
                    false => self.pour(windows),
                }
                continue;
            }
            let Some((timer, is_of_heap)) = first else {
                self.ring.move_to(watermark);
                return Next::None;
            };
            return Next::Due(DueTimer {
                timers: self,
                timer,
                is_of_heap,
            });
        }
        Next::Later
    }

    /// Takes off timers that have come due, in no order, a few more than `most` at the
    /// most: their slots go into `into`. Says whether there may be more.
    ///
    /// For timers that never move: they need not be brought into order, nor looked at
    /// twice.
    pub(crate) fn take_due(
        &mut self,
        watermark: Timestamp,
        most: usize,
        into: &mut Vec<Slot>,
    ) -> bool {
        let mut seen = 0;
        while seen < most {
            let of_run = self
                .run
                .get(self.done)
                .filter(|first| first.at <= watermark);
            if let Some(timer) = of_run {
                into.push(timer.slot);
                self.done += 1;
                seen += 1;
            } else if self.near.peek().is_some_and(|near| near.0.at <= watermark) {
                if let Some(Near(timer)) = self.near.pop() {
                    into.push(timer.slot);
                }
                seen += 1;
            } else if self.ring.starts_by(watermark) {
                self.words.clear();
                let taken = self.ring.take(&mut self.words);
                seen += self.words.len();
                if taken.is_over(watermark) {
                    into.extend(self.words.iter().map(|&word| slot_of(word)));
                    continue;
                }
                // Of the bucket that the watermark lies in: what is left is next.
                let is_free = self.done == self.run.len();
                if is_free {
                    self.run.clear();
                    self.done = 0;
                    self.words.sort_unstable();
                }
                for &word in &self.words {
                    let timer = taken.timer(word);
                    match (timer.at <= watermark, is_free) {
                        (true, _) => into.push(timer.slot),
                        (false, true) => self.run.push(timer),
                        (false, false) => self.near.push(Near(timer)),
                    }
                }
            } else if self.far.starts_by(watermark) {
                self.taken.clear();
                self.far.take(&mut self.taken);
                seen += self.taken.len();
                for place in 0..self.taken.len() {
                    let timer = self.taken[place];
                    match timer.at <= watermark {
                        true => into.push(timer.slot),
                        // It lies in a narrower bucket now.
                        false => self.set_elsewhere(timer),
                    }
                }
            } else {
                self.ring.move_to(watermark);
                return false;
            }
        }
        true
    }

    /// Sees to the first bucket of the ring, or a part of it.
    #[inline(never)]
    fn pour_ring(&mut self, windows: &mut impl TimedWindows) {
        self.words.clear();
        let taken = self.ring.take(&mut self.words);
        windows.bring_near(self.words.iter().map(|&word| slot_of(word)));
        // What stays comes together in front.
        let mut kept = 0;
        for place in 0..self.words.len() {
            let word = self.words[place];
            let timer = taken.timer(word);
            match windows.revise(timer) {
                Some(revised) if revised.at == timer.at => {
                    self.words[kept] = word;
                    kept += 1;
                    continue;
                }
                Some(revised) => self.set(revised),
                None => {}
            }
            self.looked_at += 1;
        }
        self.words.truncate(kept);
        if self.done == self.run.len() {
            self.run.clear();
            self.done = 0;
        }
        match (taken.is_all, self.run.is_empty()) {
            (true, true) => {
                self.words.sort_unstable();
                let timers = self.words.iter().map(|&word| taken.timer(word));
                self.run.extend(timers);
            }
            (true, false) => {
                let timers = self.words.iter().map(|&word| Near(taken.timer(word)));
                self.near.extend(timers);
            }
            // Many in one bucket: the wheel divides them.
            (false, _) => {
                for place in 0..kept {
                    self.set_elsewhere(taken.timer(self.words[place]));
                }
            }
        }
    }

    /// Sees to the first bucket of the wheel, or a part of it.
    #[inline(never)]
    fn pour(&mut self, windows: &mut impl TimedWindows) {
        self.taken.clear();
        let taken = self.far.take(&mut self.taken);
        windows.bring_near(self.taken.iter().map(|timer| timer.slot));
        let begins_at = self.far.begins_at();
        // Timers of one instant cannot be divided.
        let are_next = taken.is_all || taken.bits == 0;
        if are_next && self.done == self.run.len() {
            self.run.clear();
            self.done = 0;
        }
        let goes_on_heap = are_next && !self.run.is_empty();
        // Few windows have grown since, and those are seen to when they are due.
        let is_known = are_next && begins_at < self.divided_to;
        if !are_next {
            let width = 1u64.checked_shl(taken.bits).unwrap_or(u64::MAX);
            self.divided_to = begins_at + Duration::from_nanos(width);
        }
        let mut kept = 0;
        for at in 0..self.taken.len() {
            let timer = self.taken[at];
            let revised = match is_known {
                true => Some(timer),
                false => windows.revise(timer),
            };
            let Some(revised) = revised else {
                self.looked_at += 1;
                continue;
            };
            match (revised == timer && are_next, goes_on_heap) {
                (true, true) => self.near.push(Near(timer)),
                (true, false) => {
                    self.taken[kept] = timer;
                    kept += 1;
                }
                (false, _) if revised == timer => self.set_elsewhere(timer),
                (false, _) => {
                    self.looked_at += 1;
                    self.set(revised);
                }
            }
        }
        self.taken.truncate(kept);
        if kept > 0 {
            self.deal_out(begins_at, taken.bits);
        }
    }

    /// Makes the timers that were taken the run, in order. Their times differ from
    /// the beginning in the lowest `bits` only.
    fn deal_out(&mut self, begins_at: Timestamp, bits: u32) {
        let Self { run, taken, .. } = self;
        if taken.len() <= FEW_TO_SORT {
            std::mem::swap(run, taken);
            run.sort_unstable_by_key(Timer::order);
            return;
        }
        // By the highest six bits first (counted, then dealt out), which costs less
        // than comparing; then each of the 64 heaps.
        let shift = bits.saturating_sub(6);
        let heap_of = |timer: &Timer| {
            (timer.at.nanos().wrapping_sub(begins_at.nanos()) >> shift) as usize % 64
        };
        let mut ends = [0usize; 64];
        for timer in taken.iter() {
            ends[heap_of(timer)] += 1;
        }
        let mut end = 0;
        for count in &mut ends {
            end += std::mem::replace(count, end);
        }
        run.resize(taken.len(), taken[0]);
        for timer in taken.iter() {
            let place = &mut ends[heap_of(timer)];
            run[*place] = *timer;
            *place += 1;
        }
        let mut start = 0;
        for end in ends {
            if end > start + 1 {
                run[start..end].sort_unstable_by_key(Timer::order);
            }
            start = end;
        }
    }

    #[inline]
    fn take_off_first(&mut self, is_of_heap: bool) {
        self.looked_at += 1;
        match is_of_heap {
            true => drop(self.near.pop()),
            false => self.done += 1,
        }
    }

    /// Whether there are so many stale timers that all of them should be
    /// [made anew](Self::reset): more than it takes to visit `slots` and the
    /// `live` windows.
    #[inline]
    pub(crate) fn are_mostly_stale(&self, live: usize, slots: usize) -> bool {
        self.len() > live.saturating_mul(2).saturating_add(slots) + FEW
    }

    #[inline]
    fn len(&self) -> usize {
        self.run.len() - self.done + self.near.len() + self.ring.len() + self.far.len()
    }

    /// Forgets all timers and sets these.
    pub(crate) fn reset(&mut self, timers: impl Iterator<Item = Timer>) {
        self.run.clear();
        self.done = 0;
        self.near.clear();
        self.ring.clear();
        self.far.clear();
        for timer in timers {
            self.set(timer);
        }
    }

    /// How often a timer was looked at.
    #[cfg(test)]
    pub(crate) fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Timers for which there is memory, near and far.
    #[cfg(test)]
    pub(crate) fn room(&self) -> (usize, usize) {
        let taken = self.taken.capacity() + self.words.capacity();
        let near = self.run.capacity() + taken + self.near.capacity();
        (near, self.ring.room() + self.far.room())
    }

    /// All timers, stale ones too, in no order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Timer> + '_ {
        let near = self.near.iter().map(|timer| timer.0);
        let run = self.run[self.done..].iter().copied();
        near.chain(run)
            .chain(self.ring.iter())
            .chain(self.far.iter())
    }
}

/// What is next of the timers.
pub(crate) enum Next<'a> {
    /// The first one, which has come due.
    Due(DueTimer<'a>),
    /// That is not known yet: ask again.
    Later,
    /// None has come due.
    None,
}

/// The first timer, which has come due.
pub(crate) struct DueTimer<'a> {
    timers: &'a mut Timers,
    timer: Timer,
    is_of_heap: bool,
}

impl DueTimer<'_> {
    #[inline]
    pub(crate) fn timer(&self) -> Timer {
        self.timer
    }

    /// Puts the timer where it is to be looked at again.
    #[inline]
    pub(crate) fn move_on(self, at: Timestamp, end: Timestamp) {
        let slot = self.timer.slot;
        self.timers.take_off_first(self.is_of_heap);
        self.timers.set(Timer { at, end, slot });
    }

    /// Takes the timer off.
    #[inline]
    pub(crate) fn take_off(self) {
        self.timers.take_off_first(self.is_of_heap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows that never grow.
    struct AsSet;

    impl TimedWindows for AsSet {
        fn bring_near(&self, _: impl Iterator<Item = Slot>) {}

        fn revise(&mut self, timer: Timer) -> Option<Timer> {
            Some(timer)
        }
    }

    fn timer(at: i64) -> Timer {
        Timer {
            at: Timestamp::from_nanos(at),
            end: Timestamp::from_nanos(at + 1),
            slot: Slot(0),
        }
    }

    /// The first timer that is due, however often it takes to ask.
    fn first_due<'a>(
        timers: &'a mut Timers,
        watermark: i64,
        windows: &mut impl TimedWindows,
    ) -> Option<DueTimer<'a>> {
        let now = Timestamp::from_nanos(watermark);
        while matches!(timers.first_due(now, windows), Next::Later) {}
        match timers.first_due(now, windows) {
            Next::Due(due) => Some(due),
            Next::Later | Next::None => None,
        }
    }

    /// What is due at `watermark`; each timer is put back `later`, if that is
    /// not zero.
    fn due(timers: &mut Timers, watermark: i64, later: i64) -> Vec<i64> {
        let mut seen = Vec::new();
        while let Some(due) = first_due(timers, watermark, &mut AsSet) {
            let at = due.timer().at.nanos();
            seen.push(at);
            match later {
                0 => due.take_off(),
                later => due.move_on(
                    Timestamp::from_nanos(at + later),
                    Timestamp::from_nanos(at + later + 1),
                ),
            }
        }
        seen
    }

    #[test]
    fn timers_come_in_the_order_of_time_and_only_when_due() {
        let mut timers = Timers::with_room_for(0);
        for at in [7, 3, 9, 5] {
            timers.set(timer(at));
        }
        assert_eq!(due(&mut timers, 2, 0), []);
        assert_eq!(due(&mut timers, 6, 3), [3, 5, 6]);
        assert_eq!(due(&mut timers, 9, 0), [7, 8, 9, 9]);
        assert_eq!(timers.looked_at(), 7);
    }

    #[test]
    fn stale_timers_are_forgotten_when_they_are_many() {
        let mut timers = Timers::with_room_for(0);
        for at in 0..100 {
            timers.set(timer(at));
        }
        assert!(!timers.are_mostly_stale(10, 16));
        assert!(timers.are_mostly_stale(9, 16));
        timers.reset((3..6).map(timer));
        assert_eq!(due(&mut timers, 100, 0), [3, 4, 5]);
    }

    /// Every timer that is due, in order, against a heap; each is put back by
    /// chance, and new ones come in, at all distances, before the watermark too.
    #[test]
    fn it_agrees_with_a_heap_at_all_scales_of_time() {
        let mut random = 1u64;
        let mut dice = move || {
            random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (random >> 33) as i64
        };
        // In the wheel, and with a ring in front of it, as if windows were so long.
        let lengths = [None, Some(1), Some(1 << 28), Some(i64::MAX)];
        let starts = [i64::MIN, -1_000, 1 << 60, i64::MAX - 100_000];
        for (start, length) in starts.into_iter().flat_map(|s| lengths.map(|l| (s, l))) {
            let mut timers = match length {
                None => Timers::with_room_for(4),
                Some(length) => Timers::at_last_instants(length, 4),
            };
            let mut were_in_ring = 0;
            let mut heap = BinaryHeap::new();
            let mut watermark = start;
            for round in 0..600i64 {
                // Now and then a burst at one instant, or far away.
                let count = [3, 0, 100, 1][round as usize % 4];
                let (spread, reach) = (dice() % 60, dice() % 50);
                for number in 0..count {
                    let far = dice().wrapping_mul(dice()) & ((1 << spread) - 1);
                    let back = [0, 0, 5, 1 << 40][number as usize % 4];
                    let time = watermark.saturating_add(far).saturating_sub(back);
                    let timer = Timer {
                        at: Timestamp::from_nanos(time),
                        end: match length {
                            None => Timestamp::from_nanos(dice()),
                            Some(_) => Timestamp::from_nanos(time.saturating_add(1)),
                        },
                        slot: Slot(dice() as u32),
                    };
                    timers.set(timer);
                    heap.push(Near(timer));
                }
                watermark = match round {
                    599 => i64::MAX,
                    _ => watermark.saturating_add(dice() & ((1 << reach) - 1)),
                };
                let now = Timestamp::from_nanos(watermark);
                were_in_ring += timers.ring.len();
                assert_eq!(timers.len(), heap.len());
                // What is lost shows in the length at once; which it was, soon enough.
                if round % 7 == 0 {
                    let mut all: Vec<_> = timers.iter().map(|timer| timer.order()).collect();
                    let mut expected: Vec<_> = heap.iter().map(|near| near.0.order()).collect();
                    all.sort_unstable();
                    expected.sort_unstable();
                    assert_eq!(all, expected);
                }
                let first = heap.peek().map(|first: &Near| first.0);
                let is_due = first.is_some_and(|first| first.at <= now);
                assert!(timers.advance(now) || !is_due);
                while let Some(due) = first_due(&mut timers, watermark, &mut AsSet) {
                    let timer = due.timer();
                    assert_eq!(heap.pop(), Some(Near(timer)));
                    let later = dice() & ((1 << reach) - 1);
                    if dice() % 2 == 0 || later == 0 || watermark == i64::MAX {
                        due.take_off();
                        continue;
                    }
                    let at = Timestamp::from_nanos(timer.at.nanos().saturating_add(later));
                    let end = match length {
                        None => timer.end,
                        Some(_) => Timestamp::from_nanos(at.nanos().saturating_add(1)),
                    };
                    due.move_on(at, end);
                    heap.push(Near(Timer { at, end, ..timer }));
                }
                assert!(heap.peek().map_or(true, |first| first.0.at > now));
            }
            assert_eq!((timers.len(), heap.len()), (0, 0));
            assert_eq!(
                were_in_ring > 0,
                length.is_some(),
                "{length:?} from {start}"
            );
        }
    }

    #[test]
    fn the_ends_of_time_come_last_and_first() {
        let mut timers = Timers::with_room_for(0);
        assert!(!timers.may_be_due(Timestamp::MAX));
        let at = |nanos| Timer {
            at: Timestamp::from_nanos(nanos),
            end: Timestamp::MAX,
            slot: Slot(0),
        };
        for time in [i64::MAX, 0, i64::MIN, i64::MAX - 1, -1, i64::MIN + 1] {
            timers.set(at(time));
        }
        assert_eq!(due(&mut timers, i64::MIN, 0), [i64::MIN]);
        assert_eq!(due(&mut timers, 0, 0), [i64::MIN + 1, -1, 0]);
        assert_eq!(due(&mut timers, i64::MAX - 1, 0), [i64::MAX - 1]);
        timers.set(at(i64::MIN));
        assert_eq!(due(&mut timers, i64::MAX, 0), [i64::MIN, i64::MAX]);
        // The wheel has come to the end; it goes on in the past.
        for time in [5, i64::MAX, 3] {
            timers.set(at(time));
        }
        assert_eq!(due(&mut timers, i64::MAX, 0), [3, 5, i64::MAX]);
    }

    /// The heap, which is what costs, stays small: what waits lies in the wheel.
    #[test]
    fn few_timers_are_near() {
        let mut timers = Timers::with_room_for(0);
        let mut most = 0;
        for now in 0..20_000 {
            timers.set(timer(1_000 * now + 5_000_000 + now % 7));
            due(&mut timers, 1_000 * now, 5_000_000);
            most = most.max(timers.near.len() + timers.run.len());
        }
        assert!(timers.len() > 10_000);
        assert!(most < 1_000, "{most}");
    }

    /// However many timers come due at once, a call sees to few of them.
    #[test]
    fn a_call_sees_to_few_timers() {
        let ring = || Timers::at_last_instants(1 << 30, 0);
        for (apart, mut timers) in [
            (0, Timers::with_room_for(0)),
            (1, Timers::with_room_for(0)),
            (1_000, Timers::with_room_for(0)),
            (0, ring()),
            (1, ring()),
            (1_000, ring()),
        ] {
            for n in 0..100_000i64 {
                timers.set(timer(1_000_000 + apart * n));
            }
            let waiting = |timers: &Timers| timers.far.len() + timers.ring.len();
            let (mut seen, mut left) = (0, waiting(&timers));
            loop {
                let (is_done, is_later) = match timers.first_due(Timestamp::MAX, &mut AsSet) {
                    Next::Due(due) => {
                        due.take_off();
                        seen += 1;
                        (false, false)
                    }
                    Next::Later => (false, true),
                    Next::None => (true, false),
                };
                let taken = left.abs_diff(waiting(&timers));
                assert!(taken <= PARTS * 1_024, "{taken} timers, {apart} ns apart");
                left = waiting(&timers);
                if is_done {
                    break;
                }
                assert!(is_later || seen > 0);
            }
            assert_eq!(seen, 100_000);
        }
    }

    /// Buckets take their memory from one place: however time goes on, as many
    /// timers need no more of it.
    #[test]
    fn as_many_timers_need_no_more_memory() {
        let ring = Timers::at_last_instants(5_000_000, 0);
        for mut timers in [Timers::with_room_for(0), ring] {
            let mut room = None;
            for round in 0..200i64 {
                let start = round * 7_777_777;
                for n in 0..3_000 {
                    timers.set(timer(start + (n * n) % 5_000_000));
                }
                assert_eq!(due(&mut timers, start + 5_000_000, 0).len(), 3_000);
                if round == 20 {
                    room = Some(timers.room());
                }
                assert_eq!(timers.room(), room.unwrap_or(timers.room()));
            }
            let (_, far) = timers.room();
            assert!(far < 20_000, "{far}");
        }
    }

    /// Of three timers one is stale, one moves on by 1000, and one stays.
    struct Thirds;

    impl TimedWindows for Thirds {
        fn bring_near(&self, _: impl Iterator<Item = Slot>) {}

        fn revise(&mut self, old: Timer) -> Option<Timer> {
            match old.at.nanos() {
                at if at >= 1_000 || at % 3 == 2 => Some(old),
                at if at % 3 == 1 => Some(timer(at + 1_000)),
                _ => None,
            }
        }
    }

    #[test]
    fn timers_that_came_too_early_or_are_stale_are_not_sorted() {
        let mut timers = Timers::with_room_for(0);
        for at in 0..300 {
            timers.set(timer(299 - at));
        }
        for (watermark, first, due, looked_at) in [(999, 2, 100, 300), (1_999, 1_001, 100, 400)] {
            let mut expected = first;
            while let Some(due) = first_due(&mut timers, watermark, &mut Thirds) {
                assert_eq!(due.timer(), timer(expected));
                due.take_off();
                expected += 3;
            }
            assert_eq!((expected - first) / 3, due);
            assert_eq!(timers.looked_at(), looked_at, "each of them once");
        }
        assert_eq!(timers.len(), 0);
    }

    /// Timers that never move are taken off when they are due, each once, however the
    /// watermark lies to the buckets and however few are asked for.
    #[test]
    fn what_is_due_is_taken_off_once_at_all_scales_of_time() {
        let mut state = 5u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (state >> 33) % below
        };
        for unit in [1, 1_000, 300_000, 1_000_000, 70_000_000, 1_000_000_000] {
            for most in [1, 10, 1_000] {
                let mut timers = Timers::at_last_instants(100 * unit, 16);
                let mut oracle: Vec<(i64, u32)> = Vec::new();
                let mut watermark = 0;
                for round in 0..300 {
                    for _ in 0..random(12) {
                        // Most a little ahead; a few far ahead, or in the past.
                        let ahead = match random(20) {
                            0 => 5_000,
                            1 => -3,
                            _ => random(120) as i64,
                        };
                        let at = watermark + ahead * unit + random(unit as u64) as i64;
                        let slot = random(50) as u32;
                        timers.set_instant(Timestamp::from_nanos(at), Slot(slot));
                        oracle.push((at, slot));
                    }
                    watermark += random(9 * unit as u64) as i64;
                    if round % 100 == 99 {
                        watermark += 6_000 * unit;
                    }
                    let reached = Timestamp::from_nanos(watermark);
                    let mut taken = Vec::new();
                    let mut is_more = timers.advance(reached);
                    while is_more {
                        is_more = timers.take_due(reached, most, &mut taken);
                    }
                    assert!(!timers.may_be_due(reached));
                    let mut taken: Vec<_> = taken.into_iter().map(|slot| slot.0).collect();
                    let is_due = |timer: &(i64, u32)| timer.0 <= watermark;
                    let mut due: Vec<_> =
                        oracle.iter().filter(|t| is_due(t)).map(|t| t.1).collect();
                    oracle.retain(|timer| !is_due(timer));
                    taken.sort_unstable();
                    due.sort_unstable();
                    assert_eq!(taken, due, "unit {unit}, {most} at most, round {round}");
                    assert_eq!(timers.iter().count(), oracle.len());
                }
            }
        }
    }
}

use crate::join::in_order::Held;
use crate::join::join_keys::JoinKeys;
use crate::join::timed_list::TimedLists;
use crate::{Ahead, Declined, IntervalBounds, JoinLimit, JoinStats, Prefetch, Slot, Timestamp};
use std::hash::Hash;
use std::ops::Range;

/// An interval join: pairs of a left and a right record of one key, whose times lie
/// between [bounds](IntervalBounds).
///
/// A record meets the other side's as it comes, and is then held for those that are
/// still to come. What the watermark puts out of reach of all that may come is
/// removed.
///
/// ```text
///   bounds -2, +2        watermark 5
///   left   [ 3  4  8 ]      3 + 2 <= 5: goes        4 stays, for a right one at 6
///   right  [ 3  9 ]         3 + 2 <= 5: goes
/// ```
///
/// A state machine: [`left`](Self::left) and [`right`](Self::right) take a record,
/// [`pair_up`](Self::pair_up) hands out the pairs it makes, [`advance`](Self::advance)
/// moves the watermark, and [`remove`](Self::remove) lets go of what is out of reach.
/// As long as there are [pairs](Self::has_pairs) or [something to
/// remove](Self::has_due), the caller gives it nothing.
///
/// ```
/// use fluxus_windows::{IntervalBounds, IntervalPairs, JoinLimit, StateLimit, Timestamp};
///
/// let limit = JoinLimit { keys: StateLimit::new(16, 1024), records: 1 << 20 };
/// let mut join = IntervalPairs::new(IntervalBounds::from_nanos(-2, 2)?, limit, false, false);
/// let at = Timestamp::from_nanos;
/// join.left(at(5), "ant", 1).unwrap();
/// join.right(at(6), "ant", 'x').unwrap();
/// let mut pairs = Vec::new();
/// join.pair_up(|time, _, left, right| {
///     pairs.push((time, *left, *right));
///     true
/// });
/// assert_eq!(pairs, [(at(6), 1, 'x')]);
/// # Ok::<(), fluxus_windows::IntervalError>(())
/// ```
#[derive(Debug)]
pub struct IntervalPairs<K, L, R> {
    bounds: IntervalBounds,
    keys: JoinKeys<K>,
    left: TimedLists<L>,
    right: TimedLists<R>,
    most_records: usize,
    /// Whether a record that goes without a partner is handed out.
    keeps_left: bool,
    keeps_right: bool,
    /// Records that have gone without a partner.
    alone: u64,
    watermark: Timestamp,
    /// There may be something to remove.
    is_due: bool,
    /// The record that has come last, while it meets others.
    arrived: Option<Arrived>,
}

/// A record that meets others; it is held among those of its side already.
#[derive(Debug)]
struct Arrived {
    side: Side,
    slot: Slot,
    /// Its number among those of its side.
    number: usize,
    /// The records of the other side that it is still to meet.
    partners: Range<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Left,
    Right,
}

/// A record that goes without having met a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone<L, R> {
    /// A left one.
    Left(L),
    /// A right one.
    Right(R),
}

/// Bytes that are as quickly found one by one.
const IN_CACHE: usize = 1 << 18;
/// Records that are removed in one call at the most, and keys that are looked at.
const MOST: usize = 256;

impl<K: Hash + Eq, L, R> IntervalPairs<K, L, R> {
    /// Holds nothing yet; memory is set aside as `limit` says. `keeps_left` and
    /// `keeps_right` say whether records that go without a partner are handed out.
    pub fn new(
        bounds: IntervalBounds,
        limit: JoinLimit,
        keeps_left: bool,
        keeps_right: bool,
    ) -> Self {
        let keys = limit.keys.expected();
        Self {
            bounds,
            keys: JoinKeys::new(limit.keys),
            left: TimedLists::new(keys, bounds.upper_ns()),
            right: TimedLists::new(keys, bounds.lower_ns().saturating_neg()),
            most_records: limit.records,
            keeps_left,
            keeps_right,
            alone: 0,
            watermark: Timestamp::MIN,
            is_due: false,
            arrived: None,
        }
    }

    /// Takes a left record.
    ///
    /// # Errors
    /// When it is late, or there is no room for it: why, and the record.
    #[inline]
    pub fn left(&mut self, time: Timestamp, key: K, value: L) -> Result<(), (Declined, L)> {
        self.left_at(None, time, key, value)
    }

    /// As [`left`](Self::left), where the key was [looked for](Self::look_ahead).
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn left_at(
        &mut self,
        slot: Option<Slot>,
        time: Timestamp,
        key: K,
        value: L,
    ) -> Result<(), (Declined, L)> {
        let slot = match self.slot(slot, time, key) {
            Ok(slot) => slot,
            Err(declined) => return Err((declined, value)),
        };
        let times = self.bounds.partners_of_left(time);
        let partners = self.right.between(slot, &times);
        let held = Held {
            time,
            has_partner: !partners.is_empty(),
            value,
        };
        let end = self.bounds.end_of_left(time);
        // One for which no partner can come any more goes as soon as it has met those
        // that are there.
        self.is_due |= end <= self.watermark;
        let number = self.left.insert_timed(slot, held, end);
        if !partners.is_empty() {
            self.arrived = Some(Arrived {
                side: Side::Left,
                slot,
                number,
                partners,
            });
        }
        Ok(())
    }

    /// Takes a right record.
    ///
    /// # Errors
    /// When it is late, or there is no room for it: why, and the record.
    #[inline]
    pub fn right(&mut self, time: Timestamp, key: K, value: R) -> Result<(), (Declined, R)> {
        self.right_at(None, time, key, value)
    }

    /// As [`right`](Self::right), where the key was [looked for](Self::look_ahead).
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn right_at(
        &mut self,
        slot: Option<Slot>,
        time: Timestamp,
        key: K,
        value: R,
    ) -> Result<(), (Declined, R)> {
        let slot = match self.slot(slot, time, key) {
            Ok(slot) => slot,
            Err(declined) => return Err((declined, value)),
        };
        let times = self.bounds.partners_of_right(time);
        let partners = self.left.between(slot, &times);
        let held = Held {
            time,
            has_partner: !partners.is_empty(),
            value,
        };
        let end = self.bounds.end_of_right(time);
        // One for which no partner can come any more goes as soon as it has met those
        // that are there.
        self.is_due |= end <= self.watermark;
        let number = self.right.insert_timed(slot, held, end);
        if !partners.is_empty() {
            self.arrived = Some(Arrived {
                side: Side::Right,
                slot,
                number,
                partners,
            });
        }
        Ok(())
    }

    #[inline(always)]
    fn slot(&mut self, slot: Option<Slot>, time: Timestamp, key: K) -> Result<Slot, Declined> {
        if time <= self.watermark {
            return Err(Declined::Late);
        }
        if self.left.len() + self.right.len() >= self.most_records {
            return Err(Declined::TooManyRecords);
        }
        let (left, right) = (&self.left, &self.right);
        let is_idle = |slot| left.is_empty(slot) && right.is_empty(slot);
        let slot = self.keys.slot(slot, key, is_idle);
        slot.ok_or(Declined::TooManyKeys)
    }

    /// Whether what is held is so much that to find it means to wait for memory. Then
    /// it is worth while to look for many keys [together](Self::look_ahead).
    #[inline]
    pub fn is_large(&self) -> bool {
        let records = self.left.bytes() + self.right.bytes();
        self.keys.bytes() + records > IN_CACHE
    }

    /// Asks for the memory in which the look-up of a key begins.
    #[inline]
    pub fn expect<T>(&self, record: &mut Ahead<K, T>, memory: &impl Prefetch) {
        self.keys.expect(record, memory);
    }

    /// Looks for the keys of records that were [expected](Self::expect), and asks for
    /// what is held of them.
    pub fn look_ahead<T>(&self, records: &mut [Ahead<K, T>], memory: &impl Prefetch) {
        self.keys.look_ahead(records, memory);
        let slots = || records.iter().filter_map(Ahead::slot);
        for slot in slots() {
            self.left.expect(slot, memory);
            self.right.expect(slot, memory);
        }
        for slot in slots() {
            self.left.expect_records(slot, memory);
            self.right.expect_records(slot, memory);
        }
    }

    /// Whether the record that came last has more to meet.
    #[inline]
    pub fn has_pairs(&self) -> bool {
        self.arrived.is_some()
    }

    /// Hands the pairs of the record that came last to `each`, in the order of the
    /// other records' times, until all are out or `each` says that it wants no more
    /// for now. Says whether all are out.
    ///
    /// A pair lies at the later of the two times.
    pub fn pair_up(&mut self, mut each: impl FnMut(Timestamp, &K, &L, &R) -> bool) -> bool {
        let Some(arrived) = &mut self.arrived else {
            return true;
        };
        let (slot, partners) = (arrived.slot, arrived.partners.clone());
        let key = self.keys.key(slot);
        let mut met = 0;
        match arrived.side {
            Side::Left => {
                if let Some(left) = self.left.at(slot, arrived.number) {
                    for right in self.right.range_mut(slot, partners) {
                        met += 1;
                        right.has_partner = true;
                        if !each(left.time.max(right.time), key, &left.value, &right.value) {
                            break;
                        }
                    }
                }
            }
            Side::Right => {
                if let Some(right) = self.right.at(slot, arrived.number) {
                    for left in self.left.range_mut(slot, partners) {
                        met += 1;
                        left.has_partner = true;
                        if !each(left.time.max(right.time), key, &left.value, &right.value) {
                            break;
                        }
                    }
                }
            }
        }
        arrived.partners.start += met;
        if met > 0 && !arrived.partners.is_empty() {
            return false;
        }
        self.arrived = None;
        true
    }

    /// Moves the watermark to `time`; one that does not rise does nothing. Says
    /// whether there is now something to [`remove`](Self::remove).
    pub fn advance(&mut self, time: Timestamp) -> bool {
        self.watermark = self.watermark.max(time);
        let left = self.left.advance(self.watermark);
        let right = self.right.advance(self.watermark);
        self.is_due |= left || right;
        self.is_due
    }

    /// Whether there is something to [`remove`](Self::remove).
    #[inline]
    pub fn has_due(&self) -> bool {
        self.is_due
    }

    /// Looks whether there is still something to remove.
    fn is_all_removed(&mut self) -> bool {
        let watermark = self.watermark;
        self.is_due = self.left.may_be_due(watermark) || self.right.may_be_due(watermark);
        !self.is_due
    }

    /// Removes what is out of reach of all that may come. Records that go without a
    /// partner are handed to `each`, if they are asked for, until it says that it
    /// wants no more for now. One call does a bounded amount of work; says whether all
    /// is done.
    ///
    /// Such a record is handed out at the last instant at which a partner could have
    /// come, or at its own time if that is later.
    pub fn remove(&mut self, mut each: impl FnMut(Timestamp, &K, Alone<L, R>) -> bool) -> bool {
        if self.has_pairs() {
            // Numbers of records hold as long as none is removed.
            return false;
        }
        let (bounds, watermark) = (self.bounds, self.watermark);
        let Self {
            keys,
            left,
            right,
            keeps_left,
            keeps_right,
            alone,
            ..
        } = self;
        let mut wants_more = true;
        let is_more = left.remove_due(watermark, MOST, |slot, held, is_empty| {
            *alone += u64::from(!held.has_partner);
            if *keeps_left && !held.has_partner {
                let time = held.time.max(bounds.end_of_left(held.time));
                wants_more = each(time, keys.key(slot), Alone::Left(held.value));
            }
            if is_empty && right.is_empty(slot) {
                keys.let_go(slot);
            }
            wants_more
        });
        if is_more || !wants_more {
            return self.is_all_removed();
        }
        right.remove_due(watermark, MOST, |slot, held, is_empty| {
            *alone += u64::from(!held.has_partner);
            if *keeps_right && !held.has_partner {
                let time = held.time.max(bounds.end_of_right(held.time));
                wants_more = each(time, keys.key(slot), Alone::Right(held.value));
            }
            if is_empty && left.is_empty(slot) {
                keys.let_go(slot);
            }
            wants_more
        });
        self.is_all_removed()
    }

    /// The watermark as it stands.
    pub fn watermark(&self) -> Timestamp {
        self.watermark
    }

    /// What is held.
    pub fn stats(&self) -> JoinStats {
        let keys = self.keys.stats();
        JoinStats {
            keys: keys.keys,
            keys_high_water: keys.keys_high_water,
            grown: keys.grown,
            left: self.left.len(),
            right: self.right.len(),
            alone: self.alone,
        }
    }

    /// The left records that are held of a key, in the order of time.
    pub fn held_left<'a>(&'a self, key: &K) -> impl Iterator<Item = (Timestamp, &'a L)> {
        let slot = self.keys.find(key);
        let records = slot.into_iter().flat_map(|slot| self.left.records(slot));
        records.map(|held| (held.time, &held.value))
    }

    /// The right records that are held of a key, in the order of time.
    pub fn held_right<'a>(&'a self, key: &K) -> impl Iterator<Item = (Timestamp, &'a R)> {
        let slot = self.keys.find(key);
        let records = slot.into_iter().flat_map(|slot| self.right.records(slot));
        records.map(|held| (held.time, &held.value))
    }
}

use crate::join::in_order::Held;
use crate::join::join_keys::JoinKeys;
use crate::join::timed_list::{DueList, TimedLists};
use crate::time::saturating_nanos;
use crate::{Ahead, Declined, JoinLimit, JoinStats, Prefetch, Slot, Timestamp};
use std::hash::Hash;
use std::time::Duration;

/// An as-of join: each left record meets the version of the right side that held at
/// its time, which is the latest at or before it.
///
/// ```text
///   right   1: a        5: b        9: c
///   left         3           7           8
///                └ a         └ b         └ b
/// ```
///
/// A left record waits until the watermark is at its time: until then a version
/// may come that belongs to it. Of the versions of a key those are kept that a
/// record may still meet. The last one stays for as long as the job runs, or until
/// it is out of [tolerance](Self::with_tolerance).
///
/// A state machine: [`left`](Self::left) and [`right`](Self::right) take a record,
/// [`advance`](Self::advance) moves the watermark, [`emit`](Self::emit) hands out the
/// left records that it has reached. As long as [something is due](Self::has_due), the
/// caller gives it nothing.
///
/// ```
/// use fluxus_windows::{AsOfPairs, JoinLimit, StateLimit, Timestamp};
///
/// let limit = JoinLimit { keys: StateLimit::new(16, 1024), records: 1 << 20 };
/// let mut join = AsOfPairs::new(limit);
/// let at = Timestamp::from_nanos;
/// join.left(at(7), "gold", 2.5).unwrap();
/// join.right(at(5), "gold", 1900).unwrap();
/// join.right(at(9), "gold", 1950).unwrap();
/// let mut rows = Vec::new();
/// join.advance(at(8));
/// join.emit(|time, _, left, price| {
///     rows.push((time, left, price.copied()));
///     true
/// });
/// assert_eq!(rows, [(at(7), 2.5, Some(1900))]);
/// ```
#[derive(Debug)]
pub struct AsOfPairs<K, L, R> {
    keys: JoinKeys<K>,
    /// Records that wait for the watermark.
    left: TimedLists<L>,
    /// Versions. Those that another one has replaced go when the key is touched.
    right: TimedLists<R>,
    tolerance: Option<i64>,
    most_records: usize,
    /// Left records that have met no version.
    alone: u64,
    watermark: Timestamp,
    /// There may be something due.
    is_due: bool,
}

/// Bytes that are as quickly found one by one.
const IN_CACHE: usize = 1 << 18;
/// Records that are seen to in one call at the most.
const MOST: usize = 256;

impl<K: Hash + Eq, L, R> AsOfPairs<K, L, R> {
    /// Holds nothing yet; memory is set aside as `limit` says.
    pub fn new(limit: JoinLimit) -> Self {
        let keys = limit.keys.expected();
        Self {
            keys: JoinKeys::new(limit.keys),
            left: TimedLists::new(keys, 1),
            right: TimedLists::new(keys, 1),
            tolerance: None,
            most_records: limit.records,
            alone: 0,
            watermark: Timestamp::MIN,
            is_due: false,
        }
    }

    /// A version holds for so long after its time, that instant included, and not
    /// for ever.
    pub fn with_tolerance(self, tolerance: Duration) -> Self {
        let nanos = saturating_nanos(tolerance);
        Self {
            tolerance: Some(nanos),
            right: TimedLists::new(self.keys.limit().expected(), nanos),
            ..self
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
        match self.slot(slot, time, key) {
            Ok(slot) => {
                self.left.insert(slot, held(time, value), time);
                Ok(())
            }
            Err(declined) => Err((declined, value)),
        }
    }

    /// Takes a version. Of several of one time the last one holds.
    ///
    /// # Errors
    /// When it is late, or there is no room for it: why, and the version.
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
        match self.slot(slot, time, key) {
            Ok(slot) => {
                let end = end_of_version(time, self.tolerance);
                self.right.insert(slot, held(time, value), end);
                self.forget_replaced(slot);
                Ok(())
            }
            Err(declined) => Err((declined, value)),
        }
    }

    #[inline]
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
        for slot in records.iter().filter_map(Ahead::slot) {
            self.left.expect(slot, memory);
            self.right.expect(slot, memory);
        }
        for slot in records.iter().filter_map(Ahead::slot) {
            self.left.expect_records(slot, memory);
            self.right.expect_records(slot, memory);
        }
    }

    /// Forgets versions of a key that no record to come can meet, as a later one
    /// holds at the watermark already.
    fn forget_replaced(&mut self, slot: Slot) {
        let watermark = self.watermark;
        let is_replaced = |records: &TimedLists<R>| {
            let second = records.at(slot, 1);
            second.is_some_and(|second| second.time <= watermark)
        };
        while is_replaced(&self.right) {
            self.right.pop_if(slot, |_| true);
        }
    }

    /// Moves the watermark to `time`; one that does not rise does nothing. Says
    /// whether something is [due](Self::has_due) now.
    pub fn advance(&mut self, time: Timestamp) -> bool {
        self.watermark = self.watermark.max(time);
        let left = self.left.advance(self.watermark);
        let right = self.right.advance(self.watermark);
        self.is_due |= left || right;
        self.is_due
    }

    /// Whether there is something to [`emit`](Self::emit), or at least to tidy up.
    #[inline]
    pub fn has_due(&self) -> bool {
        self.is_due
    }

    /// Looks whether there is still something due.
    fn is_all_out(&mut self) -> bool {
        let watermark = self.watermark;
        self.is_due = self.left.may_be_due(watermark) || self.right.may_be_due(watermark);
        !self.is_due
    }

    /// Hands the left records that the watermark has reached to `each`, with the
    /// version that held at their time, until it says that it wants no more for now:
    /// those of one key in the order of time. One call does a bounded amount of work;
    /// says whether all is done.
    pub fn emit(&mut self, mut each: impl FnMut(Timestamp, &K, L, Option<&R>) -> bool) -> bool {
        let (watermark, tolerance) = (self.watermark, self.tolerance);
        let mut seen = 0;
        while seen < MOST {
            let slot = match self.left.next_due(watermark) {
                DueList::Slot(slot) => slot,
                DueList::Later => {
                    seen += 1;
                    continue;
                }
                DueList::None => break,
            };
            let mut wants_more = true;
            let mut is_all = false;
            while wants_more && seen < MOST {
                let Some(left) = self.left.pop_if(slot, |time| time <= watermark) else {
                    is_all = true;
                    break;
                };
                seen += 1;
                let place = self.right.between(slot, &(Timestamp::MIN..=left.time)).end;
                let last = place.checked_sub(1);
                let version = last.and_then(|last| self.right.at(slot, last));
                let version =
                    version.filter(|version| is_within(tolerance, version.time, left.time));
                self.alone += u64::from(version.is_none());
                let right = version.map(|version| &version.value);
                wants_more = each(left.time, self.keys.key(slot), left.value, right);
            }
            if is_all {
                self.forget_replaced(slot);
            }
            if self.left.settle(slot, |time| time) {
                self.let_go_of(slot);
            }
            if !wants_more {
                return self.is_all_out();
            }
        }
        // Only when every left record has met its version.
        while seen < MOST {
            let slot = match self.right.next_due(watermark) {
                DueList::Slot(slot) => slot,
                DueList::Later => {
                    seen += 1;
                    continue;
                }
                DueList::None => break,
            };
            let is_over = |time| end_of_version(time, tolerance) <= watermark;
            while seen < MOST && self.right.pop_if(slot, is_over).is_some() {
                seen += 1;
            }
            if self
                .right
                .settle(slot, |time| end_of_version(time, tolerance))
            {
                self.let_go_of(slot);
            }
        }
        self.is_all_out()
    }

    #[inline]
    fn let_go_of(&mut self, slot: Slot) {
        if self.left.is_empty(slot) && self.right.is_empty(slot) {
            self.keys.let_go(slot);
        }
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
}

#[inline]
fn held<T>(time: Timestamp, value: T) -> Held<T> {
    Held {
        time,
        has_partner: false,
        value,
    }
}

/// When no record to come can meet a version: as soon as the watermark is there.
#[inline]
fn end_of_version(time: Timestamp, tolerance: Option<i64>) -> Timestamp {
    match tolerance {
        Some(nanos) => Timestamp::from_nanos(time.nanos().saturating_add(nanos)),
        None => Timestamp::MAX,
    }
}

/// Whether a version still holds at a time that is not before it.
#[inline]
fn is_within(tolerance: Option<i64>, version: Timestamp, time: Timestamp) -> bool {
    let Some(tolerance) = tolerance else {
        return true;
    };
    // Over more than 64 bits of nanoseconds nothing holds.
    match time.nanos().checked_sub(version.nanos()) {
        Some(age) => age <= tolerance,
        None => false,
    }
}

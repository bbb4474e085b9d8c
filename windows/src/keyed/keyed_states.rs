use crate::keyed::expiry::Expiry;
use crate::{KeySlab, Slot, StateLimit, StateStats, Timestamp, TooManyKeys};
use std::hash::Hash;
use std::time::Duration;

/// For how long the state of a key counts after it was written last: by event
/// time, by the wall, by whichever is over first; or for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeToLive {
    /// In event time.
    pub event: Option<Duration>,
    /// In the time of the wall.
    pub wall: Option<Duration>,
}

impl TimeToLive {
    /// For ever.
    pub const FOR_EVER: Self = Self {
        event: None,
        wall: None,
    };

    /// Whether a state never ends.
    pub const fn is_for_ever(&self) -> bool {
        self.event.is_none() && self.wall.is_none()
    }

    /// Whether a state would be over at the moment at which it is written.
    pub fn is_never(&self) -> bool {
        self.event == Some(Duration::ZERO) || self.wall == Some(Duration::ZERO)
    }
}

/// A moment by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// In event time: a record's own time, or the watermark if that is ahead.
    pub event: Timestamp,
    /// The time of the wall.
    pub wall: Timestamp,
}

impl Moment {
    /// Where time plays no part.
    pub const NONE: Self = Self {
        event: Timestamp::MIN,
        wall: Timestamp::MIN,
    };
}

/// The hash of a key that has no slot.
#[derive(Clone, Copy, Debug)]
pub struct NewKey(u64);

/// A state for each key, dense, recycled, and with a time to live if that is
/// asked for.
///
/// A state that is over is never seen, whether or not its memory was freed by
/// then: whoever asks for it at a later moment finds none. Its key is let go of
/// when time has [risen](Self::advance) so far, a few at a [call](Self::tidy), and
/// its slot is used again.
#[derive(Debug)]
pub struct KeyedStates<K, S> {
    keys: KeySlab<K>,
    /// By slot.
    states: Vec<Option<S>>,
    /// By slot: what else holds a key, as timers do.
    pub(super) pins: Vec<u32>,
    /// Whether states have a time to live.
    expires: bool,
    by_event: Option<Expiry>,
    by_wall: Option<Expiry>,
}

impl<K: Hash + Eq + Clone, S> KeyedStates<K, S> {
    /// No key yet; memory for those that are expected.
    pub fn new(limit: StateLimit, time_to_live: TimeToLive) -> Self {
        let expiry = |time: Option<Duration>| time.map(|time| Expiry::new(time, limit));
        Self {
            keys: KeySlab::new(limit),
            states: Vec::with_capacity(limit.expected()),
            pins: Vec::new(),
            expires: !time_to_live.is_for_ever(),
            by_event: expiry(time_to_live.event),
            by_wall: expiry(time_to_live.wall),
        }
    }

    /// The slot of `key`, which is given one if it has none. What lies in it and is
    /// over at this moment is gone.
    ///
    /// # Errors
    /// [`TooManyKeys`] when the key is new and the limit is met, even after all keys
    /// whose time is over were let go of.
    #[inline]
    pub fn slot(&mut self, key: &K, now: Moment) -> Result<Slot, TooManyKeys<K>> {
        match self.find(key) {
            Ok(slot) => {
                self.look(slot, now);
                Ok(slot)
            }
            Err(new) => self.insert(new, key),
        }
    }

    /// The slot of `key`, which is to be [looked at](Self::look) where states have a
    /// time to live; or what it takes to [insert](Self::insert) it, if it has none.
    #[inline(always)]
    pub fn find(&self, key: &K) -> Result<Slot, NewKey> {
        self.keys.find_or_hash(key).map_err(NewKey)
    }

    /// Empties a slot that is in use, if what lies there is over at this moment.
    #[inline]
    pub fn look(&mut self, slot: Slot, now: Moment) {
        if self.is_over(slot, now) {
            self.empty(slot);
        }
    }

    #[inline(always)]
    fn is_over(&self, slot: Slot, now: Moment) -> bool {
        if !self.expires {
            return false;
        }
        let is_over = |expiry: &Option<Expiry>, now| match expiry {
            Some(expiry) => expiry.is_over(slot, now),
            None => false,
        };
        is_over(&self.by_event, now.event) || is_over(&self.by_wall, now.wall)
    }

    /// Gives a key a slot that was not [found](Self::find).
    ///
    /// # Errors
    /// As [`slot`](Self::slot).
    #[inline(never)]
    pub fn insert(&mut self, new: NewKey, key: &K) -> Result<Slot, TooManyKeys<K>> {
        if self.keys.len() == self.keys.limit().limit() {
            self.make_room();
        }
        let slot = self.keys.insert(new.0, key.clone())?;
        if self.states.len() <= slot.index() {
            self.states.resize_with(slot.index() + 1, || None);
        }
        Ok(slot)
    }

    /// Lets go of one key whose time is over, if there is any.
    #[cold]
    fn make_room(&mut self) {
        while self.keys.len() == self.keys.limit().limit() && self.may_be_due() {
            self.tidy(1);
        }
    }

    /// What lies in a slot.
    #[inline(always)]
    pub fn state(&mut self, slot: Slot) -> &mut Option<S> {
        &mut self.states[slot.index()]
    }

    /// The key in a slot, and what lies there.
    #[inline]
    pub fn entry(&mut self, slot: Slot) -> (&K, &mut Option<S>) {
        (self.keys.key(slot), &mut self.states[slot.index()])
    }

    pub(super) fn parts(&mut self, slot: Slot) -> (&K, &mut Option<S>, &mut u32) {
        if self.pins.len() <= slot.index() {
            self.pins.resize(slot.index() + 1, 0);
        }
        let Self {
            keys, states, pins, ..
        } = self;
        let (state, pins) = (&mut states[slot.index()], &mut pins[slot.index()]);
        (keys.key(slot), state, pins)
    }

    /// The state in a slot was written at this moment: its time begins anew.
    #[inline]
    pub fn written(&mut self, slot: Slot, now: Moment) {
        if let Some(expiry) = &mut self.by_event {
            expiry.written(slot, now.event);
        }
        if let Some(expiry) = &mut self.by_wall {
            expiry.written(slot, now.wall);
        }
    }

    /// Forgets the state in a slot.
    pub fn empty(&mut self, slot: Slot) {
        self.states[slot.index()] = None;
        for expiry in [&mut self.by_event, &mut self.by_wall]
            .into_iter()
            .flatten()
        {
            expiry.emptied(slot);
        }
    }

    /// Lets go of the key in a slot, if nothing lies there and nothing else holds
    /// it. To be asked after anything that may have emptied the slot.
    #[inline]
    pub fn settle(&mut self, slot: Slot) {
        let pins = self.pins.get(slot.index()).copied().unwrap_or(0);
        if self.states[slot.index()].is_none() && pins == 0 {
            self.release(slot);
        }
    }

    fn release(&mut self, slot: Slot) {
        self.keys.release(slot);
        let keys = self.keys.len();
        for expiry in [&mut self.by_event, &mut self.by_wall]
            .into_iter()
            .flatten()
        {
            expiry.released(slot, keys);
        }
    }

    /// Time has risen, by either clock.
    pub fn advance(&mut self, now: Moment) {
        if let Some(expiry) = &mut self.by_event {
            expiry.advance(now.event);
        }
        if let Some(expiry) = &mut self.by_wall {
            expiry.advance(now.wall);
        }
    }

    /// Whether [`tidy`](Self::tidy) has something to do, as far as is known.
    pub fn may_be_due(&self) -> bool {
        let expiries = [&self.by_event, &self.by_wall].into_iter().flatten();
        expiries.into_iter().any(Expiry::may_be_due)
    }

    /// Looks at so many keys whose time may be over, and lets go of those.
    pub fn tidy(&mut self, most: usize) {
        for _ in 0..most {
            let mut over = None;
            for expiry in [&mut self.by_event, &mut self.by_wall]
                .into_iter()
                .flatten()
            {
                if over.is_none() && expiry.may_be_due() {
                    over = expiry.next();
                }
            }
            match over {
                Some(slot) => {
                    self.empty(slot);
                    self.settle(slot);
                }
                None if !self.may_be_due() => return,
                None => {}
            }
        }
    }

    /// Up to when event time has risen, if states end by it.
    pub fn reached(&self) -> Option<Timestamp> {
        self.by_event.as_ref().map(Expiry::reached)
    }

    /// How many keys are held.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How often one was looked at whose time might be over.
    pub fn visited(&self) -> u64 {
        let expiries = [&self.by_event, &self.by_wall].into_iter().flatten();
        expiries.map(Expiry::visited).sum()
    }

    /// What is held.
    pub fn stats(&self) -> StateStats {
        self.keys.stats()
    }
}

use super::assertions::{assert_in_any_order, assert_in_order, assert_in_order_by};
use super::{Downstream, Mood, Said};
use crate::{Chain, Error, Name, Plan};
use fluxus_windows::Timestamp;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a stream has said so far, by instance: its records with their times, and
/// every signal in its place among them.
///
/// Clones are the same one.
#[derive(Debug)]
pub struct Heard<T>(Arc<Mutex<Vec<OfOne<T>>>>);

/// What the instance of this index said.
type OfOne<T> = (usize, Vec<Said<T>>);

impl<T> Clone for Heard<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Heard<T> {
    /// Nothing, for a stream that could not be brought to its end.
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Brings `upstream` to its end in what it is heard to say.
///
/// # Errors
/// What cannot be, with the operator's name.
pub fn hear<U: Chain>(
    plan: &mut Plan,
    name: &Name,
    upstream: U,
    mood: Mood,
) -> Result<Heard<U::Item>, Error> {
    let heard = Heard::default();
    let hand_over = heard.clone();
    plan.operator(name);
    upstream.lower(plan, move |instance| {
        Downstream::new(mood, instance.index, &hand_over)
    })?;
    Ok(heard)
}

impl<T> Heard<T> {
    fn lock(&self) -> MutexGuard<'_, Vec<OfOne<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is an instance of this number.
    pub(super) fn instance(&self, instance: usize) {
        let mut all = self.lock();
        all.push((instance, Vec::new()));
        all.sort_by_key(|(instance, _)| *instance);
    }

    /// The instance of this number says so.
    pub(super) fn say(&self, instance: usize, line: Said<T>) {
        let mut all = self.lock();
        let said = all.iter_mut().find(|(number, _)| *number == instance);
        if let Some((_, said)) = said {
            said.push(line);
        }
    }

    /// What each instance of the stream has said since this was asked last.
    pub fn take(&self) -> Vec<Vec<Said<T>>> {
        let mut all = self.lock();
        let said = all.iter_mut().map(|(_, said)| std::mem::take(said));
        said.collect()
    }
}

impl<T: Clone> Heard<T> {
    /// What the stream said, which has one instance.
    ///
    /// # Panics
    /// When it has several.
    #[track_caller]
    pub fn said(&self) -> Vec<Said<T>> {
        match &self.lock()[..] {
            [(_, said)] => said.clone(),
            all => panic!("one instance was to be heard; there are {}", all.len()),
        }
    }

    /// The records with their times, instance by instance.
    pub fn timed(&self) -> Vec<(Timestamp, T)> {
        let all = self.lock();
        let lines = all.iter().flat_map(|(_, said)| said);
        let record = |line: &Said<T>| match line {
            Said::Record(time, value) => Some((Timestamp::from_nanos(*time), value.clone())),
            _ => None,
        };
        lines.filter_map(record).collect()
    }

    /// The records, instance by instance.
    pub fn records(&self) -> Vec<T> {
        let timed = self.timed().into_iter();
        timed.map(|(_, value)| value).collect()
    }
}

impl<T: Clone + Debug + PartialEq> Heard<T> {
    /// Holds the stream, which has one instance, to have said just this, and to
    /// have ended.
    ///
    /// # Panics
    /// When it said something else; the message shows the first difference.
    #[track_caller]
    pub fn assert_said(&self, expected: impl IntoIterator<Item = Said<T>>) {
        let mut expected: Vec<_> = expected.into_iter().collect();
        if !matches!(expected.last(), Some(Said::End)) {
            expected.push(Said::End);
        }
        assert_in_order(&self.said(), &expected);
    }

    /// Holds the records to be these, in this order; those of several instances
    /// one instance behind the other.
    ///
    /// # Panics
    /// When they are others; the message shows the first difference.
    #[track_caller]
    pub fn assert_records(&self, expected: &[T]) {
        assert_in_order(&self.records(), expected);
    }

    /// Holds the records to be these, in any order.
    ///
    /// # Panics
    /// When they are others; the message says which are missing and which are
    /// too many.
    #[track_caller]
    pub fn assert_records_in_any_order(&self, expected: &[T]) {
        assert_in_any_order(&self.records(), expected);
    }

    /// Holds the records of each key to be these, in this order.
    ///
    /// # Panics
    /// When they are others; the message says of which key, and shows the first
    /// difference.
    #[track_caller]
    pub fn assert_records_by<K: Ord + Debug>(&self, key_of: impl Fn(&T) -> K, expected: &[T]) {
        assert_in_order_by(key_of, &self.records(), expected);
    }

    /// Holds every instance to the grammar of a stream: no record is at or behind
    /// a watermark that came before it, watermarks rise, and the end comes once,
    /// last. (Of a stream of which nothing is late: a late record is behind.)
    ///
    /// # Panics
    /// When one breaks it; the message says where.
    #[track_caller]
    pub fn assert_grammar(&self) {
        for (instance, said) in &*self.lock() {
            let mut risen = i64::MIN;
            assert!(
                matches!(said.last(), Some(Said::End)),
                "instance {instance} has not ended; its last line is {:?}",
                said.last()
            );
            for (place, line) in said.iter().enumerate() {
                let is_last = place + 1 == said.len();
                let is_well = match line {
                    Said::Record(time, _) => *time > risen || risen == i64::MIN,
                    Said::Watermark(time) => *time > risen,
                    Said::End => is_last,
                    _ => true,
                };
                let before = &said[place.saturating_sub(4)..place];
                assert!(
                    is_well,
                    "instance {instance}, line {place}: {line:?} with the watermark \
                     at {risen}, of {} lines; before it {before:?}",
                    said.len()
                );
                if let Said::Watermark(time) = line {
                    risen = *time;
                }
            }
        }
    }
}

//! W4: sessions of a user, ended by five seconds of silence.

use std::collections::BTreeMap;

use fluxus_perf::dense_ids::DenseIds;
use fluxus_perf::splitmix::{mix64, DISORDER_MS};
use fluxus_perf::w4::data::{Row, Visit};
use fluxus_perf::w4::SILENCE_MS;
use fluxus_perf::Digest;

use super::Query;

/// Event time of one bucket of the wheel of deadlines: 2 to this power, in milliseconds.
const BUCKET_SHIFT: u32 = 6;

/// The sessions of users.
///
/// A user's newest session lies in an array by the user's dense id. A second one
/// is open only while the watermark has yet to pass the end of the first: those
/// few lie apart. Deadlines are kept in buckets of 64 ms, each a list of users
/// whose session may end there; a visit moves nobody, a user who came again in
/// time is put into a later bucket when the earlier one is due.
#[derive(Debug)]
pub struct W4 {
    ids: DenseIds,
    newest: Vec<Session>,
    apart: BTreeMap<u32, Vec<Session>>,
    /// By deadline, from the bucket `first_bucket` on; the place is the bucket's
    /// number in the ring.
    buckets: Vec<Vec<u32>>,
    next_bucket: i64,
}

#[derive(Clone, Copy, Debug)]
struct Session {
    user: u64,
    first_ms: i64,
    last_ms: i64,
    /// 0: none is open.
    count: u64,
    /// Whether others of this user lie apart.
    others: bool,
}

impl Session {
    fn of(visit: Visit) -> Self {
        Self {
            user: visit.user,
            first_ms: visit.timestamp_ms,
            last_ms: visit.timestamp_ms,
            count: 1,
            others: false,
        }
    }

    fn row(&self) -> Row {
        Row {
            user: self.user,
            first_ms: self.first_ms,
            last_ms: self.last_ms,
            count: self.count,
        }
    }

    fn touches(&self, other: &Self) -> bool {
        self.first_ms - other.last_ms < SILENCE_MS && other.first_ms - self.last_ms < SILENCE_MS
    }

    fn join(&mut self, other: &Self) {
        self.first_ms = self.first_ms.min(other.first_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
        self.count += other.count;
    }
}

impl Default for W4 {
    fn default() -> Self {
        // Twice the longest that a deadline lies ahead when workers keep step.
        let buckets = ((2 * SILENCE_MS) >> BUCKET_SHIFT) as usize;
        Self {
            ids: DenseIds::new(),
            newest: Vec::new(),
            apart: BTreeMap::new(),
            buckets: vec![Vec::new(); buckets.next_power_of_two()],
            next_bucket: i64::MIN,
        }
    }
}

impl W4 {
    /// A visit that does not just extend the newest session of its user.
    #[inline(never)]
    fn add_slowly(&mut self, id: usize, visit: Visit) {
        let mut session = Session::of(visit);
        let newest = &mut self.newest[id];
        if newest.count > 0 || newest.others {
            let apart = self.apart.entry(id as u32).or_default();
            if newest.count > 0 {
                apart.push(*newest);
            }
            // One visit joins at most the session before it and the one after.
            apart.retain(|other| {
                let touches = session.touches(other);
                if touches {
                    session.join(other);
                }
                !touches
            });
            if let Some(place) = (0..apart.len()).max_by_key(|&place| apart[place].last_ms) {
                if apart[place].last_ms > session.last_ms {
                    std::mem::swap(&mut apart[place], &mut session);
                }
            }
            session.others = !apart.is_empty();
            if apart.is_empty() {
                self.apart.remove(&(id as u32));
            }
        }
        self.newest[id] = session;
        self.put_down(id, visit.timestamp_ms + SILENCE_MS);
    }

    /// Notes that a session of this user may end at `deadline_ms`.
    #[inline]
    fn put_down(&mut self, id: usize, deadline_ms: i64) {
        let bucket = deadline_ms >> BUCKET_SHIFT;
        if self.next_bucket == i64::MIN {
            // The earliest that any visit, this late, could ask for.
            self.next_bucket = bucket - (self.buckets.len() as i64) / 4;
        }
        let ahead = bucket.max(self.next_bucket) - self.next_bucket;
        // Further ahead than the ring: it is looked at once a turn until it is due.
        let place = (self.next_bucket + ahead.min(self.buckets.len() as i64 - 1)) as usize;
        let mask = self.buckets.len() - 1;
        self.buckets[place & mask].push(id as u32);
    }

    /// Gives out the sessions of a user that are over; puts the user down for the rest.
    fn look_at(&mut self, id: usize, until_ms: i64, give: &mut impl FnMut(Row)) {
        let over = |session: &Session| session.last_ms + SILENCE_MS <= until_ms;
        let newest = &mut self.newest[id];
        let mut deadline_ms = i64::MAX;
        if newest.others {
            if let Some(apart) = self.apart.get_mut(&(id as u32)) {
                apart.retain(|session| {
                    if over(session) {
                        give(session.row());
                        return false;
                    }
                    deadline_ms = deadline_ms.min(session.last_ms + SILENCE_MS);
                    true
                });
                if apart.is_empty() {
                    self.apart.remove(&(id as u32));
                    newest.others = false;
                }
            }
        }
        if newest.count > 0 {
            if over(newest) {
                give(newest.row());
                newest.count = 0;
            } else {
                deadline_ms = deadline_ms.min(newest.last_ms + SILENCE_MS);
            }
        }
        if deadline_ms < i64::MAX {
            self.put_down(id, deadline_ms);
        }
    }
}

impl Query for W4 {
    type Event = Visit;
    type Record = Visit;
    type Row = Row;
    type Tables = ();

    const DISORDER_MS: i64 = DISORDER_MS;
    const STEP_MS: i64 = 1 << BUCKET_SHIFT;

    #[inline(always)]
    fn timestamp_ms(visit: &Visit) -> i64 {
        visit.timestamp_ms
    }

    #[inline(always)]
    fn expand((): &(), visit: &Visit, mut give: impl FnMut(Visit)) {
        give(*visit);
    }

    #[inline(always)]
    fn route(visit: &Visit) -> u64 {
        mix64(visit.user)
    }

    #[inline(always)]
    fn add(&mut self, visit: Visit) {
        let id = self.ids.intern(visit.user);
        if id == self.newest.len() {
            self.newest.push(Session {
                count: 0,
                ..Session::of(visit)
            });
        }
        let newest = &mut self.newest[id];
        let after_first = visit.timestamp_ms >= newest.first_ms;
        let in_time = visit.timestamp_ms < newest.last_ms + SILENCE_MS;
        if (newest.count > 0) & after_first & in_time {
            newest.count += 1;
            newest.last_ms = newest.last_ms.max(visit.timestamp_ms);
        } else {
            self.add_slowly(id, visit);
        }
    }

    fn close(&mut self, until_ms: i64, mut give: impl FnMut(Row)) {
        if until_ms == i64::MAX {
            let apart = self.apart.values().flatten();
            let open = self.newest.iter().chain(apart);
            open.filter(|session| session.count > 0)
                .for_each(|session| give(session.row()));
            *self = Self::default();
            return;
        }
        let mask = self.buckets.len() - 1;
        while self.next_bucket != i64::MIN && (self.next_bucket + 1) << BUCKET_SHIFT <= until_ms {
            let mut due = std::mem::take(&mut self.buckets[self.next_bucket as usize & mask]);
            self.next_bucket += 1;
            for id in due.drain(..) {
                self.look_at(id as usize, until_ms, &mut give);
            }
            let place = (self.next_bucket - 1) as usize & mask;
            if self.buckets[place].is_empty() {
                // The list keeps its room for the next turn of the ring.
                self.buckets[place] = due;
            }
        }
    }

    #[inline]
    fn add_to(row: &Row, digest: &mut Digest) {
        row.add_to(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;
    use fluxus_perf::w4::{data, hand};

    #[test]
    fn equals_the_loop_by_hand() {
        for (visits, users) in [
            (0, 1),
            (1, 1),
            (300_000, 1),
            (400_001, 9000),
            (700_001, 20_000),
        ] {
            let visits = data::generate(visits, users);
            assert_eq!(run::<W4>(&visits, 256), hand::run(&visits), "{users} users");
        }
    }

    #[test]
    fn visits_that_join_sessions() {
        for times in [
            &[0, 5050, 4990][..],
            &[0, 5050, 4999, 5000],
            &[0, 5050, 5000, 10_060],
            &[60, 0, 5010, 5059, 5000],
        ] {
            let visit = |&timestamp_ms: &i64| Visit {
                user: 7,
                timestamp_ms,
            };
            let visits: Vec<Visit> = times.iter().map(visit).collect();
            assert_eq!(run::<W4>(&visits, 1), hand::run(&visits), "{times:?}");
        }
    }

    /// Workers that are out of step: time is told long after the visits.
    #[test]
    fn a_watermark_far_behind_changes_no_session() {
        let visits = data::generate(600_000, 3000);
        assert_eq!(run::<W4>(&visits, 400_000), hand::run(&visits));
    }
}

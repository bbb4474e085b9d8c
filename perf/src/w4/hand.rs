//! W4 as one would write it by hand: one thread, one loop, arrays.

use super::data::{Row, Visit};
use super::SILENCE_MS;
use crate::dense_ids::DenseIds;
use crate::splitmix::WATERMARK_LAG_MS;
use crate::Digest;

/// Visits between two looks at the watermark: 13 ms of event time.
const BATCH: usize = 256;

/// Cuts the visits into sessions and takes the digest of the results.
pub fn run(visits: &[Visit]) -> Digest {
    let Some(first) = visits.first() else {
        return Digest::default();
    };
    let mut sessions = Sessions::new(first.timestamp_ms);
    for batch in visits.chunks(BATCH) {
        for visit in batch {
            sessions.add(visit);
        }
        sessions.close_due();
    }
    sessions.close_all()
}

/// A session of a user.
#[derive(Clone, Copy)]
struct Session {
    user: u64,
    first_ms: i64,
    last_ms: i64,
    /// Visits; 0 where a user has no session.
    count: u64,
}

impl Session {
    fn of(visit: &Visit) -> Self {
        Self {
            user: visit.user,
            first_ms: visit.timestamp_ms,
            last_ms: visit.timestamp_ms,
            count: 1,
        }
    }

    fn emit(&self, digest: &mut Digest) {
        let &Self {
            user,
            first_ms,
            last_ms,
            count,
        } = self;
        Row {
            user,
            first_ms,
            last_ms,
            count,
        }
        .add_to(digest);
    }
}

/// The open sessions.
///
/// A user's newest lies in an array, by the user's id. A second one is open only
/// while the watermark has yet to pass the end of the first, a tenth of a second:
/// the few such lie in a list.
///
/// Deadlines are kept in a wheel of buckets, each with the users whose session may
/// end there. A visit does not move its user; when the bucket is due, a user who
/// came again goes to a later one.
struct Sessions {
    ids: DenseIds,
    newest: Vec<Session>,
    older: Vec<Session>,
    wheel: Vec<Vec<u32>>,
    /// Event time of one bucket: 2 to this power, in milliseconds.
    bucket_shift: u32,
    /// The number of the first bucket that is not done.
    next_bucket: i64,
    latest_ms: i64,
    digest: Digest,
}

impl Sessions {
    fn new(start_ms: i64) -> Self {
        let bucket_shift = 6;
        let span = (SILENCE_MS + WATERMARK_LAG_MS) >> bucket_shift;
        Self {
            ids: DenseIds::new(),
            newest: Vec::new(),
            older: Vec::new(),
            wheel: vec![Vec::new(); (span as usize + 4).next_power_of_two()],
            bucket_shift,
            next_bucket: (start_ms - WATERMARK_LAG_MS) >> bucket_shift,
            latest_ms: start_ms,
            digest: Digest::default(),
        }
    }

    #[inline(always)]
    fn add(&mut self, visit: &Visit) {
        self.latest_ms = self.latest_ms.max(visit.timestamp_ms);
        let id = self.ids.intern(visit.user);
        if id == self.newest.len() {
            self.newest.push(Session {
                count: 0,
                ..Session::of(visit)
            });
        }
        let session = &mut self.newest[id];
        let after_first = visit.timestamp_ms >= session.first_ms;
        let in_time = visit.timestamp_ms < session.last_ms + SILENCE_MS;
        if (session.count > 0) & after_first & in_time {
            session.count += 1;
            session.last_ms = session.last_ms.max(visit.timestamp_ms);
        } else {
            self.begin(id, visit);
        }
    }

    /// A visit that begins a session, or lies before the first of the newest.
    #[inline(never)]
    fn begin(&mut self, id: usize, visit: &Visit) {
        let session = &mut self.newest[id];
        if session.count == 0 {
            *session = Session::of(visit);
            self.put_down(id);
            return;
        }
        if visit.timestamp_ms >= session.last_ms + SILENCE_MS {
            let before = std::mem::replace(session, Session::of(visit));
            // Its deadline stays in the wheel and finds the new one.
            if before.last_ms + SILENCE_MS - 1 <= self.latest_ms - WATERMARK_LAG_MS {
                before.emit(&mut self.digest);
            } else {
                self.older.push(before);
            }
            return;
        }
        self.join(id, visit);
    }

    /// A visit before the first of the newest session: it may join an older one to it.
    #[cold]
    fn join(&mut self, id: usize, visit: &Visit) {
        let newest = &mut self.newest[id];
        let mut joined = Session::of(visit);
        if joined.last_ms + SILENCE_MS > newest.first_ms {
            joined.last_ms = newest.last_ms;
            joined.count += newest.count;
            newest.count = 0;
        }
        let found = self.older.iter().position(|older| {
            older.user == visit.user
                && visit.timestamp_ms < older.last_ms + SILENCE_MS
                && older.first_ms < visit.timestamp_ms + SILENCE_MS
        });
        if let Some(found) = found {
            let older = self.older.swap_remove(found);
            joined.first_ms = joined.first_ms.min(older.first_ms);
            joined.last_ms = joined.last_ms.max(older.last_ms);
            joined.count += older.count;
        }
        if newest.count == 0 {
            *newest = joined;
        } else {
            self.older.push(joined);
        }
    }

    /// Puts a user down in the bucket of the session's deadline.
    fn put_down(&mut self, id: usize) {
        let bucket = (self.newest[id].last_ms + SILENCE_MS - 1) >> self.bucket_shift;
        if bucket - self.next_bucket >= self.wheel.len() as i64 {
            // Time jumped within a batch.
            self.close_due();
        }
        let place = bucket as usize & (self.wheel.len() - 1);
        self.wheel[place].push(id as u32);
    }

    /// Gives out the sessions whose end the watermark has passed.
    fn close_due(&mut self) {
        let watermark_ms = self.latest_ms - WATERMARK_LAG_MS;
        let digest = &mut self.digest;
        self.older.retain(|session| {
            let open = session.last_ms + SILENCE_MS - 1 > watermark_ms;
            if !open {
                session.emit(digest);
            }
            open
        });
        while (self.next_bucket + 1) << self.bucket_shift <= watermark_ms {
            let place = self.next_bucket as usize & (self.wheel.len() - 1);
            self.next_bucket += 1;
            let mut users = std::mem::take(&mut self.wheel[place]);
            for id in users.drain(..) {
                let session = &mut self.newest[id as usize];
                if session.last_ms + SILENCE_MS - 1 <= watermark_ms {
                    session.emit(&mut self.digest);
                    session.count = 0;
                } else {
                    self.put_down(id as usize);
                }
            }
            self.wheel[place].append(&mut users);
        }
    }

    fn close_all(mut self) -> Digest {
        let open = self.newest.iter().chain(&self.older);
        for session in open.filter(|session| session.count > 0) {
            session.emit(&mut self.digest);
        }
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::data;
    use super::*;

    /// The slow obvious way: every visit kept to the end.
    fn obvious(visits: &[Visit]) -> Digest {
        let mut times: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
        for visit in visits {
            times
                .entry(visit.user)
                .or_default()
                .push(visit.timestamp_ms);
        }
        let mut digest = Digest::default();
        for (user, mut times) in times {
            times.sort_unstable();
            let mut session: Vec<i64> = Vec::new();
            let row = |session: &[i64]| Row {
                user,
                first_ms: session[0],
                last_ms: session[session.len() - 1],
                count: session.len() as u64,
            };
            for time in times {
                if session.last().is_some_and(|last| time - last >= SILENCE_MS) {
                    row(&session).add_to(&mut digest);
                    session.clear();
                }
                session.push(time);
            }
            row(&session).add_to(&mut digest);
        }
        digest
    }

    #[test]
    fn equals_the_obvious_way_at_any_size_and_number_of_users() {
        for visits in [0, 1, 2, 255, 256, 257, 200_001] {
            // 200 000 visits are 10 s: with 20 000 users silences of a second are
            // common, those of five rare; with 100 000 the other way round.
            for users in [1, 2, 20_000, 100_000] {
                let visits = data::generate(visits, users);
                assert_eq!(
                    run(&visits),
                    obvious(&visits),
                    "{} visits, {users} users",
                    visits.len()
                );
            }
        }
    }

    #[test]
    fn visits_that_join_two_sessions_and_time_that_jumps() {
        let visit = |timestamp_ms: i64| Visit {
            user: 7,
            timestamp_ms,
        };
        for times in [
            &[0, 5050, 4990][..],
            &[0, 5050, 4999, 5000],
            &[0, 5050, 5000, 10_060],
            &[60, 0, 5010, 5059, 5000],
            &[0, 5000, 10_000, 9_990, 1 << 40, (1 << 40) + 4999],
            &[-10_000, -5000, -4900, -1],
        ] {
            let visits: Vec<Visit> = times.iter().copied().map(visit).collect();
            assert_eq!(run(&visits), obvious(&visits), "{times:?}");
        }
    }
}

//! W4 as one would write it by hand: one thread, one loop, arrays.

use super::data::{Row, Visit};
use crate::dense_ids::{DenseIds, Intern};
use crate::{Digest, Shape, Workload};

/// Visits between two looks at the watermark: 13 ms of event time.
const BATCH: usize = 256;

/// Cuts the visits into sessions and takes the digest of the results.
pub fn run(visits: &[Visit]) -> Digest {
    run_shaped::<DenseIds>(visits, &Shape::own(Workload::W4))
}

/// As [`run`], with another gap, and with ids from anywhere.
pub(crate) fn run_shaped<I: Intern>(visits: &[Visit], shape: &Shape) -> Digest {
    let Some(first) = visits.first() else {
        return Digest::default();
    };
    let mut sessions: Sessions<I> = Sessions::new(first.timestamp_ms, shape);
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
struct Sessions<I> {
    ids: I,
    newest: Vec<Session>,
    older: Vec<Session>,
    wheel: Vec<Vec<u32>>,
    /// Event time of one bucket: 2 to this power, in milliseconds.
    bucket_shift: u32,
    /// The number of the first bucket that is not done.
    next_bucket: i64,
    latest_ms: i64,
    /// The silence that ends a session.
    gap_ms: i64,
    lag_ms: i64,
    digest: Digest,
}

impl<I: Intern> Sessions<I> {
    fn new(start_ms: i64, shape: &Shape) -> Self {
        let (gap_ms, lag_ms) = (shape.gap_ms, shape.lag_ms());
        let bucket_shift = ((gap_ms + lag_ms) / 64).max(1).ilog2();
        let span = (gap_ms + lag_ms) >> bucket_shift;
        Self {
            ids: I::default(),
            newest: Vec::new(),
            older: Vec::new(),
            wheel: vec![Vec::new(); (span as usize + 4).next_power_of_two()],
            bucket_shift,
            next_bucket: (start_ms - lag_ms) >> bucket_shift,
            latest_ms: start_ms,
            gap_ms,
            lag_ms,
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
        let in_time = visit.timestamp_ms < session.last_ms + self.gap_ms;
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
        if visit.timestamp_ms >= session.last_ms + self.gap_ms {
            let before = std::mem::replace(session, Session::of(visit));
            // Its deadline stays in the wheel and finds the new one.
            if before.last_ms + self.gap_ms - 1 <= self.latest_ms - self.lag_ms {
                before.emit(&mut self.digest);
            } else {
                self.older.push(before);
            }
            return;
        }
        self.join(id, visit);
    }

    /// A visit before the first of the newest session: it may join older ones to it.
    #[cold]
    fn join(&mut self, id: usize, visit: &Visit) {
        let gap_ms = self.gap_ms;
        let newest = &mut self.newest[id];
        let mut joined = Session::of(visit);
        if joined.last_ms + gap_ms > newest.first_ms {
            joined.last_ms = newest.last_ms;
            joined.count += newest.count;
            newest.count = 0;
        }
        // More than one where the gap is shorter than the disorder.
        while let Some(found) = self.older.iter().position(|older| {
            older.user == joined.user
                && joined.first_ms < older.last_ms + gap_ms
                && older.first_ms < joined.last_ms + gap_ms
        }) {
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
        let bucket = (self.newest[id].last_ms + self.gap_ms - 1) >> self.bucket_shift;
        if bucket - self.next_bucket >= self.wheel.len() as i64 {
            // Time jumped within a batch.
            self.close_due();
        }
        let place = bucket as usize & (self.wheel.len() - 1);
        self.wheel[place].push(id as u32);
    }

    /// Gives out the sessions whose end the watermark has passed.
    fn close_due(&mut self) {
        let watermark_ms = self.latest_ms - self.lag_ms;
        let (digest, gap_ms) = (&mut self.digest, self.gap_ms);
        self.older.retain(|session| {
            let open = session.last_ms + gap_ms - 1 > watermark_ms;
            if !open {
                session.emit(digest);
            }
            open
        });
        // Where time jumped, every bucket is due at once, and each is looked at once.
        let due = watermark_ms >> self.bucket_shift;
        let mask = self.wheel.len() - 1;
        self.next_bucket = self.next_bucket.max(due - self.wheel.len() as i64);
        while self.next_bucket < due {
            let place = self.next_bucket as usize & mask;
            self.next_bucket += 1;
            let mut users = std::mem::take(&mut self.wheel[place]);
            for id in users.drain(..) {
                let session = &mut self.newest[id as usize];
                if session.last_ms + gap_ms - 1 <= watermark_ms {
                    session.emit(&mut self.digest);
                    session.count = 0;
                } else {
                    let bucket = (session.last_ms + gap_ms - 1) >> self.bucket_shift;
                    self.wheel[bucket as usize & mask].push(id);
                }
            }
            users.append(&mut self.wheel[place]);
            self.wheel[place] = users;
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
    use crate::Asked;

    /// The slow obvious way: every visit kept to the end.
    fn obvious(visits: &[Visit], shape: &Shape) -> Digest {
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
                if session
                    .last()
                    .is_some_and(|last| time - last >= shape.gap_ms)
                {
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
    fn equals_the_obvious_way_at_any_size_and_with_any_gap() {
        for gap_ms in [1, 20, 150, 5000] {
            let asked = Asked {
                gap_ms: Some(gap_ms),
                ..Asked::default()
            };
            let shape = Shape::of(Workload::W4, asked).expect("it can be");
            // 20 000 visits are a second: of 3000 users each comes every 150 ms.
            for visits in [0, 1, 2, 255, 256, 257, 20_001] {
                for users in [1, 2, 3000] {
                    let visits = data::generate(visits, users);
                    assert_eq!(
                        run_shaped::<DenseIds>(&visits, &shape),
                        obvious(&visits, &shape),
                        "{} visits, {users} users, gap {gap_ms}",
                        visits.len()
                    );
                }
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
            assert_eq!(
                run(&visits),
                obvious(&visits, &Shape::own(Workload::W4)),
                "{times:?}"
            );
        }
    }
}

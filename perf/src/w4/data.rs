//! The visits that W4 cuts into sessions, and its result rows.

use std::sync::Arc;

use crate::splitmix::{pick, splitmix, Disorder, T0_MS};
use crate::Digest;

/// Distinct users unless others are asked for.
pub const DEFAULT_USERS: u64 = 100_000;

/// One visit: 16 bytes, as it lies in memory and as it crosses a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Who came.
    pub user: u64,
    /// When, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
}

/// One result: a session of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The user.
    pub user: u64,
    /// The first visit, in milliseconds since the Unix epoch.
    pub first_ms: i64,
    /// The last visit, in milliseconds since the Unix epoch.
    pub last_ms: i64,
    /// How many visits.
    pub count: u64,
}

impl Row {
    /// Adds this row to a digest.
    #[inline]
    pub fn add_to(&self, digest: &mut Digest) {
        digest.add_row(
            [
                self.user,
                self.first_ms as u64,
                self.last_ms as u64,
                self.count,
            ],
            self.count,
        );
    }
}

/// The visit at `index`, counted from 0, of one of `users` users.
#[inline]
pub fn visit(index: u64, users: u64, disorder: Disorder) -> Visit {
    let random = splitmix(43, index);
    Visit {
        user: pick(random, users),
        timestamp_ms: disorder.time_ms(T0_MS + (index / 20) as i64, random),
    }
}

/// The first `visits` visits, of `users` users.
pub fn generate(visits: usize, users: u64) -> Arc<[Visit]> {
    generate_disordered(visits, users, Disorder::OWN)
}

/// The first `visits` visits, out of order as asked for.
pub fn generate_disordered(visits: usize, users: u64, disorder: Disorder) -> Arc<[Visit]> {
    (0..visits)
        .map(|index| visit(index as u64, users, disorder))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_is_16_bytes() {
        assert_eq!(std::mem::size_of::<Visit>(), 16);
    }
}

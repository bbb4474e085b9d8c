//! The events that W5 counts, and its result rows.

use std::sync::Arc;

use crate::splitmix::{mix64, pick, splitmix, Disorder, T0_MS};
use crate::Digest;

/// How many advertisements there are.
pub const ADVERTISEMENTS: u64 = 1000;

/// How many of them one campaign has.
pub const ADVERTISEMENTS_PER_CAMPAIGN: u64 = 10;

/// How many campaigns there are.
pub const CAMPAIGNS: usize = (ADVERTISEMENTS / ADVERTISEMENTS_PER_CAMPAIGN) as usize;

/// The type of an event that is a view: what is counted.
pub const VIEW: u8 = 0;

/// What a user did with an advertisement: 40 bytes, as it lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who.
    pub user_id: u64,
    /// On which page.
    pub page_id: u64,
    /// With which advertisement.
    pub ad_id: u64,
    /// When, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// From where.
    pub ip: u32,
    /// What kind of advertisement: below 5.
    pub ad_type: u8,
    /// What was done: a [`VIEW`], or 1 or 2.
    pub event_type: u8,
}

/// One result: how often a campaign was seen in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The campaign.
    pub campaign: u64,
    /// Start of the window, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// How often.
    pub count: u64,
}

impl Row {
    /// Adds this row to a digest.
    #[inline]
    pub fn add_to(&self, digest: &mut Digest) {
        digest.add_row(
            [self.campaign, self.start_ms as u64, self.count],
            self.count,
        );
    }
}

/// The event at `index`, counted from 0.
#[inline]
pub fn event(index: u64, disorder: Disorder) -> Event {
    let random = splitmix(45, index);
    let user_id = mix64(random);
    Event {
        user_id,
        page_id: mix64(user_id),
        ad_id: ad_id(pick(random, ADVERTISEMENTS)),
        timestamp_ms: disorder.time_ms(T0_MS + (index / 100) as i64, random),
        ip: user_id as u32,
        ad_type: ((user_id >> 60) % 5) as u8,
        event_type: ((random >> 48) % 3) as u8,
    }
}

/// The first `events` events.
pub fn generate(events: usize) -> Arc<[Event]> {
    generate_disordered(events, Disorder::OWN)
}

/// The first `events` events, out of order as asked for.
pub fn generate_disordered(events: usize, disorder: Disorder) -> Arc<[Event]> {
    (0..events)
        .map(|index| event(index as u64, disorder))
        .collect()
}

/// The advertisements and the campaign of each: the table of the join.
pub fn campaigns() -> impl Iterator<Item = (u64, u64)> {
    (0..ADVERTISEMENTS).map(|ad| {
        let campaign = splitmix(9, ad / ADVERTISEMENTS_PER_CAMPAIGN);
        (ad_id(ad), campaign)
    })
}

/// The id of the advertisement with this number.
const fn ad_id(number: u64) -> u64 {
    splitmix(8, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_40_bytes() {
        assert_eq!(std::mem::size_of::<Event>(), 40);
    }
}

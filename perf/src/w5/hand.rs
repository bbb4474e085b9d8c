//! W5 as one would write it by hand: one thread, one loop, arrays.

use super::campaigns::Campaigns;
use super::data::{Event, Row, CAMPAIGNS, VIEW};
use crate::open_panes::OpenPanes;
use crate::{Digest, Shape, Workload};

/// Events between two looks at the watermark: 5 ms of event time.
const BATCH: usize = 512;

/// Counts the views and takes the digest of the results.
pub fn run(events: &[Event]) -> Digest {
    run_shaped(events, &Shape::own(Workload::W5))
}

/// As [`run`], with other windows.
pub(crate) fn run_shaped(events: &[Event], shape: &Shape) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let campaigns = Campaigns::new();
    let earliest_ms = first.timestamp_ms - shape.lag_ms();
    let mut panes: OpenPanes<Pane> = OpenPanes::new(shape.size_ms, earliest_ms);
    let mut latest_ms = i64::MIN;
    // The views of a batch, and their number: written without a branch, since no
    // processor can tell a view from the rest before it looks.
    let mut views = [(0, 0); BATCH];

    for batch in events.chunks(BATCH) {
        let mut found = 0;
        for event in batch {
            views[found] = (event.ad_id, event.timestamp_ms);
            found += usize::from(event.event_type == VIEW);
            latest_ms = latest_ms.max(event.timestamp_ms);
        }
        for &(ad_id, timestamp_ms) in &views[..found] {
            if let Some(campaign) = campaigns.number_of(ad_id) {
                panes.at(timestamp_ms).0[campaign] += 1;
            }
        }
        panes.close(latest_ms - shape.lag_ms(), |pane, start_ms| {
            pane.emit(campaigns.ids(), start_ms, &mut digest);
        });
    }
    panes.close_all(0, |pane, start_ms| {
        pane.emit(campaigns.ids(), start_ms, &mut digest);
    });
    digest
}

/// The counts of one window, by the number of a campaign.
struct Pane([u64; CAMPAIGNS]);

impl Default for Pane {
    fn default() -> Self {
        Self([0; CAMPAIGNS])
    }
}

impl Pane {
    /// Gives out the rows of this window and leaves the pane empty.
    fn emit(&mut self, campaigns: &[u64], start_ms: i64, digest: &mut Digest) {
        for (&campaign, count) in campaigns.iter().zip(&mut self.0) {
            let count = std::mem::take(count);
            if count > 0 {
                Row {
                    campaign,
                    start_ms,
                    count,
                }
                .add_to(digest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::data::{self, campaigns};
    use super::*;
    use crate::w5::WINDOW_MS;

    /// The slow obvious way: every window kept to the end.
    fn obvious(events: &[Event]) -> Digest {
        let campaigns: BTreeMap<u64, u64> = campaigns().collect();
        let mut windows: BTreeMap<(i64, u64), u64> = BTreeMap::new();
        for event in events.iter().filter(|event| event.event_type == VIEW) {
            let start_ms = event.timestamp_ms - event.timestamp_ms.rem_euclid(WINDOW_MS);
            *windows
                .entry((start_ms, campaigns[&event.ad_id]))
                .or_default() += 1;
        }
        let mut digest = Digest::default();
        for ((start_ms, campaign), count) in windows {
            Row {
                campaign,
                start_ms,
                count,
            }
            .add_to(&mut digest);
        }
        digest
    }

    #[test]
    fn equals_the_obvious_way_at_any_size() {
        for events in [0, 1, 511, 512, 513, 120_001] {
            let events = data::generate(events);
            assert_eq!(run(&events), obvious(&events), "{} events", events.len());
        }
    }
}

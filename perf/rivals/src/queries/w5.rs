//! W5: views, joined with their campaigns, counted in tumbling windows of ten seconds.

use std::collections::HashMap;
use std::sync::Arc;

use fluxus_perf::splitmix::DISORDER_MS;
use fluxus_perf::w5::campaigns::Campaigns;
use fluxus_perf::w5::data::{campaigns, Event, Row, VIEW};
use fluxus_perf::w5::WINDOW_MS;
use fluxus_perf::Digest;

use super::{Fold, Query};
use crate::kept::Panes;

/// Views by campaign.
#[derive(Debug)]
pub struct W5 {
    campaigns: Campaigns,
    panes: Panes<u64>,
}

impl Default for W5 {
    fn default() -> Self {
        Self {
            campaigns: Campaigns::new(),
            panes: Panes::new(WINDOW_MS, 0),
        }
    }
}

/// Which campaign an advertisement belongs to: as a table, and as documents have it.
#[derive(Clone)]
pub struct Tables {
    numbers: Arc<Campaigns>,
    ids: Arc<HashMap<u64, u64>>,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            numbers: Arc::new(Campaigns::new()),
            ids: Arc::new(campaigns().collect()),
        }
    }
}

/// A view: the number of its campaign, and when.
#[derive(Clone, Copy, Debug)]
pub struct View {
    campaign: u64,
    timestamp_ms: i64,
}

impl Query for W5 {
    type Event = Event;
    type Record = View;
    type Row = Row;
    type Tables = Tables;

    const DISORDER_MS: i64 = DISORDER_MS;
    const STEP_MS: i64 = WINDOW_MS;

    #[inline(always)]
    fn timestamp_ms(event: &Event) -> i64 {
        event.timestamp_ms
    }

    #[inline(always)]
    fn expand(tables: &Tables, event: &Event, mut give: impl FnMut(View)) {
        if event.event_type != VIEW {
            return;
        }
        if let Some(campaign) = tables.numbers.number_of(event.ad_id) {
            give(View {
                campaign: campaign as u64,
                timestamp_ms: event.timestamp_ms,
            });
        }
    }

    #[inline(always)]
    fn route(view: &View) -> u64 {
        view.campaign
    }

    #[inline(always)]
    fn add(&mut self, view: View) {
        *self.panes.cell(view.timestamp_ms, view.campaign as usize) += 1;
    }

    fn close(&mut self, until_ms: i64, mut give: impl FnMut(Row)) {
        let campaigns = self.campaigns.ids();
        self.panes.close(until_ms, |start_ms, counts| {
            for (&campaign, &mut count) in campaigns.iter().zip(counts) {
                if count > 0 {
                    give(Row {
                        campaign,
                        start_ms,
                        count,
                    });
                }
            }
        });
    }

    #[inline]
    fn add_to(row: &Row, digest: &mut Digest) {
        row.add_to(digest);
    }
}

impl Fold for W5 {
    type Key = u64;
    type Value = ();
    type Accumulator = u64;
    type Keyed = Option<(u64, ())>;

    const SIZE_MS: i64 = WINDOW_MS;

    fn keyed(tables: &Tables, event: &Event) -> Option<(u64, ())> {
        if event.event_type != VIEW {
            return None;
        }
        Some((*tables.ids.get(&event.ad_id)?, ()))
    }

    fn empty() -> u64 {
        0
    }

    fn fold(into: &mut u64, (): &()) {
        *into += 1;
    }

    fn add_result(&campaign: &u64, start_ms: i64, &count: &u64, digest: &mut Digest) {
        Row {
            campaign,
            start_ms,
            count,
        }
        .add_to(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::run;
    use super::*;
    use fluxus_perf::w5::{data, hand};

    #[test]
    fn equals_the_loop_by_hand() {
        for events in [0, 1, 2_500_000] {
            let events = data::generate(events);
            assert_eq!(run::<W5>(&events, 512), hand::run(&events));
        }
    }
}

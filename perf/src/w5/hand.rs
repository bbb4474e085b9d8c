//! W5 as one would write it by hand: one thread, one loop, arrays.

use super::campaigns::Campaigns;
use super::data::{Event, Row, VIEW};
use super::WINDOW_MS;
use crate::splitmix::WATERMARK_LAG_MS;
use crate::Digest;

/// Events between two looks at the watermark: 5 ms of event time.
const BATCH: usize = 512;

/// Counts the views and takes the digest of the results.
pub fn run(events: &[Event]) -> Digest {
    let mut digest = Digest::default();
    let Some(first) = events.first() else {
        return digest;
    };
    let campaigns = Campaigns::new();
    // At most two windows are open at once: the disorder and a batch together
    // are shorter than one. `panes[0]` is the older.
    let mut panes = [(); 2].map(|()| vec![0u64; campaigns.ids().len()]);
    let mut boundary_ms = first.timestamp_ms.div_euclid(WINDOW_MS) * WINDOW_MS;
    let mut latest_ms = i64::MIN;

    for batch in events.chunks(BATCH) {
        for event in batch {
            latest_ms = latest_ms.max(event.timestamp_ms);
            if event.event_type != VIEW {
                continue;
            }
            if let Some(campaign) = campaigns.number_of(event.ad_id) {
                panes[usize::from(event.timestamp_ms >= boundary_ms)][campaign] += 1;
            }
        }
        while boundary_ms - 1 <= latest_ms - WATERMARK_LAG_MS {
            emit(
                campaigns.ids(),
                &mut panes[0],
                boundary_ms - WINDOW_MS,
                &mut digest,
            );
            panes.swap(0, 1);
            boundary_ms += WINDOW_MS;
        }
    }
    for pane in &mut panes {
        emit(campaigns.ids(), pane, boundary_ms - WINDOW_MS, &mut digest);
        boundary_ms += WINDOW_MS;
    }
    digest
}

/// Gives out the rows of one window and leaves its pane empty.
fn emit(campaigns: &[u64], pane: &mut [u64], start_ms: i64, digest: &mut Digest) {
    for (&campaign, count) in campaigns.iter().zip(pane) {
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

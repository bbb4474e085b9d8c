//! W5 through the public API of Fluxus.

use std::sync::Arc;
use std::time::Duration;

use fluxus::prelude::*;

use super::campaigns::Campaigns;
use super::data::{Event, Row, ADVERTISEMENTS, ADVERTISEMENTS_PER_CAMPAIGN, VIEW};
use super::WINDOW_MS;
use crate::{engine, Digest, Options, Outcome};

/// How many campaigns there are.
const CAMPAIGNS: u64 = ADVERTISEMENTS / ADVERTISEMENTS_PER_CAMPAIGN;

/// Runs W5 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(events: &Arc<[Event]>, options: &Options) -> Result<Outcome, String> {
    let campaigns = Arc::new(Campaigns::new());
    engine::timed("W5", options, CAMPAIGNS, |job| {
        Ok(job
            .from_shared(events, options.workers)
            .timestamps(
                |event| Timestamp::from_millis(event.timestamp_ms),
                engine::disorder()?,
            )
            .filter(|event| event.event_type == VIEW)
            .map(|event| event.ad_id)
            .filter_map(move |ad_id| campaigns.of(ad_id))
            .key_by(|&campaign| campaign)
            .window(Tumbling::new(Duration::from_millis(
                WINDOW_MS.unsigned_abs(),
            ))?)
            .count()
            .map(|result| Row {
                campaign: result.key,
                start_ms: result.start().millis(),
                count: result.value,
            })
            .fold_all(
                Digest::default(),
                |digest, row| row.add_to(digest),
                Digest::merge,
            ))
    })
}

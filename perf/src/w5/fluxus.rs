//! W5 through the public API of Fluxus.

use std::sync::Arc;

use fluxus::prelude::*;

use super::campaigns::Campaigns;
use super::data::{Event, Row, CAMPAIGNS, VIEW};
use crate::{engine, Digest, Options, Outcome, Shape};

/// Runs W5 on the engine.
///
/// # Errors
/// Why the engine could not be built or did not finish.
pub fn run(events: &Arc<[Event]>, shape: &Shape, options: &Options) -> Result<Outcome, String> {
    let campaigns = Arc::new(Campaigns::new());
    engine::timed("W5", options, CAMPAIGNS as u64, |job| {
        Ok(job
            .from_shared(events, options.workers)
            .timestamps(
                |event| Timestamp::from_millis(event.timestamp_ms),
                engine::disorder(shape)?,
            )
            .filter(|event| event.event_type == VIEW)
            .map(|event| event.ad_id)
            .filter_map(move |ad_id| campaigns.of(ad_id))
            .key_by(|&campaign| campaign)
            .window(Tumbling::new(engine::milliseconds(shape.size_ms))?)
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

//! Two queries of the Nexmark benchmark, an auction house: people come, put
//! things up for auction, and bid.

use crate::answer::{Answer, NexmarkRow};
use crate::case::Malformed;
use fluxus::prelude::*;
use fluxus::source::BoxError;
use fluxus::windows::Global;
use fluxus::Either;
use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;

/// A query, and the rows that it is about.
pub(crate) enum NexmarkCase {
    /// Query 8: who has come and put something up for auction within the same
    /// ten seconds.
    NewSellers(Vec<Person>, Vec<Auction>),
    /// Query 105: how many bids there are for each auction.
    BidsPerAuction(Vec<Bid>),
}

#[derive(Deserialize, Clone)]
pub(crate) struct Person {
    id: u64,
    name: String,
    ts: i64,
}

#[derive(Deserialize, Clone)]
pub(crate) struct Auction {
    seller: u64,
    ts: i64,
}

#[derive(Deserialize, Clone)]
pub(crate) struct Bid {
    auction: u64,
    ts: i64,
}

impl NexmarkCase {
    /// The query of a case, whose rows lie in `data/` beside the case file.
    pub(crate) fn parse(pipeline: &Map<String, Value>, folder: &Path) -> Result<Self, Malformed> {
        let data = folder.join("data");
        match pipeline.get("query").and_then(Value::as_str) {
            Some("nexmark_q8") => Ok(Self::NewSellers(
                rows_of(&data.join("nexmark_person.jsonl"))?,
                rows_of(&data.join("nexmark_auction.jsonl"))?,
            )),
            Some("nexmark_q105") => Ok(Self::BidsPerAuction(rows_of(
                &data.join("nexmark_bid.jsonl"),
            )?)),
            Some(query) => Err(Malformed::new(format!(
                "the query {query:?} is not known here"
            ))),
            None => Err(Malformed::new("there is neither an input_ref nor a query")),
        }
    }
}

fn rows_of<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Malformed> {
    let place = path.display();
    let text = fs::read_to_string(path).map_err(|e| Malformed::new(format!("{place}: {e}")))?;
    let row = |(number, line): (usize, &str)| {
        serde_json::from_str(line)
            .map_err(|e| Malformed::new(format!("{place}, line {number}: {e}")))
    };
    (1..).zip(text.lines()).map(row).collect()
}

/// How far behind the latest row one may be; a tick is a millisecond here, as in
/// all cases.
const DISORDER_MS: i64 = 30_000;

pub(crate) fn answer(case: &NexmarkCase, engine: &Config) -> Result<Answer, BoxError> {
    let rows = match case {
        NexmarkCase::NewSellers(people, auctions) => new_sellers(people, auctions, engine)?,
        NexmarkCase::BidsPerAuction(bids) => bids_per_auction(bids, engine)?,
    };
    Ok(Answer::Nexmark { rows })
}

/// People and auctions meet by who it is, in windows of ten seconds.
fn new_sellers(
    people: &[Person],
    auctions: &[Auction],
    engine: &Config,
) -> Result<Vec<NexmarkRow>, BoxError> {
    let job = Job::new("nexmark q8", engine.clone())?;
    let disorder = BoundedDisorder::from_nanos(DISORDER_MS)?;
    let people = job
        .from_iter(people.to_vec())
        .timestamps(|person| Timestamp::from_nanos(person.ts), disorder.clone())
        .map(Either::Left);
    let auctions = job
        .from_iter(auctions.to_vec())
        .timestamps(|auction| Timestamp::from_nanos(auction.ts), disorder)
        .map(Either::Right);
    let rows = people
        .union(auctions)
        .key_by(|either| match either {
            Either::Left(person) => person.id,
            Either::Right(auction) => auction.seller,
        })
        .window(Tumbling::from_nanos(10_000)?)
        .process(|met| {
            let start = met.start().nanos();
            let sells = met.value.iter().any(|row| matches!(row, Either::Right(_)));
            // Each who came, once, however much they sell.
            met.value.into_iter().filter_map(move |row| match row {
                Either::Left(Person { id, name, .. }) if sells => {
                    Some(NexmarkRow::NewSeller { id, name, start })
                }
                _ => None,
            })
        })
        .collect();
    job.run()?;
    Ok(rows.take())
}

/// All time is one window: there is one row an auction, at the end.
fn bids_per_auction(bids: &[Bid], engine: &Config) -> Result<Vec<NexmarkRow>, BoxError> {
    let job = Job::new("nexmark q105", engine.clone())?;
    let rows = job
        .from_iter(bids.to_vec())
        .timestamps(
            |bid| Timestamp::from_nanos(bid.ts),
            BoundedDisorder::from_nanos(DISORDER_MS)?,
        )
        .key_by(|bid| bid.auction)
        .window(Global)
        .count()
        .map(|row| NexmarkRow::Bids {
            auction: row.key,
            count: row.value,
        })
        .collect();
    job.run()?;
    Ok(rows.take())
}

//! `latency --anchor`: the hand-over and the bare rtrb ring, in turn.

use std::path::Path;

use serde::Serialize;

use fluxus_perf::latency::anchor::pair;
use fluxus_perf::latency::host::Host;
use fluxus_perf::latency::{Measured, Paired, Plan};

use crate::commands::progress::Progress;
use crate::commands::report::{median, thousands};
use crate::commands::Report;

use super::figures::{cells, head, heading, line};
use super::files::{write_json, SCHEMA};
use super::load::Asked;

/// The JSON of one pair.
#[derive(Serialize)]
struct JsonPair<'run> {
    fluxus: &'run Measured,
    rtrb: &'run Measured,
    /// Of p50 from send; none where one of the two counts for nothing.
    ratio: Option<f64>,
}

#[derive(Serialize)]
struct Json<'run> {
    schema: u32,
    kind: &'static str,
    host: &'run Host,
    options: Asked<'run>,
    ratio: Option<f64>,
    pairs: Vec<JsonPair<'run>>,
}

/// Runs so many pairs of the hand-over and the bare ring, in mirrored order.
pub(super) fn anchored(
    plan: &Plan,
    host: &Host,
    pairs: u64,
    json: Option<&Path>,
) -> Result<Report, String> {
    let mut done = Vec::new();
    for number in 0..pairs {
        let progress = Progress::show(&format!("pair {} of {pairs}", number + 1));
        let measured = pair(plan, number % 2 == 0);
        progress.clear();
        done.push(measured?);
    }
    let ratios: Vec<f64> = done.iter().filter_map(Paired::ratio).collect();
    let ratio = (!ratios.is_empty()).then(|| median(&ratios));
    if let Some(file) = json {
        let pairs = done.iter().map(|pair| JsonPair {
            fluxus: &pair.ours,
            rtrb: &pair.theirs,
            ratio: pair.ratio(),
        });
        let whole = Json {
            schema: SCHEMA,
            kind: "latency against rtrb",
            host,
            options: Asked::from(plan),
            ratio,
            pairs: pairs.collect(),
        };
        write_json(file, &whole)?;
    }
    let wrong = match ratio {
        Some(_) => None,
        None => Some("no pair is valid: there is no ratio to tell".to_owned()),
    };
    Ok(Report {
        text: text(plan, &done, &ratios),
        wrong,
    })
}

fn text(plan: &Plan, done: &[Paired], ratios: &[f64]) -> String {
    let mut text = heading(plan).join("\n");
    text += "\nagainst the bare rtrb ring: the same source, the same meter, in turn\n\n";
    text += &line("", "samples", &head());
    for pair in done {
        for (name, measured) in [("fluxus", &pair.ours), ("rtrb", &pair.theirs)] {
            for (name, shown) in [
                (name, &measured.records.service),
                ("  hiccup", &measured.hiccups.distribution),
            ] {
                text += &line(name, &thousands(shown.samples()), &cells(shown));
            }
            for reason in &measured.invalid {
                text += &format!("  INVALID {reason}\n");
            }
        }
    }
    text += "\nrecords from when they were sent to when they were seen on the other core\n";
    let (least, most) = (
        ratios.iter().copied().fold(f64::INFINITY, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
    );
    text += &match ratios.len() {
        0 => "ratio   none: no pair is valid, or too few samples\n".to_owned(),
        pairs => format!(
            "ratio   {:.3} ({least:.3} to {most:.3})  fluxus over rtrb: median over {pairs} valid \
             pairs of p50's ratio\n",
            median(ratios)
        ),
    };
    text
}

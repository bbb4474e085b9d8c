//! `latency`: an open loop at a given rate, on the engine.

mod anchored;
mod figures;
mod files;
mod load;
mod page;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use fluxus_perf::latency::host::Host;
use fluxus_perf::latency::{run, Measured, Origin};
use fluxus_perf::Idle;

use super::arguments::{number, LARGEST_BATCH, MOST_WORKERS};
use super::print::complain;
use super::progress::Progress;
use super::Report;

pub(super) use figures::told;
pub(super) use files::{check_writable, write, write_json, SCHEMA};
pub(super) use load::{Asked, Load};
pub(super) use page::host_in_words;

use anchored::anchored;
use figures::{in_seconds, text};
use files::write_hgrm;
use page::html;

#[derive(Args, Debug)]
pub(super) struct LatencyArguments {
    #[command(flatten)]
    pub(super) load: Load,

    /// Worker threads of the engine
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<1, { MOST_WORKERS }>)]
    workers: u64,

    /// Where the source lives: a thread of its own on the first core, which feeds the first
    /// worker through a ring, or that worker itself
    #[arg(long, value_enum, default_value_t = Origin::Thread)]
    source: Origin,

    /// What a worker does that has nothing to do
    #[arg(long, value_enum, default_value_t = Idle::Adaptive)]
    idle: Idle,

    /// Records in one batch [default: the engine's]
    #[arg(long, value_name = "N", value_parser = number::<1, { LARGEST_BATCH }>)]
    batch: Option<u64>,

    /// Only hand records over, to the last worker: no windows
    #[arg(long, conflicts_with = "window_ms")]
    no_windows: bool,

    /// Hold the hand-over against the bare rtrb ring: so many pairs of runs, in turn
    #[arg(long, value_name = "PAIRS", num_args = 0..=1, default_missing_value = "3",
          value_parser = number::<1, 1000>, conflicts_with_all = ["hgrm", "html"])]
    anchor: Option<u64>,

    /// Write the distributions as the HdrHistogram plotters read them: records from due to seen
    /// into FILE, the others beside it
    #[arg(long, value_name = "FILE")]
    hgrm: Option<PathBuf>,
}

impl LatencyArguments {
    pub(super) fn contradiction(&self) -> Option<String> {
        match self.no_windows || self.anchor.is_some() {
            true => self.load.nothing_measured(),
            false => self.load.contradiction(),
        }
    }
}

pub(super) fn latency(asked: &LatencyArguments) -> Result<Report, String> {
    let (mut plan, warnings) =
        asked
            .load
            .plan(asked.source, asked.workers, asked.idle, asked.batch);
    check_writable(
        asked
            .load
            .json
            .iter()
            .chain(&asked.load.html)
            .chain(&asked.hgrm),
    )?;
    if asked.no_windows || asked.anchor.is_some() {
        plan.window = None;
    }
    let warn = |warning: &String| complain(&format!("warning: {warning}"));
    warnings.iter().for_each(warn);
    let host = Host::read();
    if let Some(pairs) = asked.anchor {
        return anchored(&plan, &host, pairs, asked.load.json.as_deref());
    }
    let progress = Progress::show(&format!(
        "{} of warm-up and {} measured",
        in_seconds(plan.warm_up),
        in_seconds(plan.measured)
    ));
    let measured = run(&plan);
    progress.clear();
    let measured = measured?;
    measured.warnings.iter().for_each(warn);

    if let Some(file) = &asked.load.json {
        #[derive(Serialize)]
        struct Line<'run> {
            schema: u32,
            kind: &'static str,
            host: &'run Host,
            options: Asked<'run>,
            #[serde(flatten)]
            measured: &'run Measured,
        }
        let line = Line {
            schema: SCHEMA,
            kind: "latency",
            host: &host,
            options: Asked::from(&plan),
            measured: &measured,
        };
        write_json(file, &line)?;
    }
    if let Some(file) = &asked.hgrm {
        write_hgrm(file, &measured)?;
    }
    if let Some(file) = &asked.load.html {
        write(file, &html(&plan, &host, &measured))?;
    }
    Ok(Report {
        text: text(&plan, &measured),
        wrong: (!measured.is_valid())
            .then(|| format!("the run is invalid: {}", measured.invalid.join("; "))),
    })
}

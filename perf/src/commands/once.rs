//! `once`: one run and nothing else, for tools that count what a process does.
//!
//! Hidden: `instructions` and `system-calls` run it in a process of its own.
//! Nothing is warmed up, repeated, timed or checked, so that two runs of
//! different sizes differ by their events only.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use fluxus_perf::{on_the_way, Case, Digest, Engine, Idle, Options, Workload};

use super::arguments::{number, MOST_WORKERS};
use super::Report;

#[derive(Args, Debug)]
pub(super) struct OnceArguments {
    #[arg(value_enum, ignore_case = true)]
    workload: Workload,

    #[arg(long, value_enum)]
    engine: Runner,

    #[arg(long, value_parser = number::<1, { u64::MAX }>)]
    events: u64,

    #[arg(long, default_value_t = 1, value_parser = number::<1, { MOST_WORKERS }>)]
    workers: u64,

    #[arg(long, value_enum, default_value_t = Idle::Adaptive)]
    idle: Idle,

    /// Pin the workers, a core each
    #[arg(long)]
    pin: bool,

    /// What the engine hashes keys by: drawn at random unless it is given
    #[arg(long)]
    hash_seed: Option<u64>,

    /// Make the events when they are asked for, not before
    #[arg(long)]
    on_the_way: bool,
}

/// What a process of its own is to do with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Runner {
    /// Run it on the engine.
    Fluxus,
    /// Run it through the loop by hand.
    Hand,
    /// Nothing: make the data, and end.
    None,
}

impl Runner {
    /// The word for it on the command line.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Fluxus => "fluxus",
            Self::Hand => "hand",
            Self::None => "none",
        }
    }
}

/// What it says of its run: one line of JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    rows: u64,
    count: u64,
    sum: u64,
}

impl From<Digest> for Answer {
    fn from(digest: Digest) -> Self {
        let Digest { rows, count, sum } = digest;
        Self { rows, count, sum }
    }
}

pub(super) fn once(asked: &OnceArguments) -> Result<Report, String> {
    let options = Options {
        workers: asked.workers as usize,
        pin: asked.pin,
        idle: asked.idle,
        hash_seed: asked.hash_seed,
        ..Options::default()
    };
    let prepare = || Case::prepare(asked.workload, asked.events, None);
    let answer = match asked.engine {
        Runner::Fluxus if asked.on_the_way => {
            on_the_way::run(asked.workload, asked.events, &options)?
                .digest
                .into()
        }
        Runner::Fluxus => prepare()?.run(Engine::Fluxus, &options)?.digest.into(),
        Runner::Hand => prepare()?.run(Engine::Hand, &options)?.digest.into(),
        Runner::None => {
            std::hint::black_box(prepare()?);
            Answer::default()
        }
    };
    let text = serde_json::to_string(&answer).map_err(|error| error.to_string())?;
    Ok(Report {
        text: text + "\n",
        wrong: None,
    })
}

//! `compare`: two sides in turn, and the ratio of their speeds.

use serde::Serialize;

use fluxus_perf::{Engine, Idle, Workload};

use super::arguments::CompareArguments;
use super::comparison::{Comparison, Pair, Side};
use super::report::{duration, heading, Choices};
use super::Report;

/// The one line of JSON. A ratio is our speed over that of what it is held against.
#[derive(Serialize)]
struct Line<'run> {
    workload: Workload,
    engine: Engine,
    events: u64,
    #[serde(flatten)]
    choices: Choices,
    workers: usize,
    cores: &'run [usize],
    pinned: bool,
    idle: Idle,
    against: Other<'run>,
    pairs: usize,
    ratio: f64,
    ratio_min: f64,
    ratio_max: f64,
    ratios: &'run [f64],
    mev_per_s: f64,
    rows: u64,
    count: u64,
    sum: u64,
    digest_ok: bool,
}

/// What the comparison is held against.
#[derive(Serialize)]
struct Other<'run> {
    engine: Engine,
    events: u64,
    #[serde(flatten)]
    choices: Choices,
    workers: usize,
    cores: &'run [usize],
    pinned: bool,
    idle: Idle,
    mev_per_s: f64,
}

pub(super) fn compare(asked: &CompareArguments) -> Result<Report, String> {
    let what = &asked.what;
    let ours = Side::prepare(what.workload, what.setting.clone(), None)?;
    let theirs = Side::prepare(what.workload, asked.other(), Some(&ours))?;
    let headings = [&ours, &theirs].map(|side| {
        let engine = side.setting.engine();
        format!("{engine}, {}", heading(&side.case, &side.options))
    });
    let choices = [&ours, &theirs].map(|side| Choices::of(&side.case, &side.options));
    let options = [ours.options.clone(), theirs.options.clone()];
    let engines = [ours.setting.engine(), theirs.setting.engine()];
    let events = [ours.case.events(), theirs.case.events()];

    let comparison = Comparison::run([ours, theirs], asked.pairs, what.warm_up)?;
    let ratio = comparison.ratio();
    let [ratio_min, ratio_max] = comparison.spread();
    let [our_speed, their_speed] = &comparison.speeds;
    let text = if what.json {
        let line = Line {
            workload: what.workload,
            engine: engines[0],
            events: events[0],
            choices: choices[0],
            workers: options[0].workers,
            cores: &options[0].cores,
            pinned: options[0].pin,
            idle: options[0].idle,
            against: Other {
                engine: engines[1],
                events: events[1],
                choices: choices[1],
                workers: options[1].workers,
                cores: &options[1].cores,
                pinned: options[1].pin,
                idle: options[1].idle,
                mev_per_s: their_speed.median,
            },
            pairs: comparison.pairs.len(),
            ratio,
            ratio_min,
            ratio_max,
            ratios: &comparison.ratios,
            mev_per_s: our_speed.median,
            rows: comparison.digest.rows,
            count: comparison.digest.count,
            sum: comparison.digest.sum,
            digest_ok: comparison.wrong.is_none(),
        };
        serde_json::to_string(&line).map_err(|error| error.to_string())? + "\n"
    } else {
        let pairs: String = comparison
            .pairs
            .iter()
            .zip(&comparison.ratios)
            .zip(1..)
            .map(|((pair, ratio), number)| in_a_row(pair, *ratio, number))
            .collect();
        format!(
            "ours    {}\ntheirs  {}\nin turn, each warmed up by {} before\n\n\
             pair         ours       theirs   ours/theirs\n{pairs}\n\
             ours    {our_speed}\n\
             theirs  {their_speed}\n\
             ratio   {ratio:.3} ({ratio_min:.3} to {ratio_max:.3})  \
             median of the pairs' speed ratios, ours over theirs: above 1 ours is faster\n\
             digest  {}\n",
            headings[0], headings[1], what.warm_up, comparison.in_words,
        )
    };
    Ok(Report {
        text,
        wrong: comparison.wrong,
    })
}

fn in_a_row(pair: &Pair, ratio: f64, number: usize) -> String {
    let [ours, theirs] = [pair.ours, pair.theirs].map(duration);
    format!("{number:>4} {ours:>12} {theirs:>12} {ratio:>13.3}\n")
}

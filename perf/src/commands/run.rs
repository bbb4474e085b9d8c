//! `run`: one workload, one engine.

use serde::Serialize;

use fluxus_perf::{Case, Digest, Engine, Idle, Workload};

use super::arguments::RunArguments;
use super::print::complain;
use super::progress::Progress;
use super::report::{duration, heading, median, thousands, Choices, Speed, Verdict};
use super::Report;

/// The one line of JSON. `mev_per_s` counts millions of the workload's events, lines in W1.
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
    repeat: u64,
    /// The median of the repeated runs.
    seconds: f64,
    seconds_min: f64,
    seconds_max: f64,
    mev_per_s: f64,
    rows: u64,
    count: u64,
    sum: u64,
    digest_ok: bool,
}

pub(super) fn run(asked: &RunArguments) -> Result<Report, String> {
    let what = &asked.what;
    let (setting, engine) = (&what.setting, what.setting.engine());
    let (options, warnings) = setting.options();
    warnings
        .iter()
        .for_each(|warning| complain(&format!("warning: {warning}")));
    let events = setting.events(what.workload);
    let case = Case::prepare_shaped(what.workload, events, setting.asked())?;

    let mut verdict = Verdict::of(&case);
    let mut progress = Progress::on_terminal();
    let runs_in_all = what.warm_up + asked.repeat;
    let mut say = |run: u64| {
        progress.say(&format!("{}: run {run} of {runs_in_all}", what.workload));
    };
    for run in 0..what.warm_up {
        say(run + 1);
        verdict.check(engine, case.run(engine, &options)?.digest);
    }
    let mut seconds = Vec::new();
    let mut digest = Digest::default();
    for run in 0..asked.repeat {
        say(what.warm_up + run + 1);
        let outcome = case.run(engine, &options)?;
        verdict.check(engine, outcome.digest);
        seconds.push(outcome.seconds);
        digest = outcome.digest;
    }
    drop(progress);

    let speed = Speed::of(&case, &seconds);
    let text = if what.json {
        let line = Line {
            workload: what.workload,
            engine,
            events,
            choices: Choices::of(&case, &options),
            workers: options.workers,
            cores: &options.cores,
            pinned: options.pin,
            idle: options.idle,
            repeat: asked.repeat,
            seconds: median(&seconds),
            seconds_min: seconds.iter().copied().fold(f64::INFINITY, f64::min),
            seconds_max: seconds.iter().copied().fold(0.0, f64::max),
            mev_per_s: speed.median,
            rows: digest.rows,
            count: digest.count,
            sum: digest.sum,
            digest_ok: verdict.is_right(),
        };
        serde_json::to_string(&line).map_err(|error| error.to_string())? + "\n"
    } else {
        format!(
            "{}\nengine {}, {} measured after {} to warm up\n\n\
             speed   {speed}\n\
             time    {}, {:.2} ns each\n\
             rows    {}\n\
             count   {}\n\
             digest  {}, {}\n",
            heading(&case, &options),
            engine,
            runs(asked.repeat),
            what.warm_up,
            duration(median(&seconds)),
            1e9 * median(&seconds) / events as f64,
            thousands(digest.rows),
            thousands(digest.count),
            digest.sum,
            verdict.in_words(),
        )
    };
    Ok(Report {
        text,
        wrong: verdict.wrong(),
    })
}

fn runs(number: u64) -> String {
    match number {
        1 => "1 run".to_owned(),
        _ => format!("{number} runs"),
    }
}

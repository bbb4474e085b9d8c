//! `compare`: both engines in turn, so that what disturbs one disturbs the other.

use serde::Serialize;

use fluxus_perf::{Case, Engine, Idle, Options, Workload};

use super::arguments::CompareArguments;
use super::print::complain;
use super::progress::Progress;
use super::report::{duration, heading, median, Speed, Verdict};
use super::{cores, Report};

/// The one line of JSON. A ratio is the speed of `fluxus` over that of `hand`.
#[derive(Serialize)]
struct Line<'run> {
    workload: Workload,
    events: u64,
    keys: Option<u64>,
    workers: usize,
    hand_workers: usize,
    cores: &'run [usize],
    pinned: bool,
    idle: Idle,
    pairs: usize,
    ratio: f64,
    ratio_min: f64,
    ratio_max: f64,
    ratios: &'run [f64],
    fluxus_mev_per_s: f64,
    hand_mev_per_s: f64,
    rows: u64,
    count: u64,
    sum: u64,
    digest_ok: bool,
}

pub(super) fn compare(asked: &CompareArguments) -> Result<Report, String> {
    let what = &asked.what;
    let (options, warnings) = cores::options(what);
    warnings
        .iter()
        .for_each(|warning| complain(&format!("warning: {warning}")));
    let events = what.events.unwrap_or(what.workload.default_events());
    let case = Case::prepare(what.workload, events, what.keys)?;

    // The loop by hand has one core, however many the engine has.
    let by_hand = Options {
        workers: 1,
        ..options.clone()
    };
    let mut verdict = Verdict::of(&case);
    let mut digest = case.expected().0;
    let mut progress = Progress::on_terminal();
    let (mut run, runs) = (0, 2 * (what.warm_up + asked.pairs));
    let mut seconds = |engine: Engine| {
        run += 1;
        progress.say(&format!("{}: run {run} of {runs}, {engine}", what.workload));
        let options = if engine == Engine::Hand {
            &by_hand
        } else {
            &options
        };
        let outcome = case.run(engine, options)?;
        verdict.check(engine, outcome.digest);
        if engine == Engine::Fluxus {
            digest = outcome.digest;
        }
        Ok(outcome.seconds)
    };
    let pairs = interleave(asked.pairs, what.warm_up, &mut seconds)?;
    drop(progress);

    let ratios: Vec<f64> = pairs.iter().map(Pair::ratio).collect();
    let ratio = median(&ratios);
    let ratio_min = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let ratio_max = ratios.iter().copied().fold(0.0, f64::max);
    let fluxus = Speed::of(
        &case,
        &pairs.iter().map(|pair| pair.fluxus).collect::<Vec<_>>(),
    );
    let hand = Speed::of(
        &case,
        &pairs.iter().map(|pair| pair.hand).collect::<Vec<_>>(),
    );
    let text = if what.json {
        let line = Line {
            workload: what.workload,
            events,
            keys: case.keys(),
            workers: options.workers,
            hand_workers: by_hand.workers,
            cores: &options.cores,
            pinned: options.pin,
            idle: options.idle,
            pairs: pairs.len(),
            ratio,
            ratio_min,
            ratio_max,
            ratios: &ratios,
            fluxus_mev_per_s: fluxus.median,
            hand_mev_per_s: hand.median,
            rows: digest.rows,
            count: digest.count,
            sum: digest.sum,
            digest_ok: verdict.is_right(),
        };
        serde_json::to_string(&line).map_err(|error| error.to_string())? + "\n"
    } else {
        let pairs: String = pairs
            .iter()
            .zip(1..)
            .map(|(pair, number)| pair.in_a_row(number))
            .collect();
        format!(
            "{}\nboth engines in turn, each warmed up by {} before; hand has 1 worker\n\n\
             pair       fluxus         hand   fluxus/hand\n{pairs}\n\
             fluxus  {fluxus}\n\
             hand    {hand}\n\
             ratio   {ratio:.3} ({ratio_min:.3} to {ratio_max:.3})  \
             median of the pairs' speed ratios, fluxus over hand: above 1 fluxus is faster\n\
             digest  {}\n",
            heading(&case, &options),
            what.warm_up,
            verdict.in_words(),
        )
    };
    Ok(Report {
        text,
        wrong: verdict.wrong(),
    })
}

/// Two runs next to each other, in seconds.
#[derive(Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) fluxus: f64,
    pub(super) hand: f64,
}

impl Pair {
    /// How much faster fluxus was: its speed over the loop's.
    pub(super) fn ratio(&self) -> f64 {
        self.hand / self.fluxus
    }

    fn in_a_row(&self, number: usize) -> String {
        let [fluxus, hand] = [self.fluxus, self.hand].map(duration);
        format!(
            "{number:>4} {fluxus:>12} {hand:>12} {:>13.3}\n",
            self.ratio()
        )
    }
}

/// Runs pairs in mirrored order, ours, theirs, theirs, ours: whatever drifts in
/// one direction weighs on both alike.
pub(super) fn interleave(
    pairs: u64,
    warm_up: u64,
    seconds: &mut impl FnMut(Engine) -> Result<f64, String>,
) -> Result<Vec<Pair>, String> {
    for _ in 0..warm_up {
        seconds(Engine::Fluxus)?;
        seconds(Engine::Hand)?;
    }
    let mut measured = Vec::new();
    for number in 0..pairs {
        let pair = if number % 2 == 0 {
            let fluxus = seconds(Engine::Fluxus)?;
            Pair {
                fluxus,
                hand: seconds(Engine::Hand)?,
            }
        } else {
            let hand = seconds(Engine::Hand)?;
            Pair {
                fluxus: seconds(Engine::Fluxus)?,
                hand,
            }
        };
        measured.push(pair);
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_take_turns_in_mirrored_order() {
        let mut order = String::new();
        let mut clock = 0.0;
        let pairs = interleave(3, 1, &mut |engine| {
            order.push(if engine == Engine::Fluxus { 'f' } else { 'h' });
            clock += 1.0;
            Ok(clock)
        });
        assert_eq!(order, "fhfhhffh");
        let pair = |fluxus, hand| Pair { fluxus, hand };
        assert_eq!(
            pairs,
            Ok(vec![pair(3.0, 4.0), pair(6.0, 5.0), pair(7.0, 8.0)])
        );
    }

    #[test]
    fn a_ratio_above_one_means_that_fluxus_took_less_time() {
        assert_eq!(
            Pair {
                fluxus: 1.0,
                hand: 2.0
            }
            .ratio(),
            2.0
        );
    }

    #[test]
    fn an_engine_that_fails_ends_the_comparison() {
        let failed = interleave(3, 0, &mut |_| Err("no".to_owned()));
        assert_eq!(failed, Err("no".to_owned()));
    }
}

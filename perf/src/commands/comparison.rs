//! Two sides run in turn: what disturbs one disturbs the other.

use fluxus_perf::{Case, Digest, Options, Workload};

use super::print::complain;
use super::progress::Progress;
use super::report::{median, Speed, Verdict};
use super::setting::Setting;

/// One side of a comparison, ready to run.
pub(super) struct Side {
    pub(super) setting: Setting,
    pub(super) case: Case,
    pub(super) options: Options,
    verdict: Verdict,
    digest: Digest,
}

impl Side {
    /// Makes its data, unless `beside` has the same.
    pub(super) fn prepare(
        workload: Workload,
        setting: Setting,
        beside: Option<&Self>,
    ) -> Result<Self, String> {
        let (events, asked) = (setting.events(workload), setting.asked());
        let same = beside.and_then(|side| side.case.reshaped(workload, events, asked));
        let case = match same {
            Some(case) => case,
            None => Case::prepare_shaped(workload, events, asked)?,
        };
        let (options, warnings) = setting.options();
        for warning in warnings {
            complain(&format!("warning: {warning}"));
        }
        Ok(Self {
            verdict: Verdict::of(&case),
            digest: case.expected().0,
            setting,
            case,
            options,
        })
    }

    /// Runs it once; how long it took, in seconds.
    fn run(&mut self) -> Result<f64, String> {
        let engine = self.setting.engine();
        let outcome = self.case.run(engine, &self.options)?;
        self.verdict.check(engine, outcome.digest);
        self.digest = outcome.digest;
        Ok(outcome.seconds)
    }
}

/// What a comparison came to: ours first, then what it is held against.
pub(super) struct Comparison {
    pub(super) pairs: Vec<Pair>,
    /// Of every pair, how much faster ours was.
    pub(super) ratios: Vec<f64>,
    pub(super) speeds: [Speed; 2],
    /// The digest of our last run.
    pub(super) digest: Digest,
    pub(super) in_words: String,
    /// What was wrong, where a digest was.
    pub(super) wrong: Option<String>,
}

impl Comparison {
    /// Warms both sides up and runs them in turn.
    pub(super) fn run(mut sides: [Side; 2], pairs: u64, warm_up: u64) -> Result<Self, String> {
        let mut progress = Progress::on_terminal();
        let (mut run, runs) = (0, 2 * (warm_up + pairs));
        let pairs = interleave(pairs, warm_up, &mut |side| {
            run += 1;
            let side = &mut sides[side];
            let (workload, engine) = (side.case.workload(), side.setting.engine());
            progress.say(&format!("{workload}: run {run} of {runs}, {engine}"));
            side.run()
        })?;
        drop(progress);
        let [ours, theirs] = &sides;
        // Sides of different length are compared by their speed.
        let longer = theirs.case.events() as f64 / ours.case.events() as f64;
        let ratios = pairs.iter().map(|pair| pair.ratio() / longer).collect();
        let speed = |side: &Side, seconds: fn(&Pair) -> f64| {
            Speed::of(&side.case, &pairs.iter().map(seconds).collect::<Vec<_>>())
        };
        let speeds = [
            speed(ours, |pair| pair.ours),
            speed(theirs, |pair| pair.theirs),
        ];
        let in_words = match ours.verdict.is_right() && !theirs.verdict.is_right() {
            true => theirs.verdict.in_words(),
            false => ours.verdict.in_words(),
        };
        let digest = ours.digest;
        let [ours, theirs] = sides;
        Ok(Self {
            pairs,
            ratios,
            speeds,
            digest,
            in_words,
            wrong: ours.verdict.wrong().or_else(|| theirs.verdict.wrong()),
        })
    }

    /// The median of the pairs' ratios.
    pub(super) fn ratio(&self) -> f64 {
        median(&self.ratios)
    }

    /// The least and the greatest ratio.
    pub(super) fn spread(&self) -> [f64; 2] {
        let ratios = || self.ratios.iter().copied();
        [
            ratios().fold(f64::INFINITY, f64::min),
            ratios().fold(0.0, f64::max),
        ]
    }
}

/// Two runs next to each other, in seconds.
#[derive(Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) ours: f64,
    pub(super) theirs: f64,
}

impl Pair {
    /// How much less time ours took: theirs over ours.
    pub(super) fn ratio(&self) -> f64 {
        self.theirs / self.ours
    }
}

/// Runs pairs in mirrored order, ours, theirs, theirs, ours: whatever drifts in
/// one direction weighs on both alike. `seconds` runs side 0 or side 1.
pub(super) fn interleave(
    pairs: u64,
    warm_up: u64,
    seconds: &mut impl FnMut(usize) -> Result<f64, String>,
) -> Result<Vec<Pair>, String> {
    for _ in 0..warm_up {
        seconds(0)?;
        seconds(1)?;
    }
    let mut measured = Vec::new();
    for number in 0..pairs {
        let pair = if number % 2 == 0 {
            let ours = seconds(0)?;
            Pair {
                ours,
                theirs: seconds(1)?,
            }
        } else {
            let theirs = seconds(1)?;
            Pair {
                ours: seconds(0)?,
                theirs,
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
    fn sides_take_turns_in_mirrored_order() {
        let mut order = String::new();
        let mut clock = 0.0;
        let pairs = interleave(3, 1, &mut |side| {
            order.push_str(["o", "t"][side]);
            clock += 1.0;
            Ok(clock)
        });
        assert_eq!(order, "otottoot");
        let pair = |ours, theirs| Pair { ours, theirs };
        assert_eq!(
            pairs,
            Ok(vec![pair(3.0, 4.0), pair(6.0, 5.0), pair(7.0, 8.0)])
        );
    }

    #[test]
    fn a_ratio_above_one_means_that_ours_took_less_time() {
        let pair = Pair {
            ours: 1.0,
            theirs: 2.0,
        };
        assert_eq!(pair.ratio(), 2.0);
    }

    #[test]
    fn a_side_that_fails_ends_the_comparison() {
        let failed = interleave(3, 0, &mut |_| Err("no".to_owned()));
        assert_eq!(failed, Err("no".to_owned()));
    }

    #[test]
    fn sides_of_one_shape_share_their_data_and_others_do_not() {
        let side = |text: &str, beside: Option<&Side>| {
            let setting = text.parse().expect("it is a setting");
            Side::prepare(Workload::W3, setting, beside).expect("it fits")
        };
        let ours = side("--events 3000", None);
        let shared = |text| {
            ours.case
                .reshaped(Workload::W3, 3000, side(text, None).setting.asked())
        };
        assert!(shared("--events 3000 --size-ms 2000").is_some());
        assert!(shared("--events 3000 --keys 7").is_none());
        assert!(shared("--events 3000 --disorder-ms 7").is_none());
        for other in [
            "--events 3000 --size-ms 2000",
            "--events 1500 --keys 7 --engine hand",
        ] {
            let sides = [side("--events 3000", None), side(other, Some(&ours))];
            let comparison = Comparison::run(sides, 2, 0).expect("it runs");
            assert_eq!(comparison.wrong, None, "{other}");
            assert_eq!(comparison.ratios.len(), 2);
        }
    }
}

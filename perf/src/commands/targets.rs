//! `targets`: what Fluxus is to reach, measured.

use clap::{Args, Parser};
use serde::Serialize;

use super::arguments::{number, CompareArguments};
use super::comparison::{Comparison, Side};
use super::progress::Progress;
use super::Report;

#[derive(Args, Debug)]
pub(super) struct TargetsArguments {
    /// Which targets, such as T1 T6 [default: all that one process can measure]
    #[arg(value_name = "TARGET", value_parser = known)]
    which: Vec<String>,

    /// Pairs of runs for each; the median of their ratios is told
    #[arg(long, value_name = "P", default_value_t = 7, value_parser = number::<1, 10_000>)]
    pairs: u64,

    /// One line of JSON a target instead of a table
    #[arg(long)]
    json: bool,
}

/// A ratio that Fluxus is to reach, and the comparison that measures it.
struct Target {
    id: &'static str,
    what: &'static str,
    /// At least.
    wanted: f64,
    /// What follows `fluxus-perf compare`.
    command: &'static str,
}

const fn target(
    id: &'static str,
    what: &'static str,
    wanted: f64,
    command: &'static str,
) -> Target {
    Target {
        id,
        what,
        wanted,
        command,
    }
}

/// Those that one process can measure by speed. Rivals, rings, latency and
/// counting have commands of their own.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    target("T1", "W2 over the plain loop", 1.0, "W2 --against=--engine=plain"),
    target("T2", "8 operators and a window over the fused loop", 1.0 / 1.05, "W2 --operators=8"),
    target("T2", "8 operators and a window over the window alone", 1.0 / 1.05,
        "W2 --operators=8 --against=--operators=0"),
    target("T3", "10 panes over 1", 0.85, "W3 --size-ms=10k --against=--size-ms=1k"),
    target("T3", "100 panes over 1", 0.85, "W3 --size-ms=100k --against=--size-ms=1k"),
    target("T3", "1000 panes over 1", 0.85, "W3 --size-ms=1M --against=--size-ms=1k"),
    target("T5", "1 M keys over a map's entries", 4.0, "W2 --keys=1M --against=--engine=entry"),
    target("T6", "1 M keys, a watermark every ms over every s", 0.95,
        "W2 --keys=1M --watermark-ms=1 --against=--watermark-ms=1k"),
    target("T9", "W1 over the plain loop", 0.9, "W1 --against=--engine=plain"),
    target("T9", "W3 over the plain loop", 0.9, "W3 --against=--engine=plain"),
    target("T9", "W4 over the plain loop", 0.9, "W4 --against=--engine=plain"),
    target("T9", "W5 over the plain loop", 0.9, "W5 --against=--engine=plain"),
    target("T9", "Q5 over the plain loop", 0.9, "Q5 --against=--engine=plain"),
    target("T9", "Q7 over the plain loop", 0.9, "Q7 --against=--engine=plain"),
    target("T9", "Q8 over the plain loop", 0.9, "Q8 --against=--engine=plain"),
    target("J", "J1, an interval join over the plain loop", 0.5, "J1 --against=--engine=plain"),
    target("J", "J2, a window join over the plain loop", 0.5, "J2 --against=--engine=plain"),
    target("T10", "W2, two workers over one", 1.8, "W2 --workers=2 --against=--workers=1"),
    target("T10", "W3, two workers over one", 1.8, "W3 --workers=2 --against=--workers=1"),
    target("T10", "W4, two workers over one", 1.8, "W4 --workers=2 --against=--workers=1"),
    target("T12", "10 % out of order by a tenth of a window over none", 1.0 / 1.1,
        "W2 --disorder-percent=10 --against=--disorder-percent=0"),
];

/// One target, named in any case.
fn known(text: &str) -> Result<String, String> {
    let found = TARGETS
        .iter()
        .find(|target| target.id.eq_ignore_ascii_case(text));
    found.map(|target| target.id.to_owned()).ok_or_else(|| {
        let mut ids: Vec<&str> = TARGETS.iter().map(|target| target.id).collect();
        ids.dedup();
        format!("not one of {}", ids.join(" "))
    })
}

/// The arguments of a comparison, as a command line of its own.
#[derive(Parser, Debug)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    compare: CompareArguments,
}

impl Target {
    /// The comparison that it stands for.
    fn arguments(&self) -> Result<CompareArguments, String> {
        let line = Line::try_parse_from(self.command.split_whitespace());
        line.map(|line| line.compare)
            .map_err(|error| error.to_string())
    }

    fn measure(&self, pairs: u64) -> Result<Comparison, String> {
        let asked = self.arguments()?;
        let workload = asked.what.workload;
        let ours = Side::prepare(workload, asked.what.setting.clone(), None)?;
        let theirs = Side::prepare(workload, asked.other(), Some(&ours))?;
        Comparison::run([ours, theirs], pairs, asked.what.warm_up)
    }
}

/// One line of JSON.
#[derive(Serialize)]
struct Measured<'run> {
    target: &'run str,
    what: &'run str,
    wanted: f64,
    ratio: f64,
    ratio_min: f64,
    ratio_max: f64,
    ratios: &'run [f64],
    mev_per_s: f64,
    against_mev_per_s: f64,
    reached: bool,
    digest_ok: bool,
    command: String,
}

pub(super) fn targets(asked: &TargetsArguments) -> Result<Report, String> {
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| asked.which.is_empty() || asked.which.iter().any(|id| id == target.id))
        .collect();
    let mut text = String::new();
    if !asked.json {
        text += "target  wanted  ratio (spread)            ours, theirs in M/s  what, and fluxus-perf compare ...\n";
    }
    let mut wrong = None;
    let mut progress = Progress::on_terminal();
    for (number, target) in (1..).zip(&chosen) {
        progress.say(&format!(
            "{number} of {}: {} {}",
            chosen.len(),
            target.id,
            target.what
        ));
        let comparison = target.measure(asked.pairs)?;
        text += &match asked.json {
            true => in_json(target, &comparison)?,
            false => in_a_row(target, &comparison),
        };
        wrong = wrong.or(comparison.wrong);
    }
    Ok(Report { text, wrong })
}

fn in_a_row(target: &Target, comparison: &Comparison) -> String {
    let [least, most] = comparison.spread();
    let ratio = comparison.ratio();
    let [ours, theirs] = [0, 1].map(|side| comparison.speeds[side].median);
    format!(
        "{:<5} {:>8.2}  {ratio:.3} ({least:.3} to {most:.3}) {:<6} {ours:>9.2} {theirs:>9.2}  {}\n{:>58}{}\n",
        target.id,
        target.wanted,
        if ratio >= target.wanted { "yes" } else { "no" },
        target.what,
        "",
        target.command,
    )
}

fn in_json(target: &Target, comparison: &Comparison) -> Result<String, String> {
    let [ratio_min, ratio_max] = comparison.spread();
    let ratio = comparison.ratio();
    let line = Measured {
        target: target.id,
        what: target.what,
        wanted: target.wanted,
        ratio,
        ratio_min,
        ratio_max,
        ratios: &comparison.ratios,
        mev_per_s: comparison.speeds[0].median,
        against_mev_per_s: comparison.speeds[1].median,
        reached: ratio >= target.wanted,
        digest_ok: comparison.wrong.is_none(),
        command: format!("fluxus-perf compare {}", target.command),
    };
    serde_json::to_string(&line)
        .map(|line| line + "\n")
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_comparison_that_makes_sense() {
        for target in TARGETS {
            let asked = target.arguments().expect(target.command);
            let workload = asked.what.workload;
            let sides = [asked.what.setting.clone(), asked.other()];
            for side in &sides {
                assert_eq!(side.contradiction(workload), None, "{}", target.command);
            }
            assert_ne!(sides[0], sides[1], "{}", target.command);
        }
    }

    #[test]
    fn targets_are_named_in_any_case() {
        assert_eq!(known("t12"), Ok("T12".to_owned()));
        let refused = known("T99").expect_err("there is none");
        assert!(refused.contains("T1 T2 T3"), "{refused}");
    }
}

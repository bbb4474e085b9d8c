//! `instructions`: how many an event costs, counted by callgrind.
//!
//! A count does not depend on the neighbours, so it can be held against an
//! accepted one in CI where a time cannot. Counted are whole processes of two
//! sizes, with an engine and without one; what one event costs is
//!
//! ```text
//!   (engine, large - engine, small) - (data only, large - data only, small)
//!   -----------------------------------------------------------------------
//!                          events, large - small
//! ```
//!
//! so that starting up, ending, and making the data are in none of it. What is
//! left is every event, every result row and the digest over them.

mod baseline;
mod callgrind;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use clap::{Args, ValueEnum};
use serde::Serialize;

use fluxus_perf::{Compiler, Workload};

use self::baseline::{Baseline, Figures};
pub(super) use self::callgrind::count_of;
use self::callgrind::{count, Count, Sizes};
use super::arguments::number;
use super::once::Runner;
use super::print::complain;
use super::progress::Progress;
use super::report::median;
use super::Report;

/// The accepted figures.
const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

#[derive(Args, Debug)]
pub(super) struct InstructionsArguments {
    /// The workloads [default: all]
    #[arg(value_enum, ignore_case = true)]
    workloads: Vec<Workload>,

    /// Fail where a figure lies outside the band around the accepted one
    #[arg(long, conflicts_with = "accept")]
    check: bool,

    /// Write the figures to the baseline: they are the accepted ones from now on
    #[arg(long)]
    accept: bool,

    /// The file with the accepted figures [default: perf/instructions.json]
    #[arg(long, value_name = "FILE", default_value = BASELINE, hide_default_value = true)]
    baseline: PathBuf,

    /// Runs of each size of Fluxus, each with another seed of its hash; their median counts
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = number::<1, 1000>)]
    repeat: u64,

    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// The one line of JSON.
#[derive(Serialize)]
struct Line<'run> {
    compiler: &'run Compiler,
    instructions_per_event: &'run BTreeMap<String, Figures>,
    /// The largest part by which two counts of one size differed.
    spread: f64,
    complaints: &'run [String],
}

pub(super) fn instructions(asked: &InstructionsArguments) -> Result<Report, String> {
    let all = asked.workloads.is_empty();
    let mut workloads: Vec<Workload> = match all {
        true => Workload::value_variants().to_vec(),
        false => asked.workloads.clone(),
    };
    workloads.dedup();
    // Before minutes are spent on counting.
    let accepted = Baseline::read(&asked.baseline);
    if asked.check {
        accepted.as_ref().map_err(String::clone)?;
    }

    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let (figures, spread) = measure(&program, &workloads, asked.repeat)?;
    let compiler = Compiler::of_this_program();
    let measured = Baseline::new(compiler.clone(), figures.clone());

    if asked.accept {
        let written = match (accepted.clone(), all) {
            (Ok(accepted), false) => accepted.updated(measured.clone())?,
            _ => measured.clone(),
        };
        written.write(&asked.baseline)?;
    }
    let accepted = accepted.ok();
    if let Some(other) = accepted
        .as_ref()
        .and_then(|accepted| accepted.other_compiler(&compiler))
    {
        complain(&format!(
            "warning: the baseline is of {} for {}, this program of {} for {}: \
             only the ratio of the engines is held against it, within a wider band",
            other.rustc, other.target, compiler.rustc, compiler.target
        ));
    }
    let complaints = match (&accepted, asked.check) {
        (Some(accepted), true) => accepted.complaints(&measured, all),
        _ => Vec::new(),
    };
    let text = match asked.json {
        true => {
            let line = Line {
                compiler: &compiler,
                instructions_per_event: &figures,
                spread,
                complaints: &complaints,
            };
            serde_json::to_string(&line).map_err(|error| error.to_string())? + "\n"
        }
        false => table(
            &figures,
            (asked.repeat > 1).then_some(spread),
            accepted.as_ref(),
        ),
    };
    let wrong = (!complaints.is_empty()).then(|| {
        format!(
            "instructions an event have changed:\n  {}\n\
             if that is meant, accept them: `cargo perf instructions --accept`, and commit {} \
             with the reason",
            complaints.join("\n  "),
            "perf/instructions.json"
        )
    });
    Ok(Report { text, wrong })
}

fn table(
    figures: &BTreeMap<String, Figures>,
    spread: Option<f64>,
    accepted: Option<&Baseline>,
) -> String {
    let spread = spread.map_or(String::new(), |spread| {
        format!(
            "\ntwo counts of one size differed by at most {:.3} %\n",
            100.0 * spread
        )
    });
    let rows: String = figures
        .iter()
        .map(|(workload, figures)| {
            let accepted = accepted.and_then(|baseline| baseline.figures(workload));
            let change = |new: f64, old: fn(Figures) -> f64| {
                accepted.map_or("new".to_owned(), |accepted| {
                    format!("{:+.2} %", 100.0 * (new / old(accepted) - 1.0))
                })
            };
            format!(
                "{workload:<10}{:>10.2}{:>11}{:>11.2}{:>11}{:>14.3}\n",
                figures.fluxus,
                change(figures.fluxus, |accepted| accepted.fluxus),
                figures.hand,
                change(figures.hand, |accepted| accepted.hand),
                figures.ratio(),
            )
        })
        .collect();
    format!(
        "instructions an event, counted by callgrind; data making and start-up subtracted\n\n\
         workload      fluxus   accepted       hand   accepted   fluxus/hand\n{rows}{spread}"
    )
}

/// One process to be counted.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    workload: Workload,
    runner: Runner,
    events: u64,
    /// The same in every process that runs this, so that counts can be compared.
    hash_seed: u64,
}

/// The runs that the figures of `workloads` are made of, the dearest ones first.
fn runs(workloads: &[Workload], repeat: u64) -> Vec<Run> {
    let mut runs = Vec::new();
    for &workload in workloads {
        let Sizes { small, large } = Sizes::of(workload);
        for events in [large, small] {
            // Nothing is random in the other two.
            for (runner, times) in [
                (Runner::Fluxus, repeat),
                (Runner::Hand, 1),
                (Runner::None, 1),
            ] {
                runs.extend((1..=times).map(|hash_seed| Run {
                    workload,
                    runner,
                    events,
                    hash_seed,
                }));
            }
        }
    }
    runs
}

/// Counts all runs, as many at a time as there are cores: counts do not depend on it.
fn measure(
    program: &Path,
    workloads: &[Workload],
    repeat: u64,
) -> Result<(BTreeMap<String, Figures>, f64), String> {
    let runs = runs(workloads, repeat);
    let total = runs.len();
    let left = Mutex::new((runs.into_iter().enumerate(), Progress::on_terminal()));
    let next = || {
        let mut left = left.lock().ok()?;
        let (number, run) = left.0.next()?;
        left.1
            .say(&format!("{}: {} of {total} runs", run.workload, number + 1));
        Some(run)
    };
    let worker = || -> Result<Vec<(Run, Count)>, String> {
        std::iter::from_fn(&next)
            .map(|run| Ok((run, count(program, run)?)))
            .collect()
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let counted: Vec<(Run, Count)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .map(|worker| match worker.join() {
                Ok(counted) => counted,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect::<Result<Vec<_>, String>>()
    })?
    .concat();
    drop(left);

    let mut figures = BTreeMap::new();
    let mut spread = 0f64;
    for &workload in workloads {
        let of_workload = |runner, events| {
            let wanted = (workload, runner, events);
            let is_wanted = |run: &Run| (run.workload, run.runner, run.events) == wanted;
            Counts::of(counted.iter().filter(|(run, _)| is_wanted(run)))
        };
        let (one, difference) = figures_of(workload, of_workload)?;
        figures.insert(workload.to_string(), one);
        spread = spread.max(difference);
    }
    Ok((figures, spread))
}

/// The counts of equal runs.
struct Counts {
    instructions: Vec<f64>,
    answers: Vec<super::once::Answer>,
}

impl Counts {
    fn of<'run>(runs: impl Iterator<Item = &'run (Run, Count)>) -> Self {
        let (instructions, answers) = runs
            .map(|(_, count)| (count.instructions as f64, count.answer))
            .unzip();
        Self {
            instructions,
            answers,
        }
    }

    /// By which part the largest exceeds the smallest.
    fn spread(&self) -> f64 {
        let least = self
            .instructions
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let most = self.instructions.iter().copied().fold(0.0, f64::max);
        most / least - 1.0
    }
}

/// The figures of one workload, and the largest spread among its counts.
fn figures_of(
    workload: Workload,
    counts: impl Fn(Runner, u64) -> Counts,
) -> Result<(Figures, f64), String> {
    let sizes = Sizes::of(workload);
    let mut spread = 0f64;
    for events in [sizes.small, sizes.large] {
        let (fluxus, hand) = (counts(Runner::Fluxus, events), counts(Runner::Hand, events));
        if let Some(wrong) = fluxus
            .answers
            .iter()
            .find(|answer| !hand.answers.contains(answer))
        {
            return Err(format!(
                "{workload}, {events} events: fluxus answers {wrong:?}, hand {:?}",
                hand.answers
            ));
        }
        spread = spread.max(fluxus.spread());
    }
    let between = |runner| {
        let [small, large] =
            [sizes.small, sizes.large].map(|events| median(&counts(runner, events).instructions));
        large - small
    };
    let data = between(Runner::None);
    let an_event = |runner| (between(runner) - data) / sizes.difference() as f64;
    let figures = Figures {
        fluxus: an_event(Runner::Fluxus),
        hand: an_event(Runner::Hand),
    };
    Ok((figures, spread))
}

#[cfg(test)]
mod tests {
    use super::super::once::Answer;
    use super::*;

    /// A made-up machine: 1000 to start, 20 an event for the data, 7 and 5 for the engines.
    fn made_up(runner: Runner, events: u64, noise: &[u64]) -> Counts {
        let engine = match runner {
            Runner::Fluxus => 7,
            Runner::Hand => 5,
            Runner::None => 0,
        };
        let instructions = 1000 + (20 + engine) * events;
        Counts {
            instructions: noise
                .iter()
                .map(|more| (instructions + more) as f64)
                .collect(),
            answers: vec![Answer::default()],
        }
    }

    #[test]
    fn starting_up_and_data_are_subtracted_and_the_median_counts() {
        let noise = [0, 1_000_000, 0];
        let (figures, spread) = figures_of(Workload::W2, |runner, events| {
            made_up(runner, events, &noise)
        })
        .expect("the answers agree");
        assert_eq!((figures.fluxus, figures.hand), (7.0, 5.0));
        assert_eq!(figures.ratio(), 1.4);
        assert!((0.1..0.2).contains(&spread), "{spread}");
    }

    #[test]
    fn engines_that_answer_otherwise_are_not_compared() {
        let error = figures_of(Workload::W2, |runner, events| {
            let mut counts = made_up(runner, events, &[0]);
            if runner == Runner::Hand {
                counts.answers = Vec::new();
            }
            counts
        });
        assert!(error.is_err_and(|error| error.contains("fluxus answers")));
    }

    #[test]
    fn every_workload_is_run_at_both_sizes_with_and_without_an_engine() {
        let runs = runs(Workload::value_variants(), 3);
        assert_eq!(
            runs.len(),
            Workload::value_variants().len() * 2 * (3 + 1 + 1)
        );
        for &workload in Workload::value_variants() {
            let sizes = Sizes::of(workload);
            assert!(sizes.small < sizes.large, "{workload}");
        }
    }

    #[test]
    fn the_accepted_figures_of_this_checkout_can_be_read_and_miss_no_workload() {
        let accepted = Baseline::read(Path::new(BASELINE)).expect("it is there");
        for workload in Workload::value_variants() {
            assert!(
                accepted.figures(&workload.to_string()).is_some(),
                "{workload}"
            );
        }
    }
}

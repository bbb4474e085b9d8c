//! `rivals`: other engines, and rings, beside Fluxus in one go.
//!
//! The rivals are a package of their own (`perf/rivals`), built here on demand. Each
//! engine is a process that makes its data once and then runs when it is asked to, so
//! that runs of all engines are interleaved without making data again.

mod child;
mod package;
mod rings;

use std::str::FromStr;

use clap::{Args, ValueEnum};
use serde::Serialize;

use fluxus_perf::{memory_bytes, Case, Digest, Engine, Idle, Options, Workload};

use super::arguments::{number, MOST_KEYS, MOST_WORKERS};
use super::cores::{self, CoreList};
use super::print::complain;
use super::report::{heading, median};
use super::Report;
use child::Child;

#[derive(Args, Debug)]
pub(super) struct RivalsArguments {
    /// The workload, or `rings`
    #[arg(value_name = "WORKLOAD|rings")]
    subject: Subject,

    /// Which rivals; an engine has up to two forms, as its documents teach it and tuned
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_values_t = [Family::Hand, Family::Timely, Family::Renoir, Family::Published]
    )]
    engines: Vec<Family>,

    /// Pairs of runs, one of Fluxus and one of a rival; the median of their ratios is told
    #[arg(long, value_name = "P", default_value_t = 7, value_parser = number::<1, 10_000>)]
    pairs: u64,

    /// Events, or records through a ring [default: those of the workload, rings 10M]
    #[arg(long, value_name = "N", value_parser = number::<1, { u64::MAX }>)]
    events: Option<u64>,

    /// Distinct keys, where the workload has a choice
    #[arg(long, value_name = "K", value_parser = number::<1, { MOST_KEYS }>)]
    keys: Option<u64>,

    /// Worker threads of every engine; the loop by hand has one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<1, { MOST_WORKERS }>)]
    workers: u64,

    /// Cores that every engine stays on, such as 0,1 or 2-5 [default: the first]
    #[arg(long, value_name = "LIST")]
    cores: Option<CoreList>,

    /// Leave the threads to the operating system
    #[arg(long, conflicts_with = "cores")]
    no_pin: bool,

    /// What an idle worker of Fluxus does
    #[arg(long, value_enum, default_value_t = Idle::Adaptive)]
    idle: Idle,

    /// Runs of each engine that come first and do not count
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<0, 10_000>)]
    warm_up: u64,

    /// The rivals' Cargo.toml [default: perf/rivals/Cargo.toml, where this program was built]
    #[arg(long, value_name = "PATH")]
    manifest: Option<std::path::PathBuf>,

    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl RivalsArguments {
    /// What no single argument gets wrong, but several together.
    pub(super) fn contradiction(&self) -> Option<String> {
        match self.subject {
            Subject::Workload(workload) => (self.keys.is_some()
                && workload.default_keys().is_none())
            .then(|| format!("{workload} has no number of keys to choose: leave --keys out")),
            Subject::Rings => (self.keys.is_some() || self.workers > 1).then(|| {
                "rings have no keys, and two threads always: leave --keys and --workers out"
                    .to_owned()
            }),
        }
    }

    /// How every engine is to run, on so many threads, and what to warn of before.
    fn options(&self, workers: u64) -> (Options, Vec<String>) {
        let workers = workers as usize;
        let (cores, mut warnings) = cores::for_threads(self.cores.as_ref(), self.no_pin, workers);
        let (idle, warning) = cores::rest_where_crowded(self.idle, &cores, workers);
        warnings.extend(warning);
        let options = Options {
            workers,
            pin: !cores.is_empty(),
            cores,
            idle,
            ..Options::default()
        };
        (options, warnings)
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Workload(Workload),
    Rings,
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("rings") {
            return Ok(Self::Rings);
        }
        Workload::from_str(text, true)
            .map(Self::Workload)
            .map_err(|_| {
                let all: Vec<String> = Workload::value_variants()
                    .iter()
                    .map(Workload::to_string)
                    .collect();
                format!("neither a workload ({}) nor `rings`", all.join(", "))
            })
    }
}

/// A rival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Family {
    /// The loop by hand
    Hand,
    /// Timely dataflow
    Timely,
    /// Renoir
    Renoir,
    /// The published crate of the same name
    Published,
}

impl Family {
    /// Its forms, as the rivals' program calls them.
    fn forms(self) -> &'static [&'static str] {
        match self {
            Self::Hand => &["hand"],
            Self::Timely => &["timely", "timely-tuned"],
            Self::Renoir => &["renoir", "renoir-tuned"],
            Self::Published => &["published", "published-tuned"],
        }
    }
}

pub(super) fn rivals(asked: &RivalsArguments) -> Result<Report, String> {
    match asked.subject {
        Subject::Workload(workload) => engines(asked, workload),
        Subject::Rings => rings::rings(asked),
    }
}

/// Who runs beside Fluxus, or why not.
enum Rival {
    Hand,
    Process(Child),
    Cannot(String),
}

/// A rival and its pairs of runs, in seconds: of Fluxus, of the rival.
struct Contest {
    name: &'static str,
    rival: Rival,
    pairs: Vec<(f64, f64)>,
}

fn engines(asked: &RivalsArguments, workload: Workload) -> Result<Report, String> {
    let (options, warnings) = asked.options(asked.workers);
    warnings
        .iter()
        .for_each(|warning| complain(&format!("warning: {warning}")));
    let events = asked.events.unwrap_or(workload.default_events());
    let names = asked.engines.iter().flat_map(|family| family.forms());
    let names: Vec<&'static str> = names.copied().collect();
    has_room(workload, events, names.len())?;
    let program = match names.iter().all(|&name| name == "hand") {
        true => None,
        false => Some(package::build(asked.manifest.as_deref())?),
    };
    let case = Case::prepare(workload, events, asked.keys)?;

    let mut contests = Vec::new();
    for name in names {
        let rival = match &program {
            Some(program) if name != "hand" => {
                complain(&format!("{name}: makes its data"));
                match Child::start(program, name, &case, &options)? {
                    Ok(child) => Rival::Process(child),
                    Err(reason) => Rival::Cannot(reason),
                }
            }
            _ => Rival::Hand,
        };
        contests.push(Contest {
            name,
            rival,
            pairs: Vec::new(),
        });
    }
    let wrong = measure(asked, &case, &options, &mut contests)?;
    let text = match asked.json {
        true => in_json(&case, &options, asked.pairs, &contests)?,
        false => in_a_table(&case, &options, asked, &contests, wrong.is_none()),
    };
    Ok(Report { text, wrong })
}

/// Refuses what would not fit: every rival's process has data of its own.
fn has_room(workload: Workload, events: u64, rivals: usize) -> Result<(), String> {
    let each = events.saturating_mul(workload.bytes_per_event());
    let needed = each.saturating_mul(1 + rivals as u64);
    match memory_bytes().filter(|&free| needed > free) {
        None => Ok(()),
        Some(free) => Err(format!(
            "{events} {} of {workload} for each of {} engines take {} MiB and {} MiB are free: \
             ask for fewer with --events or --engines",
            workload.unit(),
            1 + rivals,
            needed >> 20,
            free >> 20,
        )),
    }
}

/// Runs everybody in turn; what was wrong, where a digest was.
fn measure(
    asked: &RivalsArguments,
    case: &Case,
    options: &Options,
    contests: &mut [Contest],
) -> Result<Option<String>, String> {
    let expected = case.expected().0;
    let by_hand = Options {
        workers: 1,
        ..options.clone()
    };
    let mut wrong = None;
    let mut check = |name: &str, digest: Digest| {
        if digest != expected && wrong.is_none() {
            wrong = Some(format!(
                "wrong digest from the engine `{name}`: {digest:?} instead of {expected:?}"
            ));
        }
    };
    let ours = |check: &mut dyn FnMut(&str, Digest)| {
        let outcome = case.run(Engine::Fluxus, options)?;
        check("fluxus", outcome.digest);
        Ok::<f64, String>(outcome.seconds)
    };
    let theirs = |contest: &mut Contest, check: &mut dyn FnMut(&str, Digest)| {
        let outcome = match &mut contest.rival {
            Rival::Hand => case.run(Engine::Hand, &by_hand)?,
            Rival::Process(child) => child.run()?,
            Rival::Cannot(_) => return Ok(None),
        };
        check(contest.name, outcome.digest);
        Ok::<_, String>(Some(outcome.seconds))
    };
    for _ in 0..asked.warm_up {
        ours(&mut check)?;
        for contest in &mut *contests {
            theirs(contest, &mut check)?;
        }
    }
    for pair in 0..asked.pairs {
        for contest in &mut *contests {
            if matches!(contest.rival, Rival::Cannot(_)) {
                continue;
            }
            // Mirrored: ours, theirs, theirs, ours.
            let first = match pair % 2 {
                0 => Some(ours(&mut check)?),
                _ => None,
            };
            let Some(their_seconds) = theirs(contest, &mut check)? else {
                continue;
            };
            let our_seconds = match first {
                Some(seconds) => seconds,
                None => ours(&mut check)?,
            };
            contest.pairs.push((our_seconds, their_seconds));
        }
    }
    Ok(wrong)
}

/// The median of numbers, and the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(numbers: &[f64]) -> Self {
        Self {
            median: median(numbers),
            least: numbers.iter().copied().fold(f64::INFINITY, f64::min),
            most: numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl Contest {
    /// How much faster Fluxus was: its speed over the rival's.
    fn ratios(&self) -> Vec<f64> {
        self.pairs
            .iter()
            .map(|(ours, theirs)| theirs / ours)
            .collect()
    }

    fn speeds(&self, events: u64) -> Spread {
        let speeds = self
            .pairs
            .iter()
            .map(|(_, theirs)| events as f64 / 1e6 / theirs);
        Spread::of(&speeds.collect::<Vec<f64>>())
    }
}

/// The speed of Fluxus in all its pairs.
fn our_speeds(contests: &[Contest], events: u64) -> Spread {
    let pairs = contests.iter().flat_map(|contest| &contest.pairs);
    let speeds = pairs.map(|(ours, _)| events as f64 / 1e6 / ours);
    Spread::of(&speeds.collect::<Vec<f64>>())
}

fn in_a_table(
    case: &Case,
    options: &Options,
    asked: &RivalsArguments,
    contests: &[Contest],
    right: bool,
) -> String {
    let unit = format!("M {}/s", case.workload().unit());
    let mut text = format!(
        "{}\n{} pairs with each rival, in turn, after {} to warm up\n\n\
         {:<16} {unit:>13} {:>22}   fluxus/engine\n",
        heading(case, options),
        asked.pairs,
        asked.warm_up,
        "engine",
        "(least to most)",
    );
    let speed = |Spread {
                     median,
                     least,
                     most,
                 }: Spread| {
        let spread = format!("({least:.2} to {most:.2})");
        format!("{median:>13.2} {spread:>22}")
    };
    if contests.iter().any(|contest| !contest.pairs.is_empty()) {
        let ours = speed(our_speeds(contests, case.events()));
        text += &format!("{:<16} {ours}\n", "fluxus");
    }
    for contest in contests {
        let name = contest.name;
        text += &match &contest.rival {
            Rival::Cannot(reason) => format!("{name:<16} cannot: {reason}\n"),
            _ => {
                let Spread {
                    median,
                    least,
                    most,
                } = Spread::of(&contest.ratios());
                let speed = speed(contest.speeds(case.events()));
                format!("{name:<16} {speed}   {median:.2} ({least:.2} to {most:.2})\n")
            }
        };
    }
    text += match right {
        true => "\nevery digest right\n",
        false => "\nWRONG: a digest differs\n",
    };
    text
}

/// One rival in the line of JSON; numbers are missing where it cannot.
#[derive(Serialize)]
struct RivalLine<'run> {
    engine: &'run str,
    mev_per_s: Option<Spread>,
    ratio: Option<Spread>,
    ratios: Vec<f64>,
    cannot: Option<&'run str>,
}

/// The one line of JSON. A ratio is the speed of Fluxus over the rival's.
#[derive(Serialize)]
struct Line<'run> {
    workload: Workload,
    events: u64,
    keys: Option<u64>,
    workers: usize,
    cores: &'run [usize],
    pinned: bool,
    pairs: u64,
    fluxus_mev_per_s: Spread,
    rivals: Vec<RivalLine<'run>>,
}

fn in_json(
    case: &Case,
    options: &Options,
    pairs: u64,
    contests: &[Contest],
) -> Result<String, String> {
    let rivals = contests.iter().map(|contest| {
        let cannot = match &contest.rival {
            Rival::Cannot(reason) => Some(reason.as_str()),
            _ => None,
        };
        let ratios = contest.ratios();
        RivalLine {
            engine: contest.name,
            mev_per_s: cannot.is_none().then(|| contest.speeds(case.events())),
            ratio: cannot.is_none().then(|| Spread::of(&ratios)),
            ratios,
            cannot,
        }
    });
    let line = Line {
        workload: case.workload(),
        events: case.events(),
        keys: case.keys(),
        workers: options.workers,
        cores: &options.cores,
        pinned: options.pin,
        pairs,
        fluxus_mev_per_s: our_speeds(contests, case.events()),
        rivals: rivals.collect(),
    };
    serde_json::to_string(&line)
        .map(|text| text + "\n")
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contest(rival: Rival, pairs: &[(f64, f64)]) -> Contest {
        Contest {
            name: "timely",
            rival,
            pairs: pairs.to_vec(),
        }
    }

    #[test]
    fn a_subject_is_a_workload_or_the_rings() {
        assert_eq!("w2".parse(), Ok(Subject::Workload(Workload::W2)));
        assert_eq!("Rings".parse(), Ok(Subject::Rings));
        let refused = "W99".parse::<Subject>().unwrap_err();
        assert!(
            refused.contains("W1, W2") && refused.contains("rings"),
            "{refused}"
        );
    }

    #[test]
    fn a_ratio_above_one_means_that_fluxus_took_less_time() {
        let contest = contest(Rival::Hand, &[(1.0, 2.0), (2.0, 2.0), (1.0, 3.0)]);
        let Spread {
            median,
            least,
            most,
        } = Spread::of(&contest.ratios());
        assert_eq!((median, least, most), (2.0, 1.0, 3.0));
        assert_eq!(contest.speeds(6_000_000).most, 3.0);
        assert_eq!(our_speeds(&[contest], 6_000_000).least, 3.0);
    }

    #[test]
    fn what_cannot_run_says_so_in_both_forms() {
        let case = Case::prepare(Workload::W7, 1000, None).expect("it fits");
        let contests = [
            contest(Rival::Cannot("too slow".to_owned()), &[]),
            contest(Rival::Hand, &[(1.0, 2.0)]),
        ];
        let text = in_json(&case, &Options::default(), 1, &contests).expect("it is written");
        let line: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(line["rivals"][0]["cannot"], "too slow");
        assert!(line["rivals"][0]["ratio"].is_null());
        assert_eq!(line["rivals"][1]["ratio"]["median"], 2.0);
    }

    #[test]
    fn a_loop_by_hand_is_measured_beside_fluxus() {
        let case = Case::prepare(Workload::W7, 100_000, None).expect("it fits");
        let asked = parse(&["W7", "--pairs", "3", "--warm-up", "0"]);
        let mut contests = [contest(Rival::Hand, &[])];
        let wrong = measure(&asked, &case, &Options::default(), &mut contests);
        assert_eq!(wrong, Ok(None));
        assert_eq!(contests[0].pairs.len(), 3);
    }

    #[test]
    fn a_package_that_is_not_there_is_an_error_that_says_where() {
        let asked = parse(&["W7", "--events", "10", "--manifest", "/nowhere/Cargo.toml"]);
        let error = rivals(&asked).err().unwrap_or_default();
        assert!(error.contains("/nowhere/Cargo.toml"), "{error}");
        assert!(error.contains("--manifest"), "{error}");
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert!(parse(&["W7", "--keys", "4"]).contradiction().is_some());
        assert!(parse(&["rings", "--workers", "2"])
            .contradiction()
            .is_some());
        assert!(parse(&["rings", "--events", "4"]).contradiction().is_none());
        assert!(parse(&["W2", "--keys", "4"]).contradiction().is_none());
    }

    fn parse(arguments: &[&str]) -> RivalsArguments {
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            rivals: RivalsArguments,
        }
        let line = ["rivals"].iter().chain(arguments);
        <Alone as clap::Parser>::try_parse_from(line)
            .map(|alone| alone.rivals)
            .expect("each argument is right")
    }
}

//! Rings: every one in turn, Fluxus's channel beside the others.

use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use fluxus_perf::{Cores, Workload};

use super::super::cores::name;
use super::super::print::complain;
use super::super::report::thousands;
use super::super::{cores, Report};
use super::{package, RivalsArguments, Spread};

/// Records a run unless others are asked for.
const RECORDS: u64 = 10_000_000;

/// One run, as the rivals' program says it.
#[derive(Clone, Debug, Deserialize)]
struct Run {
    ring: String,
    round: u64,
    ns_per_record: f64,
    sum_ok: bool,
}

/// One ring in the line of JSON. A ratio is the time of the ring over that of Fluxus's
/// channel in the same form, from the same round.
#[derive(Serialize)]
struct RingLine<'run> {
    ring: &'run str,
    beside: &'run str,
    ns_per_record: Spread,
    ratio: Spread,
}

/// The form of Fluxus's channel that a ring is held against: batches, or one by one.
fn beside(ring: &str) -> &'static str {
    match ring {
        "rtrb-one" | "disruptor-one" | "crossbeam" | "std" | "fluxus-one" => "fluxus-one",
        _ => "fluxus",
    }
}

pub(super) fn rings(asked: &RivalsArguments) -> Result<Report, String> {
    // Two threads, whatever the workload: the cores are chosen as for two workers.
    let (options, warnings) = cores::options(&asked.what(Workload::W7, 2));
    warnings
        .iter()
        .for_each(|warning| complain(&format!("warning: {warning}")));
    if options.pin && Cores::read().as_slice().len() < 2 {
        complain("warning: one core for both threads: what is measured is the scheduler");
    }
    let program = package::build(asked.manifest.as_deref())?;
    let records = asked.events.unwrap_or(RECORDS);
    let rounds = asked.pairs + asked.warm_up;
    let mut command = Command::new(&program);
    command
        .args(["rings", "--records", &records.to_string()])
        .args(["--pairs", &rounds.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if options.pin {
        let list: Vec<String> = options.cores.iter().map(usize::to_string).collect();
        command.args(["--cores", &list.join(",")]);
    }
    let output = command
        .output()
        .map_err(|error| format!("{} does not start: {error}", program.display()))?;
    let runs = read(&String::from_utf8_lossy(&output.stdout))?;
    if runs.is_empty() {
        return Err(format!(
            "{} measured nothing ({})",
            program.display(),
            output.status
        ));
    }
    let wrong = runs.iter().find(|run| !run.sum_ok);
    let wrong = wrong.map(|run| format!("the ring `{}` lost or changed records", run.ring));
    let lines = compare(&runs, asked.warm_up);
    let text = if asked.json {
        serde_json::to_string(&lines).map_err(|error| error.to_string())? + "\n"
    } else {
        let place = match options.pin {
            true => format!("pinned to {}", name(&options.cores)),
            false => "not pinned".to_owned(),
        };
        in_a_table(&lines, records, asked.pairs, &place)
    };
    Ok(Report { text, wrong })
}

fn read(output: &str) -> Result<Vec<Run>, String> {
    let parse = |line: &str| {
        serde_json::from_str(line).map_err(|error| format!("the rivals say `{line}`: {error}"))
    };
    output.lines().map(parse).collect()
}

/// One line a ring, in the order in which they ran first, without the rounds that warmed up.
fn compare(runs: &[Run], warm_up: u64) -> Vec<RingLine<'_>> {
    let counted = || runs.iter().filter(|run| run.round >= warm_up);
    let of = |ring: &str, round: u64| counted().find(|run| run.ring == ring && run.round == round);
    let mut lines: Vec<RingLine> = Vec::new();
    for run in runs {
        let ring = run.ring.as_str();
        if lines.iter().any(|line| line.ring == ring) {
            continue;
        }
        let own = || counted().filter(|run| run.ring == ring);
        let times: Vec<f64> = own().map(|run| run.ns_per_record).collect();
        let ratio = |run: &Run| {
            let ours = of(beside(ring), run.round)?;
            Some(run.ns_per_record / ours.ns_per_record)
        };
        lines.push(RingLine {
            ring,
            beside: beside(ring),
            ns_per_record: Spread::of(&times),
            ratio: Spread::of(&own().filter_map(ratio).collect::<Vec<f64>>()),
        });
    }
    lines
}

fn in_a_table(lines: &[RingLine], records: u64, rounds: u64, place: &str) -> String {
    let mut text = format!(
        "{} records of 24 bytes from one core to another, {place}; {rounds} rounds, in turn\n\n\
         {:<16} {:>9} {:>18}   time over that of fluxus's channel\n",
        thousands(records),
        "ring",
        "ns each",
        "(least to most)",
    );
    for line in lines {
        let spread = |spread: &Spread| format!("({:.2} to {:.2})", spread.least, spread.most);
        text += &format!(
            "{:<16} {:>9.2} {:>18}   {:.2} {} of {}\n",
            line.ring,
            line.ns_per_record.median,
            spread(&line.ns_per_record),
            line.ratio.median,
            spread(&line.ratio),
            line.beside,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_held_against_the_same_form_of_the_same_round() {
        let run = |ring: &str, round: u64, time: f64| {
            format!(r#"{{"ring":"{ring}","round":{round},"ns_per_record":{time},"sum_ok":true}}"#)
        };
        let output = [
            run("fluxus", 0, 9.0),
            run("fluxus-one", 0, 9.0),
            run("std", 0, 9.0),
            run("std", 1, 8.0),
            run("fluxus-one", 1, 2.0),
            run("fluxus", 1, 1.0),
        ];
        let runs = read(&output.join("\n")).expect("lines of JSON");
        let lines = compare(&runs, 1);
        let names: Vec<&str> = lines.iter().map(|line| line.ring).collect();
        assert_eq!(names, ["fluxus", "fluxus-one", "std"]);
        assert_eq!(lines[2].ratio.median, 4.0);
        assert_eq!(lines[0].ns_per_record.most, 1.0);
    }

    #[test]
    fn what_is_no_run_is_refused() {
        assert!(read("{}").is_err());
        assert!(read("").is_ok_and(|runs| runs.is_empty()));
    }
}

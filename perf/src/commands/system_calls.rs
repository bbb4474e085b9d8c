//! `system-calls`: what the engine asks of the kernel in its steady state, which is nothing.
//!
//! Two processes of different sizes run under strace. Starting and ending cost
//! both the same; what the larger one calls more often is called for events. A
//! lock that is waited for is a call too, `futex`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use clap::Args;
use serde::Serialize;

use fluxus_perf::{Cores, Idle, Workload};

use super::arguments::{number, MOST_WORKERS};
use super::progress::Progress;
use super::report::thousands;
use super::Report;

/// Calls by which two runs may differ whatever their size: how long a thread
/// waits for another at the start and the end is chance, and so is how far one
/// worker falls behind another, for which memory is had once. One call a window
/// would be 900 more at the default size.
const BY_CHANCE: u64 = 200;

/// By how much the larger run is larger.
const FACTOR: u64 = 10;

#[derive(Args, Debug)]
pub(super) struct SystemCallsArguments {
    /// The workloads, W2 and W7 [default: both]
    #[arg(value_enum, ignore_case = true)]
    workloads: Vec<Workload>,

    /// Events of the larger run; the smaller one has a tenth
    #[arg(long, value_name = "N", default_value = "100M", value_parser = number::<10, { u64::MAX }>)]
    events: u64,

    /// Worker threads, one number a run
    #[arg(long, value_name = "LIST", default_value = "1,2", value_delimiter = ',', value_parser = number::<1, { MOST_WORKERS }>)]
    workers: Vec<u64>,

    /// What a worker does that has nothing to do; those that yield or park call the kernel to do so
    #[arg(long, value_enum, default_value_t = Idle::Spin)]
    idle: Idle,

    /// Fail where calls grow with the events
    #[arg(long)]
    check: bool,

    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// How often each call was made.
type Calls = BTreeMap<String, u64>;

/// What two runs called.
#[derive(Serialize)]
struct Line {
    workload: Workload,
    workers: u64,
    idle: Idle,
    events: [u64; 2],
    calls: [u64; 2],
    /// Calls that the larger run made more often, by name.
    more: Calls,
    grows: bool,
    /// Whether idle workers may call the kernel: those that do not spin, and
    /// those that share a core, who yield it to each other.
    may_call: bool,
}

pub(super) fn system_calls(asked: &SystemCallsArguments) -> Result<Report, String> {
    let workloads = match asked.workloads.is_empty() {
        true => &[Workload::W2, Workload::W7],
        false => asked.workloads.as_slice(),
    };
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let cores = Cores::read().as_slice().len() as u64;
    let mut progress = Progress::on_terminal();
    let mut lines = Vec::new();
    for &workload in workloads {
        for &workers in &asked.workers {
            let events = [asked.events / FACTOR, asked.events];
            let mut calls = [Calls::new(), Calls::new()];
            for (events, calls) in events.into_iter().zip(&mut calls) {
                progress.say(&format!(
                    "{workload}: {} events, {workers} workers",
                    thousands(events)
                ));
                *calls = count(&program, workload, workers, asked.idle, events)?;
            }
            let [small, large] = &calls;
            let more = more(small, large);
            lines.push(Line {
                workload,
                workers,
                idle: asked.idle,
                events,
                calls: [small, large].map(|calls| calls.values().sum()),
                grows: more.values().sum::<u64>() > BY_CHANCE,
                more,
                may_call: asked.idle != Idle::Spin || workers > cores,
            });
        }
    }
    drop(progress);

    let grow: Vec<String> = lines
        .iter()
        .filter(|line| line.grows)
        .map(in_words)
        .collect();
    let wrong = (asked.check && !grow.is_empty()).then(|| {
        format!(
            "system calls grow with the events:\n  {}",
            grow.join("\n  ")
        )
    });
    let text = match asked.json {
        true => serde_json::to_string(&lines).map_err(|error| error.to_string())? + "\n",
        false => table(&lines),
    };
    Ok(Report { text, wrong })
}

fn table(lines: &[Line]) -> String {
    let rows: String = lines
        .iter()
        .map(|line| {
            let [small, large] = line.calls;
            format!(
                "{:<10}{:>7}{small:>15}{large:>15}  {}\n",
                line.workload.to_string(),
                line.workers,
                match line.grows {
                    true if line.may_call => format!("idle: {}", named(&line.more)),
                    true => format!("GROWS: {}", named(&line.more)),
                    false if line.more.is_empty() => "none more".to_owned(),
                    false => format!("by chance: {}", named(&line.more)),
                }
            )
        })
        .collect();
    let Some(first) = lines.first() else {
        return String::new();
    };
    let [small, large] = first.events.map(thousands);
    format!(
        "system calls of whole processes, counted by strace; idle workers {}\n\n\
         workload  workers{small:>15}{large:>15}  events\n{rows}",
        match first.idle {
            Idle::Spin if lines.iter().any(|line| line.may_call) => {
                "spin, those that share a core yield, which is a call"
            }
            Idle::Spin => "spin",
            Idle::Yield => "yield, which is a call",
            Idle::Park => "park, which is a call",
            Idle::Adaptive => "spin, then yield, then park, which are calls",
        }
    )
}

fn in_words(line: &Line) -> String {
    format!(
        "{} with {} workers: {} more over {} events than over {}: {}",
        line.workload,
        line.workers,
        line.more.values().sum::<u64>(),
        thousands(line.events[1]),
        thousands(line.events[0]),
        named(&line.more)
    )
}

fn named(calls: &Calls) -> String {
    let named: Vec<String> = calls
        .iter()
        .map(|(name, times)| format!("{times} {name}"))
        .collect();
    named.join(", ")
}

/// What `large` calls more often than `small`.
fn more(small: &Calls, large: &Calls) -> Calls {
    large
        .iter()
        .filter_map(|(name, &times)| {
            let more = times.saturating_sub(small.get(name).copied().unwrap_or(0));
            (more > 0).then(|| (name.clone(), more))
        })
        .collect()
}

/// Runs `program once` under strace.
fn count(
    program: &Path,
    workload: Workload,
    workers: u64,
    idle: Idle,
    events: u64,
) -> Result<Calls, String> {
    let idle = clap::ValueEnum::to_possible_value(&idle);
    let idle = idle.map_or(String::new(), |idle| idle.get_name().to_owned());
    let output = Command::new("strace")
        // What strace itself says is all on standard error, and the program says
        // nothing there unless it fails.
        .args(["-f", "-c"])
        .arg(program)
        .args([
            "once",
            &workload.to_string(),
            "--engine",
            "fluxus",
            "--on-the-way",
        ])
        .args(["--pin", "--events", &events.to_string()])
        .args(["--workers", &workers.to_string(), "--idle", &idle])
        .output()
        .map_err(|error| {
            format!("strace cannot be started ({error}): install it, apt-get install strace")
        })?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!(
            "{workload} under strace: {}: {}\n(a container may refuse ptrace: \
             start it with --cap-add SYS_PTRACE)",
            output.status,
            said.trim()
        ));
    }
    summary(&said).ok_or_else(|| format!("strace says no summary that is understood: {said}"))
}

/// The columns of `strace -c`: share, seconds, microseconds a call, calls, errors if any, name.
fn summary(said: &str) -> Option<Calls> {
    let rule = |line: &str| line.starts_with("------");
    let table = said.lines().skip_while(|&line| !rule(line)).skip(1);
    let mut calls = Calls::new();
    for line in table.take_while(|&line| !rule(line)) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let times = words.get(3)?.parse().ok()?;
        calls.insert((*words.last()?).to_owned(), times);
    }
    (!calls.is_empty()).then_some(calls)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
strace: Process 8 attached
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90.00    0.000100           1       100         7 futex
  0.00    0.000000           0         3           mmap
------ ----------- ----------- --------- --------- ----------------
100.00    0.000100           0       103         7 total
";

    #[test]
    fn the_summary_is_read_with_and_without_errors() {
        let calls = summary(SAID).expect("it is well formed");
        assert_eq!(named(&calls), "100 futex, 3 mmap");
        for odd in ["", "------\n", "------\nno number\n", "command not found"] {
            assert_eq!(summary(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn what_is_called_more_often_is_named() {
        let calls = |calls: &[(&str, u64)]| -> Calls {
            calls
                .iter()
                .map(|&(name, times)| (name.to_owned(), times))
                .collect()
        };
        let small = calls(&[("futex", 5), ("mmap", 9), ("read", 1)]);
        let large = calls(&[("futex", 700), ("mmap", 8), ("read", 1), ("write", 2)]);
        assert_eq!(more(&small, &large), calls(&[("futex", 695), ("write", 2)]));
    }

    #[test]
    fn growth_stands_in_the_table_and_in_words() {
        let line = |more: u64| Line {
            workload: Workload::W2,
            workers: 2,
            idle: Idle::Spin,
            events: [10_000_000, 100_000_000],
            calls: [100, 100 + more],
            more: match more {
                0 => Calls::new(),
                _ => Calls::from([("futex".to_owned(), more)]),
            },
            grows: more > BY_CHANCE,
            may_call: more == 701,
        };
        let table = table(&[line(0), line(3), line(700), line(701)]);
        for told in [
            "none more",
            "by chance: 3 futex",
            "GROWS: 700 futex",
            "idle: 701 futex",
            "100,000,000",
        ] {
            assert!(table.contains(told), "{told} in\n{table}");
        }
        assert!(in_words(&line(700)).contains("700 more over 100,000,000 events"));
    }

    #[test]
    fn a_program_that_cannot_be_run_is_an_error() {
        let program = Path::new("not there");
        assert!(count(program, Workload::W7, 1, Idle::Spin, 10).is_err());
    }
}

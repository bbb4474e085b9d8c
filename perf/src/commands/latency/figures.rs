//! The figures of a run as a table, and what they mean in words.

use std::time::Duration;

use fluxus_perf::latency::{Distribution, HiccupPlace, Measured, Origin, Plan, PERCENTILES};
use fluxus_perf::Idle;

use crate::commands::cores;
use crate::commands::report::thousands;

/// The rows of the figures: name, distribution.
pub(super) fn rows(measured: &Measured) -> Vec<(&'static str, &Distribution)> {
    let mut rows = vec![
        ("record", &measured.records.response),
        ("  from send", &measured.records.service),
    ];
    if let Some(windows) = &measured.windows {
        rows.push(("window", &windows.response));
        rows.push(("  from send", &windows.service));
    }
    rows.push(("hiccup", &measured.hiccups.distribution));
    rows
}

pub(super) fn text(plan: &Plan, measured: &Measured) -> String {
    let mut text = heading(plan).join("\n") + "\n\n";
    text += &line("", "samples", &head());
    for (name, distribution) in rows(measured) {
        text += &line(
            name,
            &thousands(distribution.samples()),
            &cells(distribution),
        );
    }
    text += "\n";
    for (name, told) in explained(plan, measured) {
        text += &format!("{name:<8}{told}\n");
    }
    for used in &measured.threads {
        text += &format!(
            "  {:<16} {:>5.1} % of a core; kept from it {:.1} ms, taken off it {} times\n",
            used.thread, used.cpu_percent, used.waited_ms, used.preempted
        );
    }
    match &measured.invalid[..] {
        [] => text += "valid   all that was due was sent in time and seen\n",
        reasons => reasons
            .iter()
            .for_each(|reason| text += &format!("INVALID {reason}\n")),
    }
    text
}

/// What is run, and where, in two lines.
pub(super) fn heading(plan: &Plan) -> Vec<String> {
    let windows = match plan.window {
        Some(window) => format!(", windows of {} ms", 1e3 * window.as_secs_f64()),
        None => ", no windows".to_owned(),
    };
    vec![
        format!(
            "latency: open loop, {} records/s, {} after {} of warm-up; {} keys{windows}",
            thousands(plan.rate),
            in_seconds(plan.measured),
            in_seconds(plan.warm_up),
            thousands(u64::from(plan.keys)),
        ),
        place(plan),
    ]
}

/// Which thread sits where, and how it waits.
fn place(plan: &Plan) -> String {
    let workers = match plan.engine.workers {
        1 => "1 worker".to_owned(),
        workers => format!("{workers} workers"),
    };
    let threads = match plan.origin {
        Origin::Thread => format!("source in a thread, {workers}"),
        Origin::Worker => format!("source in a worker, {workers}"),
    };
    let cores = match plan.engine.pin {
        true => format!("pinned to {}", cores::name(&plan.engine.cores)),
        false => "not pinned".to_owned(),
    };
    let batch = match plan.engine.batch {
        Some(batch) => format!("batch {batch}"),
        None => "batch as the engine has it".to_owned(),
    };
    let idle = match plan.engine.idle {
        Idle::Adaptive => "adaptive",
        Idle::Spin => "spin",
        Idle::Yield => "yield",
        Idle::Park => "park",
    };
    format!("{threads}, {cores}; idle {idle}, {batch}")
}

/// What the rows mean, and what was measured beside them.
pub(super) fn explained(plan: &Plan, measured: &Measured) -> Vec<(&'static str, String)> {
    let seen = match (plan.origin, plan.engine.workers, plan.window) {
        (Origin::Thread, _, Some(_)) => "seen by the map behind the ring",
        (Origin::Worker, _, Some(_)) => "seen by the map, in the source's worker",
        (Origin::Worker, 1, None) => "seen by the sink, in the source's worker",
        (_, _, None) => "seen by the sink behind the last ring",
    };
    let mut told = vec![(
        "record",
        format!("from when it was due to when it was {seen}"),
    )];
    if plan.window.is_some() {
        let window = "from the end of the window to its last row in the sink";
        told.push(("window", window.to_owned()));
    }
    let hiccup = match &measured.hiccups.place {
        HiccupPlace::Source(core) => format!(
            "what held up the source's own thread{}, in the same seconds",
            core.map_or(String::new(), |core| format!(" on core {core}"))
        ),
        HiccupPlace::Beside(core) => {
            format!("what held up a thread on core {core}, in the same seconds")
        }
        HiccupPlace::BeforeAndAfter => "no core is free for a meter: what held up a thread on \
             each core of the run, before it and after"
            .to_owned(),
    };
    told.push(("hiccup", hiccup));
    told.push((
        "through",
        format!(
            "{} records/s",
            thousands(measured.throughput.round() as u64)
        ),
    ));
    let cpu = match measured.threads.is_empty() {
        true => "not measured: the system tells nothing, or let nobody look".to_owned(),
        false => format!("{:.0} % of a core in all", measured.cpu_percent()),
    };
    told.push(("cpu", cpu));
    told
}

pub(super) fn head() -> Vec<String> {
    let percentiles = PERCENTILES.iter().map(|known| format!("p{}", known.name));
    percentiles.chain(["max".to_owned()]).collect()
}

pub(super) fn cells(distribution: &Distribution) -> Vec<String> {
    let percentiles = PERCENTILES.map(|known| distribution.percentile(known));
    let all = percentiles.into_iter().chain([distribution.max()]);
    all.map(told).collect()
}

pub(super) fn line(name: &str, samples: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|cell| format!("{cell:>10}")).collect();
    format!("{name:<12}{samples:>14}{cells}\n")
}

/// A latency, or that it may not be told.
pub(in crate::commands) fn told(nanos: Option<u64>) -> String {
    nanos.map_or_else(|| "-".to_owned(), value)
}

/// A time in the unit that suits it, in three digits.
fn value(nanos: u64) -> String {
    let (number, unit) = match nanos {
        0..=999 => return format!("{nanos} ns"),
        1_000..=999_499 => (nanos as f64 / 1e3, "us"),
        999_500..=999_499_999 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    match number {
        number if number < 9.995 => format!("{number:.2} {unit}"),
        number if number < 99.95 => format!("{number:.1} {unit}"),
        number => format!("{number:.0} {unit}"),
    }
}

pub(super) fn in_seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (nanos, told) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 us"),
            (9_994, "9.99 us"),
            (9_996, "10.0 us"),
            (99_960, "100 us"),
            (999_499, "999 us"),
            (999_500, "1.00 ms"),
            (12_345_678, "12.3 ms"),
            (1_500_000_000, "1.50 s"),
        ] {
            assert_eq!(value(nanos), told);
        }
    }
}

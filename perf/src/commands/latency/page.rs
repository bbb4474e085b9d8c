//! The page with the plots of a run.

use fluxus_perf::latency::host::Host;
use fluxus_perf::latency::html::{page, Page, Plot, Series, Stroke};
use fluxus_perf::latency::{Latencies, Measured, Plan};

use crate::commands::report::thousands;

use super::figures::{cells, explained, head, heading, rows};

/// Two curves: from send, without a line of its own in the timeline, and from due.
fn both<'run>(name: &str, hue: u32, latencies: &'run Latencies) -> [Series<'run>; 2] {
    let from_send = Series {
        name: format!("{name}, from send"),
        hue: Some(hue),
        stroke: Stroke::Dashed,
        distribution: &latencies.service,
        timeline: None,
    };
    let from_due = Series {
        name: name.to_owned(),
        hue: Some(hue),
        stroke: Stroke::Solid,
        distribution: &latencies.response,
        timeline: Some(&latencies.timeline),
    };
    [from_send, from_due]
}

pub(super) fn html(plan: &Plan, host: &Host, measured: &Measured) -> String {
    let hiccups = &measured.hiccups;
    let mut all = vec![Series {
        name: "hiccup".to_owned(),
        hue: None,
        stroke: Stroke::Solid,
        distribution: &hiccups.distribution,
        timeline: hiccups.timeline.as_ref(),
    }];
    if let Some(windows) = &measured.windows {
        all.extend(both("window", 25, windows));
    }
    all.extend(both("record", 210, &measured.records));

    let mut facts = heading(plan);
    facts.push(host_in_words(host));
    let explained = explained(plan, measured).into_iter();
    facts.extend(explained.map(|(name, told)| format!("{}: {told}", name.trim())));
    let figures = rows(measured).into_iter().map(|(name, distribution)| {
        let mut row = vec![name.to_owned(), thousands(distribution.samples())];
        row.extend(cells(distribution));
        row
    });
    let columns = ["", "samples"].map(str::to_owned).into_iter().chain(head());
    page(&Page {
        title: format!("Latency at {} records/s", thousands(plan.rate)),
        facts,
        invalid: measured.invalid.clone(),
        plots: vec![Plot {
            title: "Latency by percentile".to_owned(),
            series: all,
        }],
        table: (columns.collect(), figures.collect()),
    })
}

pub(in crate::commands) fn host_in_words(host: &Host) -> String {
    let unknown = || "unknown".to_owned();
    let build = match host.optimised {
        true => "",
        false => ", a DEBUG build",
    };
    format!(
        "{}, {} cores to use; kernel {}; {}{build}",
        host.cpu.clone().unwrap_or_else(unknown),
        host.cores,
        host.kernel.clone().unwrap_or_else(unknown),
        host.rustc
    )
}

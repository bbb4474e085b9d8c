use super::Measured;
use crate::grouped;
use fluxus_perf::latency::html::{self, Page, Plot, Series, Stroke};
use fluxus_perf::latency::{Distribution, Percentile, PERCENTILES};

/// The percentiles that are told.
pub(super) fn percentiles() -> impl Iterator<Item = Percentile> {
    PERCENTILES
        .into_iter()
        .filter(|known| known.name != "99.999")
}

/// Microseconds as people read them; `-` where too few samples lie beyond.
pub(super) fn micros(nanos: Option<u64>) -> String {
    match nanos {
        None => "-".to_owned(),
        Some(nanos) if nanos < 100_000 => format!("{:.1}", nanos as f64 / 1e3),
        Some(nanos) => format!("{:.0}", nanos as f64 / 1e3),
    }
}

fn line(name: &str, distribution: &Distribution) -> String {
    let cells = percentiles().map(|one| micros(distribution.percentile(one)));
    let cells: String = cells
        .chain([micros(distribution.max())])
        .map(|cell| format!("{cell:>11}"))
        .collect();
    format!("{name:<18}{:>10}{cells}\n", grouped(distribution.samples()))
}

fn head() -> String {
    let names = percentiles().map(|one| format!("p{}", one.name));
    let names: String = names
        .chain(["max".to_owned()])
        .map(|name| format!("{name:>11}"))
        .collect();
    let units: String = (0..=percentiles().count())
        .map(|_| format!("{:>11}", "us"))
        .collect();
    format!(
        "{:<18}{:>10}{names}\n{:<18}{:>10}{units}\n",
        "", "samples", "", ""
    )
}

/// One run as a table, and as a page.
pub(super) fn one(title: &str, measured: &Measured) -> (String, String) {
    let mut text = format!("{title}\n\n{}", head());
    text.push_str(&line("event to result", &measured.results));
    text.push_str(&line("host's hiccups", &measured.hiccups));
    let facts = facts(measured);
    text.push_str(&format!("\n{}\n", facts.join("\n")));
    let page = Page {
        title: title.to_owned(),
        facts,
        invalid: unsustained(measured),
        plots: vec![Plot {
            title: "Latency by percentile".to_owned(),
            series: vec![
                Series {
                    name: "event to result".to_owned(),
                    hue: Some(210),
                    stroke: Stroke::Solid,
                    distribution: &measured.results,
                    timeline: None,
                },
                Series {
                    name: "host's hiccups".to_owned(),
                    hue: None,
                    stroke: Stroke::Dotted,
                    distribution: &measured.hiccups,
                    timeline: None,
                },
            ],
        }],
        table: figures(measured),
    };
    (text, html::page(&page))
}

/// The same as the lines of the text.
fn figures(measured: &Measured) -> (Vec<String>, Vec<Vec<String>>) {
    let mut head = vec![String::new(), "samples".to_owned()];
    head.extend(percentiles().map(|one| format!("p{} (us)", one.name)));
    head.push("max (us)".to_owned());
    let row = |name: &str, distribution: &Distribution| {
        let mut row = vec![name.to_owned(), grouped(distribution.samples())];
        row.extend(percentiles().map(|one| micros(distribution.percentile(one))));
        row.push(micros(distribution.max()));
        row
    };
    let rows = vec![
        row("event to result", &measured.results),
        row("host's hiccups", &measured.hiccups),
    ];
    (head, rows)
}

fn facts(measured: &Measured) -> Vec<String> {
    let mut facts = vec![format!(
        "throughput {:.0} events/s of {:.0} asked for; {:.2} cores busy",
        measured.reached, measured.asked, measured.cores_used
    )];
    facts.extend(unsustained(measured));
    if measured.results.samples() == 0 {
        facts.push(
            "no results were set free while it ran: replay longer (--seconds), faster (--speed), \
             or with shorter windows"
                .to_owned(),
        );
    }
    facts
}

pub(super) fn unsustained(measured: &Measured) -> Vec<String> {
    match measured.is_sustained() {
        true => Vec::new(),
        false => vec!["the engine did not keep up: these are latencies of a queue".to_owned()],
    }
}

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

/// A name, a number of samples and figures, in their columns.
fn line(cells: &[String]) -> String {
    let places = cells.iter().enumerate();
    let line = places.map(|(place, cell)| match place {
        0 => format!("{cell:<18}"),
        1 => format!("{cell:>10}"),
        _ => format!("{cell:>11}"),
    });
    line.collect::<String>() + "\n"
}

/// The names of the columns, and their units.
fn heads() -> [Vec<String>; 2] {
    let mut names = vec![String::new(), "samples".to_owned()];
    names.extend(percentiles().map(|one| format!("p{}", one.name)));
    names.push("max".to_owned());
    let unit = |place| if place < 2 { "" } else { "us" }.to_owned();
    let units = (0..names.len()).map(unit).collect();
    [names, units]
}

/// What was measured, and what the host did meanwhile.
fn rows(measured: &Measured) -> Vec<Vec<String>> {
    let row = |(name, distribution): (&str, &Distribution)| {
        let mut row = vec![name.to_owned(), grouped(distribution.samples())];
        row.extend(percentiles().map(|one| micros(distribution.percentile(one))));
        row.push(micros(distribution.max()));
        row
    };
    let both = [
        ("event to result", &measured.results),
        ("host's hiccups", &measured.hiccups),
    ];
    both.map(row).into()
}

/// The head of a table that has no line of its own for units.
pub(super) fn with_units(names: &[String], units: &[String]) -> Vec<String> {
    let names = names.iter().zip(units);
    let names = names.map(|(name, unit)| match unit.as_str() {
        "" => name.clone(),
        unit => format!("{name} ({unit})"),
    });
    names.collect()
}

/// One run as a table, and as a page.
pub(super) fn one(title: &str, measured: &Measured) -> (String, String) {
    let ([names, units], rows) = (heads(), rows(measured));
    let mut text = format!("{title}\n\n{}{}", line(&names), line(&units));
    text.extend(rows.iter().map(|row| line(row)));
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
        table: (with_units(&names, &units), rows),
    };
    (text, html::page(&page))
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

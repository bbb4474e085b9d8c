//! `matrix`: idle strategies, batch sizes, one or two cores, in one table.

use clap::Args;
use serde::Serialize;

use fluxus_perf::latency::host::Host;
use fluxus_perf::latency::html::{page, Page, Plot, Series, Stroke};
use fluxus_perf::latency::{run, Measured, Origin, Plan};
use fluxus_perf::Idle;

use super::arguments::{number, LARGEST_BATCH};
use super::latency::{check_writable, host_in_words, told, write, write_json, Asked, Load, SCHEMA};
use super::print::complain;
use super::progress::Progress;
use super::report::thousands;
use super::Report;

#[derive(Args, Debug)]
pub(super) struct MatrixArguments {
    #[command(flatten)]
    pub(super) load: Load,

    /// Batch sizes, one after another
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,64,1024",
          value_parser = number::<1, { LARGEST_BATCH }>)]
    batches: Vec<u64>,
}

const STRATEGIES: [(Idle, &str); 4] = [
    (Idle::Adaptive, "adaptive"),
    (Idle::Spin, "spin"),
    (Idle::Yield, "yield"),
    (Idle::Park, "park"),
];

/// One run of the matrix.
struct Row {
    cores: usize,
    idle: &'static str,
    batch: u64,
    plan: Plan,
    measured: Measured,
}

impl Row {
    fn name(&self) -> String {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        let (idle, batch) = (self.idle, self.batch);
        format!("{} {cores}, {idle}, batch {batch}", self.cores)
    }
}

pub(super) fn matrix(asked: &MatrixArguments) -> Result<Report, String> {
    let wanted = combinations(&asked.batches);
    check_writable(asked.load.json.iter().chain(&asked.load.html))?;
    let host = Host::read();
    let mut rows: Vec<Row> = Vec::new();
    let mut warned: Vec<String> = Vec::new();
    for (number, &(cores, (idle, name), batch)) in wanted.iter().enumerate() {
        let origin = match cores {
            1 => Origin::Worker,
            _ => Origin::Thread,
        };
        let (plan, mut warnings) = asked.load.plan(origin, 1, idle, Some(batch));
        let progress = Progress::show(&format!(
            "{} of {}: {cores} core(s), {name}, batch {batch}",
            number + 1,
            wanted.len()
        ));
        let measured = run(&plan);
        progress.clear();
        let measured = measured?;
        warnings.extend(measured.warnings.iter().cloned());
        // The same for every row: said once.
        for warning in warnings {
            if !warned.contains(&warning) {
                complain(&format!("warning: {warning}"));
                warned.push(warning);
            }
        }
        rows.push(Row {
            cores,
            idle: name,
            batch,
            plan,
            measured,
        });
    }
    if let Some(file) = &asked.load.json {
        write_json(file, &json(&host, &rows))?;
    }
    if let Some(file) = &asked.load.html {
        write(file, &html(asked, &host, &rows))?;
    }
    let invalid = rows.iter().filter(|row| !row.measured.is_valid()).count();
    Ok(Report {
        text: text(asked, &rows),
        wrong: (invalid > 0).then(|| format!("{invalid} of {} runs are invalid", rows.len())),
    })
}

/// Cores, strategy, batch: the order of the table.
fn combinations(batches: &[u64]) -> Vec<(usize, (Idle, &'static str), u64)> {
    let mut all = Vec::new();
    for cores in [1, 2] {
        for strategy in STRATEGIES {
            all.extend(batches.iter().map(|&batch| (cores, strategy, batch)));
        }
    }
    all
}

/// A column of figures: what it is called, and its value in a row, none where it
/// may not be told. Less is better in all of them.
struct Column {
    name: &'static str,
    value: fn(&Measured) -> Option<f64>,
    as_time: bool,
}

const COLUMNS: [Column; 8] = [
    Column {
        name: "p50",
        value: |run| run.records.response.named("50").map(|nanos| nanos as f64),
        as_time: true,
    },
    Column {
        name: "p99",
        value: |run| run.records.response.named("99").map(|nanos| nanos as f64),
        as_time: true,
    },
    Column {
        name: "p99.9",
        value: |run| run.records.response.named("99.9").map(|nanos| nanos as f64),
        as_time: true,
    },
    Column {
        name: "max",
        value: |run| run.records.response.max().map(|nanos| nanos as f64),
        as_time: true,
    },
    Column {
        name: "win p50",
        value: |run| window(run, "50"),
        as_time: true,
    },
    Column {
        name: "win max",
        value: |run| {
            let windows = run.windows.as_ref()?;
            windows.response.max().map(|nanos| nanos as f64)
        },
        as_time: true,
    },
    Column {
        name: "CPU %",
        value: |run| (!run.threads.is_empty()).then(|| run.cpu_percent()),
        as_time: false,
    },
    Column {
        name: "hiccup",
        value: |run| {
            run.hiccups
                .distribution
                .named("99.9")
                .map(|nanos| nanos as f64)
        },
        as_time: true,
    },
];

fn window(run: &Measured, percentile: &str) -> Option<f64> {
    let windows = run.windows.as_ref()?;
    windows.response.named(percentile).map(|nanos| nanos as f64)
}

/// The best and the worst of a column among the valid rows; none for the
/// hiccups, which are the machine's, and nobody's merit.
fn best_and_worst(column: &Column, rows: &[Row]) -> Option<(f64, f64)> {
    if column.name == "hiccup" {
        return None;
    }
    let valid = rows.iter().filter(|row| row.measured.is_valid());
    extremes(valid.filter_map(|row| (column.value)(&row.measured)))
}

/// The least and the greatest, where they differ.
fn extremes(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let both = (f64::INFINITY, f64::NEG_INFINITY);
    let (least, most) = values.fold(both, |both, value| (both.0.min(value), both.1.max(value)));
    (least < most).then_some((least, most))
}

/// How a value is marked among those of its column.
fn mark(value: Option<f64>, extremes: Option<(f64, f64)>) -> char {
    match (value, extremes) {
        (Some(value), Some((best, _))) if value <= best => '*',
        (Some(value), Some((_, worst))) if value >= worst => '!',
        _ => ' ',
    }
}

/// The cells of every row: value, and its mark.
fn cells(rows: &[Row]) -> Vec<Vec<(String, char)>> {
    let marks: Vec<_> = COLUMNS
        .iter()
        .map(|column| best_and_worst(column, rows))
        .collect();
    rows.iter()
        .map(|row| {
            let columns = COLUMNS.iter().zip(&marks);
            columns
                .map(|(column, extremes)| {
                    let value = (column.value)(&row.measured);
                    let told = match (value, column.as_time) {
                        (Some(percent), false) => format!("{percent:.0}"),
                        (value, _) => told(value.map(|nanos| nanos as u64)),
                    };
                    let mark = match row.measured.is_valid() {
                        true => mark(value, *extremes),
                        false => ' ',
                    };
                    (told, mark)
                })
                .collect()
        })
        .collect()
}

fn heading(load: &Load) -> String {
    format!(
        "matrix: open loop, {} records/s, {} s a row after {} s of warm-up; {} keys, windows of {} ms",
        thousands(load.rate),
        load.seconds.as_secs_f64(),
        load.warm_up_s.as_secs_f64(),
        thousands(load.keys),
        load.window_ms
    )
}

const LEGEND: &str = "\
* best, ! worst of a column; - too few samples to tell; x invalid, for the reason below.
Records from due to seen by the map; windows from their end to the last row; hiccup p99.9 of the
machine, before and after a row on one core, in the same seconds on two.
1 core: source, windows and sink in one worker; 2 cores: the source is a thread that never rests
and feeds a worker through a ring.
";

fn text(asked: &MatrixArguments, rows: &[Row]) -> String {
    let mut text = heading(&asked.load) + "\n\n";
    text += &format!("{:<6}{:<9}{:>5}", "cores", "idle", "batch");
    for column in &COLUMNS {
        text += &format!("{:>9} ", column.name);
    }
    text = text.trim_end().to_owned() + "\n";
    for (row, cells) in rows.iter().zip(cells(rows)) {
        let invalid = if row.measured.is_valid() { ' ' } else { 'x' };
        let mut line = format!(
            "{:<2}{invalid:<4}{:<9}{:>5}",
            row.cores, row.idle, row.batch
        );
        for (cell, mark) in cells {
            line += &format!("{cell:>9}{mark}");
        }
        text += line.trim_end();
        text += "\n";
    }
    text += "\n";
    text += LEGEND;
    for row in rows {
        for reason in &row.measured.invalid {
            text += &format!("INVALID {}: {reason}\n", row.name());
        }
    }
    text
}

#[derive(Serialize)]
struct Json<'run> {
    schema: u32,
    kind: &'static str,
    host: &'run Host,
    rows: Vec<JsonRow<'run>>,
}

#[derive(Serialize)]
struct JsonRow<'run> {
    options: Asked<'run>,
    #[serde(flatten)]
    measured: &'run Measured,
}

fn json<'run>(host: &'run Host, rows: &'run [Row]) -> Json<'run> {
    let rows = rows.iter().map(|row| JsonRow {
        options: Asked::from(&row.plan),
        measured: &row.measured,
    });
    Json {
        schema: SCHEMA,
        kind: "latency matrix",
        host,
        rows: rows.collect(),
    }
}

fn html(asked: &MatrixArguments, host: &Host, rows: &[Row]) -> String {
    // What counts for nothing is not drawn: it would only squeeze the rest.
    let valid = rows.iter().filter(|row| row.measured.is_valid());
    let series = valid.map(|row| Series {
        name: row.name(),
        hue: Some(hue(row)),
        stroke: stroke(row.batch, &asked.batches),
        distribution: &row.measured.records.response,
        timeline: None,
    });
    let head = ["cores", "idle", "batch"].into_iter();
    let head = head.chain(COLUMNS.iter().map(|column| column.name));
    let figures = rows.iter().zip(cells(rows)).map(|(row, cells)| {
        let cores = match row.measured.is_valid() {
            true => row.cores.to_string(),
            false => format!("{} x", row.cores),
        };
        let what = [cores, row.idle.to_owned(), row.batch.to_string()];
        let cells = cells.into_iter().map(|(cell, mark)| match mark {
            ' ' => cell,
            mark => format!("{cell} {mark}"),
        });
        what.into_iter().chain(cells).collect()
    });
    page(&Page {
        title: format!("Latency matrix at {} records/s", thousands(asked.load.rate)),
        facts: vec![
            heading(&asked.load),
            host_in_words(host),
            LEGEND.replace('\n', " "),
        ],
        invalid: rows
            .iter()
            .flat_map(|row| {
                let name = row.name();
                let reasons = row.measured.invalid.iter();
                reasons.map(move |reason| format!("{name}: {reason}"))
            })
            .collect(),
        plots: vec![Plot {
            title: "Latency by percentile".to_owned(),
            series: series.collect(),
        }],
        table: (head.map(str::to_owned).collect(), figures.collect()),
    })
}

/// A colour for each strategy and number of cores; strokes tell batches apart.
fn hue(row: &Row) -> u32 {
    let strategy = STRATEGIES.iter().position(|known| known.1 == row.idle);
    let strategy = u32::try_from(strategy.unwrap_or(0)).unwrap_or(0);
    90 * strategy + if row.cores == 1 { 0 } else { 40 }
}

fn stroke(batch: u64, batches: &[u64]) -> Stroke {
    match batches.iter().position(|&known| known == batch) {
        Some(0) => Stroke::Dotted,
        Some(1) => Stroke::Dashed,
        _ => Stroke::Solid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_has_its_row() {
        let all = combinations(&[1, 64, 1024]);
        assert_eq!(all.len(), 24);
        let mut distinct: Vec<_> = all
            .iter()
            .map(|(cores, (_, name), batch)| (cores, name, batch))
            .collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 24);
    }

    #[test]
    fn the_best_and_the_worst_are_marked_where_they_differ() {
        let marks = |values: &[Option<f64>]| -> String {
            let extremes = extremes(values.iter().copied().flatten());
            values.iter().map(|&value| mark(value, extremes)).collect()
        };
        let table = [Some(5.0), None, Some(2.0), Some(3.0), Some(5.0)];
        assert_eq!(marks(&table), "! * !");
        assert_eq!(marks(&[Some(1.0), Some(1.0)]), "  ");
        assert_eq!(marks(&[Some(1.0)]), " ");
        assert_eq!(marks(&[None]), " ");
    }
}

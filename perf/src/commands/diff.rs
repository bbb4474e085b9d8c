//! `diff`: two records held against each other.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use fluxus_perf::record::{Band, Change, Difference, Figure, Record, Row};

use super::print::complain;
use super::Report;

#[derive(Args, Debug)]
pub(super) struct DiffArguments {
    /// The record from before
    old: PathBuf,

    /// The record from after
    new: PathBuf,

    /// The change that is noise at least, in per cent; measurements that lie further apart widen it
    #[arg(long, value_name = "BAND", default_value_t = Band::DEFAULT)]
    band: Band,

    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// The one line of JSON.
#[derive(Serialize)]
struct Line {
    rows: Vec<Item>,
    only_old: Vec<String>,
    only_new: Vec<String>,
    warnings: Vec<String>,
    worse: usize,
}

#[derive(Serialize)]
struct Item {
    name: String,
    unit: String,
    old: f64,
    new: f64,
    /// How many times better the new one is.
    ratio: f64,
    noise: f64,
    change: &'static str,
}

pub(super) fn diff(asked: &DiffArguments) -> Result<Report, String> {
    let (old, new) = (Record::read(&asked.old)?, Record::read(&asked.new)?);
    let difference = Difference::between(&old, &new, asked.band);
    if difference.rows.is_empty() {
        return Err(format!(
            "{} and {} have no figure in common: record the same workloads at the same sizes",
            asked.old.display(),
            asked.new.display()
        ));
    }
    for warning in &difference.warnings {
        complain(&format!("warning: {warning}"));
    }
    let worse: Vec<String> = difference
        .worse()
        .map(|row| format!("{}: {:.3} times the old", row.new.name(), row.ratio))
        .collect();
    let text = match asked.json {
        true => json(&difference)?,
        false => format!(
            "old  {}\nnew  {}\n\n{}",
            heading(&old),
            heading(&new),
            table(&difference)
        ),
    };
    let wrong =
        (!worse.is_empty()).then(|| format!("worse beyond the noise:\n  {}", worse.join("\n  ")));
    Ok(Report { text, wrong })
}

/// When, of what, and where.
fn heading(record: &Record) -> String {
    let build = &record.build;
    format!(
        "{} {}  {}{}  {}",
        record.moment.date,
        record.moment.time,
        build.revision.as_deref().unwrap_or("unknown revision"),
        match build.modified {
            Some(true) => " (modified)",
            _ => "",
        },
        record.machine
    )
}

/// The word for what has become of a figure.
fn word(change: Change) -> &'static str {
    match change {
        Change::Better => "better",
        Change::Noise => "noise",
        Change::Worse => "WORSE",
    }
}

fn table(difference: &Difference) -> String {
    let row = |row: &Row| {
        let Figure {
            workload,
            engine,
            workers,
            unit,
            ..
        } = &row.new;
        format!(
            "{workload:<10}{engine:<8}{workers:>7}{:>12.3}{:>12.3}{:>8.3}{:>7.1} %  {:<8}{unit}\n",
            row.old.spread.median,
            row.new.spread.median,
            row.ratio,
            100.0 * row.noise,
            word(row.change),
        )
    };
    let rows: String = difference.rows.iter().map(row).collect();
    let one_sided = |what: &str, figures: &[Figure]| -> String {
        let told = figures
            .iter()
            .map(|figure| format!("{what}: {}\n", figure.name()));
        told.collect()
    };
    format!(
        "workload  engine  workers         old         new   ratio    noise  change\n{rows}\
         ratio: how many times better the new one is\n{}{}",
        one_sided("only in the old", &difference.only_old),
        one_sided("only in the new", &difference.only_new),
    )
}

fn json(difference: &Difference) -> Result<String, String> {
    let item = |row: &Row| Item {
        name: row.new.name(),
        unit: row.new.unit.clone(),
        old: row.old.spread.median,
        new: row.new.spread.median,
        ratio: row.ratio,
        noise: row.noise,
        change: match row.change {
            Change::Better => "better",
            Change::Noise => "noise",
            Change::Worse => "worse",
        },
    };
    let names = |figures: &[Figure]| figures.iter().map(Figure::name).collect();
    let line = Line {
        rows: difference.rows.iter().map(item).collect(),
        only_old: names(&difference.only_old),
        only_new: names(&difference.only_new),
        warnings: difference.warnings.clone(),
        worse: difference.worse().count(),
    };
    serde_json::to_string(&line)
        .map(|line| line + "\n")
        .map_err(|error| error.to_string())
}

use super::page::{micros, percentiles, unsustained, with_units};
use super::Measured;
use crate::options::SharedOptions;
use crate::{complain, Failure};
use fluxus::{Config, IdleStrategy, Placement};
use fluxus_perf::latency::html::{self, Page, Plot, Series, Stroke};
use std::thread;

/// So many workers are compared.
const WORKERS: [usize; 2] = [1, 2];

/// What differs between the runs.
struct Setting {
    workers: usize,
    is_pinned: bool,
    idle: IdleStrategy,
    batch: usize,
}

/// Every idle strategy on one worker and on two, in batches of one and large
/// ones, pinned; and the default unpinned.
fn settings() -> Result<Vec<Setting>, Failure> {
    let idle = |word: &str| {
        let parsed = word.parse::<IdleStrategy>();
        parsed.map_err(|error| Failure::from(format!("{word}: {error}")))
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut settings = Vec::new();
    for workers in WORKERS {
        for word in ["adaptive", "spin", "yield", "park"] {
            for batch in [1, 256] {
                settings.push(Setting {
                    workers,
                    is_pinned: true,
                    idle: idle(word)?,
                    batch,
                });
            }
        }
        settings.push(Setting {
            workers,
            is_pinned: false,
            idle: idle("adaptive")?,
            batch: 256,
        });
    }
    // Two workers that spin on one core only wait for each other.
    settings.retain(|setting| setting.workers <= cores);
    Ok(settings)
}

/// Runs all settings and says which was best and worst.
pub(super) fn compare(
    title: &str,
    shared: &SharedOptions,
    mut once: impl FnMut(Config) -> Result<Measured, Failure>,
) -> Result<(String, String), Failure> {
    let settings = settings()?;
    let mut measured = Vec::new();
    for (index, setting) in settings.iter().enumerate() {
        complain(
            "note",
            format!(
                "{} of {}, {} s each",
                index + 1,
                settings.len(),
                shared.latency.seconds
            ),
        );
        let placement = match setting.is_pinned {
            true => Placement::Auto,
            false => Placement::Unpinned,
        };
        let config = Config::new()
            .workers(setting.workers)
            .placement(placement)
            .idle(setting.idle)
            .batch(setting.batch);
        measured.push(once(config)?);
    }
    let (head, rows) = table(&settings, &measured);
    let mut text = format!("{title}\n\n{}", aligned(&head, &units(&head)));
    for row in &rows {
        text.push_str(&aligned(row, &[]));
    }
    let hiccups = measured.iter().filter_map(|one| one.hiccups.max()).max();
    let host = format!(
        "the host let a thread that only slept wake up to {} us late meanwhile",
        micros(hiccups)
    );
    if measured.iter().all(|one| one.results.named("50").is_none()) {
        text.push_str(
            "\ntoo few results to compare by: replay longer (--seconds), faster (--rate, --speed), \
             or with shorter windows\n",
        );
    }
    text.push_str(&format!(
        "\np50 to max: from the moment the event was due that sets results free to the results;\n\
         best and worst by p99, or by p50 where too few results lie beyond p99;\n\
         {host}\n",
    ));
    let plots = |workers: usize| Plot {
        title: match workers {
            1 => "One worker".to_owned(),
            workers => format!("{workers} workers"),
        },
        series: series(&settings, &measured, workers),
    };
    let page = Page {
        title: title.to_owned(),
        facts: vec![
            "from the moment the event was due that sets results free to the results".to_owned(),
            host.clone(),
        ],
        invalid: measured.iter().flat_map(unsustained).take(1).collect(),
        plots: WORKERS.map(plots).into(),
        table: (with_units(&head, &units(&head)), rows),
    };
    Ok((text, html::page(&page)))
}

/// The curves of so many workers: a colour for each idle strategy, grey for what
/// is not pinned; dashes for batches of one.
fn series<'run>(
    settings: &[Setting],
    measured: &'run [Measured],
    workers: usize,
) -> Vec<Series<'run>> {
    let runs = settings.iter().zip(measured);
    let runs = runs.filter(|(setting, _)| setting.workers == workers);
    let curves = runs.map(|(setting, measured)| Series {
        name: match setting.is_pinned {
            true => format!("{}, batch {}", setting.idle, setting.batch),
            false => format!("unpinned, {}, batch {}", setting.idle, setting.batch),
        },
        hue: match setting.idle {
            _ if !setting.is_pinned => None,
            IdleStrategy::Adaptive => Some(210),
            IdleStrategy::BusySpin => Some(0),
            IdleStrategy::Yield => Some(130),
            IdleStrategy::Park => Some(285),
        },
        stroke: match setting.batch {
            1 => Stroke::Dashed,
            _ => Stroke::Solid,
        },
        distribution: &measured.results,
        timeline: None,
    });
    curves.collect()
}

fn table(settings: &[Setting], measured: &[Measured]) -> (Vec<String>, Vec<Vec<String>>) {
    let mut head: Vec<String> = ["workers", "pinned", "idle", "batch"]
        .map(str::to_owned)
        .into();
    head.extend(percentiles().map(|one| format!("p{}", one.name)));
    head.extend(["max", "cores", ""].map(str::to_owned));
    // What they are judged by: no figure is no merit.
    let judged: Vec<Option<u64>> = {
        let by = |name: &str| -> Vec<Option<u64>> {
            measured.iter().map(|one| one.results.named(name)).collect()
        };
        match by("99") {
            all if all.iter().all(Option::is_some) => all,
            _ => by("50"),
        }
    };
    let best = judged.iter().flatten().min();
    let worst = judged.iter().flatten().max();
    let rows = settings
        .iter()
        .zip(measured)
        .zip(&judged)
        .map(|((setting, measured), judged)| {
            let mut row = vec![
                setting.workers.to_string(),
                if setting.is_pinned { "yes" } else { "no" }.to_owned(),
                setting.idle.to_string(),
                setting.batch.to_string(),
            ];
            row.extend(percentiles().map(|one| micros(measured.results.percentile(one))));
            row.push(micros(measured.results.max()));
            row.push(format!("{:.2}", measured.cores_used));
            row.push(match judged {
                _ if !measured.is_sustained() => "too slow".to_owned(),
                Some(figure) if Some(figure) == best => "best".to_owned(),
                Some(figure) if Some(figure) == worst => "worst".to_owned(),
                _ => String::new(),
            });
            row
        })
        .collect();
    (head, rows)
}

fn units(head: &[String]) -> Vec<String> {
    let unit = |name: &String| match name.as_str() {
        "batch" => "events",
        "max" => "us",
        "cores" => "busy",
        name if name.starts_with('p') && name != "pinned" => "us",
        _ => "",
    };
    head.iter().map(|name| unit(name).to_owned()).collect()
}

/// A line of the table, and one of its units if there are any.
fn aligned(cells: &[String], units: &[String]) -> String {
    let line = |cells: &[String]| {
        let mut line = String::new();
        for (index, cell) in cells.iter().enumerate() {
            line.push_str(&match index {
                0 | 1 => format!("{cell:<9}"),
                2 => format!("{cell:<10}"),
                3 => format!("{cell:<6}"),
                _ if index + 1 == cells.len() => format!("  {cell}"),
                _ => format!("{cell:>8}"),
            });
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    };
    match units.is_empty() {
        true => line(cells),
        false => line(cells) + &line(units),
    }
}

//! How do the devices in the field do, and which of them have fallen silent?
//!
//! Tumbling windows with several aggregates: every window is `--window-ms` long
//! and begins where the one before ends. A device numbers its readings, so that
//! numbers which were skipped tell how many have gone missing. Beside the windows
//! runs a timer for every reading: when no other has come within `--silence-ms`,
//! the device has fallen silent.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus::windows::Distinct;
use fluxus::{KeyTimer, KeyedProcess, ProcessContext};
use fluxus_examples::input::{Parsed, Parser};
use fluxus_examples::sample::{Generated, Row, Sample, Timed};
use fluxus_examples::{data, grouped, legible, Column, Random};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fluxus_examples::main::<IotDevices>()
}

#[derive(Args, Clone)]
struct IotDevices {
    /// How long a window is, in milliseconds of event time
    #[arg(long, value_name = "MS", default_value_t = 1_800_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    window_ms: u64,

    /// How long a device may say nothing before it counts as silent
    #[arg(long, value_name = "MS", default_value_t = 60_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    silence_ms: u64,

    /// How far a reading is from the next of its device: reading n has the event time n x MS
    #[arg(long, value_name = "MS", default_value_t = 5_000,
          value_parser = value_parser!(u64).range(1..=86_400_000))]
    interval_ms: u64,
}

/// What a device says: thousandths, so that sums are exact, whatever their order.
#[derive(Clone, Debug)]
struct Reading {
    device: String,
    number: u64,
    time: Timestamp,
    milli_percent: i32,
    milli_celsius: i32,
}

/// What is told of a device.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Told {
    /// What a window came to.
    Window {
        device: String,
        from_ms: i64,
        to_ms: i64,
        readings: u64,
        /// Numbers that were skipped since the window before.
        missing: u64,
        mean_c: f64,
        min_c: f64,
        max_c: f64,
        mean_humidity_percent: f64,
    },
    /// Nothing has come since the last reading, `--silence-ms` ago.
    Silent {
        device: String,
        last_ms: i64,
        noticed_ms: i64,
    },
}

impl Sample for IotDevices {
    const NAME: &'static str = "iot-devices";
    const ABOUT: &'static str =
        "How the devices in the field do, and which have fallen silent: tumbling windows and \
         timers over the readings of a sensor network";
    const EVENTS: &'static str = "readings";
    type Event = Reading;
    type Row = Told;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("motes.csv")]
    }

    fn parser(&self) -> Box<dyn Parser<Reading>> {
        let interval_ms = self.interval_ms;
        Box::new(move |line: &str| reading_of(line, interval_ms))
    }

    fn time_of(reading: &Reading) -> Timestamp {
        reading.time
    }

    fn results(&self, readings: Timed<Reading>) -> Result<Timed<Told>, Error> {
        let windows = Tumbling::new(Duration::from_millis(self.window_ms))?;
        let silence = Silence {
            after: Duration::from_millis(self.silence_ms),
        };
        let by_device = readings.key_by(|reading| reading.device.clone());
        let [in_windows, one_by_one] = by_device.fan_out();
        let celsius = |reading: &Reading| reading.milli_celsius;
        let humidity = |reading: &Reading| reading.milli_percent;
        let number = |reading: &Reading| reading.number;
        let told = in_windows
            .window(windows)
            .aggregate((
                (Count, Mean::of(humidity)),
                (Mean::of(celsius), Min::of(celsius), Max::of(celsius)),
                (Distinct::count(number), Min::of(number), Max::of(number)),
            ))
            // A device's windows come one behind the other: the last number of one
            // tells what is missing at the beginning of the next.
            .key_by(|row| row.key.clone())
            .scan(None, |last, row| Some(Told::of(row, last)));
        let silences = one_by_one.process(silence);
        Ok(told.union(silences).boxed_timed())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Reading> {
        made_up(count, self.interval_ms, seed)
    }

    fn closing(&self, devices: &Devices) -> String {
        let lines = devices.iter().take(MOST_DEVICES).map(|(device, totals)| {
            let silent = match totals.silent_ms.len() {
                0 => String::new(),
                _ => format!("; silent since {}", clocks(&totals.silent_ms)),
            };
            let (readings, missing) = (grouped(totals.readings), grouped(totals.missing));
            let device = legible(device, 40);
            format!("device {device}: {readings} readings, {missing} missing{silent}\n")
        });
        let mut text = lines.collect::<String>();
        if devices.len() > MOST_DEVICES {
            text.push_str(&format!("and {} more\n", devices.len() - MOST_DEVICES));
        }
        text
    }
}

/// `2001,1,1,42.89,27.76,0`: the number of the reading, the mote, whether it stands
/// indoors, its humidity in percent, its temperature in °C.
fn reading_of(line: &str, interval_ms: u64) -> Parsed<Reading> {
    if line.is_empty() || line.starts_with("reading,") {
        return Parsed::Nothing;
    }
    let parse = || {
        let fields: Vec<&str> = line.split(',').collect();
        let [number, device, _, humidity, celsius, ..] = fields[..] else {
            return Err(format!("it has {} fields, not 5 or more", fields.len()));
        };
        let thousandths = |text: &str, range: std::ops::RangeInclusive<f64>, what: &str| match text
            .parse::<f64>(
        ) {
            Ok(number) if range.contains(&number) => Ok((number * 1e3).round() as i32),
            _ => Err(format!("{text:?} is no {what}")),
        };
        if device.is_empty() {
            return Err("it names no device".to_owned());
        }
        let (number, time) = number
            .parse()
            .ok()
            .and_then(|number| Some((number, time_of_number(number, interval_ms)?)))
            .ok_or_else(|| format!("{number:?} is no number of a reading"))?;
        Ok(Reading {
            device: device.to_owned(),
            number,
            time,
            // The sensor corrects for temperature, and may come out above 100.
            milli_percent: thousandths(humidity, -100.0..=200.0, "humidity in percent")?,
            milli_celsius: thousandths(celsius, -274.0..=10_000.0, "temperature in °C")?,
        })
    };
    parse().into()
}

/// When a reading is taken; none beyond the end of time.
fn time_of_number(number: u64, interval_ms: u64) -> Option<Timestamp> {
    let nanos = number.checked_mul(interval_ms)?.checked_mul(1_000_000)?;
    // A window, and the time until a device counts as silent, must still fit.
    let nanos = i64::try_from(nanos).ok().filter(|n| *n < i64::MAX / 2)?;
    Some(Timestamp::from_nanos(nanos))
}

// ── silence ──

/// Tells when a device has said nothing for so long.
///
/// Every reading sets a timer. When it fires, time has come that far: if there was
/// no other reading in between, it was the last one. That holds for readings out of
/// order, too.
#[derive(Clone)]
struct Silence {
    after: Duration,
}

impl KeyedProcess for Silence {
    type Key = String;
    type In = Reading;
    /// When the readings were whose timers have not fired.
    type State = BTreeSet<Timestamp>;
    type Out = Told;

    fn initial(&mut self, _: &String) -> Self::State {
        BTreeSet::new()
    }

    fn on_record(
        &mut self,
        reading: Reading,
        recent: &mut Self::State,
        context: &mut ProcessContext<'_, String, Told>,
    ) {
        let due = reading.time + self.after;
        // One that is so late says nothing of what was after it.
        if due > context.watermark() {
            recent.insert(reading.time);
            context.at(due);
        }
    }

    fn on_timer(
        &mut self,
        _: KeyTimer,
        recent: &mut Self::State,
        context: &mut ProcessContext<'_, String, Told>,
    ) {
        let noticed = context.time();
        let last = noticed - self.after;
        recent.remove(&last);
        let is_silent = !recent.first().is_some_and(|next| *next <= noticed);
        // When the stream ends, nobody knows what would have come.
        if is_silent && !context.has_ended() {
            let device = context.key().clone();
            context.emit(Told::Silent {
                device,
                last_ms: last.millis(),
                noticed_ms: noticed.millis(),
            });
        }
        if recent.is_empty() {
            context.clear();
        }
    }
}

// ── windows into rows ──

type Aggregates = ((u64, f64), (f64, i32, i32), (u64, u64, u64));

impl Told {
    /// The row of a window; `last` is the highest number of the device before it.
    fn of(row: WindowResult<String, Aggregates>, last: &mut Option<u64>) -> Self {
        let ((readings, humidity), (mean, min, max), (numbers, lowest, highest)) = row.value;
        // Of a device that was never heard of, nothing is missing before its first.
        let first = last.map_or(lowest, |last| last.saturating_add(1).min(lowest));
        *last = Some(highest);
        // Means are rounded: a thousandth is far more than a sensor can tell.
        let rounded = |milli: f64| milli.round() / 1e3;
        Self::Window {
            from_ms: row.window.start().millis(),
            to_ms: row.window.end().millis(),
            device: row.key,
            readings,
            missing: (highest - first + 1).saturating_sub(numbers),
            mean_c: rounded(mean),
            min_c: f64::from(min) / 1e3,
            max_c: f64::from(max) / 1e3,
            mean_humidity_percent: rounded(humidity),
        }
    }

    fn device(&self) -> &String {
        match self {
            Self::Window { device, .. } | Self::Silent { device, .. } => device,
        }
    }
}

/// How many devices are told of below the table.
const MOST_DEVICES: usize = 10;

type Devices = BTreeMap<String, DeviceTotals>;

/// What is added up for a device.
#[derive(Default)]
struct DeviceTotals {
    readings: u64,
    missing: u64,
    silent_ms: Vec<i64>,
}

impl Row for Told {
    const COLUMNS: &'static [Column] = &[
        Column::figure("until", "h:mm:ss", 9),
        Column::text("device", 8),
        Column::figure("readings", "", 8),
        Column::figure("missing", "", 7),
        Column::figure("mean", "°C", 6),
        Column::figure("min", "°C", 6),
        Column::figure("max", "°C", 6),
        Column::figure("humidity", "%", 8),
        Column::text("", 24),
    ];
    type Totals = Devices;

    fn cells(&self) -> Vec<String> {
        let device = legible(self.device(), 30);
        match self {
            Self::Window {
                to_ms,
                readings,
                missing,
                mean_c,
                min_c,
                max_c,
                mean_humidity_percent,
                ..
            } => vec![
                clock(*to_ms),
                device,
                grouped(*readings),
                grouped(*missing),
                format!("{mean_c:.2}"),
                format!("{min_c:.2}"),
                format!("{max_c:.2}"),
                format!("{mean_humidity_percent:.1}"),
            ],
            Self::Silent {
                last_ms,
                noticed_ms,
                ..
            } => {
                let mut cells = vec![clock(*noticed_ms), device];
                cells.extend(["-", "-", "-", "-", "-", "-"].map(str::to_owned));
                cells.push(format!("silent since {}", clock(*last_ms)));
                cells
            }
        }
    }

    fn rank(&self) -> String {
        let kind = match self {
            Self::Window { .. } => 0,
            Self::Silent { .. } => 1,
        };
        format!("{kind}{}", self.device())
    }

    fn add_to(&self, devices: &mut Devices) {
        let totals = devices.entry(self.device().clone()).or_default();
        match self {
            Self::Window {
                readings, missing, ..
            } => {
                totals.readings += readings;
                totals.missing += missing;
            }
            Self::Silent { last_ms, .. } => totals.silent_ms.push(*last_ms),
        }
    }
}

/// So long after reading 0.
fn clock(ms: i64) -> String {
    let seconds = ms.div_euclid(1000);
    let (minutes, seconds) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    format!(
        "{}:{:02}:{seconds:02}",
        minutes.div_euclid(60),
        minutes.rem_euclid(60)
    )
}

/// The first of them, and how many there are.
fn clocks(times_ms: &[i64]) -> String {
    let first: Vec<String> = times_ms.iter().take(3).map(|ms| clock(*ms)).collect();
    let more = match times_ms.len().saturating_sub(first.len()) {
        0 => String::new(),
        more => format!(" and {more} times more"),
    };
    first.join(", ") + &more
}

// ── made-up data ──

/// Five devices; each loses a reading in a hundred, and the third breaks down after
/// three fifths of the time.
fn made_up(count: u64, interval_ms: u64, seed: u64) -> Generated<Reading> {
    let mut random = Random::new(seed);
    let breaks_down = count * 3 / 25;
    let mut events = Vec::new();
    let mut seen: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut turn = 0;
    while (events.len() as u64) < count {
        let (number, index) = (turn / 5, turn % 5);
        turn += 1;
        let Some(time) = time_of_number(number, interval_ms) else {
            break;
        };
        let is_lost = random.happens(0.01);
        let noise = random.normal();
        if is_lost || (index == 2 && number > breaks_down) {
            continue;
        }
        let device = (index + 1).to_string();
        let (last, missing) = seen.entry(device.clone()).or_insert((number, 0));
        *missing += number.saturating_sub(*last + 1);
        *last = number;
        events.push(Reading {
            device,
            number,
            time,
            milli_percent: 45_000 - (800.0 * noise) as i32,
            milli_celsius: 20_000 + 1_000 * index as i32 + (500.0 * noise) as i32,
        });
    }
    let missing: Vec<String> = seen
        .iter()
        .map(|(device, (_, missing))| format!("{missing} of device {device}"))
        .collect();
    let last = seen.get("3").map(|(last, _)| {
        let time = time_of_number(*last, interval_ms).map_or(0, Timestamp::millis);
        format!("; device 3 breaks down after {}", clock(time))
    });
    Generated {
        events,
        truth: format!(
            "readings are missing, {}{}",
            missing.join(", "),
            last.unwrap_or_default()
        ),
    }
}

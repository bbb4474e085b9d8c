//! How do the devices in the field do, and which of them have fallen silent?
//!
//! Tumbling windows with several aggregates: every window is `--window-ms` long
//! and begins where the one before ends. A device numbers its readings, so that
//! numbers which were skipped tell how many have gone missing. Beside the windows
//! runs a timer for every reading: when no other has come within `--silence-ms`,
//! the device has fallen silent.
#![forbid(unsafe_code)]

use clap::Args;
use fluxus::prelude::*;
use fluxus::windows::Distinct;
use fluxus_examples::devices::{Report, RollCall, Silence, WindowReport};
use fluxus_examples::events::{DeviceReading, ReadingClock};
use fluxus_examples::input::Parser;
use fluxus_examples::sample::{Generated, Row, Sample, Timed, Totals};
use fluxus_examples::MINUTE_MS;
use fluxus_examples::{clock_text, data, grouped, legible, Column, SilenceOption, SizeOption};
use serde::Serialize;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    fluxus_examples::main::<IotDevices>()
}

#[derive(Args, Clone)]
struct IotDevices {
    #[command(flatten)]
    windows: SizeOption<{ 30 * MINUTE_MS }>,

    #[command(flatten)]
    silence: SilenceOption<MINUTE_MS>,

    #[command(flatten)]
    clock: ReadingClock,
}

impl Sample for IotDevices {
    const NAME: &'static str = "iot-devices";
    const ABOUT: &'static str =
        "How the devices in the field do, and which have fallen silent: tumbling windows and \
         timers over the readings of a sensor network";
    type Event = DeviceReading;
    type Row = Told;

    fn default_inputs(&self) -> Vec<PathBuf> {
        vec![data("motes.csv")]
    }

    fn parser(&self, _: &Path) -> Box<dyn Parser<DeviceReading>> {
        let clock = self.clock;
        Box::new(move |line: &str| DeviceReading::parse(line, clock))
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<DeviceReading> {
        DeviceReading::made_up(count, seed, self.clock)
    }

    fn results(&self, readings: Timed<DeviceReading>) -> Result<Timed<Told>, Error> {
        let by_device = readings.key_by(|reading| reading.device.clone());
        let [in_windows, one_by_one] = by_device.fan_out();
        let celsius = |reading: &DeviceReading| reading.milli_celsius;
        let humidity = |reading: &DeviceReading| reading.milli_percent;
        let number = |reading: &DeviceReading| reading.number;
        let windows = in_windows
            .window(Tumbling::new(self.windows.size())?)
            .aggregate((
                (Count, Mean::of(humidity)),
                (Mean::of(celsius), Min::of(celsius), Max::of(celsius)),
                (Distinct::count(number), Min::of(number), Max::of(number)),
            ))
            // A device's windows come one behind the other: the last number of one
            // tells what is missing at the beginning of the next.
            .key_by(|row| row.key.clone())
            .scan(None, |last, row| Some(Report::of_window(row, last)));
        let silences = one_by_one
            .process(Silence::of(self.silence.after()))
            .map(Report::Silent);
        Ok(windows.union(silences).map(Told).boxed_timed())
    }
}

/// What is told of a device.
#[derive(Clone, Serialize)]
#[serde(transparent)]
struct Told(Report);

impl Told {
    /// What stands in the table of a window; a silence has no figures.
    fn of(&self, text: fn(&WindowReport) -> String) -> String {
        match &self.0 {
            Report::Window(window) => text(window),
            Report::Silent(_) => "-".to_owned(),
        }
    }
}

impl Row for Told {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::figure("until", "h:mm:ss", 9, |row| match &row.0 {
            Report::Window(window) => clock_text(window.to_ms),
            Report::Silent(silent) => clock_text(silent.noticed_ms),
        }),
        Column::text("device", 12, |row| legible(row.0.device(), 30)),
        Column::figure("readings", "", 8, |row| row.of(|w| grouped(w.readings))),
        Column::figure("missing", "", 7, |row| row.of(|w| grouped(w.missing))),
        Column::figure("mean", "°C", 6, |row| {
            row.of(|w| format!("{:.2}", w.mean_c))
        }),
        Column::figure("min", "°C", 6, |row| row.of(|w| format!("{:.2}", w.min_c))),
        Column::figure("max", "°C", 6, |row| row.of(|w| format!("{:.2}", w.max_c))),
        Column::figure("humidity", "%", 8, |row| {
            row.of(|w| format!("{:.1}", w.mean_humidity_percent))
        }),
        Column::text("", 22, |row| match &row.0 {
            Report::Window(_) => String::new(),
            Report::Silent(silent) => format!("silent since {}", clock_text(silent.last_ms)),
        }),
    ];
    type Totals = RollCall;

    /// Windows first, and both by device.
    fn compare(&self, other: &Self) -> Ordering {
        let rank = |told: &Self| matches!(told.0, Report::Silent(_));
        (rank(self).cmp(&rank(other))).then_with(|| self.0.device().cmp(other.0.device()))
    }
}

impl Totals<Told> for RollCall {
    fn add(&mut self, row: &Told) {
        self.count(&row.0);
    }

    fn text(&self) -> String {
        self.text()
    }
}

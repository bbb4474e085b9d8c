use crate::input::Parsed;
use crate::sample::{Event, Generated};
use crate::{clock_text, Random, DAY_MS};
use clap::{value_parser, Args};
use fluxus::windows::Timestamp;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What a device says: thousandths, so that sums are exact, whatever their order.
#[derive(Clone, Debug)]
pub struct DeviceReading {
    /// Its name.
    pub device: String,
    /// Its number: a device counts its readings.
    pub number: u64,
    /// When it was taken.
    pub time: Timestamp,
    /// The relative humidity, in thousandths of a percent.
    pub milli_percent: i32,
    /// In thousandths of a degree Celsius.
    pub milli_celsius: i32,
}

/// Where readings lie in event time.
#[derive(Args, Clone, Copy, Debug)]
pub struct ReadingClock {
    /// How far a reading is from the next of its device: reading n has the event time n x MS
    #[arg(long, value_name = "MS", default_value_t = 5_000,
          value_parser = value_parser!(u64).range(1..=DAY_MS))]
    interval_ms: u64,
}

impl ReadingClock {
    /// When a reading is taken; none beyond the end of time.
    fn time_of(self, number: u64) -> Option<Timestamp> {
        let nanos = number
            .checked_mul(self.interval_ms)?
            .checked_mul(1_000_000)?;
        // A window, and the time until a device counts as silent, must still fit.
        let nanos = i64::try_from(nanos).ok().filter(|n| *n < i64::MAX / 2)?;
        Some(Timestamp::from_nanos(nanos))
    }
}

impl Event for DeviceReading {
    const PLURAL: &'static str = "readings";

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl DeviceReading {
    /// `2001,1,1,42.89,27.76,0`: the number of the reading, the mote, whether it stands
    /// indoors, its humidity in percent, its temperature in °C.
    pub fn parse(line: &str, clock: ReadingClock) -> Parsed<Self> {
        if line.is_empty() || line.starts_with("reading,") {
            return Parsed::Nothing;
        }
        let parse = || {
            let fields: Vec<&str> = line.split(',').collect();
            let [number, device, _, humidity, celsius, ..] = fields[..] else {
                return Err(format!("it has {} fields, not 5 or more", fields.len()));
            };
            if device.is_empty() {
                return Err("it names no device".to_owned());
            }
            let (number, time) = number
                .parse()
                .ok()
                .and_then(|number| Some((number, clock.time_of(number)?)))
                .ok_or_else(|| format!("{number:?} is no number of a reading"))?;
            Ok(Self {
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

    /// Five devices; each loses a reading in a hundred, and the third breaks down
    /// after three fifths of the time.
    pub fn made_up(count: u64, seed: u64, clock: ReadingClock) -> Generated<Self> {
        let mut random = Random::new(seed);
        let breaks_down = count * 3 / 25;
        let mut events = Vec::new();
        let mut seen: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut turn = 0;
        while (events.len() as u64) < count {
            let (number, index) = (turn / 5, turn % 5);
            turn += 1;
            let Some(time) = clock.time_of(number) else {
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
            events.push(Self {
                device,
                number,
                time,
                milli_percent: 45_000 - (800.0 * noise) as i32,
                milli_celsius: 20_000 + 1_000 * index as i32 + (500.0 * noise) as i32,
            });
        }
        let missing = seen
            .iter()
            .map(|(device, (_, missing))| format!("{missing} of device {device}"));
        let missing: Vec<String> = missing.collect();
        let breaks_down = seen.get("3").map(|(last, _)| {
            let time = clock.time_of(*last).map_or(0, Timestamp::millis);
            format!("device 3 breaks down after {}, and ", clock_text(time))
        });
        let truth = format!(
            "{}readings are missing:\n{}",
            breaks_down.unwrap_or_default(),
            missing.join(", ")
        );
        Generated { events, truth }
    }
}

fn thousandths(text: &str, range: RangeInclusive<f64>, what: &str) -> Result<i32, String> {
    match text.parse::<f64>() {
        Ok(number) if range.contains(&number) => Ok((number * 1e3).round() as i32),
        _ => Err(format!("{text:?} is no {what}")),
    }
}

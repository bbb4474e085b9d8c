use crate::input::{iso_time, Parsed};
use crate::sample::{Event, Generated};
use crate::Random;
use fluxus::windows::Timestamp;
use std::f64::consts::PI;

/// What a weather station says: thousandths of a degree, so that sums are exact,
/// whatever their order.
#[derive(Clone, Debug)]
pub struct Temperature {
    /// Its name.
    pub station: String,
    /// When it was measured.
    pub time: Timestamp,
    /// In thousandths of a degree Celsius.
    pub milli_celsius: i32,
}

impl Event for Temperature {
    const PLURAL: &'static str = "readings";

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl Temperature {
    /// `EWR,2013,1,1,1,39.02,...,2013-01-01T06:00:00Z`: the first column, the one of
    /// degrees Fahrenheit, and the last.
    pub fn parse(line: &str) -> Parsed<Self> {
        if line.is_empty() || line.starts_with("origin,") {
            return Parsed::Nothing;
        }
        let parse = || {
            let fields: Vec<&str> = line.split(',').collect();
            let [station, _, _, _, _, fahrenheit, .., time] = fields[..] else {
                return Err(format!("it has {} fields, not 7 or more", fields.len()));
            };
            if station.is_empty() {
                return Err("it names no station".to_owned());
            }
            let fahrenheit: f64 = match fahrenheit.parse() {
                Ok(number) if (-200.0..1000.0).contains(&number) => number,
                _ => return Err(format!("{fahrenheit:?} is no temperature in °F")),
            };
            Ok(Self {
                station: station.to_owned(),
                time: iso_time(time)?,
                milli_celsius: milli((fahrenheit - 32.0) / 1.8),
            })
        };
        parse().into()
    }

    /// Three stations by turns, every ten minutes: a day's curve, and noise.
    pub fn made_up(count: u64, seed: u64) -> Generated<Self> {
        let mut random = Random::new(seed);
        let event = |number| {
            let minutes = 10 * (number / 3);
            let day = 2.0 * PI * minutes as f64 / 1440.0;
            let celsius = 5.0 * (number % 3) as f64 + 10.0 - 5.0 * day.cos();
            Self {
                station: ["north", "middle", "south"][(number % 3) as usize].to_owned(),
                time: Timestamp::from_secs(60 * minutes as i64),
                milli_celsius: milli(celsius + 0.5 * random.normal()),
            }
        };
        Generated {
            events: (0..count).map(event).collect(),
            truth: String::new(),
        }
    }
}

fn milli(celsius: f64) -> i32 {
    (1e3 * celsius).round() as i32
}

use super::Report;
use crate::{clock_text, grouped, legible};
use std::collections::BTreeMap;

/// How many are told of.
const MOST: usize = 10;
/// How many silences of each.
const MOST_SILENCES: usize = 3;

/// Who said how much, what is missing of it, and who fell silent.
#[derive(Debug, Default)]
pub struct RollCall(BTreeMap<String, Tally>);

#[derive(Debug, Default)]
struct Tally {
    readings: u64,
    missing: u64,
    silent_ms: Vec<i64>,
}

impl RollCall {
    /// Adds up what is told of a device.
    pub fn count(&mut self, report: &Report) {
        let tally = self.0.entry(report.device().to_owned()).or_default();
        match report {
            Report::Window(window) => {
                tally.readings += window.readings;
                tally.missing += window.missing;
            }
            Report::Silent(silent) => tally.silent_ms.push(silent.last_ms),
        }
    }

    /// A line for each, the first ones of the alphabet.
    pub fn text(&self) -> String {
        let lines = self.0.iter().take(MOST).map(|(device, tally)| {
            let device = legible(device, 40);
            let (readings, missing) = (grouped(tally.readings), grouped(tally.missing));
            let silent = match tally.silent_ms.len() {
                0 => String::new(),
                _ => format!("; fell silent after {}", clocks(&tally.silent_ms)),
            };
            format!("device {device}: {readings} readings, {missing} missing{silent}\n")
        });
        let mut text: String = lines.collect();
        if self.0.len() > MOST {
            text.push_str(&format!("and {} more\n", self.0.len() - MOST));
        }
        text
    }
}

/// The first of them, and how many there are.
fn clocks(times_ms: &[i64]) -> String {
    let first = times_ms.iter().take(MOST_SILENCES);
    let first: Vec<String> = first.map(|ms| clock_text(*ms)).collect();
    let more = match times_ms.len() - first.len() {
        0 => String::new(),
        more => format!(" and {more} times more"),
    };
    first.join(", ") + &more
}

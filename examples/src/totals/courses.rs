use crate::{grouped, legible};
use std::collections::BTreeMap;

/// How many symbols are told of.
const MOST_SYMBOLS: usize = 10;

/// How shares did over the whole of a time, by symbol.
#[derive(Clone, Debug, Default)]
pub struct Courses(BTreeMap<String, Course>);

#[derive(Clone, Debug)]
struct Course {
    open: f64,
    close: f64,
    volume: u128,
}

impl Courses {
    /// Adds what came behind all that was added before; prices in US dollars.
    pub fn add(&mut self, symbol: &str, open: f64, close: f64, volume: u64) {
        let course = self.0.entry(symbol.to_owned()).or_insert(Course {
            open,
            close,
            volume: 0,
        });
        course.close = close;
        course.volume += u128::from(volume);
    }

    /// A line for each share, the first ten of the alphabet.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (
            symbol,
            Course {
                open,
                close,
                volume,
            },
        ) in self.0.iter().take(MOST_SYMBOLS)
        {
            let volume = grouped(u64::try_from(*volume).unwrap_or(u64::MAX));
            let change = match *open > 0.0 {
                true => format!(" ({:+.1} %)", 100.0 * (close / open - 1.0)),
                false => String::new(),
            };
            let symbol = legible(symbol, 20);
            text.push_str(&format!(
                "{symbol}: from {open:.2} to {close:.2} USD{change}, {volume} shares traded\n"
            ));
        }
        match self.0.len().saturating_sub(MOST_SYMBOLS) {
            0 => text,
            more => format!("{text}and {more} more\n"),
        }
    }
}

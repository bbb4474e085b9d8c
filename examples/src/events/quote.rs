use crate::input::{iso_time, Parsed, Parser};
use crate::sample::{Event, Generated};
use crate::totals::Courses;
use crate::Random;
use fluxus::windows::Timestamp;
use std::path::Path;

/// Prices are whole numbers of a hundredth of a cent, so that sums are exact,
/// whatever their order: so many are a dollar.
const A_DOLLAR: f64 = 10_000.0;
/// Far more than there are of any.
const MOST_SHARES: u64 = 1_000_000_000_000_000;

/// How a share traded over a day, or a minute; prices in hundredths of a cent.
#[derive(Clone, Debug)]
pub struct Quote {
    /// Which share.
    pub symbol: String,
    /// When the day or the minute began.
    pub time: Timestamp,
    /// The first price.
    pub open: i64,
    /// The highest price.
    pub high: i64,
    /// The lowest price.
    pub low: i64,
    /// The last price.
    pub close: i64,
    /// How many shares changed hands.
    pub volume: u64,
}

/// A price in US dollars.
pub fn dollars(price: i64) -> f64 {
    price as f64 / A_DOLLAR
}

impl Event for Quote {
    const PLURAL: &'static str = "quotes";

    fn time(&self) -> Timestamp {
        self.time
    }
}

impl Quote {
    /// A parser of a file, whose name is the symbol.
    pub fn parser(file: &Path) -> impl Parser<Self> {
        let stem = file.file_stem().unwrap_or_default();
        let symbol = stem.to_string_lossy().into_owned();
        let mut columns = Ok(Columns::default());
        move |line: &str| {
            if line.is_empty() {
                return Parsed::Nothing;
            }
            if line.to_ascii_lowercase().starts_with("date,") {
                columns = Columns::of(line);
                return Parsed::Nothing;
            }
            let quote = columns.clone();
            quote
                .and_then(|columns| Self::parse(line, &symbol, columns))
                .into()
        }
    }

    /// `2008-01-02,199.27,200.26,192.55,194.84,38542100`: the time, open, high, low
    /// and close in dollars, and how many shares were traded.
    fn parse(line: &str, symbol: &str, columns: Columns) -> Result<Self, String> {
        let fields: Vec<&str> = line.split(',').collect();
        let [time, open, high, low, close, volume] = columns.of_line(&fields)?;
        let quote = Self {
            symbol: symbol.to_owned(),
            time: iso_time(time)?,
            open: price(open)?,
            high: price(high)?,
            low: price(low)?,
            close: price(close)?,
            volume: match volume.trim().parse() {
                Ok(volume) if volume <= MOST_SHARES => volume,
                _ => return Err(format!("{volume:?} is no number of shares")),
            },
        };
        match quote.high < quote.low {
            true => Err("its high is below its low".to_owned()),
            false => Ok(quote),
        }
    }

    /// Eight symbols by turns, every minute from Monday, the third of January 2000,
    /// on: prices that walk at random.
    pub fn made_up(count: u64, seed: u64) -> Generated<Self> {
        const BEGIN_S: i64 = 946_857_600;
        const SYMBOLS: [&str; 8] = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH"];
        let mut random = Random::new(seed);
        let mut courses = Courses::default();
        let mut last = [price_of(100.0); 8];
        let mut events = Vec::new();
        for number in 0..count {
            let index = (number % 8) as usize;
            let mut step = |price: i64| (price + (500.0 * random.normal()) as i64).max(100);
            let open = last[index];
            let close = step(open);
            let (high, low) = (step(open.max(close)), step(open.min(close)));
            let quote = Self {
                symbol: SYMBOLS[index].to_owned(),
                time: Timestamp::from_secs(BEGIN_S + 60 * (number / 8) as i64),
                open,
                high: high.max(open).max(close),
                low: low.min(open).min(close),
                close,
                volume: 100 * random.below(1000),
            };
            last[index] = close;
            courses.add(&quote.symbol, dollars(open), dollars(close), quote.volume);
            events.push(quote);
        }
        Generated {
            events,
            truth: format!(
                "these prices and shares come out, all weeks together\n{}",
                courses.text()
            ),
        }
    }

    /// Where in time it lies; of two quotes of one time, the lower one comes first,
    /// whichever file it is from.
    pub fn place(&self) -> (Timestamp, [i64; 4]) {
        (self.time, [self.open, self.close, self.low, self.high])
    }

    /// Adds what its shares were paid with, three times: the mean of high, low and
    /// close stands for the price of each.
    pub fn add_paid(paid_thrice: &mut i128, quote: &Self) {
        let thrice = i128::from(quote.high + quote.low + quote.close);
        *paid_thrice += thrice * i128::from(quote.volume);
    }
}

/// In which columns of a file its quotes stand, from 0.
#[derive(Clone, Copy)]
struct Columns([usize; 6]);

impl Default for Columns {
    /// Those of a file without a heading.
    fn default() -> Self {
        Self([0, 1, 2, 3, 4, 5])
    }
}

impl Columns {
    const NAMES: [&'static str; 6] = ["date", "open", "high", "low", "close", "volume"];

    /// As the heading says, in whatever order.
    fn of(heading: &str) -> Result<Self, String> {
        let heading = heading.to_ascii_lowercase();
        let names: Vec<&str> = heading.split(',').map(str::trim).collect();
        let mut columns = [0; 6];
        for (column, name) in columns.iter_mut().zip(Self::NAMES) {
            let place = names.iter().position(|other| *other == name);
            *column = place.ok_or_else(|| format!("the heading names no column {name}"))?;
        }
        Ok(Self(columns))
    }

    fn of_line<'line>(self, fields: &[&'line str]) -> Result<[&'line str; 6], String> {
        let mut found = [""; 6];
        for (field, column) in found.iter_mut().zip(self.0) {
            *field = fields.get(column).ok_or_else(|| {
                let needed = self.0.iter().max().map_or(0, |last| last + 1);
                format!("it has {} fields, not {needed} or more", fields.len())
            })?;
        }
        Ok(found)
    }
}

fn price(text: &str) -> Result<i64, String> {
    match text.parse::<f64>() {
        Ok(dollars) if (0.0..=1e9).contains(&dollars) => Ok(price_of(dollars)),
        _ => Err(format!("{text:?} is no price in dollars")),
    }
}

fn price_of(dollars: f64) -> i64 {
    (dollars * A_DOLLAR).round() as i64
}

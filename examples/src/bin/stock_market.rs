//! How have shares traded, week by week?
//!
//! Tumbling windows with several aggregates: open, high, low and close, the volume,
//! and the price that was paid on average (VWAP), for each symbol. Every file is one
//! symbol's; the stream is their merge by time, since a window closes only when the
//! last of the files has come past it.
#![forbid(unsafe_code)]

use clap::{value_parser, Args};
use fluxus::prelude::*;
use fluxus::windows::{Fold, MaxBy, MinBy};
use fluxus_examples::input::{iso_time, Parsed, Parser};
use fluxus_examples::sample::{Generated, Row, Sample, Timed};
use fluxus_examples::{data, grouped, legible, time_text, Column, Random};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    fluxus_examples::main::<StockMarket>()
}

#[derive(Args, Clone)]
struct StockMarket {
    /// How long a window is, in milliseconds of event time; weeks begin on Mondays
    #[arg(long, value_name = "MS", default_value_t = 7 * 86_400_000,
          value_parser = value_parser!(u64).range(1..=3_155_760_000_000))]
    window_ms: u64,
}

/// A hundredth of a cent: prices are whole numbers of it, so that sums are exact,
/// whatever their order.
const A_DOLLAR: f64 = 10_000.0;

/// The first Monday since 1970: the fifth of January.
const MONDAY_MS: u64 = 4 * 86_400_000;

/// How a share traded over a day, or a minute.
#[derive(Clone, Debug)]
struct Quote {
    symbol: String,
    time: Timestamp,
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    volume: u64,
}

/// How a share traded over a window, in dollars.
#[derive(Clone, Debug, Serialize)]
struct Bar {
    symbol: String,
    from_ms: i64,
    to_ms: i64,
    quotes: u64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: u64,
    /// None where nothing was traded.
    vwap: Option<f64>,
    /// Of the close, against the one before; none for the first.
    return_percent: Option<f64>,
}

impl Sample for StockMarket {
    const NAME: &'static str = "stock-market";
    const ABOUT: &'static str =
        "How shares have traded, week by week: tumbling windows over the merge of several files, \
         each of one symbol";
    const EVENTS: &'static str = "quotes";
    type Event = Quote;
    type Row = Bar;

    fn default_inputs(&self) -> Vec<PathBuf> {
        let symbols = ["AAPL", "FB", "GOOG", "IBM", "MSFT"];
        symbols
            .map(|symbol| data(&format!("stocks/{symbol}.csv")))
            .into()
    }

    fn parser(&self) -> Box<dyn Parser<Quote>> {
        self.parser_of(Path::new("?"))
    }

    /// The symbol is the name of the file.
    fn parser_of(&self, file: &Path) -> Box<dyn Parser<Quote>> {
        let stem = file.file_stem().unwrap_or_default();
        let symbol = stem.to_string_lossy().into_owned();
        Box::new(move |line: &str| quote_of(line, &symbol))
    }

    fn time_of(quote: &Quote) -> Timestamp {
        quote.time
    }

    fn results(&self, quotes: Timed<Quote>) -> Result<Timed<Bar>, Error> {
        let offset_ns = i64::try_from(MONDAY_MS % self.window_ms * 1_000_000).unwrap_or(0);
        let windows =
            Tumbling::new(Duration::from_millis(self.window_ms))?.with_offset_ns(offset_ns)?;
        let traded = Fold::new((0u64, 0i128, 0i128), add_quote, join_sums);
        let bars = quotes
            .key_by(|quote| quote.symbol.clone())
            .window(windows)
            .aggregate((
                // By time, not by arrival: quotes may be out of order.
                MinBy::key(|quote: &Quote| quote.time),
                Max::of(|quote: &Quote| quote.high),
                Min::of(|quote: &Quote| quote.low),
                MaxBy::key(|quote: &Quote| quote.time),
                traded,
            ))
            // A symbol's windows come one behind the other: the last close gives the return.
            .key_by(|row| row.key.clone())
            .scan(None, |last, row| Some(Bar::of(row, last)));
        Ok(bars.boxed_timed())
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Quote> {
        made_up(count, seed)
    }

    fn closing(&self, symbols: &Symbols) -> String {
        let mut text: String = symbols.iter().take(MOST_SYMBOLS).map(line_of).collect();
        if symbols.len() > MOST_SYMBOLS {
            text.push_str(&format!("and {} more\n", symbols.len() - MOST_SYMBOLS));
        }
        text
    }
}

/// How many were folded in, what was traded, and for how much: the mean of high, low
/// and close, three times, for each share.
type Sums = (u64, i128, i128);

fn add_quote((quotes, volume, paid): &mut Sums, quote: &Quote) {
    *quotes += 1;
    *volume += i128::from(quote.volume);
    *paid += i128::from(quote.high + quote.low + quote.close) * i128::from(quote.volume);
}

fn join_sums((quotes, volume, paid): &mut Sums, other: Sums) {
    *quotes += other.0;
    *volume += other.1;
    *paid += other.2;
}

/// `2008-01-02,199.27,200.26,192.55,194.84,38542100`: the time, open, high, low and
/// close in dollars, and how many shares were traded.
fn quote_of(line: &str, symbol: &str) -> Parsed<Quote> {
    if line.is_empty() || line.starts_with("Date,") {
        return Parsed::Nothing;
    }
    let parse = || {
        let fields: Vec<&str> = line.split(',').collect();
        let [time, open, high, low, close, volume, ..] = fields[..] else {
            return Err(format!("it has {} fields, not 6 or more", fields.len()));
        };
        let time = iso_time(time)?;
        let [open, high, low, close] = [price(open)?, price(high)?, price(low)?, price(close)?];
        if high < low {
            return Err("its high is below its low".to_owned());
        }
        let volume = match volume.trim().parse() {
            Ok(volume) if volume <= MOST_SHARES => volume,
            _ => return Err(format!("{volume:?} is no number of shares")),
        };
        Ok(Quote {
            symbol: symbol.to_owned(),
            time,
            open,
            high,
            low,
            close,
            volume,
        })
    };
    parse().into()
}

/// Far more than there are of any.
const MOST_SHARES: u64 = 1_000_000_000_000_000;

fn price(text: &str) -> Result<i64, String> {
    match text.parse::<f64>() {
        Ok(dollars) if (0.0..=1e9).contains(&dollars) => Ok((dollars * A_DOLLAR).round() as i64),
        _ => Err(format!("{text:?} is no price in dollars")),
    }
}

// ── windows into rows ──

impl Bar {
    /// The row of a window; `last` is the symbol's last close.
    fn of(
        row: WindowResult<String, (Quote, i64, i64, Quote, Sums)>,
        last: &mut Option<i64>,
    ) -> Self {
        let (first, high, low, latest, (quotes, volume, paid)) = row.value;
        let dollars = |price: i64| price as f64 / A_DOLLAR;
        let before = last.replace(latest.close).filter(|close| *close > 0);
        Self {
            from_ms: row.window.start().millis(),
            to_ms: row.window.end().millis(),
            symbol: row.key,
            quotes,
            open: dollars(first.open),
            high: dollars(high),
            low: dollars(low),
            close: dollars(latest.close),
            volume: u64::try_from(volume).unwrap_or(u64::MAX),
            vwap: (volume > 0).then(|| {
                let price = paid as f64 / (3.0 * volume as f64);
                price.round() / A_DOLLAR
            }),
            return_percent: before.map(|before| {
                let growth = latest.close as f64 / before as f64 - 1.0;
                (growth * 1e6).round() / 1e4
            }),
        }
    }
}

/// How many symbols are told of below the table.
const MOST_SYMBOLS: usize = 10;

type Symbols = BTreeMap<String, SymbolTotals>;

/// What a symbol comes to over all windows.
struct SymbolTotals {
    open: f64,
    close: f64,
    volume: u128,
}

fn line_of((symbol, totals): (&String, &SymbolTotals)) -> String {
    let SymbolTotals {
        open,
        close,
        volume,
    } = totals;
    let volume = grouped(u64::try_from(*volume).unwrap_or(u64::MAX));
    let symbol = legible(symbol, 20);
    let change = match *open > 0.0 {
        true => format!(" ({:+.1} %)", 100.0 * (close / open - 1.0)),
        false => String::new(),
    };
    format!("{symbol}: from {open:.2} to {close:.2} USD{change}, {volume} shares traded\n")
}

impl Row for Bar {
    const COLUMNS: &'static [Column] = &[
        Column::text("from (UTC)", 16),
        Column::text("symbol", 6),
        Column::figure("open", "USD", 8),
        Column::figure("high", "USD", 8),
        Column::figure("low", "USD", 8),
        Column::figure("close", "USD", 8),
        Column::figure("VWAP", "USD", 8),
        Column::figure("volume", "shares", 13),
        Column::figure("return", "%", 7),
    ];
    type Totals = Symbols;

    fn cells(&self) -> Vec<String> {
        let mut from = time_text(Timestamp::from_millis(self.from_ms));
        // Without the seconds.
        from.truncate(16);
        let price = |dollars: f64| format!("{dollars:.2}");
        vec![
            from,
            legible(&self.symbol, 20),
            price(self.open),
            price(self.high),
            price(self.low),
            price(self.close),
            self.vwap.map_or("-".to_owned(), price),
            grouped(self.volume),
            self.return_percent
                .map_or("-".to_owned(), |percent| format!("{percent:+.2}")),
        ]
    }

    fn rank(&self) -> String {
        self.symbol.clone()
    }

    fn add_to(&self, symbols: &mut Symbols) {
        let totals = symbols
            .entry(self.symbol.clone())
            .or_insert_with(|| SymbolTotals {
                open: self.open,
                close: self.close,
                volume: 0,
            });
        totals.close = self.close;
        totals.volume += u128::from(self.volume);
    }
}

// ── made-up data ──

/// Eight symbols by turns, every minute from Monday, the third of January 2000, on:
/// prices that walk at random.
fn made_up(count: u64, seed: u64) -> Generated<Quote> {
    const BEGIN_S: i64 = 946_857_600;
    let mut random = Random::new(seed);
    let mut prices = [1_000_000i64; 8];
    let mut truth = Symbols::new();
    let mut events = Vec::new();
    for number in 0..count {
        let index = (number % 8) as usize;
        let symbol = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH"][index].to_owned();
        let mut step = |price: i64| (price + (500.0 * random.normal()) as i64).max(100);
        let open = prices[index];
        let close = step(open);
        let (high, low) = (step(open.max(close)), step(open.min(close)));
        let quote = Quote {
            time: Timestamp::from_secs(BEGIN_S + 60 * (number / 8) as i64),
            open,
            high: high.max(open).max(close),
            low: low.min(open).min(close),
            close,
            volume: 100 * random.below(1000),
            symbol,
        };
        prices[index] = close;
        let totals = truth
            .entry(quote.symbol.clone())
            .or_insert_with(|| SymbolTotals {
                open: quote.open as f64 / A_DOLLAR,
                close: 0.0,
                volume: 0,
            });
        totals.close = quote.close as f64 / A_DOLLAR;
        totals.volume += u128::from(quote.volume);
        events.push(quote);
    }
    let lines: String = truth.iter().map(line_of).collect();
    Generated {
        events,
        truth: format!("these prices and shares come out, all weeks together\n{lines}"),
    }
}

//! How have shares traded, week by week?
//!
//! Tumbling windows with several aggregates: open, high, low and close, the volume,
//! and the price that was paid on average (VWAP), for each symbol. Every file is one
//! symbol's; the stream is their merge by time, since a window closes only when the
//! last of the files has come past it.
#![forbid(unsafe_code)]

use clap::Args;
use fluxus::prelude::*;
use fluxus::windows::{Fold, MaxBy, MinBy};
use fluxus_examples::events::{dollars, Quote};
use fluxus_examples::input::Parser;
use fluxus_examples::sample::{Generated, Row, Sample, Timed, Totals};
use fluxus_examples::totals::Courses;
use fluxus_examples::{data, grouped, legible, minute_text, rounded, Column, SizeOption, DAY_MS};
use serde::Serialize;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    fluxus_examples::main::<StockMarket>()
}

/// The first Monday since 1970 was the fifth of January: weeks begin on Mondays.
const MONDAY: Duration = Duration::from_millis(4 * DAY_MS);

#[derive(Args, Clone)]
struct StockMarket {
    #[command(flatten)]
    windows: SizeOption<{ 7 * DAY_MS }>,
}

impl Sample for StockMarket {
    const NAME: &'static str = "stock-market";
    const ABOUT: &'static str =
        "How shares have traded, week by week: tumbling windows over the merge of several files, \
         each of one symbol";
    type Event = Quote;
    type Row = Bar;

    fn default_inputs(&self) -> Vec<PathBuf> {
        let symbols = ["AAPL", "FB", "GOOG", "IBM", "MSFT"];
        symbols
            .map(|symbol| data(&format!("stocks/{symbol}.csv")))
            .into()
    }

    fn parser(&self, file: &Path) -> Box<dyn Parser<Quote>> {
        Box::new(Quote::parser(file))
    }

    fn generate(&self, count: u64, seed: u64) -> Generated<Quote> {
        Quote::made_up(count, seed)
    }

    fn results(&self, quotes: Timed<Quote>) -> Result<Timed<Bar>, Error> {
        let size = self.windows.size();
        let offset_ns = (MONDAY.as_nanos() % size.as_nanos()) as i64;
        // By time, not by arrival: quotes may be out of order.
        let first = MinBy::key(Quote::place);
        let last = MaxBy::key(Quote::place);
        let high = Max::of(|quote: &Quote| quote.high);
        let low = Min::of(|quote: &Quote| quote.low);
        let volume = Sum::of(|quote: &Quote| quote.volume);
        let paid = Fold::new(0, Quote::add_paid, |paid, other| *paid += other);
        let bars = quotes
            .key_by(|quote| quote.symbol.clone())
            .window(Tumbling::new(size)?.with_offset_ns(offset_ns)?)
            .aggregate(((first, last), (high, low), (Count, volume, paid)))
            // A symbol's windows come one behind the other: the last close gives the return.
            .key_by(|row| row.key.clone())
            .scan(None, |last, row| Some(Bar::of(row, last)));
        Ok(bars.boxed_timed())
    }
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

type Aggregates = ((Quote, Quote), (i64, i64), (u64, u128, i128));

impl Bar {
    /// The row of a window; `last` is the symbol's last close.
    fn of(row: WindowResult<String, Aggregates>, last: &mut Option<i64>) -> Self {
        let (from_ms, to_ms) = (row.start().millis(), row.end().millis());
        let ((first, latest), (high, low), (quotes, volume, paid_thrice)) = row.value;
        let before = last.replace(latest.close).filter(|close| *close > 0);
        Self {
            symbol: row.key,
            from_ms,
            to_ms,
            quotes,
            open: dollars(first.open),
            high: dollars(high),
            low: dollars(low),
            close: dollars(latest.close),
            volume: u64::try_from(volume).unwrap_or(u64::MAX),
            vwap: (volume > 0).then(|| {
                let price = paid_thrice as f64 / (3.0 * volume as f64);
                dollars(price.round() as i64)
            }),
            return_percent: before.map(|before| {
                let growth = latest.close as f64 / before as f64 - 1.0;
                rounded(100.0 * growth, 4)
            }),
        }
    }
}

impl Row for Bar {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::text("from (UTC)", 16, |row| minute_text(row.from_ms)),
        Column::text("symbol", 6, |row| legible(&row.symbol, 20)),
        Column::figure("open", "USD", 8, |row| format!("{:.2}", row.open)),
        Column::figure("high", "USD", 8, |row| format!("{:.2}", row.high)),
        Column::figure("low", "USD", 8, |row| format!("{:.2}", row.low)),
        Column::figure("close", "USD", 8, |row| format!("{:.2}", row.close)),
        Column::figure("VWAP", "USD", 8, |row| match row.vwap {
            Some(price) => format!("{price:.2}"),
            None => "-".to_owned(),
        }),
        Column::figure("volume", "shares", 13, |row| grouped(row.volume)),
        Column::figure("return", "%", 7, |row| match row.return_percent {
            Some(percent) => format!("{percent:+.2}"),
            None => "-".to_owned(),
        }),
    ];
    type Totals = Courses;

    fn compare(&self, other: &Self) -> Ordering {
        self.symbol.cmp(&other.symbol)
    }
}

impl Totals<Bar> for Courses {
    fn add(&mut self, bar: &Bar) {
        self.add(&bar.symbol, bar.open, bar.close, bar.volume);
    }

    fn text(&self) -> String {
        self.text()
    }
}

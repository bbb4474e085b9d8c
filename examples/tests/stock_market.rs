//! `stock-market` against plain loops over the same files, which share no code with it.
#![cfg(unix)]

mod sample;

use sample::{close, counted, data, file_of, Sample};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::fs;

const MARKET: Sample = Sample(env!("CARGO_BIN_EXE_stock-market"));

const SYMBOLS: [&str; 5] = ["AAPL", "FB", "GOOG", "IBM", "MSFT"];
const DAY_MS: i64 = 86_400_000;

/// A day: open, high, low, close, volume.
struct Day {
    ms: i64,
    prices: [f64; 4],
    volume: u64,
}

/// The number of the day since 1970: by counting them.
fn day_number(date: &str) -> i64 {
    let parts: Vec<i64> = date.split('-').map(|part| part.parse().unwrap()).collect();
    let [year, month, day] = parts[..] else {
        panic!("{date} is no date")
    };
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days_of_years: i64 = (1970..year)
        .map(|year| 365 + i64::from(is_leap(year)))
        .sum();
    let february = 28 + i64::from(is_leap(year));
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days_of_years + months[..month as usize - 1].iter().sum::<i64>() + day - 1
}

fn days(symbol: &str) -> Vec<Day> {
    let text = fs::read_to_string(data(&format!("stocks/{symbol}.csv"))).expect("it is there");
    let day = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        Day {
            ms: DAY_MS * day_number(fields[0]),
            prices: [1, 2, 3, 4].map(|at: usize| fields[at].parse().unwrap()),
            volume: fields[5].parse().unwrap(),
        }
    };
    text.lines().skip(1).map(day).collect()
}

/// Compares a row with the days of its window and the close before.
fn agrees(row: &Value, of_window: &[&Day], before: Option<f64>) {
    let highest = of_window
        .iter()
        .map(|day| day.prices[1])
        .fold(0.0, f64::max);
    let lowest = of_window
        .iter()
        .map(|day| day.prices[2])
        .fold(1e12, f64::min);
    let volume: u64 = of_window.iter().map(|day| day.volume).sum();
    let typical = |day: &Day| (day.prices[1] + day.prices[2] + day.prices[3]) / 3.0;
    let paid: f64 = of_window
        .iter()
        .map(|day| typical(day) * day.volume as f64)
        .sum();
    assert_eq!(row["quotes"], json!(of_window.len()), "{row}");
    assert_eq!(row["open"], json!(of_window[0].prices[0]), "{row}");
    assert_eq!(row["high"], json!(highest), "{row}");
    assert_eq!(row["low"], json!(lowest), "{row}");
    let latest = of_window[of_window.len() - 1].prices[3];
    assert_eq!(row["close"], json!(latest), "{row}");
    assert_eq!(row["volume"], json!(volume), "{row}");
    assert!(
        close(&row["vwap"], paid / volume as f64, 0.000_051),
        "{row}"
    );
    match before {
        None => assert!(row["return_percent"].is_null(), "{row}"),
        Some(before) => {
            let percent = 100.0 * (latest / before - 1.0);
            assert!(close(&row["return_percent"], percent, 0.000_051), "{row}");
        }
    }
}

#[test]
fn the_weeks_are_those_of_plain_loops() {
    // Weeks begin on Mondays: the day 4 since 1970 was one.
    for (options, size_ms, offset_ms) in [
        (vec![], 7 * DAY_MS, 4 * DAY_MS),
        (vec!["--window-ms", "86400000"], DAY_MS, 0),
        (vec!["--window-ms", "2419200000"], 28 * DAY_MS, 4 * DAY_MS),
    ] {
        let rows = MARKET.rows(&options);
        let mut count = 0;
        for symbol in SYMBOLS {
            let days = days(symbol);
            let mut windows: BTreeMap<i64, Vec<&Day>> = BTreeMap::new();
            for day in &days {
                let start = (day.ms - offset_ms) / size_ms * size_ms + offset_ms;
                windows.entry(start).or_default().push(day);
            }
            let of_symbol: Vec<&Value> =
                rows.iter().filter(|row| row["symbol"] == symbol).collect();
            assert_eq!(of_symbol.len(), windows.len(), "{symbol}");
            count += windows.len();
            let mut before = None;
            for (row, (start, of_window)) in of_symbol.iter().zip(&windows) {
                assert_eq!(row["from_ms"], json!(start), "{row}");
                assert_eq!(row["to_ms"], json!(start + size_ms), "{row}");
                agrees(row, of_window, before);
                before = of_window.last().map(|day| day.prices[3]);
            }
        }
        assert_eq!(rows.len(), count);
        // One behind the other in time, and in the order of the alphabet.
        let keys = rows
            .iter()
            .map(|row| (row["from_ms"].as_i64(), row["symbol"].to_string()));
        let keys: Vec<_> = keys.collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

#[test]
fn facts_about_the_shares() {
    // Known beforehand, by a few lines of Python: see data/SOURCES.md.
    let rows = MARKET.rows(&[]);
    assert_eq!(rows.len(), 4 * 270 + 42);
    let first = json!({
        "symbol": "AAPL", "from_ms": 1_199_059_200_000i64, "to_ms": 1_199_664_000_000i64,
        "quotes": 3, "open": 199.27, "high": 200.26, "low": 178.89, "close": 180.05,
        "volume": 120_609_900, "vwap": 190.5325, "return_percent": null,
    });
    assert_eq!(rows[0], first);
    let volume = |symbol: &str| -> u64 {
        let rows = rows.iter().filter(|row| row["symbol"] == symbol);
        rows.filter_map(|row| row["volume"].as_u64()).sum()
    };
    assert_eq!(
        SYMBOLS.map(volume),
        [
            30_689_402_500,
            11_158_019_000,
            9_615_784_900,
            8_702_493_100,
            82_158_873_000
        ]
    );
}

#[test]
fn a_window_waits_for_the_last_of_the_files() {
    // A file that is read in no time, and a longer one: nothing of either is late.
    let path = |symbol: &str| data(&format!("stocks/{symbol}.csv"));
    let (short, long) = (path("FB"), path("IBM"));
    let options = [
        "--input",
        short.to_str().unwrap(),
        "--input",
        long.to_str().unwrap(),
    ];
    for workers in ["1", "2", "4"] {
        let run = MARKET.done(&[&options[..], &["--workers", workers, "--batch", "1"]].concat());
        assert_eq!((counted(&run, "quotes "), counted(&run, "late")), (1496, 0));
        assert_eq!(counted(&run, "rows"), 312);
    }
}

/// Days of January 2010, a line each: all prices are the number of the day.
fn january(numbers: impl IntoIterator<Item = u64>) -> String {
    let line = |day: u64| format!("2010-01-{day:02},{day},{day},{day},{day},100\n");
    numbers.into_iter().map(line).collect()
}

#[test]
fn the_name_of_the_file_is_the_symbol() {
    let file = file_of(&january(4..9));
    let path = file.path().to_str().unwrap();
    let rows = MARKET.rows(&["--input", path]);
    let stem = file.path().file_stem().unwrap().to_str().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["symbol"], stem);
}

#[test]
fn days_out_of_order_are_late_and_counted_or_waited_for() {
    // The fourth is a Monday. The fifth comes last of its week, the sixth too late.
    let text = january([4, 7, 8, 5, 11, 6, 12]);
    let run = MARKET.reads(&text, &["--batch", "1", "--format", "jsonl"]);
    assert!(run.stderr.contains("1 events came too late"), "{run:?}");
    let file = file_of(&text);
    let rows = MARKET.rows(&["--input", file.path().to_str().unwrap(), "--batch", "1"]);
    let week = |row: &Value| [&row["open"], &row["high"], &row["close"]].map(Value::to_string);
    assert_eq!(week(&rows[0]), ["4.0", "8.0", "8.0"]);
    assert_eq!(rows[0]["quotes"], 4);
    let run = MARKET.reads(&text, &["--batch", "1", "--lateness-ms", "86400000"]);
    // A day of patience is not enough; the rest is said in the table.
    assert_eq!(counted(&run, "late"), 0);
}

#[test]
fn where_nothing_is_traded_there_is_no_mean_price() {
    let text = "2010-01-04,0,0,0,0,0\n2010-01-11,5,6,5,6,10\n";
    let file = file_of(text);
    let rows = MARKET.rows(&["--input", file.path().to_str().unwrap()]);
    assert!(
        rows[0]["vwap"].is_null() && rows[1]["vwap"] == 5.6667,
        "{rows:?}"
    );
    // From nothing there is no return.
    assert!(rows[1]["return_percent"].is_null(), "{rows:?}");
}

#[test]
fn what_is_no_quote_is_counted_and_shown() {
    let wrong = [
        "today,1,1,1,1,1",
        "2010-02-30,1,1,1,1,1",
        "9999-01-01,1,1,1,1,1",
        "2010-01-04,-1,1,1,1,1",
        "2010-01-04,1,1e300,1,1,1",
        "2010-01-04,1,NaN,1,1,1",
        "2010-01-04,1,1,2,1,1",
        "2010-01-04,1,1,1,1,-1",
        "2010-01-04,1,1,1,1,99999999999999999999",
        "2010-01-04,1,1",
    ];
    let text = format!("{}{}", january([4]), wrong.join("\n"));
    let run = MARKET.reads(&text, &["--show-malformed"]);
    assert_eq!(counted(&run, "malformed"), wrong.len() as u64);
    for line in 2..2 + wrong.len() {
        assert!(
            run.stderr.contains(&format!(":{line}: ")),
            "{line}: {run:?}"
        );
    }
    assert_eq!(counted(&run, "rows"), 1);
}

#[test]
fn huge_numbers_are_borne() {
    let line = |day: u64| format!("2010-01-{day:02},1e9,1e9,1e9,1e9,1000000000000000\n");
    let text: String = (4..9).map(line).collect();
    let file = file_of(&text);
    let rows = MARKET.rows(&["--input", file.path().to_str().unwrap()]);
    assert_eq!(rows[0]["volume"], 5_000_000_000_000_000u64);
    assert_eq!(rows[0]["vwap"], 1e9);
}

#[test]
fn bad_files_are_told() {
    MARKET.meets_bad_files();
}

#[test]
fn windows_of_every_length_are_borne() {
    for window_ms in ["1", "345600000", "345600001", "3155760000000"] {
        let run = MARKET.done(&["--window-ms", window_ms]);
        assert_eq!((counted(&run, "quotes "), counted(&run, "late")), (5396, 0));
    }
    assert_eq!(MARKET.run(&["--window-ms", "0"]).code, Some(2));
}

#[test]
fn made_up_quotes_are_the_same_for_the_same_seed_and_found() {
    let made_up = |seed: &str| {
        MARKET.done(&[
            "--generate",
            "20000",
            "--window-ms",
            "3600000",
            "--seed",
            seed,
        ])
    };
    let run = made_up("7");
    assert!(run.stderr.contains("made up"), "{run:?}");
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().take_while(|line| !line.starts_with("quotes "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(lines(&made_up("7").stdout), lines(&run.stdout));
    assert_ne!(lines(&made_up("8").stdout), lines(&run.stdout));
    // Once as it was found, and once as it was made up.
    let all = lines(&run.stdout);
    for symbol in ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH"] {
        let told: Vec<_> = all
            .iter()
            .filter(|line| line.starts_with(&format!("{symbol}:")))
            .collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0], told[1]);
    }
    let rows = MARKET.rows(&["--generate", "20000", "--window-ms", "3600000"]);
    // 2500 minutes are 42 hours, begun.
    assert_eq!(rows.len(), 8 * 42);
}

#[test]
fn latencies_are_measured() {
    let run = MARKET.done(&["--latency", "--seconds", "1", "--rate", "20000"]);
    assert!(run.stdout.contains("event to result"), "{run:?}");
    assert!(run.stdout.contains("throughput"), "{run:?}");
}

#[test]
fn quotes_of_one_time_in_two_files_give_the_same_bar_in_every_run() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder can be made"));
    let [one, two] = [(0, "11,12,10,11,5"), (1, "1,2,1,2,7")].map(|(folder, rest)| {
        let path = folders[folder].path().join("X.csv");
        std::fs::write(&path, format!("2010-01-04,{rest}\n")).expect("it can be written");
        path.to_str().expect("a path of text").to_owned()
    });
    for _ in 0..10 {
        let rows = MARKET.rows(&["--input", &one, "--input", &two]);
        assert_eq!(rows[0]["open"], 1.0);
        assert_eq!(rows[0]["close"], 11.0);
    }
}

#[test]
fn a_heading_tells_where_the_columns_are() {
    let text = "Date,Close,Volume,Open,Adj Close,High,Low\n2010-01-04,5,70,3,4.9,6,2\n";
    let file = file_of(text);
    let row = &MARKET.rows(&["--input", file.path().to_str().unwrap()])[0];
    for (name, price) in [("open", 3.0), ("high", 6.0), ("low", 2.0), ("close", 5.0)] {
        assert_eq!(row[name], price, "{name}");
    }
    assert_eq!(row["volume"], 70);
    let run = MARKET.reads("Date,Open,High,Low,Close\n2010-01-04,1,1,1,1\n", &[]);
    assert!(run.stderr.contains("names no column volume"), "{run:?}");
    assert_eq!(counted(&run, "malformed"), 1);
}

//! `temperature-sensor` against plain loops over the same file, which share no code
//! with it.
#![cfg(unix)]

mod sample;

use sample::{close, counted, data, file_of, Sample};
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const SENSOR: Sample = Sample(env!("CARGO_BIN_EXE_temperature-sensor"));

const HOUR_MS: i64 = 3_600_000;
/// 2013-01-01T00:00:00Z.
const NEW_YEAR_MS: i64 = 1_356_998_400_000;

/// The readings of each station: milliseconds and °C.
fn stations() -> BTreeMap<String, Vec<(i64, f64)>> {
    let text = fs::read_to_string(data("weather.csv")).expect("the data is there");
    let mut stations: BTreeMap<String, Vec<(i64, f64)>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        // All of it is January, save the last hours in New York, which are February in UTC.
        let (day, hour) = (&fields[14][8..10], &fields[14][11..13]);
        let days = match &fields[14][..7] {
            "2013-01" => day.parse::<i64>().unwrap() - 1,
            _ => day.parse::<i64>().unwrap() + 30,
        };
        let hours = 24 * days + hour.parse::<i64>().unwrap();
        let celsius = (fields[5].parse::<f64>().unwrap() - 32.0) / 1.8;
        let readings = stations.entry(fields[0].to_owned()).or_default();
        readings.push((NEW_YEAR_MS + HOUR_MS * hours, celsius));
    }
    stations
}

/// Compares the rows of a station with its readings.
fn agree(rows: &[&Value], readings: &[(i64, f64)], size_ms: i64, slide_ms: i64) {
    // Every window in which a reading lies, by trying all.
    let mut starts = BTreeSet::new();
    for (ms, _) in readings {
        let mut start_ms = ms / slide_ms * slide_ms;
        while start_ms + size_ms > *ms {
            starts.insert(start_ms);
            start_ms -= slide_ms;
        }
    }
    assert_eq!(rows.len(), starts.len());
    let mut before: Option<(i64, f64)> = None;
    for (row, start_ms) in rows.iter().zip(starts) {
        let inside = readings
            .iter()
            .filter(|(ms, _)| (start_ms..start_ms + size_ms).contains(ms));
        let celsius: Vec<f64> = inside.map(|(_, celsius)| *celsius).collect();
        let mean = celsius.iter().sum::<f64>() / celsius.len() as f64;
        let min = celsius.iter().copied().fold(f64::INFINITY, f64::min);
        let max = celsius.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(row["from_ms"], json!(start_ms));
        assert_eq!(row["to_ms"], json!(start_ms + size_ms));
        assert_eq!(row["readings"], json!(celsius.len()), "{row}");
        for (field, expected) in [
            ("mean_c", mean),
            ("min_c", min),
            ("max_c", max),
            ("spread_c", max - min),
        ] {
            assert!(close(&row[field], expected, 0.0011), "{field} of {row}");
        }
        match before {
            None => assert!(row["trend_c_per_h"].is_null(), "{row}"),
            Some((ms, before)) => {
                let trend = (mean - before) / ((start_ms - ms) as f64 / HOUR_MS as f64);
                assert!(close(&row["trend_c_per_h"], trend, 0.0021), "{row}");
            }
        }
        before = Some((start_ms, mean));
    }
}

#[test]
fn the_weather_is_that_of_plain_loops() {
    let stations = stations();
    for (size_h, slide_h) in [(6, 1), (24, 6), (1, 1), (3, 2), (1, 3)] {
        let (size_ms, slide_ms) = (HOUR_MS * size_h, HOUR_MS * slide_h);
        let (size, slide) = (size_ms.to_string(), slide_ms.to_string());
        let rows = SENSOR.rows(&["--window-ms", &size, "--slide-ms", &slide]);
        let mut count = 0;
        for (station, readings) in &stations {
            let of_station: Vec<&Value> = rows
                .iter()
                .filter(|row| row["station"] == **station)
                .collect();
            count += of_station.len();
            agree(&of_station, readings, size_ms, slide_ms);
        }
        assert_eq!(rows.len(), count);
    }
}

#[test]
fn facts_about_the_weather() {
    // Known beforehand, by a few lines of Python: see data/SOURCES.md.
    let stations = stations();
    assert_eq!(stations.keys().collect::<Vec<_>>(), ["EWR", "JFK", "LGA"]);
    assert!(stations.values().all(|readings| readings.len() == 742));
    let rows = SENSOR.rows(&[]);
    assert_eq!(rows.len(), 3 * 748);
    let readings = rows.iter().filter_map(|row| row["readings"].as_u64());
    assert_eq!(readings.sum::<u64>(), 6 * 3 * 742);
    let of = |field: &'static str| rows.iter().filter_map(move |row| row[field].as_f64());
    // 10.94 and 64.4 °F.
    assert_eq!(of("min_c").fold(99.0, f64::min), -11.7);
    assert_eq!(of("max_c").fold(-99.0, f64::max), 18.0);
}

#[test]
fn no_window_is_empty() {
    // An hour is missing of every station, in windows of an hour there is no row for it.
    for station in ["EWR", "JFK", "LGA"] {
        let rows = SENSOR.rows(&["--window-ms", "3600000"]);
        let of_station: Vec<_> = rows
            .iter()
            .filter(|row| row["station"] == station)
            .collect();
        assert_eq!(of_station.len(), 742);
        let starts: Vec<_> = of_station
            .iter()
            .filter_map(|row| row["from_ms"].as_i64())
            .collect();
        let jumps = starts
            .windows(2)
            .filter(|pair| pair[1] - pair[0] == 2 * HOUR_MS);
        assert_eq!(jumps.count(), 1, "{station}");
    }
}

/// Lines of a station, an hour and a temperature each.
fn lines(hours: impl IntoIterator<Item = (u64, f64)>) -> String {
    let line = |(hour, fahrenheit)| {
        format!("X,2013,1,1,1,{fahrenheit},0,0,0,0,0,0,0,0,2013-01-01T{hour:02}:00:00Z\n")
    };
    hours.into_iter().map(line).collect()
}

#[test]
fn two_files_of_one_station_are_one_stream() {
    let (even, odd) = (
        file_of(&lines((0..24).step_by(2).map(|hour| (hour, 50.1)))),
        file_of(&lines((1..24).step_by(2).map(|hour| (hour, 50.7)))),
    );
    let [even, odd] = [&even, &odd].map(|file| file.path().to_str().unwrap());
    let rows = SENSOR.rows(&["--input", even, "--input", odd]);
    assert_eq!(rows.len(), 29);
    assert_eq!(rows[10]["readings"], 6);
}

#[test]
fn readings_out_of_order_are_late_and_counted_or_waited_for() {
    let text = lines([(1, 50.0), (2, 50.0), (9, 50.0), (3, 50.0), (10, 50.0)]);
    let run = SENSOR.reads(&text, &["--batch", "1"]);
    // All six windows of the reading at three had closed when it came: by nine.
    assert_eq!(counted(&run, "late"), 1);
    let run = SENSOR.reads(&text, &["--batch", "1", "--lateness-ms", "21600000"]);
    assert_eq!(counted(&run, "late"), 0);
}

#[test]
fn what_is_no_reading_is_counted_and_shown() {
    let line =
        |fahrenheit: &str, time: &str| format!("X,2013,1,1,1,{fahrenheit},0,0,0,0,0,0,0,0,{time}");
    let wrong = [
        line("NA", "2013-01-01T06:00:00Z"),
        line("NaN", "2013-01-01T06:00:00Z"),
        line("-1e9", "2013-01-01T06:00:00Z"),
        line("1e300", "2013-01-01T06:00:00Z"),
        line("50", "2013-01-32T06:00:00Z"),
        line("50", "9999-01-01T06:00:00Z"),
        line("50", ""),
        "X,2013,1,1".to_owned(),
    ];
    let text = format!("{}{}", lines([(1, 50.0)]), wrong.join("\n"));
    let run = SENSOR.reads(&text, &["--show-malformed"]);
    assert_eq!(counted(&run, "malformed"), wrong.len() as u64);
    for line in 2..2 + wrong.len() {
        assert!(
            run.stderr.contains(&format!(":{line}: ")),
            "{line}: {run:?}"
        );
    }
    assert_eq!(counted(&run, "rows"), 6);
}

#[test]
fn bad_files_are_told() {
    SENSOR.meets_bad_files();
}

#[test]
fn windows_without_sense_are_refused() {
    for options in [
        ["--window-ms", "0"],
        ["--slide-ms", "0"],
        ["--window-ms", "-1"],
    ] {
        assert_eq!(SENSOR.run(&options).code, Some(2), "{options:?}");
    }
}

#[test]
fn made_up_readings_are_the_same_for_the_same_seed() {
    let made_up = |seed: &str| SENSOR.done(&["--generate", "3000", "--seed", seed]);
    let run = made_up("7");
    assert!(run.stderr.contains("made up"), "{run:?}");
    let lines = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .take_while(|line| !line.starts_with("readings "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(lines(&made_up("7").stdout), lines(&run.stdout));
    assert_ne!(lines(&made_up("8").stdout), lines(&run.stdout));
    // 1000 ten-minute steps: 166 hours and 40 minutes, and five windows that begin before.
    let rows = SENSOR.rows(&["--generate", "3000"]);
    assert_eq!(rows.len(), 3 * (167 + 5));
}

#[test]
fn latencies_are_measured() {
    let run = SENSOR.done(&["--latency", "--seconds", "1", "--rate", "20000"]);
    assert!(run.stdout.contains("event to result"), "{run:?}");
    assert!(run.stdout.contains("throughput"), "{run:?}");
}

#[test]
fn a_pipe_is_read_whole_and_a_mark_in_front_of_a_file_is_no_part_of_it() {
    let text = fs::read_to_string(data("weather.csv")).expect("the data is there");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    let path = pipe.clone();
    let writer = std::thread::spawn(move || fs::write(path, format!("\u{feff}{text}")));
    let run = SENSOR.done(&["--input", pipe.to_str().expect("a path of text")]);
    writer
        .join()
        .expect("no panic")
        .expect("all of it was read");
    assert_eq!(
        (counted(&run, "readings "), counted(&run, "malformed")),
        (2226, 0)
    );
}

#[test]
fn names_do_not_break_the_table() {
    let row = |name: &str| format!("{name},2013,1,1,1,50,2013-01-01T06:00:00Z\n");
    let run = SENSOR.reads(&(row("a\x1b[31m\u{202e}") + &row("東京東京東京")), &[]);
    assert!(!run.stdout.contains('\x1b') && !run.stdout.contains('\u{202e}'));
    assert!(run.stdout.contains("東京東… "), "{run:?}");
}

#[test]
fn events_as_far_apart_as_time_goes_can_be_replayed() {
    let row = |year: &str| format!("EWR,0,0,0,0,50,{year}T06:00:00Z\n");
    let text = row("1677-10-01") + &row("2262-03-01");
    let options = ["--latency", "--seconds", "1", "--speed", "1e12"];
    assert_eq!(SENSOR.reads(&text, &options).code, Some(0));
}

//! `iot-devices` against plain loops over the same file, which share no code with it.
#![cfg(unix)]

mod sample;

use sample::{counted, data, file_of, Sample};
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::fs;

const DEVICES: Sample = Sample(env!("CARGO_BIN_EXE_iot-devices"));

const INTERVAL_MS: i64 = 5_000;
const SILENCE_MS: i64 = 60_000;

/// Number of the reading, thousandths of a percent and of a degree.
type Readings = BTreeMap<String, Vec<(i64, i64, i64)>>;

/// The readings of a file, by device, in their order.
fn readings(text: &str) -> Readings {
    let mut devices = Readings::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let milli = |at: usize| (fields[at].parse::<f64>().unwrap() * 1e3).round() as i64;
        let reading = (fields[0].parse().unwrap(), milli(3), milli(4));
        devices
            .entry(fields[1].to_owned())
            .or_default()
            .push(reading);
    }
    devices
}

/// What must come out of the readings, without an order.
fn expected(devices: &Readings, window_ms: i64) -> Vec<Value> {
    let last_of_all = devices.values().flatten().map(|reading| reading.0).max();
    let end_ms = INTERVAL_MS * last_of_all.unwrap_or(0);
    let mut rows = Vec::new();
    for (device, readings) in devices {
        let mut numbers: Vec<i64> = readings.iter().map(|reading| reading.0).collect();
        numbers.sort_unstable();
        let mut starts: Vec<i64> = numbers
            .iter()
            .map(|number| number * INTERVAL_MS / window_ms * window_ms)
            .collect();
        starts.dedup();
        for start_ms in starts {
            let inside =
                |number: i64| (start_ms..start_ms + window_ms).contains(&(INTERVAL_MS * number));
            let of_window: Vec<_> = readings
                .iter()
                .filter(|reading| inside(reading.0))
                .collect();
            // Every number from behind the last one before the window, or from the first of
            // all, up to the last one in it.
            let highest = of_window.iter().map(|reading| reading.0).max().unwrap();
            let before = numbers
                .iter()
                .filter(|n| INTERVAL_MS * **n < start_ms)
                .max();
            let from = before.map_or(numbers[0], |before| before + 1);
            let missing = (from..=highest).filter(|n| !numbers.contains(n)).count();
            let count = of_window.len();
            let mean = |sum: i64| (sum as f64 / count as f64).round() / 1e3;
            let celsius = || of_window.iter().map(|reading| reading.2);
            rows.push(json!({
                "kind": "window",
                "device": device,
                "from_ms": start_ms,
                "to_ms": start_ms + window_ms,
                "readings": count,
                "missing": missing,
                "mean_c": mean(celsius().sum()),
                "min_c": celsius().min().unwrap() as f64 / 1e3,
                "max_c": celsius().max().unwrap() as f64 / 1e3,
                "mean_humidity_percent": mean(of_window.iter().map(|reading| reading.1).sum()),
            }));
        }
        let nexts = numbers.iter().skip(1).copied().map(Some).chain([None]);
        for (number, next) in numbers.iter().zip(nexts) {
            let (last_ms, noticed_ms) = (INTERVAL_MS * number, INTERVAL_MS * number + SILENCE_MS);
            // A reading moves time up to the instant before it.
            if next.map_or(end_ms, |next| INTERVAL_MS * next) > noticed_ms {
                rows.push(json!({
                    "kind": "silent", "device": device,
                    "last_ms": last_ms, "noticed_ms": noticed_ms,
                }));
            }
        }
    }
    rows
}

fn sorted(mut rows: Vec<Value>) -> Vec<String> {
    rows.sort_by_key(Value::to_string);
    rows.iter().map(Value::to_string).collect()
}

#[test]
fn the_motes_are_told_of_as_by_plain_loops() {
    let text = fs::read_to_string(data("motes.csv")).expect("the data is there");
    let devices = readings(&text);
    for window_ms in [1_800_000, 7_000] {
        let rows = DEVICES.rows(&["--window-ms", &window_ms.to_string()]);
        assert_eq!(sorted(rows), sorted(expected(&devices, window_ms)));
    }
}

#[test]
fn facts_about_the_motes() {
    // Known beforehand, by a few lines of Python: see data/SOURCES.md.
    let rows = DEVICES.rows(&[]);
    let windows = rows.iter().filter(|row| row["kind"] == "window");
    assert_eq!(windows.clone().count(), 35);
    let readings = windows.clone().filter_map(|row| row["readings"].as_u64());
    assert_eq!(readings.sum::<u64>(), 10_914);
    let with_event = windows.clone().find(|row| row["max_c"] == 56.56);
    assert_eq!(
        *with_event.expect("the warmest reading is in a window"),
        json!({
            "kind": "window", "device": "1", "from_ms": 10_800_000, "to_ms": 12_600_000,
            "readings": 360, "missing": 0, "mean_c": 28.275, "min_c": 26.27, "max_c": 56.56,
            "mean_humidity_percent": 51.314,
        })
    );
    // The two motes indoors end at reading 4417, the others at 5039 and 5041.
    let silent: Vec<_> = rows.iter().filter(|row| row["kind"] == "silent").collect();
    let at = |device: &str| json!({"kind": "silent", "device": device, "last_ms": 22_085_000, "noticed_ms": 22_145_000});
    assert_eq!(silent, [&at("1"), &at("2")]);
}

#[test]
fn rows_come_in_the_order_of_time_and_device() {
    let rows = DEVICES.rows(&[]);
    let times: Vec<_> = rows
        .iter()
        .map(|row| {
            let time = row["to_ms"].as_i64().map(|end| end - 1);
            (
                time.or(row["noticed_ms"].as_i64()),
                row["device"].to_string(),
            )
        })
        .collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
}

/// Lines of a device that says 20 °C and 50 %.
fn lines(device: &str, numbers: impl IntoIterator<Item = u64>) -> String {
    let line = |number| format!("{number},{device},1,50,20,0\n");
    numbers.into_iter().map(line).collect()
}

#[test]
fn gaps_silences_and_returns_are_told_whatever_the_batch() {
    // `a` loses 3 and 4, and then says nothing from 10 to 30; `b` goes on; `c` comes late and
    // breaks down; the last reading of all is 60.
    let a = [0, 1, 2, 5, 6, 7, 8, 9, 10, 30, 31, 60];
    let mut all: Vec<(u64, &str)> = a.map(|number| (number, "a")).into();
    all.extend((0..=60).map(|number| (number, "b")));
    all.extend((20..25).map(|number| (number, "c")));
    all.sort_unstable();
    let text: String = all
        .iter()
        .map(|(number, device)| lines(device, [*number]))
        .collect();
    let text = format!("reading,mote_id,indoor,humidity,temperature,label\n{text}");
    let file = file_of(&text);
    let path = file.path().to_str().unwrap();
    let expected = sorted(expected(&readings(&text), 50_000));
    assert_eq!(
        expected.iter().filter(|row| row.contains("silent")).count(),
        3
    );
    for batch in ["1", "7", "4096"] {
        let rows = DEVICES.rows(&["--input", path, "--window-ms", "50000", "--batch", batch]);
        assert_eq!(sorted(rows), expected, "batches of {batch}");
    }
}

#[test]
fn devices_in_files_of_their_own_are_told_of_in_any_order_of_files() {
    // `a` breaks down long before the end of `b`.
    let text = lines("a", 0..50) + &lines("b", 0..100);
    let (a, b) = (file_of(&lines("a", 0..50)), file_of(&lines("b", 0..100)));
    let [a, b] = [&a, &b].map(|file| file.path().to_str().unwrap());
    let expected = sorted(expected(&readings(&format!("heading\n{text}")), 1_800_000));
    assert!(expected.iter().any(|row| row.contains("silent")));
    for [first, second] in [[a, b], [b, a]] {
        let rows = DEVICES.rows(&["--input", first, "--input", second]);
        assert_eq!(sorted(rows), expected);
    }
}

#[test]
fn readings_out_of_order_are_late_and_counted_or_waited_for() {
    let text = lines("a", [0, 2, 1, 3, 40, 39, 41, 5, 42]);
    let run = DEVICES.reads(&text, &["--window-ms", "5000", "--batch", "1"]);
    // 1, 39 and 5 come when their windows are closed.
    assert_eq!(counted(&run, "late"), 3);
    let patient = [
        "--window-ms",
        "5000",
        "--batch",
        "1",
        "--lateness-ms",
        "200000",
    ];
    let run = DEVICES.reads(&text, &patient);
    assert_eq!(counted(&run, "late"), 0);
    assert!(run.stdout.contains("a: 9 readings, 34 missing"), "{run:?}");
}

#[test]
fn a_reading_that_comes_twice_hides_no_missing_one() {
    let run = DEVICES.reads(&lines("a", [1, 1, 1, 5]), &[]);
    assert!(run.stdout.contains("a: 4 readings, 3 missing"), "{run:?}");
}

#[test]
fn what_is_no_reading_is_counted_and_shown() {
    let wrong = [
        "-1,a,1,50,20,0",
        "99999999999999999999,a,1,50,20,0",
        "999999999999999999,a,1,50,20,0",
        "1,a,1,50,-300,0",
        "1,a,1,50,1e300,0",
        "1,a,1,50,NaN,0",
        "1,a,1,lots,20,0",
        "1,,1,50,20,0",
        "1,a,1,5",
    ];
    let text = format!("{}{}", lines("a", [7]), wrong.join("\n"));
    let run = DEVICES.reads(&text, &["--show-malformed"]);
    assert_eq!(counted(&run, "malformed"), wrong.len() as u64);
    for line in 2..2 + wrong.len() {
        assert!(
            run.stderr.contains(&format!(":{line}: ")),
            "{line}: {run:?}"
        );
    }
    assert!(run.stdout.contains("a: 1 readings, 0 missing"), "{run:?}");
}

#[test]
fn bad_files_are_told() {
    DEVICES.meets_bad_files();
}

#[test]
fn options_without_sense_are_refused() {
    for options in [
        ["--window-ms", "0"],
        ["--silence-ms", "0"],
        ["--interval-ms", "0"],
        ["--generate", "0"],
    ] {
        let run = DEVICES.run(&options);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains(options[0]), "{run:?}");
    }
}

#[test]
fn the_longest_options_are_borne() {
    let most = "3155760000000";
    let run = DEVICES.done(&[
        "--window-ms",
        most,
        "--silence-ms",
        most,
        "--lateness-ms",
        "86400000",
    ]);
    assert_eq!(counted(&run, "rows"), 4);
}

#[test]
fn made_up_readings_are_the_same_for_the_same_seed_and_found() {
    let made_up = |seed: &str| DEVICES.done(&["--generate", "30000", "--seed", seed]);
    let run = made_up("7");
    assert!(run.stderr.contains("made up"), "{run:?}");
    let lines = |text: &str| -> Vec<String> {
        text.lines()
            .take_while(|line| !line.starts_with("readings "))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(lines(&made_up("7").stdout), lines(&run.stdout));
    assert_ne!(lines(&made_up("8").stdout), lines(&run.stdout));
    // What was planted, as the table tells it.
    let (_, truth) = run
        .stdout
        .split_once("made up so that: ")
        .expect("the truth is told");
    for device in ["device 1", "device 2", "device 3", "device 4", "device 5"] {
        let told = run
            .stdout
            .lines()
            .find(|line| line.starts_with(&format!("{device}:")));
        let missing = told
            .and_then(|line| line.split(", ").nth(1)?.split(' ').next())
            .expect("the device is told of");
        assert!(
            truth.contains(&format!("{missing} of {device}")),
            "{told:?}, {truth}"
        );
    }
    let (_, broken) = truth
        .split_once("device 3 breaks down after ")
        .expect("it does");
    let (broken, _) = broken.split_once(',').expect("what is missing follows");
    assert!(
        run.stdout.contains(&format!("silent since {broken}")),
        "{truth}"
    );
    assert!(
        run.stdout
            .contains(&format!("; fell silent after {broken}\n")),
        "{run:?}"
    );
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
    // 56 windows of ten minutes of the four that go on, 31 of the one that breaks down, and its
    // silence.
    let rows = DEVICES.rows(&["--generate", "30000", "--window-ms", "600000"]);
    assert_eq!(rows.len(), 4 * 56 + 31 + 1);
}

#[test]
fn latencies_are_measured() {
    let run = DEVICES.done(&[
        "--window-ms",
        "60000",
        "--latency",
        "--seconds",
        "1",
        "--rate",
        "20000",
    ]);
    assert!(run.stdout.contains("event to result"), "{run:?}");
    assert!(run.stdout.contains("throughput"), "{run:?}");
}

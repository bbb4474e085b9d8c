//! `log-anomaly` against a baseline kept by a plain loop over the same file, which
//! shares no code with it.
#![cfg(unix)]

mod sample;

use sample::{close, counted, numbers, Sample};
use serde_json::Value;

const ANOMALY: Sample = Sample(env!("CARGO_BIN_EXE_log-anomaly"));
const HOUR: i64 = 3_600_000;

/// Milliseconds since 1970, value, label.
fn water_flow() -> Vec<(i64, f64, bool)> {
    let text = std::fs::read_to_string(sample::data("water-flow.csv")).expect("the data is there");
    let record = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let time = chrono::DateTime::parse_from_rfc3339(fields[0]).unwrap();
        (
            time.timestamp_millis(),
            fields[1].parse().unwrap(),
            fields[2] == "1",
        )
    };
    text.lines().skip(1).map(record).collect()
}

struct Window {
    from_ms: i64,
    found: f64,
    usual: f64,
    is_alert: bool,
    labelled: usize,
}

/// Plainly: every window takes every value that lies in it, and the mean and the
/// variance of the windows before are kept by their definitions.
fn windows(size_ms: i64, threshold: f64) -> Vec<Window> {
    let values = water_flow();
    let mut windows: Vec<Window> = Vec::new();
    let (mut mean, mut variance) = (0.0f64, 0.0f64);
    let mut from_ms = (values[0].0 - size_ms) / HOUR * HOUR;
    while from_ms <= values[values.len() - 1].0 {
        let within: Vec<_> = values
            .iter()
            .filter(|value| from_ms <= value.0 && value.0 < from_ms + size_ms)
            .collect();
        if !within.is_empty() {
            let found = within.iter().map(|value| value.1).sum::<f64>() / within.len() as f64;
            let is_first = windows.is_empty();
            let usual = if is_first { found } else { mean };
            let deviation = variance.sqrt().max(0.005 * usual.abs());
            let learns = windows.len() < 24;
            let is_alert = !learns && ((found - usual) / deviation).abs() >= threshold;
            let least = usual - 2.0 * deviation;
            let taken = if learns {
                found
            } else {
                found.clamp(least, usual + 2.0 * deviation)
            };
            // The definition of an exponentially weighted variance.
            let next = 0.9 * usual + 0.1 * taken;
            variance = 0.9 * (variance + (usual - next).powi(2)) + 0.1 * (taken - next).powi(2);
            mean = next;
            windows.push(Window {
                from_ms,
                found,
                usual,
                is_alert,
                labelled: within.iter().filter(|value| value.2).count(),
            });
        }
        from_ms += HOUR;
    }
    windows
}

fn is_alert(row: &Value) -> bool {
    row["state"] == "alert_begins" || row["state"] == "alert_goes_on"
}

#[test]
fn the_checks_are_those_of_a_plain_loop() {
    for (hours, threshold) in [(2, 5.0), (6, 4.0)] {
        let (size, limit) = ((hours * HOUR).to_string(), threshold.to_string());
        let options = ["--all", "--window-ms", &size, "--threshold", &limit];
        let rows = ANOMALY.rows(&options);
        let expected = windows(hours * HOUR, threshold);
        assert_eq!(rows.len(), expected.len());
        for (row, window) in rows.iter().zip(&expected) {
            assert_eq!(row["from_ms"], window.from_ms);
            assert!(close(&row["found"], window.found, 0.000_11), "{row}");
            assert!(close(&row["usual"], window.usual, 0.000_11), "{row}");
            assert_eq!(is_alert(row), window.is_alert, "{row}");
            assert_eq!(row["labelled"], window.labelled, "{row}");
        }
    }
}

#[test]
fn the_four_known_anomalies_are_found_and_nothing_else() {
    let run = ANOMALY.done(&[]);
    assert!(run.stdout.contains("precision  100.0 % (4 of 4"), "{run:?}");
    assert!(run.stdout.contains("recall     100.0 % (4 of 4"), "{run:?}");
    // tail -n +2 water-flow.csv | wc -l
    assert_eq!((counted(&run, "events"), counted(&run, "late")), (1268, 0));
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
    // Two rows each: where it begins, and where it is over.
    assert_eq!(ANOMALY.rows(&[]).len(), 8);
    // Nothing is an alert at a threshold that nothing reaches.
    let run = ANOMALY.done(&["--threshold", "1000000"]);
    assert!(run.stdout.contains("precision  - (no alerts)"), "{run:?}");
    assert!(run.stdout.contains("recall     0.0 % (0 of 4"), "{run:?}");
}

/// Two programs write a line a minute each for two days; in the last hour but one
/// of them does nothing but fail.
fn syslog() -> String {
    let line = |minute: u32| {
        let (day, hour, second) = (1 + minute / 1440, minute / 60 % 24, minute * 7 % 60);
        let time = format!("Oct {day:>2} {hour:02}:{:02}:{second:02}", minute % 60);
        let door = match minute / 60 {
            46 => "Failed password for root",
            _ => "session opened",
        };
        format!("{time} box sshd[{minute}]: {door}\n<13>{time} box cron: job done\n")
    };
    (0..2880).map(line).collect()
}

#[test]
fn a_program_that_begins_to_fail_is_noticed_with_the_evidence() {
    let file = sample::file_of(&syslog());
    let input = ["--input", file.path().to_str().unwrap(), "--year", "2003"];
    let rows = ANOMALY.rows(&input);
    let begins = &rows[0];
    assert_eq!(
        (&begins["state"], &begins["source"]),
        (&"alert_begins".into(), &"box/sshd".into())
    );
    assert_eq!(
        (&begins["figure"], &begins["errors"]),
        (&"errors".into(), &60.into())
    );
    assert_eq!(
        (&begins["lines"], &begins["found"]),
        (&120.into(), &0.5.into())
    );
    assert_eq!(begins["example"], "Failed password for root");
    assert_eq!(begins["labelled"], Value::Null);
    // Nothing else begins: it is one alert, of one program.
    let begun = rows.iter().filter(|row| row["state"] == "alert_begins");
    assert_eq!(begun.count(), 1);
    let run = ANOMALY.done(&input);
    assert!(
        !run.stdout.contains("precision"),
        "there are no labels: {run:?}"
    );
    assert_eq!(counted(&run, "events"), 5760);
}

/// Lines of three programs: by hour, how many each says.
fn busy_log(hours: u64, lines_of: impl Fn(&str, u64) -> u64) -> String {
    let mut lines = Vec::new();
    for hour in 0..hours {
        for program in ["door", "mail", "web"] {
            let count = lines_of(program, hour);
            for number in 0..count {
                let (minute, second) = (number * 60 / count, number % 60);
                let (day, hour) = (1 + hour / 24, hour % 24);
                let time = format!("2024-05-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
                lines.push(format!("{time} INFO {program}: done\n"));
            }
        }
    }
    lines.sort();
    lines.concat()
}

/// The check of lines of a program in a window: its beginning, how many, whether an alert.
type Lines = (String, i64, u64, bool);

/// Plainly: windows of two hours, every hour; what is usual by the definitions.
fn checks_of_lines(text: &str) -> Vec<Lines> {
    let mut times: std::collections::BTreeMap<&str, Vec<i64>> = Default::default();
    for line in text.lines() {
        let time = chrono::DateTime::parse_from_rfc3339(&line[..20]).unwrap();
        let program = line[26..].split(':').next().unwrap();
        let of_program = times.entry(program).or_default();
        of_program.push(time.timestamp_millis());
    }
    let all = times.values().flatten();
    let (first, last) = (*all.clone().min().unwrap(), *all.max().unwrap());
    let mut checks = Vec::new();
    for (program, times) in times {
        let (mut mean, mut variance, mut windows, mut unbroken) = (0.0f64, 0.0f64, 0, 0);
        let mut is_on = false;
        for hour in first / HOUR - 1..=last / HOUR {
            let (from, to) = (hour * HOUR, (hour + 2) * HOUR);
            let found = times.iter().filter(|time| (from..to).contains(time));
            let (found, is_whole) = (found.count() as f64, to <= last - 60_000);
            if found == 0.0 && (unbroken == 0 || !is_whole) {
                continue;
            }
            let usual = if windows == 0 { found } else { mean };
            let deviation = variance.sqrt().max(usual.max(1.0).sqrt());
            let off = (found - usual) / deviation;
            let few_count = is_on || (is_whole && unbroken >= 24);
            is_on = windows >= 24 && (off >= 5.0 || (few_count && off <= -5.0));
            checks.push((program.to_owned(), from, found as u64, is_on));
            if found == 0.0 {
                unbroken = 0;
                continue;
            }
            let (low, high) = (usual - 2.0 * deviation, usual + 2.0 * deviation);
            let taken = if windows < 24 {
                found
            } else {
                found.clamp(low, high)
            };
            let next = 0.9 * usual + 0.1 * taken;
            variance = 0.9 * (variance + (usual - next).powi(2)) + 0.1 * (taken - next).powi(2);
            (mean, windows, unbroken) = (next, windows + 1, unbroken + 1);
        }
    }
    checks
}

fn checks_in(text: &str, batch: &str) -> Vec<Lines> {
    let file = sample::file_of(text);
    let path = file.path().to_str().unwrap();
    let rows = ANOMALY.rows(&["--input", path, "--all", "--batch", batch]);
    let lines = rows.iter().filter(|row| row["figure"] == "lines");
    let check = |row: &Value| {
        let source = row["source"].as_str().unwrap().to_owned();
        let (from, lines) = (row["from_ms"].as_i64(), row["lines"].as_u64());
        assert_eq!(row["found"].as_f64(), lines.map(|lines| lines as f64));
        (source, from.unwrap(), lines.unwrap(), is_alert(row))
    };
    let mut checks: Vec<Lines> = lines.map(check).collect();
    checks.sort();
    checks
}

#[test]
fn programs_that_fall_silent_or_slow_are_noticed_as_by_a_plain_loop() {
    let text = busy_log(200, |program, hour| match (program, hour) {
        // It falls silent twice, for five hours and until the end.
        ("door", 60..=64 | 150..) => 0,
        // It falls silent when it has just begun, and slows down later.
        ("mail", 10..=12) => 0,
        ("mail", 100..=106) => 10,
        // It does nothing at night, as a rule.
        ("web", _) if hour % 24 < 8 => 0,
        ("web", _) => 90,
        _ => 40 + hour * hour % 11,
    });
    let checks = checks_in(&text, "256");
    let expected = checks_of_lines(&text);
    assert_eq!(checks, expected);
    // The first windows of the alerts, in hours.
    let day = expected[0].1 + HOUR;
    let pairs = expected.windows(2);
    let begins = pairs.filter(|pair| pair[1].3 && !(pair[0].3 && pair[0].0 == pair[1].0));
    let begins: Vec<_> = begins
        .map(|pair| (pair[1].0.as_str(), (pair[1].1 - day) / HOUR, pair[1].2))
        .collect();
    assert_eq!(
        begins,
        [("door", 60, 0), ("door", 150, 0), ("mail", 100, 20)]
    );
}

#[test]
fn silences_are_the_same_in_batches_of_any_size() {
    let text = busy_log(60, |program, hour| match program {
        "door" => u64::from([0, 1, 5, 6, 7, 20, 23, 24, 50].contains(&hour)),
        "mail" => u64::from(hour % 7 < 3),
        _ => u64::from(hour == 59),
    });
    let expected = checks_of_lines(&text);
    assert_eq!(expected.iter().filter(|check| check.2 == 0).count(), 4 + 9);
    for batch in ["1", "5", "4096"] {
        assert_eq!(checks_in(&text, batch), expected, "batches of {batch}");
    }
}

#[test]
fn where_the_data_ends_nobody_is_silent_or_slow() {
    for minutes in [1, 61, 119] {
        let steady = busy_log(72, |program, _| if program == "web" { 0 } else { 60 });
        let more = busy_log(75, |program, hour| match (program, hour) {
            ("mail", 72..) => 60,
            _ => 0,
        });
        let text: String = more
            .lines()
            .take(minutes)
            .map(|line| line.to_owned() + "\n")
            .collect();
        let alerts = checks_in(&(steady + &text), "256")
            .into_iter()
            .filter(|check| check.3);
        let alerts: Vec<_> = alerts.map(|(program, ..)| program).collect();
        // `door` says nothing more: that is known when a window is over that has little of it.
        assert_eq!(
            alerts.len(),
            usize::from(minutes == 119),
            "{minutes}: {alerts:?}"
        );
    }
}

#[test]
fn plain_lines_are_read_by_their_component() {
    let text = "2024-05-01 10:00:00,123 ERROR store: disk full\n\
                2024-05-01 10:00:01 INFO store: disk emptied\n\
                2024-05-01T10:00:02Z something happened\n";
    let file = sample::file_of(text);
    let rows = ANOMALY.rows(&["--input", file.path().to_str().unwrap(), "--all"]);
    let of = |source: &str, figure: &str| {
        let mut rows = rows.iter();
        let row = rows.find(|row| row["source"] == source && row["figure"] == figure);
        row.expect("it is there")["found"].as_f64()
    };
    assert_eq!(of("store", "lines"), Some(2.0));
    assert_eq!(of("store", "errors"), Some(0.5));
    assert_eq!(of("log", "lines"), Some(1.0));
}

#[test]
fn bad_input_is_told_and_counted() {
    ANOMALY.meets_bad_files();
    let text = "time,value,label\n2024-05-01T10:00:00Z,1,0\n2024-05-01T11:00:00Z,-1e300,0\n\
                2024-05-01T12:00:00Z,inf,0\n9999-05-01T12:00:00Z,1,0\n2024-05-01T12:00:00Z,1,2\n\
                2024-05-01T1";
    let run = ANOMALY.reads(text, &["--show-malformed"]);
    assert_eq!(
        (counted(&run, "events"), counted(&run, "malformed")),
        (1, 5)
    );
    for number in 3..=7 {
        assert!(run.stderr.contains(&format!(":{number}: ")), "{run:?}");
    }
    assert_eq!(ANOMALY.run(&["--threshold", "NaN"]).code, Some(2));
}

#[test]
fn times_that_go_back_beyond_the_bound_are_late() {
    let text = "time,value\n0,1\n86400,1\n10,1000\n86390,1\n";
    let run = ANOMALY.reads(text, &["--batch", "1", "--workers", "1", "--all"]);
    assert_eq!((counted(&run, "late"), counted(&run, "events")), (1, 4));
    assert!(!run.stdout.contains("1000"), "{run:?}");
}

#[test]
fn values_and_times_at_their_ends_are_no_trouble() {
    let text = "time,value\n-9223372036,1e12\n0,-1e12\n1,1e12\n9223372036,0\n9223372037,0\n";
    let options = ["--all", "--learn", "1", "--format", "jsonl"];
    let run = ANOMALY.reads(text, &options);
    assert!(run.stderr.contains("1 malformed"), "{run:?}");
    assert!(!run.stdout.contains("null,\"usual\""), "{run:?}");
}

#[test]
fn planted_anomalies_are_found() {
    let options = ["--generate", "20000", "--seed", "3"];
    let rows = ANOMALY.rows(&options);
    let run = ANOMALY.done(&options);
    assert!(run.stderr.contains("made up"), "{run:?}");
    let line = |start: &str| {
        let line = run.stdout.lines().find(|line| line.starts_with(start));
        numbers(line.expect("it is there"))
    };
    let planted = line("made up so that")[0];
    let (found, all) = (line("recall")[2], line("recall")[3]);
    assert_eq!((found, all), (planted, planted), "{run:?}");
    let begun = rows.iter().filter(|row| row["state"] == "alert_begins");
    assert_eq!(begun.clone().count() as u64, line("precision")[3]);
    // One of each kind at the least, and a silence is told as one.
    let kinds = &line("made up so that")[1..];
    assert!(kinds.len() == 4 && kinds.iter().all(|count| *count > 0));
    assert_eq!(kinds.iter().sum::<u64>(), planted);
    assert_eq!(
        begun.filter(|row| row["lines"] == 0).count() as u64,
        kinds[2]
    );
    assert!(run.stdout.contains("  silence\n"), "{run:?}");
    assert_ne!(rows, ANOMALY.rows(&["--generate", "20000", "--seed", "4"]));
}

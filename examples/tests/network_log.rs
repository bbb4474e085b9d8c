//! `network-log` against windows filled by a plain loop, which shares no code with
//! it.
#![cfg(unix)]

mod sample;

use sample::{close, counted, numbers, zeek, Sample};
use serde_json::Value;
use std::collections::BTreeMap;

const NETWORK: Sample = Sample(env!("CARGO_BIN_EXE_network-log"));

struct Transfer {
    nanos: i64,
    host: String,
    path: String,
    has_failed: bool,
    bytes: u64,
}

fn connections() -> Vec<Transfer> {
    let number = |text: &str| match text {
        "-" => 0,
        digits => digits.parse().unwrap(),
    };
    let transfer = |(_, field): (u64, Vec<String>)| Transfer {
        nanos: sample::nanos(&field[0]),
        host: field[2].clone(),
        path: format!("{}:{}/{}", field[4], field[5], field[6]),
        // Nobody answered, or the one who was asked refused or broke off.
        has_failed: matches!(
            &*field[11],
            "S0" | "REJ" | "RSTR" | "RSTOS0" | "RSTRH" | "SH"
        ),
        bytes: number(&field[9]) + number(&field[10]),
    };
    zeek("conn.log").into_iter().map(transfer).collect()
}

fn requests() -> Vec<Transfer> {
    let transfer = |(_, field): (u64, Vec<String>)| Transfer {
        nanos: sample::nanos(&field[0]),
        host: field[2].clone(),
        path: format!("{}{}", field[8], field[9].split('?').next().unwrap()),
        has_failed: field[14].parse().map_or(true, |status: u16| status >= 400),
        bytes: field[13].parse().unwrap(),
    };
    zeek("http.log").into_iter().map(transfer).collect()
}

/// Plainly: every window takes every transfer that lies in it.
fn check(rows: &[Value], transfers: &[Transfer], by_host: bool, size_ms: i64, slide_ms: i64) {
    let (size, slide) = (1_000_000 * size_ms, 1_000_000 * slide_ms);
    let times = transfers.iter().map(|transfer| transfer.nanos);
    let (first, last) = (times.clone().min().unwrap(), times.max().unwrap());
    let mut rows = rows.iter();
    let mut start = (first - size) / slide * slide;
    while start <= last {
        let mut named: BTreeMap<&str, Vec<&Transfer>> = BTreeMap::new();
        for transfer in transfers {
            if start <= transfer.nanos && transfer.nanos < start + size {
                let name = if by_host {
                    &transfer.host
                } else {
                    &transfer.path
                };
                named.entry(name).or_default().push(transfer);
            }
        }
        let mut named: Vec<_> = named.into_iter().collect();
        let bytes = |of: &[&Transfer]| of.iter().map(|transfer| transfer.bytes).sum::<u64>();
        named.sort_by_key(|(_, of)| std::cmp::Reverse(bytes(of)));
        let all = named.iter().map(|(_, of)| bytes(of)).sum::<u64>();
        for (rank, (name, of)) in (1..).zip(named.iter().take(3)) {
            let row = rows.next().expect("a row for each of the heaviest");
            let errors = of.iter().filter(|transfer| transfer.has_failed).count();
            let mut sizes: Vec<_> = of.iter().map(|transfer| transfer.bytes).collect();
            sizes.sort_unstable();
            // The nearest rank: 19 of 20 are not above it.
            let p95 = sizes[(19 * sizes.len()).div_ceil(20) - 1] as f64;
            assert_eq!(row["from_ms"], start / 1_000_000);
            assert_eq!(row["to_ms"], (start + size) / 1_000_000);
            assert_eq!(
                (&row["rank"], &row["name"]),
                (&rank.into(), &(*name).into())
            );
            assert_eq!(row["requests"], of.len(), "{row}");
            assert_eq!(row["errors"], errors, "{row}");
            let share = errors as f64 / of.len() as f64;
            assert!(close(&row["error_share"], share, 0.000_051), "{row}");
            assert_eq!(row["bytes"], bytes(of), "{row}");
            let share = bytes(of) as f64 / all.max(1) as f64;
            assert!(close(&row["bytes_share"], share, 0.000_051), "{row}");
            assert!(
                close(&row["p95_bytes"], p95, 0.01 * p95 + 0.5),
                "{row}: {p95}"
            );
        }
        start += slide;
    }
    assert_eq!(rows.next(), None);
}

#[test]
fn the_windows_are_those_of_a_plain_loop() {
    let transfers = connections();
    for (by, size_ms, slide_ms) in [
        ("path", 60_000, 30_000),
        ("host", 60_000, 30_000),
        ("host", 10_000, 7_000),
        // With gaps between the windows.
        ("path", 10_000, 25_000),
    ] {
        let (size, slide) = (size_ms.to_string(), slide_ms.to_string());
        let rows = NETWORK.rows(&["--by", by, "--window-ms", &size, "--slide-ms", &slide]);
        check(&rows, &transfers, by == "host", size_ms, slide_ms);
    }
}

#[test]
fn requests_are_read_too() {
    let path = sample::data("http.log");
    let rows = NETWORK.rows(&["--input", path.to_str().unwrap()]);
    check(&rows, &requests(), false, 60_000, 30_000);
}

#[test]
fn facts_of_the_file() {
    // All in one window: `grep -vc '^#' conn.log`, and of the columns 10 and 11
    // awk -F'\t' '!/^#/{n+=$10+$11}END{print n}' conn.log
    let all = [
        "--window-ms",
        "86400000",
        "--slide-ms",
        "86400000",
        "--by",
        "host",
    ];
    let rows = NETWORK.rows(&[&all[..], &["--top", "1000"]].concat());
    let sum = |field: &str| {
        rows.iter()
            .map(|row| row[field].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!((sum("requests"), sum("bytes")), (360, BYTES));
    // awk -F'\t' '!/^#/{print $3}' conn.log | sort | uniq -c | sort -n | tail -1
    assert_eq!(
        (&rows[0]["name"], &rows[0]["requests"]),
        (&"192.168.33.10".into(), &339.into())
    );
    let run = NETWORK.done(&[]);
    assert_eq!((counted(&run, "records"), counted(&run, "late")), (360, 0));
    let heaviest = "heaviest: 108.59.9.32:80/tcp with 2,280,699 B (42.8 %) until";
    assert!(run.stdout.contains(heaviest), "{run:?}");
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
}

/// The sum of columns 10 and 11.
const BYTES: u64 = 5448178;

/// A line of a server at this second of a day.
fn line(host: &str, second: u32, path: &str, status: u16, bytes: &str) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!(
        "{host} - - [10/Oct/2000:{hour:02}:{minute:02}:{second:02} +0000] \"GET {path} HTTP/1.1\" \
         {status} {bytes}\n"
    )
}

#[test]
fn the_common_log_format() {
    let text = [
        line("a", 0, "/x?q=1", 200, "1000"),
        line("a", 5, "/x?q=2", 503, "-"),
        line("b", 7, "/y", 404, "10"),
    ];
    let file = sample::file_of(&text.concat());
    let options = [
        "--input",
        file.path().to_str().unwrap(),
        "--window-ms",
        "10000",
    ];
    let rows = NETWORK.rows(&[&options[..], &["--slide-ms", "10000"]].concat());
    let facts: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["name"].as_str().unwrap(),
                row["error_share"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(facts, [("/x", 0.5), ("/y", 1.0)]);
    assert_eq!(
        (&rows[0]["bytes"], &rows[0]["p95_bytes"]),
        (&1000.into(), &1000.into())
    );
}

#[test]
fn bad_input_is_told_and_counted() {
    NETWORK.meets_bad_files();
    let heading = "#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tproto\tconn_state\torig_bytes\tresp_bytes\n";
    let good = "1.0\ta\tb\t80\ttcp\tSF\t1\t2\n";
    let text = [
        heading,
        good,
        &good.replace("\t1\t", "\t-1\t"),
        &good.replace("\t1\t", "\t18446744073709551615\t"),
        &good.replace("\ta\t", "\t-\t"),
        &good.replace("1.0", "1e99"),
        // The end is missing.
        &good[..8],
    ];
    let run = NETWORK.reads(&text.concat(), &["--show-malformed"]);
    assert_eq!(
        (counted(&run, "records"), counted(&run, "malformed")),
        (1, 5)
    );
    for number in 5..=9 {
        assert!(run.stderr.contains(&format!(":{number}: ")), "{run:?}");
    }
    // Another log of Zeek's: it says which field is missing.
    let other = heading.replace("\tconn\n", "\tdns\n") + good;
    let run = NETWORK.reads(&other, &[]);
    assert!(run.stderr.contains("#fields names no"), "{run:?}");
}

#[test]
fn connections_of_which_little_is_known() {
    let heading =
        "#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tproto\tconn_state\torig_bytes\tresp_bytes\n";
    let text = [
        // Cut down to the names, behind an empty line.
        "\n#path\tconn\n",
        heading,
        "1.0\t::1\t2001:db8::2\t443\ttcp\tSF\t1\t2\n",
        "2.0\ta\tb\t80\ttcp\t-\t-\t-\n",
    ]
    .concat();
    let file = sample::file_of(&text);
    let rows = NETWORK.rows(&[
        "--input",
        file.path().to_str().unwrap(),
        "--slide-ms",
        "60000",
    ]);
    let fact = |row: &Value| {
        let name = row["name"].as_str().unwrap().to_owned();
        (name, row["bytes"].as_u64(), row["errors"].as_u64())
    };
    let facts: Vec<_> = rows.iter().map(fact).collect();
    assert_eq!(
        facts,
        [
            ("[2001:db8::2]:443/tcp".to_owned(), Some(3), Some(0)),
            ("b:80/tcp".to_owned(), Some(0), Some(0)),
        ]
    );
    // A log without a column that is needed says which.
    let run = NETWORK.reads(&text.replace("\tconn_state", "").replace("\tSF", ""), &[]);
    assert!(run.stderr.contains("names no conn_state"), "{run:?}");
    let run = NETWORK.reads("{\"ts\":1.0}\n", &[]);
    assert!(run.stderr.contains("it is JSON"), "{run:?}");
}

#[test]
fn windows_without_end_are_refused() {
    let run = NETWORK.run(&["--window-ms", "100000000", "--slide-ms", "1"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("--slide-ms at least 1000"), "{run:?}");
}

#[test]
fn times_that_go_back_beyond_the_bound_are_late() {
    let text = [
        line("a", 0, "/", 200, "1"),
        line("a", 1000, "/", 200, "1"),
        line("a", 600, "/late", 200, "1"),
        line("a", 800, "/", 200, "1"),
    ];
    let options = ["--batch", "1", "--workers", "1"];
    let run = NETWORK.reads(&text.concat(), &options);
    assert_eq!((counted(&run, "late"), counted(&run, "records")), (1, 4));
    assert!(!run.stdout.contains("/late"));
}

#[test]
fn times_at_the_ends_of_time_are_no_trouble() {
    let heading = "#separator \\x09\n#path\tconn\n#fields\tts\tid.orig_h\tid.resp_h\tid.resp_p\tproto\tconn_state\torig_bytes\tresp_bytes\n";
    let record = |time: &str| format!("{time}\ta\tb\t80\ttcp\tSF\t1\t2\n");
    let times = ["-9223372036.0", "0.0", "9223372036.0", "9223372037.0"];
    let run = NETWORK.reads(&(heading.to_owned() + &times.map(record).concat()), &[]);
    assert_eq!(
        (counted(&run, "records"), counted(&run, "malformed")),
        (3, 1)
    );
}

#[test]
fn made_up_traffic_has_the_heaviest_talker_that_was_planted() {
    let options = ["--generate", "4000", "--seed", "7", "--by", "host"];
    let rows = NETWORK.rows(&options);
    let run = NETWORK.done(&options);
    assert!(run.stderr.contains("made up"), "{run:?}");
    let line = |start: &str| {
        let mut lines = run.stdout.lines();
        lines
            .find(|line| line.starts_with(start))
            .expect("it is there")
    };
    assert!(line("heaviest: ").contains("10.0.0.99"), "{run:?}");
    // Of windows that lie side by side each fetch stands in one.
    let apart = NETWORK.rows(&[&options[..], &["--slide-ms", "60000", "--top", "50"]].concat());
    let planted = apart.iter().filter(|row| row["name"] == "10.0.0.99");
    let fetched: u64 = planted.map(|row| row["requests"].as_u64().unwrap()).sum();
    let truth = numbers(line("made up so that"));
    assert!(
        truth.contains(&fetched) && fetched > 50,
        "{truth:?} {fetched}"
    );
    assert_ne!(
        rows,
        NETWORK.rows(&["--generate", "4000", "--seed", "8", "--by", "host"])
    );
}

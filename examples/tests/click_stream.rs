//! `click-stream` against visits cut out of the same lines by a plain loop, which
//! shares no code with it.
#![cfg(unix)]

mod sample;

use sample::{close, counted, numbers, zeek, Sample};
use std::collections::BTreeMap;

const CLICKS: Sample = Sample(env!("CARGO_BIN_EXE_click-stream"));

struct Click {
    nanos: i64,
    line: u64,
    page: String,
    is_page_view: bool,
}

/// Each visit: who, the clicks of it in order.
type Visits = Vec<(String, String, Vec<Click>)>;

/// Plainly: sort, and cut where the pause is longer than the gap.
fn visits(gap_ms: i64) -> Visits {
    let mut of_visitors: BTreeMap<(String, String), Vec<Click>> = BTreeMap::new();
    for (line, record) in zeek("http.log") {
        // A dash alone is an empty field.
        let agent = if record[11] == "-" { "" } else { &record[11] };
        let server = if record[8] == "-" { "" } else { &record[8] };
        let status = record[14].parse().unwrap_or(0);
        let path = record[9].split(['?', '#']).next().unwrap();
        let name = path.rsplit('/').next().unwrap();
        let is_page = match record[26].as_str() {
            "-" => !["js", "css", "gif", "png", "ico", "txt"]
                .iter()
                .any(|ending| name.ends_with(&format!(".{ending}"))),
            media_type => media_type == "text/html",
        };
        let click = Click {
            nanos: sample::nanos(&record[0]),
            line,
            page: format!("{server}{}", record[9]),
            is_page_view: is_page && ((200..300).contains(&status) || status == 304),
        };
        of_visitors
            .entry((record[2].clone(), agent.to_owned()))
            .or_default()
            .push(click);
    }
    let mut visits = Visits::new();
    for ((host, agent), mut clicks) in of_visitors {
        clicks.sort_by_key(|click| (click.nanos, click.line));
        let mut last = None;
        for click in clicks {
            let begins = last.map_or(true, |last| click.nanos - last > 1_000_000 * gap_ms);
            last = Some(click.nanos);
            if begins {
                visits.push((host.clone(), agent.clone(), Vec::new()));
            }
            visits.last_mut().unwrap().2.push(click);
        }
    }
    visits.sort_by_key(|(host, agent, clicks)| {
        (clicks.last().unwrap().nanos, format!("{host} {agent}"))
    });
    visits
}

#[test]
fn the_visits_are_those_of_a_plain_loop() {
    // awk over the file counts 4 pairs of address and agent; with a gap of 30 min each is a visit.
    for (gap_ms, how_many) in [
        (1_800_000, Some(4)),
        (60_000, None),
        (2_000, None),
        (1, None),
    ] {
        let rows = CLICKS.rows(&["--gap-ms", &gap_ms.to_string()]);
        let expected = visits(gap_ms);
        assert_eq!(rows.len(), expected.len(), "gap {gap_ms} ms");
        assert!(how_many.map_or(true, |count| count == rows.len()));
        for (row, (host, agent, clicks)) in rows.iter().zip(&expected) {
            let (first, last) = (clicks[0].nanos, clicks[clicks.len() - 1].nanos);
            let pages: Vec<_> = clicks.iter().filter(|click| click.is_page_view).collect();
            let page = |click: Option<&&Click>| click.map(|click| click.page.clone());
            assert_eq!(row["visitor"], **host);
            assert_eq!(row["agent"], **agent);
            assert_eq!(row["from_ms"], first / 1_000_000);
            assert_eq!(row["to_ms"], last / 1_000_000);
            let seconds = (last - first) as f64 / 1e9;
            assert!(close(&row["duration_s"], seconds, 0.00051), "{row}");
            assert_eq!(row["requests"], clicks.len());
            assert_eq!(row["pages"], pages.len(), "{row}");
            assert_eq!(
                row["entry_page"].as_str().map(str::to_owned),
                page(pages.first())
            );
            assert_eq!(
                row["exit_page"].as_str().map(str::to_owned),
                page(pages.last())
            );
            assert_eq!(row["is_bounce"], pages.len() == 1);
        }
    }
}

#[test]
fn facts_of_the_file() {
    // grep -vc '^#' http.log
    let run = CLICKS.done(&[]);
    assert_eq!(counted(&run, "requests"), 150);
    assert_eq!(counted(&run, "visits"), 4);
    assert_eq!(counted(&run, "late"), 0);
    let rows = CLICKS.rows(&[]);
    // awk -F'\t' '!/^#/{n[$12]++}END{for(a in n)print n[a]}' http.log
    let mut requests: Vec<_> = rows.iter().map(|row| row["requests"].as_u64()).collect();
    requests.sort_unstable();
    assert_eq!(requests, [Some(1), Some(4), Some(26), Some(119)]);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
}

/// A line of a server at this second of a day.
fn line(host: &str, second: u32, path: &str) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!(
        "{host} - - [10/Oct/2000:{hour:02}:{minute:02}:{second:02} +0000] \"GET {path} HTTP/1.1\" \
         200 5 \"-\" \"curl\"\n"
    )
}

#[test]
fn combined_log_lines_up_to_a_minute_out_of_order() {
    let text = [
        line("a", 100, "/second"),
        line("a", 102, "/last"),
        line("b", 158, "/alone"),
        line("a", 99, "/first"),
        line("a", 100, "/style.css?v=1"),
        line("a", 100, "/third"),
        line("a", 2000, "/again"),
    ]
    .concat();
    let file = sample::file_of(&text);
    let path = file.path().to_str().unwrap();
    let rows = CLICKS.rows(&["--input", path, "--batch", "1"]);
    let facts: Vec<_> = rows
        .iter()
        .map(|row| {
            let text = |field| row[field].as_str().unwrap_or("-").to_owned();
            let pages = row["pages"].as_u64().unwrap();
            (
                text("visitor"),
                pages,
                text("entry_page"),
                text("exit_page"),
            )
        })
        .collect();
    let fact = |who: &str, pages, entry: &str, exit: &str| {
        (who.to_owned(), pages, entry.to_owned(), exit.to_owned())
    };
    // 1898 seconds after the last one, a new visit begins.
    assert_eq!(
        facts,
        [
            fact("a", 4, "/first", "/last"),
            fact("b", 1, "/alone", "/alone"),
            fact("a", 1, "/again", "/again"),
        ]
    );
}

#[test]
fn bad_input_is_told_and_counted() {
    CLICKS.meets_bad_files();
    let good = line("a", 100, "/");
    let broken = [
        good.replace(" 200 5", " 200 -5"),
        good.replace(" 200 5", " 200 99999999999999999999999"),
        good.replace(" 200 5", " 20000 5"),
        good.replace("2000", "99999"),
    ];
    // The last line ends in mid-record.
    let text = format!("{good}{}{}", broken.concat(), &good[..good.len() - 9]);
    let run = CLICKS.reads(&text, &["--show-malformed"]);
    assert_eq!(
        (counted(&run, "events"), counted(&run, "malformed")),
        (1, 5)
    );
    for number in 2..=6 {
        assert!(run.stderr.contains(&format!(":{number}: ")), "{run:?}");
    }
    let run = CLICKS.reads(&text, &["--format", "jsonl"]);
    assert!(run.stderr.contains("5 malformed lines"), "{run:?}");
}

#[test]
fn times_that_go_back_beyond_the_bound_are_late() {
    let text = [
        line("a", 0, "/"),
        line("a", 80_000, "/"),
        line("a", 10, "/late"),
    ]
    .concat();
    let run = CLICKS.reads(&text, &["--batch", "1", "--workers", "1"]);
    assert_eq!((counted(&run, "late"), counted(&run, "visits")), (1, 2));
    let run = CLICKS.reads(
        &text,
        &["--batch", "1", "--workers", "1", "--format", "jsonl"],
    );
    assert!(run.stderr.contains("1 events came too late"), "{run:?}");
    // With a bound that is wide enough it counts.
    let wide = ["--batch", "1", "--lateness-ms", "86400000"];
    let run = CLICKS.reads(&text, &wide);
    assert_eq!((counted(&run, "late"), counted(&run, "visits")), (0, 2));
}

#[test]
fn times_at_the_ends_of_time_are_no_trouble() {
    let heading = "#separator \\x09\n#path\thttp\n#fields\tts\tid.orig_h\tuser_agent\thost\turi\tstatus_code\tresponse_body_len\tresp_mime_types\n";
    let record = |time: &str| format!("{time}\ta\t-\t-\t/\t200\t1\ttext/html\n");
    let times = ["-9223372036.0", "0.0", "9223372036.0", "9223372037.0"];
    let text = heading.to_owned() + &times.map(record).concat();
    let run = CLICKS.reads(&text, &[]);
    assert_eq!(
        (counted(&run, "events"), counted(&run, "malformed")),
        (3, 1)
    );
    assert_eq!(counted(&run, "visits"), 3);
}

#[test]
fn made_up_visits_are_found_as_they_were_made() {
    let options = ["--generate", "3000", "--seed", "7"];
    let rows = CLICKS.rows(&options);
    let run = CLICKS.done(&options);
    assert!(run.stderr.contains("made up"), "{run:?}");
    let truth = run
        .stdout
        .lines()
        .find(|line| line.starts_with("made up so that"));
    let bounces = rows.iter().filter(|row| row["is_bounce"] == true).count() as u64;
    let pages: u64 = rows.iter().map(|row| row["pages"].as_u64().unwrap()).sum();
    assert_eq!(numbers(truth.unwrap()), [rows.len() as u64, bounces, pages]);
    assert_eq!((pages, counted(&run, "late")), (3000, 0));
    let other = CLICKS.rows(&["--generate", "3000", "--seed", "8"]);
    assert_ne!(rows, other);
}

//! `click-stream` against visits cut out of the same lines by a plain loop, which
//! shares no code with it.
#![cfg(unix)]

mod sample;

use sample::{close, counted, data, numbers, zeek, Run, Sample};
use serde_json::Value;
use std::collections::BTreeMap;

const CLICKS: Sample = Sample(env!("CARGO_BIN_EXE_click-stream"));

struct Click {
    visitor: (String, String),
    nanos: i64,
    line: u64,
    page: String,
    is_page_view: bool,
}

/// Of a log of Zeek's, which says what kind each answer is.
fn zeek_clicks() -> Vec<Click> {
    let click = |(line, record): (u64, Vec<String>)| {
        // A dash alone is an empty field.
        let field = |at: usize| if record[at] == "-" { "" } else { &record[at] };
        Click {
            visitor: (field(2).to_owned(), field(11).to_owned()),
            nanos: sample::nanos(&record[0]),
            line,
            page: format!("{}{}", field(8), field(9)),
            is_page_view: is_answer(field(14))
                && (field(26) == "text/html" || field(26).is_empty() && !is_part(field(9))),
        }
    };
    zeek("http.log").into_iter().map(click).collect()
}

/// Of a server's log, all of May 2024.
fn server_clicks() -> Vec<Click> {
    let text = std::fs::read_to_string(data("access.log")).unwrap();
    let click = |(line, text): (u64, &str)| {
        let quoted: Vec<_> = text.split('"').collect();
        let request: Vec<_> = quoted[1].split(' ').collect();
        let answer: Vec<_> = quoted[2].split_whitespace().collect();
        let (address, rest) = text.split_once(" - - [").unwrap();
        let number = |from: usize| rest[from..from + 2].parse::<i64>().unwrap();
        assert_eq!((&rest[2..12], &rest[20..26]), ("/May/2024:", " +0000"));
        let seconds = ((24 * number(0) + number(12)) * 60 + number(15)) * 60 + number(18);
        Click {
            visitor: (address.to_owned(), quoted[5].to_owned()),
            // The last day of April, as seconds since 1970.
            nanos: 1_000_000_000 * (1_714_435_200 + seconds),
            line,
            page: request[1].to_owned(),
            is_page_view: is_answer(answer[0]) && !is_part(request[1]),
        }
    };
    (1..).zip(text.lines()).map(click).collect()
}

fn is_answer(status: &str) -> bool {
    (status.len() == 3 && status.starts_with('2')) || status == "304"
}

fn is_part(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap();
    let name = path.rsplit('/').next().unwrap().to_lowercase();
    let endings = [
        "js", "css", "json", "xml", "txt", "png", "jpg", "gif", "svg", "ico",
    ];
    endings
        .iter()
        .any(|ending| name.ends_with(&format!(".{ending}")))
}

/// Plainly: sort, and cut where the pause is longer than the gap.
fn visits(clicks: Vec<Click>, gap_ms: i64) -> Vec<Vec<Click>> {
    let mut of_visitors: BTreeMap<(String, String), Vec<Click>> = BTreeMap::new();
    for click in clicks {
        let visitor = click.visitor.clone();
        of_visitors.entry(visitor).or_default().push(click);
    }
    let mut visits: Vec<Vec<Click>> = Vec::new();
    for mut clicks in of_visitors.into_values() {
        clicks.sort_by_key(|click| (click.nanos, click.line));
        let mut last = None;
        for click in clicks {
            let begins = last.map_or(true, |last| click.nanos - last > 1_000_000 * gap_ms);
            last = Some(click.nanos);
            if begins {
                visits.push(Vec::new());
            }
            visits.last_mut().unwrap().push(click);
        }
    }
    visits.sort_by_key(|clicks| (clicks.last().unwrap().nanos, clicks[0].visitor.clone()));
    visits
}

fn check(rows: &[Value], expected: &[Vec<Click>]) {
    assert_eq!(rows.len(), expected.len());
    for (row, clicks) in rows.iter().zip(expected) {
        let (first, last) = (clicks[0].nanos, clicks[clicks.len() - 1].nanos);
        let pages: Vec<_> = clicks.iter().filter(|click| click.is_page_view).collect();
        let page = |click: Option<&&Click>| click.map(|click| click.page.clone());
        assert_eq!(row["visitor"], *clicks[0].visitor.0);
        assert_eq!(row["agent"], *clicks[0].visitor.1);
        assert_eq!(row["from_ms"], first / 1_000_000);
        assert_eq!(row["to_ms"], last / 1_000_000);
        let seconds = (last - first) as f64 / 1e9;
        assert!(close(&row["duration_s"], seconds, 0.00051), "{row}");
        assert_eq!(row["requests"], clicks.len());
        assert_eq!(row["pages"], pages.len(), "{row}");
        let told = |field: &str| row[field].as_str().map(str::to_owned);
        assert_eq!(told("entry_page"), page(pages.first()));
        assert_eq!(told("exit_page"), page(pages.last()));
        assert_eq!(row["is_bounce"], pages.len() == 1);
    }
}

#[test]
fn the_visits_are_those_of_a_plain_loop() {
    for gap_ms in [1_800_000, 300_000, 1000] {
        let rows = CLICKS.rows(&["--gap-ms", &gap_ms.to_string()]);
        check(&rows, &visits(server_clicks(), gap_ms));
    }
}

#[test]
fn the_visits_of_a_log_of_zeeks_are_those_of_a_plain_loop() {
    let path = data("http.log");
    for gap_ms in [1_800_000, 60_000, 2_000, 1] {
        let input = ["--input", path.to_str().unwrap()];
        let rows = CLICKS.rows(&[&input[..], &["--gap-ms", &gap_ms.to_string()]].concat());
        check(&rows, &visits(zeek_clicks(), gap_ms));
    }
    // awk -F'\t' '!/^#/{n[$12]++}END{for(a in n)print n[a]}' http.log
    let rows = CLICKS.rows(&["--input", path.to_str().unwrap()]);
    let mut requests: Vec<_> = rows.iter().map(|row| row["requests"].as_u64()).collect();
    requests.sort_unstable();
    assert_eq!(requests, [Some(1), Some(4), Some(26), Some(119)]);
}

#[test]
fn facts_of_the_file() {
    // The numbers in data/SOURCES.md, counted with awk.
    let run = CLICKS.done(&[]);
    assert_eq!(counted(&run, "requests"), 1489);
    assert_eq!(counted(&run, "visitors"), 274);
    assert_eq!((counted(&run, "visits"), counted(&run, "rows")), (437, 437));
    assert_eq!(counted(&run, "pages"), 1198);
    assert_eq!((counted(&run, "late"), counted(&run, "malformed")), (0, 0));
    let told = |run: &Run, text: &str| assert!(run.stdout.contains(text), "{text}: {run:?}");
    told(&run, "73.4 % (235 of 320 visits");
    told(&run, " lasts 281.2 s ");
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100));
    let run = CLICKS.done(&["--gap-ms", "300000"]);
    assert_eq!(counted(&run, "visits"), 536);
    told(&run, "(353 of 418 visits");
    told(&run, " lasts 16.9 s ");
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
fn whoever_names_no_program_has_an_address_alone() {
    let good = line("a", 100, "/");
    let text = good.replace("\"curl\"", "\"-\"") + &good.replace(" \"-\" \"curl\"", "");
    let file = sample::file_of(&text);
    let rows = CLICKS.rows(&["--input", file.path().to_str().unwrap()]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    assert_eq!((&row["agent"], &row["pages"]), (&"".into(), &2.into()));
}

#[test]
fn made_up_visits_fit_into_time_whatever_the_gap() {
    for gap_ms in ["1", "2", "1000000000000", "3155760000000"] {
        let options = ["--generate", "1000", "--gap-ms", gap_ms];
        let run = CLICKS.done(&options);
        let mut lines = run.stdout.lines();
        let truth = lines.find(|line| line.starts_with("made up so that"));
        let visits = numbers(truth.unwrap())[0];
        assert_eq!(
            (counted(&run, "visits"), counted(&run, "late")),
            (visits, 0),
            "{gap_ms}"
        );
    }
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
        (counted(&run, "requests"), counted(&run, "malformed")),
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
        (counted(&run, "requests"), counted(&run, "malformed")),
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

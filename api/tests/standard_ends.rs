//! Standard input and output, of a process of our own: this test program runs
//! itself once more, as a filter.

use fluxus::prelude::*;
use fluxus::{JobEnding, Placement};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Says to the one that is run what it is to do.
const ROLE: &str = "FLUXUS_TEST_ROLE";
/// What it ends with when all went well.
const WELL: i32 = 42;
/// Goes before what the job writes: the test harness writes, too.
const MARK: &str = "out: ";

/// Not a test of its own: what the other process does.
#[test]
fn filter() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let config = Config::new().workers(1).placement(Placement::Unpinned);
    let job = Job::new("filter", config).unwrap();
    let lines = job.stdin_lines().unwrap();
    let numbered = lines.map(|line| (line.number, format!("{MARK}{}", line.text)));
    match role.as_str() {
        "lines" => numbered.map(|(_, text)| text).lines_to_stdout(),
        "csv" => numbered
            .map(|(number, text)| (text, number))
            .csv_to_stdout(),
        _ => numbered.json_lines_to_stdout(),
    }
    let report = job.run().unwrap();
    assert_eq!(report.ending, JobEnding::Completed);
    // At once: the harness would fail over an output that nobody reads.
    std::process::exit(WELL);
}

fn start(role: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["filter", "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// The next line that the job wrote.
fn next(output: &mut BufReader<ChildStdout>) -> Option<String> {
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        if let Some(start) = line.find(MARK) {
            return Some(line[start + MARK.len()..].trim_end().to_owned());
        }
    }
}

#[test]
fn a_filter_answers_line_by_line() {
    for (role, behind) in [
        ("lines", ["", ""]),
        ("csv", [",0", ",1"]),
        ("json", ["\"]", "\"]"]),
    ] {
        let (mut child, mut output) = start(role);
        let mut input = child.stdin.take().unwrap();
        // Each line comes back before the next is written.
        for (text, behind) in ["one", "two"].into_iter().zip(behind) {
            writeln!(input, "{text}").unwrap();
            assert_eq!(next(&mut output).unwrap(), format!("{text}{behind}"));
        }
        input.write_all(b"three").unwrap();
        drop(input);
        assert!(next(&mut output).unwrap().starts_with("three"), "{role}");
        assert_eq!(next(&mut output), None);
        assert_eq!(child.wait().unwrap().code(), Some(WELL));
    }
}

#[test]
fn a_filter_whose_reader_goes_away_ends_quietly() {
    let (mut child, mut output) = start("lines");
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "one").unwrap();
    assert_eq!(next(&mut output).unwrap(), "one");
    drop(output);
    // It notices when it writes.
    while writeln!(input, "more").is_ok() {}
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(WELL));
}

//! A sample program as its users meet it: a process with arguments, files and two
//! outputs.
// Every test takes what it needs of this.
#![allow(dead_code, unreachable_pub)]

use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::NamedTempFile;

/// What a finished run left.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A program and the options that it always gets.
#[derive(Clone, Copy)]
pub struct Sample(pub &'static str);

impl Sample {
    /// Runs it; it must not panic, whatever it was asked.
    pub fn run(self, options: &[&str]) -> Run {
        let output = Command::new(self.0)
            .args(options)
            .arg("--no-pin")
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        let run = Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        };
        let has_panicked = run.stderr.contains("panicked") || !matches!(run.code, Some(0..=2));
        assert!(!has_panicked, "{options:?}: {run:?}");
        run
    }

    /// Runs it to a good end.
    pub fn done(self, options: &[&str]) -> Run {
        let run = self.run(options);
        assert_eq!(run.code, Some(0), "{options:?}: {run:?}");
        run
    }

    /// The rows as JSON, which must be the same on one, two and four workers.
    pub fn rows(self, options: &[&str]) -> Vec<Value> {
        let with = |workers| {
            let engine = ["--format", "jsonl", "--workers", workers];
            self.done(&[options, &engine].concat()).stdout
        };
        let one = with("1");
        for workers in ["2", "4"] {
            assert_eq!(with(workers), one, "{options:?} on {workers} workers");
        }
        let json = |line| serde_json::from_str(line).expect("each line is JSON, whole");
        one.lines().map(json).collect()
    }

    /// Reads this text.
    pub fn reads(self, text: &str, options: &[&str]) -> Run {
        let file = file_of(text);
        let path = file.path().to_str().expect("the path is UTF-8");
        self.run(&[&["--input", path], options].concat())
    }

    /// A missing, an empty and a wrong file, and one that is a directory: a message each, and a
    /// status that fits.
    pub fn meets_bad_files(self) {
        let run = self.run(&["--input", "/does/not/exist"]);
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains("/does/not/exist"), "{run:?}");
        let run = self.run(&["--input", "/"]);
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains("directory"), "{run:?}");
        let run = self.reads("", &[]);
        assert_eq!(run.code, Some(0));
        assert!(run.stderr.contains("there is nothing in them"), "{run:?}");
        let run = self.reads("Call me Ishmael.\nSome years ago\n", &["--show-malformed"]);
        assert_eq!(run.code, Some(0));
        assert!(run.stderr.contains("none of their lines"), "{run:?}");
        assert!(run.stderr.contains(":2: "), "{run:?}");
        assert_eq!(counted(&run, "malformed"), 2);
        // No text and no event either: still one line.
        let mut file = file_of("");
        file.write_all(b"\xff\xfe\n").expect("it can be written");
        let run = self.done(&["--input", file.path().to_str().expect("a path of text")]);
        assert_eq!(counted(&run, "malformed"), 1);
    }
}

/// A file with this text.
pub fn file_of(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file can be made");
    file.write_all(text.as_bytes())
        .expect("the file can be written");
    file
}

/// The figure behind a label below the table.
pub fn counted(run: &Run, label: &str) -> u64 {
    let line = run.stdout.lines().find(|line| line.starts_with(label));
    let line = line.unwrap_or_else(|| panic!("no {label}: {run:?}"));
    let figure = line[label.len()..].trim().replace(',', "");
    figure.parse().expect("a figure stands behind the label")
}

/// The numbers in a text, without their commas.
pub fn numbers(text: &str) -> Vec<u64> {
    let text = text.replace(',', "");
    let parts = text.split(|c: char| !c.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

pub fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "data", name].iter().collect()
}

/// The records of a log of Zeek's, each with its number of line: fields by their place.
pub fn zeek(name: &str) -> Vec<(u64, Vec<String>)> {
    let text = std::fs::read_to_string(data(name)).expect("the data is there");
    let records = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.starts_with('#'));
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
    records
        .map(|(number, line)| (number, fields(line)))
        .collect()
}

/// `1379288667.668082` in nanoseconds.
pub fn nanos(seconds: &str) -> i64 {
    let (whole, micros) = seconds.split_once('.').expect("there is a point");
    assert_eq!(micros.len(), 6);
    1_000_000_000 * whole.parse::<i64>().unwrap() + 1000 * micros.parse::<i64>().unwrap()
}

/// Whether two numbers agree, up to a rounding of the last decimal.
pub fn close(json: &Value, expected: f64, within: f64) -> bool {
    json.as_f64()
        .is_some_and(|number| (number - expected).abs() <= within)
}

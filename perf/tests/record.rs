//! `record`, `diff` and `doctor` as they are called: files, tables, exit statuses.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn perf(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fluxus-perf"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("it runs")
}

fn said(output: &Output) -> String {
    let [out, error] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{error}")
}

/// Records W7 and W2 at a small size, and gives the file as JSON.
fn recorded(folder: &Path) -> Value {
    let small = "record W7 W2 --events 20k --pairs 3 --warm-up 0 --no-pin --out old.json";
    let output = perf(&small.split(' ').collect::<Vec<_>>(), folder);
    assert!(output.status.success(), "{}", said(&output));
    let text = fs::read_to_string(folder.join("old.json")).expect("it is written");
    serde_json::from_str(&text).expect("it is JSON")
}

/// Writes a changed record, and holds it against the old one.
fn diff(folder: &Path, record: &Value, more: &[&str]) -> Output {
    fs::write(folder.join("new.json"), record.to_string()).expect("a file");
    perf(&[&["diff", "old.json", "new.json"], more].concat(), folder)
}

#[test]
fn a_record_is_kept_and_held_against_others() {
    let folder = TempDir::new().expect("a folder");
    let folder = folder.path();
    let old = recorded(folder);

    assert_eq!(old["schema"], 1);
    assert!(old["date"]
        .as_str()
        .is_some_and(|date| date.len() == 10 && date > "2020"));
    assert!(old["machine"]["cores"].as_u64() > Some(0));
    assert!(old["build"]["compiler"]["rustc"]
        .as_str()
        .is_some_and(|rustc| rustc.contains("rustc 1.")));
    let checks = |key: &str| old["doctor"][key].as_array().map_or(0, Vec::len) as u64;
    let passed = old["doctor"]["pass"].as_u64().expect("a number");
    assert!(passed + checks("warn") + checks("unknown") > 20);
    let figures = old["figures"].as_array().expect("a list");
    let names: Vec<String> = figures
        .iter()
        .map(|figure| {
            ["workload", "engine", "measure"]
                .map(|key| figure[key].as_str().unwrap_or_default())
                .join(" ")
        })
        .collect();
    assert_eq!(
        names,
        [
            "W7 fluxus speed",
            "W7 fluxus ratio",
            "W7 hand speed",
            "W2 fluxus speed",
            "W2 fluxus ratio",
            "W2 hand speed"
        ]
    );
    for figure in figures {
        let [least, median, most] =
            ["least", "median", "most"].map(|key| figure[key].as_f64().expect("a number"));
        assert!(0.0 < least && least <= median && median <= most, "{figure}");
        assert_eq!(figure["runs"], 3);
    }

    // Against itself, nothing has changed.
    let same = diff(folder, &old, &[]);
    assert_eq!(same.status.code(), Some(0), "{}", said(&same));
    assert_eq!(
        said(&same).matches(" noise ").count(),
        1 + names.len(),
        "{}",
        said(&same)
    );

    // A hundredth of the speed is worse, however noisy the machine was.
    let mut slower = old.clone();
    for key in [
        "median",
        "least",
        "lower_quartile",
        "upper_quartile",
        "most",
    ] {
        let number = slower["figures"][3][key].as_f64().expect("a number");
        slower["figures"][3][key] = Value::from(number / 1e4);
    }
    let worse = diff(folder, &slower, &["--band", "50%"]);
    assert_eq!(worse.status.code(), Some(1), "{}", said(&worse));
    assert!(
        said(&worse).contains("W2 fluxus, 1 worker, 20000 events, speed"),
        "{}",
        said(&worse)
    );
    let json = diff(folder, &slower, &["--json"]);
    let line: Value = serde_json::from_slice(&json.stdout).expect("one line of JSON");
    assert_eq!(
        (json.status.code(), &line["worse"]),
        (Some(1), &Value::from(1))
    );

    // Another machine is warned of, a missing figure is told, neither fails.
    let mut other = old.clone();
    other["machine"]["cores"] = Value::from(4096);
    other["figures"].as_array_mut().expect("a list").pop();
    let output = diff(folder, &other, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for told in [
        "warning: not the same machine",
        "4096 cores",
        "only in the old: W2 hand",
    ] {
        assert!(said(&output).contains(told), "{told}: {}", said(&output));
    }

    // Another schema, and nothing in common, are errors.
    let mut newer = old.clone();
    newer["schema"] = Value::from(2);
    let output = diff(folder, &newer, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("new.json: schema 2"),
        "{}",
        said(&output)
    );
    let mut empty = old.clone();
    empty["figures"] = Value::Array(Vec::new());
    let output = diff(folder, &empty, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("no figure in common"),
        "{}",
        said(&output)
    );
}

#[test]
fn what_cannot_be_kept_is_said_before_it_is_measured() {
    let folder = TempDir::new().expect("a folder");
    let output = perf(
        &["record", "W7", "--out", "no/such/file.json"],
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("no such folder"),
        "{}",
        said(&output)
    );
    let output = perf(
        &["diff", "a.json", "b.json", "--band", "much"],
        folder.path(),
    );
    assert_eq!(output.status.code(), Some(2), "asked wrongly");
}

#[test]
fn the_doctor_fails_only_where_it_is_strict() {
    let root = TempDir::new().expect("a folder");
    let here = root.path().to_str().expect("a path");
    // A host without files: all is unknown, but for a debug build.
    let calm = perf(&["doctor", "--cores", "0", "--root", here], root.path());
    assert_eq!(calm.status.code(), Some(0), "{}", said(&calm));
    assert!(said(&calm).contains("unknown"));
    let folder = root.path().join("proc/sys/kernel");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("sched_rt_runtime_us"), "950000").expect("a file");
    let strict = perf(
        &[
            "doctor", "--cores", "0", "--strict", "--json", "--root", here,
        ],
        root.path(),
    );
    assert_eq!(strict.status.code(), Some(1), "{}", said(&strict));
    let line: Value = serde_json::from_slice(&strict.stdout).expect("one line of JSON");
    assert_eq!(line["schema"], 1);
}

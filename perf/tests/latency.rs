//! `latency` and `matrix` end to end, at small rates. How long anything takes
//! is not looked at: that is the machine's affair. What must be there is every
//! record, every window, and a word about what is not right.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use fluxus_perf::latency::{anchor, run, HiccupPlace, Measured, Origin, Plan};
use fluxus_perf::{Idle, Options};
use serde_json::Value;

fn fluxus_perf(arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fluxus-perf"))
        .args(arguments.split_whitespace())
        .output()
        .expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it writes text")
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).expect("it was written")
}

/// Nothing was lost; a machine that was too busy to send in time is no fault.
fn assert_nothing_was_lost(measured: &Measured, what: &str) {
    let busy = |reason: &&String| reason.contains("fell behind");
    let lost: Vec<_> = measured.invalid.iter().filter(|r| !busy(r)).collect();
    assert!(lost.is_empty(), "{what}: {lost:?}");
}

#[test]
fn every_record_and_every_window_is_measured_wherever_the_source_lives() {
    for (origin, workers, window) in [
        (Origin::Thread, 1, true),
        (Origin::Thread, 2, true),
        (Origin::Worker, 1, true),
        (Origin::Worker, 2, true),
        (Origin::Thread, 1, false),
        (Origin::Worker, 1, false),
        (Origin::Worker, 2, false),
    ] {
        let what = format!("{origin:?}, {workers} workers, windows {window}");
        let plan = Plan {
            rate: 5_000,
            measured: Duration::from_millis(100),
            warm_up: Duration::from_millis(20),
            window: window.then_some(Duration::from_millis(10)),
            keys: 50,
            origin,
            engine: Options {
                workers,
                pin: false,
                idle: Idle::Yield,
                ..Options::default()
            },
        };
        let measured = run(&plan).expect("it runs");
        assert_nothing_was_lost(&measured, &what);
        assert_eq!(measured.records.response.samples(), 500, "{what}");
        assert_eq!(measured.records.service.samples(), 500, "{what}");
        let windows = measured.windows.as_ref();
        let samples = windows.map(|windows| windows.response.samples());
        assert_eq!(samples, window.then_some(10), "{what}");
        assert!(measured.hiccups.distribution.samples() > 0, "{what}");
        let in_the_source = measured.hiccups.place == HiccupPlace::Source(None);
        assert_eq!(in_the_source, origin == Origin::Thread, "{what}");
        // From due is never less than from send.
        let max = |latencies: &fluxus_perf::latency::Latencies| {
            (latencies.response.max(), latencies.service.max())
        };
        let (response, service) = max(&measured.records);
        assert!(response >= service, "{what}");
    }
}

#[test]
fn the_bare_ring_loses_nothing_either() {
    let plan = Plan {
        rate: 5_000,
        measured: Duration::from_millis(100),
        warm_up: Duration::ZERO,
        engine: Options {
            pin: false,
            idle: Idle::Yield,
            ..Options::default()
        },
        ..Plan::default()
    };
    for ours_first in [true, false] {
        let pair = anchor::pair(&plan, ours_first).expect("both run");
        for (what, measured) in [("fluxus", &pair.ours), ("rtrb", &pair.theirs)] {
            assert_nothing_was_lost(measured, what);
            assert_eq!(measured.records.response.samples(), 500, "{what}");
            assert!(measured.windows.is_none());
        }
        let both_are_valid = pair.ours.is_valid() && pair.theirs.is_valid();
        assert_eq!(pair.ratio().is_some(), both_are_valid);
    }
}

#[test]
fn a_run_is_told_as_a_table_json_a_page_and_for_plotters() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let output = fluxus_perf(&format!(
        "latency --rate 2000 --seconds 0.3 --warm-up-s 0.1 --keys 20 --no-pin --idle park \
         --json {} --hgrm {} --html {}",
        file("run.json").display(),
        file("run.hgrm").display(),
        file("run.html").display()
    ));
    let (table, complaint) = (text(&output.stdout), text(&output.stderr));
    let json: Value = serde_json::from_str(&read(&file("run.json"))).expect("it is JSON");

    assert!(table.starts_with("latency: open loop, 2,000 records/s, 0.3 s"));
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    for row in ["record ", "  from send", "window ", "hiccup "] {
        assert!(table.lines().any(|line| line.starts_with(row)), "{row}");
    }
    let valid = json["valid"].as_bool().expect("it says so");
    assert_eq!(output.status.code(), Some(i32::from(!valid)));
    assert_eq!(table.contains("INVALID"), !valid);
    assert_eq!(complaint.contains("error: the run is invalid"), !valid);
    assert!(
        !complaint.contains("warm-up and"),
        "no progress but on a terminal"
    );

    assert_eq!(json["schema"], 1);
    assert_eq!(json["kind"], "latency");
    assert_eq!(json["options"]["rate"], 2_000);
    assert_eq!(json["options"]["source"], "thread");
    let rustc = json["host"]["rustc"].as_str().expect("it was noted");
    assert!(rustc.starts_with("rustc "));
    assert_eq!(json["record"]["response"]["samples"], 600);
    assert!(json["record"]["response"]["p90_ns"].is_u64());
    assert!(
        json["record"]["response"]["p99_ns"].is_null(),
        "6 beyond it"
    );
    assert_eq!(json["window"]["response"]["samples"], 30);
    assert!(json["window"]["service"]["p50_ns"].is_u64());
    assert!(json["window"]["service"]["p90_ns"].is_null(), "3 beyond it");
    assert_eq!(json["hiccup"]["where"], "source");

    for name in [
        "run.hgrm",
        "run-record-from-send.hgrm",
        "run-window.hgrm",
        "run-window-from-send.hgrm",
        "run-hiccup.hgrm",
    ] {
        let hgrm = read(&file(name));
        assert!(hgrm.trim_start().starts_with("Value"), "{name}");
    }
    assert!(read(&file("run.hgrm")).contains("Total count    =          600]"));
    let page = read(&file("run.html"));
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    assert_eq!(page.contains("INVALID"), !valid);
}

#[test]
fn a_source_that_cannot_keep_up_makes_the_run_invalid() {
    // Two million records in 20 ms: beyond any build, let alone this one.
    let output = fluxus_perf(
        "latency --rate 100M --seconds 0.02 --warm-up-s 0 --no-windows --source worker --no-pin \
         --idle yield",
    );
    assert_eq!(output.status.code(), Some(1));
    let (table, complaint) = (text(&output.stdout), text(&output.stderr));
    assert!(table.contains("INVALID the source fell behind"), "{table}");
    assert!(complaint.contains("the run is invalid: the source fell behind"));
    assert!(
        !table.contains("of 2000000 records"),
        "late, but not lost: {table}"
    );
}

#[test]
fn the_matrix_has_a_row_for_every_combination() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let output = fluxus_perf(&format!(
        "matrix --rate 1000 --seconds 0.1 --warm-up-s 0 --keys 10 --batches 64 --no-pin \
         --json {} --html {}",
        file("matrix.json").display(),
        file("matrix.html").display()
    ));
    let table = text(&output.stdout);
    assert!(
        table.lines().all(|line| line.chars().count() <= 100),
        "{table}"
    );
    let json: Value = serde_json::from_str(&read(&file("matrix.json"))).expect("it is JSON");
    let rows = json["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert_eq!(row["record"]["response"]["samples"], 100);
        assert_eq!(row["options"]["batch"], 64);
    }
    for cores in ["1", "2"] {
        for idle in ["adaptive", "spin", "yield", "park"] {
            let is_row = |line: &str| {
                let words = line.split_whitespace().filter(|&word| word != "x");
                words.take(3).collect::<Vec<_>>() == [cores, idle, "64"]
            };
            assert!(table.lines().any(is_row), "{table}");
        }
    }
    let invalid = rows.iter().filter(|row| row["valid"] == false).count();
    let marked = |line: &&str| line.starts_with("1 x") || line.starts_with("2 x");
    assert_eq!(table.lines().filter(marked).count(), invalid);
    assert_eq!(output.status.code(), Some(i32::from(invalid > 0)));
    assert!(read(&file("matrix.html")).ends_with("</html>\n"));
}

#[test]
fn what_makes_no_sense_is_refused_with_the_way_out() {
    for (arguments, status, words) in [
        ("latency", 2, "--rate"),
        ("latency --rate 0", 2, "must be at least 1"),
        ("latency --rate 10 --seconds=-1", 2, "must be from 0"),
        ("latency --rate 10 --seconds 0", 2, "raise --seconds"),
        ("latency --rate 10 --batch 100000", 2, "at most 65536"),
        (
            "latency --rate 10 --no-windows --window-ms 5",
            2,
            "cannot be used with",
        ),
        (
            "latency --rate 10 --anchor --html x",
            2,
            "cannot be used with",
        ),
        ("matrix --rate 10 --batches 1,0", 2, "must be at least 1"),
        (
            "latency --rate 100 --seconds 0.01 --warm-up-s 0 --no-pin --json /no/such/folder/file",
            1,
            "/no/such/folder/file could not be written",
        ),
    ] {
        let output = fluxus_perf(arguments);
        let complaint = text(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments}: {complaint}"
        );
        assert!(complaint.contains(words), "{arguments}: {complaint}");
    }
}

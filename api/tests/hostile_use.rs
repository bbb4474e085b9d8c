//! What a careless or hostile program asks for is refused when the job is built, and
//! what its own code does wrong is told under the right name.

use fluxus::prelude::*;
use fluxus::source::{CsvHeader, CsvSource};
use fluxus::Measure;
use std::sync::Arc;

fn job(workers: usize) -> Job {
    Job::new("hostile", Config::new().workers(workers)).unwrap()
}

fn assert_refused(job: Job, culprit: &str, words: &str) {
    let error = job.run().expect_err(words);
    let name = error.culprit().unwrap_or_default();
    assert!(name.starts_with(culprit), "{name} should be {culprit}");
    assert!(error.to_string().contains(words), "{error}: {words}");
}

#[test]
fn more_instances_than_there_is_memory_for_are_refused() {
    for instances in [usize::MAX, 1 << 40, (1 << 16) + 1] {
        let numbers = job(2);
        numbers.from_range(0..10, instances).for_each(|_| {});
        assert_refused(numbers, "range", "ask for 65536 at the most");
        let shared = job(2);
        let records: Arc<[u32]> = Arc::from([1, 2, 3]);
        shared.from_shared(&records, instances).for_each(|_| {});
        assert_refused(shared, "shared", "ask for 65536 at the most");
    }
}

#[test]
fn two_sinks_do_not_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("numbers");
    let job = job(1);
    job.from_iter(0..3).lines_to_file(&path);
    job.from_iter(10..13).csv_to_file(&path);
    assert_refused(job, "csv", "another sink of this job writes this file");
    assert!(!path.exists());
}

#[test]
fn what_is_rejected_is_taken_once() {
    let job = job(2);
    let numbers = job.from_iter(0..10).key_by(|n| n % 2).distinct();
    let (numbers, rejected) = numbers.with_rejected();
    let (numbers, again) = numbers.with_rejected();
    numbers.for_each(|_| {});
    rejected.for_each(|_| {});
    again.for_each(|_| {});
    assert_refused(job, "rejected", "taken before");
}

struct NoTwin;

impl Clone for NoTwin {
    fn clone(&self) -> Self {
        panic!("there is one of it")
    }
}

#[test]
fn a_clone_that_panics_is_told_under_the_name_of_what_cloned() {
    for workers in [1, 2] {
        let divided = job(workers);
        let [one, other] = divided.from_iter([0]).map(|_| NoTwin).fan_out();
        one.for_each(|_| {});
        other.for_each(|_| {});
        assert_refused(divided, "fan_out", "there is one of it");
    }
    let sent = job(2);
    let copies = sent.from_iter([0]).map(|_| NoTwin).broadcast();
    copies.for_each(|_| {});
    assert_refused(sent, "broadcast", "there is one of it");
}

#[test]
fn an_end_of_line_is_neither_delimiter_nor_quote() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "1,2\n").unwrap();
    for byte in [b'\r', b'\n'] {
        let source = || CsvSource::new(file.path()).header(CsvHeader::None);
        for source in [source().delimiter(byte), source().quote(byte)] {
            let job = job(1);
            job.csv::<(u32, u32)>(source).for_each(|_| {});
            assert_refused(job, "csv", "choose another byte");
        }
    }
}

#[test]
fn lines_keep_their_numbers_behind_very_many_empty_ones() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = format!("number\n{}7\nx\n", "\n".repeat(300_000));
    std::fs::write(file.path(), text).unwrap();
    let job = job(1);
    let (rows, malformed) = job.csv_with_malformed::<(u32,)>(file.path());
    let (rows, malformed) = (rows.collect(), malformed.map(|row| row.line).collect());
    let report = job.run().unwrap();
    assert_eq!(rows.take(), [(7,)]);
    assert_eq!(malformed.take(), [300_003]);
    assert_eq!(report.total(Measure::Malformed), 1);
}

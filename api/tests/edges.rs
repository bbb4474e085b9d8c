//! The edges of a job: input that another thread feeds, files that are read and
//! written, and a job that is stopped, drained or let go while it runs.

mod support;

use fluxus::prelude::*;
use fluxus::sink::Ending;
use fluxus::source::{BadUtf8, LinesSource, SendError, TrySendError};
use fluxus::{JobEnding, Measure};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use support::{Call, Shape, Spy};

/// When a test that waits for another thread is given up.
const PATIENCE: Duration = Duration::from_secs(60);

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// Waits for another thread, and says what it waited for when it gives up.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let given_up = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < given_up, "waited in vain until {what}");
        thread::yield_now();
    }
}

/// Some shapes with real threads.
const THREADED: [Shape; 4] = [
    Shape::local(1, 2, 64).threaded(),
    Shape::local(2, 1, 1).threaded(),
    Shape::local(2, 512, 4096).threaded(),
    Shape::local(4, 16, 16).threaded(),
];

#[test]
fn an_input_is_full_until_the_job_takes_from_it() {
    for shape in THREADED {
        let job = shape.job();
        let (mut input, stream) = job.input(4).unwrap();
        let numbers = stream.collect();
        // Nothing runs yet, so nobody makes room.
        for n in 0..4 {
            assert_eq!(input.try_send(at(n), n), Ok(()));
        }
        assert_eq!(input.try_send(at(4), 4), Err(TrySendError::Full(4)));
        assert!(!input.is_closed());
        let running = job.start().unwrap();
        let mut next = 4;
        while next < 1_000 {
            match input.try_send(at(next), next) {
                Ok(()) => next += 1,
                Err(TrySendError::Full(given_back)) => {
                    assert_eq!(given_back, next);
                    thread::yield_now();
                }
                Err(TrySendError::Closed(_)) => panic!("the job runs"),
            }
        }
        input.close();
        let report = running.join().unwrap();
        assert_eq!(report.ending, JobEnding::Completed);
        let expected: Vec<_> = (0..1_000).map(|n| (at(n), n)).collect();
        assert_eq!(numbers.take_timed(), expected, "{shape:?}");
    }
}

#[test]
fn a_sender_that_waits_for_room_gets_it() {
    for shape in THREADED {
        let job = shape.job();
        let (mut input, stream) = job.input(1).unwrap();
        let windows = stream
            .key_by(|n| n % 3)
            .window(Tumbling::new(Duration::from_nanos(10)).unwrap())
            .count()
            .fold_all(0, |sum, row| *sum += row.value, |a, b| *a += b);
        let feeder = thread::spawn(move || {
            for n in 0..500 {
                input.send(at(n), n).unwrap();
                if n % 10 == 0 {
                    input.watermark(at(n - 20)).unwrap();
                }
            }
        });
        let report = job.run().unwrap();
        feeder.join().unwrap();
        assert_eq!(report.late(), 0);
        assert_eq!(windows.take(), Some(500), "{shape:?}");
    }
}

#[test]
fn results_come_out_while_the_input_is_silent() {
    // More results than a batch: some of them have to wait for room.
    for shape in THREADED {
        let job = shape.job();
        let (mut input, stream) = job.input(1024).unwrap();
        let (rows, log) = Spy::<WindowResult<i64, u64>>::new();
        stream
            .key_by(|n| *n)
            .window(Tumbling::new(Duration::from_nanos(10)).unwrap())
            .count()
            .sink(rows);
        let running = job.start().unwrap();
        for key in 0..200 {
            input.send(at(5), key).unwrap();
        }
        input.watermark(at(9)).unwrap();
        wait_until("all rows are written", || log.count(Call::Write) == 200);
        // Nothing more goes in, and yet they go out.
        wait_until("the last row is flushed", || {
            log.calls().last() == Some(&Call::Flush)
        });
        assert_eq!(log.written().len(), 200, "{shape:?}");
        drop(input);
        running.join().unwrap();
        log.must_have_ended(Ending::Complete, shape);
    }
}

#[test]
fn a_feeder_that_panics_fails_the_job() {
    for shape in THREADED {
        let job = shape.job();
        let (mut input, stream) = job.input(64).unwrap();
        let (sink, log) = Spy::new();
        stream.named("feed").sink(sink);
        let running = job.start().unwrap();
        let feeder = thread::spawn(move || {
            input.send(at(0), 0).unwrap();
            assert!(input.is_closed(), "it is not");
        });
        assert!(feeder.join().is_err());
        let error = running.join().unwrap_err();
        assert_eq!(error.culprit(), Some("feed"));
        assert!(error.to_string().contains("panicked before it was done"));
        assert_eq!(log.count(Call::Close(Ending::Complete)), 0, "{shape:?}");
        assert_eq!(
            log.count(Call::Close(Ending::Incomplete)),
            log.count(Call::Open)
        );
    }
}

#[test]
fn what_is_sent_after_the_end_is_given_back() {
    for how in ["take", "failure", "stop", "never started"] {
        let job = Shape::local(2, 2, 64).threaded().job();
        let (mut input, stream) = job.input(2).unwrap();
        match how {
            "take" => drop(stream.take(1).collect()),
            "failure" => stream.for_each(|n: i64| assert!(n < 0, "it is not")),
            _ => stream.for_each(|_| {}),
        }
        match how {
            "never started" => drop(job),
            "stop" => {
                let running = job.start().unwrap();
                running.stop();
                assert_eq!(running.join().unwrap().ending, JobEnding::Stopped);
            }
            _ => {
                let running = job.start().unwrap();
                input.send(at(0), 0).unwrap();
                assert_eq!(running.join().is_err(), how == "failure", "{how}");
            }
        }
        assert!(input.is_closed(), "{how}");
        assert_eq!(
            input.try_send(at(1), 1),
            Err(TrySendError::Closed(1)),
            "{how}"
        );
        assert_eq!(input.send(at(2), 2), Err(SendError(2)), "{how}");
        assert_eq!(input.watermark(at(3)), Err(SendError(())), "{how}");
    }
}

#[test]
fn a_sender_that_waits_when_the_job_ends_is_let_go() {
    let job = Shape::local(1, 2, 64).threaded().job();
    let (mut input, stream) = job.input(1).unwrap();
    let gate = Arc::new(AtomicBool::new(false));
    let opened = Arc::clone(&gate);
    stream.for_each(move |_: i64| wait_until("the gate opens", || opened.load(Ordering::SeqCst)));
    let running = job.start().unwrap();
    let feeder = thread::spawn(move || (0..).find_map(|n| input.send(at(n), n).err()));
    running.stop();
    gate.store(true, Ordering::SeqCst);
    running.join().unwrap();
    assert!(feeder.join().unwrap().is_some());
}

/// A stream of numbers without end into a log, and how many were generated.
fn endless(job: &Job) -> (support::Log<u64>, Arc<AtomicU64>) {
    let generated = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&generated);
    let (sink, log) = Spy::new();
    job.generate(move |n| {
        counter.fetch_add(1, Ordering::SeqCst);
        Some(n)
    })
    .key_by(|n| n % 7)
    .reduce(|_, n| n)
    .map(|(_, n)| n)
    .sink(sink);
    (log, generated)
}

#[test]
fn an_endless_job_is_drained_to_the_last_record_that_was_read() {
    for shape in THREADED {
        for control in [false, true] {
            let job = shape.job();
            let (log, generated) = endless(&job);
            let running = job.start().unwrap();
            wait_until("something came out", || !log.written().is_empty());
            match control {
                true => running.control().drain(),
                false => running.drain(),
            }
            let report = running.join().unwrap();
            assert_eq!(report.ending, JobEnding::Drained);
            let mut written = log.written();
            written.sort_unstable();
            let read = generated.load(Ordering::SeqCst);
            assert!(written.into_iter().eq(0..read), "{shape:?}");
            log.must_have_ended(Ending::Complete, shape);
        }
    }
}

#[test]
fn open_windows_close_when_a_job_is_drained() {
    for shape in THREADED {
        let job = shape.job();
        let generated = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&generated);
        let sum = job
            .generate(move |n| {
                counter.fetch_add(1, Ordering::SeqCst);
                Some(n)
            })
            .timestamps(|n| at(*n as i64), BoundedDisorder::monotonous())
            .key_by(|n| n % 7)
            .window(Tumbling::new(Duration::from_secs(3600)).unwrap())
            .count()
            .fold_all(0, |sum, row| *sum += row.value, |a, b| *a += b);
        let running = job.start().unwrap();
        wait_until("it runs", || generated.load(Ordering::SeqCst) > 100);
        running.drain();
        assert_eq!(running.join().unwrap().ending, JobEnding::Drained);
        assert_eq!(sum.take(), Some(generated.load(Ordering::SeqCst)));
    }
}

#[test]
fn an_endless_job_is_stopped_and_its_sinks_are_told() {
    for shape in THREADED {
        let job = shape.job();
        let (log, _) = endless(&job);
        let running = job.start().unwrap();
        wait_until("something came out", || !log.written().is_empty());
        assert!(!running.is_finished());
        running.stop();
        let report = running.join().unwrap();
        assert_eq!(report.ending, JobEnding::Stopped);
        log.must_have_ended(Ending::Incomplete, shape);
    }
}

#[test]
fn an_endless_job_that_is_let_go_ends() {
    for shape in THREADED {
        let job = shape.job();
        let (log, _) = endless(&job);
        let running = job.start().unwrap();
        wait_until("something came out", || !log.written().is_empty());
        // Returns when the threads are gone.
        drop(running);
        log.must_have_ended(Ending::Incomplete, shape);
    }
}

#[test]
fn jobs_that_are_let_go_at_any_moment_end() {
    for round in 0..100 {
        let shape = THREADED[round % THREADED.len()];
        let job = shape.job();
        let (log, generated) = endless(&job);
        let running = job.start().unwrap();
        let enough = (round * round) as u64;
        wait_until("so much was read", || {
            generated.load(Ordering::SeqCst) >= enough
        });
        match round % 3 {
            0 => drop(running),
            1 => {
                running.stop();
                drop(running.join().unwrap());
            }
            _ => {
                running.drain();
                drop(running.join().unwrap());
            }
        }
        let closed =
            log.count(Call::Close(Ending::Complete)) + log.count(Call::Close(Ending::Incomplete));
        assert_eq!(closed, log.count(Call::Open), "round {round}, {shape:?}");
    }
}

#[test]
fn a_running_job_can_be_looked_at() {
    let job = Shape::local(2, 2, 64).threaded().job();
    let (mut input, stream) = job.input::<u64>(8).unwrap();
    stream
        .named("in")
        .key_by(|n| *n)
        .reduce(|a, _| *a)
        .for_each(|_| {});
    let running = job.start().unwrap();
    for n in 0..100 {
        input.send(at(0), n).unwrap();
    }
    let read = |measure: Measure, operator: &str| -> u64 {
        let of_it = |r: &&fluxus::Reading| &*r.operator == operator && r.measure == measure;
        let readings = running.readings();
        readings.iter().filter(of_it).map(|r| r.value).sum()
    };
    wait_until("all were read", || read(Measure::RecordsIn, "in") == 100);
    wait_until("all keys are held", || {
        read(Measure::KeysHighWater, "reduce-2") == 100
    });
    assert!(!running.is_finished());
    drop(input);
    wait_until("it ended", || running.is_finished());
    running.join().unwrap();
}

/// What `LinesSource` makes of a file with these bytes: the lines with their
/// numbers, and how many were malformed.
fn lines_of(
    bytes: &[u8],
    set_up: impl FnOnce(LinesSource) -> LinesSource,
) -> (Vec<(u64, String)>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input.txt");
    fs::write(&path, bytes).unwrap();
    let job = Shape::local(1, 2, 64).job();
    let lines = job.source(set_up(LinesSource::new(&path))).collect();
    let report = job.run_local().unwrap();
    let lines = lines.take().into_iter();
    let lines = lines.map(|line| (line.number, line.text)).collect();
    (lines, report.total(Measure::Malformed))
}

#[test]
fn lines_are_told_apart_as_they_should_be() {
    for (bytes, lines, malformed) in [
        (&b""[..], &[][..], 0),
        (b"\n", &[(0, "")], 0),
        (b"one", &[(0, "one")], 0),
        (b"one\n", &[(0, "one")], 0),
        (b"one\ntwo", &[(0, "one"), (1, "two")], 0),
        (b"one\r\ntwo\r\n", &[(0, "one"), (1, "two")], 0),
        (
            b"one\n\n\nfour",
            &[(0, "one"), (1, ""), (2, ""), (3, "four")],
            0,
        ),
        (b"a\rb\n", &[(0, "a\rb")], 0),
        (b"a\0b\n", &[(0, "a\0b")], 0),
        (
            b"gr\xfc\xdf\nnext\n",
            &[(0, "gr\u{fffd}\u{fffd}"), (1, "next")],
            1,
        ),
        ("\u{e9}\u{1f40b}\n".as_bytes(), &[(0, "\u{e9}\u{1f40b}")], 0),
        (b"\xff\n\xff\n", &[(0, "\u{fffd}"), (1, "\u{fffd}")], 2),
    ] {
        let (found, counted) = lines_of(bytes, |source| source);
        let found: Vec<_> = found.iter().map(|(n, text)| (*n, text.as_str())).collect();
        assert_eq!(found, lines, "{bytes:?}");
        assert_eq!(counted, malformed, "{bytes:?}");
    }
    let (found, counted) = lines_of(b"one\ngr\xfc\xdf\nthree", |source| {
        source.bad_utf8(BadUtf8::Skip)
    });
    assert_eq!(found, [(0, "one".to_owned()), (2, "three".to_owned())]);
    assert_eq!(counted, 1);
}

#[test]
fn a_line_that_is_too_long_is_left_out_and_counted() {
    // The file is read in pieces of 64 KiB: lines end at, before and behind
    // their seams, and the limit lies at them too.
    const PIECE: usize = 64 << 10;
    for limit in [3, 10, PIECE - 2, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
        for length in [limit - 1, limit, limit + 1, limit + PIECE, 5 * PIECE] {
            for end in ["\n", "\r\n", ""] {
                let long = "x".repeat(length);
                let (mut text, mut expected) = (String::new(), Vec::new());
                let next = match end {
                    "" => {
                        text.push_str("a\n");
                        expected.push((0, "a".to_owned()));
                        1
                    }
                    _ => 0,
                };
                text.push_str(&long);
                text.push_str(end);
                if length <= limit {
                    expected.push((next, long));
                }
                if !end.is_empty() {
                    text.push_str("z\n");
                    expected.push((1, "z".to_owned()));
                }
                let (found, malformed) = lines_of(text.as_bytes(), |source| source.limit(limit));
                let context = format!("{length} bytes, {end:?}, limit {limit}");
                assert!(found == expected, "{context}: {} lines", found.len());
                assert_eq!(malformed, u64::from(length > limit), "{context}");
            }
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (path, words) in [
        (
            folder.path().join("nowhere.txt"),
            "nowhere.txt: No such file",
        ),
        (folder.path().to_path_buf(), "is a directory; name a file"),
    ] {
        for shape in [Shape::local(1, 2, 64), Shape::local(2, 2, 64).threaded()] {
            let job = shape.job();
            let (sink, log) = Spy::new();
            job.lines(&path)
                .named("book")
                .map(|line| line.text)
                .sink(sink);
            let error = shape.run(job).unwrap_err();
            assert_eq!(error.culprit(), Some("book"));
            assert!(error.to_string().contains(words), "{error}");
            assert_eq!(log.written(), Vec::<String>::new());
        }
    }
}

/// The names in a folder.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_bears_its_name_when_it_is_whole() {
    for shape in [
        Shape::local(1, 2, 64),
        Shape::local(2, 2, 64),
        Shape::local(2, 512, 512).threaded(),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        // What was there before is replaced, but not before the new is whole.
        fs::write(&path, "old\n").unwrap();
        let seen = Arc::new(AtomicU64::new(0));
        let (counter, old) = (Arc::clone(&seen), path.clone());
        let job = shape.job();
        job.from_iter(0..100u64)
            .inspect(move |_| {
                assert_eq!(fs::read_to_string(&old).unwrap(), "old\n");
                counter.fetch_add(1, Ordering::SeqCst);
            })
            .key_by(|_| ())
            .fold(0, |sum, n| *sum += n)
            .json_lines_to_file(&path);
        shape.run(job).unwrap();
        assert_eq!(seen.load(Ordering::SeqCst), 100);
        assert_eq!(names_in(folder.path()), ["rows.jsonl"], "{shape:?}");
        let text = fs::read_to_string(&path).unwrap();
        let last = text.lines().last().unwrap();
        assert_eq!((text.lines().count(), last), (100, "[null,4950]"));
        assert!(text.ends_with('\n'));
    }
}

#[test]
fn a_file_that_is_not_whole_keeps_its_other_name() {
    for how in ["failure", "stop"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        let shape = Shape::local(1, 1, 1).threaded();
        let job = shape.job();
        let (mut input, stream) = job.input::<u64>(8).unwrap();
        stream.map(|n| 10 / n).json_lines_to_file(&path);
        let running = job.start().unwrap();
        for n in [5, 2] {
            input.send(at(0), n).unwrap();
        }
        let part = folder.path().join("rows.jsonl.part");
        wait_until("both rows are out", || {
            fs::read_to_string(&part).is_ok_and(|text| text == "2\n5\n")
        });
        match how {
            "stop" => {
                running.stop();
                running.join().unwrap();
            }
            _ => {
                input.send(at(0), 0).unwrap();
                assert!(running.join().is_err());
            }
        }
        assert_eq!(names_in(folder.path()), ["rows.jsonl.part"], "{how}");
        assert_eq!(fs::read_to_string(&part).unwrap(), "2\n5\n", "{how}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere/rows.jsonl");
    for (path, words) in [
        (nowhere.as_path(), "rows.jsonl.part: No such file"),
        (Path::new("/dev/full"), "/dev/full: No space left"),
    ] {
        let shape = Shape::local(1, 2, 64);
        let job = shape.job();
        job.from_iter(0..10).json_lines_to_file(path);
        let error = shape.run(job).unwrap_err();
        assert_eq!(error.culprit(), Some("json_lines-2"));
        assert!(error.to_string().contains(words), "{error}");
    }
}

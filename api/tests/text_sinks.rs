//! Lines and CSV into real files and sockets: whole when the job ended well, never
//! looking whole when it did not.

mod support;

use fluxus::sink::{Csv, Lines, TcpLines};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use support::{shapes, Shape};

/// What `work` comes to; a hang is a failure after a minute.
fn within_a_minute<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = mpsc::channel();
    let thread = std::thread::spawn(move || done.send(work()));
    let limit = Duration::from_secs(60);
    match result.recv_timeout(limit) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it came to no end"),
        // The thread has panicked: so do we, with what it said.
        Err(_) => std::panic::resume_unwind(thread.join().unwrap_err()),
    }
}

fn folder() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let partial = folder.path().join("out.part");
    (folder, path, partial)
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    item: &'static str,
    sold: u32,
    note: Option<f64>,
}

const ROWS: [Row; 3] = [
    Row {
        item: "pear, \"ripe\"",
        sold: 3,
        note: None,
    },
    Row {
        item: "two\nlines",
        sold: 0,
        note: Some(0.5),
    },
    Row {
        item: "",
        sold: 7,
        note: None,
    },
];

#[test]
fn csv_has_its_header_once_and_quotes_what_needs_it() {
    const EXPECTED: &str = "item,sold,note\n\"pear, \"\"ripe\"\"\",3,\n\"two\nlines\",0,0.5\n,7,\n";
    for shape in shapes() {
        let (_folder, path, partial) = folder();
        let job = shape.job();
        job.from_iter(ROWS).csv_to_file(&path);
        shape.run(job).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), EXPECTED, "{shape:?}");
        assert!(!partial.exists());
    }
}

fn csv_of<T: Serialize + Send + 'static>(
    rows: Vec<T>,
    setup: impl FnOnce(&Path) -> Csv,
) -> Result<String, String> {
    let (_folder, path, partial) = folder();
    let job = Shape::local(1, 2, 2).job();
    job.from_iter(rows).sink(setup(&path));
    match job.run() {
        Ok(_) => {
            assert!(!partial.exists());
            Ok(fs::read_to_string(&path).unwrap())
        }
        Err(error) => {
            assert!(!path.exists(), "it looks whole and is not");
            let text = error.to_string();
            Err(text.split_once("out.part: ").unwrap().1.to_owned())
        }
    }
}

#[test]
fn csv_can_be_set_up_otherwise() {
    let none: Vec<Row> = Vec::new();
    let file = |path: &Path| Csv::file(path);
    assert_eq!(csv_of(none.clone(), file).unwrap(), "");
    assert_eq!(
        csv_of(vec![(1, 'x'), (2, ';')], file).unwrap(),
        "1,x\n2,;\n"
    );
    let named = |path: &Path| Csv::file(path).columns(["a", "b"]).delimiter(b';');
    assert_eq!(
        csv_of(vec![(1, 'x'), (2, ';')], named).unwrap(),
        "a;b\n1;x\n2;\";\"\n"
    );
    let three = |path: &Path| Csv::file(path).columns(["a", "b", "c"]);
    assert_eq!(csv_of(none, three).unwrap(), "a,b,c\n");
    let bare = |path: &Path| Csv::file(path).columns([""; 0]);
    assert_eq!(csv_of(ROWS[2..].to_vec(), bare).unwrap(), ",7,\n");
}

#[test]
fn a_record_that_cannot_be_csv_fails_the_job_and_leaves_a_part() {
    let file = |path: &Path| Csv::file(path);
    let map = csv_of(vec![BTreeMap::from([("a", 1)])], file).unwrap_err();
    assert!(map.starts_with("a record cannot be CSV: "), "{map}");
    let ragged = csv_of(vec![vec![1, 2], vec![3]], file).unwrap_err();
    assert_eq!(ragged, "a record has 1 fields, where the first line has 2");
}

#[test]
fn a_file_of_a_job_that_fails_keeps_its_part_and_the_one_before_is_untouched() {
    for workers in [1, 2] {
        for threads in [false, true] {
            let (_folder, path, partial) = folder();
            fs::write(&path, "of yesterday").unwrap();
            let shape = Shape {
                threads,
                ..Shape::local(workers, 1, 1)
            };
            let job = shape.job();
            let numbers = job.from_iter(0..10u32);
            let numbers = numbers.map(|n| assert!(n < 5)).named("broken");
            numbers.map(|()| "fine").sink(Lines::file(&path));
            let error = shape.run(job).unwrap_err();
            assert_eq!(error.culprit(), Some("broken"));
            assert_eq!(fs::read_to_string(&path).unwrap(), "of yesterday");
            let part = fs::read_to_string(&partial).unwrap();
            assert!("fine\n".repeat(5).starts_with(&part), "{part:?}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let job = Shape::local(1, 2, 2).job();
    job.from_iter(0..3).lines_to_file("/nowhere/at/all");
    let error = job.run().unwrap_err();
    assert_eq!(error.culprit(), Some("lines-2"));
    assert!(
        error.to_string().contains("/nowhere/at/all.part: "),
        "{error}"
    );
    let job = Shape::local(1, 2, 2).job();
    job.from_iter(0..100_000).lines_to_file("/dev/full");
    let error = job.run().unwrap_err();
    assert!(error.to_string().contains("/dev/full: "), "{error}");
}

#[test]
fn lines_cross_a_socket_whole_and_in_order() {
    within_a_minute(|| {
        for (batch, ring) in [(1, 1), (16, 64), (512, 4096)] {
            for count in [0, 1, 100_000u64] {
                let server = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = server.local_addr().unwrap().to_string();
                let reader = std::thread::spawn(move || {
                    let stream = server.accept().unwrap().0;
                    let lines = BufReader::with_capacity(100, stream).lines();
                    let numbers = lines.map(|line| line.unwrap().parse::<u64>().unwrap());
                    assert!(numbers.eq(0..count));
                });
                let job = Shape::local(1, batch, ring).job();
                job.from_range(0..count, 1)
                    .named("numbers")
                    .lines_to_tcp(address);
                let report = job.run().unwrap();
                reader.join().unwrap();
                let out = report.total(fluxus::Measure::RecordsOut);
                assert_eq!(out, count);
            }
        }
    });
}

/// Nobody reads for as long as the stream takes to be held back; then all comes.
#[test]
fn a_server_that_reads_late_holds_the_stream_back() {
    within_a_minute(|| {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap().to_string();
        let job = Shape::local(1, 16, 64).job();
        let text = "x".repeat(1000);
        let lines = job.from_iter((0..).map(move |n| format!("{n} {text}")));
        lines.named("lines").lines_to_tcp(address);
        let running = job.start().unwrap();
        let stream = server.accept().unwrap().0;
        let produced = || {
            let readings = running.readings();
            let of_it = |r: &&fluxus::Reading| r.measure == fluxus::Measure::RecordsIn;
            readings.iter().filter(of_it).map(|r| r.value).sum::<u64>()
        };
        // Until the kernel's buffers are full and nothing moves any more.
        let (mut last, mut still) = (0, 0);
        while still < 10_000 {
            let now = produced();
            still = if now == last && now > 0 { still + 1 } else { 0 };
            last = now;
            std::thread::yield_now();
        }
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(stream).lines();
            let numbers = lines.map(|line| line.unwrap());
            let mut count = 0u64;
            for line in numbers {
                assert_eq!(line.split(' ').next().unwrap(), count.to_string());
                count += 1;
            }
            count
        });
        while produced() < last + 1000 {
            std::thread::yield_now();
        }
        running.drain();
        let report = running.join().unwrap();
        let sent = report.of("lines", fluxus::Measure::RecordsIn);
        assert_eq!(reader.join().unwrap(), sent);
    });
}

#[test]
fn a_server_that_is_not_there_or_goes_away_fails_the_job() {
    within_a_minute(|| {
        // A port that was free a moment ago.
        let nobody = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let job = Shape::local(1, 16, 64).job();
        job.from_iter(0..3).lines_to_tcp(nobody.to_string());
        let error = job.run().unwrap_err();
        assert_eq!(error.culprit(), Some("tcp_lines-2"));
        assert!(error.to_string().contains(&nobody.to_string()), "{error}");

        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap().to_string();
        let job = Shape::local(1, 16, 64).job();
        job.from_iter(0..).sink(TcpLines::connect(address.clone()));
        let running = job.start().unwrap();
        let mut stream = server.accept().unwrap().0;
        stream.read_exact(&mut [0; 10]).unwrap();
        drop(stream);
        let error = running.join().unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(&address) && text.contains("the connection broke"),
            "{text}"
        );
    });
}

#[test]
fn every_record_is_a_datagram() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = receiver.local_addr().unwrap().to_string();
    let job = Shape::local(1, 2, 2).job();
    job.from_iter(["one", "", "three"])
        .lines_to_udp(address.clone());
    job.run().unwrap();
    for expected in ["one\n", "\n", "three\n"] {
        let mut datagram = [0; 100];
        let length = receiver.recv(&mut datagram).unwrap();
        assert_eq!(&datagram[..length], expected.as_bytes());
    }
    let job = Shape::local(1, 2, 2).job();
    job.from_iter(["x".repeat(70_000)])
        .lines_to_udp(address.clone());
    let error = job.run().unwrap_err();
    assert!(error.to_string().contains(&address), "{error}");
}

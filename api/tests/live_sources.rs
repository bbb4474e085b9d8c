//! Sources that go on until they are told to end, over real files and sockets, and
//! the way out of a job into another thread. Nothing here waits for a time: what is
//! waited for is a record, or the end.

mod support;

use fluxus::prelude::*;
use fluxus::sink::{Output, ReceiveError, TryReceiveError};
use fluxus::source::{
    BadUtf8, FollowFrom, FollowSource, Line, MissedTicks, TcpLinesSource, TickSource,
    UdpLinesSource, WhenMissing,
};
use fluxus::{JobEnding, ManualClock, Measure, RunningJob};
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{mpsc, Arc};
use std::thread::JoinHandle;
use std::time::Duration;
use support::Shape;

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

/// A job of one worker, and the clock that it goes by.
fn job() -> (Job, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_secs(1000));
    let config = Shape::local(1, 16, 64).config().clock(clock.clone());
    (Job::new("live", config).unwrap(), clock)
}

fn next<T>(output: &mut Output<T>) -> T {
    output.receive().expect("there is more").1
}

/// Asserts that there is nothing for now, though the source was given time to look.
fn must_be_silent<T: std::fmt::Debug>(output: &mut Output<T>) {
    for _ in 0..100 {
        assert_eq!(
            output.try_receive().map(|_| ()),
            Err(TryReceiveError::Empty)
        );
        std::thread::yield_now();
    }
}

/// Drains the job, and hands over what had not come out yet.
fn drained<T>(running: RunningJob, mut output: Output<T>) -> (Vec<T>, fluxus::Report) {
    running.drain();
    let mut rest = Vec::new();
    while let Ok((_, value)) = output.receive() {
        rest.push(value);
    }
    assert_eq!(output.receive().map(|_| ()), Err(ReceiveError::Ended));
    let report = running.join().unwrap();
    assert_eq!(report.ending, JobEnding::Drained);
    (rest, report)
}

/// A file that is followed, and its lines.
struct Log {
    _folder: tempfile::TempDir,
    path: PathBuf,
    clock: ManualClock,
    lines: Output<Line>,
    running: RunningJob,
}

impl Log {
    fn follow(content: &str, setup: impl FnOnce(&Path) -> FollowSource) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, content).unwrap();
        Self::follow_in(folder, path, setup)
    }

    fn follow_in(
        folder: tempfile::TempDir,
        path: PathBuf,
        setup: impl FnOnce(&Path) -> FollowSource,
    ) -> Self {
        let (job, clock) = job();
        let lines = job.source(setup(&path)).named("log").output(64).unwrap();
        Self {
            _folder: folder,
            path,
            clock,
            lines,
            running: job.start().unwrap(),
        }
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).open(&self.path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// The time of one look goes by.
    fn look(&self) {
        self.clock.advance(Duration::from_millis(100));
    }

    /// The next line; the clock goes on until it comes.
    fn next(&mut self) -> String {
        loop {
            match self.lines.try_receive() {
                Ok((_, line)) => return line.text,
                Err(TryReceiveError::Empty) => {
                    self.look();
                    std::thread::yield_now();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn rest(self) -> Vec<String> {
        let (rest, _) = drained(self.running, self.lines);
        rest.into_iter().map(|line| line.text).collect()
    }
}

#[test]
fn a_file_that_grows_is_followed_and_a_partial_line_waits() {
    within_a_minute(|| {
        let mut log = Log::follow("one\ntw", |path| FollowSource::new(path));
        assert_eq!(log.next(), "one");
        log.look();
        must_be_silent(&mut log.lines);
        log.append("o\r\nthree\nfo");
        assert_eq!(log.next(), "two");
        assert_eq!(log.next(), "three");
        log.append("ur\n");
        assert_eq!(log.next(), "four");
        log.append("five\nsi");
        // What the file holds when the job drains is still read.
        assert_eq!(log.rest(), ["five", "si"]);
    });
}

/// The clock stands: nothing makes the job look at its file before it is drained.
#[test]
fn nothing_is_looked_for_before_it_is_time() {
    within_a_minute(|| {
        let mut log = Log::follow("one\n", |path| FollowSource::new(path));
        assert_eq!(log.lines.receive().unwrap().1.text, "one");
        // The end is reached by the pull that follows; then it rests.
        must_be_silent(&mut log.lines);
        log.append("two\n");
        assert_eq!(log.rest(), ["two"]);
    });
}

#[test]
fn a_file_that_is_rotated_is_read_to_its_end_and_then_the_next() {
    within_a_minute(|| {
        let mut log = Log::follow("one\n", |path| FollowSource::new(path));
        assert_eq!(log.next(), "one");
        for round in 0..5 {
            let old = log.path.with_extension(round.to_string());
            let mut writer = OpenOptions::new().append(true).open(&log.path).unwrap();
            fs::rename(&log.path, &old).unwrap();
            // Whoever writes has not noticed yet.
            writer.write_all(b"still\n").unwrap();
            assert_eq!(log.next(), "still");
            fs::write(&log.path, format!("first of {round}\n")).unwrap();
            writer.write_all(b"and st").unwrap();
            assert_eq!(log.next(), "and st");
            assert_eq!(log.next(), format!("first of {round}"));
        }
        // It is gone: there may be another.
        fs::remove_file(&log.path).unwrap();
        log.look();
        must_be_silent(&mut log.lines);
        fs::write(&log.path, "again\n").unwrap();
        assert_eq!(log.next(), "again");
        assert_eq!(log.rest(), [""; 0]);
    });
}

/// One thread does it all, a step a round, so that nothing is left to chance: whoever
/// writes to the old file has one look's time to notice that there is another.
#[test]
fn an_old_file_is_left_when_it_has_been_quiet_for_one_look() {
    within_a_minute(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "one\n").unwrap();
        let mut writer = OpenOptions::new().append(true).open(&path).unwrap();
        let clock = ManualClock::at(Timestamp::from_secs(1000));
        let config = Shape::local(1, 1, 1).config().clock(clock.clone());
        let job = Job::new("live", config).unwrap();
        let lines = job.follow(&path).map(|line| line.text).take(4).collect();
        let steps = move |round: u64| {
            // Several rounds lie between two steps: time for all that is due.
            match (round / 5, round % 5) {
                (0 | 1, 0) => {}
                (2, 0) => {
                    fs::rename(&path, path.with_extension("1")).unwrap();
                    fs::write(&path, "first\n").unwrap();
                }
                (3, 0) => writer.write_all(b"still\n").unwrap(),
                (4, 0) => writer.write_all(b"and st").unwrap(),
                (5 | 6, 0) => {}
                (_, 0) => return None,
                _ => return Some(()),
            }
            clock.advance(Duration::from_millis(100));
            Some(())
        };
        job.generate(steps).for_each(|()| {});
        job.run_local().unwrap();
        assert_eq!(lines.take(), ["one", "still", "and st", "first"]);
    });
}

#[test]
fn a_file_that_was_rotated_just_before_a_drain_is_read_with_the_next() {
    within_a_minute(|| {
        let mut log = Log::follow("one\n", |path| FollowSource::new(path));
        assert_eq!(log.next(), "one");
        log.append("two\n");
        fs::rename(&log.path, log.path.with_extension("1")).unwrap();
        fs::write(&log.path, "three\n").unwrap();
        assert_eq!(log.rest(), ["two", "three"]);
    });
}

#[test]
fn a_file_that_is_truncated_is_read_anew() {
    within_a_minute(|| {
        let mut log = Log::follow("one\ntwo\nthr", |path| FollowSource::new(path));
        assert_eq!(log.next(), "one");
        assert_eq!(log.next(), "two");
        let file = OpenOptions::new().write(true).open(&log.path).unwrap();
        file.set_len(0).unwrap();
        // What was left unfinished is handed on as it was.
        assert_eq!(log.next(), "thr");
        log.append("new\n");
        assert_eq!(log.next(), "new");
        assert_eq!(log.rest(), [""; 0]);
    });
}

#[test]
fn a_file_can_be_followed_from_its_end_and_before_it_is_there() {
    within_a_minute(|| {
        let mut log = Log::follow("old\n", |path| {
            FollowSource::new(path).from(FollowFrom::End).limit(5)
        });
        // Whatever is written before it is opened is old, too.
        let line = (0..).find_map(|_| {
            log.append("much too long\nnew\n");
            log.look();
            std::thread::yield_now();
            log.lines.try_receive().ok()
        });
        assert_eq!(line.unwrap().1.text, "new");
        let rest = log.rest();
        assert!(rest.iter().all(|line| line == "new"), "{rest:?}");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("later");
        let mut log = Log::follow_in(folder, path, |path| {
            let source = FollowSource::new(path).when_missing(WhenMissing::Wait);
            source.look_every(Duration::from_millis(7))
        });
        log.look();
        must_be_silent(&mut log.lines);
        fs::write(&log.path, "here\n").unwrap();
        assert_eq!(log.next(), "here");
        assert_eq!(log.rest(), [""; 0]);

        let (job, _) = job();
        job.follow("/nowhere/at/all").named("log").for_each(|_| {});
        let error = job.run().unwrap_err();
        assert_eq!(error.culprit(), Some("log"));
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    });
}

/// Sends text as a client, and ends.
fn send(address: SocketAddr, text: impl AsRef<[u8]>) {
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(text.as_ref()).unwrap();
}

#[test]
fn lines_of_many_clients_come_whole_and_in_their_order() {
    const CLIENTS: usize = 100;
    const LINES: usize = 200;
    within_a_minute(|| {
        for workers in [1, 2] {
            let job = Shape::local(workers, 16, 64).job();
            let listening = TcpLinesSource::listen("127.0.0.1:0").unwrap();
            let address = listening.address();
            let mut lines = job.source(listening).named("server").output(64).unwrap();
            let running = job.start().unwrap();
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    std::thread::spawn(move || {
                        let text: String =
                            (0..LINES).map(|n| format!("{client} {n}\r\n")).collect();
                        // The last line has no end.
                        send(address, text.trim_end());
                    })
                })
                .collect();
            let mut seen = vec![0; CLIENTS];
            let mut peers = vec![None; CLIENTS];
            for _ in 0..CLIENTS * LINES {
                let line = next(&mut lines);
                let (client, number) = line.text.split_once(' ').unwrap();
                let client: usize = client.parse().unwrap();
                assert_eq!(number, seen[client].to_string());
                assert_eq!(line.number, seen[client]);
                assert_eq!(*peers[client].get_or_insert(line.peer), line.peer);
                seen[client] += 1;
            }
            clients.into_iter().for_each(|c| c.join().unwrap());
            let (rest, report) = drained(running, lines);
            assert_eq!(rest, []);
            assert_eq!(
                report.of("server", Measure::RecordsIn) as usize,
                CLIENTS * LINES
            );
            assert_eq!(report.total(Measure::Malformed), 0);
            assert_eq!(report.total(Measure::ConnectionsRefused), 0);
            assert_eq!(report.total(Measure::ConnectionsLost), 0);
        }
    });
}

#[test]
fn what_is_over_a_limit_of_tcp_is_counted() {
    within_a_minute(|| {
        let job = Shape::local(1, 16, 64).job();
        let listening = TcpLinesSource::listen("127.0.0.1:0").unwrap();
        let listening = listening.line_limit(10).connection_limit(2);
        let address = listening.address();
        let source = job
            .source(listening.bad_utf8(BadUtf8::Skip))
            .named("server");
        let mut lines = source
            .map(|line| (line.number, line.text))
            .output(64)
            .unwrap();
        let running = job.start().unwrap();
        let mut one = TcpStream::connect(address).unwrap();
        let mut other = TcpStream::connect(address).unwrap();
        one.write_all(b"one\n").unwrap();
        assert_eq!(next(&mut lines), (0, "one".to_owned()));
        other.write_all(&[b'x'; 100_000]).unwrap();
        other.write_all(b"\nb\xffd\nother\n").unwrap();
        assert_eq!(next(&mut lines), (2, "other".to_owned()));
        // The third is turned away: it reads its end, or that it was reset.
        let mut third = TcpStream::connect(address).unwrap();
        assert!(matches!(third.read(&mut [0; 10]), Ok(0) | Err(_)));
        // When one goes there is room for another.
        one.shutdown(Shutdown::Both).unwrap();
        drop(one);
        let fourth = (0..).find_map(|_| {
            let mut fourth = TcpStream::connect(address).unwrap();
            fourth.write_all(b"fourth\n").ok()?;
            std::thread::yield_now();
            lines.try_receive().ok()
        });
        assert_eq!(fourth.unwrap().1, (0, "fourth".to_owned()));
        other.write_all(b"cut o").unwrap();
        let (_, report) = drained(running, lines);
        assert!(report.of("server", Measure::ConnectionsRefused) >= 1);
        // Too long, no UTF-8, and, if it came in time, cut off by the drain.
        let malformed = report.of("server", Measure::Malformed);
        assert!((2..=3).contains(&malformed), "{malformed}");
    });
}

#[test]
fn what_was_sent_over_tcp_before_a_drain_flows_out() {
    within_a_minute(|| {
        for _ in 0..20 {
            let job = Shape::local(1, 2, 2).job();
            let listening = TcpLinesSource::listen("127.0.0.1:0").unwrap();
            let address = listening.address();
            let lines = job.source(listening).map(|line| line.text).collect();
            // All of it lies with the kernel before the job has begun.
            let mut held = TcpStream::connect(address).unwrap();
            held.write_all(b"a\nb\nc").unwrap();
            send(address, "d\ne");
            let running = job.start().unwrap();
            running.drain();
            let report = running.join().unwrap();
            let mut lines = lines.take();
            lines.sort();
            assert_eq!(lines, ["a", "b", "d", "e"]);
            assert_eq!(report.total(Measure::Malformed), 1, "what was cut off");
        }
    });
}

#[test]
fn an_address_that_is_taken_is_an_error_at_once() {
    let taken = TcpLinesSource::listen("127.0.0.1:0").unwrap();
    let error = TcpLinesSource::listen(taken.address()).err().unwrap();
    assert!(
        error.to_string().contains(&taken.address().to_string()),
        "{error}"
    );
    let taken = UdpLinesSource::bind("127.0.0.1:0").unwrap();
    let (job, _) = job();
    let error = job.udp_lines(taken.address()).err().unwrap();
    assert!(
        error.to_string().contains(&taken.address().to_string()),
        "{error}"
    );
}

#[test]
fn datagrams_hold_lines_and_too_long_ones_are_counted() {
    within_a_minute(|| {
        let job = Shape::local(1, 2, 2).job();
        let receiving = UdpLinesSource::bind("127.0.0.1:0")
            .unwrap()
            .datagram_limit(20);
        let address = receiving.address();
        let source = job.source(receiving).named("udp");
        let mut lines = source
            .map(|line| (line.number, line.text))
            .output(64)
            .unwrap();
        let running = job.start().unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        for datagram in ["one\ntwo\r\n\nthree", "", "\n", "exactly 20 bytes lon"] {
            client.send_to(datagram.as_bytes(), address).unwrap();
        }
        client.send_to(&[b'x'; 21], address).unwrap();
        client.send_to(&[b'x'; 30_000], address).unwrap();
        client.send_to(b"last", address).unwrap();
        let expected = [
            "one",
            "two",
            "",
            "three",
            "",
            "exactly 20 bytes lon",
            "last",
        ];
        for (number, text) in (0..).zip(expected) {
            assert_eq!(next(&mut lines), (number, text.to_owned()));
        }
        let (_, report) = drained(running, lines);
        assert_eq!(report.of("udp", Measure::Malformed), 2);
    });
}

/// Says what it is told to, then nothing until it is told more.
struct Speaker(mpsc::Receiver<std::io::Result<&'static str>>);

impl Read for Speaker {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.recv() {
            Ok(Ok("panic")) => panic!("the cable was pulled"),
            Ok(said) => said?.as_bytes().read(into),
            Err(_) => Ok(0),
        }
    }
}

#[test]
fn what_blocks_is_read_on_a_thread_of_its_own() {
    within_a_minute(|| {
        for shape in support::shapes() {
            let job = shape.job();
            let (say, said) = mpsc::channel();
            let lines = job.lines_of(Speaker(said)).unwrap();
            let mut lines = lines.map(|line| line.text).output(64).unwrap();
            let finished = if shape.threads {
                let running = job.start().unwrap();
                say.send(Ok("one\ntw")).unwrap();
                assert_eq!(next(&mut lines), "one");
                must_be_silent(&mut lines);
                say.send(Ok("o\nthree")).unwrap();
                assert_eq!(next(&mut lines), "two");
                drop(say);
                running.join()
            } else {
                say.send(Ok("one\ntwo\nthree")).unwrap();
                drop(say);
                let finished = job.run_local();
                assert_eq!(
                    (next(&mut lines), next(&mut lines)),
                    ("one".into(), "two".into())
                );
                finished
            };
            assert_eq!(next(&mut lines), "three");
            assert_eq!(lines.receive(), Err(ReceiveError::Ended));
            assert_eq!(finished.unwrap().ending, JobEnding::Completed);
        }
    });
}

#[test]
fn a_reader_that_fails_fails_the_job_and_one_that_blocks_does_not_hold_it() {
    within_a_minute(|| {
        for (said, expected) in [
            (
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
                "connection reset",
            ),
            (Ok("panic"), "the thread that fed this input panicked"),
        ] {
            let job = Shape::local(1, 2, 2).job();
            let (say, speaker) = mpsc::channel();
            let lines = job.lines_of(Speaker(speaker)).unwrap().named("cable");
            let (sink, log) = support::Spy::new();
            lines.map(|line| line.text).sink(sink);
            say.send(Ok("one\ntw")).unwrap();
            say.send(said).unwrap();
            let error = job.run().unwrap_err();
            assert_eq!(error.culprit(), Some("cable"));
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(log.written(), ["one"]);
            log.must_have_ended(fluxus::sink::Ending::Incomplete, expected);
        }
        let (job, _) = job();
        let (say, said) = mpsc::channel();
        let mut lines = job.lines_of(Speaker(said)).unwrap().output(64).unwrap();
        let running = job.start().unwrap();
        say.send(Ok("one\ntw")).unwrap();
        assert_eq!(next(&mut lines).text, "one");
        // It still blocks; what it had read flows out.
        let (rest, _) = drained(running, lines);
        assert_eq!(rest.len(), 1);
        assert_eq!((rest[0].number, rest[0].text.as_str()), (1, "tw"));
    });
}

#[test]
fn ticks_come_by_the_jobs_clock() {
    within_a_minute(|| {
        let (job, clock) = job();
        let source = TickSource::every(Duration::from_secs(10)).unwrap();
        let mut ticks = job.timed_source(source).output(64).unwrap();
        let running = job.start().unwrap();
        // It has looked at the clock when it counts what it leaves out.
        let counts = |r: &fluxus::Reading| r.measure == Measure::Ignored;
        while !running.readings().iter().any(counts) {}
        must_be_silent(&mut ticks);
        clock.advance(Duration::from_secs(10));
        let (time, tick) = ticks.receive().unwrap();
        assert_eq!((tick.number, tick.time), (0, time));
        assert_eq!(time, Timestamp::from_secs(1010));
        clock.advance(Duration::from_secs(35));
        for number in 1..=3 {
            let (time, next) = ticks.receive().unwrap();
            assert_eq!(next.number, number);
            assert_eq!(time, tick.time + Duration::from_secs(10 * number));
        }
        // The clock steps back and nothing comes; and then it is drained.
        clock.set(Timestamp::from_secs(0));
        running.drain();
        while ticks.receive().is_ok() {}
        assert_eq!(running.join().unwrap().ending, JobEnding::Drained);
    });
}

/// The stream itself moves the clock, so that one thread sees it all.
#[test]
fn ticks_that_were_missed_are_caught_up_with_or_skipped() {
    for (policy, expected, skipped) in [
        (MissedTicks::CatchUp, [0, 1, 2, 3, 4, 5], 0),
        (MissedTicks::Skip, [3, 7, 11, 15, 19, 23], 18),
    ] {
        within_a_minute(move || {
            let clock = ManualClock::at(Timestamp::from_secs(0));
            let config = Shape::local(1, 1, 1).config().clock(clock.clone());
            let job = Job::new("ticks", config).unwrap();
            let source = TickSource::every(Duration::from_secs(1)).unwrap();
            let ticks = job.timed_source(source.missed(policy)).named("timer");
            let jump = move || clock.advance(Duration::from_secs(4));
            let jumps = jump.clone();
            let numbers = ticks
                .inspect(move |_| jumps())
                .map(|tick| tick.number)
                .take(6)
                .collect();
            // Somebody has to move it first.
            let first = job.generate(move |n| (n == 0).then(&jump));
            first.for_each(|()| {});
            let report = job.run_local().unwrap();
            assert_eq!(numbers.take(), expected, "{policy:?}");
            assert_eq!(report.of("timer", Measure::Ignored), skipped, "{policy:?}");
        });
    }
}

#[test]
fn windows_over_ticks_close_by_their_times() {
    within_a_minute(|| {
        let (job, clock) = job();
        let mut counts = job
            .ticks(Duration::from_secs(1))
            .window_all(Tumbling::new(Duration::from_secs(4)).unwrap())
            .count()
            .map(|row| (row.start(), row.value))
            .output(64)
            .unwrap();
        let running = job.start().unwrap();
        let mut results = Vec::new();
        while results.len() < 3 {
            match counts.try_receive() {
                Ok((_, row)) => results.push(row),
                Err(_) => {
                    clock.advance(Duration::from_millis(250));
                    std::thread::yield_now();
                }
            }
        }
        for pair in results.windows(2) {
            assert_eq!(pair[0].0 + Duration::from_secs(4), pair[1].0);
        }
        assert_eq!([results[1].1, results[2].1], [4, 4]);
        drained(running, counts);
    });
}

#[test]
fn a_period_of_zero_is_a_mistake() {
    let (job, _) = job();
    job.ticks(Duration::ZERO).for_each(|_| {});
    let error = job.run().unwrap_err();
    assert!(error.to_string().contains("a period of zero"), "{error}");
}

/// Runs what `build` makes on a thread of its own, and hands over its output.
fn beside<T: Send + 'static>(
    shape: Shape,
    build: impl FnOnce(&Job) -> Output<T> + Send + 'static,
) -> (Output<T>, JoinHandle<Result<Report, Error>>) {
    let (hand, over) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let job = shape.job();
        hand.send(build(&job)).unwrap();
        shape.run(job)
    });
    (over.recv().unwrap(), thread)
}

#[test]
fn a_stream_is_handed_to_another_thread_whole_and_in_order() {
    within_a_minute(|| {
        for shape in support::shapes() {
            for capacity in [1, 8, 4096] {
                let (mut output, job) = beside(shape, move |job| {
                    let parts = job.from_partitions([0..500i64, 1000..1500]);
                    let timed = parts
                        .timestamps(|&n| Timestamp::from_nanos(n), BoundedDisorder::monotonous());
                    timed.output(capacity).unwrap()
                });
                let mut received = Vec::new();
                while let Ok((time, value)) = output.receive() {
                    assert_eq!(time.nanos(), value);
                    assert!(output.watermark() < time || value >= 1000);
                    received.push(value);
                }
                for part in [0..500, 1000..1500] {
                    let of_it = received.iter().copied().filter(|n| part.contains(n));
                    assert!(of_it.eq(part.clone()), "{shape:?}, {capacity}");
                }
                assert_eq!(output.receive(), Err(ReceiveError::Ended));
                assert_eq!(output.watermark(), Timestamp::MAX);
                job.join().unwrap().unwrap();
            }
        }
    });
}

#[test]
fn a_stream_that_nobody_takes_is_held_back_and_one_whose_reader_goes_ends() {
    within_a_minute(|| {
        for workers in [1, 2] {
            for (batch, capacity) in [(1, 1), (16, 4), (16, 64), (512, 64)] {
                let produced = Arc::new(AtomicU64::new(0));
                let counter = Arc::clone(&produced);
                let shape = Shape::local(workers, batch, 512).threaded();
                let (mut output, job) = beside(shape, move |job| {
                    let parts = job.from_partitions(vec![0u64..; workers]);
                    let counted = parts.inspect(move |_| {
                        counter.fetch_add(1, Ordering::SeqCst);
                    });
                    counted.named("all").output(capacity).unwrap()
                });
                assert!(output.receive().is_ok());
                // The rings, and a batch in hand at each end of them.
                let most = (capacity + batch + workers * (512 + 2 * batch)) as u64;
                for _ in 0..300 {
                    assert!(produced.load(Ordering::SeqCst) <= most + 1);
                    std::thread::yield_now();
                }
                for _ in 0..1000 {
                    assert!(output.receive().is_ok());
                }
                drop(output);
                let report = job.join().unwrap().unwrap();
                assert_eq!(report.ending, JobEnding::Completed);
            }
        }
    });
}

#[test]
fn an_output_tells_an_end_from_a_failure() {
    within_a_minute(|| {
        for workers in [1, 2] {
            let shape = Shape::local(workers, 1, 1).threaded();
            let (mut output, job) = beside(shape, |job| {
                let numbers = job.from_iter(0..10u64);
                let broken = numbers.map(|n| assert!(n < 5)).named("broken");
                broken.output(64).unwrap()
            });
            let mut received = 0;
            let last = loop {
                match output.receive() {
                    Ok(_) => received += 1,
                    Err(last) => break last,
                }
            };
            assert_eq!(last, ReceiveError::Broken);
            assert!(received <= 5);
            let error = job.join().unwrap().unwrap_err();
            assert_eq!(error.culprit(), Some("broken"));
        }
        // One that never ran did not end either.
        let (never, _) = job();
        let mut output = never.from_iter(0..3).output(64).unwrap();
        drop(never);
        assert_eq!(output.receive(), Err(ReceiveError::Broken));
        let (job, _) = job();
        assert!(job.from_iter(0..3).output(3).is_err());
    });
}

//! Sources and sinks that ask for it are tried again, on the job's clock: nothing is
//! lost, nothing is doubled, and when attempts run out the job says what it tried.

mod support;

use fluxus::prelude::*;
use fluxus::sink::{Ending, Sink, SinkContext, SinkError, TcpLines};
use fluxus::source::{BoxError, Collector, Flow, Pulled, Source, SourceContext, SourceStatus};
use fluxus::testing::{Said, PATIENT};
use fluxus::{ManualClock, Measure, Retry, Transient, WallClock};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::time::Duration;
use support::{shapes, Numbers, Shape};

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

/// A clock that moves on by a millisecond whenever it is read, so that pauses end.
#[derive(Debug)]
struct Ticking(ManualClock);

impl WallClock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.advance(Duration::from_millis(1));
        self.0.now()
    }
}

fn ticking() -> Ticking {
    Ticking(ManualClock::at(Timestamp::from_secs(1000)))
}

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Goes {
    Well,
    /// It fails, and may be tried again.
    Badly,
    /// It is taken, and takes another call.
    Slowly,
    Fatally,
}

/// Mostly bad luck: how the calls go, one after another, at random from this seed.
fn luck(seed: u64, length: usize) -> VecDeque<Goes> {
    let mut numbers = Numbers(seed);
    let one = |_| match numbers.below(4) {
        0 => Goes::Badly,
        1 => Goes::Slowly,
        _ => Goes::Well,
    };
    (0..length).map(one).collect()
}

/// A source of 0, 1, 2, ... that fails as it is told, in the middle of its pulls.
struct Moody {
    next: u64,
    most: u64,
    luck: VecDeque<Goes>,
    opened: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Moody {
    fn new(most: u64, luck: VecDeque<Goes>) -> Self {
        Self {
            next: 0,
            most,
            luck,
            opened: Arc::default(),
            closed: Arc::default(),
        }
    }

    fn goes(&mut self) -> Result<(), BoxError> {
        match self.luck.pop_front() {
            Some(Goes::Badly) => Err(Transient::new("the line was busy").into()),
            Some(Goes::Fatally) => Err("the line was cut".into()),
            _ => Ok(()),
        }
    }
}

impl Source for Moody {
    type Item = u64;

    fn open(&mut self, _: SourceContext) -> Result<(), BoxError> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        self.goes()
    }

    fn pull<C: Collector<u64>>(&mut self, budget: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let (mut records, mut flow) = (0, Flow::Open);
        while records < budget && flow.is_open() && self.next < self.most {
            self.goes()?;
            flow = out.push(Timestamp::MIN, self.next);
            self.next += 1;
            records += 1;
        }
        let status = match self.next < self.most {
            true => SourceStatus::Ready,
            false => SourceStatus::Ended,
        };
        Ok(Pulled {
            records,
            status,
            flow,
        })
    }

    fn close(&mut self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_source_with_bad_luck_yields_what_one_with_good_luck_does() {
    for shape in shapes() {
        for seed in 0..5 {
            let job = Job::new("moody", shape.config().clock(ticking())).unwrap();
            let luck = luck(seed, 300);
            let source = Moody::new(100, luck.clone());
            let (opened, closed) = (Arc::clone(&source.opened), Arc::clone(&source.closed));
            let retry = Retry::new()
                .attempts(100)
                .longest_pause(Duration::from_millis(5));
            let stream = job.source(retry.jitter(seed).source(source)).named("line");
            let numbers = stream.collect();
            let report = shape.run(job).unwrap();
            assert!(numbers.take().into_iter().eq(0..100), "{shape:?}, {seed}");
            assert_eq!(report.of("line", Measure::RecordsIn), 100);
            // One of the calls opens it; so many were made as went well, and the bad.
            let (mut well, mut bad) = (0, 0);
            for goes in luck {
                if well < 101 {
                    *if goes == Goes::Badly {
                        &mut bad
                    } else {
                        &mut well
                    } += 1;
                }
            }
            assert_eq!(
                report.of("line", Measure::Retries),
                bad,
                "{shape:?}, {seed}"
            );
            assert!(opened.load(Ordering::SeqCst) >= 1);
            assert_eq!(closed.load(Ordering::SeqCst), 1);
        }
    }
}

/// Fails behind every record that it hands on, whatever was answered.
struct Late(u64);

impl Source for Late {
    type Item = u64;

    fn pull<C: Collector<u64>>(&mut self, _: usize, out: &mut C) -> Result<Pulled, BoxError> {
        if self.0 < 20 {
            self.0 += 1;
            let _ = out.push(Timestamp::MIN, self.0);
            return Err(Transient::new("too late").into());
        }
        Ok(Pulled {
            records: 0,
            status: SourceStatus::Ended,
            flow: Flow::Open,
        })
    }
}

#[test]
fn what_a_source_handed_on_before_it_failed_is_out_and_its_answer_counts() {
    for mood in PATIENT {
        let config = Shape::local(1, 16, 16).config().clock(ticking());
        let job = Job::new("late", config).unwrap();
        let retry = Retry::new()
            .attempts(20)
            .longest_pause(Duration::from_millis(5));
        let source = job.source(retry.source(Late(0))).named("late");
        let heard = source.map(|n| n).heard_by(mood);
        let report = job.run_local().unwrap();
        let time = Timestamp::MIN.nanos();
        heard.assert_said((1..=20).map(|n| Said::Record(time, n)));
        assert_eq!(report.of("late", Measure::RecordsIn), 20, "{mood:?}");
    }
}

#[test]
fn a_source_whose_attempts_run_out_fails_the_job_and_says_so() {
    use Goes::{Badly, Fatally, Well};
    let busy = "it was tried 3 times within 300ms, and the last time: the line was busy";
    for (luck, yielded, tries, expected) in [
        (vec![Badly; 9], 0, 3, busy),
        (vec![Well, Well, Well, Badly, Badly, Badly], 2, 1, busy),
        // One that went well in between, and attempts begin anew.
        (
            vec![
                Badly, Badly, Well, Badly, Badly, Well, Well, Badly, Badly, Badly,
            ],
            2,
            3,
            busy,
        ),
        (vec![Well, Well, Badly, Fatally], 1, 1, "the line was cut"),
        (vec![Fatally], 0, 1, "the line was cut"),
    ] {
        within_a_minute(move || {
            let clock = ManualClock::at(Timestamp::from_secs(1000));
            let config = Shape::local(1, 1, 1).config().clock(clock.clone());
            let job = Job::new("moody", config).unwrap();
            let context = format!("{luck:?}");
            let source = Moody::new(100, luck.into());
            let (opened, closed) = (Arc::clone(&source.opened), Arc::clone(&source.closed));
            let retry = Retry::new().attempts(2);
            let (sink, log) = support::Spy::new();
            job.source(retry.source(source)).named("line").sink(sink);
            let running = job.start().unwrap();
            let waits = || {
                let tried = |r: &fluxus::Reading| r.measure == Measure::Retries;
                let readings = running.readings();
                readings
                    .iter()
                    .filter(|r| tried(r))
                    .map(|r| r.value)
                    .sum::<u64>()
            };
            // 100 ms behind the first failure in a row, 200 ms behind the second.
            let mut seen = 0;
            while !running.is_finished() {
                if waits() > seen {
                    seen += 1;
                    clock.advance(Duration::from_millis(if seen % 2 == 1 { 100 } else { 200 }));
                }
                std::thread::yield_now();
            }
            let error = running.join().unwrap_err();
            assert_eq!(error.culprit(), Some("line"), "{context}");
            assert!(error.to_string().ends_with(expected), "{error}, {context}");
            assert!(log.written().into_iter().eq(0..yielded), "{context}");
            assert_eq!(opened.load(Ordering::SeqCst), tries, "{context}");
            assert_eq!(closed.load(Ordering::SeqCst), 1, "{context}");
        });
    }
}

/// A sink that fails as it is told, and keeps what came to it for good.
struct Fickle {
    luck: VecDeque<Goes>,
    /// What it was given and has not kept yet.
    taken: Option<u64>,
    kept: Arc<Mutex<Vec<u64>>>,
    ended: Arc<Mutex<Vec<Ending>>>,
}

impl Fickle {
    #[allow(clippy::type_complexity)]
    fn new(luck: VecDeque<Goes>) -> (Self, Arc<Mutex<Vec<u64>>>, Arc<Mutex<Vec<Ending>>>) {
        let sink = Self {
            luck,
            taken: None,
            kept: Arc::default(),
            ended: Arc::default(),
        };
        let (kept, ended) = (Arc::clone(&sink.kept), Arc::clone(&sink.ended));
        (sink, kept, ended)
    }

    fn goes(&mut self) -> Result<(), SinkError> {
        match self.luck.pop_front() {
            Some(Goes::Badly) => Err(SinkError::Failed(
                Transient::new("the disk was away").into(),
            )),
            Some(Goes::Slowly) => Err(SinkError::Busy),
            Some(Goes::Fatally) => Err(SinkError::Failed("the disk is full".into())),
            Some(Goes::Well) | None => {
                self.kept.lock().unwrap().extend(self.taken.take());
                Ok(())
            }
        }
    }
}

impl Sink<u64> for Fickle {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        self.goes()
    }

    fn resume(&mut self) -> Result<(), SinkError> {
        self.goes()
    }

    fn write(&mut self, _: Timestamp, value: u64) -> Result<(), SinkError> {
        assert_eq!(self.taken, None, "it was given more while it was busy");
        self.taken = Some(value);
        let gone = self.goes();
        if matches!(gone, Err(SinkError::Failed(_))) {
            // Nothing of it was done.
            self.taken = None;
        }
        gone
    }

    fn watermark(&mut self, _: Timestamp) -> Result<(), SinkError> {
        assert_eq!(self.taken, None, "it was told of time while it was busy");
        self.goes()
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        assert_eq!(self.taken, None, "it was flushed while it was busy");
        self.goes()
    }

    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        self.ended.lock().unwrap().push(ending);
        Ok(())
    }
}

#[test]
fn a_sink_with_bad_luck_loses_nothing_and_doubles_nothing() {
    for shape in shapes() {
        for seed in 0..5 {
            let job = Job::new("fickle", shape.config().clock(ticking())).unwrap();
            let (sink, kept, ended) = Fickle::new(luck(seed, 2000));
            let retry = Retry::new()
                .attempts(100)
                .longest_pause(Duration::from_millis(5));
            let timed = job.from_iter(0..100u64).timestamps(
                |&n| Timestamp::from_nanos(n as i64),
                BoundedDisorder::monotonous(),
            );
            timed.sink(retry.sink(sink));
            let report = shape.run(job).unwrap();
            let kept = kept.lock().unwrap();
            assert!(
                kept.iter().copied().eq(0..100),
                "{shape:?}, {seed}: {kept:?}"
            );
            assert_eq!(*ended.lock().unwrap(), [Ending::Complete]);
            assert!(report.total(Measure::Retries) > 0);
            assert_eq!(report.of("sink-3", Measure::RecordsOut), 100);
        }
    }
}

/// One that is only slow needs no retries.
#[test]
fn a_sink_that_is_busy_holds_the_stream_back_and_is_told_of_a_failure() {
    for shape in shapes() {
        for fails in [None, Some(50)] {
            let job = shape.job();
            let slow = (0..1000).map(|n| match n % 3 {
                0 => Goes::Well,
                _ => Goes::Slowly,
            });
            let (sink, kept, ended) = Fickle::new(slow.collect());
            let numbers = job.from_iter(0..100u64);
            let numbers = numbers.inspect(move |n| assert_ne!(Some(*n), fails));
            numbers.named("numbers").sink(sink);
            let run = shape.run(job);
            let kept = kept.lock().unwrap();
            let ended = ended.lock().unwrap();
            match fails {
                None => {
                    run.unwrap();
                    assert!(kept.iter().copied().eq(0..100), "{shape:?}: {kept:?}");
                    assert_eq!(*ended, [Ending::Complete]);
                }
                Some(fails) => {
                    assert_eq!(run.unwrap_err().culprit(), Some("numbers"));
                    assert!(kept.iter().copied().eq(0..kept.len() as u64));
                    assert!(kept.len() as u64 <= fails);
                    assert_eq!(*ended, [Ending::Incomplete]);
                }
            }
        }
    }
}

#[test]
fn a_sink_whose_attempts_run_out_fails_the_job_and_says_so() {
    use Goes::{Badly, Fatally, Slowly, Well};
    // The calls: open, three writes, a flush, time and a flush at the end; a flush
    // more behind what was not done at once, which ends its batch.
    for (luck, written, expected) in [
        (vec![Badly; 9], 0, "3 times"),
        (vec![Well, Well, Badly, Badly, Badly], 1, "3 times"),
        (
            vec![
                Well, Badly, Badly, Well, Badly, Badly, Well, Badly, Badly, Badly,
            ],
            1,
            "3 times",
        ),
        // It was taken; what was begun does not come to its end.
        (
            vec![Well, Slowly, Slowly, Badly, Badly, Badly],
            0,
            "3 times",
        ),
        (
            vec![Well, Well, Well, Well, Badly, Badly, Badly],
            3,
            "3 times",
        ),
        (vec![Well, Well, Fatally], 1, "the disk is full"),
        (vec![Well, Badly, Fatally], 0, "the disk is full"),
    ] {
        for workers in [1, 2] {
            let config = Shape::local(workers, 16, 16).config().clock(ticking());
            let job = Job::new("fickle", config).unwrap();
            let context = format!("{luck:?}");
            let (sink, kept, ended) = Fickle::new(luck.clone().into());
            let retry = Retry::new().attempts(2);
            job.from_iter(0..3u64).sink(retry.sink(sink));
            let error = job.run_local().unwrap_err();
            assert_eq!(error.culprit(), Some("sink-2"));
            let text = error.to_string();
            assert!(text.contains(expected), "{text}, {context}");
            let reason = text.contains("the last time: the disk was away");
            assert_eq!(reason, expected == "3 times", "{text}");
            assert_eq!(kept.lock().unwrap().len(), written, "{context}");
            assert_eq!(*ended.lock().unwrap(), [Ending::Incomplete], "{context}");
        }
    }
}

#[test]
fn a_job_that_is_stopped_in_a_pause_ends_at_once() {
    within_a_minute(|| {
        let clock = ManualClock::at(Timestamp::from_secs(1000));
        let config = Shape::local(1, 16, 16).config().clock(clock);
        let job = Job::new("fickle", config.clone()).unwrap();
        let (sink, kept, ended) = Fickle::new(vec![Goes::Well, Goes::Badly].into());
        job.from_iter(0..3u64).sink(Retry::new().sink(sink));
        let running = job.start().unwrap();
        let tried = |r: &fluxus::Reading| r.measure == Measure::Retries && r.value == 1;
        while !running.readings().iter().any(tried) {
            std::thread::yield_now();
        }
        running.stop();
        running.join().unwrap();
        assert!(kept.lock().unwrap().is_empty());
        assert_eq!(*ended.lock().unwrap(), [Ending::Incomplete]);

        // A drain ends a source that was to be tried again.
        let job = Job::new("moody", config).unwrap();
        let source = Moody::new(100, vec![Goes::Badly; 9].into());
        let numbers = job.source(Retry::new().source(source)).collect();
        let running = job.start().unwrap();
        while !running.readings().iter().any(tried) {
            std::thread::yield_now();
        }
        running.drain();
        running.join().unwrap();
        assert!(numbers.take().is_empty());
    });
}

/// The server comes only when the sink has failed to find it.
#[test]
fn a_server_that_comes_late_gets_every_line_once() {
    within_a_minute(|| {
        let clock = ManualClock::at(Timestamp::from_secs(1000));
        let config = Shape::local(1, 16, 16).config().clock(clock.clone());
        let job = Job::new("late", config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let retry = Retry::new().attempts(1000);
        let sink = retry.sink(TcpLines::connect(address.to_string()));
        job.from_iter(0..1000u64).sink(sink);
        let running = job.start().unwrap();
        let tried = |r: &fluxus::Reading| r.measure == Measure::Retries && r.value >= 2;
        while !running.readings().iter().any(tried) {
            clock.advance(Duration::from_millis(50));
            std::thread::yield_now();
        }
        let server = TcpListener::bind(address).unwrap();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(server.accept().unwrap().0).lines();
            let numbers = lines.map(|line| line.unwrap().parse::<u64>().unwrap());
            assert!(numbers.eq(0..1000));
        });
        while !running.is_finished() {
            clock.advance(Duration::from_millis(50));
            std::thread::yield_now();
        }
        running.join().unwrap();
        reader.join().unwrap();
    });
}

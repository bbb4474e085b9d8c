//! Whatever a source or a sink does wrong, and whenever, the job's result names it,
//! says why, and the sink hears once how it ended.

mod support;

use fluxus::prelude::*;
use fluxus::sink::{Ending, Sink, SinkContext, SinkError};
use fluxus::source::{BoxError, Collector, Flow, Pulled, Source, SourceContext, SourceStatus};
use std::fmt;
use std::sync::{Arc, Mutex};
use support::{shapes, Shape};

/// A call of a sink.
#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    Open,
    Write,
    Resume,
    Watermark,
    Flush,
    Close,
}

const EVERY_CALL: [At; 6] = [
    At::Open,
    At::Write,
    At::Resume,
    At::Watermark,
    At::Flush,
    At::Close,
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Error,
    Panic,
}

/// Busy behind every record, and wrong in one of its calls.
struct Wrong {
    at: At,
    how: How,
    endings: Arc<Mutex<Vec<Ending>>>,
}

impl Wrong {
    fn call(&self, at: At) -> Result<(), SinkError> {
        match self.how {
            _ if self.at != at => Ok(()),
            How::Error => Err(SinkError::Failed(format!("wrong in {at:?}").into())),
            How::Panic => panic!("wrong in {at:?}"),
        }
    }
}

impl Sink<u64> for Wrong {
    fn open(&mut self, _: SinkContext) -> Result<(), SinkError> {
        self.call(At::Open)
    }
    fn write(&mut self, _: Timestamp, _: u64) -> Result<(), SinkError> {
        self.call(At::Write)?;
        Err(SinkError::Busy)
    }
    fn resume(&mut self) -> Result<(), SinkError> {
        self.call(At::Resume)
    }
    fn watermark(&mut self, _: Timestamp) -> Result<(), SinkError> {
        self.call(At::Watermark)
    }
    fn flush(&mut self) -> Result<(), SinkError> {
        self.call(At::Flush)
    }
    fn close(&mut self, ending: Ending) -> Result<(), SinkError> {
        self.endings.lock().unwrap().push(ending);
        self.call(At::Close)
    }
}

#[test]
fn a_sink_that_goes_wrong_in_any_call_is_named_and_closed_once() {
    for shape in shapes() {
        for at in EVERY_CALL {
            for how in [How::Error, How::Panic] {
                let context = format!("{how:?} in {at:?}, {shape:?}");
                let endings = Arc::default();
                let sink = Wrong {
                    at,
                    how,
                    endings: Arc::clone(&endings),
                };
                let job = shape.job();
                let timed = job.from_iter(0..20u64).timestamps(
                    |&n| Timestamp::from_nanos(n as i64),
                    BoundedDisorder::monotonous(),
                );
                timed.sink(sink);
                let error = shape.run(job).unwrap_err();
                assert_eq!(error.culprit(), Some("sink-3"), "{context}");
                let text = error.to_string();
                assert!(text.contains(&format!("wrong in {at:?}")), "{text}");
                let expected = match at {
                    At::Close => Ending::Complete,
                    _ => Ending::Incomplete,
                };
                assert_eq!(*endings.lock().unwrap(), [expected], "{context}");
            }
        }
    }
}

/// Busy when it is closed, which is too late for that.
struct Late;

impl Sink<u64> for Late {
    fn write(&mut self, _: Timestamp, _: u64) -> Result<(), SinkError> {
        Ok(())
    }
    fn close(&mut self, _: Ending) -> Result<(), SinkError> {
        Err(SinkError::Busy)
    }
}

#[test]
fn a_sink_that_is_busy_when_it_is_closed_fails_the_job() {
    let job = Shape::local(1, 2, 2).job();
    job.from_iter(0..3u64).sink(Late);
    let error = job.run().unwrap_err();
    assert_eq!(error.culprit(), Some("sink-2"));
    assert!(
        error.to_string().contains("belongs in its flush"),
        "{error}"
    );
}

/// Displays itself, or not.
struct Shy(u64);

impl fmt::Display for Shy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(self.0 < 3, "too shy");
        self.0.fmt(f)
    }
}

impl serde::Serialize for Shy {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            3.. => Err(serde::ser::Error::custom("too shy")),
            n => to.serialize_u64(n),
        }
    }
}

#[test]
fn a_record_that_cannot_be_written_names_the_sink_and_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    type End<'a> = (&'static str, &'a dyn Fn(&Job));
    let ends: [End<'_>; 3] = [
        ("lines-3", &|job| {
            job.from_iter(0..5).map(Shy).lines_to_file(&path)
        }),
        ("json_lines-3", &|job| {
            job.from_iter(0..5).map(Shy).json_lines_to_file(&path)
        }),
        ("csv-3", &|job| {
            job.from_iter(0..5).map(Shy).csv_to_file(&path)
        }),
    ];
    for (name, end) in ends {
        let job = Shape::local(1, 2, 2).job();
        end(&job);
        let error = job.run().unwrap_err();
        assert_eq!(error.culprit(), Some(name));
        let text = error.to_string();
        assert!(text.contains("too shy"), "{text}");
        let is_panic = text.contains("panicked");
        assert!(is_panic || text.contains("out.part: "), "{text}");
        assert!(!path.exists(), "it looks whole and is not");
    }
}

/// A source that goes wrong where its job ends it.
struct Sore(At);

impl Source for Sore {
    type Item = u64;

    fn open(&mut self, _: SourceContext) -> Result<(), BoxError> {
        Ok(())
    }
    fn pull<C: Collector<u64>>(&mut self, _: usize, out: &mut C) -> Result<Pulled, BoxError> {
        let flow = match self.0 {
            At::Close => out.push(Timestamp::MIN, 7),
            _ => Flow::Open,
        };
        Ok(Pulled {
            records: usize::from(self.0 == At::Close),
            status: match self.0 {
                At::Close => SourceStatus::Ended,
                _ => SourceStatus::Idle,
            },
            flow,
        })
    }
    fn drain(&mut self) -> bool {
        panic!("not like this");
    }
    fn close(&mut self) {
        assert!(self.0 != At::Close, "not like this");
    }
}

#[test]
fn a_source_that_falls_over_while_it_is_ended_is_named() {
    for at in [At::Close, At::Resume] {
        let job = Shape::local(1, 2, 2).job();
        let (sink, log) = support::Spy::new();
        job.source(Sore(at)).named("sore").sink(sink);
        let running = job.start().unwrap();
        if at == At::Resume {
            running.drain();
        }
        let error = running.join().unwrap_err();
        assert_eq!(error.culprit(), Some("sore"), "{at:?}");
        assert!(error.to_string().contains("not like this"), "{error}");
        // Drained at once, its sink may never have been opened.
        let calls = log.calls();
        let closed = calls.contains(&support::Call::Close(Ending::Incomplete));
        assert_eq!(closed, !calls.is_empty(), "{calls:?}");
    }
}

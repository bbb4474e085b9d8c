//! Streams that end before their source does, and outputs that end apart.

use fluxus::prelude::*;
use fluxus::Placement;
use std::sync::mpsc;
use std::time::Duration;

/// What `work` comes to; a hang is a failure after a minute.
fn within_a_minute<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = mpsc::channel();
    std::thread::spawn(move || done.send(work()));
    let limit = Duration::from_secs(60);
    result.recv_timeout(limit).expect("it came to an end")
}

fn job(workers: usize) -> Job {
    let config = Config::new()
        .workers(workers)
        .placement(Placement::Unpinned);
    Job::new("endings", config).unwrap()
}

/// The source is told across a keyed exchange, though it sends no signals and
/// though most rings never carry a record.
#[test]
fn take_ends_an_endless_source_behind_a_keyed_exchange() {
    for workers in [1, 2, 4] {
        for keys in [1, 16] {
            let taken = within_a_minute(move || {
                let job = job(workers);
                let taken = job
                    .from_iter(0u64..)
                    .key_by(move |n| n % keys)
                    .reduce(|a, b| a.wrapping_add(b))
                    .take(3)
                    .collect();
                job.run().unwrap();
                taken.take().len()
            });
            assert_eq!(taken, 3, "{workers} workers, {keys} keys");
        }
    }
}

#[test]
fn take_ends_an_endless_iterator_in_the_middle_of_a_flat_map() {
    for workers in [1, 2] {
        let taken = within_a_minute(move || {
            let job = job(workers);
            let taken = job
                .from_iter([0u64])
                .flat_map(|first| first..)
                .key_by(|n| n % 16)
                .fold(0u64, |count, _| *count += 1)
                .take(5)
                .collect();
            job.run().unwrap();
            taken.take().len()
        });
        assert_eq!(taken, 5, "{workers} workers");
    }
}

/// The main stream wants no more while the side stream is full: what the side
/// still holds arrives, and then its end.
#[test]
fn a_slow_side_stream_gets_everything_though_the_main_one_is_done() {
    for workers in [1, 2] {
        let (late, seen, taken) = within_a_minute(move || {
            let config = Config::new()
                .workers(workers)
                .placement(Placement::Unpinned)
                .batch(4)
                .ring_capacity(4);
            let job = Job::new("endings", config).unwrap();
            let times = [
                100i64, 100, 100, 100, 0, 0, 0, 0, 0, 0, 0, 200, 300, 300, 300,
            ];
            let (counts, rejected) = job
                .from_iter(times)
                .timestamps(|&s| Timestamp::from_secs(s), BoundedDisorder::monotonous())
                .key_by(|_| ())
                .window(Tumbling::new(Duration::from_secs(10)).unwrap())
                .aggregate_with_rejected(Count);
            let taken = counts.take(1).collect();
            let seen = rejected
                .flat_map(|_| 0..50_000u32)
                .filter(|&n| n == 0)
                .collect();
            let report = job.run().unwrap();
            (report.late(), seen.take().len(), taken.take().len())
        });
        assert_eq!(taken, 1);
        assert_eq!(seen as u64, late, "{workers} workers");
    }
}

/// Draining ends the sources; what an input had accepted before flows out.
#[test]
fn draining_loses_nothing_that_was_accepted() {
    for round in 0..50 {
        let (accepted, counted) = within_a_minute(move || {
            let job = job(1);
            let (mut input, stream) = job.input::<u64>(4096).unwrap();
            let sum = stream.fold_all(0u64, |n, _| *n += 1, |n, m| *n += m);
            let mut accepted = 0;
            // Before the start, so that the source has read nothing of it.
            for n in 0..3000 {
                accepted += u64::from(input.try_send(Timestamp::MIN, n).is_ok());
            }
            let running = job.start().unwrap();
            for n in 0..round {
                accepted += u64::from(input.send(Timestamp::MIN, n).is_ok());
            }
            running.drain();
            let report = running.join().unwrap();
            assert_eq!(report.ending, fluxus::JobEnding::Drained);
            (accepted, sum.take().unwrap())
        });
        assert_eq!(counted, accepted, "round {round}");
    }
}

//! Streams are joined by keys of one type.
use fluxus::prelude::*;
use std::time::Duration;

fn main() {
    let job = Job::new("wrong", Config::new()).unwrap();
    let stream = || {
        job.from_iter(0..5i64)
            .timestamps(|&n| Timestamp::from_nanos(n), BoundedDisorder::monotonous())
    };
    let size = || Tumbling::new(Duration::from_secs(1)).unwrap();
    let right = stream().key_by(|n| n % 2);
    let pairs = stream().key_by(|n| n % 2).window_join(right, size()).inner();
    pairs.for_each(|_| {});
    // Keys of two types are never equal.
    let right = stream().key_by(|n| n.to_string()); //~ E0271
    stream().key_by(|n| n % 2).window_join(right, size()).inner(); //~ E0599
}

//! Windows are by key: a stream without one has none.
use fluxus::prelude::*;
use std::time::Duration;

fn main() {
    let job = Job::new("job", Config::new()).unwrap();
    let size = Tumbling::new(Duration::from_secs(1)).unwrap();
    let timed = || {
        job.from_iter(0..5i64)
            .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
    };
    timed().key_by(|n| n % 2).window(size).count().collect();
    timed().window(size);
    //~^ E0599
}

//! Which window would a record without a time belong to?
use fluxus::prelude::*;
use std::time::Duration;

fn main() {
    let job = Job::new("job", Config::new()).unwrap();
    let size = Tumbling::new(Duration::from_secs(1)).unwrap();
    let time_of = |&n: &i64| Timestamp::from_secs(n);
    let timed = job
        .from_iter(0..5)
        .timestamps(time_of, BoundedDisorder::monotonous());
    timed.key_by(|n| n % 2).window(size).count().collect();
    let untimed = job.from_iter(0..5i64);
    untimed.key_by(|n| n % 2).window(size);
    //~^ E0277
}

//! An aggregate is made for the records that it folds.
use fluxus::prelude::*;
use std::time::Duration;

fn main() {
    let job = Job::new("job", Config::new()).unwrap();
    let size = Tumbling::new(Duration::from_secs(1)).unwrap();
    let windows = || {
        job.from_iter(0..5i64)
            .timestamps(|&n| Timestamp::from_secs(n), BoundedDisorder::monotonous())
            .key_by(|n| n % 2)
            .window(size)
    };
    windows().aggregate(Sum::of(|n: &i64| *n)).collect();
    windows().aggregate(Sum::of(|n: &u8| *n));
    //~^ E0631
}

//! A key must be hashed to find its core and its state.
use fluxus::prelude::*;

fn main() {
    let job = Job::new("job", Config::new()).unwrap();
    let numbers = || job.from_iter(0..5);
    numbers().key_by(|n| n % 2).reduce(|a, _| *a).collect();
    numbers().key_by(|n| f64::from(*n)).reduce(|a, _| *a);
    //~^ E0277
}

//! Closures outlive the place where the stream was described.
use fluxus::prelude::*;

fn main() {
    let job = Job::new("job", Config::new()).unwrap();
    let offset = 1;
    job.from_iter(0..5).map(move |n| n + offset).collect();
    job.from_iter(0..5).map(|n| n + offset).collect();
    //~^ E0373
}

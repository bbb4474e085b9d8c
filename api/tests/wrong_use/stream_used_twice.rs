//! A stream goes one way: an operator takes it.
use fluxus::prelude::*;

fn main() {
    let job = Job::new("job", Config::new()).unwrap();
    let numbers = job.from_iter(0..5);
    numbers.map(|n| n + 1).collect();
    numbers.map(|n| n + 2).collect();
    //~^ E0382
}

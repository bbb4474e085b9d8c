//! Closures run on workers, so what they capture must be able to go there.
use fluxus::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

fn main() {
    let job = Job::new("job", Config::new()).unwrap();
    let offset = Arc::new(1);
    job.from_iter(0..5).map(move |n| n + *offset).collect();
    let offset = Rc::new(1);
    job.from_iter(0..5).map(move |n| n + *offset).collect();
    //~^ E0277
}

//! Every engine, in each of its forms, gives the digests that every engine must give.

use clap::ValueEnum;
use fluxus_perf::Workload;
use fluxus_rivals::run::{Engine, Options, Prepared};

/// A size of each workload that the table of expected digests lists.
const SIZES: [(Workload, u64); 9] = [
    (Workload::W1, 10_000),
    (Workload::W2, 200_000),
    (Workload::W3, 20_000),
    (Workload::W4, 100_000),
    (Workload::W5, 1_000_000),
    (Workload::Q5, 100_000),
    (Workload::Q7, 100_000),
    (Workload::Q8, 100_000),
    (Workload::W7, 100_000),
];

fn check(engine: Engine, workers: usize) {
    let options = Options {
        workers,
        cores: Vec::new(),
    };
    let mut run = 0;
    for (workload, events) in SIZES {
        let prepared = Prepared::new(workload, events, None).expect("it fits");
        if engine.cannot(workload, workers).is_some() {
            let refused = prepared.run(engine, &options).expect_err("it cannot");
            assert!(refused.contains("cannot run"), "{refused}");
            continue;
        }
        let outcome = prepared.run(engine, &options).expect("it runs");
        assert_eq!(
            outcome.digest,
            prepared.expected(),
            "{engine} {workload} {events}, {workers} workers"
        );
        run += 1;
    }
    assert!(run > 0 || workers > 1, "{engine} runs nothing");
}

#[test]
fn timely_is_right() {
    check(Engine::Timely, 1);
    check(Engine::TimelyTuned, 1);
}

#[test]
fn timely_is_right_on_two_workers() {
    check(Engine::Timely, 2);
    check(Engine::TimelyTuned, 2);
}

#[test]
fn renoir_is_right() {
    check(Engine::Renoir, 1);
    check(Engine::RenoirTuned, 1);
}

#[test]
fn renoir_is_right_on_two_workers() {
    check(Engine::Renoir, 2);
    check(Engine::RenoirTuned, 2);
}

#[test]
fn the_published_crate_is_right() {
    check(Engine::Published, 1);
    check(Engine::PublishedTuned, 1);
    for engine in [Engine::Published, Engine::PublishedTuned] {
        assert!(engine.cannot(Workload::W2, 2).is_some());
    }
}

#[test]
fn every_workload_runs_on_every_engine_in_some_form() {
    for (workload, _) in SIZES {
        for family in ["timely", "renoir", "published"] {
            let forms = Engine::value_variants().iter();
            let able = forms
                .filter(|engine| engine.to_string().starts_with(family))
                .any(|engine| engine.cannot(workload, 1).is_none());
            assert!(able, "{workload} on {family}");
        }
    }
}

//! Who sits where, as tables.

use fluxus_runtime::{
    Cpu, IdleStrategy, Placement, Seating, SharedCore, Topology, Warning, MAX_WORKERS,
};
use IdleStrategy::{Adaptive, BusySpin, Park, Yield};
use Placement::{Auto, Unpinned};

/// Cpus 0 to `cores`, each a core of its own.
fn plain(cores: usize) -> Topology {
    Topology::of((0..cores).map(|id| cpu(id, id)).collect())
}

/// Four cpus on two physical cores: 0 and 2, 1 and 3.
fn with_siblings() -> Topology {
    Topology::of((0..4).map(|id| cpu(id, id % 2)).collect())
}

fn cpu(id: usize, physical: usize) -> Cpu {
    Cpu {
        id,
        physical,
        package: Some(0),
    }
}

fn cores(list: &[usize]) -> Placement {
    Placement::Cores(list.to_vec())
}

/// One letter a seat: its core or `-`, `s` when shared, and how it waits.
fn drawn(seating: &Seating) -> String {
    let seats: Vec<String> = seating
        .seats
        .iter()
        .map(|seat| {
            let core = seat.core.map_or("-".to_owned(), |core| core.to_string());
            let shared = if seat.shared { "s" } else { "" };
            format!("{core}{shared} {}", seat.idle)
        })
        .collect();
    seats.join(", ")
}

fn kinds(seating: &Seating) -> Vec<&'static str> {
    seating
        .warnings
        .iter()
        .map(|warning| match warning {
            Warning::CoresShared { .. } => "shared",
            Warning::TooFewCores { .. } => "few",
            Warning::Quota { .. } => "quota",
            Warning::CoresNotAllowed { .. } => "forbidden",
            Warning::NoCores { .. } => "none",
            Warning::SpinDowngraded { .. } => "spin",
            _ => "other",
        })
        .collect()
}

#[test]
fn everyone_gets_a_seat() {
    type Row<'a> = (
        Placement,
        usize,
        IdleStrategy,
        Topology,
        &'a str,
        &'a [&'a str],
    );
    let table: Vec<Row<'_>> = vec![
        // Automatic: physical cores, then siblings, then round again.
        (Auto, 0, Adaptive, plain(2), "", &[]),
        (Auto, 1, BusySpin, plain(1), "0 spin", &[]),
        (Auto, 2, BusySpin, plain(2), "0 spin, 1 spin", &[]),
        (Auto, 2, Park, with_siblings(), "0 park, 1 park", &[]),
        (
            Auto,
            4,
            BusySpin,
            Topology::of(vec![cpu(0, 0), cpu(1, 0), cpu(2, 2), cpu(3, 2)]),
            "0 spin, 2 spin, 1 spin, 3 spin",
            &[],
        ),
        (
            Auto,
            3,
            Adaptive,
            plain(2),
            "0s adaptive, 1s adaptive, 0s adaptive",
            &["shared"],
        ),
        (
            Auto,
            3,
            BusySpin,
            plain(2),
            "0s yield, 1s yield, 0s yield",
            &["shared", "spin"],
        ),
        (
            Auto,
            2,
            BusySpin,
            plain(2).with_parallelism(1),
            "0s yield, 1s yield",
            &["quota", "spin"],
        ),
        (
            Auto,
            1,
            BusySpin,
            plain(2).with_parallelism(1),
            "0 spin",
            &[],
        ),
        // Explicit: in order, duplicates and wrapping share.
        (cores(&[1, 0]), 2, BusySpin, plain(2), "1 spin, 0 spin", &[]),
        (
            cores(&[3, 1, 0]),
            2,
            Yield,
            plain(4),
            "3 yield, 1 yield",
            &[],
        ),
        (
            cores(&[1, 1]),
            2,
            BusySpin,
            plain(2),
            "1s yield, 1s yield",
            &["shared", "spin"],
        ),
        (
            cores(&[2, 3]),
            3,
            BusySpin,
            plain(4),
            "2s yield, 3 spin, 2s yield",
            &["shared", "spin"],
        ),
        (
            cores(&[0, 9]),
            2,
            BusySpin,
            plain(2),
            "0 spin, -s yield",
            &["forbidden", "spin"],
        ),
        (
            cores(&[9]),
            2,
            Adaptive,
            plain(2),
            "- adaptive, - adaptive",
            &["forbidden"],
        ),
        (cores(&[]), 1, Adaptive, plain(2), "- adaptive", &["none"]),
        // Unpinned: nobody spins for ever, nobody owns a core.
        (
            Unpinned,
            2,
            Adaptive,
            plain(2),
            "- adaptive, - adaptive",
            &[],
        ),
        (
            Unpinned,
            2,
            BusySpin,
            plain(2),
            "- yield, - yield",
            &["spin"],
        ),
        (
            Unpinned,
            3,
            Park,
            plain(2),
            "-s park, -s park, -s park",
            &["few"],
        ),
    ];
    for (placement, workers, idle, topology, seats, warnings) in table {
        let seating = Seating::arrange(&placement, workers, idle, &topology);
        let row = format!("{placement}, {workers} workers, {idle}, {topology}");
        assert_eq!(drawn(&seating), seats, "{row}");
        assert_eq!(kinds(&seating), warnings, "{row}");
    }
}

#[test]
fn no_two_busy_spinners_ever_share_a_core() {
    let topologies = [
        plain(1),
        plain(2),
        plain(4),
        with_siblings(),
        plain(4).with_parallelism(2),
    ];
    let placements = [
        Auto,
        Unpinned,
        cores(&[]),
        cores(&[0]),
        cores(&[0, 1]),
        cores(&[1, 1, 0]),
        cores(&[7, 0]),
        cores(&[3, 2, 1, 0]),
    ];
    let mut spinners = 0;
    for topology in &topologies {
        for placement in &placements {
            for workers in 1..10 {
                let seating = Seating::arrange(placement, workers, BusySpin, topology);
                assert_eq!(seating.seats.len(), workers);
                let mut taken: Vec<usize> = Vec::new();
                for seat in seating.seats.iter().filter(|seat| seat.idle == BusySpin) {
                    let core = seat.core.expect("a spinner is pinned");
                    assert!(topology.allows(core) && !taken.contains(&core) && !seat.shared);
                    taken.push(core);
                }
                assert!(taken.len() <= topology.parallelism());
                spinners += taken.len();
            }
        }
    }
    assert!(spinners > 0, "some may spin");
}

#[test]
fn absurd_numbers_of_workers_are_cut() {
    for placement in [Auto, Unpinned, cores(&[0]), cores(&[])] {
        let seating = Seating::arrange(&placement, usize::MAX, BusySpin, &plain(2));
        assert_eq!(seating.seats.len(), MAX_WORKERS);
    }
}

#[test]
fn warnings_name_the_cores_and_say_what_to_change() {
    let table = [
        (
            Seating::arrange(&Auto, 3, BusySpin, &plain(2)),
            vec![
                "3 workers share a core: core 0 carries workers 0,2; they take turns and do not \
                 spin; use at most one worker a core (cores allowed: 0-1)",
                "no busy spin without a core of one's own: these workers yield instead: 0-2; pin \
                 each to one of cores 0-1 or choose the adaptive idle strategy",
            ],
        ),
        (
            Seating::arrange(&cores(&[0, 5, 5]), 3, Adaptive, &plain(2)),
            vec![
                "cores this process may not use: 5; workers that run unpinned instead: 1-2; choose \
                 from cores 0-1 or widen the process's cpu set",
                "3 workers for 2 cores (allowed: 0-1): they take turns and do not spin; use at \
                 most 2 workers or allow more cores",
            ],
        ),
        (
            Seating::arrange(&Unpinned, 2, Adaptive, &plain(1)),
            vec![
                "2 workers for 1 core (allowed: 0): they take turns and do not spin; use at most 1 \
                 worker or allow more cores",
            ],
        ),
        (
            Seating::arrange(&Auto, 2, Adaptive, &plain(2).with_parallelism(1)),
            vec![
                "the quota of this process lets 1 of 2 workers run at a time on cores 0-1: they \
                 take turns and do not spin; use at most 1 worker or raise the quota",
            ],
        ),
        (
            Seating::arrange(&cores(&[]), 1, Adaptive, &plain(2)),
            vec![
                "the list of cores is empty, so the workers run unpinned; choose from cores 0-1 \
                 or leave the placement to `auto`",
            ],
        ),
    ];
    for (seating, texts) in table {
        let told: Vec<String> = seating.warnings.iter().map(Warning::to_string).collect();
        assert_eq!(told, texts);
    }
}

#[test]
fn shared_cores_list_their_workers() {
    let seating = Seating::arrange(&cores(&[1, 0, 1]), 4, Adaptive, &plain(2));
    let shared = |core, workers: &[usize]| SharedCore {
        core,
        workers: workers.to_vec(),
    };
    assert_eq!(
        seating.warnings,
        [Warning::CoresShared {
            workers: 4,
            shared: vec![shared(1, &[0, 2, 3])],
            allowed: vec![0, 1],
        }]
    );
    assert_eq!(seating.seats[1].to_string(), "core 0, shared, adaptive");
}

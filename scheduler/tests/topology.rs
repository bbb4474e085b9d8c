//! The topology, read from trees of files that look like machines.

use std::fs;
use std::path::Path;

use fluxus_runtime::{default_workers, Cpu, Topology};
use tempfile::TempDir;

fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().expect("a folder");
    for (path, text) in files {
        write(root.path(), path, text.as_bytes());
    }
    root
}

fn write(root: &Path, path: &str, bytes: &[u8]) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().expect("a parent")).expect("its folder");
    fs::write(file, bytes).expect("a file");
}

const STATUS: &str = "proc/self/status";
const ONLINE: &str = "sys/devices/system/cpu/online";

fn status(list: &str) -> String {
    format!("Name:\tfluxus\nCpus_allowed:\tff\nCpus_allowed_list:\t{list}\nMems_allowed:\t1\n")
}

/// Cpus as (number, physical core, package).
fn told(topology: &Topology) -> Vec<(usize, usize, Option<usize>)> {
    let told = |cpu: &Cpu| (cpu.id, cpu.physical, cpu.package);
    topology.cpus().iter().map(told).collect()
}

#[test]
fn two_packages_with_siblings_are_understood() {
    // Numbered as Linux does: first all first siblings, then all second ones.
    let mut files: Vec<(String, String)> = vec![(STATUS.into(), status("0-7"))];
    for id in 0..8 {
        let folder = format!("sys/devices/system/cpu/cpu{id}/topology");
        let siblings = format!("{},{}\n", id % 4, id % 4 + 4);
        files.push((format!("{folder}/core_cpus_list"), siblings));
        files.push((
            format!("{folder}/physical_package_id"),
            format!("{}\n", id % 4 / 2),
        ));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let root = tree(&files);
    let topology = Topology::read_from(root.path());
    assert_eq!(
        told(&topology),
        [
            (0, 0, Some(0)),
            (1, 1, Some(0)),
            (2, 2, Some(1)),
            (3, 3, Some(1)),
            (4, 0, Some(0)),
            (5, 1, Some(0)),
            (6, 2, Some(1)),
            (7, 3, Some(1)),
        ]
    );
    assert_eq!(topology.seating_order(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(topology.to_string(), "cores 0-7 on 4 physical");
    assert_eq!(topology.parallelism(), 8);
}

#[test]
fn neighbouring_siblings_and_interleaved_packages_are_ordered() {
    // Siblings side by side, packages alternating, cpu 2 not allowed.
    let mut files: Vec<(String, String)> = vec![(STATUS.into(), status("0-1,3-7"))];
    for id in 0..8 {
        let folder = format!("sys/devices/system/cpu/cpu{id}/topology");
        let first = id / 2 * 2;
        // The older name of the file, and a useless newer one.
        files.push((
            format!("{folder}/thread_siblings_list"),
            format!("{first}-{}", first + 1),
        ));
        files.push((format!("{folder}/core_cpus_list"), "100\n".into()));
        files.push((
            format!("{folder}/physical_package_id"),
            format!("{}", id / 2 % 2),
        ));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let root = tree(&files);
    let topology = Topology::read_from(root.path());
    // Package 0 first; of the half-allowed core the sibling that is allowed.
    assert_eq!(topology.seating_order(), [0, 4, 3, 6, 1, 5, 7]);
    assert!(topology.allows(3) && !topology.allows(2) && !topology.allows(8));
}

#[test]
fn cpus_that_are_only_possible_are_left_out() {
    let root = tree(&[(STATUS, &status("0-127")), (ONLINE, "0-1,3\n")]);
    assert_eq!(Topology::read_from(root.path()).allowed(), [0, 1, 3]);
}

#[test]
fn whatever_cannot_be_read_is_unknown() {
    let fallback: Vec<usize> = (0..default_workers()).collect();
    type Files<'a> = &'a [(&'a str, &'a str)];
    let table: [(Files<'_>, &[usize]); 9] = [
        (&[], &fallback),
        (&[(STATUS, "")], &fallback),
        (&[(STATUS, "Cpus_allowed_list:")], &fallback),
        (&[(STATUS, "Cpus_allowed_list:\tall of them\n")], &fallback),
        (
            &[(STATUS, "Cpus_allowed_list:\t0-99999999999\n")],
            &fallback,
        ),
        (&[(STATUS, "Cpus_allowed_list:\t3-1\n")], &fallback),
        (
            &[(STATUS, "Cpus_allowed_list:\t5\n"), (ONLINE, "0-1")],
            &fallback,
        ),
        (
            &[(STATUS, "Cpus_allowed_list:\t5,2,2\n"), (ONLINE, "?")],
            &[2, 5],
        ),
        (
            &[
                (STATUS, "Cpus_allowed_list:\t1\n"),
                ("sys/devices/system/cpu/cpu1/topology/core_cpus_list", "-"),
                (
                    "sys/devices/system/cpu/cpu1/topology/physical_package_id",
                    "-1",
                ),
            ],
            &[1],
        ),
    ];
    for (files, allowed) in table {
        let root = tree(files);
        let topology = Topology::read_from(root.path());
        assert_eq!(topology.allowed(), allowed, "{files:?}");
        assert!(topology
            .cpus()
            .iter()
            .all(|cpu| cpu.physical == cpu.id && cpu.package.is_none()));
    }
}

#[test]
fn files_that_are_no_text_or_no_files_are_unknown() {
    let root = tree(&[]);
    write(root.path(), STATUS, b"Cpus_allowed_list:\t\xff\xfe\n");
    fs::create_dir_all(root.path().join(ONLINE)).expect("a folder in its place");
    assert_eq!(
        Topology::read_from(root.path()).allowed().len(),
        default_workers()
    );
}

#[test]
fn a_topology_is_never_empty_and_never_twice() {
    let cpu = |id| Cpu {
        id,
        physical: id,
        package: None,
    };
    assert_eq!(Topology::of(vec![]).allowed(), [0]);
    assert_eq!(Topology::of(vec![cpu(4), cpu(1), cpu(4)]).allowed(), [1, 4]);
    for (asked, given) in [(0, 1), (1, 1), (2, 2), (9, 2)] {
        let topology = Topology::of(vec![cpu(0), cpu(1)]).with_parallelism(asked);
        assert_eq!(topology.parallelism(), given);
    }
    let topology = Topology::of(vec![cpu(0), cpu(1)]).with_parallelism(1);
    assert_eq!(topology.to_string(), "cores 0-1 on 2 physical, 1 at a time");
}

#[test]
fn this_machine_is_read_as_the_system_counts_it() {
    let topology = Topology::read();
    assert!(topology.parallelism() <= topology.cpus().len());
    assert!(topology.parallelism() <= default_workers());
    let mut order = topology.seating_order();
    order.sort_unstable();
    assert_eq!(order, topology.allowed());
}

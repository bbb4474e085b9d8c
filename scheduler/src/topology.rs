use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use crate::cpu_list::{self, CpuList};

/// The number of workers to use when nobody says: what the process may run in
/// parallel, with its affinity and its container's quota taken into account.
pub fn default_workers() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// One cpu that the process may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu {
    /// The number the operating system gives it.
    pub id: usize,
    /// The lowest-numbered cpu of the same physical core: cpus that agree on
    /// it are SMT siblings. The cpu itself when the machine does not say.
    pub physical: usize,
    /// The package (socket) it sits in, when the machine says.
    pub package: Option<usize>,
}

/// The cpus that the process may use, and how they are related.
///
/// It is read once, from files that may be missing, malformed or made up:
/// whatever cannot be read is unknown, and never an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Ascending by number, never empty.
    cpus: Vec<Cpu>,
    /// How many of them a quota lets run at a time; at least one.
    parallelism: usize,
}

impl Topology {
    /// Reads the machine.
    ///
    /// The cpus are those that the main thread may use. A program that pins
    /// its main thread reads the topology before it does.
    pub fn read() -> Self {
        let parallelism = default_workers();
        Topology::read_or(Path::new("/"), || {
            // Without /proc the operating system is asked for the calling thread.
            let ids = core_affinity::get_core_ids().unwrap_or_default();
            let ids: Vec<usize> = ids.into_iter().map(|core| core.id).collect();
            if ids.is_empty() {
                (0..parallelism).collect()
            } else {
                ids
            }
        })
        .with_parallelism(parallelism)
    }

    /// Reads a tree of files that looks like the machine's: `proc/self/status`
    /// and `sys/devices/system/cpu` below `root`.
    ///
    /// Where the tree does not name the allowed cpus, there are as many as
    /// [`default_workers`] says, numbered from 0.
    pub fn read_from(root: &Path) -> Self {
        Topology::read_or(root, || (0..default_workers()).collect())
    }

    fn read_or(root: &Path, fallback: impl FnOnce() -> Vec<usize>) -> Self {
        let system = root.join("sys/devices/system/cpu");
        let status = fs::read_to_string(root.join("proc/self/status")).unwrap_or_default();
        let mut ids = allowed_of(&status).unwrap_or_default();
        // The kernel's list may hold cpus that are only possible, not present.
        if let Some(online) = read_list(&system.join("online")) {
            ids.retain(|id| online.contains(id));
        }
        if ids.is_empty() {
            ids = fallback();
        }
        ids.sort_unstable();
        ids.dedup();
        Topology::of(ids.into_iter().map(|id| read_cpu(&system, id)).collect())
    }

    /// A topology of these cpus; one cpu, number 0, when there are none.
    pub fn of(mut cpus: Vec<Cpu>) -> Self {
        cpus.sort_by_key(|cpu| cpu.id);
        cpus.dedup_by_key(|cpu| cpu.id);
        if cpus.is_empty() {
            cpus.push(Cpu {
                id: 0,
                physical: 0,
                package: None,
            });
        }
        Topology {
            parallelism: cpus.len(),
            cpus,
        }
    }

    /// The same cpus under a quota that lets only so many run at a time.
    #[must_use]
    pub fn with_parallelism(mut self, parallelism: usize) -> Self {
        self.parallelism = parallelism.clamp(1, self.cpus.len());
        self
    }

    /// The cpus that the process may use, ascending; never empty.
    pub fn cpus(&self) -> &[Cpu] {
        &self.cpus
    }

    /// The numbers of the cpus that the process may use, ascending.
    pub fn allowed(&self) -> Vec<usize> {
        self.cpus.iter().map(|cpu| cpu.id).collect()
    }

    /// Whether the process may use this cpu.
    pub fn allows(&self, id: usize) -> bool {
        self.cpus.binary_search_by_key(&id, |cpu| cpu.id).is_ok()
    }

    /// How many threads can run at a time, from 1 to the number of cpus: fewer
    /// than there are cpus when the container has a quota.
    pub fn parallelism(&self) -> usize {
        self.parallelism
    }

    /// The cpus in the order in which workers should take them.
    ///
    /// A physical core each first, package by package so that neighbours stay
    /// close; then the second sibling of each, and so on.
    pub fn seating_order(&self) -> Vec<usize> {
        let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
        let mut order: Vec<(usize, Option<usize>, usize)> = Vec::with_capacity(self.cpus.len());
        for cpu in &self.cpus {
            let sibling = taken.entry(cpu.physical).or_insert(0);
            order.push((*sibling, cpu.package, cpu.id));
            *sibling += 1;
        }
        order.sort_unstable();
        order.into_iter().map(|(_, _, id)| id).collect()
    }
}

impl std::fmt::Display for Topology {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut physical: Vec<usize> = self.cpus.iter().map(|cpu| cpu.physical).collect();
        physical.sort_unstable();
        physical.dedup();
        write!(
            f,
            "cores {} on {} physical",
            CpuList(&self.allowed()),
            physical.len()
        )?;
        if self.parallelism < self.cpus.len() {
            write!(f, ", {} at a time", self.parallelism)?;
        }
        Ok(())
    }
}

/// The cpus that a status file of the kernel allows; `None` when it does not say.
pub(crate) fn allowed_of(status: &str) -> Option<Vec<usize>> {
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    match cpu_list::parse(list) {
        Ok(cpus) if !cpus.is_empty() => Some(cpus),
        Ok(_) | Err(_) => None,
    }
}

fn read_cpu(system: &Path, id: usize) -> Cpu {
    let topology = system.join(format!("cpu{id}/topology"));
    Cpu {
        id,
        physical: read_physical(&topology, id).unwrap_or(id),
        package: read_number(&topology.join("physical_package_id")),
    }
}

/// The lowest sibling. The list has two names: the newer one is tried first.
fn read_physical(topology: &Path, id: usize) -> Option<usize> {
    ["core_cpus_list", "thread_siblings_list"]
        .into_iter()
        .filter_map(|file| read_list(&topology.join(file)))
        // A list without the cpu itself is not about this cpu.
        .find(|siblings| siblings.contains(&id))
        .and_then(|siblings| siblings.into_iter().min())
}

fn read_list(file: &Path) -> Option<Vec<usize>> {
    let text = fs::read_to_string(file).ok()?;
    cpu_list::parse(&text).ok()
}

fn read_number(file: &Path) -> Option<usize> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

//! The pinned cores: who else may use them, and what they share.

use super::cpu_list::{name, parse, ranges};
use super::finding::{Answer, Finding};
use super::host::Host;

const CPU: &str = "sys/devices/system/cpu";

pub(super) fn findings(host: &Host, cores: &[usize]) -> Vec<Finding> {
    let list = ranges(cores);
    vec![
        Finding::new(
            "isolated cores",
            host.cores(&format!("{CPU}/isolated"))
                .map(|isolated| all_among(cores, &isolated, "isolated")),
            "the scheduler puts any thread of the host on a core that is not isolated",
            format!("boot with isolcpus=managed_irq,domain,{list}, or give the cores a cpuset partition"),
        ),
        Finding::new(
            "tickless cores",
            host.cores(&format!("{CPU}/nohz_full"))
                .map(|tickless| all_among(cores, &tickless, "in nohz_full")),
            "the timer tick interrupts a core that runs one thread 100 to 1000 times a second",
            format!("boot with nohz_full={list} on a kernel built with NO_HZ_FULL"),
        ),
        Finding::new(
            "RCU callbacks",
            rcu(host, cores),
            "the kernel frees memory in callbacks, on the cores that asked for it",
            format!("boot with rcu_nocbs={list}"),
        ),
        Finding::new(
            "SMT siblings",
            siblings(host, cores),
            "two siblings share one core's caches and execution units: each slows the other",
            "write `off` to /sys/devices/system/cpu/smt/control, or pin one thread to a physical core",
        ),
        Finding::new(
            "L3 cache",
            last_level_cache(host, cores),
            "a line that crosses from one L3 to another takes several times as long",
            "pin to cores that share one L3: see cache/index3/shared_cpu_list below /sys/devices/system/cpu/cpu*",
        ),
        Finding::new(
            "NUMA node",
            nodes(host, cores),
            "memory of another node is further away, and so are the rings in it",
            "pin to the cores of one node, and start under `numactl --membind` with it",
        ),
    ]
}

fn all_among(cores: &[usize], set: &[usize], what: &str) -> Answer {
    let (inside, outside): (Vec<usize>, Vec<usize>) =
        cores.iter().partition(|&core| set.contains(core));
    match (inside.as_slice(), outside.as_slice()) {
        (_, []) => Answer::Fine(format!("{} {what}", name(cores))),
        ([], _) => Answer::Disturbs(format!("not {what}: {}", name(&outside))),
        _ => Answer::Disturbs(format!(
            "{what}: {}, but not {}",
            name(&inside),
            name(&outside)
        )),
    }
}

/// A core of `nohz_full` has its callbacks elsewhere as well.
fn rcu(host: &Host, cores: &[usize]) -> Result<Answer, String> {
    let mut elsewhere = Vec::new();
    for argument in ["rcu_nocbs", "nohz_full"] {
        let Some(list) = host.boot_argument(argument)? else {
            continue;
        };
        if list == "all" {
            return Ok(Answer::Fine(format!("{argument}=all")));
        }
        let not_understood = || format!("/proc/cmdline: not understood: `{argument}={list}`");
        elsewhere.extend(parse(&list).ok_or_else(not_understood)?);
    }
    Ok(all_among(cores, &elsewhere, "in rcu_nocbs"))
}

/// The cores that make one physical core with `core`, itself among them.
fn siblings_of(host: &Host, core: usize) -> Result<Vec<usize>, String> {
    let file = |name: &str| format!("{CPU}/cpu{core}/topology/{name}");
    // The list has two names; the newer one is tried first.
    host.cores(&file("core_cpus_list"))
        .or_else(|_| host.cores(&file("thread_siblings_list")))
        .and_then(|siblings| match siblings.contains(&core) {
            true => Ok(siblings),
            false => Err(format!("core {core} is not in its own list of siblings")),
        })
}

fn siblings(host: &Host, cores: &[usize]) -> Result<Answer, String> {
    let mut shared = Vec::new();
    for &core in cores {
        let mut siblings = siblings_of(host, core)?;
        siblings.retain(|&sibling| sibling != core);
        if !siblings.is_empty() {
            shared.push(format!("core {core} with {}", ranges(&siblings)));
        }
    }
    Ok(match shared.is_empty() {
        true => Answer::Fine(format!("{} without siblings", name(cores))),
        false => Answer::Disturbs(format!("shared: {}", shared.join(", "))),
    })
}

fn last_level_cache(host: &Host, cores: &[usize]) -> Result<Answer, String> {
    let mut caches: Vec<Vec<usize>> = Vec::new();
    for &core in cores {
        let folder = format!("{CPU}/cpu{core}/cache");
        let level_3 = |&index: &usize| {
            let level = host.text(&format!("{folder}/index{index}/level"));
            level.is_ok_and(|level| level == "3")
        };
        let index = host
            .numbered(&folder, "index")?
            .into_iter()
            .find(level_3)
            .ok_or_else(|| format!("/{folder}: no cache of level 3 is told"))?;
        caches.push(host.cores(&format!("{folder}/index{index}/shared_cpu_list"))?);
    }
    caches.sort();
    caches.dedup();
    let all: Vec<String> = caches.iter().map(|cache| ranges(cache)).collect();
    Ok(match all.as_slice() {
        [] => Answer::Fine("no core is pinned".to_owned()),
        [one] => Answer::Fine(format!("{} in one, that of {one}", name(cores))),
        _ => Answer::Disturbs(format!("{} in several: {}", name(cores), all.join(" | "))),
    })
}

fn nodes(host: &Host, cores: &[usize]) -> Result<Answer, String> {
    const NODE: &str = "sys/devices/system/node";
    let mut nodes = Vec::new();
    let mut left = cores.to_vec();
    for node in host.numbered(NODE, "node")? {
        let of_node = host.cores(&format!("{NODE}/node{node}/cpulist"))?;
        if cores.iter().any(|core| of_node.contains(core)) {
            nodes.push(node);
        }
        left.retain(|core| !of_node.contains(core));
    }
    if !left.is_empty() {
        return Err(format!("{} in no node that is told", name(&left)));
    }
    Ok(match nodes.as_slice() {
        [node] => Answer::Fine(format!("{} on node {node}", name(cores))),
        _ => Answer::Disturbs(format!("{} on nodes {}", name(cores), ranges(&nodes))),
    })
}

//! What interrupts the pinned cores.

use super::cpu_list::{name, ranges};
use super::finding::{Answer, Finding};
use super::host::Host;
use super::reading::{Interrupt, Reading};

/// Interrupts of the timer that pass, on a core that runs one thread all the time
/// and is watched for a third of a second: without a tick there is about one a second.
const FEW_TICKS: u64 = 3;

/// Interrupts from other cores that pass: starting and ending a thread makes a few.
const FEW_FROM_CORES: u64 = 10;

/// Interrupts of the processor itself that other cores cause.
const FROM_CORES: [&str; 3] = ["RES", "CAL", "TLB"];

pub(super) fn findings(
    host: &Host,
    cores: &[usize],
    rested: &Reading,
    spun: &Reading,
) -> Vec<Finding> {
    let seen = |of_kind: &dyn Fn(&Interrupt) -> bool, few: u64| {
        let (before, after) = (rested.interrupts.as_ref(), spun.interrupts.as_ref());
        let (before, after) = (
            before.map_err(String::clone)?,
            after.map_err(String::clone)?,
        );
        seen(cores, before, after, of_kind, few)
    };
    vec![
        Finding::new(
            "IRQ affinity",
            affinity(host, cores),
            "an interrupt that may come to a pinned core takes it away, caches and all",
            "stop irqbalance and write the other cores to /proc/irq/N/smp_affinity_list; boot with irqaffinity=",
        ),
        Finding::new(
            "device interrupts",
            seen(&Interrupt::is_of_a_device, 0),
            "these came to the pinned cores while they were kept busy for a third of a second",
            "as for the affinity of IRQs: send them to other cores",
        ),
        Finding::new(
            "timer interrupts",
            seen(&|kind| kind.name == "LOC", FEW_TICKS),
            "each takes a busy core away for one to ten microseconds",
            format!("boot with isolcpus=, nohz_full= and rcu_nocbs={0}", ranges(cores)),
        ),
        Finding::new(
            "interrupts of cores",
            seen(&|kind| FROM_CORES.contains(&kind.name.as_str()), FEW_FROM_CORES),
            "another core asks this one to reschedule, call a function or forget addresses",
            "keep processes that map and unmap memory, and their threads, off the pinned cores",
        ),
    ]
}

fn affinity(host: &Host, cores: &[usize]) -> Result<Answer, String> {
    const IRQ: &str = "proc/irq";
    let mut allowed_here = Vec::new();
    let mut told = 0;
    for number in host.numbered(IRQ, "")? {
        let Ok(list) = host.cores(&format!("{IRQ}/{number}/smp_affinity_list")) else {
            continue;
        };
        told += 1;
        if cores.iter().any(|core| list.contains(core)) {
            allowed_here.push(number);
        }
    }
    if told == 0 {
        return Err(format!("/{IRQ}: no interrupt tells its cores"));
    }
    let found = match allowed_here.as_slice() {
        [] => format!("none of {told} may come to {}", name(cores)),
        some => format!(
            "{} of {told} may come to {}: {}",
            some.len(),
            name(cores),
            ranges(some)
        ),
    };
    Ok(Answer::fine_if(allowed_here.is_empty(), found))
}

/// The interrupts of a kind that came between two readings, core by core.
fn seen(
    cores: &[usize],
    before: &[Interrupt],
    after: &[Interrupt],
    of_kind: &dyn Fn(&Interrupt) -> bool,
    few: u64,
) -> Result<Answer, String> {
    let mut told = Vec::new();
    let mut fine = true;
    for &core in cores {
        let mut on_core = 0u64;
        let mut kinds = Vec::new();
        for kind in after.iter().filter(|kind| of_kind(kind)) {
            let Some(now) = kind.on(core) else {
                return Err(format!("/proc/interrupts: no column for core {core}"));
            };
            let earlier = before.iter().find(|other| other.name == kind.name);
            let earlier = earlier.and_then(|kind| kind.on(core)).unwrap_or(0);
            // A counter that ran backwards was set back: nothing is known of it.
            let came = now.saturating_sub(earlier);
            if came > 0 {
                let what = kind.what.split(' ').next_back().unwrap_or_default();
                let device = kind.is_of_a_device();
                kinds.push(match device {
                    true => format!("{came} of {} ({what})", kind.name),
                    false => format!("{came} {}", kind.name),
                });
            }
            on_core = on_core.saturating_add(came);
        }
        fine &= on_core <= few;
        if !kinds.is_empty() {
            told.push(format!("core {core}: {}", kinds.join(", ")));
        }
    }
    let found = match told.is_empty() {
        true => format!("none on {}", name(cores)),
        false => told.join("; "),
    };
    Ok(Answer::fine_if(fine, found))
}

//! Who else used the pinned cores while the doctor watched.

use std::collections::BTreeMap;

use super::finding::{Answer, Finding};
use super::reading::{Reading, Times};

/// The share of a core that others may take and it still passes: one tick in a
/// third of a second is 3 % already.
const SMALL_SHARE: f64 = 0.05;

/// Switches between threads that pass, a core and a third of a second.
const FEW_SWITCHES: u64 = 30;

pub(super) fn findings(
    cores: &[usize],
    before: &Reading,
    rested: &Reading,
    spun: &Reading,
) -> Vec<Finding> {
    vec![
        Finding::new(
            "other load",
            shares(cores, before, rested, |spent| {
                spent.all.saturating_sub(spent.idle)
            })
            .map(|shares| {
                let fine = shares.values().all(|&share| share <= SMALL_SHARE);
                Answer::fine_if(fine, told(&shares, "busy"))
            }),
            "other processes ran on these cores while this one slept",
            "end them, or pin them elsewhere: taskset -pc, a cpuset, isolcpus=",
        ),
        Finding::new(
            "steal time",
            shares(cores, rested, spun, |spent| spent.steal).map(|shares| {
                let fine = shares.values().all(|&share| share == 0.0);
                Answer::fine_if(fine, told(&shares, "stolen"))
            }),
            "the hypervisor gave the core to somebody else while it was needed here",
            "a machine of its own, or an instance whose cores are not shared",
        ),
        Finding::new(
            "context switches",
            switches(rested, spun),
            "each takes a core from one thread and gives it to another, with cold caches",
            "as for other load; threads that spin on cores of their own are not switched",
        ),
    ]
}

/// Which part of each core's time was of a kind.
fn shares(
    cores: &[usize],
    before: &Reading,
    after: &Reading,
    of_kind: impl Fn(Times) -> u64,
) -> Result<BTreeMap<usize, f64>, String> {
    let before = before.times.as_ref().map_err(String::clone)?;
    let after = after.times.as_ref().map_err(String::clone)?;
    let share = |&core: &usize| {
        let (Some(before), Some(after)) = (before.get(&core), after.get(&core)) else {
            return Err(format!("/proc/stat: no line for core {core}"));
        };
        let spent = Times {
            idle: after.idle.saturating_sub(before.idle),
            steal: after.steal.saturating_sub(before.steal),
            all: after.all.saturating_sub(before.all),
        };
        match spent.all {
            0 => Err(format!("/proc/stat: the time of core {core} stands still")),
            all => Ok((core, of_kind(spent) as f64 / all as f64)),
        }
    };
    cores.iter().map(share).collect()
}

fn told(shares: &BTreeMap<usize, f64>, what: &str) -> String {
    let told: Vec<String> = shares
        .iter()
        .map(|(core, share)| format!("core {core} {:.0} % {what}", 100.0 * share))
        .collect();
    match told.is_empty() {
        true => "no core is pinned".to_owned(),
        false => told.join(", "),
    }
}

fn switches(rested: &Reading, spun: &Reading) -> Result<Answer, String> {
    let switches = spun
        .switches
        .clone()?
        .saturating_sub(rested.switches.clone()?);
    // The kernel counts them for all cores together.
    let all_cores = spun.times.as_ref().map_err(String::clone)?.len() as u64;
    let found = format!("{switches} on all {all_cores} cores in a third of a second");
    Ok(Answer::fine_if(switches <= FEW_SWITCHES * all_cores, found))
}

//! What the process may have: cores, time, locked memory, priority.

use super::cpu_list::name;
use super::finding::{Answer, Finding};
use super::host::{below_root, Host};

pub(super) fn findings(host: &Host, cores: &[usize]) -> Vec<Finding> {
    vec![
        Finding::new(
            "cgroup quota",
            quota(host),
            "a group that has used its quota stands still, all threads, to the end of the period",
            "lift it: cpu.max to `max`, docker without --cpus, Kubernetes static CPU manager",
        ),
        Finding::new(
            "cpuset",
            cpuset(host, cores),
            "a thread cannot be pinned to a core that its cpuset leaves out",
            "start under a cpuset with these cores, or ask for others with --cores",
        ),
        Finding::new(
            "locked memory",
            limit(host, "Max locked memory").map(|limit| match limit {
                Limit::None => Answer::Fine("unlimited".to_owned()),
                Limit::Soft(bytes) => Answer::Disturbs(format!("{} KiB", bytes / 1024)),
            }),
            "memory that is not locked can be paged out; touching it again then takes a disk",
            "ulimit -l unlimited (LimitMEMLOCK=infinity), and no swap",
        ),
        Finding::new(
            "real-time priority",
            limit(host, "Max realtime priority").map(|limit| match limit {
                Limit::Soft(0) => Answer::Disturbs("0: none may be asked for".to_owned()),
                Limit::Soft(most) => Answer::Fine(format!("up to {most}")),
                Limit::None => Answer::Fine("unlimited".to_owned()),
            }),
            "without one, every thread of the host that is due can take a core that is not isolated",
            "ulimit -r 99 (LimitRTPRIO=99), then start under chrt -f 1",
        ),
        Finding::new(
            "real-time throttle",
            throttle(host),
            "a real-time thread that spins is stopped for the rest of every second",
            "sysctl kernel.sched_rt_runtime_us=-1, if real-time threads have cores of their own",
        ),
    ]
}

/// The folders of the process's control groups for `controller`, innermost first.
///
/// Version 2 has one hierarchy for all, `0::/path`; version 1 one each, `4:cpu,cpuacct:/path`.
fn groups(host: &Host, controller: &str) -> Result<Vec<String>, String> {
    let line = |text: &str| {
        let mut unified = None;
        for line in text.lines() {
            let mut fields = line.splitn(3, ':');
            let (Some(id), Some(names), Some(path)) = (fields.next(), fields.next(), fields.next())
            else {
                return None;
            };
            if names.split(',').any(|name| name == controller) {
                return Some((format!("sys/fs/cgroup/{controller}"), below_root(path)?));
            }
            if id == "0" && names.is_empty() {
                unified = Some(("sys/fs/cgroup".to_owned(), below_root(path)?));
            }
        }
        unified
    };
    let (mount, path) = host.parsed("proc/self/cgroup", line)?;
    let mut folders = vec![mount.clone()];
    let mut folder = mount;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        folder = format!("{folder}/{part}");
        folders.push(folder.clone());
    }
    folders.reverse();
    Ok(folders)
}

/// A quota holds for all groups inside the one that has it: the tightest counts.
fn quota(host: &Host) -> Result<Answer, String> {
    let mut tightest: Option<f64> = None;
    let mut told = false;
    let mut reason = "no group tells".to_owned();
    for folder in groups(host, "cpu")? {
        let cores = match quota_of(host, &folder) {
            Ok(cores) => cores,
            // A group without the file has no limit of its own, but one with an
            // odd file may have any.
            Err(why) if why.ends_with("missing") => {
                reason = why;
                continue;
            }
            Err(why) => return Err(why),
        };
        told = true;
        tightest = match (tightest, cores) {
            (Some(known), Some(cores)) => Some(known.min(cores)),
            (known, cores) => known.or(cores),
        };
    }
    match (told, tightest) {
        (false, _) => Err(reason),
        (true, None) => Ok(Answer::Fine("none".to_owned())),
        (true, Some(cores)) => Ok(Answer::Disturbs(format!("the time of {cores:.2} cores"))),
    }
}

/// Cores whose time one group may use; `None` for all.
fn quota_of(host: &Host, folder: &str) -> Result<Option<f64>, String> {
    let share = |quota: &str, period: &str| {
        let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
        (quota >= 0.0 && period > 0.0).then_some(Some(quota / period))
    };
    let one_file = |text: &str| match text.split_once(' ') {
        Some(("max", _)) => Some(None),
        Some((quota, period)) => share(quota, period),
        None => (text == "max").then_some(None),
    };
    let file = |name: &str| format!("{folder}/{name}");
    match host.parsed(&file("cpu.max"), one_file) {
        Err(why) if why.ends_with("missing") => {}
        known => return known,
    }
    let period = host.text(&file("cpu.cfs_period_us"))?;
    host.parsed(&file("cpu.cfs_quota_us"), |quota| match quota {
        "-1" => Some(None),
        quota => share(quota, &period),
    })
}

fn cpuset(host: &Host, cores: &[usize]) -> Result<Answer, String> {
    let status = host.parsed("proc/self/status", |text| {
        let list = |line: &str| super::cpu_list::parse(line.strip_prefix("Cpus_allowed_list:")?);
        text.lines().find_map(list)
    });
    let from_group = || {
        let folders = groups(host, "cpuset").ok()?;
        let files = [
            "cpuset.cpus.effective",
            "cpuset.effective_cpus",
            "cpuset.cpus",
        ];
        let list = |folder: &String| {
            let cores = |file: &&str| host.cores(&format!("{folder}/{file}")).ok();
            files.iter().find_map(cores)
        };
        folders.iter().find_map(list)
    };
    // The process's own list is the group's, less what its parent has left out.
    let allowed = match (status, from_group()) {
        (Ok(allowed), _) => allowed,
        (Err(_), Some(allowed)) => allowed,
        (Err(reason), None) => return Err(reason),
    };
    let outside: Vec<usize> = cores
        .iter()
        .copied()
        .filter(|core| !allowed.contains(core))
        .collect();
    let found = match outside.as_slice() {
        [] => format!("{} allowed", name(&allowed)),
        some => format!("{} allowed, but not {}", name(&allowed), name(some)),
    };
    Ok(Answer::fine_if(outside.is_empty(), found))
}

/// A limit of the process.
enum Limit {
    None,
    Soft(u64),
}

/// The soft limit in a line such as `Max locked memory   8388608   8388608   bytes`.
fn limit(host: &Host, name: &str) -> Result<Limit, String> {
    host.parsed("proc/self/limits", |text| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
        match rest.split_ascii_whitespace().next()? {
            "unlimited" => Some(Limit::None),
            number => number.parse().ok().map(Limit::Soft),
        }
    })
}

fn throttle(host: &Host) -> Result<Answer, String> {
    let runtime_us: i64 = host.parsed("proc/sys/kernel/sched_rt_runtime_us", |text| {
        text.parse().ok()
    })?;
    Ok(match runtime_us {
        ..=-1 => Answer::Fine("off".to_owned()),
        _ => Answer::Disturbs(format!("{runtime_us} us of every period")),
    })
}

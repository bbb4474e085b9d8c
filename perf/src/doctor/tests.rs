//! The doctor at made-up hosts: a healthy one, an ill one, none at all, and odd ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;

/// A host that disturbs nobody on cores 2 and 3 of 4.
const HEALTHY: &[(&str, &str)] = &[
    ("sys/devices/system/cpu/isolated", "2-3\n"),
    ("sys/devices/system/cpu/nohz_full", "2-3\n"),
    ("proc/cmdline", "quiet rcu_nocbs=2-3 -- rcu_nocbs=0\n"),
    ("sys/devices/system/cpu/cpu2/topology/core_cpus_list", "2\n"),
    (
        "sys/devices/system/cpu/cpu3/topology/thread_siblings_list",
        "3\n",
    ),
    ("sys/devices/system/cpu/cpu2/cache/index0/level", "1\n"),
    ("sys/devices/system/cpu/cpu2/cache/index3/level", "3\n"),
    (
        "sys/devices/system/cpu/cpu2/cache/index3/shared_cpu_list",
        "0-3\n",
    ),
    ("sys/devices/system/cpu/cpu3/cache/index3/level", "3\n"),
    (
        "sys/devices/system/cpu/cpu3/cache/index3/shared_cpu_list",
        "0-3\n",
    ),
    ("sys/devices/system/node/node0/cpulist", "0-3\n"),
    (
        "sys/devices/system/cpu/cpu2/cpufreq/scaling_governor",
        "performance\n",
    ),
    (
        "sys/devices/system/cpu/cpu3/cpufreq/scaling_governor",
        "performance\n",
    ),
    (
        "sys/devices/system/cpu/cpuidle/current_driver",
        "intel_idle\n",
    ),
    ("sys/devices/system/cpu/cpu2/cpuidle/state0/name", "POLL\n"),
    ("sys/devices/system/cpu/cpu2/cpuidle/state0/latency", "0\n"),
    ("sys/devices/system/cpu/cpu2/cpuidle/state1/name", "C6\n"),
    (
        "sys/devices/system/cpu/cpu2/cpuidle/state1/latency",
        "133\n",
    ),
    ("sys/devices/system/cpu/cpu2/cpuidle/state1/disable", "1\n"),
    ("proc/irq/24/smp_affinity_list", "0-1\n"),
    ("proc/irq/25/smp_affinity_list", "1\n"),
    (
        "proc/interrupts",
        "  CPU0 CPU1 CPU2 CPU3\n24: 9 0 5 5 edge nvme0q1\nLOC: 1 1 1 1 Local timer\nRES: 0 0 0 0 Rescheduling\n",
    ),
    (
        "sys/kernel/mm/transparent_hugepage/enabled",
        "always [madvise] never\n",
    ),
    (
        "sys/devices/system/clocksource/clocksource0/current_clocksource",
        "tsc\n",
    ),
    ("proc/cpuinfo", "processor : 0\nflags : fpu sse2\n"),
    ("proc/self/cgroup", "0::/slice/unit\n"),
    ("sys/fs/cgroup/slice/unit/cpu.max", "max 100000\n"),
    (
        "proc/self/status",
        "Name:\tperf\nCpus_allowed_list:\t0-3\nMems_allowed_list:\t0\n",
    ),
    (
        "proc/self/limits",
        "Limit  Soft  Hard  Units\nMax locked memory  unlimited unlimited bytes\nMax realtime priority 99 99\n",
    ),
    ("proc/sys/kernel/sched_rt_runtime_us", "-1\n"),
];

const PINNED: [usize; 2] = [2, 3];

/// `/proc/stat` of four cores that have each been busy, idle and robbed for so many ticks.
fn stat(busy: u64, idle: u64, steal: u64, switches: u64) -> String {
    let core = |core| format!("cpu{core} {busy} 0 0 {idle} 0 0 0 {steal} 0 0\n");
    let cores: String = (0..4).map(core).collect();
    format!("cpu 1 1 1 1 1 1 1 1 1 1\n{cores}ctxt {switches}\n")
}

fn write(root: &Path, path: &str, text: &[u8]) {
    let file = root.join(path);
    fs::create_dir_all(file.parent().expect("a parent")).expect("its folder");
    fs::write(file, text).expect("a file");
}

/// The healthy host with some files written anew.
fn host(changed: &[(&str, &str)]) -> TempDir {
    let root = TempDir::new().expect("a folder");
    write(root.path(), "proc/stat", stat(0, 0, 0, 0).as_bytes());
    for (path, text) in HEALTHY.iter().chain(changed) {
        write(root.path(), path, text.as_bytes());
    }
    root
}

/// Findings by name; while the doctor watches, the host goes from `stats` to `stats`.
fn findings(root: &Path, stats: [String; 2]) -> BTreeMap<&'static str, Finding> {
    let mut stats = stats.into_iter();
    let examination = examine(root, &PINNED, |_| {
        let next = stats.next().expect("watched twice");
        if root.join("proc/stat").is_file() {
            write(root, "proc/stat", next.as_bytes());
        }
    });
    let names: Vec<_> = examination
        .findings
        .iter()
        .map(|found| found.check)
        .collect();
    let by_name: BTreeMap<_, _> = examination
        .findings
        .into_iter()
        .map(|finding| (finding.check, finding))
        .collect();
    assert_eq!(by_name.len(), names.len(), "a name stands twice: {names:?}");
    by_name
}

fn quiet() -> [String; 2] {
    [stat(1, 32, 0, 10), stat(34, 32, 0, 20)]
}

#[test]
fn a_healthy_host_passes_in_everything_but_the_build() {
    let root = host(&[]);
    for (name, finding) in findings(root.path(), quiet()) {
        let expected = match (name, cfg!(debug_assertions)) {
            ("build", true) => Verdict::Warn,
            _ => Verdict::Pass,
        };
        assert_eq!(finding.verdict, expected, "{finding:?}");
        assert!(
            !finding.found.is_empty() && !finding.mend.is_empty(),
            "{finding:?}"
        );
    }
}

/// What one file, changed, makes of one finding.
#[test]
fn each_ill_is_found() {
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, Verdict, &str)] = &[
        ("isolated cores", "sys/devices/system/cpu/isolated", "", Verdict::Warn, "not isolated: cores 2-3"),
        ("isolated cores", "sys/devices/system/cpu/isolated", "3", Verdict::Warn, "isolated: core 3, but not core 2"),
        ("isolated cores", "sys/devices/system/cpu/isolated", "x", Verdict::Unknown, "/sys/devices/system/cpu/isolated: not understood: `x`"),
        ("tickless cores", "sys/devices/system/cpu/nohz_full", "(null)", Verdict::Warn, "not in nohz_full: cores 2-3"),
        ("RCU callbacks", "proc/cmdline", "quiet", Verdict::Warn, "not in rcu_nocbs: cores 2-3"),
        ("RCU callbacks", "proc/cmdline", "rcu_nocbs=all", Verdict::Pass, "rcu_nocbs=all"),
        ("RCU callbacks", "proc/cmdline", "nohz_full=2,3", Verdict::Pass, "cores 2-3 in rcu_nocbs"),
        ("RCU callbacks", "proc/cmdline", "rcu_nocbs=2-N", Verdict::Unknown, "/proc/cmdline: not understood: `rcu_nocbs=2-N`"),
        ("SMT siblings", "sys/devices/system/cpu/cpu2/topology/core_cpus_list", "2,6", Verdict::Warn, "shared: core 2 with 6"),
        ("SMT siblings", "sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "7", Verdict::Unknown, "core 3 is not in its own list of siblings"),
        ("L3 cache", "sys/devices/system/cpu/cpu3/cache/index3/shared_cpu_list", "3", Verdict::Warn, "cores 2-3 in several: 0-3 | 3"),
        ("L3 cache", "sys/devices/system/cpu/cpu3/cache/index3/level", "2", Verdict::Unknown, "/sys/devices/system/cpu/cpu3/cache: no cache of level 3 is told"),
        ("NUMA node", "sys/devices/system/node/node0/cpulist", "0-2", Verdict::Unknown, "core 3 in no node that is told"),
        ("cpufreq governor", "sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave", Verdict::Warn, "performance on core 2, powersave on core 3"),
        ("idle states", "sys/devices/system/cpu/cpu2/cpuidle/state1/disable", "0", Verdict::Warn, "intel_idle: POLL 0 us, C6 133 us"),
        ("idle states", "proc/cmdline", "idle=poll", Verdict::Pass, "idle=poll: cores do not sleep"),
        ("idle states", "sys/devices/system/cpu/cpuidle/current_driver", "none", Verdict::Pass, "no driver: a core halts, and no deeper"),
        ("idle states", "sys/devices/system/cpu/cpu2/cpuidle/state0/latency", "-", Verdict::Unknown, "/sys/devices/system/cpu/cpu2/cpuidle/state0/latency: not understood: `-`"),
        ("IRQ affinity", "proc/irq/24/smp_affinity_list", "0-3", Verdict::Warn, "1 of 2 may come to cores 2-3: 24"),
        ("timer interrupts", "proc/interrupts", "CPU0 CPU1\nLOC: 1 1\n", Verdict::Unknown, "/proc/interrupts: no column for core 2"),
        ("huge pages", "sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never", Verdict::Warn, "always"),
        ("huge pages", "sys/kernel/mm/transparent_hugepage/enabled", "always madvise", Verdict::Unknown, "/sys/kernel/mm/transparent_hugepage/enabled: not understood: `always madvise`"),
        ("clock source", "sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet", Verdict::Warn, "hpet"),
        ("hypervisor", "proc/cpuinfo", "flags : fpu hypervisor", Verdict::Warn, "under a hypervisor"),
        ("hypervisor", "proc/cpuinfo", "Features : fp asimd", Verdict::Unknown, "/proc/cpuinfo: not understood: `Features : fp asimd`"),
        ("cgroup quota", "sys/fs/cgroup/slice/cpu.max", "150000 100000", Verdict::Warn, "the time of 1.50 cores"),
        ("cgroup quota", "sys/fs/cgroup/slice/unit/cpu.max", "most", Verdict::Unknown, "/sys/fs/cgroup/slice/unit/cpu.max: not understood: `most`"),
        ("cgroup quota", "proc/self/cgroup", "0::/../elsewhere", Verdict::Unknown, "/proc/self/cgroup: not understood: `0::/../elsewhere`"),
        ("cpuset", "proc/self/status", "Cpus_allowed_list:\t0-2", Verdict::Warn, "cores 0-2 allowed, but not core 3"),
        ("locked memory", "proc/self/limits", "Max locked memory 8388608 8388608 bytes", Verdict::Warn, "8192 KiB"),
        ("real-time priority", "proc/self/limits", "Max realtime priority 0 0", Verdict::Warn, "0: none may be asked for"),
        ("real-time priority", "proc/self/limits", "Max realtime priority", Verdict::Unknown, "/proc/self/limits: not understood: `Max realtime priority`"),
        ("real-time throttle", "proc/sys/kernel/sched_rt_runtime_us", "950000", Verdict::Warn, "950000 us of every period"),
    ];
    for &(check, path, text, verdict, found) in table {
        let root = host(&[(path, text)]);
        let finding = &findings(root.path(), quiet())[check];
        assert_eq!(
            (finding.verdict, finding.found.as_str()),
            (verdict, found),
            "{path}"
        );
    }
}

#[test]
fn a_quota_of_the_first_version_of_control_groups_is_found() {
    let root = host(&[
        ("proc/self/cgroup", "4:cpu,cpuacct:/box\n0::/\n"),
        ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
        ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
        ("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "50000\n"),
        ("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n"),
    ]);
    let finding = &findings(root.path(), quiet())["cgroup quota"];
    assert_eq!(finding.found, "the time of 0.50 cores");
}

#[test]
fn a_cpuset_is_known_from_its_group_where_the_process_does_not_tell() {
    let root = host(&[
        ("proc/self/status", "Name:\tperf\n"),
        ("sys/fs/cgroup/slice/cpuset.cpus.effective", "3\n"),
    ]);
    let finding = &findings(root.path(), quiet())["cpuset"];
    assert_eq!(finding.found, "core 3 allowed, but not core 2");
}

#[test]
fn what_happens_while_it_watches_is_seen() {
    let root = host(&[]);
    let by_name = findings(root.path(), [stat(16, 16, 0, 0), stat(40, 16, 8, 9_000)]);
    let told = |check: &str| (by_name[check].verdict, by_name[check].found.as_str());
    assert_eq!(
        told("other load"),
        (Verdict::Warn, "core 2 50 % busy, core 3 50 % busy")
    );
    assert_eq!(
        told("steal time"),
        (Verdict::Warn, "core 2 25 % stolen, core 3 25 % stolen")
    );
    assert_eq!(
        told("context switches"),
        (Verdict::Warn, "9000 on all 4 cores in a third of a second")
    );

    let still = findings(root.path(), [stat(40, 16, 8, 0), stat(40, 16, 8, 0)]);
    assert_eq!(still["steal time"].verdict, Verdict::Unknown);
    // A counter that runs backwards is odd, and harms nothing.
    findings(root.path(), [stat(1, 1, 1, 1), stat(0, 0, 0, 0)]);
}

#[test]
fn interrupts_that_come_while_it_spins_are_told_with_their_device() {
    let root = host(&[]);
    let mut watched = 0;
    let examination = examine(root.path(), &PINNED, |watch| {
        watched += 1;
        if watch == Watch::Spin {
            let text = "CPU0 CPU1 CPU2 CPU3\n24: 99 0 5 12 edge nvme0q1\n\
                        LOC: 9 9 4 90 Local timer\nRES: 0 0 11 0 Rescheduling\n";
            write(root.path(), "proc/interrupts", text.as_bytes());
        }
    });
    assert_eq!(watched, 2);
    let told = |check: &str| {
        let finding = examination
            .findings
            .iter()
            .find(|found| found.check == check);
        finding.map(|finding| (finding.verdict, finding.found.clone()))
    };
    let warned = |found: &str| Some((Verdict::Warn, found.to_owned()));
    assert_eq!(
        told("device interrupts"),
        warned("core 3: 7 of 24 (nvme0q1)")
    );
    assert_eq!(
        told("timer interrupts"),
        warned("core 2: 3 LOC; core 3: 89 LOC")
    );
    assert_eq!(told("interrupts of cores"), warned("core 2: 11 RES"));
}

#[test]
fn nothing_is_known_of_a_host_without_files() {
    let root = TempDir::new().expect("a folder");
    for root in [root.path(), &root.path().join("not there")] {
        for (name, finding) in findings(root, quiet()) {
            if name != "build" {
                assert_eq!(finding.verdict, Verdict::Unknown, "{finding:?}");
            }
        }
    }
}

#[test]
fn no_core_at_all_and_a_core_that_is_not_there_harm_nothing() {
    let root = host(&[]);
    for cores in [&[][..], &[usize::MAX], &[0, 0, 9]] {
        let findings = examine(root.path(), cores, |_| {}).findings;
        assert!(findings.len() > 20);
    }
}

/// Every file in turn is missing, a folder, a pipe, or says odd things: its
/// findings may turn, and nothing panics or hangs.
#[test]
fn no_odd_file_brings_the_doctor_down() {
    let long = "7,".repeat(100_000);
    let odd: &[&[u8]] = &[
        b"",
        b"\n\n",
        b"\0\0",
        &[0xFF, 0xFE, 0xFF],
        b"-",
        b"-1",
        b"18446744073709551616",
        b"0-18446744073709551615",
        b"[",
        b"][",
        b":",
        b"0::",
        b"0::/../../../..",
        b"1:cpu:/..\n",
        b"cpu0\ncpu1 a b\nctxt x\n",
        b"cpu0 1 2 3 4 5 6 7 18446744073709551615\n",
        b"CPU0\n1:\n",
        b"CPU99999999999999999999\n",
        b"flags",
        b"Max locked memory",
        b"Cpus_allowed_list:\t9-1",
        b"NaN NaN",
        b"inf 0",
        "\u{202e}\u{1F980}".as_bytes(),
        long.as_bytes(),
    ];
    let paths = HEALTHY.iter().map(|&(path, _)| path).chain(["proc/stat"]);
    for path in paths {
        let root = host(&[]);
        let known = findings(root.path(), quiet()).len();
        let file = root.path().join(path);
        for text in odd {
            fs::write(&file, text).expect("a file");
            assert_eq!(examine(root.path(), &PINNED, |_| {}).findings.len(), known);
        }
        fs::remove_file(&file).expect("it is there");
        assert_eq!(examine(root.path(), &PINNED, |_| {}).findings.len(), known);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&file, &file).expect("a link to itself");
            assert_eq!(examine(root.path(), &PINNED, |_| {}).findings.len(), known);
            fs::remove_file(&file).expect("it is there");
            let made = std::process::Command::new("mkfifo").arg(&file).status();
            if made.is_ok_and(|status| status.success()) {
                assert_eq!(examine(root.path(), &PINNED, |_| {}).findings.len(), known);
                fs::remove_file(&file).expect("it is there");
            }
        }
        fs::create_dir(&file).expect("a folder");
        assert_eq!(examine(root.path(), &PINNED, |_| {}).findings.len(), known);
    }
}

#[test]
fn the_host_at_hand_is_examined_without_a_panic() {
    let cores = crate::Cores::read().first(1);
    let examination = examine(Path::new("/"), &cores, |_| {});
    assert_eq!(examination.cores, cores);
    let all: usize = [Verdict::Pass, Verdict::Warn, Verdict::Unknown]
        .map(|verdict| examination.checks(verdict).len())
        .iter()
        .sum();
    assert_eq!(all, examination.findings.len());
}

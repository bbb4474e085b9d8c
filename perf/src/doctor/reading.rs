//! The host's counters at one moment.

use std::collections::BTreeMap;

use super::host::Host;

/// What the kernel had counted at one moment.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// Time of each core.
    pub(super) times: Result<BTreeMap<usize, Times>, String>,
    /// Switches from one thread to another, on all cores.
    pub(super) switches: Result<u64, String>,
    /// Interrupts of every kind, by core.
    pub(super) interrupts: Result<Vec<Interrupt>, String>,
}

/// How a core has spent its time, in ticks of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) idle: u64,
    /// Taken by the hypervisor while somebody here had work.
    pub(super) steal: u64,
    pub(super) all: u64,
}

/// How often one kind of interrupt came to each core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interrupt {
    /// The number of a device's interrupt, or a name such as `LOC`.
    pub(super) name: String,
    /// What it is, in the kernel's words.
    pub(super) what: String,
    by_core: BTreeMap<usize, u64>,
}

impl Interrupt {
    /// Whether it comes from a device, and can be sent to another core.
    pub(super) fn is_of_a_device(&self) -> bool {
        self.name.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// How often it came to `core`, where that is told.
    pub(super) fn on(&self, core: usize) -> Option<u64> {
        self.by_core.get(&core).copied()
    }
}

impl Reading {
    pub(super) fn of(host: &Host) -> Self {
        Self {
            times: host.parsed("proc/stat", times),
            switches: host.parsed("proc/stat", |text| {
                text.lines()
                    .find_map(|line| line.strip_prefix("ctxt "))?
                    .trim()
                    .parse()
                    .ok()
            }),
            interrupts: host.parsed("proc/interrupts", interrupts),
        }
    }
}

/// Lines such as `cpu0 user nice system idle iowait irq softirq steal guest guest_nice`.
fn times(text: &str) -> Option<BTreeMap<usize, Times>> {
    let mut times = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let core = words.next().and_then(|word| word.strip_prefix("cpu"));
        // The line `cpu` without a number is the sum of all.
        let Some(Ok(core)) = core.map(str::parse) else {
            continue;
        };
        let ticks: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
        // The two for guests are in the first two already.
        let &[.., idle, wait, _, _, steal] = ticks.get(..8)? else {
            return None;
        };
        let all = ticks[..8].iter().copied().fold(0, u64::saturating_add);
        let idle = idle.saturating_add(wait);
        times.insert(core, Times { idle, steal, all });
    }
    (!times.is_empty()).then_some(times)
}

/// A heading that names the cores, then a line for each kind with as many counts.
fn interrupts(text: &str) -> Option<Vec<Interrupt>> {
    let mut lines = text.lines();
    let cores: Vec<usize> = lines
        .next()?
        .split_ascii_whitespace()
        .map(|word| word.strip_prefix("CPU")?.parse().ok())
        .collect::<Option<_>>()?;
    let kind = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        // `ERR` and `MIS` have one count, of no core.
        let counts: Vec<u64> = words.iter().map_while(|word| word.parse().ok()).collect();
        (counts.len() >= cores.len()).then(|| Interrupt {
            name: name.trim().to_owned(),
            what: words[cores.len()..].join(" "),
            by_core: cores.iter().copied().zip(counts).collect(),
        })
    };
    Some(lines.filter_map(kind).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_leave_the_sum_and_the_guests_out() {
        let text = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu1 1 2 3 40 5 6 7 8 100 100\nintr 5\n";
        let expected = Times {
            idle: 45,
            steal: 8,
            all: 72,
        };
        assert_eq!(times(text), Some(BTreeMap::from([(1, expected)])));
        for odd in [
            "",
            "cpu 1 2",
            "cpu0 1 2 3",
            "cpu0 1 2 3 x 5 6 7 8",
            "cpux 1",
        ] {
            assert_eq!(times(odd), None, "{odd:?}");
        }
        let most = u64::MAX;
        let full = format!("cpu0 {most} {most} {most} {most} {most} {most} {most} {most}");
        assert!(times(&full).is_some(), "nothing overflows");
    }

    #[test]
    fn interrupts_go_by_the_cores_of_the_heading() {
        let text =
            "  CPU0  CPU2\n 24:  1  20  IO-APIC  5-edge  disk\nLOC: 3 4 Local timer\nERR: 0\n";
        let read = interrupts(text).expect("it is well formed");
        let told: Vec<_> = read
            .iter()
            .map(|kind| (kind.name.as_str(), kind.on(0), kind.on(1), kind.on(2)))
            .collect();
        assert_eq!(
            told,
            [
                ("24", Some(1), None, Some(20)),
                ("LOC", Some(3), None, Some(4))
            ]
        );
        assert_eq!(read[0].what, "IO-APIC 5-edge disk");
        assert!(read[0].is_of_a_device() && !read[1].is_of_a_device());
        assert_eq!(interrupts(""), None);
        assert_eq!(interrupts("CPU0 CPUx\n"), None);
        assert_eq!(interrupts("CPU0\nno colon\n1: x\n"), Some(Vec::new()));
    }
}

//! How fast the cores run, and how deep they sleep.

use super::cpu_list::name;
use super::finding::{Answer, Finding};
use super::host::Host;

const CPU: &str = "sys/devices/system/cpu";

/// The slowest way out of an idle state that still passes, in microseconds.
const SLOWEST_EXIT_US: u64 = 5;

pub(super) fn findings(host: &Host, cores: &[usize]) -> Vec<Finding> {
    vec![
        Finding::new(
            "cpufreq governor",
            governor(host, cores),
            "a governor that saves power lowers the clock of a core that waits, and raises it late",
            "cpupower frequency-set -g performance",
        ),
        Finding::new(
            "idle states",
            idle_states(host, cores),
            "a core that went to sleep takes its time to come back: the first event after a pause pays",
            "boot with cpuidle.off=1 or idle=poll, or hold /dev/cpu_dma_latency open with 0 in it; \
             or never idle: --idle spin",
        ),
    ]
}

fn governor(host: &Host, cores: &[usize]) -> Result<Answer, String> {
    let mut governors: Vec<(String, Vec<usize>)> = Vec::new();
    for &core in cores {
        let governor = host.text(&format!("{CPU}/cpu{core}/cpufreq/scaling_governor"))?;
        match governors.iter_mut().find(|(known, _)| *known == governor) {
            Some((_, cores)) => cores.push(core),
            None => governors.push((governor, vec![core])),
        }
    }
    let fine = governors
        .iter()
        .all(|(governor, _)| governor == "performance");
    let told: Vec<String> = governors
        .iter()
        .map(|(governor, cores)| format!("{governor} on {}", name(cores)))
        .collect();
    Ok(Answer::fine_if(fine, told.join(", ")))
}

/// Drivers and states of the first core stand for all: they differ in hybrid machines only.
fn idle_states(host: &Host, cores: &[usize]) -> Result<Answer, String> {
    if host.boot_argument("idle") == Ok(Some("poll".to_owned())) {
        return Ok(Answer::Fine("idle=poll: cores do not sleep".to_owned()));
    }
    let driver = host.text(&format!("{CPU}/cpuidle/current_driver"))?;
    if driver == "none" {
        return Ok(Answer::Fine(
            "no driver: a core halts, and no deeper".to_owned(),
        ));
    }
    let Some(core) = cores.first() else {
        return Ok(Answer::Fine(format!("{driver}; no core is pinned")));
    };
    let folder = format!("{CPU}/cpu{core}/cpuidle");
    let mut told = Vec::new();
    let mut slowest_us = 0;
    for state in host.numbered(&folder, "state")? {
        let file = |name: &str| format!("{folder}/state{state}/{name}");
        if host
            .text(&file("disable"))
            .is_ok_and(|disabled| disabled != "0")
        {
            continue;
        }
        let latency_us: u64 = host.parsed(&file("latency"), |text| text.parse().ok())?;
        told.push(format!("{} {latency_us} us", host.text(&file("name"))?));
        slowest_us = slowest_us.max(latency_us);
    }
    let found = format!("{driver}: {}", told.join(", "));
    Ok(Answer::fine_if(slowest_us <= SLOWEST_EXIT_US, found))
}

//! How the kernel, and this program, were built and set.

use super::finding::{Answer, Finding};
use super::host::Host;

/// Whether this program was built to be measured.
pub(super) fn build(debug: bool) -> Finding {
    let found = match debug {
        true => "a debug build",
        false => "a release build",
    };
    Finding::new(
        "build",
        Ok(Answer::fine_if(!debug, found)),
        "without the optimiser a closure is a call and a check is a branch: ten times slower",
        "cargo build --release",
    )
}

pub(super) fn findings(host: &Host) -> Vec<Finding> {
    vec![
        Finding::new(
            "huge pages",
            huge_pages(host),
            "`always` lets the kernel stop a thread to gather and copy pages, whenever it likes",
            "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
        ),
        Finding::new(
            "clock source",
            clock_source(host),
            "every other source makes each reading of the clock a system call, or worse",
            "boot with clocksource=tsc tsc=reliable, where the processor's counter is steady",
        ),
        Finding::new(
            "hypervisor",
            hypervisor(host),
            "a virtual core is itself a thread of another host, which may stop it for milliseconds",
            "bare metal; otherwise read tails beside those of the hiccup meter only",
        ),
    ]
}

/// The word in brackets is the one that holds: `always [madvise] never`.
fn huge_pages(host: &Host) -> Result<Answer, String> {
    let chosen = |text: &str| Some(text.split_once('[')?.1.split_once(']')?.0.to_owned());
    let chosen = host.parsed("sys/kernel/mm/transparent_hugepage/enabled", chosen)?;
    match chosen.as_str() {
        "madvise" | "never" => Ok(Answer::Fine(chosen)),
        "always" => Ok(Answer::Disturbs(chosen)),
        other => Err(format!("`{other}` is no setting known here")),
    }
}

/// The last two are read without a system call as well, from a page that the hypervisor keeps.
const QUICK: [&str; 4] = [
    "tsc",
    "arch_sys_counter",
    "kvm-clock",
    "hyperv_clocksource_tsc_page",
];

fn clock_source(host: &Host) -> Result<Answer, String> {
    let source = host.text("sys/devices/system/clocksource/clocksource0/current_clocksource")?;
    match source.is_empty() {
        true => Err("the source has no name".to_owned()),
        false => Ok(Answer::fine_if(QUICK.contains(&source.as_str()), source)),
    }
}

fn hypervisor(host: &Host) -> Result<Answer, String> {
    Ok(match host.is_virtual()? {
        true => Answer::Disturbs(format!("under a hypervisor{}", product(host))),
        false => Answer::Fine("none that shows itself".to_owned()),
    })
}

fn product(host: &Host) -> String {
    let known = ["sys/hypervisor/type", "sys/class/dmi/id/product_name"]
        .into_iter()
        .find_map(|file| host.text(file).ok());
    known.map_or(String::new(), |product| format!(": {product}"))
}

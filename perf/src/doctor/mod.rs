//! The doctor: what of this host disturbs latency, and what mends it.
//!
//! Every finding passes, warns, or is unknown: a file that is missing, cannot be
//! read or says something odd makes its finding unknown, never a panic. All
//! files are read below a root folder, so that a test can make a host up, and
//! waiting is left to the caller, who may do it with a clock or without.
//!
//! ```text
//! Host ─► reading at rest ─► pause ─► reading ─► spin on the cores ─► reading
//!   └──► cores  power  kernel  limits     └── activity, interrupts ──┘    ─► Examination
//! ```

mod cpu_list;
mod finding;
mod host;
mod reading;

mod activity;
mod cores;
mod interrupts;
mod kernel;
mod limits;
mod power;

use std::path::Path;

pub use finding::{Examination, Finding, Verdict};
pub(crate) use host::Host;

use reading::Reading;

/// What the caller does while the doctor watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Nothing, for a while: what then runs on the cores is not ours.
    Rest,
    /// Keeps every core busy for a while: what then takes time from us is not ours.
    Spin,
}

/// Examines the host whose files lie below `root`, for threads pinned to `cores`.
///
/// `watch` is called twice, first to rest and then to spin; see
/// [`watch`] for the one that does.
pub fn examine(root: &Path, cores: &[usize], mut watch: impl FnMut(Watch)) -> Examination {
    let host = Host::below(root);
    let before = Reading::of(&host);
    watch(Watch::Rest);
    let rested = Reading::of(&host);
    watch(Watch::Spin);
    let spun = Reading::of(&host);

    let mut findings = vec![kernel::build(cfg!(debug_assertions))];
    findings.extend(cores::findings(&host, cores));
    findings.extend(power::findings(&host, cores));
    findings.extend(interrupts::findings(&host, cores, &rested, &spun));
    findings.extend(activity::findings(cores, &before, &rested, &spun));
    findings.extend(kernel::findings(&host));
    findings.extend(limits::findings(&host, cores));
    Examination::new(cores, findings)
}

/// Rests, or spins on each of `cores`, for a third of a second.
pub fn watch(cores: &[usize]) -> impl FnMut(Watch) + '_ {
    use std::time::{Duration, Instant};
    const LONG_ENOUGH: Duration = Duration::from_millis(330);

    move |what| match what {
        Watch::Rest => std::thread::sleep(LONG_ENOUGH),
        Watch::Spin => std::thread::scope(|scope| {
            for &core in cores {
                scope.spawn(move || {
                    crate::available::on_core(Some(core), || {
                        let start = Instant::now();
                        while start.elapsed() < LONG_ENOUGH {
                            std::hint::spin_loop();
                        }
                    });
                });
            }
        }),
    }
}

#[cfg(test)]
mod tests;

//! On what a run was made.

use std::fs;

use serde::Serialize;

use crate::Cores;

/// The machine and the compiler, as far as they are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Host {
    /// The compiler, as it names itself.
    pub rustc: &'static str,
    /// The processor's name.
    pub cpu: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// How many cores this process may use.
    pub cores: usize,
    /// Whether the build is optimised.
    pub optimised: bool,
}

impl Host {
    /// Reads what there is to read; what is not told is none.
    pub fn read() -> Self {
        let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok();
        Self {
            rustc: env!("FLUXUS_PERF_RUSTC"),
            cpu: model_name(&cpu_info),
            kernel: release.map(|release| release.trim().to_owned()),
            cores: Cores::read().as_slice().len(),
            optimised: !cfg!(debug_assertions),
        }
    }
}

fn model_name(cpu_info: &str) -> Option<String> {
    let line = cpu_info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_found_and_may_be_missing() {
        let text = "processor\t: 0\nmodel name\t: Some CPU: 3 GHz\n";
        assert_eq!(model_name(text).as_deref(), Some("Some CPU: 3 GHz"));
        assert_eq!(model_name("Processor: arm\n"), None);
        assert!(Host::read().rustc.starts_with("rustc "));
    }
}

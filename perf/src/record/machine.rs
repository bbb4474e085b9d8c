//! The machine that figures belong to.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::doctor::Host;
use crate::Cores;

/// A machine, as far as it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: Option<String>,
    /// Cores that the program may use.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// Whether it is a virtual one.
    pub hypervisor: Option<bool>,
}

impl Machine {
    /// The one whose files lie below `root`, with the cores of this process.
    pub fn below(root: &Path) -> Self {
        let host = Host::below(root);
        let cpu = host.parsed("proc/cpuinfo", |text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
        Self {
            cpu: cpu.ok(),
            cores: Cores::read().as_slice().len(),
            kernel: host.text("proc/sys/kernel/osrelease").ok(),
            hypervisor: host.is_virtual().ok(),
        }
    }

    /// Whether figures of both can be held against each other: the same processor
    /// and as many cores. A new kernel is a change like any other.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.cpu, self.cores, self.hypervisor) == (&other.cpu, other.cores, other.hypervisor)
    }

    /// Its name in that of a file, such as `amd-epyc-2-cores`.
    pub fn file_name(&self) -> String {
        let cpu = self.cpu.as_deref().unwrap_or("unknown");
        let plain = |letter: char| match letter.is_ascii_alphanumeric() {
            true => letter.to_ascii_lowercase(),
            false => '-',
        };
        let dashed: String = cpu.chars().map(plain).collect();
        let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
        format!("{}-{}-cores", words.join("-"), self.cores)
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unknown = "unknown";
        write!(
            formatter,
            "{}, {} cores, kernel {}{}",
            self.cpu.as_deref().unwrap_or(unknown),
            self.cores,
            self.kernel.as_deref().unwrap_or(unknown),
            match self.hypervisor {
                Some(true) => ", virtual",
                Some(false) => "",
                None => ", virtual or not",
            }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_told_as_far_as_it_tells() {
        let root = tempfile::TempDir::new().expect("a folder");
        let unknown = Machine::below(root.path());
        assert_eq!(
            (&unknown.cpu, &unknown.kernel, unknown.hypervisor),
            (&None, &None, None)
        );
        assert!(unknown.file_name().starts_with("unknown-"));

        std::fs::create_dir_all(root.path().join("proc/sys/kernel")).expect("a folder");
        let write = |path, text| std::fs::write(root.path().join(path), text).expect("a file");
        write("proc/sys/kernel/osrelease", "6.1.0\n");
        write(
            "proc/cpuinfo",
            "processor\t: 0\nmodel name\t: AMD EPYC(R) 9: 4GHz\nflags\t: fpu hypervisor\n",
        );
        let known = Machine {
            cores: 2,
            ..Machine::below(root.path())
        };
        assert_eq!(
            known.to_string(),
            "AMD EPYC(R) 9: 4GHz, 2 cores, kernel 6.1.0, virtual"
        );
        assert_eq!(known.file_name(), "amd-epyc-r-9-4ghz-2-cores");
        assert!(!known.is_like(&unknown));
        let newer = Machine {
            kernel: Some("6.2.0".to_owned()),
            ..known.clone()
        };
        assert!(known.is_like(&newer));
    }
}

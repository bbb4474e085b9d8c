//! Where the engines' threads may run.

use std::str::FromStr;

use rustix::thread::{sched_setaffinity, CpuSet};

/// Cores in the order given: `0,1` or `2-5`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cores(pub Vec<usize>);

impl FromStr for Cores {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut cores = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let read = |text: &str| {
                let number = text.trim().parse::<usize>();
                number
                    .ok()
                    .filter(|&core| core < CpuSet::MAX_CPU)
                    .ok_or_else(|| {
                        format!("`{text}` is not a core; give a list such as 0,1 or 2-5")
                    })
            };
            cores.extend(read(first)?..=read(last)?);
        }
        Ok(Self(cores))
    }
}

/// Confines this thread, and every thread that it starts from now on, to `cores`.
///
/// Engines that have no pinning of their own (renoir) are held this way.
///
/// # Errors
/// When the operating system refuses.
pub fn pin_process(cores: &[usize]) -> Result<(), String> {
    if cores.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    cores.iter().for_each(|&core| set.set(core));
    sched_setaffinity(None, &set)
        .map_err(|error| format!("cannot pin to the cores {cores:?}: {error}; leave --cores out"))
}

/// Confines this thread to the core of worker `index`, if there is one for it.
pub fn pin_thread(cores: &[usize], index: usize) {
    if let Some(&id) = cores.get(index) {
        core_affinity::set_for_current(core_affinity::CoreId { id });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_are_read_in_order() {
        let read = |text: &str| text.parse::<Cores>().map(|cores| cores.0);
        assert_eq!(read("1,0"), Ok(vec![1, 0]));
        assert_eq!(read("2-4,0"), Ok(vec![2, 3, 4, 0]));
        for wrong in ["", "a", "1,", "-1", "99999"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

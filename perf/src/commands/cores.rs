//! A list of cores on the command line, and whether they are to be had.

use std::collections::BTreeSet;
use std::str::FromStr;

use fluxus_perf::{Cores, Idle};

/// Cores in the order given: `0,1`, `2-5`, or both mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CoreList(Vec<usize>);

/// The largest number of a core that is taken for one.
const LARGEST: usize = 1023;

impl CoreList {
    /// The cores, in the order given.
    pub(super) fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

impl FromStr for CoreList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut cores = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (core(first)?, core(last)?);
            if first > last {
                return Err(format!("the range `{part}` runs backwards"));
            }
            cores.extend(first..=last);
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = cores.iter().find(|&&core| !seen.insert(core)) {
            return Err(format!("core {twice} is named twice: name each core once"));
        }
        Ok(Self(cores))
    }
}

fn core(text: &str) -> Result<usize, String> {
    let number = text.trim().parse::<usize>();
    number.ok().filter(|&core| core <= LARGEST).ok_or_else(|| {
        format!("`{text}` is not a core from 0 to {LARGEST}; give a list such as 0,1 or 2-5")
    })
}

/// The cores that so many threads are to be pinned to, none for no pinning, and
/// what to warn of.
pub(super) fn for_threads(
    asked: Option<&CoreList>,
    no_pin: bool,
    threads: usize,
) -> (Vec<usize>, Vec<String>) {
    let allowed = Cores::read();
    let cores = match asked {
        Some(CoreList(cores)) => cores.clone(),
        None if no_pin => Vec::new(),
        None => allowed.first(threads),
    };
    let refused = allowed.refused(&cores);
    let cores: Vec<usize> = cores
        .into_iter()
        .filter(|core| !refused.contains(core))
        .take(threads)
        .collect();
    let mut warnings = Vec::new();
    if !refused.is_empty() {
        warnings.push(format!(
            "this process may not use {}, only {}: not pinned there",
            name(&refused),
            name(allowed.as_slice()),
        ));
    }
    if !cores.is_empty() && cores.len() < threads {
        warnings.push(format!("{threads} threads on {}: they share", name(&cores)));
    }
    (cores, warnings)
}

/// What idle workers do, and what to warn of: threads that spin on one core hold
/// each other up for a time slice, so with fewer cores than `threads` they yield.
/// `cores` are those they are pinned to, none for no pinning.
pub(super) fn rest_where_crowded(
    idle: Idle,
    cores: &[usize],
    threads: usize,
) -> (Idle, Option<String>) {
    let seats = match cores {
        [] => Cores::read().as_slice().len(),
        pinned => pinned.len(),
    };
    if idle != Idle::Spin || seats == 0 || seats >= threads {
        return (idle, None);
    }
    let warning = format!(
        "{threads} spinning threads on {seats} core(s) would hold each other up: \
         they yield instead; give each a core of its own with --cores"
    );
    (Idle::Yield, Some(warning))
}

/// The cores in words: `core 0`, `cores 0, 1`.
pub(super) fn name(cores: &[usize]) -> String {
    let list: Vec<String> = cores.iter().map(usize::to_string).collect();
    match cores {
        [] => "no core".to_owned(),
        [core] => format!("core {core}"),
        _ => format!("cores {}", list.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_spins_on_too_few_cores_yields() {
        let rests = |idle, cores: &[usize], threads| rest_where_crowded(idle, cores, threads).0;
        assert_eq!(rests(Idle::Spin, &[0], 2), Idle::Yield);
        assert_eq!(rests(Idle::Spin, &[0, 1], 2), Idle::Spin);
        assert_eq!(rests(Idle::Park, &[0], 2), Idle::Park);
        assert!(rest_where_crowded(Idle::Spin, &[0], 2).1.is_some());
        assert_eq!(rest_where_crowded(Idle::Spin, &[0], 1).1, None);
    }

    #[test]
    fn lists_and_ranges_are_read_in_order() {
        let read = |text: &str| text.parse::<CoreList>().map(|list| list.0);
        assert_eq!(read("0"), Ok(vec![0]));
        assert_eq!(read("1,0"), Ok(vec![1, 0]));
        assert_eq!(read("2-4, 0"), Ok(vec![2, 3, 4, 0]));
        for wrong in [
            "",
            ",",
            "a",
            "1,",
            "3-2",
            "-1",
            "1-",
            "1-2-3",
            "0-99999999999",
            "1024",
            "0,0",
            "1-3,2",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

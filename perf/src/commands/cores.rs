//! A list of cores on the command line, and whether they are to be had.

use std::str::FromStr;

use fluxus_perf::Cores;

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
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

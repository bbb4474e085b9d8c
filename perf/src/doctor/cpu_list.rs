//! Lists of cores as the kernel writes them: `0-3,6`.

/// One more than the highest number that is taken for a core's: it bounds what a
/// range such as `0-99999999999` may allocate.
const LIMIT: usize = 8192;

/// Reads a list; an empty text, and what some kernels write for it, is an empty list.
///
/// `None` where it is no list.
pub(super) fn parse(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    let mut cores = Vec::new();
    if text.is_empty() || text == "(null)" {
        return Some(cores);
    }
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last || cores.len() > LIMIT {
            return None;
        }
        cores.extend(first..=last);
    }
    Some(cores)
}

fn number(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits)?;
    (number < LIMIT).then_some(number)
}

/// Cores in words: `no core`, `core 3`, `cores 0-2,5`.
pub(super) fn name(cores: &[usize]) -> String {
    match cores {
        [] => "no core".to_owned(),
        [core] => format!("core {core}"),
        _ => format!("cores {}", ranges(cores)),
    }
}

/// Numbers with runs as ranges: `0-2,5`.
pub(super) fn ranges(mut numbers: &[usize]) -> String {
    let mut ranges = Vec::new();
    while let [first, ..] = *numbers {
        let run = numbers
            .iter()
            .enumerate()
            .take_while(|&(index, &number)| first.checked_add(index) == Some(number))
            .count();
        ranges.push(match run {
            1 => first.to_string(),
            _ => format!("{first}-{}", numbers[run - 1]),
        });
        numbers = &numbers[run..];
    }
    ranges.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_what_is_none_is_refused() {
        let table: [(&str, Option<&[usize]>); 13] = [
            ("", Some(&[])),
            ("\n", Some(&[])),
            ("(null)\n", Some(&[])),
            ("0\n", Some(&[0])),
            ("0-2,5", Some(&[0, 1, 2, 5])),
            ("8191", Some(&[8191])),
            ("8192", None),
            ("0-99999999999999999999", None),
            ("3-1", None),
            ("1,,2", None),
            ("-1", None),
            ("+1", None),
            ("0-8191,0-8191,0-8191", None),
        ];
        for (text, cores) in table {
            assert_eq!(parse(text).as_deref(), cores, "{text:?}");
        }
    }

    #[test]
    fn lists_are_written_with_ranges() {
        assert_eq!(name(&[]), "no core");
        assert_eq!(name(&[7]), "core 7");
        assert_eq!(name(&[0, 1, 2, 5, 7, 8]), "cores 0-2,5,7-8");
        assert_eq!(ranges(&[usize::MAX, 0]), format!("{},0", usize::MAX));
    }
}

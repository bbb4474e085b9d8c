//! Lists of cpus as the kernel and our users write them: `0-3,6`.

use std::fmt;

/// One more than the highest cpu number taken seriously. No kernel goes
/// further, and it bounds what a range like `0-99999999999` may allocate.
pub(crate) const CPU_LIMIT: usize = 8192;

/// Why a list of cpus could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CpuListError {
    /// Not a number.
    Number(String),
    /// A number that no cpu has.
    Limit(String),
    /// A range whose end lies before its start.
    Backwards(usize, usize),
    /// Too many entries.
    Long,
}

impl fmt::Display for CpuListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CpuListError::Number(text) if text.is_empty() => {
                write!(f, "a core number is missing")
            }
            CpuListError::Number(text) => write!(f, "`{text}` is not a core number"),
            CpuListError::Limit(text) => {
                write!(f, "core {text} is beyond the highest, {}", CPU_LIMIT - 1)
            }
            CpuListError::Backwards(first, last) => write!(
                f,
                "the range {first}-{last} runs backwards, write {last}-{first}"
            ),
            CpuListError::Long => write!(f, "more than {CPU_LIMIT} cores are listed"),
        }
    }
}

/// Reads a list; order and duplicates are kept, an empty text is an empty list.
pub(crate) fn parse(text: &str) -> Result<Vec<usize>, CpuListError> {
    let text = text.trim();
    let mut cpus = Vec::new();
    if text.is_empty() {
        return Ok(cpus);
    }
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => {
                let only = number(part)?;
                (only, only)
            }
        };
        if last < first {
            return Err(CpuListError::Backwards(first, last));
        }
        if CPU_LIMIT - cpus.len() <= last - first {
            return Err(CpuListError::Long);
        }
        cpus.extend(first..=last);
    }
    Ok(cpus)
}

fn number(text: &str) -> Result<usize, CpuListError> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CpuListError::Number(text.to_owned()));
    }
    match text.parse() {
        Ok(cpu) if cpu < CPU_LIMIT => Ok(cpu),
        // Digits that do not fit into a usize are beyond the limit too.
        _ => Err(CpuListError::Limit(text.to_owned())),
    }
}

/// Writes a list the way [`parse`] reads it, with runs as ranges.
pub(crate) struct CpuList<'a>(pub(crate) &'a [usize]);

impl fmt::Display for CpuList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "none");
        }
        let mut rest = self.0;
        let mut comma = "";
        while let Some(&first) = rest.first() {
            let run = rest
                .iter()
                .enumerate()
                .take_while(|&(index, &cpu)| cpu == first.saturating_add(index))
                .count();
            match run {
                1 => write!(f, "{comma}{first}")?,
                _ => write!(f, "{comma}{first}-{}", rest[run - 1])?,
            }
            comma = ",";
            rest = &rest[run..];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_order() {
        let table: [(&str, &[usize]); 8] = [
            ("", &[]),
            (" \n", &[]),
            ("0", &[0]),
            ("0,1", &[0, 1]),
            ("0-3,6", &[0, 1, 2, 3, 6]),
            (" 2 - 3 , 1\n", &[2, 3, 1]),
            ("4,4,2-2", &[4, 4, 2]),
            ("8191", &[8191]),
        ];
        for (text, cpus) in table {
            assert_eq!(parse(text).as_deref(), Ok(cpus), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error_that_names_it() {
        let table = [
            ("x", "`x` is not a core number"),
            ("1,,2", "a core number is missing"),
            ("1-", "a core number is missing"),
            ("-1", "a core number is missing"),
            ("+1", "`+1` is not a core number"),
            ("1-2-3", "`2-3` is not a core number"),
            ("3-1", "the range 3-1 runs backwards, write 1-3"),
            ("8192", "core 8192 is beyond the highest, 8191"),
            (
                "0-99999999999999999999999",
                "core 99999999999999999999999 is beyond the highest, 8191",
            ),
            ("0-8191,0", "more than 8192 cores are listed"),
        ];
        for (text, message) in table {
            let error = parse(text).expect_err(text);
            assert_eq!(error.to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn lists_are_written_as_they_are_read() {
        let table: [(&[usize], &str); 4] = [
            (&[], "none"),
            (&[3], "3"),
            (&[0, 1, 2, 3, 6], "0-3,6"),
            (&[2, 1, 1], "2,1,1"),
        ];
        for (cpus, text) in table {
            assert_eq!(CpuList(cpus).to_string(), text);
        }
    }
}

use super::Entry;
use crate::input::{iso_time, seconds_time, Parsed, Parser, SyslogLine};
use fluxus::windows::Timestamp;

/// Reads `timestamp,value` with an optional third column that labels anomalies,
/// if the first line of the file looks like that; else lines of syslog and lines
/// that begin with a time, also mixed:
///
/// ```text
/// Oct 11 22:14:15 host program[42]: message
/// 2003-10-11T22:14:15Z host program[42]: message
/// 2003-10-11 22:14:15,123 ERROR component: message
/// 2003-10-11T22:14:15Z message
/// ```
#[derive(Debug)]
pub struct EntryParser {
    /// Of the times that have none.
    year: i32,
    /// What the values of the file are called.
    name: String,
    /// None until a line was one or the other.
    has_values: Option<bool>,
}

/// As the first name in the heading of `timestamp,value`.
const TIME_COLUMNS: [&str; 5] = ["time", "timestamp", "date", "datetime", "ts"];

/// Words for how bad it is, and whether that is an error.
const LEVELS: [(&str, bool); 18] = [
    ("trace", false),
    ("debug", false),
    ("info", false),
    ("notice", false),
    ("warn", false),
    ("warning", false),
    ("error", true),
    ("err", true),
    ("severe", true),
    ("fatal", true),
    ("crit", true),
    ("critical", true),
    ("alert", true),
    ("emerg", true),
    ("emergency", true),
    ("panic", true),
    ("fine", false),
    ("verbose", false),
];

/// What is in a message that tells of an error, where no level says so.
const COMPLAINTS: [&str; 8] = [
    "error", "fail", "fatal", "critical", "panic", "denied", "refused", "invalid",
];

impl EntryParser {
    /// Times without a year are of `year`, and values without a name of `name`.
    pub fn new(year: i32, name: &str) -> Self {
        Self {
            year,
            name: name.to_owned(),
            has_values: None,
        }
    }
}

impl Parser<Entry> for EntryParser {
    fn line(&mut self, line: &str) -> Parsed<Entry> {
        let line = line.trim_start_matches('\u{feff}');
        if line.trim().is_empty() {
            return Parsed::Nothing;
        }
        match self.has_values {
            Some(true) => value_of(line, &self.name).into(),
            Some(false) => message_of(line, self.year).into(),
            None => self.first_line(line),
        }
    }
}

impl EntryParser {
    /// A heading, or an event that tells what the file holds. A line that is none
    /// of these tells nothing.
    fn first_line(&mut self, line: &str) -> Parsed<Entry> {
        let (first, others) = line.split_once(',').unwrap_or((line, ""));
        let first = first.trim().to_ascii_lowercase();
        if TIME_COLUMNS.contains(&first.as_str()) && others.split(',').count() <= 2 {
            self.has_values = Some(true);
            return Parsed::Nothing;
        }
        let value = value_of(line, &self.name);
        let message = message_of(line, self.year);
        self.has_values = match (&value, &message) {
            (Ok(_), _) => Some(true),
            (Err(_), Ok(_)) => Some(false),
            (Err(_), Err(_)) => None,
        };
        let looks_like_a_value = iso_time(&first).is_ok() || seconds_time(&first).is_ok();
        match value {
            Err(reason) if looks_like_a_value && message.is_err() => Parsed::Malformed(reason),
            Err(_) => message.into(),
            Ok(entry) => Parsed::Event(entry),
        }
    }
}

/// `2022-03-20T11:00:00+01:00,100.59` or `1647770400,100.59,1`.
fn value_of(line: &str, name: &str) -> Result<Entry, String> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let (time, value, label) = match fields[..] {
        [time, value] => (time, value, None),
        [time, value, label] => (time, value, Some(label)),
        _ => {
            return Err(format!(
                "it has {} fields, not timestamp,value",
                fields.len()
            ))
        }
    };
    let is_anomaly = match label {
        None => None,
        Some("0" | "false" | "normal" | "") => Some(false),
        Some("1" | "true" | "anomaly") => Some(true),
        Some(label) => return Err(format!("the label {label:?} is neither 0 nor 1")),
    };
    Ok(Entry {
        time: iso_time(time).or_else(|iso| seconds_time(time).map_err(|_| iso))?,
        source: name.to_owned(),
        is_error: false,
        millionths: Some(millionths(value)?),
        text: String::new(),
        is_anomaly,
    })
}

fn millionths(value: &str) -> Result<i64, String> {
    match value.parse::<f64>() {
        Ok(number) if number.abs() <= 1e12 => Ok((number * 1e6).round() as i64),
        _ => Err(format!("{value:?} is no number from -1e12 to 1e12")),
    }
}

fn message_of(line: &str, year: i32) -> Result<Entry, String> {
    let timed = time_in_front(line);
    if let Some((time, rest)) = timed {
        let (word, behind) = first_word(rest);
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let level = LEVELS
            .iter()
            .find(|(level, _)| word.eq_ignore_ascii_case(level));
        if let Some((_, is_error)) = level {
            let (component, text) = component_of(behind);
            return Ok(entry(time, component, *is_error, text));
        }
        // `time host program: message`, or else a message at once.
        let is_syslog = rest
            .split_ascii_whitespace()
            .nth(1)
            .is_some_and(|tag| tag.ends_with(':'));
        if !is_syslog {
            return Ok(entry(time, "log", complains(rest), rest));
        }
    }
    let parsed = SyslogLine::parse(line, year)?;
    let source = format!("{}/{}", parsed.host, parsed.program);
    let message = parsed.message;
    Ok(entry(parsed.time, &source, complains(message), message))
}

fn entry(time: Timestamp, source: &str, is_error: bool, text: &str) -> Entry {
    Entry {
        time,
        source: source.to_owned(),
        is_error,
        millionths: None,
        text: text.to_owned(),
        is_anomaly: None,
    }
}

/// The time that a line begins with, of one word or of two, and what comes behind it.
fn time_in_front(line: &str) -> Option<(Timestamp, &str)> {
    if !line.starts_with(|c: char| c.is_ascii_digit() || c == '[') {
        return None;
    }
    let time_of = |text: &str| {
        let text = text.trim_matches(|c| c == '[' || c == ']');
        // Some write the fraction behind a comma.
        let text = text.replace(',', ".");
        iso_time(&text).or_else(|_| seconds_time(&text)).ok()
    };
    let (day, rest) = first_word(line);
    let (hour, behind) = first_word(rest);
    let both = &line[..line.len() - behind.len()];
    match time_of(both.trim_end()) {
        Some(time) if hour.contains(':') => Some((time, behind)),
        _ => time_of(day).map(|time| (time, rest)),
    }
}

/// `component: message` or `[component] message`; without either it is all one log.
fn component_of(text: &str) -> (&str, &str) {
    let (word, behind) = first_word(text);
    let name = word.trim_matches(|c| c == '[' || c == ']' || c == ':');
    let is_name = word.ends_with(':') || word.starts_with('[');
    match is_name && !name.is_empty() {
        true => (name, behind),
        false => ("log", text),
    }
}

fn first_word(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, behind)) => (word, behind.trim_start()),
        None => (text, ""),
    }
}

fn complains(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    COMPLAINTS.iter().any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Parsed<Entry>> {
        let mut parser = EntryParser::new(2003, "flow");
        lines.iter().map(|line| parser.line(line)).collect()
    }

    fn only(lines: &[&str]) -> Entry {
        match read(lines).pop() {
            Some(Parsed::Event(entry)) => entry,
            other => panic!("{lines:?}: {other:?}"),
        }
    }

    #[test]
    fn lines_in_many_forms() {
        let at = Timestamp::from_secs(1_065_910_455);
        for (line, source, is_error, text) in [
            (
                "Oct 11 22:14:15 box su[42]: all is well",
                "box/su",
                false,
                "all is well",
            ),
            (
                "<34>Oct 11 22:14:15 box su: Access denied",
                "box/su",
                true,
                "Access denied",
            ),
            (
                "2003-10-11T22:14:15Z box su: it failed",
                "box/su",
                true,
                "it failed",
            ),
            ("2003-10-11 22:14:15 ERROR mail: full", "mail", true, "full"),
            (
                "2003-10-11 22:14:15,000 INFO  [mail] no errors",
                "mail",
                false,
                "no errors",
            ),
            (
                "[2003-10-11T22:14:15Z] [warn] all of it",
                "log",
                false,
                "all of it",
            ),
            (
                "2003-10-11T22:14:15Z it is dark",
                "log",
                false,
                "it is dark",
            ),
            ("1065910455 up", "log", false, "up"),
            ("1065910455.0 panic", "log", true, ""),
        ] {
            let entry = only(&[line]);
            assert_eq!(entry.time, at, "{line}");
            assert_eq!((entry.source.as_str(), entry.is_error), (source, is_error));
            assert_eq!(entry.text, text, "{line}");
        }
    }

    #[test]
    fn values_with_and_without_heading_and_label() {
        let entry = only(&["Time,Flow [l/s],label", "2003-10-11T22:14:15Z,-1.5,1"]);
        assert_eq!(
            (entry.source.as_str(), entry.millionths),
            ("flow", Some(-1_500_000))
        );
        assert_eq!(entry.is_anomaly, Some(true));
        let entry = only(&["1065910455,3"]);
        assert_eq!(
            (entry.source.as_str(), entry.millionths),
            ("flow", Some(3_000_000))
        );
        assert_eq!(entry.is_anomaly, None);
    }

    #[test]
    fn a_first_line_that_is_broken_decides_nothing() {
        for (first, second, reason) in [
            ("2003-10-11,oops", "2003-10-11,1", "no number"),
            ("when,value", "2003-10-11,1", ""),
            ("hello", "Oct 11 22:14:15 box su: all is well", ""),
        ] {
            let parsed = read(&[first, second]);
            let Parsed::Malformed(told) = &parsed[0] else {
                panic!("{first}: {parsed:?}");
            };
            assert!(told.contains(reason), "{first}: {told}");
            assert!(matches!(parsed[1], Parsed::Event(_)), "{parsed:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, reason) in [
            ("2003-10-11,1e13", "no number"),
            ("2003-10-11,NaN", "no number"),
            ("2003-10-11,", "no number"),
            ("2003-10-11", "1 fields"),
            ("yesterday,1", "no time"),
            ("2003-10-11,1,perhaps", "label"),
        ] {
            let parsed = read(&["time,value", line]).pop();
            let Some(Parsed::Malformed(told)) = parsed else {
                panic!("{line}: {parsed:?}");
            };
            assert!(told.contains(reason), "{line}: {told}");
        }
        for line in [
            "hello",
            "no time, at all, in here",
            "Oct 32 00:00:00 a b: c",
        ] {
            let parsed = read(&[line]).pop();
            assert!(
                matches!(parsed, Some(Parsed::Malformed(_))),
                "{line}: {parsed:?}"
            );
        }
    }
}

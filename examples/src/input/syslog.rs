use super::times::iso_time;
use chrono::NaiveDateTime;
use fluxus::windows::Timestamp;

/// A line of syslog: with a time as in RFC 3164 (`Oct 11 22:14:15`), which has no
/// year, or with an ISO time in front, as newer daemons write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogLine<'line> {
    /// When; of RFC 3164 in the year that [`parse`](Self::parse) was given.
    pub time: Timestamp,
    /// Which machine.
    pub host: &'line str,
    /// Which program, without its process id.
    pub program: &'line str,
    /// What it said.
    pub message: &'line str,
}

impl<'line> SyslogLine<'line> {
    /// Takes a line apart; one without a year is of `year`.
    ///
    /// ```
    /// use fluxus_examples::input::SyslogLine;
    ///
    /// let line = SyslogLine::parse("Oct 11 22:14:15 mymachine su[42]: failed", 2003).unwrap();
    /// assert_eq!((line.host, line.program, line.message), ("mymachine", "su", "failed"));
    /// ```
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn parse(line: &'line str, year: i32) -> Result<Self, String> {
        // The priority, where a daemon has left it in: `<34>`.
        let line = match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some((priority, rest)) if priority.bytes().all(|b| b.is_ascii_digit()) => rest,
            _ => line,
        };
        let (time, rest) = match line.bytes().next() {
            Some(first) if first.is_ascii_digit() => {
                let (time, rest) = line.split_once(' ').ok_or("it ends behind the time")?;
                (iso_time(time)?, rest)
            }
            Some(_) => {
                let time = line.get(..15).ok_or("it has no time in front")?;
                (short_time(time, year)?, line[15..].trim_start())
            }
            None => return Err("it is empty".to_owned()),
        };
        let (host, rest) = rest.split_once(' ').ok_or("it has no host and program")?;
        let (tag, message) = rest.split_once(": ").unwrap_or((rest, ""));
        let program = tag.split(['[', ' ']).next().unwrap_or(tag);
        Ok(Self {
            time,
            host,
            program: program.trim_end_matches(':'),
            message,
        })
    }
}

fn short_time(text: &str, year: i32) -> Result<Timestamp, String> {
    // A day below ten stands behind two blanks.
    let text = format!("{year} {}", text.replace("  ", " "));
    let time = NaiveDateTime::parse_from_str(&text, "%Y %b %d %H:%M:%S")
        .map_err(|_| format!("{:?} is no time such as Oct 11 22:14:15", text.trim()))?;
    let nanos = time.and_utc().timestamp_nanos_opt();
    let nanos = nanos.ok_or_else(|| format!("the year {year} lies outside 1678 to 2262"))?;
    Ok(Timestamp::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::SyslogLine;
    use fluxus::windows::Timestamp;

    #[test]
    fn lines_of_old_and_new_daemons() {
        let at = |secs| Timestamp::from_secs(secs);
        let parsed = SyslogLine::parse("<34>Oct  1 00:00:05 host sshd[9]: Failed password", 2003);
        let parsed = parsed.unwrap();
        assert_eq!(parsed.time, at(1_064_966_405));
        assert_eq!(
            (parsed.program, parsed.message),
            ("sshd", "Failed password")
        );
        let parsed = SyslogLine::parse("2003-10-01T00:00:05+00:00 host kernel: up", 1999).unwrap();
        assert_eq!((parsed.time, parsed.program), (at(1_064_966_405), "kernel"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for line in [
            "",
            "Oct",
            "Oct 32 00:00:00 host a: b",
            "2003-10-01T00:00:05Z",
            "hello world, all of you",
        ] {
            assert!(SyslogLine::parse(line, 2003).is_err(), "{line}");
        }
    }
}

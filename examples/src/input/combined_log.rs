use super::bytes as bytes_of;
use super::times::log_time;
use fluxus::windows::Timestamp;

/// A line in the Combined Log Format of Apache and nginx, or in the Common one,
/// which has no referrer and no agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpLine<'line> {
    /// Who asked.
    pub host: &'line str,
    /// When.
    pub time: Timestamp,
    /// `GET`, `POST` and so on; `-` where the request was unreadable.
    pub method: &'line str,
    /// What was asked for.
    pub path: &'line str,
    /// What was answered.
    pub status: u16,
    /// How long the answer was, in bytes; a `-` is none.
    pub bytes: u64,
    /// What program asked, in its own words; empty in the Common format.
    pub agent: &'line str,
}

impl<'line> HttpLine<'line> {
    /// Whether a line looks like this format.
    pub fn looks_like(line: &'line str) -> bool {
        Self::parse(line).is_ok()
    }

    /// Takes a line apart.
    ///
    /// ```
    /// use fluxus_examples::input::HttpLine;
    ///
    /// let line = r#"10.0.0.7 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "-" "x""#;
    /// let line = HttpLine::parse(line).unwrap();
    /// assert_eq!((line.host, line.path, line.status, line.bytes), ("10.0.0.7", "/a", 200, 2326));
    /// ```
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn parse(line: &'line str) -> Result<Self, String> {
        let (host, rest) = line.split_once(' ').ok_or("it has no blank")?;
        let (_, rest) = rest.split_once('[').ok_or("it has no time in [brackets]")?;
        let (time, rest) = rest
            .split_once(']')
            .ok_or("the bracket behind the time is missing")?;
        let rest = rest
            .trim_start()
            .strip_prefix('"')
            .ok_or("it has no request in quotation marks")?;
        let end = end_of_quoted(rest).ok_or("the request has no end")?;
        let (request, rest) = (&rest[..end], &rest[end + 1..]);
        let mut words = request.split(' ');
        let method = words.next().unwrap_or("-");
        let path = words.next().unwrap_or("-");
        let mut numbers = rest.split_ascii_whitespace();
        let status = numbers.next().ok_or("it has no status")?;
        let status = status
            .parse()
            .ok()
            .filter(|status| (100..1000).contains(status))
            .ok_or_else(|| format!("{status:?} is no status"))?;
        let bytes = match numbers.next() {
            None => return Err("it has no size".to_owned()),
            Some("-") => 0,
            Some(size) => bytes_of(size)?,
        };
        Ok(Self {
            host,
            time: log_time(time)?,
            method,
            path,
            status,
            bytes,
            agent: agent(rest).ok_or("the referrer or the agent has no end")?,
        })
    }
}

/// The second of the quoted texts behind the numbers; none where one has no end.
fn agent(rest: &str) -> Option<&str> {
    let Some((_, referrer)) = rest.split_once('"') else {
        return Some("");
    };
    let behind = &referrer[end_of_quoted(referrer)? + 1..];
    let Some((_, agent)) = behind.split_once('"') else {
        return Some("");
    };
    Some(&agent[..end_of_quoted(agent)?])
}

/// Where the quotation mark is that ends it; one behind a `\` does not.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => return Some(at),
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::HttpLine;

    #[test]
    fn lines_of_servers() {
        let line = r#"::1 - bob [10/Oct/2000:13:55:36 -0700] "GET /a\"b?c=d HTTP/1.1" 304 -"#;
        let parsed = HttpLine::parse(line).unwrap();
        assert_eq!((parsed.host, parsed.method), ("::1", "GET"));
        assert_eq!(
            (parsed.path, parsed.status, parsed.bytes),
            (r#"/a\"b?c=d"#, 304, 0)
        );
        assert_eq!(parsed.agent, "");
        let unreadable = r#"10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "-" 408 0 "-" "curl \"7\"""#;
        let parsed = HttpLine::parse(unreadable).unwrap();
        assert_eq!((parsed.method, parsed.path, parsed.status), ("-", "-", 408));
        assert_eq!(parsed.agent, r#"curl \"7\""#);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, reason) in [
            ("", "no blank"),
            ("a b", "no time"),
            ("a - - [10/Oct/2000:13:55:36 -0700", "bracket behind"),
            ("a - - [10/Oct/2000:13:55:36 -0700] GET", "no request"),
            (
                r#"a - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP"#,
                "no end",
            ),
            (
                r#"a - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP" "#,
                "no status",
            ),
            (
                r#"a - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP" 9999 1"#,
                "no status",
            ),
            (
                r#"a - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP" 200"#,
                "no size",
            ),
            (
                r#"a - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP" 200 -5"#,
                "no size",
            ),
            (r#"a - - [today] "GET / HTTP" 200 5"#, "no time"),
            (
                r#"a - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP" 200 5 "-" "Moz"#,
                "agent has no end",
            ),
        ] {
            let error = HttpLine::parse(line).unwrap_err();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }
}

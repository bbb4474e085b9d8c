use super::{bytes, seconds_time, HttpLine, Parsed, Parser, ZeekFields};
use fluxus::windows::Timestamp;

/// A request to a web server, whichever kind of log it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When.
    pub time: Timestamp,
    /// Who asked: an address or a name.
    pub host: String,
    /// With what program, in its own words; empty where the log does not say.
    pub agent: String,
    /// What was asked for; of Zeek's logs, which know many servers, with the
    /// server in front.
    pub path: String,
    /// What was answered; none where no answer was seen.
    pub status: Option<u16>,
    /// How long the answer was, in bytes.
    pub bytes: u64,
    /// Of what kind the answer was, such as `text/html`; empty where the log does
    /// not say.
    pub media_type: String,
    /// In which line of its file it stands, from 1.
    pub line: u64,
}

/// Reads the Combined Log Format and Zeek's `http.log`: a file with a heading is
/// one of Zeek's.
#[derive(Debug, Default)]
pub struct RequestParser {
    lines: u64,
    /// Of a log of Zeek's.
    fields: Option<ZeekFields>,
}

impl Parser<Request> for RequestParser {
    fn line(&mut self, line: &str) -> Parsed<Request> {
        self.lines += 1;
        let line = line.trim_start_matches('\u{feff}');
        if ZeekFields::looks_like(line) {
            self.fields.get_or_insert_with(ZeekFields::default);
        }
        if line.trim().is_empty() {
            return Parsed::Nothing;
        }
        match &mut self.fields {
            Some(fields) => match fields.heading(line) {
                true => Parsed::Nothing,
                false => of_zeek(fields, line, self.lines).into(),
            },
            None => of_server(line, self.lines).into(),
        }
    }
}

fn of_server(line: &str, number: u64) -> Result<Request, String> {
    if line.starts_with('{') {
        return Err("it is JSON: of Zeek's logs those between tabs are read".to_owned());
    }
    let parsed = HttpLine::parse(line)?;
    Ok(Request {
        time: parsed.time,
        host: parsed.host.to_owned(),
        // A dash is none, as in Zeek's logs.
        agent: match parsed.agent {
            "-" => String::new(),
            agent => agent.to_owned(),
        },
        path: parsed.path.to_owned(),
        status: Some(parsed.status),
        bytes: parsed.bytes,
        media_type: String::new(),
        line: number,
    })
}

fn of_zeek(fields: &ZeekFields, line: &str, number: u64) -> Result<Request, String> {
    let names = [
        "ts",
        "id.orig_h",
        "host",
        "uri",
        "status_code",
        "response_body_len",
    ];
    let [time, host, server, path, status, length] = fields.of(line, names)?;
    if host.is_empty() {
        return Err("id.orig_h is empty".to_owned());
    }
    let status = match status {
        "" => None,
        status => Some(
            status
                .parse()
                .map_err(|_| format!("{status:?} is no status"))?,
        ),
    };
    Ok(Request {
        time: seconds_time(time)?,
        host: host.to_owned(),
        agent: fields.of_optional(line, "user_agent").to_owned(),
        path: format!("{server}{path}"),
        status,
        bytes: bytes(length)?,
        media_type: fields.of_optional(line, "resp_mime_types").to_owned(),
        line: number,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str =
        "#fields\tts\tid.orig_h\thost\turi\tuser_agent\tresponse_body_len\tstatus_code\tresp_mime_types";

    fn read(lines: &[&str]) -> Vec<Parsed<Request>> {
        let mut parser = RequestParser::default();
        lines.iter().map(|line| parser.line(line)).collect()
    }

    #[test]
    fn both_formats_give_the_same_request() {
        let zeek = read(&[
            "#separator \\x09",
            HEADING,
            "1.0\t10.0.0.7\t-\t/a\tcurl\t5\t200\t-",
        ]);
        let server = read(&[
            "",
            "",
            r#"10.0.0.7 - - [01/Jan/1970:00:00:01 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl""#,
        ]);
        assert!(matches!(&server[2], Parsed::Event(request) if request.path == "/a"));
        assert_eq!(zeek, server);
    }

    #[test]
    fn a_heading_makes_it_one_of_zeeks_wherever_it_stands() {
        let short = "#fields\tts\tid.orig_h\thost\turi\tresponse_body_len\tstatus_code";
        let record = "1.0\t10.0.0.7\t-\t/a\t5\t200";
        let zeek = read(&["", "\u{feff}#separator \\x09", short, record]);
        let Some(Parsed::Event(request)) = zeek.last() else {
            panic!("{zeek:?}");
        };
        // It has no column for these.
        assert_eq!((&*request.agent, &*request.media_type), ("", ""));
    }

    #[test]
    fn an_agent_that_is_a_dash_is_none() {
        let line = r#"a - - [01/Jan/1970:00:00:01 +0000] "GET /a HTTP/1.1" 200 5 "-" "-""#;
        let parsed = read(&[line]).pop();
        assert!(matches!(parsed, Some(Parsed::Event(request)) if request.agent.is_empty()));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (line, reason) in [
            ("1.0\t10.0.0.7\t-\t/a\tcurl\t5\t200", "it has 7 fields"),
            ("1.0\t-\t-\t/a\tcurl\t5\t200\t-", "id.orig_h"),
            ("1.0\t10.0.0.7\t-\t/a\tcurl\t-5\t200\t-", "no size"),
            ("1.0\t10.0.0.7\t-\t/a\tcurl\t5\t70000\t-", "no status"),
            ("now\t10.0.0.7\t-\t/a\tcurl\t5\t200\t-", "no time"),
        ] {
            let parsed = read(&["#separator \\x09", HEADING, line]).pop();
            let Some(Parsed::Malformed(told)) = parsed else {
                panic!("{line}: {parsed:?}");
            };
            assert!(told.contains(reason), "{line}: {told}");
        }
    }
}

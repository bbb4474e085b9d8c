use chrono::{DateTime, NaiveDateTime};
use fluxus::windows::Timestamp;

/// A time as in ISO 8601 and RFC 3339: `2013-01-01T06:00:00Z`, with an offset or
/// without one (then it is UTC), with a blank in place of the `T`, or a day alone.
///
/// # Errors
/// When it is none, with the text.
pub fn iso_time(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return of_nanos(time.timestamp_nanos_opt(), text);
    }
    let day = format!("{text}T00:00:00");
    for candidate in [text, day.as_str()] {
        for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"] {
            if let Ok(time) = NaiveDateTime::parse_from_str(candidate, format) {
                return of_nanos(time.and_utc().timestamp_nanos_opt(), text);
            }
        }
    }
    Err(format!("{text:?} is no time such as 2013-01-01T06:00:00Z"))
}

/// A time as web servers write it: `10/Oct/2000:13:55:36 -0700`.
///
/// # Errors
/// When it is none, with the text.
pub fn log_time(text: &str) -> Result<Timestamp, String> {
    match DateTime::parse_from_str(text.trim(), "%d/%b/%Y:%H:%M:%S %z") {
        Ok(time) => of_nanos(time.timestamp_nanos_opt(), text),
        Err(_) => Err(format!(
            "{text:?} is no time such as 10/Oct/2000:13:55:36 -0700"
        )),
    }
}

/// Seconds since 1970 with a fraction, as Zeek writes them: `1396519708.482935`.
///
/// # Errors
/// When it is none, with the text.
pub fn seconds_time(text: &str) -> Result<Timestamp, String> {
    let no_time = || format!("{text:?} is no time in seconds such as 1396519708.482935");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1i64, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > 9 {
        return Err(no_time());
    }
    let seconds: i64 = whole.parse().map_err(|_| no_time())?;
    // At most nine digits, so that it fits.
    let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| no_time())?;
    let total = seconds
        .checked_mul(1_000_000_000)
        .and_then(|seconds| seconds.checked_add(nanos))
        .and_then(|total| total.checked_mul(sign));
    of_nanos(total, text)
}

fn of_nanos(nanos: Option<i64>, text: &str) -> Result<Timestamp, String> {
    let nanos = nanos.ok_or_else(|| format!("{text:?} lies outside the years 1678 to 2262"))?;
    Ok(Timestamp::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_many_forms() {
        let at = Timestamp::from_nanos;
        let new_year = 1_357_020_000_000_000_000;
        for (text, nanos) in [
            ("2013-01-01T06:00:00Z", new_year),
            ("2013-01-01T07:00:00+01:00", new_year),
            ("2013-01-01 06:00:00", new_year),
            (" 2013-01-01T06:00:00.5 ", new_year + 500_000_000),
            ("2013-01-01", new_year - 6 * 3_600_000_000_000),
        ] {
            assert_eq!(iso_time(text), Ok(at(nanos)), "{text}");
        }
        let fall = 971_211_336_000_000_000;
        assert_eq!(log_time("10/Oct/2000:13:55:36 -0700"), Ok(at(fall)));
        for (text, nanos) in [
            ("1396519708.482935", 1_396_519_708_482_935_000),
            ("0", 0),
            ("-1.5", -1_500_000_000),
        ] {
            assert_eq!(seconds_time(text), Ok(at(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_told() {
        for text in [
            "",
            "yesterday",
            "2013-13-01T00:00:00Z",
            "99999-01-01T00:00:00Z",
        ] {
            assert!(iso_time(text).is_err(), "{text}");
            assert!(log_time(text).is_err(), "{text}");
        }
        for text in [
            "",
            ".5",
            "1e9",
            "99999999999999999999",
            "99999999999",
            "1.1234567890",
        ] {
            assert!(seconds_time(text).is_err(), "{text}");
        }
    }
}

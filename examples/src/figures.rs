use fluxus::Latency;
use std::time::Duration;

/// A number with a comma at every thousand.
///
/// ```
/// assert_eq!(fluxus_examples::grouped(1_204_997), "1,204,997");
/// ```
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with so many decimals at most: what JSON lines say of a share or a mean.
///
/// ```
/// assert_eq!(fluxus_examples::rounded(2.0 / 3.0, 4), 0.6667);
/// ```
pub fn rounded(number: f64, decimals: i32) -> f64 {
    let factor = 10f64.powi(decimals);
    match number * factor {
        scaled if scaled.is_finite() => scaled.round() / factor,
        _ => number,
    }
}

/// A time in milliseconds since 1970 as a table shows it, in UTC.
///
/// ```
/// assert_eq!(fluxus_examples::time_text(1_357_020_000_000), "2013-01-01 06:00:00");
/// ```
pub fn time_text(ms: i64) -> String {
    formatted(ms, "%Y-%m-%d %H:%M:%S")
}

/// The same without seconds.
pub fn minute_text(ms: i64) -> String {
    formatted(ms, "%Y-%m-%d %H:%M")
}

fn formatted(ms: i64, form: &str) -> String {
    match chrono::DateTime::from_timestamp_millis(ms) {
        Some(time) => time.format(form).to_string(),
        None => format!("{ms} ms"),
    }
}

/// The percentiles of a latency in milliseconds; `-` stands for one that fewer
/// than ten samples lie beyond, which would be a guess.
pub fn latency_line(latency: Option<&Latency>) -> String {
    let milliseconds = |duration: Option<Duration>| match duration {
        Some(duration) => format!("{:.3} ms", duration.as_secs_f64() * 1e3),
        None => "-".to_owned(),
    };
    let quantile = |quantile| milliseconds(latency.and_then(|all| all.quantile(quantile)));
    // The longest of no samples would be zero: better than any measured one.
    let measured = latency.filter(|all| all.samples() > 0);
    format!(
        "p50 {}   p99 {}   p99.9 {}   max {}",
        quantile(0.5),
        quantile(0.99),
        quantile(0.999),
        milliseconds(measured.map(Latency::max)),
    )
}

#[cfg(test)]
mod tests {
    use super::{grouped, latency_line};

    #[test]
    fn every_thousand_has_its_comma() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (208_157, "208,157"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn what_was_not_measured_has_no_figure() {
        assert_eq!(latency_line(None), "p50 -   p99 -   p99.9 -   max -");
    }
}

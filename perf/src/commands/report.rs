//! What the commands' reports are made of.

use std::fmt;

use serde::Serialize;

use fluxus_perf::{Asked, Case, Digest, Engine, Options, Workload};

use super::cores;

/// The middle of `numbers`, or the mean of the two in the middle; NaN where there are none.
pub(super) fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// `number` with its digits in threes: 20,000,000.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `seconds` in the unit that suits it.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds >= 1.0 => format!("{seconds:.3} s"),
        seconds if seconds >= 1e-3 => format!("{:.3} ms", seconds * 1e3),
        seconds => format!("{:.3} us", seconds * 1e6),
    }
}

/// What of a run may be otherwise, in JSON: `null` where there is no choice.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Choices {
    keys: Option<u64>,
    size_ms: Option<u64>,
    slide_ms: Option<u64>,
    gap_ms: Option<u64>,
    disorder_percent: Option<u64>,
    disorder_ms: Option<u64>,
    watermark_ms: Option<u64>,
    operators: Option<u64>,
}

impl Choices {
    pub(super) fn of(case: &Case, options: &Options) -> Self {
        let shape = case.shape();
        Self {
            keys: shape.keys,
            size_ms: shape.size_ms,
            slide_ms: shape.slide_ms,
            gap_ms: shape.gap_ms,
            disorder_percent: shape.disorder_percent,
            disorder_ms: shape.disorder_ms,
            watermark_ms: options.watermark_ms,
            operators: shape.operators,
        }
    }

    /// Those that are not the workload's own, in words.
    fn in_words(&self, workload: Workload) -> String {
        let own = Asked::own(workload);
        let mut words = self
            .keys
            .map_or(String::new(), |keys| format!(", {} keys", thousands(keys)));
        for (number, own, what) in [
            (self.size_ms, own.size_ms, "windows of {} ms"),
            (self.slide_ms, own.slide_ms, "every {} ms"),
            (self.gap_ms, own.gap_ms, "a gap of {} ms"),
            (
                self.disorder_percent,
                own.disorder_percent,
                "{} % out of order",
            ),
            (self.disorder_ms, own.disorder_ms, "by up to {} ms"),
            (self.operators, own.operators, "{} operators before"),
            (self.watermark_ms, None, "a watermark every {} ms"),
        ] {
            if let Some(number) = number.filter(|_| number != own) {
                words += ", ";
                words += &what.replace("{}", &thousands(number));
            }
        }
        words
    }
}

/// The first line of every table: what was run and where.
pub(super) fn heading(case: &Case, options: &Options) -> String {
    let choices = Choices::of(case, options).in_words(case.workload());
    let workers = match options.workers {
        1 => "1 worker".to_owned(),
        workers => format!("{workers} workers"),
    };
    let place = match options.pin {
        true => format!("pinned to {}", cores::name(&options.cores)),
        false => "not pinned".to_owned(),
    };
    let (workload, unit) = (case.workload(), case.workload().unit());
    format!(
        "{workload}: {} {unit}{choices}; {workers}, {place}",
        thousands(case.events())
    )
}

/// Speed over several runs, in millions of events a second.
pub(super) struct Speed {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
    unit: &'static str,
    runs: usize,
}

impl Speed {
    pub(super) fn of(case: &Case, seconds: &[f64]) -> Self {
        let speed = |seconds: f64| case.events() as f64 / 1e6 / seconds;
        Self {
            median: speed(median(seconds)),
            least: speed(seconds.iter().copied().fold(0.0, f64::max)),
            most: speed(seconds.iter().copied().fold(f64::INFINITY, f64::min)),
            unit: case.workload().unit(),
            runs: seconds.len(),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.2} M {}/s", self.median, self.unit)?;
        if self.runs > 1 {
            write!(formatter, " ({:.2} to {:.2})", self.least, self.most)?;
        }
        Ok(())
    }
}

/// Whether every run gave the digest that it had to.
pub(super) struct Verdict {
    expected: Digest,
    known_from: &'static str,
    wrong: Option<String>,
}

impl Verdict {
    pub(super) fn of(case: &Case) -> Self {
        let (expected, known_from) = case.expected();
        Self {
            expected,
            known_from,
            wrong: None,
        }
    }

    /// Holds the digest of one run against the expected one; the first wrong one is kept.
    pub(super) fn check(&mut self, engine: Engine, digest: Digest) {
        if digest == self.expected || self.wrong.is_some() {
            return;
        }
        let told = |digest: Digest| {
            format!(
                "rows {}, count {}, sum {}",
                digest.rows, digest.count, digest.sum
            )
        };
        self.wrong = Some(format!(
            "wrong digest from the engine `{engine}`: {}; {} gives {}",
            told(digest),
            self.known_from,
            told(self.expected),
        ));
    }

    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_none()
    }

    pub(super) fn in_words(&self) -> String {
        match self.wrong {
            None => format!("right: equal to {}", self.known_from),
            Some(_) => format!("WRONG: not equal to {}", self.known_from),
        }
    }

    pub(super) fn wrong(self) -> Option<String> {
        self.wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn durations_in_their_units() {
        let told = [12.3456, 0.0123456, 0.0000123456].map(duration);
        assert_eq!(told, ["12.346 s", "12.346 ms", "12.346 us"]);
    }

    #[test]
    fn digits_in_threes() {
        let grouped = [0, 999, 1_000, 20_000_000].map(thousands);
        assert_eq!(grouped, ["0", "999", "1,000", "20,000,000"]);
    }

    #[test]
    fn one_wrong_digest_among_right_ones_is_kept() {
        let case = Case::prepare(Workload::W7, 100_000, None).expect("it fits");
        let right = case
            .run(Engine::Hand, &Options::default())
            .expect("it runs")
            .digest;
        let mut verdict = Verdict::of(&case);
        verdict.check(Engine::Hand, right);
        assert!(verdict.is_right());
        verdict.check(
            Engine::Hand,
            Digest {
                rows: right.rows + 1,
                ..right
            },
        );
        verdict.check(Engine::Hand, right);
        assert!(!verdict.is_right());
        let wrong = verdict.wrong().unwrap_or_default();
        assert!(
            wrong.contains("rows 50003") && wrong.contains("rows 50002"),
            "{wrong}"
        );
    }
}

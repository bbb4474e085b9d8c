//! A moment as people write it, from the clock of the system.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A day and a time of day in UTC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment {
    /// Such as `2026-11-24`.
    pub date: String,
    /// Such as `03:05:00`.
    pub time: String,
}

impl Moment {
    /// The moment that a clock shows; the first of 1970 for one set before it.
    pub fn of(clock: SystemTime) -> Self {
        let seconds = clock
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        Self {
            date: format!("{year:04}-{month:02}-{day:02}"),
            time: format!("{hour:02}:{minute:02}:{second:02}"),
        }
    }
}

/// Year, month and day, so many days after the first of January 1970.
///
/// Years begin in March here, so that the leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    // Days in 400 years, in 100 and in 4, leaving out what the first and the
    // second have one day more or less for.
    const ERA: u64 = 146_097;
    const CENTURY: u64 = 36_524;
    const OLYMPIAD: u64 = 1_461;
    // From the first of March of the year 0.
    let days = days.saturating_add(719_468);
    let (era, day) = (days / ERA, days % ERA);
    // The leap day that ends the fourth century, or a fourth year, belongs to it.
    let century = (day / CENTURY).min(3);
    let day = day - century * CENTURY;
    let (olympiad, day) = (day / OLYMPIAD, day % OLYMPIAD);
    let year = (day / 365).min(3);
    let day = day - year * 365;
    let year = 400 * era + 100 * century + 4 * olympiad + year;
    // March to July and August to December have 153 days each.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    match month {
        0..=9 => (year, month + 3, day),
        _ => (year + 1, month - 9, day),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> (String, String) {
        let moment = Moment::of(UNIX_EPOCH + Duration::from_secs(seconds));
        (moment.date, moment.time)
    }

    #[test]
    fn known_moments() {
        let told = |date: &str, time: &str| (date.to_owned(), time.to_owned());
        assert_eq!(at(0), told("1970-01-01", "00:00:00"));
        assert_eq!(at(951_782_399), told("2000-02-28", "23:59:59"));
        assert_eq!(at(951_782_400), told("2000-02-29", "00:00:00"));
        assert_eq!(at(1_700_000_040), told("2023-11-14", "22:14:00"));
        assert_eq!(at(4_107_542_399), told("2100-02-28", "23:59:59"));
        assert_eq!(at(4_107_542_400), told("2100-03-01", "00:00:00"));
        let before = Moment::of(UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(before.date, "1970-01-01");
    }

    /// Five centuries, a day at a time, against the rules of the calendar.
    #[test]
    fn every_day_is_followed_by_the_next() {
        let leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..183_000 {
            assert_eq!(civil(days), (year, month, day));
            let last = match month {
                4 | 6 | 9 | 11 => 30,
                2 if leap(year) => 29,
                2 => 28,
                _ => 31,
            };
            day += 1;
            if day > last {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
        assert!(year > 2470);
    }
}

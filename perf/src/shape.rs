//! What of a workload can be asked for otherwise: keys, windows, disorder.

use crate::splitmix::Disorder;
use crate::w2::chain::OPERATORS;
use crate::Workload;

/// The most panes that a sliding window may have: its size over its slide.
const MOST_PANES: u64 = 10_000;

/// What was asked for otherwise; `None` leaves the workload's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Distinct keys.
    pub keys: Option<u64>,
    /// The length of a window, in milliseconds.
    pub size_ms: Option<u64>,
    /// From the start of a window to that of the next, in milliseconds.
    pub slide_ms: Option<u64>,
    /// The silence that ends a session, in milliseconds.
    pub gap_ms: Option<u64>,
    /// Of a hundred events, how many may come out of order.
    pub disorder_percent: Option<u64>,
    /// How much out of order they come at most, in milliseconds.
    pub disorder_ms: Option<u64>,
    /// Stateless operators before the window: none or eight.
    pub operators: Option<u64>,
}

/// Keys, windows and disorder of a workload; 0 where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Distinct keys.
    pub keys: u64,
    /// The length of a window, in milliseconds.
    pub size_ms: i64,
    /// From the start of a window to that of the next, in milliseconds; of
    /// tumbling windows their length.
    pub slide_ms: i64,
    /// The silence that ends a session, in milliseconds.
    pub gap_ms: i64,
    /// How events come out of order.
    pub disorder: Disorder,
    /// Stateless operators before the window.
    pub operators: u64,
}

impl Asked {
    /// What the workload has of its own: something wherever there is a choice.
    pub const fn own(workload: Workload) -> Self {
        let none = Self {
            keys: None,
            size_ms: None,
            slide_ms: None,
            gap_ms: None,
            disorder_percent: None,
            disorder_ms: None,
            operators: None,
        };
        let disordered = Self {
            disorder_percent: Some(Disorder::OWN.percent),
            disorder_ms: Some(Disorder::OWN.most_ms),
            ..none
        };
        match workload {
            Workload::W1 => Self {
                size_ms: Some(crate::w1::WINDOW_MS as u64),
                ..disordered
            },
            Workload::W2 => Self {
                keys: Some(crate::w2::data::DEFAULT_KEYS),
                size_ms: Some(crate::w2::WINDOW_MS as u64),
                operators: Some(0),
                ..disordered
            },
            Workload::W3 => Self {
                keys: Some(crate::w3::DEFAULT_KEYS),
                size_ms: Some(crate::w3::WINDOW_MS as u64),
                slide_ms: Some(crate::w3::SLIDE_MS as u64),
                ..disordered
            },
            Workload::W4 => Self {
                keys: Some(crate::w4::data::DEFAULT_USERS),
                gap_ms: Some(crate::w4::SILENCE_MS as u64),
                ..disordered
            },
            Workload::W5 => Self {
                size_ms: Some(crate::w5::WINDOW_MS as u64),
                ..disordered
            },
            Workload::Q5 => Self {
                size_ms: Some(crate::nexmark::q5::WINDOW_MS as u64),
                slide_ms: Some(crate::nexmark::q5::SLIDE_MS as u64),
                ..none
            },
            Workload::Q7 => Self {
                size_ms: Some(crate::nexmark::q7::WINDOW_MS as u64),
                ..none
            },
            Workload::Q8 => Self {
                size_ms: Some(crate::nexmark::q8::WINDOW_MS as u64),
                ..none
            },
            Workload::J1 => Self {
                keys: Some(crate::joins::data::DEFAULT_KEYS),
                ..disordered
            },
            Workload::J2 => Self {
                keys: Some(crate::joins::data::DEFAULT_KEYS),
                size_ms: Some(crate::joins::j2::WINDOW_MS as u64),
                ..disordered
            },
            Workload::W7 => none,
        }
    }

    /// With the workload's own where nothing else was asked for.
    ///
    /// # Errors
    /// What was asked for that the workload has no choice of.
    pub fn of(self, workload: Workload) -> Result<Self, String> {
        let own = Self::own(workload);
        let choose = |asked: Option<u64>, own: Option<u64>, what: &str, option: &str| {
            if asked.is_some() && own.is_none() {
                return Err(format!(
                    "{workload} has no {what} to choose: leave {option} out"
                ));
            }
            Ok(asked.or(own))
        };
        Ok(Self {
            keys: choose(self.keys, own.keys, "number of keys", "--keys")?,
            size_ms: choose(self.size_ms, own.size_ms, "size of windows", "--size-ms")?,
            slide_ms: choose(
                self.slide_ms,
                own.slide_ms,
                "slide of windows",
                "--slide-ms",
            )?,
            gap_ms: choose(self.gap_ms, own.gap_ms, "gap between sessions", "--gap-ms")?,
            disorder_percent: choose(
                self.disorder_percent,
                own.disorder_percent,
                "disorder",
                "--disorder-percent",
            )?,
            disorder_ms: choose(
                self.disorder_ms,
                own.disorder_ms,
                "disorder",
                "--disorder-ms",
            )?,
            operators: choose(
                self.operators,
                own.operators,
                "number of operators",
                "--operators",
            )?,
        })
    }
}

impl Shape {
    /// The shape of `workload` where `asked` is otherwise.
    ///
    /// # Errors
    /// What cannot be: a choice that the workload does not have, a slide that does
    /// not divide the size.
    pub fn of(workload: Workload, asked: Asked) -> Result<Self, String> {
        let whole = asked.of(workload)?;
        let size_ms = whole.size_ms.unwrap_or(0);
        let slide_ms = whole.slide_ms.unwrap_or(size_ms);
        if slide_ms > 0 && size_ms % slide_ms != 0 {
            return Err(format!(
                "windows of {size_ms} ms cannot be cut into slides of {slide_ms} ms: \
                 choose a --size-ms that is a multiple of --slide-ms"
            ));
        }
        if slide_ms > 0 && size_ms / slide_ms > MOST_PANES {
            return Err(format!(
                "windows of {size_ms} ms have {} slides of {slide_ms} ms: choose at most {MOST_PANES}",
                size_ms / slide_ms
            ));
        }
        let signed = |milliseconds: u64| {
            i64::try_from(milliseconds)
                .ok()
                .filter(|&milliseconds| milliseconds <= LONGEST_MS)
                .ok_or_else(|| {
                    format!("{milliseconds} ms are too long: choose at most {LONGEST_MS} ms")
                })
        };
        let operators = whole.operators.unwrap_or(0);
        if operators != 0 && operators != OPERATORS {
            return Err(format!(
                "there is no chain of {operators} operators: choose 0 or {OPERATORS} --operators"
            ));
        }
        let disorder_ms = whole.disorder_ms.unwrap_or(0);
        signed(disorder_ms)?;
        Ok(Self {
            keys: whole.keys.unwrap_or(0),
            size_ms: signed(size_ms)?,
            slide_ms: signed(slide_ms)?,
            gap_ms: signed(whole.gap_ms.unwrap_or(0))?,
            disorder: Disorder {
                percent: whole.disorder_percent.unwrap_or(0).min(100),
                most_ms: disorder_ms,
            },
            operators,
        })
    }

    /// The shape of `workload` as it is defined.
    ///
    /// ```
    /// use fluxus_perf::{Shape, Workload};
    ///
    /// let shape = Shape::own(Workload::W3);
    /// assert_eq!((shape.keys, shape.size_ms, shape.slide_ms), (1000, 60_000, 1000));
    /// ```
    pub fn own(workload: Workload) -> Self {
        match Self::of(workload, Asked::default()) {
            Ok(own) => own,
            Err(error) => unreachable!("a workload's own shape is sound: {error}"),
        }
    }

    /// How far the watermark stays behind the latest time seen, in milliseconds.
    ///
    /// A watermark is inclusive, no later record is at or before it, so it is one
    /// millisecond further back than the disorder.
    pub const fn lag_ms(&self) -> i64 {
        self.disorder.most_ms as i64 + 1
    }
}

/// The longest window, gap or disorder: eleven days.
const LONGEST_MS: i64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_with_the_way_out() {
        let none = Asked::default();
        let of = |workload, asked| Shape::of(workload, asked).err().unwrap_or_default();
        for (workload, asked, words) in [
            (
                Workload::W7,
                Asked {
                    keys: Some(5),
                    ..none
                },
                "leave --keys out",
            ),
            (
                Workload::W2,
                Asked {
                    slide_ms: Some(5),
                    ..none
                },
                "leave --slide-ms out",
            ),
            (
                Workload::W4,
                Asked {
                    size_ms: Some(5),
                    ..none
                },
                "leave --size-ms out",
            ),
            (
                Workload::W2,
                Asked {
                    gap_ms: Some(5),
                    ..none
                },
                "leave --gap-ms out",
            ),
            (
                Workload::Q5,
                Asked {
                    disorder_ms: Some(5),
                    ..none
                },
                "leave --disorder-ms out",
            ),
            (
                Workload::Q7,
                Asked {
                    disorder_percent: Some(5),
                    ..none
                },
                "leave --disorder-percent",
            ),
            (
                Workload::W3,
                Asked {
                    size_ms: Some(1500),
                    ..none
                },
                "a multiple of --slide-ms",
            ),
            (
                Workload::W3,
                Asked {
                    slide_ms: Some(1),
                    ..none
                },
                "at most 10000",
            ),
            (
                Workload::W2,
                Asked {
                    operators: Some(7),
                    ..none
                },
                "choose 0 or 8",
            ),
            (
                Workload::W2,
                Asked {
                    size_ms: Some(u64::MAX),
                    ..none
                },
                "too long",
            ),
            (
                Workload::W2,
                Asked {
                    disorder_ms: Some(u64::MAX),
                    ..none
                },
                "too long",
            ),
        ] {
            let error = of(workload, asked);
            assert!(error.contains(words), "{workload} {asked:?}: {error}");
        }
    }

    #[test]
    fn what_is_not_asked_for_stays() {
        let asked = Asked {
            size_ms: Some(10_000),
            ..Asked::default()
        };
        let shape = Shape::of(Workload::W3, asked).expect("it can be");
        let own = Shape::own(Workload::W3);
        assert_eq!(
            shape,
            Shape {
                size_ms: 10_000,
                ..own
            }
        );
        assert_eq!(own.lag_ms(), 101);
        assert_eq!(Shape::own(Workload::W2).slide_ms, 1000);
        assert_eq!(Shape::own(Workload::Q8).lag_ms(), 1);
    }
}

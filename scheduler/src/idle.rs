use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How a worker waits when a whole round made no progress.
///
/// On a core of its own (one way, two cores, measured on a 2-core VM):
/// spinning answers in about 70 ns and burns the core; yielding in about
/// 280 ns and burns it too unless someone else wants it; a parked thread takes
/// about 25 us to wake and costs nothing meanwhile. On a shared core a spinning
/// thread holds up the very one it waits for, for milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IdleStrategy {
    /// Look again at once, for ever, without a hint to the core: the shortest
    /// answer, for a core of one's own.
    BusySpin,
    /// Spin briefly, then yield for ever.
    Yield,
    /// Spin for a while, then park until woken.
    Park,
    /// Spin briefly, yield for about 50 us, then park until woken; the default.
    #[default]
    Adaptive,
}

impl IdleStrategy {
    const NAMES: [(IdleStrategy, &'static str); 4] = [
        (IdleStrategy::Adaptive, "adaptive"),
        (IdleStrategy::BusySpin, "spin"),
        (IdleStrategy::Yield, "yield"),
        (IdleStrategy::Park, "park"),
    ];
}

impl fmt::Display for IdleStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdleStrategy::Adaptive => "adaptive",
            IdleStrategy::BusySpin => "spin",
            IdleStrategy::Yield => "yield",
            IdleStrategy::Park => "park",
        })
    }
}

impl FromStr for IdleStrategy {
    type Err = UnknownIdleStrategy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        IdleStrategy::NAMES
            .into_iter()
            .find_map(|(strategy, name)| (name == text).then_some(strategy))
            .ok_or_else(|| UnknownIdleStrategy(text.to_owned()))
    }
}

/// A text that names no [`IdleStrategy`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownIdleStrategy(String);

impl fmt::Display for UnknownIdleStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no idle strategy; choose adaptive, spin, yield or park",
            self.0
        )
    }
}

impl Error for UnknownIdleStrategy {}

/// The longest that a worker stays parked before it looks for itself. Sources
/// without a wake-up (a pipe, a clock) are polled at this pace; 10 ms cost a
/// ten-thousandth of a core and go unnoticed by people.
pub(crate) const PARK_LIMIT: Duration = Duration::from_millis(10);

/// A park that ends by itself ends late: by the timer's slack, 50 us, and a
/// wake-up, 25 us. Whoever must be polled sooner than this is waited for awake,
/// and a park ends so much ahead.
pub(crate) const PARK_MARGIN: Duration = Duration::from_micros(100);

/// Rounds of spinning that answer a peer already at work: 64 hints are about
/// 1.7 us, a dozen hops between cores.
const SPINS: u32 = 64;

/// Rounds of spinning before a park with nothing in between: about 26 us, what
/// the wake-up costs, so that waiting costs at most twice the best.
const SPINS_BEFORE_PARK: u32 = 1_000;

/// Rounds of yielding before a park: about 50 us at 420 ns and a poll each,
/// twice what the wake-up costs.
const YIELDS: u32 = 100;

/// What to do after one more round without progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Not at all: look again at once.
    Not,
    Spin,
    Yield,
    Park,
}

/// Counts the rounds since the last progress, and says how to rest. Counting
/// costs less than reading a clock (24 ns), and a round is the unit that counts.
#[derive(Debug)]
pub(crate) struct Patience {
    spins: u32,
    yields: u32,
    waited: u32,
}

impl Patience {
    pub(crate) fn new(strategy: IdleStrategy, shared: bool) -> Self {
        // Whoever spins on a shared core keeps its neighbour from running.
        let (spins, yields) = match (strategy, shared) {
            (IdleStrategy::BusySpin, false) => (u32::MAX, u32::MAX),
            (IdleStrategy::Yield, false) => (SPINS, u32::MAX),
            (IdleStrategy::BusySpin | IdleStrategy::Yield, true) => (0, u32::MAX),
            (IdleStrategy::Park, false) => (SPINS_BEFORE_PARK, 0),
            (IdleStrategy::Park, true) => (0, 0),
            (IdleStrategy::Adaptive, false) => (SPINS, YIELDS),
            (IdleStrategy::Adaptive, true) => (0, YIELDS),
        };
        Patience {
            spins,
            yields,
            waited: 0,
        }
    }

    /// Progress was made: start over.
    #[inline]
    pub(crate) fn reset(&mut self) {
        self.waited = 0;
    }

    /// One more round went without progress.
    #[inline]
    pub(crate) fn next(&mut self) -> Rest {
        // No hint to the core either: it takes as long as a round of polls that
        // find nothing, and a record would wait for half of both.
        if self.spins == u32::MAX {
            return Rest::Not;
        }
        if self.waited < self.spins {
            self.waited += 1;
            return Rest::Spin;
        }
        if self.yields == u32::MAX {
            return Rest::Yield;
        }
        if self.waited - self.spins < self.yields {
            self.waited += 1;
            return Rest::Yield;
        }
        Rest::Park
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_survive_their_own_text() {
        for (strategy, name) in IdleStrategy::NAMES {
            assert_eq!(strategy.to_string(), name);
            assert_eq!(name.parse(), Ok(strategy));
        }
        assert_eq!(IdleStrategy::default(), IdleStrategy::Adaptive);
        assert_eq!(
            "doze"
                .parse::<IdleStrategy>()
                .expect_err("unknown")
                .to_string(),
            "`doze` is no idle strategy; choose adaptive, spin, yield or park"
        );
    }

    /// How often each rest comes, in order, over 3000 rounds.
    fn rests(patience: &mut Patience) -> Vec<(Rest, usize)> {
        let mut runs: Vec<(Rest, usize)> = Vec::new();
        for _ in 0..3_000 {
            let rest = patience.next();
            match runs.last_mut() {
                Some((last, count)) if *last == rest => *count += 1,
                _ => runs.push((rest, 1)),
            }
        }
        runs
    }

    #[test]
    fn each_strategy_climbs_its_own_ladder_and_starts_over() {
        use IdleStrategy::*;
        type Ladder<'a> = &'a [(Rest, usize)];
        let table: [(IdleStrategy, bool, Ladder<'_>); 8] = [
            (BusySpin, false, &[(Rest::Not, 3_000)]),
            (BusySpin, true, &[(Rest::Yield, 3_000)]),
            (Yield, false, &[(Rest::Spin, 64), (Rest::Yield, 2_936)]),
            (Yield, true, &[(Rest::Yield, 3_000)]),
            (Park, false, &[(Rest::Spin, 1_000), (Rest::Park, 2_000)]),
            (Park, true, &[(Rest::Park, 3_000)]),
            (
                Adaptive,
                false,
                &[(Rest::Spin, 64), (Rest::Yield, 100), (Rest::Park, 2_836)],
            ),
            (Adaptive, true, &[(Rest::Yield, 100), (Rest::Park, 2_900)]),
        ];
        for (strategy, shared, expected) in table {
            let mut patience = Patience::new(strategy, shared);
            assert_eq!(rests(&mut patience), expected, "{strategy} {shared}");
            patience.reset();
            assert_eq!(rests(&mut patience), expected, "{strategy} {shared}");
        }
    }
}

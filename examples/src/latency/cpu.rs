use std::fs;
use std::time::Duration;

/// Ticks a second in `/proc`, which Linux has fixed at 100 for programs.
const TICKS_A_SECOND: u64 = 100;

/// The time that all threads of this process have computed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CpuTime(Duration);

impl CpuTime {
    /// Until now; zero where there is no `/proc`.
    pub(crate) fn now() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Self(Duration::from_millis(
            ticks_of(&stat).unwrap_or(0) * 1000 / TICKS_A_SECOND,
        ))
    }

    pub(crate) fn since(self, before: Self) -> Duration {
        self.0.saturating_sub(before.0)
    }
}

/// The sum of `utime` and `stime`, fields 14 and 15. The second field is the
/// program's name in parentheses, which may hold anything.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::ticks_of;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0";
        assert_eq!(ticks_of(stat), Some(300));
        assert_eq!(ticks_of(""), None);
    }
}

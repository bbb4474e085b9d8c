//! How much time of the processor this process has used.

/// What the kernel counts in: `USER_HZ` is 100 on every Linux of today.
pub(super) const TICK_SECONDS: f64 = 0.01;

/// Time of the processor that all threads of this process have used so far,
/// those that have ended too, for themselves and in the kernel, in seconds;
/// `None` where the platform does not tell.
pub(super) fn cpu_seconds() -> Option<f64> {
    in_stat(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// The sum of `utime` and `stime` in the text of a `stat` file (proc(5)).
fn in_stat(text: &str) -> Option<f64> {
    // The second field is a name in parentheses and may hold anything, also `)`.
    let behind_the_name = text.rsplit_once(')')?.1;
    let mut fields = behind_the_name.split_ascii_whitespace();
    // Fields 14 and 15; the first one behind the name is field 3.
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 * TICK_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_found_behind_any_name() {
        let text = "7 (a) b (c) R 1 7 7 0 -1 4194304 100 0 0 0 250 50 3 4 20 0 1 0 5 6 7";
        assert_eq!(in_stat(text), Some(3.0));
        for wrong in [
            "",
            "7 (a) R 1 2",
            "7 a R 1 7 7 0 -1 4 1 0 0 0 2 5",
            "7 (a) R 1 7 7 0 -1 4 1 0 0 0 x 5",
        ] {
            assert_eq!(in_stat(wrong), None, "{wrong}");
        }
    }
}

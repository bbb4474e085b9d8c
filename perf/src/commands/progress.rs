//! How far a long command is, on a terminal.

use std::io::{self, IsTerminal, Write};

/// One line on standard error that is written over, and gone at the end.
///
/// Only a terminal sees it. It is told between runs, never inside a measured
/// section: writing is a system call, and the terminal's work afterwards may
/// take a core.
#[derive(Debug)]
pub(super) struct Progress<W: Write = io::Stderr> {
    /// `None` where nobody watches.
    terminal: Option<W>,
}

impl Progress {
    /// Tells standard error, if it is a terminal.
    pub(super) fn on_terminal() -> Self {
        let error = io::stderr();
        Self {
            terminal: error.is_terminal().then_some(error),
        }
    }

    /// Tells standard error at once, if it is a terminal.
    pub(super) fn show(what: &str) -> Self {
        let mut progress = Self::on_terminal();
        progress.say(what);
        progress
    }
}

impl<W: Write> Progress<W> {
    /// Says what comes now, over what was said before.
    pub(super) fn say(&mut self, what: &str) {
        if let Some(terminal) = &mut self.terminal {
            // To the start of the line, and clear it. Whether it can be seen is
            // no reason to fail.
            let _ = write!(terminal, "\r\x1b[K{what}").and_then(|()| terminal.flush());
        }
    }
}

impl<W: Write> Progress<W> {
    /// Takes the line away; so does dropping it.
    pub(super) fn clear(self) {}
}

impl<W: Write> Drop for Progress<W> {
    fn drop(&mut self) {
        self.say("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_written_over_and_gone_at_the_end() {
        let mut written = Vec::new();
        let mut progress = Progress {
            terminal: Some(&mut written),
        };
        progress.say("1 of 2");
        progress.say("2 of 2");
        drop(progress);
        assert_eq!(written, b"\r\x1b[K1 of 2\r\x1b[K2 of 2\r\x1b[K");
    }

    #[test]
    fn who_is_no_terminal_is_told_nothing() {
        let mut progress = Progress::<Vec<u8>> { terminal: None };
        progress.say("1 of 2");
        assert_eq!(progress.terminal, None);
    }
}

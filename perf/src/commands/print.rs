//! The one place that writes to the terminal.

use std::io::{self, IsTerminal, Write};

/// Shows the outcome on standard output. A reader that went away is not an error.
pub(super) fn show(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
}

/// Says something beside the outcome, on standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A line on the terminal that says what goes on. It is written before anything
/// is measured and taken away after; where standard error is no terminal there
/// is none.
pub(super) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub(super) fn show(text: &str) -> Self {
        let mut output = io::stderr().lock();
        let is_shown = output.is_terminal();
        if is_shown {
            let _ = write!(output, "\r\x1b[2K{text} ...").and_then(|()| output.flush());
        }
        Self { is_shown }
    }

    /// Takes the line away.
    pub(super) fn clear(self) {
        if self.is_shown {
            let mut output = io::stderr().lock();
            let _ = write!(output, "\r\x1b[2K").and_then(|()| output.flush());
        }
    }
}

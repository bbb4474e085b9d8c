//! The one place that writes to the terminal.

use std::io::{self, Write};

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

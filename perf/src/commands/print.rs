//! The one place that writes to the terminal.

use std::io::{self, Write};

/// Shows the outcome on standard output. A reader that went away is not an error.
///
/// # Errors
/// Why it could not be shown, such as a full disk behind it.
pub(super) fn show(text: &str) -> Result<(), String> {
    let mut output = io::stdout().lock();
    let shown = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    match shown {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Says something beside the outcome, on standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

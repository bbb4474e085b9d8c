use crate::terminal;
use fluxus::{Cause, Control, Error, Job, Report};
use std::fmt::{self, Display};
use std::io;
use std::sync::mpsc;

/// The exit status of a program that Ctrl-C has ended (128 and SIGINT).
const INTERRUPTED: i32 = 130;

/// Runs the job to its end, its warnings on standard error.
///
/// The first Ctrl-C drains it: its sources end, open windows close, and what
/// was read comes out. The second one ends the program on the spot.
///
/// # Errors
/// What the job was refused for, or failed of.
pub fn run(job: Job) -> Result<Report, Failure> {
    // Before the job starts: its first row may come out before this thread
    // goes on, and whoever sees a row may press Ctrl-C.
    let (hand_over, control) = mpsc::channel::<Control>();
    let mut was_asked = false;
    let handler = ctrlc::set_handler(move || {
        if std::mem::replace(&mut was_asked, true) {
            std::process::exit(INTERRUPTED);
        }
        // The handler has a thread of its own, and waits for the job there.
        if let Ok(control) = control.recv() {
            control.drain();
        }
    });
    if let Err(error) = handler {
        complain("warning", format!("Ctrl-C will not drain: {error}"));
    }
    let running = job.start()?;
    // Without a handler there is nobody to take it, and no need.
    let _ = hand_over.send(running.control());
    for warning in running.warnings() {
        complain("warning", warning);
    }
    Ok(running.join()?)
}

/// Says something on standard error: "warning" or "error", and what.
pub fn complain(kind: &str, message: impl Display) {
    // It may hold the name of a file.
    let message = terminal::legible(&message.to_string(), usize::MAX);
    terminal::say(&format!("{kind}: {message}\n"));
}

/// Why a sample program ends with status 1, in words for its user.
#[derive(Debug)]
pub struct Failure(String);

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(format!("standard output: {error}"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Failed(failure) = &error {
            // A source or a sink says by itself which file it is about; the
            // operator and the worker tell a user nothing more.
            if let Some(Cause::Error(cause)) = failure.faults.first().map(|fault| &fault.cause) {
                return Self(cause.to_string());
            }
        }
        Self(error.to_string())
    }
}

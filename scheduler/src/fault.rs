use std::any::Any;
use std::error::Error;
use std::fmt;
use std::mem;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Why a job failed: which operator, on which worker, and what went wrong.
#[derive(Debug)]
pub struct Fault {
    /// The operator, or the task when the operator is not known.
    pub operator: String,
    /// The worker it ran on; filled in by the worker.
    pub worker: Option<usize>,
    /// What went wrong.
    pub cause: Cause,
}

/// What went wrong in a [`Fault`].
#[derive(Debug)]
pub enum Cause {
    /// The operator returned an error.
    Error(Box<dyn Error + Send + Sync>),
    /// The operator panicked, with this message.
    Panic(String),
}

impl Fault {
    /// An error that `operator` returned.
    pub fn error(
        operator: impl Into<String>,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Fault {
            operator: operator.into(),
            worker: None,
            cause: Cause::Error(error.into()),
        }
    }

    /// A panic of `operator` with this message.
    pub fn panic(operator: impl Into<String>, message: impl Into<String>) -> Self {
        Fault {
            operator: operator.into(),
            worker: None,
            cause: Cause::Panic(message.into()),
        }
    }

    /// The panic of `operator` that [`catch_unwind`] handed over.
    ///
    /// Takes the payload and gets rid of it safely, even when dropping it panics.
    pub fn caught(operator: impl Into<String>, payload: Box<dyn Any + Send>) -> Self {
        Fault::panic(operator, message_of(payload))
    }

    /// The same fault, on this worker, unless it already names one.
    #[must_use]
    pub fn on_worker(mut self, worker: usize) -> Self {
        self.worker.get_or_insert(worker);
        self
    }

    /// Whether the cause is a panic.
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panic(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operator `{}`", self.operator)?;
        if let Some(worker) = self.worker {
            write!(f, " on worker {worker}")?;
        }
        match &self.cause {
            Cause::Error(error) => write!(f, " failed: {error}"),
            Cause::Panic(message) => write!(f, " panicked: {message}"),
        }
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            // The text of the error is part of ours, so its own source is next.
            Cause::Error(error) => error.source(),
            Cause::Panic(_) => None,
        }
    }
}

/// Says what a panic said, and drops its payload.
fn message_of(payload: Box<dyn Any + Send>) -> String {
    let payload = match payload.downcast::<String>() {
        Ok(message) => return *message,
        Err(other) => other,
    };
    if let Some(message) = payload.downcast_ref::<&'static str>() {
        return (*message).to_owned();
    }
    // A payload of the user's own type may panic again when it is dropped, and
    // so may the payload of that panic: the second one is leaked.
    match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        Ok(()) => "a panic without a message".to_owned(),
        Err(second) => {
            mem::forget(second);
            "a panic whose payload panicked when it was dropped".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic_any(Bomb);
        }
    }

    fn caught(f: impl FnOnce()) -> Fault {
        let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
        Fault::caught("map", payload).on_worker(1)
    }

    #[test]
    fn a_panic_says_what_it_said() {
        let table: [(&str, Fault); 4] = [
            ("plain", caught(|| panic!("plain"))),
            ("with 1", caught(|| panic!("with {}", 1))),
            ("a panic without a message", caught(|| panic_any(7_u8))),
            (
                "a panic whose payload panicked when it was dropped",
                caught(|| panic_any(Bomb)),
            ),
        ];
        for (message, fault) in table {
            assert!(fault.is_panic());
            assert_eq!(
                fault.to_string(),
                format!("operator `map` on worker 1 panicked: {message}")
            );
        }
    }

    #[test]
    fn an_error_is_told_with_its_operator() {
        let fault = Fault::error("sink", "disk full");
        assert_eq!(fault.to_string(), "operator `sink` failed: disk full");
        assert!(!fault.is_panic());
        assert_eq!(fault.on_worker(3).on_worker(4).worker, Some(3));
    }
}

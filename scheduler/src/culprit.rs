use std::cell::Cell;
use std::mem;
use std::thread;

thread_local! {
    /// The operator that the panic now unwinding this thread came from.
    static NAMED: Cell<Option<String>> = const { Cell::new(None) };
}

/// Names the operator whose code runs, in case that code panics.
///
/// Put one around every call into code that is not ours:
///
/// ```
/// # use fluxus_runtime::Culprit;
/// # let (name, record, closure) = ("double", 21, |n: i32| n * 2);
/// let culprit = Culprit::new(name);
/// let doubled = closure(record);
/// culprit.cleared();
/// # assert_eq!(doubled, 42);
/// ```
///
/// It costs nothing while the code behaves: no store, no branch, only a
/// landing pad that the unwinder looks up. When the code panics, unwinding
/// drops the culprit, which leaves its name for the worker to find. The
/// innermost one is dropped first, and the first name stays.
///
/// It holds whatever the name can be had from, and asks for the text only then:
/// not even a pointer is loaded ahead of the code.
#[derive(Debug)]
#[must_use = "it names the culprit of a panic only while it lives"]
pub struct Culprit<'a, N: AsRef<str> + ?Sized = str>(&'a N);

impl<'a, N: AsRef<str> + ?Sized> Culprit<'a, N> {
    /// Names the operator whose code runs from here on.
    #[inline(always)]
    pub fn new(operator: &'a N) -> Self {
        Culprit(operator)
    }

    /// The code came back; nobody is to blame.
    #[inline(always)]
    pub fn cleared(self) {
        mem::forget(self);
    }
}

impl<N: AsRef<str> + ?Sized> Drop for Culprit<'_, N> {
    #[cold]
    fn drop(&mut self) {
        accuse(self.0.as_ref());
    }
}

/// Forgets a name that an earlier panic, caught by someone else, left behind.
#[inline]
pub(crate) fn forget() {
    drop(take());
}

/// The operator that the panic just caught came from, if it was named.
#[inline]
pub(crate) fn take() -> Option<String> {
    NAMED.try_with(Cell::take).ok().flatten()
}

#[cold]
#[inline(never)]
fn accuse(operator: &str) {
    // An early return drops a culprit too, and accuses nobody.
    if !thread::panicking() {
        return;
    }
    // A thread that is past its thread-locals has no worker to tell.
    let _ = NAMED.try_with(|named| {
        let first = named.take().unwrap_or_else(|| operator.to_owned());
        named.set(Some(first));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    #[test]
    fn the_innermost_operator_is_named() {
        let caught = catch_unwind(|| {
            let outer = Culprit::new("window");
            let inner = Culprit::new("reduce");
            assert!(take().is_none(), "boom");
            if NAMED.with(|_| true) {
                panic!("boom");
            }
            inner.cleared();
            outer.cleared();
        });
        assert!(caught.is_err());
        assert_eq!(take().as_deref(), Some("reduce"));
        assert_eq!(take(), None);
    }

    #[test]
    fn the_cleared_and_the_early_returning_are_not_named() {
        let caught = catch_unwind(|| {
            Culprit::new("map").cleared();
            drop(Culprit::new("filter"));
            panic!("from nobody");
        });
        assert!(caught.is_err());
        assert_eq!(take(), None);
    }
}

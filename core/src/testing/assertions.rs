use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

/// How many differences are shown.
const SHOWN: usize = 10;

/// Holds what was found to what was expected, in its order.
///
/// # Panics
/// When they differ; the message shows where first, and what is around it.
#[track_caller]
pub fn assert_in_order<T: Debug + PartialEq>(found: &[T], expected: &[T]) {
    if let Some(difference) = difference(found, expected) {
        panic!("{difference}");
    }
}

/// Holds what was found to what was expected, in any order: as many of each.
///
/// # Panics
/// When they differ; the message says what is missing and what is too much.
#[track_caller]
pub fn assert_in_any_order<T: Debug + PartialEq>(found: &[T], expected: &[T]) {
    // By equality alone, since not everything can be sorted: quadratic where the
    // orders have nothing in common, and linear where they are the same.
    let mut missing: Vec<&T> = Vec::new();
    let mut unexpected: Vec<&T> = found.iter().collect();
    unexpected.reverse();
    for wanted in expected {
        let place = unexpected.iter().rposition(|found| *found == wanted);
        match place {
            Some(place) => drop(unexpected.remove(place)),
            None => missing.push(wanted),
        }
    }
    unexpected.reverse();
    if missing.is_empty() && unexpected.is_empty() {
        return;
    }
    panic!(
        "{} found, {} expected\n  missing: {}\n  unexpected: {}",
        found.len(),
        expected.len(),
        listed(&missing),
        listed(&unexpected)
    );
}

/// Holds what was found of each key to what was expected of it, in its order.
/// Between keys no order is asked for.
///
/// # Panics
/// When they differ; the message says of which key, and where first.
#[track_caller]
pub fn assert_in_order_by<T, K>(key_of: impl Fn(&T) -> K, found: &[T], expected: &[T])
where
    T: Debug + PartialEq,
    K: Ord + Debug,
{
    let mut by_key = BTreeMap::<K, (Vec<&T>, Vec<&T>)>::new();
    for value in found {
        by_key.entry(key_of(value)).or_default().0.push(value);
    }
    for value in expected {
        by_key.entry(key_of(value)).or_default().1.push(value);
    }
    for (key, (found, expected)) in by_key {
        if let Some(difference) = difference(&found, &expected) {
            panic!("of the key {key:?}: {difference}");
        }
    }
}

/// Where two lists differ first, in words.
fn difference<T: Debug + PartialEq>(found: &[T], expected: &[T]) -> Option<String> {
    if found == expected {
        return None;
    }
    let same = found.iter().zip(expected).take_while(|(f, e)| f == e);
    let place = same.count();
    let mut text = format!(
        "{} found, {} expected; the first {place} are the same, then",
        found.len(),
        expected.len()
    );
    for (what, list) in [("found", found), ("expected", expected)] {
        let rest: Vec<&T> = list[place..].iter().collect();
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n  {what}: {}", listed(&rest));
    }
    if let Some(last) = found[..place].last() {
        let _ = write!(text, "\n  behind: {last:?}");
    }
    Some(text)
}

fn listed<T: Debug>(items: &[&T]) -> String {
    if items.is_empty() {
        return "nothing".to_owned();
    }
    let mut text = String::new();
    for item in items.iter().take(SHOWN) {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{item:?}");
    }
    if items.len() > SHOWN {
        let _ = write!(text, " and {} more", items.len() - SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    fn message(assertion: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let payload = catch_unwind(assertion).expect_err("it fails");
        *payload.downcast::<String>().expect("it says why")
    }

    #[test]
    fn what_is_the_same_passes() {
        assert_in_order(&[1, 2], &[1, 2]);
        assert_in_any_order(&[1, 2, 2], &[2, 1, 2]);
        assert_in_any_order::<f64>(&[], &[]);
        assert_in_order_by(|n| n % 2, &[1, 2, 3, 4], &[2, 1, 4, 3]);
    }

    #[test]
    fn what_differs_is_shown() {
        assert_eq!(
            message(|| assert_in_order(&[1, 2, 3], &[1, 3])),
            "3 found, 2 expected; the first 1 are the same, then\
             \n  found: 2, 3\n  expected: 3\n  behind: 1"
        );
        assert_eq!(
            message(|| assert_in_any_order(&[1, 2, 2], &[2, 1, 3])),
            "3 found, 3 expected\n  missing: 3\n  unexpected: 2"
        );
        let many: Vec<_> = (0..12).collect();
        let text = message(move || assert_in_any_order(&[], &many));
        assert!(
            text.contains("0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"),
            "{text}"
        );
        assert_eq!(
            message(|| assert_in_order_by(|n| n % 2, &[1, 4, 2], &[2, 1, 4])),
            "of the key 0: 2 found, 2 expected; the first 0 are the same, then\
             \n  found: 4, 2\n  expected: 2, 4"
        );
    }
}
